//! A page of the guides, followed as a reader would: in one folder, on terminals, from its first fence to its last.

use super::compare;
use super::fences::Fence;
use crate::harness::pty::{CTRL_D, Pty};
use crate::harness::{Cluster, Home, kubectl, shared};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// Size of the terminal: wide enough for what people see in full, high enough that nothing is scrolled away.
const COLUMNS: u16 = 120;
const ROWS: u16 = 400;
/// How long the commands of one fence may take: a cluster is made in a fraction of it.
const LIMIT: Duration = Duration::from_mins(5);
/// What pages call the cluster that is there already, and clusters that they make.
const THERE: &str = "demo";
const MADE: [&str; 3] = ["tuned", "routed", "stuck"];

pub struct Story {
    home: Home,
    /// What pages call a cluster, and its name in this run.
    names: Vec<(String, String)>,
    /// Whether commands without `--name` mean the cluster that is there.
    unnamed: bool,
    _made: Vec<Cluster>,
}

impl Story {
    /// For a page with this text: a folder of its own, and the clusters that it speaks of. `unnamed`: commands without
    /// `--name` mean the one that is there.
    pub fn new(text: &str, unnamed: bool) -> Self {
        let there = shared();
        let home = Home::new();
        home.kind(&["export", "kubeconfig", "--name", &there.name]).ok();
        let mut names = vec![
            (THERE.to_owned(), there.name.clone()),
            // the default name
            ("cluster(\"kind\")".to_owned(), format!("cluster(\"{}\")", there.name)),
            ("kind-control-plane".to_owned(), there.node("control-plane")),
        ];
        let mut made = Vec::new();
        for name in MADE.iter().filter(|name| text.contains(&format!("--name {name}"))) {
            let cluster = Cluster::named(name);
            names.push(((*name).to_owned(), cluster.name.clone()));
            made.push(cluster);
        }
        Self { home, names, unnamed, _made: made }
    }

    /// Follows one fence. `output` is the fence of what its commands write, where one comes behind it.
    pub fn follow(&self, fence: &Fence, output: Option<&str>) -> Result<(), String> {
        match (fence.info.as_str(), fence.file(), fence.comment.as_deref()) {
            ("rhai" | "yaml" | "toml", Some(name), _) => self.write(name, &fence.body, true),
            ("rhai,no_check", Some(name), _) => self.write(name, &fence.body, false),
            ("rhai", None, _) => self.runs(&fence.body),
            ("rhai,no_run", ..) => self.is_without_mistakes(&fence.body),
            ("yaml", None, _) => is_yaml(&fence.body),
            ("toml", None, _) => is_toml(&fence.body),
            ("sh", ..) => self.shell(&fence.body, 0, output),
            ("sh,fails", ..) => self.shell(&fence.body, 1, output),
            ("console", ..) => self.session(&fence.body),
            ("sh,no_run", _, Some(_)) => self.has_these_flags(&fence.body),
            (other, _, Some(_)) if other.ends_with(",no_run") => Ok(()),
            (other, _, None) if other.ends_with(",no_run") => {
                Err("what is not run needs a reason: <!-- … --> in the line above".to_owned())
            }
            (other, ..) => Err(format!("the tests do not know fences of {other:?}")),
        }
    }

    fn write(&self, name: &str, body: &str, check: bool) -> Result<(), String> {
        self.home.file(name, &self.named_here(body));
        match name.rsplit('.').next() {
            Some("yaml") => return is_yaml(body),
            Some("toml") => return is_toml(body),
            _ if !check => return Ok(()),
            _ => {}
        }
        let ran = self.home.kind(&["check", name]);
        if ran.code == 0 { Ok(()) } else { Err(format!("{}{}", ran.stdout, ran.stderr)) }
    }

    fn runs(&self, body: &str) -> Result<(), String> {
        let ran = self.home.kind(&["run", "-e", &self.named_here(body)]);
        if ran.code == 0 { Ok(()) } else { Err(ran.stderr) }
    }

    fn is_without_mistakes(&self, body: &str) -> Result<(), String> {
        self.write("shown_test.rhai", body, true)?;
        std::fs::remove_file(self.home.work().join("shown_test.rhai")).map_err(|e| e.to_string())
    }

    /// Runs commands on a terminal and compares what it shows at the end.
    fn shell(&self, commands: &str, code: u32, output: Option<&str>) -> Result<(), String> {
        let pty = Pty::start(&self.bash(&self.named_here(commands)), COLUMNS, ROWS);
        if !pty.is_over_within(LIMIT) {
            return Err(format!("it does not end within {LIMIT:?}:\n{}", pty.screen()));
        }
        let came = pty.screen();
        let ended = pty.end();
        if ended != code {
            return Err(format!("it ended with {ended}, not {code}:\n{}", self.named_there(&came)));
        }
        output.map_or(Ok(()), |shown| self.is_shown(&self.named_here(shown), &came))
    }

