//! Pulling an image, with one progress for all of its layers.

use super::Docker;
use super::images::name_and_tag;
use super::view::unsigned;
use crate::engine::ProgressFn;
use crate::error::Result;
use bollard::models::CreateImageInfo;
use bollard::query_parameters::CreateImageOptions;
use futures_util::StreamExt;
use std::collections::BTreeMap;

impl Docker {
    pub(super) async fn pull_image_impl(
        &self,
        reference: &str,
        platform: Option<&str>,
        progress: ProgressFn<'_>,
    ) -> Result<()> {
        // a digest belongs to the name; only a tag goes into a parameter of its own
        let (name, tag) = if reference.contains('@') { (reference, "") } else { name_and_tag(reference) };
        let options = CreateImageOptions {
            from_image: Some(name.to_owned()),
            tag: Some(tag.to_owned()).filter(|tag| !tag.is_empty()),
            platform: platform.unwrap_or_default().to_owned(),
            ..Default::default()
        };
        let credentials = super::registry_auth::credentials(&self.registry_config, reference).await;
        let mut answers = Box::pin(self.patient.create_image(Some(options), None, credentials));
        let mut layers = Layers::default();
        while let Some(answer) = answers.next().await {
            let told = answer.map_err(|error| self.failed(format_args!("pull image {reference}"), error))?;
            if layers.note(told) {
                let (done, total) = layers.sum();
                progress(done, total);
            }
        }
        Ok(())
    }
}

/// Bytes done and in all, by layer.
#[derive(Default)]
struct Layers(BTreeMap<String, (u64, Option<u64>)>);

impl Layers {
    /// Notes what the engine told; whether that changed anything.
    fn note(&mut self, told: CreateImageInfo) -> bool {
        let (Some(id), Some(status)) = (told.id, told.status) else { return false };
        let detail = told.progress_detail.unwrap_or_default();
        let number = |n: Option<i64>| n.map(unsigned).filter(|n| *n > 0);
        match status.as_str() {
            "Pulling fs layer" | "Waiting" => self.0.entry(id).or_insert((0, None)),
            "Downloading" => {
                let layer = self.0.entry(id).or_insert((0, None));
                *layer = (number(detail.current).unwrap_or(layer.0), number(detail.total).or(layer.1));
                layer
            }
            "Download complete" | "Verifying Checksum" | "Pull complete" => {
                let layer = self.0.entry(id).or_insert((0, Some(0)));
                // a small layer may be done before its size was told
                *layer = (layer.1.unwrap_or(layer.0), layer.1.or(Some(layer.0)));
                layer
            }
            _ => return false,
        };
        true
    }

    /// Bytes done, and bytes in all once the size of every layer is known.
    fn sum(&self) -> (u64, Option<u64>) {
        let done = self.0.values().map(|layer| layer.0).sum();
        (done, self.0.values().map(|layer| layer.1).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(id: &str, status: &str, current: i64, total: i64) -> CreateImageInfo {
        let text = format!(
            r#"{{"id":"{id}","status":"{status}","progressDetail":{{"current":{current},"total":{total}}}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn layers_are_summed_and_the_whole_is_told_once_it_is_known() {
        let mut layers = Layers::default();
        assert!(layers.note(told("a", "Pulling fs layer", 0, 0)));
        assert!(layers.note(told("b", "Pulling fs layer", 0, 0)));
        layers.note(told("a", "Downloading", 10, 100));
        assert_eq!(layers.sum(), (10, None));
        layers.note(told("b", "Downloading", 5, 50));
        assert_eq!(layers.sum(), (15, Some(150)));
        layers.note(told("a", "Download complete", 0, 0));
        assert_eq!(layers.sum(), (105, Some(150)));
        assert!(!layers.note(told("a", "Extracting", 1, 100)));
    }
}
