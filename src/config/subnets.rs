//! Address ranges of pods and services.

use ipnet::IpNet;
use serde::{Serialize, Serializer};
use std::fmt;

/// One range, or one of each address family. Written with a comma between them, as Kubernetes does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subnets(Vec<IpNet>);

impl Subnets {
    /// Reads `CIDR[,CIDR]`; the error says what is wrong with it, without naming the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let nets: Vec<IpNet> = text
            .split(',')
            .map(|part| {
                part.parse().map_err(|_| "expected an address range such as 10.244.0.0/16".to_owned())
            })
            .collect::<Result<_, String>>()?;
        Ok(Self(nets))
    }
    /// The ranges, in the order in which they were written.
    pub fn ranges(&self) -> &[IpNet] {
        &self.0
    }
    /// For each of `count` nodes the ranges of its pods, in the order of these: the first /24s and /64s, the sizes that
    /// the controller manager has by default. `None` when there are not enough of them.
    pub fn of_nodes(&self, count: usize) -> Option<Vec<Vec<IpNet>>> {
        let mut nodes = vec![Vec::new(); count];
        for range in &self.0 {
            let prefix = if range.addr().is_ipv4() { 24 } else { 64 };
            let mut parts = range.trunc().subnets(prefix).ok()?;
            for node in &mut nodes {
                node.push(parts.next()?);
            }
        }
        Some(nodes)
    }
    /// The smallest range of each family that holds those of `count` nodes; `None` when there are not enough of them.
    pub fn of_all_nodes(&self, count: usize) -> Option<Self> {
        let firsts = self.of_nodes(count)?.into_iter().next()?;
        let bits = u8::try_from(count.next_power_of_two().trailing_zeros()).ok()?;
        let all =
            firsts.iter().map(|first| IpNet::new(first.addr(), first.prefix_len().checked_sub(bits)?).ok());
        all.collect::<Option<Vec<_>>>().map(Self)
    }
    /// Whether any address is in a range of both.
    pub fn overlaps(&self, other: &Self) -> bool {
        let touch = |a: &IpNet, b: &IpNet| a.contains(&b.network()) || b.contains(&a.network());
        self.0.iter().any(|a| other.0.iter().any(|b| touch(a, b)))
    }
}

impl fmt::Display for Subnets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&text.join(","))
    }
}

impl Serialize for Subnets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_or_two_ranges() {
        let two = Subnets::parse("10.244.0.0/16,fd00:10:244::/56").unwrap();
        assert_eq!(two.ranges().len(), 2);
        assert_eq!(two.to_string(), "10.244.0.0/16,fd00:10:244::/56");
        assert!(Subnets::parse("10.244.0.0").is_err());
        assert!(Subnets::parse("").is_err());
        assert!(Subnets::parse("10.244.0.0/33").is_err());
    }

    #[test]
    fn nodes_get_ranges_of_every_family() {
        let of = |text: &str, count| {
            let nodes = Subnets::parse(text).unwrap().of_nodes(count)?;
            Some(nodes.iter().map(|ranges| Subnets(ranges.clone()).to_string()).collect::<Vec<_>>())
        };
        assert_eq!(
            of("10.244.0.0/16,fd00:10:244::/56", 2).unwrap(),
            ["10.244.0.0/24,fd00:10:244::/64", "10.244.1.0/24,fd00:10:244:1::/64"]
        );
        assert_eq!(of("10.244.0.0/23", 3), None);
        assert_eq!(of("10.244.0.0/25", 1), None);
    }

    #[test]
    fn ranges_of_all_nodes_are_within_one() {
        let of = |text: &str, count| Some(Subnets::parse(text).unwrap().of_all_nodes(count)?.to_string());
        let both = "10.244.0.0/16,fd00:10:244::/56";
        assert_eq!(of(both, 1).unwrap(), "10.244.0.0/24,fd00:10:244::/64");
        assert_eq!(of(both, 2).unwrap(), "10.244.0.0/23,fd00:10:244::/63");
        assert_eq!(of(both, 3).unwrap(), "10.244.0.0/22,fd00:10:244::/62");
        assert_eq!(of("10.244.0.0/22", 4).unwrap(), "10.244.0.0/22");
        assert_eq!(of("10.244.0.0/22", 5), None);
    }

    #[test]
    fn ranges_overlap_when_one_holds_the_other() {
        let overlap = |a: &str, b: &str| Subnets::parse(a).unwrap().overlaps(&Subnets::parse(b).unwrap());
        assert!(overlap("10.0.0.0/8", "10.96.0.0/16"));
        assert!(overlap("10.96.0.0/16", "10.0.0.0/8"));
        assert!(!overlap("10.244.0.0/16", "10.96.0.0/16"));
        assert!(!overlap("10.244.0.0/16", "fd00::/8"));
    }
}
