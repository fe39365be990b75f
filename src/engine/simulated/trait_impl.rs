//! The [`Engine`] trait.

use super::Simulated;
use super::archive::{collect, pack, stream_of, unpack};
use super::changes::carries;
use super::deed::Deed;
use super::operation::Operation;
use super::state::State;
use crate::engine::{
    ByteStream, Container, ContainerSpec, ContainerState, Endpoint, Engine, EngineEventStream, ExecIo,
    ExecResult, ExecSpec, Image, Info, LogOptions, Network, NetworkSpec, OutputStream, ProgressFn,
};
use crate::error::{Error, Result};
use crate::event::Stream;
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::broadcast::error::RecvError;

#[async_trait]
impl Engine for Simulated {
    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
    async fn info(&self) -> Result<Info> {
        Ok(self.begin(Operation::Info)?.info.clone())
    }

    async fn create_container(&self, spec: &ContainerSpec) -> Result<String> {
        self.create(spec)
    }
    async fn inspect_container(&self, name: &str) -> Result<Container> {
        Ok(self.begin(Operation::InspectContainer)?.container(name)?.seen.clone())
    }
    async fn inspect_raw(&self, name: &str) -> Result<serde_json::Value> {
        serde_json::to_value(self.inspect_container(name).await?)
            .map_err(|e| Error::internal("json", "cannot show the container").because(e))
    }
    async fn list_containers(&self, labels: &[String]) -> Result<Vec<Container>> {
        self.list(labels)
    }
    async fn start_container(&self, name: &str) -> Result<()> {
        self.start(name)
    }
    async fn stop_container(&self, name: &str, grace: Duration) -> Result<()> {
        self.stop(name, grace)
    }
    async fn kill_container(&self, name: &str, signal: &str) -> Result<()> {
        self.kill(name, signal)
    }
    async fn pause_container(&self, name: &str) -> Result<()> {
        self.pause(name, true)
    }
    async fn unpause_container(&self, name: &str) -> Result<()> {
        self.pause(name, false)
    }
    async fn remove_container(&self, name: &str) -> Result<()> {
        self.remove(name)
    }
    async fn wait_container(&self, name: &str) -> Result<i64> {
        self.wait(name).await
    }

    async fn create_network(&self, spec: &NetworkSpec) -> Result<String> {
        self.create_net(spec)
    }
    async fn inspect_network(&self, name: &str) -> Result<Option<Network>> {
        Ok(self.nets(Operation::InspectNetwork)?.into_iter().find(|n| n.name == name || n.id == name))
    }
    async fn list_networks(&self) -> Result<Vec<Network>> {
        self.nets(Operation::ListNetworks)
    }
    async fn remove_network(&self, name: &str) -> Result<()> {
        self.remove_net(name)
    }

    async fn create_volume(&self, name: &str, labels: &[(String, String)]) -> Result<()> {
        self.create_vol(name, labels)
    }
    async fn list_volumes(&self, labels: &[String]) -> Result<Vec<String>> {
        self.list_vols(labels)
    }
    async fn remove_volume(&self, name: &str) -> Result<()> {
        self.remove_vol(name)
    }

    async fn inspect_image(&self, reference: &str) -> Result<Option<Image>> {
        let state = self.begin(Operation::InspectImage)?;
        let id = state.image_id(reference);
        Ok(id.and_then(|id| state.images.get(&id)).map(|image| image.seen.clone()))
    }
    async fn list_images(&self) -> Result<Vec<Image>> {
        Ok(self.begin(Operation::ListImages)?.images.values().map(|image| image.seen.clone()).collect())
    }
    async fn pull_image(
        &self,
        reference: &str,
        platform: Option<&str>,
        progress: ProgressFn<'_>,
    ) -> Result<()> {
        self.pull(reference, platform, progress)
    }
    async fn push_image(&self, reference: &str) -> Result<()> {
        self.push(reference)
    }
    async fn tag_image(&self, reference: &str, new_reference: &str) -> Result<()> {
        self.tag(reference, new_reference)
    }
    async fn save_images(&self, references: &[String]) -> Result<ByteStream> {
        self.save(references)
    }
    async fn load_images(&self, archive: ByteStream) -> Result<Vec<String>> {
        self.load(archive).await
    }
    async fn import_image(&self, rootfs: ByteStream, reference: &str, changes: &[String]) -> Result<String> {
        self.import(rootfs, reference, changes).await
    }
    async fn commit_container(&self, container: &str, reference: &str, changes: &[String]) -> Result<String> {
        self.commit(container, reference, changes)
    }
    async fn remove_image(&self, reference: &str) -> Result<()> {
        self.remove_img(reference)
    }

    async fn exec(&self, container: &str, spec: &ExecSpec, io: ExecIo<'_>) -> Result<ExecResult> {
        self.run(container, spec, io).await
    }

    async fn upload(&self, container: &str, path: &str, archive: ByteStream) -> Result<()> {
        let key = self.begin(Operation::Upload)?.key(container)?;
        let files = unpack(&collect(archive).await?, path)?;
        let mut state = self.lock();
        state.container(&key)?.files.extend(files.clone());
        state.record(Deed::Upload { container: key, files });
        Ok(())
    }

    async fn download(&self, container: &str, path: &str) -> Result<ByteStream> {
        let mut state = self.begin(Operation::Download)?;
        let files = &state.container(container)?.files;
        Ok(stream_of(pack(files, path).map_err(|error| error.while_(format!("container {container}")))?))
    }

    async fn logs(&self, container: &str, options: &LogOptions) -> Result<OutputStream> {
        let log = self.begin(Operation::Logs)?.container(container)?.log.clone();
        let skip = options
            .tail
            .map_or(0, |tail| log.len().saturating_sub(usize::try_from(tail).unwrap_or(usize::MAX)));
        if !options.follow {
            return Ok(stream::iter(log.into_iter().skip(skip).map(Ok)).boxed());
        }
        let (state, changed) = (Arc::clone(&self.state), Arc::clone(&self.changed));
        let follower = Follower { state, changed, container: container.to_owned(), next: skip };
        Ok(stream::unfold(follower, Follower::follow).boxed())
    }

    async fn events(&self, labels: &[String]) -> Result<EngineEventStream> {
        drop(self.begin(Operation::Events)?);
        let labels = labels.to_vec();
        let events = stream::unfold(self.events.subscribe(), |mut events| async {
            loop {
                match events.recv().await {
                    Ok(told) => return Some((told, events)),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                }
            }
        });
        Ok(events
            .filter_map(move |(event, of)| std::future::ready(carries(&of, &labels).then_some(Ok(event))))
            .boxed())
    }
}

/// Reads a log as it grows, until the container stops.
struct Follower {
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
    container: String,
    next: usize,
}

impl Follower {
    async fn follow(mut self) -> Option<(Result<(Stream, Bytes)>, Self)> {
        let changed = Arc::clone(&self.changed);
        loop {
            let changed = changed.notified();
            if let Poll::Ready(piece) = self.piece() {
                self.next += 1;
                return piece.map(|piece| (Ok(piece), self));
            }
            changed.await;
        }
    }

    /// The next piece if there is one yet; `None` when there will be none.
    fn piece(&self) -> Poll<Option<(Stream, Bytes)>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(container) = state.container(&self.container) else { return Poll::Ready(None) };
        let runs = matches!(container.seen.state, ContainerState::Running | ContainerState::Paused);
        let piece = container.log.get(self.next).cloned();
        if runs && piece.is_none() { Poll::Pending } else { Poll::Ready(piece) }
    }
}
