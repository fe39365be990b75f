//! Steps on a terminal: what has ended stays, what runs is redrawn below it.

use std::fmt::Write as _;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::format::Style;
use super::tree::Tree;
use super::{Event, Sink};

/// How often what runs is redrawn.
const TICK: Duration = Duration::from_millis(100);

/// Steps that come quicker than this after each other share a picture; it is more than an eye can follow.
const PICTURE: Duration = Duration::from_millis(40);

/// Answers how many rows and columns the terminal has now.
pub type Size = Box<dyn Fn() -> (usize, usize) + Send + Sync>;

/// Draws the running steps with their nodes and times, and writes what has ended above them.
pub struct TerminalSink(Arc<Inner>);

struct Inner {
    style: Style,
    size: Size,
    screen: Mutex<Screen>,
}

struct Screen {
    out: Box<dyn Write + Send>,
    tree: Tree,
    /// How many lines of the last picture are on the terminal, above the cursor.
    drawn: usize,
    /// How many callers of `suspend` have the terminal.
    suspended: usize,
    /// What came meanwhile and stays.
    kept: String,
    ticking: bool,
    /// When the last picture was drawn.
    at: Option<Instant>,
}

impl TerminalSink {
    /// A sink that draws on `out`, a terminal of this size.
    pub fn new(out: Box<dyn Write + Send>, style: Style, size: Size) -> Self {
        Self(Arc::new(Inner {
            style,
            size,
            screen: Mutex::new(Screen {
                out,
                tree: Tree::default(),
                drawn: 0,
                suspended: 0,
                kept: String::new(),
                ticking: false,
                at: None,
            }),
        }))
    }

    /// A sink on standard error.
    pub fn stderr(style: Style) -> Self {
        let terminal = console::Term::stderr();
        let size = move || {
            let (rows, columns) = terminal.size();
            (usize::from(rows), usize::from(columns))
        };
        Self::new(Box::new(std::io::stderr()), style, Box::new(size))
    }

    fn event_at(&self, event: &Event, now: Instant) {
        let style = self.0.style;
        let mut screen = self.0.lock();
        let mut stays = String::new();
        for line in screen.tree.take_in(event, style, now) {
            // a String takes whatever is written
            let _ = writeln!(stays, "{line}");
        }
        match event {
            Event::Message { level, text, hint, .. } if style.shows(*level) => {
                stays.push_str(&style.message(*level, text, hint.as_deref()));
            }
            Event::Output { node, stream, line, .. } if style.verbosity >= 1 => {
                let _ = writeln!(stays, "{}", style.output(node.as_deref(), *stream, line));
            }
            // these wait for the next tick, or are for others
            Event::Message { .. }
            | Event::Output { .. }
            | Event::Progress { .. }
            | Event::CallStarted { .. }
            | Event::CallEnded { .. } => return,
            Event::StepStarted { .. } | Event::StepEnded { .. } => {}
        }
        let fresh = screen.at.is_some_and(|at| now.duration_since(at) < PICTURE);
        if stays.is_empty() && screen.ticking && fresh {
            return;
        }
        self.0.draw(&mut screen, &stays, now);
        if !screen.ticking && !screen.tree.is_empty() {
            screen.ticking = tick(Arc::downgrade(&self.0));
        }
    }
}

impl Sink for TerminalSink {
    fn event(&self, event: &Event) {
        self.event_at(event, Instant::now());
    }

    fn suspend(&self, write: &mut dyn FnMut()) {
        {
            let mut screen = self.0.lock();
            screen.suspended += 1;
            screen.clear();
        }
        // the lock is free meanwhile, so that `write` may emit events itself; they are kept
        write();
        let mut screen = self.0.lock();
        screen.suspended -= 1;
        self.0.draw(&mut screen, "", Instant::now());
    }
}

