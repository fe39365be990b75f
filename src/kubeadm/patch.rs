//! `kubeadmConfigPatches`: which document a patch is for.
//!
//! A patch is for every document of its kind, and, when it names an `apiVersion`, of that version.

use super::merge;
use crate::error::{Error, Result};
use crate::yaml;
use serde_json::Value;

/// Applies patches in order to all documents they are for; returns those that were for none, described.
/// `whose` names the patches in errors.
pub(super) fn apply(documents: &mut [Value], patches: &[String], whose: &str) -> Result<Vec<String>> {
    let mut unused = Vec::new();
    for (number, text) in patches.iter().enumerate() {
        let origin = format!("{whose}[{number}]");
        let parts = yaml::parse_all(text, &origin).map_err(|e| {
            Error::config("kubeadm.patch", format!("a patch is not YAML: {}", e.message())).because(e)
        })?;
        for part in parts {
            let Some(fields) = part.as_object() else {
                return Err(Error::config(
                    "kubeadm.patch",
                    format!("{origin}: a patch must be a map with a kind"),
                )
                .hint("such as \"kind: ClusterConfiguration\", then the fields to change"));
            };
            let kind = text_of(fields.get("kind"));
            let version = text_of(fields.get("apiVersion"));
            let mut used = false;
            for document in documents.iter_mut() {
                if document["kind"] == kind && (version.is_empty() || document["apiVersion"] == version) {
                    merge::merge(document, &part, !version.is_empty());
                    used = true;
                }
            }
            if !used {
                unused.push(describe(&origin, kind, version, documents));
            }
        }
    }
    Ok(unused)
}

fn text_of(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}

fn describe(origin: &str, kind: &str, version: &str, documents: &[Value]) -> String {
    let kinds: Vec<&str> = documents.iter().filter_map(|d| d["kind"].as_str()).collect();
    if kind.is_empty() {
        return format!("{origin} has no kind; expected one of {}", kinds.join(", "));
    }
    match documents.iter().find(|d| d["kind"] == kind) {
        Some(document) => {
            format!(
                "{origin} is for {kind} of {version}; this node's is of {}",
                text_of(document.get("apiVersion"))
            )
        }
        None => format!("{origin} is for {kind}, of which there is none; there are {}", kinds.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn documents() -> Vec<Value> {
        vec![
            json!({"apiVersion": "kubeadm.k8s.io/v1beta4", "kind": "ClusterConfiguration", "clusterName": "a"}),
            json!({"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration"}),
        ]
    }

    #[test]
    fn a_patch_is_for_its_kind_and_version() {
        let mut all = documents();
        let patches = [
            "kind: ClusterConfiguration\nclusterName: b\n---\nkind: KubeletConfiguration\nmaxPods: 5\n"
                .to_owned(),
            "kind: ClusterConfiguration\napiVersion: kubeadm.k8s.io/v1beta3\nclusterName: c\n".to_owned(),
            "kind: Nope\n".to_owned(),
        ];
        let unused = apply(&mut all, &patches, "kubeadmConfigPatches").unwrap();
        assert_eq!(all[0]["clusterName"], "b");
        assert_eq!(all[1]["maxPods"], 5);
        assert_eq!(
            unused,
            [
                "kubeadmConfigPatches[1] is for ClusterConfiguration of kubeadm.k8s.io/v1beta3; this node's is of kubeadm.k8s.io/v1beta4",
                "kubeadmConfigPatches[2] is for Nope, of which there is none; there are ClusterConfiguration, KubeletConfiguration",
            ]
        );
    }

    #[test]
    fn what_is_no_patch_is_refused() {
        for text in ["a: [", "- op: add", "just text"] {
            let error = apply(&mut documents(), &[text.to_owned()], "kubeadmConfigPatches").unwrap_err();
            assert_eq!(error.code(), "kubeadm.patch", "{text}");
            assert!(error.message().contains("kubeadmConfigPatches[0]"), "{error:?}");
        }
    }
}
