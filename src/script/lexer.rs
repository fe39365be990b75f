//! Rhai text cut into tokens, whether it is complete or not: for colours, for what stands at the cursor, for what the
//! prompt has to know of a line. Never fails; Rhai's own lexer stops at the first thing that is wrong.

use std::str::CharIndices;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Blanks and ends of lines.
    Space,
    /// `// …` or `/* … */`.
    Comment,
    /// A text in quotes, or a part of one in backticks between its `${…}`. `closed` is false where its end is missing.
    Text {
        /// Whether its end is there.
        closed: bool,
    },
    /// A number.
    Number,
    /// A word of the language.
    Keyword,
    /// Any other word.
    Name,
    /// Anything else, one character each; `::` is one.
    Mark,
}

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// The byte where it begins.
    pub start: usize,
    /// As it is written.
    pub text: &'a str,
}

impl Token<'_> {
    /// Whether it is this mark.
    pub fn is(&self, mark: &str) -> bool {
        self.kind == Kind::Mark && self.text == mark
    }
    /// Whether it says nothing to the language.
    pub fn is_blank(&self) -> bool {
        matches!(self.kind, Kind::Space | Kind::Comment)
    }
}

/// Words of the language.
pub const KEYWORDS: &[&str] = &[
    "as",
    "break",
    "catch",
    "const",
    "continue",
    "do",
    "else",
    "export",
    "false",
    "fn",
    "for",
    "if",
    "import",
    "in",
    "is_def_fn",
    "is_def_var",
    "let",
    "loop",
    "private",
    "return",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "until",
    "while",
];

/// All tokens; put together they are the text.
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer { text, rest: text.char_indices(), found: Vec::new(), inside: Vec::new() };
    while lexer.next() {}
    lexer.found
}

struct Lexer<'a> {
    text: &'a str,
    rest: CharIndices<'a>,
    found: Vec<Token<'a>>,
    /// For each text in backticks that the place is inside of: how many braces are open within its `${`.
    inside: Vec<usize>,
}

