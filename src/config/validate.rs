//! What fields mean together: every contradiction in a cluster, at once.

use super::labels::{is_dns_subdomain, key_fault, value_fault};
use super::problem::{self, Problem};
use super::{Cluster, HostPort, IpFamily, NodeName, Subnets, load_balancer_name, node_names};
use crate::engine::Protocol;
use crate::error::Result;
use std::net::IpAddr;

impl Cluster {
    /// Everything that is wrong with it; nothing for a cluster that can be made.
    pub fn problems(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        self.check_names(&mut found);
        self.check_roles(&mut found);
        self.check_subnets(&mut found);
        self.check_nodes(&mut found);
        self.check_ports(&mut found);
        super::network::check(self, &mut found);
        super::container::check(self, &mut found);
        found.extend(super::patches::problems(self));
        found
    }

    /// Fails with all that is wrong with it (`config.invalid`).
    pub fn validate(&self) -> Result<()> {
        let found = self.problems();
        if found.is_empty() {
            return Ok(());
        }
        let origin = format!("cluster {}", self.name);
        Err(problem::error(&origin, &found, |_| origin.clone()))
    }

    fn check_names(&self, found: &mut Vec<Problem>) {
        let mut names = node_names(self);
        names.extend(load_balancer_name(self));
        let Some(longest) = names.iter().max_by_key(|name| name.as_str().len()) else { return };
        let most = NodeName::MAX_LENGTH;
        let length = longest.as_str().len();
        if length > most {
            let less = length - most;
            found.push(Problem::new(
                "name",
                format!(
                    "name {} is {less} characters too long: node {longest} would have {length}, and host names have at most {most}",
                    self.name
                ),
            ));
        } else if !is_dns_subdomain(longest.as_str()) {
            found.push(Problem::new(
                "name",
                format!("name {} makes no valid host name for node {longest}", self.name),
            ));
        }
    }

    fn check_roles(&self, found: &mut Vec<Problem>) {
        if self.control_planes() == 0 {
            found.push(Problem::new("nodes", "nodes must have at least one control-plane node"));
        }
    }

    fn check_subnets(&self, found: &mut Vec<Problem>) {
        let networking = &self.networking;
        let family = networking.ip_family;
        for (path, subnets) in [
            ("networking.podSubnet", &networking.pod_subnet),
            ("networking.serviceSubnet", &networking.service_subnet),
        ] {
            if let Some(why) = family_fault(subnets, family) {
                found.push(Problem::new(path, format!("{path} is {subnets}; {why}")));
            }
        }
        for range in networking.service_subnet.ranges() {
            // the API server keeps a bitmap of the range and refuses one of more than 2^20 addresses
            if range.max_prefix_len() - range.prefix_len() > 20 {
                let path = "networking.serviceSubnet";
                let least = range.max_prefix_len() - 20;
                found.push(Problem::new(
                    path,
                    format!("{path} is {range}, which is too large; expected /{least} or longer"),
                ));
            }
        }
    }

    fn check_nodes(&self, found: &mut Vec<Problem>) {
        for (i, node) in self.nodes.iter().enumerate() {
            for (key, value) in &node.labels {
                let path = format!("nodes[{i}].labels[\"{key}\"]");
                if let Some(why) = key_fault(key) {
                    found.push(Problem::new(&path, format!("{path} is no label for a node; {why}")));
                }
                if let Some(why) = value_fault(value) {
                    found.push(Problem::new(&path, format!("{path} is \"{value}\"; {why}")));
                }
            }
            for (j, mount) in node.extra_mounts.iter().enumerate() {
                let path = format!("nodes[{i}].extraMounts[{j}].containerPath");
                let target = mount.container_path.as_str();
                if !target.starts_with('/') {
                    found.push(Problem::new(
                        &path,
                        format!("{path} is \"{target}\"; expected an absolute path"),
                    ));
                }
                let same = |other: &str| other.trim_end_matches('/') == target.trim_end_matches('/');
                if node.extra_mounts[..j].iter().any(|other| same(&other.container_path)) {
                    found.push(Problem::new(&path, format!("{path} {target} is mounted twice")));
                }
            }
        }
    }

    /// Ports of the host that are asked for twice, by one node or by several.
    fn check_ports(&self, found: &mut Vec<Problem>) {
        let networking = &self.networking;
        let any = networking.ip_family.any_address();
        let mut taken: Vec<(String, Binding)> = Vec::new();
        if let HostPort::Fixed(port) = networking.api_server_port {
            let address = networking.api_server_address;
            let binding = Binding { node: None, address, port, protocol: Protocol::TCP };
            taken.push(("networking.apiServerPort".to_owned(), binding));
        }
        for (i, node) in self.nodes.iter().enumerate() {
            for (j, mapping) in node.extra_port_mappings.iter().enumerate() {
                let HostPort::Fixed(port) = mapping.host_port else { continue };
                let address = mapping.listen_address.unwrap_or(any);
                let binding = Binding { node: Some(i), address, port, protocol: mapping.protocol };
                let path = format!("nodes[{i}].extraPortMappings[{j}].hostPort");
                if let Some((other, _)) = taken.iter().find(|(_, b)| b.collides(&binding)) {
                    let protocol = binding.protocol;
                    found.push(Problem::new(
                        &path,
                        format!("{path} {port}/{protocol:?} on {address} is already taken by {other}"),
                    ));
                }
                taken.push((path, binding));
            }
        }
    }
}

struct Binding {
    /// By its number; none for the API server, which may be behind a load balancer.
    node: Option<usize>,
    address: IpAddr,
    port: u16,
    protocol: Protocol,
}

impl Binding {
    /// The address that stands for all takes the port on every other: of its family, and for mappings of one node of the
    /// other family too, as upstream has it.
    fn collides(&self, other: &Self) -> bool {
        let meet = self.node == other.node || self.address.is_ipv4() == other.address.is_ipv4();
        let all = meet && (self.address.is_unspecified() || other.address.is_unspecified());
        self.port == other.port && self.protocol == other.protocol && (all || self.address == other.address)
    }
}

/// What is wrong with ranges in a cluster of this family.
fn family_fault(subnets: &Subnets, family: IpFamily) -> Option<&'static str> {
    let v4 = |i: usize| subnets.ranges()[i].addr().is_ipv4();
    match (family, subnets.ranges().len()) {
        (IpFamily::Ipv4, 1) => (!v4(0)).then_some("expected an IPv4 range in an ipv4 cluster"),
        (IpFamily::Ipv6, 1) => v4(0).then_some("expected an IPv6 range in an ipv6 cluster"),
        (IpFamily::Dual, 1) => None,
        (IpFamily::Dual, 2) => {
            (v4(0) == v4(1)).then_some("expected one range, or one of each family, in a dual cluster")
        }
        (IpFamily::Dual, _) => Some("expected one range, or one of each family, in a dual cluster"),
        _ => Some("expected only one range in a cluster of one address family"),
    }
}
