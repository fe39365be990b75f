//! Much output of a node straight into files of the host.

use super::super::run::Run;
use super::super::trust;
use super::{Returned, Thrown, strings, to_value};
use crate::engine::{ExecIo, ExecSpec};
use crate::error::{Error, Result};
use crate::event::Stream;
use crate::host::process::quote;
use crate::host::{archive, fs};
use crate::node::{Node, args};
use rhai::{Array, Dynamic, Engine, NativeCallContext};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

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
    let file = fs::create(&path)?;
    Ok(copied(n, command, file, &path, |_| true).await?.0)
}

/// Links are followed on the node: logs of pods are links to logs of containers.
async fn download_all(n: &Node, path: &str, folder: PathBuf) -> Result<()> {
    let kept =
        tempfile::NamedTempFile::new().map_err(|e| fs::error("make a file in", &std::env::temp_dir(), e))?;
    let tar = args(&["tar", "--hard-dereference", "--ignore-failed-read", "-chf", "-", "-C", path, "."]);
    let file = kept.reopen().map_err(|e| fs::error("open", kept.path(), e))?;
    let (code, told) = copied(n, tar, file, kept.path(), |stream| stream == Stream::Stdout).await?;
    if code != 0 && code != CHANGED {
        let reason = told.lines().last().unwrap_or_default();
        let message = format!("cannot read {path} on {}: {reason}", n.name);
        return Err(Error::node("node.read", message).on_node(&n.name));
    }
    archive::unpack(archive::file(kept.path().to_owned())?, folder).await
}

/// Runs a command and writes what it prints into a file as it comes, as far as the stream is `wanted`; its exit code
/// and the rest.
async fn copied(
    n: &Node,
    command: Vec<String>,
    file: File,
    path: &Path,
    wanted: impl Fn(Stream) -> bool + Send + Sync,
) -> Result<(i64, String)> {
    let state = Mutex::new((file, Ok(()), Vec::new()));
    let copy = |stream: Stream, piece: &[u8]| {
        let (file, written, rest) = &mut *state.lock().unwrap_or_else(PoisonError::into_inner);
        if !wanted(stream) {
            rest.extend_from_slice(piece);
        } else if written.is_ok() {
            *written = file.write_all(piece);
        }
    };
    let spec = ExecSpec { command, ..Default::default() };
    let io = ExecIo { output: Some(&copy), discard: true, ..Default::default() };
    let code = n.try_exec_io(&spec, io).await?.code;
    let (_, written, rest) = state.into_inner().unwrap_or_else(PoisonError::into_inner);
    written.map_err(|e| fs::error("write", path, e))?;
    Ok((code, String::from_utf8_lossy(&rest).into_owned()))
}
