//! What upstream's command line takes and clap does not: flags of a command in front of its name (`kind get --name x
//! nodes`), and flags with an empty value (`--config "$CONFIG"` where nothing was set), which are as good as absent.

use clap::{Arg, ArgAction, Command};
use std::ffi::OsString;

/// Flags whose empty value means that they were not given.
const MAY_BE_EMPTY: [&str; 5] = ["--config", "--image", "--kubeconfig", "--nodes", "--type"];

/// The words as clap takes them; the first is the program's name.
pub(super) fn arranged(words: Vec<OsString>, program: &Command) -> Vec<OsString> {
    without_empty(behind_their_command(words, program))
}

fn behind_their_command(words: Vec<OsString>, program: &Command) -> Vec<OsString> {
    let (mut at, mut ahead, mut early) = (program, Vec::new(), Vec::new());
    let mut rest = words.iter().cloned();
    ahead.extend(rest.next());
    while at.has_subcommands() {
        let Some(word) = rest.next() else { break };
        let text = word.to_string_lossy().into_owned();
        if let Some(command) = at.find_subcommand(&text) {
            at = command;
            ahead.push(word);
        } else if let Some(arg) = flag(program, &text).or_else(|| below(at, &text)) {
            let list = if flag(program, &text).is_some() { &mut ahead } else { &mut early };
            list.push(word);
            if takes_the_next_word(arg, &text) {
                list.extend(rest.next());
            }
        } else {
            // help, or something that nobody knows: clap tells
            return words;
        }
    }
    if early.is_empty() { words } else { ahead.into_iter().chain(early).chain(rest).collect() }
}

/// The argument of this command that the word is a flag of.
fn flag<'c>(command: &'c Command, word: &str) -> Option<&'c Arg> {
    let name = word.split('=').next().unwrap_or_default();
    command.get_arguments().find(|arg| {
        let long = arg.get_long().is_some_and(|long| name.strip_prefix("--") == Some(long));
        let mut letters = name.strip_prefix('-').unwrap_or_default().chars();
        long || (arg.get_short().is_some() && letters.next() == arg.get_short() && letters.next().is_none())
    })
}

/// The same, of any command below.
fn below<'c>(command: &'c Command, word: &str) -> Option<&'c Arg> {
    command.get_subcommands().find_map(|sub| flag(sub, word).or_else(|| below(sub, word)))
}

fn takes_the_next_word(arg: &Arg, word: &str) -> bool {
    let takes = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    takes && !arg.is_require_equals_set() && !word.contains('=')
}

fn without_empty(words: Vec<OsString>) -> Vec<OsString> {
    let mut kept: Vec<OsString> = Vec::with_capacity(words.len());
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        if word == "--" {
            kept.push(word);
            break;
        }
        if MAY_BE_EMPTY.iter().any(|flag| word.to_str() == Some(&format!("{flag}="))) {
            continue;
        }
        if MAY_BE_EMPTY.iter().any(|flag| word == *flag) {
            match words.next() {
                Some(value) if value.is_empty() => {}
                value => kept.extend([Some(word), value].into_iter().flatten()),
            }
            continue;
        }
        kept.push(word);
    }
    kept.extend(words);
    kept
}

#[cfg(test)]
mod tests {
    use super::super::Cli;
    use super::*;
    use clap::CommandFactory;

    fn read(line: &str) -> String {
        let words = shlex::split(line).unwrap().into_iter().map(OsString::from).collect();
        let words = arranged(words, &Cli::command());
        words.iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn flags_may_stand_before_their_command() {
        for (line, expected) in [
            ("kind --name x get nodes", "kind get nodes --name x"),
            ("kind create --name=x cluster --wait 1s", "kind create cluster --name=x --wait 1s"),
            ("kind create --retain cluster", "kind create cluster --retain"),
            ("kind -v 1 load -n x docker-image a b", "kind -v 1 load docker-image -n x a b"),
            ("kind -q get clusters", "kind -q get clusters"),
            ("kind get nodes --name x", "kind get nodes --name x"),
            ("kind --none get nodes", "kind --none get nodes"),
            ("kind get --help", "kind get --help"),
            ("kind run --param name=x a.rhai", "kind run --param name=x a.rhai"),
            ("kind", "kind"),
        ] {
            assert_eq!(read(line), expected);
        }
    }

    #[test]
    fn empty_is_absent() {
        for (line, expected) in [
            ("kind create cluster --config '' --kubeconfig= --name a", "kind create cluster --name a"),
            ("kind create cluster --config", "kind create cluster --config"),
            ("kind load docker-image a --nodes ''", "kind load docker-image a"),
            ("kind create cluster --image ''", "kind create cluster"),
            ("kind build node-image --type= --image=x .", "kind build node-image --image=x ."),
            ("kind run a.rhai -- --config '' x", "kind run a.rhai -- --config  x"),
        ] {
            assert_eq!(read(line), expected);
        }
    }
}
