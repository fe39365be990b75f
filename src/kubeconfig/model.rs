//! What a kubeconfig holds, as far as kind cares; the rest is carried along.

use crate::config::ClusterName;
use crate::error::{Error, Result};
use crate::yaml;
use serde_json::{Map, Value, json};
use std::fmt;

/// The lists of named entries.
const LISTS: [&str; 3] = ["clusters", "contexts", "users"];
const CURRENT: &str = "current-context";

/// A kubeconfig. Its content does not show in debug output, since it holds keys.
#[derive(Clone, Default, PartialEq)]
pub struct Kubeconfig(Map<String, Value>);

impl fmt::Debug for Kubeconfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kubeconfig").field("contexts", &self.contexts()).finish_non_exhaustive()
    }
}

impl Kubeconfig {
    /// Reads a file's text; `origin` names it in errors. An empty text is an empty kubeconfig. Fails with
    /// `kubeconfig.malformed`.
    pub fn parse(text: &str, origin: &str) -> Result<Self> {
        let malformed = |message: String| Error::user("kubeconfig.malformed", message);
        let value = yaml::parse(text, origin).map_err(|e| {
            let place = e.context().place.clone().unwrap_or_else(|| origin.to_owned());
            malformed(format!("{} is not a valid kubeconfig", e.message())).at(place)
        })?;
        let fields = match value {
            Value::Null => Map::new(),
            Value::Object(fields) => fields,
            _ => return Err(malformed(format!("{origin} is not a kubeconfig: expected a map"))),
        };
        for list in LISTS {
            let named = |item: &Value| item.get("name").is_some_and(Value::is_string);
            let sound = match fields.get(list) {
                None | Some(Value::Null) => true,
                Some(Value::Array(items)) => items.iter().all(named),
                Some(_) => false,
            };
            if !sound {
                return Err(malformed(format!(
                    "{origin} is not a kubeconfig: {list} must be a list of entries with names"
                )));
            }
        }
        Ok(Self(fields))
    }

    /// As kubectl writes it: keys in order of the alphabet. Nothing at all when it is empty.
    pub fn to_yaml(&self) -> Result<String> {
        if self.0.is_empty() {
            return Ok(String::new());
        }
        yaml::render(&sorted(&Value::Object(self.0.clone())))
    }

    /// Names of its contexts.
    pub fn contexts(&self) -> Vec<&str> {
        self.entries("contexts").iter().filter_map(|entry| entry["name"].as_str()).collect()
    }

    /// Its current context, when one is set.
    pub fn current_context(&self) -> Option<&str> {
        self.0.get(CURRENT).and_then(Value::as_str).filter(|name| !name.is_empty())
    }

    /// The server of a context's cluster.
    pub fn server(&self, context: &str) -> Option<&str> {
        let cluster = entry(self.entries("contexts"), context)?["context"]["cluster"].as_str()?;
        entry(self.entries("clusters"), cluster)?["cluster"]["server"].as_str()
    }

    fn entries(&self, list: &str) -> &[Value] {
        self.0.get(list).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// Puts the entries of `new` in, each in place of one of its name, and makes its current context the
    /// current one. Other fields are taken over only where this one says nothing.
    pub(super) fn insert(&mut self, new: &Self) {
        for list in LISTS {
            let mut entries = self.entries(list).to_vec();
            for item in new.entries(list) {
                match entries.iter_mut().find(|old| old["name"] == item["name"]) {
                    Some(old) => old.clone_from(item),
                    None => entries.push(item.clone()),
                }
            }
            if !entries.is_empty() {
                self.0.insert(list.to_owned(), Value::Array(entries));
            }
        }
        if let Some(current) = new.current_context() {
            self.0.insert(CURRENT.to_owned(), json!(current));
        }
        // some clients insist on apiVersion and kind, which kubectl does without (upstream's issue 1242)
        for (key, value) in &new.0 {
            if !LISTS.contains(&key.as_str()) && !self.0.contains_key(key) {
                self.0.insert(key.clone(), value.clone());
            }
        }
    }

    /// Takes out cluster, user and context of this name, and the current context when it is this one; tells
    /// whether anything changed.
    pub(super) fn take_out(&mut self, name: &str) -> bool {
        let mut changed = false;
        for list in LISTS {
            let Some(Value::Array(entries)) = self.0.get_mut(list) else { continue };
            let before = entries.len();
            entries.retain(|entry| entry["name"] != name);
            changed |= entries.len() != before;
            if entries.is_empty() && before > 0 {
                self.0.shift_remove(list);
            }
        }
        if self.current_context() == Some(name) {
            self.0.shift_remove(CURRENT);
            changed = true;
        }
        changed
    }
}

fn entry<'a>(entries: &'a [Value], name: &str) -> Option<&'a Value> {
    entries.iter().find(|entry| entry["name"] == name)
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut keys: Vec<&String> = fields.keys().collect();
            keys.sort();
            Value::Object(keys.into_iter().map(|key| (key.clone(), sorted(&fields[key]))).collect())
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

