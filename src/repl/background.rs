//! What goes on while the prompt waits for a key, told without garbling the line.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustyline::ExternalPrinter;

use crate::event::{Event, Level, PlainSink, Sink, Style};

/// How long a command may run before its output is shown while it comes; what is quicker is shown by its value alone.
const PATIENCE: Duration = Duration::from_millis(700);

/// A sink for a session with a prompt. While something is evaluated it hands every event to another sink; while the
/// prompt waits it writes plain lines above the line that is typed.
pub struct Background {
    inner: Option<Arc<dyn Sink>>,
    plain: PlainSink,
    above: Above,
    waiting: AtomicBool,
    streamed: Arc<Streamed>,
    /// Whether the inner sink shows output of commands by itself.
    verbose: bool,
}

/// Output of commands that run outside of any step.
#[derive(Default)]
pub struct Streamed(Mutex<Flow>);

#[derive(Default)]
struct Flow {
    /// Counts evaluations, so that what belongs to an earlier one is known.
    evaluation: u64,
    /// Lines that came before it was time to show them.
    held: Vec<Event>,
    open: bool,
    last: Option<String>,
}

impl Streamed {
    fn lock(&self) -> MutexGuard<'_, Flow> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last line that was shown while it came; `None` when nothing was.
    pub fn last_line(&self) -> Option<String> {
        self.lock().last.clone()
    }

    fn begin(&self) {
        let mut flow = self.lock();
        *flow = Flow { evaluation: flow.evaluation + 1, ..Flow::default() };
    }

    /// Shows a line, or keeps it until it is time.
    fn take(self: &Arc<Self>, line: String, shown: Event, inner: &Arc<dyn Sink>) {
        let mut flow = self.lock();
        if flow.open {
            inner.event(&shown);
            flow.last = Some(line);
            return;
        }
        flow.last = None;
        flow.held.push(shown);
        if flow.held.len() > 1 {
            return;
        }
        let (me, inner, evaluation) = (Arc::clone(self), Arc::clone(inner), flow.evaluation);
        let open = move || {
            std::thread::sleep(PATIENCE);
            let mut flow = me.lock();
            if flow.evaluation == evaluation {
                flow.open = true;
                for event in std::mem::take(&mut flow.held) {
                    inner.event(&event);
                    if let Event::Message { hint: None, text, .. } = &event {
                        flow.last = text.split_once(" | ").map(|(_, line)| line.to_owned());
                    }
                }
            }
        };
        // without a thread the lines come with the value
        let _ = std::thread::Builder::new().name("kind-output".to_owned()).spawn(open);
    }
}

type Printer = Box<dyn ExternalPrinter + Send>;

/// Writes above the prompt; drops what comes while there is none.
#[derive(Clone, Default)]
struct Above(Arc<Mutex<Option<Printer>>>);

impl Background {
    /// In front of `inner`, the sink for what is evaluated; without one everything is dropped.
    pub fn new(inner: Option<Arc<dyn Sink>>, style: Style) -> Arc<Self> {
        let above = Above::default();
        let plain = PlainSink::new(Box::new(above.clone()), style);
        let verbose = style.verbosity >= 1;
        Arc::new(Self {
            inner,
            plain,
            above,
            waiting: AtomicBool::new(false),
            streamed: Arc::default(),
            verbose,
        })
    }

    /// What is known of output that was shown while it came.
    pub fn streamed(&self) -> Arc<Streamed> {
        Arc::clone(&self.streamed)
    }

    /// Says that an evaluation begins.
    pub(super) fn evaluating(&self) {
        self.streamed.begin();
    }

    /// Runs `read`, in which the prompt waits and `printer` writes above it. Gives the printer back.
    pub(super) fn while_waiting<T>(&self, printer: &mut Option<Printer>, read: impl FnOnce() -> T) -> T {
        // what was held back is in the value that was shown
        self.streamed.begin();
        *self.above.lock() = printer.take();
        self.waiting.store(true, Ordering::SeqCst);
        let result = read();
        self.waiting.store(false, Ordering::SeqCst);
        *printer = self.above.lock().take();
        result
    }
}

impl Sink for Background {
    fn event(&self, event: &Event) {
        let Some(inner) = &self.inner else { return };
        // the plain one hears everything, so that it knows a step whose end comes while the prompt waits
        self.plain.event(event);
        let waiting = self.waiting.load(Ordering::SeqCst);
        if let Event::Output { step: None, node, line, .. } = event
            && !waiting
            && !self.verbose
        {
            let node = node.as_deref().unwrap_or("here");
            let text = format!("{node} | {line}");
            let shown = Event::Message { step: None, level: Level::Info, text, hint: None };
            self.streamed.take(line.clone(), shown, inner);
        } else if !waiting || matches!(event, Event::StepEnded { .. }) {
            inner.event(event);
        }
    }

    fn suspend(&self, write: &mut dyn FnMut()) {
        match &self.inner {
            Some(inner) => inner.suspend(write),
            None => write(),
        }
    }
}

impl Above {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Printer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Above {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if let Some(printer) = self.lock().as_mut() {
            let text = String::from_utf8_lossy(bytes).into_owned();
            // a prompt that has gone takes nothing any more, and needs nothing
            let _ = printer.print(text);
        }
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::testing::Shared;
    use crate::event::{Bus, Level};

    struct Fake(Shared);
    impl ExternalPrinter for Fake {
        fn print(&mut self, text: String) -> rustyline::Result<()> {
            Ok(self.0.write_all(text.as_bytes())?)
        }
    }

    #[test]
    fn what_comes_while_the_prompt_waits_goes_above_it() {
        let (normal, above) = (Shared::default(), Shared::default());
        let style = Style { verbosity: 0, color: false };
        let inner: Arc<dyn Sink> = Arc::new(PlainSink::new(Box::new(normal.clone()), style));
        let background = Background::new(Some(inner), style);
        let bus = Bus::new(vec![background.clone()]);
        bus.message(None, Level::Info, "evaluating", None);
        assert_eq!((normal.take().as_str(), above.take().as_str()), ("evaluating\n", ""));
        let mut printer: Option<Printer> = Some(Box::new(Fake(above.clone())));
        background.while_waiting(&mut printer, || bus.message(None, Level::Info, "done behind you", None));
        assert!(printer.is_some());
        assert_eq!((normal.take().as_str(), above.take().as_str()), ("", "done behind you\n"));
    }

    #[test]
    fn output_of_a_long_command_is_shown_while_it_comes() {
        let normal = Shared::default();
        let style = Style { verbosity: 0, color: false };
        let inner: Arc<dyn Sink> = Arc::new(PlainSink::new(Box::new(normal.clone()), style));
        let background = Background::new(Some(inner), style);
        let say = |line: &str| {
            background.event(&Event::Output {
                step: None,
                node: Some("n".to_owned()),
                stream: crate::event::Stream::Stdout,
                line: line.to_owned(),
            });
        };
        background.evaluating();
        say("quick");
        assert_eq!(normal.take(), "");
        background.evaluating();
        say("one");
        std::thread::sleep(PATIENCE * 2);
        assert_eq!(normal.take(), "n | one\n", "and nothing of what was evaluated before");
        say("two");
        assert_eq!(normal.take(), "n | two\n");
        assert_eq!(background.streamed().last_line().as_deref(), Some("two"));
    }
}
