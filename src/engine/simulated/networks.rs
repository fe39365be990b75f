//! Networks and volumes.

use super::Simulated;
use super::changes::carries;
use super::deed::Deed;
use super::operation::Operation;
use super::state::StoredNetwork;
use crate::engine::{ContainerState, Network, NetworkSpec};
use crate::error::{Error, Result};
use ipnet::IpNet;

fn overlap(a: &str, b: &str) -> bool {
    match (a.parse::<IpNet>(), b.parse::<IpNet>()) {
        (Ok(a), Ok(b)) => a.contains(&b) || b.contains(&a),
        _ => a == b,
    }
}

fn first_host(subnet: &str) -> Option<String> {
    subnet.parse::<IpNet>().ok()?.hosts().next().map(|host| host.to_string())
}

impl Simulated {
    pub(super) fn create_net(&self, spec: &NetworkSpec) -> Result<String> {
        let mut state = self.begin(Operation::CreateNetwork)?;
        let refuse = |code: &str, why: &str| {
            Err(Error::engine(code, format!("cannot create network {}: {why}", spec.name)))
        };
        if state.networks.contains_key(&spec.name) {
            return refuse("engine.conflict", &format!("network with name {} already exists", spec.name));
        }
        if let Some(broken) = spec.subnets.iter().find(|subnet| subnet.parse::<IpNet>().is_err()) {
            return refuse("engine.refused", &format!("{broken} is no subnet"));
        }
        let taken: Vec<String> = state.networks.values().flat_map(|n| n.seen.subnets.clone()).collect();
        let is_taken = |subnet: &str| taken.iter().any(|other| overlap(subnet, other));
        if spec.subnets.iter().any(|subnet| is_taken(subnet)) {
            return refuse("engine.subnet_taken", "pool overlaps with other one on this address space");
        }
        let mut subnets = spec.subnets.clone();
        if !subnets.iter().any(|subnet| subnet.contains('.')) {
            let free = (18..=31).map(|n| format!("172.{n}.0.0/16")).find(|subnet| !is_taken(subnet));
            subnets.extend(free);
        }
        let id = state.next_id();
        let seen = Network {
            id: id.clone(),
            name: spec.name.clone(),
            driver: if spec.driver.is_empty() { "bridge".into() } else { spec.driver.clone() },
            ipv6: spec.ipv6,
            gateways: subnets.iter().filter_map(|subnet| first_host(subnet)).collect(),
            options: spec.options.clone(),
            subnets,
            labels: spec.labels.clone(),
            containers: 0,
        };
        state.networks.insert(spec.name.clone(), StoredNetwork { seen, given: 0 });
        state.deeds.push(Deed::CreateNetwork(spec.clone()));
        Ok(id)
    }

    /// Networks with the number of running containers in them.
    pub(super) fn nets(&self, operation: Operation) -> Result<Vec<Network>> {
        let state = self.begin(operation)?;
        let within = |name: &str| {
            let runs =
                |state: ContainerState| matches!(state, ContainerState::Running | ContainerState::Paused);
            state.containers.values().filter(|c| c.spec.network == name && runs(c.seen.state)).count()
        };
        Ok(state
            .networks
            .values()
            .map(|n| Network { containers: within(&n.seen.name), ..n.seen.clone() })
            .collect())
    }

    pub(super) fn remove_net(&self, name: &str) -> Result<()> {
        let found = self.nets(Operation::RemoveNetwork)?.into_iter().find(|n| n.name == name || n.id == name);
        let Some(found) = found else { return Ok(()) };
        if found.containers > 0 {
            let message = format!("cannot remove network {name}: it has active endpoints");
            return Err(Error::engine("engine.refused", message).hint("remove the containers in it first"));
        }
        let mut state = self.lock();
        state.networks.remove(&found.name);
        state.deeds.push(Deed::RemoveNetwork(found.name));
        Ok(())
    }

    pub(super) fn create_vol(&self, name: &str, labels: &[(String, String)]) -> Result<()> {
        let mut state = self.begin(Operation::CreateVolume)?;
        state.volumes.entry(name.to_owned()).or_insert_with(|| labels.iter().cloned().collect());
        state.deeds.push(Deed::CreateVolume(name.to_owned()));
        Ok(())
    }

    pub(super) fn list_vols(&self, labels: &[String]) -> Result<Vec<String>> {
        let state = self.begin(Operation::ListVolumes)?;
        Ok(state.volumes.iter().filter(|(_, l)| carries(l, labels)).map(|(name, _)| name.clone()).collect())
    }

    pub(super) fn remove_vol(&self, name: &str) -> Result<()> {
        let mut state = self.begin(Operation::RemoveVolume)?;
        let user = state.containers.values().find(|c| c.spec.mounts.iter().any(|mount| mount.source == name));
        if let Some(user) = user {
            let message = format!("cannot remove volume {name}: {} uses it", user.seen.name);
            return Err(Error::engine("engine.refused", message));
        }
        if state.volumes.remove(name).is_some() {
            state.deeds.push(Deed::RemoveVolume(name.to_owned()));
        }
        Ok(())
    }
}
