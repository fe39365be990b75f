//! Engines elsewhere: behind TLS and behind ssh, at loopback addresses that are not 127.0.0.1, so that what follows the
//! engine's host is told from what is merely local.

mod ssh;
mod tls;

use crate::harness::home::Ran;
use crate::harness::{Cluster, engine, home};
use libtest_mimic::Trial;

pub fn tests() -> Vec<Trial> {
    [tls::tests(), ssh::tests()].into_iter().flatten().collect()
}

/// Runs the program with the engine that these variables name.
#[track_caller]
fn kind(c: &Cluster, variables: &[(&str, &str)], args: &[&str]) -> Ran {
    let mut command = c.home.command(args);
    for name in ["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"] {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied());
    home::run(command, "")
}

/// A cluster's life on the engine at `host`: whoever reads its kubeconfig goes there, and the certificate agrees.
fn a_life(c: &Cluster, host: &str, variables: &[(&str, &str)]) {
    kind(c, variables, &["create", "cluster", "--name", &c.name, "--wait", "5m"]).ok();
    let server = c.home.kubeconfig_value()["clusters"][0]["cluster"]["server"].clone();
    let server = server.as_str().unwrap();
    assert!(server.starts_with(&format!("https://{host}:")), "{server}");
    let nodes = c.kubectl(&["get", "nodes", "-o", "name"]).ok();
    assert_eq!(nodes.stdout, format!("node/{}\n", c.node("control-plane")));

    let script =
        format!(r#"print(cluster::find("{}").nodes[0].exec("cat", "/kind/version").stdout)"#, c.name);
    kind(c, variables, &["run", "-e", &script]).ok().prints("v1.");
    kind(c, variables, &["get", "nodes", "--name", &c.name]).ok().prints(&c.node("control-plane"));
    let volumes = engine::volumes_of(&c.node("control-plane"));
    kind(c, variables, &["delete", "cluster", "--name", &c.name]).ok();
    c.nothing_is_left(&volumes);
}
