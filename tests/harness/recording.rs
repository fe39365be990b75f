//! Recordings of a terminal in docs/recordings/, in asciinema's format (v2), each replayed by a test.
//!
//! A test has the list of what is typed and waited for. Run with `KIND_RECORD=1` it writes the recording; run without,
//! it types what the recording has, and at each mark of it compares the screen with the recorded one. Names of
//! clusters, addresses and times may differ, and the order in which steps that run at the same time end.

use super::pty::{ESCAPE, Pty, TAB, shown};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const COLUMNS: u16 = 100;
const ROWS: u16 = 32;
/// How fast somebody types, and how long somebody looks at what came and at each line of it, in a recording.
const LETTER: Duration = Duration::from_millis(45);
const LOOK: Duration = Duration::from_secs(1);
const LINE: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(4);
/// How fast a test types: letters that come at once are a paste, and Escape before a letter is Alt.
const TEST_LETTER: Duration = Duration::from_millis(3);
const TEST_ESCAPE: Duration = Duration::from_millis(150);
/// How long a screen may take in a test, the making of a cluster on a loaded machine included.
const LIMIT: Duration = Duration::from_mins(5);
/// Completion does not wait for a slow engine; a second Tab knows more.
const AGAIN: Duration = Duration::from_secs(3);

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

/// What is recorded, and how.
pub struct Recording<'a> {
    /// Of the file, without its end.
    pub name: &'static str,
    pub title: &'static str,
    pub command: Command,
    /// What stands for the word demo, such as the name of the test's cluster.
    pub demo: &'a str,
    /// The version of a foreign program that draws the screen. With another one only the text of each mark is
    /// looked for.
    pub drawn_by: Option<String>,
    pub takes: &'a [Take],
}

impl Recording<'_> {
    /// Writes it, or replays it.
    #[track_caller]
    pub fn check(mut self) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/recordings");
        let path = folder.join(format!("{}.cast", self.name));
        // colours belong to a recording
        self.command.env_remove("NO_COLOR");
        if records() {
            assert_eq!(self.demo, "demo", "a recording shows a cluster of that name");
            write(&path, &self);
        } else {
            replay(&path, &self);
        }
    }
}

fn write(path: &Path, recording: &Recording<'_>) {
    let mut pty = Pty::start(&recording.command, COLUMNS, ROWS);
    let mut marks: Vec<(Duration, Value)> = Vec::new();
    let mut known = String::new();
    for take in recording.takes {
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
                look(&pty, &mut known);
                marks.push((pty.time(), json!([0.0, "m", line])));
            }
            Take::See(text) => {
                pty.see(text);
                look(&pty, &mut known);
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
        "version": 2, "width": COLUMNS, "height": ROWS, "title": recording.title, "idle_time_limit": LONGEST.as_secs(),
        "env": {"TERM": "xterm-256color", "SHELL": "/bin/bash"},
        "drawn_by": recording.drawn_by,
    });
    let mut text = format!("{header}\n");
    for (time, mut event) in events {
        event[0] = json!((time.as_secs_f64() * 1000.0).round() / 1000.0);
        let _ = writeln!(text, "{event}");
    }
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// Looks at the screen as long as its new lines take; `known` is what it was before.
fn look(pty: &Pty, known: &mut String) {
    let screen = pty.screen();
    let fresh = screen.lines().filter(|line| !known.lines().any(|old| old == *line)).count();
    let time = LOOK + LINE * u32::try_from(fresh).unwrap();
    std::thread::sleep(time.min(LONGEST));
    *known = pty.screen();
}

#[track_caller]
fn replay(path: &Path, recording: &Recording<'_>) {
    let demo = recording.demo;
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let header = lines.next().unwrap();
    assert_eq!((&header["width"], &header["height"]), (&json!(COLUMNS), &json!(ROWS)));
    let events: Vec<Value> = lines.collect();
    let exact = header["drawn_by"] == json!(recording.drawn_by);
    let typed = |take: &Take| if let Take::Type(text) = take { Some(*text) } else { None };
    let typed: String = recording.takes.iter().filter_map(typed).collect();
    let recorded: String = events.iter().filter(|e| e[1] == "i").filter_map(|e| e[2].as_str()).collect();
    assert_eq!(recorded, typed, "the recording is of something else: make it anew with KIND_RECORD=1");

    let mut expected = vt100::Parser::new(ROWS.try_into().unwrap(), COLUMNS.try_into().unwrap(), 0);
    let mut pty = Pty::start(&recording.command, COLUMNS, ROWS);
    let mut input = String::new();
    for event in &events {
        let data = event[2].as_str().unwrap();
        match event[1].as_str().unwrap() {
            "o" => expected.process(data.as_bytes()),
            "i" => input.push_str(data),
            _ => {
                let keys = std::mem::take(&mut input).replace("demo", demo);
                press(&mut pty, &keys);
                let wanted = normal(&shown(&expected), "demo");
                let fits =
                    |screen: &str| if exact { normal(screen, demo) == wanted } else { screen.contains(data) };
                let begun = Instant::now();
                let mut pressed = begun;
                while !fits(&pty.screen()) {
                    assert!(
                        begun.elapsed() < LIMIT,
                        "{} at {} s, {data:?}: recorded\n{wanted}\n\nbut now\n{}",
                        path.display(),
                        event[0],
                        normal(&pty.screen(), demo)
                    );
                    if keys.ends_with(TAB) && pressed.elapsed() > AGAIN {
                        pty.send(TAB);
                        pressed = Instant::now();
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        }
    }
    press(&mut pty, &input.replace("demo", demo));
    assert_eq!(pty.end(), 0);
}

/// Presses one key after another.
fn press(pty: &mut Pty, keys: &str) {
    for key in keys.chars().map(String::from) {
        pty.send(&key);
        std::thread::sleep(if key == ESCAPE { TEST_ESCAPE } else { TEST_LETTER });
    }
}

/// A screen without what may differ: the cluster's name and with it the width of columns, processes in names of tests'
/// clusters, addresses, times, lines' numbers in diffs, the order of steps that ended, and what is told on old hosts only.
fn normal(screen: &str, demo: &str) -> String {
    let digit = |c: char| c.is_ascii_digit();
    let word = |word: &str| {
        let bare = word.trim_end_matches(['s', 'm', 'h', ',']);
        if word.parse::<std::net::Ipv4Addr>().is_ok() {
            "ADDRESS".to_owned()
        } else if let Some(rest) = word.strip_prefix("demo-").map(|rest| rest.trim_start_matches(digit))
            && rest.starts_with('-')
        {
            format!("demo-PROCESS{rest}")
        } else if bare != word && bare.parse::<f64>().is_ok() {
            "TIME".to_owned()
        } else {
            word.to_owned()
        }
    };
    let line = |line: &str| line.split_whitespace().map(word).collect::<Vec<_>>().join(" ");
    let screen = screen.replace(demo, "demo");
    let mut lines: Vec<String> = screen.lines().map(line).collect();
    if let Some(at) = lines.iter().position(|line| line.starts_with("warning: this host has cgroup v1")) {
        // with its hint
        lines.drain(at..lines.len().min(at + 2));
    }
    // a script may have grown above what a diff shows
    lines.iter_mut().filter(|line| line.starts_with("@@ ")).for_each(|line| "@@".clone_into(line));
    let ended = |line: &String| line.starts_with('✓');
    lines.chunk_by_mut(|a, b| ended(a) && ended(b)).for_each(<[String]>::sort);
    lines.join("\n")
}
