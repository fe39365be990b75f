//! An image archive from a folder and single files. Equal input gives equal bytes, so that it can be cached.

use super::layer::Layer;
use crate::arch;
use crate::error::{Error, Result};
use crate::host::cache::hex;
use crate::host::fs;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// What the image's process is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Program that is always run.
    pub entrypoint: Vec<String>,
    /// Its default arguments.
    pub cmd: Vec<String>,
    /// Environment as `KEY=value`.
    pub env: Vec<String>,
    /// Working directory.
    pub workdir: String,
    /// `user` or `user:group`.
    pub user: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

/// A file of the host to put into the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Path on the host.
    pub from: PathBuf,
    /// Absolute path in the image.
    pub to: String,
    /// Permission bits; the file's own when none.
    #[serde(default)]
    pub mode: Option<u32>,
}

/// A symbolic link to put into the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Absolute path of the link.
    pub to: String,
    /// What it points at.
    pub target: String,
}

/// An image to make.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Spec {
    /// Its name with tag.
    pub reference: String,
    /// Further names.
    pub references: Vec<String>,
    /// In Go's words; this machine's when empty.
    pub arch: String,
    /// A folder that becomes the root.
    pub root: Option<PathBuf>,
    /// Single files, put on top.
    pub files: Vec<File>,
    /// Symbolic links, put on top.
    pub links: Vec<Link>,
    /// Empty folders, put on top.
    pub folders: Vec<String>,
    /// What it runs.
    pub config: Config,
}

impl Spec {
    /// All names of the image.
    pub fn names(&self) -> Vec<String> {
        std::iter::once(&self.reference).chain(&self.references).filter(|r| !r.is_empty()).cloned().collect()
    }
}

/// Writes the archive of `spec` to `path`.
pub fn pack(spec: &Spec, path: &Path) -> Result<()> {
    let spool = tempfile::tempfile().map_err(|e| fs::error("make a temporary file for", path, e))?;
    let mut layer = Layer::new(spool);
    if let Some(root) = &spec.root {
        layer.folder(root)?;
    }
    for folder in &spec.folders {
        layer.empty_folder(folder)?;
    }
    for file in &spec.files {
        layer.file(&file.from, &file.to, file.mode)?;
    }
    for link in &spec.links {
        layer.link(&link.to, &link.target)?;
    }
    let (mut spool, digest) = layer.finish()?;
    let size = spool.stream_position().map_err(|e| fs::error("write", path, e))?;
    spool.rewind().map_err(|e| fs::error("read", path, e))?;
    let partial = path.with_extension("partial");
    let file = fs::create(&partial)?;
    from_layer(&spec.names(), &spec.arch, &spec.config, &mut spool, size, &digest, file)?;
    fs::rename(&partial, path)
}

/// Writes the archive of an image of one layer: an uncompressed tar of `size` bytes with the SHA-256 `digest`.
pub fn from_layer(
    names: &[String],
    arch: &str,
    config: &Config,
    layer: &mut dyn Read,
    size: u64,
    digest: &str,
    out: impl Write,
) -> Result<()> {
    let arch = if arch.is_empty() { arch::of_host() } else { arch };
    let config = serde_json::to_vec(&serde_json::json!({
        "architecture": arch,
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {
            "Entrypoint": config.entrypoint, "Cmd": config.cmd, "Env": config.env,
            "WorkingDir": config.workdir, "User": config.user, "Labels": config.labels,
        },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{digest}")] },
        "history": [{ "created": "1970-01-01T00:00:00Z", "created_by": "kind" }],
    }))
    .map_err(|e| Error::internal("json", "cannot write the image's config").because(e))?;
    let id = hex(&Sha256::digest(&config));
    let layer_name = format!("{digest}/layer.tar");
    let manifest = serde_json::to_vec(&serde_json::json!([{
        "Config": format!("{id}.json"), "RepoTags": names, "Layers": [layer_name],
    }]))
    .map_err(|e| Error::internal("json", "cannot write the image's manifest").because(e))?;
    let mut archive = tar::Builder::new(out);
    let mut add = |name: &str, size: u64, data: &mut dyn Read| -> io::Result<()> {
        let mut header = tar::Header::new_ustar();
        header.set_size(size);
        header.set_mode(0o644);
        header.set_mtime(0);
        archive.append_data(&mut header, name, data)
    };
    let written = add(&format!("{id}.json"), config.len() as u64, &mut config.as_slice())
        .and_then(|()| add(&layer_name, size, layer))
        .and_then(|()| add("manifest.json", manifest.len() as u64, &mut manifest.as_slice()))
        .and_then(|()| archive.into_inner())
        .and_then(|mut out| out.flush());
    written.map_err(|e| {
        Error::user("file.pack", format!("cannot write the archive of {}", names.join(", "))).because(e)
    })
}
