//! The verbs that scripts have: one file per module or object. Each converts its arguments, calls the layer
//! below, and converts what comes back.

mod cached;
mod cluster;
mod collect;
mod containerd;
mod containers;
mod control;
mod data;
mod host;
mod image;
mod kubeadm;
mod kubeconfig;
pub mod log;
mod node;
mod placed;
mod plan;
mod step;
mod testing;

use super::diagnostics::to_rhai;
use super::record::Record;
use super::run::Run;
use crate::error::{Error, Result};
use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map};
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// What a native returns to Rhai.
pub type Returned<T> = std::result::Result<T, Box<EvalAltResult>>;

/// The records of all modules.
pub const RECORDS: &[&[Record]] = &[
    step::RECORDS,
    control::RECORDS,
    testing::RECORDS,
    cluster::GLOBAL,
    log::RECORDS,
    data::YAML,
    data::JSON,
    data::TOML,
    data::VALUE,
    host::HOST,
    cached::CACHE,
    cached::ASSET,
    cached::ENV,
    containers::ENGINE,
    image::RECORDS,
    node::RECORDS,
    cluster::MODULE,
    cluster::METHODS,
    kubeadm::RECORDS,
    containerd::RECORDS,
    kubeconfig::RECORDS,
    plan::RECORDS,
];

/// Registers everything.
pub fn register(engine: &mut Engine, run: &Arc<Run>) {
    step::register(engine, run);
    control::register(engine, run);
    testing::register(engine, run);
    log::register(engine, run);
    data::register(engine, run);
    host::register(engine, run);
    cached::register(engine, run);
    containers::register(engine, run);
    image::register(engine, run);
    node::register(engine, run);
    collect::register(engine, run);
    cluster::register(engine, run);
    kubeadm::register(engine);
    containerd::register(engine);
    kubeconfig::register(engine, run);
    plan::register(engine, run);
}

/// Calls a macro with one to eight names: Rhai has no functions of any number of arguments.
macro_rules! for_words {
    ($form:ident) => {
        $form!(a);
        $form!(a b);
        $form!(a b c);
        $form!(a b c d);
        $form!(a b c d e);
        $form!(a b c d e f);
        $form!(a b c d e f g);
        $form!(a b c d e f g h);
    };
}
use for_words;

/// Our results as Rhai's.
trait Thrown<T> {
    fn thrown(self) -> Returned<T>;
}

impl<T> Thrown<T> for Result<T> {
    fn thrown(self) -> Returned<T> {
        self.map_err(|e| to_rhai(&e))
    }
}

/// Any Rhai value as a Rust one; `what` is named when it does not fit.
fn from_value<T: DeserializeOwned>(what: &str, value: &Dynamic) -> Returned<T> {
    rhai::serde::from_dynamic::<T>(value).map_err(|e| {
        let cause = e.to_string();
        let cause = cause.trim_start_matches("Error parsing: ").trim_end_matches(" (line 1, position 0)");
        to_rhai(&Error::script("script.bad_value", format!("{what} does not fit: {cause}")))
    })
}

/// Any serialisable value as a Rhai one.
fn to_value<T: serde::Serialize>(value: &T) -> Returned<Dynamic> {
    rhai::serde::to_dynamic(value)
}

/// Strings of an array; anything else is written as text.
fn strings(list: &Array) -> Vec<String> {
    list.iter().map(|v| v.clone().into_string().unwrap_or_else(|_| v.to_string())).collect()
}

/// A map's entry as text.
fn text_of(map: &Map, key: &str) -> Option<String> {
    map.get(key).filter(|v| !v.is_unit()).map(ToString::to_string)
}

/// A map's entry as a flag.
fn flag_of(map: &Map, key: &str) -> bool {
    map.get(key).is_some_and(|v| v.as_bool().unwrap_or(false))
}

/// Fails when `map` has keys other than `known`, naming the nearest.
fn only_keys(what: &str, map: &Map, known: &[&str]) -> Returned<()> {
    for key in map.keys() {
        if !known.contains(&key.as_str()) {
            let error = Error::script("script.unknown_option", format!("{what} has no option {key:?}"));
            return Err(to_rhai(&match super::stdlib::closest(key, known.iter().copied()) {
                Some(near) => error.hint(format!("did you mean {near:?}?")),
                None => error.hint(format!("there are: {}", known.join(", "))),
            }));
        }
    }
    Ok(())
}

/// Seconds (whole or not) or a text such as `1m30s` as a duration.
fn duration(value: &Dynamic) -> Returned<std::time::Duration> {
    use std::time::Duration;
    if let Ok(seconds) = value.as_int() {
        return Ok(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)));
    }
    if let Ok(seconds) = value.as_float() {
        return Ok(Duration::from_secs_f64(seconds.max(0.0)));
    }
    let text = value.to_string();
    crate::duration::parse(&text)
        .map_err(|why| to_rhai(&Error::script("script.bad_value", format!("{text:?} is no duration: {why}"))))
}

/// A text for Rhai.
fn text(value: impl Into<ImmutableString>) -> ImmutableString {
    value.into()
}
