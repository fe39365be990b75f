//! The prompt at which a run stops: before a step, or where one has failed.

use super::session::{Cancel, Candidate, Output, Session, Spec, Takes};
use super::{Background, Options};
use crate::cli::printer::Printer;
use crate::error::{Error, Result};
use crate::script::{Host, Next, Run, ScriptSession, Stop, Stops};
use rhai::Dynamic;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

/// When to stop.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Before every step.
    pub step: bool,
    /// Before the steps of these names.
    pub breaks: Vec<String>,
    /// Where a step fails.
    pub failure: bool,
}

impl Wanted {
    /// Whether to stop anywhere at all.
    pub fn any(&self) -> bool {
        self.step || self.failure || !self.breaks.is_empty()
    }
}

/// Asks at the terminal.
pub struct Console {
    wanted: Wanted,
    printer: Printer,
    background: Arc<Background>,
    run: OnceLock<Weak<Run>>,
    /// `continue` was said: no more stops before steps.
    on: AtomicBool,
    /// A failure was let through: those around it are the same one.
    through: AtomicBool,
    /// The words were explained once.
    told: AtomicBool,
    /// Steps run in parallel; one is asked about at a time.
    turn: Mutex<()>,
}

impl Console {
    /// Has `run` stop and ask; `background` is the sink of its events.
    pub fn attach(
        run: &Arc<Run>,
        wanted: Wanted,
        printer: Printer,
        background: Arc<Background>,
    ) -> Arc<Self> {
        let console = Arc::new(Self {
            wanted,
            printer,
            background,
            run: OnceLock::from(Arc::downgrade(run)),
            on: AtomicBool::new(false),
            through: AtomicBool::new(false),
            told: AtomicBool::new(false),
            turn: Mutex::default(),
        });
        // a run is attached once, before it begins
        let _ = run.stops.set(console.clone());
        console
    }

    /// Whether a failure was told at its prompt and then let through.
    pub fn let_through(&self) -> bool {
        self.through.load(Ordering::SeqCst)
    }

    /// Opens the prompt. Where there is nobody any more (the input has ended), `otherwise` is done.
    fn ask(&self, stop: &mut Stop, words: Words, otherwise: Next) -> Next {
        let Some(run) = self.run.get().and_then(Weak::upgrade) else { return otherwise };
        if self.told.swap(true, Ordering::SeqCst) {
            let list: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.printer.info(format!("  {}", list.join(", ")));
            return self.answer(&run, stop, words).unwrap_or(otherwise);
        }
        let list = |(word, does): &(&str, &str)| format!("  {word:<9} {does}");
        let mut told = words.iter().map(list).collect::<Vec<_>>().join("\n");
        let names: Vec<&str> = stop.variables.iter().map(|(name, _)| name.as_str()).collect();
        if !names.is_empty() {
            told.push_str("\n  or any script, with ");
            told.push_str(&names.join(", "));
        }
        self.printer.info(&told);
        self.answer(&run, stop, words).unwrap_or(otherwise)
    }

    fn answer(&self, run: &Arc<Run>, stop: &mut Stop, words: Words) -> Option<Next> {
        let answered = run.nested(|| {
            let mut inner = ScriptSession::new(Host::new(run.clone()), self.background.streamed());
            inner.set_variables(&stop.variables);
            if let Some(functions) = run.functions.get() {
                inner.set_functions(functions);
            }
            let mut session = StopSession { inner, words, prompt: format!("{}> ", stop.name), answer: None };
            let ended =
                super::run(&mut session, &self.printer, &self.background, Options::from_environment());
            if let Err(error) = ended {
                self.printer.error(&error);
            }
            for (name, value) in &mut stop.variables {
                if let Some(now) = session.inner.variable(name) {
                    *value = now;
                }
            }
            session.answer
        });
        let Answer { word, value } = answered?;
        Some(match word {
            "continue" => {
                self.on.store(true, Ordering::SeqCst);
                Next::Run
            }
            "repeat" => Next::Repeat,
            "skip" => Next::Skip(value),
            "quit" | "abort" => Next::Abort,
            _ => Next::Run,
        })
    }
}

impl Stops for Console {
    fn wanted(&self, name: &str) -> bool {
        let named = self.wanted.breaks.iter().any(|wanted| wanted == name);
        named || (self.wanted.step && !self.on.load(Ordering::SeqCst))
    }

