//! Values as people read them: a node as a line, several as a table, maps as a tree, texts as they are. And as data,
//! for JSON and YAML.

mod data;
mod table;
mod tree;

pub use data::{json, yaml};

/// A list of flat maps as a table.
pub fn list(items: &[Value]) -> String {
    table::objects(items).unwrap_or_default()
}

use super::run::Run;
use crate::cluster::Cluster;
use crate::node::Node;
use rhai::{Array, Dynamic, FnPtr};
use serde_json::Value;

/// A value as text, with colours as escape codes; without a line's end behind it.
pub fn value(run: &Run, value: &Dynamic) -> String {
    if let Some(node) = value.read_lock::<Node>() {
        return table::node(&data::nodes(run, std::slice::from_ref(&*node)));
    }
    if let Some(nodes) = nodes_in(value) {
        return table::nodes(&data::nodes(run, &nodes));
    }
    if value.is_string() {
        return value.to_string().trim_end_matches('\n').to_owned();
    }
    if value.is_map() || value.is_array() {
        let mut data = data::of(run, value);
        leave_out_managed_fields(&mut data);
        return match &data {
            Value::Array(items) => table::objects(items).unwrap_or_else(|| tree::of(&data)),
            _ => tree::of(&data),
        };
    }
    plain(value)
}

/// Who changed which field is left out of an object of Kubernetes, as kubectl does.
fn leave_out_managed_fields(value: &mut Value) {
    let metadata = if value["kind"].is_string() { value.get_mut("metadata") } else { None };
    if let Some(fields) = metadata.and_then(Value::as_object_mut) {
        fields.shift_remove("managedFields");
    }
}

/// What has no parts.
fn plain(value: &Dynamic) -> String {
    if let Some(function) = value.read_lock::<FnPtr>() {
        let name = function.fn_name();
        return if name.starts_with("anon$") {
            "a closure".to_owned()
        } else {
            format!("the function {name}")
        };
    }
    if value.is_blob() {
        let bytes = value.clone().into_blob().unwrap_or_default();
        return format!("{} bytes", bytes.len());
    }
    value.to_string()
}

/// The nodes, where a value is a cluster or a list of nothing else than nodes.
fn nodes_in(value: &Dynamic) -> Option<Vec<Node>> {
    if let Some(cluster) = value.read_lock::<Cluster>() {
        return Some(cluster.nodes.clone()).filter(|nodes| !nodes.is_empty());
    }
    let list = value.read_lock::<Array>()?;
    let nodes: Option<Vec<Node>> =
        list.iter().map(|item| item.read_lock::<Node>().map(|n| n.clone())).collect();
    nodes.filter(|nodes| !nodes.is_empty())
}
