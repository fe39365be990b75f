//! What telling of steps and calls costs: `cargo bench --bench events` prints the time of one pair of events, and of
//! a run of 1,000 steps with a command in each.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_macros,
    clippy::print_stdout,
    missing_docs,
    reason = "a measurement"
)]

use kind::event::timeline::Timeline;
use kind::event::{Bus, CallKind, JsonSink, Outcome, PlainSink, Sink, Style};
use std::sync::Arc;
use std::time::Instant;

const STEPS: u32 = 1000;

/// A run of steps, each with one command; returns microseconds for each step.
fn run(bus: &Bus) -> f64 {
    let nodes = ["kind-control-plane".to_owned()];
    let since = Instant::now();
    for _ in 0..STEPS {
        let step = bus.begin(None, "boot", "Booting nodes", &nodes);
        let call = bus.begin_call(
            Some(step.0),
            CallKind::Exec,
            Some(&nodes[0]),
            "kubeadm join --token abc host:6443",
        );
        bus.end_call(call, Some(0), None);
        bus.end(step, Outcome::Done);
    }
    since.elapsed().as_secs_f64() * 1e6 / f64::from(STEPS)
}

fn main() {
    let style = Style { verbosity: 0, color: false };
    let sinks: [(&str, Vec<Arc<dyn Sink>>); 4] = [
        ("nobody listens", Vec::new()),
        ("plain lines", vec![Arc::new(PlainSink::new(Box::new(std::io::sink()), style))]),
        ("JSON lines", vec![Arc::new(JsonSink::new(Box::new(std::io::sink())))]),
        ("timeline", vec![Arc::new(Timeline::new("kind run"))]),
    ];
    println!("a step with a command in it (four events), of {STEPS}:");
    for (name, sinks) in sinks {
        let bus = Bus::new(sinks);
        run(&bus);
        let best = (0..5).map(|_| run(&bus)).fold(f64::INFINITY, f64::min);
        println!("  {name:<16} {best:>7.2} µs, {:>6.2} ms for all", best * f64::from(STEPS) / 1000.0);
    }
}
