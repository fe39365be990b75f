//! From the first prompt to a poked node.

use crate::harness::recording::Recording;
use crate::harness::recording::Take::{Ready, Type};

pub fn check() {
    let cluster = super::demo("first", "nodes:\n- role: control-plane\n- role: worker\n");
    let command = cluster.home.command(&["repl", "--cluster", &cluster.name]);
    let takes = [
        Ready("kind:demo>"),
        Type("c.nodes\r"),
        Ready("kind:demo>"),
        Type("n.exec(\"ls\", \"/kind/manifests\")\r"),
        Ready("kind:demo>"),
        Type("n.read(\"/kind/vers\t"),
        Ready("kind:demo> n.read(\"/kind/version"),
        Type("\")\r"),
        Ready("kind:demo>"),
        Type("!uname -s; cat /kind/version\r"),
        Ready("kind:demo>"),
        Type("kubectl get nodes\r"),
        Ready("kind:demo>"),
        Type("c.list(\"nodes\")\r"),
        Ready("kind:demo>"),
        Type("n.write(\"/etc/motd\", \"poked\")\r"),
        Ready("kind:demo>"),
        Type("n.read(\"/etc/motd\")\r"),
        Ready("kind:demo>"),
        Type(".quit\r"),
    ];
    Recording {
        name: "first-prompt",
        title: "From the first prompt to a poked node",
        command,
        demo: &cluster.name,
        drawn_by: None,
        takes: &takes,
    }
    .check();
}
