//! What a cluster is to be, with every default filled in.

use super::{
    Addresses, ClusterName, Device, ExtraMount, ExtraPortMapping, HostPort, ImageRef, Resources, Role,
    Subnets,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A cluster to be made. Serialises to the fields of a `v1alpha4` document, so that a script sees in a plan
/// what a user writes in a file. The default is one control plane named `kind-control-plane`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cluster {
    /// Its name.
    pub name: ClusterName,
    /// Its nodes; names follow from their order, see [`super::node_names`].
    pub nodes: Vec<Node>,
    /// Addresses and what serves them.
    pub networking: Networking,
    /// Feature gates of every Kubernetes component.
    pub feature_gates: BTreeMap<String, bool>,
    /// APIs that are switched on or off, as `--runtime-config` of the API server has them.
    pub runtime_config: BTreeMap<String, String>,
    /// Patches to every node's kubeadm config, each one or more YAML documents.
    pub kubeadm_config_patches: Vec<String>,
    /// JSON patches to every node's kubeadm config, applied after the merge patches.
    #[serde(rename = "kubeadmConfigPatchesJSON6902")]
    pub kubeadm_config_patches_json6902: Vec<JsonPatch>,
    /// TOML merge patches to containerd's config on every node.
    pub containerd_config_patches: Vec<String>,
    /// JSON patches to containerd's config on every node, applied after the merge patches.
    #[serde(rename = "containerdConfigPatchesJSON6902")]
    pub containerd_config_patches_json6902: Vec<String>,
    /// Scripts that are run at points of its life; upstream has none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<Hook>,
    /// Images of the engine and image archives that nodes get before they boot; upstream has none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub preload: Vec<String>,
}

/// A JSON patch (RFC 6902) to the kubeadm documents of one kind and version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JsonPatch {
    /// API group of the document; may be empty.
    #[serde(default)]
    pub group: String,
    /// Version in that group; any version when it and the group are empty.
    #[serde(default)]
    pub version: String,
    /// Kind of the document.
    pub kind: String,
    /// A list of operations, in YAML or JSON.
    pub patch: String,
}

/// What runs at a point of a cluster's life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Hook {
    /// A script whose `on(…)` calls register hooks.
    Script {
        /// Its file, relative to the working directory.
        script: String,
    },
    /// Script text for one point.
    Run {
        /// The point, such as `node.paused` or `before:boot`.
        at: String,
        /// The text.
        run: String,
    },
}

impl Default for Cluster {
    fn default() -> Self {
        Self {
            name: ClusterName::default(),
            nodes: vec![Node::default()],
            networking: Networking::default(),
            feature_gates: BTreeMap::new(),
            runtime_config: BTreeMap::new(),
            kubeadm_config_patches: Vec::new(),
            kubeadm_config_patches_json6902: Vec::new(),
            containerd_config_patches: Vec::new(),
            containerd_config_patches_json6902: Vec::new(),
            preload: Vec::new(),
            hooks: Vec::new(),
        }
    }
}

impl Cluster {
    /// Puts `image` in place of every node's own, as `--image` does.
    pub fn set_image(&mut self, image: &ImageRef) {
        for node in &mut self.nodes {
            node.image = image.clone();
        }
    }
    /// How many control planes there are.
    pub fn control_planes(&self) -> usize {
        self.nodes.iter().filter(|node| node.role == Role::ControlPlane).count()
    }
}

/// A node to be made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// Control plane or worker.
    pub role: Role,
    /// The image its container runs.
    pub image: ImageRef,
    /// Labels of the Kubernetes node.
    pub labels: BTreeMap<String, String>,
    /// Folders of the host it sees.
    pub extra_mounts: Vec<ExtraMount>,
    /// Its ports that are reached through the host.
    pub extra_port_mappings: Vec<ExtraPortMapping>,
    /// Patches to its kubeadm config, applied after the cluster's.
    pub kubeadm_config_patches: Vec<String>,
    /// JSON patches to its kubeadm config, applied after all others.
    #[serde(rename = "kubeadmConfigPatchesJSON6902")]
    pub kubeadm_config_patches_json6902: Vec<JsonPatch>,
    /// The most it may use. Upstream has neither this nor what follows.
    #[serde(skip_serializing_if = "Resources::is_none")]
    pub resources: Resources,
    /// Devices of the host.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<Device>,
    /// Environment of its container.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Kernel settings of its own namespaces.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sysctls: BTreeMap<String, String>,
    /// Its fixed addresses.
    #[serde(skip_serializing_if = "Addresses::is_empty")]
    pub address: Addresses,
}

/// Address families of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IpFamily {
    /// IPv4 alone.
    #[default]
    Ipv4,
    /// IPv6 alone.
    Ipv6,
    /// Both.
    Dual,
}

