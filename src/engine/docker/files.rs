//! Files into and out of containers.
//!
//! The engine's archive API sees a container's root file system and its volumes, but not what lies on a
//! tmpfs: files sent there would be hidden below it. For those paths `tar` is run in the container instead.

use super::Docker;
use super::connect::segment;
use super::upload::Upload;
use crate::engine::{ByteStream, ExecIo, ExecSpec};
use crate::error::{Error, Result};
use bollard::query_parameters::{
    DownloadFromContainerOptions, InspectContainerOptions, UploadToContainerOptions,
};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use std::path::Path;

impl Docker {
    pub(super) async fn upload_impl(&self, container: &str, path: &str, archive: ByteStream) -> Result<()> {
        let doing = format!("write to {path} in container {container}");
        if self.is_on_tmpfs(container, path).await? {
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
        if self.is_on_tmpfs(container, path).await? {
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

    /// Whether `path` lies on a tmpfs that the running container was made with.
    async fn is_on_tmpfs(&self, container: &str, path: &str) -> Result<bool> {
        let found =
            self.client.inspect_container(&segment(container)?, None::<InspectContainerOptions>).await;
        // states that bollard does not know are none of a running container
        let Ok(found) = found else { return Ok(false) };
        let runs = found.state.and_then(|state| state.running).unwrap_or_default();
        let host = found.host_config.unwrap_or_default();
        let volumes = found.mounts.unwrap_or_default();
        Ok(runs
            && lies_on_tmpfs(path, host.tmpfs.iter().flatten().map(|(folder, _)| folder.as_str()), || {
                volumes.iter().filter_map(|volume| volume.destination.as_deref())
            }))
    }
}

/// The nearest mount above `path` decides.
fn lies_on_tmpfs<'a, V: Iterator<Item = &'a str>>(
    path: &str,
    tmpfs: impl Iterator<Item = &'a str>,
    volumes: impl Fn() -> V,
) -> bool {
    let depth =
        |mount: &str| Path::new(path).starts_with(mount).then(|| Path::new(mount).components().count());
    match (tmpfs.filter_map(depth).max(), volumes().filter_map(depth).max()) {
        (Some(tmpfs), Some(volume)) => tmpfs >= volume,
        (tmpfs, _) => tmpfs.is_some(),
    }
}

fn tar_failed(doing: &str, code: i64, stderr: &[u8]) -> Error {
    let said = String::from_utf8_lossy(stderr);
    let said = said.trim();
    let missing = said.contains("No such file")
        || said.contains("Cannot open")
        || said.contains("can't change directory");
    let error_code = if missing { "engine.not_found" } else { "engine.refused" };
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

    #[test]
    fn the_nearest_mount_decides() {
        let check = |path: &str, volumes: &'static [&'static str]| {
            lies_on_tmpfs(path, ["/run", "/tmp"].into_iter(), || volumes.iter().copied())
        };
        assert!(check("/run", &[]) && check("/tmp/a/b", &["/var"]));
        assert!(!check("/running", &[]) && !check("/etc", &["/var"]));
        assert!(!check("/run/data/x", &["/run/data"]));
    }
}
