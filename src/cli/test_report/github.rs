//! Workflow commands: GitHub shows each failure at its line.

use crate::script::testing::{Outcome, Status, Summary};
use std::fmt::Write as _;

/// An error for each failed test, a warning for each flaky one; a line each.
pub fn annotations(summary: &Summary) -> String {
    let mut text = String::new();
    for outcome in &summary.outcomes {
        let (command, what) = match outcome.status {
            Status::Failed => ("error", "failed"),
            Status::Flaky => ("warning", "is flaky"),
            _ => continue,
        };
        let (file, line) = outcome.place();
        let title = property(&format!("{} {what}", outcome.full_name()));
        // a String takes whatever is written
        let _ = writeln!(
            text,
            "::{command} file={},line={line},title={title}::{}",
            property(file),
            data(&why(outcome))
        );
    }
    text
}

fn why(outcome: &Outcome) -> String {
    let failed = outcome.attempts.iter().rev().find_map(|attempt| attempt.error.as_ref());
    let message = failed.map_or("", |error| error.message());
    match &outcome.evidence {
        Some(folder) => format!("{message}\nevidence: {}", folder.display()),
        None => message.to_owned(),
    }
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_command_is_escaped() {
        assert_eq!(data("50%\nof it: a, b"), "50%25%0Aof it: a, b");
        assert_eq!(property("a: b, c"), "a%3A b%2C c");
    }
}
