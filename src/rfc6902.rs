//! JSON patches (RFC 6902) as upstream takes them: written in YAML or JSON, and with indices that count from a list's
//! end, which the RFC has not.

use json_patch::{Patch, PatchOperation};
use serde_json::Value;

/// The operations of a patch. Errors: why it is none.
pub(crate) fn parse(text: &str) -> Result<Patch, String> {
    let value =
        crate::yaml::parse_lax(text, "patch").map_err(|e| format!("it is not YAML: {}", e.message()))?;
    serde_json::from_value(value).map_err(|e| format!("expected a list of operations (op, path, value): {e}"))
}

/// Applies the operations in their order. Errors: why one of them cannot be; the document is half changed then.
pub(crate) fn apply(document: &mut Value, patch: &Patch) -> Result<(), String> {
    for operation in &patch.0 {
        let plain = counted(document, operation).map_err(|e| e.to_string())?;
        json_patch::patch(document, &[plain]).map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// The operation with indices from the list's end as the RFC has them. What is added at -1 becomes the last one.
fn counted(document: &Value, operation: &PatchOperation) -> serde_json::Result<PatchOperation> {
    let mut plain = serde_json::to_value(operation)?;
    let adds = matches!(plain["op"].as_str(), Some("add" | "move" | "copy"));
    for (key, grows) in [("path", adds), ("from", false)] {
        if let Some(pointer) = plain[key].as_str() {
            plain[key] = resolved(document, pointer, grows).into();
        }
    }
    serde_json::from_value(plain)
}

fn resolved(document: &Value, pointer: &str, grows: bool) -> String {
    let mut at = String::new();
    let mut parts = pointer.split('/').skip(1).peekable();
    while let Some(part) = parts.next() {
        let list = document.pointer(&at).and_then(Value::as_array);
        let from_end = list.zip(part.strip_prefix('-').and_then(|number| number.parse::<usize>().ok()));
        let index = from_end.and_then(|(list, number)| {
            let length = list.len() + usize::from(grows && parts.peek().is_none());
            length.checked_sub(number).filter(|_| number > 0)
        });
        at.push('/');
        // what is out of range stays as it is, and is refused under the name that was given
        at.push_str(&index.map_or_else(|| part.to_owned(), |index| index.to_string()));
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn patched(patch: &str) -> Result<Value, String> {
        let mut document = json!({"list": [{"n": 1}, {"n": 2}], "-1": "a key"});
        apply(&mut document, &parse(patch)?)?;
        Ok(document)
    }

    #[test]
    fn indices_count_from_the_end_too() {
        let list = |patch: &str| patched(patch).unwrap()["list"].clone();
        assert_eq!(list("- {op: add, path: /list/-1, value: 3}"), json!([{"n": 1}, {"n": 2}, 3]));
        assert_eq!(list("- {op: add, path: /list/-2, value: 3}"), json!([{"n": 1}, 3, {"n": 2}]));
        assert_eq!(list("- {op: remove, path: /list/-2}"), json!([{"n": 2}]));
        assert_eq!(list("- {op: replace, path: /list/-1/n, value: 5}"), json!([{"n": 1}, {"n": 5}]));
        assert_eq!(list("- {op: move, from: /list/-1, path: /list/0}"), json!([{"n": 2}, {"n": 1}]));
        // each operation sees what the one before it has left
        let twice = "[{op: add, path: /list/-, value: 3}, {op: remove, path: /list/-1}]";
        assert_eq!(list(twice), json!([{"n": 1}, {"n": 2}]));
    }

    #[test]
    fn keys_and_what_is_out_of_range_stay_as_they_are() {
        assert_eq!(patched("- {op: replace, path: /-1, value: b}").unwrap()["-1"], "b");
        for path in ["/list/-3", "/list/-0", "/none/-1"] {
            assert!(patched(&format!("- {{op: remove, path: {path}}}")).is_err(), "{path}");
        }
        for text in ["x", "a: 1", "- op: sing\n  path: /a", "- {op: add}", ""] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        assert!(parse("[]").is_ok());
    }
}
