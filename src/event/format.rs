//! How times, sizes and messages read; shared by the sinks for people.

use std::fmt::Write as _;
use std::time::Duration;

use anstyle::{AnsiColor, Style as Paint};

use super::{Level, Stream, Unit};

/// What a sink for people has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// 0 and less: steps and messages; 1 and more: the output of commands and messages for debugging too.
    pub verbosity: i32,
    /// Whether colours are wanted.
    pub color: bool,
}

pub(super) const GOOD: Paint = AnsiColor::Green.on_default();
pub(super) const BAD: Paint = AnsiColor::Red.on_default();
pub(super) const WARN: Paint = AnsiColor::Yellow.on_default().bold();
pub(super) const HINT: Paint = AnsiColor::Cyan.on_default();
pub(super) const DIM: Paint = Paint::new().dimmed();

/// How many of the last lines a failed step shows.
pub(super) const TAIL: usize = 10;

impl Style {
    /// `text` in this paint, or as it is where no colours are wanted.
    pub(super) fn paint(self, paint: Paint, text: &str) -> String {
        if self.color && !text.is_empty() { format!("{paint}{text}{paint:#}") } else { text.to_owned() }
    }

    /// Whether a message of this level is shown.
    pub(super) fn shows(self, level: Level) -> bool {
        level > Level::Debug || self.verbosity >= 1
    }

    /// A message with its hint, each line with its end.
    pub(super) fn message(self, level: Level, text: &str, hint: Option<&str>) -> String {
        let mut shown = match level {
            Level::Warning => format!("{} {text}\n", self.paint(WARN, "warning:")),
            Level::Info => format!("{text}\n"),
            Level::Debug => format!("{}\n", self.paint(DIM, text)),
        };
        if let Some(hint) = hint {
            // a String takes whatever is written
            let _ = writeln!(shown, "  {} {hint}", self.paint(HINT, "hint:"));
        }
        shown
    }

    /// A line that a command wrote, without its end.
    pub(super) fn output(self, node: Option<&str>, stream: Stream, line: &str) -> String {
        let mark = if stream == Stream::Stderr { "!" } else { "|" };
        let line = harmless(line);
        match node {
            Some(node) => format!("   {} {line}", self.paint(DIM, &format!("{node} {mark}"))),
            None => format!("   {} {line}", self.paint(DIM, mark)),
        }
    }
}

/// A command's line without what would move the cursor or change colours for what follows.
fn harmless(line: &str) -> String {
    // a line that was redrawn in place: the last picture counts
    let last = line.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default();
    let plain = console::strip_ansi_codes(last);
    plain.replace('\t', "    ").chars().filter(|c| !c.is_control()).collect()
}

/// `0.4s`, `12.3s`, `2m 05s`, `1h 02m`.
pub(super) fn elapsed(time: Duration) -> String {
    // rounded to tenths first, so that 59.96 s is 1m 00s and not 60.0s
    let tenths = (time.as_millis() + 50) / 100;
    let (seconds, tenth) = (tenths / 10, tenths % 10);
    match seconds {
        0..60 => format!("{seconds}.{tenth}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// A number of bytes or things, decimal units as engines and registries print them.
pub fn amount(value: u64, unit: Unit) -> String {
    if unit == Unit::Items {
        return value.to_string();
    }
    let mut size = value as f64;
    if size < 1000.0 {
        return format!("{value} B");
    }
    for name in ["kB", "MB", "GB"] {
        size /= 1000.0;
        if size < 999.95 {
            return format!("{size:.1} {name}");
        }
    }
    format!("{:.1} TB", size / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_writes_cannot_spoil_the_terminal() {
        let style = Style { verbosity: 1, color: false };
        let line = "old picture\r\x1b[31mnew\x1b[0m\tpicture\x07\x1b[2K\r";
        assert_eq!(style.output(Some("a"), Stream::Stdout, line), "   a | new    picture");
    }

    #[test]
    fn times_and_sizes_read_well() {
        for (millis, text) in
            [(0, "0.0s"), (449, "0.4s"), (59_960, "1m 00s"), (125_000, "2m 05s"), (3_720_000, "1h 02m")]
        {
            assert_eq!(elapsed(Duration::from_millis(millis)), text);
        }
        for (bytes, text) in
            [(999, "999 B"), (1500, "1.5 kB"), (999_960, "1.0 MB"), (7_300_000_000, "7.3 GB")]
        {
            assert_eq!(amount(bytes, Unit::Bytes), text);
        }
        assert_eq!(amount(12_000, Unit::Items), "12000");
    }
}
