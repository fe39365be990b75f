//! `kind test`: one test fails, one passes.

use crate::harness::pty::CTRL_D;
use crate::harness::recording::Take::{Ready, Type};
use crate::harness::recording::{self, Recording};
use crate::harness::{Home, clusters, slots};

const SCRIPT: &str = r#"//! What our pods rely on.

fn test_coredns_answers(c) {
    c.wait("deployment", "coredns", "Available", 120, "kube-system");
}

fn test_packets_fit_the_tunnel(c) {
    let config = json::parse(c.control_plane.read("/etc/cni/net.d/10-kind.conflist"));
    assert_eq(config.plugins[0].mtu, 1400);
}
"#;

pub fn check() {
    let _slot = slots::take(1);
    let home = Home::new();
    home.file("network_test.rhai", SCRIPT);
    // the clusters of tests are demo-PID-1
    let demo = if recording::records() { "demo".to_owned() } else { format!("{}demo", clusters::prefix()) };
    let takes = [
        Ready("$"),
        Type("cat network_test.rhai\r"),
        Ready("$"),
        Type("\x0c"),
        Ready("$"),
        Type("kind test --prefix demo --evidence evidence\r"),
        Ready("$"),
        Type("echo $?\r"),
        Ready("$"),
        Type("ls -m evidence/*/*/*-control-plane\r"),
        Ready("$"),
        Type(CTRL_D),
    ];
    Recording {
        name: "tests",
        title: "A failing and a passing test",
        command: super::shell(&home),
        demo: &demo,
        drawn_by: None,
        takes: &takes,
    }
    .check();
}
