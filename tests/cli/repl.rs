//! The prompt, on a terminal of its own: `script` from util-linux gives one.

use crate::harness::{Home, trials};
use libtest_mimic::Trial;
use std::io::{Read, Write};
use std::process::Stdio;
use std::time::Duration;

pub fn tests() -> Vec<Trial> {
    trials! { "repl":
        plain lines_run_and_keep_their_variables,
        plain help_errors_and_history,
    }
}

/// Types lines into a prompt on a terminal, each when it is asked for; what the terminal got, without escape codes.
fn typed(home: &Home, lines: &[&str]) -> String {
    let command = format!("exec {} repl", env!("CARGO_BIN_EXE_kind"));
    let mut script = home.program("script", &["-qec", &command, "/dev/null"]);
    script.env("TERM", "xterm").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = script.spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    let (send, pieces) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(n @ 1..) = out.read(&mut buffer) {
            let _ = send.send(buffer[..n].to_vec());
        }
    });
    let mut seen = Vec::new();
    let mut input = child.stdin.take().unwrap();
    for line in lines {
        // The prompt is drawn last, and again with each letter; it is waited for with an empty line behind it.
        let from = seen.len();
        while !String::from_utf8_lossy(&seen[from..]).contains("kind> ") {
            match pieces.recv_timeout(Duration::from_mins(1)) {
                Ok(piece) => seen.extend(piece),
                Err(_) => break,
            }
        }
        // What is left of the drawing.
        while let Ok(piece) = pieces.recv_timeout(Duration::from_millis(300)) {
            seen.extend(piece);
        }
        input.write_all(line.as_bytes()).unwrap();
        input.write_all(b"\r").unwrap();
        input.flush().unwrap();
    }
    while let Ok(piece) = pieces.recv_timeout(Duration::from_secs(30)) {
        seen.extend(piece);
    }
    drop(input);
    assert!(child.wait().unwrap().success());
    anstream::adapter::strip_str(&String::from_utf8_lossy(&seen)).to_string().replace('\r', "\n")
}

fn lines_run_and_keep_their_variables() {
    let home = Home::new();
    let seen = typed(&home, &["let a = 41", "fn twice(x) { x * 2 }", "twice(a + 1)", ".quit"]);
    assert!(seen.contains("kind> "), "{seen}");
    assert!(seen.lines().any(|line| line.trim() == "84"), "{seen}");
}

fn help_errors_and_history() {
    let home = Home::new();
    let seen = typed(&home, &[".help parallel", "sleeep(1)", "1 + 1", ".quit"]);
    assert!(seen.contains("Calls the closure for every item at the same time"), "{seen}");
    assert!(seen.contains("there is no function sleeep") && seen.contains("did you mean sleep?"), "{seen}");
    assert!(seen.lines().any(|line| line.trim() == "2"), "an error does not end the prompt: {seen}");
    let history = home.root().join("home/.local/state/kind/repl_history");
    assert!(
        std::fs::read_to_string(&history).is_ok_and(|text| text.contains("sleeep(1)")),
        "{}",
        history.display()
    );
}
