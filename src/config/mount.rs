//! Folders of the host that a node sees.

use crate::engine::{Mount, Propagation};
use serde::Serialize;
use std::path::Path;

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

impl ExtraMount {
    /// As the engine takes it, with a relative host path put behind `working_directory`.
    pub fn to_engine(&self, working_directory: &Path) -> Mount {
        Mount {
            source: absolute(&self.host_path, working_directory),
            target: self.container_path.clone(),
            read_only: self.read_only,
            selinux_relabel: self.selinux_relabel,
            propagation: self.propagation,
        }
    }
}

/// `path` behind `base` when it is relative, with `.` and `..` resolved by name alone. An absolute path is
/// left as it is, for the engine's host need not be this one.
fn absolute(path: &str, base: &Path) -> String {
    if path.starts_with('/') || Path::new(path).is_absolute() {
        return path.to_owned();
    }
    let mut clean = std::path::PathBuf::new();
    for part in base.join(path).components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_start_at_the_working_directory() {
        let at = |path: &str| absolute(path, Path::new("/home/me/project"));
        assert_eq!(at("data"), "/home/me/project/data");
        assert_eq!(at("./data/"), "/home/me/project/data");
        assert_eq!(at("../other"), "/home/me/other");
        assert_eq!(at("/a/../b"), "/a/../b");
    }
}
