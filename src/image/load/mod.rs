//! Images into the container runtimes of nodes: the source is read once for all nodes, and no node gets a layer that it
//! has. A layer is there when its blob is in the runtime's store, or when it is unpacked on top of the same layers
//! below it, whatever became of its blob.

mod archive;
mod convert;
mod have;
mod layers;
mod rewrite;

pub use layers::whiteouts;

use crate::engine::{ByteStream, Engine, ExecIo, ExecSpec};
use crate::error::{Error, Result};
use crate::host::archive as tars;
use crate::node::{Node, args};
use futures_util::future::join_all;
use have::Have;
use layers::{Image, Layout};
use rewrite::{Form, Target, rewrite};
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Pieces of an archive that wait for a node.
const AHEAD: usize = 8;

/// Where images come from.
#[derive(Clone)]
pub enum Source {
    /// Images of an engine, by their names.
    Engine(Arc<dyn Engine>, Vec<String>),
    /// An archive in docker's or OCI's layout, plain or compressed with gzip or zstd.
    File(PathBuf),
}

/// What a load has moved, in bytes, over all nodes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Loaded {
    /// What the images are.
    pub bytes: u64,
    /// What of it was sent.
    pub sent: u64,
}

impl Source {
    async fn open(&self) -> Result<ByteStream> {
        match self {
            Self::Engine(engine, references) => engine.save_images(references).await,
            Self::File(path) => tars::file(path.clone()),
        }
    }

    /// What is known of the layers before they are read; none when it has to be sent as it is.
    async fn layout(&self) -> Result<Option<Layout>> {
        match self {
            Self::Engine(engine, references) => {
                let mut images = Vec::new();
                for reference in references {
                    // one that is not there is told by the stream
                    let Some(found) = engine.inspect_image(reference).await? else { return Ok(None) };
                    images.push(Image::of_engine(&found));
                }
                Ok(Some(Layout { images, form: Form::Stream }))
            }
            Self::File(path) => {
                let path = path.clone();
                let task = tokio::task::spawn_blocking(move || archive::layout(&path));
                task.await.map_err(|e| Error::internal("thread", "a worker thread failed").because(e))?
            }
        }
    }
}

/// Loads images into nodes whose container runtime runs.
///
/// # Errors
/// `node.exec_failed` with what the runtime says of a broken archive; those of the engine and of the file.
pub async fn load(nodes: &[Node], source: &Source) -> Result<Loaded> {
    let haves = join_all(nodes.iter().map(have::of)).await.into_iter().collect::<Result<Vec<Have>>>()?;
    let Some(layout) = source.layout().await? else {
        return whole(nodes, &haves, source).await;
    };
    let targets: Vec<Target> = haves
        .iter()
        .map(|have| Target { skip: layers::needless(&layout.images, have), blobs: have.blobs.clone() })
        .collect();
    let (loaded, results) = match pass(nodes, &haves, source, layout.form, targets).await {
        Err(error) if error.code() == "image.archive" => return whole(nodes, &haves, source).await,
        passed => passed?,
    };
    // What was there when it was asked for may be gone since: such a node gets all of it.
    let (mut again, mut of_again) = (Vec::new(), Vec::new());
    for ((result, node), have) in results.into_iter().zip(nodes).zip(haves) {
        match result {
            Ok(()) => {}
            Err((error, false)) => return Err(error),
            Err((_, true)) => {
                again.push(node.clone());
                of_again.push(have);
            }
        }
    }
    if again.is_empty() {
        return Ok(loaded);
    }
    let more = whole(&again, &of_again, source).await?;
    Ok(Loaded { bytes: loaded.bytes, sent: loaded.sent + more.sent })
}

/// The archive as it is, into all nodes.
async fn whole(nodes: &[Node], haves: &[Have], source: &Source) -> Result<Loaded> {
    let targets = nodes.iter().map(|_| Target { skip: HashSet::new(), blobs: HashSet::new() }).collect();
    let (loaded, results) = pass(nodes, haves, source, Form::Bytes, targets).await?;
    for result in results {
        result.map_err(|(error, _)| error)?;
    }
    Ok(loaded)
}

/// What came of one node: an error tells whether something was left out for it.
type Outcome = std::result::Result<(), (Error, bool)>;

async fn pass(
    nodes: &[Node],
    haves: &[Have],
    source: &Source,
    form: Form,
    targets: Vec<Target>,
) -> Result<(Loaded, Vec<Outcome>)> {
    let stream = source.open().await?;
    let (mut senders, mut imports) = (Vec::new(), Vec::new());
    for (node, have) in nodes.iter().zip(haves) {
        let (send, receive) = mpsc::channel(AHEAD);
        senders.push(send);
        imports.push(import(node, &have.snapshotter, tars::pieces_stream(receive)));
    }
    let feed = tars::read(stream, move |reader| Ok(rewrite(reader, &form, &targets, &senders)));
    let (fed, imported) = tokio::join!(feed, join_all(imports));
    let fed = fed?;
    // a stream that breaks off fails every node, and is the cause
    let counts = match fed {
        Ok(counts) => counts,
        Err(error) => match error.downcast::<Error>() {
            Ok(own) => return Err(own),
            Err(other) => {
                return Err(Error::user("image.archive", "the archive cannot be read").because(other));
            }
        },
    };
    let loaded =
        Loaded { bytes: counts.iter().map(|c| c.bytes).sum(), sent: counts.iter().map(|c| c.sent).sum() };
    let outcomes = imported
        .into_iter()
        .zip(counts)
        .map(|(result, count)| result.map_err(|error| (error, count.sent < count.bytes)))
        .collect();
    Ok((loaded, outcomes))
}

/// Hands an archive to the node's containerd, for the kubelet to find.
async fn import(node: &Node, snapshotter: &str, stream: ByteStream) -> Result<()> {
    // `--local` unpacks in the client, which works while no transfer service runs and for every layout; without
    // `--all-platforms` an image of several platforms needs only the node's own to be complete.
    let snapshotter = format!("--snapshotter={snapshotter}");
    let command =
        args(&["ctr", "--namespace=k8s.io", "images", "import", "--local", "--digests", &snapshotter, "-"]);
    let spec = ExecSpec { command, ..Default::default() };
    node.exec_io(&spec, ExecIo { stdin: Some(stream), ..Default::default() }).await?;
    Ok(())
}

/// An archive of these files.
#[cfg(test)]
fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *content).unwrap();
    }
    builder.into_inner().unwrap()
}
