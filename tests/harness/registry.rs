//! A registry on loopback with one small image, which has a bad moment first.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

pub struct Registry {
    address: String,
}

impl Registry {
    /// Serves one image under every name, with the tag 1. For so long after it was first asked for the image, the answer
    /// is that the registry has an error.
    pub fn with_a_bad_moment(moment: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || {
            let image = Arc::new(Image::small());
            let mut first = None;
            for stream in listener.incoming().map_while(Result::ok) {
                let since = first.get_or_insert_with(Instant::now).elapsed();
                let image = image.clone();
                // a client that leaves early is no concern of ours
                std::thread::spawn(move || answer(stream, &image, since < moment).ok());
            }
        });
        Self { address }
    }
    /// The name of an image of it.
    pub fn image(&self, name: &str, tag: &str) -> String {
        format!("{}/kind-test/{name}:{tag}", self.address)
    }
}

/// What a registry keeps of an image.
struct Image {
    manifest: Vec<u8>,
    config: Vec<u8>,
    layer: Vec<u8>,
}

fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

impl Image {
    fn small() -> Self {
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(5);
        header.set_mode(0o644);
        archive.append_data(&mut header, "small", &b"small"[..]).unwrap();
        let layer = archive.into_inner().unwrap();
        let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
        let config = json!({
            "architecture": arch, "os": "linux", "config": {},
            "rootfs": {"type": "layers", "diff_ids": [digest(&layer)]},
        });
        let config = config.to_string().into_bytes();
        let part = |kind: &str, bytes: &[u8]| -> Value {
            json!({"mediaType": format!("application/vnd.oci.image.{kind}"), "size": bytes.len(), "digest": digest(bytes)})
        };
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": part("config.v1+json", &config), "layers": [part("layer.v1.tar", &layer)],
        });
        Self { manifest: manifest.to_string().into_bytes(), config, layer }
    }

    /// What is at a path, with its type.
    fn part(&self, path: &str) -> Option<(&str, &[u8])> {
        let last = path.rsplit('/').next().unwrap_or_default();
        if path == "/v2/" {
            return Some(("application/json", b"{}"));
        }
        if path.contains("/manifests/") && (last == "1" || last == digest(&self.manifest)) {
            return Some((MANIFEST, &self.manifest));
        }
        let blobs = [&self.config, &self.layer];
        let found = blobs.into_iter().find(|blob| path.contains("/blobs/") && last == digest(blob))?;
        Some(("application/octet-stream", found))
    }
}

fn answer(mut stream: TcpStream, image: &Image, bad: bool) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let mut words = request.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (status, kind, body) = match image.part(path) {
        _ if bad && path != "/v2/" => ("500 Internal Server Error", "text/plain", &b"a bad moment"[..]),
        Some((kind, body)) => ("200 OK", kind, body),
        None => (
            "404 Not Found",
            "application/json",
            &br#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#[..],
        ),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nDocker-Content-Digest: {}\r\nConnection: close\r\n\r\n",
        body.len(),
        digest(body)
    )?;
    if method == "HEAD" { Ok(()) } else { stream.write_all(body) }
}
