//! What `stdlib/testing.rhai` holds in its hands: a batch, its files, their tests.

use super::capture::Capture;
use super::file::dynamic;
use super::outcome::{Attempt, Outcome, Status};
use super::plan::{Part, Planned};
use super::runner::Shared;
use crate::error::{Error, Result};
use crate::event::timeline::Timeline;
use rhai::{Dynamic, Map};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Parts that run one after another on one cluster, or without one. Cheap to clone.
#[derive(Clone)]
pub struct Batch(Arc<Inner>);

struct Inner {
    planned: Planned,
    /// The cluster's name; none when there is none.
    cluster: Option<String>,
    kubeconfig: PathBuf,
    cases: Vec<Vec<Case>>,
    shared: Arc<Shared>,
    capture: Arc<Capture>,
    timeline: Option<Arc<Timeline>>,
    kept: AtomicBool,
}

/// The tests of one file in a batch.
#[derive(Clone)]
pub struct File {
    batch: Batch,
    index: usize,
    fixture: Arc<Mutex<Dynamic>>,
}

/// One test in a batch.
#[derive(Clone)]
pub struct Case(Arc<CaseInner>);

struct CaseInner {
    name: String,
    /// Its place among all outcomes.
    slot: usize,
    expired: AtomicBool,
    /// What went wrong while cleaning up after it.
    unclean: Mutex<Option<Error>>,
}

impl Batch {
    /// A batch whose tests have the outcomes from `slot` on.
    pub fn new(
        planned: Planned,
        number: usize,
        mut slot: usize,
        shared: &Arc<Shared>,
        capture: Arc<Capture>,
    ) -> Self {
        let options = &shared.options;
        let cluster = (planned.needs.scope != "none").then(|| {
            options
                .cluster
                .clone()
                .unwrap_or_else(|| format!("{}-{}-{number}", options.prefix, std::process::id()))
        });
        let cases = planned.parts.iter().map(|part| {
            let case = |index: &usize| {
                let test = &part.file.tests[*index];
                slot += 1;
                Case(Arc::new(CaseInner {
                    name: test.name.clone(),
                    slot: slot - 1,
                    expired: AtomicBool::new(false),
                    unclean: Mutex::default(),
                }))
            };
            part.tests.iter().map(case).collect()
        });
        let timeline = options.timelines.is_some().then(|| Arc::new(Timeline::new("kind test")));
        Self(Arc::new(Inner {
            cases: cases.collect(),
            kubeconfig: shared.folder.join(format!("{number}.conf")),
            planned,
            cluster,
            shared: shared.clone(),
            capture,
            timeline,
            kept: AtomicBool::new(false),
        }))
    }

    /// What it is made from.
    pub fn planned(&self) -> &Planned {
        &self.0.planned
    }
    /// What all batches share.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }
    /// Keeps what is told.
    pub fn capture(&self) -> &Arc<Capture> {
        &self.0.capture
    }
    /// Records what is done when, if somebody wants to know.
    pub fn timeline(&self) -> Option<&Arc<Timeline>> {
        self.0.timeline.as_ref()
    }
    /// The cluster's name, empty when there is none.
    pub fn cluster(&self) -> &str {
        self.0.cluster.as_deref().unwrap_or_default()
    }
    /// Where its kubeconfig lies.
    pub fn kubeconfig(&self) -> &PathBuf {
        &self.0.kubeconfig
    }
    /// Whether the cluster is the user's, and neither made nor removed.
    pub fn existing(&self) -> bool {
        self.0.shared.options.cluster.is_some()
    }
    /// What `fn cluster()` said under `key`.
    pub fn says(&self, key: &str) -> Result<Dynamic> {
        self.0.planned.needs.rest.get(key).map_or(Ok(Dynamic::UNIT), dynamic)
    }
    /// Its files.
    pub fn files(&self) -> Vec<File> {
        let file = |index| File { batch: self.clone(), index, fixture: Arc::default() };
        (0..self.0.cases.len()).map(file).collect()
    }
    /// Whether a test of it has failed.
    pub fn failed(&self) -> bool {
        let outcomes = locked(&self.0.shared.outcomes);
        self.0.cases.iter().flatten().any(|case| outcomes[case.0.slot].status == Status::Failed)
    }
    /// Whether its cluster is left for a look; remembered.
    pub fn keeps(&self) -> bool {
        let keeps = self.0.shared.options.keep && self.failed();
        if keeps && !self.0.kept.swap(true, Ordering::SeqCst) {
            locked(&self.0.shared.kept).push(self.cluster().to_owned());
        }
        keeps
    }

    /// Gives every test that has not run the reason why it never will.
    pub fn fail_rest(&self, error: &Error) {
        let output = self.0.capture.take();
        for file in self.files() {
            file.fail_rest(error, &output);
        }
    }
}

impl File {
    fn part(&self) -> &Part {
        &self.batch.0.planned.parts[self.index]
    }
    /// The batch it is in.
    pub fn batch(&self) -> &Batch {
        &self.batch
    }
    /// Its name.
    pub fn name(&self) -> String {
        self.part().file.name()
    }
    /// The compiled file.
    pub fn file(&self) -> &super::TestFile {
        &self.part().file
    }
    /// Its tests.
    pub fn cases(&self) -> &[Case] {
        &self.batch.0.cases[self.index]
    }
    /// Keeps what its set-up returned.
    pub fn set_fixture(&self, value: Dynamic) {
        *locked(&self.fixture) = value;
    }

