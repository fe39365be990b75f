//! `kind get …`: questions that need no script, answered from the engine's labels.

use crate::cli::app::App;
use crate::cli::args::OutputFormat;
use crate::cli::args::{Get, GetWhat};
use crate::cluster::Cluster;
use crate::engine::Container;
use crate::error::{Error, Result};
use crate::node::{CLUSTER_LABEL, ROLE_LABEL};
use serde::Serialize;

/// Runs it.
pub fn run(app: &App, get: Get) -> Result<()> {
    match get.what {
        Some(GetWhat::Clusters(args)) => clusters(app, args.output.output),
        Some(GetWhat::Nodes(args)) => {
            let name = (!args.all_clusters).then(|| app.settings.cluster_name_or_default(&args.name));
            nodes(app, name, args.output.output)
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

fn clusters(app: &App, format: Option<OutputFormat>) -> Result<()> {
    let names = app.block(async { Cluster::names(app.engine().await?.as_ref()).await })?;
    match format {
        Some(format) => app.printer.value(format, &names),
        None if names.is_empty() => {
            app.printer.info("No kind clusters found.");
            Ok(())
        }
        None => app.printer.data(&(names.join("\n") + "\n")),
    }
}

/// A node as `-o json` shows it.
#[derive(Serialize)]
struct NodeView<'a> {
    name: &'a str,
    cluster: &'a str,
    role: &'a str,
    state: crate::engine::ContainerState,
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
}

fn nodes(app: &App, cluster: Option<String>, format: Option<OutputFormat>) -> Result<()> {
    let label =
        cluster.as_ref().map_or_else(|| CLUSTER_LABEL.to_owned(), |name| format!("{CLUSTER_LABEL}={name}"));
    let containers = app.block(async { app.engine().await?.list_containers(&[label]).await })?;
    let views: Vec<NodeView<'_>> = containers.iter().filter_map(NodeView::of).collect();
    match (format, cluster) {
        (Some(format), _) => app.printer.value(format, &views),
        (None, None) if views.is_empty() => {
            app.printer.info("No kind nodes for any cluster.");
            Ok(())
        }
        (None, Some(name)) if views.is_empty() => {
            app.printer.info(format!("No kind nodes found for cluster \"{name}\"."));
            Ok(())
        }
        (None, _) => app.printer.data(&views.iter().map(|v| format!("{}\n", v.name)).collect::<String>()),
    }
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
        _ => app.printer.data(&text),
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
