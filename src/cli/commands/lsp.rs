//! `kind lsp`: a language server for scripts.

use crate::cli::app::App;
use crate::error::Result;
use crate::lsp;
use crate::script::RunOptions;

/// Runs it until the editor ends it.
pub fn run(app: &App) -> Result<()> {
    // nothing is run, so nothing is to be refused
    app.with_host(RunOptions { allow_host: true, ..Default::default() }, lsp::serve)
}
