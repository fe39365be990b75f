//! From an endpoint to a connection: one round trip, which also tells the version and who answers.

use super::{Docker, errors, raw};
use crate::engine::resolve::Environment;
use crate::engine::{Endpoint, EndpointKind, Tls};
use crate::error::{Error, Result};
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
        let greeting = greet(&endpoint).await.map_err(|error| errors::no_connection(&endpoint, &error))?;
        let theirs = parse_version(&greeting.api_version).filter(|theirs| *theirs < *API_DEFAULT_VERSION);
        let client = match (greeting.client, theirs) {
            // over ssh another connection would log in once more
            (Some(client), None) => client,
            (Some(client), Some(_)) => {
                client.negotiate_version().await.map_err(|error| errors::no_connection(&endpoint, &error))?
            }
            (None, theirs) => open(&endpoint, &theirs.unwrap_or(*API_DEFAULT_VERSION))?,
        };
        Ok(Self {
            patient: client.clone().with_timeout(PATIENT),
            client: client.with_timeout(ORDINARY),
            endpoint: Endpoint { kind: greeting.kind, ..endpoint },
            version: greeting.version,
            api_version: greeting.api_version,
            registry_config: env.docker_config(),
            leftovers: TaskTracker::new(),
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
        ("ssh", _) => bollard::Docker::connect_with_ssh(address, seconds, version, None),
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

/// What bollard gets wrong: every upload carries a second content type, which strict servers refuse;
/// credentials are encoded with base64's standard alphabet where docker decodes the one for URLs; several
/// changes to an image are sent as one of many lines, of which Podman takes the first.
fn mend_request(mut request: bollard::BollardRequest) -> bollard::BollardRequest {
    if let Some(mended) = one_change_each(&request.uri().to_string())
        && let Ok(mended) = mended.parse()
    {
        *request.uri_mut() = mended;
    }
    let headers = request.headers_mut();
    if headers.get_all("content-type").iter().count() > 1
        && let Some(first) = headers.get("content-type").cloned()
    {
        headers.insert("content-type", first);
    }
    if let Some(auth) = headers.get_mut("x-registry-auth")
        && let Ok(text) = auth.to_str()
        && let Ok(mended) = text.replace('+', "-").replace('/', "_").parse()
    {
        *auth = mended;
        auth.set_sensitive(true);
    }
    request
}

/// The address of a request with a parameter of its own for each change; `None` when there is nothing to do.
fn one_change_each(address: &str) -> Option<String> {
    let start = address.find("&changes=").or_else(|| address.find("?changes="))? + 1;
    let end = address[start..].find('&').map_or(address.len(), |end| start + end);
    let changes = &address[start..end];
    changes
        .contains("%0A")
        .then(|| format!("{}{}{}", &address[..start], changes.replace("%0A", "&changes="), &address[end..]))
}

/// The engine's first words.
struct Greeting {
    kind: EndpointKind,
    version: String,
    api_version: String,
    /// The connection that was used, when it can be used again.
    client: Option<bollard::Docker>,
}

/// Asks who is there. A ping is answered at once and tells everything in its headers; Docker's answer to
/// the question for its version takes it ten times as long, so that is only asked where headers are out
/// of reach.
async fn greet(endpoint: &Endpoint) -> Result<Greeting, Bollard> {
    if raw::is_plain(endpoint) {
        let answer = tokio::time::timeout(FIRST_WORD, raw::get(endpoint, "/_ping"));
        let answer = answer.await.map_err(|_| Bollard::RequestTimeoutError)??;
        return greeting_of(&answer).ok_or(Bollard::APIVersionParseError {});
    }
    let wait = if endpoint.address.starts_with("ssh://") { FIRST_WORD_SSH } else { FIRST_WORD };
    let client =
        open(endpoint, API_DEFAULT_VERSION).map_err(|error| std::io::Error::other(error.to_string()))?;
    let told = client.clone().with_timeout(wait).version().await?;
    Ok(Greeting {
        client: Some(client),
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
        client: None,
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

/// A name as one segment of a request's path. What would lead to another path cannot be the name of anything.
pub(super) fn segment(name: &str) -> Result<String> {
    if name.is_empty() || name == "." || name == ".." || name.contains('/') {
        return Err(Error::engine("engine.not_found", format!("nothing can be named \"{name}\"")));
    }
    Ok(encode(name, b""))
}

/// An image reference as the middle of a request's path; its slashes stay.
pub(super) fn reference_path(reference: &str) -> Result<String> {
    if reference.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(Error::user(
            "engine.bad_reference",
            format!("\"{reference}\" is not an image reference"),
        ));
    }
    Ok(encode(reference, b"/"))
}

pub(super) fn encode(name: &str, also: &[u8]) -> String {
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.:@".contains(&byte) || also.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.extend(format!("{byte:02X}").chars());
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_place_in_the_path() {
        assert_eq!(segment("kind-worker").unwrap(), "kind-worker");
        assert_eq!(segment("b?x#y%").unwrap(), "b%3Fx%23y%25");
        assert!(segment("..").is_err() && segment("").is_err() && segment("a/../b").is_err());
        assert_eq!(
            reference_path("host:5000/kindest/node@sha256:ab").unwrap(),
            "host:5000/kindest/node@sha256:ab"
        );
        assert!(reference_path("a/../b").is_err() && reference_path("").is_err());
    }

    #[test]
    fn every_change_is_a_parameter() {
        assert_eq!(
            one_change_each("unix://6f/commit?repo=a&changes=ENV+a%3Db%0ACMD+c&pause=true").as_deref(),
            Some("unix://6f/commit?repo=a&changes=ENV+a%3Db&changes=CMD+c&pause=true")
        );
        assert_eq!(one_change_each("unix://6f/commit?changes=ENV+a%3Db"), None);
        assert_eq!(one_change_each("unix://6f/images/json"), None);
    }

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
