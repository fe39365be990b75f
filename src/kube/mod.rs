//! A small client for a cluster's Kubernetes API: what creating, checking and using a cluster needs, on JSON
//! values. Kinds are named as kubectl's users name them. It knows nothing of nodes and containers.
//!
//! Errors are of [`crate::error::Kind::Kubernetes`] with the codes `kubernetes.not_found`,
//! `kubernetes.conflict`, `kubernetes.invalid`, `kubernetes.unauthorized`, `kubernetes.forbidden`,
//! `kubernetes.unavailable` (try again), `kubernetes.unreachable`, `kubernetes.untrusted` (another cluster's
//! certificate), `kubernetes.time_limit`, `kubernetes.unknown_kind`, `kubernetes.manifest`,
//! `kubernetes.kubeconfig`, or `kubernetes.refused` for the rest; the message is the server's own.

mod apply;
mod client;
mod condition;
mod errors;
mod kinds;
mod objects;
#[cfg(test)]
mod testing;
mod wait;

pub use apply::Applied;
pub use client::Client;
pub use condition::Condition;
pub use kinds::Resource;
pub use objects::{Deletion, LogQuery};
pub use wait::Target;
