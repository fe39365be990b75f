//! Answers about the text as it is: findings, what a name means, where it is made, what is in the text.

use super::documents::Document;
use super::uri::of_path as uri_of;
use crate::host::{dirs, fs};
use crate::script::check::{Function, Severity, Target, Text};
use crate::script::{Record, outline};
use serde_json::{Value, json};
use std::ops::Range;
use std::path::PathBuf;

/// A range as the protocol has it.
pub fn range(text: &Text, span: &Range<usize>) -> Value {
    let place = |at: usize| {
        let (line, character) = text.place_utf16(at);
        json!({"line": line, "character": character})
    };
    json!({"start": place(span.start), "end": place(span.end)})
}

/// What was found.
pub fn diagnostics(document: &Document) -> Value {
    let found = document.report.findings.iter().map(|f| {
        let hint = f.hint.as_ref().map_or_else(String::new, |hint| format!("\n{hint}"));
        json!({
            "range": range(&document.report.text, &f.span),
            "severity": if f.severity == Severity::Error { 1 } else { 2 },
            "code": f.code,
            "source": "kind",
            "message": format!("{}{hint}", f.message),
            // greyed out where editors do that
            "tags": if f.code.starts_with("un") && f.code.contains("use") || f.code == "unreachable" { vec![1] } else { vec![] },
        })
    });
    Value::Array(found.collect())
}

/// What is said about a function of the API.
pub fn about_record(record: &Record) -> String {
    let space = if record.is_property() { " " } else { "" };
    let keys = match record.options {
        "" => String::new(),
        keys => format!("\n\nKeys: {keys}"),
    };
    format!(
        "```rhai\n{}{space}{}\n```\n{}{keys}\n\nThrows: {}\n\n```rhai\n{}\n```",
        record.qualified(),
        record.signature,
        record.doc,
        record.throws,
        record.example
    )
}

/// What is said about a function of a script.
pub fn about_function(function: &Function) -> String {
    format!("```rhai\nfn {}\n```\n{}", function.signature(), function.doc)
}

/// What the name at a byte is.
pub fn hover(document: &Document, at: usize) -> Value {
    let Some((span, target)) = document.target(at) else { return Value::Null };
    let text = match target {
        Target::Record(record) => about_record(record),
        Target::Function(_, _, function) => about_function(function),
        Target::Module(module) => {
            let about = outline::about(&module.content).map(str::trim);
            format!("`{}`\n\n{}", module.name, about.collect::<Vec<_>>().join("\n"))
        }
        Target::Variable(_, name) => format!("```rhai\nlet {name}\n```"),
    };
    json!({"contents": {"kind": "markdown", "value": text}, "range": range(&document.report.text, &span)})
}

/// Where the name at a byte is made.
pub fn definition(uri: &str, document: &Document, at: usize) -> Value {
    let Some((_, target)) = document.target(at) else { return Value::Null };
    let (text, span) = match target {
        Target::Variable(span, _) => {
            return json!({"uri": uri, "range": range(&document.report.text, span)});
        }
        Target::Function(text, span, _) => (text, span.clone()),
        Target::Module(text) => (text, 0..0),
        Target::Record(_) => return Value::Null,
    };
    if text.name == document.path {
        return json!({"uri": uri, "range": range(&document.report.text, &span)});
    }
    match file_of(text) {
        Some(path) => json!({"uri": uri_of(&path), "range": range(text, &span)}),
        None => Value::Null,
    }
}

/// The file of a script. One that is compiled in is written to the cache folder, where any editor can open it.
fn file_of(text: &Text) -> Option<PathBuf> {
    let Some(name) = text.name.strip_prefix("std/") else { return Some(PathBuf::from(&text.name)) };
    let path = dirs::cache().join("stdlib").join(env!("CARGO_PKG_VERSION")).join(name);
    let current = fs::read_to_string(&path).is_ok_and(|found| found == text.content);
    if !current {
        fs::write(&path, text.content.as_bytes(), 0o444).ok()?;
    }
    Some(path)
}

/// Functions and constants of the text.
pub fn symbols(document: &Document) -> Value {
    let report = if document.report.parsed.is_some() {
        &document.report
    } else {
        document.good.as_ref().unwrap_or(&document.report)
    };
    let Some(parsed) = &report.parsed else { return json!([]) };
    let functions = parsed.functions.iter().map(|f| {
        json!({
            "name": f.name,
            "detail": f.signature(),
            "kind": 12,
            "range": range(&report.text, &(f.name_span.start..f.end)),
            "selectionRange": range(&report.text, &f.name_span),
        })
    });
    let constants = parsed.constants.iter().map(|(name, span)| {
        let range = range(&report.text, span);
        json!({"name": name, "kind": 14, "range": range, "selectionRange": range})
    });
    Value::Array(functions.chain(constants).collect())
}
