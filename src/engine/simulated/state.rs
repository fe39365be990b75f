//! What the simulated engine has.

use super::answer::Rule;
use super::deed::{Deed, File};
use super::operation::Operation;
use crate::engine::context::sha256_hex;
use crate::engine::{
    Container, ContainerSpec, ContainerState, EngineEvent, Image, Info, Network, PortMapping, Protocol,
};
use crate::error::{Error, Result};
use crate::event::Stream;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::broadcast;

/// An event and the labels of its container.
pub(super) type Told = (EngineEvent, BTreeMap<String, String>);

/// Called with every deed.
pub(super) type Observer = Arc<dyn Fn(&Deed) + Send + Sync>;

pub(super) struct State {
    pub info: Info,
    /// By name.
    pub containers: BTreeMap<String, StoredContainer>,
    pub networks: BTreeMap<String, StoredNetwork>,
    pub volumes: BTreeMap<String, BTreeMap<String, String>>,
    /// By id.
    pub images: BTreeMap<String, StoredImage>,
    /// What can be pulled; everything when `None`.
    pub registry: Option<BTreeSet<String>>,
    pub foreign_ports: BTreeSet<u16>,
    pub rules: Vec<Rule>,
    pub faults: Vec<(Operation, Error)>,
    pub reactions: Vec<Reaction>,
    pub deeds: Vec<Deed>,
    /// Told of every deed.
    pub observer: Option<Observer>,
    /// Files that every new container has.
    pub base_files: BTreeMap<String, File>,
    counter: u64,
}

/// A signal and what a container then writes.
pub(super) struct Reaction {
    pub signal: String,
    pub line: String,
}

pub(super) struct StoredContainer {
    pub spec: ContainerSpec,
    pub seen: Container,
    pub files: BTreeMap<String, File>,
    pub log: Vec<(Stream, Bytes)>,
    pub signals: Vec<String>,
}

pub(super) struct StoredNetwork {
    pub seen: Network,
    /// How many addresses were given out.
    pub given: u32,
}

#[derive(Clone, Default)]
pub(super) struct StoredImage {
    pub seen: Image,
    pub files: BTreeMap<String, File>,
}

impl Default for State {
    fn default() -> Self {
        let info = Info {
            name: "simulated".into(),
            version: "1".into(),
            api_version: "1.45".into(),
            os: "linux".into(),
            architecture: if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }.into(),
            cgroup_version: 2,
            cgroup_driver: "systemd".into(),
            rootless: false,
            controllers: ["cpu", "memory", "pids"].map(str::to_owned).to_vec(),
            backing_filesystem: String::new(),
            remaps_users: false,
            storage_driver: "memory".into(),
            root_dir: String::new(),
            cpus: 4,
            memory: 8 << 30,
            kernel: "6.12.0".into(),
        };
        let mut state = Self {
            info,
            containers: BTreeMap::new(),
            networks: BTreeMap::new(),
            volumes: BTreeMap::new(),
            images: BTreeMap::new(),
            registry: None,
            foreign_ports: BTreeSet::new(),
            rules: Vec::new(),
            faults: Vec::new(),
            reactions: Vec::new(),
            deeds: Vec::new(),
            observer: None,
            base_files: BTreeMap::new(),
            counter: 0,
        };
        for (name, driver, subnets) in [
            ("bridge", "bridge", vec!["172.17.0.0/16".to_owned()]),
            ("host", "host", vec![]),
            ("none", "null", vec![]),
        ] {
            let seen = Network {
                id: state.next_id(),
                name: name.into(),
                driver: driver.into(),
                subnets,
                ..Network::default()
            };
            state.networks.insert(name.into(), StoredNetwork { seen, given: 0 });
        }
        state
    }
}

/// `SIGUSR1`, `usr1` and `USR1` are one.
pub(super) fn signal_name(signal: &str) -> String {
    let upper = signal.to_ascii_uppercase();
    upper.strip_prefix("SIG").map_or(upper.clone(), str::to_owned)
}

/// Numbers of the signals that end a process which does not expect them.
fn signal_number(name: &str) -> Option<i64> {
    match name {
        "HUP" => Some(1),
        "INT" => Some(2),
        "QUIT" => Some(3),
        "KILL" => Some(9),
        "TERM" => Some(15),
        "RTMIN+3" => Some(37),
        other => other.parse().ok(),
    }
}

pub(super) fn not_found(what: &str, name: &str) -> Error {
    Error::engine("engine.not_found", format!("no such {what}: {name}"))
}

pub(super) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX))
}

impl State {
    /// Keeps a deed and tells whoever listens.
    pub fn record(&mut self, deed: Deed) {
        if let Some(observer) = &self.observer {
            observer(&deed);
        }
        self.deeds.push(deed);
    }

    /// An id nothing else has, of 64 hex digits.
    pub fn next_id(&mut self) -> String {
        self.counter += 1;
        sha256_hex(&self.counter.to_string())
    }

    /// The name of the container that `name` (or an id) means.
    pub fn key(&self, name: &str) -> Result<String> {
        let by_id = || self.containers.iter().find(|(_, c)| c.seen.id == name).map(|(key, _)| key.clone());
        if self.containers.contains_key(name) {
            return Ok(name.to_owned());
        }
        by_id().ok_or_else(|| not_found("container", name))
    }

