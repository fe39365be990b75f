//! Containers: their life from creation to removal.

use super::Docker;
use super::request::segment;
use super::spec::{body_of, platform_of};
use super::view::{container_of, summary_of};
use crate::engine::{Container, ContainerSpec};
use crate::error::{Error, Result};
use bollard::errors::Error as Bollard;
use bollard::query_parameters::{
    CreateContainerOptions, InspectContainerOptions, KillContainerOptions, ListContainersOptions,
    RemoveContainerOptions, StartContainerOptions, StopContainerOptions, WaitContainerOptions,
};
use futures_util::StreamExt;
use std::collections::HashMap;
use std::time::Duration;

/// How often, and how long between, a busy container is tried to be paused.
const FREEZE_TRIES: u32 = 5;
const FREEZE_PAUSE: Duration = Duration::from_millis(200);

impl Docker {
    pub(super) async fn create_container_impl(&self, spec: &ContainerSpec) -> Result<String> {
        let created = if self.has_libpod() {
            self.create_podman_container(spec).await
        } else {
            self.create_docker_container(spec).await
        };
        created.map_err(|failed| match failed.code() {
            "engine.conflict" => {
                let program = self.endpoint.kind.as_str();
                failed.hint(format!("`{program} rm -f {}` removes the container of that name", spec.name))
            }
            _ => failed,
        })
    }

    async fn create_docker_container(&self, spec: &ContainerSpec) -> Result<String> {
        let name = Some(spec.name.clone()).filter(|name| !name.is_empty());
        let options = CreateContainerOptions { name, platform: platform_of(spec) };
        let created = self.client.create_container(Some(options), body_of(spec)).await;
        created
            .map(|created| created.id)
            .map_err(|error| self.failed(format_args!("create container {}", spec.name), error))
    }

    pub(super) async fn inspect_container_impl(&self, name: &str) -> Result<Container> {
        let found =
            match self.client.inspect_container(&segment(name)?, None::<InspectContainerOptions>).await {
                Err(Bollard::JsonDataError { .. }) => {
                    self.get_leniently(&format!("/containers/{}/json", segment(name)?)).await?
                }
                other => {
                    other.map_err(|error| self.failed(format_args!("inspect container {name}"), error))?
                }
            };
        Ok(container_of(found))
    }

    pub(super) async fn inspect_raw_impl(&self, name: &str) -> Result<serde_json::Value> {
        self.get_leniently(&format!("/containers/{}/json", segment(name)?)).await
    }

    pub(super) async fn list_containers_impl(&self, labels: &[String]) -> Result<Vec<Container>> {
        let filters = HashMap::from([("label".to_owned(), labels.to_vec())]);
        let options =
            ListContainersOptions { all: true, filters: Some(filters.clone()), ..Default::default() };
        let found = match self.client.list_containers(Some(options)).await {
            Err(Bollard::JsonDataError { .. }) => {
                let filters = serde_json::to_string(&filters).unwrap_or_default();
                self.get_leniently(&format!(
                    "/containers/json?all=true&filters={}",
                    super::request::encode(&filters, b"")
                ))
                .await?
            }
            other => other.map_err(|error| self.failed("list containers", error))?,
        };
        let mut containers: Vec<_> = found.into_iter().map(summary_of).collect();
        containers.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(containers)
    }

    pub(super) async fn start_container_impl(&self, name: &str) -> Result<()> {
        let started = self.client.start_container(&segment(name)?, None::<StartContainerOptions>).await;
        started.map_err(|error| self.failed(format_args!("start container {name}"), error))
    }

    pub(super) async fn stop_container_impl(&self, name: &str, grace: Duration) -> Result<()> {
        let options = StopContainerOptions { t: i32::try_from(grace.as_secs()).ok(), signal: None };
        let stopped = self.patient.stop_container(&segment(name)?, Some(options)).await;
        stopped.map_err(|error| self.failed(format_args!("stop container {name}"), error))
    }

    pub(super) async fn kill_container_impl(&self, name: &str, signal: &str) -> Result<()> {
        let options = KillContainerOptions { signal: signal.to_owned() };
        let killed = self.client.kill_container(&segment(name)?, Some(options)).await;
        killed.map_err(|error| self.failed(format_args!("send {signal} to container {name}"), error))
    }

    pub(super) async fn pause_container_impl(&self, name: &str) -> Result<()> {
        let path = segment(name)?;
        let mut tries = 1;
        loop {
            let error = match self.client.pause_container(&path).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            // cgroup v1 cannot freeze processes while new ones come; the next moment it can
            if tries == FREEZE_TRIES || !error.to_string().contains("unable to freeze") {
                return Err(self.failed(format_args!("pause container {name}"), error));
            }
            tries += 1;
            tokio::time::sleep(FREEZE_PAUSE).await;
        }
    }

    pub(super) async fn unpause_container_impl(&self, name: &str) -> Result<()> {
        let unpaused = self.client.unpause_container(&segment(name)?).await;
        unpaused.map_err(|error| self.failed(format_args!("unpause container {name}"), error))
    }

    pub(super) async fn remove_container_impl(&self, name: &str) -> Result<()> {
        let path = segment(name)?;
        if self.has_libpod() && self.remove_podman_container(&path).await {
            return self.remove_volumes_named_after(name).await;
        }
        let options = || RemoveContainerOptions { v: true, force: true, link: false };
        match self.patient.remove_container(&path, Some(options())).await {
            Ok(()) => self.remove_volumes_named_after(name).await,
            Err(Bollard::DockerResponseServerError { status_code: 404, .. }) => Ok(()),
            Err(Bollard::DockerResponseServerError { status_code: 409, message })
                if message.contains("in progress") =>
            {
                self.wait_until_gone(name).await
            }
            Err(error) => Err(self.failed(format_args!("remove container {name}"), error)),
        }
    }

    /// Somebody else is removing it; its name is free only when that is done.
    async fn wait_until_gone(&self, name: &str) -> Result<()> {
        for _ in 0..600 {
            match self.inspect_container_impl(name).await {
                Err(error) if error.code() == "engine.not_found" => return Ok(()),
                Err(error) => return Err(error),
                Ok(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
        Err(Error::engine("engine.refused", format!("container {name} is being removed, but does not go"))
            .hint("a process in it may hang in the kernel; restarting the engine helps"))
    }

    pub(super) async fn wait_container_impl(&self, name: &str) -> Result<i64> {
        let mut ends =
            std::pin::pin!(self.patient.wait_container(&segment(name)?, None::<WaitContainerOptions>));
        match ends.next().await {
            Some(Ok(end)) => Ok(end.status_code),
            // bollard makes an error of every exit code but 0
            Some(Err(Bollard::DockerContainerWaitError { code, error })) if error.is_empty() => Ok(code),
            Some(Err(error)) => Err(self.failed(format_args!("wait for container {name}"), error)),
            None => Err(Error::engine(
                "engine.unreachable",
                format!("cannot wait for container {name}: the engine said nothing"),
            )),
        }
    }
}
