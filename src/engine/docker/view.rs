//! From what Docker's API tells to our values.

use crate::engine::{Container, ContainerState, Image, Mount, Network, PortMapping, Propagation, Protocol};
use bollard::models::{
    ContainerInspectResponse, ContainerStateStatusEnum, ContainerSummary, ContainerSummaryStateEnum,
    EndpointSettings, ImageInspect, ImageSummary, Ipam, MountPoint, NetworkInspect, PortMap, PortSummary,
    PortSummaryTypeEnum,
};
use std::collections::{BTreeMap, HashMap};

/// A container as inspect tells it.
pub(super) fn container_of(found: ContainerInspectResponse) -> Container {
    let config = found.config.unwrap_or_default();
    let state = found.state.unwrap_or_default();
    let settings = found.network_settings.unwrap_or_default();
    let (ipv4, ipv6) = addresses(settings.networks);
    // a container that does not run has no ports in its network settings, only those it was made with
    let mut ports = ports_of(settings.ports);
    if ports.is_empty() {
        ports = ports_of(found.host_config.and_then(|host| host.port_bindings));
    }
    Container {
        id: found.id.unwrap_or_default(),
        name: found.name.unwrap_or_default().trim_start_matches('/').to_owned(),
        image: familiar(config.image.unwrap_or_default()),
        labels: config.labels.unwrap_or_default().into_iter().collect(),
        state: match state.status {
            Some(ContainerStateStatusEnum::RUNNING | ContainerStateStatusEnum::STOPPING) => {
                ContainerState::Running
            }
            Some(ContainerStateStatusEnum::PAUSED) => ContainerState::Paused,
            Some(ContainerStateStatusEnum::RESTARTING) => ContainerState::Restarting,
            Some(ContainerStateStatusEnum::EXITED) => ContainerState::Exited,
            Some(ContainerStateStatusEnum::DEAD | ContainerStateStatusEnum::REMOVING) => ContainerState::Dead,
            Some(ContainerStateStatusEnum::CREATED | ContainerStateStatusEnum::EMPTY) | None => {
                ContainerState::Created
            }
        },
        exit_code: state.exit_code.unwrap_or_default(),
        oom_killed: state.oom_killed.unwrap_or_default(),
        ports,
        mounts: found.mounts.into_iter().flatten().map(mount_of).collect(),
        env: env_of(config.env),
        ipv4,
        ipv6,
        created: found.created.as_deref().map_or(0, seconds_of),
        pid: state.pid.unwrap_or_default(),
    }
}

/// A container as a listing tells it.
pub(super) fn summary_of(found: ContainerSummary) -> Container {
    let (ipv4, ipv6) = addresses(found.network_settings.and_then(|settings| settings.networks));
    // a container may carry names of links too, `/other/alias`; its own has one slash
    let names = found.names.unwrap_or_default();
    let name = names.iter().map(|name| name.trim_start_matches('/')).find(|name| !name.contains('/'));
    Container {
        id: found.id.unwrap_or_default(),
        name: name.unwrap_or_default().to_owned(),
        image: familiar(found.image.unwrap_or_default()),
        labels: found.labels.unwrap_or_default().into_iter().collect(),
        state: match found.state {
            Some(ContainerSummaryStateEnum::RUNNING | ContainerSummaryStateEnum::STOPPING) => {
                ContainerState::Running
            }
            Some(ContainerSummaryStateEnum::PAUSED) => ContainerState::Paused,
            Some(ContainerSummaryStateEnum::RESTARTING) => ContainerState::Restarting,
            Some(ContainerSummaryStateEnum::EXITED) => ContainerState::Exited,
            Some(ContainerSummaryStateEnum::DEAD | ContainerSummaryStateEnum::REMOVING) => {
                ContainerState::Dead
            }
            Some(ContainerSummaryStateEnum::CREATED | ContainerSummaryStateEnum::EMPTY) | None => {
                ContainerState::Created
            }
        },
        exit_code: found.status.as_deref().and_then(exit_code_in).unwrap_or_default(),
        ports: found.ports.into_iter().flatten().filter_map(port_of).collect(),
        ipv4,
        ipv6,
        created: found.created.unwrap_or_default(),
        ..Default::default()
    }
}

/// `Exited (137) 2 hours ago`
fn exit_code_in(status: &str) -> Option<i64> {
    status.strip_prefix("Exited (")?.split(')').next()?.parse().ok()
}

type Addresses = BTreeMap<String, String>;

fn addresses(networks: Option<HashMap<String, EndpointSettings>>) -> (Addresses, Addresses) {
    let (mut ipv4, mut ipv6) = (BTreeMap::new(), BTreeMap::new());
    for (network, endpoint) in networks.into_iter().flatten() {
        if let Some(address) = endpoint.ip_address.filter(|a| !a.is_empty()) {
            ipv4.insert(network.clone(), address);
        }
        if let Some(address) = endpoint.global_ipv6_address.filter(|a| !a.is_empty()) {
            ipv6.insert(network, address);
        }
    }
    (ipv4, ipv6)
}

fn ports_of(map: Option<PortMap>) -> Vec<PortMapping> {
    let mut ports = Vec::new();
    for (key, bindings) in map.into_iter().flatten() {
        let (port, protocol) = key.split_once('/').unwrap_or((&key, "tcp"));
        let Ok(container_port) = port.parse() else { continue };
        for binding in bindings.into_iter().flatten() {
            ports.push(PortMapping {
                container_port,
                host_port: binding.host_port.and_then(|port| port.parse().ok()).unwrap_or_default(),
                listen_address: binding.host_ip.unwrap_or_default(),
                protocol: protocol_of(protocol),
            });
        }
    }
    ports.sort_by(|a, b| port_order(a).cmp(&port_order(b)));
    ports
}

