//! The values that cross the engine trait.

use crate::error::Result;
use crate::event::Stream;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// Bytes as they come; an error ends the stream.
pub type ByteStream = BoxStream<'static, Result<Bytes>>;
/// Pieces of output as they come, not split into lines.
pub type OutputStream = BoxStream<'static, Result<(Stream, Bytes)>>;
/// Engine events as they come.
pub type EngineEventStream = BoxStream<'static, Result<EngineEvent>>;
/// Gets bytes done and, when known, bytes in all.
pub type ProgressFn<'a> = &'a (dyn Fn(u64, Option<u64>) + Send + Sync);
/// Gets output as it comes, and which stream it was written to.
pub type OutputFn<'a> = &'a (dyn Fn(Stream, &[u8]) + Send + Sync);

/// What an engine says of itself and its host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Info {
    /// `docker`, `podman` or `simulated`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Version of its API.
    pub api_version: String,
    /// `linux`.
    pub os: String,
    /// In Go's words: `amd64`, `arm64`.
    pub architecture: String,
    /// 1 or 2.
    pub cgroup_version: u8,
    /// `systemd`, `cgroupfs` or `none`.
    pub cgroup_driver: String,
    /// Whether it runs without root.
    pub rootless: bool,
    /// Which of the cgroup controllers `cpu`, `memory` and `pids` it can use for containers. A rootless engine has
    /// those that were delegated to its user.
    pub controllers: Vec<String>,
    /// Such as `overlay2`.
    pub storage_driver: String,
    /// The file system below that, such as `extfs` or `xfs`, where it tells.
    pub backing_filesystem: String,
    /// Whether root in its containers is another user outside (Docker's `userns-remap`).
    pub remaps_users: bool,
    /// Where it keeps images, containers and volumes: a folder of its host.
    pub root_dir: String,
    /// Processors of its host.
    pub cpus: u64,
    /// Memory of its host in bytes.
    pub memory: u64,
    /// Kernel release of its host.
    pub kernel: String,
}

/// A folder, file or volume seen inside a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct Mount {
    /// An absolute path on the engine's host, a volume's name, or empty for an anonymous volume.
    pub source: String,
    /// An absolute path in the container.
    pub target: String,
    /// Whether it cannot be written.
    pub read_only: bool,
    /// Whether the engine relabels it for `SELinux` (shared label).
    pub selinux_relabel: bool,
    /// For binds.
    pub propagation: Propagation,
}

/// How mounts made later travel across a bind mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Propagation {
    /// Not at all (`rprivate`).
    #[default]
    None,
    /// From the host into the container (`rslave`).
    HostToContainer,
    /// Both ways (`rshared`).
    Bidirectional,
}

/// Transport protocol of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum Protocol {
    /// TCP.
    #[default]
    TCP,
    /// UDP.
    UDP,
    /// SCTP.
    SCTP,
}

/// A container's port reached through one of the host's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct PortMapping {
    /// Port in the container.
    pub container_port: u16,
    /// Port on the host; 0 lets the engine choose.
    pub host_port: u16,
    /// Address on the host; empty for all.
    pub listen_address: String,
    /// Transport protocol.
    pub protocol: Protocol,
}

/// A device of the host seen inside a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Path on the host.
    pub host_path: String,
    /// Path in the container.
    pub container_path: String,
    /// Any of `rwm`.
    pub permissions: String,
}

/// When the engine starts a container again by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum RestartPolicy {
    /// Never.
    #[default]
    No,
    /// When it failed, at most this often.
    OnFailure(u32),
    /// Unless it was stopped.
    UnlessStopped,
    /// Always.
    Always,
}

/// Whether a container has a cgroup namespace of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum CgroupNamespace {
    /// The engine's default.
    #[default]
    Default,
    /// Its own.
    Private,
    /// The host's.
    Host,
}

/// Everything a node's container needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContainerSpec {
    /// Name, which must be free.
    pub name: String,
    /// Image to run.
    pub image: String,
    /// Host name; the container's name when empty.
    pub hostname: String,
    /// Replaces the image's entrypoint unless empty.
    pub entrypoint: Vec<String>,
    /// Arguments of the entrypoint.
    pub command: Vec<String>,
    /// Environment.
    pub env: BTreeMap<String, String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// All capabilities and devices.
    pub privileged: bool,
    /// Such as `seccomp=unconfined`.
    pub security_options: Vec<String>,
    /// Folder to tmpfs options (may be empty).
    pub tmpfs: BTreeMap<String, String>,
    /// Binds and volumes.
    pub mounts: Vec<Mount>,
    /// Published ports.
    pub ports: Vec<PortMapping>,
    /// Whether to have a terminal, as a systemd that logs to its console wants.
    pub tty: bool,
    /// Whether an init process of the engine is put in front; `None` for the engine's default.
    pub init: Option<bool>,
    /// Cgroup namespace.
    pub cgroup_namespace: CgroupNamespace,
    /// Whether its users are those of the host, also where the engine remaps users.
    pub host_users: bool,
    /// Kernel settings by name.
    pub sysctls: BTreeMap<String, String>,
    /// Devices of the host.
    pub devices: Vec<Device>,
    /// Restart policy.
    pub restart: RestartPolicy,
    /// Network to join; the engine's default when empty. `host` and `none` are known.
    pub network: String,
    /// Further names in that network.
    pub network_aliases: Vec<String>,
    /// Fixed addresses in that network.
    pub addresses: Vec<IpAddr>,
    /// Signal that stops it, such as `SIGRTMIN+3`; the image's when empty.
    pub stop_signal: String,
    /// Processors it may use at most, in thousandths; 0 for no limit.
    pub cpu_millis: u64,
    /// Bytes of memory it may use at most; 0 for no limit.
    pub memory: u64,
    /// `os/arch` of the image; the engine's own when empty.
    pub platform: String,
}

