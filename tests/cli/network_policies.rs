//! Network policies are enforced, as upstream's default CNI does: for both families, across nodes, and after a restart.

use super::create::pod;
use crate::harness::{Cluster, engine, real, with_program};
use libtest_mimic::Trial;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

pub fn tests() -> Vec<Trial> {
    vec![
        with_program("go", "network_policies::every_field_becomes_a_rule", every_field_becomes_a_rule),
        real("network_policies::deny_allow_and_forget", deny_allow_and_forget),
    ]
}

/// The unit tests of the program that a node runs.
fn every_field_becomes_a_rule() {
    let folder = tempfile::tempdir().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("node-image/network-policies");
    for entry in std::fs::read_dir(source).unwrap().map(Result::unwrap) {
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    let ran = Command::new("go").args(["test", "-v", "."]).current_dir(&folder).output().unwrap();
    let told = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{told}{}", String::from_utf8_lossy(&ran.stderr));
    assert!(told.contains("--- PASS: "), "go ran no test: {told}");
}

/// A pod's addresses, the first of each family, as they are written in URLs.
fn addresses(c: &Cluster, pod: &str) -> Vec<String> {
    let told = c.kubectl(&["get", "pod", pod, "-o", "jsonpath={.status.podIPs[*].ip}"]).ok().stdout;
    told.split_whitespace()
        .map(|ip| if ip.contains(':') { format!("[{ip}]") } else { ip.to_owned() })
        .collect()
}

/// Whether a pod gets an answer of the web server at an address.
fn reaches(c: &Cluster, from: &str, address: &str) -> bool {
    let url = format!("http://{address}:8080/");
    c.kubectl(&["exec", from, "--", "busybox", "wget", "-qO-", "-T", "1", &url]).stdout == "served\n"
}

/// Waits until exactly these pods reach the web server, by all of its addresses.
#[track_caller]
fn only(c: &Cluster, allowed: &[&str]) {
    let end = Instant::now() + Duration::from_mins(1);
    let addresses = addresses(c, "web");
    assert_eq!(addresses.len(), 2, "one address of each family: {addresses:?}");
    for from in ["near", "far"] {
        for address in &addresses {
            while reaches(c, from, address) != allowed.contains(&from) {
                assert!(
                    Instant::now() < end,
                    "{from} and {address}: not as it should be with {allowed:?} allowed"
                );
                std::thread::sleep(Duration::from_millis(200));
            }
        }
    }
}

fn deny_allow_and_forget() {
    let c = Cluster::named("policies");
    let config = "networking: {ipFamily: dual}\nnodes: [{role: control-plane}, {role: worker}]\n";
    c.create_with(config, &["--wait", "5m"]).ok();
    let (first, worker) = (c.node("control-plane"), c.node("worker"));
    let serve = "echo served > /index.html; exec busybox httpd -f -p 8080 -h /";
    let lasting = |name: &str, command: &str, node: &str| {
        pod(name, command, node, "").replace("restartPolicy: Never", "restartPolicy: Always")
    };
    let wait = "exec busybox sleep 3600";
    let pods = [lasting("web", serve, &worker), lasting("near", wait, &worker), lasting("far", wait, &first)];
    c.apply(&pods.concat());
    for name in ["web", "near", "far"] {
        c.wait_for("condition=Ready", &format!("pod/{name}"));
    }
    only(&c, &["near", "far"]);

    let policy = |name: &str, spec: &str| {
        let head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:";
        c.apply(&format!("{head} {{name: {name}}}\nspec: {spec}\n"));
    };
    policy("nobody", "{podSelector: {}, policyTypes: [Ingress]}");
    only(&c, &[]);
    let web = "podSelector: {matchLabels: {app: web}}";
    policy(
        "far",
        &format!("{{{web}, ingress: [{{from: [{{podSelector: {{matchLabels: {{app: far}}}}}}]}}]}}"),
    );
    only(&c, &["far"]);

    // The node's rules are gone with its network, and pods come back under other addresses.
    let (status, _) = engine::request("POST", &format!("/containers/{worker}/restart?t=5"), "");
    assert_eq!(status, 204, "{worker} restarts");
    let restarts = "jsonpath={.status.containerStatuses[0].restartCount}";
    for name in ["web", "near"] {
        c.eventually(&["get", "pod", name, "-o", restarts], |ran| !["", "0"].contains(&ran.stdout.as_str()));
        c.wait_for("condition=Ready", &format!("pod/{name}"));
    }
    only(&c, &["far"]);

    // What a pod may reach is decided on its own node.
    c.kubectl(&["delete", "networkpolicy", "--all"]).ok();
    only(&c, &["near", "far"]);
    let near = "podSelector: {matchLabels: {app: near}}, policyTypes: [Egress]";
    policy("near", &format!("{{{near}, egress: [{{to: [{{{web}}}], ports: [{{port: 9090}}]}}]}}"));
    only(&c, &["far"]);
    policy(
        "near",
        &format!("{{{near}, egress: [{{to: [{{{web}}}], ports: [{{port: 8000, endPort: 8080}}]}}]}}"),
    );
    only(&c, &["near", "far"]);
    c.delete().ok();
}
