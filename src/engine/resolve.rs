//! Which engine to talk to: what the user named, else the first of the usual places that answers.
//!
//! Order: `DOCKER_HOST`; `DOCKER_CONTEXT`; the current context of the docker command line; the sockets of
//! Docker, of rootless Docker and Docker Desktop; the private engine of `kind engine start`; Podman's; where there is
//! no socket but the podman program, that as a service of our own; nerdctl, or finch.
//! `KIND_EXPERIMENTAL_PROVIDER=docker|podman|nerdctl|finch|nerdctl.lima` narrows this. What the user named is taken or
//! fails: another engine that happens to answer would hold other clusters.

use super::context;
use super::docker::Docker;
use super::endpoint::PROGRAM;
use super::nerdctl::Nerdctl;
use super::{Endpoint, EndpointKind, Engine, Tls};
use crate::error::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the search depends on. Given explicitly, so that tests need not change the process's own.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// Environment variables; an empty one counts as unset.
    pub variables: BTreeMap<String, String>,
    /// The user's home folder.
    pub home: PathBuf,
    /// What absolute paths of sockets start at, `/` but in tests.
    pub root: PathBuf,
    /// The user's number.
    pub uid: u32,
}

impl Environment {
    /// That of this process.
    pub fn of_process() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self {
            variables,
            home: std::env::home_dir().unwrap_or_default(),
            root: PathBuf::from("/"),
            uid: rustix::process::getuid().as_raw(),
        }
    }

    /// A variable that is set and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The folder of the docker command line's configuration.
    pub(super) fn docker_config(&self) -> PathBuf {
        self.get("DOCKER_CONFIG").map_or_else(|| self.home.join(".docker"), PathBuf::from)
    }

    fn absolute(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }
}

/// Where an engine may be, in the order to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidates {
    /// The places.
    pub endpoints: Vec<Endpoint>,
    /// Whether the user named the place (then there is one).
    pub explicit: bool,
}

/// Where an engine may be, without asking any. Reads docker's configuration when it has to.
pub fn resolve(env: &Environment) -> Result<Candidates> {
    let (docker, podman) = match env.get("KIND_EXPERIMENTAL_PROVIDER") {
        None => (true, true),
        Some("docker") => (true, false),
        Some("podman") => (false, true),
        Some(name @ ("nerdctl" | "finch" | "nerdctl.lima")) => {
            let endpoint = nerdctl_program(env, name, "KIND_EXPERIMENTAL_PROVIDER").ok_or_else(|| {
                let message =
                    format!("KIND_EXPERIMENTAL_PROVIDER is {name}, and no program {name} is in PATH");
                Error::engine("engine.unreachable", message).hint(
                    "install it, or unset KIND_EXPERIMENTAL_PROVIDER to take the first engine that answers",
                )
            })?;
            return Ok(Candidates { endpoints: vec![endpoint], explicit: true });
        }
        Some(other) => {
            return Err(Error::user(
                "engine.unknown_provider",
                format!("KIND_EXPERIMENTAL_PROVIDER is \"{other}\"; known are docker, podman, nerdctl, finch and nerdctl.lima"),
            )
            .hint("unset it to take the first engine that answers"));
        }
    };
    if docker && let Some(endpoint) = named(env)? {
        return Ok(Candidates { endpoints: vec![endpoint], explicit: true });
    }
    if !docker && let Some(endpoint) = named_podman(env)? {
        return Ok(Candidates { endpoints: vec![endpoint], explicit: true });
    }
    let mut endpoints = Vec::new();
    if docker {
        endpoints.extend(docker_sockets(env));
    }
    if podman {
        endpoints.extend(named_podman(env)?);
        endpoints.extend(podman_sockets(env));
        endpoints.extend(podman_program(env));
    }
    if docker && podman {
        let programs = ["nerdctl", "finch"]
            .iter()
            .find_map(|name| nerdctl_program(env, name, &format!("the {name} program")));
        endpoints.extend(programs);
    }
    let mut seen = BTreeSet::new();
    endpoints.retain(|endpoint| seen.insert(endpoint.address.clone()));
    Ok(Candidates { endpoints, explicit: false })
}

/// What `DOCKER_HOST` or a docker context names.
fn named(env: &Environment) -> Result<Option<Endpoint>> {
    if let Some(address) = env.get("DOCKER_HOST") {
        let kind = if address.contains("podman") { EndpointKind::Podman } else { EndpointKind::Docker };
        let tls = env.get("DOCKER_TLS_VERIFY").map(|_| {
            Tls::in_folder(env.get("DOCKER_CERT_PATH").map_or_else(|| env.docker_config(), PathBuf::from))
        });
        return endpoint(kind, address, "DOCKER_HOST").map(|e| Some(e.with_tls(tls)));
    }
    let (name, source) = match env.get("DOCKER_CONTEXT") {
        Some(name) => (name.to_owned(), format!("DOCKER_CONTEXT ({name})")),
        None => match context::current(env)? {
            Some(name) => (name.clone(), format!("the docker context \"{name}\"")),
            None => return Ok(None),
        },
    };
    if name == "default" {
        return Ok(None);
    }
    let found = context::load(env, &name)?;
    endpoint(EndpointKind::Docker, &found.address, &source).map(|e| Some(e.with_tls(found.tls)))
}

