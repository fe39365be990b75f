//! `kind check`: what is wrong with scripts, before anything of them runs.

use crate::cli::app::App;
use crate::cli::args::{Check, CheckFormat, OutputFormat};
use crate::error::{Error, Result};
use crate::event::Level;
use crate::host::fs;
use crate::script::check::{self, Checker, Finding, Report, Severity};
use crate::script::{Host, RunOptions, Source};

/// Runs it.
pub fn run(app: &App, args: &Check) -> Result<()> {
    let mut files = Vec::new();
    for path in &args.files {
        files.extend(check::scripts(path)?);
    }
    files.dedup();
    // nothing is run, so nothing is to be refused
    let options = RunOptions { allow_host: true, ..Default::default() };
    let reports = app.with_host(options, |host| {
        let mut checker = Checker::new(host);
        files
            .iter()
            .map(|file| Ok(checker.check(&file.display().to_string(), &fs::read_to_string(file)?)))
            .collect::<Result<Vec<Report>>>()
    })?;
    match args.format {
        CheckFormat::Text => {
            for report in &reports {
                app.printer.data(&check::text(report))?;
            }
        }
        CheckFormat::Json => app.printer.value(OutputFormat::Json, &check::json(&reports))?,

        CheckFormat::Sarif => app.printer.value(OutputFormat::Json, &check::sarif(&reports))?,
    }
    let scripts = if files.len() == 1 { "1 script".to_owned() } else { format!("{} scripts", files.len()) };
    let Some(summary) = check::summary(&reports) else {
        app.printer.info(format!("{scripts}, no findings"));
        return Ok(());
    };
    let all = || reports.iter().flat_map(|r| &r.findings);
    let failed = all().any(|f| args.deny_warnings || f.severity == Severity::Error);
    if failed {
        return Err(Error::script("check.failed", format!("{summary} in {scripts}")));
    }
    app.printer.info(format!("{summary} in {scripts}"));
    Ok(())
}

/// The check before a run: warnings are told, errors end it.
///
/// # Errors
/// `check.failed` with all findings, of errors.
pub fn before_run(app: &App, host: &Host, source: &Source) -> Result<()> {
    let (name, text) = &source.load()?;
    let report = Checker::new(host).check(name, text);
    let is_error = |f: &Finding| f.severity == Severity::Error;
    if let Some(first) = report.findings.iter().find(|f| is_error(f)) {
        let count = report.findings.iter().filter(|f| is_error(f)).count();
        let message = match count {
            1 => first.message.clone(),
            n => format!("{} (the first of {n} errors)", first.message),
        };
        let code = if first.code == "syntax" { "script.syntax" } else { "check.failed" };
        let place = host.place(name, text, first.line, first.column);
        let mut error = Error::script(code, message).at(place);
        error = first.hint.iter().fold(error, |error, hint| error.hint(hint.clone()));
        if count > 1 && !name.starts_with('(') {
            error = error.hint(format!("kind check {name} shows all of them"));
        }
        if first.code != "syntax" {
            error = error.hint("nothing was run; --no-check runs it all the same");
        }
        return Err(error);
    }
    for finding in &report.findings {
        app.bus.message(
            None,
            Level::Warning,
            format!("{name}:{}: {}", finding.place(), finding.message),
            finding.hint.clone(),
        );
    }
    Ok(())
}
