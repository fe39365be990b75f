//! YAML in and out of [`serde_json::Value`], with one policy for the whole program: only `true` and `false`
//! are booleans, `0644` is octal, a key given twice is an error. What is written is quoted so that readers of
//! YAML 1.1 (kubeadm, kubectl) and 1.2 understand the same.
//!
//! Not for the cluster's own configuration, where every value keeps its place: see [`crate::config`].

use crate::error::{Error, Result};
use serde::{Serialize, Serializer};
use serde_json::Value;

/// How documents are read.
pub(crate) fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        strict_booleans: true,
        legacy_octal_numbers: true,
        with_snippet: false,
    }
}

/// The one document in `text`; `origin` (a file's name) is put into errors. An empty text is `null`.
pub fn parse(text: &str, origin: &str) -> Result<Value> {
    serde_saphyr::from_str_with_options(text, options()).map_err(|e| syntax(&e, origin))
}

/// All documents in `text`, without empty ones.
pub fn parse_all(text: &str, origin: &str) -> Result<Vec<Value>> {
    serde_saphyr::from_multiple_with_options(text, options()).map_err(|e| syntax(&e, origin))
}

/// How texts are read that upstream reads by the rules of YAML 1.1: yes, no, on, off, y and n are booleans, too, and of a
/// key given twice the last counts.
fn lax() -> serde_saphyr::Options {
    serde_saphyr::options! {
        legacy_octal_numbers: true,
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins,
        with_snippet: false,
    }
}

/// As [`parse`], by the rules of YAML 1.1.
pub fn parse_lax(text: &str, origin: &str) -> Result<Value> {
    serde_saphyr::from_str_with_options(text, lax()).map_err(|e| syntax(&e, origin))
}

/// As [`parse_all`], by the rules of YAML 1.1.
pub fn parse_all_lax(text: &str, origin: &str) -> Result<Vec<Value>> {
    serde_saphyr::from_multiple_with_options(text, lax()).map_err(|e| syntax(&e, origin))
}

/// `value` as one document, ending in a line feed. A text of several plain lines becomes a block; a long line
/// stays one.
pub fn render(value: &impl Serialize) -> Result<String> {
    let failed = || Error::internal("yaml.render", "cannot write YAML");
    let value = serde_json::to_value(value).map_err(|e| failed().because(e))?;
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false, min_fold_chars: 0 };
    let mut text =
        serde_saphyr::to_string_with_options(&Styled(&value), options).map_err(|e| failed().because(e))?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// A value whose texts choose their own style: readers differ in what they make of tabs and blanks in blocks.
struct Styled<'a>(&'a Value);

impl Serialize for Styled<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::String(text) if is_plain_block(text) => serde_saphyr::LitStr(text).serialize(serializer),
            Value::Array(items) => serializer.collect_seq(items.iter().map(Styled)),
            Value::Object(fields) => {
                serializer.collect_map(fields.iter().map(|(key, item)| (key, Styled(item))))
            }
            other => other.serialize(serializer),
        }
    }
}

/// Several lines, of which the first is not indented, none ends in a blank, and nothing is a control character.
fn is_plain_block(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    body.contains('\n')
        && !body.starts_with([' ', '\n'])
        && !body.ends_with('\n')
        && body.lines().all(|line| !line.ends_with(' '))
        && !body.contains(|c: char| {
            (c.is_control() && c != '\n') || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
        })
}

/// `values` as a stream of documents, with `---` between them.
pub fn render_all(values: &[Value]) -> Result<String> {
    let documents: Vec<String> = values.iter().map(render).collect::<Result<_>>()?;
    Ok(documents.join("---\n"))
}

/// An error of code `yaml.syntax` with its place and without the text around it, which may hold secrets.
pub(crate) fn syntax(error: &serde_saphyr::Error, origin: &str) -> Error {
    let (message, place) = describe(error, origin);
    Error::user("yaml.syntax", format!("{place}: {message}")).at(place)
}

