//! The library's own face: clusters made, looked at and removed by a Rust program, with the same scripts behind it that
//! the program `kind` runs.

use crate::cluster::Cluster;
use crate::config;
use crate::engine::{self, Container, ContainerState, Engine, ExecSpec};
use crate::error::{Error, Result};
use crate::event::{Bus, Sink};
use crate::node::{CLUSTER_LABEL, Node, Output, ROLE_LABEL};
use crate::script::{Host, Run, RunOptions, on_script_thread};
use rhai::{Array, Dynamic};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// Clusters on a container engine.
///
/// All calls block until what they are for is done, and must not be made from async code (there,
/// `tokio::task::spawn_blocking` is the place for them). A value can be shared between threads.
///
/// ```no_run
/// use kind::{CreateOptions, Kind};
///
/// # fn main() -> kind::Result<()> {
/// let kind = Kind::new()?;
/// kind.create("kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nname: demo\n", &CreateOptions::default())?;
/// for node in kind.nodes("demo")? {
///     println!("{} {}", node.name, node.role);
/// }
/// kind.delete("demo", None)?;
/// # Ok(())
/// # }
/// ```
pub struct Kind {
    runtime: tokio::runtime::Runtime,
    bus: Bus,
    address: Option<String>,
    engine: OnceCell<Arc<dyn Engine>>,
}

/// How [`Kind::create`] goes about it.
#[derive(Debug, Clone, Default)]
pub struct CreateOptions {
    /// How long to wait for the control plane to be ready; zero does not wait.
    pub wait: Duration,
    /// Keep the nodes when creating them fails, to look at.
    pub retain: bool,
    /// The file that gets the cluster's entry, instead of `$KUBECONFIG` or `~/.kube/config`.
    pub kubeconfig: Option<PathBuf>,
    /// Images of the engine, and image archives (`*.tar`, `*.tar.gz`, …), that nodes have when they boot.
    pub preload: Vec<String>,
}

/// A node as [`Kind::nodes`] finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeInfo {
    /// Name of the node and of its container.
    pub name: String,
    /// `control-plane`, `worker` or `external-load-balancer`.
    pub role: String,
    /// Its container's image.
    pub image: String,
    /// Its address on the engine's network; empty while it does not run.
    pub address: String,
    /// Whether its container runs.
    pub running: bool,
}

impl Kind {
    /// For the engine that the program would use: `DOCKER_HOST`, the docker context, the usual sockets, Podman's. Tells
    /// nothing of what it does.
    ///
    /// # Errors
    /// Where no threads can be started. Whether an engine answers is found when it is first needed.
    pub fn new() -> Result<Self> {
        Self::with_events(Vec::new())
    }

