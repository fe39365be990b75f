//! Images: inspect, tag, move in and out, make from containers and archives.

use super::containers::named;
use super::view::image_of;
use super::{Nerdctl, errors, spec};
use crate::engine::docker::familiar;
use crate::engine::{ByteStream, Image, ProgressFn};
use crate::error::{Error, Result};
use crate::host::cache::hex;
use crate::host::{archive, fs};
use crate::image::{Config, from_layer};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::io::{Read, Seek, Write};
use std::path::Path;

impl Nerdctl {
    pub(super) async fn inspect_image_impl(&self, reference: &str) -> Result<Option<Image>> {
        let found = self.inspect_images(&[named(reference)?]).await?;
        if found.is_empty() && reference.starts_with("sha256:") {
            // it knows images by their manifests, and everybody else by their configs
            let all = self.list_images_impl().await?;
            return Ok(all.into_iter().find(|image| image.id == reference));
        }
        Ok(found.into_iter().next())
    }

    async fn inspect_images(&self, references: &[&str]) -> Result<Vec<Image>> {
        let arguments: Vec<_> =
            ["image", "inspect", "--format", "{{json .}}"].iter().chain(references).copied().collect();
        let output = self.program.output(&arguments).await?;
        if !output.status.success() && !errors::is_missing(&output.stderr) {
            let doing = format!("inspect image {}", references.join(", "));
            return Err(self.program.refused(&doing, output.status, &output.stderr));
        }
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let images = told.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        Ok(images.map(|image| image_of(&image)).collect())
    }

    pub(super) async fn list_images_impl(&self) -> Result<Vec<Image>> {
        let told = self.program.text("list images", &["images", "--format", "{{.Name}} {{.Tag}}"]).await?;
        let is_named = |name: &&str| !name.is_empty() && !name.contains("<none>") && !name.contains('@');
        let names: BTreeSet<&str> =
            told.lines().filter_map(|line| line.split(' ').next()).filter(is_named).collect();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let mut images = self.inspect_images(&names.into_iter().collect::<Vec<_>>()).await?;
        images.sort_by(|a, b| a.id.cmp(&b.id));
        images.dedup_by(|a, b| {
            let same = a.id == b.id;
            if same {
                let more = std::mem::take(&mut a.tags).into_iter().filter(|tag| !b.tags.contains(tag));
                b.tags.extend(more.collect::<Vec<_>>());
            }
            same
        });
        images.retain(|image| !image.tags.is_empty());
        Ok(images)
    }

    pub(super) async fn pull_image_impl(
        &self,
        reference: &str,
        platform: Option<&str>,
        progress: ProgressFn<'_>,
    ) -> Result<()> {
        let mut arguments: Vec<String> = vec!["pull".into(), "--quiet".into()];
        arguments.extend(platform.filter(|p| !p.is_empty()).map(|platform| format!("--platform={platform}")));
        arguments.push(named(reference)?.to_owned());
        // it draws its progress for people only
        progress(0, None);
        self.program.text(&format!("pull image {reference}"), &arguments).await.map(drop)
    }

    pub(super) async fn tag_image_impl(&self, reference: &str, new_reference: &str) -> Result<()> {
        let doing = format!("name image {reference} {new_reference}");
        let source = self.name_of(reference).await?;
        self.program.text(&doing, &["tag", named(&source)?, named(new_reference)?]).await.map(drop)
    }

    /// A name by which nerdctl knows an image that is given by the id of its config.
    async fn name_of(&self, reference: &str) -> Result<String> {
        if reference.starts_with("sha256:")
            && let Some(found) = self.inspect_image_impl(reference).await?
            && let Some(name) = found.tags.into_iter().next()
        {
            return Ok(name);
        }
        Ok(reference.to_owned())
    }

    pub(super) async fn push_image_impl(&self, reference: &str) -> Result<()> {
        let arguments = ["push", "--quiet", named(reference)?];
        self.program.text(&format!("push image {reference}"), &arguments).await.map(drop)
    }

    pub(super) async fn save_images_impl(&self, references: &[String]) -> Result<ByteStream> {
        let mut arguments: Vec<String> = vec!["save".into()];
        for reference in references {
            arguments.push(self.name_of(named(reference)?).await?);
        }
        self.program.stream(&format!("save {}", references.join(", ")), &arguments).await
    }

    pub(super) async fn load_images_impl(&self, archive: ByteStream) -> Result<Vec<String>> {
        let told = self.program.feed("load the image archive", &["load"], archive).await?;
        let loaded = told.lines().filter_map(|line| line.strip_prefix("Loaded image: "));
        Ok(loaded.map(|name| familiar(name.trim().to_owned())).collect())
    }

    pub(super) async fn import_image_impl(
        &self,
        rootfs: ByteStream,
        reference: &str,
        changes: &[String],
    ) -> Result<String> {
        let config = config_of(changes)?;
        let folder = tempfile::Builder::new().prefix("kind-import-").tempdir();
        let folder = folder.map_err(|error| fs::error("make a folder in", &std::env::temp_dir(), error))?;
        let (rootfs_file, image_file) = (folder.path().join("rootfs"), folder.path().join("image.tar"));
        archive::save(rootfs, rootfs_file.clone()).await?;
        let (to, name) = (image_file.clone(), reference.to_owned());
        let packed = tokio::task::spawn_blocking(move || archive_of_layer(&name, &config, &rootfs_file, &to));
        packed.await.map_err(|e| Error::internal("thread", "a worker thread failed").because(e))??;
        self.load_images_impl(archive::file(image_file)?).await?;
        self.id_of(reference).await
    }

