//! `kind doc`: what scripts can call, in the terminal, as data, or as the files of the reference.

use crate::cli::app::App;
use crate::cli::args::Doc;
use crate::error::Result;
use crate::host::fs;
use crate::repl::pager;
use crate::script::doc::{self, Style};
use crate::script::stdlib::Places;
use std::io::IsTerminal as _;

/// Runs it.
pub fn run(app: &App, args: &Doc) -> Result<()> {
    if let Some(folder) = &args.markdown {
        // the reference is about what comes with the program
        for (file, text) in doc::markdown(&doc::pages(&Places::default())) {
            fs::write(&folder.join(file), text.as_bytes(), 0o644)?;
        }
        return app.printer.line(&folder.display().to_string());
    }
    let mut pages = doc::pages(&Places::new(app.settings.stdlib.as_deref()));
    if let Some(name) = &args.name {
        pages = doc::find(pages, name)?;
    }
    if let Some(format) = args.output.output {
        return app.printer.value(format, &pages);
    }
    let style = if app.printer.colors() {
        Style { head: "\x1b[1m", dim: "\x1b[2m", end: "\x1b[0m" }
    } else {
        Style::default()
    };
    let text = match args.name {
        Some(_) => doc::terminal(&pages, &style),
        None => doc::overview(&pages, &style),
    };
    if std::io::stdout().is_terminal() {
        let (rows, columns) = console::Term::stdout().size();
        if pager::show(&text, rows.into(), columns.into()) {
            return Ok(());
        }
    }
    app.printer.data(&text)
}
