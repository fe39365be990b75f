//! Credentials for a registry, from the docker command line's configuration. Never logged, never part of
//! an error.

use bollard::auth::DockerCredentials;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// The name under which docker keeps what belongs to its own registry.
const HUB: &str = "https://index.docker.io/v1/";
/// A helper may ask a key chain; one that asks a person is not waited for.
const HELPER_LIMIT: Duration = Duration::from_secs(20);

#[derive(Deserialize, Default)]
#[serde(default)]
struct Config {
    auths: BTreeMap<String, Auth>,
    #[serde(rename = "credHelpers")]
    helpers: BTreeMap<String, String>,
    #[serde(rename = "credsStore")]
    store: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Auth {
    #[serde(rename = "auth")]
    encoded: String,
    username: String,
    password: String,
    identitytoken: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Helped {
    username: String,
    secret: String,
}

/// What the user is known by at the registry of `reference`; `None` pulls as nobody.
pub(super) async fn credentials(docker_config: &Path, reference: &str) -> Option<DockerCredentials> {
    let path = docker_config.join("config.json");
    let text = tokio::task::spawn_blocking(move || crate::host::fs::read(&path)).await.ok()?.ok()?;
    let config: Config = serde_json::from_slice(&text).ok()?;
    let registry = registry_of(reference);
    let helper = config.helpers.get(&registry).unwrap_or(&config.store);
    if !helper.is_empty()
        && let Some(found) = ask_helper(helper, &registry).await
    {
        return Some(found);
    }
    let (_, auth) = config.auths.iter().find(|(key, _)| bare(key) == bare(&registry))?;
    decode(auth, &registry)
}

/// The registry a reference names: its first part, when that looks like a host.
fn registry_of(reference: &str) -> String {
    match reference.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => match host {
            "docker.io" | "index.docker.io" => HUB.into(),
            host => host.into(),
        },
        _ => HUB.into(),
    }
}

/// Without scheme and path, which older versions wrote.
fn bare(registry: &str) -> &str {
    let host = registry.split_once("://").map_or(registry, |(_, rest)| rest);
    host.split('/').next().unwrap_or(host)
}

fn decode(auth: &Auth, registry: &str) -> Option<DockerCredentials> {
    let (username, password) =
        match base64_decode(&auth.encoded).and_then(|bytes| String::from_utf8(bytes).ok()) {
            Some(both) if !both.is_empty() => {
                let (user, password) = both.trim_end_matches('\0').split_once(':')?;
                (user.to_owned(), password.to_owned())
            }
            _ => (auth.username.clone(), auth.password.clone()),
        };
    let token = Some(auth.identitytoken.clone()).filter(|token| !token.is_empty());
    (!username.is_empty() || token.is_some()).then(|| DockerCredentials {
        username: Some(username),
        // docker sends no password along with a token
        password: token.is_none().then_some(password),
        identitytoken: token,
        serveraddress: Some(registry.to_owned()),
        ..Default::default()
    })
}

/// Asks `docker-credential-HELPER`, which reads a registry and writes JSON.
async fn ask_helper(helper: &str, registry: &str) -> Option<DockerCredentials> {
    if !helper.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) {
        return None;
    }
    let mut child = tokio::process::Command::new(format!("docker-credential-{helper}"))
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take()?;
    stdin.write_all(registry.as_bytes()).await.ok()?;
    drop(stdin);
    let done = tokio::time::timeout(HELPER_LIMIT, child.wait_with_output()).await.ok()?.ok()?;
    let found: Helped = serde_json::from_slice(&done.stdout).ok().filter(|_| done.status.success())?;
    let is_token = found.username == "<token>";
    Some(DockerCredentials {
        username: Some(found.username).filter(|_| !is_token),
        password: Some(found.secret.clone()).filter(|_| !is_token),
        identitytoken: Some(found.secret).filter(|_| is_token),
        serveraddress: Some(registry.to_owned()),
        ..Default::default()
    })
}

/// Base64 with the standard alphabet.
fn base64_decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut buffer, mut bits) = (0u32, 0);
    for character in text.trim().trim_end_matches('=').bytes() {
        let value = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        buffer = buffer << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(buffer >> bits & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "files of a test's own folder")]
mod tests {
    use super::*;

    fn config_folder(config: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.json"), config).unwrap();
        folder
    }

    #[tokio::test]
    async fn credentials_belong_to_one_registry() {
        let folder = config_folder(
            r#"{"auths": {"https://registry.example/v2/": {"auth": "bWU6c2UgY3JldDo/"}, "other.example": {}}}"#,
        );
        let found = credentials(folder.path(), "registry.example/a/b:1").await.unwrap();
        assert_eq!(found.username.as_deref(), Some("me"));
        assert_eq!(found.password.as_deref(), Some("se cret:?"));
        for reference in ["other.example/a", "kindest/node:v1", "third.example:5000/x"] {
            assert_eq!(credentials(folder.path(), reference).await, None, "{reference}");
        }
    }

    #[tokio::test]
    async fn without_or_with_a_broken_configuration_nobody_pulls() {
        assert_eq!(credentials(Path::new("/nonexistent"), "a").await, None);
        assert_eq!(credentials(config_folder("{").path(), "a").await, None);
        // a helper that is not installed
        let folder = config_folder(r#"{"credsStore": "no-such-helper-anywhere"}"#);
        assert_eq!(credentials(folder.path(), "a").await, None);
    }

    #[test]
    fn a_reference_without_a_host_is_docker_hubs() {
        assert_eq!(registry_of("kindest/node:v1"), HUB);
        assert_eq!(registry_of("docker.io/library/x"), HUB);
        assert_eq!(registry_of("localhost/x"), "localhost");
        assert_eq!(registry_of("host:5000/x"), "host:5000");
    }
}
