//! Plain requests, for what bollard does not show or know: the headers of an answer, answers it refuses to read, and
//! Podman's own API. HTTP/1.0 keeps this small: the answer ends with the connection.

use crate::engine::Endpoint;
use std::io::{Error, Result};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

/// What came back.
pub(super) struct Answer {
    /// Status, such as 200.
    pub status: u16,
    head: String,
    /// What follows the headers.
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header; its name in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// Whether an endpoint can be asked this way: a socket, or a connection that is not encrypted.
pub(super) fn is_plain(endpoint: &Endpoint) -> bool {
    endpoint.tls.is_none() && (endpoint.socket().is_some() || endpoint.address.starts_with("tcp://"))
}

/// GETs `path`.
pub(super) async fn get(endpoint: &Endpoint, path: &str) -> Result<Answer> {
    request(endpoint, format!("GET {path} HTTP/1.0\r\nHost: engine\r\n\r\n")).await
}

/// DELETEs `path`.
pub(super) async fn delete(endpoint: &Endpoint, path: &str) -> Result<Answer> {
    request(endpoint, format!("DELETE {path} HTTP/1.0\r\nHost: engine\r\n\r\n")).await
}

/// POSTs a JSON document to `path`.
pub(super) async fn post(endpoint: &Endpoint, path: &str, body: &serde_json::Value) -> Result<Answer> {
    let body = body.to_string();
    let head =
        format!("POST {path} HTTP/1.0\r\nHost: engine\r\nContent-Type: application/json\r\nContent-Length:");
    request(endpoint, format!("{head} {}\r\n\r\n{body}", body.len())).await
}

async fn request(endpoint: &Endpoint, request: String) -> Result<Answer> {
    if let Some(socket) = endpoint.socket() {
        return ask(UnixStream::connect(socket).await?, &request).await;
    }
    let address = super::connect::with_port(&endpoint.address, 2375);
    ask(TcpStream::connect(address.trim_start_matches("tcp://")).await?, &request).await
}

async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> Result<Answer> {
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let end = end.ok_or_else(|| Error::other("the answer is not one of an HTTP server"))?;
    let body = answer.split_off(end + 4);
    let head = String::from_utf8_lossy(&answer).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    Ok(Answer { status, head, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn head_and_body_are_told_apart() {
        let (ours, mut theirs) = tokio::io::duplex(1024);
        let server = tokio::spawn(async move {
            let mut request = vec![0; 64];
            let read = theirs.read(&mut request).await.unwrap();
            theirs.write_all(b"HTTP/1.0 200 OK\r\nApi-Version: 1.45\r\n\r\n[1]").await.unwrap();
            String::from_utf8_lossy(&request[..read]).into_owned()
        });
        let answer = ask(ours, "GET /x HTTP/1.0\r\n\r\n").await.unwrap();
        assert_eq!(
            (answer.status, answer.header("api-version"), answer.body.as_slice()),
            (200, Some("1.45"), &b"[1]"[..])
        );
        assert!(server.await.unwrap().starts_with("GET /x HTTP/1.0\r\n"));
    }

    #[test]
    fn only_plain_connections_are_asked() {
        let endpoint = |address: &str| Endpoint::new(crate::engine::EndpointKind::Docker, address, "test");
        assert!(is_plain(&endpoint("unix:///x")) && is_plain(&endpoint("tcp://x")));
        assert!(!is_plain(&endpoint("ssh://x")) && !is_plain(&endpoint("https://x")));
    }
}
