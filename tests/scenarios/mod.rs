//! Every script in `scripts/` runs as a user would run it, under a cluster name of its own where it takes one.

use crate::harness::clusters::Cluster;
use crate::harness::home::Ran;
use crate::harness::{Home, clusters, engine, real, skips_engine, slots, upstream};
use libtest_mimic::Trial;
use std::path::Path;

pub fn tests() -> Vec<Trial> {
    vec![
        real("scenarios::quickstart_twice_then_cleanup", quickstart_twice_then_cleanup),
        real("scenarios::a_custom_cni_step", || alone("custom_cni.rhai", 1, &["own-cni"])),
        real("scenarios::a_paused_node", || alone("paused_node.rhai", 1, &["paused"])),
        real("scenarios::two_clusters_at_once", || alone("two_clusters.rhai", 2, &["blue", "green"])),
        real("scenarios::clusters_that_talk", clusters_that_talk),
        real("scenarios::a_cluster_that_is_hurt_and_reported", on_one_cluster),
        real("scenarios::ports_of_this_machine", ports_of_this_machine),
        real("scenarios::one_version_of_the_matrix", one_version_of_the_matrix),
        real("scenarios::a_lost_control_plane", a_lost_control_plane),
        real("scenarios::an_upgrade_of_every_node", an_upgrade_of_every_node),
        real("scenarios::a_device", a_device),
        real("scenarios::no_internet", no_internet),
        real("scenarios::settings_of_kubeadm", settings_of_kubeadm),
        real("scenarios::tuned_nodes", tuned_nodes),
        real("scenarios::an_ejected_cni_step", an_ejected_cni_step),
        real("scenarios::a_registry", a_registry)
            .with_ignored_flag(skips_engine() || !upstream::is_possible()),
        real("scenarios::every_script_has_a_plan", every_script_has_a_plan),
        crate::harness::plain("scenarios::every_script_is_tested", every_script_is_tested),
    ]
}

fn script(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(name).display().to_string()
}

/// All of them, by name.
const ALL: [&str; 21] = [
    "air_gapped",
    "changed_cni",
    "cleanup",
    "connected_clusters",
    "custom_cni",
    "dev_loop",
    "device",
    "frozen_etcd",
    "ha_failover",
    "ingress",
    "kubeadm_playground",
    "node_crash",
    "node_report",
    "node_tuning",
    "partition",
    "paused_node",
    "quickstart",
    "registry",
    "rolling_upgrade",
    "two_clusters",
    "versions",
];

fn every_script_is_tested() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "rhai"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ALL, "a new script needs a test here");
    let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
    for name in names {
        assert!(readme.contains(&format!("({name}.rhai)")), "scripts/README.md does not tell of {name}");
    }
}

/// No plan makes anything, and none fails. Those left out need a cluster, or are no more than a line.
fn every_script_has_a_plan() {
    let home = Home::new();
    for name in ALL.into_iter().filter(|name| !["cleanup", "node_report"].contains(name)) {
        let file = script(&format!("{name}.rhai"));
        let mut args = vec!["run", "--plan", &file];
        if name == "rolling_upgrade" {
            args.insert(1, "--allow-host");
        }
        let ran = home.kind(&args).ok();
        assert!(ran.stdout.contains("$ "), "{name}: a plan tells commands:\n{}", ran.stdout);
    }
}

/// Runs a script with `name` set to the cluster's, and further arguments in front of it.
#[track_caller]
fn scenario(c: &Cluster, file: &str, before: &[&str], after: &[&str]) -> Ran {
    let (path, name) = (script(file), format!("name={}", c.name));
    let mut args = vec!["run"];
    args.extend(before);
    args.extend([path.as_str(), "--set", &name]);
    args.extend(after);
    c.home.kind(&args).ok()
}

/// The figure that stands behind `before` in what was printed.
#[track_caller]
fn figure(ran: &Ran, before: &str) -> f64 {
    let behind = ran.stdout.split_once(before).unwrap_or_else(|| panic!("no {before:?} in {}", ran.stdout)).1;
    let end = behind.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(behind.len());
    behind[..end].parse().unwrap_or_else(|_| panic!("no figure behind {before:?} in {}", ran.stdout))
}

#[track_caller]
fn shows(ran: &Ran, parts: &[&str]) {
    for part in parts {
        assert!(ran.stdout.contains(part), "no {part:?} in what {} printed:\n{}", ran.args, ran.stdout);
    }
}

fn clusters_that_talk() {
    let (east, _slot) = (Cluster::named("east"), slots::take(1));
    let west = format!("{}-west", east.name);
    let sets = [format!("east={}", east.name), format!("west={west}")];
    let ran =
        east.home.kind(&["run", &script("connected_clusters.rhai"), "--set", &sets[0], "--set", &sets[1]]);
    clusters::remove_nodes(&west);
    let ran = ran.ok();
    assert_eq!(ran.stdout.matches(&format!(": greetings from {west}")).count(), 2, "{}", ran.stdout);
    east.nothing_is_left(&[]);
}

