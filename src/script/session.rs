//! The REPL's side of the host: evaluates lines in one scope that keeps its values, completes names.

use super::complete::{self, Names};
use super::host::Host;
use crate::error::Result;
use crate::host::fs;
use crate::repl::{Cancel, Candidate, Session};
use rhai::{AST, Scope};
use std::path::Path;
use std::sync::Arc;

/// A session of typed lines.
pub struct ScriptSession {
    host: Host,
    variables: Scope<'static>,
    /// Functions and imports that earlier lines made.
    kept: AST,
}

impl ScriptSession {
    /// A session in which nothing was typed yet.
    pub fn new(host: Host) -> Self {
        Self { host, variables: Scope::new(), kept: AST::empty() }
    }

    fn evaluate(&mut self, name: &str, text: &str) -> Result<Option<String>> {
        let ast = self.host.compile(name, text)?;
        let mut whole = self.kept.merge(&ast);
        whole.set_source(name);
        // Functions and imports of this line are for the next ones too.
        let value = self.host.eval_ast(name, &whole, &mut self.variables)?;
        let mut kept = ast;
        kept.clear_statements();
        self.kept = self.kept.merge(&kept);
        let imports: String =
            text.lines().filter(|l| l.trim_start().starts_with("import ")).collect::<Vec<_>>().join("\n");
        if !imports.is_empty() {
            let imports = self.host.compile(name, &imports)?;
            self.kept = self.kept.merge(&imports);
        }
        Ok((!value.is_unit()).then(|| self.host.show(&value)))
    }

    /// Binds variables, as if they had been typed.
    pub fn set_variables(&mut self, variables: &[(String, rhai::Dynamic)]) {
        for (name, value) in variables {
            self.variables.set_or_push(name.as_str(), value.clone());
        }
    }

    /// The value of a variable.
    pub fn variable(&self, name: &str) -> Option<rhai::Dynamic> {
        self.variables.get_value(name)
    }

    /// The value of an expression.
    pub fn value_of(&mut self, text: &str) -> Result<rhai::Dynamic> {
        let ast = self.host.compile("(prompt)", text)?;
        self.host.eval_ast("(prompt)", &ast, &mut self.variables)
    }

    fn names(&self) -> Names<'_> {
        Names {
            variables: self.variables.iter_raw().map(|(name, _, value)| (name, value)).collect(),
            functions: Host::functions_of(&self.kept),
        }
    }
}

impl Session for ScriptSession {
    fn eval(&mut self, text: &str) -> Result<Option<String>> {
        self.evaluate("(prompt)", text)
    }

    fn load(&mut self, file: &Path) -> Result<Option<String>> {
        let text = fs::read_to_string(file)?;
        self.host.reload();
        self.evaluate(&file.display().to_string(), &text)
    }

    fn is_incomplete(&self, text: &str) -> bool {
        self.host.is_incomplete(text)
    }

    fn complete(&self, line: &str, position: usize) -> (usize, Vec<Candidate>) {
        self.names().complete(line.get(..position).unwrap_or(line))
    }

    fn hint(&self, line: &str, position: usize) -> Option<String> {
        let record = complete::called(line.get(..position)?)?;
        Some(record.signature.trim_start_matches('(').to_owned())
    }

    fn help(&self, name: Option<&str>) -> Result<String> {
        Ok(super::help::text(name))
    }

    fn cancel(&self) -> Cancel {
        let run = self.host.run().clone();
        Arc::new(move || {
            run.interrupt();
        })
    }
}
