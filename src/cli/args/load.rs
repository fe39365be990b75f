//! `kind load`.

use clap::{Args, Subcommand, ValueHint};
use clap_complete::engine::ArgValueCandidates;
use std::path::PathBuf;

use super::flags::ClusterName;
use crate::cli::candidates;

/// `kind load`
#[derive(Debug, Args)]
pub struct Load {
    /// What to load; without one the help is shown.
    #[command(subcommand)]
    pub what: Option<LoadWhat>,
}

/// What can be loaded.
#[derive(Debug, Subcommand)]
pub enum LoadWhat {
    /// Load images of the engine into nodes
    #[command(name = "docker-image")]
    Image(LoadImage),
    /// Load image archives into nodes
    #[command(name = "image-archive")]
    Archive(LoadArchive),
}

/// `kind load docker-image`
#[derive(Debug, Clone, Default, Args)]
pub struct LoadImage {
    /// Images by name or ID
    #[arg(value_name = "IMAGE", required = true, add = ArgValueCandidates::new(candidates::images))]
    pub images: Vec<String>,
    /// Where to.
    #[command(flatten)]
    pub to: LoadTo,
}

/// `kind load image-archive`
#[derive(Debug, Clone, Default, Args)]
pub struct LoadArchive {
    /// Archives as docker save and OCI tools write them, plain or compressed
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// Where to.
    #[command(flatten)]
    pub to: LoadTo,
}

/// The nodes that get it.
#[derive(Debug, Clone, Default, Args)]
pub struct LoadTo {
    /// Which cluster's.
    #[command(flatten)]
    pub name: ClusterName,
    /// Only these nodes, with commas between them
    #[arg(long, value_name = "NODES", value_delimiter = ',', add = ArgValueCandidates::new(candidates::nodes))]
    pub nodes: Vec<String>,
}
