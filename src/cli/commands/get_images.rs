//! `kind get images`: what the container runtimes of a cluster's nodes have, each image once.

use super::get::{for_people, tell_no_nodes};
use crate::cli::app::App;
use crate::cli::args::ListFormat;
use crate::cluster::Cluster;
use crate::error::Result;
use crate::event::{Unit, amount};
use crate::node::NodeImage;
use serde::Serialize;
use std::collections::BTreeMap;

/// An image with the nodes that have it.
#[derive(Serialize)]
struct View {
    #[serde(flatten)]
    image: NodeImage,
    nodes: Vec<String>,
}

impl View {
    /// Its tags; an image that has none is still shown.
    fn names(&self) -> Vec<String> {
        if self.image.tags.is_empty() { vec!["<none>".to_owned()] } else { self.image.tags.clone() }
    }

    /// The first digits of its id, as many as engines show.
    fn short_id(&self) -> String {
        self.image.id.trim_start_matches("sha256:").chars().take(12).collect()
    }

    fn rows(&self, all: usize) -> Vec<Vec<String>> {
        let on = format!("{}/{all}", self.nodes.len());
        self.names()
            .into_iter()
            .map(|name| vec![name, self.short_id(), amount(self.image.size, Unit::Bytes), on.clone()])
            .collect()
    }

    fn wide_rows(&self) -> Vec<Vec<String>> {
        let names = self.names().into_iter();
        names
            .map(|name| {
                let id = self.image.id.clone();
                vec![name, id, amount(self.image.size, Unit::Bytes), self.nodes.join(",")]
            })
            .collect()
    }
}

/// Prints them. A node that does not run is told and left out.
pub(super) fn run(app: &App, cluster: &str, format: Option<ListFormat>) -> Result<()> {
    let found = app.block(async {
        let nodes = Cluster::lookup(app.engine().await?, cluster).await?.nodes;
        let asked = nodes.iter().map(|node| async { (node.name.clone(), node.images().await) });
        Ok(futures_util::future::join_all(asked).await)
    })?;
    if found.is_empty() && for_people(format) {
        tell_no_nodes(app, Some(cluster));
        return Ok(());
    }
    let all = found.len();
    let mut views: BTreeMap<String, View> = BTreeMap::new();
    for (node, images) in found {
        let images = match images {
            Ok(images) => images,
            Err(error) if error.code() == "engine.not_running" => {
                app.printer.warning(format!("{node} does not run; its images are not known"), None);
                continue;
            }
            Err(error) => return Err(error),
        };
        for image in images {
            let view = views.entry(image.id.clone()).or_insert_with(|| View { image, nodes: Vec::new() });
            view.nodes.push(node.clone());
        }
    }
    let mut views: Vec<View> = views.into_values().collect();
    views.sort_by_cached_key(View::names);
    match format {
        None => {
            let rows: Vec<Vec<String>> = views.iter().flat_map(|view| view.rows(all)).collect();
            app.printer.table(&["IMAGE", "ID", "SIZE", "NODES"], &rows)
        }
        Some(format) => {
            let names = |view: &View| view.image.tags.clone();
            app.printer.list(format, &views, names, (&["IMAGE", "ID", "SIZE", "NODES"], View::wide_rows))
        }
    }
}
