//! The cluster's configuration: `kind.x-k8s.io/v1alpha4` as upstream kind reads it, with every mistake in a
//! document reported at once, each with its place.
//!
//! A document is read in three stages: `tree` keeps where each value stands, `decode` turns it into the
//! typed [`Cluster`], `validate` looks at what fields mean together. What is parsed is trusted from there on.
//! Nothing here touches an engine or a disk.

mod cluster;
mod container;
mod decode;
mod fields;
mod image;
mod labels;
mod load;
mod mount;
mod names;
mod network;
mod patches;
mod port;
mod problem;
mod resources;
mod scalar;
mod schema;
mod subnets;
mod tree;
mod validate;

pub use cluster::{Cluster, Hook, IpFamily, JsonPatch, KubeProxyMode, Networking, Node};
pub use image::{DEFAULT_NODE_IMAGE, ImageRef};
pub use load::{from_value, parse, parse_except, problems_of};
pub use mount::ExtraMount;
pub use names::{ClusterName, DEFAULT_CLUSTER_NAME, NodeName, Role, load_balancer_name, node_names};
pub use port::{ExtraPortMapping, HostPort};
pub use problem::{Finding, Problem};
pub use resources::{Addresses, Device, Resources};
pub use schema::schema;
pub use subnets::Subnets;
