//! The lock that kubectl and every client-go program take before they change a kubeconfig: the file
//! `CONFIG.lock`, made exclusively and removed afterwards. They give up at once when it is there; we wait.
#![expect(clippy::disallowed_methods, reason = "the errors of this file name the path themselves")]

use crate::error::{Error, Result};
use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How long somebody else's lock is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// A lock this old was left behind: changes take milliseconds.
const STALE: Duration = Duration::from_mins(1);

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock(PathBuf);

impl Lock {
    /// Takes the lock of `config`, making its folder when it is missing. Fails with `kubeconfig.locked` when
    /// somebody else keeps it, with `kubeconfig.write` when it cannot be made.
    pub(super) fn take(config: &Path) -> Result<Self> {
        Self::take_within(config, PATIENCE)
    }

    fn take_within(config: &Path, patience: Duration) -> Result<Self> {
        let mut name = config.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        if let Some(folder) = config.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|e| cannot("make the folder", folder, e))?;
        }
        let start = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(_) => return Ok(Self(path)),
                Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
                Err(e) => return Err(cannot("lock", config, e)),
            }
            let age = age(&path);
            if start.elapsed() >= patience || age.is_some_and(|age| age > STALE) {
                return Err(locked(config, &path, age));
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // if it is gone already, somebody else removed it as we ask them to
        let _ = fs::remove_file(&self.0);
    }
}

fn age(path: &Path) -> Option<Duration> {
    fs::symlink_metadata(path).and_then(|m| m.modified()).ok()?.elapsed().ok()
}

fn locked(config: &Path, lock: &Path, age: Option<Duration>) -> Error {
    let since = age.map(|age| format!(" since {} seconds", age.as_secs())).unwrap_or_default();
    Error::user("kubeconfig.locked", format!("{} is locked by {}{since}", config.display(), lock.display()))
        .hint(format!("if no program is changing it, remove the lock: rm {}", lock.display()))
}

/// `kubeconfig.write`
pub(super) fn cannot(what: &str, path: &Path, cause: std::io::Error) -> Error {
    Error::user("kubeconfig.write", format!("cannot {what} {}", path.display()))
        .because(cause)
        .hint("make it writable, or name another file with --kubeconfig or KUBECONFIG")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_taker_waits_for_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("new/config");
        let first = Lock::take(&config).unwrap();
        assert!(folder.path().join("new/config.lock").exists());
        let error = Lock::take_within(&config, Duration::from_millis(30)).unwrap_err();
        assert_eq!(error.code(), "kubeconfig.locked");
        assert!(error.hints()[0].contains("config.lock"));
        let waiting = thread::spawn({
            let config = config.clone();
            move || Lock::take(&config).is_ok()
        });
        thread::sleep(Duration::from_millis(20));
        drop(first);
        assert!(waiting.join().unwrap());
        assert!(!folder.path().join("new/config.lock").exists());
    }

    #[test]
    fn a_lock_left_behind_is_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config");
        let lock = fs::File::create(folder.path().join("config.lock")).unwrap();
        lock.set_modified(std::time::SystemTime::now() - Duration::from_hours(1)).unwrap();
        let start = Instant::now();
        let error = Lock::take(&config).unwrap_err();
        assert!(error.message().contains("since 3600 seconds"), "{error:?}");
        assert!(start.elapsed() < Duration::from_secs(1));
    }
}
