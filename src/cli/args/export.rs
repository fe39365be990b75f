//! `kind export`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

use super::flags::{ClusterName, KubeconfigFile, go_bool};

/// `kind export`
#[derive(Debug, Args)]
pub struct Export {
    /// What to export; without one the help is shown.
    #[command(subcommand)]
    pub what: Option<ExportWhat>,
}

/// What can be exported.
#[derive(Debug, Subcommand)]
pub enum ExportWhat {
    /// Merge a cluster into the kubeconfig and make it the current context
    Kubeconfig(ExportKubeconfig),
    /// Write the logs of a cluster into a folder, a new temporary one when none is given
    Logs(ExportLogs),
}

/// `kind export kubeconfig`
#[derive(Debug, Clone, Default, Args)]
pub struct ExportKubeconfig {
    /// Which cluster's.
    #[command(flatten)]
    pub name: ClusterName,
    /// Where it goes.
    #[command(flatten)]
    pub kubeconfig: KubeconfigFile,
    /// With the address that containers on the cluster's network use
    #[arg(long, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true",
        value_parser = go_bool, value_name = "BOOL", hide_default_value = true)]
    pub internal: bool,
}

/// `kind export logs`
#[derive(Debug, Clone, Default, Args)]
pub struct ExportLogs {
    /// Which cluster's.
    #[command(flatten)]
    pub name: ClusterName,
    /// The folder, made when it is not there
    #[arg(value_name = "OUTPUT-DIR")]
    pub folder: Option<PathBuf>,
}
