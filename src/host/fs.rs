//! File operations whose errors name the path. The only place that calls `std::fs`.
#![expect(clippy::disallowed_methods, reason = "this is the wrapper that everything else is to use")]

use crate::error::{Error, Result};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// An I/O error as one of ours, with the path and the operation.
pub fn error(doing: &str, path: &Path, cause: io::Error) -> Error {
    let code = match cause.kind() {
        io::ErrorKind::NotFound => "file.not_found",
        io::ErrorKind::PermissionDenied => "file.denied",
        io::ErrorKind::AlreadyExists => "file.exists",
        io::ErrorKind::StorageFull => "file.no_space",
        _ => "file.io",
    };
    let error = Error::user(code, format!("cannot {doing} {}", path.display())).because(cause);
    match code {
        "file.no_space" => error.hint("free some space: df -h shows where it is missing"),
        "file.denied" => error.hint("check the owner and mode of the file and of the folders above it"),
        _ => error,
    }
}

/// Reads a file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|e| error("read", path, e))
}
/// Reads a file of UTF-8 text.
pub fn read_to_string(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|e| error("read", path, e))
}
/// Writes a file whole: to a temporary one beside it, then renamed. `mode` as in 0o600.
pub fn write(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create_dir_all(folder)?;
    let fail = |e| error("write", path, e);
    let mut file = tempfile::Builder::new()
        .prefix(".kind-")
        .permissions(std::fs::Permissions::from_mode(mode))
        .tempfile_in(folder)
        .map_err(fail)?;
    io::Write::write_all(&mut file, content).map_err(fail)?;
    file.persist(path).map_err(|e| fail(e.error))?;
    Ok(())
}
/// Opens a file for reading.
pub fn open(path: &Path) -> Result<std::fs::File> {
    std::fs::File::open(path).map_err(|e| error("open", path, e))
}
/// Creates or empties a file for writing.
pub fn create(path: &Path) -> Result<std::fs::File> {
    std::fs::File::create(path).map_err(|e| error("create", path, e))
}
/// Opens a file for appending, made when it is not there.
pub fn append(path: &Path, mode: u32) -> Result<std::fs::File> {
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(mode)
        .open(path)
        .map_err(|e| error("open", path, e))
}
/// Makes a folder and those above it.
pub fn create_dir_all(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).map_err(|e| error("create the folder", path, e))
}
/// Paths of the entries of a folder, by name.
pub fn list(path: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(path).map_err(|e| error("list", path, e))?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(|e| error("list", path, e))?.path());
    }
    paths.sort();
    Ok(paths)
}
/// Removes a file or a folder with all in it. One that is not there is no error.
pub fn remove(path: &Path) -> Result<()> {
    let meta = match std::fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(error("remove", path, e)),
    };
    let done = if meta.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    done.map_err(|e| error("remove", path, e))
}
/// Makes a symbolic link at `path`.
pub fn link(target: &Path, path: &Path) -> Result<()> {
    std::os::unix::fs::symlink(target, path).map_err(|e| error("link", path, e))
}
/// Gives a file or folder another name in the same file system.
pub fn rename(from: &Path, to: &Path) -> Result<()> {
    std::fs::rename(from, to).map_err(|e| error("rename", from, e))
}
/// Copies one file with its mode.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::copy(from, to).map(|_| ()).map_err(|e| error("copy", from, e))
}
/// Copies a file with its mode, or a folder with all in it; links stay links.
pub fn copy_all(from: &Path, to: &Path) -> Result<()> {
    let meta = std::fs::symlink_metadata(from).map_err(|e| error("look at", from, e))?;
    if meta.is_symlink() {
        let target = std::fs::read_link(from).map_err(|e| error("read", from, e))?;
        return std::os::unix::fs::symlink(target, to).map_err(|e| error("link", to, e));
    }
    if !meta.is_dir() {
        if let Some(folder) = to.parent() {
            create_dir_all(folder)?;
        }
        return copy(from, to);
    }
    create_dir_all(to)?;
    set_mode(to, meta.permissions().mode() & 0o7777)?;
    for entry in list(from)? {
        if let Some(name) = entry.file_name() {
            copy_all(&entry, &to.join(name))?;
        }
    }
    Ok(())
}
/// Bytes that are free for this user in the file system of a path.
pub fn free_space(path: &Path) -> Result<u64> {
    let stat = rustix::fs::statvfs(path).map_err(|e| error("look at", path, e.into()))?;
    Ok(stat.f_bavail * stat.f_frsize)
}
/// Sets permission bits.
pub fn set_mode(path: &Path, mode: u32) -> Result<()> {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
        .map_err(|e| error("set the mode of", path, e))
}
/// Size of a file in bytes, or of everything below a folder.
pub fn size(path: &Path) -> Result<u64> {
    let meta = std::fs::symlink_metadata(path).map_err(|e| error("look at", path, e))?;
    if !meta.is_dir() {
        return Ok(meta.len());
    }
    list(path)?.iter().map(|p| size(p)).sum()
}
/// An absolute path without links.
pub fn canonical(path: &Path) -> Result<PathBuf> {
    std::fs::canonicalize(path).map_err(|e| error("find", path, e))
}

/// A path as people read it: from the working directory when it is below that, else as it is.
pub fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}
