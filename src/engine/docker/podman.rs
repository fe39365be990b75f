//! Containers made through Podman's own API.
//!
//! Its Docker-compatible API serves for everything else, but when it makes a container it drops the cgroup namespace and
//! has no way to say that a volume may hold devices and set-user-id programs, as Docker's volumes may.

use super::{Docker, raw};
use crate::engine::{
    CgroupNamespace, ContainerSpec, EndpointKind, Image, Mount, Propagation, Protocol, RestartPolicy,
};
use crate::error::{Error, Result};
use bollard::errors::Error as Bollard;
use serde_json::{Map, Value, json};

/// The first version whose API has this form.
const SINCE: u64 = 4;

impl Docker {
    pub(super) fn is_podman(&self) -> bool {
        self.endpoint.kind == EndpointKind::Podman
    }

    /// Whether Podman's own API can be used: the version is new enough, and the connection is not encrypted.
    pub(super) fn has_libpod(&self) -> bool {
        let major = self.version.split('.').next().and_then(|major| major.parse::<u64>().ok());
        self.is_podman() && major.is_some_and(|major| major >= SINCE) && raw::is_plain(&self.dial)
    }

    /// Creates a container; returns its id.
    pub(super) async fn create_podman_container(&self, spec: &ContainerSpec) -> Result<String> {
        let doing = format!("create container {}", spec.name);
        let mut body = body_of(spec)?;
        if let Some(found) = self.inspect_image_impl(&spec.image).await? {
            body["image"] = podmans_name(&spec.image, &found).into();
            let platform = format!("{}/{}", found.os, found.architecture);
            // Podman takes what it has
            if !spec.platform.is_empty() && spec.platform != platform {
                let message = format!(
                    "image {} is for {platform} and does not match the specified platform",
                    spec.image
                );
                return Err(
                    self.failed(doing, Bollard::DockerResponseServerError { status_code: 409, message })
                );
            }
        }
        let path = format!("/v{SINCE}.0.0/libpod/containers/create");
        let answer =
            raw::post(&self.dial, &path, &body).await.map_err(|error| self.failed(&doing, error.into()))?;
        let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        match told["Id"].as_str() {
            Some(id) if answer.status == 201 => Ok(id.to_owned()),
            _ => {
                let message = told["message"].as_str().or_else(|| told["cause"].as_str());
                let message = message.map_or_else(|| "no reason is given".to_owned(), str::to_owned);
                let error = Bollard::DockerResponseServerError { status_code: answer.status, message };
                Err(self.failed(doing, error))
            }
        }
    }

    /// Ends a container without the ten seconds that Podman's Docker-compatible API gives it, and removes it. Whether
    /// that was done; what was not is for the ordinary way to tell.
    pub(super) async fn remove_podman_container(&self, path_segment: &str) -> bool {
        let path =
            format!("/v{SINCE}.0.0/libpod/containers/{path_segment}?force=true&volumes=true&timeout=0");
        match raw::delete(&self.dial, &path).await {
            // version 4 tells of each container how it went
            Ok(answer) if answer.status == 200 => {
                let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                told.as_array().is_some_and(|all| all.iter().all(|one| one["Err"].is_null()))
            }
            Ok(answer) => answer.status == 204,
            Err(_) => false,
        }
    }

    /// Removes what upstream kind made for a node on Podman: a named volume, with the node's name as a label.
    pub(super) async fn remove_volumes_named_after(&self, container: &str) -> Result<()> {
        if self.is_podman() {
            for volume in self.list_volumes_impl(&[container.to_owned()]).await? {
                self.remove_volume_impl(&volume).await?;
            }
        }
        Ok(())
    }
}

/// The name under which Podman has an image: it keeps the registry, which Docker leaves out, and takes a short name for one of
/// any registry.
fn podmans_name(reference: &str, found: &Image) -> String {
    let known = |name: &str| found.tags.iter().chain(&found.digests).any(|tag| tag == name);
    let full = full_names(reference).into_iter().find(|(short, _)| known(short));
    // else it is an id, or a name that only Podman understands
    full.map_or_else(|| reference.to_owned(), |(_, full)| full)
}

/// What an image may be called in Docker's words and then in full, best first.
fn full_names(reference: &str) -> Vec<(String, String)> {
    let last = reference.rsplit('/').next().unwrap_or_default();
    let tagged = if last.contains(':') || last.contains('@') {
        reference.to_owned()
    } else {
        format!("{reference}:latest")
    };
    let first = reference.split('/').next().unwrap_or_default();
    let has_registry = reference.contains('/') && (first.contains(['.', ':']) || first == "localhost");
    if has_registry {
        return vec![
            (tagged.trim_start_matches("docker.io/").into(), tagged.clone()),
            (tagged.clone(), tagged),
        ];
    }
    let library = if reference.contains('/') { "" } else { "library/" };
    vec![
        (tagged.clone(), format!("docker.io/{library}{tagged}")),
        (format!("localhost/{tagged}"), format!("localhost/{tagged}")),
    ]
}

