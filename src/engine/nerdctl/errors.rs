//! What nerdctl's complaints mean.

use crate::engine::docker::refused as meaning;
use crate::error::Error;
use std::process::ExitStatus;

/// Begins each line of nerdctl's own.
pub(super) const OWN: &str = "time=\"";

/// The error for a command of `program` that failed and left this on its standard error.
pub(super) fn refused(program: &str, doing: &str, status: ExitStatus, stderr: &str) -> Error {
    let reason = complaint(stderr);
    if reason.is_empty() {
        return Error::engine("engine.refused", format!("cannot {doing}: {program} ended with {status}"));
    }
    let text = reason.to_ascii_lowercase();
    if text.contains("cannot access containerd socket")
        || text.contains("connection refused") && text.contains("containerd")
    {
        return Error::engine("engine.unreachable", format!("cannot {doing}: {reason}"))
            .hint("is containerd running, and may this user use its socket?");
    }
    if text.contains("no running task found") || text.contains("paused state") {
        return meaning(program, doing, 0, &format!("the container is not running: {reason}"));
    }
    // "name "a" is already used by ID "b"", "network with name a already exists"
    if text.contains("is already used by id") {
        return meaning(program, doing, 0, &format!("{reason}: the name is in use"));
    }
    let missing = [
        "no such container",
        "no such image",
        "no such object",
        "matching the provided request",
        "image not available",
        "not found",
    ];
    let about_a_registry =
        text.contains("failed to do request") || text.contains("failed to resolve reference");
    let missing = missing.iter().any(|phrase| text.contains(phrase)) && !about_a_registry;
    meaning(program, doing, if missing { 404 } else { 0 }, &reason)
}

/// Whether a failure says that the thing is not there.
pub(super) fn is_missing(stderr: &[u8]) -> bool {
    let text = complaint(&String::from_utf8_lossy(stderr)).to_ascii_lowercase();
    ["no such ", "not found", "no network found", "matching the provided request", "could be removed"]
        .iter()
        .any(|phrase| text.contains(phrase))
}

/// What nerdctl complains of: its fatal and error messages, or all it wrote when it has none.
pub(super) fn complaint(stderr: &str) -> String {
    let told = |level: &str| -> Vec<String> {
        stderr.lines().filter(|line| line.contains(level)).filter_map(message).collect()
    };
    let mut all = told(" level=fatal ");
    if all.is_empty() {
        all = told(" level=error ");
    }
    if all.is_empty() {
        // a flag it does not know is told without this form
        all = stderr.lines().filter(|line| !line.starts_with(OWN)).map(str::to_owned).collect();
    }
    let whole = all.join("; ");
    let whole = whole.trim_start_matches("1 errors:").trim().trim_start_matches("name-store error").trim();
    whole.replace('\n', ": ")
}

/// The message in a line such as `time="…" level=fatal msg="no such container: x"`.
pub(super) fn message(line: &str) -> Option<String> {
    let (_, quoted) = line.split_once(" msg=")?;
    if !quoted.starts_with('"') {
        return quoted.split(' ').next().map(str::to_owned);
    }
    let end = (1..quoted.len()).find(|at| {
        let escapes = quoted[..*at].bytes().rev().take_while(|byte| *byte == b'\\').count();
        quoted.as_bytes()[*at] == b'"' && escapes % 2 == 0
    })?;
    let quoted = &quoted[..=end];
    Some(serde_json::from_str(quoted).unwrap_or_else(|_| quoted.trim_matches('"').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    fn code(doing: &str, message: &str) -> String {
        let line = format!("time=\"2026-01-01T00:00:00Z\" level=fatal msg={}\n", serde_json::json!(message));
        refused("nerdctl", doing, ExitStatus::from_raw(256), &line).code().to_owned()
    }

    #[test]
    fn complaints_get_the_codes_of_every_engine() {
        for (message, wanted) in [
            ("1 errors:\nno such container: x", "engine.not_found"),
            ("no such container x", "engine.not_found"),
            ("unable to find any network matching the provided request", "engine.not_found"),
            ("name-store error\nname \"x1\" is already used by ID \"d0\"", "engine.conflict"),
            ("network with name kind already exists", "engine.conflict"),
            (
                "failed to load networking flags: bind for 127.0.0.1:23456 failed: port is already allocated",
                "engine.port_taken",
            ),
            ("subnet fc00::/64 overlaps with other one on this address space", "engine.subnet_taken"),
            ("no running task found: task 02 not found", "engine.not_running"),
            ("cannot exec in a paused state", "engine.not_running"),
            ("cannot access containerd socket \"/x\": no such file or directory", "engine.unreachable"),
            ("unknown flag: --magic", "engine.refused"),
        ] {
            assert_eq!(code("do it", message), wanted, "{message}");
        }
        let lookup = "failed to resolve reference \"docker.io/library/x:latest\": failed to do request: \
                      dial tcp: lookup registry-1.docker.io on 10.0.0.1:53: no such host";
        assert_eq!(code("pull image x", lookup), "engine.no_registry");
    }

    #[test]
    fn only_what_it_complains_of_is_told() {
        let text = "time=\"1\" level=warning msg=\"a \\\"quoted\\\" word\"\n\
                    time=\"1\" level=fatal msg=\"1 errors:\\nno such container: x\"\n";
        assert_eq!(complaint(text), "no such container: x");
        assert_eq!(message("time=\"1\" level=info msg=plain x=y").unwrap(), "plain");
        assert_eq!(message(text.lines().next().unwrap()).unwrap(), "a \"quoted\" word");
    }
}
