//! Images, with a docker-archive that a real engine would take for one.

use super::Simulated;
use super::archive::{collect, pack, stream_of, unpack};
use super::deed::{Deed, File};
use super::operation::Operation;
use super::state::{StoredImage, not_found};
use crate::engine::{ByteStream, ContainerState, Image, ProgressFn};
use crate::error::{Error, Result};
use std::collections::BTreeMap;

/// With the tag that is meant when there is none.
pub(super) fn full_name(reference: &str) -> String {
    let last = reference.rsplit('/').next().unwrap_or(reference);
    if last.contains(':') || reference.contains('@') {
        reference.into()
    } else {
        format!("{reference}:latest")
    }
}

impl Simulated {
    pub(super) fn pull(
        &self,
        reference: &str,
        platform: Option<&str>,
        progress: ProgressFn<'_>,
    ) -> Result<()> {
        const SIZE: u64 = 300 << 20;
        let mut state = self.begin(Operation::PullImage)?;
        if state.registry.as_ref().is_some_and(|registry| !registry.contains(&full_name(reference))) {
            return Err(not_found("image in the registry", reference));
        }
        let mut image = StoredImage::default();
        image.seen.size = SIZE;
        if let Some((os, architecture)) = platform.and_then(|platform| platform.split_once('/')) {
            (image.seen.os, image.seen.architecture) = (os.into(), architecture.into());
        }
        state.add_image(reference, image);
        state.record(Deed::PullImage { reference: reference.into(), platform: platform.map(Into::into) });
        drop(state);
        progress(SIZE, Some(SIZE));
        Ok(())
    }

    pub(super) fn tag(&self, reference: &str, new_reference: &str) -> Result<()> {
        let mut state = self.begin(Operation::TagImage)?;
        let id = state.image_id(reference).ok_or_else(|| not_found("image", reference))?;
        let image = state.images.get(&id).cloned().unwrap_or_default();
        state.add_image(new_reference, image);
        state.record(Deed::TagImage { reference: reference.into(), new_reference: new_reference.into() });
        Ok(())
    }

    pub(super) fn push(&self, reference: &str) -> Result<()> {
        let mut state = self.begin(Operation::PushImage)?;
        state.image_id(reference).ok_or_else(|| not_found("image", reference))?;
        state.record(Deed::PushImage(reference.into()));
        Ok(())
    }

    pub(super) fn save(&self, references: &[String]) -> Result<ByteStream> {
        let mut state = self.begin(Operation::SaveImages)?;
        let (mut files, mut manifest) = (BTreeMap::new(), Vec::new());
        for reference in references {
            let id = state.image_id(reference).ok_or_else(|| not_found("image", reference))?;
            let image = state.images.get(&id).cloned().unwrap_or_default();
            let hash = id.trim_start_matches("sha256:").to_owned();
            let config = serde_json::json!({
                "architecture": image.seen.architecture, "os": image.seen.os,
                "config": {
                    "Labels": image.seen.labels, "Entrypoint": image.seen.entrypoint, "Cmd": image.seen.command,
                    "Env": image.seen.env.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>(),
                },
            });
            let file = |content: Vec<u8>| File { content, mode: 0o644 };
            files.insert(format!("/{hash}.json"), file(config.to_string().into_bytes()));
            let layer = if image.files.is_empty() { Vec::new() } else { pack(&image.files, "/")? };
            files.insert(format!("/{hash}/layer.tar"), file(layer));
            manifest.push(serde_json::json!({
                "Config": format!("{hash}.json"), "RepoTags": [full_name(reference)],
                "Layers": [format!("{hash}/layer.tar")],
            }));
        }
        let manifest = serde_json::Value::from(manifest).to_string().into_bytes();
        files.insert("/manifest.json".into(), File { content: manifest, mode: 0o644 });
        state.record(Deed::SaveImages(references.to_vec()));
        Ok(stream_of(pack(&files, "/")?))
    }

