//! From an endpoint to a connection: one round trip, which also tells the version and who answers.

use super::request::mend_request;
use super::service::Service;
use super::ssh::Tunnel;
use super::{Docker, errors, raw};
use crate::engine::endpoint::PROGRAM;
use crate::engine::resolve::Environment;
use crate::engine::{Endpoint, EndpointKind, Tls};
use crate::error::Result;
use bollard::errors::Error as Bollard;
use bollard::models::SystemVersion;
use bollard::{API_DEFAULT_VERSION, ClientVersion};
use std::path::Path;
use std::time::Duration;
use tokio_util::task::TaskTracker;

/// How long an engine may take for its first word.
const FIRST_WORD: Duration = Duration::from_secs(10);
/// The same over ssh, which has to log in.
const FIRST_WORD_SSH: Duration = Duration::from_secs(30);
/// How long an ordinary request may take. Creating a container from a large image on a busy disk is among them.
const ORDINARY: Duration = Duration::from_mins(15);
/// bollard's time limit also covers a streamed upload, so there must be none in practice.
const PATIENT: Duration = Duration::from_hours(7 * 24);

impl Docker {
    /// Connects to `endpoint`. `env` says where credentials for registries are.
    ///
    /// Errors: `engine.unreachable`, `engine.no_permission`.
    pub async fn connect(endpoint: Endpoint, env: &Environment) -> Result<Self> {
        if let Some(path) = endpoint.socket() {
            check_socket(path, &endpoint)?;
        }
        let (endpoint, service) = match endpoint.address.strip_prefix(PROGRAM) {
            None => (endpoint, None),
            Some(program) => {
                let started = Service::start(program).await;
                let service = started.map_err(|error| errors::no_connection(&endpoint, &error.into()))?;
                (service.endpoint(&endpoint), Some(service))
            }
        };
        let tunnel = if endpoint.address.starts_with("ssh://") {
            let opened = Tunnel::open(&endpoint.address).await;
            Some(opened.map_err(|error| errors::no_connection(&endpoint, &error.into()))?)
        } else {
            None
        };
        // where requests go; what people are told is the endpoint
        let dial = tunnel.as_ref().map_or_else(|| endpoint.clone(), |tunnel| tunnel.endpoint(&endpoint));
        let wait = if tunnel.is_some() { FIRST_WORD_SSH } else { FIRST_WORD };
        let greeting = greet(&dial, wait).await.map_err(|error| {
            // the connection just closes when ssh fails
            let told =
                tunnel.as_ref().and_then(Tunnel::complaint).map(|text| std::io::Error::other(text).into());
            errors::no_connection(&endpoint, &told.unwrap_or(error))
        })?;
        let theirs = parse_version(&greeting.api_version).filter(|theirs| *theirs < *API_DEFAULT_VERSION);
        let client = open(&dial, &theirs.unwrap_or(*API_DEFAULT_VERSION))?;
        Ok(Self {
            patient: client.clone().with_timeout(PATIENT),
            client: client.with_timeout(ORDINARY),
            endpoint: Endpoint { kind: greeting.kind, ..endpoint },
            dial,
            version: greeting.version,
            api_version: greeting.api_version,
            registry_config: env.docker_config(),
            leftovers: TaskTracker::new(),
            sessions: super::session::Sessions::new(env.get("KIND_EXEC_SHELL") != Some("0")),
            _tunnel: tunnel,
            _service: service,
        })
    }
}

/// A socket that isn't there is told without the noise of an HTTP client's error.
fn check_socket(path: &str, endpoint: &Endpoint) -> Result<()> {
    match std::path::Path::new(path).metadata() {
        Ok(_) => Ok(()),
        Err(error) => Err(errors::no_connection(endpoint, &error.into())),
    }
}

