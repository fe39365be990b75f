//! Upstream kind, built from its Go module into the cache folder.

use super::Home;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

const VERSION: &str = "v0.33.0";

/// Whether it can be had: it was built before, or Go is here.
pub fn is_possible() -> bool {
    binary().exists() || Command::new("go").arg("version").output().is_ok_and(|o| o.status.success())
}

fn folder() -> PathBuf {
    PathBuf::from(&Home::new().environment()["XDG_CACHE_HOME"]).join(format!("kind/upstream/{VERSION}"))
}

fn binary() -> PathBuf {
    folder().join("kind")
}

/// The program; built when it is not there.
pub fn path() -> Result<PathBuf, String> {
    static MADE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    MADE.get_or_init(|| {
        if binary().exists() {
            return Ok(binary());
        }
        eprintln!("tests: building upstream kind {VERSION} (a minute, once)");
        let output = Command::new("go")
            .args(["install", &format!("sigs.k8s.io/kind@{VERSION}")])
            .env("GOBIN", folder())
            .env("GOFLAGS", "-mod=mod")
            .output()
            .map_err(|e| format!("cannot run go: {e}"))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Ok(binary())
    })
    .clone()
}
