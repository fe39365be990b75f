//! `JUnit` XML, one suite for each file.

use crate::error::{Error, Result};
use crate::script::testing::{Attempt, Outcome, Status, Summary};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestRerun, TestSuite};

/// The report as XML.
pub fn junit(summary: &Summary) -> Result<String> {
    let mut report = Report::new("kind test");
    report.set_time(summary.took);
    let mut files: Vec<&str> = Vec::new();
    for outcome in &summary.outcomes {
        if !files.contains(&outcome.file.as_str()) {
            files.push(&outcome.file);
        }
    }
    for file in files {
        let mut suite = TestSuite::new(file);
        let mut time = std::time::Duration::ZERO;
        for outcome in summary.outcomes.iter().filter(|outcome| outcome.file == file) {
            time += outcome.took();
            suite.add_test_case(case(outcome));
        }
        suite.set_time(time);
        report.add_test_suite(suite);
    }
    report
        .to_string()
        .map_err(|e| Error::internal("junit", "the results cannot be written as JUnit XML").because(e))
}

fn case(outcome: &Outcome) -> TestCase {
    let (last, before) = match outcome.attempts.split_last() {
        Some((last, before)) => (Some(last), before),
        None => (None, &[][..]),
    };
    let reruns = |status: &mut TestCaseStatus| {
        for attempt in before {
            let mut rerun = TestRerun::new(NonSuccessKind::Failure);
            rerun.set_time(attempt.took).set_system_out(attempt.output.as_str());
            if let Some(error) = &attempt.error {
                rerun.set_type(error.code()).set_message(error.message()).set_description(text(attempt));
            }
            status.add_rerun(rerun);
        }
    };
    let mut status = match outcome.status {
        Status::Passed | Status::Flaky => TestCaseStatus::success(),
        Status::Skipped | Status::NotRun => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(outcome.reason.as_deref().unwrap_or("the run was interrupted"));
            status
        }
        Status::Failed => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            if let Some((error, attempt)) = outcome.error().zip(last) {
                status.set_type(error.code()).set_message(error.message()).set_description(text(attempt));
            }
            status
        }
    };
    reruns(&mut status);
    let mut case = TestCase::new(outcome.full_name(), status);
    case.set_classname(outcome.file.as_str()).set_time(outcome.took());
    if let Some(last) = last {
        case.set_system_out(last.output.as_str());
    }
    if let Some(folder) = &outcome.evidence {
        case.add_property(("evidence", folder.display().to_string().as_str()));
    }
    case
}

/// The failure as people read it in a terminal.
fn text(attempt: &Attempt) -> String {
    let shown = attempt.error.as_ref().map(|error| crate::cli::report::text(error, 0)).unwrap_or_default();
    anstream::adapter::strip_str(&shown).to_string()
}
