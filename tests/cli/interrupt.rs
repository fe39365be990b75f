//! Ctrl-C and SIGTERM: an end within seconds, exit code 130, nothing left.

use crate::harness::home::Running;
use crate::harness::{Cluster, Home, engine, trials};
use libtest_mimic::Trial;
use rustix::process::Signal;
use std::time::{Duration, Instant};

pub fn tests() -> Vec<Trial> {
    trials! { "interrupt":
        plain a_script_that_sleeps_ends_at_once,
        real a_create_in_the_middle_leaves_nothing,
    }
}

fn a_script_that_sleeps_ends_at_once() {
    let home = Home::new();
    let code = "log::info(\"sleeping\"); parallel([1, 2], |x| sleep(60));";
    let running = Running::start(home.command(&["run", "-e", code]), "");
    running.wait_line("sleeping");
    std::thread::sleep(Duration::from_millis(200));
    let asked = Instant::now();
    running.signal(Signal::INT);
    running.end().code(130).stdout("");
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
}

fn a_create_in_the_middle_leaves_nothing() {
    for signal in [Signal::INT, Signal::TERM] {
        ended_by(signal);
    }
}

fn ended_by(signal: Signal) {
    let c = Cluster::named("stop");
    let running = Running::start(c.home.command(&["create", "cluster", "--name", &c.name]), "");
    running.wait_line("Starting control-plane");
    let volumes = engine::volumes_of(&c.node("control-plane"));
    assert!(!volumes.is_empty());
    let asked = Instant::now();
    running.signal(signal);
    running.end().code(130).stdout("");
    // Collecting evidence and removing the node takes a few seconds, on a busy machine some more.
    assert!(asked.elapsed() < Duration::from_mins(1), "{:?}", asked.elapsed());
    c.nothing_is_left(&volumes);
}
