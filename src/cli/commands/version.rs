//! `kind version`.

use crate::cli::app::App;
use crate::error::Result;
use crate::image::host_arch;

/// Prints it: the number alone with `-q`, else with the platform, as upstream does.
pub fn run(app: &App) -> Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    if app.settings.quiet {
        return app.printer.line(version);
    }
    app.printer.line(&format!("kind v{version} rust {}/{}", std::env::consts::OS, host_arch()))
}
