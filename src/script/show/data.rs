//! Any value as data: what JSON and YAML can say.

use super::super::run::Run;
use crate::cluster::Cluster;
use crate::error::{Error, Result};
use crate::node::Node;
use rhai::{Array, Dynamic, Map};
use serde::Serialize;
use serde_json::Value;

/// What people want to know of a node. What cannot be asked stays empty.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NodeView {
    pub name: String,
    pub cluster: String,
    pub role: String,
    pub state: &'static str,
    pub address: String,
    pub image: String,
    pub kubernetes_version: String,
}

/// A value as data. Nodes and clusters are asked what they are; functions and bytes become texts.
pub fn of(run: &Run, value: &Dynamic) -> Value {
    if let Some(node) = value.read_lock::<Node>() {
        let views = nodes(run, std::slice::from_ref(&*node));
        return views.first().map_or(Value::Null, |view| serde_json::to_value(view).unwrap_or_default());
    }
    if let Some(cluster) = value.read_lock::<Cluster>() {
        let nodes = serde_json::to_value(nodes(run, &cluster.nodes)).unwrap_or_default();
        return serde_json::json!({ "name": cluster.name.to_string(), "nodes": nodes });
    }
    if let Some(list) = value.read_lock::<Array>() {
        if let Some(list) = super::nodes_in(value) {
            return serde_json::to_value(nodes(run, &list)).unwrap_or_default();
        }
        return Value::Array(list.iter().map(|item| of(run, item)).collect());
    }
    if let Some(map) = value.read_lock::<Map>() {
        return Value::Object(map.iter().map(|(key, item)| (key.to_string(), of(run, item))).collect());
    }
    rhai::serde::from_dynamic(value).unwrap_or_else(|_| Value::String(super::plain(value)))
}

/// A value as JSON, indented.
pub fn json(run: &Run, value: &Dynamic) -> Result<String> {
    serde_json::to_string_pretty(&of(run, value))
        .map_err(|e| Error::internal("json", "this cannot be written as JSON").because(e))
}

/// A value as YAML.
pub fn yaml(run: &Run, value: &Dynamic) -> Result<String> {
    crate::yaml::render(&of(run, value))
}

/// Asks all nodes at the same time.
pub fn nodes(run: &Run, nodes: &[Node]) -> Vec<NodeView> {
    run.block(async { Ok(futures_util::future::join_all(nodes.iter().map(view)).await) }).unwrap_or_default()
}

async fn view(node: &Node) -> NodeView {
    let state = node.state().await.unwrap_or("unknown");
    let there = matches!(state, "running" | "paused");
    let version =
        async { if there { node.read_file("/kind/version").await.unwrap_or_default() } else { Vec::new() } };
    let (container, version) = futures_util::join!(node.inspect(), version);
    let container = container.unwrap_or_default();
    NodeView {
        name: node.name.clone(),
        cluster: node.cluster.clone(),
        role: node.role.clone(),
        state,
        address: container.address().to_owned(),
        image: container.image,
        kubernetes_version: String::from_utf8_lossy(&version).trim().to_owned(),
    }
}
