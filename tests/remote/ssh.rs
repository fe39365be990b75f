//! An engine behind an sshd of the test's own: its own port, keys and configuration.

use super::{a_life, kind};
use crate::harness::{Cluster, engine, packages, real, skips_engine};
use libtest_mimic::Trial;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const HOST: &str = "127.0.0.3";

pub fn tests() -> Vec<Trial> {
    // only root can be logged in as without the system's say
    let possible = cfg!(target_os = "linux") && rustix::process::getuid().is_root() && !skips_engine();
    engine::of_the_socket(vec![
        real("remote::ssh::a_cluster_lives_there", a_cluster_lives_there).with_ignored_flag(!possible),
        real("remote::ssh::who_is_not_let_in_is_told_why", who_is_not_let_in_is_told_why)
            .with_ignored_flag(!possible),
    ])
}

/// An sshd, and a folder with an `ssh` that knows it.
struct Sshd {
    process: Child,
    folder: PathBuf,
    port: u16,
}

impl Sshd {
    fn start(folder: PathBuf) -> Self {
        packages::ensure(&[("/usr/sbin/sshd", "openssh-server"), ("ssh", "openssh-client")]).unwrap();
        std::fs::create_dir_all(folder.join("bin")).unwrap();
        for key in ["host", "user", "stranger"] {
            let file = folder.join(key);
            let made =
                Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&file).status();
            assert!(made.unwrap().success());
        }
        std::fs::copy(folder.join("user.pub"), folder.join("authorized")).unwrap();
        // sshd wants it, and only its package's start makes it
        std::fs::create_dir_all("/run/sshd").unwrap();
        let port = std::net::TcpListener::bind((HOST, 0)).unwrap().local_addr().unwrap().port();
        let at = folder.display();
        let socket = engine::find().unwrap();
        let config = format!(
            "ListenAddress {HOST}\nPort {port}\nHostKey {at}/host\nPidFile none\nUsePAM no\nStrictModes no\n\
             AuthorizedKeysFile {at}/authorized\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n\
             SetEnv DOCKER_HOST={socket}\nMaxStartups 100\nMaxSessions 100\n"
        );
        std::fs::write(folder.join("sshd_config"), config).unwrap();
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let process = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f"])
            .arg(folder.join("sshd_config"))
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let sshd = Self { process, folder, port };
        let until = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect((HOST, port)).is_err() {
            assert!(Instant::now() < until, "{}", std::fs::read_to_string(sshd.folder.join("log")).unwrap());
            std::thread::sleep(Duration::from_millis(50));
        }
        sshd.write_program("user", &sshd.folder.join("host.pub"));
        sshd
    }

    /// An `ssh` that logs in with this key and expects this key of the host. ssh looks for its files in the home that
    /// the system knows, so they are named to it.
    fn write_program(&self, key: &str, host_key: &Path) {
        let at = self.folder.display();
        let host_key = std::fs::read_to_string(host_key).unwrap();
        std::fs::write(self.folder.join("known"), format!("[{HOST}]:{} {host_key}", self.port)).unwrap();
        let config = format!(
            "IdentityFile {at}/{key}\nIdentitiesOnly yes\nUserKnownHostsFile {at}/known\nGlobalKnownHostsFile none\n\
             StrictHostKeyChecking yes\nBatchMode yes\n"
        );
        std::fs::write(self.folder.join("ssh_config"), config).unwrap();
        let program = self.folder.join("bin/ssh");
        let real = packages::which("ssh").unwrap();
        std::fs::write(
            &program,
            format!("#!/bin/sh\nexec '{}' -F '{at}/ssh_config' \"$@\"\n", real.display()),
        )
        .unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// `PATH` with our ssh in front.
    fn path(&self) -> String {
        format!("{}:{}", self.folder.join("bin").display(), std::env::var("PATH").unwrap_or_default())
    }

    /// The engine's address; with its socket there when `docker` is not to be asked for it.
    fn address(&self, with_socket: bool) -> String {
        let socket = if with_socket { engine::socket().unwrap() } else { "" };
        format!("ssh://root@{HOST}:{}{socket}", self.port)
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn a_cluster_lives_there() {
    let c = Cluster::named("ssh");
    let sshd = Sshd::start(c.home.root().join("sshd"));
    let path = sshd.path();
    a_life(&c, HOST, &[("DOCKER_HOST", &sshd.address(true)), ("PATH", &path)]);
    // without a socket it is docker's program there that knows the way
    if packages::which("docker").is_some() {
        let ran = kind(
            &c,
            &[("DOCKER_HOST", &sshd.address(false)), ("PATH", &path)],
            &["get", "nodes", "--name", "none"],
        );
        ran.ok().tells("No kind nodes found for cluster \"none\".");
    }
}

fn who_is_not_let_in_is_told_why() {
    let c = Cluster::named("ssh-wrong");
    let mut sshd = Sshd::start(c.home.root().join("sshd"));
    let path = sshd.path();
    let ask =
        |address: &str| kind(&c, &[("DOCKER_HOST", address), ("PATH", &path)], &["get", "clusters"]).code(1);
    for with_socket in [true, false] {
        let address = sshd.address(with_socket);
        sshd.write_program("stranger", &sshd.folder.join("host.pub"));
        ask(&address).tells(&address).tells("Permission denied (publickey)");
        sshd.write_program("user", &sshd.folder.join("stranger.pub"));
        ask(&address).tells("Host key verification failed");
    }
    // nobody listens any more
    let _ = sshd.process.kill();
    let _ = sshd.process.wait();
    ask(&sshd.address(true)).tells("Connection refused");
}
