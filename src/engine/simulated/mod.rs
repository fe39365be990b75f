//! An engine in memory, as true to the real one as a program can tell.
//!
//! Names, ports, subnets and images are taken and missing as they would be, states follow starts, stops
//! and signals, files that went up come down again. What runs in a container is not simulated: commands
//! get the answers they were given ([`Simulated::answer`]), and end well and silently without one, except
//! for a few that only look at files. Everything that would have changed something is recorded
//! ([`Simulated::deeds`]), and any operation can be made to fail ([`Simulated::fail_next`]).
//!
//! For plans, for tests of scripts, and for faults a real engine cannot be made to show. It never stands
//! in for a real run.

mod answer;
mod archive;
mod changes;
mod deed;
mod exec;
mod images;
mod networks;
mod operation;
mod state;
mod trait_impl;

pub use answer::{Answer, Matcher};
pub use deed::{Deed, File};
pub use operation::Operation;

use super::{Endpoint, Info};
use crate::error::Error;
use crate::event::Stream;
use answer::Rule;
use state::{Reaction, State};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, broadcast};

/// The simulated engine. All of it can be used from many tasks.
pub struct Simulated {
    endpoint: Endpoint,
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
    events: broadcast::Sender<state::Told>,
}

impl Default for Simulated {
    fn default() -> Self {
        Self::new()
    }
}

impl Simulated {
    /// An engine without containers and images; what is pulled is there.
    pub fn new() -> Self {
        Self {
            endpoint: Endpoint::simulated(),
            state: Arc::default(),
            changed: Arc::default(),
            events: broadcast::channel(1024).0,
        }
    }

    /// What it says of itself.
    pub fn with_info(self, info: Info) -> Self {
        self.lock().info = info;
        self
    }

    /// Puts an image there.
    pub fn with_image(self, reference: &str) -> Self {
        self.lock().add_image(reference, state::StoredImage::default());
        self
    }

    /// Puts an image there that came to be without the engine's doing.
    pub fn put_image(&self, reference: &str) {
        self.lock().add_image(reference, state::StoredImage::default());
    }

    /// Lets a registry have `reference`. From then on only such images can be pulled.
    pub fn with_registry_image(self, reference: &str) -> Self {
        self.lock().registry.get_or_insert_default().insert(images::full_name(reference));
        self
    }

    /// Gives every container made from here on a file, as its image would.
    pub fn put_file(&self, path: &str, content: &str) {
        let file = File { content: content.into(), mode: 0o644 };
        self.lock().base_files.insert(path.to_owned(), file);
    }

    /// Has `observer` told of every deed, before the operation returns, on the thread that polls it. It must not
    /// use the engine.
    pub fn observe(&self, observer: impl Fn(&Deed) + Send + Sync + 'static) {
        self.lock().observer = Some(Arc::new(observer));
    }

    /// Takes a port of the host, as another program would.
    pub fn take_port(&self, port: u16) {
        self.lock().foreign_ports.insert(port);
    }

    /// Makes the next call of `operation` fail with `error`, before it changed anything. Several wait for
    /// their turn.
    pub fn fail_next(&self, operation: Operation, error: Error) {
        self.lock().faults.push((operation, error));
    }

    /// Answers commands that `matcher` matches. Later rules are asked first.
    pub fn answer(&self, matcher: Matcher, answer: Answer) {
        self.lock().rules.push(Rule { matcher, answer, left: None });
    }

    /// The same for the next `times` commands only.
    pub fn answer_times(&self, times: u32, matcher: Matcher, answer: Answer) {
        self.lock().rules.push(Rule { matcher, answer, left: Some(times) });
    }

    /// Lets containers react to a signal (`SIGUSR1`) by writing a line to their log, as an entrypoint
    /// that boots does.
    pub fn log_on_signal(&self, signal: &str, line: &str) {
        let signal = state::signal_name(signal);
        self.lock().reactions.push(Reaction { signal, line: line.to_owned() });
    }

    /// Lets a container write to its log.
    pub fn say(&self, container: &str, stream: Stream, text: &str) {
        if let Some(container) = self.lock().containers.get_mut(container) {
            container.log.push((stream, text.to_owned().into()));
        }
        self.changed.notify_waiters();
    }

    /// Ends a container's first process with `code`, as if by itself.
    pub fn end(&self, container: &str, code: i64) {
        let mut state = self.lock();
        state.end(container, code, &self.events);
        drop(state);
        self.changed.notify_waiters();
    }

    /// What would have been done so far, in order.
    pub fn deeds(&self) -> Vec<Deed> {
        self.lock().deeds.clone()
    }

    /// A file of a container, as it was uploaded.
    pub fn file(&self, container: &str, path: &str) -> Option<File> {
        self.lock().containers.get(container)?.files.get(path).cloned()
    }

    /// Signals a container has got, without `SIG`.
    pub fn signals(&self, container: &str) -> Vec<String> {
        self.lock().containers.get(container).map(|c| c.signals.clone()).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an operation: the state, unless the operation is to fail.
    fn begin(&self, operation: Operation) -> crate::error::Result<MutexGuard<'_, State>> {
        let mut state = self.lock();
        match state.faults.iter().position(|(planned, _)| *planned == operation) {
            Some(at) => Err(state.faults.remove(at).1),
            None => Ok(state),
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
