//! `kind check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `kind check`
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "kind run does this first. The exit code is 1 when there are errors; \
    warnings alone are no failure, unless --deny-warnings is given.")]
pub struct Check {
    /// Scripts, or folders whose *.rhai are checked
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Form of the findings
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub format: CheckFormat,
    /// Fail on warnings too
    #[arg(long)]
    pub deny_warnings: bool,
}

/// Forms that findings are written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// With the lines of the script, for people
    #[default]
    Text,
    /// A list of objects
    Json,
    /// SARIF 2.1.0, for code hosts
    Sarif,
}
