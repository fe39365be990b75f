//! What a person or a loop waits for: the start of `kind run` and of the prompt, and a command on a node against the
//! docker command line's. `cargo bench --bench latency`; needs the docker command line for the comparison.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    dead_code,
    unused_macros,
    unused_imports,
    reason = "a measurement, with parts of the tests"
)]

#[path = "../tests/harness/mod.rs"]
mod harness;

use harness::{Home, engine, shared};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 20;
const EXECS: u32 = 100;

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// The median time of a command, from its start to its end.
fn timed(command: impl Fn() -> Command, input: &str) -> Duration {
    let once = |_| {
        let since = Instant::now();
        let mut child =
            command().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        since.elapsed()
    };
    median((0..ROUNDS).map(once).collect())
}

fn tell(what: &str, time: Duration) {
    println!("{what:<52} {:>8.2} ms", time.as_secs_f64() * 1000.0);
}

fn main() {
    if std::env::args().any(|arg| arg == "--list") {
        return;
    }
    harness::on_interrupt(harness::tear_down);
    harness::need().clone().unwrap_or_else(|why| panic!("{why}"));
    let home = Home::new();
    let empty = home.file("empty.rhai", "").display().to_string();
    tell("kind version", timed(|| home.command(&["version"]), ""));
    tell("kind run of an empty script", timed(|| home.command(&["run", &empty]), ""));
    tell("kind repl, from its start to the end of .quit", timed(|| home.command(&["repl"]), ".quit\n"));

    let cluster = shared();
    let node = cluster.node("control-plane");
    let code = format!(
        "let n = cluster(\"{}\").control_plane; n.exec(\"true\"); let t = timestamp(); \
         for i in 0..{EXECS} {{ n.exec(\"true\"); }} print(t.elapsed * 1000000.0 / {EXECS}.0);",
        cluster.name
    );
    let ours = || {
        let printed = home.script(&code).ok().stdout;
        Duration::from_secs_f64(printed.trim().parse::<f64>().unwrap() / 1e6)
    };
    let theirs = || {
        let mut command = home.program("docker", &["exec", &node, "true"]);
        command.env("DOCKER_HOST", engine::find().unwrap());
        command
    };
    let (mut own, mut other) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        own.push(ours());
        other.push(timed(theirs, ""));
    }
    let (own, other) = (median(own), median(other));
    tell("n.exec(\"true\") in a script", own);
    tell("docker exec NODE true", other);
    println!("{:<52} {:>8.2}", "ratio", own.as_secs_f64() / other.as_secs_f64());
    harness::tear_down();
}