/// IPv4 before IPv6, so that the first match is one every client can reach.
fn port_order(port: &PortMapping) -> (u16, Protocol, bool, &str) {
    (port.container_port, port.protocol, port.listen_address.contains(':'), &port.listen_address)
}

fn port_of(port: PortSummary) -> Option<PortMapping> {
    Some(PortMapping {
        container_port: port.private_port,
        host_port: port.public_port?,
        listen_address: port.ip.unwrap_or_default(),
        protocol: match port.typ {
            Some(PortSummaryTypeEnum::UDP) => Protocol::UDP,
            Some(PortSummaryTypeEnum::SCTP) => Protocol::SCTP,
            Some(PortSummaryTypeEnum::TCP | PortSummaryTypeEnum::EMPTY) | None => Protocol::TCP,
        },
    })
}

fn protocol_of(name: &str) -> Protocol {
    match name {
        "udp" => Protocol::UDP,
        "sctp" => Protocol::SCTP,
        _ => Protocol::TCP,
    }
}

fn mount_of(mount: MountPoint) -> Mount {
    let is_volume = mount.typ.as_deref() == Some("volume");
    Mount {
        source: if is_volume { mount.name } else { mount.source }.unwrap_or_default(),
        target: mount.destination.unwrap_or_default(),
        read_only: !mount.rw.unwrap_or(true),
        selinux_relabel: mount
            .mode
            .unwrap_or_default()
            .split(',')
            .any(|option| option.eq_ignore_ascii_case("z")),
        propagation: match mount.propagation.as_deref() {
            Some("rshared" | "shared") => Propagation::Bidirectional,
            Some("rslave" | "slave") => Propagation::HostToContainer,
            _ => Propagation::None,
        },
    }
}

fn env_of(list: Option<Vec<String>>) -> BTreeMap<String, String> {
    let split = |entry: String| match entry.split_once('=') {
        Some((name, value)) => (name.to_owned(), value.to_owned()),
        None => (entry, String::new()),
    };
    list.into_iter().flatten().map(split).collect()
}

/// Seconds since 1970 of an RFC 3339 time; 0 when it is none.
pub(in crate::engine) fn seconds_of(time: &str) -> i64 {
    time.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_second)
}

/// A network as inspect tells it.
pub(super) fn network_of(found: NetworkInspect) -> Network {
    let (subnets, gateways) = subnets_of(found.ipam);
    Network {
        id: found.id.unwrap_or_default(),
        name: found.name.unwrap_or_default(),
        driver: found.driver.unwrap_or_default(),
        ipv6: found.enable_ipv6.unwrap_or_default(),
        subnets,
        gateways,
        options: found.options.unwrap_or_default().into_iter().collect(),
        labels: found.labels.unwrap_or_default().into_iter().collect(),
        containers: found.containers.map_or(0, |containers| containers.len()),
    }
}

/// A network as a listing tells it, which does not know the containers.
pub(super) fn listed_network_of(found: bollard::models::Network) -> Network {
    network_of(NetworkInspect {
        id: found.id,
        name: found.name,
        driver: found.driver,
        enable_ipv6: found.enable_ipv6,
        ipam: found.ipam,
        options: found.options,
        labels: found.labels,
        ..Default::default()
    })
}

fn subnets_of(ipam: Option<Ipam>) -> (Vec<String>, Vec<String>) {
    let config = ipam.and_then(|ipam| ipam.config).unwrap_or_default();
    let gateways = config.iter().filter_map(|part| part.gateway.clone()).filter(|g| !g.is_empty()).collect();
    (config.into_iter().filter_map(|part| part.subnet).collect(), gateways)
}

/// An image's name as Docker tells it; Podman puts the registry in front that Docker leaves out.
pub(in crate::engine) fn familiar(name: String) -> String {
    match name.strip_prefix("docker.io/") {
        Some(rest) => rest.strip_prefix("library/").unwrap_or(rest).to_owned(),
        None => name,
    }
}

/// An image as inspect tells it.
pub(super) fn image_of(found: ImageInspect) -> Image {
    let config = found.config.unwrap_or_default();
    Image {
        id: found.id.unwrap_or_default(),
        tags: found.repo_tags.into_iter().flatten().map(familiar).collect(),
        digests: found.repo_digests.into_iter().flatten().map(familiar).collect(),
        architecture: found.architecture.unwrap_or_default(),
        os: found.os.unwrap_or_default(),
        size: unsigned(found.size.unwrap_or_default()),
        entrypoint: config.entrypoint.unwrap_or_default(),
        command: config.cmd.unwrap_or_default(),
        env: env_of(config.env),
        labels: config.labels.unwrap_or_default().into_iter().collect(),
        layers: found.root_fs.and_then(|root| root.layers).unwrap_or_default(),
    }
}

/// An image as a listing tells it.
pub(super) fn listed_image_of(found: ImageSummary) -> Image {
    let named = |name: &String| !name.contains("<none>");
    Image {
        id: found.id,
        tags: found.repo_tags.into_iter().filter(named).map(familiar).collect(),
        digests: found.repo_digests.into_iter().filter(named).map(familiar).collect(),
        size: unsigned(found.size),
        labels: found.labels.into_iter().collect(),
        ..Default::default()
    }
}

pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
