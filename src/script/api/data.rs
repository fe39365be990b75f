//! Text formats.

use super::super::record::{Record, records_table};
use super::super::run::Run;
use super::super::show;
use super::placed::place;
use super::{Returned, Thrown, text, to_value};
use crate::error::Error;
use rhai::{Array, Dynamic, Engine, ImmutableString, Map, Module};
use std::sync::Arc;

pub const YAML: &[Record] = records_table! { "yaml":
    "parse" "(text: string) -> any" "The first document of a YAML text.", "yaml::parse(\"a: 1\").a", throws "yaml.syntax";
    "parse_all" "(text: string) -> array" "All documents of a YAML text.", "yaml::parse_all(\"a: 1\\n---\\nb: 2\").len()", throws "yaml.syntax";
    "render" "(value: any) -> string" "A value as YAML.", "yaml::render(#{a: 1})", throws "script.bad_value";
};
pub const JSON: &[Record] = records_table! { "json":
    "parse" "(text: string) -> any" "A JSON text as a value.", "json::parse(\"[1, 2]\").len()", throws "json.syntax";
    "render" "(value: any) -> string" "A value as JSON.", "json::render(#{a: 1})", throws "script.bad_value";
};
pub const VALUE: &[Record] = records_table! { "Value":
    "to_json" "() -> string" "Any value as indented JSON; nodes and clusters are asked what they are. json::render(value) is the short form.", "c.nodes.to_json()", throws "none";
    "to_yaml" "() -> string" "Any value as YAML; nodes and clusters are asked what they are.", "c.nodes.to_yaml()", throws "yaml.*";
};
pub const TOML: &[Record] = records_table! { "toml":
    "parse" "(text: string) -> map" "A TOML text as a map.", "toml::parse(\"a = 1\").a", throws "toml.syntax";
};

fn broken(what: &str, cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::script(format!("{}.syntax", what.to_lowercase()), format!("this is not valid {what}"))
        .because(cause)
}

fn json_of(value: &Dynamic) -> Returned<serde_json::Value> {
    super::from_value("the value", value)
}

/// On every value there is. Rhai has a `to_json` for maps, which one for exactly this type takes the place of.
fn register_methods(engine: &mut Engine, run: &Arc<Run>) {
    let r = run.clone();
    let json = move |value: &Dynamic| show::json(&r, value).map(text).thrown();
    let of_map = json.clone();
    engine.register_fn("to_json", move |map: &mut Map| of_map(&Dynamic::from_map(map.clone())));
    engine.register_fn("to_json", move |value: &mut Dynamic| json(value));
    let r = run.clone();
    engine.register_fn("to_yaml", move |value: &mut Dynamic| show::yaml(&r, value).map(text).thrown());
}

pub fn register(engine: &mut Engine, run: &Arc<Run>) {
    register_methods(engine, run);
    let mut yaml = Module::new();
    place(&mut yaml, "parse", |input: &str| -> Returned<Dynamic> {
        let documents = crate::yaml::parse_all(input, "the text").thrown()?;
        documents.into_iter().next().map_or(Ok(Dynamic::UNIT), |d| to_value(&d))
    });
    place(&mut yaml, "parse_all", |input: &str| -> Returned<Array> {
        crate::yaml::parse_all(input, "the text").thrown()?.iter().map(to_value).collect()
    });
    place(&mut yaml, "render", |value: Dynamic| -> Returned<ImmutableString> {
        crate::yaml::render(&json_of(&value)?).map(text).thrown()
    });
    engine.register_static_module("yaml", yaml.into());

    let mut json = Module::new();
    place(&mut json, "parse", |input: &str| -> Returned<Dynamic> {
        let value: serde_json::Value = serde_json::from_str(input).map_err(|e| broken("JSON", e)).thrown()?;
        to_value(&value)
    });
    place(&mut json, "render", |value: Dynamic| -> Returned<ImmutableString> {
        serde_json::to_string(&json_of(&value)?).map(text).map_err(|e| broken("JSON", e)).thrown()
    });
    engine.register_static_module("json", json.into());

    let mut toml = Module::new();
    place(&mut toml, "parse", |input: &str| -> Returned<Dynamic> {
        let value: toml::Table = toml::from_str(input).map_err(|e| broken("TOML", e)).thrown()?;
        to_value(&value)
    });
    engine.register_static_module("toml", toml.into());
}
