//! The [`Engine`] of Docker, and of Podman through its Docker-compatible API.

mod connect;
mod containers;
mod errors;
mod exec;
mod files;
mod images;
mod kill;
mod lenient;
mod networks;
mod podman;
mod pull;
mod raw;
mod registry_auth;
mod request;
mod service;
mod session;
mod spec;
mod ssh;
mod streams;
mod system;
mod upload;
mod view;
mod volumes;

pub(super) use errors::refused;
pub(super) use files::says_missing;
pub(super) use podman::signal_number;
pub(super) use spec::bind;
pub use ssh::leave_all;
pub(super) use view::{familiar, seconds_of};

use super::{
    ByteStream, Container, ContainerSpec, Endpoint, Engine, EngineEventStream, ExecIo, ExecResult, ExecSpec,
    Image, Info, LogOptions, Network, NetworkSpec, OutputStream, ProgressFn,
};
use crate::error::Result;
use async_trait::async_trait;
use std::path::PathBuf;
use std::time::Duration;
use tokio_util::task::TaskTracker;

/// A connection to Docker or Podman. Each request is a connection of its own, so calls do not wait for
/// one another.
pub struct Docker {
    /// For requests that are answered soon.
    client: bollard::Docker,
    /// For requests whose answer may take as long as it wants: uploads, pulls, stops.
    patient: bollard::Docker,
    endpoint: Endpoint,
    /// Where requests go: the endpoint, or this side of a tunnel to it.
    dial: Endpoint,
    /// Version of the engine and of its API, as it told when we connected.
    version: String,
    api_version: String,
    /// Where the credentials for registries are.
    registry_config: PathBuf,
    /// What dropped calls left to do: commands to end.
    leftovers: TaskTracker,
    /// Shells that wait for the next command.
    sessions: session::Sessions,
    /// Held as long as it is used.
    _tunnel: Option<ssh::Tunnel>,
    /// The same.
    _service: Option<service::Service>,
}

#[async_trait]
impl Engine for Docker {
    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
    async fn info(&self) -> Result<Info> {
        self.info_impl().await
    }

    async fn create_container(&self, spec: &ContainerSpec) -> Result<String> {
        self.create_container_impl(spec).await
    }
    async fn inspect_container(&self, name: &str) -> Result<Container> {
        self.inspect_container_impl(name).await
    }
    async fn inspect_raw(&self, name: &str) -> Result<serde_json::Value> {
        self.inspect_raw_impl(name).await
    }
    async fn list_containers(&self, labels: &[String]) -> Result<Vec<Container>> {
        self.list_containers_impl(labels).await
    }
    async fn start_container(&self, name: &str) -> Result<()> {
        self.start_container_impl(name).await
    }
    async fn stop_container(&self, name: &str, grace: Duration) -> Result<()> {
        self.sessions.end(name);
        self.stop_container_impl(name, grace).await
    }
    async fn kill_container(&self, name: &str, signal: &str) -> Result<()> {
        self.sessions.end(name);
        self.kill_container_impl(name, signal).await
    }
    async fn pause_container(&self, name: &str) -> Result<()> {
        self.sessions.end(name);
        self.pause_container_impl(name).await
    }
    async fn unpause_container(&self, name: &str) -> Result<()> {
        self.unpause_container_impl(name).await
    }
    async fn remove_container(&self, name: &str) -> Result<()> {
        self.sessions.end(name);
        self.remove_container_impl(name).await
    }
    async fn wait_container(&self, name: &str) -> Result<i64> {
        self.wait_container_impl(name).await
    }

    async fn create_network(&self, spec: &NetworkSpec) -> Result<String> {
        self.create_network_impl(spec).await
    }
    async fn inspect_network(&self, name: &str) -> Result<Option<Network>> {
        self.inspect_network_impl(name).await
    }
    async fn list_networks(&self) -> Result<Vec<Network>> {
        self.list_networks_impl().await
    }
    async fn remove_network(&self, name: &str) -> Result<()> {
        self.remove_network_impl(name).await
    }

    async fn create_volume(&self, name: &str, labels: &[(String, String)]) -> Result<()> {
        self.create_volume_impl(name, labels).await
    }
    async fn list_volumes(&self, labels: &[String]) -> Result<Vec<String>> {
        self.list_volumes_impl(labels).await
    }
    async fn remove_volume(&self, name: &str) -> Result<()> {
        self.remove_volume_impl(name).await
    }

    async fn inspect_image(&self, reference: &str) -> Result<Option<Image>> {
        self.inspect_image_impl(reference).await
    }
    async fn list_images(&self) -> Result<Vec<Image>> {
        self.list_images_impl().await
    }
    async fn pull_image(
        &self,
        reference: &str,
        platform: Option<&str>,
        progress: ProgressFn<'_>,
    ) -> Result<()> {
        self.pull_image_impl(reference, platform, progress).await
    }
    async fn push_image(&self, reference: &str) -> Result<()> {
        self.push_image_impl(reference).await
    }
    async fn tag_image(&self, reference: &str, new_reference: &str) -> Result<()> {
        self.tag_image_impl(reference, new_reference).await
    }
    async fn save_images(&self, references: &[String]) -> Result<ByteStream> {
        self.save_images_impl(references).await
    }
    async fn load_images(&self, archive: ByteStream) -> Result<Vec<String>> {
        self.load_images_impl(archive).await
    }
    async fn import_image(&self, rootfs: ByteStream, reference: &str, changes: &[String]) -> Result<String> {
        self.import_image_impl(rootfs, reference, changes).await
    }
    async fn commit_container(&self, container: &str, reference: &str, changes: &[String]) -> Result<String> {
        self.commit_container_impl(container, reference, changes).await
    }
    async fn remove_image(&self, reference: &str) -> Result<()> {
        self.remove_image_impl(reference).await
    }

    async fn exec(&self, container: &str, spec: &ExecSpec, io: ExecIo<'_>) -> Result<ExecResult> {
        self.exec_impl(container, spec, io).await
    }
    async fn upload(&self, container: &str, path: &str, archive: ByteStream) -> Result<()> {
        self.upload_impl(container, path, archive).await
    }
    async fn download(&self, container: &str, path: &str) -> Result<ByteStream> {
        self.download_impl(container, path).await
    }
    async fn logs(&self, container: &str, options: &LogOptions) -> Result<OutputStream> {
        self.logs_impl(container, options).await
    }
    async fn events(&self, labels: &[String]) -> Result<EngineEventStream> {
        self.events_impl(labels).await
    }
    async fn settle(&self) {
        self.sessions.end_all();
        self.leftovers.close();
        self.leftovers.wait().await;
        self.leftovers.reopen();
    }
}
