//! The prompt, on a terminal of its own: `script` from util-linux gives one.

use crate::harness::home::run;
use crate::harness::{Home, trials};
use libtest_mimic::Trial;

pub fn tests() -> Vec<Trial> {
    trials! { "repl":
        plain lines_run_and_keep_their_variables,
        plain help_errors_and_history,
    }
}

/// Types lines into a prompt on a terminal; what the terminal got, without escape codes.
fn typed(home: &Home, lines: &str) -> String {
    let command = format!("exec {} repl", env!("CARGO_BIN_EXE_kind"));
    let mut script = home.program("script", &["-qec", &command, "/dev/null"]);
    script.env("TERM", "xterm");
    let ran = run(script, lines).ok();
    anstream::adapter::strip_str(&ran.stdout).to_string().replace('\r', "")
}

fn lines_run_and_keep_their_variables() {
    let home = Home::new();
    let seen = typed(&home, "let a = 41\nfn twice(x) { x * 2 }\ntwice(a + 1)\nexit\n");
    assert!(seen.contains("kind> "), "{seen}");
    assert!(seen.lines().any(|line| line.trim() == "84"), "{seen}");
}

fn help_errors_and_history() {
    let home = Home::new();
    let seen = typed(&home, ".help parallel\nsleeep(1)\n1 + 1\nexit\n");
    assert!(seen.contains("Calls the closure for every item at the same time"), "{seen}");
    assert!(seen.contains("there is no function sleeep") && seen.contains("did you mean sleep?"), "{seen}");
    assert!(seen.lines().any(|line| line.trim() == "2"), "an error does not end the prompt: {seen}");
    let history = home.root().join("home/.local/state/kind/repl_history");
    assert!(std::fs::read_to_string(&history).is_ok_and(|text| text.contains("sleeep(1)")), "{history:?}");
}
