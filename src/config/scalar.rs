//! Reading single fields of a map as the table of fields has them: which exist, which are missing, which hold
//! something else.

use super::fields::{Shape, TABLES, Table};
use super::problem::{Problem, did_you_mean};
use super::tree::{Content, Entry, Tree};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Collects what is wrong while a document is read.
pub(super) struct Reader<'t> {
    /// The document's text, empty when it never was text.
    pub text: &'t str,
    pub problems: Vec<Problem>,
}

/// A value with its path in the document, and what may stand there.
pub(super) struct Field<'t> {
    pub path: String,
    pub tree: &'t Tree,
    pub shape: &'static Shape,
}

/// The entries of a map with its path.
pub(super) struct Object<'t> {
    path: String,
    entries: &'t [Entry],
    table: &'static Table,
}

impl<'t> Object<'t> {
    /// A field that is there and not null. Its name must be in the table.
    pub fn get(&self, name: &str) -> Option<Field<'t>> {
        let known = self.table.field(name);
        debug_assert!(known.is_some(), "{name} is in no table of fields");
        let entry = self.entries.iter().find(|e| e.key == name)?;
        if entry.value.content == Content::Null {
            return None;
        }
        Some(Field { path: join(&self.path, name), tree: &entry.value, shape: &known?.shape })
    }
    /// The path of a field, there or not.
    pub fn path_of(&self, name: &str) -> String {
        join(&self.path, name)
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

impl<'t> Reader<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, problems: Vec::new() }
    }
}

impl Reader<'_> {
    pub fn wrong(&mut self, path: &str, message: String) {
        self.problems.push(Problem::new(path, message));
    }

    /// Says that a value is not what it should be.
    pub fn expected(&mut self, field: &Field<'_>, what: &str) {
        let message = format!("{} is {}; expected {what}", field.path, field.tree.shown(self.text));
        self.wrong(&field.path, message);
    }

    /// The map behind a field, with its unknown keys reported.
    pub fn object<'f>(&mut self, field: &Field<'f>) -> Option<Object<'f>> {
        let Shape::Object(table) = field.shape else { return None };
        let Content::Map(entries) = &field.tree.content else {
            let name = if field.path.is_empty() { "the document" } else { &field.path };
            let message = format!("{name} is {}; expected a map", field.tree.shown(self.text));
            self.wrong(&field.path, message);
            return None;
        };
        for entry in entries {
            if table.field(&entry.key).is_none() {
                let path = join(&field.path, &entry.key);
                let message = format!("{path} is not a known field{}", near(&entry.key, table));
                self.problems.push(Problem::of_key(path, message));
            }
        }
        Some(Object { path: field.path.clone(), entries, table })
    }

    /// The items of a list; a field that is not there has none.
    pub fn list<'f>(&mut self, field: Option<Field<'f>>) -> Vec<Field<'f>> {
        let Some(field) = field else { return Vec::new() };
        let Shape::List(shape) = field.shape else { return Vec::new() };
        let Content::List(items) = &field.tree.content else {
            self.expected(&field, "a list");
            return Vec::new();
        };
        items
            .iter()
            .enumerate()
            .map(|(i, tree)| Field { path: format!("{}[{i}]", field.path), tree, shape })
            .collect()
    }

    /// The entries of a map with names of the user's; null is an empty text where text is expected.
    pub fn map<T>(
        &mut self,
        field: Option<Field<'_>>,
        what: &str,
        mut read: impl FnMut(&mut Self, Field<'_>) -> Option<T>,
    ) -> std::collections::BTreeMap<String, T> {
        let mut map = std::collections::BTreeMap::new();
        let Some(field) = field else { return map };
        let Shape::Map(shape) = field.shape else { return map };
        let Content::Map(entries) = &field.tree.content else {
            self.expected(&field, what);
            return map;
        };
        for entry in entries {
            let item =
                Field { path: format!("{}[\"{}\"]", field.path, entry.key), tree: &entry.value, shape };
            map.extend(read(self, item).map(|value| (entry.key.clone(), value)));
        }
        map
    }

    /// Text; numbers and booleans are taken as they were written.
    pub fn text(&mut self, field: Option<Field<'_>>) -> Option<String> {
        let field = field?;
        let text = field.tree.scalar(self.text);
        if text.is_none() {
            self.expected(&field, "text");
        }
        text
    }

    pub fn boolean(&mut self, field: Option<Field<'_>>) -> Option<bool> {
        let field = field?;
        match &field.tree.content {
            Content::Bool(value) => Some(*value),
            // upstream's reader takes these words of YAML 1.1 where it expects a boolean
            Content::Text(word) if ["y", "Y", "yes", "on"].contains(&word.as_str()) => Some(true),
            Content::Text(word) if ["n", "N", "no", "off"].contains(&word.as_str()) => Some(false),
            _ => {
                self.expected(&field, "true or false");
                None
            }
        }
    }

    /// A whole number within the field's range.
    pub fn number(&mut self, field: Option<Field<'_>>) -> Option<i64> {
        let field = field?;
        let Shape::Integer(least, most, what) = field.shape else { return None };
        match field.tree.content {
            Content::Integer(number) if (*least..=*most).contains(&number) => Some(number),
            _ => {
                self.expected(&field, what);
                None
            }
        }
    }

    /// Text that `parse` accepts; its error is put behind the value.
    pub fn parsed<T>(
        &mut self,
        field: Option<Field<'_>>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let field = field?;
        let Some(text) = field.tree.scalar(self.text) else {
            self.expected(&field, "text");
            return None;
        };
        match parse(&text) {
            Ok(value) => Some(value),
            Err(why) => {
                let message = format!("{} is {}; {why}", field.path, field.tree.shown(self.text));
                self.wrong(&field.path, message);
                None
            }
        }
    }

    /// One of the field's words, as the value that has this name.
    pub fn word<T: DeserializeOwned>(&mut self, field: Option<Field<'_>>) -> Option<T> {
        let shape = field.as_ref()?.shape;
        let words = shape.words();
        let same = |word: &str, text: &str| match shape {
            Shape::AnyCase(_) => word.eq_ignore_ascii_case(text),
            _ => word == text,
        };
        self.parsed(field, |text| {
            let found = match text {
                "" => words.first(),
                text => words.iter().find(|word| same(word, text)),
            };
            found
                .and_then(|word| serde_json::from_value(Value::String((*word).to_owned())).ok())
                .ok_or_else(|| format!("expected {}{}", alternatives(words), did_you_mean(text, words)))
        })
    }
}

/// What an unknown field may have been meant to be: one of this map with almost that name, or one that belongs
/// somewhere else.
fn near(name: &str, table: &Table) -> String {
    let close = did_you_mean(name, &table.names());
    if !close.is_empty() {
        return close;
    }
    match TABLES.iter().find(|(_, other)| other.field(name).is_some()) {
        Some((place, _)) => format!("; it is a field of {place}"),
        None => String::new(),
    }
}

/// `a, b or c`
fn alternatives(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
