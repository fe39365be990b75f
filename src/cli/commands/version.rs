//! `kind version`.

use crate::cli::app::App;
use crate::cli::args::OutputFormat;
use crate::cli::version;
use crate::error::Result;

/// Prints it: the number alone with `-q`, else with the platform, as upstream does; or as data.
pub fn run(app: &App, format: Option<OutputFormat>) -> Result<()> {
    match format {
        Some(format) => {
            let value = serde_json::json!({ "version": version::short(), "platform": version::platform() });
            app.printer.value(format, &value)
        }
        None if app.settings.quiet => app.printer.line(version::short()),
        None => app.printer.line(&version::long()),
    }
}
