//! `kind build`.

use clap::{Args, Subcommand, ValueEnum};

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
    /// Name and tag of the image that is built [default: kindest/node with the version as its tag]
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
    /// Where Kubernetes is: a folder, an archive, a URL or a version
    #[arg(value_name = "SOURCE")]
    pub from: Option<String>,
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
