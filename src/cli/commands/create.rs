//! `kind create cluster`: reads the config and calls `std/create`.

use super::{map, path_text, value};
use crate::cli::app::App;
use crate::cli::args::{Create, CreateCluster, CreateWhat};
use crate::config::{self, ClusterName, ImageRef};
use crate::error::Result;
use crate::script::{Host, RunOptions};
use std::path::Path;

/// Runs it.
pub fn run(app: &App, create: Create) -> Result<()> {
    match create.what {
        Some(CreateWhat::Cluster(args)) => cluster(app, &args),
        None => Ok(()),
    }
}

fn cluster(app: &App, args: &CreateCluster) -> Result<()> {
    let config = planned(app, args).map_err(|e| e.while_("failed to create cluster"))?;
    let options = RunOptions { allow_host: args.allow_host, trusted: true, ..Default::default() };
    let create = |host: &Host| {
        let values = vec![
            value(&config)?,
            map([
                ("wait", args.wait.as_secs_f64().into()),
                ("retain", args.retain.into()),
                ("kubeconfig", path_text(args.kubeconfig.kubeconfig.as_deref())),
            ]),
        ];
        host.call("create", "create", values).map(drop)
    };
    let done = if args.plan {
        app.print_plan(options, args.output.output, create)
    } else {
        app.with_host(options, create)
    };
    done.map_err(|e| if e.is_exit() || e.is_cancelled() { e } else { e.while_("failed to create cluster") })
}

fn planned(app: &App, args: &CreateCluster) -> Result<config::Cluster> {
    let name = app.settings.cluster_name(&args.name);
    let replaced = |path: &str| {
        (name.is_some() && path == "name")
            || (args.image.is_some() && path.starts_with("nodes[") && path.ends_with("].image"))
    };
    let mut config = match &args.config {
        Some(path) => read(path, replaced)?,
        None => config::Cluster::default(),
    };
    if let Some(name) = name {
        config.name = ClusterName::parse(&name)?;
    }
    if let Some(image) = &args.image {
        config.set_image(&ImageRef::parse(image)?);
    }
    config.validate()?;
    Ok(config)
}

fn read(path: &Path, replaced: impl Fn(&str) -> bool) -> Result<config::Cluster> {
    let (text, origin) = super::config::text(path)?;
    config::parse_except(&text, &origin, replaced)
}
