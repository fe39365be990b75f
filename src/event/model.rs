//! The event model. Events carry data, never formatted lines.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Number of a step within a run, counted from 1.
pub type StepId = u64;

/// How much a message matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Shown with `-v 1` and above.
    Debug,
    /// Shown unless `-q`.
    Info,
    /// Shown unless `-q`, marked.
    Warning,
}

/// Which stream of a command a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What a progress counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Things.
    Items,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it is for.
    Done,
    /// It failed with this message.
    Failed(String),
}

/// What a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallKind {
    /// A command, on a node or on this machine.
    Exec,
    /// Waiting for something to come true, or for time to pass.
    Wait,
    /// A question to an API server, or something told to it.
    Api,
    /// Files or images on their way.
    Transfer,
}

impl CallKind {
    /// The word used in machine-readable output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exec => "exec",
            Self::Wait => "wait",
            Self::Api => "api",
            Self::Transfer => "transfer",
        }
    }
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A step began. `parent` is the step it runs inside of.
    StepStarted {
        /// Its number.
        id: StepId,
        /// The step around it.
        parent: Option<StepId>,
        /// Its name, a stable identifier such as `boot`.
        name: String,
        /// What people read.
        title: String,
        /// Names of the nodes it works on; may be empty.
        nodes: Vec<String>,
    },
    /// A step ended.
    StepEnded {
        /// Its number.
        id: StepId,
        /// How.
        outcome: Outcome,
        /// How long it took.
        elapsed: Duration,
    },
    /// Work inside a step began: a command, a wait, an API call, a transfer.
    CallStarted {
        /// Its number, counted together with those of steps.
        id: StepId,
        /// The step it belongs to.
        step: Option<StepId>,
        /// What it is.
        kind: CallKind,
        /// The node it works on; `None` for this machine or the cluster as a whole.
        node: Option<String>,
        /// The command line or the thing waited for. Secrets are masked.
        what: String,
    },
    /// That work ended.
    CallEnded {
        /// Its number.
        id: StepId,
        /// The exit code, for a command that ended.
        code: Option<i64>,
        /// Why it failed, when it did. Secrets are masked.
        error: Option<String>,
        /// How long it took.
        elapsed: Duration,
    },
    /// Long work went on.
    Progress {
        /// The step it belongs to.
        step: Option<StepId>,
        /// What is worked on, such as `pulling kindest/node:v1.37.2`.
        what: String,
        /// How much is done.
        done: u64,
        /// How much there is, when known.
        total: Option<u64>,
        /// What `done` and `total` count.
        unit: Unit,
    },
    /// A command wrote a line.
    Output {
        /// The step it belongs to.
        step: Option<StepId>,
        /// The node it ran on; `None` for the host.
        node: Option<String>,
        /// Which stream.
        stream: Stream,
        /// The line, without its end.
        line: String,
    },
    /// Something worth telling.
    Message {
        /// The step it belongs to.
        step: Option<StepId>,
        /// How much it matters.
        level: Level,
        /// What is told.
        text: String,
        /// What can be done about it.
        hint: Option<String>,
    },
}

/// Something that listens. Called from many threads; must not block for long and must not panic.
pub trait Sink: Send + Sync {
    /// One event.
    fn event(&self, event: &Event);
    /// Calls `write` with the terminal cleared of anything transient (spinners), then restores it.
    fn suspend(&self, write: &mut dyn FnMut()) {
        write();
    }
}

/// Where events are emitted. Cheap to clone.
#[derive(Clone)]
pub struct Bus(Arc<BusInner>);

struct BusInner {
    sinks: Vec<Arc<dyn Sink>>,
    next: Arc<AtomicU64>,
}

impl Bus {
    /// A bus that tells all of `sinks`, in that order.
    pub fn new(sinks: Vec<Arc<dyn Sink>>) -> Self {
        Self(Arc::new(BusInner { sinks, next: Arc::new(AtomicU64::new(1)) }))
    }
    /// A bus with other sinks whose steps and calls are counted together with those of this one, so that one sink
    /// can listen to both.
    pub fn beside(&self, sinks: Vec<Arc<dyn Sink>>) -> Self {
        Self(Arc::new(BusInner { sinks, next: self.0.next.clone() }))
    }
    /// A bus nobody listens to.
    pub fn silent() -> Self {
        Self::new(Vec::new())
    }
    /// Tells every sink.
    pub fn emit(&self, event: &Event) {
        for sink in &self.0.sinks {
            sink.event(event);
        }
    }
    /// Writes to the terminal with all transient lines out of the way.
    pub fn suspend(&self, write: &mut dyn FnMut()) {
        match self.0.sinks.first() {
            Some(sink) => sink.suspend(write),
            None => write(),
        }
    }
    /// Begins a step; pass the result to [`Bus::end`].
    pub fn begin(
        &self,
        parent: Option<StepId>,
        name: &str,
        title: &str,
        nodes: &[String],
    ) -> (StepId, Instant) {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        self.emit(&Event::StepStarted {
            id,
            parent,
            name: name.to_owned(),
            title: title.to_owned(),
            nodes: nodes.to_vec(),
        });
        (id, Instant::now())
    }
    /// Ends a step that [`Bus::begin`] began.
    pub fn end(&self, (id, since): (StepId, Instant), outcome: Outcome) {
        self.emit(&Event::StepEnded { id, outcome, elapsed: since.elapsed() });
    }
    /// Begins a call; pass the result to [`Bus::end_call`]. Secrets in `what` are masked here.
    pub fn begin_call(
        &self,
        step: Option<StepId>,
        kind: CallKind,
        node: Option<&str>,
        what: &str,
    ) -> (StepId, Instant) {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let (node, what) = (node.map(str::to_owned), super::mask::masked(what));
        self.emit(&Event::CallStarted { id, step, kind, node, what });
        (id, Instant::now())
    }
    /// Ends a call that [`Bus::begin_call`] began.
    pub fn end_call(&self, (id, since): (StepId, Instant), code: Option<i64>, error: Option<&str>) {
        let elapsed = since.elapsed();
        self.emit(&Event::CallEnded { id, code, error: error.map(super::mask::masked), elapsed });
    }
    /// Tells a message.
    pub fn message(&self, step: Option<StepId>, level: Level, text: impl Into<String>, hint: Option<String>) {
        self.emit(&Event::Message { step, level, text: text.into(), hint });
    }
}
