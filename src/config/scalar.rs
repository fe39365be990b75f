//! Reading single fields of a map: which exist, which are missing, which have another type.

use super::problem::{Problem, did_you_mean};
use super::tree::{Content, Entry, Tree};

/// Collects what is wrong while a document is read.
pub(super) struct Reader<'t> {
    /// The document's text, empty when it never was text.
    pub text: &'t str,
    pub problems: Vec<Problem>,
}

/// A value with its path in the document.
pub(super) struct Field<'t> {
    pub path: String,
    pub tree: &'t Tree,
}

/// The entries of a map with its path.
pub(super) struct Object<'t> {
    path: String,
    entries: &'t [Entry],
}

impl<'t> Object<'t> {
    /// A field that is there and not null.
    pub fn get(&self, name: &str) -> Option<Field<'t>> {
        let entry = self.entries.iter().find(|e| e.key == name)?;
        (entry.value.content != Content::Null)
            .then(|| Field { path: join(&self.path, name), tree: &entry.value })
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
    pub fn object<'f>(&mut self, field: &Field<'f>, known: &[&str]) -> Option<Object<'f>> {
        let Content::Map(entries) = &field.tree.content else {
            let name = if field.path.is_empty() { "the document" } else { &field.path };
            let message = format!("{name} is {}; expected a map", field.tree.shown(self.text));
            self.wrong(&field.path, message);
            return None;
        };
        for entry in entries {
            if !known.contains(&entry.key.as_str()) {
                let path = join(&field.path, &entry.key);
                let message = format!("{path} is not a known field{}", did_you_mean(&entry.key, known));
                self.problems.push(Problem::of_key(path, message));
            }
        }
        Some(Object { path: field.path.clone(), entries })
    }

    /// The items of a list; a field that is not there has none.
    pub fn list<'f>(&mut self, field: Option<Field<'f>>) -> Vec<Field<'f>> {
        let Some(field) = field else { return Vec::new() };
        let Content::List(items) = &field.tree.content else {
            self.expected(&field, "a list");
            return Vec::new();
        };
        items
            .iter()
            .enumerate()
            .map(|(i, tree)| Field { path: format!("{}[{i}]", field.path), tree })
            .collect()
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
        let Content::Bool(value) = field.tree.content else {
            self.expected(&field, "true or false");
            return None;
        };
        Some(value)
    }

    /// A number that `convert` accepts; `what` names what it should have been.
    pub fn number<T>(
        &mut self,
        field: Option<Field<'_>>,
        what: &str,
        convert: impl Fn(i64) -> Option<T>,
    ) -> Option<T> {
        let field = field?;
        let number = match field.tree.content {
            Content::Integer(number) => convert(number),
            _ => None,
        };
        if number.is_none() {
            self.expected(&field, what);
        }
        number
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

    /// One of a few words; the empty text is the first of them.
    pub fn word<T: Copy>(&mut self, field: Option<Field<'_>>, words: &[(&str, T)]) -> Option<T> {
        self.parsed(field, |text| {
            if text.is_empty() {
                return words.first().map(|(_, value)| *value).ok_or_else(String::new);
            }
            words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
                let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                format!("expected {}{}", alternatives(&names), did_you_mean(text, &names))
            })
        })
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