/// The kubeconfig for use outside of the nodes, from `admin.conf` as kubeadm wrote it: its one cluster, user
/// and context named `kind-NAME`, and `server` (`https://HOST:PORT`) in place of the cluster's own, if given.
///
/// Fails with `kubeconfig.malformed` when there is not exactly one of each.
pub fn render(admin_conf: &str, cluster: &ClusterName, server: Option<&str>) -> Result<Kubeconfig> {
    let mut config = Kubeconfig::parse(admin_conf, "admin.conf")?;
    let name = cluster.context();
    for (list, what) in [("clusters", "cluster"), ("users", "user"), ("contexts", "context")] {
        let Some(Value::Array(entries)) = config.0.get_mut(list) else {
            return Err(not_one(what, 0));
        };
        let [entry] = entries.as_mut_slice() else { return Err(not_one(what, entries.len())) };
        entry["name"] = json!(name);
        if what == "context" {
            entry["context"]["cluster"] = json!(name);
            entry["context"]["user"] = json!(name);
        }
        if let (Some(server), "cluster") = (server, what) {
            entry["cluster"]["server"] = json!(server);
        }
    }
    config.0.insert(CURRENT.to_owned(), json!(name));
    Ok(config)
}

fn not_one(what: &str, count: usize) -> Error {
    Error::kubernetes(
        "kubeconfig.malformed",
        format!("admin.conf of kubeadm should have one {what}, but has {count}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(in crate::kubeconfig) const ADMIN: &str = "apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: Q0E=
    server: https://demo-control-plane:6443
  name: demo
contexts:
- context:
    cluster: demo
    user: kubernetes-admin
  name: kubernetes-admin@demo
current-context: kubernetes-admin@demo
kind: Config
preferences: {}
users:
- name: kubernetes-admin
  user:
    client-certificate-data: Q1JU
    client-key-data: S0VZ
";

    fn demo() -> Kubeconfig {
        render(ADMIN, &ClusterName::parse("demo").unwrap(), Some("https://127.0.0.1:4711")).unwrap()
    }

    #[test]
    fn names_and_server_are_rewritten() {
        insta::assert_snapshot!(demo().to_yaml().unwrap());
        assert_eq!(demo().server("kind-demo"), Some("https://127.0.0.1:4711"));
        let inside = render(ADMIN, &ClusterName::parse("demo").unwrap(), None).unwrap();
        assert_eq!(inside.server("kind-demo"), Some("https://demo-control-plane:6443"));
    }

    #[test]
    fn entries_come_and_go_and_the_rest_stays() {
        let text = "apiVersion: v1
kind: Config
extensions: [{name: theirs}]
current-context: other
clusters: [{name: other, cluster: {server: s, proxy-url: p}}, {name: kind-demo, cluster: {server: old}}]
users: [{name: other, user: {exec: {command: c}}}]
contexts: null
";
        let mut config = Kubeconfig::parse(text, "f").unwrap();
        config.insert(&demo());
        assert_eq!(config.current_context(), Some("kind-demo"));
        assert_eq!(config.entries("clusters").len(), 2);
        assert_eq!(config.entries("clusters")[0]["cluster"]["proxy-url"], "p");
        assert_eq!(config.server("kind-demo"), Some("https://127.0.0.1:4711"));
        assert!(config.take_out("kind-demo"));
        assert!(!config.take_out("kind-demo"));
        assert_eq!(config.current_context(), None);
        assert_eq!(config.entries("users")[0]["user"]["exec"]["command"], "c");
        assert_eq!(config.0["extensions"][0]["name"], "theirs");
        assert!(!config.0.contains_key("contexts"));
    }

    #[test]
    fn what_is_no_kubeconfig_is_told_without_its_content() {
        for text in [
            "users:\n- name: a\n  user: {token: s3cr3t\n",
            "- s3cr3t",
            "users: {a: s3cr3t}",
            "users: [s3cr3t]",
        ] {
            let error = Kubeconfig::parse(text, "/home/me/.kube/config").unwrap_err();
            assert_eq!(error.code(), "kubeconfig.malformed");
            assert!(error.message().contains("/home/me/.kube/config"), "{error:?}");
            assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");
        }
        assert!(!format!("{:?}", demo()).contains("S0VZ"));
    }

    #[test]
    fn an_empty_one_is_an_empty_text() {
        let empty = Kubeconfig::parse("", "f").unwrap();
        assert_eq!(empty.to_yaml().unwrap(), "");
    }
}
