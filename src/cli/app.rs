//! From words to an exit code: parses, resolves, hands over to one command, reports its failure once.

use super::args::{self, Cli, Command, OutputFormat, Parsed};
use super::commands;
use super::printer::Printer;
use super::settings::{Environment, Settings};
use super::version;
use crate::engine::{self, Engine};
use crate::error::{Error, Result};
use crate::event::timeline::{self, Timeline};
use crate::event::{Bus, Sink};
use crate::repl::{Background, Console, Wanted};
use crate::script::plan::Plan;
use crate::script::stdlib::{Places, library};
use crate::script::testing::Interrupts;
use crate::script::{Host, Run, RunOptions, on_script_thread};
use rhai::Dynamic;
use std::ffi::OsString;
use std::path::Path;
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
    /// What people look at; none with `-q`.
    pub terminal: Option<Arc<dyn Sink>>,
    /// Records what is done when, when the user asked for it.
    pub timeline: Option<Arc<Timeline>>,
    runtime: tokio::runtime::Runtime,
}

impl App {
    fn new(cli: &Cli, sink: impl FnOnce(&Settings) -> Option<Arc<dyn Sink>>) -> Result<Self> {
        let mut settings = Settings::resolve(&cli.global, &Environment::current());
        // a folder to eject into need not be there yet
        let ejects = matches!(
            &cli.command,
            Some(Command::Stdlib(args::Stdlib { action: Some(args::StdlibAction::Eject(_)) }))
        );
        settings.stdlib = match settings.stdlib.take() {
            Some(given) if !ejects || given.exists() => Some(library::folder_of(&given)?),
            given => given,
        };
        let timeline = asks_for_timeline(cli).then(|| Arc::new(Timeline::new(title())));
        if let Some(path) = &cli.global.timeline {
            writable(path)?;
        }
        let listening = timeline.clone().map(|timeline| timeline as Arc<dyn Sink>);
        let terminal = sink(&settings);
        let bus = Bus::new(terminal.clone().into_iter().chain(listening).collect());
        for warning in &settings.warnings {
            bus.message(None, crate::event::Level::Warning, warning.clone(), None);
        }
        let printer = Printer::new(&settings, bus.clone());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|e| Error::internal("runtime", "cannot start the runtime").because(e))?;
        Ok(Self { settings, printer, bus, terminal, timeline, runtime })
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
        let console =
            Console::attach(&run, wanted, Printer::new(&self.settings, self.bus.clone()), background);
        // what was let through was told at its prompt
        let told = |error: Error| if console.let_through() { Error::exit(error.exit_code()) } else { error };
        self.drive(&run, work).map_err(told)
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
        // scripts that are for another kind are told before any of them runs
        Places::new(run.options.stdlib.as_deref()).manifests()?;
        let interrupted = run.clone();
        let signals = self.runtime.spawn(on_signals(move || interrupted.interrupt()));
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

    /// Runs `work`, which has many runs that signals interrupt together.
    pub fn interruptible<T>(
        &self,
        interrupts: &Arc<Interrupts>,
        work: impl FnOnce(&Interrupts, &tokio::runtime::Handle) -> Result<T>,
    ) -> Result<T> {
        let all = interrupts.clone();
        let signals = self.runtime.spawn(on_signals(move || all.interrupt()));
        let result = work(interrupts, self.runtime.handle());
        signals.abort();
        result
    }

    /// Writes and tells what was recorded.
    fn finish_timeline(&self, file: Option<&Path>, profile: bool) -> Result<()> {
        let Some(timeline) = &self.timeline else { return Ok(()) };
        let record = timeline.record();
        if profile {
            let text = timeline::profile(&record);
            self.bus.message(None, crate::event::Level::Info, text.trim_end(), None);
        }
        if let Some(file) = file {
            timeline::write(&record, file)?;
            self.printer.info(format!("the timeline is in {}", file.display()));
        }
        Ok(())
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

fn asks_for_timeline(cli: &Cli) -> bool {
    cli.global.timeline.is_some() || matches!(&cli.command, Some(Command::Run(run)) if run.profile)
}

/// The command line as the timeline names it, without the path of the program.
fn title() -> String {
    let words: Vec<String> = std::env::args().skip(1).collect();
    format!("kind {}", crate::host::process::quote(&words))
}

/// Fails before the work, and not after it, where its timeline cannot be written.
fn writable(path: &Path) -> Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) if !folder.is_dir() => Err(Error::user(
            "file.not_found",
            format!("the timeline cannot be written: there is no folder {}", folder.display()),
        )),
        _ => Ok(()),
    }
}

/// Calls `interrupt` at each signal, and ends the program when that has nothing more to end.
async fn on_signals(interrupt: impl Fn() -> bool) {
    let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
        return;
    };
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        if !interrupt() {
            std::process::exit(130);
        }
    }
}

/// Runs the program; `words` begin with its name. Returns the code to end with.
pub fn main(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let words: Vec<OsString> = words.into_iter().collect();
    if let Some(code) = args::answer_completion(&words) {
        return ExitCode::from(u8::try_from(code).unwrap_or(1));
    }
    let code = match args::parse(words) {
        Parsed::Cli(cli) => run(*cli),
        other => tell(other),
    };
    engine::leave_all();
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
    let profile = matches!(&command, Command::Run(run) if run.profile);
    let code = finish(&app, dispatch(&app, command));
    let written = finish(&app, app.finish_timeline(cli.global.timeline.as_deref(), profile));
    let code = if code == 0 { written } else { code };
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
        Command::Load(load) => commands::load::run(app, load),
        Command::Run(run) => commands::run::run(app, &run),
        Command::Repl(repl) => commands::repl::run(app, &repl),
        Command::Test(test) => commands::test::run(app, &test),
        Command::Check(check) => commands::check::run(app, &check),
        Command::Doc(doc) => commands::doc::run(app, &doc),
        Command::Definitions(definitions) => commands::definitions::run(app, &definitions),
        Command::Lsp => commands::lsp::run(app),
        Command::Engine(engine) => commands::engine::run(app, engine),
        Command::Build(build) => commands::build::run(app, build),
        Command::Config(config) => commands::config::run(app, config),
        Command::Stdlib(stdlib) => commands::stdlib::run(app, stdlib),
        Command::Version(output) => commands::version::run(app, output.output),
        Command::Man { dir } => commands::man::run(app, &dir),
        // answered where the words were read
        Command::Help { .. } => Ok(()),
        Command::Completion { shell } => commands::completion::run(app, shell),
    }
}
