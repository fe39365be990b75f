//! What is waited for.

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
    /// Whatever this says of the object; the text completes "it did not …".
    Where(String, Arc<dyn Fn(&Value) -> bool + Send + Sync>),
}

impl Condition {
    /// The condition that kubectl's users write: `Ready`, `Available`, `condition=Complete`, `delete`, `create`.
    pub fn parse(text: &str) -> Self {
        let word = text.strip_prefix("condition=").unwrap_or(text);
        match word.to_lowercase().as_str() {
            "ready" => Self::Ready,
            "available" => Self::Available,
            "complete" => Self::Complete,
            "delete" | "deleted" | "gone" => Self::Gone,
            "create" | "created" | "exists" => Self::Exists,
            _ => Self::Status(word.to_owned()),
        }
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

    /// That objects are not in this state, as the end of a sentence about them.
    pub(super) fn failed(&self) -> String {
        match self {
            Self::Where(text, _) => format!("did not {text}"),
            other => format!("not {other}"),
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
        assert!(matches!(Condition::parse("condition=Ready"), Condition::Ready));
        assert!(matches!(Condition::parse("delete"), Condition::Gone));
        assert!(matches!(Condition::parse("Established"), Condition::Status(kind) if kind == "Established"));
    }
}
