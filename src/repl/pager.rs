//! Text that is longer than the screen, through the user's pager.

use std::io::Write;
use std::process::{Command, Stdio};

/// Shows `text` through `$PAGER`, or `less -RFX`; whether that was done. It is not when the text fits on the screen,
/// the user wants no pager (`PAGER=` or `cat`), or there is none.
pub fn show(text: &str, rows: usize, columns: usize) -> bool {
    if rows == 0 || height(text, columns) < rows {
        return false;
    }
    let pager = std::env::var("PAGER").unwrap_or_else(|_| "less".to_owned());
    if matches!(pager.trim(), "" | "cat") {
        return false;
    }
    let mut command = Command::new("sh");
    command.arg("-c").arg(&pager).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        command.env("LESS", "RFX");
    }
    let Ok(mut child) = command.spawn() else { return false };
    if let Some(mut input) = child.stdin.take() {
        // who leaves the pager early has seen enough
        let _ = input.write_all(text.as_bytes());
    }
    // 127: the shell has not found it
    child.wait().is_ok_and(|status| status.code() != Some(127))
}

/// How many rows of the screen a text takes.
fn height(text: &str, columns: usize) -> usize {
    let rows = |line: &str| console::measure_text_width(line).max(1).div_ceil(columns.max(1));
    text.lines().map(rows).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_needs_no_pager() {
        assert_eq!(height("a\n\nb\n", 80), 3);
        assert_eq!(height(&"x".repeat(81), 80), 2);
        assert_eq!(height("\x1b[1mx\x1b[0m", 1), 1);
        assert!(!show("a\nb\n", 24, 80));
        assert!(!show("a\nb\n", 0, 80), "no terminal");
    }
}
