//! containerd's config with a user's patches. Pure functions; facts are those of upstream kind 0.33.0,
//! `pkg/internal/patch/toml.go`.
//!
//! A merge patch is TOML and merges as RFC 7386 has it; one that says `version` is for a config of that version
//! only. A JSON patch (RFC 6902) sees the config as the JSON it would be.

use crate::error::{Error, Result};
use crate::rfc6902;
use serde_json::Value;

/// A patched config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patched {
    /// The config's TOML.
    pub text: String,
    /// Patches that were for a config of another version, described. Upstream passes over them in silence.
    pub unused_patches: Vec<String>,
}

/// Applies merge patches and then JSON patches, each in their order.
///
/// Fails with `containerd.config` when `config` is no TOML or has no version, and with `containerd.patch` for a
/// patch that cannot be applied.
pub fn patch(config: &str, merge: &[String], json: &[String]) -> Result<Patched> {
    let broken = |e: toml::de::Error| {
        Error::config(
            "containerd.config",
            format!("the node's containerd config is not TOML: {}", e.message()),
        )
    };
    let mut value = toml_value(config).map_err(broken)?;
    let version = value.get("version").and_then(Value::as_i64).ok_or_else(|| {
        Error::config("containerd.config", "the node's containerd config does not say its version")
    })?;
    let mut unused_patches = Vec::new();
    for (i, text) in merge.iter().enumerate() {
        let path = format!("containerdConfigPatches[{i}]");
        let change =
            toml_value(text).map_err(|e| refused(&path, &format!("it is not TOML: {}", e.message())))?;
        match change.get("version").and_then(Value::as_i64) {
            Some(other) if other != version && other != 0 => {
                unused_patches.push(format!(
                    "{path} is for version {other}; the node's config is of version {version}"
                ));
            }
            _ => json_patch::merge(&mut value, &change),
        }
    }
    for (i, text) in json.iter().enumerate() {
        let path = format!("containerdConfigPatchesJSON6902[{i}]");
        let operations = rfc6902::parse(text).map_err(|why| refused(&path, &why))?;
        rfc6902::apply(&mut value, &operations).map_err(|why| refused(&path, &why))?;
    }
    // null has no place in TOML: what an operation set to it is not there
    let value = without_nulls(value);
    let table: toml::Table = serde_json::from_value(value)
        .map_err(|e| refused("the patched config", "it can be no TOML").because(e))?;
    let text =
        toml::to_string(&table).map_err(|e| refused("the patched config", "it can be no TOML").because(e))?;
    Ok(Patched { text, unused_patches })
}

fn refused(path: &str, why: &str) -> Error {
    Error::config("containerd.patch", format!("{path} cannot be applied: {why}"))
        .hint("kind get nodes, then read /etc/containerd/config.toml of one to see what a patch meets")
}

fn toml_value(text: &str) -> std::result::Result<Value, toml::de::Error> {
    let table: toml::Table = toml::from_str(text)?;
    Ok(serde_json::to_value(table).unwrap_or_default())
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k, without_nulls(v))).collect(),
        ),
        Value::Array(list) => list.into_iter().filter(|v| !v.is_null()).map(without_nulls).collect(),
        other => other,
    }
}

/// Why a text can be no merge patch, or `None`.
pub fn merge_patch_fault(text: &str) -> Option<String> {
    toml_value(text).err().map(|e| format!("it is not TOML: {}", e.message()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\"]\nsandbox_image = \"pause:3\"\n\
                          [plugins.\"io.containerd.grpc.v1.cri\".containerd]\ndiscard_unpacked_layers = true\n";

    fn patched(merge: &[&str], json: &[&str]) -> Result<(toml::Table, Vec<String>)> {
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let patched = patch(CONFIG, &owned(merge), &owned(json))?;
        Ok((toml::from_str(&patched.text).unwrap(), patched.unused_patches))
    }

    #[test]
    fn merge_then_json() {
        let merge = "[plugins.\"io.containerd.grpc.v1.cri\"]\nsandbox_image = \"pause:4\"\nmax_concurrent_downloads = 7\n";
        let json = r#"[{"op": "replace", "path": "/plugins/io.containerd.grpc.v1.cri/containerd/discard_unpacked_layers", "value": false}]"#;
        let (config, unused) = patched(&[merge], &[json]).unwrap();
        let cri = &config["plugins"]["io.containerd.grpc.v1.cri"];
        assert_eq!(cri["sandbox_image"].as_str(), Some("pause:4"));
        assert_eq!(cri["max_concurrent_downloads"].as_integer(), Some(7));
        assert_eq!(cri["containerd"]["discard_unpacked_layers"].as_bool(), Some(false));
        assert_eq!(unused, [""; 0]);
    }

    #[test]
    fn a_patch_for_another_version_is_left_out() {
        let (config, unused) =
            patched(&["version = 3\nroot = \"/x\"", "version = 2\nstate = \"/y\""], &[]).unwrap();
        assert!(!config.contains_key("root"));
        assert_eq!(config["state"].as_str(), Some("/y"));
        assert_eq!(
            unused,
            ["containerdConfigPatches[0] is for version 3; the node's config is of version 2"]
        );
    }

    #[test]
    fn what_cannot_be_applied_is_named() {
        for (merge, json, part) in [
            ("a = ", "[]", "containerdConfigPatches[0] cannot be applied: it is not TOML"),
            (
                "a = 1",
                r#"[{"op": "remove", "path": "/none"}]"#,
                "containerdConfigPatchesJSON6902[0] cannot be applied",
            ),
            ("a = 1", "{}", "expected a list of operations"),
        ] {
            let error = patched(&[merge], &[json]).unwrap_err();
            assert_eq!(error.code(), "containerd.patch");
            assert!(error.message().contains(part), "{error:?}");
        }
        assert_eq!(patch("a = 1", &[], &[]).unwrap_err().code(), "containerd.config");
        assert!(merge_patch_fault("[a").is_some() && merge_patch_fault("[a]").is_none());
    }
}
