//! The sink that records.

use super::{Record, Span, What};
use crate::event::{Event, Outcome, Sink, StepId};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Instant;

/// Records steps and calls. What runs inside of what is known by the step an event names, and, for calls within
/// calls, by the thread: events are emitted by the thread that does the work.
pub struct Timeline {
    title: String,
    began: String,
    start: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    spans: Vec<Span>,
    /// Open spans by their number.
    open: HashMap<StepId, usize>,
    /// Open spans of each thread, the innermost last.
    threads: HashMap<ThreadId, Vec<usize>>,
}

impl Timeline {
    /// Begins now; `title` says what is run.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: crate::event::mask::masked(&title.into()),
            began: crate::event::time(),
            start: Instant::now(),
            state: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was recorded so far. What still runs ends now.
    pub fn record(&self) -> Record {
        let took = self.start.elapsed();
        let mut spans = self.lock().spans.clone();
        for span in spans.iter_mut().filter(|span| !span.ended) {
            span.end = took;
        }
        Record { title: self.title.clone(), began: self.began.clone(), took, spans }
    }
}

impl State {
    fn begin(&mut self, around: Option<StepId>, span: Span) {
        let mine = self.threads.entry(thread::current().id()).or_default();
        let parent = mine.last().copied().or_else(|| self.open.get(&around?).copied());
        let index = self.spans.len();
        mine.push(index);
        self.open.insert(span.id, index);
        self.spans.push(Span { parent, ..span });
    }

    fn end(&mut self, id: StepId) -> Option<&mut Span> {
        let index = self.open.remove(&id)?;
        let me = thread::current().id();
        if let Some(mine) = self.threads.get_mut(&me) {
            mine.retain(|open| *open != index);
            if mine.is_empty() {
                self.threads.remove(&me);
            }
        }
        self.spans.get_mut(index)
    }
}

impl Sink for Timeline {
    fn event(&self, event: &Event) {
        match event {
            Event::StepStarted { id, parent, name, title, nodes } => {
                let mut state = self.lock();
                let start = self.start.elapsed();
                let node = if let [node] = nodes.as_slice() { Some(node.clone()) } else { None };
                let (title, name) = (title.clone(), name.clone());
                state.begin(*parent, Span { title, name, node, ..span(*id, What::Step, start) });
            }
            Event::CallStarted { id, step, kind, node, what } => {
                let mut state = self.lock();
                let start = self.start.elapsed();
                let (title, node) = (what.clone(), node.clone());
                state.begin(*step, Span { title, node, ..span(*id, What::Call(*kind), start) });
            }
            Event::StepEnded { id, outcome, .. } => {
                let mut state = self.lock();
                let now = self.start.elapsed();
                if let Some(span) = state.end(*id) {
                    (span.end, span.ended) = (now, true);
                    if let Outcome::Failed(why) = outcome {
                        span.error = Some(crate::event::mask::masked(why));
                    }
                }
            }
            Event::CallEnded { id, code, error, .. } => {
                let mut state = self.lock();
                let now = self.start.elapsed();
                if let Some(span) = state.end(*id) {
                    (span.end, span.ended) = (now, true);
                    (span.code, span.error) = (*code, error.clone());
                }
            }
            Event::Progress { .. } | Event::Output { .. } | Event::Message { .. } => {}
        }
    }
}

fn span(id: StepId, what: What, start: std::time::Duration) -> Span {
    Span {
        id,
        parent: None,
        what,
        title: String::new(),
        name: String::new(),
        node: None,
        start,
        end: start,
        code: None,
        error: None,
        ended: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Bus, CallKind};
    use std::sync::Arc;

    #[test]
    fn calls_lie_in_their_step_and_in_the_call_around_them_on_their_thread() {
        let timeline = Arc::new(Timeline::new("kind run"));
        let bus = Bus::new(vec![timeline.clone()]);
        let step = bus.begin(None, "boot", "Boot", &["a".to_owned()]);
        let outer = bus.begin_call(Some(step.0), CallKind::Wait, None, "eventually");
        let inner = bus.begin_call(Some(step.0), CallKind::Exec, Some("a"), "curl --token x");
        bus.end_call(inner, Some(7), Some("it failed"));
        bus.end_call(outer, None, None);
        let other = thread::scope(|threads| {
            threads.spawn(|| bus.begin_call(Some(step.0), CallKind::Api, None, "get node")).join()
        });
        let record = timeline.record();
        let parents: Vec<Option<usize>> = record.spans.iter().map(|span| span.parent).collect();
        assert_eq!(parents, [None, Some(0), Some(1), Some(0)]);
        assert_eq!((record.spans[2].code, record.spans[2].title.as_str()), (Some(7), "curl --token ***"));
        assert!(!record.spans[3].ended && record.spans[3].end == record.took);
        bus.end_call(other.expect("a thread"), None, None);
        bus.end(step, Outcome::Failed("no".to_owned()));
        let record = timeline.record();
        assert_eq!(record.spans[0].error.as_deref(), Some("no"));
        let part = record.part(record.spans[1].id, "part".to_owned()).expect("there");
        assert_eq!((part.spans.len(), part.spans[0].parent, part.spans[1].parent), (2, None, Some(0)));
    }
}
