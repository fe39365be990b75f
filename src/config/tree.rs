//! A document of which every value knows its place.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_saphyr::{Location, Spanned};
use std::fmt;

/// Line and column, from 1; 0 when unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
pub(super) struct Place {
    pub line: u64,
    pub column: u64,
}

impl Place {
    /// Reads `…:LINE:COLUMN`; nothing known when it is something else.
    pub fn read(text: &str) -> Self {
        let mut parts = text.rsplit(':').map(|part| part.parse().unwrap_or_default());
        let (column, line) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        Self { line, column }
    }
    /// `origin:LINE:COLUMN`, or the origin alone.
    pub fn shown(self, origin: &str) -> String {
        let Self { line, column } = self;
        if line == 0 { origin.to_owned() } else { format!("{origin}:{line}:{column}") }
    }
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tree {
    pub content: Content,
    pub place: Place,
    /// First byte and length in the text it was read from.
    span: Option<(usize, usize)>,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    Null,
    Bool(bool),
    Integer(i64),
    /// Any other number.
    Float(f64),
    Text(String),
    List(Vec<Tree>),
    Map(Vec<Entry>),
}

/// A key of a map with its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub key: String,
    pub place: Place,
    pub value: Tree,
}

impl Tree {
    /// The scalar's text as it was written, for fields that are text whatever the value looks like
    /// (`image: 1.37`); `None` for lists, maps and null.
    pub fn scalar(&self, text: &str) -> Option<String> {
        let written = || {
            let (start, length) = self.span?;
            text.get(start..start + length).map(|part| part.trim().to_owned()).filter(|part| !part.is_empty())
        };
        match &self.content {
            Content::Text(value) => Some(value.clone()),
            Content::Bool(value) => Some(written().unwrap_or_else(|| value.to_string())),
            Content::Integer(value) => Some(written().unwrap_or_else(|| value.to_string())),
            Content::Float(value) => Some(written().unwrap_or_else(|| value.to_string())),
            Content::Null | Content::List(_) | Content::Map(_) => None,
        }
    }

    /// How an error shows the value.
    pub fn shown(&self, text: &str) -> String {
        match &self.content {
            Content::Null => "empty".to_owned(),
            Content::Text(value) => format!("\"{}\"", shorten(value)),
            Content::List(_) => "a list".to_owned(),
            Content::Map(_) => "a map".to_owned(),
            _ => self.scalar(text).unwrap_or_default(),
        }
    }

    /// The place of `path` (`nodes[0].role`), or of the innermost value on the way to it. A map or list is
    /// looked for at its key; so is a scalar with `at_key`.
    pub fn find(&self, path: &str, at_key: bool) -> Place {
        let mut here = self;
        let mut place = self.place;
        for step in steps(path) {
            let next = match (&here.content, step) {
                (Content::Map(entries), Step::Key(key)) => {
                    entries.iter().find(|e| e.key == key).map(|e| (e.place, &e.value))
                }
                (Content::List(items), Step::Index(index)) => items.get(index).map(|i| (i.place, i)),
                _ => None,
            };
            let Some((key_place, value)) = next else { break };
            place = match value.content {
                Content::Map(_) | Content::List(_) | Content::Null => key_place,
                _ if at_key => key_place,
                _ => value.place,
            };
            here = value;
        }
        place
    }

    /// The tree of a value that was never text; no place is known.
    pub fn from_value(value: &Value) -> Self {
        let content = match value {
            Value::Null => Content::Null,
            Value::Bool(value) => Content::Bool(*value),
            Value::Number(number) => {
                number.as_i64().map_or(Content::Float(number.as_f64().unwrap_or_default()), Content::Integer)
            }
            Value::String(text) => Content::Text(text.clone()),
            Value::Array(items) => Content::List(items.iter().map(Self::from_value).collect()),
            Value::Object(fields) => Content::Map(
                fields
                    .iter()
                    .map(|(key, value)| Entry {
                        key: key.clone(),
                        place: Place::default(),
                        value: Self::from_value(value),
                    })
                    .collect(),
            ),
        };
        Self { content, place: Place::default(), span: None }
    }
}

/// One line of a text, and not too much of it.
fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(60).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

enum Step {
    Key(String),
    Index(usize),
}

/// Splits `a.b[3].c`. A key with dots (a label) is given as `labels["a.b/c"]`.
fn steps(path: &str) -> Vec<Step> {
    let mut found = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("[\"") {
            let Some((key, tail)) = after.split_once("\"]") else { break };
            found.push(Step::Key(key.to_owned()));
            rest = tail;
        } else if let Some(after) = rest.strip_prefix('[') {
            let Some((index, tail)) = after.split_once(']') else { break };
            found.push(Step::Index(index.parse().unwrap_or(usize::MAX)));
            rest = tail;
        } else {
            rest = rest.strip_prefix('.').unwrap_or(rest);
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            found.push(Step::Key(rest[..end].to_owned()));
            rest = &rest[end..];
        }
    }
    found
}

fn place(at: Location) -> Place {
    Place { line: at.line(), column: at.column() }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Content>::deserialize(deserializer)?;
        let span = spanned.defined.span();
        let bytes = span.byte_offset().zip(span.byte_len());
        Ok(Self {
            content: spanned.value,
            place: place(spanned.referenced),
            span: bytes.and_then(|(start, length)| Some((start.try_into().ok()?, length.try_into().ok()?))),
        })
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }
    fn visit_none<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Content, E> {
        Ok(Content::Integer(value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Content, E> {
        Ok(i64::try_from(value).map_or(Content::Float(value as f64), Content::Integer))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Content, E> {
        Ok(Content::Float(value))
    }
    fn visit_str<E>(self, value: &str) -> Result<Content, E> {
        Ok(Content::Text(value.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Content, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Content::List(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Content, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = fields.next_key::<Spanned<String>>()? {
            entries.push(Entry { key: key.value, place: place(key.referenced), value: fields.next_value()? });
        }
        Ok(Content::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Tree {
        serde_saphyr::from_str_with_options(text, crate::yaml::options()).unwrap()
    }

    #[test]
    fn values_know_their_place() {
        let text = "name: a\nnodes:\n- role: worker\n  labels:\n    x.y/z: 1.370\n";
        let tree = read(text);
        assert_eq!(tree.find("nodes[0].role", false), Place { line: 3, column: 9 });
        assert_eq!(tree.find("nodes[0].labels[\"x.y/z\"]", false), Place { line: 5, column: 12 });
        assert_eq!(tree.find("nodes", false), Place { line: 2, column: 1 });
        assert_eq!(tree.find("nodes[0].image", false), Place { line: 3, column: 3 });
    }

    #[test]
    fn scalars_keep_how_they_were_written() {
        let text = "a: 1.370\nb: 007\nc: True # not False\nd: 'x'\n";
        let tree = read(text);
        let Content::Map(entries) = &tree.content else { panic!("a map") };
        let written: Vec<_> = entries.iter().filter_map(|e| e.value.scalar(text)).collect();
        assert_eq!(written, ["1.370", "007", "True", "x"]);
    }
}
