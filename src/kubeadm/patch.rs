//! `kubeadmConfigPatches` and `kubeadmConfigPatchesJSON6902`: which document a patch is for.
//!
//! A patch is for every document of its kind, and, when it names an `apiVersion`, of that version.

use super::merge;
use super::node_config::ApiVersion;
use crate::config::JsonPatch;
use crate::error::{Error, Result};
use crate::{rfc6902, yaml};
use serde_json::Value;

/// Applies merge patches in order to all documents they are for; returns those that were for none, described.
/// `whose` names the patches in errors.
pub(super) fn apply(
    documents: &mut [Value],
    api: ApiVersion,
    patches: &[String],
    whose: &str,
) -> Result<Vec<String>> {
    let mut unused = Vec::new();
    for (number, text) in patches.iter().enumerate() {
        let origin = format!("{whose}[{number}]");
        let parts = parse(text).map_err(|why| refused(&origin, &why))?;
        for part in parts {
            let kind = text_of(part.get("kind"));
            let version = text_of(part.get("apiVersion"));
            let mut used = false;
            for document in documents.iter_mut().filter(|document| is_for(document, kind, version)) {
                merge::merge(document, &part, api);
                used = true;
            }
            if !used {
                unused.push(describe(&origin, kind, version, documents));
            }
        }
    }
    Ok(unused)
}

/// Applies JSON patches in order to all documents they are for; returns those that were for none, described.
pub(super) fn apply_json(documents: &mut [Value], patches: &[JsonPatch], whose: &str) -> Result<Vec<String>> {
    let mut unused = Vec::new();
    for (number, patch) in patches.iter().enumerate() {
        let origin = format!("{whose}[{number}]");
        let operations = rfc6902::parse(&patch.patch).map_err(|why| refused(&origin, &why))?;
        let version = match patch.group.as_str() {
            "" => patch.version.clone(),
            group => format!("{group}/{}", patch.version),
        };
        let mut used = false;
        for document in documents.iter_mut().filter(|document| is_for(document, &patch.kind, &version)) {
            rfc6902::apply(document, &operations).map_err(|why| refused(&origin, &why))?;
            used = true;
        }
        if !used {
            unused.push(describe(&origin, &patch.kind, &version, documents));
        }
    }
    Ok(unused)
}

fn refused(origin: &str, why: &str) -> Error {
    Error::config("kubeadm.patch", format!("{origin} cannot be applied: {why}"))
        .hint("/kind/kubeadm.conf of a node shows the documents that patches meet")
}

fn is_for(document: &Value, kind: &str, version: &str) -> bool {
    document["kind"] == kind && (version.is_empty() || document["apiVersion"] == version)
}

/// The documents of a merge patch. Any line that begins with `---` ends one, as upstream has it.
fn parse(text: &str) -> std::result::Result<Vec<Value>, String> {
    let mut documents = vec![String::new()];
    for line in text.lines() {
        if line.starts_with("---") {
            documents.push(String::new());
        } else if let Some(last) = documents.last_mut() {
            last.push_str(line);
            last.push('\n');
        }
    }
    let mut parts = Vec::new();
    for text in documents.iter().filter(|text| !text.trim().is_empty()) {
        for part in
            yaml::parse_all_lax(text, "patch").map_err(|e| format!("it is not YAML: {}", e.message()))?
        {
            if !part.is_object() {
                return Err("it must be a map with a kind, such as \"kind: ClusterConfiguration\"".to_owned());
            }
            parts.push(part);
        }
    }
    Ok(parts)
}

/// Why a text can be no merge patch, or `None`.
pub fn patch_fault(text: &str) -> Option<String> {
    parse(text).err()
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
            json!({"apiVersion": "kubeadm.k8s.io/v1beta4", "kind": "ClusterConfiguration", "clusterName": "a",
                   "apiServer": {"certSANs": ["localhost"]}}),
            json!({"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration"}),
        ]
    }

    fn json_patch(group: &str, version: &str, kind: &str, patch: &str) -> JsonPatch {
        JsonPatch {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
            patch: patch.to_owned(),
        }
    }

    #[test]
    fn a_patch_is_for_its_kind_and_version() {
        let mut all = documents();
        let patches = [
            "kind: ClusterConfiguration\nclusterName: b\n----\nkind: KubeletConfiguration\nmaxPods: 5\n"
                .to_owned(),
            "kind: ClusterConfiguration\napiVersion: kubeadm.k8s.io/v1beta3\nclusterName: c\n".to_owned(),
            "kind: Nope\n".to_owned(),
        ];
        let unused = apply(&mut all, ApiVersion::V1Beta4, &patches, "kubeadmConfigPatches").unwrap();
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
    fn json_patches_add_replace_and_are_for_one_version() {
        let mut all = documents();
        let add = "- op: add\n  path: /apiServer/certSANs/-\n  value: my-hostname\n";
        let patches = [
            json_patch("kubeadm.k8s.io", "v1beta4", "ClusterConfiguration", add),
            json_patch("kubeadm.k8s.io", "v1beta2", "ClusterConfiguration", add),
            json_patch("", "", "KubeletConfiguration", r#"[{"op": "add", "path": "/maxPods", "value": 7}]"#),
        ];
        let unused = apply_json(&mut all, &patches, "kubeadmConfigPatchesJSON6902").unwrap();
        assert_eq!(all[0]["apiServer"]["certSANs"], json!(["localhost", "my-hostname"]));
        assert_eq!(all[1]["maxPods"], 7);
        assert_eq!(unused.len(), 1, "{unused:?}");
        assert!(
            unused[0].contains("[1] is for ClusterConfiguration of kubeadm.k8s.io/v1beta2"),
            "{unused:?}"
        );
        let none = [json_patch("", "", "KubeletConfiguration", "- {op: remove, path: /nothing}")];
        let error = apply_json(&mut all, &none, "kubeadmConfigPatchesJSON6902").unwrap_err();
        assert_eq!(error.code(), "kubeadm.patch");
        assert!(
            error.message().starts_with("kubeadmConfigPatchesJSON6902[0] cannot be applied"),
            "{error:?}"
        );
    }

    #[test]
    fn what_is_no_patch_is_refused() {
        for text in ["a: [", "- op: add", "just text"] {
            let error =
                apply(&mut documents(), ApiVersion::V1Beta4, &[text.to_owned()], "kubeadmConfigPatches")
                    .unwrap_err();
            assert_eq!(error.code(), "kubeadm.patch", "{text}");
            assert!(error.message().contains("kubeadmConfigPatches[0]"), "{error:?}");
            assert!(patch_fault(text).is_some());
        }
    }
}
