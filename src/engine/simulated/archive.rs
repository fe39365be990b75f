//! Tar archives of a container's files.

use super::deed::File;
use crate::engine::ByteStream;
use crate::error::{Error, Result};
use futures_util::{StreamExt, stream};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

/// All of a stream.
pub(super) async fn collect(mut bytes: ByteStream) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    while let Some(piece) = bytes.next().await {
        all.extend_from_slice(&piece?);
    }
    Ok(all)
}

pub(super) fn stream_of(bytes: Vec<u8>) -> ByteStream {
    stream::iter([Ok(bytes.into())]).boxed()
}

/// The plain files of an archive, with their paths below `folder`.
pub(super) fn unpack(archive: &[u8], folder: &str) -> Result<Vec<(String, File)>> {
    let broken = |error| Error::engine("engine.refused", "the archive is broken").because(error);
    let mut files = Vec::new();
    for entry in tar::Archive::new(archive).entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path().map_err(broken)?.to_string_lossy().into_owned();
        let path = format!("{}/{}", folder.trim_end_matches('/'), path.trim_start_matches("./"));
        let mode = entry.header().mode().map_err(broken)?;
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(broken)?;
        files.push((path, File { content, mode }));
    }
    Ok(files)
}

/// An archive of the file or folder `path`, with names as the engine gives them: from its last part on.
pub(super) fn pack(files: &BTreeMap<String, File>, path: &str) -> Result<Vec<u8>> {
    let broken = |error| Error::internal("simulated.tar", "cannot pack an archive").because(error);
    let path = Path::new(if path == "/" { path } else { path.trim_end_matches('/') });
    let parent = path.parent().unwrap_or(path);
    let mut archive = tar::Builder::new(Vec::new());
    let mut found = false;
    for (name, file) in files.iter().filter(|(name, _)| Path::new(name).starts_with(path)) {
        let mut header = tar::Header::new_gnu();
        header.set_size(file.content.len() as u64);
        header.set_mode(file.mode);
        let name = Path::new(name).strip_prefix(parent).unwrap_or(Path::new(name));
        archive.append_data(&mut header, name, file.content.as_slice()).map_err(broken)?;
        found = true;
    }
    if !found {
        return Err(Error::engine("engine.not_found", format!("there is no {}", path.display())));
    }
    archive.into_inner().map_err(broken)
}
