//! Which layers a node needs.

use super::have::Have;
use super::rewrite::Form;
use crate::engine;
use crate::host::cache::hex;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};

pub use super::archive::whiteouts;

/// What is known of an archive before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    /// The images in it.
    pub images: Vec<Image>,
    /// How it is laid out.
    pub form: Form,
}

/// An image with its layers, the lowest first. Digests are hex, without the algorithm.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Image {
    /// In Go's words; empty when it is not known.
    pub arch: String,
    /// Its layers.
    pub layers: Vec<Layer>,
}

/// A layer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Layer {
    /// Digest of its blob, which may be compressed.
    pub blob: String,
    /// Digest of its tar.
    pub diff: String,
}

impl Image {
    /// As an engine tells it. Its archives have layers as plain tars, but for engines that keep them compressed: those
    /// are known by their blobs alone.
    pub fn of_engine(found: &engine::Image) -> Self {
        let plain = |diff: &String| {
            let diff = diff.trim_start_matches("sha256:").to_owned();
            Layer { blob: diff.clone(), diff }
        };
        Self { arch: found.architecture.clone(), layers: found.layers.iter().map(plain).collect() }
    }

    /// Whether it is of use on a machine of this architecture.
    fn fits(&self, arch: &str) -> bool {
        self.arch.is_empty() || self.arch == arch
    }
}

/// Blobs of layers that a node does without: those it has, and those of other architectures where its own is there.
pub(super) fn needless(images: &[Image], have: &Have) -> HashSet<String> {
    let fits: Vec<&Image> = images.iter().filter(|image| image.fits(&have.arch)).collect();
    let mut needed: HashMap<&str, bool> = HashMap::new();
    // with no image for this machine the runtime is to say so
    if !fits.is_empty() {
        for layer in images.iter().flat_map(|image| &image.layers) {
            needed.insert(&layer.blob, false);
        }
    }
    for image in fits {
        let mut below = String::new();
        for layer in &image.layers {
            below = chain(&below, &layer.diff);
            // one image may have a layer unpacked on other layers than the next
            let has = have.blobs.contains(&layer.blob) || have.chains.contains(&below);
            *needed.entry(&layer.blob).or_default() |= !has;
        }
    }
    needed.into_iter().filter(|(_, needed)| !needed).map(|(blob, _)| blob.to_owned()).collect()
}

/// The chain ID of a layer on top of the chain `below` (empty for the lowest), as OCI's image specification has it.
fn chain(below: &str, diff: &str) -> String {
    if below.is_empty() {
        return diff.to_owned();
    }
    hex(&Sha256::digest(format!("sha256:{below} sha256:{diff}")))
}

/// A reference as container runtimes write it: with its registry and tag.
pub(super) fn full_name(reference: &str) -> String {
    let named = match reference.split_once('/') {
        None => format!("docker.io/library/{reference}"),
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => reference.to_owned(),
        Some(_) => format!("docker.io/{reference}"),
    };
    let last = named.rsplit('/').next().unwrap_or_default();
    if last.contains(':') || named.contains('@') { named } else { named + ":latest" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(arch: &str, layers: &[&str]) -> Image {
        let layer = |name: &&str| Layer { blob: format!("{name}-blob"), diff: (*name).to_owned() };
        Image { arch: arch.to_owned(), layers: layers.iter().map(layer).collect() }
    }

    fn have(blobs: &[&str], chains: &[String]) -> Have {
        Have {
            arch: "amd64".to_owned(),
            blobs: blobs.iter().map(|b| (*b).to_owned()).collect(),
            chains: chains.iter().cloned().collect(),
            ..Default::default()
        }
    }

    fn sorted(set: HashSet<String>) -> Vec<String> {
        let mut list: Vec<String> = set.into_iter().collect();
        list.sort();
        list
    }

    #[test]
    fn what_is_unpacked_on_the_same_layers_is_not_sent() {
        let there = have(&[], &["a".to_owned(), chain("a", "b")]);
        assert_eq!(sorted(needless(&[image("amd64", &["a", "b", "c"])], &there)), ["a-blob", "b-blob"]);
        // the same layer on top of others is another one
        assert_eq!(sorted(needless(&[image("", &["x", "b"])], &there)), [""; 0]);
        // and one that any image lacks is sent
        let both = [image("", &["a", "b"]), image("", &["x", "b"])];
        assert_eq!(sorted(needless(&both, &there)), ["a-blob"]);
        assert_eq!(sorted(needless(&both, &have(&["b-blob"], &[]))), ["b-blob"]);
    }

    #[test]
    fn layers_of_other_machines_stay_away_where_there_is_one_for_this() {
        let both = [image("arm64", &["a", "b"]), image("amd64", &["a", "c"])];
        assert_eq!(sorted(needless(&both, &have(&[], &[]))), ["b-blob"]);
        assert_eq!(sorted(needless(&both[..1], &have(&[], &[]))), [""; 0]);
    }

    #[test]
    fn names_are_whole() {
        for (short, whole) in [
            ("app", "docker.io/library/app:latest"),
            ("me/app:1", "docker.io/me/app:1"),
            ("localhost/app", "localhost/app:latest"),
            ("host:5000/app:1", "host:5000/app:1"),
        ] {
            assert_eq!(full_name(short), whole);
        }
    }

    #[test]
    fn a_chain_is_as_the_specification_has_it() {
        assert_eq!(chain("", "a"), "a");
        assert_eq!(chain("a", "b"), hex(&Sha256::digest("sha256:a sha256:b")));
    }
}