/// The document that describes a container to Podman.
fn body_of(spec: &ContainerSpec) -> Result<Value> {
    let mut body = json!({
        "name": spec.name,
        "image": spec.image,
        "hostname": if spec.hostname.is_empty() { &spec.name } else { &spec.hostname },
        "env": spec.env,
        "labels": spec.labels,
        "privileged": spec.privileged,
        "terminal": spec.tty,
        "init": spec.init.unwrap_or(false),
        // else Podman changes mounts and the stop signal of what it takes for systemd
        "systemd": "false",
        "sysctl": spec.sysctls,
        "volumes": volumes(&spec.mounts),
        "mounts": mounts(spec),
        "devices": spec.devices.iter().map(|device| {
            json!({"path": format!("{}:{}:{}", device.host_path, device.container_path, device.permissions)})
        }).collect::<Vec<_>>(),
        "portmappings": ports(spec),
        "resource_limits": limits(spec),
    });
    let mut set = |name: &str, value: Value| body[name] = value;
    if !spec.entrypoint.is_empty() {
        set("entrypoint", json!(spec.entrypoint));
    }
    if !spec.command.is_empty() {
        set("command", json!(spec.command));
    }
    match spec.cgroup_namespace {
        CgroupNamespace::Default => {}
        CgroupNamespace::Private => set("cgroupns", json!({"nsmode": "private"})),
        CgroupNamespace::Host => set("cgroupns", json!({"nsmode": "host"})),
    }
    match spec.restart {
        RestartPolicy::No => {}
        RestartPolicy::OnFailure(times) => {
            set("restart_policy", json!("on-failure"));
            set("restart_tries", json!(times));
        }
        RestartPolicy::UnlessStopped => set("restart_policy", json!("unless-stopped")),
        RestartPolicy::Always => set("restart_policy", json!("always")),
    }
    if !spec.stop_signal.is_empty() {
        set("stop_signal", json!(signal_number(&spec.stop_signal)?));
    }
    for option in &spec.security_options {
        let (name, value) = option.split_once(['=', ':']).unwrap_or((option, "true"));
        match name {
            "seccomp" => set("seccomp_profile_path", json!(value)),
            "apparmor" => set("apparmor_profile", json!(value)),
            "label" => set("selinux_opts", json!([value])),
            "no-new-privileges" => set("no_new_privileges", json!(value == "true")),
            _ => {
                let message = format!("\"{option}\" is no security option that Podman knows");
                return Err(Error::user("engine.bad_security_option", message)
                    .hint("seccomp=…, apparmor=…, label=… and no-new-privileges are"));
            }
        }
    }
    network(spec, &mut set);
    Ok(body)
}

fn network(spec: &ContainerSpec, set: &mut impl FnMut(&str, Value)) {
    match spec.network.as_str() {
        "" => {}
        "host" => {
            set("netns", json!({"nsmode": "host"}));
            set("hostname", json!(""));
        }
        "none" => set("netns", json!({"nsmode": "none"})),
        name => {
            let mut options = Map::new();
            if !spec.network_aliases.is_empty() {
                options.insert("aliases".into(), json!(spec.network_aliases));
            }
            if !spec.addresses.is_empty() {
                options.insert("static_ips".into(), json!(spec.addresses));
            }
            set("netns", json!({"nsmode": "bridge"}));
            set("Networks", json!({ name: options }));
        }
    }
}

/// Volumes, named and anonymous; with what Docker allows in them.
fn volumes(mounts: &[Mount]) -> Vec<Value> {
    let volumes = mounts.iter().filter(|mount| !mount.source.starts_with('/'));
    volumes
        .map(|mount| {
            let mut options = vec!["suid", "exec", "dev"];
            options.extend(mount.read_only.then_some("ro"));
            options.extend(mount.selinux_relabel.then_some("z"));
            json!({"Name": mount.source, "Dest": mount.target, "Options": options})
        })
        .collect()
}

/// Folders of the host and of memory.
fn mounts(spec: &ContainerSpec) -> Vec<Value> {
    let folders = spec.mounts.iter().filter(|mount| mount.source.starts_with('/')).map(|mount| {
        let mut options = vec!["rbind"];
        options.extend(mount.read_only.then_some("ro"));
        options.extend(mount.selinux_relabel.then_some("z"));
        options.push(match mount.propagation {
            Propagation::None => "rprivate",
            Propagation::HostToContainer => "rslave",
            Propagation::Bidirectional => "rshared",
        });
        json!({"type": "bind", "source": mount.source, "destination": mount.target, "options": options})
    });
    let memory = spec.tmpfs.iter().map(|(target, options)| {
        let options: Vec<_> = options.split(',').filter(|option| !option.is_empty()).collect();
        json!({"type": "tmpfs", "source": "tmpfs", "destination": target, "options": options})
    });
    folders.chain(memory).collect()
}

