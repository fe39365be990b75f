//! Values as people read them at the prompt.

use crate::cluster::Cluster;
use crate::node::Node;
use rhai::{Array, Dynamic, Map};

/// A value as text: lists one item a line, maps one key a line, texts as they are.
pub fn value(value: &Dynamic) -> String {
    if let Some(list) = value.read_lock::<Array>() {
        return list.iter().map(one).collect::<Vec<_>>().join("\n");
    }
    if let Some(map) = value.read_lock::<Map>() {
        let json: Result<serde_json::Value, _> = rhai::serde::from_dynamic(value);
        return match json {
            Ok(json) => crate::yaml::render(&json).unwrap_or_else(|_| format!("{map:?}")).trim_end().to_owned(),
            Err(_) => map.iter().map(|(k, v)| format!("{k}: {}", one(v))).collect::<Vec<_>>().join("\n"),
        };
    }
    one(value)
}

fn one(value: &Dynamic) -> String {
    if let Some(node) = value.read_lock::<Node>() {
        return format!("{}  {}", node.name, node.role);
    }
    if let Some(cluster) = value.read_lock::<Cluster>() {
        return cluster.nodes.iter().map(|n| format!("{}  {}", n.name, n.role)).collect::<Vec<_>>().join("\n");
    }
    if value.is_string() {
        return value.to_string().trim_end_matches('\n').to_owned();
    }
    if value.is_map() || value.is_array() {
        let json: Result<serde_json::Value, _> = rhai::serde::from_dynamic(value);
        return json.map_or_else(|_| format!("{value:?}"), |json| json.to_string());
    }
    value.to_string()
}
