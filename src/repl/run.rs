//! The loop: read, evaluate, print.

use std::cell::RefCell;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rustyline::error::ReadlineError;
use rustyline::hint::HistoryHinter;
use rustyline::history::{FileHistory, History as _, SearchDirection};
use rustyline::{Cmd, ColorMode, CompletionType, Config, Editor, EventHandler, KeyCode, KeyEvent, Modifiers};

use super::background::Background;
use super::command::{self, Input};
use super::interrupt::Interrupt;
use super::prompt::Prompt;
use super::session::{Output, Session, Spec};
use super::{history, pager};
use crate::cli::printer::Printer;
use crate::error::{Error, Result};
use crate::event::Stream;

/// Whose keys the prompt has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum EditMode {
    /// Ctrl-A, Ctrl-E, Alt-B, …
    #[default]
    Emacs,
    /// Esc, then vi's commands
    Vi,
}

/// How the prompt is to be.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Its keys.
    pub edit_mode: EditMode,
}

impl Options {
    /// As `KIND_EDIT_MODE` says, for a prompt that no arguments were given for.
    pub fn from_environment() -> Self {
        let mode = std::env::var("KIND_EDIT_MODE").unwrap_or_default();
        let edit_mode = <EditMode as clap::ValueEnum>::from_str(&mode, true).unwrap_or_default();
        Self { edit_mode }
    }
}

type Keys<'a, 's> = Editor<Prompt<'a, 's>, FileHistory>;

/// Reads and evaluates until the input ends, `.quit`, or a script's `exit(n)`, which is returned as the error it is.
/// Every other error is reported and the session goes on. Lines may also come from a file or a pipe; then nothing
/// is prompted for, and nothing remembered.
///
/// # Errors
/// When the prompt itself fails: the terminal cannot be used, the output cannot be written.
pub fn run(
    session: &mut dyn Session,
    printer: &Printer,
    background: &Background,
    options: Options,
) -> Result<()> {
    let interrupt = Interrupt::listen(session.cancel())?;
    let interactive = std::io::stdin().is_terminal();
    let specs: Vec<Spec> = {
        let mut specs = session.commands();
        specs.splice(0..0, command::OWN);
        // leaving comes last
        specs.sort_by_key(|spec| spec.name == ".quit");
        specs
    };
    let session = RefCell::new(session);
    let mut editor = editor(&session, &specs, printer, options)?;
    let history = interactive.then(history::file).flatten();
    if let Some(file) = &history {
        // the first time there is none
        let _ = editor.load_history(file);
    }
    let mut above = interactive
        .then(|| editor.create_external_printer().ok())
        .flatten()
        .map(|printer| Box::new(printer) as Box<dyn rustyline::ExternalPrinter + Send>);
    if interactive && let Some(greeting) = session.borrow().greeting() {
        printer.info(greeting);
    }
    let evaluator = Evaluator { printer, specs: &specs, interactive };
    loop {
        let prompt = if interactive { session.borrow().prompt() } else { String::new() };
        let mut input = match background.while_waiting(&mut above, || editor.readline(&prompt)) {
            Ok(input) => input,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => {
                return Err(Error::user("repl.read", "cannot read from the terminal").because(error));
            }
        };
        if input.trim().is_empty() {
            let Some(meant) = session.borrow().on_empty().map(str::to_owned) else { continue };
            input = meant;
        }
        if interactive {
            remember(&mut editor, &input, history.as_deref());
        }
        background.evaluating();
        let said = interrupt.during(|| evaluator.answer(&input, *session.borrow_mut(), &editor));
        match said {
            Ok(Answer::Value(text)) => evaluator.show(&text)?,
            Ok(Answer::Nothing) => {}
            Ok(Answer::Quit) => return Ok(()),
            Err(error) if error.is_exit() => return Err(error),
            Err(error) => {
                printer.error(&error);
            }
        }
        if session.borrow().is_over() {
            return Ok(());
        }
    }
}

enum Answer {
    Value(String),
    Nothing,
    Quit,
}

struct Evaluator<'a> {
    printer: &'a Printer,
    specs: &'a [Spec],
    interactive: bool,
}

