//! One record per function of the script API. Help, completion and (later) the reference and the check before
//! a run are made from it.

/// What is known about a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Namespace (`host`), type (`Node`), or empty for a global function.
    pub module: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Parameters with types and what is returned, as in `(path: string) -> string`.
    pub signature: &'static str,
    /// What it does; units and errors included.
    pub doc: &'static str,
    /// A line that uses it.
    pub example: &'static str,
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
        let space = if self.signature.starts_with('(') { "" } else { " " };
        format!("{}{space}{}", self.name, self.signature)
    }
    /// The type of what it returns.
    pub fn returns(&self) -> Option<&'static str> {
        self.signature.rsplit_once("-> ").map(|(_, returned)| returned)
    }
    /// Whether it is called on an object.
    pub fn is_method(&self) -> bool {
        self.module.starts_with(char::is_uppercase)
    }
}

/// Shorthand for a table of records.
macro_rules! records_table {
    ($module:literal: $($name:literal $signature:literal $doc:literal, $example:literal;)*) => {
        &[$($crate::script::record::Record {
            module: $module, name: $name, signature: $signature, doc: $doc, example: $example,
        }),*]
    };
}
pub(crate) use records_table;

/// All records, by module.
pub fn records() -> impl Iterator<Item = &'static Record> {
    super::api::RECORDS.iter().flat_map(|table| table.iter())
}
