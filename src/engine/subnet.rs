//! The IPv6 subnet of a network, worked out from its name.
//!
//! Docker gives out IPv4 subnets by itself but wants to be told the IPv6 one, so every network gets a
//! unique local subnet (RFC 4193) that follows from its name alone: the same name has the same subnet on
//! every machine, and the network `kind` has the one that upstream kind gives it. Where it is taken, the
//! caller tries the next attempt.

use std::net::Ipv6Addr;

/// The `/64` that belongs to the network `name`; `attempt` counts from 0 and moves on to another one when
/// the engine says `engine.subnet_taken`.
///
/// ```
/// assert_eq!(kind::engine::ipv6_ula_subnet("kind", 0), "fc00:f853:ccd:e793::/64");
/// ```
pub fn ipv6_ula_subnet(name: &str, attempt: u32) -> String {
    let mut message = name.as_bytes().to_vec();
    message.extend_from_slice(&attempt.to_le_bytes());
    let digest = sha1(&message);
    let mut address = [0; 16];
    address[0] = 0xfc;
    address[2..8].copy_from_slice(&digest[2..8]);
    format!("{}/64", Ipv6Addr::from(address))
}

/// SHA-1 (FIPS 180-4). Upstream kind takes it for the subnet; nothing here relies on it for security, and
/// a dependency for this one use would be out of proportion.
#[allow(clippy::many_single_char_names)] // the standard's own names
fn sha1(message: &[u8]) -> [u8; 20] {
    let mut state: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    let mut padded = message.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend_from_slice(&(message.len() as u64 * 8).to_be_bytes());

    for block in padded.chunks_exact(64) {
        let mut words = [0u32; 80];
        for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
            *word = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        for i in 16..80 {
            words[i] = (words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16]).rotate_left(1);
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (i, word) in words.iter().enumerate() {
            let (f, k) = match i {
                0..20 => ((b & c) | (!b & d), 0x5a82_7999),
                20..40 => (b ^ c ^ d, 0x6ed9_eba1),
                40..60 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6),
            };
            let next = a.rotate_left(5).wrapping_add(f).wrapping_add(e).wrapping_add(k).wrapping_add(*word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (sum, value) in state.iter_mut().zip([a, b, c, d, e]) {
            *sum = sum.wrapping_add(value);
        }
    }
    let mut digest = [0; 20];
    for (bytes, word) in digest.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    digest
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })
    }

    #[test]
    fn sha1_agrees_with_the_standard() {
        assert_eq!(hex(&sha1(b"")), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        assert_eq!(hex(&sha1(b"abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(hex(&sha1(&[b'a'; 1000])), "291e9a6c66994949b57ba5e650361e98fc36b1ba");
    }

    #[test]
    fn the_network_kind_has_upstreams_subnet() {
        assert_eq!(ipv6_ula_subnet("kind", 0), "fc00:f853:ccd:e793::/64");
    }

    #[test]
    fn names_and_attempts_have_their_own() {
        assert_ne!(ipv6_ula_subnet("kind", 0), ipv6_ula_subnet("kind", 1));
        assert_ne!(ipv6_ula_subnet("kind", 0), ipv6_ula_subnet("other", 0));
        assert_eq!(ipv6_ula_subnet("other", 3), ipv6_ula_subnet("other", 3));
    }
}
