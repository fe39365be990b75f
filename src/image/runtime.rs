//! Images of the engine made from what lies on a node.

use super::layer::Layer;
use super::pack::{Config, from_layer};
use crate::error::{Error, Result};
use crate::node::Node;
use std::io::Seek;

/// Makes an image of the engine from files that lie on a node: `files` are pairs of a path in the image and a
/// path on the node.
pub async fn from_node(
    node: &Node,
    reference: &str,
    files: Vec<(String, String)>,
    config: Config,
) -> Result<()> {
    let mut contents = Vec::new();
    for (to, from) in files {
        contents.push((to, node.read_file(&from).await?));
    }
    let names = vec![reference.to_owned()];
    let task = tokio::task::spawn_blocking(move || -> Result<Vec<u8>> {
        let io = |e| Error::internal("file.pack", "cannot pack the image").because(e);
        let mut layer = Layer::new(tempfile::tempfile().map_err(io)?);
        for (to, content) in &contents {
            layer.data(to, 0o755, content.len() as u64, content.as_slice())?;
        }
        let (mut spool, digest) = layer.finish()?;
        let size = spool.stream_position().map_err(io)?;
        spool.rewind().map_err(io)?;
        let mut out = Vec::new();
        from_layer(&names, "", &config, &mut spool, size, &digest, &mut out)?;
        Ok(out)
    });
    let bytes = task.await.map_err(|e| Error::internal("thread", "a worker thread failed").because(e))??;
    node.engine().load_images(crate::node::bytes_stream(bytes)).await?;
    Ok(())
}
