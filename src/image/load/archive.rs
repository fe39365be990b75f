//! What lies in an archive of this machine: its images and their layers, found without unpacking it.

use super::convert::DockerImage;
use super::layers::{Image, Layer, Layout};
use super::rewrite::Form;
use crate::error::{Error, Result};
use crate::host::{archive, fs};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// Files up to this size in bytes may be manifests and configs.
const JSON_LIMIT: u64 = 8 << 20;

/// Files of an archive: contents of those that are JSON, whether the others are plain.
#[derive(Default)]
struct Files {
    json: HashMap<String, Value>,
    /// Whether what is no JSON is an uncompressed tar, as far as its first bytes tell.
    plain: HashMap<String, bool>,
    links: bool,
}

/// The layout of the archive; none when it has to be sent as it is, since it is in neither layout, or keeps layers
/// under names that do not say what they are.
pub(super) fn layout(path: &Path) -> Result<Option<Layout>> {
    let Ok(files) = files(path)? else { return Ok(None) };
    if files.json.contains_key("oci-layout") && files.json.contains_key("index.json") {
        let mut images = Vec::new();
        oci(&files, &files.json["index.json"], &mut images);
        return Ok(Some(Layout { images, form: Form::Oci }));
    }
    Ok(if files.links { None } else { docker(&files) })
}

/// The files of the archive; what is wrong with it is for the container runtime to say.
fn files(path: &Path) -> Result<io::Result<Files>> {
    let reader = archive::plain(fs::open(path)?, path)?;
    Ok(read(reader))
}

fn read(reader: impl Read) -> io::Result<Files> {
    let mut files = Files::default();
    for entry in tar::Archive::new(reader).entries()? {
        let mut entry = entry?;
        let kind = entry.header().entry_type();
        files.links |= kind.is_symlink() || kind.is_hard_link();
        if !kind.is_file() {
            continue;
        }
        let name = entry.path()?.to_string_lossy().trim_start_matches("./").to_owned();
        let size = entry.size();
        let mut content = BufReader::new(&mut entry);
        let first = content.fill_buf()?;
        if size <= JSON_LIMIT && matches!(first.first(), Some(b'{' | b'[')) {
            let mut text = Vec::new();
            content.read_to_end(&mut text)?;
            if let Ok(value) = serde_json::from_slice(&text) {
                files.json.insert(name, value);
                continue;
            }
            files.plain.insert(name, true);
            continue;
        }
        let packed = matches!(first, [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..]);
        files.plain.insert(name, !packed);
    }
    Ok(files)
}

fn hex_of(value: &Value) -> Option<String> {
    value.as_str()?.strip_prefix("sha256:").map(str::to_owned)
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect()
}

/// Images of an index, and of the indexes in it, as far as they lie in the archive.
fn oci(files: &Files, index: &Value, images: &mut Vec<Image>) {
    for entry in index["manifests"].as_array().into_iter().flatten() {
        let Some(digest) = hex_of(&entry["digest"]) else { continue };
        let Some(manifest) = files.json.get(&format!("blobs/sha256/{digest}")) else { continue };
        if manifest["manifests"].is_array() {
            oci(files, manifest, images);
        } else if let Some(image) = oci_image(files, manifest) {
            images.push(image);
        }
    }
}

fn oci_image(files: &Files, manifest: &Value) -> Option<Image> {
    let config = files.json.get(&format!("blobs/sha256/{}", hex_of(&manifest["config"]["digest"])?))?;
    let diffs: Vec<String> = config["rootfs"]["diff_ids"].as_array()?.iter().filter_map(hex_of).collect();
    let blobs: Vec<String> =
        manifest["layers"].as_array()?.iter().filter_map(|layer| hex_of(&layer["digest"])).collect();
    // an attestation has no layers that anybody unpacks
    if diffs.len() != blobs.len() {
        return None;
    }
    let arch = config["architecture"].as_str().unwrap_or_default().to_owned();
    let layers = blobs.into_iter().zip(diffs).map(|(blob, diff)| Layer { blob, diff }).collect();
    Some(Image { arch, layers })
}

