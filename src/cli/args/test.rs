//! `kind test`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::duration;

/// `kind test`
#[allow(clippy::doc_markdown, reason = "the comments are the help that people read")]
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Exit codes: 0 all passed, 1 a test failed, 2 wrong usage or no test found, 130 interrupted.\n\
        A test is a function test_… in a file …_test.rhai; docs/testing.md tells the rest."
)]
#[expect(clippy::struct_excessive_bools, reason = "a flag each")]
pub struct Test {
    /// Files, folders with *_test.rhai in them, or FILE::TEST; the working folder when none is given
    #[arg(value_name = "PATH")]
    pub paths: Vec<String>,
    /// Run only tests whose FILE::NAME contains this; may be repeated
    #[arg(long, value_name = "TEXT")]
    pub filter: Vec<String>,
    /// List the tests and run none
    #[arg(long)]
    pub list: bool,
    /// How many clusters (or files that need none) are worked with at the same time [default: what processors and
    /// memory allow]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Run with this node image; may be repeated
    #[arg(long, value_name = "IMAGE")]
    pub image: Vec<String>,
    /// Run with each of these values of a parameter; may be repeated
    #[arg(long, value_name = "KEY=A,B", value_parser = matrix)]
    pub matrix: Vec<(String, Vec<String>)>,
    /// Try a failing test again, at most so often; one that passes then is told as flaky
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub retries: usize,
    /// How long a test may take, without its cluster's creation
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration::parse)]
    pub timeout: Duration,
    /// Leave the clusters of failed tests, to look at
    #[arg(long)]
    pub keep: bool,
    /// Use this cluster for all tests that need one; none is made or removed
    #[arg(long, value_name = "NAME")]
    pub cluster: Option<String>,
    /// What the names of clusters begin with
    #[arg(long, value_name = "NAME", default_value = "test")]
    pub prefix: String,
    /// Where evidence of failures goes [default: a new temporary folder]
    #[arg(long, value_name = "DIR")]
    pub evidence: Option<PathBuf>,
    /// Write a timeline of each test into this folder
    #[arg(long, value_name = "DIR")]
    pub timelines: Option<PathBuf>,
    /// Write the results as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write the results as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// What goes to standard output at the end [default: text, or github when GITHUB_ACTIONS is true]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<TestFormat>,
    /// Run the tests without checking their files first
    #[arg(long)]
    pub no_check: bool,
    /// Let the tests run commands, read and write files and mount folders of this machine
    #[arg(long)]
    pub allow_host: bool,
}

/// What `kind test` writes to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TestFormat {
    /// Nothing: what people read goes to standard error
    Text,
    /// All results as JSON
    Json,
    /// An annotation for each failure, as GitHub's workflows read them
    Github,
}

fn matrix(text: &str) -> Result<(String, Vec<String>), String> {
    match text.split_once('=') {
        Some((key, values)) if !key.is_empty() && !values.is_empty() => {
            Ok((key.to_owned(), values.split(',').map(str::to_owned).collect()))
        }
        _ => Err("write it as KEY=VALUE,VALUE".to_owned()),
    }
}
