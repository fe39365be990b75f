//! What a batch of tests tells: kept for reports, and handed on to the terminal as far as people want to see it.

use crate::event::{Event, Level, Sink, StepId, Stream};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// At most so many lines are kept of a test.
const KEPT: usize = 2000;

/// Keeps lines; tells the terminal of the outermost steps only, with all output as theirs.
pub struct Capture {
    terminal: Option<Arc<dyn Sink>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    lines: VecDeque<String>,
    cut: bool,
    /// The outermost step around each.
    roots: HashMap<StepId, StepId>,
}

impl Capture {
    /// In front of the terminal, if there is one.
    pub fn new(terminal: Option<Arc<dyn Sink>>) -> Self {
        Self { terminal, state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lines since the last call.
    pub fn take(&self) -> String {
        let mut state = self.lock();
        let cut = std::mem::take(&mut state.cut);
        let mut text = if cut { format!("… the last {KEPT} lines\n") } else { String::new() };
        for line in state.lines.drain(..) {
            text.push_str(&line);
            text.push('\n');
        }
        text
    }

    fn keep(&self, line: String) {
        let mut state = self.lock();
        if state.lines.len() == KEPT {
            state.lines.pop_front();
            state.cut = true;
        }
        state.lines.push_back(line);
    }

    fn root(&self, step: Option<StepId>) -> Option<StepId> {
        self.lock().roots.get(&step?).copied()
    }

    fn on(&self, event: &Event) {
        if let Some(terminal) = &self.terminal {
            terminal.event(event);
        }
    }
}

impl Sink for Capture {
    fn event(&self, event: &Event) {
        match event {
            Event::StepStarted { id, parent, title, .. } => {
                let outer = self.root(*parent);
                self.lock().roots.insert(*id, outer.unwrap_or(*id));
                if outer.is_none() {
                    self.on(event);
                } else {
                    self.keep(format!("• {title}"));
                }
            }
            Event::StepEnded { id, .. } => {
                if self.lock().roots.remove(id) == Some(*id) {
                    self.on(event);
                }
            }
            Event::Output { step, node, stream, line } => {
                self.keep(match node {
                    Some(node) => format!("{node} | {line}"),
                    None => line.clone(),
                });
                let (step, node, line) = (self.root(*step), node.clone(), line.clone());
                self.on(&Event::Output { step, node, stream: *stream, line });
            }
            Event::Message { step, level, text, hint } => {
                let step = self.root(*step);
                let mark = if *level == Level::Warning { "warning: " } else { "" };
                for line in text.lines() {
                    let line = format!("{mark}{line}");
                    self.keep(line.clone());
                    if *level != Level::Debug {
                        self.on(&Event::Output { step, node: None, stream: Stream::Stderr, line });
                    }
                }
                if *level == Level::Debug {
                    let (text, hint) = (text.clone(), hint.clone());
                    self.on(&Event::Message { step, level: *level, text, hint });
                }
            }
            Event::Progress { step, what, done, total, unit } => {
                let (step, what) = (self.root(*step), what.clone());
                self.on(&Event::Progress { step, what, done: *done, total: *total, unit: *unit });
            }
            Event::CallStarted { .. } | Event::CallEnded { .. } => {}
        }
    }

    fn suspend(&self, write: &mut dyn FnMut()) {
        match &self.terminal {
            Some(terminal) => terminal.suspend(write),
            None => write(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::testing::Shared;
    use crate::event::{Bus, Outcome, PlainSink, Style};

    #[test]
    fn the_terminal_hears_of_outermost_steps_and_the_report_of_every_line() {
        let out = Shared::default();
        let plain = PlainSink::new(Box::new(out.clone()), Style { verbosity: 0, color: false });
        let capture = Arc::new(Capture::new(Some(Arc::new(plain))));
        let bus = Bus::new(vec![capture.clone()]);
        let test = bus.begin(None, "test", "my test", &[]);
        let inner = bus.begin(Some(test.0), "boot", "Boot", &[]);
        bus.message(Some(inner.0), Level::Warning, "slow", None);
        bus.end(inner, Outcome::Failed("no".to_owned()));
        bus.end(test, Outcome::Failed("no".to_owned()));
        assert_eq!(capture.take(), "• Boot\nwarning: slow\n");
        assert_eq!(capture.take(), "");
        let told = out.text();
        assert!(
            told.contains("✗ my test") && told.contains("! warning: slow") && !told.contains("Boot"),
            "{told}"
        );
    }
}
