//! Colours for Rhai text on a terminal: words of the language, texts, numbers, comments, and names of the API.

use super::lexer::{Kind, Token, tokens};
use super::record::records;
use std::collections::HashSet;
use std::fmt::Write;
use std::sync::OnceLock;

const KEYWORD: &str = "\x1b[35m";
const TEXT: &str = "\x1b[32m";
const NUMBER: &str = "\x1b[36m";
const COMMENT: &str = "\x1b[2m";
const API: &str = "\x1b[34m";
const END: &str = "\x1b[0m";

/// The text with escape codes that take no room.
pub fn colored(text: &str) -> String {
    let all = tokens(text);
    let mut out = String::with_capacity(text.len() * 2);
    for (i, token) in all.iter().enumerate() {
        match color(&all, i) {
            // A colour that goes over an end of line is lost in a pager.
            Some(color) => {
                for (n, line) in token.text.split('\n').enumerate() {
                    let end = if n > 0 { "\n" } else { "" };
                    // a String takes whatever is written
                    let _ = write!(out, "{end}{color}{line}{END}");
                }
            }
            None => out.push_str(token.text),
        }
    }
    out
}

fn color(all: &[Token<'_>], i: usize) -> Option<&'static str> {
    match all[i].kind {
        Kind::Keyword => Some(KEYWORD),
        Kind::Text { .. } => Some(TEXT),
        Kind::Number => Some(NUMBER),
        Kind::Comment => Some(COMMENT),
        Kind::Name if is_api(all, i) => Some(API),
        _ => None,
    }
}

/// A name of the API where it stands as one: behind a dot a method, elsewhere a function or a namespace.
fn is_api(all: &[Token<'_>], i: usize) -> bool {
    static NAMES: OnceLock<[HashSet<&str>; 3]> = OnceLock::new();
    let [methods, functions, modules] = NAMES.get_or_init(|| {
        let methods = records().filter(|r| r.is_method()).map(|r| r.name).collect();
        let functions = records().filter(|r| !r.is_method()).map(|r| r.name).collect();
        let modules = records().filter(|r| !r.is_method()).map(|r| r.module).collect();
        [methods, functions, modules]
    });
    let name = all[i].text;
    let before = |mark| i.checked_sub(1).is_some_and(|before| all[before].is(mark));
    let follows = |mark| all.get(i + 1).is_some_and(|next| next.is(mark));
    if before(".") {
        methods.contains(name)
    } else if follows("::") {
        modules.contains(name)
    } else {
        (before("::") || follows("(")) && functions.contains(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_colour_and_nothing_is_lost() {
        let text = "let c = cluster(\"kind\"); // one\nc.nodes[0].exec(`a\nb`)";
        let shown = colored(text);
        assert_eq!(anstream::adapter::strip_str(&shown).to_string(), text);
        for part in [
            "\x1b[35mlet",
            "\x1b[34mcluster",
            "\x1b[32m\"kind\"",
            "\x1b[36m0",
            "\x1b[2m// one",
            "\x1b[34mexec",
        ] {
            assert!(shown.contains(part), "{part:?} in {shown:?}");
        }
        // a variable that is called like a function is a variable
        assert_eq!(colored("step + exec"), "step + exec");
    }
}
