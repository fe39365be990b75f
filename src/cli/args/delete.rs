//! `kind delete`.

use clap::{Args, Subcommand};
use clap_complete::engine::ArgValueCandidates;

use crate::cli::candidates;

use super::flags::{ClusterName, KubeconfigFile, go_bool};

/// `kind delete`
#[derive(Debug, Args)]
pub struct Delete {
    /// What to delete; without one the help is shown.
    #[command(subcommand)]
    pub what: Option<DeleteWhat>,
}

/// What can be deleted.
#[derive(Debug, Subcommand)]
pub enum DeleteWhat {
    /// Delete a cluster; one that is gone already is no error
    Cluster(DeleteCluster),
    /// Delete several clusters, or all
    Clusters(DeleteClusters),
}

/// `kind delete cluster`
#[derive(Debug, Clone, Default, Args)]
pub struct DeleteCluster {
    /// Which one.
    #[command(flatten)]
    pub name: ClusterName,
    /// The kubeconfig its entries are removed from.
    #[command(flatten)]
    pub kubeconfig: KubeconfigFile,
}

/// `kind delete clusters`
#[derive(Debug, Clone, Default, Args)]
pub struct DeleteClusters {
    /// Names of the clusters
    #[arg(value_name = "NAME", add = ArgValueCandidates::new(candidates::clusters))]
    pub names: Vec<String>,
    /// Delete every cluster there is
    #[arg(long, short = 'A', num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true",
        value_parser = go_bool, value_name = "BOOL", hide_default_value = true)]
    pub all: bool,
    /// The kubeconfig their entries are removed from.
    #[command(flatten)]
    pub kubeconfig: KubeconfigFile,
}
