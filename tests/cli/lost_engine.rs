//! An engine that goes away in the middle: told as such, and delete clears up once it is back.

use crate::harness::home::Running;
use crate::harness::proxy::Proxy;
use crate::harness::{Cluster, engine, trials};
use libtest_mimic::Trial;

pub fn tests() -> Vec<Trial> {
    engine::of_the_socket(trials! { "lost_engine":
        real a_create_without_its_engine_ends_with_a_clear_error,
    })
}

fn a_create_without_its_engine_ends_with_a_clear_error() {
    let c = Cluster::named("lost");
    let proxy = Proxy::start(&c.home.root().join("engine.sock"));
    let mut command = c.home.command(&["create", "cluster", "--name", &c.name]);
    command.env("DOCKER_HOST", proxy.address());
    let running = Running::start(command, "");
    running.wait_line("Writing configuration");
    proxy.cut();
    let ran = running.end().code(1).stdout("").tells("error: failed to create cluster: ").tells("  hint: ");
    assert!(ran.stderr.contains("engine"), "{}", ran.stderr);
    // What it could not remove without an engine goes with the next delete.
    let volumes: Vec<String> = engine::nodes(&c.name).iter().flat_map(|n| engine::volumes_of(n)).collect();
    c.delete().ok();
    c.nothing_is_left(&volumes);
}
