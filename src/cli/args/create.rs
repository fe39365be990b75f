//! `kind create`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::flags::{ClusterName, KubeconfigFile, Output, go_bool};
use crate::cli::duration;

/// `kind create`
#[derive(Debug, Args)]
pub struct Create {
    /// What to create; without one the help is shown.
    #[command(subcommand)]
    pub what: Option<CreateWhat>,
}

/// What can be created.
#[derive(Debug, Subcommand)]
pub enum CreateWhat {
    /// Create a cluster and make it kubectl's current context
    Cluster(CreateCluster),
}

/// `kind create cluster`
#[derive(Debug, Clone, Default, Args)]
pub struct CreateCluster {
    /// Which one.
    #[command(flatten)]
    pub name: ClusterName,
    /// The cluster's configuration (kind.x-k8s.io/v1alpha4); - reads standard input
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The node image, for every node
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<String>,
    /// How long to wait for the control plane to be ready, such as 30s or 5m; 0s does not wait
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration::parse)]
    pub wait: Duration,
    /// Keep the nodes when creating them fails, to look at
    #[arg(long, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true",
        value_parser = go_bool, value_name = "BOOL", hide_default_value = true)]
    pub retain: bool,
    /// Show what would be done, step by step, and change nothing
    #[arg(long)]
    pub plan: bool,
    /// Form of the plan.
    #[command(flatten)]
    pub output: Output,
    /// Let hooks run commands, read and write files and mount folders of this machine
    #[arg(long)]
    pub allow_host: bool,
    /// Where the kubeconfig goes.
    #[command(flatten)]
    pub kubeconfig: KubeconfigFile,
}
