//! From a [`ContainerSpec`] to what Docker's API wants.

use crate::engine::{CgroupNamespace, ContainerSpec, Mount, Propagation, Protocol, RestartPolicy};
use bollard::models::{
    ContainerCreateBody, DeviceMapping, EndpointIpamConfig, EndpointSettings, HostConfig,
    HostConfigCgroupnsModeEnum, Mount as ApiMount, MountBindOptions, MountBindOptionsPropagationEnum,
    MountType, NetworkingConfig, PortBinding, PortMap, RestartPolicy as ApiRestartPolicy,
    RestartPolicyNameEnum,
};
use std::collections::HashMap;
use std::net::IpAddr;

/// The body of a request that creates the container.
pub(super) fn body_of(spec: &ContainerSpec) -> ContainerCreateBody {
    let hostname = if spec.hostname.is_empty() { &spec.name } else { &spec.hostname };
    // the host's name is the host's
    let hostname = (spec.network != "host").then(|| hostname.clone());
    let anonymous: Vec<_> =
        spec.mounts.iter().filter(|m| m.source.is_empty()).map(|m| m.target.clone()).collect();
    ContainerCreateBody {
        image: Some(spec.image.clone()),
        hostname,
        entrypoint: non_empty(&spec.entrypoint),
        cmd: non_empty(&spec.command),
        env: Some(spec.env.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        labels: Some(spec.labels.clone().into_iter().collect()),
        tty: Some(spec.tty),
        stop_signal: Some(spec.stop_signal.clone()).filter(|signal| !signal.is_empty()),
        volumes: non_empty(&anonymous),
        exposed_ports: non_empty(&spec.ports.iter().map(port_key).collect::<Vec<_>>()),
        host_config: Some(host_config(spec)),
        networking_config: networking(spec),
        ..Default::default()
    }
}

/// `linux/arm64`, or an empty text.
pub(super) fn platform_of(spec: &ContainerSpec) -> String {
    spec.platform.clone()
}

fn host_config(spec: &ContainerSpec) -> HostConfig {
    let (binds, mounts): (Vec<_>, Vec<_>) =
        spec.mounts.iter().filter(|m| !m.source.is_empty()).partition(|m| fits_a_bind(m));
    HostConfig {
        privileged: Some(spec.privileged),
        security_opt: non_empty(&spec.security_options),
        tmpfs: Some(spec.tmpfs.clone().into_iter().collect()),
        binds: non_empty(&binds.into_iter().map(bind).collect::<Vec<_>>()),
        mounts: Some(mounts.into_iter().map(mount).collect()),
        port_bindings: Some(port_bindings(spec)),
        init: spec.init,
        cgroupns_mode: match spec.cgroup_namespace {
            CgroupNamespace::Default => None,
            CgroupNamespace::Private => Some(HostConfigCgroupnsModeEnum::PRIVATE),
            CgroupNamespace::Host => Some(HostConfigCgroupnsModeEnum::HOST),
        },
        userns_mode: spec.host_users.then(|| "host".to_owned()),
        sysctls: Some(spec.sysctls.clone().into_iter().collect()),
        devices: Some(
            spec.devices
                .iter()
                .map(|device| DeviceMapping {
                    path_on_host: Some(device.host_path.clone()),
                    path_in_container: Some(device.container_path.clone()),
                    cgroup_permissions: Some(device.permissions.clone()),
                })
                .collect(),
        ),
        restart_policy: Some(restart_policy(spec.restart)),
        network_mode: Some(spec.network.clone()).filter(|network| !network.is_empty()),
        nano_cpus: (spec.cpu_millis > 0).then(|| signed(spec.cpu_millis.saturating_mul(1_000_000))),
        memory: (spec.memory > 0).then(|| signed(spec.memory)),
        ..Default::default()
    }
}

fn non_empty(list: &[String]) -> Option<Vec<String>> {
    (!list.is_empty()).then(|| list.to_vec())
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The short form makes a missing folder of the host and can relabel; it cannot hold a path with a colon.
fn fits_a_bind(mount: &Mount) -> bool {
    !mount.source.contains(':') && !mount.target.contains(':')
}

/// A mount as `SOURCE:TARGET:OPTIONS`.
pub(in crate::engine) fn bind(mount: &Mount) -> String {
    let is_path = mount.source.starts_with('/');
    let mut options = Vec::new();
    if mount.read_only {
        options.push("ro");
    }
    if mount.selinux_relabel {
        options.push("z");
    }
    match mount.propagation {
        Propagation::HostToContainer if is_path => options.push("rslave"),
        Propagation::Bidirectional if is_path => options.push("rshared"),
        _ => {}
    }
    let suffix = if options.is_empty() { String::new() } else { format!(":{}", options.join(",")) };
    format!("{}:{}{suffix}", mount.source, mount.target)
}

fn mount(mount: &Mount) -> ApiMount {
    let is_path = mount.source.starts_with('/');
    ApiMount {
        source: Some(mount.source.clone()),
        target: Some(mount.target.clone()),
        typ: Some(if is_path { MountType::BIND } else { MountType::VOLUME }),
        read_only: Some(mount.read_only),
        bind_options: is_path.then(|| MountBindOptions {
            create_mountpoint: Some(true),
            propagation: match mount.propagation {
                Propagation::None => None,
                Propagation::HostToContainer => Some(MountBindOptionsPropagationEnum::RSLAVE),
                Propagation::Bidirectional => Some(MountBindOptionsPropagationEnum::RSHARED),
            },
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn port_key(port: &crate::engine::PortMapping) -> String {
    let protocol = match port.protocol {
        Protocol::TCP => "tcp",
        Protocol::UDP => "udp",
        Protocol::SCTP => "sctp",
    };
    format!("{}/{protocol}", port.container_port)
}

fn port_bindings(spec: &ContainerSpec) -> PortMap {
    let mut bindings = PortMap::new();
    for port in &spec.ports {
        let binding = PortBinding {
            host_ip: Some(port.listen_address.clone()),
            // empty is "any free one" to Docker and Podman alike
            host_port: Some(if port.host_port == 0 { String::new() } else { port.host_port.to_string() }),
        };
        bindings.entry(port_key(port)).or_default().get_or_insert_default().push(binding);
    }
    bindings
}

fn restart_policy(policy: RestartPolicy) -> ApiRestartPolicy {
    let (name, retries) = match policy {
        RestartPolicy::No => (RestartPolicyNameEnum::NO, None),
        RestartPolicy::OnFailure(times) => (RestartPolicyNameEnum::ON_FAILURE, Some(i64::from(times))),
        RestartPolicy::UnlessStopped => (RestartPolicyNameEnum::UNLESS_STOPPED, None),
        RestartPolicy::Always => (RestartPolicyNameEnum::ALWAYS, None),
    };
    ApiRestartPolicy { name: Some(name), maximum_retry_count: retries }
}

fn networking(spec: &ContainerSpec) -> Option<NetworkingConfig> {
    if matches!(spec.network.as_str(), "" | "host" | "none") {
        return None;
    }
    let address = |v4: bool| spec.addresses.iter().find(|a| a.is_ipv4() == v4).map(IpAddr::to_string);
    let ipam = (!spec.addresses.is_empty()).then(|| EndpointIpamConfig {
        ipv4_address: address(true),
        ipv6_address: address(false),
        link_local_ips: None,
    });
    let endpoint = EndpointSettings {
        aliases: non_empty(&spec.network_aliases),
        ipam_config: ipam,
        ..Default::default()
    };
    Some(NetworkingConfig { endpoints_config: Some(HashMap::from([(spec.network.clone(), endpoint)])) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::PortMapping;

    fn volume(source: &str, target: &str) -> Mount {
        Mount {
            source: source.into(),
            target: target.into(),
            read_only: false,
            selinux_relabel: false,
            propagation: Propagation::None,
        }
    }

    #[test]
    fn mounts_go_where_docker_wants_them() {
        let spec = ContainerSpec {
            name: "n".into(),
            mounts: vec![
                volume("", "/var"),
                Mount { read_only: true, selinux_relabel: true, ..volume("/lib/modules", "/lib/modules") },
                Mount { propagation: Propagation::Bidirectional, ..volume("/srv", "/srv") },
                volume("/odd:name", "/odd"),
                volume("named", "/data"),
            ],
            ..Default::default()
        };
        let body = body_of(&spec);
        assert_eq!(body.volumes, Some(vec!["/var".to_owned()]));
        assert_eq!(body.hostname.as_deref(), Some("n"));
        let host = body.host_config.unwrap();
        assert_eq!(
            host.binds.unwrap(),
            ["/lib/modules:/lib/modules:ro,z", "/srv:/srv:rshared", "named:/data"]
        );
        assert_eq!(host.mounts.unwrap()[0].source.as_deref(), Some("/odd:name"));
    }

    #[test]
    fn ports_of_one_container_port_are_kept_together() {
        let port = |host_port, address: &str| PortMapping {
            container_port: 80,
            host_port,
            listen_address: address.into(),
            protocol: Protocol::TCP,
        };
        let spec = ContainerSpec { ports: vec![port(0, "127.0.0.1"), port(81, "")], ..Default::default() };
        let bindings = port_bindings(&spec);
        let of_80 = bindings["80/tcp"].as_ref().unwrap();
        assert_eq!(of_80.len(), 2);
        assert_eq!(of_80[0].host_port.as_deref(), Some(""));
        assert_eq!(of_80[1].host_port.as_deref(), Some("81"));
    }

    #[test]
    fn aliases_and_addresses_need_a_network_of_ones_own() {
        let mut spec = ContainerSpec {
            network: "kind".into(),
            network_aliases: vec!["api".into()],
            addresses: vec!["172.18.0.9".parse().unwrap(), "fd00::9".parse().unwrap()],
            ..Default::default()
        };
        let endpoints = networking(&spec).unwrap().endpoints_config.unwrap();
        let ipam = endpoints["kind"].ipam_config.as_ref().unwrap();
        assert_eq!(ipam.ipv4_address.as_deref(), Some("172.18.0.9"));
        assert_eq!(ipam.ipv6_address.as_deref(), Some("fd00::9"));
        spec.network = "host".into();
        assert!(networking(&spec).is_none());
    }
}
