//! `kind test`: finds and plans tests, runs them, reports.

use crate::cli::app::App;
use crate::cli::args::{LogFormat, Test, TestFormat};
use crate::cli::test_report;
use crate::config::ClusterName;
use crate::error::{Error, Result};
use crate::event::Level;
use crate::host::{fs, process};
use crate::script::testing::{
    Interrupts, Listeners, Matrix, Options, Outcome, Plan, Status, Summary, TestFile, discover, plan,
    run as run_plan,
};
use crate::script::{Host, RunOptions, Source};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What a cluster with a node or two needs.
const CORES: usize = 2;
const MEMORY: u64 = 3 << 30;

/// Runs it.
pub fn run(app: &App, args: &Test) -> Result<()> {
    let plan = match planned(app, args) {
        Ok(plan) => plan,
        Err(error) => return Err(usage(app, &error)),
    };
    if args.list {
        return list(app, args, &plan);
    }
    let count = plan.tests().count();
    let clusters = plan.batches.iter().filter(|batch| batch.needs.scope != "none").count();
    let jobs = args.jobs.map_or_else(default_jobs, usize::from);
    app.printer.info(format!(
        "{} in {}, {}{}",
        counted(count, "test"),
        counted(plan.files(), "file"),
        match (&args.cluster, clusters) {
            (Some(name), _) => format!("on the cluster {name}"),
            (None, 0) => "without a cluster".to_owned(),
            (None, clusters) => counted(clusters, "cluster"),
        },
        if plan.batches.len() > 1 { format!(", {jobs} at a time") } else { String::new() },
    ));
    let interrupts = Arc::new(Interrupts::default());
    let listeners =
        Listeners { bus: app.bus.clone(), terminal: app.terminal.clone(), timeline: app.timeline.clone() };
    let bus = app.bus.clone();
    let colors = app.settings.color_stderr && app.settings.log_format == LogFormat::Text;
    let tell = Arc::new(move |outcome: &Outcome, again: bool| {
        if outcome.status == Status::Failed {
            let mut text = test_report::failure(outcome, again);
            if !colors {
                text = anstream::adapter::strip_str(&text).to_string();
            }
            bus.message(None, Level::Info, text.trim_end(), None);
        }
    });
    let options = options(app, args, jobs)?;
    let summary = app.interruptible(&interrupts, |interrupts, runtime| {
        run_plan(runtime, &listeners, &plan, options, interrupts, tell)
    })?;
    report(app, args, &summary)
}

/// Ends with the code for wrong usage.
fn usage(app: &App, error: &Error) -> Error {
    if error.is_cancelled() {
        return error.clone();
    }
    app.printer.error(error);
    Error::exit(2)
}

fn planned(app: &App, args: &Test) -> Result<Plan> {
    let found = discover(&args.paths)?;
    ClusterName::parse(&args.prefix)?;
    let matrix = Matrix {
        images: args.image.clone(),
        params: args
            .matrix
            .iter()
            .map(|(key, values)| (key.clone(), values.iter().map(|value| typed(value)).collect()))
            .collect(),
    };
    let options = RunOptions { allow_host: args.allow_host, ..RunOptions::default() };
    let (plan, files) = app.with_host(options, |host: &Host| {
        let files = found
            .into_iter()
            .map(|(path, only)| {
                if !args.no_check {
                    super::check::before_run(app, host, &Source::File(path.clone()))?;
                }
                Ok((Arc::new(TestFile::load(host, &path)?), only))
            })
            .collect::<Result<Vec<_>>>()?;
        let wanted =
            |name: &str| args.filter.is_empty() || args.filter.iter().any(|part| name.contains(part));
        Ok((plan(host, &files, &matrix, &wanted)?, files))
    })?;
    if plan.tests().next().is_some() {
        return Ok(plan);
    }
    let all: usize = files.iter().map(|(file, _)| file.tests.len()).sum();
    let error = Error::user("test.none", "no tests found");
    Err(if files.is_empty() {
        error.hint(
            "tests are functions test_… in files …_test.rhai, of this folder or of those that are named",
        )
    } else if all == 0 {
        error.hint(format!("{} have no function that begins with test_", counted(files.len(), "file")))
    } else {
        error.hint(format!("{} found, but none that was asked for; --list shows them", counted(all, "test")))
    })
}

/// A value of the command line: numbers and truth values as such.
fn typed(text: &str) -> Value {
    serde_json::from_str(text)
        .ok()
        .filter(|value: &Value| value.is_number() || value.is_boolean())
        .unwrap_or_else(|| text.into())
}

fn options(app: &App, args: &Test, jobs: usize) -> Result<Options> {
    for folder in [&args.evidence, &args.timelines].into_iter().flatten() {
        fs::create_dir_all(folder)?;
    }
    Ok(Options {
        jobs,
        retries: args.retries,
        limit: args.timeout.max(Duration::from_millis(1)),
        keep: args.keep,
        cluster: args.cluster.clone(),
        prefix: args.prefix.clone(),
        evidence: args.evidence.as_deref().map(absolute).transpose()?,
        timelines: args.timelines.clone(),
        run: RunOptions {
            allow_host: args.allow_host,
            stdlib: app.settings.stdlib.clone(),
            ..RunOptions::default()
        },
    })
}

fn absolute(path: &Path) -> Result<std::path::PathBuf> {
    fs::canonical(path)
}

/// As many as processors and free memory allow, at least one.
fn default_jobs() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let memory = process::available_memory()
        .map_or(usize::MAX, |free| usize::try_from(free / MEMORY).unwrap_or(usize::MAX));
    (cores / CORES).min(memory).max(1)
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn list(app: &App, args: &Test, plan: &Plan) -> Result<()> {
    if args.format == Some(TestFormat::Json) {
        let tests: Vec<Value> = plan
            .tests()
            .map(|(file, test, choice)| {
                json!({"file": file.name(), "name": format!("{}{}", test.name, choice.suffix()), "line": test.line})
            })
            .collect();
        return app.printer.data(&(pretty(&json!({"tests": tests})) + "\n"));
    }
    let lines: String = plan
        .tests()
        .map(|(file, test, choice)| format!("{}::{}{}\n", file.name(), test.name, choice.suffix()))
        .collect();
    app.printer.data(&lines)
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string())
}

fn report(app: &App, args: &Test, summary: &Summary) -> Result<()> {
    app.printer.info(test_report::summary(summary));
    if let Some(file) = &args.junit {
        fs::write(file, test_report::junit(summary)?.as_bytes(), 0o644)?;
    }
    if let Some(file) = &args.json {
        fs::write(file, (pretty(&summary.value()) + "\n").as_bytes(), 0o644)?;
    }
    let on_github = std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true");
    match args.format {
        Some(TestFormat::Json) => app.printer.data(&(pretty(&summary.value()) + "\n"))?,
        Some(TestFormat::Github) => app.printer.data(&test_report::annotations(summary))?,
        None if on_github => app.printer.data(&test_report::annotations(summary))?,
        Some(TestFormat::Text) | None => {}
    }
    if summary.interrupted {
        return Err(Error::cancelled());
    }
    if summary.is_good() { Ok(()) } else { Err(Error::exit(1)) }
}
