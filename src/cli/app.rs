//! From words to an exit code: parses, resolves, hands over to one command, reports its failure once.

use super::args::{self, Cli, Command, OutputFormat, Parsed};
use super::commands;
use super::printer::Printer;
use super::settings::{Environment, Settings};
use super::version;
use crate::engine::{self, Engine};
use crate::error::{Error, Result};
use crate::event::{Bus, Sink};
use crate::repl::{Background, Console, Wanted};
use crate::script::plan::Plan;
use crate::script::{Host, Run, RunOptions, on_script_thread};
use rhai::Dynamic;
use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

/// What every command has at hand.
pub struct App {
    /// The user's wishes, resolved.
    pub settings: Settings,
    /// Prints.
    pub printer: Printer,
    /// Where events go.
    pub bus: Bus,
    runtime: tokio::runtime::Runtime,
}

impl App {
    fn new(cli: &Cli, sink: impl FnOnce(&Settings) -> Option<Arc<dyn Sink>>) -> Result<Self> {
        let settings = Settings::resolve(&cli.global, &Environment::current());
        let bus = Bus::new(sink(&settings).into_iter().collect());
        for warning in &settings.warnings {
            bus.message(None, crate::event::Level::Warning, warning.clone(), None);
        }
        let printer = Printer::new(&settings, bus.clone());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|e| Error::internal("runtime", "cannot start the runtime").because(e))?;
        Ok(Self { settings, printer, bus, runtime })
    }

    /// Waits for async work; Ctrl-C ends it.
    pub fn block<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.runtime.block_on(async {
            tokio::select! {
                result = work => result,
                _ = tokio::signal::ctrl_c() => Err(Error::cancelled()),
            }
        })
    }

    /// The engine, for commands that need no script.
    pub async fn engine(&self) -> Result<Arc<dyn Engine>> {
        engine::connect().await
    }

    /// A run whose events go to `bus`; nothing is started yet.
    pub fn new_run(&self, mut options: RunOptions, bus: Bus) -> Arc<Run> {
        options.stdlib.clone_from(&self.settings.stdlib);
        Run::new(self.runtime.handle().clone(), bus, options, None)
    }

    /// Runs `work` with a script host on a thread of its own. Ctrl-C and SIGTERM interrupt the run, the second
    /// one its clean-up too, the third ends the program.
    pub fn with_host<T: Send>(
        &self,
        options: RunOptions,
        work: impl FnOnce(&Host) -> Result<T> + Send,
    ) -> Result<T> {
        self.drive(&self.new_run(options, self.bus.clone()), work)
    }

    /// As [`App::with_host`], for a run that stops where it is `wanted` and asks at the terminal.
    pub fn with_stops<T: Send>(
        &self,
        options: RunOptions,
        wanted: Wanted,
        work: impl FnOnce(&Host) -> Result<T> + Send,
    ) -> Result<T> {
        if !wanted.any() {
            return self.with_host(options, work);
        }
        // Lines that are redrawn would write over the prompt.
        let background = Background::new(self.settings.plain_sink(), self.settings.style());
        let run = self.new_run(options, Bus::new(vec![background.clone()]));
        Console::attach(&run, wanted, Printer::new(&self.settings, self.bus.clone()), background);
        self.drive(&run, work)
    }

    /// Plans what `work` would do, instead of doing it. A failure is part of the plan, and is returned with it.
    pub fn plan(
        &self,
        options: RunOptions,
        work: impl FnOnce(&Host) -> Result<()> + Send,
    ) -> Result<(Arc<Plan>, Result<()>)> {
        let real = self.block(async { Ok(engine::connect().await.ok()) })?;
        if real.is_none() {
            self.printer.info("no engine answers: this plan begins with an empty one");
        }
        let plan = self.block(Plan::like(real))?;
        let run = self.new_run(options, Bus::new(vec![plan.clone()]));
        run.plan_with(plan.clone());
        let result = self.drive(&run, |host| {
            let _ = host.call("plan", "assume", Vec::new())?;
            work(host)
        });
        Ok((plan, result))
    }

    /// Plans and prints: a tree for people, or data. What fails is told after what comes before it.
    pub fn print_plan(
        &self,
        options: RunOptions,
        format: Option<OutputFormat>,
        work: impl FnOnce(&Host) -> Result<()> + Send,
    ) -> Result<()> {
        let (plan, result) = self.plan(options, work)?;
        match format {
            Some(format) => self.printer.value(format, &plan.items())?,
            None => {
                self.printer.data(&plan.text(self.settings.verbosity > 0))?;
                self.printer.info("this is a plan: nothing was changed");
            }
        }
        result
    }

    fn drive<T: Send>(&self, run: &Arc<Run>, work: impl FnOnce(&Host) -> Result<T> + Send) -> Result<T> {
        let signals = self.runtime.spawn(interrupt(run.clone()));
        let limit =
            run.options.time_limit.map(|limit| (limit, self.runtime.spawn(end_after(run.clone(), limit))));
        let mut result = on_script_thread(|| work(&Host::new(run.clone())));
        if let Some((limit, timer)) = limit {
            let ended = timer.is_finished();
            timer.abort();
            if ended && result.as_ref().is_err_and(Error::is_cancelled) {
                let message = format!("the script was ended after {} s", limit.as_secs_f64());
                result = Err(Error::user("script.time_limit", message).hint("--time-limit gives it longer"));
            }
        }
        run.tell_mistaken_hooks();
        run.settle();
        signals.abort();
        result
    }

    /// Calls a function of the standard library.
    pub fn call(
        &self,
        module: &str,
        function: &str,
        args: impl FnOnce() -> Result<Vec<Dynamic>> + Send,
    ) -> Result<Dynamic> {
        // Dynamics are made on the script's thread, where they are used.
        let options = RunOptions { trusted: true, ..Default::default() };
        self.with_host(options, |host| host.call(module, function, args()?))
    }
}

