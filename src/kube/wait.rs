//! Waiting for objects by watching them.

use super::client::Client;
use super::condition::Condition;
use super::errors::{convert, is_passing};
use super::kinds::Resource;
use super::objects::some;
use crate::error::{Error, Result};
use ::kube::core::WatchEvent;
use ::kube::core::params::{ListParams, WatchParams};
use futures_util::{TryStreamExt, pin_mut};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// Whom a wait is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One object.
    Name(String),
    /// All objects that a label selector chooses (all of the kind when it is empty), and at least this many.
    Selector(String, usize),
}

/// Objects by namespace and name.
type Seen = BTreeMap<(String, String), Value>;

impl Client {
    /// Waits until `target` is in a state; returns the objects, none for [`Condition::Gone`]. An empty
    /// namespace is the context's for one object, and means all of them for a selector.
    ///
    /// The objects are watched: the answer comes as soon as the server knows. A server that goes away and
    /// comes back in between is waited for. Fails with `kubernetes.time_limit`, saying what is missing.
    pub async fn wait(
        &self,
        kind: &str,
        namespace: &str,
        target: &Target,
        condition: &Condition,
        limit: Duration,
    ) -> Result<Vec<Value>> {
        let mut seen = Seen::new();
        let mut trouble = None;
        let waiting = self.watch_until(kind, namespace, target, condition, &mut seen, &mut trouble);
        match tokio::time::timeout(limit, waiting).await {
            Ok(answer) => answer,
            Err(_) => Err(too_late(kind, target, condition, limit, &seen, trouble)),
        }
    }

