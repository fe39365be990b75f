//! What is wrong with what a node's container is to be given: devices, environment, kernel settings.

use super::Cluster;
use super::problem::Problem;

pub(super) fn check(cluster: &Cluster, found: &mut Vec<Problem>) {
    for (i, node) in cluster.nodes.iter().enumerate() {
        for (j, device) in node.devices.iter().enumerate() {
            for (field, path) in [("hostPath", &device.host_path), ("containerPath", &device.container_path)]
            {
                if !path.starts_with("/dev/") {
                    let place = format!("nodes[{i}].devices[{j}]");
                    let message =
                        format!("{place}: {field} is \"{path}\"; expected a path such as /dev/fuse");
                    found.push(Problem::new(place, message));
                }
            }
        }
        for name in node.env.keys() {
            let first = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
            if !first || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                let path = format!("nodes[{i}].env[\"{name}\"]");
                let message = format!("{path} is no name of a variable; expected letters, digits and '_'");
                found.push(Problem::of_key(path, message));
            }
        }
        for name in node.sysctls.keys().filter(|name| !is_namespaced(name)) {
            let path = format!("nodes[{i}].sysctls[\"{name}\"]");
            let message = format!(
                "{path} is a setting of the whole host; expected one that containers have for themselves: \
                 net.*, fs.mqueue.*, kernel.sem, kernel.msg* or kernel.shm* (sysctl -w {name}=… on the host sets it for all)"
            );
            found.push(Problem::of_key(path, message));
        }
    }
}

/// Whether a container can have its own value, as runc decides it.
fn is_namespaced(name: &str) -> bool {
    const KERNEL: [&str; 8] = [
        "kernel.msgmax",
        "kernel.msgmnb",
        "kernel.msgmni",
        "kernel.sem",
        "kernel.shmall",
        "kernel.shmmax",
        "kernel.shmmni",
        "kernel.shm_rmid_forced",
    ];
    name.starts_with("net.") || name.starts_with("fs.mqueue.") || KERNEL.contains(&name)
}
