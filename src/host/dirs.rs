//! The folders of the XDG base directory specification, on every system alike.

use etcetera::BaseStrategy;
use rustix::fs::{Access, access};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

fn base(pick: impl FnOnce(&etcetera::base_strategy::Xdg) -> PathBuf) -> PathBuf {
    match etcetera::base_strategy::Xdg::new() {
        Ok(xdg) => pick(&xdg).join("kind"),
        // Without a home folder there is only the working directory.
        Err(_) => PathBuf::from(".kind"),
    }
}

/// `$XDG_DATA_HOME/kind`: the private engine, locks. Where a home folder cannot be written, as that of a user whom only
/// a container's start named, it is a folder of this user's below `$XDG_RUNTIME_DIR` or the temporary one.
pub fn data() -> PathBuf {
    let usual = base(BaseStrategy::data_dir);
    if can_hold_files(&usual) {
        return usual;
    }
    let user = rustix::process::getuid().as_raw();
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(|folder| PathBuf::from(folder).join("kind"));
    let temporary = std::env::temp_dir().join(format!("kind-{user}"));
    // one that somebody else has put there is none of ours
    let is_ours = |folder: &PathBuf| folder.symlink_metadata().map_or(true, |found| found.uid() == user);
    runtime.into_iter().chain([temporary]).find(|f| can_hold_files(f) && is_ours(f)).unwrap_or(usual)
}

/// Whether files can be made in a folder, which may have to be made itself.
fn can_hold_files(folder: &Path) -> bool {
    let there = folder.ancestors().find(|part| part.as_os_str().is_empty() || part.exists());
    let there = there.filter(|part| !part.as_os_str().is_empty()).unwrap_or(Path::new("."));
    access(there, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

/// `$XDG_CACHE_HOME/kind`: what can be made again.
pub fn cache() -> PathBuf {
    base(BaseStrategy::cache_dir)
}
/// `$XDG_CONFIG_HOME/kind`: the user's stdlib overrides.
pub fn config() -> PathBuf {
    base(BaseStrategy::config_dir)
}
/// `$XDG_STATE_HOME/kind`: the REPL's history.
pub fn state() -> PathBuf {
    base(|b| b.state_dir().unwrap_or_else(|| b.data_dir()))
}
/// The user's home folder.
pub fn home() -> Option<PathBuf> {
    etcetera::home_dir().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_can_hold_files_when_the_nearest_that_exists_can() {
        let folder = tempfile::tempdir().unwrap();
        assert!(can_hold_files(folder.path()) && can_hold_files(&folder.path().join("a/b")));
        assert!(can_hold_files(Path::new("not-there/at/all")), "the working directory");
        assert!(!can_hold_files(Path::new("/proc/self/none")), "nobody makes files there");
    }
}
