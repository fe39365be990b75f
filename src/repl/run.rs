//! The loop: read, evaluate, print.

use std::cell::RefCell;
use std::io::IsTerminal;
use std::path::Path;

use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{ColorMode, CompletionType, Config, Editor};

use super::background::Background;
use super::command::{self, Command};
use super::history;
use super::interrupt::Interrupt;
use super::prompt::Prompt;
use super::session::Session;
use crate::cli::printer::Printer;
use crate::error::{Error, Result};

/// Reads and evaluates until the input ends, `.quit`, or a script's `exit(n)`, which is returned as the error it is.
/// Every other error is reported and the session goes on. Lines may also come from a file or a pipe; then nothing
/// is prompted for, and nothing remembered.
///
/// # Errors
/// When the prompt itself fails: the terminal cannot be used, the output cannot be written.
pub fn run(session: &mut dyn Session, printer: &Printer, background: &Background) -> Result<()> {
    let interrupt = Interrupt::listen(session.cancel())?;
    let interactive = std::io::stdin().is_terminal();
    let session = RefCell::new(session);
    let mut editor = editor(&session, printer)?;
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
        let answer = interrupt.during(|| answer(&input, *session.borrow_mut()));
        match answer {
            Ok(Answer::Value(text)) => show(printer, &text)?,
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

fn answer(input: &str, session: &mut dyn Session) -> Result<Answer> {
    let value = match command::parse(input) {
        None => session.eval(input)?,
        Some(command) => match command? {
            Command::Quit => return Ok(Answer::Quit),
            Command::Load(file) => session.load(Path::new(file))?,
            Command::Help(None) => Some(format!("{}\n{}", session.help(None)?.trim_end(), command::list())),
            Command::Help(name) => Some(session.help(name)?),
        },
    };
    Ok(value.map_or(Answer::Nothing, Answer::Value))
}

fn show(printer: &Printer, text: &str) -> Result<()> {
    if text.ends_with('\n') { printer.data(text) } else { printer.line(text) }
}

fn editor<'a, 's>(
    session: &'a RefCell<&'s mut (dyn Session + 's)>,
    printer: &Printer,
) -> Result<Editor<Prompt<'a, 's>, FileHistory>> {
    let wrong = |error| Error::user("repl.terminal", "cannot use this terminal for a prompt").because(error);
    let config = Config::builder()
        .max_history_size(history::LINES)
        .and_then(|config| config.history_ignore_dups(true))
        .map_err(wrong)?
        .history_ignore_space(true)
        .completion_type(CompletionType::List)
        .color_mode(if printer.colors() { ColorMode::Enabled } else { ColorMode::Disabled })
        .build();
    let mut editor = Editor::with_config(config).map_err(wrong)?;
    editor.set_helper(Some(Prompt { session }));
    Ok(editor)
}

fn remember(editor: &mut Editor<Prompt<'_, '_>, FileHistory>, input: &str, file: Option<&Path>) {
    // after each line, so that two prompts at once keep what both have; losing history is no reason to stop
    if editor.add_history_entry(input).is_ok_and(|added| added)
        && let Some(file) = file
    {
        let _ = editor.append_history(file);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::repl::session::{Cancel, Candidate};

    /// Says back what it is told.
    struct Echo;

    impl Session for Echo {
        fn eval(&mut self, text: &str) -> Result<Option<String>> {
            if text.is_empty() { Ok(None) } else { Ok(Some(text.to_owned())) }
        }
        fn load(&mut self, file: &Path) -> Result<Option<String>> {
            Ok(Some(format!("loaded {}", file.display())))
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

    fn said(input: &str) -> Option<String> {
        match answer(input, &mut Echo).expect("an answer") {
            Answer::Value(text) => Some(text),
            Answer::Nothing => None,
            Answer::Quit => Some("quit".to_owned()),
        }
    }

    #[test]
    fn code_goes_to_the_session_and_commands_to_the_prompt() {
        assert_eq!(said("1 + 1").as_deref(), Some("1 + 1"));
        assert_eq!(said(""), None);
        assert_eq!(said(".load a.rhai").as_deref(), Some("loaded a.rhai"));
        assert_eq!(said(".help step").as_deref(), Some("help on step\n"));
        assert_eq!(said(".quit").as_deref(), Some("quit"));
        let all = said(".help").expect("text");
        assert!(all.starts_with("help on everything\n") && all.contains(".load FILE"), "{all}");
        assert!(answer(".nonsense", &mut Echo).is_err());
    }
}
