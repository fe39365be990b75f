//! nerdctl beside the engine: a containerd of the tests' own, with folders of its own, and programs that are built from
//! their Go modules once. The node image comes from the engine that built it.

use super::{Home, IMAGE, engine, packages};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Versions that the Go module proxy serves; containerd and the plugins as in node images.
const NERDCTL: &str = "2.2.2";
const CONTAINERD: &str = "2.4.2";
const PLUGINS: &str = "1.9.1";
/// The network of its nodes; others on this machine may have a `kind`, whose addresses CNI keeps in one place for all.
pub const NETWORK: &str = "kt-nerdctl";

/// Whether it can run here: containerd, networks and cgroups need root.
pub fn is_possible() -> bool {
    cfg!(target_os = "linux") && rustix::process::getuid().is_root()
}

/// What is there once nerdctl is ready.
pub struct Nerdctl {
    /// A folder with a `nerdctl` that has folders of its own.
    path: PathBuf,
    /// Where containerd's state and socket are; of this run.
    state: PathBuf,
    /// Held while containerd uses its data.
    _lock: std::fs::File,
}

static CONTAINERD_PROCESS: Mutex<Option<Child>> = Mutex::new(None);
static READY: OnceLock<Result<Nerdctl, String>> = OnceLock::new();

/// nerdctl with the node image; made ready once.
pub fn need() -> &'static Result<Nerdctl, String> {
    READY.get_or_init(|| {
        packages::ensure(&[("runc", "runc"), ("iptables", "iptables")])?;
        let nerdctl = Nerdctl::start()?;
        nerdctl.sweep();
        nerdctl.take_image()?;
        Ok(nerdctl)
    })
}

