//! Runs scripts: a file, a text, a function of the standard library, or a line of the REPL.

use super::diagnostics::{Sources, from_rhai, render_place};
use super::params::{self, Param};
use super::resolver::{Handle, Resolver};
use super::run::Run;
use super::scope::{self, Scope};
use super::stdlib::Places;
use super::stops::{Next, Stop, Stops};
use super::{api, diagnostics::Ending};
use crate::error::{Error, Result};
use crate::host::fs;
use rhai::{AST, Dynamic, Engine, OptimizationLevel, Token};
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

/// Stack of the threads that run scripts, in bytes; enough for the deepest allowed calls in debug builds.
pub(super) const STACK: usize = 64 << 20;

/// Where a script comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// Text given on the command line.
    Text(String),
}

impl Source {
    /// The script's name and text.
    pub fn load(&self) -> Result<(String, String)> {
        match self {
            Self::File(path) => {
                let text = fs::read_to_string(path).map_err(|e| match e.code() {
                    "file.not_found" => Error::user(
                        "script.not_found",
                        format!("there is no script {}", path.display()),
                    )
                    .hint(
                        "kind run - reads the script from standard input, kind run -e CODE takes it as text",
                    ),
                    _ => e,
                })?;
                Ok((path.display().to_string(), text))
            }
            Self::Stdin => {
                let mut text = String::new();
                std::io::stdin().read_to_string(&mut text).map_err(|e| {
                    Error::user("script.stdin", "cannot read the script from standard input").because(e)
                })?;
                Ok(("(standard input)".to_owned(), text))
            }
            Self::Text(text) => Ok(("(command line)".to_owned(), text.clone())),
        }
    }
}

/// A Rhai engine with the API of one run.
pub struct Host {
    run: Arc<Run>,
    engine: Engine,
    resolver: Arc<Resolver>,
}

/// Lets `default` be a name: parameters are declared with it. Rhai keeps the word for itself and has no use for it.
#[expect(deprecated, reason = "marked volatile; nothing else reaches the tokens")]
pub fn parse_default_as_a_name(engine: &mut Engine) {
    engine.on_parse_token(|token, _, _| match token {
        Token::Reserved(word) if word.as_str() == "default" => Token::Identifier(word),
        other => other,
    });
}

impl Host {
    /// A host for `run`.
    pub fn new(run: Arc<Run>) -> Self {
        Self::extended(run, |_, _, _| ())
    }

    /// A host for `run` with further verbs.
    pub(super) fn extended(run: Arc<Run>, extend: impl FnOnce(&mut Engine, &Arc<Run>, &Sources)) -> Self {
        let sources = run.sources.clone();
        let places = Places::new(run.options.stdlib.as_deref());
        let events = run.clone();
        let warn = move |text, hint| events.message(crate::event::Level::Warning, text, Some(hint));
        let resolver = Resolver::new(places, run.options.allow_host, run.sources.clone(), Box::new(warn));
        let mut engine = Engine::new();
        engine.set_optimization_level(OptimizationLevel::Simple);
        engine.set_module_resolver(Handle(resolver.clone()));
        engine.disable_symbol("eval");
        parse_default_as_a_name(&mut engine);
        super::limits::set(&mut engine);
        engine.set_fast_operators(true);
        engine.on_progress(|count| {
            if scope::is_cancelled() {
                return Some(Dynamic::from(Ending::Cancelled));
            }
            (count % 4096 == 0 && super::limits::too_much_memory()).then(|| Dynamic::from(Ending::Memory))
        });
        let events = run.clone();
        engine.on_print(move |text| api::log::print(&events, text));
        let events = run.clone();
        engine.on_debug(move |text, source, position| {
            let place = source.map_or_else(String::new, |s| format!("{s}:{position:?} "));
            events.message(crate::event::Level::Debug, format!("{place}{text}"), None);
        });
        api::register(&mut engine, &run);
        if run.stops.get().is_some() {
            run.frames.watch(&mut engine);
        }
        extend(&mut engine, &run, &sources);
        Self { run, engine, resolver }
    }

    /// The run it belongs to.
    pub fn run(&self) -> &Arc<Run> {
        &self.run
    }

    /// The Rhai engine, for what asks it about names.
    pub fn rhai(&self) -> &Engine {
        &self.engine
    }

    /// Reads modules again at their next import.
    pub fn reload(&self) {
        self.resolver.forget();
    }

    /// The parameters that a script declares, and the first paragraph of its documentation.
    pub fn parameters(&self, source: &Source) -> Result<(Option<Vec<Param>>, String)> {
        let (name, text) = source.load()?;
        let doc = super::outline::about(&text).map(str::trim).collect::<Vec<_>>().join("\n");
        Ok((params::of_script(&self.compile(&name, &text)?)?, doc))
    }

