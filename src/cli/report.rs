//! How an error reads: for people, and as a JSON object.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use crate::error::{Error, Kind};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const NAME: Style = AnsiColor::Blue.on_default();
const HINT: Style = AnsiColor::Cyan.on_default();
const DIM: Style = Style::new().dimmed();

/// How many of the last lines of a command's output are shown unless more is asked for.
const EXCERPT: usize = 20;

/// The error for people, with colours as escape codes.
pub(super) fn text(error: &Error, verbosity: i32) -> String {
    let mut out = String::new();
    // a String takes whatever is written
    let _ = writeln!(out, "{ERROR}error:{ERROR:#} {}", error.message());
    let context = error.context();
    // where the stdlib noticed that the user or the engine has something to mend helps nobody, unless asked for; where
    // their own script did, does
    let theirs = matches!(error.kind(), Kind::User | Kind::Config | Kind::Engine);
    let hidden =
        |place: &str| theirs && verbosity < 1 && (place.starts_with("std/") || place.starts_with("(kind)"));
    if let Some(place) = context.place.as_ref().filter(|place| !hidden(place)) {
        for (index, line) in place.lines().enumerate() {
            let _ = match (index, line.starts_with("in ")) {
                (0, _) => writeln!(out, "  {NAME}at{NAME:#} {}", line.trim_end()),
                (_, true) => writeln!(out, "  {DIM}{line}{DIM:#}"),
                (_, false) => writeln!(out, "  {}", line.trim_end()),
            };
        }
    }
    if let Some(node) = context.node.as_deref().filter(|node| !error.message().contains(node)) {
        let _ = writeln!(out, "  {NAME}node:{NAME:#} {node}");
    }
    if let Some(command) = &context.command {
        let code = context.exit_code.map_or(String::new(), |code| format!(" {DIM}(exit code {code}){DIM:#}"));
        let _ = writeln!(out, "  {NAME}command:{NAME:#} {command}{code}");
    }
    // what went to standard error explains best; a command that wrote nothing there may have used the other
    let said = [&context.stderr, &context.stdout].into_iter().flatten().find(|text| !text.trim().is_empty());
    if let Some(said) = said {
        excerpt(&mut out, said, verbosity);
    }
    for cause in error.causes() {
        let mut lines = cause.lines();
        let _ = writeln!(out, "  {NAME}because:{NAME:#} {}", lines.next().unwrap_or_default());
        for line in lines {
            let _ = writeln!(out, "    {line}");
        }
    }
    for hint in error.hints() {
        let mut lines = hint.lines();
        let _ = writeln!(out, "  {HINT}hint:{HINT:#} {}", lines.next().unwrap_or_default());
        for line in lines {
            let _ = writeln!(out, "        {line}");
        }
    }
    if verbosity >= 1 {
        let _ = writeln!(out, "  {DIM}code: {} ({}){DIM:#}", error.code(), error.kind().as_str());
    }
    out
}

fn excerpt(out: &mut String, said: &str, verbosity: i32) {
    let lines: Vec<&str> = said.trim_end().lines().collect();
    let skipped = if verbosity >= 1 { 0 } else { lines.len().saturating_sub(EXCERPT) };
    if skipped > 0 {
        let _ = writeln!(out, "  {DIM}| … {skipped} lines before; -v 1 shows them{DIM:#}");
    }
    for line in &lines[skipped..] {
        let _ = writeln!(out, "  {DIM}|{DIM:#} {line}");
    }
}

/// The error for machines.
pub(super) fn value(error: &Error) -> Value {
    let context = error.context();
    json!({
        "event": "error",
        "kind": error.kind().as_str(),
        "code": error.code(),
        "message": error.message(),
        "causes": error.causes(),
        "hints": error.hints(),
        "place": context.place,
        "node": context.node,
        "command": context.command,
        "exit_code": context.exit_code,
        "stdout": context.stdout,
        "stderr": context.stderr,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Context;

    fn plain(error: &Error, verbosity: i32) -> String {
        anstream::adapter::strip_str(&text(error, verbosity)).to_string()
    }

    #[test]
    fn everything_known_is_told_in_order() {
        let error = Error::kubernetes("kubeadm.init", "kubeadm init failed")
            .because(Error::engine("exec", "the command ended with 1"))
            .with_context(Context {
                node: Some("kind-control-plane".to_owned()),
                command: Some("kubeadm init --config /kind/kubeadm.conf".to_owned()),
                exit_code: Some(1),
                stdout: Some("[init] begins\n".to_owned()),
                stderr: Some("error: port 6443 is in use\n".to_owned()),
                place: Some("std/control_plane.rhai:12:5\n    12 | init(n);\n       | ^\nin create, called from std/create.rhai:30:9".to_owned()),
            })
            .hint("see what listens:\nss -tlnp");
        assert_eq!(
            plain(&error, 0),
            "error: kubeadm init failed\n  \
               at std/control_plane.rhai:12:5\n      \
                   12 | init(n);\n         \
                      | ^\n  \
               in create, called from std/create.rhai:30:9\n  \
               node: kind-control-plane\n  \
               command: kubeadm init --config /kind/kubeadm.conf (exit code 1)\n  \
               | error: port 6443 is in use\n  \
               because: the command ended with 1\n  \
               hint: see what listens:\n        ss -tlnp\n"
        );
        assert!(plain(&error, 1).ends_with("  code: kubeadm.init (kubernetes)\n"));
        assert_eq!(value(&error)["exit_code"], 1);
    }

    #[test]
    fn a_place_in_the_stdlib_is_of_no_use_to_who_gave_a_wrong_name() {
        let error = Error::config("name", "\"A\" is no name");
        assert!(!plain(&error.clone().at("std/create:3:1"), 0).contains("std/create"));
        assert!(plain(&error.clone().at("std/create:3:1"), 1).contains("at std/create:3:1"));
        assert!(plain(&error.at("mine.rhai:3:1"), 0).contains("at mine.rhai:3:1"));
    }

    #[test]
    fn long_output_is_cut_from_its_beginning() {
        let said: String = (0..30).map(|number| format!("line {number}\n")).collect::<Vec<_>>().concat();
        let error = Error::node("exec", "it failed")
            .with_context(Context { stderr: Some(said), ..Context::default() });
        let text = plain(&error, 0);
        assert!(text.contains("| … 10 lines before"), "{text}");
        assert!(!text.contains("line 9\n") && text.contains("line 10\n"), "{text}");
        assert!(plain(&error, 1).contains("line 9\n"));
    }
}
