//! What an input is: code, a command of the prompt (`.help`), or a line for a shell (`!ls`).

use super::session::{Spec, Takes};
use crate::error::{Error, Result};

/// The prompt's own commands. Those of the session come from [`super::Session::commands`].
pub(super) const OWN: [Spec; 4] = [
    Spec { name: ".help", usage: "[NAME]", does: "what there is, or all about one name", takes: Takes::Name },
    Spec {
        name: ".history",
        usage: "[TEXT]",
        does: "lines typed before, all or those with a text",
        takes: Takes::Nothing,
    },
    Spec { name: ".time", usage: "EXPR", does: "evaluate, and say how long it took", takes: Takes::Code },
    Spec { name: ".quit", usage: "", does: "leave; so does Ctrl-D", takes: Takes::Nothing },
];

/// An input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input<'a> {
    /// Nothing that a command begins with.
    Code(&'a str),
    /// A command's name, with its dot, and what stands behind it.
    Command(&'a str, &'a str),
    /// A line for a shell, without the mark.
    Shell(&'a str),
}

/// Tells what an input is.
pub(super) fn parse(input: &str) -> Input<'_> {
    let input = input.trim();
    if let Some(line) = input.strip_prefix('!') {
        return Input::Shell(line.trim());
    }
    let (name, rest) = input.split_once(char::is_whitespace).unwrap_or((input, ""));
    match name {
        // what one types who does not know where he is
        "help" | "?" => return Input::Command(".help", rest.trim()),
        "exit" | "quit" if rest.is_empty() => return Input::Command(".quit", ""),
        ".exit" => return Input::Command(".quit", ""),
        _ => {}
    }
    // a number may begin with a dot, a command begins with a letter
    if input.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic())) {
        return Input::Command(name, rest.trim());
    }
    Input::Code(input)
}

/// The command of that name.
pub(super) fn find<'s>(specs: &'s [Spec], name: &str) -> Result<&'s Spec> {
    if let Some(spec) = specs.iter().find(|spec| spec.name == name) {
        return Ok(spec);
    }
    let error = Error::user("repl.command", format!("{name} is no command of this prompt"));
    let distance = |spec: &&Spec| strsim::damerau_levenshtein(spec.name, name);
    Err(match specs.iter().min_by_key(distance).filter(|spec| distance(spec) <= 2) {
        Some(near) => error.hint(format!("did you mean {}?", near.name)),
        None => error.hint(".help lists what there is"),
    })
}

/// The list of commands, a line each.
pub(super) fn list(specs: &[Spec]) -> String {
    let mut rows: Vec<Vec<String>> = specs
        .iter()
        .map(|spec| vec![format!("  {} {}", spec.name, spec.usage), spec.does.to_owned()])
        .collect();
    rows.insert(
        0,
        vec![
            "  EXPRESSION".to_owned(),
            "its value is shown, unless it ends with ;  and is called it from then on".to_owned(),
        ],
    );
    rows.insert(1, vec!["  !COMMAND".to_owned(), "run a shell's line on the node in use".to_owned()]);
    crate::cli::printer::table(&[], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_from_code() {
        for (input, command) in [
            (".help", Input::Command(".help", "")),
            ("  .help  parallel ", Input::Command(".help", "parallel")),
            ("help parallel", Input::Command(".help", "parallel")),
            (".load a file.rhai", Input::Command(".load", "a file.rhai")),
            (".exit", Input::Command(".quit", "")),
            ("exit", Input::Command(".quit", "")),
            ("! ls /", Input::Shell("ls /")),
        ] {
            assert_eq!(parse(input), command, "{input}");
        }
        for code in ["", "let a = 1;", ".5 + 1", "a.help", ".", "exit(3)", "helper(1)"] {
            assert_eq!(parse(code), Input::Code(code), "{code}");
        }
    }

    #[test]
    fn a_typo_gets_a_suggestion() {
        assert_eq!(find(&OWN, ".hlep").expect_err("unknown").hints(), ["did you mean .help?"]);
        assert!(find(&OWN, ".nonsense").is_err());
        assert_eq!(find(&OWN, ".time").map(|spec| spec.name).ok(), Some(".time"));
    }
}
