//! The connection to one cluster.

use super::errors::{convert, is_passing, silent};
use super::kinds::{self, Listed, Resource};
use crate::error::{Error, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::{Arc, RwLock};
use std::time::Duration;

/// How long `ready` waits for an answer: it is asked again and again.
const READY_LIMIT: Duration = Duration::from_secs(1);
/// How long one ordinary request may take.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// A client for one cluster. Cheap to clone; clones share connections and what was learned of the kinds.
#[derive(Clone)]
pub struct Client {
    inner: ::kube::Client,
    server: Arc<str>,
    namespace: Arc<str>,
    known: Arc<RwLock<Arc<Vec<Listed>>>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Client {
    /// A client for the current context of a kubeconfig. Nothing is sent yet, but it must be made inside of a
    /// tokio runtime. Fails with `kubernetes.kubeconfig`; what the kubeconfig holds is not in the error.
    pub async fn from_kubeconfig(text: &str) -> Result<Self> {
        let broken =
            |what: &str| Error::kubernetes("kubernetes.kubeconfig", format!("the kubeconfig {what}"));
        let parsed = ::kube::config::Kubeconfig::from_yaml(text).map_err(|_| broken("cannot be read"))?;
        let options = ::kube::config::KubeConfigOptions::default();
        let mut config = ::kube::Config::from_custom_kubeconfig(parsed, &options)
            .await
            .map_err(|e| broken("names no usable cluster and user").because(e))?;
        config.connect_timeout = Some(Duration::from_secs(5));
        // a proxy for the internet (`HTTPS_PROXY`) does not lead to a cluster on this machine
        config.proxy_url = None;
        // whoever asks again knows better when
        config.default_retry = false;
        let server = config.cluster_url.to_string().trim_end_matches('/').into();
        let namespace = config.default_namespace.clone().into();
        let inner = ::kube::Client::try_from(config)
            .map_err(|e| broken("has certificates or keys that cannot be used").because(e))?;
        let known = Arc::new(RwLock::new(Arc::new(kinds::well_known())));
        Ok(Self { inner, server, namespace, known })
    }

    /// `https://HOST:PORT` of the API server.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The namespace of the context.
    pub fn default_namespace(&self) -> &str {
        &self.namespace
    }

    /// Whether the API server says that it is ready. No answer is `false`, and so is a refusal: everybody may
    /// ask, as soon as the server has made its own roles. A certificate that is not trusted, on either side, is
    /// an error, for no waiting mends it.
    pub async fn ready(&self) -> Result<bool> {
        match tokio::time::timeout(READY_LIMIT, self.get_raw("/readyz")).await {
            Ok(Ok(_)) => Ok(true),
            Ok(Err(error)) if matches!(error.code(), "kubernetes.untrusted" | "kubernetes.unauthorized") => {
                Err(error)
            }
            Ok(Err(_)) | Err(_) => Ok(false),
        }
    }

    /// Waits until the API server is ready, asking every 50 ms. Fails with `kubernetes.time_limit`.
    pub async fn until_ready(&self, limit: Duration) -> Result<()> {
        let asking = async {
            while !self.ready().await? {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Ok(())
        };
        tokio::time::timeout(limit, asking).await.unwrap_or_else(|_| {
            Err(Error::kubernetes(
                "kubernetes.time_limit",
                format!("the API server at {} was not ready after {} s", self.server, limit.as_secs()),
            ))
        })
    }

    /// Waits until the API server answers requests at all, asking every 50 ms. It is not ready then: what it makes
    /// for itself at its first start (roles, namespaces) may be missing for a second. Fails with
    /// `kubernetes.time_limit`.
    pub async fn until_serving(&self, limit: Duration) -> Result<()> {
        let asking = async {
            loop {
                match tokio::time::timeout(READY_LIMIT, self.get_raw("/version")).await {
                    Ok(Ok(_)) => return Ok(()),
                    Ok(Err(error)) if error.code() == "kubernetes.untrusted" => return Err(error),
                    Ok(Err(_)) | Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
        };
        tokio::time::timeout(limit, asking).await.unwrap_or_else(|_| {
            Err(Error::kubernetes(
                "kubernetes.time_limit",
                format!("the API server at {} did not answer within {} s", self.server, limit.as_secs()),
            ))
        })
    }

    /// The text behind a path of the API, such as `/version`.
    pub async fn get_raw(&self, path: &str) -> Result<String> {
        let doing = format!("get {path}");
        let request = http::Request::get(path).body(Vec::new()).map_err(|e| {
            Error::kubernetes("kubernetes.invalid", format!("\"{path}\" is not a path of the API")).because(e)
        })?;
        self.text(&doing, request).await
    }

    /// The server's version, such as `v1.37.2`.
    pub async fn version(&self) -> Result<String> {
        let info = self.limited("get /version", self.inner.apiserver_version()).await?;
        Ok(info.git_version)
    }

    /// The kind that a user names, see [`Resource`]. The server is asked only about kinds that not every
    /// cluster has. Fails with `kubernetes.unknown_kind`.
    pub async fn kind(&self, name: &str) -> Result<Resource> {
        self.look_up(name, |listed| kinds::by_name(listed, name)).await
    }

    /// The kind of a manifest.
    pub(super) async fn kind_of(&self, api_version: &str, kind: &str) -> Result<Resource> {
        self.look_up(&format!("{api_version}/{kind}"), |listed| kinds::by_type(listed, api_version, kind))
            .await
    }

    async fn look_up(&self, name: &str, find: impl Fn(&[Listed]) -> Option<Resource>) -> Result<Resource> {
        if let Some(found) = find(&self.known()) {
            return Ok(found);
        }
        // not seen before, or made since
        let listed = self.discover().await?;
        if let Some(found) = find(&listed) {
            return Ok(found);
        }
        let plurals: Vec<&str> = listed.iter().map(|entry| entry.resource.plural.as_str()).collect();
        let message = format!("the server at {} has no kind \"{name}\"", self.server);
        let error = Error::kubernetes("kubernetes.unknown_kind", message);
        Err(match closest(name, &plurals) {
            Some(near) => error.hint(format!("did you mean {near}?")),
            None => error,
        })
    }

    fn known(&self) -> Arc<Vec<Listed>> {
        self.known.read().map_or_else(|poisoned| poisoned.into_inner().clone(), |known| known.clone())
    }

    /// Asks the server for all its kinds, and keeps them behind the well-known ones.
    async fn discover(&self) -> Result<Arc<Vec<Listed>>> {
        let mut all = kinds::well_known();
        for path in ["/api", "/apis"] {
            let doing = format!("get {path}");
            let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
            let request = http::Request::get(path)
                .header(http::header::ACCEPT, accept)
                .body(Vec::new())
                .map_err(|e| convert(&doing, &self.server, ::kube::Error::HttpError(e)))?;
            let document: Value = self.json(&doing, request).await?;
            all.extend(kinds::from_discovery(&document));
        }
        let all = Arc::new(all);
        match self.known.write() {
            Ok(mut known) => *known = all.clone(),
            Err(poisoned) => *poisoned.into_inner() = all.clone(),
        }
        Ok(all)
    }

    /// Unpacks a request that was put together.
    pub(super) fn built(
        &self,
        doing: &str,
        request: std::result::Result<http::Request<Vec<u8>>, ::kube::core::request::Error>,
    ) -> Result<http::Request<Vec<u8>>> {
        request.map_err(|e| convert(doing, &self.server, ::kube::Error::BuildRequest(e)))
    }

    /// Sends a request whose answer is JSON.
    pub(super) async fn json<T: DeserializeOwned>(
        &self,
        doing: &str,
        request: http::Request<Vec<u8>>,
    ) -> Result<T> {
        self.limited(doing, self.inner.request(request)).await
    }

    /// Sends a request whose answer is text.
    pub(super) async fn text(&self, doing: &str, request: http::Request<Vec<u8>>) -> Result<String> {
        self.limited(doing, self.inner.request_text(request)).await
    }

    /// The client underneath, for streams.
    pub(super) fn raw(&self) -> &::kube::Client {
        &self.inner
    }

    pub(super) async fn limited<T>(
        &self,
        doing: &str,
        request: impl Future<Output = std::result::Result<T, ::kube::Error>>,
    ) -> Result<T> {
        match tokio::time::timeout(REQUEST_LIMIT, request).await {
            Ok(answer) => answer.map_err(|e| convert(doing, &self.server, e)),
            Err(_) => Err(silent(doing, &self.server)),
        }
    }

    /// Calls again what fails for a passing reason, for at most `limit`.
    pub(super) async fn patiently<T, F: Future<Output = Result<T>>>(
        &self,
        limit: Duration,
        call: impl Fn() -> F,
    ) -> Result<T> {
        let end = tokio::time::Instant::now() + limit;
        loop {
            match call().await {
                Err(error) if is_passing(&error) && tokio::time::Instant::now() < end => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                answer => return answer,
            }
        }
    }
}

fn closest<'a>(name: &str, plurals: &[&'a str]) -> Option<&'a str> {
    let word = name.split('.').next().unwrap_or_default().to_lowercase();
    plurals
        .iter()
        .map(|plural| (strsim::damerau_levenshtein(plural, &word), *plural))
        .filter(|(distance, _)| *distance <= 2)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, plural)| plural)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KUBECONFIG: &str = "apiVersion: v1
kind: Config
current-context: kind-a
clusters: [{name: kind-a, cluster: {server: 'https://127.0.0.1:1', insecure-skip-tls-verify: true}}]
contexts: [{name: kind-a, context: {cluster: kind-a, user: kind-a}}]
users: [{name: kind-a, user: {token: s3cr3t}}]
";

    #[tokio::test]
    async fn a_server_that_does_not_answer() {
        let client = Client::from_kubeconfig(KUBECONFIG).await.unwrap();
        assert_eq!(client.server(), "https://127.0.0.1:1");
        assert!(!client.ready().await.unwrap());
        let error = client.version().await.unwrap_err();
        assert_eq!(error.code(), "kubernetes.unreachable");
        assert!(!format!("{error:?}").contains("s3cr3t"));
        let error = client.until_ready(Duration::from_millis(200)).await.unwrap_err();
        assert_eq!(error.code(), "kubernetes.time_limit");
    }

    #[tokio::test]
    async fn a_server_that_has_not_made_its_roles_yet_is_not_ready() {
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let (client, _) = super::super::testing::server(move |request| {
            assert_eq!(request, "GET /readyz");
            match asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
                0 => (403, r#"{"kind": "Status", "code": 403, "message": "forbidden"}"#.to_owned()),
                1 => (500, "[-]poststarthook/rbac/bootstrap-roles failed".to_owned()),
                2 => (200, "ok".to_owned()),
                _ => (401, r#"{"kind": "Status", "code": 401, "message": "who?"}"#.to_owned()),
            }
        })
        .await;
        assert!(!client.ready().await.unwrap());
        client.until_ready(Duration::from_secs(5)).await.unwrap();
        assert_eq!(client.ready().await.unwrap_err().code(), "kubernetes.unauthorized");
    }

    #[tokio::test]
    async fn a_kubeconfig_that_is_none() {
        for text in ["clusters: s3cr3t", "current-context: nope", ""] {
            let error = Client::from_kubeconfig(text).await.unwrap_err();
            assert_eq!(error.code(), "kubernetes.kubeconfig");
            assert!(!format!("{error:?}").contains("s3cr3t"));
        }
    }

    #[test]
    fn near_names_are_suggested() {
        assert_eq!(closest("podz", &["pods", "nodes"]), Some("pods"));
        assert_eq!(closest("widgets", &["pods", "nodes"]), None);
    }
}
