//! Lists as tables.

use super::data::NodeView;
use serde_json::Value;

/// A table that is wider is told as a tree instead.
const WIDEST: usize = 140;
const HEAD: &str = "\x1b[2m";
const END: &str = "\x1b[0m";

/// One node on one line.
pub fn node(views: &[NodeView]) -> String {
    let rows: Vec<Vec<String>> = views.iter().map(row).collect();
    lines(&rows).join("\n")
}

/// A head, and a line for each node.
pub fn nodes(views: &[NodeView]) -> String {
    let head = ["NAME", "ROLE", "STATE", "ADDRESS", "VERSION"];
    let rows: Vec<Vec<String>> = views.iter().map(row).collect();
    with_head(&head, rows)
}

fn row(view: &NodeView) -> Vec<String> {
    let state = view.state.to_owned();
    vec![view.name.clone(), view.role.clone(), state, view.address.clone(), view.kubernetes_version.clone()]
}

/// A list of maps as a table: objects of Kubernetes by name and state, others by their keys. `None` where a tree tells
/// more.
pub fn objects(items: &[Value]) -> Option<String> {
    let maps: Vec<_> = items.iter().map(Value::as_object).collect::<Option<_>>()?;
    if maps.is_empty() {
        return None;
    }
    if items.iter().all(|item| item.pointer("/metadata/name").is_some()) {
        return Some(kubernetes(items));
    }
    let mut keys: Vec<&String> = Vec::new();
    for key in maps.iter().flat_map(|map| map.keys()) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let mut rows = Vec::new();
    for map in &maps {
        rows.push(
            keys.iter()
                .map(|key| map.get(*key).map_or(Some(String::new()), cell))
                .collect::<Option<Vec<_>>>()?,
        );
    }
    // a column without anything in it says nothing
    let used: Vec<usize> = (0..keys.len()).filter(|i| rows.iter().any(|row| !row[*i].is_empty())).collect();
    let head: Vec<String> = used.iter().map(|i| keys[*i].to_uppercase()).collect();
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let rows = rows.into_iter().map(|row| used.iter().map(|i| row[*i].clone()).collect()).collect();
    let text = with_head(&head, rows);
    let fits = text.lines().all(|line| console::measure_text_width(line) <= WIDEST);
    fits.then_some(text)
}

/// A value that fits into a table; `None` for what has parts.
fn cell(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => String::new(),
        Value::String(text) if text.contains('\n') => return None,
        Value::String(text) => short(text),
        Value::Array(items) => items
            .iter()
            .map(cell)
            .collect::<Option<Vec<_>>>()
            .filter(|_| items.iter().all(|i| !i.is_array()))?
            .join(", "),
        Value::Object(map) if map.is_empty() => String::new(),
        Value::Object(_) => return None,
        other => other.to_string(),
    })
}

/// Digests as people write them.
fn short(text: &str) -> String {
    match text.split_once("sha256:") {
        Some((before, digest)) if digest.len() == 64 => format!("{before}sha256:{}", &digest[..12]),
        _ => text.to_owned(),
    }
}

fn kubernetes(items: &[Value]) -> String {
    let text =
        |item: &Value, path: &str| item.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let several = items.iter().any(|item| item["kind"] != items[0]["kind"]);
    let spaces = items.iter().any(|item| item.pointer("/metadata/namespace").is_some());
    let states: Vec<String> = items.iter().map(state).collect();
    let mut head = Vec::new();
    head.extend(several.then_some("KIND"));
    head.extend(spaces.then_some("NAMESPACE"));
    head.push("NAME");
    head.extend(states.iter().any(|state| !state.is_empty()).then_some("STATUS"));
    let rows = items.iter().zip(&states).map(|(item, state)| {
        let cell = |column: &&str| match *column {
            "KIND" => text(item, "/kind"),
            "NAMESPACE" => text(item, "/metadata/namespace"),
            "NAME" => text(item, "/metadata/name"),
            _ => state.clone(),
        };
        head.iter().map(cell).collect()
    });
    with_head(&head, rows.collect())
}

/// A phase, or which of the conditions that matter holds.
fn state(item: &Value) -> String {
    if let Some(phase) = item.pointer("/status/phase").and_then(Value::as_str) {
        return phase.to_owned();
    }
    let conditions = item.pointer("/status/conditions").and_then(Value::as_array);
    let of = |name: &str| {
        conditions.into_iter().flatten().find(|c| c["type"] == name).map(|c| c["status"] == "True")
    };
    for name in ["Ready", "Available", "Complete"] {
        match of(name) {
            Some(true) => return name.to_owned(),
            Some(false) => return format!("Not{name}"),
            None => {}
        }
    }
    String::new()
}

fn with_head(head: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut all = vec![head.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>()];
    all.extend(rows);
    let mut lines = lines(&all);
    lines[0] = format!("{HEAD}{}{END}", lines[0]);
    lines.join("\n")
}

/// Each column as wide as its widest cell.
fn lines(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| console::measure_text_width(cell))
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - console::measure_text_width(cell))));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(items: &Value) -> Option<String> {
        let text = objects(items.as_array().expect("a list"))?;
        Some(anstream::adapter::strip_str(&text).to_string())
    }

    #[test]
    fn objects_of_kubernetes_have_name_and_state() {
        let pods = json!([
            {"kind": "Pod", "metadata": {"name": "a", "namespace": "default"}, "status": {"phase": "Running"}},
            {"kind": "Pod", "metadata": {"name": "longer", "namespace": "x"}, "status": {"phase": "Pending"}},
        ]);
        assert_eq!(
            shown(&pods).as_deref(),
            Some("NAMESPACE  NAME    STATUS\ndefault    a       Running\nx          longer  Pending")
        );
        let nodes = json!([{"metadata": {"name": "n"}, "status": {"conditions": [{"type": "Ready", "status": "False"}]}}]);
        assert_eq!(shown(&nodes).as_deref(), Some("NAME  STATUS\nn     NotReady"));
        assert_eq!(shown(&json!([{"metadata": {"name": "n"}}])).as_deref(), Some("NAME\nn"));
    }

    #[test]
    fn flat_maps_are_a_table_and_deep_ones_are_not() {
        let id = format!("sha256:{}", "a".repeat(64));
        let flat = json!([{"id": id, "tags": ["a:1", "b:1"], "none": ""}, {"id": "x", "size": 3}]);
        assert_eq!(
            shown(&flat).as_deref(),
            Some(
                "ID                   TAGS      SIZE\nsha256:aaaaaaaaaaaa  a:1, b:1\nx                              3"
            )
        );
        assert_eq!(shown(&json!([{"a": {"b": 1}}])), None);
        assert_eq!(shown(&json!([1, 2])), None);
        assert_eq!(shown(&json!([])), None);
        assert_eq!(shown(&json!([{"a": "x".repeat(200)}])), None);
    }
}
