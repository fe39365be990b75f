//! What is wrong with a cluster's network of the engine, and with the addresses its nodes are to have there.

use super::problem::Problem;
use super::{Cluster, node_names};
use std::net::IpAddr;

pub(super) fn check(cluster: &Cluster, found: &mut Vec<Problem>) {
    let networking = &cluster.networking;
    check_name(&networking.network, found);
    if let Some(subnet) = &networking.network_subnet {
        let path = "networking.networkSubnet";
        if networking.network.is_empty() {
            let message = format!("{path} is for a network of ours; expected its name in networking.network");
            found.push(Problem::new(path, message));
        }
        for (other, ranges) in
            [("podSubnet", &networking.pod_subnet), ("serviceSubnet", &networking.service_subnet)]
        {
            if subnet.overlaps(ranges) {
                let message = format!("{path} {subnet} and networking.{other} {ranges} overlap");
                found.push(Problem::new(path, message));
            }
        }
    }
    check_addresses(cluster, found);
}

/// Docker's and Podman's rule for names.
fn check_name(name: &str, found: &mut Vec<Problem>) {
    let path = "networking.network";
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let first = name.chars().next().is_none_or(|c| c.is_ascii_alphanumeric());
    if !first || !name.chars().all(inner) {
        found.push(Problem::new(
            path,
            format!("{path} is \"{name}\"; expected letters, digits, '_', '.' and '-', beginning with a letter or digit"),
        ));
    }
    if matches!(name, "host" | "none" | "bridge" | "default") {
        found.push(Problem::new(
            path,
            format!(
                "{path} is \"{name}\", where nodes cannot find each other; expected a network of its own"
            ),
        ));
    }
}

fn check_addresses(cluster: &Cluster, found: &mut Vec<Problem>) {
    let networking = &cluster.networking;
    let names = node_names(cluster);
    let mut taken: Vec<(IpAddr, usize)> = Vec::new();
    for (i, node) in cluster.nodes.iter().enumerate() {
        let path = format!("nodes[{i}].address");
        if !node.address.is_empty() && networking.network.is_empty() {
            let message = format!(
                "{path} needs a network with a range of its own; expected networking.network, and networking.networkSubnet to make it with"
            );
            found.push(Problem::new(&path, message));
        }
        for address in node.address.all() {
            if let Some((_, other)) = taken.iter().find(|(known, _)| known == address) {
                let message = format!("{path} {address} is already {}'s", names[*other]);
                found.push(Problem::new(&path, message));
            }
            taken.push((*address, i));
            if let Some(subnet) = &networking.network_subnet
                && !subnet.ranges().iter().any(|range| range.contains(address))
            {
                let message =
                    format!("{path} is {address}; expected an address of networking.networkSubnet {subnet}");
                found.push(Problem::new(&path, message));
            }
        }
    }
}
