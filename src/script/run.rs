//! One run of scripts: what all natives share, and the bridge from their threads to async code.

use super::scope;
use crate::engine::{self, Engine};
use crate::error::{Error, Result};
use crate::event::{Bus, Level, Unit};
use crate::host::kubectl;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio_util::sync::CancellationToken;

/// What a run is allowed and where it looks; fixed when it begins.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// Folder of `--stdlib`, looked at before all others.
    pub stdlib: Option<PathBuf>,
    /// Whether the user's scripts may touch the host (`--allow-host`). The stdlib always may.
    pub allow_host: bool,
    /// Whether an engine may be started when none answers.
    pub start_engine: bool,
    /// Arguments after the script's name.
    pub args: Vec<String>,
    /// The cluster that `kubectl(…)` reaches: that of the running test.
    pub kubectl: Arc<Mutex<Option<kubectl::Target>>>,
    /// Whether `print` is told as an event, and not written to standard output.
    pub captured: bool,
}

/// What ends a run: the first Ctrl-C cancels its work, the second its clean-up too.
#[derive(Clone, Default)]
struct Tokens {
    cancel: CancellationToken,
    abort: CancellationToken,
}

/// Shared by all natives of one run.
pub struct Run {
    /// What it is allowed.
    pub options: RunOptions,
    /// Where events go.
    pub events: Bus,
    tokens: Mutex<Tokens>,
    runtime: tokio::runtime::Handle,
    engine: Mutex<Option<Arc<dyn Engine>>>,
    info: Mutex<Option<engine::Info>>,
}

impl Run {
    /// A run that uses `engine`, or connects to one when it is first needed.
    pub fn new(
        runtime: tokio::runtime::Handle,
        events: Bus,
        options: RunOptions,
        engine: Option<Arc<dyn Engine>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            options,
            events,
            tokens: Mutex::default(),
            runtime,
            engine: Mutex::new(engine),
            info: Mutex::default(),
        })
    }

    /// Where async work of its natives runs.
    pub fn runtime(&self) -> &tokio::runtime::Handle {
        &self.runtime
    }

    fn tokens(&self) -> std::sync::MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Begins something that can be interrupted anew (a script, a line of the REPL); returns its token.
    pub fn begin(&self) -> CancellationToken {
        let mut tokens = self.tokens();
        *tokens = Tokens::default();
        tokens.cancel.clone()
    }

    /// Interrupts what runs; called again, its clean-up too. Says whether there is still something to end.
    pub fn interrupt(&self) -> bool {
        let tokens = self.tokens();
        if !tokens.cancel.is_cancelled() {
            tokens.cancel.cancel();
            return true;
        }
        let first = !tokens.abort.is_cancelled();
        tokens.abort.cancel();
        first
    }

    /// The token that clean-up obeys.
    pub fn abort_token(&self) -> CancellationToken {
        self.tokens().abort.clone()
    }

    /// Waits for `future` on this thread; ends at once with [`Error::cancelled`] when the thread's scope is
    /// cancelled. The future is dropped then.
    pub fn block<T>(&self, future: impl Future<Output = Result<T>>) -> Result<T> {
        let cancel = scope::current().cancel;
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = cancel.cancelled() => Err(Error::cancelled()),
                result = future => result,
            }
        })
    }

    /// As [`Run::block`], but sees the work through when the scope is cancelled in the middle, and says so then. For
    /// what the engine would go on with after we left, such as making a container: clean-up has to find it.
    pub fn block_through<T>(&self, future: impl Future<Output = Result<T>>) -> Result<T> {
        let cancel = scope::current().cancel;
        if cancel.is_cancelled() {
            return Err(Error::cancelled());
        }
        let result = self.runtime.block_on(future);
        if cancel.is_cancelled() { Err(Error::cancelled()) } else { result }
    }

    /// Runs blocking work on a thread of its own and waits for it as [`Run::block`] does. Work that is left
    /// behind on cancellation ends by itself.
    pub fn block_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let task = self.runtime.spawn_blocking(work);
        self.block(async move {
            task.await.unwrap_or_else(|e| Err(Error::internal("thread", "a worker thread failed").because(e)))
        })
    }

    /// The engine; connects on first use.
    pub fn engine(&self) -> Result<Arc<dyn Engine>> {
        let mut slot = self.engine.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(engine) = &*slot {
            return Ok(engine.clone());
        }
        let engine = self.block(engine::connect())?;
        *slot = Some(engine.clone());
        Ok(engine)
    }

    /// What the engine says of itself; asked once.
    pub fn engine_info(&self) -> Result<engine::Info> {
        let mut slot = self.info.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(info) = &*slot {
            return Ok(info.clone());
        }
        let engine = self.engine()?;
        let info = self.block(engine.info())?;
        *slot = Some(info.clone());
        Ok(info)
    }

    /// Uses the engine at this address from here on.
    pub fn connect_to(&self, address: &str) -> Result<()> {
        let engine = self.block(engine::connect_to(address))?;
        self.forget_engine();
        *self.engine.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(engine);
        Ok(())
    }

    /// Gives the engine a moment to end the commands that an interrupted run left in containers.
    pub fn settle(&self) {
        let engine = self.engine.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        if let Some(engine) = engine {
            self.runtime.block_on(async {
                let _ = tokio::time::timeout(std::time::Duration::from_secs(2), engine.settle()).await;
            });
        }
    }

    /// Forgets the engine, so that the next use connects anew.
    pub fn forget_engine(&self) {
        *self.engine.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
        *self.info.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
    }

    /// Tells a message within the current step.
    pub fn message(&self, level: Level, text: impl Into<String>, hint: Option<String>) {
        self.events.message(scope::current().step, level, text, hint);
    }

    /// Something that tells progress within the current step.
    pub fn progress(&self, what: String, unit: Unit) -> impl Fn(u64, Option<u64>) + Send + Sync + use<> {
        let events = self.events.clone();
        let step = scope::current().step;
        move |done, total| {
            events.emit(&crate::event::Event::Progress { step, what: what.clone(), done, total, unit });
        }
    }
}
