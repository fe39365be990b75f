//! A node: a container that carries a cluster's labels, and what can be done to it.
//!
//! Nothing here knows in which order things are done; that is in `stdlib/*.rhai`.

mod files;
mod images;

pub use files::{FileEntry, bytes_stream};
pub use images::NodeImage;

use crate::engine::{Container, ContainerState, Engine, ExecIo, ExecSpec, LogOptions};
use crate::error::{Context, Error, Result};
use crate::event::Stream;
use futures_util::StreamExt;
use std::sync::Arc;
use std::time::Duration;

/// Label whose value is the cluster's name.
pub const CLUSTER_LABEL: &str = "io.x-k8s.kind.cluster";
/// Label whose value is the node's role.
pub const ROLE_LABEL: &str = "io.x-k8s.kind.role";

/// A file that is on a node while it waits for the boot signal.
pub const PAUSED: &str = "/run/kind/paused";

/// A handle to a node; cheap to clone, and valid before the container exists.
#[derive(Clone)]
pub struct Node {
    /// Name of the node and of its container.
    pub name: String,
    /// Name of its cluster.
    pub cluster: String,
    /// `control-plane`, `worker` or `external-load-balancer`.
    pub role: String,
    /// What it is to be, when it was planned by this process.
    pub config: Option<Arc<crate::config::Node>>,
    engine: Arc<dyn Engine>,
}

/// What a finished command left, as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// Exit code.
    pub code: i64,
    /// Standard output, invalid UTF-8 replaced.
    pub stdout: String,
    /// Standard error, invalid UTF-8 replaced.
    pub stderr: String,
}

impl Node {
    /// A handle; asks nothing of the engine.
    pub fn new(engine: Arc<dyn Engine>, cluster: &str, name: &str, role: &str) -> Self {
        Self {
            name: name.to_owned(),
            cluster: cluster.to_owned(),
            role: role.to_owned(),
            config: None,
            engine,
        }
    }

    /// The handle of a listed container, when its labels say that it is a node.
    pub fn from_container(engine: Arc<dyn Engine>, container: &Container) -> Option<Self> {
        let cluster = container.labels.get(CLUSTER_LABEL)?;
        let role = container.labels.get(ROLE_LABEL)?;
        Some(Self::new(engine, cluster, &container.name, role))
    }

    /// The engine it runs on.
    pub fn engine(&self) -> &Arc<dyn Engine> {
        &self.engine
    }

    /// What the engine knows about it now.
    pub async fn inspect(&self) -> Result<Container> {
        self.engine.inspect_container(&self.name).await.map_err(|e| e.on_node(&self.name))
    }