/// Lines typed before, the oldest first.
trait Lines {
    fn lines(&self) -> Vec<String>;
}

impl Lines for Keys<'_, '_> {
    fn lines(&self) -> Vec<String> {
        let history = self.history();
        let line = |i| Some(history.get(i, SearchDirection::Forward).ok()??.entry.into_owned());
        (0..history.len()).filter_map(line).collect()
    }
}

impl Evaluator<'_> {
    fn answer(&self, input: &str, session: &mut dyn Session, history: &dyn Lines) -> Result<Answer> {
        let write = |stream: Stream, bytes: &[u8]| match stream {
            // a reader that went away is told of at the next line
            Stream::Stdout => drop(self.printer.bytes(bytes)),
            Stream::Stderr => self.printer.complaint(bytes),
        };
        let output = Output { write: &write, interactive: self.interactive };
        let value = match command::parse(input) {
            _ if session.claims(input) => session.eval(input)?,
            Input::Code(text) => session.eval(text)?,
            Input::Shell(line) => {
                session.shell_line(line, &output)?;
                None
            }
            Input::Command(name, rest) => match command::find(self.specs, name)?.name {
                ".quit" => return Ok(Answer::Quit),
                ".help" if rest.is_empty() => {
                    Some(format!("{}\n{}", command::list(self.specs), session.help(None)?))
                }
                ".help" => Some(session.help(Some(rest))?),
                ".history" => Some(past(&history.lines(), rest)),
                ".time" => {
                    let since = Instant::now();
                    let value = session.eval(rest)?;
                    let took = format!("{:.3} s", since.elapsed().as_secs_f64());
                    Some(value.map_or(took.clone(), |value| format!("{value}\n{took}")))
                }
                name => session.command(name, rest, &output)?,
            },
        };
        Ok(value.map_or(Answer::Nothing, Answer::Value))
    }

    fn show(&self, text: &str) -> Result<()> {
        if self.interactive && std::io::stdout().is_terminal() {
            let (rows, columns) = console::Term::stdout().size();
            let whole = if self.printer.colors() {
                text.to_owned()
            } else {
                anstream::adapter::strip_str(text).to_string()
            };
            if pager::show(&whole, rows.into(), columns.into()) {
                return Ok(());
            }
        }
        if text.ends_with('\n') { self.printer.data(text) } else { self.printer.line(text) }
    }
}

/// Lines with `part` in them, numbered.
fn past(lines: &[String], part: &str) -> String {
    let found = lines.iter().enumerate().filter(|(_, line)| line.contains(part));
    // what has several lines stands below its first
    let text: Vec<String> =
        found.map(|(i, line)| format!("{:>5}  {}", i + 1, line.replace('\n', "\n       "))).collect();
    text.join("\n")
}

