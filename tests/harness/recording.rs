//! Recordings of a terminal in docs/recordings/, in asciinema's format (v2), each replayed by a test.
//!
//! A test has the list of what is typed and waited for. Run with `KIND_RECORD=1` it writes the recording; run without,
//! it types what the recording has, and at each mark of it compares the screen with the recorded one. Names of
//! clusters, addresses and times may differ.

use super::pty::{Pty, shown};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const COLUMNS: u16 = 100;
const ROWS: u16 = 32;
/// How fast somebody types, and how long somebody looks, in a recording.
const LETTER: Duration = Duration::from_millis(45);
const LOOK: Duration = Duration::from_millis(1200);

/// What a recording is made of.
#[derive(Debug, Clone, Copy)]
pub enum Take {
    /// Somebody types, or presses a key.
    Type(&'static str),
    /// The last line of the screen becomes this one: a prompt that waits.
    Ready(&'static str),
    /// This stands on the screen.
    See(&'static str),
}

/// Whether recordings are to be written.
pub fn records() -> bool {
    std::env::var("KIND_RECORD").is_ok_and(|value| value == "1")
}

/// Writes the recording `name`, or replays it. `demo` is what stands for the word demo in it, such as the name of the
/// test's cluster.
#[track_caller]
pub fn check(name: &str, title: &str, mut command: Command, demo: &str, takes: &[Take]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/recordings").join(format!("{name}.cast"));
    // colours belong to a recording
    command.env_remove("NO_COLOR");
    if records() {
        assert_eq!(demo, "demo", "a recording shows a cluster of that name");
        write(&path, title, &command, takes);
    } else {
        replay(&path, &command, demo, takes);
    }
}

fn write(path: &PathBuf, title: &str, command: &Command, takes: &[Take]) {
    let mut pty = Pty::start(command, COLUMNS, ROWS);
    let mut marks: Vec<(Duration, Value)> = Vec::new();
    for take in takes {
        match take {
            Take::Type(text) => {
                for letter in text.chars() {
                    marks.push((pty.time(), json!([0.0, "i", letter.to_string()])));
                    pty.send(&letter.to_string());
                    std::thread::sleep(LETTER);
                }
            }
            Take::Ready(line) => {
                pty.ready(line);
                std::thread::sleep(LOOK);
                marks.push((pty.time(), json!([0.0, "m", line])));
            }
            Take::See(text) => {
                pty.see(text);
                std::thread::sleep(LOOK);
                marks.push((pty.time(), json!([0.0, "m", text])));
            }
        }
    }
    let output = pty.output();
    let mut events: Vec<(Duration, Value)> =
        output.into_iter().map(|(time, text)| (time, json!([0.0, "o", text]))).collect();
    events.extend(marks);
    events.sort_by_key(|(time, _)| *time);
    let header = json!({
        "version": 2, "width": COLUMNS, "height": ROWS, "title": title, "env": {"TERM": "xterm-256color"},
    });
    let mut text = format!("{header}\n");
    for (time, mut event) in events {
        event[0] = json!((time.as_secs_f64() * 1000.0).round() / 1000.0);
        let _ = writeln!(text, "{event}");
    }
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[track_caller]
fn replay(path: &PathBuf, command: &Command, demo: &str, takes: &[Take]) {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let header = lines.next().unwrap();
    assert_eq!((&header["width"], &header["height"]), (&json!(COLUMNS), &json!(ROWS)));
    let events: Vec<Value> = lines.collect();
    let typed: String =
        takes.iter().filter_map(|t| if let Take::Type(text) = t { Some(*text) } else { None }).collect();
    let recorded: String = events.iter().filter(|e| e[1] == "i").filter_map(|e| e[2].as_str()).collect();
    assert_eq!(recorded, typed, "the recording is of something else: make it anew with KIND_RECORD=1");

    let mut expected = vt100::Parser::new(ROWS.try_into().unwrap(), COLUMNS.try_into().unwrap(), 0);
    let mut pty = Pty::start(command, COLUMNS, ROWS);
    let mut input = String::new();
    for event in &events {
        let data = event[2].as_str().unwrap();
        match event[1].as_str().unwrap() {
            "o" => expected.process(data.as_bytes()),
            "i" => input.push_str(data),
            _ => {
                pty.send(&std::mem::take(&mut input).replace("demo", demo));
                let wanted = normal(&shown(&expected), "demo");
                let until = Instant::now() + Duration::from_mins(1);
                while normal(&pty.screen(), demo) != wanted {
                    assert!(
                        Instant::now() < until,
                        "{} at {} s, {data:?}: recorded\n{wanted}\n\nbut now\n{}",
                        path.display(),
                        event[0],
                        normal(&pty.screen(), demo)
                    );
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        }
    }
    pty.send(&input.replace("demo", demo));
    assert_eq!(pty.end(), 0);
}

/// A screen without what may differ: the cluster's name and with it the width of columns, addresses, times.
fn normal(screen: &str, demo: &str) -> String {
    let word = |word: &str| {
        let bare = word.trim_end_matches(['s', 'm', 'h', ',']);
        if word.parse::<std::net::Ipv4Addr>().is_ok() {
            "ADDRESS".to_owned()
        } else if bare != word && bare.parse::<f64>().is_ok() {
            "TIME".to_owned()
        } else {
            word.to_owned()
        }
    };
    let line = |line: &str| line.split_whitespace().map(word).collect::<Vec<_>>().join(" ");
    screen.replace(demo, "demo").lines().map(line).collect::<Vec<_>>().join("\n")
}
