//! Upstream kind 0.33 and ours see, use and delete each other's clusters.

use crate::harness::clusters::Cluster;
use crate::harness::home::{Ran, run};
use crate::harness::{IMAGE, engine, real, skips_engine, upstream};
use libtest_mimic::Trial;

pub fn tests() -> Vec<Trial> {
    [
        ("upstream::its_cluster_from_our_image_works_and_ours_deletes_it", theirs as fn()),
        ("upstream::our_cluster_is_listed_and_deleted_by_it", ours),
    ]
    .into_iter()
    .map(|(name, body)| {
        real(name, body).with_ignored_flag(skips_engine() || !upstream::is_possible() || !docker_is_there())
    })
    .collect()
}

/// Upstream speaks to the engine through the docker command line.
pub fn docker_is_there() -> bool {
    std::process::Command::new("docker").arg("--version").output().is_ok()
}

fn upstream_kind(c: &Cluster, args: &[&str]) -> Ran {
    let path = upstream::path().unwrap_or_else(|why| panic!("upstream kind could not be built: {why}"));
    let mut command = c.home.program(path, args);
    command.env("DOCKER_HOST", engine::find().unwrap());
    run(command, "")
}

/// On cgroup v1 new kubelets have to be told to go on; upstream leaves that to its user.
const CONFIG: &str = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nkubeadmConfigPatches:\n- |\n  \
                      kind: KubeletConfiguration\n  failCgroupV1: false\n";

fn theirs() {
    let c = Cluster::named("theirs");
    let config = c.home.file("upstream.yaml", CONFIG).display().to_string();
    upstream_kind(
        &c,
        &["create", "cluster", "--name", &c.name, "--image", IMAGE, "--config", &config, "--wait", "5m"],
    )
    .ok();
    let node = c.node("control-plane");
    c.wait_for("condition=Ready", &format!("node/{node}"));
    c.apply(&super::create::pod("probe", "echo it runs", "", ""));
    c.wait_for("jsonpath={.status.phase}=Succeeded", "pod/probe");
    c.kubectl(&["logs", "probe"]).ok().stdout("it runs\n");

    assert!(c.home.kind(&["get", "clusters"]).ok().stdout.lines().any(|line| line == c.name));
    c.home.kind(&["get", "nodes", "--name", &c.name]).ok().stdout(&format!("{node}\n"));
    let kubeconfig = c.home.kind(&["get", "kubeconfig", "--name", &c.name]).ok().yaml();
    assert_eq!(kubeconfig["current-context"], serde_json::json!(c.context()));
    let volumes = engine::volumes_of(&node);
    c.delete().ok();
    c.nothing_is_left(&volumes);
}

fn ours() {
    let c = Cluster::named("ours");
    c.create(&[]).ok();
    let node = c.node("control-plane");
    assert!(upstream_kind(&c, &["get", "clusters"]).ok().stdout.lines().any(|line| line == c.name));
    upstream_kind(&c, &["get", "nodes", "--name", &c.name]).ok().stdout(&format!("{node}\n"));
    let theirs = upstream_kind(&c, &["get", "kubeconfig", "--name", &c.name]).ok().yaml();
    let ours = c.home.kind(&["get", "kubeconfig", "--name", &c.name]).ok().yaml();
    assert_eq!(theirs["clusters"], ours["clusters"]);
    let volumes = engine::volumes_of(&node);
    upstream_kind(&c, &["delete", "cluster", "--name", &c.name]).ok();
    assert_eq!(engine::nodes(&c.name), [""; 0]);
    let left: Vec<_> = engine::volumes().into_iter().filter(|v| volumes.contains(v)).collect();
    assert_eq!(left, [""; 0]);
    assert!(!c.home.kubeconfig_value().to_string().contains(&c.name));
}
