//! Answers to commands.

use crate::engine::{ExecResult, ExecSpec};
use crate::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Container, command and standard input.
type Test = Arc<dyn Fn(&str, &ExecSpec, &[u8]) -> bool + Send + Sync>;
type Make = Arc<dyn Fn(&str, &ExecSpec, &[u8]) -> ExecResult + Send + Sync>;

/// Which commands a rule is for.
#[derive(Clone)]
pub struct Matcher(Test);

impl Matcher {
    /// Every command.
    pub fn any() -> Self {
        Self::custom(|_, _, _| true)
    }

    /// Commands that begin with these words: `["kubeadm", "init"]`.
    pub fn command<S: Into<String>>(words: impl IntoIterator<Item = S>) -> Self {
        let words: Vec<String> = words.into_iter().map(Into::into).collect();
        Self::custom(move |_, spec, _| spec.command.starts_with(&words))
    }

    /// Commands with a word that contains this text, such as a part of a shell's script.
    pub fn mentions(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::custom(move |_, spec, _| spec.command.iter().any(|word| word.contains(&text)))
    }

    /// Whatever `test` says of container, command and standard input.
    pub fn custom(test: impl Fn(&str, &ExecSpec, &[u8]) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(test))
    }

    /// The same, in one container only.
    pub fn on(self, container: impl Into<String>) -> Self {
        let container = container.into();
        Self::custom(move |name, spec, stdin| name == container && (self.0)(name, spec, stdin))
    }

    pub(super) fn matches(&self, container: &str, spec: &ExecSpec, stdin: &[u8]) -> bool {
        (self.0)(container, spec, stdin)
    }
}

impl fmt::Debug for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Matcher")
    }
}

/// What a command does.
#[derive(Clone)]
pub struct Answer {
    pub(super) make: Result<Make, Error>,
    pub(super) takes: Duration,
}

impl Answer {
    /// Ends with `code` after writing this.
    pub fn new(code: i64, stdout: impl Into<Vec<u8>>, stderr: impl Into<Vec<u8>>) -> Self {
        let result = ExecResult { code, stdout: stdout.into(), stderr: stderr.into() };
        Self::custom(move |_, _, _| result.clone())
    }

    /// Ends well after writing this.
    pub fn ok(stdout: impl Into<Vec<u8>>) -> Self {
        Self::new(0, stdout, "")
    }

    /// Works its answer out from container, command and standard input.
    pub fn custom(make: impl Fn(&str, &ExecSpec, &[u8]) -> ExecResult + Send + Sync + 'static) -> Self {
        Self { make: Ok(Arc::new(make)), takes: Duration::ZERO }
    }

    /// The engine fails to run it.
    pub fn fail(error: Error) -> Self {
        Self { make: Err(error), takes: Duration::ZERO }
    }

    /// The same after some time; a shorter time limit kills it.
    pub fn after(mut self, time: Duration) -> Self {
        self.takes = time;
        self
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer")
    }
}

/// A matcher, its answer, and how often it may still be given.
pub(super) struct Rule {
    pub matcher: Matcher,
    pub answer: Answer,
    pub left: Option<u32>,
}
