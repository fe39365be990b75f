//! What an engine's refusals mean: stable codes, a cause in plain words, and what to do next.
//!
//! Docker says most things in prose; the phrases looked for here are those of Docker 20 to 29 and Podman 4
//! and 5.

use super::Docker;
use crate::engine::Endpoint;
use crate::error::Error;
use bollard::errors::Error as Bollard;
use std::fmt::Display;

impl Docker {
    /// The error for what went wrong while `doing` ("create container x").
    pub(super) fn failed(&self, doing: impl Display, error: Bollard) -> Error {
        explain(&self.endpoint, &doing.to_string(), error)
    }
}

/// The error for an endpoint that does not answer when we connect.
pub(super) fn no_connection(endpoint: &Endpoint, error: &Bollard) -> Error {
    let cause = root_cause(error);
    let denied = is_denied(error);
    let code = if denied { "engine.no_permission" } else { "engine.unreachable" };
    let is_about_certificates = cause.contains("certificate") || cause.contains("received fatal alert");
    let message =
        format!("the container engine at {} ({}) does not answer", endpoint.address, endpoint.source);
    let mut told = Error::engine(code, message).because(Cause(cause));
    if denied {
        told = told.hint("this user may not use the socket: join its group (often `docker`), or use root");
    } else if is_about_certificates {
        told = told.hint(
            "it and we must know who signed the other's certificate: ca.pem, cert.pem and key.pem in DOCKER_CERT_PATH",
        );
    } else if endpoint.source == "DOCKER_HOST" {
        told = told.hint("start that engine, or unset DOCKER_HOST to look in the usual places");
    } else if endpoint.source.contains("context") || endpoint.source.starts_with("DOCKER_CONTEXT") {
        told = told
            .hint("start that engine, or choose another: `docker context use default`, or set DOCKER_HOST");
    } else {
        told = told.hint("start that engine; `kind engine status` tells of kind's own");
    }
    told
}

/// A cause that is only a text.
#[derive(Debug)]
struct Cause(String);

impl Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Cause {}

/// The error for what went wrong while `doing`.
pub(super) fn explain(endpoint: &Endpoint, doing: &str, error: Bollard) -> Error {
    match error {
        Bollard::DockerResponseServerError { status_code, message } => {
            refused("docker", doing, status_code, &message)
        }
        Bollard::DockerStreamError { error } => refused("docker", doing, 0, &error),
        Bollard::JsonDataError { .. } | Bollard::JsonSerdeError { .. } => {
            Error::engine("engine.refused", format!("cannot {doing}: the engine's answer makes no sense"))
                .because(error)
                .hint(format!("is {} really a container engine?", endpoint.address))
        }
        Bollard::RequestTimeoutError => Error::engine(
            "engine.unreachable",
            format!("cannot {doing}: the container engine at {} gives no answer", endpoint.address),
        )
        .hint("is its machine overloaded, or out of disk?"),
        error => Error::engine(
            "engine.unreachable",
            format!("cannot {doing}: the connection to the container engine at {} broke", endpoint.address),
        )
        .because(Cause(root_cause(&error)))
        .hint("has the engine stopped? `docker version` or `kind engine status` tell"),
    }
}

