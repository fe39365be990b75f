//! Nodes of a document.

use super::{json_patches, map_of_texts, required, texts};
use crate::config::scalar::{Field, Reader};
use crate::config::tree::Content;
use crate::config::{Addresses, Device, ExtraMount, ExtraPortMapping, HostPort, ImageRef, Node, Resources};

pub(super) fn node(reader: &mut Reader<'_>, field: &Field<'_>) -> Node {
    let mut node = Node::default();
    let Some(object) = reader.object(field) else { return node };
    node.role = reader.word(object.get("role")).unwrap_or_default();
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
    node.kubeadm_config_patches_json6902 = json_patches(reader, &object);
    if let Some(field) = object.get("resources") {
        node.resources = resources(reader, &field);
    }
    for item in reader.list(object.get("devices")) {
        node.devices.extend(device(reader, &item));
    }
    node.env = map_of_texts(reader, object.get("env"));
    node.sysctls = map_of_texts(reader, object.get("sysctls"));
    node.address = reader.parsed(object.get("address"), Addresses::parse).unwrap_or_default();
    node
}

fn mount(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<ExtraMount> {
    let object = reader.object(field)?;
    let container_path = required(reader, &object, "containerPath", "a path");
    let host_path = required(reader, &object, "hostPath", "a path");
    Some(ExtraMount {
        read_only: reader.boolean(object.get("readOnly")).unwrap_or_default(),
        selinux_relabel: reader.boolean(object.get("selinuxRelabel")).unwrap_or_default(),
        propagation: reader.word(object.get("propagation")).unwrap_or_default(),
        container_path: container_path?,
        host_path: host_path?,
    })
}

fn port_mapping(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<ExtraPortMapping> {
    let object = reader.object(field)?;
    let container_port = object.get("containerPort");
    if container_port.is_none() {
        let path = object.path_of("containerPort");
        reader.wrong(&path, format!("{path} is missing; expected a port number, 1 to 65535"));
    }
    let address = |text: &str| {
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| "expected an IP address".to_owned())
    };
    let container_port = reader.number(container_port).and_then(|port| u16::try_from(port).ok());
    Some(ExtraPortMapping {
        host_port: reader.number(object.get("hostPort")).and_then(HostPort::from_number).unwrap_or_default(),
        listen_address: reader.parsed(object.get("listenAddress"), address).unwrap_or_default(),
        protocol: reader.word(object.get("protocol")).unwrap_or_default(),
        container_port: container_port?,
    })
}

fn resources(reader: &mut Reader<'_>, field: &Field<'_>) -> Resources {
    let Some(object) = reader.object(field) else { return Resources::default() };
    Resources {
        cpu: reader.parsed(object.get("cpu"), Resources::parse_cpu).unwrap_or_default(),
        memory: reader.parsed(object.get("memory"), Resources::parse_memory).unwrap_or_default(),
    }
}

/// A device: a map, or its path alone.
fn device(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Device> {
    if let Content::Text(path) = &field.tree.content {
        return Some(Device { host_path: path.clone(), container_path: path.clone() });
    }
    let object = reader.object(field)?;
    let container_path = reader.text(object.get("containerPath")).filter(|path| !path.is_empty());
    let host_path = required(reader, &object, "hostPath", "a path such as /dev/fuse")?;
    Some(Device { container_path: container_path.unwrap_or_else(|| host_path.clone()), host_path })
}