fn ports(spec: &ContainerSpec) -> Vec<Value> {
    let ports = spec.ports.iter().map(|port| {
        let protocol = match port.protocol {
            Protocol::TCP => "tcp",
            Protocol::UDP => "udp",
            Protocol::SCTP => "sctp",
        };
        json!({
            "host_ip": port.listen_address, "host_port": port.host_port,
            "container_port": port.container_port, "protocol": protocol,
        })
    });
    ports.collect()
}

fn limits(spec: &ContainerSpec) -> Value {
    /// The period, in microseconds, that a share of the processors is measured by.
    const PERIOD: u64 = 100_000;
    let mut limits = Map::new();
    if spec.cpu_millis > 0 {
        limits.insert("cpu".into(), json!({"period": PERIOD, "quota": spec.cpu_millis * (PERIOD / 1000)}));
    }
    if spec.memory > 0 {
        limits.insert("memory".into(), json!({"limit": spec.memory}));
    }
    limits.into()
}

/// A signal's number: `SIGRTMIN+3` is 37.
pub(in crate::engine) fn signal_number(name: &str) -> Result<i32> {
    let unknown = || {
        Error::user("engine.bad_signal", format!("\"{name}\" is no signal"))
            .hint("such as SIGTERM, SIGRTMIN+3 or a number")
    };
    if let Ok(number) = name.parse() {
        return Ok(number);
    }
    let short = name.trim_start_matches("SIG");
    if let Some(above) = short.strip_prefix("RTMIN") {
        let above = if above.is_empty() { Ok(0) } else { above.trim_start_matches('+').parse::<i32>() };
        return above.map(|above| 34 + above).map_err(|_| unknown());
    }
    let number = match short {
        "HUP" => 1,
        "INT" => 2,
        "QUIT" => 3,
        "KILL" => 9,
        "USR1" => 10,
        "USR2" => 12,
        "TERM" => 15,
        _ => return Err(unknown()),
    };
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::PortMapping;

    #[test]
    fn a_node_is_described_in_podmans_words() {
        let mount = |source: &str, target: &str| Mount {
            source: source.into(),
            target: target.into(),
            ..Default::default()
        };
        let spec = ContainerSpec {
            name: "a".into(),
            privileged: true,
            cgroup_namespace: CgroupNamespace::Private,
            security_options: vec!["seccomp=unconfined".into()],
            tmpfs: [("/run".to_owned(), String::new())].into(),
            mounts: vec![
                mount("", "/var"),
                Mount { read_only: true, ..mount("/lib/modules", "/lib/modules") },
            ],
            ports: vec![PortMapping {
                container_port: 6443,
                listen_address: "127.0.0.1".into(),
                ..Default::default()
            }],
            restart: RestartPolicy::OnFailure(1),
            stop_signal: "SIGRTMIN+3".into(),
            network: "kind".into(),
            addresses: vec!["10.89.0.9".parse().unwrap()],
            cpu_millis: 1500,
            memory: 1 << 30,
            ..Default::default()
        };
        let body = body_of(&spec).unwrap();
        assert_eq!(body["hostname"], "a");
        assert_eq!(body["cgroupns"]["nsmode"], "private");
        assert_eq!(
            body["volumes"],
            json!([{"Name": "", "Dest": "/var", "Options": ["suid", "exec", "dev"]}])
        );
        assert_eq!(body["mounts"][0]["options"], json!(["rbind", "ro", "rprivate"]));
        assert_eq!(body["mounts"][1]["type"], "tmpfs");
        assert_eq!(body["portmappings"][0]["container_port"], 6443);
        assert_eq!((&body["restart_policy"], &body["restart_tries"]), (&json!("on-failure"), &json!(1)));
        assert_eq!(body["stop_signal"], 37);
        assert_eq!(body["Networks"], json!({"kind": {"static_ips": ["10.89.0.9"]}}));
        assert_eq!(
            body["resource_limits"],
            json!({"cpu": {"period": 100_000, "quota": 150_000}, "memory": {"limit": 1 << 30}})
        );
        assert!(body.get("entrypoint").is_none());
    }

    #[test]
    fn what_podman_does_not_know_is_told() {
        let spec = ContainerSpec { security_options: vec!["magic=1".into()], ..Default::default() };
        assert_eq!(body_of(&spec).unwrap_err().code(), "engine.bad_security_option");
        assert_eq!(signal_number("SIGNOTHING").unwrap_err().code(), "engine.bad_signal");
        assert_eq!(signal_number("SIGRTMIN").unwrap(), 34);
    }

    #[test]
    fn names_get_their_registry() {
        let full = |name| full_names(name).into_iter().map(|(_, full)| full).collect::<Vec<_>>();
        assert_eq!(full("kindest/node:v1"), ["docker.io/kindest/node:v1", "localhost/kindest/node:v1"]);
        assert_eq!(full("busybox"), ["docker.io/library/busybox:latest", "localhost/busybox:latest"]);
        assert_eq!(full("host:5000/a")[0], "host:5000/a:latest");
    }
}