fn editor<'a, 's>(
    session: &'a RefCell<&'s mut (dyn Session + 's)>,
    specs: &[Spec],
    printer: &Printer,
    options: Options,
) -> Result<Keys<'a, 's>> {
    let wrong = |error| Error::user("repl.terminal", "cannot use this terminal for a prompt").because(error);
    let mode = match options.edit_mode {
        EditMode::Emacs => rustyline::EditMode::Emacs,
        EditMode::Vi => rustyline::EditMode::Vi,
    };
    let config = Config::builder()
        .max_history_size(history::LINES)
        .and_then(|config| config.history_ignore_dups(true))
        .map_err(wrong)?
        .history_ignore_space(true)
        .completion_type(CompletionType::List)
        .completion_show_all_if_ambiguous(true)
        .edit_mode(mode)
        .color_mode(if printer.colors() { ColorMode::Enabled } else { ColorMode::Disabled })
        .build();
    let mut editor = Editor::with_config(config).map_err(wrong)?;
    let specs = specs.to_vec();
    editor.set_helper(Some(Prompt {
        session,
        specs,
        history: HistoryHinter::new(),
        colors: printer.colors(),
    }));
    // a new line where the input could end
    editor.bind_sequence(KeyEvent(KeyCode::Enter, Modifiers::ALT), EventHandler::Simple(Cmd::Newline));
    Ok(editor)
}

fn remember(editor: &mut Keys<'_, '_>, input: &str, file: Option<&Path>) {
    // after each line, so that two prompts at once keep what both have; losing history is no reason to stop
    if editor.add_history_entry(input).is_ok_and(|added| added)
        && let Some(file) = file
    {
        let _ = editor.append_history(file);
    }
}

/// A file that is named on a command of the prompt.
///
/// # Errors
/// When there is none.
pub(crate) fn file_named(command: &str, rest: &str) -> Result<PathBuf> {
    if rest.is_empty() {
        return Err(
            Error::user("repl.command", format!("{command} needs a file")).hint(format!("{command} FILE"))
        );
    }
    Ok(match rest.strip_prefix("~/").zip(std::env::home_dir()) {
        Some((rest, home)) => home.join(rest),
        None => PathBuf::from(rest),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::cli::settings::{Environment, Settings};
    use crate::event::Bus;
    use crate::repl::session::{Cancel, Candidate, Takes};

    /// Says back what it is told.
    struct Echo;

    impl Session for Echo {
        fn eval(&mut self, text: &str) -> Result<Option<String>> {
            if text.is_empty() { Ok(None) } else { Ok(Some(text.to_owned())) }
        }
        fn load(&mut self, file: &Path) -> Result<Option<String>> {
            Ok(Some(format!("loaded {}", file.display())))
        }
        fn commands(&self) -> Vec<Spec> {
            vec![Spec { name: ".load", usage: "FILE", does: "load", takes: Takes::File }]
        }
        fn command(&mut self, name: &str, rest: &str, _: &Output<'_>) -> Result<Option<String>> {
            Ok(Some(format!("{name} of {rest}")))
        }
        fn shell_line(&mut self, line: &str, _: &Output<'_>) -> Result<()> {
            Err(Error::user("shell", line))
        }
        fn prompt(&self) -> String {
            "echo> ".to_owned()
        }
        fn is_incomplete(&self, _: &str) -> bool {
            false
        }
        fn complete(&self, _: &str, position: usize) -> (usize, Vec<Candidate>) {
            (position, Vec::new())
        }
        fn help(&self, name: Option<&str>) -> Result<String> {
            Ok(format!("help on {}\n", name.unwrap_or("everything")))
        }
        fn cancel(&self) -> Cancel {
            Arc::new(|| {})
        }
    }

    impl Lines for () {
        fn lines(&self) -> Vec<String> {
            vec!["one".to_owned(), "two {\n}".to_owned(), "three".to_owned()]
        }
    }

    fn said(input: &str) -> Result<Option<String>> {
        let settings = Settings::resolve(&crate::cli::args::Global::default(), &Environment::default());
        let printer = Printer::new(&settings, Bus::silent());
        let specs: Vec<Spec> = command::OWN.into_iter().chain(Echo.commands()).collect();
        let evaluator = Evaluator { printer: &printer, specs: &specs, interactive: false };
        Ok(match evaluator.answer(input, &mut Echo, &())? {
            Answer::Value(text) => Some(text),
            Answer::Nothing => None,
            Answer::Quit => Some("quit".to_owned()),
        })
    }

    #[test]
    fn code_goes_to_the_session_and_commands_to_the_prompt() {
        let text = |input: &str| said(input).expect("an answer");
        assert_eq!(text("1 + 1").as_deref(), Some("1 + 1"));
        assert_eq!(text(""), None);
        assert_eq!(text(".load a.rhai").as_deref(), Some(".load of a.rhai"));
        assert_eq!(text(".help step").as_deref(), Some("help on step\n"));
        assert_eq!(text(".quit").as_deref(), Some("quit"));
        assert_eq!(text(".history t").as_deref(), Some("    2  two {\n       }\n    3  three"));
        let timed = text(".time 1 + 1").expect("text");
        assert!(timed.starts_with("1 + 1\n0.") && timed.ends_with(" s"), "{timed}");
        let all = text(".help").expect("text");
        assert!(all.ends_with("help on everything\n") && all.contains(".load FILE"), "{all}");
        assert_eq!(said("!ls /").expect_err("refused").message(), "ls /");
        assert!(said(".nonsense").is_err());
    }
}
