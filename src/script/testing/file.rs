//! One file of tests: which tests it has, and what it says of itself (`fn cluster()`, `fn matrix()`).

use super::super::host::Host;
use crate::error::{Error, Result};
use crate::host::fs;
use rhai::{AST, Dynamic, Map};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Functions that a file may have besides its tests, with the most parameters each takes.
const OTHERS: [(&str, usize); 6] =
    [("cluster", 1), ("matrix", 0), ("setup", 2), ("cleanup", 2), ("before_each", 2), ("after_each", 2)];
/// What `fn cluster()` may say.
const KEYS: [&str; 4] = ["scope", "config", "wait", "preload"];
/// What a scope may be.
const SCOPES: [&str; 4] = ["file", "test", "shared", "none"];

/// A test of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// Its function, such as `test_nodes_are_ready`.
    pub name: String,
    /// Line of its body.
    pub line: usize,
    /// How many parameters it takes.
    pub parameters: usize,
}

/// A file of tests, compiled.
#[derive(Clone)]
pub struct TestFile {
    /// As it was found.
    pub path: PathBuf,
    /// In the order they stand there.
    pub tests: Vec<Test>,
    /// Parameters and their values, from `fn matrix()`.
    pub matrix: Vec<(String, Vec<Value>)>,
    pub(super) ast: Arc<AST>,
    pub(super) text: String,
    functions: Vec<(String, usize)>,
}

/// Which cluster tests get.
#[derive(Debug, Clone, PartialEq)]
pub struct Needs {
    /// `file`, `test`, `shared` or `none`.
    pub scope: String,
    /// The rest of what `fn cluster()` gave: config, wait, preload.
    pub rest: Value,
}

impl TestFile {
    /// Reads and compiles it, and asks it for its matrix.
    pub fn load(host: &Host, path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)?;
        let name = path.display().to_string();
        let ast = host.compile(&name, &text)?;
        let mut tests = Vec::new();
        let mut functions = Vec::new();
        for function in ast.iter_functions() {
            let (name, parameters) = (function.name, function.params.len());
            functions.push((name.to_owned(), parameters));
            if name.starts_with("test_") {
                let line = line_of(&text, name).unwrap_or(1);
                if parameters > 2 {
                    return Err(wrong(path, line, format!("{name} takes {parameters} parameters")).hint(
                        "a test takes none, the cluster, or the cluster and a map (name, params, setup, …)",
                    ));
                }
                tests.push(Test { name: name.to_owned(), line, parameters });
            } else if let Some((_, most)) = OTHERS.iter().find(|(known, _)| *known == name)
                && parameters > *most
            {
                let line = line_of(&text, name).unwrap_or(1);
                return Err(wrong(path, line, format!("{name} takes at most {most} parameters here")));
            }
        }
        tests.sort_by_key(|test| test.line);
        let mut file =
            Self { path: path.to_owned(), tests, matrix: Vec::new(), ast: Arc::new(ast), text, functions };
        if file.arity("matrix").is_some() {
            file.matrix = file.own_matrix(host)?;
        }
        Ok(file)
    }

    /// How the file is named in reports.
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// The folder it lies in.
    pub fn folder(&self) -> PathBuf {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        }
    }

    /// The most parameters that the file's function `name` takes; none when there is no such function.
    pub fn arity(&self, name: &str) -> Option<usize> {
        self.functions
            .iter()
            .filter(|(function, _)| function == name)
            .map(|(_, parameters)| *parameters)
            .max()
    }

    fn own_matrix(&self, host: &Host) -> Result<Vec<(String, Vec<Value>)>> {
        let value = host.call_in(&self.ast, &self.name(), "matrix", Vec::new())?;
        let wrong = || {
            wrong(&self.path, 1, "fn matrix() has to return a map of lists".to_owned())
                .hint("fn matrix() { #{ workers: [1, 3], image: [\"kindest/node:v1.37.2\"] } }")
        };
        let value: Value = rhai::serde::from_dynamic(&value).map_err(|_| wrong())?;
        let Value::Object(map) = value else { return Err(wrong()) };
        map.into_iter()
            .map(|(key, value)| match value {
                Value::Array(values) if !values.is_empty() => Ok((key, values)),
                _ => Err(wrong()),
            })
            .collect()
    }

    /// Which cluster its tests get with these parameters.
    pub fn needs(&self, host: &Host, params: &Value) -> Result<Needs> {
        let Some(arity) = self.arity("cluster") else {
            // who takes no cluster needs none
            let any = self.tests.iter().any(|test| test.parameters > 0);
            return Ok(Needs { scope: if any { "file" } else { "none" }.to_owned(), rest: Value::Null });
        };
        let args = if arity == 0 { Vec::new() } else { vec![dynamic(params)?] };
        let value = host.call_in(&self.ast, &self.name(), "cluster", args)?;
        let says = |what: String| wrong(&self.path, 1, what);
        if let Ok(scope) = value.clone().into_string() {
            return self.checked(scope, Value::Null);
        }
        let map = value.try_cast::<Map>().ok_or_else(|| {
            says("fn cluster() has to return a map or a scope".to_owned()).hint(
                "fn cluster() { #{ scope: \"shared\", config: #{ nodes: [#{role: \"control-plane\"}] } } }",
            )
        })?;
        if let Some(key) = map.keys().find(|key| !KEYS.contains(&key.as_str())) {
            let error = says(format!("fn cluster() has no {key:?}"));
            return Err(match super::super::stdlib::closest(key, KEYS.into_iter()) {
                Some(near) => error.hint(format!("did you mean {near:?}?")),
                None => error.hint(format!("there are: {}", KEYS.join(", "))),
            });
        }
        let scope = map.get("scope").map_or_else(|| "file".to_owned(), ToString::to_string);
        let rest: Value = rhai::serde::from_dynamic(&Dynamic::from_map(map))
            .map_err(|e| says(format!("fn cluster() gives what is no data: {e}")))?;
        self.checked(scope, rest)
    }

    fn checked(&self, scope: String, rest: Value) -> Result<Needs> {
        if SCOPES.contains(&scope.as_str()) {
            return Ok(Needs { scope, rest });
        }
        let there = SCOPES.join(", ");
        Err(wrong(&self.path, 1, format!("fn cluster() has no scope {scope:?}"))
            .hint(format!("there are: {there}")))
    }
}

/// Where the function `name` is defined.
fn line_of(text: &str, name: &str) -> Option<usize> {
    let defines = |line: &str| {
        let line = line.trim_start();
        let line = line.strip_prefix("private ").unwrap_or(line).trim_start();
        line.strip_prefix("fn ")
            .and_then(|rest| rest.trim_start().strip_prefix(name))
            .is_some_and(|rest| rest.trim_start().starts_with('('))
    };
    text.lines().position(defines).map(|index| index + 1)
}

fn wrong(path: &Path, line: usize, what: String) -> Error {
    Error::script("test.file", what).at(format!("{}:{line}", path.display()))
}

/// Data as a value for scripts.
pub(super) fn dynamic(value: &Value) -> Result<Dynamic> {
    rhai::serde::to_dynamic(value)
        .map_err(|e| Error::internal("script.value", "cannot hand a value to the script").because(e))
}
