//! Errors of the API and of the way to it, as errors of this crate.

use crate::error::Error;
use std::error::Error as _;

/// What the server or the connection said, as an error about `doing` (such as `get pods/web`).
pub(super) fn convert(doing: &str, server: &str, error: ::kube::Error) -> Error {
    match &error {
        ::kube::Error::Api(status) => {
            let message = if status.message.trim().is_empty() { &status.reason } else { &status.message };
            Error::kubernetes(code(status.code, &status.reason), format!("{doing}: {}", message.trim()))
        }
        ::kube::Error::SerdeError(_) | ::kube::Error::FromUtf8(_) => {
            Error::kubernetes("kubernetes.refused", format!("{doing}: the server's answer makes no sense"))
                .because(error)
        }
        ::kube::Error::BuildRequest(_) | ::kube::Error::HttpError(_) => {
            Error::kubernetes("kubernetes.invalid", format!("{doing}: this cannot be asked for"))
                .because(error)
        }
        _ if distrusts(&error) => Error::kubernetes(
            "kubernetes.untrusted",
            format!("{doing}: the certificate of the API server at {server} is not of this cluster"),
        )
        .hint("the kubeconfig may be of an earlier cluster: kind export kubeconfig gets the present one")
        .because(error),
        _ => Error::kubernetes(
            "kubernetes.unreachable",
            format!("{doing}: the API server at {server} does not answer"),
        )
        .because(error),
    }
}

/// The server did not answer within the time a request has.
pub(super) fn silent(doing: &str, server: &str) -> Error {
    Error::kubernetes(
        "kubernetes.unreachable",
        format!("{doing}: the API server at {server} does not answer in time"),
    )
}

fn code(status: u16, reason: &str) -> &'static str {
    match (status, reason) {
        (404 | 410, _) => "kubernetes.not_found",
        (409, _) => "kubernetes.conflict",
        (400 | 405 | 406 | 413 | 415 | 422, _) => "kubernetes.invalid",
        (401, _) => "kubernetes.unauthorized",
        (403, _) => "kubernetes.forbidden",
        (429 | 500 | 502..=504, _) | (_, "ServerTimeout" | "Timeout") => "kubernetes.unavailable",
        _ => "kubernetes.refused",
    }
}

/// Whether the same request may do better in a moment: the server starts, restarts, or has too much to do.
pub(super) fn is_passing(error: &Error) -> bool {
    matches!(error.code(), "kubernetes.unreachable" | "kubernetes.unavailable")
}

/// Whether the other side's certificate is not one that the kubeconfig's authority made.
fn distrusts(error: &::kube::Error) -> bool {
    let mut next = error.source();
    while let Some(cause) = next {
        if cause.to_string().contains("invalid peer certificate") {
            return true;
        }
        next = cause.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, reason: &str, message: &str) -> Error {
        let value =
            serde_json::json!({"kind": "Status", "code": status, "reason": reason, "message": message});
        let status: ::kube::core::Status = serde_json::from_value(value).unwrap();
        convert("get pods/web", "https://127.0.0.1:1", ::kube::Error::Api(Box::new(status)))
    }

    #[test]
    fn codes_follow_the_status_and_the_message_is_the_servers() {
        let error = answer(404, "NotFound", "pods \"web\" not found");
        assert_eq!(error.code(), "kubernetes.not_found");
        assert_eq!(error.message(), "get pods/web: pods \"web\" not found");
        assert_eq!(answer(409, "AlreadyExists", "").message(), "get pods/web: AlreadyExists");
        assert_eq!(answer(422, "Invalid", "x").code(), "kubernetes.invalid");
        assert!(is_passing(&answer(503, "ServiceUnavailable", "x")));
        assert!(!is_passing(&answer(403, "Forbidden", "x")));
    }
}
