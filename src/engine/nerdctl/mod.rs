//! The [`Engine`] of nerdctl, containerd's command line: it has no API, so each request starts the program.

mod containers;
mod errors;
mod exec;
mod files;
mod images;
mod kill;
mod networks;
mod own_words;
mod program;
mod spec;
mod streams;
mod system;
mod terminal;
mod view;
mod volumes;

use super::endpoint::PROGRAM;
use super::resolve::Environment;
use super::{
    ByteStream, Container, ContainerSpec, Endpoint, Engine, EngineEventStream, ExecIo, ExecResult, ExecSpec,
    Image, Info, LogOptions, Network, NetworkSpec, OutputStream, ProgressFn,
};
use crate::error::Result;
use async_trait::async_trait;
use program::Program;
use std::time::Duration;
use tokio_util::task::TaskTracker;

/// containerd, by way of nerdctl.
pub struct Nerdctl {
    program: Program,
    endpoint: Endpoint,
    /// nerdctl's version.
    version: String,
    /// What dropped calls left to do: commands to end.
    leftovers: TaskTracker,
    /// Held while a container or network is made, started or removed: nerdctl gives out names, addresses and ports
    /// without a lock of its own (its issue 2908).
    turn: tokio::sync::Mutex<()>,
}

impl Nerdctl {
    /// Makes sure that the program at `endpoint` (`program:/path`) answers, and containerd behind it.
    ///
    /// Errors: `engine.unreachable`, `engine.no_permission`.
    pub async fn connect(endpoint: Endpoint, env: &Environment) -> Result<Self> {
        let path = endpoint.address.strip_prefix(PROGRAM).unwrap_or(&endpoint.address).to_owned();
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        let variables = env.variables.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let mut engine = Self {
            program: Program { path, name, variables },
            endpoint,
            version: String::new(),
            leftovers: TaskTracker::new(),
            turn: tokio::sync::Mutex::default(),
        };
        engine.version = engine.greet().await?;
        Ok(engine)
    }
}

#[async_trait]
impl Engine for Nerdctl {
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
        self.act("stop", &["stop", "--time", &grace.as_secs().to_string()], name).await
    }
    async fn kill_container(&self, name: &str, signal: &str) -> Result<()> {
        self.kill_container_impl(name, signal).await
    }
    async fn pause_container(&self, name: &str) -> Result<()> {
        self.pause_container_impl(name).await
    }
    async fn unpause_container(&self, name: &str) -> Result<()> {
        self.act("unpause", &["unpause"], name).await
    }
    async fn remove_container(&self, name: &str) -> Result<()> {
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
    async fn tag_image(&self, reference: &str, new_reference: &str) -> Result<()> {
        self.tag_image_impl(reference, new_reference).await
    }
    async fn push_image(&self, reference: &str) -> Result<()> {
        self.push_image_impl(reference).await
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
        self.leftovers.close();
        self.leftovers.wait().await;
        self.leftovers.reopen();
    }
}
