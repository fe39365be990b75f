//! What the arguments mean together with the environment: plain values, decided once.
//!
//! Nothing here reads a file, and nothing but [`Environment::current`] looks at the process.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use super::args::{ClusterName, Global, LogFormat};
use crate::event::{Bus, JsonSink, PlainSink, Sink, Style, TerminalSink};

/// The name of a cluster nobody has named.
pub const DEFAULT_CLUSTER_NAME: &str = "kind";

/// What the settings depend on besides the arguments.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// Environment variables that are valid text.
    pub vars: HashMap<String, String>,
    /// Whether standard input is a terminal.
    pub stdin_terminal: bool,
    /// Whether standard output is a terminal.
    pub stdout_terminal: bool,
    /// Whether standard error is a terminal.
    pub stderr_terminal: bool,
}

impl Environment {
    /// That of this process.
    pub fn current() -> Self {
        Self {
            vars: std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
            stdin_terminal: std::io::stdin().is_terminal(),
            stdout_terminal: std::io::stdout().is_terminal(),
            stderr_terminal: std::io::stderr().is_terminal(),
        }
    }

    fn var(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether a terminal there understands escape codes and is wanted to. The rules are upstream's, with the
    /// terminals it knows to fail.
    fn smart(&self, terminal: bool) -> bool {
        let unwanted = self.vars.contains_key("NO_COLOR");
        let dumb = matches!(self.var("TERM"), Some("dumb" | "st-256color"));
        let fake =
            self.var("TRAVIS") == Some("true") && self.var("HAS_JOSH_K_SEAL_OF_APPROVAL") == Some("true");
        terminal && !unwanted && !dumb && !fake
    }
}

/// The program's settings.
#[allow(clippy::struct_excessive_bools)] // each is a decision of its own
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Nothing goes to standard error.
    pub quiet: bool,
    /// 0: steps and messages; 1 and more: the output of commands too.
    pub verbosity: i32,
    /// How events and errors are written.
    pub log_format: LogFormat,
    /// Where lifecycle scripts are looked for first.
    pub stdlib: Option<PathBuf>,
    /// Whether standard output takes colours.
    pub color_stdout: bool,
    /// Whether standard error takes colours.
    pub color_stderr: bool,
    /// Whether standard error takes lines that are redrawn.
    pub live: bool,
    /// Whether somebody can be asked: standard input and standard error are terminals.
    pub can_ask: bool,
    /// What the user should know about the arguments.
    pub warnings: Vec<String>,
    cluster_name: Option<String>,
}

impl Settings {
    /// Decides everything.
    pub fn resolve(global: &Global, environment: &Environment) -> Self {
        let mut warnings = Vec::new();
        let mut verbosity = global.verbosity;
        if let Some(level) = &global.loglevel {
            warnings.push("--loglevel is deprecated; use -v and -q".to_owned());
            // the two words that ever had a meaning beyond the default
            verbosity = verbosity.max(match level.as_str() {
                "trace" => i32::MAX,
                "debug" => 3,
                _ => 0,
            });
        }
        let stderr = environment.smart(environment.stderr_terminal);
        let forced = environment.var("CLICOLOR_FORCE").is_some_and(|value| value != "0")
            && !environment.vars.contains_key("NO_COLOR");
        Self {
            quiet: global.quiet,
            verbosity,
            log_format: global.log_format,
            stdlib: global.stdlib.clone(),
            color_stdout: forced || environment.smart(environment.stdout_terminal),
            color_stderr: forced || stderr,
            live: stderr,
            can_ask: environment.stdin_terminal && environment.stderr_terminal && !global.quiet,
            warnings,
            cluster_name: environment.var("KIND_CLUSTER_NAME").map(str::to_owned),
        }
    }

    /// The name the user asks for: `--name`, else `KIND_CLUSTER_NAME`. `None` leaves it to the configuration file
    /// and [`DEFAULT_CLUSTER_NAME`], in this order, as upstream does. An empty `--name` is the same as none, and
    /// hides the variable.
    pub fn cluster_name(&self, flag: &ClusterName) -> Option<String> {
        match flag.name.as_deref() {
            Some("") => None,
            Some(name) => Some(name.to_owned()),
            None => self.cluster_name.clone(),
        }
    }

