//! Podman's service, started by us where only the program is there: its users need no socket.
//!
//! It ends with us, however we end: it lives as long as a pipe that this process holds. A process group of its own
//! keeps it there while we clean up after Ctrl-C.

use crate::engine::Endpoint;
use std::io::{Error, Read, Result};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long it may take to answer. Its first start on a machine prepares its storage.
const START: Duration = Duration::from_secs(30);
/// How long its end is waited for.
const END: Duration = Duration::from_secs(2);

/// Puts itself in the place of the service; what it leaves behind waits for the end of our pipe.
const LAUNCHER: &str = r#"
exec 3<&0
(cat <&3; kill "$$"; rm -rf "$2") >/dev/null 2>&1 &
exec "$0" system service --time 0 "unix://$1" 3<&- </dev/null
"#;

/// The service; ended when dropped.
pub(super) struct Service {
    child: Child,
    folder: TempDir,
}

impl Service {
    /// Starts `program` as a service and waits for its socket.
    pub(super) async fn start(program: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("kind-podman-").tempdir()?;
        let child = Command::new("sh")
            .args(["-c", LAUNCHER, program])
            .args([&folder.path().join("podman.sock"), folder.path()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let mut service = Self { child, folder };
        let until = Instant::now() + START;
        while !service.socket().exists() {
            if service.child.try_wait()?.is_some() {
                return Err(Error::other(service.complaint()));
            }
            if Instant::now() > until {
                return Err(Error::other(format!("it does not start within {START:?}")));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // nobody reads on, and a full pipe would stop it
        let _ =
            service.child.stderr.take().map(|mut stderr| {
                std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()))
            });
        Ok(service)
    }

    /// The same engine at its socket.
    pub(super) fn endpoint(&self, of: &Endpoint) -> Endpoint {
        Endpoint::new(of.kind, format!("unix://{}", self.socket().display()), of.source.clone())
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("podman.sock")
    }

    /// The last line it wrote.
    fn complaint(&mut self) -> String {
        let mut text = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            let _ = stderr.read_to_string(&mut text);
        }
        let last = text.lines().rfind(|line| !line.trim().is_empty());
        last.map_or_else(|| "it ended without a word".to_owned(), |line| line.trim().to_owned())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // closes the pipe
        drop(self.child.stdin.take());
        let until = Instant::now() + END;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(folder: &std::path::Path, script: &str) -> String {
        let path = folder.join("podman");
        crate::host::fs::write(&path, format!("#!/bin/sh\n{script}\n").as_bytes(), 0o755).unwrap();
        path.display().to_string()
    }

    #[tokio::test]
    async fn a_service_lives_as_long_as_its_handle() {
        let folder = tempfile::tempdir().unwrap();
        let started = program(folder.path(), r#"touch "${5#unix://}"; exec sleep 100"#);
        let service = Service::start(&started).await.unwrap();
        let pid = service.child.id();
        let socket = service.socket();
        let running = || std::path::Path::new(&format!("/proc/{pid}")).exists();
        assert!(running() && socket.exists());
        drop(service);
        assert!(!running() && !socket.exists());
    }

    #[tokio::test]
    async fn what_it_complains_of_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let broken = program(folder.path(), "echo 'no such storage' >&2; exit 125");
        let error = Service::start(&broken).await.err().unwrap();
        assert_eq!(error.to_string(), "no such storage");
    }
}