    /// The name and the text of what `import path` in the script `from` means.
    pub(super) fn locate(&self, from: &str, path: &str) -> Result<(String, String)> {
        self.resolver.locate(Some(from), path)
    }

    /// A place in a script, with its line, as errors show it; both numbers from 1.
    pub fn place(&self, name: &str, text: &str, line: usize, column: usize) -> String {
        self.run.sources.add(name, text);
        let at = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        render_place(name, rhai::Position::new(at(line), at(column)), &[], &self.run.sources)
    }

    /// Runs a script whole; returns its last value.
    pub fn run_script(&self, source: &Source) -> Result<Dynamic> {
        let (name, text) = source.load()?;
        let mut variables = rhai::Scope::new();
        if self.run.stops.get().is_some() {
            let mut functions = self.compile(&name, &text)?;
            functions.clear_statements();
            // a run has one script, and this is its first call
            let _ = self.run.functions.set(functions);
        }
        match self.run.stops.get() {
            Some(stops) if stops.on_failure() => {
                self.run_stopping(stops.as_ref(), &name, &text, &mut variables)
            }
            _ => self.run_text(&name, &text, &mut variables),
        }
    }

    /// Runs a script; where a statement of it fails outside of any step, asks, and goes on from that statement.
    fn run_stopping(
        &self,
        stops: &dyn Stops,
        name: &str,
        text: &str,
        variables: &mut rhai::Scope<'_>,
    ) -> Result<Dynamic> {
        let mut ast = self.compile(name, text)?;
        let statements = ast.statements().to_vec();
        loop {
            let scope = Scope { cancel: self.run.begin(), ..Default::default() };
            let result = scope::with(scope, || self.engine.eval_ast_with_scope::<Dynamic>(variables, &ast));
            let error = match result {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let told = from_rhai(&error, name, &self.run.sources);
            if told.is_cancelled() || told.is_exit() {
                return Err(told);
            }
            let failed = statements.partition_point(|s| s.position() <= error.position()).saturating_sub(1);
            let mut seen = self.run.frames.of(&error);
            for (name, _, value) in variables.iter() {
                seen.retain(|(known, _)| known != name);
                seen.push((name.to_owned(), value));
            }
            let position = statements.get(failed).map_or(rhai::Position::NONE, rhai::Stmt::position);
            let mut stop = Stop {
                name: "script".to_owned(),
                title: "This statement".to_owned(),
                nodes: Vec::new(),
                source: self.run.sources.call_at(name, position),
                variables: seen,
            };
            let from = match stops.failed(&mut stop, &told) {
                Next::Run | Next::Repeat => failed,
                Next::Skip(_) => failed + 1,
                Next::Abort => return Err(told),
            };
            // What was set at the prompt is what the script goes on with.
            for (name, value) in stop.variables {
                if variables.contains(&name) {
                    variables.set_or_push(name, value);
                }
            }
            // What was imported is known to the statements that are left.
            let imports = statements[..from].iter().filter(|s| matches!(s, rhai::Stmt::Import(..)));
            let left = imports.chain(&statements[from..]).cloned();
            ast = AST::new(left.collect::<Vec<_>>(), ast.shared_lib().clone());
            ast.set_source(name);
        }
    }

    /// Calls `function` of the standard library's module `module`.
    pub fn call(&self, module: &str, function: &str, args: Vec<Dynamic>) -> Result<Dynamic> {
        let mut variables = rhai::Scope::new();
        let names: Vec<String> = (0..args.len()).map(|i| format!("arg{i}")).collect();
        for (name, value) in names.iter().zip(args) {
            variables.push_dynamic(name.clone(), value);
        }
        let text = format!("import \"std/{module}\" as called; called::{function}({})", names.join(", "));
        self.run_text(super::resolver::CALLER, &text, &mut variables)
    }

    /// Calls a function of a compiled script, whose imports are made before.
    pub(super) fn call_in(
        &self,
        ast: &AST,
        name: &str,
        function: &str,
        args: Vec<Dynamic>,
    ) -> Result<Dynamic> {
        let scope = Scope { cancel: self.run.begin(), ..Default::default() };
        let call = || self.engine.call_fn::<Dynamic>(&mut rhai::Scope::new(), ast, function, args);
        scope::with(scope, call).map_err(|e| from_rhai(&e, name, &self.run.sources))
    }

    /// Remembers the text of a script that was compiled elsewhere, for errors.
    pub(super) fn remember(&self, name: &str, text: &str) {
        self.run.sources.add(name, text);
    }

    /// Compiles and runs `text` with `variables`, which keep what it leaves in them.
    pub fn run_text(&self, name: &str, text: &str, variables: &mut rhai::Scope<'_>) -> Result<Dynamic> {
        let ast = self.compile(name, text)?;
        self.eval_ast(name, &ast, variables)
    }

    /// Compiles a script; errors carry the place.
    pub fn compile(&self, name: &str, text: &str) -> Result<AST> {
        self.run.sources.add(name, text);
        // A `#!` line is for the shell.
        let shebang = text.starts_with("#!").then(|| format!("//{text}"));
        let mut ast = self
            .engine
            .compile(shebang.as_deref().unwrap_or(text))
            .map_err(|e| from_rhai(&e.into(), name, &self.run.sources))?;
        ast.set_source(name);
        Ok(ast)
    }

    /// As [`Host::compile`], for a text whose lines are counted from the end of `before`. Errors in what was compiled
    /// under the same name before go on to show the right lines.
    pub fn compile_after(&self, name: &str, before: &str, text: &str) -> Result<AST> {
        self.run.sources.add(name, &format!("{before}{text}"));
        let blank = "\n".repeat(before.matches('\n').count());
        let mut ast =
            self.engine.compile(blank + text).map_err(|e| from_rhai(&e.into(), name, &self.run.sources))?;
        ast.set_source(name);
        Ok(ast)
    }

    /// Runs what was compiled, under a fresh scope.
    pub fn eval_ast(&self, name: &str, ast: &AST, variables: &mut rhai::Scope<'_>) -> Result<Dynamic> {
        let scope = Scope { cancel: self.run.begin(), ..Default::default() };
        let result = scope::with(scope, || self.engine.eval_ast_with_scope::<Dynamic>(variables, ast));
        result.map_err(|e| from_rhai(&e, name, &self.run.sources))
    }

    /// Whether `text` only lacks its end (an open bracket, string or block), so that a REPL asks for more.
    pub fn is_incomplete(&self, text: &str) -> bool {
        use rhai::{LexError, ParseErrorType};
        match self.engine.compile(text) {
            Ok(_) => false,
            Err(error) => match *error.0 {
                ParseErrorType::UnexpectedEOF => true,
                // One in quotes ends with its line, unless the line ends with a backslash.
                ParseErrorType::BadInput(LexError::UnterminatedString) => {
                    open_parts(text).1 || text.trim_end().ends_with('\\')
                }
                ParseErrorType::MissingToken(..) => {
                    error.1.line().is_none_or(|line| line >= text.lines().count()) && error.1.is_none()
                        || text.trim_end().ends_with(['{', '(', '[', ',', '|', '.', '='])
                        || open_parts(text).0
                }
                _ => open_parts(text).0,
            },
        }
    }

    /// A value as people read it.
    pub fn show(&self, value: &Dynamic) -> String {
        super::show::value(&self.run, value)
    }
}

/// Whether a bracket, and whether a text in backticks, is still open at the end of `text`.
fn open_parts(text: &str) -> (bool, bool) {
    let (mut depth, mut ticked, mut quoted, mut escaped) = (0_i64, false, false, false);
    for c in text.chars() {
        match c {
            '`' if !quoted => ticked = !ticked,
            '"' if !ticked && !escaped => quoted = !quoted,
            '\n' if !escaped => quoted = false,
            '(' | '[' | '{' if !ticked && !quoted => depth += 1,
            ')' | ']' | '}' if !ticked && !quoted => depth -= 1,
            _ => {}
        }
        escaped = quoted && c == '\\' && !escaped;
    }
    (depth > 0, ticked)
}

/// Runs `work` on a thread with a stack that is large enough for scripts, and waits for it.
pub fn on_script_thread<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    std::thread::scope(|threads| {
        std::thread::Builder::new()
            .name("script".to_owned())
            .stack_size(STACK)
            .spawn_scoped(threads, work)
            .map_err(|e| Error::internal("thread", "cannot start a thread").because(e))?
            .join()
            .unwrap_or_else(|_| Err(Error::internal("panic", "the script's thread panicked")))
    })
}

#[cfg(test)]
mod tests {
    use super::open_parts;

    #[test]
    fn what_is_open_at_the_end() {
        for (text, open) in [
            ("for n in c.nodes {", (true, false)),
            ("f(\"(\")", (false, false)),
            ("f(`(`", (true, false)),
            ("let t = `a", (false, true)),
            ("let t = \"`", (false, false)),
            ("let t = \"\\\"(\"", (false, false)),
            ("[1, 2]", (false, false)),
        ] {
            assert_eq!(open_parts(text), open, "{text}");
        }
    }
}
