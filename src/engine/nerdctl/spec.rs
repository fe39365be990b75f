//! From a [`ContainerSpec`] to nerdctl's arguments.

use crate::engine::docker::bind;
use crate::engine::{CgroupNamespace, ContainerSpec, Mount, PortMapping, Protocol, RestartPolicy};
use crate::error::{Error, Result};

/// The arguments that create the container.
///
/// Errors: `engine.unsupported` for what nerdctl has no flag for.
pub(super) fn arguments(spec: &ContainerSpec) -> Result<Vec<String>> {
    let mut all: Vec<String> = vec!["create".into()];
    let mut add = |flag: &str, value: String| all.push(format!("--{flag}={value}"));
    if !spec.name.is_empty() {
        add("name", spec.name.clone());
    }
    // the host's name is the host's
    if spec.network != "host" {
        let name = if spec.hostname.is_empty() { &spec.name } else { &spec.hostname };
        if !name.is_empty() {
            add("hostname", name.clone());
        }
    }
    if !spec.platform.is_empty() {
        add("platform", spec.platform.clone());
    }
    for (name, value) in &spec.env {
        add("env", format!("{name}={value}"));
    }
    for (name, value) in &spec.labels {
        add("label", format!("{name}={value}"));
    }
    if spec.privileged {
        add("privileged", "true".into());
    }
    for option in &spec.security_options {
        add("security-opt", option.clone());
    }
    for (folder, options) in &spec.tmpfs {
        add("tmpfs", if options.is_empty() { folder.clone() } else { format!("{folder}:{options}") });
    }
    for one in &spec.mounts {
        add("volume", volume(one)?);
    }
    for one in &spec.ports {
        add("publish", port(one));
    }
    if spec.tty {
        add("tty", "true".into());
    }
    if let Some(init) = spec.init {
        add("init", init.to_string());
    }
    match spec.cgroup_namespace {
        CgroupNamespace::Default => {}
        CgroupNamespace::Private => add("cgroupns", "private".into()),
        CgroupNamespace::Host => add("cgroupns", "host".into()),
    }
    for (name, value) in &spec.sysctls {
        add("sysctl", format!("{name}={value}"));
    }
    for device in &spec.devices {
        add("device", format!("{}:{}:{}", device.host_path, device.container_path, device.permissions));
    }
    match spec.restart {
        RestartPolicy::No => {}
        RestartPolicy::OnFailure(times) => add("restart", format!("on-failure:{times}")),
        RestartPolicy::UnlessStopped => add("restart", "unless-stopped".into()),
        RestartPolicy::Always => add("restart", "always".into()),
    }
    if !spec.network.is_empty() {
        add("network", spec.network.clone());
    }
    if let Some(alias) = spec.network_aliases.first() {
        return Err(unsupported(&format!("give container {} the further name {alias}", spec.name))
            .hint("containers know one another by their names"));
    }
    for address in &spec.addresses {
        add(if address.is_ipv4() { "ip" } else { "ip6" }, address.to_string());
    }
    if !spec.stop_signal.is_empty() {
        add("stop-signal", spec.stop_signal.clone());
    }
    if spec.cpu_millis > 0 {
        add("cpus", format!("{}.{:03}", spec.cpu_millis / 1000, spec.cpu_millis % 1000));
    }
    if spec.memory > 0 {
        add("memory", format!("{}b", spec.memory));
    }
    // only an engine's own choice may be a pull, and that is told
    add("pull", "never".into());
    if let Some(first) = spec.entrypoint.first() {
        add("entrypoint", first.clone());
    }
    all.push(spec.image.clone());
    all.extend(spec.entrypoint.iter().skip(1).cloned());
    all.extend(spec.command.iter().cloned());
    Ok(all)
}

/// The error for what nerdctl has no way to do.
pub(super) fn unsupported(doing: &str) -> Error {
    Error::engine("engine.unsupported", format!("cannot {doing}: nerdctl has no way to do that"))
        .hint("Docker and Podman can: see KIND_EXPERIMENTAL_PROVIDER")
}

