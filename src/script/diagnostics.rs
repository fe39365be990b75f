//! Errors between Rust and Rhai: ours become maps that a script can catch by code; uncaught ones become ours
//! again, with the script's line and the call chain.

use super::record::records;
use super::stdlib::closest;
use crate::error::{Context, Error, Kind};
use rhai::{Dynamic, EvalAltResult, Map, Position};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

/// Ends a script without a chance to catch it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It was cancelled.
    Cancelled,
    /// It took more memory than a script may.
    Memory,
    /// It called `exit(code)`.
    Exit(i32),
}

/// Texts of the scripts that were loaded, by the name errors use.
#[derive(Debug, Clone, Default)]
pub struct Sources(Arc<Mutex<BTreeMap<String, String>>>);

impl Sources {
    /// Remembers a script's text.
    pub fn add(&self, name: &str, text: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), text.to_owned());
    }
    /// A line of a script, counted from 1.
    pub fn line(&self, name: &str, line: usize) -> Option<String> {
        let sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sources.get(name)?.lines().nth(line.checked_sub(1)?).map(str::to_owned)
    }
    /// The place and the lines of the call that begins at `position`, up to its last bracket.
    pub fn call_at(&self, name: &str, position: Position) -> String {
        let mut text = format!("{name}{}", at(position));
        let mut open = 0_i64;
        for number in position.line().unwrap_or(usize::MAX).. {
            let Some(line) = self.line(name, number) else { break };
            let _ = write!(text, "\n{number:>5} | {line}");
            open += line
                .chars()
                .map(|c| i64::from("([{".contains(c)) - i64::from(")]}".contains(c)))
                .sum::<i64>();
            if open <= 0 {
                break;
            }
        }
        text
    }
}

/// One of our errors as what a native returns to Rhai.
pub fn to_rhai(error: &Error) -> Box<EvalAltResult> {
    if error.is_cancelled() {
        return EvalAltResult::ErrorTerminated(Dynamic::from(Ending::Cancelled), Position::NONE).into();
    }
    EvalAltResult::ErrorRuntime(Dynamic::from_map(error_map(error)), Position::NONE).into()
}

/// What a script sees of an error when it catches it.
pub fn error_map(error: &Error) -> Map {
    let context = error.context();
    let text = |t: &Option<String>| t.clone().map_or(Dynamic::UNIT, Dynamic::from);
    let list = |l: &[String]| Dynamic::from_array(l.iter().cloned().map(Dynamic::from).collect());
    Map::from_iter([
        ("kind".into(), Dynamic::from(error.kind().as_str().to_owned())),
        ("code".into(), Dynamic::from(error.code().to_owned())),
        ("message".into(), Dynamic::from(error.message().to_owned())),
        ("hint".into(), Dynamic::from(error.hints().join("; "))),
        ("hints".into(), list(error.hints())),
        ("causes".into(), list(&error.causes())),
        ("node".into(), text(&context.node)),
        ("command".into(), text(&context.command)),
        ("exit_code".into(), context.exit_code.map_or(Dynamic::UNIT, Dynamic::from)),
        ("stdout".into(), text(&context.stdout)),
        ("stderr".into(), text(&context.stderr)),
        ("place".into(), text(&context.place)),
    ])
}

/// The error behind a thrown value: one of our maps, a map of the user's, or anything printable.
pub fn from_thrown(value: &Dynamic) -> Error {
    let Some(map) = value.read_lock::<Map>() else {
        return Error::script("thrown", value.to_string());
    };
    let text = |key: &str| map.get(key).filter(|v| v.is_string()).map(ToString::to_string);
    let list = |key: &str| -> Vec<String> {
        let values = map.get(key).and_then(rhai::Dynamic::read_lock::<rhai::Array>);
        values.map(|a| a.iter().map(ToString::to_string).collect()).unwrap_or_default()
    };
    let kind = match text("kind").as_deref() {
        Some("user") => Kind::User,
        Some("config") => Kind::Config,
        Some("engine") => Kind::Engine,
        Some("node") => Kind::Node,
        Some("kubernetes") => Kind::Kubernetes,
        Some("internal") => Kind::Internal,
        _ => Kind::Script,
    };
    let message = text("message").unwrap_or_else(|| value.to_string());
    let mut error = Error::new(kind, text("code").unwrap_or_else(|| "thrown".into()), message);
    let mut hints = list("hints");
    if hints.is_empty() {
        hints.extend(text("hint").filter(|h| !h.is_empty()));
    }
    for hint in hints {
        error = error.hint(hint);
    }
    if let Some(cause) = chain(&list("causes")) {
        error = error.because(cause);
    }
    error.with_context(Context {
        node: text("node"),
        command: text("command"),
        exit_code: map.get("exit_code").and_then(|v| v.as_int().ok()),
        stdout: text("stdout"),
        stderr: text("stderr"),
        place: text("place"),
    })
}

