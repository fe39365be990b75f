//! What came of a test.

use crate::error::Error;
use serde::Serialize;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// At the first try.
    Passed,
    /// At a later try.
    Flaky,
    /// At no try.
    Failed,
    /// It called `skip`.
    Skipped,
    /// The run was interrupted before its end.
    NotRun,
}

impl Status {
    /// The word used everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Flaky => "flaky",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::NotRun => "not run",
        }
    }
}

/// One try.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Why it failed, when it did.
    pub error: Option<Error>,
    /// What was written meanwhile: by commands, `print` and `log`; the last lines of it.
    pub output: String,
    /// How long it took.
    pub took: Duration,
}

/// A test with all its tries.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Its file.
    pub file: String,
    /// Its function.
    pub name: String,
    /// The line of its function.
    pub line: usize,
    /// The combination, as ` [key=value]`; may be empty.
    pub choice: String,
    /// How it ended.
    pub status: Status,
    /// Its tries, in order.
    pub attempts: Vec<Attempt>,
    /// Why it was skipped.
    pub reason: Option<String>,
    /// The cluster it ran on.
    pub cluster: Option<String>,
    /// The folder with what was collected when it failed.
    pub evidence: Option<PathBuf>,
}

impl Outcome {
    /// Its name for people and for filters, without the file.
    pub fn full_name(&self) -> String {
        format!("{}{}", self.name, self.choice)
    }
    /// The error that counts: of the last try.
    pub fn error(&self) -> Option<&Error> {
        self.attempts.last().and_then(|attempt| attempt.error.as_ref())
    }
    /// How long all tries took.
    pub fn took(&self) -> Duration {
        self.attempts.iter().map(|attempt| attempt.took).sum()
    }
    /// File and line of what failed, as far as it lies in the test's file; the test's own line otherwise.
    pub fn place(&self) -> (&str, usize) {
        let inside = self.error().and_then(|error| {
            let place = error.context().place.as_deref()?;
            // the innermost place first, then who called it
            place.lines().find_map(|line| {
                let at = line.find(&self.file)?;
                let rest = line[at + self.file.len()..].strip_prefix(':')?;
                rest.split(':').next()?.trim().parse().ok()
            })
        });
        (&self.file, inside.unwrap_or(self.line))
    }
    fn value(&self) -> Value {
        let attempt = |attempt: &Attempt| {
            json!({
                "seconds": attempt.took.as_secs_f64(),
                "error": attempt.error.as_ref().map(|error| json!({
                    "code": error.code(), "message": error.message(), "hints": error.hints(),
                    "causes": error.causes(), "place": error.context().place,
                })),
                "output": attempt.output,
            })
        };
        json!({
            "file": self.file, "name": self.full_name(), "line": self.line, "status": self.status,
            "seconds": self.took().as_secs_f64(), "reason": self.reason, "cluster": self.cluster,
            "evidence": self.evidence, "attempts": self.attempts.iter().map(attempt).collect::<Vec<_>>(),
        })
    }
}

/// All that was run.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// In the order they were planned.
    pub outcomes: Vec<Outcome>,
    /// How long it took.
    pub took: Duration,
    /// Clusters that were left for a look.
    pub kept: Vec<String>,
    /// Whether it was interrupted.
    pub interrupted: bool,
}

impl Summary {
    /// How many ended so.
    pub fn count(&self, status: Status) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.status == status).count()
    }
    /// Whether nothing failed.
    pub fn is_good(&self) -> bool {
        self.count(Status::Failed) == 0 && !self.interrupted
    }
    /// For machines.
    pub fn value(&self) -> Value {
        let statuses = [Status::Passed, Status::Flaky, Status::Failed, Status::Skipped, Status::NotRun];
        let counts: serde_json::Map<String, Value> = statuses
            .into_iter()
            .map(|status| (status.as_str().replace(' ', "_"), self.count(status).into()))
            .collect();
        json!({
            "seconds": self.took.as_secs_f64(), "interrupted": self.interrupted, "counts": counts,
            "kept_clusters": self.kept, "tests": self.outcomes.iter().map(Outcome::value).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_the_innermost_line_of_the_tests_own_file() {
        let error = Error::script("assertion", "no").at(
            "std/x.rhai:3:1\n    3 | x\n      | ^\nin a, called from my_test.rhai:12:5\nin test_a, called from my_test.rhai:7:1",
        );
        let attempt = Attempt { error: Some(error), output: String::new(), took: Duration::from_secs(1) };
        let outcome = Outcome {
            file: "my_test.rhai".to_owned(),
            name: "test_a".to_owned(),
            line: 6,
            choice: " [a=1]".to_owned(),
            status: Status::Failed,
            attempts: vec![attempt],
            reason: None,
            cluster: None,
            evidence: None,
        };
        assert_eq!(outcome.place(), ("my_test.rhai", 12));
        let summary = Summary { outcomes: vec![outcome], ..Summary::default() };
        assert!(!summary.is_good());
        let value = summary.value();
        assert_eq!(value["counts"]["failed"], 1);
        assert_eq!(value["tests"][0]["name"], "test_a [a=1]");
        assert_eq!(value["tests"][0]["attempts"][0]["error"]["code"], "assertion");
    }
}
