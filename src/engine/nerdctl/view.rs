//! From what nerdctl tells, in Docker's form, to our values.

use crate::engine::docker::{familiar, seconds_of};
use crate::engine::{Container, ContainerState, Image, Mount, Network, PortMapping, Propagation, Protocol};
use serde_json::Value;
use std::collections::BTreeMap;

/// Begin the labels in which nerdctl and containerd keep what they know.
const INTERNAL: [&str; 3] = ["nerdctl/", "containerd.io/", "io.containerd."];

/// A container as inspect tells it. What does not run has no ports there: `listed` are those of the listing.
pub(super) fn container_of(found: &Value, listed: &str) -> Container {
    let labels = texts(&found["Config"]["Labels"]);
    let networks: Vec<String> =
        labels.get("nerdctl/networks").and_then(|list| serde_json::from_str(list).ok()).unwrap_or_default();
    let (mut ipv4, mut ipv6) = (BTreeMap::new(), BTreeMap::new());
    for (name, endpoint) in found["NetworkSettings"]["Networks"].as_object().into_iter().flatten() {
        let name = network_name(name, &networks);
        for (field, map) in [("IPAddress", &mut ipv4), ("GlobalIPv6Address", &mut ipv6)] {
            let address = text(&endpoint[field]);
            if !address.is_empty() {
                map.insert(name.clone(), address);
            }
        }
    }
    let mut ports = ports_of(&found["NetworkSettings"]["Ports"]);
    if ports.is_empty() {
        ports = listed_ports(listed);
    }
    let stopped = labels.get("containerd.io/restart.explicitly-stopped").is_some_and(|value| value == "true");
    Container {
        id: text(&found["Id"]),
        name: text(&found["Name"]),
        image: familiar(text(&found["Config"]["Image"])),
        state: state_of(found["State"]["Status"].as_str().unwrap_or_default(), stopped),
        exit_code: found["State"]["ExitCode"].as_i64().unwrap_or_default(),
        // it does not tell
        oom_killed: false,
        ports,
        mounts: found["Mounts"].as_array().into_iter().flatten().filter_map(mount_of).collect(),
        env: env_of(&found["Config"]["Env"]),
        ipv4,
        ipv6,
        created: seconds_of(found["Created"].as_str().unwrap_or_default()),
        pid: found["State"]["Pid"].as_i64().filter(|_| found["State"]["Running"] == true).unwrap_or_default(),
        labels: labels
            .into_iter()
            .filter(|(name, _)| !INTERNAL.iter().any(|own| name.starts_with(own)))
            .collect(),
    }
}

/// A container that restarts on failure is `restarting` for nerdctl even after it was stopped.
fn state_of(status: &str, stopped: bool) -> ContainerState {
    match status {
        "running" => ContainerState::Running,
        "paused" | "pausing" => ContainerState::Paused,
        "restarting" if !stopped => ContainerState::Restarting,
        "restarting" | "exited" | "stopped" => ContainerState::Exited,
        "dead" | "removing" => ContainerState::Dead,
        _ => ContainerState::Created,
    }
}

/// nerdctl tells of networks by their interfaces, `unknown-eth0`; those are in the order in which they were joined.
fn network_name(told: &str, joined: &[String]) -> String {
    let index = told.strip_prefix("unknown-eth").and_then(|number| number.parse::<usize>().ok());
    index.and_then(|index| joined.get(index)).cloned().unwrap_or_else(|| told.to_owned())
}

fn ports_of(map: &Value) -> Vec<PortMapping> {
    let mut ports = Vec::new();
    for (key, bindings) in map.as_object().into_iter().flatten() {
        let (port, protocol) = key.split_once('/').unwrap_or((key, "tcp"));
        let Ok(container_port) = port.parse() else { continue };
        for binding in bindings.as_array().into_iter().flatten() {
            ports.push(PortMapping {
                container_port,
                host_port: text(&binding["HostPort"]).parse().unwrap_or_default(),
                listen_address: text(&binding["HostIp"]),
                protocol: protocol_of(protocol),
            });
        }
    }
    sorted(ports)
}

/// `127.0.0.1:23456->6443/tcp, :::80->80/tcp`
fn listed_ports(listed: &str) -> Vec<PortMapping> {
    let port = |one: &str| {
        let (host, inside) = one.trim().split_once("->")?;
        let (address, host_port) = host.rsplit_once(':')?;
        let (port, protocol) = inside.split_once('/').unwrap_or((inside, "tcp"));
        Some(PortMapping {
            container_port: port.parse().ok()?,
            host_port: host_port.parse().ok()?,
            listen_address: address.trim_matches(['[', ']']).to_owned(),
            protocol: protocol_of(protocol),
        })
    };
    sorted(listed.split(',').filter_map(port).collect())
}

/// IPv4 before IPv6, so that the first match is one every client can reach.
fn sorted(mut ports: Vec<PortMapping>) -> Vec<PortMapping> {
    ports.sort_by_key(|p| {
        (p.container_port, p.protocol, p.listen_address.contains(':'), p.listen_address.clone())
    });
    ports
}

