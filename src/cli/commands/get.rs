//! `kind get …`: questions that need no script, answered from the engine's labels.

use crate::cli::app::App;
use crate::cli::args::{Get, GetWhat, ListFormat, OutputFormat};
use crate::cluster::Cluster;
use crate::engine::{Container, ContainerState};
use crate::error::{Error, Result};
use crate::node::{CLUSTER_LABEL, ROLE_LABEL};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Runs it.
pub fn run(app: &App, get: Get) -> Result<()> {
    match get.what {
        Some(GetWhat::Clusters(args)) => clusters(app, args.output.output),
        Some(GetWhat::Nodes(args)) => {
            let name = (!args.all_clusters).then(|| app.settings.cluster_name_or_default(&args.name));
            nodes(app, name.as_deref(), args.output.output)
        }
        Some(GetWhat::Images(args)) => {
            let name = app.settings.cluster_name_or_default(&args.name);
            super::get_images::run(app, &name, args.output.output)
        }
        Some(GetWhat::Kubeconfig(args)) => {
            let name = app.settings.cluster_name_or_default(&args.name);
            kubeconfig(app, &name, args.internal, args.output.output)
        }
        Some(GetWhat::KubeconfigPath(args)) => {
            let name = app.settings.cluster_name_or_default(&args.name);
            kubeconfig_path(app, &name, args.output.output)
        }
        None => Ok(()),
    }
}

/// A cluster as `-o wide` shows it.
#[derive(Default)]
struct ClusterView {
    control_planes: usize,
    workers: usize,
    running: usize,
    images: BTreeSet<String>,
}

impl ClusterView {
    fn add(&mut self, node: &Container) {
        match node.labels.get(ROLE_LABEL).map(String::as_str) {
            Some("control-plane") => self.control_planes += 1,
            Some("worker") => self.workers += 1,
            // a load balancer is neither a node of Kubernetes nor made of its image
            _ => return,
        }
        self.running += usize::from(node.state == ContainerState::Running);
        self.images.insert(node.image.clone());
    }

    fn row(&self, name: &str) -> Vec<String> {
        let nodes = self.control_planes + self.workers;
        let running = format!("{}/{nodes}", self.running);
        let images: Vec<&str> = self.images.iter().map(String::as_str).collect();
        vec![
            name.to_owned(),
            self.control_planes.to_string(),
            self.workers.to_string(),
            running,
            images.join(","),
        ]
    }
}

fn clusters(app: &App, format: Option<ListFormat>) -> Result<()> {
    let nodes =
        app.block(async { app.engine().await?.list_containers(&[CLUSTER_LABEL.to_owned()]).await })?;
    let mut views: BTreeMap<&str, ClusterView> = BTreeMap::new();
    for node in &nodes {
        if let Some(name) = node.labels.get(CLUSTER_LABEL) {
            views.entry(name).or_default().add(node);
        }
    }
    let names: Vec<&str> = views.keys().copied().collect();
    if names.is_empty() && for_people(format) {
        app.printer.info("No kind clusters found.");
        return Ok(());
    }
    let head = ["NAME", "CONTROL-PLANES", "WORKERS", "RUNNING", "IMAGE"];
    let row = |name: &&str| vec![views[*name].row(name)];
    let name = |name: &&str| vec![(*name).to_owned()];
    app.printer.list(format.unwrap_or(ListFormat::Name), &names, name, (&head, row))
}

/// Whether an empty list is told in words.
pub(super) fn for_people(format: Option<ListFormat>) -> bool {
    !matches!(format, Some(ListFormat::Json | ListFormat::Yaml))
}

/// A node as `-o json` shows it.
#[derive(Serialize)]
struct NodeView<'a> {
    name: &'a str,
    cluster: &'a str,
    role: &'a str,
    state: ContainerState,
    image: &'a str,
    address: &'a str,
}

impl<'a> NodeView<'a> {
    fn of(container: &'a Container) -> Option<Self> {
        Some(Self {
            name: &container.name,
            cluster: container.labels.get(CLUSTER_LABEL)?,
            role: container.labels.get(ROLE_LABEL)?,
            state: container.state,
            image: &container.image,
            address: container.address(),
        })
    }

    fn row(&self) -> Vec<String> {
        let state = format!("{:?}", self.state).to_lowercase();
        [self.name, self.cluster, self.role, &state, self.address, self.image].map(str::to_owned).to_vec()
    }
}

/// What upstream says where there are no nodes.
pub(super) fn tell_no_nodes(app: &App, cluster: Option<&str>) {
    app.printer.info(match cluster {
        Some(name) => format!("No kind nodes found for cluster \"{name}\"."),
        None => "No kind nodes for any cluster.".to_owned(),
    });
}

fn nodes(app: &App, cluster: Option<&str>, format: Option<ListFormat>) -> Result<()> {
    let label = cluster.map_or_else(|| CLUSTER_LABEL.to_owned(), |name| format!("{CLUSTER_LABEL}={name}"));
    let containers = app.block(async { app.engine().await?.list_containers(&[label]).await })?;
    let views: Vec<NodeView<'_>> = containers.iter().filter_map(NodeView::of).collect();
    if views.is_empty() && for_people(format) {
        tell_no_nodes(app, cluster);
        return Ok(());
    }
    let head = ["NAME", "CLUSTER", "ROLE", "STATE", "ADDRESS", "IMAGE"];
    let name = |view: &NodeView<'_>| vec![view.name.to_owned()];
    app.printer.list(format.unwrap_or(ListFormat::Name), &views, name, (&head, |view| vec![view.row()]))
}

/// As upstream words it, since scripts look for it.
pub(super) fn no_control_plane(name: &str, error: Error) -> Error {
    if error.code() == "cluster.not_found" {
        return Error::user(
            "cluster.not_found",
            format!(
                "could not locate any control plane nodes for cluster named '{name}'. \
                 Use the --name option to select a different cluster"
            ),
        )
        .hint("kind get clusters lists what there is");
    }
    error
}

/// The kubeconfig of the cluster `name`.
pub(super) async fn kubeconfig_of(app: &App, name: &str, internal: bool) -> Result<(Cluster, String)> {
    let cluster = Cluster::find(app.engine().await?, name).await.map_err(|e| no_control_plane(name, e))?;
    let text = cluster.kubeconfig(internal).await?;
    Ok((cluster, text))
}

fn kubeconfig(app: &App, name: &str, internal: bool, format: Option<OutputFormat>) -> Result<()> {
    let (_, text) = app.block(kubeconfig_of(app, name, internal))?;
    match format {
        Some(OutputFormat::Json) => {
            let value = crate::yaml::parse(&text, "the kubeconfig")?;
            app.printer.value(OutputFormat::Json, &value)
        }
        Some(OutputFormat::Yaml) => app.printer.data(&text),
        // upstream ends it with an empty line
        None => app.printer.line(&text),
    }
}

fn kubeconfig_path(app: &App, name: &str, format: Option<OutputFormat>) -> Result<()> {
    let path = app
        .call("kubeconfig", "path", || Ok(vec![name.to_owned().into()]))
        .map_err(|e| no_control_plane(name, e))?
        .to_string();
    match format {
        Some(format) => app.printer.value(format, &serde_json::json!({ "path": path })),
        None => app.printer.line(&path),
    }
}
