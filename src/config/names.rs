//! Names of clusters and nodes, and the roles nodes have.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;

use super::Cluster;

/// The name a cluster has when none is given.
pub const DEFAULT_CLUSTER_NAME: &str = "kind";

/// A cluster's name: one or more of `a-z`, `0-9`, `.` and `-`, which is upstream's rule for what is made.
///
/// Whether nodes can carry it (length, leading dash) is looked at when a cluster is made, not here, so that
/// whatever exists can be named and deleted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClusterName(String);

impl ClusterName {
    /// Checks a name; fails with `config.name`.
    pub fn parse(name: &str) -> Result<Self> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
        if name.is_empty() || !name.chars().all(fits) {
            return Err(Error::user(
                "config.name",
                format!("'{name}' is not a valid cluster name, cluster names must match `^[a-z0-9.-]+$`"),
            ));
        }
        Ok(Self(name.to_owned()))
    }
    /// The name of a cluster that is asked for, whatever it is: one that no cluster can be given finds none.
    pub fn asked(name: &str) -> Self {
        Self(name.to_owned())
    }
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// The name of its context, cluster and user in a kubeconfig: `kind-NAME`.
    pub fn context(&self) -> String {
        format!("kind-{}", self.0)
    }
}

impl Default for ClusterName {
    fn default() -> Self {
        Self(DEFAULT_CLUSTER_NAME.to_owned())
    }
}

impl fmt::Display for ClusterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ClusterName {
    type Error = Error;
    fn try_from(name: String) -> Result<Self> {
        Self::parse(&name)
    }
}

impl From<ClusterName> for String {
    fn from(name: ClusterName) -> Self {
        name.0
    }
}

impl std::str::FromStr for ClusterName {
    type Err = Error;
    fn from_str(name: &str) -> Result<Self> {
        Self::parse(name)
    }
}

/// A node's name, which is its container's and its host's name too.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeName(String);

impl NodeName {
    /// Most characters a node's name can have: it becomes the value of the label `kubernetes.io/hostname`.
    pub const MAX_LENGTH: usize = 63;

    /// The `count`th node (from 1) of `role` in `cluster`: `NAME-worker`, then `NAME-worker2`, …
    pub fn new(cluster: &ClusterName, role: Role, count: usize) -> Self {
        let number = if count > 1 { count.to_string() } else { String::new() };
        Self(format!("{cluster}-{role}{number}"))
    }
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a node is in its cluster; the value of the label `io.x-k8s.kind.role`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Runs the API server and etcd.
    #[default]
    ControlPlane,
    /// Runs workloads only.
    Worker,
    /// Spreads API requests over several control planes. It is no Kubernetes node and never stands in a
    /// configuration.
    ExternalLoadBalancer,
}

impl Role {
    /// Roles that a configuration can give.
    pub const CONFIGURABLE: [&str; 2] = ["control-plane", "worker"];

    /// As the label's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ControlPlane => "control-plane",
            Self::Worker => "worker",
            Self::ExternalLoadBalancer => "external-load-balancer",
        }
    }
    /// The role of a label's value.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::ControlPlane, Self::Worker, Self::ExternalLoadBalancer]
            .into_iter()
            .find(|role| role.as_str() == text)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Names of a cluster's nodes, in the order of its configuration. Each role is counted by itself.
pub fn node_names(cluster: &Cluster) -> Vec<NodeName> {
    let mut counts: HashMap<Role, usize> = HashMap::new();
    cluster
        .nodes
        .iter()
        .map(|node| {
            let count = counts.entry(node.role).or_default();
            *count += 1;
            NodeName::new(&cluster.name, node.role, *count)
        })
        .collect()
}

/// Name of the load balancer that a cluster with several control planes has.
pub fn load_balancer_name(cluster: &Cluster) -> Option<NodeName> {
    (cluster.control_planes() > 1).then(|| NodeName::new(&cluster.name, Role::ExternalLoadBalancer, 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Node;

    #[test]
    fn cluster_names_follow_upstreams_rule() {
        for good in ["kind", "a", "0", "a.b-c", "-", "1.2"] {
            assert_eq!(ClusterName::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "Kind", "a_b", "a b", "ä", "a/b"] {
            let error = ClusterName::parse(bad).unwrap_err();
            assert_eq!(error.code(), "config.name");
            assert!(error.message().contains(&format!("'{bad}'")));
        }
    }

    #[test]
    fn the_first_of_a_role_carries_no_number() {
        let mut cluster = Cluster::default();
        for role in [Role::Worker, Role::ControlPlane, Role::Worker, Role::Worker] {
            cluster.nodes.push(Node { role, ..Node::default() });
        }
        let names: Vec<String> = node_names(&cluster).iter().map(ToString::to_string).collect();
        assert_eq!(
            names,
            ["kind-control-plane", "kind-worker", "kind-control-plane2", "kind-worker2", "kind-worker3"]
        );
    }
}
