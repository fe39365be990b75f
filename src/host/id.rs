//! Names that nobody else has.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Twelve hex digits that no other call of any process has, as far as chance goes.
pub fn new() -> String {
    // each state has keys of its own, drawn by the system
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    format!("{:012x}", hasher.finish() >> 16)
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_two_are_alike() {
        let all: std::collections::BTreeSet<String> = (0..1000).map(|_| super::new()).collect();
        assert_eq!(all.len(), 1000);
        assert!(all.iter().all(|id| id.len() == 12));
    }
}
