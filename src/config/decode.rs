//! From a tree to a [`Cluster`], field by field. Fields that upstream knows and this version cannot serve are
//! refused by name unless they hold their default.

use super::problem::Problem;
use super::scalar::{Field, Object, Reader};
use super::tree::{Content, Tree};
use super::{
    Cluster, ClusterName, ExtraMount, ExtraPortMapping, Hook, HostPort, ImageRef, IpFamily, KubeProxyMode,
    Networking, Node, Role, Subnets,
};
use crate::engine::{Propagation, Protocol};
use std::collections::BTreeMap;

const API_VERSION: &str = "kind.x-k8s.io/v1alpha4";
const PORT: &str = "a port number, 1 to 65535";
const HOST_PORT: &str = "a port number up to 65535, 0 to have one picked, or -1 to let the engine pick";

/// Reads a document. With `typed` it must say its kind and version; without, it may.
pub(super) fn cluster(reader: &mut Reader<'_>, tree: &Tree, typed: bool) -> Cluster {
    let mut cluster = Cluster::default();
    let root = Field { path: String::new(), tree };
    let known = [
        "kind",
        "apiVersion",
        "name",
        "nodes",
        "networking",
        "featureGates",
        "runtimeConfig",
        "kubeadmConfigPatches",
        "kubeadmConfigPatchesJSON6902",
        "containerdConfigPatches",
        "containerdConfigPatchesJSON6902",
        "hooks",
    ];
    // of another version the other fields may mean something else
    if !type_is_known(reader, tree, typed) {
        return cluster;
    }
    let Some(object) = reader.object(&root, &known) else { return cluster };
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
        reader.list(object.get("nodes")).into_iter().map(|field| node(reader, &field)).collect();
    if !nodes.is_empty() {
        cluster.nodes = nodes;
    }
    if let Some(field) = object.get("networking") {
        cluster.networking = networking(reader, &field);
    }
    cluster.kubeadm_config_patches = texts(reader, object.get("kubeadmConfigPatches"));
    for item in reader.list(object.get("hooks")) {
        cluster.hooks.extend(hook(reader, &item));
    }
    for name in [
        "featureGates",
        "runtimeConfig",
        "kubeadmConfigPatchesJSON6902",
        "containerdConfigPatches",
        "containerdConfigPatchesJSON6902",
    ] {
        refuse(reader, &object, name);
    }
    cluster
}

fn hook(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Hook> {
    let object = reader.object(field, &["script", "at", "run"])?;
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
                reader.expected(&Field { path: name.to_owned(), tree: &entry.value }, wanted);
            }
            None if typed => reader.wrong("", format!("{name} is missing; expected {name}: {wanted}")),
            None => {}
        }
    }
    reader.problems.len() == before
}

fn node(reader: &mut Reader<'_>, field: &Field<'_>) -> Node {
    let mut node = Node::default();
    let known = [
        "role",
        "image",
        "labels",
        "extraMounts",
        "extraPortMappings",
        "kubeadmConfigPatches",
        "kubeadmConfigPatchesJSON6902",
    ];
    let Some(object) = reader.object(field, &known) else { return node };
    let roles = [("control-plane", Role::ControlPlane), ("worker", Role::Worker)];
    node.role = reader.word(object.get("role"), &roles).unwrap_or_default();
    let image = |text: &str| {
        if text.is_empty() {
            return Ok(ImageRef::default());
        }
        ImageRef::parse(text)
            .map_err(|_| "expected an image reference such as kindest/node:v1.37.2".to_owned())
    };
    node.image = reader.parsed(object.get("image"), image).unwrap_or_default();
    node.labels = map_of_texts(reader, object.get("labels"));
    for item in reader.list(object.get("extraMounts")) {
        node.extra_mounts.extend(mount(reader, &item));
    }
    for item in reader.list(object.get("extraPortMappings")) {
        node.extra_port_mappings.extend(port_mapping(reader, &item));
    }
    node.kubeadm_config_patches = texts(reader, object.get("kubeadmConfigPatches"));
    refuse(reader, &object, "kubeadmConfigPatchesJSON6902");
    node
}