    pub fn container(&mut self, name: &str) -> Result<&mut StoredContainer> {
        let key = self.key(name)?;
        self.containers.get_mut(&key).ok_or_else(|| not_found("container", name))
    }

    /// The same, when its first process runs.
    pub fn running(&mut self, name: &str) -> Result<&mut StoredContainer> {
        let container = self.container(name)?;
        match container.seen.state {
            ContainerState::Running => Ok(container),
            _ => Err(Error::engine("engine.not_running", format!("container {name} is not running"))),
        }
    }

    /// Gives `ports` host ports where they want any; fails when one is taken.
    pub fn assign_ports(&self, name: &str, ports: &mut [PortMapping]) -> Result<()> {
        let mut taken: Vec<(u16, Protocol, String)> = self
            .containers
            .values()
            .filter(|other| other.seen.name != name && other.seen.state == ContainerState::Running)
            .flat_map(|other| other.seen.ports.iter())
            .map(|port| (port.host_port, port.protocol, port.listen_address.clone()))
            .collect();
        for port in ports {
            let everywhere = |address: &str| matches!(address, "" | "0.0.0.0" | "::");
            let is_taken = |number: u16, taken: &[(u16, Protocol, String)]| {
                self.foreign_ports.contains(&number)
                    || taken.iter().any(|(other, protocol, address)| {
                        *other == number
                            && *protocol == port.protocol
                            && (everywhere(address)
                                || everywhere(&port.listen_address)
                                || *address == port.listen_address)
                    })
            };
            if port.host_port == 0 {
                port.host_port =
                    (32768..=60999).find(|number| !is_taken(*number, &taken)).unwrap_or_default();
            } else if is_taken(port.host_port, &taken) {
                let message = format!("cannot start container {name}: port {} is taken", port.host_port);
                return Err(Error::engine("engine.port_taken", message).hint("choose another host port"));
            }
            taken.push((port.host_port, port.protocol, port.listen_address.clone()));
        }
        Ok(())
    }

    /// Ends a container's first process.
    pub fn end(&mut self, name: &str, code: i64, events: &broadcast::Sender<Told>) {
        let Ok(container) = self.container(name) else { return };
        if !matches!(container.seen.state, ContainerState::Running | ContainerState::Paused) {
            return;
        }
        container.seen.state = ContainerState::Exited;
        container.seen.exit_code = code;
        container.seen.pid = 0;
        container.seen.ipv4.values_mut().for_each(String::clear);
        container.seen.ipv6.values_mut().for_each(String::clear);
        container.tell(events, "die", &[("exitCode", &code.to_string())]);
    }

    /// What a signal does: the stop signal ends the first process, as does KILL, and what was said to be a
    /// reaction happens. Other signals are only noted.
    pub fn signal(&mut self, name: &str, signal: &str, events: &broadcast::Sender<Told>) -> Result<()> {
        let signal = signal_name(signal);
        let lines: Vec<String> =
            self.reactions.iter().filter(|r| r.signal == signal).map(|r| format!("{}\n", r.line)).collect();
        let container = self.container(name)?;
        if !matches!(container.seen.state, ContainerState::Running | ContainerState::Paused) {
            return Err(Error::engine("engine.not_running", format!("container {name} is not running")));
        }
        container.signals.push(signal.clone());
        container.tell(events, "kill", &[("signal", &signal)]);
        let stop = signal_name(&container.spec.stop_signal);
        let is_stop = if stop.is_empty() { signal == "TERM" } else { signal == stop };
        let ends = is_stop || matches!(signal.as_str(), "KILL" | "9");
        for line in lines {
            container.log.push((Stream::Stdout, line.into()));
        }
        if ends {
            let code = 128 + signal_number(&signal).unwrap_or_default();
            self.end(name, code, events);
        }
        Ok(())
    }

    pub fn add_image(&mut self, reference: &str, mut image: StoredImage) -> String {
        let name = super::images::full_name(reference);
        for other in self.images.values_mut() {
            other.seen.tags.retain(|tag| *tag != name);
        }
        if image.seen.id.is_empty() {
            image.seen.id = format!("sha256:{}", self.next_id());
        }
        if image.seen.architecture.is_empty() {
            image.seen.architecture.clone_from(&self.info.architecture);
            image.seen.os = "linux".into();
        }
        let id = image.seen.id.clone();
        let stored = self.images.entry(id.clone()).or_insert(image);
        if !stored.seen.tags.contains(&name) {
            stored.seen.tags.push(name);
        }
        id
    }

    /// The id of the image that `reference` (or an id) means.
    pub fn image_id(&self, reference: &str) -> Option<String> {
        let name = super::images::full_name(reference);
        let of = |image: &&StoredImage| {
            image.seen.tags.contains(&name)
                || image.seen.digests.iter().any(|digest| digest == reference)
                || image.seen.id == reference
                || image.seen.id.strip_prefix("sha256:") == Some(reference)
        };
        self.images.values().find(of).map(|image| image.seen.id.clone())
    }
}

impl StoredContainer {
    pub fn tell(&self, events: &broadcast::Sender<Told>, action: &str, attributes: &[(&str, &str)]) {
        let attributes =
            attributes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let event = EngineEvent {
            action: action.into(),
            container: self.seen.id.clone(),
            name: self.seen.name.clone(),
            time: now(),
            attributes,
        };
        // nobody may be listening
        let _ = events.send((event, self.seen.labels.clone()));
    }
}
