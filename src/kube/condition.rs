//! What is waited for.

use crate::error::{Error, Result};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// A state that objects come to.
#[derive(Clone)]
pub enum Condition {
    /// The object is there.
    Exists,
    /// It is gone.
    Gone,
    /// A node or pod is ready; of anything else its condition `Ready` is true.
    Ready,
    /// A deployment, daemon set or stateful set has all its pods, of its present template, available.
    Available,
    /// A job, or whatever else has such a condition, is complete.
    Complete,
    /// The condition of this type is true.
    Status(String),
    /// Whatever this says of the object; the text completes "waiting for it to …".
    Where(String, Arc<dyn Fn(&Value) -> bool + Send + Sync>),
}

impl Condition {
    /// The condition that a user names: `Ready`, `Available`, `Complete`, `exists`, `gone` (or `deleted`), the
    /// type of any other condition, or `PATH=VALUE` for a field (`status.phase=Bound`). kubectl's `condition=`
    /// and `jsonpath=` may stand in front. Fails with `kubernetes.condition`.
    pub fn parse(text: &str) -> Result<Self> {
        let word = text.strip_prefix("condition=").unwrap_or(text).trim();
        let field = text.strip_prefix("jsonpath=").unwrap_or(word).split_once('=');
        if let Some((path, value)) = field {
            return Ok(field_is(path, value));
        }
        Ok(match word.to_lowercase().as_str() {
            "ready" => Self::Ready,
            "available" => Self::Available,
            "complete" => Self::Complete,
            "delete" | "deleted" | "gone" => Self::Gone,
            "create" | "created" | "exists" => Self::Exists,
            _ if !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "./-".contains(c)) => {
                Self::Status(word.to_owned())
            }
            _ => {
                return Err(Error::user("kubernetes.condition", format!("\"{text}\" is no condition to wait for"))
                    .hint("Ready, Available, Complete, exists, deleted, another condition's type, or a field such as status.phase=Bound"));
            }
        })
    }

    /// Whether an object that is there is in this state.
    pub fn holds(&self, object: &Value) -> bool {
        match self {
            Self::Exists => true,
            Self::Gone => false,
            Self::Ready => status(object, "Ready") == Some("True"),
            Self::Available => available(object),
            Self::Complete => status(object, "Complete") == Some("True"),
            Self::Status(kind) => status(object, kind) == Some("True"),
            Self::Where(_, predicate) => predicate(object),
        }
    }

    /// Why an object is not in this state, as far as it tells.
    pub(super) fn missing(&self, object: &Value) -> String {
        let kind = match self {
            Self::Ready => "Ready",
            Self::Available => "Available",
            Self::Complete => "Complete",
            Self::Status(kind) => kind,
            _ => return phase(object),
        };
        let told = conditions(object).find(|c| same(&c["type"], kind)).map(|c| {
            let text = |key: &str| c[key].as_str().unwrap_or_default().trim().to_owned();
            [text("reason"), text("message")]
                .into_iter()
                .filter(|t| !t.is_empty())
                .collect::<Vec<_>>()
                .join(": ")
        });
        match told.filter(|told| !told.is_empty()) {
            Some(told) => told,
            None => phase(object),
        }
    }
}

/// `{.status.phase}` or `status.phase` has this value. Numbers in a path count into lists.
fn field_is(path: &str, value: &str) -> Condition {
    let steps: Vec<String> = path
        .trim_matches(['{', '}', '\'', '"'])
        .split(['.', '[', ']'])
        .filter(|step| !step.is_empty())
        .map(str::to_owned)
        .collect();
    let wanted = value.trim_matches(['\'', '"']).to_owned();
    let holds = move |object: &Value| {
        let found = steps.iter().try_fold(object, |here, step| match here {
            Value::Array(items) => items.get(step.parse::<usize>().ok()?),
            other => other.get(step),
        });
        match found {
            Some(Value::String(text)) => *text == wanted,
            Some(other) => other.to_string() == wanted,
            None => false,
        }
    };
    Condition::Where(format!("{path}={value}"), Arc::new(holds))
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists => f.write_str("there"),
            Self::Gone => f.write_str("gone"),
            Self::Ready => f.write_str("Ready"),
            Self::Available => f.write_str("Available"),
            Self::Complete => f.write_str("Complete"),
            Self::Status(text) | Self::Where(text, _) => f.write_str(text),
        }
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Condition({self})")
    }
}