fn chain(causes: &[String]) -> Option<Error> {
    causes.iter().rev().fold(None, |inner, text| {
        let error = Error::internal("cause", text.clone());
        Some(match inner {
            Some(inner) => error.because(inner),
            None => error,
        })
    })
}

/// What an error says at its heart, without places.
pub fn innermost(error: &EvalAltResult) -> Error {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _) | EvalAltResult::ErrorInModule(_, inner, _) => {
            innermost(inner)
        }
        EvalAltResult::ErrorRuntime(value, _) => from_thrown(value),
        EvalAltResult::ErrorTerminated(value, _) => match value.clone().try_cast::<Ending>() {
            Some(Ending::Exit(code)) => Error::exit(code),
            Some(Ending::Memory) => super::limits::memory_error(),
            _ => Error::cancelled(),
        },
        other => Error::script("script.error", other.to_string()),
    }
}

/// The error behind what Rhai says, with the place and the call chain. `main` names the script that was run.
pub fn from_rhai(error: &EvalAltResult, main: &str, sources: &Sources) -> Error {
    // Outermost first: where each call stands, and in which source the called function is written.
    let mut source = main.to_owned();
    let mut chain: Vec<(String, Position, String)> = Vec::new();
    let mut inner = error;
    loop {
        match inner {
            EvalAltResult::ErrorInFunctionCall(name, callee, next, position) => {
                chain.push((source.clone(), *position, function_name(name)));
                if !callee.is_empty() {
                    source.clone_from(callee);
                }
                inner = next;
            }
            EvalAltResult::ErrorInModule(name, next, position) => {
                chain.push((source.clone(), *position, format!("import of {name}")));
                if !name.is_empty() {
                    source.clone_from(name);
                }
                inner = next;
            }
            _ => break,
        }
    }
    let position = inner.position();
    let mut error = match inner {
        EvalAltResult::ErrorTerminated(value, _) => match value.clone().try_cast::<Ending>() {
            Some(Ending::Exit(code)) => return Error::exit(code),
            Some(Ending::Memory) => super::limits::memory_error(),
            _ => return Error::cancelled(),
        },
        EvalAltResult::ErrorRuntime(value, _) => from_thrown(value),
        EvalAltResult::ErrorFunctionNotFound(signature, _) => unknown_function(signature),
        EvalAltResult::ErrorVariableNotFound(name, _) => unknown_name("variable", name),
        EvalAltResult::ErrorModuleNotFound(name, _) => unknown_name("module", name),
        EvalAltResult::ErrorDataRace(..) => {
            let error = "a variable is changed or called on while a closure that captured it uses it";
            Error::script("script.data_race", error)
                .hint("give the closure a copy: let copy = x; and write copy in the closure")
        }
        EvalAltResult::ErrorParsing(kind, _) => {
            Error::script("script.syntax", lower_first(&kind.to_string()))
        }
        other => {
            let mut bare = other.to_string();
            if let Some(at) = bare.rfind(" (line ") {
                bare.truncate(at);
            }
            unknown_property(&bare).unwrap_or_else(|| Error::script("script.error", lower_first(&bare)))
        }
    };
    if error.context().place.is_none() {
        let place = render_place(&source, position, &chain, sources);
        error = error.at(place);
    }
    error
}

fn function_name(name: &str) -> String {
    if name.starts_with("anon$") { "a closure".to_owned() } else { name.to_owned() }
}

/// A place with the script's line and the calls that led there.
pub(super) fn render_place(
    source: &str,
    position: Position,
    chain: &[(String, Position, String)],
    sources: &Sources,
) -> String {
    let mut text = format!("{source}{}", at(position));
    if let Some(line) = position.line()
        && let Some(content) = sources.line(source, line)
    {
        let column = position.position().unwrap_or(1).max(1);
        let _ = write!(text, "\n{line:>5} | {content}\n      | {}^", " ".repeat(column - 1));
    }
    for (place, position, name) in chain.iter().rev().filter(|(_, p, _)| !p.is_none()) {
        let _ = write!(text, "\nin {name}, called from {place}{}", at(*position));
    }
    text
}

