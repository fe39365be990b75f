//! Plain lines, for log files and pipes: nothing is ever redrawn, and long work says something every ten seconds.
//!
//! The forms of a step's lines are those of upstream kind (` • Title  ...`, ` ✓ Title`), with the time it took.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::format::{BAD, DIM, GOOD, Style, TAIL, elapsed};
use super::meter::Meter;
use super::{Event, Outcome, Sink, StepId};

/// How often one thing may say how far it is.
const EVERY: Duration = Duration::from_secs(10);

/// Writes lines for people.
pub struct PlainSink {
    style: Style,
    state: Mutex<State>,
}

struct State {
    out: Box<dyn Write + Send>,
    steps: HashMap<StepId, Step>,
    meters: HashMap<(Option<StepId>, String), Slow>,
}

struct Step {
    title: String,
    nodes: Vec<String>,
    depth: usize,
    parent: Option<StepId>,
    tail: VecDeque<String>,
    /// Whether a step inside has failed, and has shown why.
    explained: bool,
}

struct Slow {
    meter: Meter,
    told: Instant,
    ever: bool,
}

impl PlainSink {
    /// A sink that writes to `out`.
    pub fn new(out: Box<dyn Write + Send>, style: Style) -> Self {
        Self { style, state: Mutex::new(State { out, steps: HashMap::new(), meters: HashMap::new() }) }
    }

    fn event_at(&self, event: &Event, now: Instant) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let text = state.take_in(event, self.style, now);
        if !text.is_empty() {
            // nobody is left to tell when this fails
            let _ = state.out.write_all(text.as_bytes()).and_then(|()| state.out.flush());
        }
    }
}

impl Sink for PlainSink {
    fn event(&self, event: &Event) {
        self.event_at(event, Instant::now());
    }
}

impl State {
    /// Takes the event in; returns what is written about it.
    fn take_in(&mut self, event: &Event, style: Style, now: Instant) -> String {
        match event {
            Event::StepStarted { id, parent, title, nodes, .. } => {
                self.started(*id, *parent, title, nodes, style)
            }
            Event::StepEnded { id, outcome, elapsed } => self.ended(*id, outcome, *elapsed, style),
            Event::Progress { step, what, done, total, unit } => {
                let key = (*step, what.clone());
                let slow = self.meters.entry(key.clone()).or_insert_with(|| Slow {
                    meter: Meter::new(what, *unit, now),
                    told: now,
                    ever: false,
                });
                slow.meter.update(now, *done, *total);
                let finished = slow.meter.finished();
                let due = if finished { slow.ever } else { now.duration_since(slow.told) >= EVERY };
                let line = if due {
                    (slow.told, slow.ever) = (now, true);
                    format!("   {}: {}\n", slow.meter.what, slow.meter.numbers(now))
                } else {
                    String::new()
                };
                if finished {
                    self.meters.remove(&key);
                }
                line
            }
            Event::Output { step, node, stream, line } => {
                let line = style.output(node.as_deref(), *stream, line);
                if style.verbosity >= 1 {
                    return line + "\n";
                }
                if let Some(step) = step.and_then(|id| self.steps.get_mut(&id)) {
                    if step.tail.len() == TAIL {
                        step.tail.pop_front();
                    }
                    step.tail.push_back(line);
                }
                String::new()
            }
            Event::Message { level, text, hint, .. } if style.shows(*level) => {
                style.message(*level, text, hint.as_deref())
            }
            Event::Message { .. } | Event::CallStarted { .. } | Event::CallEnded { .. } => String::new(),
        }
    }

    fn started(
        &mut self,
        id: StepId,
        parent: Option<StepId>,
        title: &str,
        nodes: &[String],
        style: Style,
    ) -> String {
        let depth = parent.and_then(|parent| self.steps.get(&parent)).map_or(0, |parent| parent.depth + 1);
        let step = Step {
            title: title.to_owned(),
            nodes: nodes.to_vec(),
            depth,
            parent,
            tail: VecDeque::new(),
            explained: false,
        };
        // that an inner step begins is of interest only to who asked for more
        let text =
            if depth == 0 || style.verbosity >= 1 { step.line("•", "  ...", style) } else { String::new() };
        self.steps.insert(id, step);
        text
    }

    fn ended(&mut self, id: StepId, outcome: &Outcome, time: Duration, style: Style) -> String {
        let Some(step) = self.steps.remove(&id) else { return String::new() };
        self.meters.retain(|(of, _), _| *of != Some(id));
        let time = format!("  {}", elapsed(time));
        match outcome {
            Outcome::Done if step.depth > 1 && style.verbosity < 1 => String::new(),
            Outcome::Done => step.line(&style.paint(GOOD, "✓"), &style.paint(DIM, &time), style),
            Outcome::Failed(_) => {
                let mut text = step.line(&style.paint(BAD, "✗"), &style.paint(DIM, &time), style);
                if !step.explained {
                    for line in &step.tail {
                        // a String takes whatever is written
                        let _ = writeln!(text, "{}{line}", "  ".repeat(step.depth));
                    }
                }
                if let Some(parent) = step.parent.and_then(|parent| self.steps.get_mut(&parent)) {
                    parent.explained = true;
                }
                text
            }
        }
    }
}