impl Nerdctl {
    fn start() -> Result<Self, String> {
        let cache = PathBuf::from(&Home::new().environment()["XDG_CACHE_HOME"]).join("kind/nerdctl");
        let programs = cache.join(format!("{NERDCTL}-{CONTAINERD}-{PLUGINS}"));
        let state = std::env::temp_dir().join(format!("kind-test-nerdctl-{}", std::process::id()));
        let failed = |e: std::io::Error| format!("cannot set up containerd below {}: {e}", cache.display());
        std::fs::create_dir_all(&cache).map_err(failed)?;
        let lock = std::fs::File::create(cache.join("lock")).map_err(failed)?;
        lock.lock().map_err(failed)?;
        build(&programs)?;
        let nerdctl = Self { path: state.join("path"), state, _lock: lock };
        nerdctl.write_files(&cache, &programs).map_err(failed)?;
        // ends with this process: it holds the other end of its input
        let script = r#"exec 3<&0
                        (cat <&3; kill "$$") >/dev/null 2>&1 &
                        exec "$0" --config "$1" 3<&- </dev/null"#;
        let log = std::fs::File::create(cache.join("containerd.log")).map_err(failed)?;
        let child = Command::new("sh")
            .args(["-c", script])
            .args([&programs.join("bin/containerd"), &nerdctl.state.join("config.toml")])
            .env("PATH", search(&programs.join("bin")))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .process_group(0)
            .spawn()
            .map_err(|e| format!("cannot start containerd: {e}"))?;
        *CONTAINERD_PROCESS.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
        let until = Instant::now() + Duration::from_mins(1);
        while !nerdctl.run(&["version"]).is_ok_and(|text| text.contains("Server:")) {
            if Instant::now() > until {
                let log = std::fs::read_to_string(cache.join("containerd.log")).unwrap_or_default();
                return Err(format!("containerd does not start:\n{log}"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(nerdctl)
    }

    /// The settings of both, and a program that is nerdctl with them.
    fn write_files(&self, cache: &Path, programs: &Path) -> std::io::Result<()> {
        let (state, cache, programs) = (self.state.display(), cache.display(), programs.display());
        std::fs::create_dir_all(&self.path)?;
        std::fs::write(
            self.state.join("config.toml"),
            format!(
                "version = 3\nroot = '{cache}/root'\nstate = '{state}/containerd'\n\
                 disabled_plugins = ['io.containerd.grpc.v1.cri', 'io.containerd.cri.v1.images', \
                 'io.containerd.cri.v1.runtime', 'io.containerd.nri.v1.nri']\n\
                 [grpc]\naddress = '{state}/containerd.sock'\n"
            ),
        )?;
        std::fs::write(
            self.state.join("nerdctl.toml"),
            format!(
                "address = '{state}/containerd.sock'\nnamespace = 'kind-test'\ncgroup_manager = 'cgroupfs'\n\
                 cni_path = '{programs}/cni'\ncni_netconfpath = '{state}/networks'\ndata_root = '{state}/data'\n\
                 bridge_ip = '10.222.0.1/24'\n"
            ),
        )?;
        let program = self.path.join("nerdctl");
        std::fs::write(
            &program,
            format!(
                "#!/bin/sh\nexport NERDCTL_TOML='{state}/nerdctl.toml' PATH='{programs}/bin':\"$PATH\"\n\
                 exec '{programs}/bin/nerdctl' \"$@\"\n"
            ),
        )?;
        std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755))
    }

    /// Runs it; its standard output.
    pub fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(self.path.join("nerdctl")).args(arguments).stdin(Stdio::null()).output();
        let output = output.map_err(|e| format!("cannot run nerdctl: {e}"))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// What makes kind use it.
    pub fn environment(&self) -> BTreeMap<String, String> {
        [("KIND_EXPERIMENTAL_PROVIDER", "nerdctl".to_owned()), ("PATH", search(&self.path))]
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }

    /// Gives it the node image of the engine, unless it has this very one.
    fn take_image(&self) -> Result<(), String> {
        let runtime = tokio::runtime::Runtime::new().map_err(|e| e.to_string())?;
        runtime.block_on(async {
            let env = kind::engine::Environment {
                variables: self.environment(),
                ..kind::engine::Environment::of_process()
            };
            let ours = kind::engine::connect_in(&env).await.map_err(|e| format!("{e:?}"))?;
            let from = engine::find().ok_or("no engine has built the node image")?;
            let theirs = kind::engine::connect_to(from).await.map_err(|e| format!("{e:?}"))?;
            let wanted = theirs.inspect_image(IMAGE).await.map_err(|e| format!("{e:?}"))?;
            let had = ours.inspect_image(IMAGE).await.map_err(|e| format!("{e:?}"))?;
            let wanted = wanted.ok_or("the engine has no node image")?;
            if had.as_ref().is_some_and(|had| had.id == wanted.id) {
                return Ok(());
            }
            eprintln!("tests: giving the node image to containerd (a minute, once)");
            if had.is_some() {
                ours.remove_image(IMAGE).await.map_err(|e| format!("{e:?}"))?;
            }
            let archive = theirs.save_images(&[IMAGE.to_owned()]).await.map_err(|e| format!("{e:?}"))?;
            ours.load_images(archive).await.map_err(|e| format!("{e:?}"))?;
            Ok(())
        })
    }

    /// Removes all containers and the network; those of runs that were killed are known to containerd still.
    fn sweep(&self) {
        for id in self.run(&["ps", "--all", "--quiet", "--no-trunc"]).unwrap_or_default().lines() {
            let _ = self.run(&["rm", "--force", "--volumes", id]);
        }
        let _ = self.run(&["network", "rm", NETWORK]);
        let _ = std::fs::remove_dir_all(Path::new("/var/lib/cni/networks").join(NETWORK));
    }
}

/// Builds the programs, unless they are there.
fn build(programs: &Path) -> Result<(), String> {
    let there =
        ["bin/nerdctl", "bin/containerd", "cni/tuning"].iter().all(|file| programs.join(file).exists());
    if there {
        return Ok(());
    }
    eprintln!("tests: building nerdctl {NERDCTL}, containerd and CNI plugins (4 minutes, once)");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nerdctl/build.sh");
    let output = Command::new("bash").arg(script).arg(programs).args([NERDCTL, CONTAINERD, PLUGINS]).output();
    let output = output.map_err(|e| format!("cannot build nerdctl: {e}"))?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

/// `PATH` with a folder in front.
fn search(folder: &Path) -> String {
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default())
}

/// Removes what tests have left, and ends containerd.
pub fn end() {
    if let Some(mut process) = CONTAINERD_PROCESS.lock().unwrap_or_else(PoisonError::into_inner).take() {
        if let Some(Ok(nerdctl)) = READY.get() {
            nerdctl.sweep();
        }
        drop(process.stdin.take());
        let _ = process.wait();
        if let Some(Ok(nerdctl)) = READY.get() {
            let _ = std::fs::remove_dir_all(&nerdctl.state);
        }
    }
}
