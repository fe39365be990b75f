//! The REPL's side of the host: evaluates lines in one scope that keeps its values, completes names, and has the
//! commands that know clusters and scripts.

mod commands;
mod edit;
mod focus;
mod library;
mod plan;
mod remote;
mod transcript;

use super::complete::{Live, Names, open_call};
use super::host::Host;
use super::lexer::{self, Kind};
use super::stdlib::Places;
use super::{highlight, scope, show};
use crate::error::{Error, Result};
use crate::host::fs;
use crate::repl::{Cancel, Candidate, Output, Session, Spec, Streamed, Takes};
use focus::Focus;
use rhai::{AST, Dynamic, Map, Scope};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use transcript::{Origin, Transcript};

/// How long the greeting waits for the names of the clusters.
const GREETING: Duration = Duration::from_millis(40);

/// A session of typed lines.
pub struct ScriptSession {
    host: Host,
    variables: Scope<'static>,
    /// Functions and imports that earlier lines made.
    kept: AST,
    transcript: Transcript,
    live: Live,
    places: Places,
    focus: Option<Focus>,
    streamed: Arc<Streamed>,
}

impl ScriptSession {
    /// A session in which nothing was typed yet. `streamed` knows what of the output of commands was shown already.
    pub fn new(host: Host, streamed: Arc<Streamed>) -> Self {
        let live = Live::new(host.run().clone());
        live.warm_up();
        let places = Places::new(host.run().options.stdlib.as_deref());
        let (variables, kept, transcript) = (Scope::new(), AST::empty(), Transcript::default());
        Self { host, variables, kept, transcript, live, places, focus: None, streamed }
    }

    /// Binds variables, as if they had been typed.
    pub fn set_variables(&mut self, variables: &[(String, Dynamic)]) {
        for (name, value) in variables {
            self.bind(name, value.clone());
        }
    }

    /// Makes functions of a script known, as if they had been typed.
    pub fn set_functions(&mut self, functions: &AST) {
        self.kept = self.kept.merge(functions);
    }

    /// The value of a variable.
    pub fn variable(&self, name: &str) -> Option<Dynamic> {
        self.variables.get_value(name)
    }

    /// The value of an expression.
    pub fn value_of(&mut self, text: &str) -> Result<Dynamic> {
        self.evaluate(Origin::Prompt, text)
    }

    /// Gives a variable a value, a new one or one that is there.
    pub fn bind(&mut self, name: &str, value: Dynamic) {
        self.variables.set_or_push(name, value);
    }

    /// Runs `work` so that Ctrl-C ends what it waits for.
    fn interruptible<T>(&self, work: impl FnOnce(&Self) -> T) -> T {
        let scope = scope::Scope { cancel: self.host.run().begin(), ..Default::default() };
        scope::with(scope, || work(self))
    }

    /// Evaluates an input. What ran of it before an error keeps its values, and its functions are there.
    fn evaluate(&mut self, origin: Origin, text: &str) -> Result<Dynamic> {
        let name = origin.source();
        let before = self.transcript.begin(origin, text);
        let result = self.evaluate_after(&name, &before, text);
        self.transcript.end(result.is_ok());
        result.map_err(|error| self.transcript.relabel(error))
    }

    fn evaluate_after(&mut self, name: &str, before: &str, text: &str) -> Result<Dynamic> {
        let ast = self.host.compile_after(name, before, text)?;
        let mut whole = self.kept.merge(&ast);
        whole.set_source(name);
        let mut functions = ast.clone();
        functions.clear_statements();
        self.kept = self.kept.merge(&functions);
        let value = self.host.eval_ast(name, &whole, &mut self.variables)?;
        if self.transcript.imports_of_last() {
            self.import_again()?;
        }
        Ok(value)
    }

    /// Puts the imports in front of every input to come; leaves out what cannot be imported any more.
    fn import_again(&mut self) -> Result<()> {
        let mut failed = None;
        for (i, line) in self.transcript.import_lines() {
            let tried = self.host.compile("(imports)", &line);
            let tried = tried.and_then(|ast| self.host.eval_ast("(imports)", &ast, &mut Scope::new()));
            let works = tried.is_ok();
            self.transcript.set_import(i, works);
            failed = failed.or(tried.err());
        }
        let all: Vec<String> = self.transcript.working_imports();
        let imports = self.host.compile("(imports)", &all.join("\n"))?;
        self.kept.clear_statements();
        self.kept = imports.merge(&self.kept);
        failed.map_or(Ok(()), Err)
    }

