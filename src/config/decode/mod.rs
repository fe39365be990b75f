//! From a tree to a [`Cluster`], field by field. Which fields there are is in [`super::fields`].

mod networking;
mod node;

use super::fields::{DOCUMENT, Shape};
use super::scalar::{Field, Object, Reader};
use super::tree::{Content, Tree};
use super::{Cluster, ClusterName, Hook, JsonPatch, Node};
use std::collections::BTreeMap;

const API_VERSION: &str = "kind.x-k8s.io/v1alpha4";

/// Reads a document. With `typed` it must say its kind and version; without, it may.
pub(super) fn cluster(reader: &mut Reader<'_>, tree: &Tree, typed: bool) -> Cluster {
    let mut cluster = Cluster::default();
    let root = Field { path: String::new(), tree, shape: &DOCUMENT };
    // of another version the other fields may mean something else
    if !type_is_known(reader, tree, typed) {
        return cluster;
    }
    let Some(object) = reader.object(&root) else { return cluster };
    let name = |text: &str| {
        if text.is_empty() {
            return Ok(ClusterName::default());
        }
        ClusterName::parse(text).map_err(|_| "cluster names must match `^[a-z0-9.-]+$`".to_owned())
    };
    if let Some(name) = reader.parsed(object.get("name"), name) {
        cluster.name = name;
    }
    let nodes: Vec<Node> =
        reader.list(object.get("nodes")).into_iter().map(|field| node::node(reader, &field)).collect();
    if !nodes.is_empty() {
        cluster.nodes = nodes;
    }
    if let Some(field) = object.get("networking") {
        cluster.networking = networking::networking(reader, &field);
    }
    cluster.feature_gates =
        reader.map(object.get("featureGates"), "a map of gates to true or false", |reader, gate| {
            reader.boolean(Some(gate))
        });
    cluster.runtime_config = map_of_texts(reader, object.get("runtimeConfig"));
    cluster.kubeadm_config_patches = texts(reader, object.get("kubeadmConfigPatches"));
    cluster.kubeadm_config_patches_json6902 = json_patches(reader, &object);
    cluster.containerd_config_patches = texts(reader, object.get("containerdConfigPatches"));
    cluster.containerd_config_patches_json6902 = texts(reader, object.get("containerdConfigPatchesJSON6902"));
    cluster.preload = texts(reader, object.get("preload"));
    for item in reader.list(object.get("hooks")) {
        cluster.hooks.extend(hook(reader, &item));
    }
    cluster
}

fn hook(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Hook> {
    let object = reader.object(field)?;
    let mut text = |name| reader.text(object.get(name)).filter(|text| !text.is_empty());
    match (text("script"), text("at"), text("run")) {
        (Some(script), None, None) => Some(Hook::Script { script }),
        (None, Some(at), Some(run)) => Some(Hook::Run { at, run }),
        _ => {
            reader.expected(field, "either script: FILE, or at: POINT with run: CODE");
            None
        }
    }
}

/// Checks `apiVersion` and `kind`.
fn type_is_known(reader: &mut Reader<'_>, tree: &Tree, typed: bool) -> bool {
    let Content::Map(entries) = &tree.content else { return true };
    let before = reader.problems.len();
    for (name, wanted) in [("apiVersion", API_VERSION), ("kind", "Cluster")] {
        let found = entries.iter().find(|e| e.key == name && e.value.content != Content::Null);
        match found {
            Some(entry) if entry.value.content == Content::Text(wanted.to_owned()) => {}
            Some(entry) => {
                let field = Field { path: name.to_owned(), tree: &entry.value, shape: &Shape::Text };
                reader.expected(&field, wanted);
            }
            None if typed => reader.wrong("", format!("{name} is missing; expected {name}: {wanted}")),
            None => {}
        }
    }
    reader.problems.len() == before
}

/// Text that must be there and not be empty.
fn required(reader: &mut Reader<'_>, object: &Object<'_>, name: &str, what: &str) -> Option<String> {
    let path = object.path_of(name);
    let before = reader.problems.len();
    let text = reader.text(object.get(name)).filter(|text| !text.is_empty());
    if text.is_none() && reader.problems.len() == before {
        reader.wrong(&path, format!("{path} is missing; expected {what}"));
    }
    text
}

fn texts(reader: &mut Reader<'_>, field: Option<Field<'_>>) -> Vec<String> {
    let items = reader.list(field);
    items.into_iter().filter_map(|item| reader.text(Some(item))).collect()
}

fn map_of_texts(reader: &mut Reader<'_>, field: Option<Field<'_>>) -> BTreeMap<String, String> {
    reader.map(field, "a map of text to text", |reader, item| match item.tree.content {
        Content::Null => Some(String::new()),
        _ => reader.text(Some(item)),
    })
}

/// `kubeadmConfigPatchesJSON6902` of the cluster or of a node.
fn json_patches(reader: &mut Reader<'_>, object: &Object<'_>) -> Vec<JsonPatch> {
    let items = reader.list(object.get("kubeadmConfigPatchesJSON6902"));
    items
        .into_iter()
        .filter_map(|item| {
            let object = reader.object(&item)?;
            let mut text = |name| reader.text(object.get(name)).unwrap_or_default();
            let (group, version) = (text("group"), text("version"));
            let kind = required(reader, &object, "kind", "a kind such as ClusterConfiguration");
            let patch = required(reader, &object, "patch", "a list of operations");
            Some(JsonPatch { group, version, kind: kind?, patch: patch? })
        })
        .collect()
}
