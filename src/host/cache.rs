//! Finished work kept by the inputs it was made from, so that it is done once and an interrupted build goes on
//! where it was.

use super::{dirs, fs};
use crate::error::{Error, Result};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Bytes as hex digits.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Twelve hex digits that stand for `inputs`.
pub fn key(inputs: &str) -> String {
    let digest = Sha256::digest(inputs.as_bytes());
    hex(&digest[..6])
}

/// A place for the result of one piece of work, held by a lock until it is dropped.
pub struct Slot {
    /// Where the result lies when it is finished.
    pub finished: PathBuf,
    /// Where it is made.
    pub partial: PathBuf,
    _lock: std::fs::File,
}

/// What the cache has for a piece of work.
pub enum Entry {
    /// The folder with its result.
    Finished(PathBuf),
    /// It has to be done, in [`Slot::partial`], then [`Slot::finish`]ed.
    Missing(Slot),
}

/// Looks up `name` made from `inputs` in the cache's folder `group`. Waits while another process makes it.
pub fn entry(group: &str, name: &str, inputs: &str) -> Result<Entry> {
    let folder = dirs::cache().join(group);
    let finished = folder.join(format!("{name}-{}", key(inputs)));
    if finished.is_dir() {
        return Ok(Entry::Finished(finished));
    }
    fs::create_dir_all(&folder)?;
    let lock_path = folder.join(format!(".{name}.lock"));
    let lock = fs::create(&lock_path)?;
    lock.lock().map_err(|e| fs::error("lock", &lock_path, e))?;
    if finished.is_dir() {
        return Ok(Entry::Finished(finished));
    }
    let partial = folder.join(format!(".{name}-{}.partial", key(inputs)));
    fs::create_dir_all(&partial)?;
    Ok(Entry::Missing(Slot { finished, partial, _lock: lock }))
}

impl Slot {
    /// Makes the result visible.
    pub fn finish(self) -> Result<PathBuf> {
        fs::rename(&self.partial, &self.finished)?;
        Ok(self.finished)
    }
}

/// Whether `name` made from `inputs` is finished.
pub fn has(group: &str, name: &str, inputs: &str) -> bool {
    dirs::cache().join(group).join(format!("{name}-{}", key(inputs))).is_dir()
}

/// SHA-256 of a file, or of a folder's names, modes, links and contents, in hex.
pub fn digest(path: &Path) -> Result<String> {
    use std::os::unix::fs::PermissionsExt;
    fn add(hasher: &mut Sha256, path: &Path) -> Result<()> {
        let meta = path.symlink_metadata().map_err(|e| fs::error("look at", path, e))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        hasher.update(format!("{name}\0{:o}\0", meta.permissions().mode()));
        if meta.is_dir() {
            for entry in fs::list(path)? {
                add(hasher, &entry)?;
            }
        } else if meta.is_symlink() {
            let target = path.read_link().map_err(|e| fs::error("read", path, e))?;
            hasher.update(target.to_string_lossy().as_bytes());
        } else {
            hasher.update(sha256_file(path)?);
        }
        Ok(())
    }
    if path.is_file() {
        return sha256_file(path);
    }
    let mut hasher = Sha256::new();
    for entry in fs::list(path)? {
        add(&mut hasher, &entry)?;
    }
    Ok(hex(&hasher.finalize()))
}

/// SHA-256 of a file in hex.
pub fn sha256_file(path: &Path) -> Result<String> {
    let mut file = fs::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = std::io::Read::read(&mut file, &mut buffer).map_err(|e| fs::error("read", path, e))?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
    }
    Ok(hex(&hasher.finalize()))
}

/// Fails when `digest` is not what is expected of the file.
pub fn check_sha256(path: &Path, expected: &str) -> Result<()> {
    let found = sha256_file(path)?;
    if found == expected {
        return Ok(());
    }
    Err(Error::user(
        "file.checksum",
        format!("{} has the SHA-256 {found}, expected {expected}", path.display()),
    )
    .hint("remove it and try again; if it stays so, the source does not serve what it names"))
}