impl Lexer<'_> {
    fn at(&self) -> usize {
        self.rest.offset()
    }
    fn peek(&self) -> Option<char> {
        self.text[self.at()..].chars().next()
    }
    fn follows(&self, text: &str) -> bool {
        self.text[self.at()..].starts_with(text)
    }
    fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.rest.next();
        }
    }
    fn skip_while(&mut self, fits: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&fits) {
            self.rest.next();
        }
    }
    fn push(&mut self, kind: Kind, start: usize) {
        let text = &self.text[start..self.at()];
        if !text.is_empty() {
            self.found.push(Token { kind, start, text });
        }
    }

    fn next(&mut self) -> bool {
        let start = self.at();
        let Some(c) = self.peek() else { return false };
        let kind = match c {
            c if c.is_whitespace() => {
                self.skip_while(char::is_whitespace);
                Kind::Space
            }
            '/' if self.follows("//") => {
                self.skip_while(|c| c != '\n');
                Kind::Comment
            }
            '/' if self.follows("/*") => {
                self.comment();
                Kind::Comment
            }
            '"' | '\'' => self.quoted(c),
            '`' => {
                self.skip(1);
                return self.ticked(start);
            }
            c if c.is_ascii_digit() => {
                self.number();
                Kind::Number
            }
            c if is_name(c) => {
                self.skip_while(is_name);
                let word = &self.text[start..self.at()];
                if KEYWORDS.contains(&word) { Kind::Keyword } else { Kind::Name }
            }
            ':' if self.follows("::") => {
                self.skip(2);
                Kind::Mark
            }
            _ => {
                self.skip(1);
                if let Some(open) = self.inside.last_mut() {
                    match c {
                        '{' => *open += 1,
                        '}' if *open > 0 => *open -= 1,
                        '}' => {
                            self.inside.pop();
                            self.push(Kind::Mark, start);
                            return self.ticked(self.at());
                        }
                        _ => {}
                    }
                }
                Kind::Mark
            }
        };
        self.push(kind, start);
        true
    }

    /// Comments of this form may stand in each other.
    fn comment(&mut self) {
        let mut depth = 0;
        while self.peek().is_some() {
            if self.follows("/*") {
                depth += 1;
                self.skip(2);
            } else if self.follows("*/") {
                depth -= 1;
                self.skip(2);
                if depth == 0 {
                    return;
                }
            } else {
                self.skip(1);
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Kind {
        self.skip(1);
        while let Some(c) = self.peek() {
            match c {
                '\\' => self.skip(2),
                '\n' => return Kind::Text { closed: false },
                c => {
                    self.skip(1);
                    if c == quote {
                        return Kind::Text { closed: true };
                    }
                }
            }
        }
        Kind::Text { closed: false }
    }

    /// From inside a text in backticks to its end or to the next `${`.
    fn ticked(&mut self, start: usize) -> bool {
        while let Some(c) = self.peek() {
            if self.follows("${") {
                self.push(Kind::Text { closed: true }, start);
                let mark = self.at();
                self.skip(2);
                self.push(Kind::Mark, mark);
                self.inside.push(0);
                return true;
            }
            self.skip(1);
            if c == '`' {
                self.push(Kind::Text { closed: true }, start);
                return true;
            }
        }
        self.push(Kind::Text { closed: false }, start);
        true
    }

    fn number(&mut self) {
        self.skip_while(|c| c.is_ascii_alphanumeric() || c == '_');
        // `1.5`, but not `1.max(2)` or `0..5`
        let rest = &self.text[self.at()..];
        if rest.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
            self.skip(1);
            self.skip_while(|c| c.is_ascii_alphanumeric() || c == '_');
        }
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(Kind, &str)> {
        let all = tokens(text);
        assert_eq!(all.iter().map(|t| t.text).collect::<String>(), text, "nothing is lost");
        all.iter().filter(|t| t.kind != Kind::Space).map(|t| (t.kind, t.text)).collect()
    }

    const CLOSED: Kind = Kind::Text { closed: true };
    const OPEN: Kind = Kind::Text { closed: false };

    #[test]
    fn a_line_is_cut_into_its_parts() {
        assert_eq!(
            kinds("let a = f::g(1.5, \"x\\\"y\"); // why"),
            [
                (Kind::Keyword, "let"),
                (Kind::Name, "a"),
                (Kind::Mark, "="),
                (Kind::Name, "f"),
                (Kind::Mark, "::"),
                (Kind::Name, "g"),
                (Kind::Mark, "("),
                (Kind::Number, "1.5"),
                (Kind::Mark, ","),
                (CLOSED, "\"x\\\"y\""),
                (Kind::Mark, ")"),
                (Kind::Mark, ";"),
                (Kind::Comment, "// why"),
            ]
        );
        assert_eq!(kinds("0..5")[0], (Kind::Number, "0"));
    }

    #[test]
    fn code_inside_backticks_is_code() {
        assert_eq!(
            kinds("`a ${b + `c`} d`"),
            [
                (CLOSED, "`a "),
                (Kind::Mark, "${"),
                (Kind::Name, "b"),
                (Kind::Mark, "+"),
                (CLOSED, "`c`"),
                (Kind::Mark, "}"),
                (CLOSED, " d`"),
            ]
        );
        assert_eq!(kinds("`${#{a: 1}}`").last(), Some(&(CLOSED, "`")));
    }

    #[test]
    fn what_has_no_end_is_told() {
        assert_eq!(kinds("f(\"a b").last(), Some(&(OPEN, "\"a b")));
        assert_eq!(kinds("`a ${b} c").last(), Some(&(OPEN, " c")));
        assert_eq!(kinds("\"a\nb").first(), Some(&(OPEN, "\"a")));
        assert_eq!(kinds("1 /* a /* b */ c").last(), Some(&(Kind::Comment, "/* a /* b */ c")));
        for text in ["\"\\", "`$", "é\"ü", "'"] {
            kinds(text);
        }
    }
}
