//! One thing that is wrong, and one name with what it stands for.

use super::Text;
use crate::script::{Record, Type};
use std::ops::Range;
use std::sync::Arc;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It would fail.
    Error,
    /// It runs, and is hardly what was meant.
    Warning,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What sort of thing, such as `unknown-function`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// The bytes of the text that it is about.
    pub span: Range<usize>,
    /// Words under them; may be empty.
    pub label: String,
    /// What to do.
    pub hint: Option<String>,
    /// Line and column, both from 1.
    pub line: usize,
    /// See `line`; in characters.
    pub column: usize,
}

impl Finding {
    /// A finding about `span` of `text`.
    pub fn new(
        text: &Text,
        severity: Severity,
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> Self {
        let (line, column) = text.place(span.start);
        let message = message.into();
        Self {
            severity,
            code,
            message,
            span,
            label: String::new(),
            hint: None,
            line: line + 1,
            column: column + 1,
        }
    }
    /// Puts words under the place.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }
    /// Says what to do.
    pub fn hint(mut self, hint: Option<impl Into<String>>) -> Self {
        self.hint = hint.map(Into::into);
        self
    }
    /// `line:column`
    pub fn place(&self) -> String {
        format!("{}:{}", self.line, self.column)
    }
}

/// A name in a text and what it stands for.
#[derive(Debug, Clone)]
pub struct Use {
    /// The name's bytes.
    pub span: Range<usize>,
    /// What it stands for.
    pub target: Target,
}

/// What a name stands for.
#[derive(Debug, Clone)]
pub enum Target {
    /// A variable, constant or parameter, made here.
    Variable(Range<usize>, String),
    /// A function of a script: its text, where its name stands there, and its number in it.
    Function(Arc<Text>, Range<usize>, Arc<super::Function>),
    /// A module that is a script.
    Module(Arc<Text>),
    /// A function of the API.
    Record(&'static Record),
}

/// What stands for the cursor in a text that is looked through for what could stand there.
pub const CURSOR: &str = "cursor_is_here";

/// What could stand at the cursor.
#[derive(Debug, Clone)]
pub enum Cursor {
    /// A property or method of a value of this type.
    Member(Type),
    /// Something in a module: the name it has here, and the script that it is, if it is one.
    Module(String, Option<Arc<super::Parsed>>),
    /// A key of the map that this function takes.
    Key(&'static Record),
    /// A name.
    Name {
        /// Variables with their types.
        variables: Vec<(String, Type)>,
        /// Imported modules.
        modules: Vec<String>,
    },
}
