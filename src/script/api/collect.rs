//! Much output of a node straight into files of the host.

use super::super::run::Run;
use super::super::trust;
use super::{Returned, Thrown, strings, to_value};
use crate::engine::{ExecIo, ExecSpec};
use crate::error::{Error, Result};
use crate::event::Stream;
use crate::host::{archive, fs};
use crate::node::{Node, args, quote};
use bytes::Bytes;
use rhai::{Array, Dynamic, Engine, NativeCallContext};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// Tar's exit code when a file has changed while it was read, which logs do.
const CHANGED: i64 = 1;

pub fn register(engine: &mut Engine, run: &Arc<Run>) {
    let r = run.clone();
    engine.register_fn(
        "output_to",
        move |ctx: NativeCallContext, n: &mut Node, command: Array, file: &str| -> Returned<i64> {
            trust::path(&r, &ctx, "output_to", Path::new(file)).thrown()?;
            let command = strings(&command);
            let told = format!("write the output of {} to {file}", quote(&command));
            if r.planned("host", Some(&n.name), told, serde_json::Value::Null) {
                return Ok(0);
            }
            let what = quote(&command);
            r.transfer(Some(&n.name), &what, output_to(n, command, PathBuf::from(file))).thrown()
        },
    );
    let r = run.clone();
    engine.register_fn(
        "download_all",
        move |ctx: NativeCallContext, n: &mut Node, path: &str, folder: &str| -> Returned<()> {
            trust::path(&r, &ctx, "download_all", Path::new(folder)).thrown()?;
            let told = format!("copy {path} to {folder} of this machine");
            if r.planned("host", Some(&n.name), told, serde_json::Value::Null) {
                return Ok(());
            }
            let what = format!("download {path}");
            r.transfer(Some(&n.name), &what, download_all(n, path, PathBuf::from(folder))).thrown()
        },
    );
    let r = run.clone();
    engine.register_fn("inspect", move |n: &mut Node| -> Returned<Dynamic> {
        to_value(&r.block(n.engine().inspect_raw(&n.name)).thrown()?)
    });
}

async fn output_to(n: &Node, command: Vec<String>, path: PathBuf) -> Result<i64> {
    let file = Mutex::new((fs::create(&path)?, Ok(())));
    let write = |_: Stream, piece: &[u8]| {
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        if file.1.is_ok() {
            file.1 = file.0.write_all(piece);
        }
    };
    let spec = ExecSpec { command, ..Default::default() };
    let io = ExecIo { output: Some(&write), discard: true, ..Default::default() };
    let code = n.try_exec_io(&spec, io).await?.code;
    let (_, written) = file.into_inner().unwrap_or_else(PoisonError::into_inner);
    written.map_err(|e| fs::error("write", &path, e))?;
    Ok(code)
}

/// Links are followed on the node: logs of pods are links to logs of containers.
async fn download_all(n: &Node, path: &str, folder: PathBuf) -> Result<()> {
    let (send, receive) = mpsc::unbounded_channel::<Result<Bytes>>();
    let pieces = futures_util::stream::unfold(receive, |mut receive| async {
        receive.recv().await.map(|piece| (piece, receive))
    });
    let spec = ExecSpec {
        command: args(&["tar", "--hard-dereference", "--ignore-failed-read", "-chf", "-", "-C", path, "."]),
        ..Default::default()
    };
    let output = async {
        let told = Mutex::new(Vec::new());
        let pass = |stream: Stream, piece: &[u8]| match stream {
            // nobody takes it any more when unpacking has failed, which is told there
            Stream::Stdout => drop(send.send(Ok(Bytes::copy_from_slice(piece)))),
            Stream::Stderr => told.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(piece),
        };
        let io = ExecIo { output: Some(&pass), discard: true, ..Default::default() };
        let ended = n.try_exec_io(&spec, io).await;
        drop(send);
        let code = ended?.code;
        if code == 0 || code == CHANGED {
            return Ok(());
        }
        let told = told.into_inner().unwrap_or_else(PoisonError::into_inner);
        let reason = String::from_utf8_lossy(&told).lines().last().unwrap_or_default().to_owned();
        Err(Error::node("node.read", format!("cannot read {path} on {}: {reason}", n.name)).on_node(&n.name))
    };
    let unpacked = archive::unpack(Box::pin(futures_util::StreamExt::fuse(pieces)), folder);
    let (ended, unpacked) = tokio::join!(output, unpacked);
    ended?;
    unpacked
}