fn mount(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<ExtraMount> {
    let known = ["containerPath", "hostPath", "readOnly", "selinuxRelabel", "propagation"];
    let object = reader.object(field, &known)?;
    let words = [
        ("None", Propagation::None),
        ("HostToContainer", Propagation::HostToContainer),
        ("Bidirectional", Propagation::Bidirectional),
    ];
    let container_path = required(reader, &object, "containerPath");
    let host_path = required(reader, &object, "hostPath");
    Some(ExtraMount {
        read_only: reader.boolean(object.get("readOnly")).unwrap_or_default(),
        selinux_relabel: reader.boolean(object.get("selinuxRelabel")).unwrap_or_default(),
        propagation: reader.word(object.get("propagation"), &words).unwrap_or_default(),
        container_path: container_path?,
        host_path: host_path?,
    })
}

fn port_mapping(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<ExtraPortMapping> {
    let known = ["containerPort", "hostPort", "listenAddress", "protocol"];
    let object = reader.object(field, &known)?;
    let words = [("TCP", Protocol::TCP), ("UDP", Protocol::UDP), ("SCTP", Protocol::SCTP)];
    let port = |number: i64| u16::try_from(number).ok().filter(|port| *port > 0);
    let container_port = object.get("containerPort");
    if container_port.is_none() {
        let path = object.path_of("containerPort");
        reader.wrong(&path, format!("{path} is missing; expected {PORT}"));
    }
    let address = |text: &str| {
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| "expected an IP address".to_owned())
    };
    let container_port = reader.number(container_port, PORT, port);
    Some(ExtraPortMapping {
        host_port: reader
            .number(object.get("hostPort"), HOST_PORT, HostPort::from_number)
            .unwrap_or_default(),
        listen_address: reader.parsed(object.get("listenAddress"), address).unwrap_or_default(),
        protocol: reader.word(object.get("protocol"), &words).unwrap_or_default(),
        container_port: container_port?,
    })
}

fn networking(reader: &mut Reader<'_>, field: &Field<'_>) -> Networking {
    let mut networking = Networking::default();
    let known = [
        "ipFamily",
        "apiServerPort",
        "apiServerAddress",
        "podSubnet",
        "serviceSubnet",
        "disableDefaultCNI",
        "kubeProxyMode",
        "dnsSearch",
    ];
    let Some(object) = reader.object(field, &known) else { return networking };
    let families = [("ipv4", IpFamily::Ipv4), ("ipv6", IpFamily::Ipv6), ("dual", IpFamily::Dual)];
    let family = reader.word(object.get("ipFamily"), &families).unwrap_or_default();
    refuse_unless(reader, &object, "ipFamily", family == IpFamily::default());
    let modes = [
        ("iptables", KubeProxyMode::Iptables),
        ("nftables", KubeProxyMode::Nftables),
        ("ipvs", KubeProxyMode::Ipvs),
        ("none", KubeProxyMode::None),
    ];
    let mode = reader.word(object.get("kubeProxyMode"), &modes).unwrap_or_default();
    refuse_unless(reader, &object, "kubeProxyMode", mode == KubeProxyMode::default());
    refuse_unless(reader, &object, "dnsSearch", object.get("dnsSearch").is_none());

    networking.ip_family = family;
    networking.kube_proxy_mode = mode;
    networking.api_server_port =
        reader.number(object.get("apiServerPort"), HOST_PORT, HostPort::from_number).unwrap_or_default();
    let address = |text: &str| {
        if text.is_empty() {
            return Ok(Networking::default_address(family));
        }
        text.parse().map_err(|_| "expected an IP address".to_owned())
    };
    networking.api_server_address = reader
        .parsed(object.get("apiServerAddress"), address)
        .unwrap_or_else(|| Networking::default_address(family));
    let subnets = |default: fn(IpFamily) -> Subnets| {
        move |text: &str| if text.is_empty() { Ok(default(family)) } else { Subnets::parse(text) }
    };
    networking.pod_subnet = reader
        .parsed(object.get("podSubnet"), subnets(Networking::default_pods))
        .unwrap_or_else(|| Networking::default_pods(family));
    networking.service_subnet = reader
        .parsed(object.get("serviceSubnet"), subnets(Networking::default_services))
        .unwrap_or_else(|| Networking::default_services(family));
    networking.disable_default_cni = reader.boolean(object.get("disableDefaultCNI")).unwrap_or_default();
    networking
}

/// Text that must be there and not be empty.
fn required(reader: &mut Reader<'_>, object: &Object<'_>, name: &str) -> Option<String> {
    let path = object.path_of(name);
    let before = reader.problems.len();
    let text = reader.text(object.get(name)).filter(|text| !text.is_empty());
    if text.is_none() && reader.problems.len() == before {
        reader.wrong(&path, format!("{path} is missing; expected a path"));
    }
    text
}

fn texts(reader: &mut Reader<'_>, field: Option<Field<'_>>) -> Vec<String> {
    let items = reader.list(field);
    items.into_iter().filter_map(|item| reader.text(Some(item))).collect()
}

fn map_of_texts(reader: &mut Reader<'_>, field: Option<Field<'_>>) -> BTreeMap<String, String> {
    let mut map = BTreeMap::new();
    let Some(field) = field else { return map };
    let Content::Map(entries) = &field.tree.content else {
        reader.expected(&field, "a map of text to text");
        return map;
    };
    for entry in entries {
        let item = Field { path: format!("{}[\"{}\"]", field.path, entry.key), tree: &entry.value };
        let value = match entry.value.content {
            Content::Null => Some(String::new()),
            _ => reader.text(Some(item)),
        };
        map.extend(value.map(|value| (entry.key.clone(), value)));
    }
    map
}

/// Refuses a list or map that is not empty.
fn refuse(reader: &mut Reader<'_>, object: &Object<'_>, name: &str) {
    let empty = object.get(name).is_none_or(|field| match &field.tree.content {
        Content::List(items) => items.is_empty(),
        Content::Map(entries) => entries.is_empty(),
        _ => false,
    });
    refuse_unless(reader, object, name, empty);
}

fn refuse_unless(reader: &mut Reader<'_>, object: &Object<'_>, name: &str, default: bool) {
    if !default {
        reader.problems.push(Problem::unsupported(&object.path_of(name)));
    }
}
