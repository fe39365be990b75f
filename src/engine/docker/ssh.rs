//! An engine behind ssh, as a socket on this machine.
//!
//! Every request is a connection, and a login for each would be slow and soon refused (sshd drops what
//! comes too fast). So one ssh connection carries all of them: whoever connects to our socket gets
//! `docker system dial-stdio` on the other side, over a shared control connection. When the address names
//! a socket of the other side (`ssh://me@host/run/podman/podman.sock`), that is forwarded instead.

use crate::engine::Endpoint;
use std::io::{Error, Result};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

/// How long the first login may take.
const LOGIN: Duration = Duration::from_secs(30);
/// How long ssh may take to say why it ended.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The way to the other side; gone when dropped.
pub(super) struct Tunnel {
    route: Arc<Route>,
    work: JoinHandle<()>,
}

/// What is needed to go there.
struct Route {
    /// Where to log in, as arguments of ssh.
    target: Vec<String>,
    folder: TempDir,
    /// What ssh complained of last.
    complaint: Mutex<String>,
}

static OPEN: Mutex<Vec<Weak<Route>>> = Mutex::new(Vec::new());

impl Tunnel {
    /// Opens the way that an address with `ssh://` names. The login happens at first use.
    pub(super) async fn open(address: &str) -> Result<Self> {
        let (target, remote_socket) = parse(address);
        let folder = tempfile::Builder::new().prefix("kind-ssh-").tempdir()?;
        let route = Arc::new(Route { target, folder, complaint: Mutex::default() });
        let work = match remote_socket {
            None => {
                let listener = UnixListener::bind(route.socket())?;
                tokio::spawn(serve(listener, Arc::clone(&route)))
            }
            Some(remote) => {
                let forward = format!("{}:{remote}", route.socket().display());
                let options = ["-N", "-o", "ExitOnForwardFailure=yes", "-L", &forward];
                let child = route.ssh(&options, &[]).stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
                let work = tokio::spawn(listen_to(child, Arc::clone(&route)));
                route.wait_for_socket(&work).await?;
                work
            }
        };
        OPEN.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&route));
        Ok(Self { route, work })
    }

    /// The same engine at its socket here.
    pub(super) fn endpoint(&self, of: &Endpoint) -> Endpoint {
        Endpoint { address: format!("unix://{}", self.route.socket().display()), ..of.clone() }
    }

    /// What ssh complained of, if it did.
    pub(super) fn complaint(&self) -> Option<String> {
        self.route.complaint()
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.work.abort();
        self.route.leave();
    }
}

/// Leaves the ways that are open still. To be called at the end of the program, where what a script holds is not dropped.
pub fn leave_all() {
    let open = std::mem::take(&mut *OPEN.lock().unwrap_or_else(PoisonError::into_inner));
    for route in open.iter().filter_map(Weak::upgrade) {
        route.leave();
    }
}

