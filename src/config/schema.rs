//! The JSON Schema of a configuration, for editors: made from the table that the decoder reads by.

use super::fields::{DOCUMENT, Entry, Shape, Table};
use serde_json::{Map, Value, json};

/// A schema in JSON Schema's draft 2020-12.
pub fn schema() -> Value {
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!("kind cluster configuration, kind.x-k8s.io/v1alpha4"));
    if let Value::Object(document) = of_shape(&DOCUMENT) {
        schema.extend(document);
    }
    schema.insert("required".to_owned(), json!(["kind", "apiVersion"]));
    schema.into()
}

fn of_shape(shape: &Shape) -> Value {
    match shape {
        Shape::Text => json!({"type": "string"}),
        Shape::Bool => json!({"type": "boolean"}),
        Shape::Integer(least, most, _) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Shape::Quantity => json!({"type": ["string", "number"]}),
        Shape::Word(words) => json!({"enum": words}),
        Shape::AnyCase(words) => {
            let all: Vec<String> =
                words.iter().flat_map(|word| [(*word).to_owned(), word.to_lowercase()]).collect();
            json!({"enum": all})
        }
        // null is an empty list, map or text to every reader
        Shape::List(item) => json!({"type": ["array", "null"], "items": of_shape(item)}),
        Shape::Map(Shape::Text) => json!({
            "type": ["object", "null"],
            "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
        }),
        Shape::Map(value) => json!({"type": ["object", "null"], "additionalProperties": of_shape(value)}),
        Shape::Object(table) => of_table(table),
    }
}

fn of_table(table: &Table) -> Value {
    let fields: Map<String, Value> =
        table.fields.iter().map(|entry| (entry.name.to_owned(), of_entry(entry))).collect();
    json!({
        "description": table.about,
        "type": "object",
        "properties": fields,
        "additionalProperties": false,
    })
}

fn of_entry(entry: &Entry) -> Value {
    let mut value = of_shape(&entry.shape);
    let upstream = if entry.own { " Upstream kind does not know this field." } else { "" };
    value["description"] = json!(format!("{}{upstream}", entry.about));
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{fields, from_value};

    /// A value that `shape` refuses.
    fn wrong(shape: &Shape) -> Value {
        match shape {
            Shape::Text | Shape::Quantity | Shape::Word(_) | Shape::AnyCase(_) => json!([]),
            Shape::Bool | Shape::List(_) | Shape::Map(_) | Shape::Object(_) => json!("wrong"),
            Shape::Integer(_, most, _) => json!(most + 1),
        }
    }

    /// `value` at the place of a table in a document, and the path there.
    fn placed(place: &str, value: Value) -> (Value, &'static str) {
        match place {
            "the document" => (value, ""),
            "networking" => (json!({"networking": value}), "networking."),
            "a node" => (json!({"nodes": [value]}), "nodes[0]."),
            "extraMounts" => (json!({"nodes": [{"extraMounts": [value]}]}), "nodes[0].extraMounts[0]."),
            "extraPortMappings" => {
                (json!({"nodes": [{"extraPortMappings": [value]}]}), "nodes[0].extraPortMappings[0].")
            }
            "kubeadmConfigPatchesJSON6902" => {
                (json!({"kubeadmConfigPatchesJSON6902": [value]}), "kubeadmConfigPatchesJSON6902[0].")
            }
            "resources" => (json!({"nodes": [{"resources": value}]}), "nodes[0].resources."),
            "devices" => (json!({"nodes": [{"devices": [value]}]}), "nodes[0].devices[0]."),
            other => panic!("where is {other}?"),
        }
    }

    #[test]
    fn the_decoder_reads_every_field_of_the_table() {
        for (place, table) in &fields::TABLES {
            for entry in table.fields {
                let (document, path) = placed(place, json!({entry.name: wrong(&entry.shape)}));
                let error = from_value(&document, "f").unwrap_err();
                let expected = format!("{path}{} is ", entry.name);
                assert!(error.message().contains(&expected), "{place}.{}: {error:?}", entry.name);
                assert!(entry.about.ends_with('.'), "{}", entry.name);
            }
        }
    }

    #[test]
    fn it_tells_names_words_and_ranges() {
        let schema = schema();
        let node = &schema["properties"]["nodes"]["items"];
        assert_eq!(node["properties"]["role"]["enum"], json!(["control-plane", "worker"]));
        assert_eq!(node["additionalProperties"], false);
        let port = &node["properties"]["extraPortMappings"]["items"]["properties"]["hostPort"];
        assert_eq!((&port["minimum"], &port["maximum"]), (&json!(-1), &json!(65535)));
        assert_eq!(schema["properties"]["apiVersion"]["enum"], json!(["kind.x-k8s.io/v1alpha4"]));
    }
}
