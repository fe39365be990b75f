//! One layer: a tar with numeric owners and no times, hashed while it is written.

use crate::error::{Error, Result};
use crate::host::cache::hex;
use crate::host::fs;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

struct Hashed {
    file: File,
    hasher: Sha256,
}

impl Write for Hashed {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let written = self.file.write(data)?;
        self.hasher.update(&data[..written]);
        Ok(written)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A layer being written.
pub struct Layer {
    tar: tar::Builder<io::BufWriter<Hashed>>,
    folders: BTreeSet<PathBuf>,
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> Error + '_ {
    move |e| fs::error("pack", path, e)
}

impl Layer {
    /// A layer that is written into `file`.
    pub fn new(file: File) -> Self {
        let hashed = Hashed { file, hasher: Sha256::new() };
        Self {
            tar: tar::Builder::new(io::BufWriter::with_capacity(1 << 20, hashed)),
            folders: BTreeSet::new(),
        }
    }

    fn header(kind: tar::EntryType, mode: u32, size: u64) -> tar::Header {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(size);
        header.set_mtime(0);
        header
    }

    /// Makes the folders above `path` that were not yet made.
    fn parents(&mut self, path: &Path) -> Result<()> {
        let above: Vec<PathBuf> =
            path.ancestors().skip(1).filter(|p| !p.as_os_str().is_empty()).map(Path::to_path_buf).collect();
        for folder in above.into_iter().rev() {
            self.one_folder(&folder, 0o755)?;
        }
        Ok(())
    }

    fn one_folder(&mut self, path: &Path, mode: u32) -> Result<()> {
        if !self.folders.insert(path.to_path_buf()) {
            return Ok(());
        }
        let mut header = Self::header(tar::EntryType::Directory, mode, 0);
        self.tar.append_data(&mut header, path, io::empty()).map_err(failed(path))
    }

    /// An empty folder with those above it.
    pub fn empty_folder(&mut self, to: &str) -> Result<()> {
        let path = PathBuf::from(to.trim_start_matches('/'));
        self.parents(&path)?;
        let mode = if to == "/tmp" { 0o1777 } else { 0o755 };
        self.one_folder(&path, mode)
    }

    /// A file of the host.
    pub fn file(&mut self, from: &Path, to: &str, mode: Option<u32>) -> Result<()> {
        let file = fs::open(from)?;
        let meta = file.metadata().map_err(failed(from))?;
        self.data(to, mode.unwrap_or(meta.permissions().mode() & 0o7777), meta.len(), file)
    }

    /// A file whose content is read from `data`.
    pub fn data(&mut self, to: &str, mode: u32, size: u64, data: impl Read) -> Result<()> {
        let path = PathBuf::from(to.trim_start_matches('/'));
        self.parents(&path)?;
        let mut header = Self::header(tar::EntryType::Regular, mode, size);
        self.tar.append_data(&mut header, &path, data).map_err(failed(&path))
    }

    /// A symbolic link.
    pub fn link(&mut self, to: &str, target: &str) -> Result<()> {
        let path = PathBuf::from(to.trim_start_matches('/'));
        self.parents(&path)?;
        let mut header = Self::header(tar::EntryType::Symlink, 0o777, 0);
        self.tar.append_link(&mut header, &path, target).map_err(failed(&path))
    }

    /// Everything below a folder of the host, in the order of names; modes, owners and links are kept,
    /// devices and sockets left out.
    pub fn folder(&mut self, root: &Path) -> Result<()> {
        self.below(root, root)
    }

    fn below(&mut self, root: &Path, folder: &Path) -> Result<()> {
        for path in fs::list(folder)? {
            let inside = path.strip_prefix(root).unwrap_or(&path).to_path_buf();
            let meta = path.symlink_metadata().map_err(failed(&path))?;
            let mut header = Self::header(tar::EntryType::Regular, meta.permissions().mode() & 0o7777, 0);
            header.set_uid(u64::from(meta.uid()));
            header.set_gid(u64::from(meta.gid()));
            if meta.is_symlink() {
                let target = path.read_link().map_err(failed(&path))?;
                header.set_entry_type(tar::EntryType::Symlink);
                self.tar.append_link(&mut header, &inside, target).map_err(failed(&path))?;
            } else if meta.is_dir() {
                header.set_entry_type(tar::EntryType::Directory);
                self.folders.insert(inside.clone());
                self.tar.append_data(&mut header, &inside, io::empty()).map_err(failed(&path))?;
                self.below(root, &path)?;
            } else if meta.is_file() {
                header.set_size(meta.len());
                self.tar.append_data(&mut header, &inside, fs::open(&path)?).map_err(failed(&path))?;
            }
        }
        Ok(())
    }

    /// Ends the layer; its file, at its end, and the SHA-256 of its content in hex.
    pub fn finish(self) -> Result<(File, String)> {
        let broken = |e: io::Error| Error::user("file.pack", "cannot write the layer").because(e);
        let writer = self.tar.into_inner().map_err(broken)?;
        let hashed = writer.into_inner().map_err(|e| broken(e.into_error()))?;
        let digest = hashed.hasher.finalize();
        Ok((hashed.file, hex(&digest)))
    }
}