impl Route {
    /// Ends the control connection and removes the folder.
    fn leave(&self) {
        // the control connection would stay for a while
        let mut leave = std::process::Command::new("ssh");
        leave.arg("-o").arg(self.control()).args(["-O", "exit"]).args(&self.target);
        let _ = leave.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        // Tasks that the end of the program cuts off hold the folder, which then would not go. ssh takes its sockets out of
        // it at the same time, and one that goes meanwhile makes a removal fail.
        // A connection that was being made meanwhile may even put its socket there after the folder went.
        let mut gone = 0;
        for _ in 0..50 {
            let there = self.folder.path().exists();
            let removed = !there || crate::host::fs::remove(self.folder.path()).is_ok();
            gone = if removed && !there { gone + 1 } else { 0 };
            if gone == 2 {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("engine.sock")
    }

    fn control(&self) -> String {
        format!("ControlPath={}", self.folder.path().join("control").display())
    }

    fn ssh(&self, options: &[&str], command: &[&str]) -> Command {
        let mut ssh = Command::new("ssh");
        ssh.args(["-T", "-o", "ControlMaster=auto", "-o", "ControlPersist=60", "-o"])
            .arg(self.control())
            .args(options)
            .args(&self.target)
            .args(command)
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        ssh
    }

    fn complaint(&self) -> Option<String> {
        let complaint = self.complaint.lock().unwrap_or_else(PoisonError::into_inner);
        complaint.lines().rfind(|line| !line.trim().is_empty()).map(|line| line.trim().to_owned())
    }

    async fn wait_for_socket(&self, work: &JoinHandle<()>) -> Result<()> {
        let until = tokio::time::Instant::now() + LOGIN;
        while !self.socket().exists() {
            if work.is_finished() || tokio::time::Instant::now() > until {
                return Err(Error::other(
                    self.complaint().unwrap_or_else(|| "ssh gives no connection".into()),
                ));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

async fn serve(listener: UnixListener, route: Arc<Route>) {
    while let Ok((stream, _)) = listener.accept().await {
        let route = Arc::clone(&route);
        tokio::spawn(async move {
            // whoever waits sees the connection close
            let _ = carry(stream, route).await;
        });
    }
}

/// One connection.
async fn carry(mut stream: UnixStream, route: Arc<Route>) -> Result<()> {
    let mut child = route
        .ssh(&[], &["docker", "system", "dial-stdio"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let (Some(mut stdout), Some(mut stdin)) = (child.stdout.take(), child.stdin.take()) else {
        return Err(Error::other("ssh has no input or output"));
    };
    let listen = tokio::spawn(listen_to(child, route));
    let listens = listen.abort_handle();
    let (mut read, mut write) = stream.split();
    let there = async {
        let sent = tokio::io::copy(&mut read, &mut stdin).await;
        // only dropping it closes it, and the other side waits for the end
        drop(stdin);
        sent
    };
    let back = async {
        let got = tokio::io::copy(&mut stdout, &mut write).await;
        if matches!(got, Ok(0)) {
            // no answer: whoever waits is to find all that ssh has to say about it
            let _ = tokio::time::timeout(LAST_WORDS, listen).await;
        }
        write.shutdown().await?;
        got
    };
    // what is still to be sent is of no interest once the answer has ended
    let mut there = std::pin::pin!(there);
    let mut back = std::pin::pin!(back);
    let carried = tokio::select! {
        got = &mut back => got,
        _ = &mut there => back.await,
    };
    // ends ssh, should it still run
    listens.abort();
    carried.map(drop)
}

/// Remembers what ssh complains of, until it ends.
async fn listen_to(mut child: Child, route: Arc<Route>) {
    let Some(mut stderr) = child.stderr.take() else { return };
    let mut buffer = [0; 1024];
    while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
        let mut complaint = route.complaint.lock().unwrap_or_else(PoisonError::into_inner);
        if complaint.len() < 1 << 16 {
            complaint.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    }
    let _ = child.wait().await;
}

/// `ssh://me@host:22/path` as arguments of ssh, and the path.
fn parse(address: &str) -> (Vec<String>, Option<String>) {
    let rest = address.trim_start_matches("ssh://");
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, host) =
        authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    let (host, port) = match host.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() && (!name.contains(':') || name.ends_with(']')) => {
            (name, Some(port))
        }
        _ => (host, None),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let mut target = Vec::new();
    for (option, value) in [("-l", user), ("-p", port)] {
        target.extend(value.into_iter().flat_map(|value| [option.to_owned(), value.to_owned()]));
    }
    // a host that begins with a dash is no option
    target.extend(["--".to_owned(), host.to_owned()]);
    (target, Some(format!("/{path}")).filter(|_| !path.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_become_arguments() {
        let read = |address| {
            let (target, path) = parse(address);
            (target.join(" "), path)
        };
        assert_eq!(read("ssh://host"), ("-- host".into(), None));
        assert_eq!(read("ssh://me@host:2222/"), ("-l me -p 2222 -- host".into(), None));
        assert_eq!(
            read("ssh://core@host:22/run/podman/podman.sock"),
            ("-l core -p 22 -- host".into(), Some("/run/podman/podman.sock".into()))
        );
        assert_eq!(read("ssh://me@[fd00::1]:22"), ("-l me -p 22 -- fd00::1".into(), None));
        assert_eq!(read("ssh://-oProxyCommand=x"), ("-- -oProxyCommand=x".into(), None));
    }
}
