//! What is wrong with a configuration.

use crate::error::Error;
use serde::Serialize;

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The field in the document, such as `nodes[0].extraMounts[1].hostPath`; empty for the document itself.
    pub path: String,
    /// A sentence that begins with the path, or with what the document as a whole lacks.
    pub message: String,
    /// Whether it stands at the field's name rather than at its value.
    pub(super) at_key: bool,
}

impl Problem {
    /// Something that is wrong.
    pub(super) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into(), at_key: false }
    }
    /// Something whose name is wrong.
    pub(super) fn of_key(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { at_key: true, ..Self::new(path, message) }
    }
}

/// A problem and where it stands, as a program wants it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The document's name, such as its file's.
    pub file: String,
    /// Line, from 1; 0 when it is not known.
    pub line: u64,
    /// Column, from 1; 0 when it is not known.
    pub column: u64,
    /// The field; empty for the document itself.
    pub path: String,
    /// What is wrong: the value, and what was expected.
    pub message: String,
}

/// All problems as one error, `config.invalid`.
/// `place` gives `origin:line:column` of a problem; the first one becomes the error's place.
pub(super) fn error(origin: &str, problems: &[Problem], place: impl Fn(&Problem) -> String) -> Error {
    let lines: Vec<String> = problems.iter().map(|p| format!("{}: {}", place(p), p.message)).collect();
    let message = match lines.as_slice() {
        [only] => only.clone(),
        several => format!("{origin} has {} errors:\n  {}", several.len(), several.join("\n  ")),
    };
    let error = Error::config("config.invalid", message);
    match problems.first() {
        Some(first) => error.at(place(first)),
        None => error,
    }
}

/// `; did you mean "x"?` when one of `known` is close to `given`, else nothing.
pub(super) fn did_you_mean(given: &str, known: &[&str]) -> String {
    let same_but_case = known.iter().find(|k| k.eq_ignore_ascii_case(given));
    let closest = || {
        known
            .iter()
            .map(|k| (strsim::damerau_levenshtein(&k.to_lowercase(), &given.to_lowercase()), k))
            .filter(|(distance, k)| *distance <= 1 + k.len().min(given.len()) / 4)
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, k)| k)
    };
    match same_but_case.or_else(closest) {
        Some(name) => format!("; did you mean {name}?"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_names_are_suggested_and_far_ones_are_not() {
        let known = ["extraMounts", "extraPortMappings", "role", "image"];
        assert_eq!(did_you_mean("extraMount", &known), "; did you mean extraMounts?");
        assert_eq!(did_you_mean("extramounts", &known), "; did you mean extraMounts?");
        assert_eq!(did_you_mean("rol", &known), "; did you mean role?");
        assert_eq!(did_you_mean("volumes", &known), "");
    }
}
