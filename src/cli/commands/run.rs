//! `kind run`: runs a script.

use crate::cli::app::App;
use crate::cli::args::{Run, RunSource};
use crate::error::{Error, Result};
use crate::host::fs;
use crate::repl::Wanted;
use crate::script::params::{self, Given, GivenValue, Param};
use crate::script::{Host, RunOptions, Source};
use std::path::{Path, PathBuf};

/// Runs it.
pub fn run(app: &App, run: &Run) -> Result<()> {
    let (source, args) = run.source();
    let source = match source {
        RunSource::Code(code) => Source::Text(code),
        RunSource::Stdin => Source::Text(std::io::read_to_string(std::io::stdin()).map_err(|e| {
            Error::user("script.stdin", "cannot read the script from standard input").because(e)
        })?),
        RunSource::File(path) => Source::File(path),
    };
    let (declared, doc) =
        Host::new(app.new_run(RunOptions::default(), app.bus.clone())).parameters(&source)?;
    let mut words =
        Words { set: run.set.clone(), values: run.values.clone(), args: args.to_vec(), help: false };
    if declared.is_some() {
        words.take_ours()?;
    }
    let declared = declared.unwrap_or_default();
    if words.help {
        return app.printer.data(&help(run, &doc, &declared));
    }
    let values = words.given()?;
    params::resolve(&declared, &values)?;
    let folder = match &source {
        Source::File(path) => path.canonicalize().ok().and_then(|path| path.parent().map(Path::to_path_buf)),
        _ => std::env::current_dir().ok(),
    };
    let options = RunOptions {
        allow_host: run.allow_host,
        folder,
        time_limit: run.time_limit,
        args: words.args,
        values,
        ..Default::default()
    };
    let start = |host: &Host| {
        if !run.no_check {
            super::check::before_run(app, host, &source)?;
        }
        host.run_script(&source)
    };
    if run.plan {
        return app.print_plan(options, run.output.output, |host| start(host).map(drop));
    }
    let wanted = Wanted { step: run.step, breaks: run.breaks.clone(), failure: run.interactive };
    let shows_value = run.eval.is_some();
    let shown = app.with_stops(options, wanted, |host| {
        let value = start(host)?;
        Ok((shows_value && !value.is_unit()).then(|| host.show(&value)))
    })?;
    shown.map_or(Ok(()), |text| app.printer.line(&text))
}

fn help(run: &Run, doc: &str, declared: &[Param]) -> String {
    let file = run.words.first().map_or("FILE", String::as_str);
    let about = if doc.is_empty() { String::new() } else { format!("{doc}\n\n") };
    format!(
        "{about}Usage: kind run {file} [--set NAME=VALUE]... [--values FILE] [ARGS]...\n\nParameters:\n{}",
        params::help(declared)
    )
}

/// The words around a script.
struct Words {
    set: Vec<String>,
    values: Vec<PathBuf>,
    args: Vec<String>,
    help: bool,
}

impl Words {
    /// Takes the words behind the script's name that are ours, up to the first that is not; `--` ends them.
    fn take_ours(&mut self) -> Result<()> {
        let mut rest = std::mem::take(&mut self.args).into_iter().peekable();
        let lacks = |word: &str| Error::user("usage", format!("{word} needs a value"));
        while let Some(word) = rest.peek().cloned() {
            let (name, inline) = match word.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (word.clone(), None),
            };
            match name.as_str() {
                "--help" | "-h" => self.help = true,
                "--" => {
                    rest.next();
                    break;
                }
                "--set" | "--values" => {
                    rest.next();
                    let value = match inline {
                        Some(value) => value,
                        None => rest.peek().cloned().ok_or_else(|| lacks(&name))?,
                    };
                    if name == "--set" {
                        self.set.push(value);
                    } else {
                        self.values.push(value.into());
                    }
                    if word.contains('=') {
                        continue;
                    }
                }
                _ => break,
            }
            rest.next();
        }
        self.args = rest.collect();
        Ok(())
    }

    fn given(&self) -> Result<Given> {
        let mut given = Given::new();
        for file in &self.values {
            let origin = file.display().to_string();
            match crate::yaml::parse(&fs::read_to_string(file)?, &origin)? {
                serde_json::Value::Object(map) => {
                    given.extend(map.into_iter().map(|(name, value)| (name, GivenValue::Value(value))));
                }
                _ => {
                    return Err(Error::user("params.values", format!("{origin} holds no map of parameters")));
                }
            }
        }
        for word in &self.set {
            given.extend([params::parse_set(word)?]);
        }
        Ok(given)
    }
}
