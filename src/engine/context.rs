//! The docker command line's contexts: named endpoints in its configuration folder.
#![expect(clippy::disallowed_methods, reason = "the errors of this file name the path themselves")]

use super::Tls;
use super::resolve::Environment;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::Path;

/// What a context says of its engine.
pub(super) struct Context {
    /// Its address.
    pub address: String,
    /// TLS material, when it has any.
    pub tls: Option<Tls>,
}

#[derive(Deserialize)]
struct Config {
    #[serde(rename = "currentContext", default)]
    current_context: String,
    /// By the engine's address, or `default` for all of them.
    #[serde(default)]
    proxies: BTreeMap<String, Proxies>,
}

/// Proxies that containers of an engine are to use, as `proxies` of docker's `config.json` says. They may hold
/// passwords.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Proxies {
    /// For `http:` addresses; empty for none, as the others.
    pub http_proxy: String,
    /// For `https:` addresses.
    pub https_proxy: String,
    /// What is reached without.
    pub no_proxy: String,
}

/// The proxies for the engine at `address`. Errors: docker's configuration is not readable, or no JSON of its form.
pub fn proxies(env: &Environment, address: &str) -> Result<Proxies> {
    let path = env.docker_config().join("config.json");
    let Some(text) = read(&path)? else { return Ok(Proxies::default()) };
    let mut config: Config = parse(&path, &text)?;
    Ok(config.proxies.remove(address).or_else(|| config.proxies.remove("default")).unwrap_or_default())
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "Endpoints", default)]
    endpoints: Endpoints,
}

#[derive(Deserialize, Default)]
struct Endpoints {
    docker: Option<DockerEndpoint>,
}

#[derive(Deserialize)]
struct DockerEndpoint {
    #[serde(rename = "Host", default)]
    host: String,
}

/// Name of the current context, when one other than the default is chosen.
pub(super) fn current(env: &Environment) -> Result<Option<String>> {
    let path = env.docker_config().join("config.json");
    let Some(text) = read(&path)? else { return Ok(None) };
    let config: Config = parse(&path, &text)?;
    Ok(Some(config.current_context).filter(|name| !name.is_empty()))
}

/// SHA-256 of a text in hex digits; docker names the folder of a context so.
pub(super) fn sha256_hex(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::new(), |mut hex, byte| {
        // writing to a text cannot fail
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// What the context `name` says.
pub(super) fn load(env: &Environment, name: &str) -> Result<Context> {
    let folder = sha256_hex(name);
    let contexts = env.docker_config().join("contexts");
    let path = contexts.join("meta").join(&folder).join("meta.json");
    let unknown = || {
        Error::user("engine.unknown_context", format!("there is no docker context \"{name}\""))
            .hint("`docker context ls` lists them; DOCKER_CONTEXT=default takes docker's own socket")
    };
    let meta: Meta = parse(&path, &read(&path)?.ok_or_else(unknown)?)?;
    let address = meta.endpoints.docker.map(|docker| docker.host).filter(|host| !host.is_empty());
    let tls = contexts.join("tls").join(&folder).join("docker");
    Ok(Context {
        address: address.ok_or_else(|| {
            Error::user(
                "engine.unknown_context",
                format!("the docker context \"{name}\" names no docker host"),
            )
        })?,
        tls: tls.is_dir().then(|| Tls::in_folder(tls)),
    })
}

fn read(path: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(path).because(error)),
    }
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| unreadable(path).because(error))
}

fn unreadable(path: &Path) -> Error {
    Error::user("engine.bad_config", format!("cannot read docker's configuration {}", path.display()))
        .hint("mend the file, or set DOCKER_HOST, which is taken without looking at it")
}
