//! From a list of words to a [`Cli`], and what is said when the words are wrong.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use super::{Cli, Command, CompletionShell, order};

/// What came of reading the words.
#[derive(Debug)]
pub enum Parsed {
    /// A command line that makes sense.
    Cli(Box<Cli>),
    /// The words ask for help: print this to standard output and end with `exit`.
    Help {
        /// The help, with colours as escape codes.
        text: String,
        /// What the program ends with: 0 when help was asked for, a usage error's code when a command was left out.
        exit: i32,
        /// What was left out, as a message that reads after "error:".
        missing: Option<&'static str>,
    },
    /// The words are wrong.
    Wrong {
        /// A message that reads after "error:".
        message: String,
        /// What to do next.
        hints: Vec<String>,
        /// What the program ends with.
        exit: i32,
        /// Whether `-q` stands among the words: then nothing is said.
        quiet: bool,
    },
}

/// Commands that upstream kind does not have. Its own exit with 1 on wrong usage and scripts may look for that, so
/// only these use 2, the code that is usual elsewhere.
const OURS: [&str; 10] =
    ["run", "repl", "test", "check", "doc", "definitions", "lsp", "engine", "stdlib", "man"];

/// The exit code for wrong usage of this command line.
pub fn usage_exit_code(words: &[OsString]) -> i32 {
    let command = words.iter().skip(1).filter_map(|word| word.to_str()).find(|word| !word.starts_with('-'));
    if command.is_some_and(|command| OURS.contains(&command)) { 2 } else { 1 }
}

/// Reads the words, the first of which is the program's name.
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Parsed {
    let words: Vec<OsString> = words.into_iter().collect();
    let words = order::arranged(words, &Cli::command());
    match Cli::try_parse_from(&words) {
        Ok(Cli { command: Some(Command::Help { path }), .. }) => {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            Parsed::Help { text: help_of(&path), exit: 0, missing: None }
        }
        Ok(cli) => match missing_subcommand(&cli) {
            Some(path) => Parsed::Help {
                text: help_of(path),
                exit: usage_exit_code(&words),
                missing: (!cli.global.quiet).then_some("Subcommand is required"),
            },
            None if cli.command.is_none() && !cli.version => {
                Parsed::Help { text: help_of(&[]), exit: 0, missing: None }
            }
            None => Parsed::Cli(Box::new(cli)),
        },
        Err(error) if !error.use_stderr() => {
            Parsed::Help { text: error.render().ansi().to_string(), exit: 0, missing: None }
        }
        Err(error) => {
            let (message, hints) = explain(&error);
            Parsed::Wrong { message, hints, exit: usage_exit_code(&words), quiet: asks_for_quiet(&words) }
        }
    }
}

/// The help of the command with this path, as far as there is one (nothing: of the program), with colours as escape
/// codes.
pub fn help_of(path: &[&str]) -> String {
    let mut command = Cli::command();
    command.build();
    for name in path {
        let Some(found) = command.find_subcommand(name).cloned() else { break };
        command = found;
    }
    command.render_help().ansi().to_string()
}

/// The path of a group (such as `create`) that was named without saying what.
fn missing_subcommand(cli: &Cli) -> Option<&'static [&'static str]> {
    match cli.command.as_ref()? {
        Command::Create(group) if group.what.is_none() => Some(&["create"]),
        Command::Delete(group) if group.what.is_none() => Some(&["delete"]),
        Command::Get(group) if group.what.is_none() => Some(&["get"]),
        Command::Export(group) if group.what.is_none() => Some(&["export"]),
        Command::Load(group) if group.what.is_none() => Some(&["load"]),
        Command::Engine(group) if group.action.is_none() => Some(&["engine"]),
        Command::Build(group) if group.what.is_none() => Some(&["build"]),
        Command::Config(group) if group.what.is_none() => Some(&["config"]),
        Command::Completion { shell: None } => Some(&["completion"]),
        Command::Stdlib(group) if group.action.is_none() => Some(&["stdlib"]),
        _ => None,
    }
}

