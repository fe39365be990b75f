//! Flags that several commands share, and how single values are read.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use clap_complete::engine::ArgValueCandidates;

use crate::cli::candidates;

/// `--name`. Absent: `KIND_CLUSTER_NAME`, and what the command does without that (see `settings`).
#[derive(Debug, Clone, Default, Args)]
pub struct ClusterName {
    /// The cluster's name.
    #[arg(
        long,
        short,
        value_name = "NAME",
        help = "The cluster's name [env: KIND_CLUSTER_NAME] [default: kind]",
        add = ArgValueCandidates::new(candidates::clusters)
    )]
    pub name: Option<String>,
}

/// `--kubeconfig`.
#[derive(Debug, Clone, Default, Args)]
pub struct KubeconfigFile {
    /// The kubeconfig to write to, instead of $KUBECONFIG or ~/.kube/config
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
}

/// `--output`.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Output {
    /// Print for machines
    #[arg(long, short, value_enum, value_name = "FORMAT")]
    pub output: Option<OutputFormat>,
}

/// Machine-readable forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// JSON, indented
    Json,
    /// YAML
    Yaml,
}

/// `--output` of commands that list things.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct ListOutput {
    /// Print for machines, names alone, or all there is to tell
    #[arg(long, short, value_enum, value_name = "FORMAT")]
    pub output: Option<ListFormat>,
}

/// Forms of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// JSON, indented
    Json,
    /// YAML
    Yaml,
    /// One name a line
    Name,
    /// A table with every column
    Wide,
}

/// How events are written to standard error.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

/// A file whose name tells its form.
pub(super) fn timeline(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension().and_then(|end| end.to_str()) {
        Some("html" | "json") => Ok(path),
        _ => Err("its name has to end with .html (a page) or .json (a trace)".to_owned()),
    }
}

/// A whole number.
pub(super) fn number(text: &str) -> Result<i32, String> {
    text.parse().map_err(|_| "write a whole number, such as 1".to_owned())
}

/// The words Go's flags take for a truth value, so that `--retain=true` and `--retain=0` go on working.
pub(super) fn go_bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("write true or false".to_owned()),
    }
}