fn conditions(object: &Value) -> impl Iterator<Item = &Value> {
    object["status"]["conditions"].as_array().into_iter().flatten()
}

fn same(value: &Value, word: &str) -> bool {
    value.as_str().is_some_and(|text| text.eq_ignore_ascii_case(word))
}

fn status<'a>(object: &'a Value, kind: &str) -> Option<&'a str> {
    conditions(object).find(|c| same(&c["type"], kind)).and_then(|c| c["status"].as_str())
}

fn phase(object: &Value) -> String {
    let mut containers = object["status"]["containerStatuses"].as_array().into_iter().flatten();
    let waiting = containers.find_map(|c| c["state"]["waiting"]["reason"].as_str());
    waiting.or(object["status"]["phase"].as_str()).unwrap_or_default().to_owned()
}

/// Workloads tell by numbers; what a controller has not seen yet tells nothing.
fn available(object: &Value) -> bool {
    let status_of = &object["status"];
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let seen = number(&status_of["observedGeneration"]) >= number(&object["metadata"]["generation"]);
    let wanted = object["spec"]["replicas"].as_u64();
    match object["kind"].as_str() {
        Some("DaemonSet") => {
            let wanted = number(&status_of["desiredNumberScheduled"]);
            seen && number(&status_of["numberAvailable"]) >= wanted
                && number(&status_of["updatedNumberScheduled"]) >= wanted
        }
        Some("Deployment" | "StatefulSet" | "ReplicaSet") => {
            let wanted = wanted.unwrap_or(1);
            let updated = object["kind"] == "ReplicaSet" || number(&status_of["updatedReplicas"]) >= wanted;
            seen && updated && number(&status_of["availableReplicas"]) >= wanted
        }
        _ => status(object, "Available") == Some("True"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nodes_and_pods() {
        let node = |status: &str| {
            json!({"kind": "Node", "status": {"conditions": [
                {"type": "Ready", "status": status, "reason": "KubeletNotReady", "message": "no network"},
            ]}})
        };
        assert!(Condition::Ready.holds(&node("True")));
        assert!(!Condition::Ready.holds(&node("Unknown")));
        assert_eq!(Condition::Ready.missing(&node("False")), "KubeletNotReady: no network");
        let pod = json!({"status": {"phase": "Pending", "containerStatuses": [
            {"state": {"waiting": {"reason": "ImagePullBackOff"}}},
        ]}});
        assert!(!Condition::Ready.holds(&pod));
        assert_eq!(Condition::Ready.missing(&pod), "ImagePullBackOff");
    }

    #[test]
    fn workloads_are_available_when_their_controller_has_seen_the_change() {
        let deployment = |observed: u64, available: u64| {
            json!({"kind": "Deployment", "metadata": {"generation": 2}, "spec": {"replicas": 3},
                "status": {"observedGeneration": observed, "updatedReplicas": 3, "availableReplicas": available}})
        };
        assert!(Condition::Available.holds(&deployment(2, 3)));
        assert!(!Condition::Available.holds(&deployment(1, 3)));
        assert!(!Condition::Available.holds(&deployment(2, 2)));
        let set = json!({"kind": "DaemonSet", "metadata": {"generation": 1},
            "status": {"observedGeneration": 1, "desiredNumberScheduled": 2, "numberAvailable": 2, "updatedNumberScheduled": 2}});
        assert!(Condition::Available.holds(&set));
        assert!(!Condition::Available.holds(&json!({"kind": "DaemonSet", "metadata": {"generation": 1}})));
    }

    #[test]
    fn words() {
        let parse = |text: &str| Condition::parse(text).unwrap();
        assert!(matches!(parse("condition=Ready"), Condition::Ready));
        assert!(matches!(parse("delete"), Condition::Gone));
        assert!(matches!(parse("Established"), Condition::Status(kind) if kind == "Established"));
        let claim = json!({"status": {"phase": "Bound", "list": [{"n": 3}]}});
        assert!(parse("status.phase=Bound").holds(&claim));
        assert!(!parse("status.phase=Pending").holds(&claim));
        assert!(parse("jsonpath='{.status.list[0].n}'=3").holds(&claim));
        assert_eq!(Condition::parse("what now").unwrap_err().code(), "kubernetes.condition");
    }
}