    pub(super) async fn load(&self, archive: ByteStream) -> Result<Vec<String>> {
        drop(self.begin(Operation::LoadImages)?);
        let refused =
            || Error::engine("engine.refused", "cannot load the image archive: it has no manifest.json");
        let archive = collect(archive).await?;
        let files: BTreeMap<_, _> =
            unpack(&archive, "").map_err(|error| refused().because(error))?.into_iter().collect();
        let json = |path: &str| -> Option<serde_json::Value> {
            serde_json::from_slice(&files.get(path)?.content).ok()
        };
        let manifest = json("/manifest.json").ok_or_else(refused)?;
        let mut state = self.lock();
        let mut loaded = Vec::new();
        for entry in manifest.as_array().into_iter().flatten() {
            let path = entry["Config"].as_str().unwrap_or_default();
            let config = json(&format!("/{path}")).unwrap_or_default();
            let mut image = StoredImage::default();
            image.seen.id =
                format!("sha256:{}", path.trim_end_matches(".json").trim_start_matches("blobs/sha256/"));
            image.seen.architecture = config["architecture"].as_str().unwrap_or_default().into();
            image.seen.os = config["os"].as_str().unwrap_or_default().into();
            image.seen.size = archive.len() as u64;
            for tag in entry["RepoTags"].as_array().into_iter().flatten().filter_map(|tag| tag.as_str()) {
                state.add_image(tag, image.clone());
                loaded.push(tag.to_owned());
            }
        }
        state.record(Deed::LoadImages(loaded.clone()));
        Ok(loaded)
    }

    pub(super) async fn import(
        &self,
        rootfs: ByteStream,
        reference: &str,
        changes: &[String],
    ) -> Result<String> {
        drop(self.begin(Operation::ImportImage)?);
        let archive = collect(rootfs).await?;
        let mut image =
            StoredImage { files: unpack(&archive, "")?.into_iter().collect(), ..Default::default() };
        image.seen.size = archive.len() as u64;
        apply(&mut image.seen, changes)?;
        let mut state = self.lock();
        let id = state.add_image(reference, image);
        state.record(Deed::ImportImage { reference: reference.into(), changes: changes.to_vec() });
        Ok(id)
    }

    pub(super) fn commit(&self, container: &str, reference: &str, changes: &[String]) -> Result<String> {
        let mut state = self.begin(Operation::CommitContainer)?;
        let source = state.container(container)?;
        let mut image = StoredImage { files: source.files.clone(), ..Default::default() };
        image.seen.labels.clone_from(&source.seen.labels);
        image.seen.env.clone_from(&source.seen.env);
        image.seen.entrypoint.clone_from(&source.spec.entrypoint);
        image.seen.command.clone_from(&source.spec.command);
        image.seen.size = image.files.values().map(|file| file.content.len() as u64).sum();
        apply(&mut image.seen, changes)?;
        let id = state.add_image(reference, image);
        state.record(Deed::CommitContainer {
            container: container.into(),
            reference: reference.into(),
            changes: changes.to_vec(),
        });
        Ok(id)
    }

    pub(super) fn remove_img(&self, reference: &str) -> Result<()> {
        let mut state = self.begin(Operation::RemoveImage)?;
        let Some(id) = state.image_id(reference) else { return Ok(()) };
        let name = full_name(reference);
        let user = state.containers.values().find(|c| {
            state.image_id(&c.spec.image).as_ref() == Some(&id) && c.seen.state != ContainerState::Dead
        });
        let user = user.map(|container| container.seen.name.clone());
        let image = state.images.entry(id.clone()).or_default();
        let last = image.seen.tags.iter().all(|tag| *tag == name);
        if let (true, Some(user)) = (last, user) {
            let message = format!("cannot remove image {reference}: container {user} is using it");
            return Err(Error::engine("engine.refused", message));
        }
        image.seen.tags.retain(|tag| *tag != name);
        if last || reference.starts_with("sha256:") {
            state.images.remove(&id);
        }
        state.record(Deed::RemoveImage(reference.into()));
        Ok(())
    }
}

/// Dockerfile instructions, as `commit` and `import` take them.
fn apply(image: &mut Image, changes: &[String]) -> Result<()> {
    for change in changes {
        let (instruction, rest) = change.trim().split_once(char::is_whitespace).unwrap_or((change, ""));
        let list = || -> Vec<String> {
            serde_json::from_str(rest).unwrap_or_else(|_| vec!["/bin/sh".into(), "-c".into(), rest.into()])
        };
        match instruction.to_ascii_uppercase().as_str() {
            "ENV" => image.env.extend(pair(rest)),
            "LABEL" => image.labels.extend(pair(rest)),
            "ENTRYPOINT" => image.entrypoint = list(),
            "CMD" => image.command = list(),
            "WORKDIR" | "USER" | "EXPOSE" | "VOLUME" | "STOPSIGNAL" | "ONBUILD" | "HEALTHCHECK" => {}
            other => {
                return Err(Error::engine(
                    "engine.refused",
                    format!("{other} is not a valid change command"),
                ));
            }
        }
    }
    Ok(())
}

fn pair(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=').or_else(|| text.split_once(' '))?;
    Some((name.trim().to_owned(), value.trim().trim_matches('"').to_owned()))
}
