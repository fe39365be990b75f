//! The cluster's configuration: `kind.x-k8s.io/v1alpha4` as upstream kind reads it, with every mistake in a
//! document reported at once, each with its place.
//!
//! A document is read in three stages: `tree` keeps where each value stands, `decode` turns it into the
//! typed [`Cluster`], `validate` looks at what fields mean together. What is parsed is trusted from there on.
//! Nothing here touches an engine or a disk.

mod cluster;
mod decode;
mod image;
mod labels;
mod load;
mod mount;
mod names;
mod port;
mod problem;
mod scalar;
mod subnets;
mod tree;
mod validate;

pub use cluster::{Cluster, Hook, IpFamily, KubeProxyMode, Networking, Node};
pub use image::{DEFAULT_NODE_IMAGE, ImageRef};
pub use load::{from_value, parse};
pub use mount::ExtraMount;
pub use names::{ClusterName, DEFAULT_CLUSTER_NAME, NodeName, Role, load_balancer_name, node_names};
pub use port::{ExtraPortMapping, HostPort};
pub use problem::Problem;
pub use subnets::Subnets;
