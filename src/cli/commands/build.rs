//! `kind build node-image`: calls `std/node_image`.

use super::map;
use crate::cli::app::App;
use crate::cli::args::{Build, BuildWhat};
use crate::error::Result;

/// Runs it.
pub fn run(app: &App, build: Build) -> Result<()> {
    let Some(BuildWhat::NodeImage(args)) = build.what else { return Ok(()) };
    let text = |value: &Option<String>| value.clone().unwrap_or_default().into();
    app.call("node_image", "build", || {
        Ok(vec![map([
            ("source", args.source.as_str().to_owned().into()),
            ("kubernetes_version", text(&args.kubernetes_version)),
            ("image", text(&args.image)),
            ("base_image", text(&args.base_image)),
            ("arch", text(&args.arch)),
            ("no_cache", args.no_cache.into()),
            ("from", text(&args.from)),
        ])])
    })
    .map(|_| ())
}
