//! `kind engine …`: one engine however it is started, nothing of it left when it is removed.
//!
//! The engine under test has a data folder and a network of its own, so that it has no part in the one that
//! runs the other tests.

use crate::harness::home::{Ran, run};
use crate::harness::{Home, IMAGE, kubectl, skips_engine, slots};
use libtest_mimic::Trial;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub fn tests() -> Vec<Trial> {
    let possible = cfg!(target_os = "linux") && rustix::process::getuid().is_root() && !skips_engine();
    vec![
        crate::harness::plain("private_engine::lives_from_start_to_remove", lives_from_start_to_remove)
            .with_ignored_flag(!possible),
        crate::harness::real("private_engine::clusters_outlive_its_stop", clusters_outlive_its_stop)
            .with_ignored_flag(!possible),
        crate::harness::plain(
            "private_engine::env_prints_a_line_for_the_shell",
            env_prints_a_line_for_the_shell,
        ),
    ]
}

fn env_prints_a_line_for_the_shell() {
    let home = Home::new();
    let line = home.kind(&["engine", "env"]).ok().stdout;
    assert!(line.starts_with("export DOCKER_HOST=unix://") && line.ends_with("/docker.sock\n"), "{line}");
    let json = home.kind(&["engine", "env", "-o", "json"]).ok().json();
    assert!(line.contains(json["DOCKER_HOST"].as_str().unwrap()), "{json}");
}

/// A network of its own, held by a process that sleeps, and a data folder beside the real one (an engine's data
/// root cannot lie on every file system).
struct Apart {
    home: Home,
    holder: Child,
    data: PathBuf,
}

impl Apart {
    fn new() -> Self {
        let home = Home::new();
        let real = PathBuf::from(&home.environment()["XDG_DATA_HOME"]);
        let data = real.join(home.root().file_name().unwrap());
        std::fs::create_dir_all(data.join("kind/engine")).unwrap();
        // The folder the engine runs from takes a minute to make; one that is there is copied.
        let rootfs = real.join("kind/engine/rootfs");
        if rootfs.is_dir() {
            let status =
                Command::new("cp").arg("-a").arg(&rootfs).arg(data.join("kind/engine/rootfs")).status();
            assert!(status.unwrap().success());
        }
        let holder =
            Command::new("unshare").args(["--net", "sleep", "3600"]).stdin(Stdio::null()).spawn().unwrap();
        let apart = Self { home, holder, data };
        while std::fs::read_link(format!("/proc/{}/ns/net", apart.holder.id())).unwrap()
            == std::fs::read_link("/proc/self/ns/net").unwrap()
        {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        apart
    }
    fn command(&self, args: &[&str]) -> Command {
        self.program(env!("CARGO_BIN_EXE_kind"), args)
    }
    fn program(&self, program: &str, args: &[&str]) -> Command {
        let pid = self.holder.id().to_string();
        let mut all = vec!["--net", "--target", &pid, "--", program];
        all.extend(args);
        let mut command = self.home.program("nsenter", &all);
        for (name, _) in self.home.environment() {
            if name.starts_with("DOCKER_") || name.starts_with("CONTAINER_") {
                command.env_remove(name);
            }
        }
        // not podman either: a program of that name would be taken as soon as no engine answers
        command.env("XDG_DATA_HOME", &self.data).env(crate::harness::engine::PROVIDER, "docker");
        command
    }
    fn kind(&self, args: &[&str]) -> Ran {
        run(self.command(args), "")
    }
    fn status(&self) -> serde_json::Value {
        self.kind(&["engine", "status", "-o", "json"]).ok().json()
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        self.kind(&["engine", "remove"]);
        let _ = self.holder.kill();
        let _ = self.holder.wait();
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

fn mounts_below(folder: &std::path::Path) -> Vec<String> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    mounts.lines().filter(|line| line.contains(&folder.display().to_string())).map(str::to_owned).collect()
}

/// Whether a process has ended. One that has stays in the list until its parent, the init of this machine, looks.
fn has_ended(pid: i64) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // the state stands behind the program's name in brackets
    stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['Z', 'X']))
}

