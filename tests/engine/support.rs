//! A connection, a tiny image and a cleaner for the tests of the engine.

use futures_util::{StreamExt, stream};
use kind::engine::{ByteStream, ContainerSpec, Engine, ExecIo, ExecResult, ExecSpec};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// Commands of busybox that the tests use.
const APPLETS: &str = "sh cat grep sleep tar echo env id pwd kill ps true false seq stty head wc printf yes dd ls \
                       touch mkdir test find rm setsid nohup nc ip sync";

/// An image with busybox and nothing else; made once and left with the engine.
pub const IMAGE: &str = "kind-test/busybox:1";

/// A scratch area on the engine: remembers what to remove.
pub struct Scratch {
    pub engine: Arc<dyn Engine>,
    prefix: String,
    containers: Vec<String>,
    networks: Vec<String>,
    images: Vec<String>,
    volumes: Vec<String>,
}

/// A scratch area.
pub async fn scratch(test: &str) -> Option<Scratch> {
    let engine = kind::engine::connect().await.unwrap();
    ensure_image(engine.as_ref()).await;
    let prefix = format!("kind-test-{test}-{}", std::process::id());
    let (containers, networks, images, volumes) = Default::default();
    Some(Scratch { engine, prefix, containers, networks, images, volumes })
}

impl Scratch {
    /// A name nobody else has; what is made under it is removed at the end.
    pub fn container(&mut self, name: &str) -> String {
        self.containers.push(format!("{}-{name}", self.prefix));
        self.containers.last().unwrap().clone()
    }
    pub fn network(&mut self, name: &str) -> String {
        self.networks.push(format!("{}-{name}", self.prefix));
        self.networks.last().unwrap().clone()
    }
    pub fn image(&mut self, name: &str) -> String {
        self.images.push(format!("{}/{name}:1", self.prefix));
        self.images.last().unwrap().clone()
    }
    pub fn volume(&mut self, name: &str) -> String {
        self.volumes.push(format!("{}-{name}", self.prefix));
        self.volumes.last().unwrap().clone()
    }
    /// A running container that waits.
    pub async fn running(&mut self, name: &str) -> String {
        let spec = waiting(&self.container(name));
        self.start(&spec).await;
        spec.name
    }
    pub async fn start(&self, spec: &ContainerSpec) {
        self.engine.create_container(spec).await.unwrap();
        self.engine.start_container(&spec.name).await.unwrap();
    }
    /// Runs a shell command.
    pub async fn sh(&self, container: &str, script: &str) -> ExecResult {
        self.engine.exec(container, &sh(script), ExecIo::default()).await.unwrap()
    }
}

/// A container that waits for a signal.
pub fn waiting(name: &str) -> ContainerSpec {
    let script = "trap 'exit 7' USR1; echo ready; while :; do sleep 0.1; done";
    ContainerSpec {
        name: name.into(),
        image: IMAGE.into(),
        command: ["sh", "-c", script].map(String::from).to_vec(),
        ..Default::default()
    }
}

pub fn sh(script: &str) -> ExecSpec {
    ExecSpec { command: ["sh", "-c", script].map(String::from).to_vec(), ..Default::default() }
}

pub fn bytes(bytes: impl Into<Vec<u8>>) -> ByteStream {
    stream::iter([Ok(bytes.into().into())]).boxed()
}

pub async fn collect(mut stream: ByteStream) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(piece) = stream.next().await {
        all.extend_from_slice(&piece.unwrap());
    }
    all
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let (containers, networks) = (self.containers.split_off(0), self.networks.split_off(0));
        let (images, volumes) = (self.images.split_off(0), self.volumes.split_off(0));
        // the runtime of the test may be gone, or be this very thread
        let clean = std::thread::spawn(move || {
            tokio::runtime::Runtime::new().unwrap().block_on(async {
                let engine = kind::engine::connect().await.unwrap();
                for container in containers {
                    engine.remove_container(&container).await.unwrap();
                }
                for network in networks {
                    engine.remove_network(&network).await.unwrap();
                }
                for image in images {
                    engine.remove_image(&image).await.unwrap();
                }
                for volume in volumes {
                    engine.remove_volume(&volume).await.unwrap();
                }
            });
        });
        let cleaned = clean.join();
        assert!(cleaned.is_ok() || std::thread::panicking(), "what the test made could not be removed");
    }
}

async fn ensure_image(engine: &dyn Engine) {
    static MADE: OnceCell<()> = OnceCell::const_new();
    MADE.get_or_init(|| async {
        if engine.inspect_image(IMAGE).await.unwrap().is_none() {
            let changes = ["ENV PATH=/bin", r#"CMD ["sh"]"#].map(String::from);
            engine.import_image(bytes(root_file_system()), IMAGE, &changes).await.unwrap();
        }
    })
    .await;
}

fn root_file_system() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_path_with_name(busybox(folder.path()), "bin/busybox").unwrap();
    for applet in APPLETS.split_whitespace() {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        header.set_mode(0o777);
        archive.append_link(&mut header, format!("bin/{applet}"), "busybox").unwrap();
    }
    for folder in ["etc", "proc", "tmp", "dev", "sys", "run"] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_size(0);
        header.set_mode(0o755);
        archive.append_data(&mut header, folder, std::io::empty()).unwrap();
    }
    let passwd = b"root:x:0:0:root:/:/bin/sh\nguest:x:1000:1000::/:/bin/sh\n";
    let mut header = tar::Header::new_gnu();
    header.set_size(passwd.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, "etc/passwd", passwd.as_slice()).unwrap();
    archive.into_inner().unwrap()
}

/// A busybox without shared libraries: `KIND_TEST_BUSYBOX`, or Debian's.
fn busybox(folder: &Path) -> PathBuf {
    if let Some(path) = std::env::var_os("KIND_TEST_BUSYBOX") {
        return path.into();
    }
    let run = |program: &str, arguments: &[&str]| {
        let done = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
        assert!(done.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    };
    run("apt-get", &["download", "busybox-static"]);
    run("sh", &["-c", "dpkg-deb -x busybox-static*.deb ."]);
    ["bin/busybox", "usr/bin/busybox"]
        .map(|path| folder.join(path))
        .into_iter()
        .find(|path| path.exists())
        .unwrap()
}
