//! Results for people. That a test begins and ends is told by its step; here is what steps cannot say.

use crate::host::fs;
use crate::script::testing::{Outcome, Status, Summary};
use std::fmt::Write as _;

/// Why a test failed, after its step has ended so and has shown the last lines that it wrote.
pub fn failure(outcome: &Outcome, again: bool) -> String {
    let mut text = String::new();
    if let Some(error) = outcome.error() {
        text.push_str(&crate::cli::report::text(error, 0));
    }
    if !again && let Some(folder) = &outcome.evidence {
        // a String takes whatever is written
        let _ = writeln!(text, "  evidence: {}", fs::shown(folder));
    }
    text.lines().map(|line| format!("   {line}\n")).collect()
}

/// The last words: what failed, what is left, how many of what.
pub fn summary(summary: &Summary) -> String {
    let mut text = String::new();
    let listed = [Status::Failed, Status::Flaky, Status::Skipped];
    for outcome in summary.outcomes.iter().filter(|outcome| listed.contains(&outcome.status)) {
        let why = match outcome.status {
            Status::Flaky => format!("  passed at try {}", outcome.attempts.len()),
            Status::Skipped => {
                outcome.reason.as_ref().map(|reason| format!("  {reason}")).unwrap_or_default()
            }
            _ => String::new(),
        };
        let (file, line) = outcome.place();
        // a String takes whatever is written
        let _ = writeln!(text, "{:>8}  {file}:{line}  {}{why}", outcome.status.as_str(), outcome.full_name());
    }
    for name in &summary.kept {
        let _ = writeln!(
            text,
            "    kept  cluster {name}: kind export kubeconfig --name {name} to look at it, kind delete cluster --name \
             {name} to remove it"
        );
    }
    let mut counts = Vec::new();
    for status in [Status::Passed, Status::Flaky, Status::Failed, Status::Skipped, Status::NotRun] {
        let count = summary.count(status);
        if count > 0 || status == Status::Passed {
            counts.push(format!("{count} {}", status.as_str()));
        }
    }
    let _ = write!(text, "{} in {:.1}s", counts.join(", "), summary.took.as_secs_f64());
    text
}