    /// Compares what is shown, with the names of this run, and what came.
    fn is_shown(&self, shown: &str, came: &str) -> Result<(), String> {
        if compare::fits(shown, came) {
            return Ok(());
        }
        Err(format!("shown is\n{}\nbut now\n{}", self.named_there(shown), self.named_there(came)))
    }

    /// Types a session: after `$ COMMAND`, all lines that begin with a prompt. The screen must be the fence in the end.
    fn session(&self, body: &str) -> Result<(), String> {
        let body = self.named_here(body);
        let (first, dialogue) = body.split_once('\n').unwrap_or((&body, ""));
        let command = first.strip_prefix("$ ").ok_or("a session begins with $ and a command")?;
        let mut pty = Pty::start(&self.bash(command), COLUMNS, ROWS);
        let prompts = |screen: &str| screen.lines().filter(|line| prompt(line).is_some()).count();
        let mut typed = 0;
        for (prompt, line) in dialogue.lines().filter_map(prompt) {
            // It waits on the last line; as many prompts as were typed at stand above it.
            pty.until(&format!("prompt {prompt:?} for {line:?}"), |screen| {
                screen.lines().last() == Some(prompt) && prompts(screen) == typed + 1
            });
            pty.enter(line);
            typed += 1;
        }
        let since = Instant::now();
        let mut came = loop {
            let (over, screen) = (pty.is_over(), pty.screen());
            // A session that goes on is left at its next prompt, which the page does not show.
            let waits = screen.lines().last().is_some_and(|line| matches!(prompt(line), Some((_, ""))));
            if over || waits && prompts(&screen) == typed + 1 {
                break screen;
            }
            if since.elapsed() > LIMIT {
                return Err(format!("it does not come to an end:\n{screen}"));
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        if !pty.is_over() {
            came.truncate(came.rfind('\n').unwrap_or(0));
            pty.send(CTRL_D);
        }
        self.is_shown(dialogue, &came)?;
        match pty.end() {
            0 => Ok(()),
            code => Err(format!("it ended with {code}:\n{came}")),
        }
    }

    /// Commands of the program that are not run are asked for their help, which tells unknown commands and flags.
    fn has_these_flags(&self, commands: &str) -> Result<(), String> {
        for line in commands.lines().filter(|line| line.starts_with("kind ")) {
            let words = line.split(" #").next().unwrap_or_default();
            // a script that is named is one of the repository's, and is asked for its own help
            let root = env!("CARGO_MANIFEST_DIR");
            self.shell(&format!("(cd {root}; {words} --help) >help.txt; rm help.txt"), 0, None)?;
        }
        Ok(())
    }

    /// bash with these commands, `kind` and `kubectl` in its path; the first that fails ends it.
    fn bash(&self, commands: &str) -> Command {
        let mut command = self.home.program("bash", &["-ec", commands]);
        let mut path: Vec<PathBuf> = [env!("CARGO_BIN_EXE_kind").as_ref(), kubectl::path()]
            .iter()
            .filter_map(|program| program.parent().map(PathBuf::from))
            .collect();
        path.extend(std::env::split_paths(&std::env::var("PATH").unwrap()));
        // as people have it: colours, and steps drawn anew
        command.env("PATH", std::env::join_paths(path).unwrap()).env_remove("NO_COLOR");
        if self.unnamed {
            command.env("KIND_CLUSTER_NAME", &shared().name);
        }
        command
    }

    /// A text with the names that clusters have in this run.
    fn named_here(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (name, here)| text.replace(name, here))
    }
    /// The other way round.
    fn named_there(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (name, here)| text.replace(here, name))
    }
}

/// A prompt such as `kind:demo>` or `greet>`, and what is typed behind it.
fn prompt(line: &str) -> Option<(&str, &str)> {
    let (prompt, typed) = line.split_once("> ").or_else(|| Some((line.strip_suffix('>')?, "")))?;
    let named = prompt.starts_with(|c: char| c.is_ascii_lowercase())
        && prompt.chars().all(|c| c.is_ascii_alphanumeric() || "-:_./".contains(c));
    named.then(|| (&line[..=prompt.len()], typed))
}

fn is_yaml(text: &str) -> Result<(), String> {
    kind::yaml::parse(text, "the page").map(|_: serde_json::Value| ()).map_err(|e| format!("{e:?}"))
}

fn is_toml(text: &str) -> Result<(), String> {
    toml::from_str::<toml::Table>(text).map(|_| ()).map_err(|e| e.to_string())
}

/// Names that a page may use for clusters begin no other word of it.
pub fn names_are_clear(text: &str) -> Result<(), String> {
    for name in [THERE].iter().chain(&MADE) {
        for (at, _) in text.match_indices(name) {
            if text[at + name.len()..].starts_with(|c: char| c.is_ascii_lowercase()) {
                return Err(format!(
                    "a word of it begins with {name:?}, which the tests take for a cluster's name"
                ));
            }
        }
    }
    Ok(())
}