    fn before(&self, stop: &Stop) -> Next {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        // what was said at another prompt meanwhile holds here too
        if !self.wanted(&stop.name) {
            return Next::Run;
        }
        let of = if stop.nodes.is_empty() { String::new() } else { format!(" ({})", stop.nodes.join(", ")) };
        self.printer.info(format!("\nbefore step {}: {}{of}\n{}", stop.name, stop.title, stop.source));
        self.ask(&mut stop.clone(), BEFORE, Next::Abort)
    }

    fn on_failure(&self) -> bool {
        self.wanted.failure
    }

    fn failed(&self, stop: &mut Stop, error: &Error) -> Next {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if self.through.load(Ordering::SeqCst) {
            return Next::Abort;
        }
        self.printer.error(error);
        self.printer.info(format!("\n{} failed; everything is as it was then\n{}", stop.title, stop.source));
        let next = self.ask(stop, FAILED, Next::Abort);
        if matches!(next, Next::Abort) {
            self.through.store(true, Ordering::SeqCst);
        }
        next
    }
}

/// Words with what they do.
type Words = &'static [(&'static str, &'static str)];

const BEFORE: Words = &[
    ("run", "run this step and go on to the next (so does Enter)"),
    ("repeat", "run it and stop here again"),
    ("skip", "leave it out; skip VALUE goes on as if it had returned the value"),
    ("continue", "run everything from here"),
    ("quit", "end the run"),
];
const FAILED: Words = &[
    ("retry", "run it again and go on from there"),
    ("skip", "go on as if it had worked; skip VALUE as if it had returned the value"),
    ("abort", "let the failure through"),
];

/// What ended the prompt.
struct Answer {
    word: &'static str,
    value: Dynamic,
}

/// A session at a stop: its own words, then whatever a session can do.
struct StopSession {
    inner: ScriptSession,
    words: Words,
    prompt: String,
    answer: Option<Answer>,
}

impl Session for StopSession {
    fn eval(&mut self, text: &str) -> Result<Option<String>> {
        let typed = text.trim();
        let (first, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
        let word = self.words.iter().map(|(word, _)| *word).find(|word| *word == first);
        let Some(word) = word.filter(|word| rest.is_empty() || *word == "skip") else {
            return self.inner.eval(text);
        };
        let value = if rest.is_empty() { Dynamic::UNIT } else { self.inner.value_of(rest)? };
        self.answer = Some(Answer { word, value });
        Ok(None)
    }
    fn on_empty(&self) -> Option<&str> {
        self.words.first().map(|(word, _)| *word).filter(|word| *word == "run")
    }
    fn is_over(&self) -> bool {
        self.answer.is_some()
    }
    fn prompt(&self) -> String {
        self.prompt.clone()
    }
    fn claims(&self, input: &str) -> bool {
        self.words.iter().any(|(word, _)| *word == input.trim())
    }
    fn commands(&self) -> Vec<Spec> {
        self.inner.commands()
    }
    fn command(&mut self, name: &str, rest: &str, output: &Output<'_>) -> Result<Option<String>> {
        self.inner.command(name, rest, output)
    }
    fn shell_line(&mut self, line: &str, output: &Output<'_>) -> Result<()> {
        self.inner.shell_line(line, output)
    }
    fn complete_argument(&self, takes: Takes, text: &str) -> (usize, Vec<Candidate>) {
        self.inner.complete_argument(takes, text)
    }
    fn load(&mut self, file: &Path) -> Result<Option<String>> {
        self.inner.load(file)
    }
    fn is_incomplete(&self, text: &str) -> bool {
        self.inner.is_incomplete(text)
    }
    fn complete(&self, line: &str, position: usize) -> (usize, Vec<Candidate>) {
        let (begin, mut found) = self.inner.complete(line, position);
        let typed = line.get(..position).unwrap_or(line);
        let words = self.words.iter().map(|(word, _)| *word).filter(|word| word.starts_with(typed));
        found.extend(words.map(Candidate::new));
        (begin, found)
    }
    fn hint(&self, line: &str, position: usize) -> Option<String> {
        self.inner.hint(line, position)
    }
    fn highlight(&self, line: &str) -> Option<String> {
        self.inner.highlight(line)
    }
    fn help(&self, name: Option<&str>) -> Result<String> {
        self.inner.help(name)
    }
    fn cancel(&self) -> Cancel {
        // the signal ends what the run does, which is this session's line at the moment
        Arc::new(|| {})
    }
}
