//! Answers about what is being typed: what could stand at the cursor, and which argument it is.

use super::answers::{about_function, about_record};
use super::documents::Document;
use crate::script::check::{Checker, Cursor, Report, Target};
use crate::script::{Record, Type, records};
use serde_json::{Value, json};

const METHOD: u8 = 2;
const FUNCTION: u8 = 3;
const VARIABLE: u8 = 6;
const MODULE: u8 = 9;
const PROPERTY: u8 = 10;
const KEYWORD: u8 = 14;

const KEYWORDS: &[&str] = &[
    "let", "const", "fn", "if", "else", "for", "in", "while", "loop", "break", "continue", "return", "throw",
    "try", "catch", "import", "switch", "true", "false", "global",
];

fn item(label: &str, kind: u8, detail: &str, text: &str) -> Value {
    json!({"label": label, "kind": kind, "detail": detail, "documentation": {"kind": "markdown", "value": text}})
}

fn of_record(label: &str, record: &Record) -> Value {
    let kind = match (record.is_property(), record.is_method()) {
        (true, _) => PROPERTY,
        (_, true) => METHOD,
        _ => FUNCTION,
    };
    item(label, kind, &record.written(), &about_record(record))
}

/// What could stand at a byte.
pub fn complete(checker: &mut Checker<'_>, document: &Document, at: usize) -> Value {
    let Some(report) = checker.at_cursor(&document.path, &document.text, at) else { return json!([]) };
    let mut items = match &report.cursor {
        Some(Cursor::Member(of)) => members(checker, of),
        Some(Cursor::Module(name, Some(module))) => {
            let public = module.functions.iter().filter(|f| !f.private);
            let functions = public.map(|f| item(&f.name, FUNCTION, &f.signature(), &about_function(f)));
            functions.chain(module.exported.iter().map(|v| item(v, VARIABLE, name, ""))).collect()
        }
        Some(Cursor::Module(name, None)) => {
            records().filter(|r| r.module == name).map(|r| of_record(r.name, r)).collect()
        }
        Some(Cursor::Key(record)) => {
            record.keys().into_iter().map(|(key, kind)| item(key, PROPERTY, &kind.to_string(), "")).collect()
        }
        Some(Cursor::Name { variables, modules }) => names(&report, variables, modules),
        None => Vec::new(),
    };
    items.sort_by(|a, b| a["label"].as_str().cmp(&b["label"].as_str()));
    items.dedup_by(|a, b| a["label"] == b["label"]);
    Value::Array(items)
}

fn names(report: &Report, variables: &[(String, Type)], modules: &[String]) -> Vec<Value> {
    let mut items: Vec<Value> = variables
        .iter()
        .map(|(name, kind)| item(name, VARIABLE, &kind.to_string(), ""))
        .filter(|i| i["label"] != crate::script::check::CURSOR)
        .collect();
    if let Some(parsed) = &report.parsed {
        items.extend(
            parsed.functions.iter().map(|f| item(&f.name, FUNCTION, &f.signature(), &about_function(f))),
        );
    }
    items.extend(modules.iter().map(|name| item(name, MODULE, "imported", "")));
    items.extend(records().filter(|r| r.module.is_empty()).map(|r| of_record(r.name, r)));
    for record in records().filter(|r| !r.module.is_empty() && !r.is_method()) {
        items.push(item(record.module, MODULE, "module of the API", ""));
    }
    items.push(item("print", FUNCTION, "print(value)", "Writes to standard output."));
    items.extend(KEYWORDS.iter().map(|word| item(word, KEYWORD, "", "")));
    items
}

/// Properties and methods of a type.
fn members(checker: &Checker<'_>, of: &Type) -> Vec<Value> {
    let ours = records().filter(|r| match of {
        Type::Named(name) => r.module == name || r.module == "Value",
        Type::Any | Type::Either(_) => r.is_method(),
        _ => false,
    });
    let mut items: Vec<Value> = ours.map(|r| of_record(r.name, r)).collect();
    if let Type::Object(fields) = of {
        items.extend(fields.iter().map(|(key, kind)| item(key, PROPERTY, &kind.to_string(), "")));
    }
    let theirs = checker.known().methods(of);
    items.extend(theirs.map(|name| item(name, METHOD, "of Rhai", "")));
    items
}

/// The function whose brackets are open at a byte, with the argument that the cursor is at.
pub fn signature(checker: &mut Checker<'_>, document: &Document, at: usize) -> Value {
    let Some((open, argument)) = document.text.get(..at).and_then(open_call) else { return Value::Null };
    let report = checker.at_cursor(&document.path, &document.text, at);
    let report = report.as_ref().or(document.good.as_ref()).unwrap_or(&document.report);
    let head = document.text[..open].trim_end().len();
    let Some(found) = report.uses.iter().rev().find(|u| u.span.end == head) else { return Value::Null };
    let (label, parameters, text, many) = match &found.target {
        Target::Record(record) => {
            let all = record.parameters();
            let many = all.iter().position(|p| p.many);
            let names = all
                .iter()
                .map(|p| {
                    let mark = if p.many {
                        "…"
                    } else if p.optional {
                        "?"
                    } else {
                        ""
                    };
                    format!("{}{mark}: {}", p.name, p.written)
                })
                .collect();
            (record.written(), names, about_record(record), many)
        }
        Target::Function(_, _, function) => {
            (function.signature(), function.parameters.clone(), about_function(function), None)
        }
        _ => return Value::Null,
    };
    let parameters: Vec<Value> = parameters.iter().map(|p: &String| json!({"label": p})).collect();
    let argument = many.map_or(argument, |many| argument.min(many)).min(parameters.len().saturating_sub(1));
    json!({
        "signatures": [{
            "label": label,
            "documentation": {"kind": "markdown", "value": text},
            "parameters": parameters,
        }],
        "activeSignature": 0,
        "activeParameter": argument,
    })
}

/// Where the innermost open round bracket of `head` is, and how many commas came since.
fn open_call(head: &str) -> Option<(usize, usize)> {
    let mut open: Vec<(char, usize, usize)> = Vec::new();
    let mut quote = None;
    let mut escaped = false;
    for (i, c) in head.char_indices() {
        match (quote, c) {
            (Some(q), c) => {
                if c == q && !escaped {
                    quote = None;
                }
                escaped = c == '\\' && !escaped && q == '"';
            }
            (None, '"' | '`') => quote = Some(c),
            (None, '(' | '[' | '{') => open.push((c, i, 0)),
            (None, ')' | ']' | '}') => {
                open.pop();
            }
            (None, ',') => {
                if let Some(last) = open.last_mut() {
                    last.2 += 1;
                }
            }
            _ => {}
        }
    }
    open.iter().rev().find(|(c, ..)| *c == '(').map(|(_, at, commas)| (*at, *commas))
}

#[cfg(test)]
mod tests {
    use super::open_call;

    #[test]
    fn the_open_bracket_and_its_argument() {
        for (head, wanted) in [
            ("f(", Some((1, 0))),
            ("f(1, g(2, 3), ", Some((1, 2))),
            ("f(\"(\", [1, 2", Some((1, 1))),
            ("f(1)", None),
            ("f(|x| { g(x, 1); ", Some((1, 0))),
        ] {
            assert_eq!(open_call(head), wanted, "{head}");
        }
    }
}
