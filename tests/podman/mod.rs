//! Clusters on Podman: the suite's core, and what is different there.

use crate::harness::home::Ran;
use crate::harness::{Cluster, home, need, podman, skips_engine, slots};
use libtest_mimic::{Failed, Trial};
use std::process::Stdio;

/// What the suite's core is, by its arguments: every test of the engine, and those of the commands that a cluster's life
/// is made of.
const CORE: [(&str, &[&str]); 4] = [
    ("engine", &["engine::", "--skip", "private_engine"]),
    ("create", &["create::"]),
    ("get", &["get::"]),
    ("load", &["load::"]),
];

pub fn tests() -> Vec<Trial> {
    // the suite that runs on Podman has no need of them
    if podman::is_engine() {
        return Vec::new();
    }
    let left_out = skips_engine() || !podman::is_possible();
    let mut tests: Vec<_> = CORE
        .iter()
        .map(|(name, arguments)| {
            Trial::test(format!("podman::core_{name}"), move || suite(arguments)).with_ignored_flag(left_out)
        })
        .collect();
    tests.push(
        Trial::test("podman::the_program_is_enough", || {
            ready()?;
            the_program_is_enough();
            Ok(())
        })
        .with_ignored_flag(left_out),
    );
    tests
}

fn ready() -> Result<&'static podman::Podman, Failed> {
    need()
        .as_ref()
        .map_err(|_| "no engine or no node image: see the test engine_and_node_image_are_there")?;
    podman::need().as_ref().map_err(|error| Failed::from(format!("no podman: {error}")))
}

/// Runs a part of this suite on Podman.
fn suite(arguments: &[&str]) -> Result<(), Failed> {
    let podman = ready()?;
    // its clusters are at most as many as it may have at a time
    let _slots = slots::take(2);
    let mut command = podman.suite();
    command.args(arguments).env("KIND_TEST_CLUSTERS", "2").stdin(Stdio::null());
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Err(Failed::from(format!("{}\n{}", text(&output.stdout), text(&output.stderr))))
}

/// Podman as upstream's users have it: the program, no socket. Three nodes, an image, logs, and nothing is left.
fn the_program_is_enough() {
    let podman = podman::need().as_ref().unwrap_or_else(|e| panic!("{e}"));
    let c = Cluster::named("podman");
    let kind = |args: &[&str], input: &str| -> Ran {
        let mut command = c.home.command(args);
        for (name, _) in c.home.environment() {
            if name.starts_with("DOCKER_") || name.starts_with("CONTAINER_") {
                command.env_remove(name);
            }
        }
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", podman.bin.display()));
        command.env("KIND_EXPERIMENTAL_PROVIDER", "podman");
        command.env("KIND_EXPERIMENTAL_PODMAN_NETWORK", &c.name);
        command.env("KIND_EXPERIMENTAL_DOCKER_NETWORK", "of-another-engine");
        home::run(command, input)
    };
    let config = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n\
                  nodes: [{role: control-plane}, {role: worker}, {role: worker}]\n";
    kind(&["create", "cluster", "--name", &c.name, "--wait", "5m", "--config", "-"], config).ok();
    c.kubectl(&["wait", "--timeout=5m", "--for=condition=Ready", "nodes", "--all"]).ok();
    let nodes = kind(&["get", "nodes", "--name", &c.name, "-o", "json"], "").ok().json();
    assert_eq!(nodes.as_array().map(Vec::len), Some(3), "{nodes}");
    // a network that is used cannot be removed: it is the one that was named
    let remove = || home::run(c.home.program(podman.bin.join("podman"), &["network", "rm", &c.name]), "");
    assert!(remove().stderr.contains("being used"), "the nodes are not in the network {}", c.name);

    // names of nodes lead to them, in nodes and in the cluster
    let resolves = format!(
        r#"let c = cluster::find("{0}"); for n in c.nodes {{ n.exec("getent", "hosts", "{0}-worker2"); }}
           print(c.nodes[0].exec("sh", "-c", "findmnt -no OPTIONS /var").stdout);
           print(c.nodes[0].exec("sh", "-c", "readlink /proc/1/ns/cgroup").stdout);"#,
        c.name
    );
    let ran = kind(&["run", "--allow-host", "-e", &resolves], "").ok();
    let options = ran.stdout.lines().next().unwrap_or_default();
    assert!(!options.contains("nosuid") && !options.contains("nodev"), "/var is mounted with {options}");
    let here = std::fs::read_link("/proc/self/ns/cgroup").unwrap();
    assert!(!ran.stdout.contains(here.to_str().unwrap()), "the node has the host's cgroup namespace");

    let folder = c.home.root().join("logs");
    kind(&["export", "logs", folder.to_str().unwrap(), "--name", &c.name], "").ok();
    assert!(folder.join("podman-info.txt").is_file());
    assert!(folder.join(format!("{}-worker/kubelet.log", c.name)).is_file());

    kind(&["delete", "cluster", "--name", &c.name], "").ok().tells("Deleted nodes");
    kind(&["get", "clusters"], "").ok().stdout("").tells("No kind clusters found.");
    remove().ok();
    assert_eq!(c.home.temporary_files(), [""; 0], "temporary files are left");
}