fn at(position: Position) -> String {
    match (position.line(), position.position()) {
        (Some(line), Some(column)) => format!(":{line}:{column}"),
        (Some(line), None) => format!(":{line}"),
        _ => String::new(),
    }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_lowercase().chain(chars).collect())
}

fn unknown_function(signature: &str) -> Error {
    let name = signature.split([' ', '(']).next().unwrap_or(signature);
    let error =
        Error::script("script.unknown_function", format!("there is no function {}", in_our_words(signature)));
    let bare = name.rsplit("::").next().unwrap_or(name).trim();
    let known: Vec<&super::Record> = records().filter(|r| r.name == bare).collect();
    if let Some(record) = known.first() {
        let forms: Vec<String> = known.iter().map(|r| format!("{}{}", r.qualified(), r.signature)).collect();
        return error.hint(format!("{} is {}", record.name, forms.join(" or ")));
    }
    match closest(bare, records().map(|r| r.name)) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error.hint("kind repl, then .help, lists what there is"),
    }
}

/// A call as Rhai tells it, with the names of types that the help uses.
fn in_our_words(signature: &str) -> String {
    let mut text = signature.replace("&str | ImmutableString | String", "string").replace(" (", "(");
    for (theirs, ours) in [("i64", "int"), ("f64", "float"), ("Fn", "closure")] {
        for (before, after) in [("(", ","), ("(", ")"), (" ", ","), (" ", ")")] {
            text = text.replace(&format!("{before}{theirs}{after}"), &format!("{before}{ours}{after}"));
        }
    }
    text
}

/// The error behind Rhai's `Unknown property 'nods' - a getter is not registered for type 'Cluster'`; `None` for others.
fn unknown_property(text: &str) -> Option<Error> {
    let mut words = text.strip_prefix("Unknown property '")?.split('\'');
    let (name, owner) = (words.next()?, words.nth(1)?);
    let an_owner = match owner {
        "i64" => "an int".to_owned(),
        "f64" => "a float".to_owned(),
        "array" => "an array".to_owned(),
        _ => format!("a {owner}"),
    };
    let error = Error::script("script.unknown_property", format!("{an_owner} has no {name}"));
    let own = || records().filter(|r| r.module == owner);
    let near = closest(name, own().filter(|r| r.is_property()).map(|r| r.name));
    Some(match near.or_else(|| closest(name, own().map(|r| r.name))) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None if own().next().is_some() => error.hint(format!("kind doc {owner} lists what it has")),
        None => error,
    })
}

fn unknown_name(what: &str, name: &str) -> Error {
    let error = Error::script(format!("script.unknown_{what}"), format!("there is no {what} {name:?}"));
    let names: Vec<&str> = match what {
        "module" => records().map(|r| r.module).filter(|m| !m.is_empty()).collect(),
        _ => records().map(|r| r.name).collect(),
    };
    match closest(name, names.into_iter()) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::{in_our_words, unknown_property};

    #[test]
    fn a_property_that_is_not_there_is_told_with_one_that_is() {
        let told =
            |text: &str| unknown_property(text).map(|e| (e.message().to_owned(), e.hints().join("; ")));
        let of = |name: &str, owner: &str| {
            told(&format!("Unknown property '{name}' - a getter is not registered for type '{owner}'"))
        };
        let both = |message: &str, hint: &str| Some((message.to_owned(), hint.to_owned()));
        assert_eq!(of("nods", "Cluster"), both("a Cluster has no nods", "did you mean nodes?"));
        assert_eq!(of("zzz", "Node"), both("a Node has no zzz", "kind doc Node lists what it has"));
        assert_eq!(of("size", "i64"), both("an int has no size", ""));
        assert_eq!(told("Array index 3 out of bounds"), None);
    }

    #[test]
    fn types_have_the_names_of_the_help() {
        assert_eq!(in_our_words("f (&str | ImmutableString | String, i64, Fn)"), "f(string, int, closure)");
        assert_eq!(in_our_words("host::run (i64)"), "host::run(int)");
    }
}
