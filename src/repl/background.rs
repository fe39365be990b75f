//! What goes on while the prompt waits for a key, told without garbling the line.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustyline::ExternalPrinter;

use crate::event::{Event, PlainSink, Sink, Style};

/// A sink for a session with a prompt. While something is evaluated it hands every event to another sink; while the
/// prompt waits it writes plain lines above the line that is typed.
pub struct Background {
    inner: Option<Arc<dyn Sink>>,
    plain: PlainSink,
    above: Above,
    waiting: AtomicBool,
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
        Arc::new(Self { inner, plain, above, waiting: AtomicBool::new(false) })
    }

    /// Runs `read`, in which the prompt waits and `printer` writes above it. Gives the printer back.
    pub(super) fn while_waiting<T>(&self, printer: &mut Option<Printer>, read: impl FnOnce() -> T) -> T {
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
        if !waiting || matches!(event, Event::StepEnded { .. }) {
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
}
