//! What this machine's kernel allows and has. On other systems than Linux nothing is known.

use super::fs;
use serde::Serialize;
use std::path::Path;

/// Limits that containers share, and what is free. `None` is what cannot be known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kernel {
    /// `fs.inotify.max_user_instances`.
    pub inotify_instances: Option<u64>,
    /// `fs.inotify.max_user_watches`.
    pub inotify_watches: Option<u64>,
    /// `fs.file-max`: open files in all.
    pub open_files: Option<u64>,
    /// Bytes of memory that new programs can have.
    pub free_memory: Option<u64>,
    /// Whether it speaks IPv6.
    pub ipv6: bool,
}

/// Asks the kernel.
pub fn facts() -> Kernel {
    Kernel {
        inotify_instances: number("/proc/sys/fs/inotify/max_user_instances"),
        inotify_watches: number("/proc/sys/fs/inotify/max_user_watches"),
        open_files: number("/proc/sys/fs/file-max"),
        free_memory: free_memory(&fs::read_to_string(Path::new("/proc/meminfo")).unwrap_or_default()),
        ipv6: Path::new("/proc/net/if_inet6").exists(),
    }
}

/// Whether a module is built in, loaded, or lies where the kernel of this `release` loads it from.
pub fn has_module(name: &str, release: &str) -> bool {
    if name.contains('/') || release.contains('/') {
        return false;
    }
    let there = |path: String| Path::new(&path).exists();
    if there(format!("/proc/net/{name}")) || there(format!("/sys/module/{name}")) {
        return true;
    }
    ["modules.builtin", "modules.dep"].iter().any(|list| {
        let file = format!("/lib/modules/{release}/{list}");
        fs::read_to_string(Path::new(&file)).is_ok_and(|text| text.contains(&format!("/{name}.ko")))
    })
}

fn number(path: &str) -> Option<u64> {
    fs::read_to_string(Path::new(path)).ok()?.trim().parse().ok()
}

fn free_memory(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_told_in_bytes() {
        assert_eq!(free_memory("MemTotal: 9 kB\nMemAvailable:    2048 kB\n"), Some(2 << 20));
        assert_eq!(free_memory("MemTotal: 9 kB\n"), None);
    }

    #[test]
    fn a_module_that_no_kernel_has_is_not_there() {
        assert!(!has_module("kind_no_such_module", "0"));
        assert!(!has_module("../../proc/self", "0"));
    }
}
