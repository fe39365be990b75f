//! The prompt's own commands, which begin with a dot.

use crate::error::{Error, Result};

/// A command of the prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command<'a> {
    Help(Option<&'a str>),
    Load(&'a str),
    Quit,
}

/// Names with what they take and what they do, for `.help` and completion.
pub(super) const COMMANDS: [(&str, &str, &str); 3] = [
    (".help", "[NAME]", "what there is, or all about one name"),
    (".load", "FILE", "run a file as if it had been typed"),
    (".quit", "", "leave; so does Ctrl-D"),
];

/// The command in this input; `None` when it is not one.
pub(super) fn parse(input: &str) -> Option<Result<Command<'_>>> {
    let input = input.trim();
    // a number may begin with a dot, a command begins with a letter
    if !input.strip_prefix('.')?.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let (name, rest) = input.split_once(char::is_whitespace).unwrap_or((input, ""));
    let rest = rest.trim();
    Some(match (name, rest) {
        (".help", "") => Ok(Command::Help(None)),
        (".help", name) => Ok(Command::Help(Some(name))),
        (".load", "") => Err(Error::user("repl.command", ".load needs a file").hint(".load FILE")),
        (".load", file) => Ok(Command::Load(file)),
        (".quit" | ".exit", _) => Ok(Command::Quit),
        (name, _) => Err(unknown(name)),
    })
}

fn unknown(name: &str) -> Error {
    let error = Error::user("repl.command", format!("{name} is no command of this prompt"));
    let near = COMMANDS
        .iter()
        .map(|(known, ..)| (strsim::damerau_levenshtein(known, name), *known))
        .filter(|(distance, _)| *distance <= 2)
        .min();
    match near {
        Some((_, known)) => error.hint(format!("did you mean {known}?")),
        None => error.hint(".help lists what there is"),
    }
}

/// The list of commands, a line each.
pub(super) fn list() -> String {
    let rows: Vec<Vec<String>> = COMMANDS
        .iter()
        .map(|(name, takes, does)| vec![format!("  {name} {takes}"), (*does).to_owned()])
        .collect();
    crate::cli::printer::table(&[], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_from_code() {
        for (input, command) in [
            (".help", Command::Help(None)),
            ("  .help  parallel ", Command::Help(Some("parallel"))),
            (".load a file.rhai", Command::Load("a file.rhai")),
            (".quit", Command::Quit),
            (".exit", Command::Quit),
        ] {
            assert_eq!(parse(input).expect("a command").expect("known"), command, "{input}");
        }
        for code in ["", "let a = 1;", ".5 + 1", "a.help", "."] {
            assert!(parse(code).is_none(), "{code}");
        }
    }

    #[test]
    fn a_typo_gets_a_suggestion() {
        let error = parse(".hlep").expect("a command").expect_err("unknown");
        assert_eq!(error.hints(), ["did you mean .help?"]);
        assert!(parse(".load").expect("a command").is_err());
    }
}
