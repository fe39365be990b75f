//! A plain GET for answers that bollard refuses to read.
//!
//! Podman tells states Docker does not have (`stopped`, `configured`), and one such container makes
//! bollard refuse the whole listing. Then, and only then, the answer is fetched again by hand and its
//! states are translated. HTTP/1.0 keeps this small: the answer ends with the connection.

use super::Docker;
use crate::error::Result;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

impl Docker {
    /// GETs `path`, with states translated into Docker's.
    pub(super) async fn get_leniently<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let doing = format!("read {path} from the engine");
        let body = self.get_raw(path).await.map_err(|error| self.failed(&doing, error.into()))?;
        let mut value: Value =
            serde_json::from_slice(&body).map_err(|error| self.failed(&doing, error.into()))?;
        translate(&mut value);
        serde_json::from_value(value).map_err(|error| self.failed(&doing, error.into()))
    }

    async fn get_raw(&self, path: &str) -> std::io::Result<Vec<u8>> {
        if let Some(socket) = self.endpoint.socket() {
            return get(tokio::net::UnixStream::connect(socket).await?, path).await;
        }
        match self.endpoint.address.strip_prefix("tcp://") {
            Some(address) if self.endpoint.tls.is_none() => {
                get(tokio::net::TcpStream::connect(address).await?, path).await
            }
            _ => Err(std::io::Error::other(
                "an answer with unknown states cannot be read over this connection",
            )),
        }
    }
}

async fn get(mut stream: impl AsyncRead + AsyncWrite + Unpin, path: &str) -> std::io::Result<Vec<u8>> {
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: engine\r\n\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let end = end.ok_or_else(|| std::io::Error::other("the engine's answer has no body"))?;
    Ok(answer.split_off(end + 4))
}

/// Gives every `State` and `Status` that only Podman knows Docker's word for it.
fn translate(value: &mut Value) {
    let Value::Array(list) = value else {
        if let Some(status) = value.pointer_mut("/State/Status") {
            translate_one(status);
        }
        return;
    };
    for container in list {
        if let Some(state) = container.get_mut("State") {
            translate_one(state);
        }
    }
}

fn translate_one(state: &mut Value) {
    let word = match state.as_str() {
        Some("stopped") => "exited",
        Some("configured" | "initialized" | "unknown") => "created",
        Some(
            "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead" | "stopping"
            | "",
        )
        | None => return,
        Some(_) => "dead",
    };
    *state = Value::from(word);
}

#[cfg(test)]
mod tests {
    use super::*;
    use bollard::models::{ContainerInspectResponse, ContainerSummary};

    #[test]
    fn podmans_states_are_read() {
        let mut listing = serde_json::json!([
            {"Id": "a", "State": "stopped"}, {"Id": "b", "State": "running"}, {"Id": "c", "State": "configured"}
        ]);
        assert!(serde_json::from_value::<Vec<ContainerSummary>>(listing.clone()).is_err());
        translate(&mut listing);
        let read: Vec<ContainerSummary> = serde_json::from_value(listing).unwrap();
        let states: Vec<_> = read.iter().map(|c| c.state.unwrap().to_string()).collect();
        assert_eq!(states, ["exited", "running", "created"]);

        let mut one = serde_json::json!({"Id": "a", "State": {"Status": "stopped"}});
        translate(&mut one);
        assert!(serde_json::from_value::<ContainerInspectResponse>(one).is_ok());
    }

    #[tokio::test]
    async fn the_body_follows_the_empty_line() {
        let (ours, mut theirs) = tokio::io::duplex(1024);
        let server = tokio::spawn(async move {
            let mut request = vec![0; 64];
            let read = theirs.read(&mut request).await.unwrap();
            theirs.write_all(b"HTTP/1.0 200 OK\r\nA: b\r\n\r\n[1]").await.unwrap();
            String::from_utf8_lossy(&request[..read]).into_owned()
        });
        assert_eq!(get(ours, "/x").await.unwrap(), b"[1]");
        assert!(server.await.unwrap().starts_with("GET /x HTTP/1.0\r\n"));
    }
}