fn lives_from_start_to_remove() {
    let apart = Apart::new();
    // Two shells at once, each with a pipe that must not stay open: `output` returns when both ends are closed.
    let starts: Vec<_> = (0..2)
        .map(|_| {
            let mut command = apart.command(&["engine", "start"]);
            std::thread::spawn(move || command.stdin(Stdio::null()).output().unwrap())
        })
        .collect();
    for start in starts {
        let output = start.join().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let first = apart.status();
    assert_eq!(first["state"], "running", "{first}");
    let pid = first["pid"].as_i64().unwrap();
    // It outlives its caller, whose folder for temporary files may be gone by the next exec.
    let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap();
    assert!(!String::from_utf8_lossy(&environment).contains("TMPDIR="), "the engine has its caller's TMPDIR");
    apart.kind(&["engine", "start"]).ok();
    assert_eq!(apart.status()["pid"].as_i64(), Some(pid), "the second start made another engine");
    let data = apart.data.display().to_string();
    assert!(
        first["address"].as_str().unwrap().contains(&data) && first["log"].as_str().unwrap().contains(&data)
    );

    // What it holds outlives a stop.
    apart
        .kind(&["run", "-e", "engine::create_volume(\"kept\"); engine::create_network(#{name: \"n\"});"])
        .ok();
    apart.kind(&["engine", "stop"]).ok();
    let stopped = apart.status();
    assert_eq!(stopped["state"], "stopped", "{stopped}");
    assert!(has_ended(pid), "process {pid} of the engine is there after its stop");
    apart.kind(&["get", "clusters"]).code(1).tells("kind engine start");
    apart.kind(&["engine", "start"]).ok();
    apart.kind(&["run", "--allow-host", "-e", "print(engine::network(\"n\").name)"]).ok().stdout("n\n");

    apart.kind(&["engine", "remove"]).ok();
    assert_eq!(apart.status()["state"], "absent");
    assert!(!apart.data.join("kind/engine").exists());
    assert_eq!(mounts_below(&apart.data), [""; 0]);
}

/// What a cluster's nodes tell of themselves: name, whether it is ready, when its kubelet last said so.
const STATES: &str = "jsonpath={range .items[*]}{.metadata.name} {.status.conditions[?(@.type==\"Ready\")].status} \
                      {.status.conditions[?(@.type==\"Ready\")].lastHeartbeatTime}{\"\\n\"}{end}";

/// Clusters of one node and of three control planes with two workers come back with their engine, by themselves.
fn clusters_outlive_its_stop() {
    let _slots = slots::take(2);
    let apart = Apart::new();
    run(apart.program("ip", &["link", "set", "lo", "up"]), "").ok();
    apart.kind(&["engine", "start"]).ok();
    // the images of the tests' engine: nothing is reached from here
    let archive = apart.home.work().join("images.tar");
    let save = format!(
        "import \"std/load_balancer\" as lb; lb::ensure_image(); image::save([\"{IMAGE}\", lb::image()], \"{}\")",
        archive.display()
    );
    apart.home.script(&save).ok();
    apart.kind(&["run", "--allow-host", "-e", &format!("image::load(\"{}\")", archive.display())]).ok();
    std::fs::remove_file(archive).unwrap();

    let five = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes: [{role: control-plane}, {role: control-plane}, \
                {role: control-plane}, {role: worker}, {role: worker}]\n";
    apart.home.file("five.yaml", five);
    apart.kind(&["create", "cluster", "--name", "one", "--wait", "2m"]).ok();
    apart.kind(&["create", "cluster", "--name", "five", "--config", "five.yaml", "--wait", "5m"]).ok();
    let kubectl = |cluster: &str, args: &[&str]| {
        let context = format!("kind-{cluster}");
        let mut all = vec!["--context", &context, "--request-timeout", "10s"];
        all.extend(args);
        run(apart.program(&kubectl::path().display().to_string(), &all), "")
    };
    let clusters = [("one", 1), ("five", 5)];
    for (name, _) in clusters {
        kubectl(name, &["create", "configmap", "kept", "--from-literal", &format!("name={name}")]).ok();
    }

    apart.kind(&["engine", "stop"]).ok();
    // as kubelets write times, whose order is that of the letters
    let stopped = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let since = Instant::now();
    apart.kind(&["engine", "start"]).ok();
    for (name, nodes) in clusters {
        let ready = |ran: &Ran| {
            let is_back = |line: &&str| {
                let words: Vec<&str> = line.split_whitespace().collect();
                matches!(words[..], [_, "True", told] if *told > *stopped)
            };
            ran.stdout.lines().filter(is_back).count() == nodes
        };
        let last = loop {
            let ran = kubectl(name, &["get", "nodes", "-o", STATES]);
            if ready(&ran) || since.elapsed() > Duration::from_mins(5) {
                break ran;
            }
            std::thread::sleep(Duration::from_secs(1));
        };
        assert!(ready(&last), "{name} is not back:\n{}{}", last.stdout, last.stderr);
        eprintln!("tests: cluster {name} was Ready {:.0?} after its engine's start", since.elapsed());
        kubectl(name, &["get", "configmap", "kept", "-o", "jsonpath={.data.name}"]).ok().stdout(name);
    }
    apart.kind(&["delete", "clusters", "--all"]).ok();
}