/// The error for an answer of the engine, whose command line is `program`; `status` is 0 when the answer came in a stream.
pub(in crate::engine) fn refused(program: &str, doing: &str, status: u16, message: &str) -> Error {
    let reason = tidy(message);
    let text = reason.to_ascii_lowercase();
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
    let error = |code: &str| Error::engine(code, format!("cannot {doing}: {reason}"));

    if has(&["no space left on device", "disk quota exceeded"]) {
        return error("engine.no_space").hint(format!(
            "`{program} system df` shows what takes the space, `{program} system prune` frees what is not used",
        ));
    }
    if is_port_conflict(&text) {
        let error = match port_in(&reason) {
            Some(port) => Error::engine("engine.port_taken", format!("cannot {doing}: port {port} is taken"))
                .because(Cause(reason.clone()))
                .hint(format!("`ss -lntup 'sport = :{port}'` tells by whom; or choose another host port")),
            None => error("engine.port_taken").hint("choose another host port"),
        };
        return error;
    }
    if has(&["pool overlaps", "overlaps with", "subnet is already used", "is already used on the host"]) {
        return error("engine.subnet_taken")
            .hint("choose another subnet, or remove the network that has this one");
    }
    if has(&[
        "does not match the specified platform",
        "no matching manifest",
        "exec format error",
        "no image found in manifest list",
    ]) {
        return error("engine.wrong_platform").hint(
            "take an image made for the engine's architecture, or install emulation (qemu-user-static) there",
        );
    }
    if has(&["is already in use by", "already exists", "name is in use", "is already in use"]) {
        return error("engine.conflict").hint("choose another name, or remove what has it");
    }
    if has(&["is not running", "is restarting", "container state improper", "is paused"]) {
        return error("engine.not_running")
            .hint(format!("`{program} ps -a` shows its state, `{program} logs` its last words"));
    }
    if has(&["unauthorized", "authentication required", "denied: ", "access denied", "pull access denied"]) {
        return error("engine.denied")
            .hint(format!("is the name right? a private image needs `{program} login` first"));
    }
    if status == 404
        || has(&[
            "manifest unknown",
            "no such image",
            "no such container",
            "not found: manifest",
            "image not known",
        ])
    {
        return error("engine.not_found");
    }
    if doing.starts_with("pull")
        && has(&[
            "no such host",
            "temporary failure in name resolution",
            "server misbehaving",
            "connection refused",
            "no route to host",
            "network is unreachable",
            "while waiting for connection",
            "i/o timeout",
            "deadline exceeded",
            "tls: ",
        ])
    {
        return error("engine.no_registry")
            .hint("the engine reaches no registry: is there a proxy, or a mirror? an image that is already there needs none");
    }
    error("engine.refused")
}

fn is_port_conflict(text: &str) -> bool {
    text.contains("port is already allocated")
        || (text.contains("address already in use") && (text.contains("bind") || text.contains("listen")))
        || text.contains("ports are not available")
        || text.contains("proxy already running")
}

/// The host's port in a message such as `Bind for 0.0.0.0:80 failed: port is already allocated`: the first
/// number after an address and a colon.
fn port_in(message: &str) -> Option<u16> {
    message.split([' ', ',', ';', '/', '"', '\'', '(', ')']).find_map(|word| {
        let (address, port) = word.trim_end_matches(':').rsplit_once(':')?;
        // `127.0.0.1:80:172.18.0.2:80` names the host's side first
        let (address, port) = match address.split_once(':') {
            Some((host, rest)) if host.contains('.') => (host, rest.split(':').next().unwrap_or(port)),
            _ => (address, port),
        };
        let is_address =
            address.is_empty() || address.contains('.') || address.starts_with('[') || address.contains("::");
        port.parse().ok().filter(|_| is_address)
    })
}

/// The engine's words without what repeats or says nothing.
fn tidy(message: &str) -> String {
    let mut text = message.trim();
    for prefix in ["Error response from daemon: ", "Error: ", "error: "] {
        text = text.strip_prefix(prefix).unwrap_or(text);
    }
    let text = text.strip_suffix(": unknown").unwrap_or(text).trim();
    if text.is_empty() {
        return "the engine refused without saying why".into();
    }
    // messages read after "error:", in lower case, unless they start with a name of capitals
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().chain([second]).chain(letters).collect()
        }
        _ => text.into(),
    }
}

/// The innermost of the causes: HTTP clients wrap "connection refused" three times.
fn root_cause(error: &Bollard) -> String {
    if let Some(io) = io_cause(error) {
        return io_words(io);
    }
    match error {
        Bollard::RequestTimeoutError => return "no answer in time".into(),
        Bollard::APIVersionParseError {} => return "what answers there is no container engine".into(),
        _ => {}
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// The innermost cause that came from the operating system.
fn io_cause(error: &Bollard) -> Option<&std::io::Error> {
    // bollard hides this one from the chain of causes
    let mut found = match error {
        Bollard::IOError { err } => Some(err),
        _ => None,
    };
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(cause) = next {
        found = cause.downcast_ref().or(found);
        next = cause.source();
    }
    found
}

fn io_words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".into(),
        std::io::ErrorKind::ConnectionRefused => "connection refused".into(),
        std::io::ErrorKind::PermissionDenied => "permission denied".into(),
        std::io::ErrorKind::ConnectionReset => "connection reset".into(),
        std::io::ErrorKind::BrokenPipe => "broken pipe".into(),
        _ => error.to_string(),
    }
}

fn is_denied(error: &Bollard) -> bool {
    io_cause(error).is_some_and(|io| io.kind() == std::io::ErrorKind::PermissionDenied)
}

#[cfg(test)]
#[path = "errors_tests.rs"]
mod tests;
