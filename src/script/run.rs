//! One run of scripts: what all natives share, and the bridge from their threads to async code.

use super::diagnostics::Sources;
use super::frames::Frames;
use super::hooks::Hooks;
use super::params::Given;
use super::plan::Plan;
use super::scope;
use super::stops::Stops;
use crate::engine::{self, Engine};
use crate::error::{Error, Result};
use crate::event::{Bus, Level, Unit};
use crate::host::kubectl;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use tokio_util::sync::CancellationToken;

/// What a run is allowed and where it looks; fixed when it begins.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// Folder of `--stdlib`, looked at before all others.
    pub stdlib: Option<PathBuf>,
    /// Whether the user's scripts may touch the host (`--allow-host`).
    pub allow_host: bool,
    /// Whether a command of the program runs, and not a user's script: the stdlib may touch the host then.
    pub trusted: bool,
    /// The folder of the user's script, whose files it may touch.
    pub folder: Option<PathBuf>,
    /// Further folders that the standard library may write to for a script that is not trusted.
    pub library_folders: Vec<PathBuf>,
    /// Arguments after the script's name.
    pub args: Vec<String>,
    /// How long the script may run.
    pub time_limit: Option<std::time::Duration>,
    /// Values of `--set` and `--values`.
    pub values: Given,
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
    /// Texts of the scripts that were loaded.
    pub sources: Sources,
    /// What users hung between the steps.
    pub hooks: Hooks,
    /// Variables of functions that failed, while somebody is asked at failures.
    pub frames: Frames,
    /// Functions of the script that is run, while somebody is asked at its steps.
    pub functions: OnceLock<rhai::AST>,
    /// The plan that is made instead of doing anything.
    pub plan: OnceLock<Arc<Plan>>,
    /// Who is asked at steps and failures, if anybody.
    pub stops: OnceLock<Arc<dyn Stops>>,
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
            sources: Sources::default(),
            hooks: Hooks::default(),
            frames: Frames::default(),
            functions: OnceLock::new(),
            plan: OnceLock::new(),
            stops: OnceLock::new(),
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

    /// Runs `work`, a session within this run that is interrupted on its own, and puts back what was interruptible
    /// before.
    pub fn nested<T>(&self, work: impl FnOnce() -> T) -> T {
        let outer = self.tokens().clone();
        let result = work();
        *self.tokens() = outer;
        result
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
        self.block(joined(task))
    }

    /// As [`Run::block_thread`], but sees the work through as [`Run::block_through`] does.
    pub fn thread_through<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let task = self.runtime.spawn_blocking(work);
        self.block_through(joined(task))
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

    /// The engine, if it is connected already; never waits.
    pub fn known_engine(&self) -> Option<Arc<dyn Engine>> {
        self.engine.try_lock().ok()?.clone()
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
        if self.planned("host", None, format!("use the engine at {address}"), serde_json::Value::Null) {
            return Ok(());
        }
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

    /// Makes this run a plan; before it begins.
    pub fn plan_with(&self, plan: Arc<Plan>) {
        *self.engine.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(plan.engine());
        let _ = self.plan.set(plan);
    }

    /// In a plan: writes down what would be done and says so. Otherwise it is to be done.
    pub fn planned(
        &self,
        act: &'static str,
        on: Option<&str>,
        text: impl Into<String>,
        detail: serde_json::Value,
    ) -> bool {
        let plan = self.plan.get();
        if let Some(plan) = plan {
            plan.act(act, on, text, detail);
        }
        plan.is_some()
    }

    /// Forgets the engine, so that the next use connects anew.
    pub fn forget_engine(&self) {
        if self.plan.get().is_some() {
            return;
        }
        *self.engine.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
        *self.info.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
    }

    /// Tells a message within the current step.
    pub fn message(&self, level: Level, text: impl Into<String>, hint: Option<String>) {
        self.events.message(scope::current().step, level, text, hint);
    }

    /// Warns of hooks that never ran since no step is called as they say.
    pub fn tell_mistaken_hooks(&self) {
        for (hook, near) in self.hooks.mistaken() {
            let text = format!("the hook {} at {} never ran: there was no such step", hook.point, hook.place);
            self.message(Level::Warning, text, Some(format!("did you mean {near}?")));
        }
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

/// What a worker thread has to tell.
async fn joined<T>(task: tokio::task::JoinHandle<Result<T>>) -> Result<T> {
    task.await.unwrap_or_else(|e| Err(Error::internal("thread", "a worker thread failed").because(e)))
}
