//! What a node's kubeadm config is made from.

use crate::config::JsonPatch;
use crate::error::{Error, Result};
use semver::Version;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The bootstrap token of every cluster, upstream's. It is of use only inside the nodes' own network.
pub const TOKEN: &str = "abcdef.0123456789abcdef";

/// Whether the node runs a control plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeRole {
    /// The API server, etcd and what belongs to them.
    #[default]
    ControlPlane,
    /// The kubelet only.
    Worker,
}

/// Everything a node's kubeadm config says. Maps of extra arguments are flags without dashes to their values
/// and come after what kind sets itself, in whose place they stand when they name the same flag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NodeConfig {
    /// The cluster's name.
    pub cluster_name: String,
    /// Version of Kubernetes in the node image, with or without a leading `v`.
    pub kubernetes_version: String,
    /// The node's name.
    pub node_name: String,
    /// The node's role.
    pub role: NodeRole,
    /// Whether it joins a cluster that another node begins: then what the `JoinConfiguration` says of the node and
    /// of its API server holds for the phases of `kubeadm init` too.
    pub joins: bool,
    /// The node's address, or two with a comma between them; the first one is advertised.
    pub node_address: String,
    /// `HOST:PORT` under which nodes reach the API server.
    pub control_plane_endpoint: String,
    /// Port of the API server inside of the node.
    pub api_bind_port: u16,
    /// Address of the API server on the host, which its certificate then names.
    pub api_server_address: String,
    /// Further names and addresses for the API server's certificate.
    pub cert_sans: Vec<String>,
    /// Pods' addresses.
    pub pod_subnet: String,
    /// Services' addresses.
    pub service_subnet: String,
    /// Bootstrap token.
    pub token: String,
    /// Labels of the node.
    pub labels: BTreeMap<String, String>,
    /// The engine's name, for the node's provider id.
    pub provider: String,
    /// Whether the engine runs without root.
    pub rootless: bool,
    /// Whether IPv6 is the cluster's only address family.
    pub ipv6: bool,
    /// `iptables`, `nftables`, `ipvs` or `none`.
    pub kube_proxy_mode: String,
    /// Feature gates for every component.
    pub feature_gates: BTreeMap<String, bool>,
    /// `--runtime-config` of the API server.
    pub runtime_config: BTreeMap<String, String>,
    /// Algorithm of the keys: `RSA-2048`, `ECDSA-P256`, … Empty for kubeadm's own choice.
    pub encryption_algorithm: String,
    /// The kubelet's root cgroup.
    pub cgroup_root: String,
    /// The kubelet's cgroup driver.
    pub cgroup_driver: String,
    /// Whether the kubelet refuses cgroup v1; its own default when absent.
    pub fail_cgroup_v1: Option<bool>,
    /// The container runtime's socket.
    pub cri_socket: String,
    /// Phases of `kubeadm init` to skip.
    pub init_skip_phases: Vec<String>,
    /// Phases of `kubeadm join` to skip.
    pub join_skip_phases: Vec<String>,
    /// Extra arguments of the API server.
    pub api_server_args: BTreeMap<String, String>,
    /// Extra arguments of the controller manager.
    pub controller_manager_args: BTreeMap<String, String>,
    /// Extra arguments of the scheduler.
    pub scheduler_args: BTreeMap<String, String>,
    /// Extra arguments of etcd.
    pub etcd_args: BTreeMap<String, String>,
    /// Extra arguments of the kubelet.
    pub kubelet_args: BTreeMap<String, String>,
    /// Patches of the cluster, each one or more documents.
    pub cluster_patches: Vec<String>,
    /// JSON patches of the cluster, applied after its merge patches.
    pub cluster_json_patches: Vec<JsonPatch>,
    /// Patches of the first control plane, for a node that joins: what they say of the cluster and of kubelets holds
    /// for all nodes, as `kubeadm join` takes both from the cluster.
    pub first_patches: Vec<String>,
    /// JSON patches of the first control plane.
    pub first_json_patches: Vec<JsonPatch>,
    /// Patches of this node, applied after the cluster's.
    pub node_patches: Vec<String>,
    /// JSON patches of this node, applied after all others.
    pub node_json_patches: Vec<JsonPatch>,
}

