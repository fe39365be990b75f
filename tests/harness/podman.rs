//! Podman beside the engine: a program and a service of the tests' own, with folders of their own, so that a user's
//! Podman is not touched. The node image comes from the engine that built it.
//!
//! `KIND_TEST_ENGINE=podman cargo test --test suite -- FILTER` runs any tests on it; the tests named `podman::…` run the
//! suite's core that way.

use super::{Home, IMAGE, engine, packages};
use futures_util::StreamExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Set to `podman`, all tests run on Podman.
pub const ENGINE: &str = "KIND_TEST_ENGINE";
/// Names the socket to the suite that runs on it.
const SOCKET: &str = "KIND_TEST_PODMAN_SOCKET";

/// Whether it can run here: its network and its cgroups need root.
pub fn is_possible() -> bool {
    cfg!(target_os = "linux") && rustix::process::getuid().is_root()
}

/// Whether this process is the suite that runs on Podman.
pub fn is_engine() -> bool {
    std::env::var_os(SOCKET).is_some()
}

/// What is there once Podman is ready.
pub struct Podman {
    /// A folder with a `podman` that has folders of its own.
    pub bin: PathBuf,
    /// The socket of its service.
    pub socket: PathBuf,
}

static SERVICE: Mutex<Option<Child>> = Mutex::new(None);
static READY: OnceLock<Result<Podman, String>> = OnceLock::new();

/// Podman with the node image; made ready once.
pub fn need() -> &'static Result<Podman, String> {
    READY.get_or_init(|| {
        packages::ensure(&[
            ("podman", "podman"),
            ("runc", "runc"),
            ("/usr/lib/podman/netavark", "netavark"),
            ("/usr/lib/podman/aardvark-dns", "aardvark-dns"),
        ])?;
        let podman = Podman::start()?;
        podman.take_image()?;
        Ok(podman)
    })
}

