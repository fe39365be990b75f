//! Values as people read them at the prompt.

use super::run::Run;
use crate::cluster::Cluster;
use crate::node::Node;
use rhai::{Array, Dynamic, Map};

/// A value as text: lists one item a line, maps one key a line, texts as they are; nodes with what they do now.
pub fn value(run: &Run, value: &Dynamic) -> String {
    if let Some(nodes) = nodes_in(value) {
        return table(run, &nodes);
    }
    if let Some(list) = value.read_lock::<Array>() {
        return list.iter().map(one).collect::<Vec<_>>().join("\n");
    }
    if let Some(map) = value.read_lock::<Map>() {
        let json: Result<serde_json::Value, _> = rhai::serde::from_dynamic(value);
        return match json {
            Ok(json) => {
                crate::yaml::render(&json).unwrap_or_else(|_| format!("{map:?}")).trim_end().to_owned()
            }
            Err(_) => map.iter().map(|(k, v)| format!("{k}: {}", one(v))).collect::<Vec<_>>().join("\n"),
        };
    }
    one(value)
}

/// The nodes, where a value is nothing else than nodes.
fn nodes_in(value: &Dynamic) -> Option<Vec<Node>> {
    if let Some(cluster) = value.read_lock::<Cluster>() {
        return Some(cluster.nodes.clone());
    }
    if let Some(node) = value.read_lock::<Node>() {
        return Some(vec![node.clone()]);
    }
    let list = value.read_lock::<Array>()?;
    let nodes: Option<Vec<Node>> =
        list.iter().map(|item| item.read_lock::<Node>().map(|n| n.clone())).collect();
    nodes.filter(|nodes| !nodes.is_empty())
}

/// A line for each node: name, role, state, address, version of Kubernetes.
fn table(run: &Run, nodes: &[Node]) -> String {
    let rows = run
        .block(async { Ok(futures_util::future::join_all(nodes.iter().map(row)).await) })
        .unwrap_or_default();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 5] = std::array::from_fn(width);
    let line = |row: &[String; 5]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What cannot be asked stays empty.
async fn row(node: &Node) -> [String; 5] {
    let state = node.state().await.unwrap_or("unknown");
    let there = matches!(state, "running" | "paused");
    let address = async { node.inspect().await.map(|c| c.address().to_owned()).unwrap_or_default() };
    let version =
        async { if there { node.read_file("/kind/version").await.unwrap_or_default() } else { Vec::new() } };
    let (address, version) = futures_util::join!(address, version);
    let version = String::from_utf8_lossy(&version).trim().to_owned();
    [node.name.clone(), node.role.clone(), state.to_owned(), address, version]
}

fn one(value: &Dynamic) -> String {
    if let Some(node) = value.read_lock::<Node>() {
        return format!("{}  {}", node.name, node.role);
    }
    if let Some(cluster) = value.read_lock::<Cluster>() {
        return cluster
            .nodes
            .iter()
            .map(|n| format!("{}  {}", n.name, n.role))
            .collect::<Vec<_>>()
            .join("\n");
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
