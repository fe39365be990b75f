//! The kubeadm config of a node, as text. Pure functions: what goes in is a [`NodeConfig`], what comes out is a
//! stream of YAML documents for `kubeadm --config`. Which phases run and when is the scripts' business.

mod document;
mod merge;
mod node_config;
mod patch;

pub use document::{Rendered, render};
pub use node_config::{ApiVersion, NodeConfig, NodeRole, TOKEN};
pub use patch::patch_fault;
