//! Between rustyline and the session: completion, hints, colours, and whether an input is complete.

use std::borrow::Cow;
use std::cell::RefCell;

use rustyline::completion::Completer;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hinter, HistoryHinter};
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use super::command::{self, Input};
use super::session::{Candidate, Session, Spec};

pub(super) struct Prompt<'a, 's> {
    pub(super) session: &'a RefCell<&'s mut (dyn Session + 's)>,
    pub(super) specs: Vec<Spec>,
    pub(super) history: HistoryHinter,
    pub(super) colors: bool,
}

/// What stands dimmed behind the cursor.
pub(super) struct Hint {
    text: String,
    /// Whether the right arrow takes it into the line.
    takes: bool,
}

impl rustyline::hint::Hint for Hint {
    fn display(&self) -> &str {
        &self.text
    }
    fn completion(&self) -> Option<&str> {
        self.takes.then_some(&self.text)
    }
}

impl rustyline::completion::Candidate for Candidate {
    fn display(&self) -> &str {
        &self.shown
    }
    fn replacement(&self) -> &str {
        &self.text
    }
}

impl Prompt<'_, '_> {
    /// A line that is a command: its name, and where what stands behind it begins.
    fn command<'l>(&self, line: &'l str) -> Option<(&Spec, usize, &'l str)> {
        let Input::Command(name, _) = command::parse(line) else { return None };
        let spec = self.specs.iter().find(|spec| spec.name == name)?;
        let begin = line.find(char::is_whitespace)?;
        let begin = begin + line[begin..].len() - line[begin..].trim_start().len();
        Some((spec, begin, &line[begin..]))
    }
}

impl Helper for Prompt<'_, '_> {}

impl Completer for Prompt<'_, '_> {
    type Candidate = Candidate;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Candidate>)> {
        let typed = &line[..position];
        if typed.starts_with('.') && !typed.contains(char::is_whitespace) {
            let commands = self.specs.iter().filter(|spec| spec.name.starts_with(typed)).map(|spec| {
                Candidate::shown_as(spec.name, format!("{} {}", spec.name, spec.usage).trim_end())
            });
            return Ok((0, commands.collect()));
        }
        if let Some((spec, begin, rest)) = self.command(typed) {
            let (start, candidates) = self.session.borrow().complete_argument(spec.takes, rest);
            return Ok((begin + start, candidates));
        }
        Ok(self.session.borrow().complete(line, position))
    }
}

impl Hinter for Prompt<'_, '_> {
    type Hint = Hint;

    fn hint(&self, line: &str, position: usize, context: &Context<'_>) -> Option<Hint> {
        // in the middle of a line a hint would stand over what is there
        if position < line.len() || line.is_empty() {
            return None;
        }
        if let Some(text) = self.session.borrow().hint(line, position) {
            return Some(Hint { text, takes: false });
        }
        let text = self.history.hint(line, position, context)?;
        // what has several lines would push the prompt about
        (!text.contains('\n')).then_some(Hint { text, takes: true })
    }
}

impl Highlighter for Prompt<'_, '_> {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        let colored = match command::parse(line) {
            Input::Code(_) => self.session.borrow().highlight(line),
            Input::Command(..) | Input::Shell(_) => None,
        };
        colored.map_or(Cow::Borrowed(line), Cow::Owned)
    }
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        Cow::Owned(format!("\x1b[1m{prompt}\x1b[22m"))
    }
    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(format!("\x1b[2m{hint}\x1b[22m"))
    }
    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        self.colors && kind != CmdKind::MoveCursor
    }
}

impl Validator for Prompt<'_, '_> {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let open = match command::parse(context.input()) {
            Input::Code(_) => self.session.borrow().is_incomplete(context.input()),
            Input::Command(..) | Input::Shell(_) => false,
        };
        Ok(if open { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}
