//! The recordings in docs/recordings show what the program does now. `KIND_RECORD=1 cargo test --test suite -- recordings`
//! writes them anew.

use crate::harness::recording::Take::{Ready, See, Type};
use crate::harness::{Cluster, real, recording};
use libtest_mimic::Trial;

pub fn tests() -> Vec<Trial> {
    vec![real("recordings::from_the_first_prompt_to_a_poked_node", first_prompt)]
}

/// A cluster of its own, called demo where somebody will look at it.
fn demo() -> Cluster {
    let cluster = if recording::records() { Cluster::exactly("demo") } else { Cluster::named("rec") };
    cluster.create_with("nodes:\n- role: control-plane\n- role: worker\n", &["--wait", "2m"]).ok();
    cluster
}

fn first_prompt() {
    let cluster = demo();
    let command = cluster.home.command(&["repl", "--cluster", &cluster.name]);
    let takes = [
        Ready("kind:demo>"),
        Type("c.nodes\r"),
        Ready("kind:demo>"),
        Type("n.exec(\"ls\", \"/kind\")\r"),
        Ready("kind:demo>"),
        Type("n.read(\"/kind/vers\t"),
        See("/kind/version"),
        Type("\")\r"),
        Ready("kind:demo>"),
        Type("!uname -s; cat /kind/version\r"),
        Ready("kind:demo>"),
        Type("kubectl get nodes\r"),
        See("!kubectl get nodes runs it"),
        Type("c.list(\"nodes\")\r"),
        Ready("kind:demo>"),
        Type("n.write(\"/etc/motd\", \"poked\")\r"),
        Ready("kind:demo>"),
        Type("n.read(\"/etc/motd\")\r"),
        Ready("kind:demo>"),
        Type(".quit\r"),
    ];
    recording::check("first-prompt", "From the first prompt to a poked node", command, &cluster.name, &takes);
}
