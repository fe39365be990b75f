//! `kind completion`.

use crate::cli::app::App;
use crate::cli::args::{self, CompletionShell};
use crate::error::{Error, Result};

/// Prints the completions of a shell.
pub fn run(app: &App, shell: Option<CompletionShell>) -> Result<()> {
    let Some(shell) = shell else { return Ok(()) };
    let text = args::completion_script(shell)
        .map_err(|e| Error::internal("completion", "cannot write the completions").because(e))?;
    app.printer.bytes(&text)
}
