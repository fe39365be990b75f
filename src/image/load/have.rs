//! What a node's container runtime has: blobs, unpacked layers, and which snapshotter unpacks.

use crate::arch;
use crate::engine::ExecSpec;
use crate::error::Result;
use crate::node::{Node, args};
use std::collections::HashSet;

/// One round trip for all of it. The snapshotter is the one that the kubelet's images are unpacked with.
const ASK: &str = r#"
echo "arch $(uname -m)"
s=$(containerd config dump 2>/dev/null | awk '
    /^ *\[/ { section = $1 }
    /^ *snapshotter *=/ && (section ~ /cri\.v1\.images.\]$/ || section ~ /grpc\.v1\.cri.\.containerd\]$/) {
        gsub(/[^a-z0-9-]/, "", $3); print $3; exit
    }')
: "${s:=overlayfs}"
echo "snapshotter $s"
ctr --namespace=k8s.io content ls -q | sed 's/^/blob /'
ctr --namespace=k8s.io snapshots --snapshotter "$s" ls | sed -n 's/^\(sha256:[0-9a-f]*\).*/chain \1/p'
"#;

/// What a node has. All digests are hex, without the algorithm.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Have {
    /// In Go's words.
    pub arch: String,
    /// Its name.
    pub snapshotter: String,
    /// Digests in the content store.
    pub blobs: HashSet<String>,
    /// Chain IDs of unpacked layers.
    pub chains: HashSet<String>,
}

/// Asks a node.
pub(super) async fn of(node: &Node) -> Result<Have> {
    let spec = ExecSpec { command: args(&["sh", "-c", ASK]), ..Default::default() };
    Ok(parse(&node.try_exec(&spec).await?.stdout))
}

fn parse(text: &str) -> Have {
    let mut have = Have { snapshotter: "overlayfs".to_owned(), ..Default::default() };
    let hex = |digest: &str| digest.trim_start_matches("sha256:").to_owned();
    for line in text.lines() {
        match line.split_once(' ') {
            Some(("arch", machine)) => arch::in_go(machine).clone_into(&mut have.arch),
            Some(("snapshotter", name)) => name.clone_into(&mut have.snapshotter),
            Some(("blob", digest)) => drop(have.blobs.insert(hex(digest))),
            Some(("chain", digest)) => drop(have.chains.insert(hex(digest))),
            _ => {}
        }
    }
    have
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_is_read_and_others_are_not() {
        let have = parse("arch x86_64\nsnapshotter native\nblob sha256:ab\nchain sha256:cd\nctr: warning\n");
        assert_eq!((have.arch.as_str(), have.snapshotter.as_str()), ("amd64", "native"));
        assert!(have.blobs.contains("ab") && have.chains.contains("cd"));
        assert_eq!(parse("").snapshotter, "overlayfs");
    }
}