/// Message and `origin:line:column` of an error.
pub(crate) fn describe(error: &serde_saphyr::Error, origin: &str) -> (String, String) {
    let bare = error.without_snippet();
    let text = bare.to_string();
    let message = text.lines().next().unwrap_or_default();
    match bare.location() {
        Some(at) => {
            let suffix = format!(" at line {}, column {}", at.line(), at.column());
            let message = message.trim_end_matches(&suffix);
            // advice to who writes Rust
            let message = message.split(", set DuplicateKeyPolicy").next().unwrap_or(message).to_owned();
            (message, format!("{origin}:{}:{}", at.line(), at.column()))
        }
        None => (message.to_owned(), origin.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_true_and_false_are_booleans_and_zero_means_octal() {
        let value = parse("a: yes\nb: true\nmode: 0644\n", "f").unwrap();
        assert_eq!(value, json!({"a": "yes", "b": true, "mode": 0o644}));
    }

    #[test]
    fn patches_are_read_as_yaml_1_1() {
        let read = |text: &str| parse_all_lax(text, "f").unwrap().remove(0);
        assert_eq!(
            read("a: no\nb: On\nc: 'no'\nd: true\ne: y\nf: \"yes\"\n"),
            json!({"a": false, "b": true, "c": "no", "d": true, "e": true, "f": "yes"})
        );
        assert_eq!(read("a: {b: 1}\na: {c: 2}\n"), json!({"a": {"c": 2}}));
    }

    #[test]
    fn what_other_readers_would_mistake_is_quoted() {
        let text = render(&json!({"a": "yes", "b": "0123", "c": "1:30", "d": "null", "e": "1.37"})).unwrap();
        assert_eq!(parse(&text, "f").unwrap()["b"], "0123");
        for bare in [": yes\n", ": 0123\n", ": 1:30\n", ": null\n", ": 1.37\n"] {
            assert!(!text.contains(bare), "{text}");
        }
    }

    #[test]
    fn long_lines_stay_whole() {
        let data = "QUJD".repeat(100);
        let text = render(&json!({"data": data, "script": "a\nb\n"})).unwrap();
        assert_eq!(text, format!("data: {data}\nscript: |\n  a\n  b\n"));
    }

    #[test]
    fn an_error_names_its_place_and_shows_no_content() {
        let error = parse("token: s3cr3t\na: [1\nb: 2\n", "config").unwrap_err();
        assert_eq!(error.code(), "yaml.syntax");
        assert!(error.message().starts_with("config:3:"), "{error:?}");
        assert!(!format!("{error:?}").contains("s3cr3t"));
    }

    #[test]
    fn streams_are_split_and_empty_documents_dropped() {
        let all = parse_all("a: 1\n---\n---\n# nothing\n---\nb: 2\n", "f").unwrap();
        assert_eq!(all, [json!({"a": 1}), json!({"b": 2})]);
        assert_eq!(render_all(&all).unwrap(), "a: 1\n---\nb: 2\n");
    }

    #[test]
    fn blocks_are_for_plain_lines_only() {
        for (text, shown) in [
            ("a\nb", "|-\n  a\n  b\n"),
            ("a\n\n  b\n", "|\n  a\n\n    b\n"),
            ("\ta\nb", "\"\\ta\\nb\"\n"),
            (" a\nb", "\" a\\nb\"\n"),
            ("a \nb", "\"a \\nb\"\n"),
            ("a\r\nb", "\"a\\r\\nb\"\n"),
        ] {
            assert_eq!(render(&json!({"k": text})).unwrap(), format!("k: {shown}"));
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_again(key in ".*", text in "[ -~\\n\\t\\r]{0,12}", any in ".*") {
            let value = json!({&key: text, "list": [any, {"k": text}], "-": any});
            proptest::prop_assert_eq!(parse(&render(&value).unwrap(), "f").unwrap(), value);
        }
    }
}
