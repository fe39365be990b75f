//! What docker's layout says of its images, said in OCI's.

use crate::host::cache::hex;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io;

/// The files of OCI's layout that say what docker's manifest.json says.
///
/// `small`: contents of the archive's JSON files by their paths. `sizes`: of the blobs (hex), in bytes. `blob`: the blob
/// that a layer's path means. Errors: what the manifest names is not in the archive.
pub(super) fn to_oci(
    small: &HashMap<String, Vec<u8>>,
    sizes: &HashMap<String, u64>,
    blob: impl Fn(&str) -> Option<String>,
) -> io::Result<Vec<(String, Vec<u8>)>> {
    let missing =
        |what: &str| io::Error::new(io::ErrorKind::InvalidData, format!("the archive has no {what}"));
    let manifest = small.get("manifest.json").ok_or_else(|| missing("manifest.json"))?;
    let images: Vec<DockerImage> = serde_json::from_slice(manifest)?;
    let mut files = Vec::new();
    let mut index = Vec::new();
    for image in images {
        let config = small.get(&image.config).ok_or_else(|| missing(&image.config))?;
        let mut layers = Vec::new();
        for path in &image.layers {
            let digest = blob(path).ok_or_else(|| missing(path))?;
            let size = sizes.get(&digest).ok_or_else(|| missing(path))?;
            layers.push(json!({
                "mediaType": "application/vnd.oci.image.layer.v1.tar",
                "digest": format!("sha256:{digest}"), "size": size,
            }));
        }
        let id = hex(&Sha256::digest(config));
        let text = serde_json::to_vec(&json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": format!("sha256:{id}"), "size": config.len(),
            },
            "layers": layers,
        }))?;
        let digest = hex(&Sha256::digest(&text));
        let entry = |annotations: Value| {
            let mut entry = json!({
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": format!("sha256:{digest}"), "size": text.len(),
            });
            if !annotations.is_null() {
                entry["annotations"] = annotations;
            }
            entry
        };
        let tags = image.repo_tags.unwrap_or_default();
        if tags.is_empty() {
            index.push(entry(Value::Null));
        }
        for tag in tags {
            index.push(entry(json!({ "io.containerd.image.name": super::layers::full_name(&tag) })));
        }
        files.push((blob_name(&id), config.clone()));
        files.push((blob_name(&digest), text));
    }
    files.push((
        "index.json".to_owned(),
        serde_json::to_vec(&json!({ "schemaVersion": 2, "manifests": index }))?,
    ));
    files.push(("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()));
    Ok(files)
}

/// An image in docker's manifest.json.
#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DockerImage {
    pub config: String,
    pub repo_tags: Option<Vec<String>>,
    pub layers: Vec<String>,
}

/// Where OCI's layout has a blob (hex).
pub(super) fn blob_name(digest: &str) -> String {
    format!("blobs/sha256/{digest}")
}
