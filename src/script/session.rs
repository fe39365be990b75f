//! The REPL's side of the host: evaluates lines in one scope that keeps its values, completes names.

use super::host::Host;
use super::record::records;
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
        let imports: String = text.lines().filter(|l| l.trim_start().starts_with("import ")).collect::<Vec<_>>().join("\n");
        if !imports.is_empty() {
            let imports = self.host.compile(name, &imports)?;
            self.kept = self.kept.merge(&imports);
        }
        Ok((!value.is_unit()).then(|| self.host.show(&value)))
    }

    /// The word before the cursor, and where it begins.
    fn word(line: &str, position: usize) -> (usize, &str) {
        let head = line.get(..position).unwrap_or(line);
        let begin = head
            .char_indices()
            .rev()
            .take_while(|(_, c)| c.is_alphanumeric() || matches!(c, '_' | ':' | '.'))
            .last()
            .map_or(head.len(), |(i, _)| i);
        (begin, &head[begin..])
    }
}

const KEYWORDS: &[&str] =
    &["let", "const", "fn", "if", "else", "for", "in", "while", "loop", "return", "throw", "try", "catch", "import", "true", "false"];

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
        let (begin, word) = Self::word(line, position);
        if let Some((_, typed)) = word.rsplit_once('.') {
            let start = position - typed.len();
            let mut found: Vec<Candidate> = records()
                .filter(|r| r.is_method() && r.name.starts_with(typed))
                .map(|r| Candidate::shown_as(r.name, format!("{}{}", r.name, r.signature)))
                .collect();
            found.sort_by(|a, b| a.text.cmp(&b.text));
            found.dedup_by(|a, b| a.text == b.text);
            return (start, found);
        }
        let mut found: Vec<Candidate> = records()
            .filter(|r| !r.is_method())
            .map(|r| (r.qualified(), r))
            .filter(|(name, _)| name.starts_with(word))
            .map(|(name, r)| {
                let shown = format!("{name}{}", r.signature);
                Candidate::shown_as(name, shown)
            })
            .collect();
        found.extend(self.variables.iter().map(|(name, ..)| name).filter(|n| n.starts_with(word)).map(Candidate::new));
        found.extend(Host::functions_of(&self.kept).into_iter().filter(|n| n.starts_with(word)).map(Candidate::new));
        found.extend(KEYWORDS.iter().filter(|k| k.starts_with(word)).map(|k| Candidate::new(*k)));
        found.sort_by(|a, b| a.text.cmp(&b.text));
        found.dedup_by(|a, b| a.text == b.text);
        (begin, found)
    }

    fn hint(&self, line: &str, position: usize) -> Option<String> {
        let head = line.get(..position)?.strip_suffix('(')?;
        let (_, word) = Self::word(head, head.len());
        let name = word.rsplit('.').next()?;
        let record = records().find(|r| r.qualified() == word || (word.contains('.') && r.is_method() && r.name == name))?;
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
