//! Reading and replacing a kubeconfig file.
#![expect(clippy::disallowed_methods, reason = "the errors of this file name the path themselves")]

use super::lock::cannot;
use super::model::Kubeconfig;
use crate::error::{Error, Result};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

#[cfg(unix)]
use std::os::unix::fs::{MetadataExt, PermissionsExt};

/// The file's content; an empty one when there is no file.
pub(super) fn read(path: &Path) -> Result<Kubeconfig> {
    match fs::read_to_string(path) {
        Ok(text) => Kubeconfig::parse(&text, &path.display().to_string()),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(Kubeconfig::default()),
        Err(e) => Err(Error::user("kubeconfig.read", format!("cannot read {}", path.display())).because(e)),
    }
}

/// Writes a kubeconfig in one move: whoever reads sees the old one or the new one. The file is readable by its
/// owner alone; a symbolic link stays one, its target is replaced. What is no regular file, as `/dev/null`, stays what
/// it is and gets the text. Fails with `kubeconfig.write`.
pub fn write(path: &Path, config: &Kubeconfig) -> Result<()> {
    let text = config.to_yaml()?;
    let in_place = || fs::write(path, &text).map_err(|e| cannot("write", path, e));
    let old = fs::metadata(path).ok();
    if old.as_ref().is_some_and(|old| !old.is_file()) {
        return in_place();
    }
    let target = resolve(path);
    if old.is_some() {
        // a file that may not be written is not to be replaced either
        OpenOptions::new().write(true).open(&target).map_err(|e| cannot("write", path, e))?;
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut new = tempfile::Builder::new()
        .prefix(".kubeconfig-")
        .permissions(private())
        .tempfile_in(folder)
        .map_err(|e| cannot("write into", folder, e))?;
    let written = new.write_all(text.as_bytes()).and_then(|()| new.as_file().sync_all());
    written.map_err(|e| cannot("write", path, e))?;
    if let Some(old) = &old {
        keep_owner(new.as_file(), old);
        // who may read it is the owner's choice
        new.as_file().set_permissions(old.permissions()).map_err(|e| cannot("write", path, e))?;
    }
    match new.persist(&target) {
        Ok(_) => Ok(()),
        // a file that is mounted by itself, as into a container, cannot be replaced, only rewritten
        Err(e) if e.error.kind() == ErrorKind::ResourceBusy => in_place(),
        Err(e) => Err(cannot("replace", path, e.error)),
    }
}

/// The file behind symbolic links, which need not exist.
pub(super) fn resolve(path: &Path) -> PathBuf {
    let mut target = path.to_owned();
    // the kernel's own limit
    for _ in 0..40 {
        let Ok(next) = fs::read_link(&target) else { break };
        target = match target.parent() {
            Some(folder) => folder.join(next),
            None => next,
        };
    }
    target
}

#[cfg(unix)]
fn private() -> Permissions {
    Permissions::from_mode(0o600)
}

/// With sudo the file belongs to somebody else, and should go on doing so.
#[cfg(unix)]
fn keep_owner(new: &File, old: &fs::Metadata) {
    let ours = new.metadata().ok();
    if ours.is_none_or(|ours| (ours.uid(), ours.gid()) != (old.uid(), old.gid())) {
        // only root can; for anybody else the file becomes theirs, which is as good as it gets
        let _ = std::os::unix::fs::fchown(new, Some(old.uid()), Some(old.gid()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_stays_a_link_and_a_file_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().join("real");
        let link = folder.path().join("link");
        fs::write(&real, "kind: Config\n").unwrap();
        fs::set_permissions(&real, Permissions::from_mode(0o664)).unwrap();
        std::os::unix::fs::symlink("real", &link).unwrap();
        let config = Kubeconfig::parse("current-context: x\n", "t").unwrap();
        write(&link, &config).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "current-context: x\n");
        assert_eq!(fs::metadata(&real).unwrap().mode() & 0o777, 0o664);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        write(&folder.path().join("new"), &config).unwrap();
        assert_eq!(fs::metadata(folder.path().join("new")).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_is_no_regular_file_is_written_in_place() {
        use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
        let folder = tempfile::tempdir().unwrap();
        let config = Kubeconfig::parse("current-context: x\n", "t").unwrap();
        let pipe = folder.path().join("pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        let text = std::thread::scope(|scope| {
            let reader = scope.spawn(|| fs::read_to_string(&pipe).unwrap());
            write(&pipe, &config).unwrap();
            reader.join().unwrap()
        });
        assert_eq!(text, "current-context: x\n");
        let null = folder.path().join("null");
        // as /dev/null is; only root can make one
        let device =
            mknodat(CWD, &null, FileType::CharacterDevice, Mode::from_raw_mode(0o666), makedev(1, 3));
        if device.is_ok() && OpenOptions::new().write(true).open(&null).is_ok() {
            write(&null, &config).unwrap();
            assert_eq!(
                fs::symlink_metadata(&null).unwrap().mode() & 0o170_000,
                0o020_000,
                "it is a device no more"
            );
            assert_eq!(read(&null).unwrap().current_context(), None);
        }
        assert!(fs::read_dir(folder.path()).unwrap().count() <= 2);
    }

    #[test]
    fn a_folder_in_the_files_place_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(folder.path(), &Kubeconfig::default()).unwrap_err();
        assert_eq!(error.code(), "kubeconfig.write");
        assert_eq!(read(folder.path()).unwrap_err().code(), "kubeconfig.read");
    }
}
