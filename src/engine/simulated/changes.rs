//! Containers: their life, as the real engine would have it.

use super::Simulated;
use super::deed::Deed;
use super::operation::Operation;
use super::state::{State, StoredContainer, not_found, now};
use crate::engine::{Container, ContainerSpec, ContainerState, Mount};
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::time::Duration;

/// An address of a network for a container: `number` counts the containers the network has had.
fn address(subnet: &str, number: u32) -> Option<String> {
    let net: ipnet::IpNet = subnet.parse().ok()?;
    let step = number + 2; // the network's own and the gateway's come first
    match net.network() {
        std::net::IpAddr::V4(first) => Some(std::net::Ipv4Addr::from(u32::from(first) + step).to_string()),
        std::net::IpAddr::V6(first) => {
            Some(std::net::Ipv6Addr::from(u128::from(first) + u128::from(step)).to_string())
        }
    }
}

impl State {
    /// Addresses in a container's network: those it asked for, or the next free ones.
    fn give_addresses(&mut self, spec: &ContainerSpec) -> Result<[BTreeMap<String, String>; 2]> {
        let name = if spec.network.is_empty() { "bridge" } else { &spec.network };
        let network = self.networks.get_mut(name).ok_or_else(|| not_found("network", name))?;
        let number = network.given;
        network.given += 1;
        let given = |is_v6: bool| {
            let asked =
                spec.addresses.iter().find(|address| address.is_ipv6() == is_v6).map(ToString::to_string);
            let subnet = network.seen.subnets.iter().find(|subnet| subnet.contains(':') == is_v6);
            asked.or_else(|| subnet.and_then(|subnet| address(subnet, number)))
        };
        Ok([false, true].map(|is_v6| given(is_v6).map(|a| (name.to_owned(), a)).into_iter().collect()))
    }
}

impl Simulated {
    pub(super) fn create(&self, spec: &ContainerSpec) -> Result<String> {
        let mut state = self.begin(Operation::CreateContainer)?;
        if state.containers.contains_key(&spec.name) {
            let message = format!(
                "cannot create container {0}: the container name \"{0}\" is already in use",
                spec.name
            );
            return Err(
                Error::engine("engine.conflict", message).hint("choose another name, or remove what has it")
            );
        }
        let image =
            state.image_id(&spec.image).and_then(|id| state.images.get(&id).cloned()).ok_or_else(|| {
                Error::engine(
                    "engine.not_found",
                    format!("cannot create container {}: no such image: {}", spec.name, spec.image),
                )
            })?;
        let wanted = spec.platform.split('/').nth(1).unwrap_or_default();
        if !wanted.is_empty() && wanted != image.seen.architecture {
            let message = format!(
                "cannot create container {}: image {} is made for {}",
                spec.name, spec.image, image.seen.architecture
            );
            return Err(Error::engine("engine.wrong_platform", message));
        }
        let id = state.next_id();
        let seen = Container {
            id: id.clone(),
            name: spec.name.clone(),
            image: spec.image.clone(),
            labels: image.seen.labels.clone().into_iter().chain(spec.labels.clone()).collect(),
            ports: spec.ports.clone(),
            mounts: mounts_of(spec, &id),
            env: image.seen.env.clone().into_iter().chain(spec.env.clone()).collect(),
            created: now(),
            ..Container::default()
        };
        let container = StoredContainer {
            spec: spec.clone(),
            seen,
            files: image.files.into_iter().chain(state.base_files.clone()).collect(),
            log: Vec::new(),
            signals: Vec::new(),
        };
        container.tell(&self.events, "create", &[("image", &spec.image)]);
        state.containers.insert(spec.name.clone(), container);
        for mount in spec.mounts.iter().filter(|m| !m.source.is_empty() && !m.source.starts_with('/')) {
            state.volumes.entry(mount.source.clone()).or_default();
        }
        state.record(Deed::CreateContainer(Box::new(spec.clone())));
        Ok(id)
    }

    pub(super) fn start(&self, name: &str) -> Result<()> {
        let mut state = self.begin(Operation::StartContainer)?;
        let container = state.container(name)?;
        if container.seen.state == ContainerState::Running {
            return Ok(());
        }
        let spec = container.spec.clone();
        let mut ports = spec.ports.clone();
        state.assign_ports(&spec.name, &mut ports)?;
        let [ipv4, ipv6] = state.give_addresses(&spec)?;
        let pid = 1000 + i64::try_from(state.deeds.len()).unwrap_or_default();
        let container = state.container(name)?;
        container.seen.state = ContainerState::Running;
        container.seen.exit_code = 0;
        (container.seen.ports, container.seen.ipv4, container.seen.ipv6, container.seen.pid) =
            (ports, ipv4, ipv6, pid);
        container.tell(&self.events, "start", &[]);
        state.record(Deed::StartContainer(spec.name));
        Ok(())
    }

