//! What a run did and when: steps, commands, waits, transfers, as spans of time. Recorded while it runs, written
//! at its end as a trace, a page, or the ten longest things.

mod critical;
mod lanes;
mod page;
mod profile;
mod recorder;
mod trace;

pub use critical::{Stretch, critical_path};
pub use lanes::{Lane, Placed, lanes};
pub use page::page;
pub use profile::{longest, own_times, profile};
pub use recorder::Timeline;
pub use trace::trace;

use super::{CallKind, StepId};
use crate::error::Result;
use std::path::Path;
use std::time::Duration;

/// What a span is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// A step of a script.
    Step,
    /// Work inside of one.
    Call(CallKind),
}

impl What {
    /// The word used in machine-readable output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Call(kind) => kind.as_str(),
        }
    }
}

/// A stretch of time in which one thing went on. Times count from the start of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The event's number.
    pub id: StepId,
    /// Index of the span around it.
    pub parent: Option<usize>,
    /// What it is.
    pub what: What,
    /// A step's title, a command line, what was waited for.
    pub title: String,
    /// A step's name; empty for all else.
    pub name: String,
    /// The node it works on, when it is one.
    pub node: Option<String>,
    /// When it began.
    pub start: Duration,
    /// When it ended.
    pub end: Duration,
    /// Exit code of a command.
    pub code: Option<i64>,
    /// Why it failed, when it did.
    pub error: Option<String>,
    /// Whether its end was recorded; otherwise it still ran when the run ended.
    pub ended: bool,
}

impl Span {
    /// How long it took.
    pub fn took(&self) -> Duration {
        self.end.saturating_sub(self.start)
    }
    /// Whether nothing but waiting went on.
    pub fn is_wait(&self) -> bool {
        self.what == What::Call(CallKind::Wait)
    }
}

/// The recorded run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What was run, such as `kind create cluster`.
    pub title: String,
    /// When it began: RFC 3339, UTC.
    pub began: String,
    /// How long it took.
    pub took: Duration,
    /// In the order they began, so that a parent comes before what is inside.
    pub spans: Vec<Span>,
}

impl Record {
    /// The part of it that is inside of the step or call `id`, with times counted from its start.
    pub fn part(&self, id: StepId, title: String) -> Option<Self> {
        let root = self.spans.iter().position(|span| span.id == id)?;
        let (start, took) = (self.spans[root].start, self.spans[root].took());
        let mut index = vec![None; self.spans.len()];
        let mut spans = Vec::new();
        for (at, span) in self.spans.iter().enumerate().skip(root) {
            let parent = span.parent.and_then(|parent| index[parent]);
            if at != root && parent.is_none() {
                continue;
            }
            index[at] = Some(spans.len());
            let (begin, end) = (span.start.saturating_sub(start), span.end.saturating_sub(start));
            spans.push(Span { parent, start: begin, end, ..span.clone() });
        }
        Some(Self { title, began: self.began.clone(), took, spans })
    }

    /// Indices of the spans right inside each span, and of those at the top.
    fn children(&self) -> (Vec<Vec<usize>>, Vec<usize>) {
        let mut children = vec![Vec::new(); self.spans.len()];
        let mut roots = Vec::new();
        for (index, span) in self.spans.iter().enumerate() {
            match span.parent {
                Some(parent) => children[parent].push(index),
                None => roots.push(index),
            }
        }
        (children, roots)
    }

    /// The node that a span works on, or the nearest span around it does.
    fn node_of(&self, mut index: usize) -> Option<&str> {
        loop {
            let span = &self.spans[index];
            if let Some(node) = &span.node {
                return Some(node);
            }
            index = span.parent?;
        }
    }
}

/// Writes it into a file: a page when its name ends with `.html`, else a trace.
pub fn write(record: &Record, file: &Path) -> Result<()> {
    let text = if file.extension().is_some_and(|end| end == "html") {
        page(record)
    } else {
        trace(record).to_string() + "\n"
    };
    crate::host::fs::write(file, text.as_bytes(), 0o644)
}

#[cfg(test)]
mod testing;
