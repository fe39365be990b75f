//! Maps and lists as a tree: as YAML, but with texts as they are, for reading only.

use serde_json::Value;

const KEY: &str = "\x1b[36m";
const END: &str = "\x1b[0m";

/// The tree, a line each; without a line's end behind it.
pub fn of(value: &Value) -> String {
    let mut lines = Vec::new();
    put(&mut lines, value);
    lines.join("\n")
}

fn put(lines: &mut Vec<String>, value: &Value) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, item) in map {
                let key = format!("{KEY}{key}{END}:");
                match inner(item) {
                    None => lines.push(format!("{key} {}", leaf(item))),
                    Some(below) => {
                        lines.push(key);
                        lines.extend(below.iter().map(|line| format!("  {line}")));
                    }
                }
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                let below = inner(item).unwrap_or_else(|| vec![leaf(item)]);
                for (i, line) in below.iter().enumerate() {
                    lines.push(format!("{} {line}", if i == 0 { "-" } else { " " }));
                }
            }
        }
        Value::String(text) => lines.extend(text.lines().map(str::to_owned)),
        other => lines.push(leaf(other)),
    }
}

/// The lines of what stands below its key; `None` for what stands behind it.
fn inner(value: &Value) -> Option<Vec<String>> {
    let below = match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::String(text) => text.trim_end_matches('\n').contains('\n'),
        _ => false,
    };
    below.then(|| {
        let mut lines = Vec::new();
        put(&mut lines, value);
        lines
    })
}

fn leaf(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => text.trim_end_matches('\n').to_owned(),
        Value::Null => "()".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_kind_of_value_has_its_place() {
        let value = json!({
            "code": 0, "stdout": "a\nb\n", "stderr": "", "one": "line\n", "none": null,
            "list": [1, {"a": 1, "b": [true]}, []], "map": {"x": {"y": 1.5}}, "empty": {},
        });
        let shown = anstream::adapter::strip_str(&of(&value)).to_string();
        let expected = "code: 0\nstdout:\n  a\n  b\nstderr: \"\"\none: line\nnone: ()\nlist:\n  - 1\n  - a: 1\n    b:\n      \
                        - true\n  - []\nmap:\n  x:\n    y: 1.5\nempty: {}";
        assert_eq!(shown, expected);
        assert_eq!(of(&json!([])), "[]");
    }
}
