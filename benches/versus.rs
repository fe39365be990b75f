//! Upstream kind and ours in turns: the same engine, the same machine, node images made from the same parts.
//!
//! `cargo bench --bench versus`. `KIND_BENCH_ROUNDS` (3) is how often each is measured, `KIND_BENCH_NODES` ("1 3")
//! the sizes of clusters, `KIND_BENCH_BIN` a binary of ours to take in place of the one cargo has built. Upstream gets an image in the conventional layout: what containerd has unpacked lies
//! below /var, not beside it. Needs Go (for upstream kind) and the docker command line (upstream calls it).

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    dead_code,
    unused_macros,
    unused_imports,
    reason = "a measurement, with parts of the tests"
)]

#[path = "../tests/harness/mod.rs"]
mod harness;

use harness::{Cluster, IMAGE, engine, home, upstream};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const CONVENTIONAL: &str = "kindest/node-conventional:v1.37.2";
/// Puts unpacked images back to where containerd's own layout has them.
const CONVERT: &str = "set -e; cd /var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots; \
                       for link in *; do [ -L \"$link\" ] || continue; target=$(readlink -f \"$link\"); \
                       rm \"$link\"; mv \"$target\" \"$link\"; done";

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Who {
    Upstream,
    Ours,
}

type Figures = BTreeMap<(usize, String, Who), Vec<Duration>>;

