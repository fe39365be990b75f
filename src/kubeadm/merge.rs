//! Merging a patch into a kubeadm document: RFC 7386, except where a list is really a map or a set.
//!
//! `extraArgs` and `kubeletExtraArgs` are maps in v1beta3 and lists of name and value since v1beta4, where plain
//! RFC 7386 would replace them whole and lose what kind needs: there they are merged by name. A patch
//! may write either form for both. `certSANs` is a set: entries are added.

use super::node_config::ApiVersion;
use serde_json::{Map, Value, json};

/// Merges `patch` into `target`, which is of the version `api`.
pub(super) fn merge(target: &mut Value, patch: &Value, api: ApiVersion) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Value::Object(fields) = target else { return };
    for (key, change) in changes {
        match (key.as_str(), change) {
            (_, Value::Null) => {
                fields.shift_remove(key);
            }
            ("extraArgs" | "kubeletExtraArgs", change) => match api {
                ApiVersion::V1Beta4 => merge_arguments(fields, key, change),
                ApiVersion::V1Beta3 => merge_map_of_arguments(fields, key, change),
            },
            ("certSANs", Value::Array(names)) => merge_set(fields, key, names),
            _ => merge(fields.entry(key.clone()).or_insert(Value::Null), change, api),
        }
    }
}

/// The older form: a map already, to which a list is turned.
fn merge_map_of_arguments(fields: &mut Map<String, Value>, key: &str, change: &Value) {
    let as_map = match change {
        Value::Array(list) => list
            .iter()
            .filter_map(|item| {
                let name = item.get("name")?.as_str()?.to_owned();
                Some((name, item.get("value").cloned().unwrap_or_default()))
            })
            .collect(),
        other => other.clone(),
    };
    let target = fields.entry(key.to_owned()).or_insert(Value::Null);
    json_patch::merge(target, &as_map);
}

fn merge_arguments(fields: &mut Map<String, Value>, key: &str, change: &Value) {
    let changes: Vec<(&str, &Value)> = match change {
        Value::Array(list) => list
            .iter()
            .filter_map(|item| Some((item.get("name")?.as_str()?, item.get("value").unwrap_or(&Value::Null))))
            .collect(),
        Value::Object(map) => map.iter().map(|(name, value)| (name.as_str(), value)).collect(),
        // of no form: left for kubeadm to refuse
        other => {
            fields.insert(key.to_owned(), other.clone());
            return;
        }
    };
    let arguments = fields.entry(key.to_owned()).or_insert_with(|| json!([]));
    let Value::Array(arguments) = arguments else { return };
    for (name, value) in changes {
        let place = arguments.iter().position(|argument| argument["name"] == name);
        match (place, value) {
            (Some(index), Value::Null) => {
                arguments.remove(index);
            }
            (Some(index), value) => arguments[index]["value"] = value.clone(),
            (None, Value::Null) => {}
            (None, value) => arguments.push(json!({"name": name, "value": value})),
        }
    }
}

fn merge_set(fields: &mut Map<String, Value>, key: &str, names: &[Value]) {
    let set = fields.entry(key.to_owned()).or_insert_with(|| json!([]));
    let Value::Array(set) = set else { return };
    for name in names {
        if !set.contains(name) {
            set.push(name.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn merged(mut target: Value, patch: &Value) -> Value {
        merge(&mut target, patch, ApiVersion::V1Beta4);
        target
    }

    #[test]
    fn arguments_of_v1beta3_are_a_map() {
        let before = json!({"apiServer": {"extraArgs": {"a": "1", "b": "2"}}});
        let expected = json!({"apiServer": {"extraArgs": {"b": "3", "c": "4"}}});
        let map = json!({"apiServer": {"extraArgs": {"b": "3", "c": "4", "a": null}}});
        let list = json!({"apiServer": {"extraArgs": [
            {"name": "b", "value": "3"}, {"name": "c", "value": "4"}, {"name": "a"},
        ]}});
        for patch in [&map, &list] {
            let mut target = before.clone();
            merge(&mut target, patch, ApiVersion::V1Beta3);
            assert_eq!(target, expected);
        }
    }

    #[test]
    fn maps_merge_lists_are_replaced_null_removes() {
        let target = json!({"a": {"b": 1, "c": 2}, "l": [1, 2], "x": 1});
        let patch = json!({"a": {"b": 9, "d": {"e": null, "f": 1}}, "l": [3], "x": null});
        assert_eq!(merged(target, &patch), json!({"a": {"b": 9, "c": 2, "d": {"f": 1}}, "l": [3]}));
    }

    #[test]
    fn arguments_merge_by_name() {
        let target =
            json!({"apiServer": {"extraArgs": [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]}});
        let patch = json!({"apiServer": {"extraArgs": [
            {"name": "b", "value": "3"}, {"name": "c", "value": "4"}, {"name": "a"},
        ]}});
        let expected =
            json!({"apiServer": {"extraArgs": [{"name": "b", "value": "3"}, {"name": "c", "value": "4"}]}});
        assert_eq!(merged(target.clone(), &patch), expected);
        let old = json!({"apiServer": {"extraArgs": {"b": "3", "c": "4", "a": null}}});
        assert_eq!(merged(target, &old), expected);
    }

    #[test]
    fn names_of_the_certificate_are_added() {
        let target = json!({"certSANs": ["localhost", "127.0.0.1"]});
        let patch = json!({"certSANs": ["localhost", "example.test"]});
        assert_eq!(merged(target, &patch), json!({"certSANs": ["localhost", "127.0.0.1", "example.test"]}));
    }

    /// Values of a few keys, so that a patch meets what it changes.
    fn any_value() -> impl Strategy<Value = Value> {
        let leaf =
            prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), (0..4).prop_map(Value::from)];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                proptest::collection::btree_map("[a-c]", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn everything_else_is_rfc_7386(target in any_value(), patch in any_value()) {
            let mut expected = target.clone();
            json_patch::merge(&mut expected, &patch);
            prop_assert_eq!(merged(target, &patch), expected);
        }
    }
}
