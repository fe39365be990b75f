//! What the prompt needs from whatever evaluates the lines.

use std::path::Path;
use std::sync::Arc;

use crate::error::Result;

/// Cancels what a session evaluates at the moment; called from another thread, and harmless when nothing runs.
pub type Cancel = Arc<dyn Fn() + Send + Sync>;

/// Something that could stand at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What is put into the line.
    pub text: String,
    /// What is shown in the list, such as the name with its parameters.
    pub shown: String,
}

impl Candidate {
    /// A candidate that is shown as it is inserted.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { shown: text.clone(), text }
    }
    /// A candidate that is shown as `shown`.
    pub fn shown_as(text: impl Into<String>, shown: impl Into<String>) -> Self {
        Self { text: text.into(), shown: shown.into() }
    }
}

/// Evaluates what is typed, and keeps the values from one line to the next.
pub trait Session {
    /// Evaluates a complete input, one or more lines. The value as text for people; `None` when there is nothing to
    /// show. An error leaves the session as usable as before; [`crate::Error::exit`] ends the prompt.
    fn eval(&mut self, text: &str) -> Result<Option<String>>;

    /// Evaluates a file as if it had been typed.
    fn load(&mut self, file: &Path) -> Result<Option<String>>;

    /// Whether `text` is the beginning of an input that needs more lines: an open bracket, string or comment.
    fn is_incomplete(&self, text: &str) -> bool;

    /// What could stand at byte `position` of `line`: where the word begins, and the candidates. Called while a key
    /// is handled, so it must answer within 50 ms and must not fail.
    fn complete(&self, line: &str, position: usize) -> (usize, Vec<Candidate>);

    /// What is shown dimmed behind the cursor, such as a function's parameters.
    fn hint(&self, line: &str, position: usize) -> Option<String> {
        let _ = (line, position);
        None
    }

    /// The line with colours as escape codes that take no room; `None` leaves it as it is.
    fn highlight(&self, line: &str) -> Option<String> {
        let _ = line;
        None
    }

    /// Help on a name, or what there is.
    fn help(&self, name: Option<&str>) -> Result<String>;

    /// What the prompt shows before what is typed.
    fn prompt(&self) -> String {
        "kind> ".to_owned()
    }

    /// What is told when the prompt opens.
    fn greeting(&self) -> Option<String> {
        Some("Tab completes, .help tells what there is, Ctrl-D leaves".to_owned())
    }

    /// What an empty input means; nothing, unless this says otherwise.
    fn on_empty(&self) -> Option<&str> {
        None
    }

    /// Whether the last input has ended the session.
    fn is_over(&self) -> bool {
        false
    }

    /// What cancels a running [`Session::eval`].
    fn cancel(&self) -> Cancel;
}