/// The others would have to be built first; docs/versions.md has what came of all.
fn one_version_of_the_matrix() {
    let c = Cluster::named("versions");
    let ran = scenario(&c, "versions.rhai", &["--allow-host"], &["--set", "versions=1.37"]);
    shows(&ran, &["| v1.37.", " | reached |"]);
    c.nothing_is_left(&[]);
}

/// From a version to itself, which kubeadm does when it is forced to: another node image would have to be built first.
/// docs/versions.md has what came of two versions.
fn an_upgrade_of_every_node() {
    let c = Cluster::named("upgrade");
    let ran = scenario(
        &c,
        "rolling_upgrade.rhai",
        &["--allow-host"],
        &["--set", "from=1.37", "--set", "workers=1"],
    );
    let version = crate::harness::IMAGE.split_once(':').unwrap().1;
    for node in ["control-plane", "worker"] {
        shows(&ran, &[&format!("{}: {version} to {version} in ", c.node(node))]);
    }
    shows(&ran, &[" requests were answered meanwhile, ", &format!("The API server says {version}")]);
    assert!(!ran.stdout.contains("\n0 requests were answered"), "{}", ran.stdout);
    c.nothing_is_left(&[]);
}

fn a_lost_control_plane() {
    let c = Cluster::large("failover");
    let ran = scenario(&c, "ha_failover.rhai", &[], &["--set", "writes=10"]);
    let first = c.node("control-plane");
    shows(
        &ran,
        &[
            &format!("{first} was killed: the engine says exited"),
            "10 writes went through",
            "the counter is at 10",
        ],
    );
    assert_eq!(ran.stdout.matches(" (leads)").count(), 2, "{}", ran.stdout);
    c.nothing_is_left(&[]);
}

