//! `kind build`: calls `std/node_image` and `std/add_image`.

use super::map;
use crate::cli::app::App;
use crate::cli::args::{AddImage, Build, BuildWhat, NodeImage};
use crate::error::Result;
use rhai::Array;

/// Runs it.
pub fn run(app: &App, build: Build) -> Result<()> {
    match build.what {
        Some(BuildWhat::NodeImage(args)) => node_image(app, &args),
        Some(BuildWhat::AddImage(args)) => add_image(app, &args),
        None => Ok(()),
    }
}

fn node_image(app: &App, args: &NodeImage) -> Result<()> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default().into();
    let build = || {
        Ok(vec![map([
            ("source", args.source.as_str().to_owned().into()),
            ("type", args.build_type.map_or("", |kind| kind.as_str()).to_owned().into()),
            ("kubernetes_version", text(&args.kubernetes_version)),
            ("image", text(&args.image)),
            ("base_image", text(&args.base_image)),
            ("arch", text(&args.arch)),
            ("no_cache", args.no_cache.into()),
            ("from", text(&args.from)),
        ])])
    };
    app.call("node_image", "build", build)
        .map(drop)
        .map_err(|e| if e.is_cancelled() { e } else { e.while_("error building node image") })
}

fn add_image(app: &App, args: &AddImage) -> Result<()> {
    let add = || {
        let images: Array = args.images.iter().cloned().map(Into::into).collect();
        let base = args.base_image.clone().unwrap_or_default();
        Ok(vec![images.into(), args.image.clone().into(), base.into()])
    };
    app.call("add_image", "add", add).map(drop)
}
