//! The library's scripts at the prompt: what they say of themselves, and their text.

use std::fmt::Write;

use super::super::highlight::colored;
use super::super::outline::{self, Function};
use super::super::record::records;
use super::super::stdlib::{Module, Place, closest};
use super::ScriptSession;
use crate::error::{Error, Result};

/// Whether the API has something of that name: a function, a method, a namespace or a type.
pub fn is_verb(name: &str) -> bool {
    let name = name.trim().trim_end_matches("()");
    records().any(|r| r.name == name || r.qualified() == name || r.module.eq_ignore_ascii_case(name))
}

/// A script of the library, or a function in one.
pub struct Found {
    pub module: Module,
    pub function: Option<Function>,
}

impl ScriptSession {
    /// What `name` means: `create`, `std/create`, `create.bring_up`, `create::bring_up`, the alias of an import, or a
    /// function's name alone where only one script has it.
    pub(super) fn in_library(&self, name: &str) -> Result<Found> {
        let name = name.trim().trim_end_matches("()").trim_start_matches("std/").trim_end_matches(".rhai");
        let (module, function) = match name.split_once("::").or_else(|| name.split_once('.')) {
            Some((module, function)) => (module, Some(function)),
            None => (name, None),
        };
        let path = self.transcript.imports().iter().rev().find(|import| import.alias == module);
        let module = path.and_then(|import| import.path.strip_prefix("std/")).unwrap_or(module);
        let all = self.places.list();
        let Some(found) = all.iter().find(|known| known.name == module).cloned() else {
            return function
                .is_none()
                .then(|| function_of(&all, name))
                .flatten()
                .ok_or_else(|| unknown(&all, name));
        };
        let Some(wanted) = function else { return Ok(Found { module: found, function: None }) };
        let functions = outline::functions(&found.text);
        let one = functions.iter().find(|f| f.name == wanted).cloned();
        let function = one.ok_or_else(|| {
            let names: Vec<&str> = functions.iter().map(|f| f.name.as_str()).collect();
            let error =
                Error::user("repl.no_function", format!("std/{} has no function {wanted:?}", found.name));
            match closest(wanted, names.iter().copied()) {
                Some(near) => error.hint(format!("did you mean {}.{near}?", found.name)),
                None => error.hint(format!("it has: {}", names.join(", "))),
            }
        })?;
        Ok(Found { module: found, function: Some(function) })
    }

    /// The text behind a name, with colours.
    pub(super) fn source(&self, name: &str) -> Result<String> {
        if name.is_empty() {
            return Err(Error::user("repl.command", ".source needs a name").hint(".source create.bring_up"));
        }
        if let Some(text) = self.typed_function(name) {
            return Ok(colored(&text));
        }
        let found = self.in_library(name).map_err(|error| {
            if is_verb(name) && error.code() == "repl.unknown" {
                return Error::user(
                    "repl.no_source",
                    format!("{name} is part of the program, not of a script"),
                )
                .hint(format!(".help {name} tells about it"));
            }
            error
        })?;
        let place = match &found.function {
            Some(function) => format!("// {}, line {}", place(&found.module), function.line),
            None => format!("// {}", place(&found.module)),
        };
        let text = found.function.map_or(found.module.text, |function| function.text);
        Ok(colored(&format!("{place}\n{}", text.trim_end())))
    }

    /// What the comments of a script or of a function in one say.
    pub(super) fn doc(&self, name: &str) -> Result<String> {
        let found = self.in_library(name).map_err(|error| {
            let names: Vec<String> = records().flat_map(|r| [r.qualified(), r.name.to_owned()]).collect();
            match closest(name, names.iter().map(String::as_str)) {
                Some(near) if error.code() == "repl.unknown" => {
                    Error::user("repl.unknown", format!("nothing is called {name:?}"))
                        .hint(format!("did you mean {near}?"))
                }
                _ => error,
            }
        })?;
        let module = &found.module;
        if let Some(function) = &found.function {
            let doc = indented(&function.doc);
            return Ok(format!(
                "{}::{}{}\n{doc}\n\n.source {}.{} shows it, .edit {0} changes it",
                module.name, function.name, function.parameters, module.name, function.name
            ));
        }
        let mut text = format!(
            "std/{}  {}\n{}\n",
            module.name,
            place(module),
            indented(&outline::module_doc(&module.text))
        );
        for function in outline::functions(&module.text).iter().filter(|f| !f.private) {
            let first = function.doc.lines().next().unwrap_or_default();
            let _ = write!(text, "\n{}{}\n    {first}", function.name, function.parameters);
        }
        Ok(format!("{text}\n\n.source {} shows it, .edit {0} changes it", module.name))
    }

    /// Names of scripts, and behind a dot of their functions, that begin with `typed`.
    pub(super) fn names_of_library(&self, typed: &str) -> Vec<String> {
        let modules = self.places.list();
        match typed.split_once('.') {
            None => modules.into_iter().map(|module| module.name).collect(),
            Some((name, _)) => {
                let module = modules.into_iter().filter(|module| module.name == name);
                let functions = module.flat_map(|module| outline::functions(&module.text));
                functions.map(|function| format!("{name}.{}", function.name)).collect()
            }
        }
    }

    /// The last function of that name that was typed or loaded.
    fn typed_function(&self, name: &str) -> Option<String> {
        let functions = self.transcript.functions();
        functions.into_iter().rev().find(|f| f.name == name).map(|f| f.text)
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// Where a script is taken from.
fn place(module: &Module) -> String {
    match (&module.place, &module.path) {
        (Place::BuiltIn, _) | (_, None) => format!("std/{}, built-in", module.name),
        (_, Some(path)) => path.display().to_string(),
    }
}

/// The function of that name, where one script alone has it.
fn function_of(all: &[Module], name: &str) -> Option<Found> {
    let found = |module: &Module| {
        let function = outline::functions(&module.text).into_iter().find(|f| f.name == name)?;
        Some(Found { module: module.clone(), function: Some(function) })
    };
    let mut found = all.iter().filter_map(found);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

fn unknown(all: &[Module], name: &str) -> Error {
    let error = Error::user("repl.unknown", format!("no script of the library is called {name:?}"));
    match closest(name, all.iter().map(|module| module.name.as_str())) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => {
            let names: Vec<&str> = all.iter().map(|module| module.name.as_str()).collect();
            error.hint(format!("there are: {}", names.join(", ")))
        }
    }
}