fn docker(files: &Files) -> Option<Layout> {
    let manifest = files.json.get("manifest.json")?;
    let described: Vec<DockerImage> = serde_json::from_value(manifest.clone()).ok()?;
    let mut images = Vec::new();
    let mut layers = BTreeMap::new();
    for image in described {
        let config = files.json.get(&image.config)?;
        let diffs: Vec<String> = texts(&config["rootfs"]["diff_ids"])
            .iter()
            .filter_map(|d| Some(d.strip_prefix("sha256:")?.to_owned()))
            .collect();
        if diffs.len() != image.layers.len() {
            return None;
        }
        for (path, diff) in image.layers.iter().zip(&diffs) {
            // a compressed one has a digest that only reading all of it tells
            if !*files.plain.get(path)? {
                return None;
            }
            layers.insert(path.clone(), diff.clone());
        }
        images.push(Image {
            arch: config["architecture"].as_str().unwrap_or_default().to_owned(),
            layers: diffs.into_iter().map(|diff| Layer { blob: diff.clone(), diff }).collect(),
        });
    }
    Some(Layout { images, form: Form::Docker(layers) })
}

/// Whether a layer of the archive hides files of the layers below it.
///
/// # Errors
/// `image.archive` when it cannot be read; those of the file.
pub fn whiteouts(path: &Path) -> Result<bool> {
    let reader = archive::plain(fs::open(path)?, path)?;
    any_whiteout(reader)
        .map_err(|e| Error::user("image.archive", format!("cannot look into {}", path.display())).because(e))
}

fn any_whiteout(reader: impl Read) -> io::Result<bool> {
    for entry in tar::Archive::new(reader).entries()? {
        let entry = entry?;
        if !entry.header().entry_type().is_file() || entry.size() < 512 {
            continue;
        }
        let mut content = BufReader::new(entry);
        let found = match content.fill_buf()? {
            [0x1f, 0x8b, ..] => hides(flate2::bufread::MultiGzDecoder::new(content)),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => {
                let zstd = ruzstd::decoding::StreamingDecoder::new(content);
                hides(zstd.map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?)
            }
            _ => hides(content),
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether this is a tar with a whiteout in it; other files are none.
fn hides(layer: impl Read) -> bool {
    let mut archive = tar::Archive::new(layer);
    let Ok(entries) = archive.entries() else { return false };
    for entry in entries {
        let Ok(entry) = entry else { return false };
        let Ok(path) = entry.path() else { continue };
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".wh.")) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::super::tar_of;
    use super::*;

    #[test]
    fn dockers_layout_needs_plain_layers() {
        let config = br#"{"architecture": "amd64", "rootfs": {"diff_ids": ["sha256:aa"]}}"#;
        let manifest = br#"[{"Config": "c.json", "RepoTags": ["a:1"], "Layers": ["x/layer.tar"]}]"#;
        let layer = tar_of(&[("file", b"content")]);
        let of = |layer: &[u8]| {
            let all = tar_of(&[("c.json", config), ("x/layer.tar", layer), ("manifest.json", manifest)]);
            docker(&read(all.as_slice()).unwrap())
        };
        let layout = of(&layer).unwrap();
        assert_eq!(layout.images[0].layers[0].diff, "aa");
        assert_eq!(layout.form, Form::Docker([("x/layer.tar".to_owned(), "aa".to_owned())].into()));
        assert_eq!(of(&[0x1f, 0x8b, 8, 0]), None);
    }

    #[test]
    fn whiteouts_are_seen_in_compressed_layers_too() {
        let plain = tar_of(&[("etc/.wh.passwd", b"")]);
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        io::Write::write_all(&mut packed, &tar_of(&[("a/.wh..wh..opq", b""), ("pad", &[7; 4096])])).unwrap();
        let mut packed = packed.finish().unwrap();
        packed.resize(packed.len().max(512), 0);
        for (layer, hides) in [(&plain, true), (&packed, true), (&tar_of(&[("etc/passwd", b"")]), false)] {
            assert_eq!(any_whiteout(tar_of(&[("layer.tar", layer)]).as_slice()).unwrap(), hides);
        }
    }
}
