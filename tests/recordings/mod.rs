//! The recordings in docs/recordings show what the program does now. `KIND_RECORD=1 cargo test --test suite -- recordings`
//! writes them anew.

mod cni;
mod failure;
mod first_prompt;
mod lsp;
mod tests;

use crate::harness::{Cluster, Home, real, recording, with_program};
use libtest_mimic::Trial;
use std::process::Command;

pub fn tests() -> Vec<Trial> {
    vec![
        real("recordings::from_the_first_prompt_to_a_poked_node", first_prompt::check),
        real("recordings::a_step_of_the_cni_is_changed_and_run_again", cni::check),
        real("recordings::a_failed_step_is_looked_at_and_run_again", failure::check),
        real("recordings::a_failing_and_a_passing_test", tests::check),
        with_program("nvim", "recordings::an_editor_knows_the_scripts", lsp::check),
    ]
}

/// A cluster of its own, called demo where somebody will look at it.
fn demo(name: &str, config: &str) -> Cluster {
    let cluster = if recording::records() { Cluster::exactly("demo") } else { Cluster::named(name) };
    cluster.create_with(config, &["--wait", "2m"]).ok();
    cluster
}

/// A shell in the home's working directory that finds the program as `kind`.
fn shell(home: &Home) -> Command {
    let programs = home.root().join("bin");
    std::fs::create_dir_all(&programs).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kind"), programs.join("kind")).unwrap();
    let mut command = home.program("bash", &["--norc", "--noprofile", "-i"]);
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{}:{path}", programs.display())).env("PS1", "$ ").env("LANG", "C.UTF-8");
    command
}