    /// Reads scripts of the library and imported files again.
    fn reload(&mut self) -> Result<()> {
        self.host.reload();
        self.import_again()
    }

    /// What an evaluated input shows: nothing behind a `;`, what was bound by a `let` that stands alone.
    fn answer(&mut self, text: &str, value: &Dynamic) -> Option<String> {
        let all: Vec<_> = lexer::tokens(text).into_iter().filter(|t| !t.is_blank()).collect();
        let silent = all.last().is_some_and(|t| t.is(";"));
        if value.is_unit() {
            let binds = all.first().is_some_and(|t| matches!(t.text, "let" | "const"));
            let name = all.get(1).filter(|t| t.kind == Kind::Name)?;
            let alone = binds && !all.iter().any(|t| t.is(";"));
            let value = alone.then(|| self.variables.get_value::<Dynamic>(name.text)).flatten()?;
            return (!value.is_unit()).then(|| self.shown(&value));
        }
        self.transcript.gave_value();
        self.bind("it", value.clone());
        (!silent).then(|| self.shown(value))
    }

    fn shown(&self, value: &Dynamic) -> String {
        let value = self.without_streamed(value);
        self.interruptible(|me| me.host.show(&value))
    }

    /// The value without output that the user has seen come already.
    fn without_streamed(&self, value: &Dynamic) -> Dynamic {
        let Some(last) = self.streamed.last_line() else { return value.clone() };
        let shorter = |text: &str| {
            let count = text.lines().count();
            let lines = if count == 1 { "line" } else { "lines" };
            (text.lines().last() == Some(&last)).then(|| format!("({count} {lines}, above)"))
        };
        if value.is_string() {
            return shorter(&value.to_string()).map_or_else(|| value.clone(), Dynamic::from);
        }
        let Some(map) = value.read_lock::<Map>() else { return value.clone() };
        let mut map = map.clone();
        for key in ["stdout", "stderr"] {
            let text = map.get(key).filter(|text| text.is_string()).map(ToString::to_string);
            if let Some(short) = text.as_deref().and_then(shorter) {
                map.insert(key.into(), short.into());
            }
        }
        map.into()
    }

    fn names(&self) -> Names<'_> {
        Names {
            variables: self.variables.iter_raw().map(|(name, _, value)| (name, value)).collect(),
            functions: self
                .kept
                .iter_functions()
                .filter(|f| !f.name.starts_with("anon$"))
                .map(|f| (f.name.to_owned(), format!("({})", f.params.join(", "))))
                .collect(),
            imports: self.transcript.imports(),
            live: &self.live,
            places: &self.places,
            focus: self.focus.as_ref().map(|focus| focus.node.name.clone()),
        }
    }

    /// A hint for who typed what belongs into a shell, or a name that only `--cluster` gives.
    fn advised(&self, text: &str, error: Error) -> Error {
        let line = text.trim();
        let first = line.split_whitespace().next().unwrap_or_default();
        let node = self.focus.as_ref().map_or("the node in use", |focus| focus.node.name.as_str());
        let unknown = |name: &str| {
            error.code() == "script.unknown_variable" && error.message().contains(&format!("{name:?}"))
        };
        if unknown("c") || unknown("n") {
            return error.hint(".focus CLUSTER binds c and n to a cluster and its first node");
        }
        let is_word = !first.is_empty() && first.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let shell = error.code() == "script.syntax" || unknown(first);
        if is_word && shell && !lexer::KEYWORDS.contains(&first) && !line.contains(['(', '=', '\n']) {
            // what it is near to among our names is of no interest then
            let place = error.context().place.clone().unwrap_or_default();
            let told = Error::new(error.kind(), error.code(), error.message()).at(place);
            return told.hint(format!("!{line} runs it as a command on {node}"));
        }
        error
    }
}