    pub(super) async fn commit_container_impl(
        &self,
        container: &str,
        reference: &str,
        changes: &[String],
    ) -> Result<String> {
        let mut arguments: Vec<String> = vec!["commit".into()];
        for change in changes {
            let instruction = change.split_whitespace().next().unwrap_or_default();
            if !["CMD", "ENTRYPOINT"].contains(&instruction.to_ascii_uppercase().as_str()) {
                let doing = format!("change {instruction} in an image made of container {container}");
                return Err(spec::unsupported(&doing).hint("CMD and ENTRYPOINT can be changed"));
            }
            arguments.push(format!("--change={change}"));
        }
        arguments.extend([named(container)?.to_owned(), named(reference)?.to_owned()]);
        self.program.text(&format!("make image {reference} of container {container}"), &arguments).await?;
        self.id_of(reference).await
    }

    async fn id_of(&self, reference: &str) -> Result<String> {
        let image = self.inspect_image_impl(reference).await?;
        image.map(|image| image.id).ok_or_else(|| {
            let message = format!("cannot make image {reference}: {} made no image", self.program.name);
            Error::engine("engine.refused", message)
        })
    }

    pub(super) async fn remove_image_impl(&self, reference: &str) -> Result<()> {
        let name = self.name_of(named(reference)?).await?;
        let output = self.program.output(&["rmi", &name]).await?;
        if output.status.success() || errors::is_missing(&output.stderr) {
            return Ok(());
        }
        Err(self.program.refused(&format!("remove image {reference}"), output.status, &output.stderr))
    }
}

/// Writes the archive of an image of one layer, which a root file system archive becomes without its compression.
fn archive_of_layer(name: &str, config: &Config, rootfs: &Path, to: &Path) -> Result<()> {
    let failed = |error| fs::error("unpack", rootfs, error);
    let mut plain = archive::plain(fs::open(rootfs)?, rootfs)?;
    let mut layer = tempfile::tempfile().map_err(failed)?;
    let (mut sum, mut size, mut buffer) = (Sha256::new(), 0, vec![0; 256 * 1024]);
    loop {
        let read = plain.read(&mut buffer).map_err(failed)?;
        if read == 0 {
            break;
        }
        sum.update(&buffer[..read]);
        size += read as u64;
        layer.write_all(&buffer[..read]).map_err(failed)?;
    }
    layer.rewind().map_err(failed)?;
    from_layer(&[name.to_owned()], "", config, &mut layer, size, &hex(&sum.finalize()), fs::create(to)?)
}

/// Dockerfile instructions as an image's config.
///
/// Errors: `engine.refused` for one that is none, `engine.unsupported` for one that has no place here.
fn config_of(changes: &[String]) -> Result<Config> {
    let mut config = Config::default();
    for change in changes {
        let (instruction, rest) = change.trim().split_once(char::is_whitespace).unwrap_or((change, ""));
        let rest = rest.trim();
        let list = || -> Vec<String> {
            serde_json::from_str(rest).unwrap_or_else(|_| vec!["/bin/sh".into(), "-c".into(), rest.into()])
        };
        let pair = || {
            let (name, value) = rest.split_once('=').or_else(|| rest.split_once(' ')).unwrap_or((rest, ""));
            (name.trim().to_owned(), value.trim().trim_matches('"').to_owned())
        };
        match instruction.to_ascii_uppercase().as_str() {
            "ENV" => {
                let (name, value) = pair();
                config.env.push(format!("{name}={value}"));
            }
            "LABEL" => config.labels.extend([pair()]),
            "ENTRYPOINT" => config.entrypoint = list(),
            "CMD" => config.cmd = list(),
            "WORKDIR" => rest.clone_into(&mut config.workdir),
            "USER" => rest.clone_into(&mut config.user),
            known @ ("EXPOSE" | "VOLUME" | "STOPSIGNAL" | "ONBUILD" | "HEALTHCHECK") => {
                return Err(spec::unsupported(&format!("set {known} in an imported image")));
            }
            other => {
                return Err(Error::engine(
                    "engine.refused",
                    format!("{other} is not a valid change command"),
                ));
            }
        }
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_become_a_config() {
        let changes =
            ["ENV A=b c", "ENTRYPOINT [\"/x\", \"y\"]", "CMD run it", "LABEL k=\"v\""].map(String::from);
        let config = config_of(&changes).unwrap();
        assert_eq!(
            (config.env, config.entrypoint),
            (vec!["A=b c".to_owned()], vec!["/x".into(), "y".into()])
        );
        assert_eq!((config.cmd.last().unwrap().as_str(), config.labels["k"].as_str()), ("run it", "v"));
        assert_eq!(config_of(&["VOLUME /x".into()]).err().unwrap().code(), "engine.unsupported");
        assert_eq!(config_of(&["MAGIC".into()]).err().unwrap().code(), "engine.refused");
    }
}