impl Drop for TerminalSink {
    fn drop(&mut self) {
        self.0.lock().clear();
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Screen> {
        // a panic while drawing leaves at worst a wrong picture
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes `stays` for good and what runs below it.
    fn draw(&self, screen: &mut Screen, stays: &str, now: Instant) {
        screen.kept.push_str(stays);
        if screen.suspended > 0 {
            return;
        }
        let (rows, columns) = (self.size)();
        let live = screen.tree.live(self.style, now, rows.saturating_sub(2).max(1));
        let stays = std::mem::take(&mut screen.kept);
        if stays.is_empty() && live.is_empty() && screen.drawn == 0 {
            return;
        }
        let mut picture = screen.up();
        for kept in stays.lines() {
            let _ = write!(picture, "{kept}\x1b[K\r\n");
        }
        for running in &live {
            // one column is left free: a full line would wrap on some terminals
            let cut = console::truncate_str(running, columns.saturating_sub(1), "…");
            let _ = write!(picture, "{cut}\x1b[K\r\n");
        }
        if screen.drawn > 0 {
            picture.push_str("\x1b[J");
        }
        screen.drawn = live.len();
        screen.at = Some(now);
        screen.write(&picture);
    }
}

impl Screen {
    /// To where the last picture began; to the line's beginning when there was none, over a ^C that the terminal showed.
    fn up(&self) -> String {
        if self.drawn > 0 { format!("\r\x1b[{}A", self.drawn) } else { "\r".to_owned() }
    }

    fn clear(&mut self) {
        if self.drawn > 0 {
            let text = self.up() + "\x1b[J";
            self.drawn = 0;
            self.write(&text);
        }
    }

    fn write(&mut self, text: &str) {
        if !text.is_empty() {
            // nobody is left to tell when this fails
            let _ = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        }
    }
}

/// Redraws until nothing runs or the sink is gone. Returns whether that began.
fn tick(inner: Weak<Inner>) -> bool {
    let run = move || loop {
        std::thread::sleep(TICK);
        let Some(inner) = inner.upgrade() else { return };
        let mut screen = inner.lock();
        if screen.tree.is_empty() {
            screen.ticking = false;
            inner.draw(&mut screen, "", Instant::now());
            return;
        }
        inner.draw(&mut screen, "", Instant::now());
    };
    std::thread::Builder::new().name("kind-terminal".to_owned()).spawn(run).is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::testing::Shared;
    use super::super::{Bus, Level, Outcome};
    use super::*;

    fn sink() -> (TerminalSink, Shared) {
        let out = Shared::default();
        let style = Style { verbosity: 0, color: false };
        (TerminalSink::new(Box::new(out.clone()), style, Box::new(|| (10, 30))), out)
    }

    fn started(title: &str) -> Event {
        Event::StepStarted {
            id: 1,
            parent: None,
            name: "boot".to_owned(),
            title: title.to_owned(),
            nodes: Vec::new(),
        }
    }

    #[test]
    fn a_step_is_drawn_then_replaced_by_what_stays() {
        let (sink, out) = sink();
        sink.event(&started("Booting"));
        assert_eq!(out.take(), "\r ⣾ Booting  0.0s\x1b[K\r\n");
        let ended = Event::StepEnded { id: 1, outcome: Outcome::Done, elapsed: Duration::from_millis(1200) };
        sink.event(&ended);
        assert!(out.take().ends_with("\r\x1b[1A ✓ Booting  1.2s\x1b[K\r\n\x1b[J"));
    }

    #[test]
    fn long_lines_are_cut_and_messages_stand_above() {
        let (sink, out) = sink();
        sink.event(&started("A title that is longer than the terminal is wide"));
        assert_eq!(out.take(), "\r ⣾ A title that is longer th…\x1b[K\r\n");
        sink.event(&Event::Message {
            step: Some(1),
            level: Level::Warning,
            text: "the disk is slow".to_owned(),
            hint: None,
        });
        let text = out.take();
        assert!(text.contains("\r\x1b[1Awarning: the disk is slow\x1b[K\r\n ⣾ A title"), "{text:?}");
    }

    #[test]
    fn a_thousand_quick_steps_cost_next_to_nothing() {
        let (sink, out) = sink();
        let bus = Bus::new(vec![Arc::new(sink)]);
        let outer = bus.begin(None, "all", "All", &[]);
        let begun = Instant::now();
        for number in 0..1000 {
            let step = bus.begin(Some(outer.0), &format!("step {number}"), "One of many", &[]);
            bus.end(step, Outcome::Done);
        }
        let took = begun.elapsed();
        bus.end(outer, Outcome::Done);
        assert!(took < Duration::from_millis(500), "{took:?}");
        assert_eq!(out.text().matches("✓ All").count(), 1);
    }

    #[test]
    fn while_suspended_nothing_is_drawn_and_nothing_is_lost() {
        let (sink, out) = sink();
        let bus = Bus::new(vec![Arc::new(sink)]);
        let step = bus.begin(None, "boot", "Booting", &[]);
        out.take();
        let (inner, listener) = (out.clone(), bus.clone());
        bus.suspend(&mut || {
            assert_eq!(inner.take(), "\r\x1b[1A\x1b[J");
            listener.message(None, Level::Info, "kept for later", None);
            std::thread::sleep(Duration::from_millis(250));
            assert_eq!(inner.take(), "");
        });
        assert!(out.take().starts_with("\rkept for later\x1b[K\r\n"));
        bus.end(step, Outcome::Done);
        assert!(out.take().contains("✓ Booting"));
    }
}
