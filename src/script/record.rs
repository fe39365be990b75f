//! One record per function of the script API. Help, completion, the reference, the definitions for editors and the
//! check before a run are all made from it.

use super::types::{Type, split};

/// What is known about a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Namespace (`host`), type (`Node`), or empty for a global function.
    pub module: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Parameters with types and what is returned, as in `(path: string, mode?: octal int) -> string`. `?` marks
    /// what may be left out, `…` what may come several times. A property has no brackets: `-> string`.
    pub signature: &'static str,
    /// What it does, with units.
    pub doc: &'static str,
    /// A line that uses it.
    pub example: &'static str,
    /// Keys of its map (the parameter `options`, or the only one that takes a map) with types.
    pub options: &'static str,
    /// Codes of the errors that it throws, a family as `engine.*`; `none`, or words on what else it throws.
    pub throws: &'static str,
}

/// One parameter of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What may be given.
    pub kind: Type,
    /// The same in words.
    pub written: &'static str,
    /// Whether it may be left out.
    pub optional: bool,
    /// Whether several may be given.
    pub many: bool,
}

impl Record {
    /// How a script writes it: `host::run`, `node.exec`, `step`.
    pub fn qualified(&self) -> String {
        if self.module.is_empty() {
            self.name.to_owned()
        } else if self.is_method() {
            format!("{}.{}", self.module.to_lowercase(), self.name)
        } else {
            format!("{}::{}", self.module, self.name)
        }
    }
    /// Its name with the parameters, or what it is.
    pub fn written(&self) -> String {
        let space = if self.is_property() { " " } else { "" };
        format!("{}{space}{}", self.name, self.signature)
    }
    /// The type of what it returns.
    pub fn returns(&self) -> Option<&'static str> {
        self.signature.rsplit_once("-> ").map(|(_, returned)| returned)
    }
    /// The same, taken apart.
    pub fn returned(&self) -> Type {
        self.returns().and_then(Type::parse).unwrap_or(Type::Any)
    }
    /// Whether it is called on an object.
    pub fn is_method(&self) -> bool {
        self.module.starts_with(char::is_uppercase)
    }
    /// Whether it is read and not called.
    pub fn is_property(&self) -> bool {
        !self.signature.starts_with('(')
    }
    /// Its parameters, in order.
    pub fn parameters(&self) -> Vec<Parameter> {
        let Some((list, _)) = self.signature.strip_prefix('(').and_then(|s| s.rsplit_once(") -> ")) else {
            return Vec::new();
        };
        split(list, ',').into_iter().filter_map(parameter).collect()
    }
    /// How few and how many arguments it takes; no upper bound when one may come several times.
    pub fn arity(&self) -> (usize, Option<usize>) {
        let all = self.parameters();
        let least = all.iter().filter(|p| !p.optional && !p.many).count();
        (least, (!all.iter().any(|p| p.many)).then_some(all.len()))
    }
    /// Whether it takes so many arguments.
    pub fn takes(&self, count: usize) -> bool {
        let (least, most) = self.arity();
        count >= least && most.is_none_or(|most| count <= most)
    }
    /// The keys of its map.
    pub fn keys(&self) -> Vec<(&'static str, Type)> {
        let fields = split(self.options, ',');
        fields
            .into_iter()
            .filter_map(|f| f.split_once(": "))
            .filter_map(|(k, t)| Some((k, Type::parse(t)?)))
            .collect()
    }
    /// The parameter whose map has [`Record::keys`].
    pub fn keyed(&self) -> Option<usize> {
        let all = self.parameters();
        if self.options.is_empty() {
            return None;
        }
        let takes_map = |p: &Parameter| p.kind.accepts(&Type::Map) && p.kind != Type::Any;
        all.iter().rposition(takes_map)
    }
    /// Codes of what it throws, without the words around them.
    pub fn codes(&self) -> Vec<&'static str> {
        if self.throws == "none" {
            return Vec::new();
        }
        let words = self.throws.split(", ").next().unwrap_or_default();
        if words.starts_with("what ") { Vec::new() } else { words.split(' ').collect() }
    }
}

fn parameter(text: &'static str) -> Option<Parameter> {
    let (name, written) = text.split_once(": ")?;
    let kind = Type::parse(written)?;
    let bare = name.trim_end_matches(['?', '…']);
    Some(Parameter { name: bare, kind, written, optional: name.ends_with('?'), many: name.ends_with('…') })
}

/// Shorthand for a table of records.
macro_rules! records_table {
    ($module:literal: $(
        $name:literal $signature:literal $doc:literal, $example:literal
            $(, options $options:literal)? $(, throws $throws:literal)?;
    )*) => {
        &[$($crate::script::record::Record {
            module: $module, name: $name, signature: $signature, doc: $doc, example: $example,
            options: concat!($($options)?), throws: concat!($($throws)?),
        }),*]
    };
}
pub(crate) use records_table;

/// All records, by module.
pub fn records() -> impl Iterator<Item = &'static Record> {
    super::api::RECORDS.iter().flat_map(|table| table.iter())
}

/// The words for units and families that signatures and lists of errors use.
pub const WORDS: &[(&str, &str)] = &[
    ("seconds", "a number, whole or not, or a text such as 1m30s"),
    ("octal int", "permission bits, such as 0o644"),
    ("array of T, map of T", "every item, every value is a T"),
    ("closure(x)", "|x| …, or the name of a function as Fn(\"name\")"),
    ("value of body", "whatever the closure returns"),
    ("name?", "a parameter that may be left out"),
    ("name…", "one that may be given several times"),
    ("engine.*", "any error whose code begins so, such as engine.unreachable"),
];

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
