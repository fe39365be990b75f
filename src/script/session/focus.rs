//! The cluster and the node that commands mean when none is named.

use super::ScriptSession;
use crate::cluster::Cluster;
use crate::error::{Error, Result};
use crate::node::{CLUSTER_LABEL, Node};
use rhai::Dynamic;

/// What is in use.
pub struct Focus {
    /// The cluster's name.
    pub cluster: String,
    /// The node that `!` and `.shell` mean.
    pub node: Node,
    /// Whether the node was chosen, rather than the first of its cluster.
    chosen: bool,
}

impl Focus {
    /// As the prompt shows it.
    pub fn shown(&self) -> String {
        let short = self.node.name.strip_prefix(&self.cluster).and_then(|rest| rest.strip_prefix('-'));
        match short {
            Some(short) if self.chosen => format!("{}/{short}", self.cluster),
            None if self.chosen => format!("{}/{}", self.cluster, self.node.name),
            _ => self.cluster.clone(),
        }
    }
}

impl ScriptSession {
    /// Takes a cluster into use: `c` is the cluster, `n` its first control plane.
    ///
    /// # Errors
    /// `cluster.not_found`.
    pub fn focus(&mut self, name: &str) -> Result<()> {
        let found = self.interruptible(|me| {
            let run = me.host.run();
            run.block(Cluster::find(run.engine()?, name))
        })?;
        let first = found.control_plane().or_else(|none| found.nodes.first().ok_or(none))?.clone();
        self.bind("c", Dynamic::from(found));
        self.bind("n", Dynamic::from(first.clone()));
        self.focus = Some(Focus { cluster: name.to_owned(), node: first, chosen: false });
        Ok(())
    }

    /// Takes a node into use: `n` is the node.
    pub(super) fn focus_node(&mut self, name: &str) -> Result<()> {
        let node = self.node_named(name)?;
        if self.focus.as_ref().is_none_or(|focus| focus.cluster != node.cluster) {
            self.focus(&node.cluster)?;
        }
        self.bind("n", Dynamic::from(node.clone()));
        self.focus = Some(Focus { cluster: node.cluster.clone(), node, chosen: true });
        Ok(())
    }

    /// The node in use; the first one of the only cluster when none is.
    pub(super) fn node_in_use(&mut self) -> Result<Node> {
        if self.focus.is_none() {
            let run = self.host.run().clone();
            let names = self.interruptible(|_| run.block(Cluster::names(run.engine()?.as_ref())))?;
            match names.as_slice() {
                [only] => self.focus(only)?,
                [] => {
                    return Err(Error::user("repl.no_cluster", "there is no cluster, so no node either")
                        .hint("kind create cluster makes one"));
                }
                several => {
                    return Err(Error::user(
                        "repl.no_focus",
                        "several clusters are there, and none is in use",
                    )
                    .hint(format!(".focus NAME takes one of: {}", several.join(", "))));
                }
            }
        }
        let focus = self.focus.as_ref().map(|focus| focus.node.clone());
        focus.ok_or_else(|| Error::internal("repl.focus", "no node is in use"))
    }

    /// A node by its name: of the cluster in use, where the name may be short (`worker`), or of any other.
    pub(super) fn node_named(&self, name: &str) -> Result<Node> {
        let run = self.host.run();
        let focused = self.focus.as_ref().map(|focus| focus.cluster.clone());
        self.interruptible(|_| {
            let engine = run.engine()?;
            let containers = run.block(engine.list_containers(&[CLUSTER_LABEL.to_owned()]))?;
            let nodes: Vec<Node> =
                containers.iter().filter_map(|c| Node::from_container(engine.clone(), c)).collect();
            let short = |node: &&Node| {
                node.name.strip_prefix(&node.cluster).and_then(|rest| rest.strip_prefix('-')) == Some(name)
            };
            let by_short: Vec<&Node> = nodes.iter().filter(short).collect();
            let found = nodes
                .iter()
                .find(|node| node.name == name)
                .or_else(|| by_short.iter().find(|node| Some(&node.cluster) == focused.as_ref()).copied())
                .or(if let [only] = by_short[..] { Some(only) } else { None });
            found.cloned().ok_or_else(|| {
                let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
                let error = Error::user("node.not_found", format!("there is no node {name:?}"));
                if names.is_empty() {
                    error.hint("there is no cluster; kind create cluster makes one")
                } else {
                    error.hint(format!("there are: {}", names.join(", ")))
                }
            })
        })
    }
}
