//! Files into and out of containers.
//!
//! The engine's archive API sees a container's root file system and its volumes, but not what lies on a
//! tmpfs: files sent there would be hidden below it. What goes to or comes from there passes through a
//! `tar` that runs in the container.

use super::Docker;
use super::request::segment;
use super::upload::Upload;
use crate::engine::{ByteStream, ExecIo, ExecSpec};
use crate::error::{Error, Result};
use bollard::query_parameters::{
    DownloadFromContainerOptions, InspectContainerOptions, UploadToContainerOptions,
};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use std::path::{Component, Path, PathBuf};

/// How much of an archive is read ahead to see where its entries go. Files written for a node are smaller.
const PEEK: usize = 1 << 20;

impl Docker {
    pub(super) async fn upload_impl(&self, container: &str, path: &str, archive: ByteStream) -> Result<()> {
        let doing = format!("write to {path} in container {container}");
        let hidden = self.tmpfs_of(container).await?;
        let (archive, entries) = peek(archive, if hidden.is_empty() { 0 } else { PEEK }).await;
        if hidden.hide(path) || entries.iter().any(|entry| hidden.hide_entry(path, entry)) {
            let command = ["tar", "-x", "-f", "-", "-C", path].map(String::from).to_vec();
            let io = ExecIo { stdin: Some(archive), ..Default::default() };
            let done = self.exec_impl(container, &ExecSpec { command, ..Default::default() }, io).await?;
            return if done.code == 0 { Ok(()) } else { Err(tar_failed(&doing, done.code, &done.stderr)) };
        }
        let upload = Upload::default();
        let body = bollard::body_try_stream(upload.watch(archive));
        let options = UploadToContainerOptions { path: path.to_owned(), ..Default::default() };
        let sent = self.patient.upload_to_container(&segment(container)?, Some(options), body).await;
        sent.map_err(|error| upload.blame(self.failed(doing, error)))
    }

    pub(super) async fn download_impl(&self, container: &str, path: &str) -> Result<ByteStream> {
        let doing = format!("read {path} from container {container}");
        if self.tmpfs_of(container).await?.hide(path) {
            return self.download_by_tar(container, path, &doing).await;
        }
        let options = DownloadFromContainerOptions { path: path.to_owned() };
        let mut pieces = Box::pin(self.patient.download_from_container(&segment(container)?, Some(options)));
        // a path that is not there is told now and not by the stream
        let first = match pieces.next().await {
            Some(first) => first.map_err(|error| self.failed(&doing, error))?,
            None => Bytes::new(),
        };
        let endpoint = self.endpoint.clone();
        let rest =
            pieces.map(move |piece| piece.map_err(|error| super::errors::explain(&endpoint, &doing, error)));
        Ok(stream::iter([Ok(first)]).chain(rest).boxed())
    }

    /// What lies on a tmpfs takes memory anyway, so it may be collected first.
    async fn download_by_tar(&self, container: &str, path: &str, doing: &str) -> Result<ByteStream> {
        let target = Path::new(path.trim_end_matches('/'));
        let folder = target.parent().unwrap_or(Path::new("/")).to_string_lossy().into_owned();
        let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let command = ["tar", "-c", "-f", "-", "-C", &folder, "--", &name].map(String::from).to_vec();
        let spec = ExecSpec { command, ..Default::default() };
        let done = self.exec_impl(container, &spec, ExecIo::default()).await?;
        if done.code != 0 {
            return Err(tar_failed(doing, done.code, &done.stderr));
        }
        Ok(stream::iter([Ok(Bytes::from(done.stdout))]).boxed())
    }

    /// Where the running container has a tmpfs; nothing for one that does not run.
    async fn tmpfs_of(&self, container: &str) -> Result<Tmpfs> {
        let found =
            self.client.inspect_container(&segment(container)?, None::<InspectContainerOptions>).await;
        // states that bollard does not know are none of a running container
        let Ok(found) = found else { return Ok(Tmpfs::default()) };
        if found.state.and_then(|state| state.running) != Some(true) {
            return Ok(Tmpfs::default());
        }
        Ok(Tmpfs {
            folders: found
                .host_config
                .and_then(|host| host.tmpfs)
                .into_iter()
                .flatten()
                .map(|(f, _)| f)
                .collect(),
            volumes: found.mounts.into_iter().flatten().filter_map(|volume| volume.destination).collect(),
        })
    }
}

/// The folders of a container that the archive API does not see.
#[derive(Default)]
struct Tmpfs {
    folders: Vec<String>,
    volumes: Vec<String>,
}