impl IpFamily {
    /// The address that stands for all addresses of the host.
    pub fn any_address(self) -> IpAddr {
        match self {
            Self::Ipv4 | Self::Dual => Ipv4Addr::UNSPECIFIED.into(),
            Self::Ipv6 => Ipv6Addr::UNSPECIFIED.into(),
        }
    }
}

/// What makes service addresses work on the nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KubeProxyMode {
    /// kube-proxy with iptables rules.
    #[default]
    Iptables,
    /// kube-proxy with nftables rules.
    Nftables,
    /// kube-proxy with IPVS.
    Ipvs,
    /// No kube-proxy.
    None,
}

impl KubeProxyMode {
    /// As a configuration names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Iptables => "iptables",
            Self::Nftables => "nftables",
            Self::Ipvs => "ipvs",
            Self::None => "none",
        }
    }
}

/// Networking of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Networking {
    /// Address families.
    pub ip_family: IpFamily,
    /// Port of the API server on the host.
    pub api_server_port: HostPort,
    /// Address of the API server on the host.
    pub api_server_address: IpAddr,
    /// Addresses of pods.
    pub pod_subnet: Subnets,
    /// Addresses of services.
    pub service_subnet: Subnets,
    /// Whether the user brings a CNI.
    #[serde(rename = "disableDefaultCNI")]
    pub disable_default_cni: bool,
    /// How services are served.
    pub kube_proxy_mode: KubeProxyMode,
    /// Search domains of the nodes' DNS; the host's when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_search: Option<Vec<String>>,
    /// The engine's network; the usual one when empty. Upstream has neither this nor the next one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub network: String,
    /// What that network is made with when it is not there yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_subnet: Option<Subnets>,
}

impl Networking {
    /// All defaults of an address family.
    pub fn of_family(family: IpFamily) -> Self {
        Self {
            ip_family: family,
            api_server_port: HostPort::default(),
            api_server_address: Self::default_address(family),
            pod_subnet: Self::default_pods(family),
            service_subnet: Self::default_services(family),
            disable_default_cni: false,
            kube_proxy_mode: KubeProxyMode::default(),
            dns_search: None,
            network: String::new(),
            network_subnet: None,
        }
    }
    /// Pods' default range for a family.
    pub(super) fn default_pods(family: IpFamily) -> Subnets {
        fixed(match family {
            IpFamily::Ipv4 => "10.244.0.0/16",
            IpFamily::Ipv6 => "fd00:10:244::/56",
            IpFamily::Dual => "10.244.0.0/16,fd00:10:244::/56",
        })
    }
    /// Services' default range for a family.
    pub(super) fn default_services(family: IpFamily) -> Subnets {
        fixed(match family {
            IpFamily::Ipv4 => "10.96.0.0/16",
            IpFamily::Ipv6 => "fd00:10:96::/112",
            IpFamily::Dual => "10.96.0.0/16,fd00:10:96::/112",
        })
    }
    /// Where the API server listens on the host by default.
    pub(super) fn default_address(family: IpFamily) -> IpAddr {
        match family {
            IpFamily::Ipv4 | IpFamily::Dual => Ipv4Addr::LOCALHOST.into(),
            IpFamily::Ipv6 => Ipv6Addr::LOCALHOST.into(),
        }
    }
}

/// A range that is written in this file.
fn fixed(text: &str) -> Subnets {
    Subnets::parse(text).expect("the defaults are valid ranges, which a test below shows")
}

impl Default for Networking {
    fn default() -> Self {
        Self::of_family(IpFamily::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_has_defaults_that_do_not_overlap() {
        for family in [IpFamily::Ipv4, IpFamily::Ipv6, IpFamily::Dual] {
            assert!(!Networking::default_pods(family).overlaps(&Networking::default_services(family)));
        }
    }

    #[test]
    fn the_default_is_one_control_plane_and_shows_as_a_document() {
        let value = serde_json::to_value(Cluster::default()).unwrap();
        assert_eq!(
            value,
            serde_json::json!({
                "name": "kind",
                "nodes": [{
                    "role": "control-plane", "image": "kindest/node:v1.37.2", "labels": {},
                    "extraMounts": [], "extraPortMappings": [],
                    "kubeadmConfigPatches": [], "kubeadmConfigPatchesJSON6902": [],
                }],
                "networking": {
                    "ipFamily": "ipv4", "apiServerPort": 0, "apiServerAddress": "127.0.0.1",
                    "podSubnet": "10.244.0.0/16", "serviceSubnet": "10.96.0.0/16",
                    "disableDefaultCNI": false, "kubeProxyMode": "iptables",
                },
                "featureGates": {}, "runtimeConfig": {},
                "kubeadmConfigPatches": [], "kubeadmConfigPatchesJSON6902": [],
                "containerdConfigPatches": [], "containerdConfigPatchesJSON6902": [],
            })
        );
    }
}