/// Clap's report cut into our form: its first line is the message, its tips are hints.
fn explain(error: &clap::Error) -> (String, Vec<String>) {
    let text = error.render().to_string();
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let mut message = first.strip_prefix("error: ").unwrap_or(first).to_owned();
    let mut hints = Vec::new();
    let mut listed = Vec::new();
    for line in lines {
        let line = line.trim();
        if let Some(tip) = line.strip_prefix("tip: ") {
            hints.push(tip.to_owned());
        } else if line.starts_with("Usage:") {
            break;
        } else if line.starts_with('[') {
            hints.push(line.trim_matches(['[', ']']).to_owned());
        } else if !line.is_empty() {
            listed.push(line.to_owned());
        }
    }
    if error.kind() == ErrorKind::MissingRequiredArgument && !listed.is_empty() {
        message = match upstreams_words(&text) {
            Some(words) => words.to_owned(),
            None => format!("{} is missing", listed.join(", ")),
        };
    }
    hints.push("--help shows what is possible".to_owned());
    (message, hints)
}

/// What upstream says where the images of a load are left out.
fn upstreams_words(text: &str) -> Option<&'static str> {
    if text.contains("kind load docker-image") {
        Some("a list of image names is required")
    } else if text.contains("kind load image-archive") {
        Some("name of image archive is required")
    } else {
        None
    }
}

/// Whether `-q` or `--quiet` stands before a script's own arguments; needed when the words could not be read.
fn asks_for_quiet(words: &[OsString]) -> bool {
    words
        .iter()
        .filter_map(|word| word.to_str())
        .take_while(|word| *word != "--" && *word != "run")
        .any(|word| matches!(word, "-q" | "--quiet" | "--quiet=true" | "-q=true"))
}

/// The variable by which a shell's completion asks the program.
const COMPLETE: &str = "KIND_COMPLETE";

/// The completion script for `shell`. It asks the program, which knows clusters, nodes and images.
///
/// # Errors
/// What the writer returns.
pub fn completion_script(shell: CompletionShell) -> std::io::Result<Vec<u8>> {
    use clap_complete::env::{Bash, EnvCompleter, Fish, Powershell, Zsh};
    let shell: &dyn EnvCompleter = match shell {
        CompletionShell::Bash => &Bash,
        CompletionShell::Zsh => &Zsh,
        CompletionShell::Fish => &Fish,
        CompletionShell::Powershell => &Powershell,
    };
    let mut script = Vec::new();
    shell.write_registration(COMPLETE, "kind", "kind", "kind", &mut script)?;
    Ok(script)
}

/// Answers a shell's completion script on standard output, when it is one that asks; the code to end with then.
pub fn answer_completion(words: &[OsString]) -> Option<i32> {
    std::env::var_os(COMPLETE)?;
    let folder = std::env::current_dir().ok();
    let answered = clap_complete::CompleteEnv::with_factory(Cli::command)
        .var(COMPLETE)
        .bin("kind")
        .completer("kind")
        .try_complete(words, folder.as_deref());
    match answered {
        Ok(true) => Some(0),
        Ok(false) => None,
        Err(_) => Some(1),
    }
}

/// The manual pages: names of files (`kind-create-cluster.1`) and their text.
///
/// # Errors
/// What the writer returns.
pub fn manual() -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut command = Cli::command().version(env!("CARGO_PKG_VERSION"));
    command.build();
    let mut pages = Vec::new();
    describe(&command, "kind", &mut pages)?;
    Ok(pages)
}

fn describe(command: &clap::Command, name: &str, pages: &mut Vec<(String, Vec<u8>)>) -> std::io::Result<()> {
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        describe(inner, &format!("{name}-{}", inner.get_name()), pages)?;
    }
    let mut text = Vec::new();
    let page = command.clone().name(name.to_owned()).version(env!("CARGO_PKG_VERSION"));
    clap_mangen::Man::new(page).manual("kind").render(&mut text)?;
    pages.push((format!("{name}.1"), text));
    Ok(())
}
