//! Tests of the program as a user has it: the real binary, a real engine, real clusters.
//!
//! One harness, so that one engine, one node image and one shared cluster serve all tests, and so that all of
//! it is cleared away at the end whatever failed. See `harness/mod.rs` for what a test may use.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "tests"
)]
#![allow(missing_docs, clippy::missing_panics_doc, clippy::needless_pass_by_value, reason = "tests")]

mod cli;
mod engine;
mod guides;
mod harness;
mod nerdctl;
mod node_image;
mod podman;
mod recordings;
mod remote;
mod scenarios;
mod scripts;

use libtest_mimic::Arguments;
use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(code) = harness::podman::instead() {
        return code;
    }
    let arguments = Arguments::from_args();
    let mut tests = Vec::new();
    tests.extend(harness::setup_test());
    tests.extend(cli::tests());
    tests.extend(engine::tests());
    tests.extend(node_image::tests());
    tests.extend(scenarios::tests());
    tests.extend(scripts::tests());
    tests.extend(guides::tests());
    tests.extend(recordings::tests());
    tests.extend(podman::tests());
    tests.extend(nerdctl::tests());
    tests.extend(remote::tests());
    harness::on_interrupt(harness::tear_down);
    let conclusion = libtest_mimic::run(&arguments, tests);
    harness::tear_down();
    harness::times::tell();
    conclusion.exit_code()
}