    /// What its functions get besides the cluster.
    pub fn context(&self, case: Option<&Case>) -> Result<Map> {
        let choice = &self.part().choice;
        let image = choice.image.clone().map_or(Dynamic::UNIT, Dynamic::from);
        Ok(Map::from_iter([
            ("file".into(), self.name().into()),
            ("name".into(), case.map_or(Dynamic::UNIT, |case| case.name().to_owned().into())),
            ("image".into(), image),
            ("params".into(), dynamic(&Value::Object(choice.params.clone()))?),
            ("setup".into(), locked(&self.fixture).clone()),
        ]))
    }

    /// Gives its tests that have not run the reason why they never will.
    pub fn fail_rest(&self, error: &Error, output: &str) {
        for case in self.cases() {
            let waits = locked(&self.batch.0.shared.outcomes)[case.0.slot].status == Status::NotRun;
            if waits {
                let took = std::time::Duration::ZERO;
                let attempt = Attempt { error: Some(error.clone()), output: output.to_owned(), took };
                self.batch.record(case, attempt, Status::Failed);
            }
        }
    }

    /// Adds a failure that is no test's: of its clean-up.
    pub fn fail_besides(&self, name: &str, error: Error) {
        let part = self.part();
        let outcome = Outcome {
            file: self.name(),
            name: name.to_owned(),
            line: 1,
            choice: part.choice.suffix(),
            status: Status::Failed,
            attempts: vec![Attempt {
                error: Some(error),
                output: self.batch.0.capture.take(),
                took: std::time::Duration::ZERO,
            }],
            reason: None,
            cluster: self.batch.0.cluster.clone(),
            evidence: None,
        };
        let shared = &self.batch.0.shared;
        (shared.tell)(&outcome, false);
        locked(&shared.outcomes).push(outcome);
    }
}

impl Case {
    /// Its function.
    pub fn name(&self) -> &str {
        &self.0.name
    }
    /// Whether its time was over.
    pub fn expired(&self) -> bool {
        self.0.expired.load(Ordering::SeqCst)
    }
    /// Says whether its time is over.
    pub fn set_expired(&self, expired: bool) {
        self.0.expired.store(expired, Ordering::SeqCst);
    }
    /// Remembers what went wrong while cleaning up.
    pub fn set_unclean(&self, error: Error) {
        locked(&self.0.unclean).get_or_insert(error);
    }
    /// What went wrong while cleaning up; forgotten then.
    pub fn take_unclean(&self) -> Option<Error> {
        locked(&self.0.unclean).take()
    }
}

impl Batch {
    /// What is known of a test so far.
    pub fn outcome(&self, case: &Case) -> Outcome {
        locked(&self.0.shared.outcomes)[case.0.slot].clone()
    }

    /// Where evidence of a test goes; not made yet.
    pub fn evidence(&self, case: &Case) -> Result<PathBuf> {
        let outcome = self.outcome(case);
        let root = self.0.shared.evidence()?;
        Ok(root.join(slug(&outcome.file)).join(slug(&outcome.full_name())))
    }

    /// Adds a try, tells of it, and says whether another one follows.
    pub fn record(&self, case: &Case, attempt: Attempt, status: Status) -> bool {
        let shared = &self.0.shared;
        let (outcome, again) = {
            let mut outcomes = locked(&shared.outcomes);
            let outcome = &mut outcomes[case.0.slot];
            if status == Status::Skipped {
                outcome.reason = attempt.error.as_ref().map(|error| error.message().to_owned());
            }
            let ran = !attempt.took.is_zero();
            outcome.attempts.push(attempt);
            let again = ran && status == Status::Failed && outcome.attempts.len() <= shared.options.retries;
            outcome.status =
                if status == Status::Passed && outcome.attempts.len() > 1 { Status::Flaky } else { status };
            outcome.cluster.clone_from(&self.0.cluster);
            (outcome.clone(), again)
        };
        (shared.tell)(&outcome, again);
        again
    }

    /// Remembers where evidence of a test is.
    pub fn has_evidence(&self, case: &Case, folder: Option<PathBuf>) {
        locked(&self.0.shared.outcomes)[case.0.slot].evidence = folder;
    }

    /// Adds what a failed try wrote to its evidence, if there is any.
    pub fn add_output(&self, case: &Case, output: &str) -> Result<()> {
        match self.outcome(case).evidence {
            Some(folder) if folder.is_dir() => {
                crate::host::fs::write(&folder.join("output.txt"), output.as_bytes(), 0o600)
            }
            _ => {
                self.has_evidence(case, None);
                Ok(())
            }
        }
    }

    /// Writes the timeline of the step of a test's try.
    pub fn write_timeline(&self, case: &Case, step: crate::event::StepId) -> Result<()> {
        let (Some(folder), Some(timeline)) = (&self.0.shared.options.timelines, &self.0.timeline) else {
            return Ok(());
        };
        let outcome = self.outcome(case);
        let title = format!("{} › {}", outcome.file, outcome.full_name());
        let tries = if outcome.attempts.len() > 1 {
            format!("-try{}", outcome.attempts.len())
        } else {
            String::new()
        };
        let Some(part) = timeline.record().part(step, title) else { return Ok(()) };
        let name = format!("{}-{}{tries}.html", slug(&outcome.file), slug(&outcome.full_name()));
        crate::event::timeline::write(&part, &folder.join(name))
    }
}

/// A name that can be a file's.
fn slug(text: &str) -> String {
    let text = text.trim_end_matches(".rhai");
    let plain: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() || "._=-".contains(c) { c } else { '-' }).collect();
    plain.trim_matches(['-', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn names_of_folders_stay_in_their_folder() {
        assert_eq!(slug("../a b/c_test.rhai"), "a-b-c_test");
        assert_eq!(slug("test_x [image=kindest/node:v1]"), "test_x--image=kindest-node-v1");
    }
}
