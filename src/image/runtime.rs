//! Images between the engine and the container runtime inside a node.

use super::layer::Layer;
use super::pack::{Config, from_layer};
use crate::engine::{ByteStream, ExecIo, ExecSpec};
use crate::error::{Error, Result};
use crate::host::archive::pieces_stream;
use crate::node::{Node, args};
use bytes::Bytes;
use futures_util::StreamExt;
use std::io::Seek;
use tokio::sync::mpsc;

/// Pieces of an archive that wait for a node.
const AHEAD: usize = 8;

/// Streams an image archive (docker or OCI layout) into the node's containerd, for the kubelet to find.
pub async fn into_runtime(node: &Node, stream: ByteStream) -> Result<()> {
    // `--local` unpacks in the client, which works while no transfer service runs and for every layout;
    // without `--all-platforms` an image of several platforms needs only the node's own to be complete.
    let command = args(&["ctr", "--namespace=k8s.io", "images", "import", "--local", "--digests", "-"]);
    let spec = ExecSpec { command, ..Default::default() };
    node.exec_io(&spec, ExecIo { stdin: Some(stream), ..Default::default() }).await?;
    Ok(())
}

/// Streams an image archive into several nodes at the same time. It is read once; the slowest node sets the pace.
pub async fn into_runtimes(nodes: &[Node], mut stream: ByteStream) -> Result<()> {
    if let [node] = nodes {
        return into_runtime(node, stream).await;
    }
    let (mut senders, mut loads) = (Vec::new(), Vec::new());
    for node in nodes {
        let (send, receive) = mpsc::channel::<Result<Bytes>>(AHEAD);
        senders.push(send);
        loads.push(into_runtime(node, pieces_stream(receive)));
    }
    let feed = async move {
        while let Some(piece) = stream.next().await {
            let piece = piece?;
            for send in &senders {
                // a node that has failed says so itself
                let _ = send.send(Ok(piece.clone())).await;
            }
        }
        Ok(())
    };
    let (fed, loaded) = tokio::join!(feed, futures_util::future::join_all(loads));
    // a stream that breaks off fails every node, and is the cause
    fed?;
    loaded.into_iter().collect()
}

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