fn named_podman(env: &Environment) -> Result<Option<Endpoint>> {
    if let Some(address) = env.get("CONTAINER_HOST") {
        return endpoint(EndpointKind::Podman, address, "CONTAINER_HOST").map(Some);
    }
    match env.get("DOCKER_HOST") {
        Some(address) if address.contains("podman") => {
            endpoint(EndpointKind::Podman, address, "DOCKER_HOST").map(Some)
        }
        _ => Ok(None),
    }
}

fn endpoint(kind: EndpointKind, address: &str, source: &str) -> Result<Endpoint> {
    // docker takes a bare path or host:port too
    let address = if address.starts_with('/') {
        format!("unix://{address}")
    } else if address.contains("://") {
        address.to_owned()
    } else {
        format!("tcp://{address}")
    };
    let scheme = address.split("://").next().unwrap_or_default();
    if !matches!(scheme, "unix" | "tcp" | "http" | "https" | "ssh") {
        return Err(Error::user(
            "engine.bad_address",
            format!("{source} names {address}, and {scheme}:// is not a way to reach an engine from here"),
        )
        .hint("unix:///path/to/docker.sock, tcp://host:port, https://host:port and ssh://user@host are"));
    }
    Ok(Endpoint::new(kind, address, source))
}

fn docker_sockets(env: &Environment) -> Vec<Endpoint> {
    let data = env.get("XDG_DATA_HOME").map_or_else(|| env.home.join(".local/share"), PathBuf::from);
    let sockets = [
        (env.absolute("/var/run/docker.sock"), "docker's socket"),
        (runtime_folder(env).join("docker.sock"), "rootless docker's socket"),
        (env.home.join(".docker/run/docker.sock"), "docker desktop's socket"),
        (data.join("kind/engine/run/docker.sock"), "kind's private engine"),
    ];
    sockets.iter().map(|(path, source)| socket(EndpointKind::Docker, path, source)).collect()
}

fn podman_sockets(env: &Environment) -> Vec<Endpoint> {
    let sockets = [
        (runtime_folder(env).join("podman/podman.sock"), "podman's socket of this user"),
        (env.absolute("/run/podman/podman.sock"), "podman's socket"),
    ];
    sockets.iter().map(|(path, source)| socket(EndpointKind::Podman, path, source)).collect()
}

/// The podman program, where it can be a service: elsewhere than on Linux it only talks to one.
fn podman_program(env: &Environment) -> Option<Endpoint> {
    let address = program(env, "podman").filter(|_| cfg!(target_os = "linux"))?;
    Some(Endpoint::new(EndpointKind::Podman, address, "the podman program"))
}

/// nerdctl, or a program that takes its arguments.
fn nerdctl_program(env: &Environment, name: &str, source: &str) -> Option<Endpoint> {
    Some(Endpoint::new(EndpointKind::Nerdctl, program(env, name)?, source))
}

/// The address of a program in `PATH`.
fn program(env: &Environment, name: &str) -> Option<String> {
    let file = std::env::split_paths(env.get("PATH")?).map(|f| f.join(name)).find(|file| file.is_file())?;
    Some(format!("{PROGRAM}{}", file.display()))
}

fn runtime_folder(env: &Environment) -> PathBuf {
    env.get("XDG_RUNTIME_DIR").map_or_else(|| env.absolute(&format!("/run/user/{}", env.uid)), PathBuf::from)
}

fn socket(kind: EndpointKind, path: &Path, source: &str) -> Endpoint {
    Endpoint::new(kind, format!("unix://{}", path.display()), source)
}

/// The engine this process is to use. One round trip per place that exists, none for those that don't.
///
/// Errors: `engine.unreachable` with every place that was tried and why it was none.
pub async fn connect() -> Result<Arc<dyn Engine>> {
    connect_in(&Environment::of_process()).await
}

/// Connects to the engine at this address, whatever else there is.
pub async fn connect_to(address: &str) -> Result<Arc<dyn Engine>> {
    let mut env = Environment::of_process();
    env.variables.insert("DOCKER_HOST".to_owned(), address.to_owned());
    connect_in(&env).await
}

/// The same with everything it depends on given.
pub async fn connect_in(env: &Environment) -> Result<Arc<dyn Engine>> {
    let candidates = resolve(env)?;
    let mut tried = Vec::new();
    for endpoint in candidates.endpoints {
        let connected: Result<Arc<dyn Engine>> = if endpoint.kind == EndpointKind::Nerdctl {
            Nerdctl::connect(endpoint.clone(), env).await.map(|nerdctl| Arc::new(nerdctl) as _)
        } else {
            Docker::connect(endpoint.clone(), env).await.map(|docker| Arc::new(docker) as _)
        };
        match connected {
            Ok(engine) => return Ok(engine),
            Err(error) if candidates.explicit => return Err(error),
            Err(error) => tried.push((endpoint, error)),
        }
    }
    Err(nothing_answers(&tried))
}

fn nothing_answers(tried: &[(Endpoint, Error)]) -> Error {
    let mut message = String::from("no container engine answers; tried");
    for (endpoint, error) in tried {
        let why = error.causes().pop().unwrap_or_else(|| error.message().to_owned());
        // writing to a text cannot fail
        let _ = write!(message, "\n  {}, {}: {why}", endpoint.address, endpoint.source);
    }
    let mut error = Error::engine("engine.unreachable", message);
    if tried.iter().any(|(_, e)| e.code() == "engine.no_permission") {
        error =
            error.hint("a socket may not be used by this user: join its group (often `docker`), or use root");
    }
    error
        .hint("`kind engine start` starts a private engine on a Linux machine that has none")
        .hint("install Docker, Podman or nerdctl, or name an engine elsewhere in DOCKER_HOST")
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