    /// Where it stands in its life: `absent`, `created`, `paused`, `running`, `exited`.
    /// A node is `paused` while its first process waits for the boot signal.
    pub async fn state(&self) -> Result<&'static str> {
        let container = match self.engine.inspect_container(&self.name).await {
            Ok(container) => container,
            Err(error) if error.code() == "engine.not_found" => return Ok("absent"),
            Err(error) => return Err(error),
        };
        Ok(match container.state {
            ContainerState::Created => "created",
            ContainerState::Paused => "frozen",
            ContainerState::Exited | ContainerState::Dead => "exited",
            ContainerState::Restarting => "restarting",
            ContainerState::Running if self.waits().await? => "paused",
            ContainerState::Running => "running",
        })
    }

    /// Whether its first process still waits for the boot signal.
    async fn waits(&self) -> Result<bool> {
        let command = args(&["test", "-e", PAUSED]);
        Ok(self.try_exec(&ExecSpec { command, ..Default::default() }).await?.code == 0)
    }

    /// Runs a command; a non-zero exit code is an error of the code `node.exec_failed`.
    pub async fn exec(&self, spec: &ExecSpec) -> Result<Output> {
        self.exec_io(spec, ExecIo::default()).await
    }

    /// As [`Node::exec`] with input and output of the caller's.
    pub async fn exec_io(&self, spec: &ExecSpec, io: ExecIo<'_>) -> Result<Output> {
        let output = self.try_exec_io(spec, io).await?;
        if output.code == 0 { Ok(output) } else { Err(self.failed(spec, output)) }
    }

    /// Runs a command; any exit code is fine.
    pub async fn try_exec(&self, spec: &ExecSpec) -> Result<Output> {
        self.try_exec_io(spec, ExecIo::default()).await
    }

    /// As [`Node::try_exec`] with input and output of the caller's.
    pub async fn try_exec_io(&self, spec: &ExecSpec, io: ExecIo<'_>) -> Result<Output> {
        let result = self.engine.exec(&self.name, spec, io).await.map_err(|e| e.on_node(&self.name))?;
        Ok(Output {
            code: result.code,
            stdout: String::from_utf8_lossy(&result.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&result.stderr).into_owned(),
        })
    }

    fn failed(&self, spec: &ExecSpec, output: Output) -> Error {
        let program = spec.command.first().map_or("command", String::as_str);
        let full = output.stderr.contains("no space left on device")
            || output.stderr.contains("No space left on device");
        let error = Error::node(
            "node.exec_failed",
            format!("{program} ended with exit code {} on {}", output.code, self.name),
        )
        .with_context(Context {
            node: Some(self.name.clone()),
            command: Some(crate::event::without_secrets(&crate::host::process::quote(&spec.command))),
            exit_code: Some(output.code),
            stdout: Some(output.stdout),
            stderr: Some(output.stderr),
            place: None,
        });
        if full {
            return error.hint(format!(
                "a disk is full: `df -h` on {} tells which; a node's /var is on the engine's disk, where `docker \
                 system df` shows what takes the space",
                self.name
            ));
        }
        error
    }

    /// Sends a signal to its first process. The boot signal goes to a waiting node only: an init would
    /// take it for something else.
    pub async fn signal(&self, signal: &str) -> Result<()> {
        if matches!(signal.trim_start_matches("SIG"), "USR1") && !self.waits().await? {
            return Err(Error::node(
                "node.booted",
                format!("{} has booted; the boot signal is for a paused node", self.name),
            )
            .hint("c.nodes.filter(|n| n.state == \"paused\") lists the nodes that wait")
            .on_node(&self.name));
        }
        self.engine.kill_container(&self.name, signal).await.map_err(|e| e.on_node(&self.name))
    }

    /// Waits until a line of its console contains `text`; returns the line.
    pub async fn wait_log(&self, text: &str, limit: Duration) -> Result<String> {
        let search = async {
            let options = LogOptions { follow: true, ..Default::default() };
            let mut logs = self.engine.logs(&self.name, &options).await?;
            let mut seen = String::new();
            while let Some(piece) = logs.next().await {
                let (_, bytes): (Stream, _) = piece?;
                seen.push_str(&String::from_utf8_lossy(&bytes));
                while let Some(end) = seen.find('\n') {
                    let line: String = seen.drain(..=end).collect();
                    if line.contains(text) {
                        return Ok(line.trim_end().to_owned());
                    }
                }
                if seen.contains(text) {
                    return Ok(seen.trim_end().to_owned());
                }
            }
            Err(Error::node(
                "node.stopped",
                format!("{} stopped before its console showed {text:?}", self.name),
            )
            .on_node(&self.name)
            .hint(format!("its last lines: {}", last_line(&seen))))
        };
        tokio::time::timeout(limit, search).await.unwrap_or_else(|_| {
            Err(Error::node(
                "node.time_limit",
                format!("the console of {} did not show {text:?} within {} s", self.name, limit.as_secs()),
            )
            .on_node(&self.name))
        })
    }

    /// Waits until `path` exists on the node.
    ///
    /// Errors: `node.time_limit`; `node.stopped` when its container ended meanwhile; what the engine refuses.
    pub async fn wait_file(&self, path: &str, limit: Duration) -> Result<()> {
        // One command that waits in the node costs one round trip, however long it takes.
        let script = format!("while [ ! -e '{}' ]; do sleep 0.02; done", path.replace('\'', "'\\''"));
        let command = args(&["sh", "-c", &script]);
        let spec = ExecSpec { command, time_limit: Some(limit), ..Default::default() };
        match self.exec(&spec).await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == "engine.time_limit" => Err(Error::node(
                "node.time_limit",
                format!("{path} did not appear on {} within {} s", self.name, limit.as_secs()),
            )
            .on_node(&self.name)),
            Err(error) if says_ended(&error) => Err(Error::node(
                "node.stopped",
                format!("the container of {} ended before {path} was there", self.name),
            )
            .on_node(&self.name)
            .hint("what it said last is in its console: n.logs() in scripts, or the engine's `logs`")),
            Err(error) => Err(error),
        }
    }

    /// The whole console since the start.
    pub async fn logs(&self, options: &LogOptions) -> Result<String> {
        let mut stream = self.engine.logs(&self.name, options).await?;
        let mut all = Vec::new();
        while let Some(piece) = stream.next().await {
            all.extend_from_slice(&piece?.1);
        }
        Ok(String::from_utf8_lossy(&all).into_owned())
    }
}

/// Whether a command that does nothing but wait failed because its container ended. Engines tell that in as many ways
/// as there are moments: the command was killed, could not be started any more, or is not known any more.
fn says_ended(error: &Error) -> bool {
    match error.code() {
        "engine.not_running" | "engine.not_found" => true,
        "node.exec_failed" => matches!(error.context().exit_code, Some(126 | 137)),
        _ => false,
    }
}

fn last_line(text: &str) -> &str {
    text.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("(none)")
}

/// Strings of a command line.
pub fn args(words: &[&str]) -> Vec<String> {
    words.iter().map(|w| (*w).to_owned()).collect()
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Node({} {})", self.name, self.role)
    }
}
