//! `kind definitions`: files for editors that use the Rhai language server.

use crate::cli::app::App;
use crate::cli::args::Definitions;
use crate::error::Result;
use crate::host::fs;
use crate::script::definitions;

/// Runs it.
pub fn run(app: &App, args: &Definitions) -> Result<()> {
    for (file, text) in definitions::files() {
        fs::write(&args.dir.join(file), text.as_bytes(), 0o644)?;
    }
    app.printer.info("the Rhai language server reads them with this in Rhai.toml:");
    app.printer.info(format!("[source]\ninclude = [\"{}/*.d.rhai\", \"**/*.rhai\"]", args.dir.display()));
    app.printer.line(&args.dir.display().to_string())
}
