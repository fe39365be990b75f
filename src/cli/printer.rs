//! The one place that writes to standard output and standard error.
//!
//! Standard output carries data and nothing else. All that is said to people goes through the event bus; only a
//! failure's report is written here, once, at the end.

use std::io::{ErrorKind, Write};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::args::{ListFormat, LogFormat, OutputFormat};
use super::report;
use super::settings::Settings;
use crate::error::{Error, Result};
use crate::event::{Bus, Level};

/// Prints.
pub struct Printer {
    out: Mutex<Box<dyn Write + Send>>,
    err: Mutex<Box<dyn Write + Send>>,
    bus: Bus,
    settings: Settings,
}

impl Printer {
    /// On this process's standard output and standard error.
    pub fn new(settings: &Settings, bus: Bus) -> Self {
        Self::with_writers(settings, bus, Box::new(std::io::stdout()), Box::new(std::io::stderr()))
    }

    /// On these.
    pub fn with_writers(
        settings: &Settings,
        bus: Bus,
        out: Box<dyn Write + Send>,
        err: Box<dyn Write + Send>,
    ) -> Self {
        Self { out: Mutex::new(out), err: Mutex::new(err), bus, settings: settings.clone() }
    }

    /// Whether standard output takes colours.
    pub fn colors(&self) -> bool {
        self.settings.color_stdout
    }

    /// Writes data as it is, colours in it only where standard output takes them.
    ///
    /// # Errors
    /// When it cannot be written. Where the reader has gone away (`kind … | head -1`) that is
    /// [`Error::exit`] with 0: to end, saying nothing.
    pub fn data(&self, text: &str) -> Result<()> {
        if self.settings.color_stdout {
            self.bytes(text.as_bytes())
        } else {
            self.bytes(anstream::adapter::strip_str(text).to_string().as_bytes())
        }
    }

    /// Writes one line of data.
    pub fn line(&self, text: &str) -> Result<()> {
        self.data(&format!("{text}\n"))
    }

    /// Writes data that may be anything.
    pub fn bytes(&self, bytes: &[u8]) -> Result<()> {
        let mut written = Ok(());
        self.bus.suspend(&mut || {
            let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
            written = out.write_all(bytes).and_then(|()| out.flush());
        });
        written.map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => Error::exit(0),
            _ => Error::user("stdout", "cannot write to standard output").because(error),
        })
    }

    /// Writes to standard error what a program that ran for the user wrote to its own.
    pub fn complaint(&self, bytes: &[u8]) {
        self.bus.suspend(&mut || {
            let mut err = self.err.lock().unwrap_or_else(PoisonError::into_inner);
            // there is nowhere left to tell that this failed
            let _ = err.write_all(bytes).and_then(|()| err.flush());
        });
    }

    /// Writes a value in this form.
    pub fn value<T: Serialize>(&self, format: OutputFormat, value: &T) -> Result<()> {
        let wrong =
            |error| Error::internal("output", "the answer cannot be written in this form").because(error);
        let text = match format {
            OutputFormat::Json => serde_json::to_string_pretty(value).map_err(wrong)? + "\n",
            OutputFormat::Yaml => serde_saphyr::to_string(value).map_err(|error| {
                Error::internal("output", "the answer cannot be written as YAML").because(error)
            })?,
        };
        self.bytes(text.as_bytes())
    }

    /// Writes a list in this form: its values for machines, a name a line, or a table.
    pub fn list<T: Serialize>(
        &self,
        format: ListFormat,
        values: &[T],
        names: impl Fn(&T) -> Vec<String>,
        (head, row): (&[&str], impl Fn(&T) -> Vec<Vec<String>>),
    ) -> Result<()> {
        match format {
            ListFormat::Json => self.value(OutputFormat::Json, &values),
            ListFormat::Yaml => self.value(OutputFormat::Yaml, &values),
            ListFormat::Name => {
                let lines: Vec<String> = values.iter().flat_map(names).map(|name| name + "\n").collect();
                self.data(&lines.concat())
            }
            ListFormat::Wide => self.table(head, &values.iter().flat_map(row).collect::<Vec<_>>()),
        }
    }

    /// Writes rows under a head, each column as wide as its widest cell.
    pub fn table(&self, head: &[&str], rows: &[Vec<String>]) -> Result<()> {
        self.data(&table(head, rows))
    }

    /// Tells the user something.
    pub fn info(&self, text: impl Into<String>) {
        self.bus.message(None, Level::Info, text, None);
    }

    /// Warns the user.
    pub fn warning(&self, text: impl Into<String>, hint: Option<String>) {
        self.bus.message(None, Level::Warning, text, hint);
    }

    /// Reports a failure and returns the code to end with. With `-q` nothing is said, as upstream does.
    pub fn error(&self, error: &Error) -> i32 {
        if !self.settings.quiet && !error.is_exit() {
            let mut text = match self.settings.log_format {
                LogFormat::Json => json_line(error),
                LogFormat::Text if self.settings.color_stderr => report::text(error, self.settings.verbosity),
                LogFormat::Text => {
                    anstream::adapter::strip_str(&report::text(error, self.settings.verbosity)).to_string()
                }
            };
            if error.is_cancelled() && self.settings.live {
                // over the ^C that the terminal has shown
                text.insert_str(0, "\r\x1b[K");
            }
            self.bus.suspend(&mut || {
                let mut err = self.err.lock().unwrap_or_else(PoisonError::into_inner);
                // there is nowhere left to tell that this failed
                let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
            });
        }
        error.exit_code()
    }
}

