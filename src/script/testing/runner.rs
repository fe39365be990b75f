//! Runs a plan: several batches at a time, each with a host of its own.

use super::batch::Batch;
use super::capture::Capture;
use super::natives;
use super::outcome::{Outcome, Status, Summary};
use super::plan::{Plan, Planned};
use crate::error::{Error, Result};
use crate::event::timeline::Timeline;
use crate::event::{Bus, Sink};
use crate::host::fs;
use crate::script::{Host, Run, RunOptions, on_script_thread};
use rhai::Dynamic;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What the user asked for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How many batches run at the same time.
    pub jobs: usize,
    /// How often a failing test is tried again.
    pub retries: usize,
    /// How long one try, a set-up or a clean-up may take.
    pub limit: Duration,
    /// Whether clusters of failed tests are left.
    pub keep: bool,
    /// A cluster that is there already, for all tests that need one.
    pub cluster: Option<String>,
    /// What names of clusters begin with.
    pub prefix: String,
    /// Where evidence goes; a new temporary folder when none.
    pub evidence: Option<PathBuf>,
    /// Where a timeline of each test goes.
    pub timelines: Option<PathBuf>,
    /// What the tests may do, and where the standard library is.
    pub run: RunOptions,
}

/// Told of each try: what is known of the test then, and whether it is tried again.
pub type Tell = Arc<dyn Fn(&Outcome, bool) + Send + Sync>;

/// What all batches share.
pub struct Shared {
    /// What the user asked for.
    pub options: Options,
    /// All tests, in the order of the plan.
    pub outcomes: Mutex<Vec<Outcome>>,
    /// Clusters that were left.
    pub kept: Mutex<Vec<String>>,
    /// Kubeconfigs of the clusters.
    pub folder: PathBuf,
    /// Told of each try.
    pub tell: Tell,
    evidence: Mutex<Option<PathBuf>>,
}

impl Shared {
    /// The folder for evidence; made when first asked for.
    pub fn evidence(&self) -> Result<PathBuf> {
        let mut slot = lock(&self.evidence);
        if let Some(folder) = &*slot {
            return Ok(folder.clone());
        }
        let folder = match &self.options.evidence {
            Some(folder) => folder.clone(),
            None => tempfile::Builder::new()
                .prefix("kind-test-evidence-")
                .tempdir()
                .map_err(|e| Error::user("file.temporary", "cannot make a temporary folder").because(e))?
                .keep(),
        };
        fs::create_dir_all(&folder)?;
        *slot = Some(folder.clone());
        Ok(folder)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ctrl-C for all runs at once.
#[derive(Default)]
pub struct Interrupts {
    runs: Mutex<Vec<Arc<Run>>>,
    asked: AtomicBool,
}

impl Interrupts {
    /// Interrupts every run; again, their clean-up too. Says whether there was something to end.
    pub fn interrupt(&self) -> bool {
        let first = !self.asked.swap(true, Ordering::SeqCst);
        let mut any = first;
        for run in lock(&self.runs).iter() {
            any |= run.interrupt();
        }
        any
    }
    /// Whether it was asked for.
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Where it is told and recorded.
pub struct Listeners {
    /// Steps and calls of all batches are counted together by it.
    pub bus: Bus,
    /// What people look at.
    pub terminal: Option<Arc<dyn Sink>>,
    /// Records the whole.
    pub timeline: Option<Arc<Timeline>>,
}

/// Runs it all; returns when the last clean-up is done.
pub fn run(
    runtime: &tokio::runtime::Handle,
    listeners: &Listeners,
    plan: &Plan,
    options: Options,
    interrupts: &Interrupts,
    tell: Tell,
) -> Result<Summary> {
    let since = Instant::now();
    let folder = tempfile::Builder::new()
        .prefix("kind-test-")
        .tempdir()
        .map_err(|e| Error::user("file.temporary", "cannot make a temporary folder").because(e))?;
    let waiting = plan.tests().map(|(file, test, choice)| Outcome {
        file: file.name(),
        name: test.name.clone(),
        line: test.line,
        choice: choice.suffix(),
        status: Status::NotRun,
        attempts: Vec::new(),
        reason: None,
        cluster: None,
        evidence: None,
    });
    let shared = Arc::new(Shared {
        outcomes: Mutex::new(waiting.collect()),
        kept: Mutex::default(),
        folder: folder.path().to_owned(),
        tell,
        evidence: Mutex::default(),
        options,
    });
    let next = AtomicUsize::new(0);
    let starts: Vec<usize> = plan
        .batches
        .iter()
        .scan(0, |slot, batch| {
            let start = *slot;
            *slot += batch.parts.iter().map(|part| part.tests.len()).sum::<usize>();
            Some(start)
        })
        .collect();
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::SeqCst);
            let Some(planned) = plan.batches.get(index).filter(|_| !interrupts.asked()) else { return };
            one(runtime, listeners, planned, index + 1, starts[index], &shared, interrupts);
        }
    };
    std::thread::scope(|threads| {
        for _ in 0..shared.options.jobs.clamp(1, plan.batches.len().max(1)) {
            threads.spawn(work);
        }
    });
    let mut kept = lock(&shared.kept).clone();
    kept.sort();
    let outcomes = lock(&shared.outcomes).clone();
    Ok(Summary { outcomes, took: since.elapsed(), kept, interrupted: interrupts.asked() })
}

/// The folder that holds all files of a batch, for what they may touch of this machine. Files from all over it have
/// none.
fn common_folder(planned: &Planned) -> Option<PathBuf> {
    let mut folders = planned.parts.iter().map(|part| fs::canonical(&part.file.folder()));
    let mut common = folders.next()?.ok()?;
    let first = common.clone();
    for folder in folders {
        let folder = folder.ok()?;
        while !folder.starts_with(&common) {
            common.pop();
        }
    }
    let here = std::env::current_dir().ok()?;
    (common == first || common.starts_with(here)).then_some(common)
}

fn one(
    runtime: &tokio::runtime::Handle,
    listeners: &Listeners,
    planned: &Planned,
    number: usize,
    slot: usize,
    shared: &Arc<Shared>,
    interrupts: &Interrupts,
) {
    let capture = Arc::new(Capture::new(listeners.terminal.clone()));
    let batch = Batch::new(planned.clone(), number, slot, shared, capture.clone());
    let timelines = [listeners.timeline.clone(), batch.timeline().cloned()];
    let timelines = timelines.into_iter().flatten().map(|timeline| timeline as Arc<dyn Sink>);
    let bus = listeners.bus.beside(std::iter::once(capture as Arc<dyn Sink>).chain(timelines).collect());
    // each batch is another run: what kubectl reaches is its own
    let options = RunOptions {
        kubectl: Arc::default(),
        captured: true,
        folder: common_folder(planned),
        library_folders: shared.options.evidence.clone().into_iter().collect(),
        ..shared.options.run.clone()
    };
    let run = Run::new(runtime.clone(), bus, options, None);
    lock(&interrupts.runs).push(run.clone());
    let result = on_script_thread(|| {
        let host = Host::extended(run.clone(), natives::register);
        for part in &planned.parts {
            host.remember(&part.file.name(), &part.file.text);
        }
        host.call("testing", "run", vec![Dynamic::from(batch.clone())])
    });
    run.settle();
    lock(&interrupts.runs).retain(|other| !Arc::ptr_eq(other, &run));
    if let Err(error) = result
        && !(error.is_cancelled() && interrupts.asked())
    {
        batch.fail_rest(&error);
    }
}