/// Interrupts a run when its time is over.
async fn end_after(run: Arc<Run>, limit: std::time::Duration) {
    tokio::time::sleep(limit).await;
    run.interrupt();
}

/// Interrupts a run at each signal.
async fn interrupt(run: Arc<Run>) {
    let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
        return;
    };
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        if !run.interrupt() {
            std::process::exit(130);
        }
    }
}

/// Runs the program; `words` begin with its name. Returns the code to end with.
pub fn main(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let code = match args::parse(words) {
        Parsed::Cli(cli) => run(*cli),
        other => tell(other),
    };
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// Says what came of words that are no command line; the code to end with.
fn tell(parsed: Parsed) -> i32 {
    let settings = Settings::resolve(&args::Global::default(), &Environment::current());
    let printer = Printer::new(&settings, Bus::silent());
    let report = |message: &str, hints: Vec<String>| {
        let error = hints.into_iter().fold(Error::user("usage", message), Error::hint);
        printer.error(&error);
    };
    match parsed {
        Parsed::Cli(_) => 0,
        Parsed::Help { text, exit, missing } => {
            // A reader that went away wants no more help.
            let _ = printer.data(&text);
            if let Some(missing) = missing {
                report(missing, Vec::new());
            }
            exit
        }
        Parsed::Wrong { message, hints, exit, quiet } => {
            if !quiet {
                report(&message, hints);
            }
            exit
        }
    }
}

fn run(cli: Cli) -> i32 {
    let app = match App::new(&cli, Settings::sink) {
        Ok(app) => app,
        Err(error) => {
            let settings = Settings::resolve(&cli.global, &Environment::current());
            return Printer::new(&settings, Bus::silent()).error(&error);
        }
    };
    if cli.version {
        return finish(&app, app.printer.line(&version::flag()));
    }
    let Some(command) = cli.command else { return 0 };
    let code = finish(&app, dispatch(&app, command));
    // A thread that waits for a file's lock must not keep an interrupted program.
    app.runtime.shutdown_background();
    code
}

fn finish(app: &App, result: Result<()>) -> i32 {
    match result {
        Ok(()) => 0,
        Err(error) => app.printer.error(&error),
    }
}

fn dispatch(app: &App, command: Command) -> Result<()> {
    match command {
        Command::Create(create) => commands::create::run(app, create),
        Command::Delete(delete) => commands::delete::run(app, delete),
        Command::Get(get) => commands::get::run(app, get),
        Command::Export(export) => commands::export::run(app, export),
        Command::Run(run) => commands::run::run(app, &run),
        Command::Repl(repl) => commands::repl::run(app, &repl),
        Command::Check(check) => commands::check::run(app, &check),
        Command::Doc(doc) => commands::doc::run(app, &doc),
        Command::Definitions(definitions) => commands::definitions::run(app, &definitions),
        Command::Lsp => commands::lsp::run(app),
        Command::Engine(engine) => commands::engine::run(app, engine),
        Command::Build(build) => commands::build::run(app, build),
        Command::Stdlib(stdlib) => commands::stdlib::run(app, stdlib),
        Command::Version => commands::version::run(app),
        // answered where the words were read
        Command::Help { .. } => Ok(()),
        Command::Completion { shell } => commands::completion::run(app, shell),
    }
}