fn json_line(error: &Error) -> String {
    let mut object = serde_json::Map::new();
    object.insert("time".to_owned(), crate::event::time().into());
    if let serde_json::Value::Object(fields) = report::value(error) {
        object.extend(fields);
    }
    serde_json::Value::Object(object).to_string() + "\n"
}

/// The table as text.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let mut widths: Vec<usize> = Vec::new();
    for row in std::iter::once(&head).chain(rows) {
        for (column, cell) in row.iter().enumerate() {
            let width = console::measure_text_width(cell);
            match widths.get_mut(column) {
                Some(widest) => *widest = width.max(*widest),
                None => widths.push(width),
            }
        }
    }
    let mut text = String::new();
    for row in std::iter::once(&head).filter(|head| !head.is_empty()).chain(rows) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width - console::measure_text_width(cell) + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::args::Global;
    use super::super::settings::Environment;
    use super::*;
    use crate::event::testing::Shared;

    fn printer(global: &Global) -> (Printer, Shared, Shared) {
        let (out, err) = (Shared::default(), Shared::default());
        let settings = Settings::resolve(global, &Environment::default());
        let printer =
            Printer::with_writers(&settings, Bus::silent(), Box::new(out.clone()), Box::new(err.clone()));
        (printer, out, err)
    }

    #[test]
    fn data_goes_out_without_colours_where_none_are_taken() {
        let (printer, out, err) = printer(&Global::default());
        printer.line("\x1b[32mkind\x1b[0m").expect("written");
        printer.value(OutputFormat::Json, &["a", "b"]).expect("written");
        printer.value(OutputFormat::Yaml, &serde_json::json!({"clusters": ["a"]})).expect("written");
        assert_eq!(out.text(), "kind\n[\n  \"a\",\n  \"b\"\n]\nclusters:\n- a\n");
        assert_eq!(err.text(), "");
    }

    #[test]
    fn a_reader_that_went_away_ends_the_program_quietly() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let settings = Settings::resolve(&Global::default(), &Environment::default());
        let err = Shared::default();
        let printer = Printer::with_writers(&settings, Bus::silent(), Box::new(Gone), Box::new(err.clone()));
        let error = printer.line("text").expect_err("nobody reads");
        assert_eq!(printer.error(&error), 0);
        assert_eq!(err.text(), "");
    }

    #[test]
    fn errors_are_reported_in_the_form_asked_for() {
        let error = Error::user("name", "\"A\" is no name");
        let (text, _, err) = printer(&Global::default());
        assert_eq!(text.error(&error), 1);
        assert_eq!(err.text(), "error: \"A\" is no name\n");
        let (quiet, _, err) = printer(&Global { quiet: true, ..Global::default() });
        assert_eq!(quiet.error(&error), 1);
        assert_eq!(err.text(), "");
        let (json, _, err) = printer(&Global { log_format: LogFormat::Json, ..Global::default() });
        json.error(&error);
        let value: serde_json::Value = serde_json::from_str(&err.text()).expect("JSON");
        assert_eq!(value["code"], "name");
    }

    #[test]
    fn tables_are_aligned() {
        let rows =
            vec![vec!["kind-worker".to_owned(), "ready".to_owned()], vec!["ü".to_owned(), "x".to_owned()]];
        assert_eq!(
            table(&["NAME", "STATE"], &rows),
            "NAME         STATE\nkind-worker  ready\nü            x\n"
        );
        assert_eq!(table(&[], &[]), "");
    }
}
