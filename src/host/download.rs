//! Fetching over HTTP, and from `file:` URLs.

use super::{cache, fs};
use crate::error::{Error, Result};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_connect(Some(Duration::from_secs(15)))
        .timeout_recv_response(Some(Duration::from_mins(1)))
        .build()
        .into()
}

fn failed(url: &str, cause: ureq::Error) -> Error {
    let error = match &cause {
        ureq::Error::StatusCode(status) => {
            Error::user("http.status", format!("{url} answered with the status {status}"))
        }
        _ => Error::user("http.unreachable", format!("cannot fetch {url}")),
    };
    error.because(cause)
}

/// What is behind a URL, and its size where it is told.
fn open(url: &str) -> Result<(Box<dyn Read + Send>, Option<u64>)> {
    if let Some(path) = url.strip_prefix("file://") {
        let path = PathBuf::from(path);
        let file = fs::open(&path)?;
        let size = file.metadata().ok().map(|m| m.len());
        return Ok((Box::new(file), size));
    }
    let response = agent().get(url).call().map_err(|e| failed(url, e))?;
    let body = response.into_body();
    let size = body.content_length();
    Ok((Box::new(body.into_reader()), size))
}

/// The text behind a URL, at most 16 MiB of it.
pub fn text(url: &str) -> Result<String> {
    let (reader, _) = open(url)?;
    let mut text = String::new();
    reader
        .take(16 << 20)
        .read_to_string(&mut text)
        .map_err(|e| Error::user("http.unreachable", format!("lost {url}")).because(e))?;
    Ok(text)
}

/// Fetches `url` into `path`, whole or not at all, and checks its SHA-256 when one is given.
pub fn file(
    url: &str,
    path: &Path,
    sha256: Option<&str>,
    progress: &dyn Fn(u64, Option<u64>),
    cancelled: &dyn Fn() -> bool,
) -> Result<()> {
    let (mut reader, size) = open(url)?;
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    let partial = PathBuf::from(name);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut out = fs::create(&partial)?;
    let mut buffer = vec![0; 1 << 17];
    let mut done = 0;
    loop {
        if cancelled() {
            fs::remove(&partial)?;
            return Err(Error::cancelled());
        }
        let read = reader.read(&mut buffer).map_err(|e| {
            Error::user("http.unreachable", format!("lost {url} after {done} bytes")).because(e)
        })?;
        if read == 0 {
            break;
        }
        out.write_all(&buffer[..read]).map_err(|e| fs::error("write", &partial, e))?;
        done += read as u64;
        progress(done, size);
    }
    if let Some(expected) = sha256 {
        cache::check_sha256(&partial, expected)?;
    }
    fs::rename(&partial, path)
}