fn setting(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

fn main() {
    if std::env::args().any(|arg| arg == "--list") {
        return;
    }
    harness::on_interrupt(harness::tear_down);
    harness::need().clone().unwrap_or_else(|why| panic!("{why}"));
    let theirs = upstream::path().unwrap_or_else(|why| panic!("upstream kind could not be built: {why}"));
    conventional_image();
    let rounds: usize = setting("KIND_BENCH_ROUNDS", "3").parse().expect("KIND_BENCH_ROUNDS is a number");
    let sizes: Vec<usize> = setting("KIND_BENCH_NODES", "1 3")
        .split_whitespace()
        .map(|n| n.parse().expect("a number of nodes"))
        .collect();

    let mut figures = Figures::new();
    for round in 1..=rounds {
        for size in &sizes {
            for who in [Who::Upstream, Who::Ours] {
                eprintln!("round {round} of {rounds}: {size} node(s), {who:?}");
                measure(who, *size, &theirs, &mut figures);
            }
        }
    }
    harness::tear_down();
    print(&figures, rounds);
}

/// Makes the conventional image once.
fn conventional_image() {
    let ours = engine::get(&format!("/images/{IMAGE}/json"));
    let made = engine::get(&format!("/images/{CONVENTIONAL}/json"));
    if made["Config"]["Labels"]["made-from"] == ours["Id"] && !made.is_null() {
        return;
    }
    eprintln!("making {CONVENTIONAL} from {IMAGE}");
    let body = serde_json::json!({
        "Image": IMAGE, "Entrypoint": ["/bin/bash", "-c", CONVERT], "Cmd": [], "HostConfig": {"Privileged": true},
    });
    let (status, answer) = engine::request("POST", "/containers/create", &body.to_string());
    assert_eq!(status, 201, "{}", String::from_utf8_lossy(&answer));
    let id: serde_json::Value = serde_json::from_slice(&answer).unwrap();
    let id = id["Id"].as_str().unwrap();
    engine::request("POST", &format!("/containers/{id}/start"), "");
    let (_, answer) = engine::request("POST", &format!("/containers/{id}/wait"), "");
    let ended: serde_json::Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(ended["StatusCode"], 0, "the image could not be converted");
    let mut config = ours["Config"].clone();
    config["Labels"]["made-from"] = ours["Id"].clone();
    let (name, tag) = CONVENTIONAL.split_once(':').unwrap();
    let (status, answer) = engine::request(
        "POST",
        &format!("/commit?container={id}&repo={name}&tag={tag}"),
        &config.to_string(),
    );
    assert_eq!(status, 201, "{}", String::from_utf8_lossy(&answer));
    engine::remove(id);
}

/// A node's container, started as a node is but for what runs in it.
fn container_start(image: &str) -> Duration {
    let body = serde_json::json!({
        "Image": image, "Entrypoint": ["/bin/sleep", "600"], "Cmd": [],
        "HostConfig": {
            "Privileged": true, "Tmpfs": {"/tmp": "", "/run": ""},
            "Mounts": [{"Type": "volume", "Target": "/var"}],
        },
    });
    let began = Instant::now();
    let (status, answer) = engine::request("POST", "/containers/create", &body.to_string());
    assert_eq!(status, 201, "{}", String::from_utf8_lossy(&answer));
    let id: serde_json::Value = serde_json::from_slice(&answer).unwrap();
    let id = id["Id"].as_str().unwrap();
    let (status, _) = engine::request("POST", &format!("/containers/{id}/start"), "");
    assert_eq!(status, 204);
    let took = began.elapsed();
    engine::remove(id);
    took
}

fn config(size: usize) -> String {
    // Upstream leaves it to its user to tell new kubelets that cgroup v1 is fine; ours is told the same.
    let patch = "kubeadmConfigPatches:\n- |\n  kind: KubeletConfiguration\n  failCgroupV1: false\n";
    let workers = "- role: worker\n".repeat(size - 1);
    format!(
        "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n{patch}nodes:\n- role: control-plane\n{workers}"
    )
}

fn measure(who: Who, size: usize, theirs: &std::path::Path, figures: &mut Figures) {
    let image = if who == Who::Upstream { CONVENTIONAL } else { IMAGE };
    let mut note = |what: &str, took: Duration| {
        figures.entry((size, what.to_owned(), who)).or_default().push(took);
    };
    if size == 1 {
        note("0 container starts", container_start(image));
    }
    let c = Cluster::named(if who == Who::Upstream { "theirs" } else { "ours" });
    let file = c.home.file("config.yaml", &config(size)).display().to_string();
    let program = if who == Who::Upstream {
        theirs.to_path_buf()
    } else {
        PathBuf::from(setting("KIND_BENCH_BIN", env!("CARGO_BIN_EXE_kind")))
    };
    let kind = |args: &[&str]| {
        let mut command = c.home.program(&program, args);
        command.env("DOCKER_HOST", engine::find().unwrap());
        home::run(command, "").ok()
    };
    let began = Instant::now();
    kind(&["create", "cluster", "--name", &c.name, "--config", &file, "--image", image]);
    note("1 create returns", began.elapsed());
    std::thread::scope(|scope| {
        let ready = scope.spawn(|| {
            c.kubectl(&["wait", "--for=condition=Ready", "--timeout=10m", "node", "--all"]).ok();
            began.elapsed()
        });
        let pod = scope.spawn(|| {
            let manifest = "apiVersion: v1\nkind: Pod\nmetadata: {name: first}\nspec:\n  terminationGracePeriodSeconds: 0\n  \
                            containers:\n  - name: main\n    image: docker.io/library/busybox:1.37.0\n    \
                            imagePullPolicy: Never\n    command: [/bin/busybox, sleep, '3600']\n";
            while c.kubectl_with(&["create", "-f", "-"], manifest).code != 0 {
                std::thread::sleep(Duration::from_millis(100));
            }
            c.kubectl(&["wait", "--for=jsonpath={.status.phase}=Running", "--timeout=10m", "pod/first"]).ok();
            began.elapsed()
        });
        note("2 all nodes Ready", ready.join().unwrap());
        note("3 first pod running", pod.join().unwrap());
    });
    for (what, args) in [
        ("4 get clusters", &["get", "clusters"][..]),
        ("5 get nodes", &["get", "nodes", "--name", &c.name]),
        ("6 get kubeconfig", &["get", "kubeconfig", "--name", &c.name]),
    ] {
        for _ in 0..5 {
            let began = Instant::now();
            kind(args);
            note(what, began.elapsed());
        }
    }
    let began = Instant::now();
    kind(&["delete", "cluster", "--name", &c.name]);
    note("7 delete", began.elapsed());
}

fn median(list: &[Duration]) -> Duration {
    let mut list = list.to_vec();
    list.sort();
    list.get(list.len() / 2).copied().unwrap_or_default()
}

fn print(figures: &Figures, rounds: usize) {
    let mut rows: Vec<(usize, &str)> = figures.keys().map(|(size, what, _)| (*size, what.as_str())).collect();
    rows.dedup();
    println!("medians of {rounds} rounds in turns, upstream kind 0.33.0 and ours\n");
    println!("| nodes | | upstream | ours | ours / upstream |\n|---|---|---:|---:|---:|");
    for (size, what) in rows {
        let of =
            |who| figures.get(&(size, what.to_owned(), who)).map(|list| median(list)).unwrap_or_default();
        let (theirs, ours) = (of(Who::Upstream).as_secs_f64(), of(Who::Ours).as_secs_f64());
        println!("| {size} | {} | {theirs:.3} s | {ours:.3} s | {:.2} |", &what[2..], ours / theirs);
    }
}
