//! Manifests into a cluster, by server-side apply.
//!
//! What others need comes first (namespaces, and custom kinds until they are served), all else at once: the
//! controllers of a cluster wait for each other by themselves.

use super::client::Client;
use super::condition::Condition;
use super::kinds::Resource;
use super::objects::FIELD_MANAGER;
use super::wait::Target;
use crate::error::{Error, Result};
use crate::yaml;
use ::kube::core::params::{Patch, PatchParams};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde::Serialize;
use serde_json::Value;
use std::fmt;
use std::time::Duration;

/// Requests under way at a time.
const AT_ONCE: usize = 16;
/// How long a server that starts or is overloaded is asked again.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a new custom kind may take to be served.
const KIND_LIMIT: Duration = Duration::from_secs(30);

/// An object that was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// Such as `deployments.apps`.
    pub kind: String,
    /// Empty for objects outside of namespaces.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)
    }
}

/// An object of a manifest.
struct Object {
    api_version: String,
    kind: String,
    name: String,
    value: Value,
}

impl Client {
    /// Applies all documents of a YAML (or JSON) text; lists in it are taken apart. `origin` is the text's
    /// name in errors. Fields that others own are taken over. Returns what was applied, in the text's order.
    ///
    /// Fails with `kubernetes.manifest` for a document that is no object, before anything is sent.
    pub async fn apply(&self, manifests: &str, origin: &str) -> Result<Vec<Applied>> {
        self.apply_values(yaml::parse_all(manifests, origin)?, origin).await
    }

    /// Applies objects that are values already, as `apply` does.
    pub async fn apply_values(&self, values: Vec<Value>, origin: &str) -> Result<Vec<Applied>> {
        let objects = objects(values, origin)?;
        let early = |o: &Object| matches!(o.kind.as_str(), "Namespace" | "CustomResourceDefinition");
        let (first, second): (Vec<_>, Vec<_>) = objects.into_iter().enumerate().partition(|(_, o)| early(o));
        let new_kinds: Vec<String> = first
            .iter()
            .filter(|(_, o)| o.kind == "CustomResourceDefinition")
            .map(|(_, o)| o.name.clone())
            .collect();
        let mut done = self.apply_all(first).await?;
        for name in new_kinds {
            let served = Condition::Status("Established".to_owned());
            self.wait("crd", "", &Target::Name(name), &served, KIND_LIMIT).await?;
        }
        done.extend(self.apply_all(second).await?);
        done.sort_by_key(|(place, _)| *place);
        Ok(done.into_iter().map(|(_, applied)| applied).collect())
    }

