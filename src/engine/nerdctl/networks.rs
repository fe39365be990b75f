//! Networks.

use super::containers::named;
use super::view::network_of;
use super::{Nerdctl, errors};
use crate::engine::{Network, NetworkSpec};
use crate::error::Result;
use serde_json::Value;

/// They are of the kernel, and nerdctl inspects none of them.
const BUILT_IN: [&str; 2] = ["host", "none"];

impl Nerdctl {
    pub(super) async fn create_network_impl(&self, spec: &NetworkSpec) -> Result<String> {
        let driver = if spec.driver.is_empty() { "bridge" } else { &spec.driver };
        let mut arguments: Vec<String> =
            vec!["network".into(), "create".into(), format!("--driver={driver}")];
        if spec.ipv6 {
            arguments.push("--ipv6".into());
        }
        arguments.extend(spec.subnets.iter().map(|subnet| format!("--subnet={subnet}")));
        arguments.extend(spec.options.iter().map(|(name, value)| format!("--opt={name}={value}")));
        arguments.extend(spec.labels.iter().map(|(name, value)| format!("--label={name}={value}")));
        arguments.push(named(&spec.name)?.to_owned());
        let _turn = self.turn.lock().await;
        let told = self.program.text(&format!("create network {}", spec.name), &arguments).await?;
        Ok(told.lines().last().unwrap_or_default().trim().to_owned())
    }

    pub(super) async fn inspect_network_impl(&self, name: &str) -> Result<Option<Network>> {
        // it also takes the beginning of an id for a name
        let found = self.inspect_networks(&[named(name)?]).await?;
        Ok(found.into_iter().find(|network| network.name == name || network.id == name))
    }

    async fn inspect_networks(&self, names: &[&str]) -> Result<Vec<Network>> {
        let arguments: Vec<_> = ["network", "inspect"].iter().chain(names).copied().collect();
        let output = self.program.output(&arguments).await?;
        if !output.status.success() && !errors::is_missing(&output.stderr) {
            let doing = format!("inspect network {}", names.join(", "));
            return Err(self.program.refused(&doing, output.status, &output.stderr));
        }
        let all: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        Ok(all.as_array().into_iter().flatten().map(network_of).collect())
    }

    pub(super) async fn list_networks_impl(&self) -> Result<Vec<Network>> {
        let told = self.program.text("list networks", &["network", "ls", "--format", "{{.Name}}"]).await?;
        let (built_in, made): (Vec<&str>, Vec<&str>) = told
            .lines()
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .partition(|name| BUILT_IN.contains(name));
        let mut networks = if made.is_empty() { Vec::new() } else { self.inspect_networks(&made).await? };
        networks.extend(built_in.into_iter().map(|name| Network {
            name: name.into(),
            driver: name.into(),
            ..Network::default()
        }));
        networks.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(networks)
    }

    pub(super) async fn remove_network_impl(&self, name: &str) -> Result<()> {
        let _turn = self.turn.lock().await;
        let output = self.program.output(&["network", "rm", named(name)?]).await?;
        if output.status.success() || String::from_utf8_lossy(&output.stderr).contains("no network found") {
            return Ok(());
        }
        Err(self.program.refused(&format!("remove network {name}"), output.status, &output.stderr))
    }
}
