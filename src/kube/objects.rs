//! Objects one by one and in lists, and the logs of pods.

use super::client::Client;
use crate::error::Result;
use ::kube::core::params::{DeleteParams, GetParams, ListParams, Patch, PatchParams};
use ::kube::core::subresource::LogParams;
use serde_json::Value;

/// The name under which this program's changes are kept apart from others'.
pub(super) const FIELD_MANAGER: &str = "kind";

/// Which of a pod's logs are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// The container; may be left out for a pod of one.
    pub container: Option<String>,
    /// Whether of the container before this one, which ended.
    pub previous: bool,
    /// Only the last so many lines.
    pub tail: Option<u32>,
    /// Whether each line begins with its time.
    pub timestamps: bool,
}

impl Client {
    /// An object. Without a namespace it is looked for in the context's.
    pub async fn get(&self, kind: &str, namespace: Option<&str>, name: &str) -> Result<Value> {
        let resource = self.kind(kind).await?;
        let doing = format!("get {}/{name}", resource.plural);
        let request = resource.request(self.or_default(namespace)).get(name, &GetParams::default());
        self.json(&doing, self.built(&doing, request)?).await
    }

    /// The objects of a kind, in one namespace or in all, that `selector` (`app=web,tier!=db`) chooses, or all.
    pub async fn list(
        &self,
        kind: &str,
        namespace: Option<&str>,
        selector: Option<&str>,
    ) -> Result<Vec<Value>> {
        let resource = self.kind(kind).await?;
        let doing = format!("list {}", resource.plural);
        let params = ListParams { label_selector: selector.map(str::to_owned), ..ListParams::default() };
        let request = resource.request(namespace.unwrap_or_default()).list(&params);
        let mut answer: Value = self.json(&doing, self.built(&doing, request)?).await?;
        let Value::Array(mut items) = answer["items"].take() else { return Ok(Vec::new()) };
        // a list says once what its items are; each should be able to stand alone
        for item in &mut items {
            item["apiVersion"] = resource.api_version().into();
            item["kind"] = resource.kind.clone().into();
        }
        Ok(items)
    }

    /// Deletes an object, and in the background what belongs to it; tells whether it was there. Without a
    /// namespace it is looked for in the context's.
    pub async fn delete(&self, kind: &str, namespace: Option<&str>, name: &str) -> Result<bool> {
        self.delete_with(kind, namespace, name, &DeleteParams::background()).await
    }

    /// As `delete`, leaving a pod no time to end.
    pub async fn delete_now(&self, kind: &str, namespace: Option<&str>, name: &str) -> Result<bool> {
        self.delete_with(kind, namespace, name, &DeleteParams::background().grace_period(0)).await
    }

    async fn delete_with(
        &self,
        kind: &str,
        namespace: Option<&str>,
        name: &str,
        params: &DeleteParams,
    ) -> Result<bool> {
        let resource = self.kind(kind).await?;
        let doing = format!("delete {}/{name}", resource.plural);
        let request = resource.request(self.or_default(namespace)).delete(name, params);
        match self.json::<Value>(&doing, self.built(&doing, request)?).await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == "kubernetes.not_found" => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Merges `change` into an object (RFC 7386); returns the object as it is then.
    pub async fn patch(
        &self,
        kind: &str,
        namespace: Option<&str>,
        name: &str,
        change: &Value,
    ) -> Result<Value> {
        let resource = self.kind(kind).await?;
        let doing = format!("patch {}/{name}", resource.plural);
        let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        let request =
            resource.request(self.or_default(namespace)).patch(name, &params, &Patch::Merge(change));
        self.json(&doing, self.built(&doing, request)?).await
    }

    /// What a pod's container wrote so far.
    pub async fn logs(&self, namespace: Option<&str>, pod: &str, query: &LogQuery) -> Result<String> {
        let resource = self.kind("pods").await?;
        let doing = format!("logs of pods/{pod}");
        let params = LogParams {
            container: query.container.clone(),
            previous: query.previous,
            tail_lines: query.tail.map(i64::from),
            timestamps: query.timestamps,
            ..LogParams::default()
        };
        let request = resource.request(self.or_default(namespace)).logs(pod, &params);
        self.text(&doing, self.built(&doing, request)?).await
    }

    /// A namespace, or the context's.
    pub(super) fn or_default<'a>(&'a self, namespace: Option<&'a str>) -> &'a str {
        namespace.filter(|name| !name.is_empty()).unwrap_or_else(|| self.default_namespace())
    }
}
