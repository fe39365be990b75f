//! `kind stdlib`.

use clap::{Args, Subcommand};

use super::flags::ListOutput;

/// `kind stdlib`
#[derive(Debug, Args)]
#[command(after_help = "A script is looked for in --stdlib DIR, the project's .kind/stdlib/, \
    your configuration folder, and last among the built-in ones.")]
pub struct Stdlib {
    /// What to do; without one the help is shown.
    #[command(subcommand)]
    pub action: Option<StdlibAction>,
}

/// What can be done with the lifecycle scripts.
#[derive(Debug, Subcommand)]
pub enum StdlibAction {
    /// List the scripts, what each is for and where it is taken from
    List(StdlibList),
    /// Print a script
    Show(StdlibShow),
    /// Copy a built-in script to where it can be changed
    Eject(StdlibEject),
    /// Show what your scripts change about the built-in ones
    Diff(StdlibDiff),
}

/// `kind stdlib list`
#[derive(Debug, Clone, Default, Args)]
pub struct StdlibList {
    /// Form of the answer.
    #[command(flatten)]
    pub output: ListOutput,
}

/// `kind stdlib show`
#[derive(Debug, Clone, Default, Args)]
pub struct StdlibShow {
    /// The script's name, such as create
    pub name: String,
}

/// `kind stdlib eject`
#[derive(Debug, Clone, Default, Args)]
pub struct StdlibEject {
    /// The script's name, such as create
    pub name: String,
    /// For all your projects, not only this folder's .kind/stdlib/
    #[arg(long)]
    pub user: bool,
    /// Replace a copy that is there already
    #[arg(long)]
    pub force: bool,
}

/// `kind stdlib diff`
#[derive(Debug, Clone, Default, Args)]
pub struct StdlibDiff {
    /// Only this script
    pub name: Option<String>,
}
