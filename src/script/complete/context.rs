//! Where the cursor stands: in code, in a comment, or inside a text, and whose argument that is.

use super::super::lexer::{Kind, Token, tokens};

/// A text that is open at the cursor.
#[derive(Debug, PartialEq, Eq)]
pub struct Text<'a> {
    /// The byte where what is typed of it begins.
    pub start: usize,
    /// What is typed of it.
    pub typed: &'a str,
    /// The call it is an argument of: what is called as it is written (`c.node`), and which argument, from 0.
    pub call: Option<(String, usize)>,
    /// The word in front of it, such as `import`.
    pub keyword: Option<&'a str>,
    /// What stands before the bracket, where it is a key (`m["`).
    pub owner: Option<String>,
}

/// The text that `head` ends in.
pub fn open_text(head: &str) -> Option<Text<'_>> {
    let all = tokens(head);
    let (last, before) = all.split_last()?;
    if last.kind != (Kind::Text { closed: false }) {
        return None;
    }
    let typed = last.text.strip_prefix(['"', '`'])?;
    let before: Vec<Token<'_>> = before.iter().filter(|t| !t.is_blank()).copied().collect();
    let previous = before.last();
    let keyword = previous.filter(|t| t.kind == Kind::Keyword).map(|t| t.text);
    // `m["…`: a bracket that stands behind a value is an index, otherwise it opens a list
    let owner = previous.filter(|t| t.is("[")).and_then(|_| {
        let owner = expression(&before[..before.len() - 1]);
        (!owner.is_empty()).then_some(owner)
    });
    let call = if owner.is_some() { None } else { call_around(&before) };
    Some(Text { start: head.len() - typed.len(), typed, call, keyword, owner })
}

/// The call whose brackets are open at the end of `head`, and which of its arguments is being written, from 0.
pub fn open_call(head: &str) -> Option<(String, usize)> {
    let all = tokens(head);
    if all.last().is_some_and(|t| t.kind == Kind::Comment) {
        return None;
    }
    let all: Vec<Token<'_>> = all.into_iter().filter(|t| !t.is_blank()).collect();
    call_around(&all)
}

/// The innermost call that is open behind `tokens`. Lists and maps around the place are looked through.
fn call_around(tokens: &[Token<'_>]) -> Option<(String, usize)> {
    let (mut depth, mut commas) = (0_usize, 0);
    for (i, token) in tokens.iter().enumerate().rev() {
        if token.kind != Kind::Mark {
            continue;
        }
        match token.text {
            ")" | "]" | "}" => depth += 1,
            "(" | "[" | "{" | "${" if depth > 0 => depth -= 1,
            "(" => {
                let called = expression(&tokens[..i]);
                return (!called.is_empty()).then_some((called, commas));
            }
            // a block: statements of their own
            "{" if !i.checked_sub(1).is_some_and(|before| tokens[before].is("#")) => return None,
            // what was counted belongs to the list or the map
            "[" | "{" => commas = 0,
            "${" | ";" if depth == 0 => return None,
            "," if depth == 0 => commas += 1,
            _ => {}
        }
    }
    None
}

/// The expression that ends with `tokens`: names with `.`, `::`, and brackets behind them. Empty when there is none.
pub(super) fn expression(tokens: &[Token<'_>]) -> String {
    let mut begin = tokens.len();
    let mut wants_value = true;
    while begin > 0 {
        let token = tokens[begin - 1];
        let value = match token.kind {
            Kind::Name | Kind::Text { closed: true } => true,
            Kind::Keyword => token.text == "this",
            Kind::Mark if matches!(token.text, ")" | "]") => true,
            _ => false,
        };
        if wants_value && value {
            if matches!(token.text, ")" | "]") {
                let Some(open) = opening(&tokens[..begin]) else { return String::new() };
                begin = open;
                // what a bracket belongs to stands before it, unless it stands for itself
                wants_value = open > 0
                    && (tokens[open - 1].kind == Kind::Name || matches!(tokens[open - 1].text, ")" | "]"));
                continue;
            }
            begin -= 1;
            wants_value = false;
        } else if !wants_value && matches!(token.text, "." | "::") {
            begin -= 1;
            wants_value = true;
        } else if !wants_value && token.text == "?" && tokens.get(begin).is_some_and(|t| t.is(".")) {
            begin -= 1;
        } else {
            break;
        }
    }
    tokens[begin..].iter().map(|t| t.text).collect()
}

/// Where the bracket that `tokens` end with was opened.
fn opening(tokens: &[Token<'_>]) -> Option<usize> {
    let mut depth = 0_usize;
    for (i, token) in tokens.iter().enumerate().rev().filter(|(_, t)| t.kind == Kind::Mark) {
        match token.text {
            ")" | "]" | "}" => depth += 1,
            "(" | "[" | "{" | "${" => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(i);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(head: &str) -> Option<(String, usize)> {
        open_text(head).and_then(|text| text.call)
    }

    #[test]
    fn a_text_knows_whose_argument_it_is() {
        for (head, called, argument) in [
            ("cluster(\"ki", "cluster", 0),
            ("let n = c.node(\"", "c.node", 0),
            ("image::tag(\"a\", \"", "image::tag", 1),
            ("image::save([\"a\", \"", "image::save", 0),
            ("c.nodes[0].exec(\"ls\", \"/e", "c.nodes[0].exec", 1),
            ("cluster(\"a\").node(\"b\").read(\"/", "cluster(\"a\").node(\"b\").read", 0),
            ("f(a, #{b: 1}, [2, 3], \"", "f", 3),
            ("parallel(c.nodes, |n| n.read(\"/etc", "n.read", 0),
            ("if x == f(\"", "f", 0),
        ] {
            assert_eq!(call(head), Some((called.to_owned(), argument)), "{head}");
        }
        for head in ["\"a", "let a = \"b", "f(1); \"", "f(|| { \"", "(\"a"] {
            assert_eq!(call(head), None, "{head}");
        }
    }

    #[test]
    fn what_is_not_open_is_not_found() {
        for head in ["cluster(\"kind\")", "// cluster(\"", "", "a + b"] {
            assert_eq!(open_text(head), None, "{head}");
        }
        assert_eq!(open_call("f(1, // no, (\n 2"), Some(("f".to_owned(), 1)));
        assert_eq!(open_call("f(1)"), None);
    }

    #[test]
    fn imports_and_keys() {
        let text = open_text("import \"std/cr").expect("open");
        assert_eq!((text.keyword, text.typed, text.start), (Some("import"), "std/cr", 8));
        let text = open_text("m.a[\"k").expect("open");
        assert_eq!(text.owner.as_deref(), Some("m.a"));
    }
}
