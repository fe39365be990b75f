//! `kind export`: calls `std/kubeconfig` and `std/logs`.

use super::get::no_control_plane;
use super::path_text;
use crate::cli::app::App;
use crate::cli::args::{Export, ExportKubeconfig, ExportWhat};
use crate::cli::version;
use crate::error::Result;

/// Runs it.
pub fn run(app: &App, export: Export) -> Result<()> {
    match export.what {
        Some(ExportWhat::Kubeconfig(args)) => kubeconfig(app, &args),
        Some(ExportWhat::Logs(args)) => {
            let name = app.settings.cluster_name_or_default(&args.name);
            app.call("logs", "export_to", || {
                Ok(vec![name.into(), path_text(args.folder.as_deref()), version::long().into()])
            })
            .map(|_| ())
        }
        None => Ok(()),
    }
}

fn kubeconfig(app: &App, args: &ExportKubeconfig) -> Result<()> {
    let name = app.settings.cluster_name_or_default(&args.name);
    app.call("kubeconfig", "export_to", || {
        Ok(vec![name.clone().into(), path_text(args.kubeconfig.kubeconfig.as_deref()), args.internal.into()])
    })
    .map(|_| ())
    .map_err(|e| no_control_plane(&name, e))
}
