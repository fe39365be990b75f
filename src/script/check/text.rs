//! A script's text: from lines and columns to bytes, and which word stands where.

use rhai::Position;
use std::ops::Range;

/// A text with its name.
#[derive(Debug)]
pub struct Text {
    /// Its file, or what stands for one.
    pub name: String,
    /// What is in it.
    pub content: String,
    /// Where each line begins, in bytes.
    lines: Vec<usize>,
}

impl Text {
    /// The text `content` of the file `name`.
    pub fn new(name: &str, content: &str) -> Self {
        let begins = content.match_indices('\n').map(|(i, _)| i + 1);
        Self {
            name: name.to_owned(),
            content: content.to_owned(),
            lines: std::iter::once(0).chain(begins).collect(),
        }
    }

    /// What Rhai parses: a `#!` line is for the shell.
    pub fn for_rhai(&self) -> String {
        // as many characters, so that places stay
        match self.content.strip_prefix("#!") {
            Some(rest) => {
                let mut rest = rest.chars();
                // a third slash would make it documentation
                let third = rest.next().map_or("", |c| if c == '\n' { "\n" } else { " " });
                format!("//{third}{}", rest.as_str())
            }
            None => self.content.clone(),
        }
    }

    /// The byte at a place; the end of the text for none.
    pub fn offset(&self, position: Position) -> usize {
        let Some(line) = position.line() else { return self.content.len() };
        self.offset_of(line - 1, position.position().unwrap_or(1).saturating_sub(1))
    }

    /// The byte at a line and a column in characters, both from 0.
    pub fn offset_of(&self, line: usize, column: usize) -> usize {
        let Some(begin) = self.lines.get(line).copied() else { return self.content.len() };
        let rest = &self.content[begin..];
        let rest = &rest[..rest.find('\n').unwrap_or(rest.len())];
        begin + rest.char_indices().nth(column).map_or(rest.len(), |(i, _)| i)
    }

    /// Line and column of a byte, both from 0, the column in characters.
    pub fn place(&self, offset: usize) -> (usize, usize) {
        let offset = offset.min(self.content.len());
        let line = self.lines.partition_point(|begin| *begin <= offset).saturating_sub(1);
        (line, self.content[self.lines[line]..offset].chars().count())
    }

    /// The same with the column in UTF-16 units, as editors count.
    pub fn place_utf16(&self, offset: usize) -> (usize, usize) {
        let offset = offset.min(self.content.len());
        let (line, _) = self.place(offset);
        (line, self.content[self.lines[line]..offset].encode_utf16().count())
    }

    /// The byte at a line and a column in UTF-16 units.
    pub fn offset_utf16(&self, line: usize, column: usize) -> usize {
        let Some(begin) = self.lines.get(line).copied() else { return self.content.len() };
        let rest = &self.content[begin..];
        let rest = &rest[..rest.find('\n').unwrap_or(rest.len())];
        let mut units = 0;
        for (i, c) in rest.char_indices() {
            if units >= column {
                return begin + i;
            }
            units += c.len_utf16();
        }
        begin + rest.len()
    }

    /// The name, text or sign that begins at a place.
    pub fn token(&self, position: Position) -> Range<usize> {
        self.token_at(self.offset(position))
    }

    /// The name, text or sign that begins at a byte.
    pub fn token_at(&self, begin: usize) -> Range<usize> {
        let rest = &self.content[begin.min(self.content.len())..];
        let mut chars = rest.char_indices();
        let Some((_, first)) = chars.next() else { return begin..begin };
        let end = if is_name(first) {
            chars.find(|(_, c)| !is_name(*c)).map_or(rest.len(), |(i, _)| i)
        } else if first == '"' {
            let mut escaped = false;
            let mut close = |c: char| {
                let ends = c == '"' && !escaped || c == '\n';
                escaped = c == '\\' && !escaped;
                ends
            };
            chars.find(|(_, c)| close(*c)).map_or(rest.len(), |(i, _)| i + 1)
        } else {
            first.len_utf8()
        };
        begin..begin + end
    }

    /// Where `word` stands as a whole word, from byte `from` on.
    pub fn find_word(&self, word: &str, from: usize) -> Option<Range<usize>> {
        let mut at = from;
        while let Some(i) = self.content.get(at..)?.find(word) {
            let (begin, end) = (at + i, at + i + word.len());
            let before = self.content[..begin].chars().next_back().is_some_and(is_name);
            let after = self.content[end..].chars().next().is_some_and(is_name);
            if !before && !after {
                return Some(begin..end);
            }
            at = end;
        }
        None
    }

    /// The name of the function whose body begins at `body`: the last `fn NAME` before it.
    pub fn function_name(&self, name: &str, body: usize) -> Range<usize> {
        let mut found = body..body;
        let mut at = 0;
        while let Some(word) = self.find_word("fn", at).filter(|w| w.start < body) {
            let rest = &self.content[word.end..];
            let begin = word.end + (rest.len() - rest.trim_start().len());
            if self.content[begin..].starts_with(name) && self.token_at(begin).len() == name.len() {
                found = begin..begin + name.len();
            }
            at = word.end;
        }
        found
    }
}

/// Whether a name may have this character.
pub fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_bytes() {
        let text = Text::new("a", "ab\nü\"x\\\"y\" z\n");
        assert_eq!(text.offset(Position::new(2, 2)), 5);
        assert_eq!(&text.content[text.token(Position::new(2, 2))], "\"x\\\"y\"");
        assert_eq!(text.place(5), (1, 1));
        assert_eq!(text.place_utf16(text.content.find('z').unwrap()), (1, 8));
        assert_eq!(text.offset_utf16(1, 8), text.content.find('z').unwrap());
        assert_eq!(text.offset(Position::NONE), text.content.len());
        assert_eq!(Text::new("b", "fn a() {}\nfn aa(x) { a() }").function_name("aa", 19), 13..15);
    }
}
