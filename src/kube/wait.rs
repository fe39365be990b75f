//! Waiting for objects by watching them.

use super::client::Client;
use super::condition::Condition;
use super::errors::{convert, is_passing};
use super::kinds::Resource;
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
    /// All objects that a label selector chooses (all of the kind when it is empty), and at least one.
    Selector(String),
    /// The same, and at least this many.
    AtLeast(usize, String),
}

/// Objects by namespace and name.
type Seen = BTreeMap<(String, String), Value>;

impl Client {
    /// Waits until `target` is in a state; returns the objects, none for [`Condition::Gone`]. Without a
    /// namespace one object is looked for in the context's, and a selection in all of them.
    ///
    /// The objects are watched: the answer comes as soon as the server knows. A server that goes away and
    /// comes back in between is waited for. Fails with `kubernetes.time_limit`, saying what is missing.
    pub async fn wait(
        &self,
        kind: &str,
        namespace: Option<&str>,
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
        namespace: Option<&str>,
        target: &Target,
        condition: &Condition,
        seen: &mut Seen,
        trouble: &mut Option<Error>,
    ) -> Result<Vec<Value>> {
        loop {
            let round = async {
                let resource = self.kind(kind).await?;
                let namespace = match target {
                    Target::Name(_) => self.or_default(namespace),
                    Target::Selector(_) | Target::AtLeast(..) => namespace.unwrap_or_default(),
                };
                self.watch_once(&resource, namespace, target, condition, seen).await
            };
            match round.await {
                Ok(Some(found)) => return Ok(found),
                // the watch ended, as it does now and then, or what it was based on is too old
                Ok(None) => *trouble = None,
                Err(error) if error.code() == "kubernetes.not_found" => *trouble = None,
                Err(error) if is_passing(&error) => *trouble = Some(error),
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
            Target::Selector(selector) | Target::AtLeast(_, selector) => {
                (None, Some(selector.clone()).filter(|selector| !selector.is_empty()))
            }
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
        Target::Name(_) | Target::Selector(_) => 1,
        Target::AtLeast(least, _) => *least,
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
        Target::Selector(selector) | Target::AtLeast(_, selector) if selector.is_empty() => kind.to_owned(),
        Target::Selector(selector) | Target::AtLeast(_, selector) => format!("{kind} with {selector}"),
    };
    let detail = match (target, lagging.as_slice()) {
        (Target::Name(_), []) if seen.is_empty() => ": it does not exist".to_owned(),
        (Target::Name(_), [only]) => only
            .split_once(" (")
            .map(|(_, why)| format!(": {}", why.trim_end_matches(')')))
            .unwrap_or_default(),
        (Target::Selector(_), []) => ": there are none".to_owned(),
        (Target::AtLeast(least, _), []) => format!(": there are {}, and {least} are expected", seen.len()),
        (_, several) => format!(": {}", several.join(", ")),
    };
    let seconds = limit.as_secs_f64();
    let message = format!("{whom} not {condition} after {seconds} s{detail}");
    let error = Error::kubernetes("kubernetes.time_limit", message);
    match trouble {
        Some(trouble) => error.because(trouble),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
        let target = Target::AtLeast(2, String::new());
        let ready = |nodes: &[Value]| reached(&target, &Condition::Ready, &seen(nodes)).is_some();
        assert!(!ready(&[node("a", "True")]));
        assert!(!ready(&[node("a", "True"), node("b", "False")]));
        assert!(ready(&[node("a", "True"), node("b", "True")]));
        assert!(reached(&target, &Condition::Gone, &Seen::new()).is_some());
    }

    #[test]
    fn a_late_one_is_named_with_its_reason() {
        let limit = Duration::from_secs(60);
        let nodes = seen(&[node("a", "True"), node("b", "False")]);
        let all = Target::AtLeast(3, String::new());
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
}