fn volume(mount: &Mount) -> Result<String> {
    if mount.source.contains(':') || mount.target.contains(':') {
        let message = format!("mount {} at {}, since there is a colon in it", mount.source, mount.target);
        return Err(unsupported(&message).hint("a symbolic link without one leads there too"));
    }
    if mount.source.is_empty() {
        return Ok(mount.target.clone());
    }
    Ok(bind(mount))
}

/// `127.0.0.1:8080:80/tcp`; without a port of the host, nerdctl chooses one.
fn port(port: &PortMapping) -> String {
    let protocol = match port.protocol {
        Protocol::TCP => "tcp",
        Protocol::UDP => "udp",
        Protocol::SCTP => "sctp",
    };
    let address = match port.listen_address.as_str() {
        "" => String::new(),
        address if address.contains(':') => format!("[{address}]:"),
        address => format!("{address}:"),
    };
    match (port.host_port, address.is_empty()) {
        (0, true) => format!("{}/{protocol}", port.container_port),
        (0, false) => format!("{address}:{}/{protocol}", port.container_port),
        (host, _) => format!("{address}{host}:{}/{protocol}", port.container_port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Propagation;

    #[test]
    fn a_node_is_described_in_flags() {
        let mount = |source: &str, target: &str| Mount {
            source: source.into(),
            target: target.into(),
            ..Default::default()
        };
        let published = |host_port, address: &str| PortMapping {
            container_port: 6443,
            host_port,
            listen_address: address.into(),
            ..Default::default()
        };
        let spec = ContainerSpec {
            name: "a".into(),
            image: "node:1".into(),
            privileged: true,
            tmpfs: [("/run".to_owned(), String::new())].into(),
            mounts: vec![
                mount("", "/var"),
                Mount { read_only: true, ..mount("/lib/modules", "/lib/modules") },
                Mount { propagation: Propagation::Bidirectional, ..mount("/srv", "/data") },
            ],
            ports: vec![published(1, "127.0.0.1"), published(0, "::1"), published(2, ""), published(0, "")],
            init: Some(false),
            restart: RestartPolicy::OnFailure(1),
            network: "kind".into(),
            addresses: vec!["10.4.0.9".parse().unwrap(), "fd00::9".parse().unwrap()],
            cpu_millis: 1500,
            memory: 1 << 30,
            entrypoint: vec!["sh".into(), "-c".into()],
            command: vec!["true".into()],
            ..Default::default()
        };
        let made = arguments(&spec).unwrap();
        let wanted = [
            "create",
            "--name=a",
            "--hostname=a",
            "--privileged=true",
            "--tmpfs=/run",
            "--volume=/var",
            "--volume=/lib/modules:/lib/modules:ro",
            "--volume=/srv:/data:rshared",
            "--publish=127.0.0.1:1:6443/tcp",
            "--publish=[::1]::6443/tcp",
            "--publish=2:6443/tcp",
            "--publish=6443/tcp",
            "--init=false",
            "--restart=on-failure:1",
            "--network=kind",
            "--ip=10.4.0.9",
            "--ip6=fd00::9",
            "--cpus=1.500",
            "--memory=1073741824b",
            "--pull=never",
            "--entrypoint=sh",
            "node:1",
            "-c",
            "true",
        ];
        assert_eq!(made, wanted);
    }

    #[test]
    fn what_has_no_flag_is_told() {
        let spec = ContainerSpec { network_aliases: vec!["api".into()], ..Default::default() };
        assert_eq!(arguments(&spec).unwrap_err().code(), "engine.unsupported");
        let odd = Mount { source: "/a:b".into(), target: "/c".into(), ..Default::default() };
        assert!(volume(&odd).unwrap_err().message().contains("/a:b"));
    }
}