/// State of a container in the engine's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContainerState {
    /// Made, never started.
    #[default]
    Created,
    /// Its first process runs.
    Running,
    /// Frozen.
    Paused,
    /// Between two runs.
    Restarting,
    /// Its first process has ended.
    Exited,
    /// On its way out, or broken.
    Dead,
}

/// A container as the engine knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// Its id, 64 hex digits.
    pub id: String,
    /// Its name, without a leading slash.
    pub name: String,
    /// The image it was made from, as it was named.
    pub image: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its state.
    pub state: ContainerState,
    /// Exit code of its last run.
    pub exit_code: i64,
    /// Whether the kernel killed it for want of memory.
    pub oom_killed: bool,
    /// Its published ports with the host ports that were given.
    pub ports: Vec<PortMapping>,
    /// Its binds and volumes. Filled by inspect only.
    pub mounts: Vec<Mount>,
    /// Its environment. Filled by inspect only.
    pub env: BTreeMap<String, String>,
    /// IPv4 addresses by network.
    pub ipv4: BTreeMap<String, String>,
    /// IPv6 addresses by network.
    pub ipv6: BTreeMap<String, String>,
    /// Seconds since 1970 when it was made.
    pub created: i64,
    /// Process id of its first process on the engine's host; 0 when it does not run.
    pub pid: i64,
}

impl Container {
    /// Its first IPv4 address, or an empty text.
    pub fn address(&self) -> &str {
        self.ipv4.values().find(|a| !a.is_empty()).map_or("", String::as_str)
    }
    /// The host's address and port behind a container port.
    pub fn host_port(&self, container_port: u16, protocol: Protocol) -> Option<(&str, u16)> {
        self.ports
            .iter()
            .find(|p| p.container_port == container_port && p.protocol == protocol && p.host_port != 0)
            .map(|p| (p.listen_address.as_str(), p.host_port))
    }
}

/// What a new network is to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkSpec {
    /// Its name.
    pub name: String,
    /// Such as `bridge`, the default when empty.
    pub driver: String,
    /// Whether containers get IPv6 addresses.
    pub ipv6: bool,
    /// Subnets; the engine chooses an IPv4 one when none is given.
    pub subnets: Vec<String>,
    /// Driver options.
    pub options: BTreeMap<String, String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

/// A network as the engine knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its driver.
    pub driver: String,
    /// Whether containers get IPv6 addresses.
    pub ipv6: bool,
    /// Its subnets.
    pub subnets: Vec<String>,
    /// Gateways of the subnets, where known.
    pub gateways: Vec<String>,
    /// The driver's options, where the engine tells them.
    pub options: BTreeMap<String, String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// How many containers are in it.
    pub containers: usize,
}

/// An image as the engine knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Its id, `sha256:` and 64 hex digits.
    pub id: String,
    /// Its names with tag.
    pub tags: Vec<String>,
    /// Its names with digest.
    pub digests: Vec<String>,
    /// In Go's words. Empty in listings.
    pub architecture: String,
    /// Such as `linux`. Empty in listings.
    pub os: String,
    /// Size in bytes.
    pub size: u64,
    /// Entrypoint. Empty in listings.
    pub entrypoint: Vec<String>,
    /// Default arguments. Empty in listings.
    pub command: Vec<String>,
    /// Environment. Empty in listings.
    pub env: BTreeMap<String, String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Digests (`sha256:…`) of its uncompressed layers, the lowest first. Empty in listings.
    pub layers: Vec<String>,
}

/// A command to run in a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExecSpec {
    /// Program and arguments; no shell is put in front.
    pub command: Vec<String>,
    /// Environment added to the container's.
    pub env: BTreeMap<String, String>,
    /// User, as in `user:group`; the container's when empty.
    pub user: String,
    /// Working directory; the container's when empty.
    pub workdir: String,
    /// Whether to have a terminal (then everything comes as standard output).
    pub tty: bool,
    /// Whether it gets all capabilities.
    pub privileged: bool,
    /// When it runs longer it is killed and the call fails with `engine.time_limit`.
    pub time_limit: Option<Duration>,
}

/// Where a command's input comes from and where its output goes.
#[derive(Default)]
pub struct ExecIo<'a> {
    /// Standard input; closed at once when `None`.
    pub stdin: Option<ByteStream>,
    /// Gets output as it comes, in addition to what is collected.
    pub output: Option<OutputFn<'a>>,
    /// When set, output is not collected (only `output` gets it).
    pub discard: bool,
    /// Sizes (columns, rows) for the terminal, when `tty` is set; each new value resizes it.
    pub sizes: Option<BoxStream<'static, (u16, u16)>>,
}

/// What became of a command.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ExecResult {
    /// Its exit code; 128 + n when signal n ended it.
    pub code: i64,
    /// What it wrote to standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub stderr: Vec<u8>,
}

/// Which logs are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogOptions {
    /// Whether to go on until the container stops.
    pub follow: bool,
    /// Only the last so many lines; all when `None`.
    pub tail: Option<u64>,
    /// Only what was written at or after this second since 1970.
    pub since: Option<i64>,
    /// Whether each line starts with its time.
    pub timestamps: bool,
}

/// Something that happened to a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineEvent {
    /// Such as `start`, `die`, `kill`.
    pub action: String,
    /// The container's id.
    pub container: String,
    /// The container's name.
    pub name: String,
    /// Seconds since 1970.
    pub time: i64,
    /// What else the engine says, such as `exitCode`.
    pub attributes: BTreeMap<String, String>,
}
