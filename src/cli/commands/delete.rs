//! `kind delete cluster` and `kind delete clusters`: call `std/delete`.

use super::path_text;
use crate::cli::app::App;
use crate::cli::args::{Delete, DeleteWhat};
use crate::error::{Error, Result};

/// Runs it.
pub fn run(app: &App, delete: Delete) -> Result<()> {
    match delete.what {
        Some(DeleteWhat::Cluster(args)) => {
            let name = app.settings.cluster_name_or_default(&args.name);
            app.call("delete", "delete_cluster", || {
                Ok(vec![name.clone().into(), path_text(args.kubeconfig.kubeconfig.as_deref())])
            })
            .map(|_| ())
            .map_err(|e| {
                if e.is_cancelled() { e } else { e.while_(format!("failed to delete cluster \"{name}\"")) }
            })
        }
        Some(DeleteWhat::Clusters(args)) => {
            if args.names.is_empty() && !args.all {
                return Err(Error::user("usage", "no cluster names provided")
                    .hint("kind get clusters lists what there is; --all means each of them"));
            }
            app.call("delete", "delete_all", || {
                let names: rhai::Array = args.names.iter().cloned().map(Into::into).collect();
                Ok(vec![names.into(), args.all.into(), path_text(args.kubeconfig.kubeconfig.as_deref())])
            })
            .map(|_| ())
        }
        None => Ok(()),
    }
}