fn protocol_of(name: &str) -> Protocol {
    match name {
        "udp" => Protocol::UDP,
        "sctp" => Protocol::SCTP,
        _ => Protocol::TCP,
    }
}

fn mount_of(mount: &Value) -> Option<Mount> {
    let kind = mount["Type"].as_str().unwrap_or_default();
    if kind == "tmpfs" {
        return None;
    }
    let mode = text(&mount["Mode"]);
    let has = |wanted: &str| mode.split(',').any(|option| option == wanted);
    let propagation = text(&mount["Propagation"]);
    let spreads = |wanted: &str| has(wanted) || propagation == wanted;
    Some(Mount {
        source: text(&mount[if kind == "volume" { "Name" } else { "Source" }]),
        target: text(&mount["Destination"]),
        read_only: mount["RW"] == false,
        selinux_relabel: has("z") || has("Z"),
        propagation: if spreads("rshared") || spreads("shared") {
            Propagation::Bidirectional
        } else if spreads("rslave") || spreads("slave") {
            Propagation::HostToContainer
        } else {
            Propagation::None
        },
    })
}

/// A network as inspect tells it.
pub(super) fn network_of(found: &Value) -> Network {
    let ranges = || found["IPAM"]["Config"].as_array().into_iter().flatten();
    let subnets: Vec<_> = ranges().map(|range| text(&range["Subnet"])).filter(|s| !s.is_empty()).collect();
    Network {
        id: text(&found["Id"]),
        name: text(&found["Name"]),
        driver: "bridge".into(),
        ipv6: subnets.iter().any(|subnet| subnet.contains(':')),
        subnets,
        gateways: ranges().map(|range| text(&range["Gateway"])).filter(|g| !g.is_empty()).collect(),
        options: texts(&found["Options"]),
        labels: texts(&found["Labels"])
            .into_iter()
            .filter(|(name, _)| !INTERNAL.iter().any(|own| name.starts_with(own)))
            .collect(),
        containers: found["Containers"].as_object().map_or(0, serde_json::Map::len),
    }
}

/// An image as inspect tells it.
pub(super) fn image_of(found: &Value) -> Image {
    let config = &found["Config"];
    Image {
        id: text(&found["Id"]),
        tags: list(&found["RepoTags"])
            .into_iter()
            .map(familiar)
            .filter(|tag| !tag.contains("<none>"))
            .collect(),
        digests: list(&found["RepoDigests"]).into_iter().map(familiar).collect(),
        architecture: text(&found["Architecture"]),
        os: text(&found["Os"]),
        size: found["Size"].as_u64().unwrap_or_default(),
        entrypoint: list(&config["Entrypoint"]),
        command: list(&config["Cmd"]),
        env: env_of(&config["Env"]),
        labels: texts(&config["Labels"]),
        layers: list(&found["RootFS"]["Layers"]),
    }
}

fn env_of(variables: &Value) -> BTreeMap<String, String> {
    let split = |entry: String| match entry.split_once('=') {
        Some((name, value)) => (name.to_owned(), value.to_owned()),
        None => (entry, String::new()),
    };
    list(variables).into_iter().map(split).collect()
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

fn texts(value: &Value) -> BTreeMap<String, String> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), text(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_container_is_read_from_an_inspection() {
        let found = json!({
            "Id": "d0", "Name": "x1", "Created": "2026-11-23T19:11:56.5Z",
            "State": {"Status": "restarting", "Running": false, "Pid": 7, "ExitCode": 137},
            "Mounts": [
                {"Type": "volume", "Name": "v", "Source": "/a", "Destination": "/var", "Mode": "", "RW": true},
                {"Type": "tmpfs", "Source": "tmpfs", "Destination": "/tmp", "RW": true},
                {"Type": "bind", "Source": "/b", "Destination": "/c", "Mode": "ro,rslave", "RW": false},
            ],
            "Config": {"Image": "docker.io/kindest/node:v1", "Env": ["A=b"], "Labels": {
                "nerdctl/networks": "[\"kind\"]", "containerd.io/restart.explicitly-stopped": "true", "b": "c,d",
            }},
            "NetworkSettings": {"Ports": {}, "Networks": {
                "unknown-eth0": {"IPAddress": "10.4.1.2", "GlobalIPv6Address": "fc00::2"},
            }},
        });
        let container = container_of(&found, "127.0.0.1:23456->6443/tcp, :::80->80/udp");
        assert_eq!(container.state, ContainerState::Exited);
        assert_eq!((container.image.as_str(), container.pid), ("kindest/node:v1", 0));
        assert_eq!(container.labels, [("b".to_owned(), "c,d".to_owned())].into());
        assert_eq!(
            (&container.ipv4["kind"], &container.ipv6["kind"]),
            (&"10.4.1.2".into(), &"fc00::2".into())
        );
        assert_eq!(container.host_port(6443, Protocol::TCP), Some(("127.0.0.1", 23456)));
        assert_eq!(container.host_port(80, Protocol::UDP), Some(("::", 80)));
        assert_eq!(container.mounts.len(), 2);
        assert!(
            container.mounts[1].read_only && container.mounts[1].propagation == Propagation::HostToContainer
        );
        assert!(container.created > 0);
    }
}
