//! What `import` means: `std/NAME` from the four places of the standard library, all else a file relative to
//! the script that imports it.

use super::diagnostics::{Sources, to_rhai};
use super::stdlib::{Outdated, Places};
use crate::host::fs;
use rhai::{Engine, EvalAltResult, Module, ModuleResolver, Position, Scope, Shared};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};

type Resolved = Result<Shared<Module>, Box<EvalAltResult>>;

/// Sources of the standard library are marked with this when they do not carry `std/` in their name.
static OVERRIDES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Whether a source's name is one of the standard library, compiled in or overridden.
pub fn is_stdlib(name: &str) -> bool {
    name.starts_with("std/")
        || name == CALLER
        || OVERRIDES.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|n| n == name)
}

/// The source of calls that the program itself makes.
pub const CALLER: &str = "(kind)";

/// Is told a warning and its hint.
type Warn = Box<dyn Fn(String, String) + Send + Sync>;

/// Finds, compiles and keeps modules for one run.
pub struct Resolver {
    places: Places,
    /// Whether scripts may import all of the standard library.
    trusted: bool,
    sources: Sources,
    warn: Warn,
    kept: Mutex<HashMap<String, Shared<Module>>>,
    /// Names being loaded by each thread, to tell of imports that go in a circle.
    loading: Mutex<Vec<(ThreadId, String)>>,
}

impl Resolver {
    /// A resolver with nothing loaded.
    pub fn new(places: Places, trusted: bool, sources: Sources, warn: Warn) -> Arc<Self> {
        Arc::new(Self { places, trusted, sources, warn, kept: Mutex::default(), loading: Mutex::default() })
    }

    /// Forgets every module, so that changed files are read again.
    pub fn forget(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The name and the text of what `path` means in the script `from`.
    pub fn locate(&self, from: Option<&str>, path: &str) -> crate::Result<(String, String)> {
        if let Some(name) = path.strip_prefix("std/") {
            let name = name.trim_end_matches(".rhai");
            super::trust::import(self.trusted, from, name)?;
            let module = self.places.find(name)?;
            let name = module.display_name();
            if module.path.is_some() {
                let mut known = OVERRIDES.lock().unwrap_or_else(PoisonError::into_inner);
                if !known.contains(&name) {
                    known.push(name.clone());
                    if let Some(outdated) = Outdated::of(&module) {
                        (self.warn)(outdated.message(&name), outdated.hint());
                    }
                }
            }
            return Ok((name, module.text));
        }
        let mut file = PathBuf::from(path);
        if file.extension().is_none() {
            file.set_extension("rhai");
        }
        if file.is_relative()
            && let Some(folder) = from.filter(|f| !f.starts_with("std/")).and_then(|f| Path::new(f).parent())
        {
            file = folder.join(file);
        }
        let text = fs::read_to_string(&file)?;
        Ok((file.display().to_string(), text))
    }

    fn load(&self, engine: &Engine, from: Option<&str>, path: &str) -> Resolved {
        let (name, text) = self.locate(from, path).map_err(|e| to_rhai(&e))?;
        if let Some(module) = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&name) {
            return Ok(module.clone());
        }
        {
            let mut loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
            let me = thread::current().id();
            if loading.contains(&(me, name.clone())) {
                let mine: Vec<&str> =
                    loading.iter().filter(|(t, _)| *t == me).map(|(_, n)| n.as_str()).collect();
                let circle = format!("{} -> {name}", mine.join(" -> "));
                return Err(to_rhai(&crate::Error::script(
                    "script.circle",
                    format!("the imports go in a circle: {circle}"),
                )));
            }
            loading.push((me, name.clone()));
        }
        let made = self.compile(engine, &name, &text);
        self.loading
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|entry| *entry != (thread::current().id(), name.clone()));
        let module = made?;
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(name, module.clone());
        Ok(module)
    }

    fn compile(&self, engine: &Engine, name: &str, text: &str) -> Resolved {
        self.sources.add(name, text);
        let in_module = |e: Box<EvalAltResult>| {
            Box::new(EvalAltResult::ErrorInModule(name.to_owned(), e, Position::NONE))
        };
        let mut ast = engine.compile(text).map_err(|e| in_module(e.into()))?;
        ast.set_source(name);
        let module = Module::eval_ast_as_new(Scope::new(), &ast, engine).map_err(in_module)?;
        Ok(Shared::new(module))
    }
}

/// The form in which the Rhai engine owns a resolver that others keep a handle of.
pub struct Handle(pub Arc<Resolver>);

impl ModuleResolver for Handle {
    fn resolve(&self, engine: &Engine, source: Option<&str>, path: &str, position: Position) -> Resolved {
        self.0.load(engine, source, path).map_err(|mut error| {
            if error.position().is_none() && !matches!(*error, EvalAltResult::ErrorInModule(..)) {
                error.set_position(position);
            }
            error
        })
    }
}