impl Default for NodeConfig {
    fn default() -> Self {
        Self {
            cluster_name: "kind".to_owned(),
            kubernetes_version: String::new(),
            node_name: String::new(),
            role: NodeRole::default(),
            joins: false,
            node_address: String::new(),
            control_plane_endpoint: String::new(),
            api_bind_port: 6443,
            api_server_address: "127.0.0.1".to_owned(),
            cert_sans: Vec::new(),
            pod_subnet: "10.244.0.0/16".to_owned(),
            service_subnet: "10.96.0.0/16".to_owned(),
            token: TOKEN.to_owned(),
            labels: BTreeMap::new(),
            provider: "docker".to_owned(),
            rootless: false,
            ipv6: false,
            kube_proxy_mode: "iptables".to_owned(),
            feature_gates: BTreeMap::new(),
            runtime_config: BTreeMap::new(),
            encryption_algorithm: "ECDSA-P256".to_owned(),
            cgroup_root: "/kubelet".to_owned(),
            cgroup_driver: "systemd".to_owned(),
            fail_cgroup_v1: None,
            cri_socket: "unix:///run/containerd/containerd.sock".to_owned(),
            // images are in the node image already, and the checks know nothing of containers
            init_skip_phases: vec!["preflight".to_owned()],
            join_skip_phases: vec!["preflight".to_owned()],
            api_server_args: BTreeMap::new(),
            controller_manager_args: BTreeMap::new(),
            scheduler_args: BTreeMap::new(),
            etcd_args: BTreeMap::new(),
            kubelet_args: BTreeMap::new(),
            cluster_patches: Vec::new(),
            cluster_json_patches: Vec::new(),
            first_patches: Vec::new(),
            first_json_patches: Vec::new(),
            node_patches: Vec::new(),
            node_json_patches: Vec::new(),
        }
    }
}

/// Versions of kubeadm's own config API.
///
/// Which one a release gets is upstream kind's choice, since a user's patches are written for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiVersion {
    /// Before Kubernetes 1.36; arguments are maps.
    V1Beta3,
    /// Kubernetes 1.36 and later; arguments are lists of name and value.
    V1Beta4,
}

impl ApiVersion {
    /// The version that a Kubernetes release is given; fails with `kubeadm.version` for one too old.
    pub fn for_kubernetes(version: &Version) -> Result<Self> {
        if (version.major, version.minor) >= (1, 36) {
            return Ok(Self::V1Beta4);
        }
        if (version.major, version.minor) >= (1, 31) {
            return Ok(Self::V1Beta3);
        }
        Err(Error::user(
            "kubeadm.version",
            format!("Kubernetes {version} is too old; 1.31 is the oldest supported"),
        )
        .hint("choose a newer node image with --image"))
    }
    /// As it stands in a document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1Beta3 => "kubeadm.k8s.io/v1beta3",
            Self::V1Beta4 => "kubeadm.k8s.io/v1beta4",
        }
    }
}

impl NodeConfig {
    /// The parsed version; fails with `kubeadm.version`.
    pub fn version(&self) -> Result<Version> {
        let text = self.kubernetes_version.trim();
        Version::parse(text.strip_prefix('v').unwrap_or(text)).map_err(|e| {
            Error::user("kubeadm.version", format!("\"{text}\" is not a Kubernetes version such as v1.37.2"))
                .because(e)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        let of = |text: &str| {
            NodeConfig { kubernetes_version: text.to_owned(), ..NodeConfig::default() }
                .version()
                .and_then(|v| ApiVersion::for_kubernetes(&v))
        };
        assert_eq!(of("v1.37.2\n").unwrap(), ApiVersion::V1Beta4);
        assert_eq!(of("1.36.0-alpha.1+abc").unwrap(), ApiVersion::V1Beta4);
        assert_eq!(of("v1.35.9").unwrap(), ApiVersion::V1Beta3);
        assert_eq!(of("v1.30.9").unwrap_err().code(), "kubeadm.version");
        assert_eq!(of("latest").unwrap_err().code(), "kubeadm.version");
    }
}
