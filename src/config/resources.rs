//! What a node gets of its host: processors, memory, devices, an address.

use serde::{Serialize, Serializer, ser::SerializeMap};
use std::net::IpAddr;

/// The most that a node may use; nothing is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resources {
    /// Processors, in thousandths; at least 10, the engine's least. Shown as `1500m`.
    pub cpu: Option<u64>,
    /// Bytes of memory.
    pub memory: Option<u64>,
}

impl Serialize for Resources {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(cpu) = self.cpu {
            map.serialize_entry("cpu", &format!("{cpu}m"))?;
        }
        if let Some(memory) = self.memory {
            map.serialize_entry("memory", &memory)?;
        }
        map.end()
    }
}

impl Resources {
    /// Whether nothing is limited.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Reads `2`, `1.5` or `1500m`; an empty text is no limit.
    pub(super) fn parse_cpu(text: &str) -> Result<Option<u64>, String> {
        let expected = || "expected processors such as 2, 1.5 or 1500m, and at least 10m".to_owned();
        if text.is_empty() {
            return Ok(None);
        }
        let millis = match text.strip_suffix('m') {
            Some(millis) => millis.parse().map_err(|_| expected())?,
            None => scaled(text, 1000).ok_or_else(expected)?,
        };
        if millis < 10 { Err(expected()) } else { Ok(Some(millis)) }
    }

    /// Reads `2Gi`, `512Mi`, `1.5G` or bytes; an empty text is no limit.
    pub(super) fn parse_memory(text: &str) -> Result<Option<u64>, String> {
        const UNITS: [(&str, u64); 8] = [
            ("Ki", 1 << 10),
            ("Mi", 1 << 20),
            ("Gi", 1 << 30),
            ("Ti", 1 << 40),
            ("k", 1000),
            ("M", 1_000_000),
            ("G", 1_000_000_000),
            ("T", 1_000_000_000_000),
        ];
        const LEAST: u64 = 128 << 20;
        let expected = || "expected memory such as 2Gi, 512Mi or bytes, and at least 128Mi".to_owned();
        if text.is_empty() {
            return Ok(None);
        }
        let unit = UNITS.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)));
        let (number, factor) = unit.unwrap_or((text, 1));
        let bytes = scaled(number, factor).ok_or_else(expected)?;
        if bytes < LEAST { Err(expected()) } else { Ok(Some(bytes)) }
    }
}

/// A decimal number times `factor`, without the rounding of floating point.
fn scaled(text: &str, factor: u64) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > 9 {
        return None;
    }
    let scale = 10u64.checked_pow(u32::try_from(part.len()).ok()?)?;
    let fraction: u64 = if part.is_empty() { 0 } else { part.parse().ok()? };
    let fraction = u64::try_from(u128::from(fraction) * u128::from(factor) / u128::from(scale)).ok()?;
    whole.parse::<u64>().ok()?.checked_mul(factor)?.checked_add(fraction)
}

/// A device of the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Its path on the engine's host.
    pub host_path: String,
    /// Its path in the node.
    pub container_path: String,
}

/// Fixed addresses of a node: none, one, or one of each family. Written with a comma between them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Addresses(Vec<IpAddr>);

impl Addresses {
    /// Reads `ADDRESS[,ADDRESS]`; the error says what is wrong with it, without naming the text.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let all: Vec<IpAddr> = text
            .split(',')
            .map(|part| {
                part.trim().parse().map_err(|_| "expected an IP address, or one of each family".to_owned())
            })
            .collect::<Result<_, String>>()?;
        match all.as_slice() {
            [_] => Ok(Self(all)),
            [a, b] if a.is_ipv4() != b.is_ipv4() => Ok(Self(all)),
            _ => Err("expected an IP address, or one of each family with a comma between them".to_owned()),
        }
    }
    /// The addresses, as they were written.
    pub fn all(&self) -> &[IpAddr] {
        &self.0
    }
    /// Whether the engine chooses.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Addresses {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        serializer.serialize_str(&text.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities() {
        for (text, millis) in [("2", 2000), ("1.5", 1500), ("500m", 500), ("0.25", 250), ("10m", 10)] {
            assert_eq!(Resources::parse_cpu(text), Ok(Some(millis)), "{text}");
        }
        for bad in ["0", "5m", "-1", "two", "1,5", "1.5m", "."] {
            assert!(Resources::parse_cpu(bad).is_err(), "{bad}");
        }
        for (text, bytes) in [
            ("2Gi", 2 << 30),
            ("512Mi", 512 << 20),
            ("1.5Gi", 3 << 29),
            ("1G", 1_000_000_000),
            ("268435456", 256 << 20),
        ] {
            assert_eq!(Resources::parse_memory(text), Ok(Some(bytes)), "{text}");
        }
        for bad in ["2GB", "1Mi", "lots", "-2Gi", "99999999999999999999Ti"] {
            assert!(Resources::parse_memory(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_are_one_or_one_of_each_family() {
        assert_eq!(Addresses::parse("172.30.0.9,fd00::9").unwrap().all().len(), 2);
        for bad in ["172.30.0", "172.30.0.9,172.30.0.8", "fd00::1,fd00::2,10.0.0.1"] {
            assert!(Addresses::parse(bad).is_err(), "{bad}");
        }
    }
}
