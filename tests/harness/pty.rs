//! The program on a terminal: a pseudo-terminal whose screen can be read, whose keys can be pressed.

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a screen may take to come.
const LIMIT: Duration = Duration::from_mins(1);

pub const ENTER: &str = "\r";
pub const TAB: &str = "\t";
pub const CTRL_C: &str = "\x03";
pub const CTRL_D: &str = "\x04";
pub const CTRL_R: &str = "\x12";
pub const ESCAPE: &str = "\x1b";

/// A program on a terminal of its own.
pub struct Pty {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    seen: Arc<Seen>,
    started: Instant,
}

struct Seen {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    screen: vt100::Parser,
    /// What came, and when.
    output: Vec<(Duration, String)>,
    /// The beginning of a letter whose rest has not come yet.
    part: Vec<u8>,
    over: bool,
}

impl Seen {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pty {
    /// Starts a command, such as one of [`super::Home::command`], on a terminal of this size.
    pub fn start(command: &std::process::Command, columns: u16, rows: u16) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut builder = CommandBuilder::new(command.get_program());
        builder.args(command.get_args());
        builder.env_clear();
        builder.env("TERM", "xterm-256color");
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                builder.env(name, value);
            }
        }
        if let Some(folder) = command.get_current_dir() {
            builder.cwd(folder);
        }
        let started = Instant::now();
        let child = pair.slave.spawn_command(builder).unwrap();
        drop(pair.slave);
        let parser = vt100::Parser::new(nonzero(rows), nonzero(columns), 1000);
        let state = State { screen: parser, output: Vec::new(), part: Vec::new(), over: false };
        let seen = Arc::new(Seen { state: Mutex::new(state), changed: Condvar::new() });
        let (reader, writer) = (pair.master.try_clone_reader().unwrap(), Arc::clone(&seen));
        std::thread::spawn(move || watch(reader, &writer, started));
        let keys = pair.master.take_writer().unwrap();
        Self { child, master: pair.master, keys, seen, started }
    }

    /// Types a text, or presses a key.
    pub fn send(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }
    /// Types a line and Enter.
    pub fn enter(&mut self, line: &str) {
        self.send(line);
        self.send(ENTER);
    }

    /// The screen: its lines without blanks at their ends.
    pub fn screen(&self) -> String {
        shown(&self.seen.lock().screen)
    }
    /// All that came so far, with the time since the start.
    pub fn output(&self) -> Vec<(Duration, String)> {
        self.seen.lock().output.clone()
    }
    /// Time since the start.
    pub fn time(&self) -> Duration {
        self.started.elapsed()
    }

    /// Waits for a screen; how long that took.
    #[track_caller]
    pub fn until(&self, what: &str, fits: impl Fn(&str) -> bool) -> Duration {
        let since = Instant::now();
        let mut state = self.seen.lock();
        loop {
            let screen = shown(&state.screen);
            if fits(&screen) {
                return since.elapsed();
            }
            let left = LIMIT.saturating_sub(since.elapsed());
            assert!(!left.is_zero() && !state.over, "no {what} came, but:\n{screen}");
            state = self.seen.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
    /// Waits until a text stands on the screen.
    #[track_caller]
    pub fn see(&self, text: &str) -> Duration {
        self.until(&format!("{text:?}"), |screen| screen.contains(text))
    }
    /// Waits until the line with the cursor, which is the last one, is this prompt and nothing else.
    #[track_caller]
    pub fn ready(&self, prompt: &str) -> Duration {
        self.until(&format!("prompt {prompt:?}"), |screen| screen.lines().last() == Some(prompt.trim_end()))
    }

    /// Whether the program, and all that it started here, has closed the terminal; what it wrote is on the screen then.
    pub fn is_over(&self) -> bool {
        self.seen.lock().over
    }
    /// Waits for that; whether it came in time.
    pub fn is_over_within(&self, limit: Duration) -> bool {
        let since = Instant::now();
        let mut state = self.seen.lock();
        while !state.over && since.elapsed() < limit {
            let left = limit.saturating_sub(since.elapsed());
            state = self.seen.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.over
    }

    pub fn resize(&self, columns: u16, rows: u16) {
        self.master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
        self.seen.lock().screen.screen_mut().set_size(nonzero(rows), nonzero(columns));
    }

    /// Waits for the end; the exit code.
    #[track_caller]
    pub fn end(mut self) -> u32 {
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(since.elapsed() < LIMIT, "it does not end:\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

fn nonzero(number: u16) -> std::num::NonZeroU16 {
    number.try_into().unwrap()
}

/// A screen as text.
pub fn shown(parser: &vt100::Parser) -> String {
    let contents = parser.screen().contents();
    let lines: Vec<&str> = contents.trim_end().lines().map(str::trim_end).collect();
    lines.join("\n")
}

fn watch(mut reader: Box<dyn Read + Send>, seen: &Seen, started: Instant) {
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = reader.read(&mut buffer) {
        let mut state = seen.lock();
        state.screen.process(&buffer[..n]);
        state.part.extend_from_slice(&buffer[..n]);
        let whole = match std::str::from_utf8(&state.part) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        let rest = state.part.split_off(whole);
        let text = String::from_utf8(std::mem::replace(&mut state.part, rest)).unwrap();
        state.output.push((started.elapsed(), text));
        seen.changed.notify_all();
    }
    seen.lock().over = true;
    seen.changed.notify_all();
}
