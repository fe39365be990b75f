//! What the prompt needs from whatever evaluates the lines.

use std::path::Path;
use std::sync::Arc;

use crate::error::Result;
use crate::event::Stream;

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

/// What a command of the prompt takes, for completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Nothing, or what nobody can guess.
    Nothing,
    /// Code of the session's language.
    Code,
    /// A file of this machine.
    File,
    /// A name of the API or of the library.
    Name,
    /// A script of the library, or a function in one.
    Script,
    /// A node.
    Node,
    /// A cluster.
    Cluster,
}

/// A command of the prompt: a dot and a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    /// Its name with the dot.
    pub name: &'static str,
    /// What stands behind it, as help shows it.
    pub usage: &'static str,
    /// What it does, for the list.
    pub does: &'static str,
    /// What stands behind it, for completion.
    pub takes: Takes,
}

/// Where output goes that is written while it comes, such as that of a command on a node.
pub struct Output<'a> {
    /// Writes bytes as they are.
    pub write: &'a (dyn Fn(Stream, &[u8]) + Send + Sync),
    /// Whether somebody sits at a terminal.
    pub interactive: bool,
}

/// Evaluates what is typed, and keeps the values from one line to the next.
pub trait Session {
    /// Evaluates a complete input, one or more lines. The value as text for people; `None` when there is nothing to
    /// show. An error leaves the session as usable as before; [`crate::Error::exit`] ends the prompt.
    fn eval(&mut self, text: &str) -> Result<Option<String>>;

    /// Evaluates a file as if it had been typed.
    fn load(&mut self, file: &Path) -> Result<Option<String>>;

    /// Commands that this session has besides the prompt's own.
    fn commands(&self) -> Vec<Spec> {
        Vec::new()
    }

    /// Runs one of [`Session::commands`] with what stands behind its name; what it shows.
    fn command(&mut self, name: &str, rest: &str, output: &Output<'_>) -> Result<Option<String>>;

    /// Runs a command line of a shell, the one behind a `!`.
    fn shell_line(&mut self, line: &str, output: &Output<'_>) -> Result<()>;

    /// What stands in front of the cursor.
    fn prompt(&self) -> String;

    /// What is told when the prompt opens.
    fn greeting(&self) -> Option<String> {
        None
    }

    /// What an empty input means; nothing, unless this says otherwise.
    fn on_empty(&self) -> Option<&str> {
        None
    }

    /// Whether the session takes this input itself, even where the prompt has a command that is called so.
    fn claims(&self, input: &str) -> bool {
        let _ = input;
        false
    }

    /// Whether the last input has ended the session.
    fn is_over(&self) -> bool {
        false
    }

    /// Whether `text` is the beginning of an input that needs more lines: an open bracket, string or comment.
    fn is_incomplete(&self, text: &str) -> bool;

    /// What could stand at byte `position` of `line`: where the word begins, and the candidates. Called while a key
    /// is handled, so it must answer within 50 ms and must not fail.
    fn complete(&self, line: &str, position: usize) -> (usize, Vec<Candidate>);

    /// The same for what stands behind a command's name.
    fn complete_argument(&self, takes: Takes, text: &str) -> (usize, Vec<Candidate>) {
        let _ = takes;
        self.complete(text, text.len())
    }

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

    /// What cancels a running [`Session::eval`] or [`Session::command`].
    fn cancel(&self) -> Cancel;
}
