//! What runs containers, as a trait: Docker (and Podman's Docker-compatible API) over bollard, nerdctl
//! by its command line, and a simulated engine for plans and rare faults.
//!
//! This layer knows containers, networks, volumes and images. It does not know what a cluster or a node
//! is, and never sees a script.

mod command;
mod context;
mod docker;
mod endpoint;
mod nerdctl;
mod resolve;
mod simulated;
mod subnet;
mod types;

pub use context::{Proxies, proxies};
pub use docker::{Docker, leave_all};
pub use endpoint::{Endpoint, EndpointKind, Tls};
pub use nerdctl::Nerdctl;
pub use resolve::{Candidates, Environment, connect, connect_in, connect_to, resolve};
pub use simulated::{Answer, Deed, File, Matcher, Operation, Simulated};
pub use subnet::ipv6_ula_subnet;
pub use types::*;

use crate::error::Result;
use async_trait::async_trait;
use std::time::Duration;

/// A container engine. All methods may be called at the same time from many tasks.
///
/// Names and ids are interchangeable wherever a container, network, volume or image is named. Errors are of
/// [`crate::error::Kind::Engine`] with these codes:
///
/// | code | meaning |
/// |---|---|
/// | `engine.unreachable` | no answer, or the connection broke |
/// | `engine.no_permission` | this user may not use the engine's socket |
/// | `engine.not_found` | no container, network, image or path of that name |
/// | `engine.conflict` | the name is taken |
/// | `engine.port_taken` | a port of the host is taken; the message names it |
/// | `engine.subnet_taken` | a subnet overlaps with one that is in use |
/// | `engine.not_running` | the container does not run, or is paused |
/// | `engine.no_space` | the engine's disk is full |
/// | `engine.wrong_platform` | the image is made for another architecture |
/// | `engine.denied` | a registry wants other credentials, or has no such image |
/// | `engine.no_registry` | the engine does not reach the registry |
/// | `engine.time_limit` | a command was killed because it ran too long |
/// | `engine.unsupported` | this engine has no way to do that |
/// | `engine.refused` | the rest, in the engine's words |
#[async_trait]
pub trait Engine: Send + Sync {
    /// Which engine this is and where it was found.
    fn endpoint(&self) -> &Endpoint;
    /// Version, host architecture, cgroup version and the like.
    async fn info(&self) -> Result<Info>;

    /// Creates a container, without starting it; returns its id.
    async fn create_container(&self, spec: &ContainerSpec) -> Result<String>;
    /// Everything known about a container.
    async fn inspect_container(&self, name: &str) -> Result<Container>;
    /// What the engine says of a container, in its own words.
    async fn inspect_raw(&self, name: &str) -> Result<serde_json::Value>;
    /// Containers that carry all of `labels` (`key` or `key=value`), running or not, ordered by name.
    /// The addresses are not filled in where the engine's listing lacks them.
    async fn list_containers(&self, labels: &[String]) -> Result<Vec<Container>>;
    /// Starts a created or stopped container.
    async fn start_container(&self, name: &str) -> Result<()>;
    /// Sends the container's stop signal, and SIGKILL after `grace`.
    async fn stop_container(&self, name: &str, grace: Duration) -> Result<()>;
    /// Sends a signal (`KILL`, `SIGUSR1`, …) to the container's first process.
    async fn kill_container(&self, name: &str, signal: &str) -> Result<()>;
    /// Freezes all processes.
    async fn pause_container(&self, name: &str) -> Result<()>;
    /// Thaws them.
    async fn unpause_container(&self, name: &str) -> Result<()>;
    /// Removes a container by force, with its anonymous volumes. One that is not there is no error.
    async fn remove_container(&self, name: &str) -> Result<()>;
    /// Waits until the container has stopped; returns its exit code.
    async fn wait_container(&self, name: &str) -> Result<i64>;

    /// Creates a network; returns its id.
    async fn create_network(&self, spec: &NetworkSpec) -> Result<String>;
    /// A network, or `None`. The oldest when several share the name.
    async fn inspect_network(&self, name: &str) -> Result<Option<Network>>;
    /// All networks.
    async fn list_networks(&self) -> Result<Vec<Network>>;
    /// Removes a network. One that is not there is no error.
    async fn remove_network(&self, name: &str) -> Result<()>;

    /// Creates a named volume with labels.
    async fn create_volume(&self, name: &str, labels: &[(String, String)]) -> Result<()>;
    /// Names of the volumes that carry all of `labels`.
    async fn list_volumes(&self, labels: &[String]) -> Result<Vec<String>>;
    /// Removes a volume. One that is not there is no error.
    async fn remove_volume(&self, name: &str) -> Result<()>;

    /// An image, or `None` when the engine does not have it.
    async fn inspect_image(&self, reference: &str) -> Result<Option<Image>>;
    /// All tagged images.
    async fn list_images(&self) -> Result<Vec<Image>>;
    /// Pulls an image; `progress` gets bytes done and, when known, in all.
    async fn pull_image(
        &self,
        reference: &str,
        platform: Option<&str>,
        progress: ProgressFn<'_>,
    ) -> Result<()>;
    /// Gives an image another name.
    async fn tag_image(&self, reference: &str, new_reference: &str) -> Result<()>;
    /// Pushes an image to the registry that its name begins with.
    async fn push_image(&self, reference: &str) -> Result<()>;
    /// The images as one archive in the docker-archive layout, as a stream of bytes.
    async fn save_images(&self, references: &[String]) -> Result<ByteStream>;
    /// Loads an image archive; returns the references it held.
    async fn load_images(&self, archive: ByteStream) -> Result<Vec<String>>;
    /// Makes an image of one layer from a root file system archive. `changes` are Dockerfile
    /// instructions (`ENV a=b`, `ENTRYPOINT ["x"]`); returns the image's id.
    async fn import_image(&self, rootfs: ByteStream, reference: &str, changes: &[String]) -> Result<String>;
    /// Makes an image of a container; returns the image's id.
    async fn commit_container(&self, container: &str, reference: &str, changes: &[String]) -> Result<String>;
    /// Removes an image, or the name of it when it has several. One that is not there is no error.
    async fn remove_image(&self, reference: &str) -> Result<()>;

    /// Runs a command in a container. Dropping the future leaves the stream and, where the engine lets us,
    /// ends the command. A non-zero exit code is not an error here.
    async fn exec(&self, container: &str, spec: &ExecSpec, io: ExecIo<'_>) -> Result<ExecResult>;
    /// Unpacks a tar stream at the folder `path`, which must exist.
    async fn upload(&self, container: &str, path: &str, archive: ByteStream) -> Result<()>;
    /// A tar stream of the file or folder `path`.
    async fn download(&self, container: &str, path: &str) -> Result<ByteStream>;
    /// What the container's first process wrote.
    async fn logs(&self, container: &str, options: &LogOptions) -> Result<OutputStream>;
    /// What happens to containers that carry all of `labels`, from now on.
    async fn events(&self, labels: &[String]) -> Result<EngineEventStream>;

    /// Waits for what dropped calls left to do, such as ending the command of an [`Engine::exec`] that was
    /// dropped. To be called before the program ends.
    async fn settle(&self) {}
}
