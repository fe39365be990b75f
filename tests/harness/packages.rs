//! Programs of the system that tests need, installed where that may be done, and told of before it takes long.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// Where a program lies.
pub fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Makes sure that each program (or file) is there, by installing the Debian package beside it.
pub fn ensure(wanted: &[(&str, &str)]) -> Result<(), String> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _lock = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let there = |thing: &str| {
        if thing.starts_with('/') { Path::new(thing).exists() } else { which(thing).is_some() }
    };
    let missing: Vec<_> =
        wanted.iter().filter(|(thing, _)| !there(thing)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    if !rustix::process::getuid().is_root() || which("apt-get").is_none() {
        return Err(format!("not installed, and not to be installed by this user: {names}"));
    }
    eprintln!("tests: installing {names}");
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(["-qq", "-o", "DPkg::Lock::Timeout=300"]).args(arguments);
        // no service of what is installed is started
        command.env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1").stdin(Stdio::null()).output()
    };
    let install: Vec<_> =
        ["install", "-y", "--no-install-recommends"].into_iter().chain(missing.iter().copied()).collect();
    let mut done = apt(&install).map_err(|e| format!("cannot run apt-get: {e}"))?;
    if !done.status.success() {
        // lists that are too old
        let _ = apt(&["update"]);
        done = apt(&install).map_err(|e| format!("cannot run apt-get: {e}"))?;
    }
    if done.status.success() {
        return Ok(());
    }
    Err(format!("cannot install {names}: {}", String::from_utf8_lossy(&done.stderr)))
}
