//! One file per command: takes its arguments apart, calls the library or the standard library's scripts, prints
//! the answer. The order of a cluster's life is not here.

pub mod build;
pub mod check;
pub mod completion;
pub mod config;
pub mod create;
pub mod definitions;
pub mod delete;
pub mod doc;
pub mod engine;
pub mod export;
pub mod get;
mod get_images;
pub mod load;
pub mod lsp;
pub mod man;
pub mod repl;
pub mod run;
pub mod stdlib;
pub mod test;
pub mod version;

use crate::error::Result;
use rhai::{Dynamic, Map};
use serde::Serialize;
use std::path::Path;

/// A map for a script.
pub fn map<const N: usize>(entries: [(&str, Dynamic); N]) -> Dynamic {
    Dynamic::from_map(entries.into_iter().map(|(k, v)| (k.into(), v)).collect::<Map>())
}

/// Any value for a script.
pub fn value(value: &impl Serialize) -> Result<Dynamic> {
    rhai::serde::to_dynamic(value).map_err(|e| {
        crate::error::Error::internal("script.value", "cannot hand a value to the script").because(e)
    })
}

/// A path for a script; empty when there is none.
pub fn path_text(path: Option<&Path>) -> Dynamic {
    path.map_or_else(String::new, |p| p.display().to_string()).into()
}
