//! Folders of the host that a node sees.

use crate::engine::Propagation;
use serde::Serialize;

/// One of a node's `extraMounts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExtraMount {
    /// An absolute path in the node.
    pub container_path: String,
    /// A path on the engine's host; a relative one starts at the working directory.
    pub host_path: String,
    /// Whether the node cannot write to it.
    pub read_only: bool,
    /// Whether the engine relabels it for `SELinux`.
    pub selinux_relabel: bool,
    /// How mounts made later travel.
    pub propagation: Propagation,
}