    /// The same; steps, progress and messages go to `sinks`.
    ///
    /// # Errors
    /// As [`Kind::new`].
    pub fn with_events(sinks: Vec<Arc<dyn Sink>>) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|e| Error::internal("runtime", "cannot start the runtime").because(e))?;
        Ok(Self { runtime, bus: Bus::new(sinks), address: None, engine: OnceCell::new() })
    }

    /// The same for the engine at this address, such as `unix:///var/run/docker.sock`.
    #[must_use]
    pub fn at(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self.engine = OnceCell::new();
        self
    }

    /// Found once, when it is first needed.
    async fn engine(&self) -> Result<Arc<dyn Engine>> {
        let found = self.engine.get_or_try_init(|| async {
            match &self.address {
                Some(address) => engine::connect_to(address).await,
                None => engine::connect().await,
            }
        });
        found.await.cloned()
    }

    async fn cluster(&self, name: &str) -> Result<Cluster> {
        Cluster::find(self.engine().await?, name).await
    }

    /// Calls a function of the standard library.
    fn call(
        &self,
        module: &str,
        function: &str,
        args: impl FnOnce() -> Result<Vec<Dynamic>> + Send,
    ) -> Result<()> {
        let engine = self.runtime.block_on(self.engine())?;
        let options = RunOptions { trusted: true, ..Default::default() };
        let run = Run::new(self.runtime.handle().clone(), self.bus.clone(), options, Some(engine));
        let result = on_script_thread(|| Host::new(run.clone()).call(module, function, args()?).map(drop));
        run.settle();
        result
    }

    /// Creates the cluster that `config` (a `kind.x-k8s.io/v1alpha4` document) describes, and merges its entry into
    /// the kubeconfig. When it fails, what it made is removed.
    ///
    /// # Errors
    /// `config.*` with every mistake in the document and its place, `cluster.exists`, and whatever a step may fail with.
    pub fn create(&self, config: &str, options: &CreateOptions) -> Result<()> {
        let spec = config::parse(config, "the config")?;
        let preload: Array = options.preload.iter().cloned().map(Into::into).collect();
        self.call("create", "create", || {
            let spec = rhai::serde::to_dynamic(&spec)
                .map_err(|e| Error::internal("script.value", "cannot hand over the config").because(e))?;
            let mut map = rhai::Map::new();
            map.insert("wait".into(), options.wait.as_secs_f64().into());
            map.insert("retain".into(), options.retain.into());
            map.insert("kubeconfig".into(), text_of(options.kubeconfig.as_deref()));
            map.insert("preload".into(), preload.into());
            Ok(vec![spec, map.into()])
        })
    }

    /// Names of all clusters, sorted.
    ///
    /// # Errors
    /// `engine.*`
    pub fn clusters(&self) -> Result<Vec<String>> {
        self.runtime.block_on(async { Cluster::names(self.engine().await?.as_ref()).await })
    }

    /// The nodes of a cluster, by name; none when there is no such cluster.
    ///
    /// # Errors
    /// `engine.*`
    pub fn nodes(&self, cluster: &str) -> Result<Vec<NodeInfo>> {
        let label = format!("{CLUSTER_LABEL}={cluster}");
        let containers =
            self.runtime.block_on(async { self.engine().await?.list_containers(&[label]).await })?;
        Ok(containers.iter().filter_map(NodeInfo::of).collect())
    }

    /// Runs a command on a node. A non-zero exit code is no error here.
    ///
    /// # Errors
    /// `engine.not_found`, `engine.not_running` and others of the engine.
    pub fn exec(&self, node: &str, command: &[&str]) -> Result<Output> {
        self.runtime.block_on(async {
            let node = Node::new(self.engine().await?, "", node, "");
            let command = command.iter().map(|word| (*word).to_owned()).collect();
            node.try_exec(&ExecSpec { command, ..Default::default() }).await
        })
    }

    /// The administrator's kubeconfig, as YAML: for use on this machine, or `internal`, between containers of the
    /// cluster's network.
    ///
    /// # Errors
    /// `cluster.not_found`, `cluster.not_initialised`, `engine.*`
    pub fn kubeconfig(&self, cluster: &str, internal: bool) -> Result<String> {
        self.runtime.block_on(async { self.cluster(cluster).await?.kubeconfig(internal).await })
    }

    /// Merges a cluster's entry into a file, and makes its context the current one there. The file is changed under
    /// the lock that kubectl takes.
    ///
    /// # Errors
    /// As [`Kind::kubeconfig`]; `kubeconfig.locked`, `kubeconfig.malformed`, `kubeconfig.write`
    pub fn merge_kubeconfig(&self, cluster: &str, file: &Path) -> Result<()> {
        self.call("kubeconfig", "export_to", || {
            Ok(vec![cluster.to_owned().into(), text_of(Some(file)), false.into()])
        })
    }

    /// Loads images of the engine into all nodes. Layers that a node has are not sent to it.
    ///
    /// # Errors
    /// `image.not_found`, `cluster.not_found`, `engine.*`, `node.*`
    pub fn load_images(&self, cluster: &str, images: &[&str]) -> Result<()> {
        self.load("engine_images", cluster, images)
    }

    /// Loads image archives (docker's or OCI's layout, plain or compressed) into all nodes.
    ///
    /// # Errors
    /// `file.not_found`, `image.archive`, `cluster.not_found`, `engine.*`, `node.*`
    pub fn load_archives(&self, cluster: &str, files: &[&str]) -> Result<()> {
        self.load("archives", cluster, files)
    }

    fn load(&self, function: &str, cluster: &str, what: &[&str]) -> Result<()> {
        self.call("load", function, || {
            let what: Array = what.iter().map(|word| (*word).to_owned().into()).collect();
            Ok(vec![cluster.to_owned().into(), what.into(), Array::new().into()])
        })
    }

    /// Deletes a cluster with its kubeconfig entries (of `kubeconfig`, else of `$KUBECONFIG` or `~/.kube/config`).
    /// One that is not there is no error.
    ///
    /// # Errors
    /// `engine.*`, `kubeconfig.*`
    pub fn delete(&self, cluster: &str, kubeconfig: Option<&Path>) -> Result<()> {
        self.call("delete", "delete_cluster", || Ok(vec![cluster.to_owned().into(), text_of(kubeconfig)]))
    }
}

fn text_of(path: Option<&Path>) -> Dynamic {
    path.map_or_else(String::new, |path| path.display().to_string()).into()
}

impl NodeInfo {
    fn of(container: &Container) -> Option<Self> {
        container.labels.get(CLUSTER_LABEL)?;
        Some(Self {
            name: container.name.clone(),
            role: container.labels.get(ROLE_LABEL)?.clone(),
            image: container.image.clone(),
            address: container.address().to_owned(),
            running: container.state == ContainerState::Running,
        })
    }
}