fn open(endpoint: &Endpoint, version: &ClientVersion) -> Result<bollard::Docker> {
    let seconds = ORDINARY.as_secs();
    let address = &endpoint.address;
    let client = match (address.split("://").next().unwrap_or_default(), &endpoint.tls) {
        ("unix", _) => bollard::Docker::connect_with_unix(address, seconds, version),
        ("https", None) | (_, Some(_)) => {
            let tls = endpoint.tls.clone().unwrap_or_else(|| Tls::in_folder("/nonexistent"));
            // without a CA of its own the engine's certificate is checked against the system's
            let ca = if tls.ca.exists() { tls.ca.as_path() } else { Path::new("/dev/null") };
            let address = with_port(address, 2376);
            bollard::Docker::connect_with_ssl(&address, &tls.key, &tls.cert, ca, seconds, version)
        }
        _ => bollard::Docker::connect_with_http(&with_port(address, 2375), seconds, version),
    };
    client
        .map(|client| client.with_request_modifier(mend_request))
        .map_err(|error| errors::no_connection(endpoint, &error))
}

/// `tcp://host` means docker's own port.
pub(super) fn with_port(address: &str, port: u16) -> String {
    let authority = address.split("://").nth(1).unwrap_or_default().trim_end_matches('/');
    let host_end = authority.rfind(']').map_or(0, |end| end + 1);
    let address = address.trim_end_matches('/');
    if authority[host_end..].contains(':') { address.to_owned() } else { format!("{address}:{port}") }
}

/// The engine's first words.
struct Greeting {
    kind: EndpointKind,
    version: String,
    api_version: String,
}

/// Asks who is there. A ping is answered at once and tells everything in its headers; Docker's answer to
/// the question for its version takes it ten times as long, so that is only asked where headers are out
/// of reach.
async fn greet(endpoint: &Endpoint, wait: Duration) -> Result<Greeting, Bollard> {
    if raw::is_plain(endpoint) {
        let answer = tokio::time::timeout(wait, raw::get(endpoint, "/_ping"));
        let answer = answer.await.map_err(|_| Bollard::RequestTimeoutError)??;
        return greeting_of(&answer).ok_or(Bollard::APIVersionParseError {});
    }
    let client =
        open(endpoint, API_DEFAULT_VERSION).map_err(|error| std::io::Error::other(error.to_string()))?;
    let told = client.with_timeout(wait).version().await?;
    Ok(Greeting {
        kind: kind_of(&told),
        version: told.version.unwrap_or_default(),
        api_version: told.api_version.unwrap_or_default(),
    })
}

/// `Server: Docker/26.1.5 (linux)`, `Server: Libpod/4.3.1 (linux)`
fn greeting_of(answer: &raw::Answer) -> Option<Greeting> {
    let api_version = answer.header("api-version").filter(|_| answer.status == 200)?;
    let server = answer.header("server").unwrap_or_default();
    let is_podman = answer.header("libpod-api-version").is_some() || server.starts_with("Libpod");
    let version = server.split(['/', ' ']).nth(1).unwrap_or_default();
    Some(Greeting {
        kind: if is_podman { EndpointKind::Podman } else { EndpointKind::Docker },
        version: version.into(),
        api_version: api_version.into(),
    })
}

fn parse_version(text: &str) -> Option<ClientVersion> {
    let (major, minor) = text.split_once('.')?;
    Some(ClientVersion { major_version: major.parse().ok()?, minor_version: minor.parse().ok()? })
}

fn kind_of(told: &SystemVersion) -> EndpointKind {
    let podman =
        told.components.iter().flatten().any(|part| part.name.to_ascii_lowercase().contains("podman"));
    if podman { EndpointKind::Podman } else { EndpointKind::Docker }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_without_a_port_gets_dockers() {
        assert_eq!(with_port("tcp://docker", 2375), "tcp://docker:2375");
        assert_eq!(with_port("tcp://docker:1/", 2375), "tcp://docker:1");
        assert_eq!(with_port("tcp://[fd00::1]", 2376), "tcp://[fd00::1]:2376");
        assert_eq!(with_port("tcp://[fd00::1]:7", 2376), "tcp://[fd00::1]:7");
    }

    #[test]
    fn podman_is_known_by_its_components() {
        let told: SystemVersion =
            serde_json::from_str(r#"{"Components":[{"Name":"Podman Engine","Version":"4.3.1"}]}"#).unwrap();
        assert_eq!(kind_of(&told), EndpointKind::Podman);
        assert_eq!(kind_of(&SystemVersion::default()), EndpointKind::Docker);
        assert!(parse_version("1.45").unwrap() < *API_DEFAULT_VERSION);
    }
}
