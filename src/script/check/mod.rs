//! What is wrong with a script, told before anything of it runs: names, numbers and types of arguments, keys of
//! options, imports, code that is never reached, variables that nobody reads.
//!
//! It reads Rhai's own syntax tree and the records of the API. What it cannot know (what a parameter holds, what
//! another script's function returns) it takes for right: a script without findings may still fail.

mod calls;
mod chain;
mod expressions;
mod finding;
mod names;
mod parsed;
mod render;
mod statements;
mod text;

pub use calls::forms;
pub use finding::{CURSOR, Cursor, Finding, Severity, Target, Use};
pub use names::Known;
pub use parsed::{Function, Parsed};
pub use render::{json, sarif, summary, text};
pub use text::Text;

use super::host::Host;
use rhai::{Engine, OptimizationLevel};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// What a script is and what was found in it.
#[derive(Debug)]
pub struct Report {
    /// What is wrong, in the script's order.
    pub findings: Vec<Finding>,
    /// What each name in it stands for.
    pub uses: Vec<Use>,
    /// Its functions and what it imports; `None` when its syntax is wrong.
    pub parsed: Option<Arc<Parsed>>,
    /// Its text.
    pub text: Arc<Text>,
    /// What could stand where it has [`CURSOR`].
    pub cursor: Option<Cursor>,
}

/// Checks scripts, each with those that it imports.
pub struct Checker<'a> {
    host: &'a Host,
    /// Makes syntax trees that nothing was optimised away of.
    parser: Engine,
    known: Known,
    modules: BTreeMap<String, Loaded>,
}

/// A script that was read as a module.
#[derive(Clone)]
enum Loaded {
    Fine(Arc<Parsed>),
    Broken(String),
}

impl<'a> Checker<'a> {
    /// A checker that finds modules and functions as `host` does.
    pub fn new(host: &'a Host) -> Self {
        Self { host, parser: parser(), known: Known::of(host.rhai()), modules: BTreeMap::new() }
    }

    /// Checks a script. `name` is its file, from which its imports are found.
    pub fn check(&mut self, name: &str, content: &str) -> Report {
        let text = Arc::new(Text::new(name, content));
        match Parsed::new(&self.parser, &text) {
            Err(finding) => {
                Report { findings: vec![*finding], uses: Vec::new(), parsed: None, text, cursor: None }
            }
            Ok(parsed) => {
                let parsed = Arc::new(parsed);
                let mut names = names::Names::new(self, &parsed);
                names.script();
                let (mut findings, uses, cursor) = names.finish();
                findings.sort_by_key(|f| (f.span.start, f.span.end));
                findings.dedup();
                Report { findings, uses, parsed: Some(parsed), text, cursor }
            }
        }
    }

    /// Forgets the modules that were read, since their files may have changed.
    pub fn forget(&mut self) {
        self.modules.clear();
    }

    /// Functions of Rhai's own and ours that need no module.
    pub fn known(&self) -> &Known {
        &self.known
    }

    /// Looks through a script that is being typed, with [`CURSOR`] put at byte `at`. What is open there is closed in
    /// one of the ways that make a script of it.
    pub fn at_cursor(&mut self, name: &str, content: &str, at: usize) -> Option<Report> {
        const ENDS: [&str; 12] =
            ["", ";", ")", ");", "})", "});", "]", "];", ": 0", ": 0}", ": 0})", ": 0});"];
        let (before, after) = content.split_at_checked(at)?;
        let before = before.trim_end_matches(text::is_name);
        let after = after.trim_start_matches(text::is_name);
        ENDS.iter().find_map(|end| {
            let report = self.check(name, &format!("{before}{CURSOR}{end}{after}"));
            report.cursor.is_some().then_some(report)
        })
    }

    /// The module that `import path` in the script `from` means, read and taken apart.
    fn module(&mut self, from: &str, path: &str) -> Result<Arc<Parsed>, String> {
        let (name, content) = self.host.locate(from, path).map_err(|error| {
            let hint = error.hints().first().map_or_else(String::new, |hint| format!("; {hint}"));
            format!("{}{hint}", error.message())
        })?;
        if !self.modules.contains_key(&name) {
            let loaded = match Parsed::new(&self.parser, &Arc::new(Text::new(&name, &content))) {
                Ok(parsed) => Loaded::Fine(Arc::new(parsed)),
                Err(finding) => Loaded::Broken(format!("{} of {name}: {}", finding.place(), finding.message)),
            };
            self.modules.insert(name.clone(), loaded);
        }
        match &self.modules[&name] {
            Loaded::Fine(parsed) => Ok(parsed.clone()),
            Loaded::Broken(why) => Err(why.clone()),
        }
    }

    /// The way on which the imports of `module` come back to `start`.
    fn circle(&mut self, start: &str, module: &Arc<Parsed>, way: &mut Vec<String>) -> bool {
        if module.text.name == start {
            return true;
        }
        if way.contains(&module.text.name) {
            return false;
        }
        way.push(module.text.name.clone());
        for import in module.imports.clone() {
            if let Ok(next) = self.module(&module.text.name, &import.path)
                && self.circle(start, &next, way)
            {
                return true;
            }
        }
        way.pop();
        false
    }
}

/// An engine that only makes syntax trees.
pub fn parser() -> Engine {
    let mut parser = Engine::new();
    crate::script::host::parse_default_as_a_name(&mut parser);
    parser.set_optimization_level(OptimizationLevel::None);
    parser.disable_symbol("eval");
    parser.set_max_expr_depths(128, 64);
    parser
}

/// The scripts that `path` means: itself, or every `*.rhai` below a folder.
pub fn scripts(path: &Path) -> crate::Result<Vec<std::path::PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut found = Vec::new();
    for entry in crate::host::fs::list(path)? {
        let hidden = entry.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
        let link = entry.symlink_metadata().is_ok_and(|m| m.is_symlink());
        if entry.is_dir() && !link && (!hidden || entry.ends_with(".kind")) {
            found.extend(scripts(&entry)?);
        } else if entry.extension().is_some_and(|e| e == "rhai") {
            found.push(entry);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests;
