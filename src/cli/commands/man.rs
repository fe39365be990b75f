//! `kind man`: manual pages, made from the definitions of the command line.

use crate::cli::app::App;
use crate::cli::args;
use crate::error::{Error, Result};
use crate::host::fs;
use std::path::Path;

/// Writes them into `dir` and prints its name.
pub fn run(app: &App, dir: &Path) -> Result<()> {
    let pages =
        args::manual().map_err(|e| Error::internal("man", "cannot write the manual pages").because(e))?;
    fs::create_dir_all(dir)?;
    for (name, text) in pages {
        fs::write(&dir.join(name), &text, 0o644)?;
    }
    app.printer.line(&dir.display().to_string())
}
