//! `kind run` and `kind repl`.

use std::path::PathBuf;

use clap::Args;

use super::flags::Output;
use crate::repl::EditMode;

/// `kind run`
#[derive(Debug, Clone, Default, Args)]
#[command(
    override_usage = "kind run [OPTIONS] FILE [ARGS]...\n       kind run [OPTIONS] -e CODE [--] [ARGS]...",
    after_help = "Everything after FILE belongs to the script, where args() gives it.\n\
        A file can start with: #!/usr/bin/env -S kind run"
)]
#[expect(clippy::struct_excessive_bools, reason = "a flag each")]
pub struct Run {
    /// Run this text instead of a file
    #[arg(long, short, value_name = "CODE")]
    pub eval: Option<String>,
    /// Let the script run commands, read and write files and mount folders of this machine
    #[arg(long)]
    pub allow_host: bool,
    /// Stop before each step: run it, skip it, repeat it, or look around
    #[arg(long)]
    pub step: bool,
    /// Stop before the step of this name; can be given several times
    #[arg(long = "break", value_name = "STEP")]
    pub breaks: Vec<String>,
    /// Where a step fails, open a prompt there, with its variables and the nodes still alive
    #[arg(long, short)]
    pub interactive: bool,
    /// End the script after this time, as Ctrl-C would, such as 10m
    #[arg(long, value_name = "DURATION", value_parser = crate::cli::duration::parse)]
    pub time_limit: Option<std::time::Duration>,
    /// Show what would be done, step by step, and change nothing
    #[arg(long, conflicts_with_all = ["step", "breaks", "interactive"])]
    pub plan: bool,
    /// Print the plan as data
    #[command(flatten)]
    pub output: Output,
    /// Set a parameter of the script; can be given several times, also behind FILE
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Take parameters from a YAML or JSON file; --set goes before it
    #[arg(long, value_name = "FILE")]
    pub values: Vec<PathBuf>,
    /// Tell the ten longest things at the end
    #[arg(long)]
    pub profile: bool,
    /// Run the script without checking it first
    #[arg(long)]
    pub no_check: bool,
    /// The script (- reads standard input), then its arguments
    // one list, so that from FILE on every word is the script's, even one that looks like a flag of ours
    #[arg(value_name = "FILE", trailing_var_arg = true, required_unless_present = "eval")]
    pub words: Vec<String>,
}

/// Where a script's text comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunSource {
    /// `-e CODE`
    Code(String),
    /// `-`
    Stdin,
    /// A file
    File(PathBuf),
}

impl Run {
    /// The script and its arguments.
    pub fn source(&self) -> (RunSource, &[String]) {
        match (&self.eval, self.words.split_first()) {
            (Some(code), _) => (RunSource::Code(code.clone()), &self.words),
            (None, Some((file, args))) if file == "-" => (RunSource::Stdin, args),
            (None, Some((file, args))) => (RunSource::File(PathBuf::from(file)), args),
            // clap has refused this already; an empty file is the same as nothing to run
            (None, None) => (RunSource::Code(String::new()), &[]),
        }
    }
}

/// `kind repl`
#[derive(Debug, Clone, Default, Args)]
pub struct Repl {
    /// Use this cluster: c is the cluster, n its first node
    #[arg(long, value_name = "NAME")]
    pub cluster: Option<String>,
    /// Keys of the prompt
    #[arg(
        long,
        value_enum,
        value_name = "MODE",
        env = "KIND_EDIT_MODE",
        default_value_t,
        ignore_case = true
    )]
    pub edit_mode: EditMode,
    /// Let what is typed run commands, read and write files and mount folders of this machine
    #[arg(long)]
    pub allow_host: bool,
    /// A script to load first
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}
