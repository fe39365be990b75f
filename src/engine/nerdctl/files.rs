//! Files into and out of containers: by a `tar` in the container while that runs, else by way of a folder of ours and
//! `nerdctl cp`.

use super::Nerdctl;
use super::containers::named;
use crate::engine::docker::says_missing;
use crate::engine::{ByteStream, ExecIo, ExecSpec};
use crate::error::{Error, Result};
use crate::host::archive;
use std::path::Path;
use tempfile::TempDir;

impl Nerdctl {
    pub(super) async fn upload_impl(&self, container: &str, path: &str, archive: ByteStream) -> Result<()> {
        let doing = format!("write to {path} in container {container}");
        if self.has_tar(container).await? {
            let io = ExecIo { stdin: Some(archive), ..Default::default() };
            let done = self.exec_impl(container, &tar(&["-x", "-f", "-", "-C", path]), io).await?;
            return if done.code == 0 { Ok(()) } else { Err(tar_failed(&doing, &done.stderr)) };
        }
        let folder = folder()?;
        archive::unpack(archive, folder.path().to_owned()).await?;
        // what the folder holds, and not the folder
        let from = format!("{}/.", folder.path().display());
        self.program.text(&doing, &["cp", &from, &format!("{}:{path}", named(container)?)]).await.map(drop)
    }

    pub(super) async fn download_impl(&self, container: &str, path: &str) -> Result<ByteStream> {
        let doing = format!("read {path} from container {container}");
        let target = Path::new(path.trim_end_matches('/'));
        let parent = target.parent().unwrap_or(Path::new("/")).to_string_lossy().into_owned();
        let name = target.file_name().map_or_else(|| ".".into(), |name| name.to_string_lossy().into_owned());
        if self.has_tar(container).await? {
            let mut arguments = vec!["exec", "--user=0", named(container)?];
            arguments.extend(["tar", "-c", "-f", "-", "-C", &parent, "--", &name]);
            let pieces = self.program.stream(&doing, &arguments).await;
            return pieces
                .map_err(|error| if says_missing(error.message()) { missing(&doing) } else { error });
        }
        let folder = folder()?;
        let to = folder.path().join(&name);
        let arguments = ["cp", &format!("{}:{path}", named(container)?), &to.display().to_string()];
        self.program.text(&doing, &arguments).await?;
        Ok(archive::stream(move |builder| {
            // ours until the archive is made
            let _held = folder;
            builder.follow_symlinks(false);
            if to.is_dir() {
                builder.append_dir_all(&name, &to)
            } else {
                builder.append_path_with_name(&to, &name)
            }
        }))
    }

    /// Whether it runs and has a `tar`. What is on a container's memory is only seen from within.
    async fn has_tar(&self, container: &str) -> Result<bool> {
        let found = self.inspect_raw_impl(container).await?;
        if found["State"]["Status"] != "running" {
            return Ok(false);
        }
        let io = ExecIo { discard: true, ..Default::default() };
        let ran = self.exec_impl(container, &tar(&["--help"]), io).await?;
        Ok(!matches!(ran.code, 126 | 127))
    }
}

fn tar(arguments: &[&str]) -> ExecSpec {
    let command = std::iter::once("tar").chain(arguments.iter().copied()).map(String::from).collect();
    ExecSpec { command, user: "0".into(), ..Default::default() }
}

fn folder() -> Result<TempDir> {
    let made = tempfile::Builder::new().prefix("kind-cp-").tempdir();
    made.map_err(|error| crate::host::fs::error("make a folder in", &std::env::temp_dir(), error))
}

fn missing(doing: &str) -> Error {
    Error::engine("engine.not_found", format!("cannot {doing}: no such file or directory"))
}

fn tar_failed(doing: &str, stderr: &[u8]) -> Error {
    let said = String::from_utf8_lossy(stderr);
    if says_missing(&said) {
        return missing(doing);
    }
    Error::engine("engine.refused", format!("cannot {doing}: {}", said.trim()))
}
