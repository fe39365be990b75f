//! `kind export kubeconfig`: calls `std/kubeconfig`.

use super::get::no_control_plane;
use super::path_text;
use crate::cli::app::App;
use crate::cli::args::{Export, ExportWhat};
use crate::error::Result;

/// Runs it.
pub fn run(app: &App, export: Export) -> Result<()> {
    let Some(ExportWhat::Kubeconfig(args)) = export.what else { return Ok(()) };
    let name = app.settings.cluster_name_or_default(&args.name);
    app.call("kubeconfig", "export_to", || {
        Ok(vec![name.clone().into(), path_text(args.kubeconfig.kubeconfig.as_deref()), args.internal.into()])
    })
    .map(|_| ())
    .map_err(|e| no_control_plane(&name, e))
}