impl Podman {
    fn start() -> Result<Self, String> {
        let folder = PathBuf::from(&Home::new().environment()["XDG_CACHE_HOME"]).join("kind/podman");
        let podman =
            Self { bin: folder.join("bin"), socket: folder.join(format!("{}.sock", std::process::id())) };
        podman.write_program(&folder).map_err(|e| format!("cannot write below {}: {e}", folder.display()))?;
        // ends with this process: it holds the other end of its input
        let script = r#"exec 3<&0
                        (cat <&3; kill "$$"; rm -f "$1") >/dev/null 2>&1 &
                        exec "$0" system service --time 0 "unix://$1" 3<&- </dev/null"#;
        let log = std::fs::File::create(folder.join("service.log")).map_err(|e| e.to_string())?;
        let service = Command::new("sh")
            .args(["-c", script])
            .args([&podman.bin.join("podman"), &podman.socket])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .process_group(0)
            .spawn()
            .map_err(|e| format!("cannot start podman: {e}"))?;
        *SERVICE.lock().unwrap_or_else(PoisonError::into_inner) = Some(service);
        let until = Instant::now() + Duration::from_mins(1);
        while !podman.socket.exists() {
            if Instant::now() > until {
                let log = std::fs::read_to_string(folder.join("service.log")).unwrap_or_default();
                return Err(format!("podman's service does not start:\n{log}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(podman)
    }

    /// A program that is Podman with its own folders, and what it needs on a machine like those of CI: limits that may
    /// not be raised, cgroups that crun refuses.
    fn write_program(&self, folder: &Path) -> std::io::Result<()> {
        std::fs::create_dir_all(&self.bin)?;
        let files = std::fs::read_to_string("/proc/self/limits")?;
        let files = files.lines().find(|line| line.starts_with("Max open files")).unwrap_or_default();
        let files = files.split_whitespace().nth(4).and_then(|n| n.parse::<u64>().ok()).unwrap_or(1 << 20);
        let at = folder.display();
        let config = format!(
            "[containers]\ndefault_ulimits = [\"nofile={files}:{files}\", \"nproc=32768:32768\"]\n\
             [engine]\nruntime = \"runc\"\nlock_type = \"file\"\nevents_logger = \"file\"\n\
             [network]\nnetwork_config_dir = \"{at}/networks\"\n"
        );
        std::fs::write(folder.join("containers.conf"), config)?;
        let real = packages::which("podman").unwrap_or_else(|| "podman".into());
        let program = format!(
            "#!/bin/sh\nexport CONTAINERS_CONF='{at}/containers.conf'\n\
             exec '{}' --root '{at}/root' --runroot '{at}/run' --tmpdir '{at}/tmp' \"$@\"\n",
            real.display()
        );
        // written aside, since another run may be starting it
        let new = self.bin.join(format!("podman.{}", std::process::id()));
        std::fs::write(&new, program)?;
        std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o755))?;
        std::fs::rename(new, self.bin.join("podman"))
    }

    /// Gives Podman the node image of the engine, unless it has this very one.
    fn take_image(&self) -> Result<(), String> {
        let runtime = tokio::runtime::Runtime::new().map_err(|e| e.to_string())?;
        runtime.block_on(async {
            let ours = kind::engine::connect_to(&self.address()).await.map_err(|e| format!("{e:?}"))?;
            let from = engine::find().ok_or("no engine has built the node image")?;
            let theirs = kind::engine::connect_to(from).await.map_err(|e| format!("{e:?}"))?;
            let wanted = theirs.inspect_image(IMAGE).await.map_err(|e| format!("{e:?}"))?;
            let had = ours.inspect_image(IMAGE).await.map_err(|e| format!("{e:?}"))?;
            let wanted = wanted.ok_or("the engine has no node image")?;
            if had.as_ref().is_some_and(|had| had.id == wanted.id) {
                return Ok(());
            }
            eprintln!("tests: giving the node image to podman (a minute, once)");
            if had.is_some() {
                ours.remove_image(IMAGE).await.map_err(|e| format!("{e:?}"))?;
            }
            let archive = theirs.save_images(&[IMAGE.to_owned()]).await.map_err(|e| format!("{e:?}"))?;
            ours.load_images(archive.boxed()).await.map_err(|e| format!("{e:?}"))?;
            Ok(())
        })
    }

    /// Removes nodes of this run and of runs that are gone; other runs share its folders.
    fn sweep(&self) {
        let podman = || Command::new(self.bin.join("podman"));
        let Ok(listed) = podman().args(["ps", "--all", "--format", "{{.Names}}"]).output() else { return };
        for name in String::from_utf8_lossy(&listed.stdout).lines() {
            let Some(pid) = super::clusters::run_of(name) else { continue };
            if pid == std::process::id() || !Path::new(&format!("/proc/{pid}")).exists() {
                let _ = podman().args(["rm", "--force", "--volumes", "--time=0", name]).output();
            }
        }
    }

    /// Its address.
    pub fn address(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// This suite on Podman, with these arguments of its own.
    pub fn suite(&self) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.env("DOCKER_HOST", self.address()).env(SOCKET, &self.socket);
        command
    }
}

/// Runs the whole suite with the same arguments on Podman, when that is asked for and not under way.
pub fn instead() -> Option<ExitCode> {
    if std::env::var(ENGINE).is_ok_and(|engine| engine == "podman") && !is_engine() {
        let code = match super::need().as_ref().and_then(|()| need().as_ref()) {
            Ok(podman) => {
                let status = podman.suite().args(std::env::args_os().skip(1)).status();
                status.ok().and_then(|status| status.code()).unwrap_or(1)
            }
            Err(error) => {
                eprintln!("tests: no podman: {error}");
                1
            }
        };
        end();
        return Some(ExitCode::from(u8::try_from(code).unwrap_or(1)));
    }
    None
}

/// Ends the service, and removes the nodes that tests have left and what Podman keeps mounted.
pub fn end() {
    let Some(mut service) = SERVICE.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
    let podman = READY.get().and_then(|ready| ready.as_ref().ok());
    if let Some(podman) = podman {
        podman.sweep();
    }
    drop(service.stdin.take());
    let _ = service.wait();
    if let Some(folder) = podman.and_then(|podman| podman.bin.parent()) {
        // where another run has containers it is busy, and stays
        let _ = Command::new("umount").arg(folder.join("root/overlay")).stderr(Stdio::null()).status();
    }
}
