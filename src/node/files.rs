//! Files into and out of a node, as tar streams over the engine's API.

use super::Node;
use crate::engine::ByteStream;
use crate::error::{Error, Result};
use bytes::Bytes;
use futures_util::{StreamExt, stream};

/// One file to write into a node.
#[derive(Debug, Clone)]
pub struct FileEntry {
    /// Absolute path in the node.
    pub path: String,
    /// What it holds.
    pub content: Vec<u8>,
    /// Permission bits, such as 0o644.
    pub mode: u32,
}

/// Bytes that are there already, as a stream.
pub fn bytes_stream(bytes: impl Into<Bytes>) -> ByteStream {
    stream::once(std::future::ready(Ok(bytes.into()))).boxed()
}

impl Node {
    /// Writes files in one request; missing folders are made by the engine.
    pub async fn write_files(&self, files: &[FileEntry]) -> Result<()> {
        let mut archive = tar::Builder::new(Vec::new());
        for file in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(file.content.len() as u64);
            header.set_mode(file.mode);
            header.set_entry_type(tar::EntryType::Regular);
            archive
                .append_data(&mut header, file.path.trim_start_matches('/'), file.content.as_slice())
                .map_err(|e| Error::internal("tar", format!("cannot pack {}", file.path)).because(e))?;
        }
        let bytes =
            archive.into_inner().map_err(|e| Error::internal("tar", "cannot pack files").because(e))?;
        self.engine()
            .upload(&self.name, "/", bytes_stream(bytes))
            .await
            .map_err(|e| e.while_(format!("cannot write to {}", self.name)).on_node(&self.name))
    }

    /// The content of one file.
    pub async fn read_file(&self, path: &str) -> Result<Vec<u8>> {
        let mut stream = self.engine().download(&self.name, path).await.map_err(|e| {
            if e.code() == "engine.not_found" {
                Error::node("node.no_file", format!("{} has no file {path}", self.name))
                    .on_node(&self.name)
                    .because(e)
            } else {
                e.on_node(&self.name)
            }
        })?;
        let mut archive = Vec::new();
        while let Some(piece) = stream.next().await {
            archive.extend_from_slice(&piece?);
        }
        let broken = |e| Error::node("node.read", format!("cannot read {path} of {}", self.name)).because(e);
        let mut archive = tar::Archive::new(archive.as_slice());
        let mut entries = archive.entries().map_err(broken)?;
        let mut entry = entries
            .next()
            .ok_or_else(|| Error::node("node.read", format!("{path} of {} is empty", self.name)))?
            .map_err(broken)?;
        if !entry.header().entry_type().is_file() {
            return Err(Error::node(
                "node.not_a_file",
                format!("{path} on {} is not a plain file", self.name),
            )
            .hint("n.download copies folders, n.exec(\"readlink\", \"-f\", …) follows links"));
        }
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut content).map_err(broken)?;
        Ok(content)
    }
}
