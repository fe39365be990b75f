//! Patches that could never be applied, told before anything is made.

use super::problem::Problem;
use super::{Cluster, JsonPatch};
use crate::{containerd, kubeadm, rfc6902};

/// What is wrong with the patches of a cluster and of its nodes.
pub(super) fn problems(cluster: &Cluster) -> Vec<Problem> {
    let mut found = Vec::new();
    merge(&mut found, "kubeadmConfigPatches", &cluster.kubeadm_config_patches, kubeadm::patch_fault);
    json(&mut found, "kubeadmConfigPatchesJSON6902", &cluster.kubeadm_config_patches_json6902);
    merge(
        &mut found,
        "containerdConfigPatches",
        &cluster.containerd_config_patches,
        containerd::merge_patch_fault,
    );
    merge(
        &mut found,
        "containerdConfigPatchesJSON6902",
        &cluster.containerd_config_patches_json6902,
        |text| rfc6902::parse(text).err(),
    );
    for (i, node) in cluster.nodes.iter().enumerate() {
        let path = |field: &str| format!("nodes[{i}].{field}");
        merge(&mut found, &path("kubeadmConfigPatches"), &node.kubeadm_config_patches, kubeadm::patch_fault);
        json(&mut found, &path("kubeadmConfigPatchesJSON6902"), &node.kubeadm_config_patches_json6902);
    }
    found
}

fn merge(found: &mut Vec<Problem>, path: &str, patches: &[String], fault: fn(&str) -> Option<String>) {
    for (i, patch) in patches.iter().enumerate() {
        if let Some(why) = fault(patch) {
            let path = format!("{path}[{i}]");
            let message = format!("{path} can be no patch: {why}");
            found.push(Problem::new(path, message));
        }
    }
}

fn json(found: &mut Vec<Problem>, path: &str, patches: &[JsonPatch]) {
    for (i, patch) in patches.iter().enumerate() {
        if let Some(why) = rfc6902::parse(&patch.patch).err() {
            let path = format!("{path}[{i}].patch");
            let message = format!("{path} can be no patch: {why}");
            found.push(Problem::new(path, message));
        }
    }
}
