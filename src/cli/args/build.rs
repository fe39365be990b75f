//! `kind build`.

use clap::{Args, Subcommand, ValueEnum};
use clap_complete::engine::ArgValueCandidates;

use crate::cli::candidates;

/// `kind build`
#[derive(Debug, Args)]
pub struct Build {
    /// What to build; without one the help is shown.
    #[command(subcommand)]
    pub what: Option<BuildWhat>,
}

/// What can be built.
#[derive(Debug, Subcommand)]
pub enum BuildWhat {
    /// Build the image that nodes are started from
    NodeImage(NodeImage),
    /// Put images into a node image, so that nodes made from it have them
    AddImage(AddImage),
}

/// `kind build add-image`
#[derive(Debug, Clone, Default, Args)]
pub struct AddImage {
    /// Images of the engine
    #[arg(value_name = "IMAGE", required = true, add = ArgValueCandidates::new(candidates::images))]
    pub images: Vec<String>,
    /// Name and tag of the node image that is made
    #[arg(long, value_name = "TAG", default_value = "kindest/custom-node:latest")]
    pub image: String,
    /// The node image to start from [default: the one that clusters are made of]
    #[arg(long, value_name = "IMAGE", add = ArgValueCandidates::new(candidates::images))]
    pub base_image: Option<String>,
}

/// `kind build node-image`
#[derive(Debug, Clone, Default, Args)]
pub struct NodeImage {
    /// Where the parts come from; auto takes the first that answers
    #[arg(long, value_enum, default_value_t)]
    pub source: Source,
    /// The Kubernetes version, such as v1.37.2
    #[arg(long, value_name = "VERSION")]
    pub kubernetes_version: Option<String>,
    /// What SOURCE is, where that is not plain from how it looks
    #[arg(long = "type", value_enum, value_name = "TYPE")]
    pub build_type: Option<BuildType>,
    /// Name and tag of the image that is built [default: kindest/node:latest, and kindest/node with the version as its
    /// tag]
    #[arg(long, value_name = "TAG")]
    pub image: Option<String>,
    /// The image to build on, where the source is not to make its own
    #[arg(long, value_name = "IMAGE")]
    pub base_image: Option<String>,
    /// The architecture, amd64 or arm64 [default: this machine's]
    #[arg(long, value_name = "ARCH")]
    pub arch: Option<String>,
    /// Build every step again, even where nothing has changed
    #[arg(long)]
    pub no_cache: bool,
    /// Where Kubernetes is: a version, a source tree, an archive of a release or its URL, a CI marker (ci/latest)
    #[arg(value_name = "SOURCE")]
    pub from: Option<String>,
}

/// Upstream's words for what a build starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BuildType {
    /// The URL of a release's archive
    Url,
    /// The archive of a release, as a file
    File,
    /// A version
    Release,
    /// A marker of CI builds, such as latest-1.37
    Ci,
    /// A source tree
    Source,
}

impl BuildType {
    /// The name scripts know it by.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::File => "file",
            Self::Release => "release",
            Self::Ci => "ci",
            Self::Source => "source",
        }
    }
}

/// Where the parts of a node image come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Source {
    /// The first of the others that answers
    #[default]
    Auto,
    /// Container images from registries
    Registry,
    /// The projects' release downloads
    Release,
    /// A local folder that holds the parts
    Dir,
    /// Built from source, fetched as Go modules
    Modules,
}

impl Source {
    /// The name scripts know it by.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Registry => "registry",
            Self::Release => "release",
            Self::Dir => "dir",
            Self::Modules => "modules",
        }
    }
}