impl Step {
    fn line(&self, mark: &str, end: &str, style: Style) -> String {
        let nodes = match self.nodes.as_slice() {
            // which nodes there are is told by the steps inside, or of no interest
            [] => String::new(),
            _ if self.depth == 0 => String::new(),
            nodes => style.paint(DIM, &format!("  {}", nodes.join(", "))),
        };
        format!("{} {mark} {}{nodes}{end}\n", "  ".repeat(self.depth), self.title)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Shared;
    use super::super::{Level, Stream, Unit};
    use super::*;

    fn sink(verbosity: i32) -> (PlainSink, Shared) {
        let out = Shared::default();
        (PlainSink::new(Box::new(out.clone()), Style { verbosity, color: false }), out)
    }

    fn start(id: StepId, parent: Option<StepId>, title: &str, nodes: &[&str]) -> Event {
        Event::StepStarted {
            id,
            parent,
            name: title.to_lowercase(),
            title: title.to_owned(),
            nodes: nodes.iter().map(|node| (*node).to_owned()).collect(),
        }
    }

    fn end(id: StepId, outcome: Outcome) -> Event {
        Event::StepEnded { id, outcome, elapsed: Duration::from_millis(1234) }
    }

    fn output(step: StepId, line: &str) -> Event {
        Event::Output {
            step: Some(step),
            node: Some("kind-worker".to_owned()),
            stream: Stream::Stdout,
            line: line.to_owned(),
        }
    }

    #[test]
    fn steps_have_upstreams_form_and_inner_ones_are_told_when_they_end() {
        let (sink, out) = sink(0);
        sink.event(&start(1, None, "Preparing nodes", &["kind-control-plane", "kind-worker"]));
        sink.event(&start(2, Some(1), "Mounts", &["kind-worker"]));
        sink.event(&start(3, Some(2), "Detail", &[]));
        sink.event(&output(3, "not shown"));
        sink.event(&end(3, Outcome::Done));
        sink.event(&end(2, Outcome::Done));
        sink.event(&end(1, Outcome::Done));
        assert_eq!(
            out.text(),
            " • Preparing nodes  ...\n   ✓ Mounts  kind-worker  1.2s\n ✓ Preparing nodes  1.2s\n"
        );
    }

    #[test]
    fn with_v_everything_is_told_as_it_comes() {
        let (sink, out) = sink(1);
        sink.event(&start(1, None, "Booting", &[]));
        sink.event(&start(2, Some(1), "Runtime", &["kind-worker"]));
        sink.event(&output(2, "a line"));
        sink.event(&end(2, Outcome::Done));
        assert_eq!(
            out.text(),
            " • Booting  ...\n   • Runtime  kind-worker  ...\n   kind-worker | a line\n   ✓ Runtime  kind-worker  1.2s\n"
        );
    }

    #[test]
    fn a_failure_shows_the_last_lines_once() {
        let (sink, out) = sink(0);
        sink.event(&start(1, None, "Booting", &[]));
        sink.event(&start(2, Some(1), "Runtime", &["kind-worker"]));
        for number in 0..15 {
            sink.event(&output(2, &format!("line {number}")));
        }
        out.take();
        sink.event(&end(2, Outcome::Failed("no answer".to_owned())));
        let text = out.take();
        assert!(text.starts_with("   ✗ Runtime  kind-worker  1.2s\n     kind-worker | line 5\n"), "{text}");
        assert_eq!(text.lines().count(), 11);
        sink.event(&end(1, Outcome::Failed("no answer".to_owned())));
        assert_eq!(out.take(), " ✗ Booting  1.2s\n");
    }

    #[test]
    fn progress_speaks_every_ten_seconds_for_each_thing() {
        let (sink, out) = sink(0);
        let begin = Instant::now();
        for second in 0..=25 {
            let now = begin + Duration::from_secs(second);
            sink.event_at(
                &Event::Progress {
                    step: None,
                    what: "pulling a".to_owned(),
                    done: second * 4_000_000,
                    total: Some(100_000_000),
                    unit: Unit::Bytes,
                },
                now,
            );
        }
        assert_eq!(
            out.text(),
            "   pulling a: 40.0 MB of 100.0 MB, 4.0 MB/s, about 15 s left\n   \
             pulling a: 80.0 MB of 100.0 MB, 4.0 MB/s, about 5 s left\n   \
             pulling a: 100.0 MB of 100.0 MB\n"
        );
    }

    #[test]
    fn messages_are_marked_by_their_level() {
        let (sink, out) = sink(0);
        for level in [Level::Debug, Level::Info, Level::Warning] {
            sink.event(&Event::Message {
                step: None,
                level,
                text: "the disk is slow".to_owned(),
                hint: Some("buy another".to_owned()),
            });
        }
        assert_eq!(
            out.text(),
            "the disk is slow\n  hint: buy another\nwarning: the disk is slow\n  hint: buy another\n"
        );
    }
}
