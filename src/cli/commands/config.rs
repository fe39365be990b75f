//! `kind config`: cluster configurations as files. Needs no engine.

use crate::cli::app::App;
use crate::cli::args::{Config, ConfigShow, ConfigValidate, ConfigWhat, OutputFormat};
use crate::config::{self, Cluster};
use crate::error::{Error, Result};
use crate::host::fs;
use serde_json::{Map, Value, json};
use std::io::Read;
use std::path::Path;

/// Runs it.
pub fn run(app: &App, config: Config) -> Result<()> {
    match config.what {
        Some(ConfigWhat::Validate(args)) => validate(app, &args),
        Some(ConfigWhat::Show(args)) => show(app, &args),
        Some(ConfigWhat::Schema) => app.printer.value(OutputFormat::Json, &config::schema()),
        None => Ok(()),
    }
}

/// The text of a configuration, and its name in errors. `-` is standard input.
pub(super) fn text(path: &Path) -> Result<(String, String)> {
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(|e| {
            Error::user("config.stdin", "cannot read the config from standard input").because(e)
        })?;
        return Ok((text, "standard input".to_owned()));
    }
    Ok((fs::read_to_string(path)?, path.display().to_string()))
}

fn validate(app: &App, args: &ConfigValidate) -> Result<()> {
    let texts: Vec<(String, String)> = args.files.iter().map(|path| text(path)).collect::<Result<_>>()?;
    if let Some(format) = args.output.output {
        let found: Vec<_> =
            texts.iter().flat_map(|(text, origin)| config::problems_of(text, origin)).collect();
        app.printer.value(format, &found)?;
        return if found.is_empty() { Ok(()) } else { Err(Error::exit(1)) };
    }
    let mut wrong = false;
    for (text, origin) in &texts {
        match config::parse(text, origin) {
            Ok(cluster) => app.printer.info(format!("{origin} is right: {}", summary(&cluster))),
            Err(error) => {
                app.printer.error(&error);
                wrong = true;
            }
        }
    }
    if wrong { Err(Error::exit(1)) } else { Ok(()) }
}

/// `cluster kind with 1 control-plane and 2 workers`
fn summary(cluster: &Cluster) -> String {
    let planes = cluster.control_planes();
    let workers = cluster.nodes.len() - planes;
    let several = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let workers = if workers == 0 { String::new() } else { format!(" and {}", several(workers, "worker")) };
    format!("cluster {} with {}{workers}", cluster.name, several(planes, "control-plane"))
}

fn show(app: &App, args: &ConfigShow) -> Result<()> {
    let cluster = match &args.file {
        Some(path) => {
            let (text, origin) = text(path)?;
            config::parse(&text, &origin)?
        }
        None => Cluster::default(),
    };
    let mut document = Map::new();
    document.insert("kind".to_owned(), json!("Cluster"));
    document.insert("apiVersion".to_owned(), json!("kind.x-k8s.io/v1alpha4"));
    if let Ok(Value::Object(fields)) = serde_json::to_value(&cluster) {
        document.extend(fields);
    }
    match args.output.output {
        Some(OutputFormat::Json) => app.printer.value(OutputFormat::Json, &document),
        // as a person would write it, with patches as blocks
        _ => app.printer.data(&crate::yaml::render(&document)?),
    }
}
