//! `kind engine …`: calls `std/engine`.

use crate::cli::app::App;
use crate::cli::args::{Engine, EngineAction};
use crate::error::Result;

/// Runs it.
pub fn run(app: &App, engine: Engine) -> Result<()> {
    match engine.action {
        Some(EngineAction::Start(_)) => app.call("engine", "start_private", || Ok(vec![])).map(|_| ()),
        Some(EngineAction::Stop(_)) => app.call("engine", "stop_private", || Ok(vec![])).map(|_| ()),
        Some(EngineAction::Remove(_)) => app.call("engine", "remove_private", || Ok(vec![])).map(|_| ()),
        Some(EngineAction::Status(args)) => {
            let status: serde_json::Value = status(app)?;
            if let Some(format) = args.output.output {
                return app.printer.value(format, &status);
            }
            let rows = status.as_object().into_iter().flatten().map(|(key, value)| {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                format!("{key:<10} {text}\n")
            });
            app.printer.data(&rows.collect::<String>())
        }
        Some(EngineAction::Env(args)) => {
            let status = status(app)?;
            let address = status["address"].as_str().unwrap_or_default();
            if let Some(format) = args.output.output {
                return app.printer.value(format, &serde_json::json!({ "DOCKER_HOST": address }));
            }
            app.printer.line(&args.shell.export("DOCKER_HOST", address))
        }
        None => Ok(()),
    }
}

fn status(app: &App) -> Result<serde_json::Value> {
    let status = app.call("engine", "status", || Ok(vec![]))?;
    rhai::serde::from_dynamic(&status)
        .map_err(|e| crate::error::Error::internal("engine.status", "std/engine gave no status").because(e))
}
