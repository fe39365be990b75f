//! Images: inspect, tag, move in and out, make from containers and archives.

use super::Docker;
use super::request::reference_path;
use super::upload::Upload;
use super::view::{familiar, image_of, listed_image_of};
use crate::engine::{ByteStream, Image};
use crate::error::{Error, Result};
use bollard::errors::Error as Bollard;
use bollard::models::ContainerConfig;
use bollard::query_parameters::{
    CommitContainerOptions, CreateImageOptions, ImportImageOptions, ListImagesOptions, PushImageOptions,
    RemoveImageOptions, TagImageOptions,
};
use futures_util::{StreamExt, stream};

/// Splits `host:5000/name:tag` into name and tag; the tag is `latest` when there is none.
pub(super) fn name_and_tag(reference: &str) -> (&str, &str) {
    let after_slash = reference.rfind('/').map_or(0, |slash| slash + 1);
    match reference[after_slash..].find(':') {
        Some(colon) => (&reference[..after_slash + colon], &reference[after_slash + colon + 1..]),
        None => (reference, "latest"),
    }
}

impl Docker {
    pub(super) async fn inspect_image_impl(&self, reference: &str) -> Result<Option<Image>> {
        match self.client.inspect_image(&reference_path(reference)?).await {
            Ok(found) => Ok(Some(image_of(found))),
            Err(Bollard::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
            Err(error) => Err(self.failed(format_args!("inspect image {reference}"), error)),
        }
    }

    pub(super) async fn list_images_impl(&self) -> Result<Vec<Image>> {
        let found = self.client.list_images(None::<ListImagesOptions>).await;
        let found = found.map_err(|error| self.failed("list images", error))?;
        Ok(found.into_iter().map(listed_image_of).filter(|image| !image.tags.is_empty()).collect())
    }

    pub(super) async fn tag_image_impl(&self, reference: &str, new_reference: &str) -> Result<()> {
        let (repo, tag) = name_and_tag(new_reference);
        let options = TagImageOptions { repo: Some(repo.to_owned()), tag: Some(tag.to_owned()) };
        let tagged = self.client.tag_image(&reference_path(reference)?, Some(options)).await;
        tagged.map_err(|error| self.failed(format_args!("name image {reference} {new_reference}"), error))
    }

    pub(super) async fn push_image_impl(&self, reference: &str) -> Result<()> {
        let (name, tag) = name_and_tag(reference);
        let options = PushImageOptions { tag: Some(tag.to_owned()), platform: None };
        let credentials = super::registry_auth::credentials(&self.registry_config, reference).await;
        let path = reference_path(name)?;
        let mut answers = Box::pin(self.patient.push_image(&path, Some(options), credentials));
        while let Some(answer) = answers.next().await {
            answer.map_err(|error| self.failed(format_args!("push image {reference}"), error))?;
        }
        Ok(())
    }

    pub(super) async fn save_images_impl(&self, references: &[String]) -> Result<ByteStream> {
        let doing = format!("save {}", references.join(", "));
        let names: Vec<_> = references.iter().map(String::as_str).collect();
        let mut pieces = Box::pin(self.patient.export_images(&names));
        // a name that is not there is told now and not by the stream
        let first = match pieces.next().await {
            Some(first) => first.map_err(|error| self.failed(&doing, error))?,
            None => {
                return Err(Error::engine("engine.refused", format!("cannot {doing}: the archive is empty")));
            }
        };
        let endpoint = self.endpoint.clone();
        let rest =
            pieces.map(move |piece| piece.map_err(|error| super::errors::explain(&endpoint, &doing, error)));
        Ok(stream::iter([Ok(first)]).chain(rest).boxed())
    }

    pub(super) async fn load_images_impl(&self, archive: ByteStream) -> Result<Vec<String>> {
        let upload = Upload::default();
        let body = bollard::body_try_stream(upload.watch(archive));
        let options = ImportImageOptions { quiet: true, ..Default::default() };
        let mut answers = Box::pin(self.patient.import_image(options, body, None));
        let mut references = Vec::new();
        while let Some(answer) = answers.next().await {
            let told = answer.map_err(|error| upload.blame(self.failed("load the image archive", error)))?;
            let text = told.stream.unwrap_or_default();
            for line in text.lines() {
                for prefix in ["Loaded image: ", "Loaded image ID: ", "Loaded image(s): "] {
                    let loaded = line.strip_prefix(prefix).into_iter().flat_map(|names| names.split(','));
                    references.extend(loaded.map(|name| familiar(name.trim().to_owned())));
                }
            }
        }
        Ok(references)
    }

    pub(super) async fn import_image_impl(
        &self,
        rootfs: ByteStream,
        reference: &str,
        changes: &[String],
    ) -> Result<String> {
        let (repo, tag) = name_and_tag(reference);
        let options = CreateImageOptions {
            from_src: Some("-".into()),
            // in one word: Podman takes no notice of `tag`
            repo: Some(format!("{repo}:{tag}")),
            changes: changes.to_vec(),
            ..Default::default()
        };
        let upload = Upload::default();
        let body = bollard::body_try_stream(upload.watch(rootfs));
        let mut answers = Box::pin(self.patient.create_image(Some(options), Some(body), None));
        let mut id = None;
        while let Some(answer) = answers.next().await {
            let doing = format_args!("import image {reference}");
            let told = answer.map_err(|error| upload.blame(self.failed(doing, error)))?;
            id = told.status.filter(|status| status.starts_with("sha256:")).or(id);
        }
        match id {
            Some(id) => Ok(id),
            // Podman tells the id in another field
            None => self.id_of(reference).await,
        }
    }

    pub(super) async fn commit_container_impl(
        &self,
        container: &str,
        reference: &str,
        changes: &[String],
    ) -> Result<String> {
        let (repo, tag) = name_and_tag(reference);
        let options = CommitContainerOptions {
            container: Some(container.to_owned()),
            repo: Some(repo.to_owned()),
            tag: Some(tag.to_owned()),
            pause: true,
            changes: Some(changes.join("\n")).filter(|changes| !changes.is_empty()),
            ..Default::default()
        };
        let committed = self.patient.commit_container(options, ContainerConfig::default()).await;
        let doing = format_args!("make image {reference} of container {container}");
        let id = committed.map_err(|error| self.failed(doing, error))?.id;
        // Podman leaves the algorithm out
        Ok(if id.contains(':') { id } else { format!("sha256:{id}") })
    }

    async fn id_of(&self, reference: &str) -> Result<String> {
        let image = self.inspect_image_impl(reference).await?;
        image.map(|image| image.id).ok_or_else(|| {
            Error::engine(
                "engine.refused",
                format!("cannot import image {reference}: the engine made no image"),
            )
        })
    }

    pub(super) async fn remove_image_impl(&self, reference: &str) -> Result<()> {
        match self.patient.remove_image(&reference_path(reference)?, None::<RemoveImageOptions>, None).await {
            Ok(_) | Err(Bollard::DockerResponseServerError { status_code: 404, .. }) => Ok(()),
            Err(error) => Err(self.failed(format_args!("remove image {reference}"), error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::name_and_tag;

    #[test]
    fn a_port_is_no_tag() {
        assert_eq!(name_and_tag("kindest/node:v1.37.2"), ("kindest/node", "v1.37.2"));
        assert_eq!(name_and_tag("host:5000/a/b"), ("host:5000/a/b", "latest"));
        assert_eq!(name_and_tag("host:5000/a/b:c"), ("host:5000/a/b", "c"));
    }
}