impl Tmpfs {
    fn is_empty(&self) -> bool {
        self.folders.is_empty()
    }

    /// Whether `path` lies on one of them: the nearest mount above it decides.
    fn hide(&self, path: impl AsRef<Path>) -> bool {
        let path = path.as_ref();
        let nearest = |mounts: &[String]| {
            mounts
                .iter()
                .filter(|mount| path.starts_with(mount))
                .map(|mount| Path::new(mount).components().count())
                .max()
        };
        match (nearest(&self.folders), nearest(&self.volumes)) {
            (Some(tmpfs), Some(volume)) => tmpfs >= volume,
            (tmpfs, _) => tmpfs.is_some(),
        }
    }

    /// The same for an archive's entry that is unpacked at `folder`.
    fn hide_entry(&self, folder: &str, entry: &Path) -> bool {
        self.hide(
            entry
                .components()
                .filter(|part| matches!(part, Component::Normal(_)))
                .fold(PathBuf::from(folder), |path, part| path.join(part)),
        )
    }
}

/// Reads the first `limit` bytes ahead: the whole archive again, and the entries seen in that part.
async fn peek(mut archive: ByteStream, limit: usize) -> (ByteStream, Vec<PathBuf>) {
    let (mut head, mut size) = (Vec::new(), 0);
    while size < limit {
        let Some(piece) = archive.next().await else { break };
        let failed = piece.is_err();
        size += piece.as_ref().map_or(0, Bytes::len);
        head.push(piece);
        if failed {
            break;
        }
    }
    let read: Vec<u8> = head.iter().flatten().flat_map(|piece| piece.iter().copied()).collect();
    let mut entries = Vec::new();
    if let Ok(found) = tar::Archive::new(read.as_slice()).entries() {
        // the first broken entry is where the part that was read ends
        entries.extend(
            found.map_while(std::result::Result::ok).filter_map(|entry| entry.path().ok().map(Into::into)),
        );
    }
    (stream::iter(head).chain(archive).boxed(), entries)
}

/// Whether a `tar`, GNU's or Busybox's, complains of a path that is not there.
pub(in crate::engine) fn says_missing(text: &str) -> bool {
    ["No such file", "Cannot open", "can't change directory", "can't open"]
        .iter()
        .any(|phrase| text.contains(phrase))
}

fn tar_failed(doing: &str, code: i64, stderr: &[u8]) -> Error {
    let said = String::from_utf8_lossy(stderr);
    let said = said.trim();
    let error_code = if says_missing(said) { "engine.not_found" } else { "engine.refused" };
    let error = Error::engine(error_code, format!("cannot {doing}: tar ended with {code}: {said}"));
    match code {
        126 | 127 => error
            .hint("the path lies on a tmpfs, which is only reached by a `tar` in the container; it has none"),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tmpfs(volumes: &[&str]) -> Tmpfs {
        let list = |paths: &[&str]| paths.iter().map(ToString::to_string).collect();
        Tmpfs { folders: list(&["/run", "/tmp"]), volumes: list(volumes) }
    }

    #[test]
    fn the_nearest_mount_decides() {
        assert!(tmpfs(&[]).hide("/run") && tmpfs(&["/var"]).hide("/tmp/a/b"));
        assert!(!tmpfs(&[]).hide("/running") && !tmpfs(&["/var"]).hide("/etc"));
        assert!(!tmpfs(&["/run/data"]).hide("/run/data/x"));
        assert!(
            tmpfs(&[]).hide_entry("/", Path::new("./run/x"))
                && !tmpfs(&[]).hide_entry("/", Path::new("etc/run"))
        );
    }

    #[tokio::test]
    async fn a_peek_tells_the_entries_and_loses_nothing() {
        let mut archive = tar::Builder::new(Vec::new());
        for path in ["etc/a", "run/b"] {
            let mut header = tar::Header::new_gnu();
            header.set_size(5000);
            archive.append_data(&mut header, path, [7; 5000].as_slice()).unwrap();
        }
        let bytes = archive.into_inner().unwrap();
        for (limit, expected) in [(0, 0), (1, 1), (1 << 20, 2)] {
            let pieces: Vec<_> = bytes.chunks(1000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
            let (again, entries) = peek(stream::iter(pieces).boxed(), limit).await;
            assert_eq!(entries.len(), expected, "{entries:?}");
            let again: Vec<_> = again.map(Result::unwrap).collect().await;
            assert!(again.concat() == bytes);
        }
    }
}