impl Session for ScriptSession {
    fn eval(&mut self, text: &str) -> Result<Option<String>> {
        let value = self.evaluate(Origin::Prompt, text).map_err(|error| self.advised(text, error))?;
        Ok(self.answer(text, &value))
    }

    fn load(&mut self, file: &Path) -> Result<Option<String>> {
        let text = fs::read_to_string(file)?;
        self.host.reload();
        // a `#!` line is for the shell
        let text = if text.starts_with("#!") { format!("//{text}") } else { text };
        let value = self.evaluate(Origin::File(file.to_owned()), &text)?;
        Ok((!value.is_unit()).then(|| self.shown(&value)))
    }

    fn commands(&self) -> Vec<Spec> {
        commands::TABLE.iter().map(|command| command.spec).collect()
    }

    fn command(&mut self, name: &str, rest: &str, output: &Output<'_>) -> Result<Option<String>> {
        let known = commands::TABLE.iter().find(|command| command.spec.name == name);
        let known =
            known.ok_or_else(|| Error::internal("repl.command", format!("{name} is not in the table")))?;
        (known.run)(self, rest, output)
    }

    fn shell_line(&mut self, line: &str, output: &Output<'_>) -> Result<()> {
        remote::line(self, line, output)
    }

    fn prompt(&self) -> String {
        match &self.focus {
            None => "kind> ".to_owned(),
            Some(focus) => format!("kind:{}> ", focus.shown()),
        }
    }

    fn greeting(&self) -> Option<String> {
        let mut lines =
            vec![format!("kind {}: clusters, nodes and scripts, line by line", env!("CARGO_PKG_VERSION"))];
        match &self.focus {
            Some(focus) => {
                lines.push(format!("  c is the cluster {}, n its node {}", focus.cluster, focus.node.name));
                lines.push(
                    "  try  c.nodes   n.exec(\"ls\", \"/kind\")   n.read(\"/kind/version\")   !crictl ps"
                        .to_owned(),
                );
            }
            None => {
                let mut names: Vec<String> =
                    self.live.nodes_within(GREETING).into_iter().map(|node| node.cluster).collect();
                names.dedup();
                match names.first() {
                    Some(first) => lines.push(format!(
                        "  clusters: {}; .focus {first} binds c and n to it, then !ls /kind looks into its node",
                        names.join(", ")
                    )),
                    None => lines.push("  .clusters lists what there is, .focus NAME takes one".to_owned()),
                }
            }
        }
        lines.push("  .help tells more, Tab completes, Ctrl-D leaves".to_owned());
        Some(lines.join("\n"))
    }

    fn is_incomplete(&self, text: &str) -> bool {
        self.host.is_incomplete(text)
    }

    fn complete(&self, line: &str, position: usize) -> (usize, Vec<Candidate>) {
        let head = line.get(..position).unwrap_or(line);
        if head.trim_start().starts_with('!') {
            return self.complete_on_node(head);
        }
        self.names().complete(head)
    }

    fn complete_argument(&self, takes: Takes, text: &str) -> (usize, Vec<Candidate>) {
        commands::complete(self, takes, text)
    }

    fn hint(&self, line: &str, position: usize) -> Option<String> {
        let head = line.get(..position)?;
        if head.trim_start().starts_with(['!', '.']) {
            return None;
        }
        let names = self.names();
        names.prepare(head);
        let (called, argument) = open_call(head)?;
        let ended = head.trim_end();
        if !ended.ends_with('(') && !ended.ends_with(',') {
            return None;
        }
        let takes = names.parameters(&called)?;
        // what is written already is not told again
        let rest: Vec<&str> = takes.split(", ").skip(argument).collect();
        (!rest.is_empty()).then(|| rest.join(", "))
    }

    fn highlight(&self, line: &str) -> Option<String> {
        Some(highlight::colored(line))
    }

    fn help(&self, name: Option<&str>) -> Result<String> {
        let Some(name) = name else { return Ok(super::help::text(None)) };
        if library::is_verb(name) { Ok(super::help::text(Some(name))) } else { self.doc(name) }
    }

    fn cancel(&self) -> Cancel {
        let run = self.host.run().clone();
        Arc::new(move || {
            run.interrupt();
        })
    }
}
