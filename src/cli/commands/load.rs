//! `kind load`: calls `std/load`.

use crate::cli::app::App;
use crate::cli::args::{Load, LoadTo, LoadWhat};
use crate::error::Result;
use rhai::{Array, Dynamic};

/// Runs it.
pub fn run(app: &App, load: Load) -> Result<()> {
    let (function, what, to): (_, Vec<String>, LoadTo) = match load.what {
        Some(LoadWhat::Image(args)) => ("engine_images", args.images, args.to),
        Some(LoadWhat::Archive(args)) => {
            ("archives", args.files.iter().map(|file| file.display().to_string()).collect(), args.to)
        }
        None => return Ok(()),
    };
    let name = app.settings.cluster_name_or_default(&to.name);
    let list =
        |words: Vec<String>| -> Dynamic { words.into_iter().map(Into::into).collect::<Array>().into() };
    app.call("load", function, || Ok(vec![name.into(), list(what), list(to.nodes)])).map(|_| ())
}
