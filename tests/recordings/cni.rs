//! A step of the lifecycle is changed, and the next cluster is made with it.

use crate::harness::pty::CTRL_D;
use crate::harness::recording::Recording;
use crate::harness::recording::Take::{Ready, Type};

const CLEAR: &str = "\x0c";

pub fn check() {
    let cluster = super::demo("cni", "nodes:\n- role: control-plane\n");
    let takes = [
        Ready("$"),
        Type("# how large are the packets of pods?\r"),
        Type("kind run -e 'cluster(\"demo\").control_plane.sh(\"grep mtu /etc/cni/net.d/*\")'\r"),
        Ready("$"),
        Type("# who says so? a script: take a copy of it, and change a number\r"),
        Type("kind stdlib eject cni\r"),
        Ready("$"),
        Type("sed -i 's/: ${mtu}/: 1400/' .kind/stdlib/cni.rhai\r"),
        Ready("$"),
        Type("kind stdlib diff cni\r"),
        Ready("$"),
        Type(CLEAR),
        Ready("$"),
        Type("kind delete cluster --name demo && kind create cluster --name demo\r"),
        Ready("$"),
        Type("kind run -e 'cluster(\"demo\").control_plane.sh(\"grep mtu /etc/cni/net.d/*\")'\r"),
        Ready("$"),
        Type(CTRL_D),
    ];
    let command = super::shell(&cluster.home);
    Recording {
        name: "changed-cni",
        title: "A CNI step changed, and the change seen",
        command,
        demo: &cluster.name,
        drawn_by: None,
        takes: &takes,
    }
    .check();
}
