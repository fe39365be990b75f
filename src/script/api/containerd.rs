//! `containerd::…`: the config of the nodes' container runtime.

use super::super::record::{Record, records_table};
use super::placed::place;
use super::{Returned, Thrown, strings};
use crate::containerd;
use rhai::{Array, Dynamic, Engine, Map, Module};

pub const RECORDS: &[Record] = records_table! { "containerd":
    "config" "(toml: string, merge: array of string, json: array of string) -> #{text: string, unused_patches: array of string}" "A containerd config with patches: TOML to merge, those of its own version or of none, then JSON patches (RFC 6902).",
        "containerd::config(\"version = 2\", [\"root = '/x'\"], []).text",
        throws "containerd.config containerd.patch";
};

pub fn register(engine: &mut Engine) {
    let mut m = Module::new();
    place(&mut m, "config", |toml: &str, merge: Array, json: Array| -> Returned<Map> {
        let patched = containerd::patch(toml, &strings(&merge), &strings(&json)).thrown()?;
        let unused: Array = patched.unused_patches.into_iter().map(Dynamic::from).collect();
        Ok(Map::from_iter([("text".into(), patched.text.into()), ("unused_patches".into(), unused.into())]))
    });
    engine.register_static_module("containerd", m.into());
}
