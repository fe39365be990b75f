//! `kind get`.

use clap::{Args, Subcommand};

use super::flags::{ClusterName, ListOutput, Output, go_bool};

/// `kind get`
#[derive(Debug, Args)]
pub struct Get {
    /// What to get; without one the help is shown.
    #[command(subcommand)]
    pub what: Option<GetWhat>,
}

/// What can be asked for.
#[derive(Debug, Subcommand)]
pub enum GetWhat {
    /// List the clusters, one name a line
    Clusters(GetClusters),
    /// List the nodes of a cluster, one name a line
    Nodes(GetNodes),
    /// List the images that the nodes of a cluster have
    Images(GetImages),
    /// Print a cluster's kubeconfig
    Kubeconfig(GetKubeconfig),
    /// Print the path of a file that always holds a cluster's kubeconfig
    #[command(after_help = "Use it as: export KUBECONFIG=$(kind get kubeconfig-path)")]
    KubeconfigPath(GetKubeconfigPath),
}

/// `kind get clusters`
#[derive(Debug, Clone, Default, Args)]
pub struct GetClusters {
    /// Form of the answer.
    #[command(flatten)]
    pub output: ListOutput,
}

/// `kind get images`
#[derive(Debug, Clone, Default, Args)]
pub struct GetImages {
    /// Which cluster's.
    #[command(flatten)]
    pub name: ClusterName,
    /// Form of the answer.
    #[command(flatten)]
    pub output: ListOutput,
}

/// `kind get nodes`
#[derive(Debug, Clone, Default, Args)]
pub struct GetNodes {
    /// Which cluster's.
    #[command(flatten)]
    pub name: ClusterName,
    /// Those of every cluster; --name is ignored
    #[arg(long, short = 'A', num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true",
        value_parser = go_bool, value_name = "BOOL", hide_default_value = true)]
    pub all_clusters: bool,
    /// Form of the answer.
    #[command(flatten)]
    pub output: ListOutput,
}

/// `kind get kubeconfig`
#[derive(Debug, Clone, Default, Args)]
pub struct GetKubeconfig {
    /// Which cluster's.
    #[command(flatten)]
    pub name: ClusterName,
    /// With the address that containers on the cluster's network use
    #[arg(long, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true",
        value_parser = go_bool, value_name = "BOOL", hide_default_value = true)]
    pub internal: bool,
    /// Form of the answer; YAML without it.
    #[command(flatten)]
    pub output: Output,
}

/// `kind get kubeconfig-path`
#[derive(Debug, Clone, Default, Args)]
pub struct GetKubeconfigPath {
    /// Which cluster's.
    #[command(flatten)]
    pub name: ClusterName,
    /// Form of the answer.
    #[command(flatten)]
    pub output: Output,
}
