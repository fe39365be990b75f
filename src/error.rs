//! The one error type of the library: what kind it is, what happened, why, and what to do next.
//!
//! An error is put together where it is found and rendered once, at the edge (`cli::printer`, or as a
//! map for a script that catches it). Nothing here prints.

use std::fmt;
use std::sync::Arc;

/// What an operation of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Who has to act on an error; decides the exit code and the word in front of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Arguments or environment are wrong; the user can mend it.
    User,
    /// The cluster's configuration is wrong.
    Config,
    /// The container engine refused, failed or cannot be reached.
    Engine,
    /// Something inside a node failed.
    Node,
    /// The Kubernetes API, kubeadm or the kubelet failed.
    Kubernetes,
    /// A script is wrong, or threw.
    Script,
    /// The run was cancelled (Ctrl-C, or a time limit of the caller).
    Cancelled,
    /// A defect of this program.
    Internal,
}

impl Kind {
    /// The word used in machine-readable output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Config => "config",
            Self::Engine => "engine",
            Self::Node => "node",
            Self::Kubernetes => "kubernetes",
            Self::Script => "script",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }
}

/// Where an error happened and what the failing command said; every part may be absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// Name of the node.
    pub node: Option<String>,
    /// The command line, quoted for a shell.
    pub command: Option<String>,
    /// Its exit code.
    pub exit_code: Option<i64>,
    /// What it wrote to standard output.
    pub stdout: Option<String>,
    /// What it wrote to standard error.
    pub stderr: Option<String>,
    /// A place in a file: `path:line:column`, possibly followed by the call chain, one place a line.
    pub place: Option<String>,
}

/// An error with its cause chain and hints. Cheap to clone.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: Kind,
    code: String,
    message: String,
    hints: Vec<String>,
    context: Context,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    exit: Option<i32>,
}

impl Error {
    /// An error of `kind` with a stable `code` (such as `engine.unreachable`) that scripts can match,
    /// and a lower-case message that reads after "error:".
    pub fn new(kind: Kind, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            code: code.into(),
            message: message.into(),
            hints: Vec::new(),
            context: Context::default(),
            source: None,
            exit: None,
        }))
    }

    /// [`Kind::User`]
    pub fn user(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Kind::User, code, message)
    }
    /// [`Kind::Config`]
    pub fn config(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Kind::Config, code, message)
    }
    /// [`Kind::Engine`]
    pub fn engine(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Kind::Engine, code, message)
    }
    /// [`Kind::Node`]
    pub fn node(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Kind::Node, code, message)
    }
    /// [`Kind::Kubernetes`]
    pub fn kubernetes(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Kind::Kubernetes, code, message)
    }
    /// [`Kind::Script`]
    pub fn script(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Kind::Script, code, message)
    }
    /// [`Kind::Internal`]
    pub fn internal(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Kind::Internal, code, message)
    }
    /// The run was cancelled.
    pub fn cancelled() -> Self {
        Self::new(Kind::Cancelled, "cancelled", "interrupted")
    }
    /// A script asked to end the program with this exit code, saying nothing.
    pub fn exit(code: i32) -> Self {
        let mut error = Self::new(Kind::Script, "exit", format!("the script ended with exit({code})"));
        error.inner().exit = Some(code);
        error
    }

    fn inner(&mut self) -> &mut Inner {
        Arc::make_mut(&mut self.0)
    }

    /// Adds what the reader can do next.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.inner().hints.push(hint.into());
        self
    }
    /// Sets the cause.
    pub fn because(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.inner().source = Some(Arc::new(source));
        self
    }
    /// Sets the node's name.
    pub fn on_node(mut self, node: impl Into<String>) -> Self {
        self.inner().context.node = Some(node.into());
        self
    }
    /// Sets the place in a file.
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.inner().context.place = Some(place.into());
        self
    }
    /// Sets the whole context.
    pub fn with_context(mut self, context: Context) -> Self {
        self.inner().context = context;
        self
    }
    /// The same error with another message in front: `message: old message`.
    pub fn while_(mut self, doing: impl fmt::Display) -> Self {
        let message = format!("{doing}: {}", self.0.message);
        self.inner().message = message;
        self
    }

    /// Who has to act.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }
    /// The stable code.
    pub fn code(&self) -> &str {
        &self.0.code
    }
    /// The message alone.
    pub fn message(&self) -> &str {
        &self.0.message
    }
    /// What to do next.
    pub fn hints(&self) -> &[String] {
        &self.0.hints
    }
    /// Where it happened.
    pub fn context(&self) -> &Context {
        &self.0.context
    }
    /// Messages of the causes, nearest first, without those the message already ends with.
    pub fn causes(&self) -> Vec<String> {
        let mut causes = Vec::new();
        let mut last = self.0.message.clone();
        let mut next: Option<&dyn std::error::Error> = std::error::Error::source(self);
        while let Some(cause) = next {
            let text = cause.to_string();
            if !last.ends_with(&text) {
                causes.push(text.clone());
            }
            last = text;
            next = cause.source();
        }
        causes
    }
    /// The code the program ends with: 130 when interrupted, the script's own with `exit(n)`, else 1.
    /// Wrong usage is found while arguments are parsed and never becomes an `Error`.
    pub fn exit_code(&self) -> i32 {
        match (self.0.exit, self.0.kind) {
            (Some(code), _) => code,
            (None, Kind::Cancelled) => 130,
            (None, _) => 1,
        }
    }
    /// Whether a script asked for this end with `exit(n)`.
    pub fn is_exit(&self) -> bool {
        self.0.exit.is_some()
    }
    /// Whether the run was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.kind == Kind::Cancelled
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.0.message, self.0.code)?;
        for cause in self.causes() {
            write!(f, "\n  because: {cause}")?;
        }
        for hint in &self.0.hints {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|e| e as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_listed_once_and_in_order() {
        let inner = Error::engine("a", "the socket is closed");
        let outer = Error::node("b", "cannot start").because(inner).hint("try again");
        assert_eq!(outer.causes(), ["the socket is closed"]);
        assert_eq!(outer.exit_code(), 1);
        assert_eq!(Error::cancelled().exit_code(), 130);
        assert_eq!(Error::exit(7).exit_code(), 7);
    }
}
