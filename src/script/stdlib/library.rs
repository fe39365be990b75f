//! Scripts that people share: a folder, a checkout or a tar archive, given with `--stdlib`, with a manifest that says
//! what it is and which versions of kind it is for.

use crate::error::{Error, Result};
use crate::host::{dirs, fs};
use flate2::read::GzDecoder;
use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The manifest's name, beside the scripts.
pub const MANIFEST: &str = "manifest.toml";

/// Where in a folder the scripts may lie: in it, or as in a project.
const PLACES: [&str; 3] = ["", "stdlib", ".kind/stdlib"];

/// No archive of scripts is larger, in bytes.
const LARGEST: u64 = 16 << 20;

/// `manifest.toml`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// What people call it.
    pub name: String,
    /// Its own version.
    pub version: Version,
    /// The versions of kind that it is for, such as `>=0.1, <0.3`.
    pub kind: Option<VersionReq>,
}

/// The folder with the scripts of what `--stdlib` names. An archive is unpacked into the cache folder.
pub fn folder_of(given: &Path) -> Result<PathBuf> {
    let root = if given.is_dir() { given.to_path_buf() } else { unpacked(given)? };
    let found = PLACES.iter().map(|place| root.join(place)).find(|folder| has_scripts(folder));
    // an empty folder is what one ejects into
    let folder = found.unwrap_or(root);
    let _ = manifest_of(&folder)?;
    Ok(folder)
}

/// Whether a folder was unpacked from an archive, so that changes to it would be lost.
pub fn is_unpacked(folder: &Path) -> bool {
    folder.starts_with(cache())
}

fn cache() -> PathBuf {
    dirs::cache().join("libraries")
}

fn has_scripts(folder: &Path) -> bool {
    folder.join(MANIFEST).is_file()
        || fs::list(folder)
            .is_ok_and(|files| files.iter().any(|f| f.extension().is_some_and(|e| e == "rhai")))
}

/// The manifest of a folder; `None` when there is none. One that this kind is too old or too new for is an error.
pub fn manifest_of(folder: &Path) -> Result<Option<Manifest>> {
    let path = folder.join(MANIFEST);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.code() == "file.not_found" => return Ok(None),
        text => text?,
    };
    let manifest: Manifest = toml::from_str(&text).map_err(|error| {
        Error::user("stdlib.manifest", format!("{} is no manifest: {}", path.display(), error.message()))
            .hint("name = \"ours\", version = \"1.0.0\", and, to name versions of kind, kind = \">=0.1\"")
    })?;
    let ours = Version::parse(env!("CARGO_PKG_VERSION"))
        .map_err(|e| Error::internal("version", "kind's own version cannot be read").because(e))?;
    match &manifest.kind {
        Some(wanted) if !wanted.matches(&ours) => Err(Error::user(
            "stdlib.version",
            format!("{} {} is for kind {wanted}, and this is {ours}", manifest.name, manifest.version),
        )
        .hint(format!("take another version of either; {} has the requirement", path.display()))),
        _ => Ok(Some(manifest)),
    }
}

/// Unpacks an archive's scripts, once for each content.
fn unpacked(archive: &Path) -> Result<PathBuf> {
    let bytes = fs::read(archive).map_err(|error| match error.code() {
        "file.not_found" => error.hint("--stdlib takes a folder with scripts, or a tar archive of one"),
        _ => error,
    })?;
    let sum: String = Sha256::digest(&bytes).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let name = archive.file_name().unwrap_or_default().to_string_lossy();
    let name = name.split('.').next().unwrap_or_default();
    let folder = cache().join(format!("{name}-{sum}"));
    if folder.is_dir() {
        return Ok(folder);
    }
    let files = scripts(&bytes).map_err(|why| {
        Error::user("stdlib.archive", format!("{} is no archive of scripts: {why}", archive.display()))
            .hint("a tar archive, plain or with gzip, as tar or git archive make it")
    })?;
    fs::create_dir_all(&cache())?;
    let beside = tempfile::tempdir_in(cache()).map_err(|e| fs::error("make a folder in", &cache(), e))?;
    for (path, content) in files {
        fs::write(&beside.path().join(path), &content, 0o644)?;
    }
    match fs::rename(beside.path(), &folder) {
        Ok(()) => drop(beside.keep()),
        // another one was quicker
        Err(_) if folder.is_dir() => {}
        Err(error) => return Err(error),
    }
    Ok(folder)
}

/// Scripts and manifests of an archive, by path. One folder around all of it, as git makes it, is taken away. Links and
/// paths that lead out are left out.
fn scripts(bytes: &[u8]) -> std::result::Result<Vec<(PathBuf, Vec<u8>)>, String> {
    let plain: Box<dyn Read> =
        if bytes.starts_with(&[0x1f, 0x8b]) { Box::new(GzDecoder::new(bytes)) } else { Box::new(bytes) };
    let mut archive = tar::Archive::new(plain.take(LARGEST));
    let mut files = Vec::new();
    for entry in archive.entries().map_err(|e| e.to_string())? {
        let mut entry = entry.map_err(|e| e.to_string())?;
        let path = entry.path().map_err(|e| e.to_string())?;
        let path: PathBuf = path.components().filter(|c| *c != std::path::Component::CurDir).collect();
        let inside = path.components().all(|c| matches!(c, std::path::Component::Normal(_)));
        let wanted = path.extension().is_some_and(|e| e == "rhai") || path.ends_with(MANIFEST);
        if !(entry.header().entry_type().is_file() && inside && wanted) {
            continue;
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(|e| e.to_string())?;
        files.push((path, content));
    }
    if files.is_empty() {
        return Err("there are no .rhai files in it".to_owned());
    }
    let first = files[0].0.components().next().map(|c| PathBuf::from(c.as_os_str()));
    if let Some(around) = first
        && !["stdlib", ".kind"].iter().any(|name| around.ends_with(name))
        && files.iter().all(|(path, _)| path.starts_with(&around) && *path != around)
    {
        for (path, _) in &mut files {
            *path = path.strip_prefix(&around).map(Path::to_path_buf).unwrap_or_default();
        }
    }
    Ok(files)
}
