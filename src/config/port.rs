//! Ports of nodes that are reached through the host.

use crate::engine::Protocol;
use serde::{Serialize, Serializer};
use std::net::IpAddr;

/// A port on the host. Written as a number: 0 (or nothing) and -1 have the meanings below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum HostPort {
    /// 0: kind picks a free one, which then survives restarts of the node.
    #[default]
    Picked,
    /// -1: the engine picks one, anew at each start of the node.
    Engine,
    /// This one.
    Fixed(u16),
}

impl HostPort {
    /// What a number means; `None` outside of -1 to 65535.
    pub fn from_number(number: i64) -> Option<Self> {
        match number {
            -1 => Some(Self::Engine),
            0 => Some(Self::Picked),
            _ => u16::try_from(number).ok().map(Self::Fixed),
        }
    }
    /// The number that stands for it.
    pub fn number(self) -> i32 {
        match self {
            Self::Picked => 0,
            Self::Engine => -1,
            Self::Fixed(port) => i32::from(port),
        }
    }
}

impl Serialize for HostPort {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i32(self.number())
    }
}

/// One of a node's `extraPortMappings`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExtraPortMapping {
    /// Port in the node, 1 to 65535.
    pub container_port: u16,
    /// Port on the host.
    pub host_port: HostPort,
    /// Address on the host; all of the cluster's address family when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen_address: Option<IpAddr>,
    /// Transport protocol.
    pub protocol: Protocol,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_ports() {
        for (number, port) in [
            (-1, HostPort::Engine),
            (0, HostPort::Picked),
            (80, HostPort::Fixed(80)),
            (65535, HostPort::Fixed(65535)),
        ] {
            assert_eq!(HostPort::from_number(number), Some(port));
            assert_eq!(i64::from(port.number()), number);
        }
        assert_eq!(HostPort::from_number(-2), None);
        assert_eq!(HostPort::from_number(65536), None);
    }
}