    /// As [`Settings::cluster_name`], for commands that take no configuration file.
    pub fn cluster_name_or_default(&self, flag: &ClusterName) -> String {
        self.cluster_name(flag).unwrap_or_else(|| DEFAULT_CLUSTER_NAME.to_owned())
    }

    /// How events are written for people on standard error.
    pub fn style(&self) -> Style {
        Style { verbosity: self.verbosity, color: self.color_stderr }
    }

    /// The sink on standard error; none with `-q`.
    pub fn sink(&self) -> Option<Arc<dyn Sink>> {
        if self.quiet {
            return None;
        }
        if self.live && self.log_format == LogFormat::Text {
            return Some(Arc::new(TerminalSink::stderr(self.style())));
        }
        self.plain_sink()
    }

    /// As [`Settings::sink`], with nothing that is redrawn.
    pub fn plain_sink(&self) -> Option<Arc<dyn Sink>> {
        if self.quiet {
            return None;
        }
        Some(match self.log_format {
            LogFormat::Json => Arc::new(JsonSink::new(Box::new(std::io::stderr()))),
            LogFormat::Text => Arc::new(PlainSink::new(Box::new(std::io::stderr()), self.style())),
        })
    }

    /// A bus with that sink. The warnings about the arguments have been told on it.
    pub fn bus(&self) -> Bus {
        let bus = Bus::new(self.sink().into_iter().collect());
        for warning in &self.warnings {
            bus.message(None, crate::event::Level::Warning, warning.clone(), None);
        }
        bus
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(vars: &[(&str, &str)]) -> Environment {
        Environment {
            vars: vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            stdin_terminal: true,
            stdout_terminal: true,
            stderr_terminal: true,
        }
    }

    fn named(flag: Option<&str>, vars: &[(&str, &str)]) -> Option<String> {
        Settings::resolve(&Global::default(), &environment(vars))
            .cluster_name(&ClusterName { name: flag.map(str::to_owned) })
    }

    #[test]
    fn the_flag_goes_before_the_variable() {
        let variable = [("KIND_CLUSTER_NAME", "from-env")];
        assert_eq!(named(Some("flag"), &variable).as_deref(), Some("flag"));
        assert_eq!(named(None, &variable).as_deref(), Some("from-env"));
        assert_eq!(named(Some(""), &variable), None);
        assert_eq!(named(None, &[("KIND_CLUSTER_NAME", "")]), None);
        let settings = Settings::resolve(&Global::default(), &environment(&[]));
        assert_eq!(settings.cluster_name_or_default(&ClusterName::default()), "kind");
    }

    #[test]
    fn colours_and_redrawing_need_a_terminal_that_wants_them() {
        for (vars, color, live) in [
            (&[("TERM", "xterm")][..], true, true),
            (&[("TERM", "dumb")], false, false),
            (&[("NO_COLOR", "")], false, false),
            (&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false, false),
            (&[("TRAVIS", "true"), ("HAS_JOSH_K_SEAL_OF_APPROVAL", "true")], false, false),
        ] {
            let settings = Settings::resolve(&Global::default(), &environment(vars));
            assert_eq!((settings.color_stderr, settings.live), (color, live), "{vars:?}");
        }
        let mut piped = environment(&[("CLICOLOR_FORCE", "1")]);
        piped.stderr_terminal = false;
        let settings = Settings::resolve(&Global::default(), &piped);
        assert_eq!((settings.color_stderr, settings.live, settings.can_ask), (true, false, false));
    }

    #[test]
    fn the_old_loglevel_still_means_something() {
        let global = Global { loglevel: Some("debug".to_owned()), verbosity: 1, ..Global::default() };
        let settings = Settings::resolve(&global, &environment(&[]));
        assert_eq!(settings.verbosity, 3);
        assert_eq!(settings.warnings.len(), 1);
    }
}
