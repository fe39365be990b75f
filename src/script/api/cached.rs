//! `cache::…`, `asset::…`, `env::…`: what was made before, files that come with the program, the environment.

use super::super::diagnostics::to_rhai;
use super::super::record::{Record, records_table};
use super::super::run::Run;
use super::super::stdlib;
use super::super::trust;
use super::placed::place;
use super::{Returned, Thrown, text};
use crate::error::{Error, Result};
use crate::host::{cache, dirs, fs};
use rhai::{Array, Dynamic, Engine, FnPtr, ImmutableString, Module, NativeCallContext};
use std::path::PathBuf;
use std::sync::Arc;

pub const CACHE: &[Record] = records_table! { "cache":
    "step" "(name: string, inputs: any, make: closure(folder)) -> string" "The folder with the result of make for these inputs; made once, kept in the cache folder.", "cache::step(\"example\", [1], |dir| host::write(dir + \"/a\", \"1\"))", throws "script.not_allowed file.* script.bad_value, and what make throws";
    "key" "(inputs: any) -> string" "Twelve hex digits that stand for the inputs.", "cache::key([1])", throws "script.bad_value";
    "has" "(name: string, inputs: any) -> bool" "Whether step would find its result.", "cache::has(\"example\", [1])", throws "script.bad_value";
};
pub const ASSET: &[Record] = records_table! { "asset":
    "read" "(path: string) -> string" "The text of a file that comes with the program, such as node-image/versions.toml.", "asset::read(\"node-image/versions.toml\").len()", throws "asset.not_found";
    "list" "(folder: string) -> array of string" "Paths of the files below a folder, relative to it.", "asset::list(\"node-image\").len()", throws "none";
    "dir" "(folder: string) -> string" "A folder on disk with those files; scripts in it can be run.", "asset::dir(\"node-image\")", throws "asset.not_found file.*";
};
pub const ENV: &[Record] = records_table! { "env":
    "get" "(name: string, otherwise?: string) -> string" "A variable of the environment, or the other value (empty unless given).", "env::get(\"HOME\")", throws "none";
    "has" "(name: string) -> bool" "Whether it is set and not empty.", "env::has(\"HOME\")", throws "none";
};

/// What a cached step depends on, written in one way only.
fn canonical(inputs: &Dynamic) -> Returned<String> {
    let value: serde_json::Value = super::from_value("the inputs", inputs)?;
    fn sorted(value: serde_json::Value) -> serde_json::Value {
        match value {
            serde_json::Value::Object(map) => {
                let mut entries: Vec<_> = map.into_iter().map(|(k, v)| (k, sorted(v))).collect();
                entries.sort_by(|a, b| a.0.cmp(&b.0));
                serde_json::Value::Object(entries.into_iter().collect())
            }
            serde_json::Value::Array(list) => {
                serde_json::Value::Array(list.into_iter().map(sorted).collect())
            }
            other => other,
        }
    }
    Ok(sorted(value).to_string())
}

const GROUP: &str = "node-image";

fn cached(
    run: &Run,
    ctx: &NativeCallContext,
    name: &str,
    inputs: &Dynamic,
    make: &FnPtr,
) -> Returned<ImmutableString> {
    let inputs = canonical(inputs)?;
    if run.plan.get().is_some() {
        let made = cache::has(GROUP, name, &inputs);
        let text_of_it = if made {
            format!("take {name} from the cache")
        } else {
            format!("make {name} and keep it in the cache")
        };
        run.planned("host", None, text_of_it, serde_json::Value::Null);
        return Ok(text(format!("{}/{GROUP}/{name}", dirs::cache().display())));
    }
    let (group, owned_name) = (GROUP, name.to_owned());
    let slot = match run.block_thread(move || cache::entry(group, &owned_name, &inputs)).thrown()? {
        cache::Entry::Finished(path) => {
            run.message(
                crate::event::Level::Debug,
                format!("{name}: made before, in {}", path.display()),
                None,
            );
            return Ok(text(path.display().to_string()));
        }
        cache::Entry::Missing(slot) => slot,
    };
    let folder = slot.partial.display().to_string();
    let _made = make.call_within_context::<Dynamic>(ctx, (folder,))?;
    Ok(text(slot.finish().thrown()?.display().to_string()))
}

/// The files of an asset folder on disk, in a place named after their content.
fn asset_dir(folder: &str) -> Result<PathBuf> {
    let files: Vec<(String, &[u8])> = stdlib::asset_files(folder)
        .into_iter()
        .filter_map(|f| stdlib::asset(&format!("{folder}/{f}")).map(|content| (f, content)))
        .collect();
    if files.is_empty() {
        return Err(Error::script("asset.not_found", format!("no folder {folder:?} comes with the program")));
    }
    let inputs: String = files
        .iter()
        .map(|(name, content)| format!("{name}\0{}\0", String::from_utf8_lossy(content)))
        .collect();
    match cache::entry("assets", &folder.replace('/', "-"), &inputs)? {
        cache::Entry::Finished(path) => Ok(path),
        cache::Entry::Missing(slot) => {
            for (name, content) in files {
                let mode = if content.starts_with(b"#!") { 0o755 } else { 0o644 };
                fs::write(&slot.partial.join(name), content, mode)?;
            }
            slot.finish()
        }
    }
}

pub fn register(engine: &mut Engine, run: &Arc<Run>) {
    let mut caches = Module::new();
    let r = run.clone();
    place(
        &mut caches,
        "step",
        move |ctx: NativeCallContext,
              name: &str,
              inputs: Dynamic,
              make: FnPtr|
              -> Returned<ImmutableString> {
            trust::program(&r, &ctx, "cache::step").thrown()?;
            cached(&r, &ctx, name, &inputs, &make)
        },
    );
    place(&mut caches, "key", |inputs: Dynamic| -> Returned<ImmutableString> {
        Ok(text(cache::key(&canonical(&inputs)?)))
    });
    place(&mut caches, "has", |name: &str, inputs: Dynamic| -> Returned<bool> {
        Ok(cache::has(GROUP, name, &canonical(&inputs)?))
    });
    engine.register_static_module("cache", caches.into());

    let mut assets = Module::new();
    place(&mut assets, "read", |path: &str| -> Returned<ImmutableString> {
        let found = stdlib::asset(path).map(|bytes| text(String::from_utf8_lossy(bytes).into_owned()));
        found.ok_or_else(|| {
            to_rhai(&Error::script("asset.not_found", format!("no file {path:?} comes with the program")))
        })
    });
    place(&mut assets, "list", |folder: &str| -> Array {
        stdlib::asset_files(folder).into_iter().map(Dynamic::from).collect()
    });
    place(&mut assets, "dir", |folder: &str| -> Returned<ImmutableString> {
        asset_dir(folder).map(|p| text(p.display().to_string())).thrown()
    });
    engine.register_static_module("asset", assets.into());

    let mut env = Module::new();
    place(&mut env, "get", |name: &str| text(std::env::var(name).unwrap_or_default()));
    place(&mut env, "get", |name: &str, otherwise: &str| {
        text(std::env::var(name).ok().filter(|v| !v.is_empty()).unwrap_or_else(|| otherwise.to_owned()))
    });
    place(&mut env, "has", |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty()));
    engine.register_static_module("env", env.into());
}
