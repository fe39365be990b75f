//! Named volumes.

use super::Docker;
use super::request::segment;
use crate::error::Result;
use bollard::errors::Error as Bollard;
use bollard::models::VolumeCreateRequest;
use bollard::query_parameters::{ListVolumesOptions, RemoveVolumeOptions};
use std::collections::HashMap;

impl Docker {
    pub(super) async fn create_volume_impl(&self, name: &str, labels: &[(String, String)]) -> Result<()> {
        let request = VolumeCreateRequest {
            name: Some(name.to_owned()),
            labels: Some(labels.iter().cloned().collect()),
            ..Default::default()
        };
        let created = self.client.create_volume(request).await;
        created.map(drop).map_err(|error| self.failed(format_args!("create volume {name}"), error))
    }

    pub(super) async fn list_volumes_impl(&self, labels: &[String]) -> Result<Vec<String>> {
        let filters = HashMap::from([("label".to_owned(), labels.to_vec())]);
        let found = self.client.list_volumes(Some(ListVolumesOptions { filters: Some(filters) })).await;
        let found = found.map_err(|error| self.failed("list volumes", error))?;
        let mut names: Vec<_> = found.volumes.into_iter().flatten().map(|volume| volume.name).collect();
        names.sort();
        Ok(names)
    }

    pub(super) async fn remove_volume_impl(&self, name: &str) -> Result<()> {
        match self.client.remove_volume(&segment(name)?, None::<RemoveVolumeOptions>).await {
            Ok(()) | Err(Bollard::DockerResponseServerError { status_code: 404, .. }) => Ok(()),
            Err(error) => Err(self.failed(format_args!("remove volume {name}"), error)),
        }
    }
}
