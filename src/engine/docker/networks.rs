//! Networks.

use super::Docker;
use super::request::segment;
use super::view::{listed_network_of, network_of, seconds_of};
use crate::engine::{Network, NetworkSpec};
use crate::error::Result;
use bollard::errors::Error as Bollard;
use bollard::models::{Ipam, IpamConfig, NetworkCreateRequest};
use bollard::query_parameters::{InspectNetworkOptions, ListNetworksOptions};

impl Docker {
    pub(super) async fn create_network_impl(&self, spec: &NetworkSpec) -> Result<String> {
        let subnets: Vec<_> = spec
            .subnets
            .iter()
            .map(|subnet| IpamConfig { subnet: Some(subnet.clone()), ..Default::default() })
            .collect();
        let request = NetworkCreateRequest {
            name: spec.name.clone(),
            driver: Some(if spec.driver.is_empty() { "bridge".into() } else { spec.driver.clone() }),
            enable_ipv6: Some(spec.ipv6),
            ipam: (!subnets.is_empty()).then(|| Ipam { config: Some(subnets), ..Default::default() }),
            options: Some(spec.options.clone().into_iter().collect()),
            labels: Some(spec.labels.clone().into_iter().collect()),
            ..Default::default()
        };
        let created = self.client.create_network(request).await;
        created
            .map(|created| created.id)
            .map_err(|error| self.failed(format_args!("create network {}", spec.name), error))
    }

    pub(super) async fn inspect_network_impl(&self, name: &str) -> Result<Option<Network>> {
        match self.client.inspect_network(&segment(name)?, None::<InspectNetworkOptions>).await {
            Ok(found) => {
                // the engine also takes the beginning of an id for a name
                let found = network_of(found);
                Ok((found.name == name || found.id == name).then_some(found))
            }
            Err(Bollard::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
            Err(Bollard::DockerResponseServerError { message, .. }) if message.contains("ambiguous") => {
                self.oldest_network(name).await
            }
            Err(error) => Err(self.failed(format_args!("inspect network {name}"), error)),
        }
    }

    /// Engines before 25 let several networks have one name.
    async fn oldest_network(&self, name: &str) -> Result<Option<Network>> {
        let mut found = self.networks().await?;
        found.retain(|network| network.name.as_deref() == Some(name));
        let oldest =
            found.into_iter().min_by_key(|n| n.created.as_deref().map_or(0, seconds_of)).and_then(|n| n.id);
        let Some(id) = oldest else { return Ok(None) };
        let found = self.client.inspect_network(&segment(&id)?, None::<InspectNetworkOptions>).await;
        found
            .map(|found| Some(network_of(found)))
            .map_err(|error| self.failed(format_args!("inspect network {name}"), error))
    }

    async fn networks(&self) -> Result<Vec<bollard::models::Network>> {
        let found = self.client.list_networks(None::<ListNetworksOptions>).await;
        found.map_err(|error| self.failed("list networks", error))
    }

    pub(super) async fn list_networks_impl(&self) -> Result<Vec<Network>> {
        let mut networks: Vec<_> = self.networks().await?.into_iter().map(listed_network_of).collect();
        networks.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(networks)
    }

    pub(super) async fn remove_network_impl(&self, name: &str) -> Result<()> {
        match self.client.remove_network(&segment(name)?).await {
            Ok(()) | Err(Bollard::DockerResponseServerError { status_code: 404, .. }) => Ok(()),
            Err(error) => Err(self.failed(format_args!("remove network {name}"), error)),
        }
    }
}
