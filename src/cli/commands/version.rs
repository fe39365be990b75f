//! `kind version`.

use crate::cli::app::App;
use crate::cli::version;
use crate::error::Result;

/// Prints it: the number alone with `-q`, else with the platform, as upstream does.
pub fn run(app: &App) -> Result<()> {
    if app.settings.quiet { app.printer.line(version::short()) } else { app.printer.line(&version::long()) }
}
