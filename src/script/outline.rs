//! What a script defines: its functions with their parameters, comments and text. For `.source` and `.doc`, for
//! completion behind `module::`, for hints. A script with a mistake in it has an outline too.

use super::lexer::{Kind, Token, tokens};

/// A function of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its parameters as they are written, in brackets.
    pub parameters: String,
    /// What its `///` lines say.
    pub doc: String,
    /// All of it, with the comments before.
    pub text: String,
    /// The line it begins with, its comments included, from 1.
    pub line: usize,
    /// Whether other scripts cannot call it.
    pub private: bool,
}

/// The functions of a script, in their order.
pub fn functions(text: &str) -> Vec<Function> {
    let all = tokens(text);
    let mut found = Vec::new();
    let (mut i, mut depth) = (0, 0_i32);
    while i < all.len() {
        let token = all[i];
        if token.kind == Kind::Mark {
            depth += match token.text {
                "{" | "(" | "[" | "${" => 1,
                "}" | ")" | "]" => -1,
                _ => 0,
            };
        }
        if depth == 0
            && token.kind == Kind::Keyword
            && token.text == "fn"
            && let Some((function, next)) = function(text, &all, i)
        {
            found.push(function);
            i = next;
            continue;
        }
        i += 1;
    }
    found
}

/// The `//!` lines at the beginning, without the marks; other comments, such as a `#!` line or a licence, may stand before.
pub fn about(text: &str) -> impl Iterator<Item = &str> {
    let other = |l: &&str| l.starts_with("#!") || l.starts_with("//") && !l.starts_with("//!");
    text.lines().skip_while(other).map_while(|line| line.strip_prefix("//!"))
}

/// What the `//!` lines at the beginning say.
pub fn module_doc(text: &str) -> String {
    about(text).map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// The function whose `fn` is the token `at`, and the token behind it.
fn function(text: &str, all: &[Token<'_>], at: usize) -> Option<(Function, usize)> {
    let name = all[at..].iter().find(|t| t.kind == Kind::Name)?;
    let open = all.iter().position(|t| t.start > name.start && t.is("("))?;
    let close = closing(all, open)?;
    let body = all.iter().position(|t| t.start > all[close].start && t.is("{"))?;
    let end = closing(all, body)?;
    let mut begin = at;
    let mut doc = Vec::new();
    let mut private = false;
    for i in (0..at).rev() {
        let token = all[i];
        match token.kind {
            Kind::Space if token.text.matches('\n').count() < 2 => {}
            Kind::Keyword if token.text == "private" => (private, begin) = (true, i),
            Kind::Comment if token.text.starts_with("//") && !token.text.starts_with("//!") => {
                begin = i;
                if let Some(line) = token.text.strip_prefix("///") {
                    doc.push(line.strip_prefix(' ').unwrap_or(line));
                }
            }
            _ => break,
        }
    }
    doc.reverse();
    let (from, to) = (all[begin].start, all[end].start + 1);
    let function = Function {
        name: name.text.to_owned(),
        parameters: text[all[open].start..=all[close].start].to_owned(),
        doc: doc.join("\n"),
        text: text[from..to].to_owned(),
        line: text[..from].matches('\n').count() + 1,
        private,
    };
    Some((function, end + 1))
}

/// Where the bracket at `open` is closed.
fn closing(all: &[Token<'_>], open: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (i, token) in all.iter().enumerate().skip(open).filter(|(_, t)| t.kind == Kind::Mark) {
        depth += match token.text {
            "{" | "(" | "[" | "${" => 1,
            "}" | ")" | "]" => -1,
            _ => 0,
        };
        if depth == 0 {
            return Some(i);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "//! About.\n//! More.\nimport \"std/a\" as a;\n\n// not of it\n\n/// Says\n/// hello.\n\
                        fn greet(who, how) {\n    let m = #{a: `${who}`};\n    m\n}\nprivate fn hidden() {}\n";

    #[test]
    fn functions_have_their_comments_and_text() {
        let found = functions(TEXT);
        assert_eq!(found.len(), 2);
        let greet = &found[0];
        assert_eq!((greet.name.as_str(), greet.parameters.as_str()), ("greet", "(who, how)"));
        assert_eq!((greet.doc.as_str(), greet.line), ("Says\nhello.", 7));
        assert!(greet.text.starts_with("/// Says") && greet.text.ends_with("m\n}"), "{}", greet.text);
        assert!(found[1].private && found[1].text == "private fn hidden() {}");
        assert_eq!(module_doc(TEXT), "About.\nMore.");
        assert_eq!(functions("fn broken( {").len(), 0);
    }

    #[test]
    fn every_script_of_the_library_has_documented_functions() {
        for module in super::super::stdlib::Places::default().list() {
            let found = functions(&module.text);
            assert!(!found.is_empty() || module.name == "node_image_versions", "{}", module.name);
            for function in found {
                assert!(!function.doc.is_empty(), "{}::{} has no comment", module.name, function.name);
            }
        }
    }
}
