//! What tests use: the program in a home of its own, the engine as others see it, clusters with a guard.
//!
//! - [`Home`]: a folder with its own `HOME`, `KUBECONFIG` and `TMPDIR`; [`Home::kind`] runs the program there.
//! - [`Cluster`]: a cluster of one test, deleted at its end; at most [`slots::LIMIT`] clusters at a time.
//! - [`shared`]: one cluster for all tests that only read.
//! - [`pty`]: the program on a terminal; [`recording`]: what docs/recordings shows of it.
//! - [`nerdctl`]: a containerd of the tests' own.
//! - [`podman`]: a Podman of the tests' own, and the suite on it.
//! - [`times`]: which tests take longest.
//! - [`engine`]: asks the engine over its socket, without the code under test.

pub mod clusters;
pub mod engine;
pub mod files;
pub mod home;
pub mod images;
pub mod kubectl;
pub mod nerdctl;
pub mod packages;
pub mod podman;
pub mod proxy;
pub mod pty;
pub mod recording;
pub mod registry;
pub mod slots;
pub mod times;
pub mod upstream;

pub use clusters::{Cluster, shared};
pub use home::Home;

use libtest_mimic::{Failed, Trial};
use std::sync::OnceLock;

/// Set to 1, tests that need an engine are reported as ignored.
pub const SKIP: &str = "KIND_TEST_SKIP_ENGINE";
/// The image of all nodes.
pub const IMAGE: &str = "kindest/node:v1.37.2";

/// Whether tests that need an engine are left out.
pub fn skips_engine() -> bool {
    std::env::var(SKIP).is_ok_and(|value| value == "1")
}

/// A test that needs nothing but the program.
pub fn plain(name: &str, body: fn()) -> Trial {
    let named = name.to_owned();
    Trial::test(name, move || {
        times::timed(&named, body);
        Ok(())
    })
}

/// A test that needs an engine and the node image.
pub fn real(name: &str, body: impl FnOnce() + Send + 'static) -> Trial {
    let named = name.to_owned();
    Trial::test(name, move || {
        if need().is_err() {
            return Err(Failed::from(
                "no engine or no node image: see the test engine_and_node_image_are_there",
            ));
        }
        times::timed(&named, body);
        Ok(())
    })
    .with_ignored_flag(skips_engine())
}

/// A test that needs another program on this machine; where there is none, it is reported as ignored, with its name.
pub fn with_program(program: &str, name: &str, body: fn()) -> Trial {
    let there = packages::which(program).is_some();
    let trial = plain(name, body);
    if there { trial } else { trial.with_kind(format!("no {program} here")).with_ignored_flag(true) }
}

/// Makes a list of trials from functions of the calling module.
macro_rules! trials {
    ($module:literal: $(plain $plain:ident,)* $(real $real:ident,)*) => {
        vec![
            $($crate::harness::plain(concat!($module, "::", stringify!($plain)), $plain),)*
            $($crate::harness::real(concat!($module, "::", stringify!($real)), $real),)*
        ]
    };
}
pub(crate) use trials;

/// The test that tells, once and in full, why there is no engine or no node image.
pub fn setup_test() -> Vec<Trial> {
    vec![
        Trial::test("engine_and_node_image_are_there", || need().clone().map_err(Failed::from))
            .with_ignored_flag(skips_engine()),
    ]
}

/// Makes sure, once, that an engine answers and has the node image.
pub fn need() -> &'static Result<(), String> {
    static READY: OnceLock<Result<(), String>> = OnceLock::new();
    READY.get_or_init(|| {
        let home = Home::new();
        if engine::find().is_none() {
            // said early, since it takes long
            eprintln!("tests: no engine answers; `kind engine start` makes one (two minutes the first time)");
            give(&home, &["engine", "start"], "an engine")?;
        }
        if engine::find().is_none() {
            return Err("no container engine answers after `kind engine start`".to_owned());
        }
        if engine::has_image(IMAGE) {
            // one that was built here may be older than what is tested; with nothing new this takes a moment
            let labels = &engine::get(&format!("/images/{IMAGE}/json"))["Config"]["Labels"];
            if labels["io.x-k8s.kind.build"].is_string() {
                give(&home, &["build", "node-image", "--image", IMAGE], "the node image")?;
            }
        } else {
            eprintln!(
                "tests: the engine has no {IMAGE}; `kind build node-image` makes it from Go modules and Debian \
                 packages (15 to 30 minutes on two processors, once)"
            );
            give(&home, &["build", "node-image", "--image", IMAGE], "the node image")?;
        }
        clusters::sweep_stale();
        Ok(())
    })
}

/// Runs the program with its messages shown, for what takes long.
fn give(home: &Home, args: &[&str], what: &str) -> Result<(), String> {
    let status = home
        .command(args)
        .stdin(std::process::Stdio::null())
        .status()
        .map_err(|e| format!("cannot run the program: {e}"))?;
    if status.success() {
        return Ok(());
    }
    Err(format!(
        "there is no way to {what} here: `kind {}` failed ({status}), its messages are above.\n\
         Point DOCKER_HOST at an engine, or set {SKIP}=1 to leave out all tests that need one.",
        args.join(" ")
    ))
}

/// Deletes what tests have made and not deleted.
pub fn tear_down() {
    if skips_engine() {
        return;
    }
    clusters::delete_all_of_this_run();
    podman::end();
    nerdctl::end();
}

/// Calls `body` and ends when the run is interrupted or asked to end.
pub fn on_interrupt(body: fn()) {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut terminate =
                tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap();
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        });
        eprintln!("tests: interrupted; deleting what is there");
        body();
        std::process::exit(130);
    });
}
