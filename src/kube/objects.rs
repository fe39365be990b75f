//! Objects one by one and in lists, and the logs of pods.

use super::client::Client;
use crate::error::Result;
use ::kube::core::params::{DeleteParams, GetParams, ListParams, Patch, PatchParams};
use ::kube::core::subresource::LogParams;
use serde_json::Value;

/// The name under which this program's changes are kept apart from others'.
pub(super) const FIELD_MANAGER: &str = "kind";

/// Whether deleting comes back before what belongs to the object is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Deletion {
    /// At once; what belongs to it goes in the background.
    #[default]
    Background,
    /// Without leaving a pod time to end.
    Now,
}

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
    /// An object. An empty namespace is the context's.
    pub async fn get(&self, kind: &str, namespace: &str, name: &str) -> Result<Value> {
        let resource = self.kind(kind).await?;
        let doing = format!("get {}/{name}", resource.plural);
        let request = resource.request(self.or_default(namespace)).get(name, &GetParams::default());
        self.json(&doing, self.built(&doing, request)?).await
    }

    /// The objects of a kind that `selector` (`app=web,tier!=db`, or empty for all) chooses. An empty
    /// namespace means all of them.
    pub async fn list(&self, kind: &str, namespace: &str, selector: &str) -> Result<Vec<Value>> {
        let resource = self.kind(kind).await?;
        let doing = format!("list {}", resource.plural);
        let params = ListParams { label_selector: some(selector), ..ListParams::default() };
        let request = resource.request(namespace).list(&params);
        let mut answer: Value = self.json(&doing, self.built(&doing, request)?).await?;
        let Value::Array(mut items) = answer["items"].take() else { return Ok(Vec::new()) };
        // a list says once what its items are; each should be able to stand alone
        for item in &mut items {
            item["apiVersion"] = resource.api_version().into();
            item["kind"] = resource.kind.clone().into();
        }
        Ok(items)
    }

    /// Deletes an object; tells whether it was there. An empty namespace is the context's.
    pub async fn delete(&self, kind: &str, namespace: &str, name: &str, how: Deletion) -> Result<bool> {
        let resource = self.kind(kind).await?;
        let doing = format!("delete {}/{name}", resource.plural);
        let mut params = DeleteParams::background();
        if how == Deletion::Now {
            params = params.grace_period(0);
        }
        let request = resource.request(self.or_default(namespace)).delete(name, &params);
        match self.json::<Value>(&doing, self.built(&doing, request)?).await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == "kubernetes.not_found" => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Merges `change` into an object (RFC 7386); returns the object as it is then.
    pub async fn patch(&self, kind: &str, namespace: &str, name: &str, change: &Value) -> Result<Value> {
        let resource = self.kind(kind).await?;
        let doing = format!("patch {}/{name}", resource.plural);
        let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        let request =
            resource.request(self.or_default(namespace)).patch(name, &params, &Patch::Merge(change));
        self.json(&doing, self.built(&doing, request)?).await
    }

    /// What a pod's container wrote so far.
    pub async fn logs(&self, namespace: &str, pod: &str, query: &LogQuery) -> Result<String> {
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

    /// A namespace, or the context's when it is empty.
    pub(super) fn or_default<'a>(&'a self, namespace: &'a str) -> &'a str {
        if namespace.is_empty() { self.default_namespace() } else { namespace }
    }
}

/// A selector, unless it is empty.
pub(super) fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
