//! `kind check`, `kind doc`, `kind definitions`: help for who writes scripts.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::flags::Output;

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

/// `kind doc`
#[derive(Debug, Clone, Default, Args)]
pub struct Doc {
    /// A function (node.exec, step), a module (image, std/create) or a type (Cluster); all in short without one
    pub name: Option<String>,
    /// Form of the answer.
    #[command(flatten)]
    pub output: Output,
    /// Write the whole reference as Markdown files into this folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["name", "output"])]
    pub markdown: Option<PathBuf>,
}

/// `kind definitions`
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "Files are in the format of the Rhai language server; kind lsp needs none of them.")]
pub struct Definitions {
    /// Where to write them
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
}