/// Scripts that take a cluster that is there share one: it is cut in two, crashes, freezes, is developed on, and told of.
fn on_one_cluster() {
    let c = Cluster::named("hurt");
    let ran = scenario(&c, "partition.rhai", &[], &["--set", "keep=true"]);
    shows(
        &ran,
        &["the API server is out of reach", "run on it meanwhile: 1", "The pod was restarted 0 times"],
    );
    // The limit is 8 s; Kubernetes alone would take 50.
    let lost = figure(&ran, "NotReady after ");
    assert!((4.0..40.0).contains(&lost), "{}", ran.stdout);
    c.wait_for("condition=Ready", &format!("node/{}", c.node("worker")));

    let ran = scenario(&c, "frozen_etcd.rhai", &[], &["--set", "seconds=1"]);
    shows(
        &ran,
        &["A write now: refused", "of itself: not ready", "has number 1 still", "A write after: it took"],
    );

    let ran = scenario(&c, "dev_loop.rhai", &[], &[]);
    shows(&ran, &["It answers: this is turn 1", "It answers: this is turn 2"]);
    let (first, second) = (figure(&ran, "Turn 1: "), figure(&ran, "Turn 2: "));
    assert!(first > 0.0 && second > 0.0 && second < 120.0, "{}", ran.stdout);

    let ran = scenario(&c, "node_crash.rhai", &[], &[]);
    shows(&ran, &["was killed: the engine says exited", "its container was started anew (restarts: 1)"]);

    let cluster = format!("cluster={}", c.name);
    let ran = c.home.kind(&["run", "--allow-host", &script("node_report.rhai"), "--set", &cluster]).ok();
    let folder = c.home.work().join(format!("{}-report", c.name));
    let read =
        |path: String| std::fs::read_to_string(folder.join(&path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    let node = c.node("control-plane");
    assert!(figure(&ran, &format!("{node} (running): 10 files, ")) >= 1.0, "{}", ran.stdout);
    assert!(read(format!("{node}/kubelet.log")).contains("kubelet"));
    assert!(read(format!("{node}/containers.txt")).contains("kube-apiserver"));
    assert!(read(format!("{}/versions.txt", c.node("worker"))).contains("v1."));
    assert!(read("objects.txt".to_owned()).contains(&c.node("worker")));
    let manifests = read(format!("{node}/manifests.yaml"));
    assert!(manifests.contains("token: [redacted]"), "{manifests}");
    let config = c.home.kind(&[
        "run",
        "-e",
        &format!("print(engine::container(\"{node}\").read(\"/kind/kubeadm.conf\"))"),
    ]);
    let token = config.ok().stdout;
    let token = token.split("token: ").nth(1).unwrap().lines().next().unwrap().trim_matches('"').to_owned();
    assert!(!manifests.contains(&token), "the token {token} is in the report");
    let volumes: Vec<String> = engine::nodes(&c.name).iter().flat_map(|n| engine::volumes_of(n)).collect();
    c.delete().ok();
    c.nothing_is_left(&volumes);
}

fn ports_of_this_machine() {
    let c = Cluster::named("ingress");
    let ran = scenario(&c, "ingress.rhai", &[], &[]);
    let node = c.node("control-plane");
    shows(
        &ran,
        &[
            &format!("leads to port 80 of {node}, where the door answers"),
            &format!("leads to port 30081 of {node}, where the hall answers"),
        ],
    );
    c.nothing_is_left(&[]);
}

fn a_device() {
    let c = Cluster::named("device");
    let ran = scenario(&c, "device.rhai", &[], &["--set", "device=/dev/zero", "--set", "path=/dev/lab-zero"]);
    shows(&ran, &["1, 5", "/dev/lab-zero", "In the pod: 00 00 00 00 00 00 00 00"]);
    c.nothing_is_left(&[]);
}

fn no_internet() {
    let c = Cluster::named("gapped");
    let ran = scenario(&c, "air_gapped.rhai", &[], &[]);
    shows(
        &ran,
        &[
            "curl: (7) Failed to connect to 1.1.1.1",
            "The preloaded image: I am the image that was there before the boot",
            "An image that is not there: Failed to pull image",
        ],
    );
    c.nothing_is_left(&[]);
}

fn settings_of_kubeadm() {
    let c = Cluster::named("playground");
    let ran = scenario(&c, "kubeadm_playground.rhai", &[], &["--set", "kubelet={\"maxPods\": 21}"]);
    shows(&ran, &["kubelet: maxPods is 21, wanted 21", "API server: --event-ttl=30m, wanted 30m"]);
    c.nothing_is_left(&[]);
}

fn tuned_nodes() {
    let c = Cluster::named("tuned");
    let ran = scenario(&c, "node_tuning.rhai", &[], &["--set", "writes=20"]);
    shows(&ran, &["net.core.somaxconn = 16384", "etcd's data lies on tmpfs"]);
    assert!(figure(&ran, "The cluster takes ") >= 1.0, "{}", ran.stdout);
    c.nothing_is_left(&[]);
}

/// What the script's own text tells its reader to type.
fn an_ejected_cni_step() {
    let c = Cluster::named("cni");
    c.home.kind(&["stdlib", "eject", "cni"]).ok();
    let path = c.home.work().join(".kind/stdlib/cni.rhai");
    let text = std::fs::read_to_string(&path).unwrap();
    let changed = text.replace(r#""mtu": ${mtu}"#, r#""mtu": 1400"#);
    assert_ne!(text, changed, "scripts/changed_cni.rhai tells people to change this");
    std::fs::write(&path, changed).unwrap();
    let ran = scenario(&c, "changed_cni.rhai", &[], &[]);
    shows(&ran, &["asks for packets of 1400 bytes", "A pod's eth0 has 1400"]);
    c.nothing_is_left(&[]);
}

/// The registry is built with Go, once; then its image is there.
fn a_registry() {
    let c = Cluster::named("pulls");
    let ran = scenario(&c, "registry.rhai", &["--allow-host"], &["--set", "build=true"]);
    shows(&ran, &["team/app", "The pod says: I was pulled from the registry"]);
    assert!(engine::container(&format!("{}-registry", c.name)).is_null());
    c.nothing_is_left(&[]);
}

/// A script that makes its clusters, shows its idea and removes them. Names are the script's own: when the user
/// has a cluster of that name already, it is left alone.
fn alone(file: &str, count: usize, names: &[&str]) {
    let _slots = slots::take(count);
    if let Some(name) = names.iter().find(|name| !engine::nodes(name).is_empty()) {
        panic!("there is a cluster {name} already; scripts/{file} needs that name");
    }
    let home = Home::new();
    let ran = home.kind(&["run", &script(file)]);
    if ran.code != 0 {
        for name in names {
            clusters::remove_nodes(name);
        }
    }
    let ran = ran.ok();
    assert!(!ran.stdout.is_empty());
    for name in names {
        assert_eq!(engine::nodes(name), [""; 0]);
    }
    assert_eq!(home.temporary_files(), [""; 0]);
}

fn quickstart_twice_then_cleanup() {
    let c = clusters::Cluster::named("quick");
    let first = c.home.kind(&["run", &script("quickstart.rhai"), &c.name]).ok();
    for node in ["control-plane", "worker", "worker2"] {
        assert!(first.stdout.contains(&format!("hello from {}", c.node(node))), "{}", first.stdout);
    }
    let second = c.home.kind(&["run", &script("quickstart.rhai"), &c.name]).ok();
    assert!(second.stdout.contains("hello from"), "{}", second.stdout);
    assert!(
        second.took < first.took,
        "the second run reuses the cluster: {:?}, {:?}",
        first.took,
        second.took
    );
    let volumes: Vec<String> = engine::nodes(&c.name).iter().flat_map(|n| engine::volumes_of(n)).collect();
    c.home.kind(&["run", &script("cleanup.rhai"), &c.name]).ok();
    c.nothing_is_left(&volumes);
}