    pub(super) fn stop(&self, name: &str, grace: Duration) -> Result<()> {
        let mut state = self.begin(Operation::StopContainer)?;
        let key = state.key(name)?;
        let container = state.container(&key)?;
        let signal =
            Some(container.spec.stop_signal.clone()).filter(|s| !s.is_empty()).unwrap_or("TERM".into());
        if matches!(container.seen.state, ContainerState::Running | ContainerState::Paused) {
            state.signal(&key, &signal, &self.events)?;
            state.record(Deed::StopContainer { name: key, grace });
        }
        drop(state);
        self.changed.notify_waiters();
        Ok(())
    }

    pub(super) fn kill(&self, name: &str, signal: &str) -> Result<()> {
        let mut state = self.begin(Operation::KillContainer)?;
        let key = state.key(name)?;
        state.signal(&key, signal, &self.events)?;
        state.record(Deed::KillContainer { name: key, signal: signal.to_owned() });
        drop(state);
        self.changed.notify_waiters();
        Ok(())
    }

    pub(super) fn pause(&self, name: &str, pause: bool) -> Result<()> {
        let operation = if pause { Operation::PauseContainer } else { Operation::UnpauseContainer };
        let (from, to) = if pause {
            (ContainerState::Running, ContainerState::Paused)
        } else {
            (ContainerState::Paused, ContainerState::Running)
        };
        let mut state = self.begin(operation)?;
        let key = state.key(name)?;
        let container = state.container(&key)?;
        if container.seen.state != from {
            let word = if pause { "running" } else { "paused" };
            return Err(Error::engine("engine.not_running", format!("container {key} is not {word}")));
        }
        container.seen.state = to;
        container.tell(&self.events, if pause { "pause" } else { "unpause" }, &[]);
        state.record(if pause { Deed::PauseContainer(key) } else { Deed::UnpauseContainer(key) });
        Ok(())
    }

    pub(super) fn remove(&self, name: &str) -> Result<()> {
        let mut state = self.begin(Operation::RemoveContainer)?;
        let Ok(key) = state.key(name) else { return Ok(()) };
        state.end(&key, 137, &self.events);
        if let Some(container) = state.containers.remove(&key) {
            container.tell(&self.events, "destroy", &[]);
        }
        state.record(Deed::RemoveContainer(key));
        drop(state);
        self.changed.notify_waiters();
        Ok(())
    }

    /// Waits for the end of the first process; one that is removed has ended.
    pub(super) async fn wait(&self, name: &str) -> Result<i64> {
        self.begin(Operation::WaitContainer)?.container(name)?;
        loop {
            let changed = self.changed.notified();
            match self.lock().container(name) {
                Ok(container) if container.seen.state == ContainerState::Exited => {
                    return Ok(container.seen.exit_code);
                }
                Ok(_) => {}
                Err(_) => return Ok(137),
            }
            changed.await;
        }
    }

    pub(super) fn list(&self, labels: &[String]) -> Result<Vec<Container>> {
        let state = self.begin(Operation::ListContainers)?;
        let listed = state.containers.values().filter(|container| carries(&container.seen.labels, labels));
        // a listing knows less than an inspection
        Ok(listed
            .map(|container| Container {
                mounts: Vec::new(),
                env: BTreeMap::new(),
                pid: 0,
                ..container.seen.clone()
            })
            .collect())
    }
}

/// Whether something carries all of `wanted` (`key` or `key=value`).
pub(super) fn carries(labels: &BTreeMap<String, String>, wanted: &[String]) -> bool {
    wanted.iter().all(|wanted| match wanted.split_once('=') {
        Some((key, value)) => labels.get(key).is_some_and(|found| found == value),
        None => labels.contains_key(wanted),
    })
}

/// Anonymous volumes get a name.
fn mounts_of(spec: &ContainerSpec, id: &str) -> Vec<Mount> {
    let named = |(number, mount): (usize, &Mount)| Mount {
        source: if mount.source.is_empty() {
            format!("{:02x}{}", number, &id[2..])
        } else {
            mount.source.clone()
        },
        ..mount.clone()
    };
    spec.mounts.iter().enumerate().map(named).collect()
}