    async fn watch_until(
        &self,
        kind: &str,
        namespace: &str,
        target: &Target,
        condition: &Condition,
        seen: &mut Seen,
        trouble: &mut Option<Error>,
    ) -> Result<Vec<Value>> {
        let mut refused = false;
        loop {
            let round = async {
                let resource = self.kind(kind).await?;
                let namespace = match target {
                    Target::Name(_) => self.or_default(namespace),
                    Target::Selector(..) => namespace,
                };
                self.watch_once(&resource, namespace, target, condition, seen).await
            };
            match round.await {
                Ok(Some(found)) => return Ok(found),
                // the watch ended, as it does now and then, or what it was based on is too old
                Ok(None) => *trouble = None,
                Err(error) if error.code() == "kubernetes.not_found" => *trouble = None,
                Err(error) if is_passing(&error) => *trouble = Some(error),
                // a server that has just started refuses everybody, until it has read who may do what
                Err(error) if error.code() == "kubernetes.forbidden" && !refused => {
                    refused = self.ready().await?;
                    *trouble = Some(error);
                }
                Err(error) => return Err(error),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Lists, then watches from there; `None` when the watch ends first.
    async fn watch_once(
        &self,
        resource: &Resource,
        namespace: &str,
        target: &Target,
        condition: &Condition,
        seen: &mut Seen,
    ) -> Result<Option<Vec<Value>>> {
        let doing = format!("watch {}", resource.plural);
        let (fields, labels) = match target {
            Target::Name(name) => (Some(format!("metadata.name={name}")), None),
            Target::Selector(selector, _) => (None, some(selector)),
        };
        let builder = resource.request(namespace);
        let list = ListParams {
            field_selector: fields.clone(),
            label_selector: labels.clone(),
            ..ListParams::default()
        };
        let request = self.built(&doing, builder.list(&list))?;
        let mut answer: Value = self.json(&doing, request).await?;
        seen.clear();
        if let Value::Array(items) = answer["items"].take() {
            for mut item in items {
                item["kind"] = resource.kind.clone().into();
                item["apiVersion"] = resource.api_version().into();
                seen.insert(key(&item), item);
            }
        }
        if let Some(found) = reached(target, condition, seen) {
            return Ok(Some(found));
        }
        let version = answer["metadata"]["resourceVersion"].as_str().unwrap_or("0").to_owned();
        let watch = WatchParams { field_selector: fields, label_selector: labels, ..WatchParams::default() };
        let request = self.built(&doing, builder.watch(&watch, &version))?;
        let events = self.limited(&doing, self.raw().request_events::<Value>(request)).await?;
        pin_mut!(events);
        while let Some(event) = events.try_next().await.map_err(|e| convert(&doing, self.server(), e))? {
            match event {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                    seen.insert(key(&object), object);
                }
                WatchEvent::Deleted(object) => {
                    seen.remove(&key(&object));
                }
                WatchEvent::Bookmark(_) => continue,
                WatchEvent::Error(_) => return Ok(None),
            }
            if let Some(found) = reached(target, condition, seen) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

fn key(object: &Value) -> (String, String) {
    let text = |name: &str| object["metadata"][name].as_str().unwrap_or_default().to_owned();
    (text("namespace"), text("name"))
}

/// The objects, when they are all in the state.
fn reached(target: &Target, condition: &Condition, seen: &Seen) -> Option<Vec<Value>> {
    if matches!(condition, Condition::Gone) {
        return seen.is_empty().then(Vec::new);
    }
    let least = match target {
        Target::Name(_) => 1,
        Target::Selector(_, least) => *least,
    };
    (seen.len() >= least && seen.values().all(|object| condition.holds(object)))
        .then(|| seen.values().cloned().collect())
}

fn too_late(
    kind: &str,
    target: &Target,
    condition: &Condition,
    limit: Duration,
    seen: &Seen,
    trouble: Option<Error>,
) -> Error {
    let lagging: Vec<String> = seen
        .values()
        .filter(|object| !condition.holds(object))
        .map(|object| {
            let name = key(object).1;
            match condition.missing(object) {
                why if why.is_empty() => name,
                why => format!("{name} ({why})"),
            }
        })
        .collect();
    let whom = match target {
        Target::Name(name) => format!("{kind}/{name}"),
        Target::Selector(selector, _) if selector.is_empty() => kind.to_owned(),
        Target::Selector(selector, _) => format!("{kind} with {selector}"),
    };
    let detail = match (target, lagging.as_slice()) {
        (Target::Name(_), []) if seen.is_empty() => ": it does not exist".to_owned(),
        (Target::Name(_), [only]) => only
            .split_once(" (")
            .map(|(_, why)| format!(": {}", why.trim_end_matches(')')))
            .unwrap_or_default(),
        (Target::Selector(..), []) if seen.is_empty() => ": there are none".to_owned(),
        (Target::Selector(_, least), []) => format!(": there are {}, and {least} are expected", seen.len()),
        (_, several) => format!(": {}", several.join(", ")),
    };
    let seconds = limit.as_secs_f64();
    let message = format!("{whom} {} after {seconds} s{detail}", condition.failed());
    let error = Error::kubernetes("kubernetes.time_limit", message);
    match trouble {
        Some(trouble) => error.because(trouble),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::server;
    use super::*;
    use serde_json::json;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    fn node(name: &str, ready: &str) -> Value {
        json!({"kind": "Node", "metadata": {"name": name}, "status": {"conditions": [
            {"type": "Ready", "status": ready, "reason": "KubeletNotReady", "message": "no network"},
        ]}})
    }

    fn seen(nodes: &[Value]) -> Seen {
        nodes.iter().map(|n| (key(n), n.clone())).collect()
    }

    #[test]
    fn all_of_a_selection_and_enough_of_them() {
        let target = Target::Selector(String::new(), 2);
        let ready = |nodes: &[Value]| reached(&target, &Condition::Ready, &seen(nodes)).is_some();
        assert!(!ready(&[node("a", "True")]));
        assert!(!ready(&[node("a", "True"), node("b", "False")]));
        assert!(ready(&[node("a", "True"), node("b", "True")]));
        assert!(reached(&target, &Condition::Gone, &Seen::new()).is_some());
    }

    #[test]
    fn a_late_one_is_named_with_its_reason() {
        let limit = Duration::from_mins(1);
        let nodes = seen(&[node("a", "True"), node("b", "False")]);
        let all = Target::Selector(String::new(), 3);
        let error = too_late("nodes", &all, &Condition::Ready, limit, &nodes, None);
        assert_eq!(error.message(), "nodes not Ready after 60 s: b (KubeletNotReady: no network)");
        let one = Target::Name("b".to_owned());
        let error = too_late("node", &one, &Condition::Ready, limit, &seen(&[node("b", "False")]), None);
        assert_eq!(error.message(), "node/b not Ready after 60 s: KubeletNotReady: no network");
        let error = too_late("node", &one, &Condition::Ready, limit, &Seen::new(), None);
        assert_eq!(error.message(), "node/b not Ready after 60 s: it does not exist");
        let error = too_late("nodes", &all, &Condition::Ready, limit, &seen(&[node("a", "True")]), None);
        assert_eq!(error.message(), "nodes not Ready after 60 s: there are 1, and 3 are expected");
    }

    /// The line of a watch that says that `node` changed.
    fn changed(node: &Value) -> String {
        json!({"type": "MODIFIED", "object": node}).to_string() + "\n"
    }

    #[tokio::test]
    async fn what_changes_after_the_list_is_seen_by_the_watch() {
        let (client, seen) = server(|request| {
            let body = if request.contains("watch=true") {
                [changed(&node("a", "False")), changed(&node("a", "True"))].concat()
            } else {
                json!({"metadata": {"resourceVersion": "7"}, "items": [node("a", "Unknown")]}).to_string()
            };
            (200, body)
        })
        .await;
        let name = Target::Name("a".to_owned());
        let found = client.wait("no", "", &name, &Condition::Ready, Duration::from_secs(5)).await.unwrap();
        assert_eq!(found[0]["kind"], "Node");
        let requests = seen.lock().unwrap();
        assert_eq!(requests.len(), 2);
        assert!(requests[1].contains("resourceVersion=7") && requests[1].contains("metadata.name%3Da"));
    }

    #[tokio::test]
    async fn a_watch_that_ends_or_is_too_old_begins_again_with_a_list() {
        let rounds = AtomicUsize::new(0);
        let (client, _) = server(move |request| {
            if request.contains("watch=true") {
                let gone =
                    json!({"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired"}});
                return (200, if rounds.load(Relaxed) == 1 { gone.to_string() } else { String::new() });
            }
            match rounds.fetch_add(1, Relaxed) {
                0 | 1 => (200, json!({"items": [node("a", "False")]}).to_string()),
                2 => (503, json!({"kind": "Status", "code": 503, "message": "starting"}).to_string()),
                _ => (200, json!({"items": [node("a", "True")]}).to_string()),
            }
        })
        .await;
        let all = Target::Selector(String::new(), 1);
        let found = client.wait("nodes", "", &all, &Condition::Ready, Duration::from_secs(5)).await.unwrap();
        assert_eq!(found.len(), 1);
    }

    #[tokio::test]
    async fn a_server_that_does_not_know_its_roles_yet_is_waited_for() {
        let rounds = AtomicUsize::new(0);
        let (client, _) = server(move |request| {
            let round = rounds.load(Relaxed);
            if request == "GET /readyz" {
                return if round < 3 { (500, "starting".to_owned()) } else { (200, "ok".to_owned()) };
            }
            match rounds.fetch_add(1, Relaxed) {
                0..3 => (403, json!({"kind": "Status", "code": 403, "message": "no"}).to_string()),
                _ => (200, json!({"items": [node("a", "True")]}).to_string()),
            }
        })
        .await;
        let all = Target::Selector(String::new(), 1);
        let found = client.wait("nodes", "", &all, &Condition::Ready, Duration::from_secs(5)).await.unwrap();
        assert_eq!(found.len(), 1);
    }

    #[tokio::test]
    async fn what_no_waiting_mends_ends_the_wait() {
        let no = || (403, json!({"kind": "Status", "code": 403, "message": "no"}).to_string());
        let (client, _) =
            server(move |request| if request == "GET /readyz" { (200, "ok".to_owned()) } else { no() }).await;
        let all = Target::Selector(String::new(), 1);
        let error =
            client.wait("nodes", "", &all, &Condition::Ready, Duration::from_secs(5)).await.unwrap_err();
        assert_eq!(error.code(), "kubernetes.forbidden");
        let silent = Duration::from_millis(300);
        let (client, _) = server(|_| (503, "starting".to_owned())).await;
        let error = client.wait("nodes", "", &all, &Condition::Ready, silent).await.unwrap_err();
        assert_eq!(error.code(), "kubernetes.time_limit");
        assert!(error.causes()[0].contains("starting"), "{error:?}");
    }
}
