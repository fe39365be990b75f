//! Every script in `scripts/` runs as a user would run it, under a cluster name of its own where it takes one.

use crate::harness::{Home, clusters, engine, real, slots};
use libtest_mimic::Trial;
use std::path::Path;

pub fn tests() -> Vec<Trial> {
    vec![
        real("scenarios::quickstart_twice_then_cleanup", quickstart_twice_then_cleanup),
        real("scenarios::a_custom_cni_step", || alone("custom_cni.rhai", 1, &["own-cni"])),
        real("scenarios::a_paused_node", || alone("paused_node.rhai", 1, &["paused"])),
        real("scenarios::two_clusters_at_once", || alone("two_clusters.rhai", 2, &["blue", "green"])),
        crate::harness::plain("scenarios::every_script_is_tested", every_script_is_tested),
    ]
}

fn script(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(name).display().to_string()
}

fn every_script_is_tested() {
    let mut names: Vec<String> = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|name| Path::new(name).extension().is_some_and(|e| e == "rhai"))
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["cleanup.rhai", "custom_cni.rhai", "paused_node.rhai", "quickstart.rhai", "two_clusters.rhai"],
        "a new script needs a test here"
    );
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