    async fn apply_all(&self, objects: Vec<(usize, Object)>) -> Result<Vec<(usize, Applied)>> {
        stream::iter(objects)
            .map(|(place, object)| async move { Ok((place, self.apply_one(&object).await?)) })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    async fn apply_one(&self, object: &Object) -> Result<Applied> {
        let resource = self.patiently(PATIENCE, || self.kind_of(&object.api_version, &object.kind)).await?;
        let namespace = self.namespace_of(&resource, object);
        let doing = format!("apply {}/{}", resource.plural, object.name);
        let params = PatchParams::apply(FIELD_MANAGER).force();
        let mut value = object.value.clone();
        if resource.namespaced {
            value["metadata"]["namespace"] = namespace.clone().into();
        }
        self.patiently(PATIENCE, || async {
            let request = resource.request(&namespace).patch(&object.name, &params, &Patch::Apply(&value));
            self.json::<Value>(&doing, self.built(&doing, request)?).await
        })
        .await?;
        Ok(Applied { kind: resource.full_name(), namespace, name: object.name.clone() })
    }

    fn namespace_of(&self, resource: &Resource, object: &Object) -> String {
        if !resource.namespaced {
            return String::new();
        }
        let given = object.value["metadata"]["namespace"].as_str().unwrap_or_default();
        self.or_default(given).to_owned()
    }
}

/// The objects in documents, lists taken apart.
fn objects(documents: Vec<Value>, origin: &str) -> Result<Vec<Object>> {
    let mut found = Vec::new();
    for (number, document) in documents.into_iter().enumerate() {
        let wrong = |what: &str| {
            Error::kubernetes("kubernetes.manifest", format!("{origin}: document {} {what}", number + 1))
        };
        let is_list = document["kind"].as_str().is_some_and(|kind| kind.ends_with("List"));
        let items = match document {
            Value::Object(mut fields) if is_list && fields.contains_key("items") => {
                match fields["items"].take() {
                    Value::Array(items) => items,
                    _ => return Err(wrong("is a list whose items are none")),
                }
            }
            other => vec![other],
        };
        for value in items {
            let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
            found.push(Object {
                api_version: text(&value["apiVersion"]).ok_or_else(|| wrong("has no apiVersion"))?,
                kind: text(&value["kind"]).ok_or_else(|| wrong("has no kind"))?,
                name: text(&value["metadata"]["name"]).ok_or_else(|| wrong("has no metadata.name"))?,
                value,
            });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::testing::server;
    use super::*;
    use serde_json::json;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    fn read(text: &str) -> Result<Vec<Object>> {
        objects(yaml::parse_all(text, "m.yaml").unwrap(), "m.yaml")
    }

    #[test]
    fn lists_are_taken_apart() {
        let text = "apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: a}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: c}}
";
        let names: Vec<String> = read(text).unwrap().into_iter().map(|o| o.name).collect();
        assert_eq!(names, ["a", "b", "c"]);
    }

    #[test]
    fn what_is_no_object_is_told() {
        for (text, lacks) in [
            ("a: 1", "apiVersion"),
            ("apiVersion: v1", "kind"),
            ("{apiVersion: v1, kind: Pod}", "metadata.name"),
            ("just text", "apiVersion"),
        ] {
            let error = read(text).err().unwrap();
            assert_eq!(error.code(), "kubernetes.manifest");
            assert_eq!(error.message(), format!("m.yaml: document 1 has no {lacks}"));
        }
    }

    #[tokio::test]
    async fn namespaces_and_new_kinds_come_first_and_a_busy_server_is_asked_again() {
        let busy = AtomicUsize::new(2);
        let (client, seen) = server(move |request| {
            let established = json!({"metadata": {"name": "widgets.example.com"},
                "status": {"conditions": [{"type": "Established", "status": "True"}]}});
            let kinds = json!({"items": [{"metadata": {"name": "example.com"}, "versions": [{"version": "v1",
                "resources": [{"resource": "widgets", "responseKind": {"kind": "Widget"}, "scope": "Namespaced"}]}]}]});
            if request.starts_with("PATCH") && busy.fetch_update(Relaxed, Relaxed, |n| n.checked_sub(1)).is_ok() {
                return (429, json!({"kind": "Status", "code": 429, "message": "later"}).to_string());
            }
            let body = match request {
                "GET /apis" => kinds,
                _ if request.starts_with("GET /apis/apiextensions") => json!({"items": [established]}),
                _ => json!({}),
            };
            (200, body.to_string())
        })
        .await;
        let text = "{apiVersion: example.com/v1, kind: Widget, metadata: {name: w, namespace: n}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: n}}
---
{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: widgets.example.com}}
";
        let done = client.apply(text, "m.yaml").await.unwrap();
        let names: Vec<String> = done.iter().map(ToString::to_string).collect();
        assert_eq!(
            names,
            [
                "widgets.example.com/w",
                "configmaps/c",
                "namespaces/n",
                "customresourcedefinitions.apiextensions.k8s.io/widgets.example.com",
            ]
        );
        let requests = seen.lock().unwrap();
        let place =
            |part: &str| requests.iter().rposition(|r| r.starts_with("PATCH") && r.contains(part)).unwrap();
        let widget = place("/apis/example.com/v1/namespaces/n/widgets/w?");
        assert!(
            place("/namespaces/n?") < widget
                && place("customresourcedefinitions/widgets.example.com?") < widget
        );
        assert!(requests[place("/configmaps/c?")].contains("/namespaces/default/"));
        assert!(requests[widget].contains("fieldManager=kind") && requests[widget].contains("force=true"));
    }
}
