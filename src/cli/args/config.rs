//! `kind config`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

use super::flags::Output;

/// `kind config`
#[derive(Debug, Args)]
pub struct Config {
    /// What to do; without one the help is shown.
    #[command(subcommand)]
    pub what: Option<ConfigWhat>,
}

/// What can be done with configurations.
#[derive(Debug, Subcommand)]
pub enum ConfigWhat {
    /// Find everything that is wrong in cluster configurations
    #[command(after_help = "The exit code is 1 when anything is wrong. Nothing is asked of an engine.")]
    Validate(ConfigValidate),
    /// Print a cluster configuration with every default filled in
    Show(ConfigShow),
    /// Print the JSON Schema of cluster configurations, for editors
    #[command(after_help = "Write it to a file and put this line at the top of a configuration:\n\
        # yaml-language-server: $schema=kind.schema.json")]
    Schema,
}

/// `kind config validate`
#[derive(Debug, Clone, Default, Args)]
pub struct ConfigValidate {
    /// Configurations (kind.x-k8s.io/v1alpha4); - reads standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Form of what was found.
    #[command(flatten)]
    pub output: Output,
}

/// `kind config show`
#[derive(Debug, Clone, Default, Args)]
pub struct ConfigShow {
    /// The configuration; - reads standard input [default: the one of a create without --config]
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Form of the answer; YAML without it.
    #[command(flatten)]
    pub output: Output,
}
