//! The command line as clap reads it: names, types and help. What the values mean together with the environment is
//! decided in `settings`; nothing is done here.
//!
//! Commands, flags and defaults that upstream kind 0.33 has are the same here, in spelling and meaning.

mod build;
mod check;
mod config;
mod create;
mod delete;
mod engine;
mod export;
mod flags;
mod get;
mod load;
mod order;
mod run;
mod stdlib;
mod test;
mod usage;

pub use build::{AddImage, Build, BuildType, BuildWhat, NodeImage, Source};
pub use check::{Check, CheckFormat, Definitions, Doc};
pub use config::{Config, ConfigShow, ConfigValidate, ConfigWhat};
pub use create::{Create, CreateCluster, CreateWhat};
pub use delete::{Delete, DeleteCluster, DeleteClusters, DeleteWhat};
pub use engine::{
    Engine, EngineAction, EngineEnv, EngineRemove, EngineStart, EngineStatus, EngineStop, Shell,
};
pub use export::{Export, ExportKubeconfig, ExportLogs, ExportWhat};
pub use flags::{ClusterName, KubeconfigFile, ListFormat, ListOutput, LogFormat, Output, OutputFormat};
pub use get::{Get, GetClusters, GetImages, GetKubeconfig, GetKubeconfigPath, GetNodes, GetWhat};
pub use load::{Load, LoadArchive, LoadImage, LoadTo, LoadWhat};
pub use run::{Repl, Run, RunSource};
pub use stdlib::{Stdlib, StdlibAction, StdlibDiff, StdlibEject, StdlibList, StdlibShow};
pub use test::{Test, TestFormat};
pub use usage::{Parsed, answer_completion, completion_script, help_of, manual, parse, usage_exit_code};

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};

/// Kubernetes clusters whose nodes are containers, with their whole life in scripts you can read and change.
#[derive(Debug, Parser)]
#[command(
    name = "kind",
    bin_name = "kind",
    disable_version_flag = true,
    // one help, short enough to be read, for -h, --help and help
    disable_help_flag = true,
    disable_help_subcommand = true,
    args_override_self = true,
    max_term_width = 100,
    after_help = "To begin: kind create cluster, then kubectl get nodes.\nThe scripts behind each command: kind stdlib list."
)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do; without one the help is shown.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Print the version and exit
    #[arg(long, action = ArgAction::SetTrue)]
    pub version: bool,
}

/// Flags every command takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Options for every command")]
pub struct Global {
    /// Print nothing but data: no progress, no warnings, no errors
    #[arg(long, short, global = true, num_args = 0..=1, require_equals = true, default_value_t = false,
        default_missing_value = "true", value_parser = flags::go_bool, value_name = "BOOL", hide_default_value = true, display_order = 900)]
    pub quiet: bool,
    /// How much to tell: 1 shows the output of commands, higher shows more
    #[arg(long, short, global = true, value_name = "N", default_value_t = 0, value_parser = flags::number, allow_negative_numbers = true, display_order = 901)]
    pub verbosity: i32,
    /// Print help
    #[arg(long, short, global = true, action = ArgAction::HelpShort, display_order = 905)]
    pub help: Option<bool>,
    /// Taken for old scripts; use --verbosity
    #[arg(long, global = true, value_name = "LEVEL", hide = true)]
    pub loglevel: Option<String>,
    /// Write progress for people or, one JSON object a line, for machines
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value_t, display_order = 902)]
    pub log_format: LogFormat,
    /// Take the lifecycle scripts from this folder or tar archive before anywhere else
    #[arg(long, global = true, value_name = "PATH", display_order = 903)]
    pub stdlib: Option<PathBuf>,
    /// Write what was done when: a page (FILE.html) or a trace for Perfetto (FILE.json)
    #[arg(long, global = true, value_name = "FILE", value_parser = flags::timeline, display_order = 904)]
    pub timeline: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create a cluster
    Create(Create),
    /// Delete one or more clusters
    Delete(Delete),
    /// List clusters and nodes, print a kubeconfig
    Get(Get),
    /// Write a kubeconfig, or a cluster's logs
    Export(Export),
    /// Load images into nodes
    Load(Load),
    /// Run a script
    Run(Run),
    /// Type scripts at a prompt, with live clusters at hand
    Repl(Repl),
    /// Test clusters and scripts with scenarios
    Test(Test),
    /// Find mistakes in scripts without running them
    Check(Check),
    /// Explain the functions that scripts have
    Doc(Doc),
    /// Write definition files for editors
    Definitions(Definitions),
    /// Be a language server for editors, on standard input and output
    Lsp,
    /// Look after the private container engine
    Engine(Engine),
    /// Build a node image
    Build(Build),
    /// Check and show cluster configurations
    Config(Config),
    /// Read, change and compare the scripts that make up a cluster's life
    Stdlib(Stdlib),
    /// Print the version
    Version(Output),
    /// Print the help of a command
    // `parse` has answered it already
    Help {
        /// The command, such as create cluster
        #[arg(value_name = "COMMAND")]
        path: Vec<String>,
    },
    /// Write manual pages, one for each command
    #[command(after_help = "kind man ~/.local/share/man/man1, then man kind, man kind-create-cluster")]
    Man {
        /// The folder, made when it is not there
        #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
        dir: PathBuf,
    },
    /// Print completions for a shell
    #[command(after_help = "bash: kind completion bash > ~/.kind-completion, then source it\n\
        zsh:  kind completion zsh > a folder of $fpath, as _kind\n\
        fish: kind completion fish > ~/.config/fish/completions/kind.fish")]
    Completion {
        /// The shell; without one the help is shown.
        #[command(subcommand)]
        shell: Option<CompletionShell>,
    },
}

/// Shells that completions are written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum CompletionShell {
    /// For GNU bash
    Bash,
    /// For zsh 5.2 or newer
    Zsh,
    /// For fish
    Fish,
    /// For PowerShell
    #[allow(clippy::doc_markdown, reason = "the help of the command line")]
    Powershell,
}

#[cfg(test)]
mod tests;
