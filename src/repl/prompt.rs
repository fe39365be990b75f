//! Between rustyline and the session: completion, hints, colours, and whether an input is complete.

use std::borrow::Cow;
use std::cell::RefCell;

use rustyline::completion::Completer;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use super::command::{self, COMMANDS};
use super::session::{Candidate, Session};

pub(super) struct Prompt<'a, 's> {
    pub(super) session: &'a RefCell<&'s mut (dyn Session + 's)>,
}

impl rustyline::completion::Candidate for Candidate {
    fn display(&self) -> &str {
        &self.shown
    }
    fn replacement(&self) -> &str {
        &self.text
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
            let commands = COMMANDS
                .iter()
                .filter(|(name, ..)| name.starts_with(typed))
                .map(|(name, takes, _)| Candidate::shown_as(*name, format!("{name} {takes}").trim_end()));
            return Ok((0, commands.collect()));
        }
        if let Some(name) = typed.strip_prefix(".help ") {
            let offset = position - name.len();
            let (start, candidates) = self.session.borrow().complete(name, name.len());
            return Ok((offset + start, candidates));
        }
        Ok(self.session.borrow().complete(line, position))
    }
}

impl Hinter for Prompt<'_, '_> {
    type Hint = String;

    fn hint(&self, line: &str, position: usize, _: &Context<'_>) -> Option<String> {
        // in the middle of a line a hint would stand over what is there
        if position < line.len() || line.is_empty() {
            return None;
        }
        self.session.borrow().hint(line, position)
    }
}

impl Highlighter for Prompt<'_, '_> {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        self.session.borrow().highlight(line).map_or(Cow::Borrowed(line), Cow::Owned)
    }
    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(format!("\x1b[2m{hint}\x1b[22m"))
    }
    fn highlight_char(&self, line: &str, _: usize, kind: CmdKind) -> bool {
        kind != CmdKind::MoveCursor && self.session.borrow().highlight(line).is_some()
    }
}

impl Validator for Prompt<'_, '_> {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let input = context.input();
        let open = command::parse(input).is_none() && self.session.borrow().is_incomplete(input);
        Ok(if open { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}
