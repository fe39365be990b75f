//! What a run would do: the steps as they come, and in each what would be made, run and written, in order.
//!
//! A planned run works on the simulated engine; what does not go through an engine (the Kubernetes API, files and
//! programs of the host) is written down here by the natives instead of being done.

use super::scope;
use crate::engine::{Answer, ContainerSpec, Deed, Engine, Matcher, Simulated};
use crate::error::Result;
use crate::event::{Event, Level, Outcome, Sink, StepId};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

/// A step or an act of a plan.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Item {
    /// A step, with what happens in it.
    Step(PlannedStep),
    /// Something that would be done.
    Act(Act),
}

/// A step of a plan.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedStep {
    /// Its name.
    pub step: String,
    /// What people read.
    pub title: String,
    /// Nodes it works on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<String>,
    /// Why it would fail, as far as can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fails: Option<String>,
    /// What happens in it, in order.
    pub items: Vec<Item>,
}

/// Something that would be done.
#[derive(Debug, Clone, Serialize)]
pub struct Act {
    /// `container`, `network`, `volume`, `image`, `exec`, `files`, `signal`, `kubernetes`, `wait`, `host`, `print`,
    /// `message`.
    pub act: &'static str,
    /// The node or container it is done to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// One line for people.
    pub text: String,
    /// All that is known: the container's spec, the command's words, the files with their contents.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub detail: Value,
}

/// A plan being made.
#[derive(Default)]
pub struct Plan {
    /// Objects that were applied, by cluster, kind, namespace and name.
    objects: Mutex<HashMap<[String; 4], Value>>,
    items: Mutex<HashMap<Option<StepId>, Vec<Entry>>>,
    engine: Arc<Simulated>,
}

enum Entry {
    Step(StepId, PlannedStep),
    Act(Act),
}

impl Plan {
    /// A plan on an engine that has what `real` has: its images, networks and clusters. Without one it is empty.
    pub async fn like(real: Option<Arc<dyn Engine>>) -> Result<Arc<Self>> {
        let engine = match real {
            Some(real) => copy(real.as_ref()).await?,
            None => Simulated::new(),
        };
        let plan =
            Arc::new(Self { items: Mutex::default(), objects: Mutex::default(), engine: Arc::new(engine) });
        let listener = Arc::downgrade(&plan);
        plan.engine.observe(move |deed| {
            if let Some(plan) = listener.upgrade() {
                plan.add(act_of(deed));
            }
        });
        Ok(plan)
    }

    /// The engine that a planned run uses.
    pub fn engine(&self) -> Arc<Simulated> {
        self.engine.clone()
    }

    /// Answers commands with a word that contains `text`.
    pub fn answer(&self, text: &str, code: i64, stdout: &str, stderr: &str) {
        self.engine.answer(Matcher::mentions(text), Answer::new(code, stdout, stderr));
    }

    /// Remembers what was applied to a cluster.
    pub fn applied(&self, cluster: &str, objects: Vec<Value>) {
        let mut all = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        for object in objects {
            let text =
                |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            let key =
                object_key(cluster, &text("/kind"), &text("/metadata/namespace"), &text("/metadata/name"));
            all.insert(key, object);
        }
    }

    /// An object of a cluster as it would be: what was applied, in every good condition.
    pub fn object(&self, cluster: &str, kind: &str, namespace: &str, name: &str) -> Value {
        let all = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        let mut object = all.get(&object_key(cluster, kind, namespace, name)).cloned().unwrap_or_else(
            || json!({ "kind": kind, "metadata": { "name": name, "namespace": namespace }, "spec": {} }),
        );
        let good = ["Ready", "Available", "Complete"].map(|c| json!({ "type": c, "status": "True" }));
        let phase = match object_key("", kind, "", "")[1].as_str() {
            "pvc" | "persistentvolumeclaim" => "Bound",
            "namespace" | "ns" => "Active",
            _ => "Running",
        };
        let count = object.pointer("/spec/replicas").and_then(Value::as_u64).unwrap_or(1);
        object["status"] = json!({
            "phase": phase, "conditions": good, "replicas": count, "readyReplicas": count, "availableReplicas": count,
        });
        object
    }

    /// Writes an act down in the step that the calling thread is in.
    pub fn act(&self, act: &'static str, on: Option<&str>, text: impl Into<String>, detail: Value) {
        self.add(Act { act, on: on.map(str::to_owned), text: text.into(), detail });
    }

    fn add(&self, act: Act) {
        self.lock().entry(scope::current().step).or_default().push(Entry::Act(act));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Option<StepId>, Vec<Entry>>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The whole tree so far.
    pub fn items(&self) -> Vec<Item> {
        fn below(all: &HashMap<Option<StepId>, Vec<Entry>>, step: Option<StepId>) -> Vec<Item> {
            let made =
                all.get(&step).map(Vec::as_slice).unwrap_or_default().iter().map(|entry| match entry {
                    Entry::Act(act) => Item::Act(act.clone()),
                    Entry::Step(id, step) => {
                        Item::Step(PlannedStep { items: below(all, Some(*id)), ..step.clone() })
                    }
                });
            made.collect()
        }
        below(&self.lock(), None)
    }

    /// The tree for people; `detailed` adds what files, manifests and containers hold.
    pub fn text(&self, detailed: bool) -> String {
        let mut text = String::new();
        write_items(&mut text, &self.items(), 0, detailed);
        text
    }
}

fn write_items(text: &mut String, items: &[Item], depth: usize, detailed: bool) {
    let indent = "  ".repeat(depth);
    for item in items {
        match item {
            Item::Step(step) => {
                let of = if step.nodes.is_empty() {
                    String::new()
                } else {
                    format!(" [{}]", step.nodes.join(", "))
                };
                let title = if step.title == step.step { String::new() } else { format!(": {}", step.title) };
                let _ = writeln!(text, "{indent}{}{title}{of}", step.step);
                write_items(text, &step.items, depth + 1, detailed);
                if let Some(why) = &step.fails {
                    let _ = writeln!(text, "{indent}  fails: {why}");
                }
            }
            Item::Act(act) => {
                let on = act.on.as_ref().map(|on| format!("{on}: ")).unwrap_or_default();
                let mut lines = act.text.lines();
                let first = lines.next().unwrap_or_default();
                let more = if lines.next().is_some() { " …" } else { "" };
                let _ = writeln!(text, "{indent}- {on}{first}{more}");
                if detailed && !act.detail.is_null() {
                    let shown = crate::yaml::render(&act.detail).unwrap_or_default();
                    for line in shown.lines() {
                        let _ = writeln!(text, "{indent}    {line}");
                    }
                }
            }
        }
    }
}

impl Sink for Plan {
    fn event(&self, event: &Event) {
        match event {
            Event::StepStarted { id, parent, name, title, nodes } => {
                let step = PlannedStep {
                    step: name.clone(),
                    title: title.clone(),
                    nodes: nodes.clone(),
                    fails: None,
                    items: Vec::new(),
                };
                self.lock().entry(*parent).or_default().push(Entry::Step(*id, step));
            }
            Event::StepEnded { id, outcome: Outcome::Failed(why), .. } => {
                for entry in self.lock().values_mut().flatten() {
                    if let Entry::Step(known, step) = entry
                        && known == id
                    {
                        step.fails = Some(why.clone());
                    }
                }
            }
            Event::Message { level: Level::Warning, step, text, .. } => {
                let act =
                    Act { act: "message", on: None, text: format!("warns: {text}"), detail: Value::Null };
                self.lock().entry(*step).or_default().push(Entry::Act(act));
            }
            _ => {}
        }
    }
}

/// Kinds go by any of their names: `ConfigMap`, `configmap`, `configmaps`.
fn object_key(cluster: &str, kind: &str, namespace: &str, name: &str) -> [String; 4] {
    let namespace = if namespace.is_empty() { "default" } else { namespace };
    let kind = kind.to_lowercase();
    [cluster, kind.trim_end_matches('s'), namespace, name].map(str::to_owned)
}

/// An engine in memory that has what a real one has, as far as a plan can see it.
async fn copy(real: &dyn Engine) -> Result<Simulated> {
    let nodes = [crate::node::CLUSTER_LABEL.to_owned()];
    let (info, images, containers, networks) = tokio::try_join!(
        real.info(),
        real.list_images(),
        real.list_containers(&nodes),
        real.list_networks(),
    )?;
    let mut engine = Simulated::new().with_info(info);
    for reference in images.iter().flat_map(|image| &image.tags) {
        engine = engine.with_image(reference);
    }
    for network in networks {
        if !["bridge", "host", "none"].contains(&network.name.as_str()) {
            let spec = crate::engine::NetworkSpec {
                name: network.name,
                ipv6: network.ipv6,
                subnets: network.subnets,
                ..Default::default()
            };
            engine.create_network(&spec).await?;
        }
    }
    for container in containers {
        engine = engine.with_image(&container.image);
        let spec = ContainerSpec {
            name: container.name,
            image: container.image,
            labels: container.labels,
            env: container.env,
            ..Default::default()
        };
        engine.create_container(&spec).await?;
        engine.start_container(&spec.name).await?;
    }
    Ok(engine)
}

fn act_of(deed: &Deed) -> Act {
    let (act, on, detail) = match deed {
        Deed::CreateContainer(spec) => ("container", None, json!(spec)),
        Deed::StartContainer(name)
        | Deed::StopContainer { name, .. }
        | Deed::PauseContainer(name)
        | Deed::UnpauseContainer(name)
        | Deed::RemoveContainer(name) => ("container", Some(name), Value::Null),
        Deed::KillContainer { name, signal } => ("signal", Some(name), json!({ "signal": signal })),
        Deed::CreateNetwork(spec) => ("network", None, json!(spec)),
        Deed::RemoveNetwork(_) => ("network", None, Value::Null),
        Deed::CreateVolume(_) | Deed::RemoveVolume(_) => ("volume", None, Value::Null),
        Deed::Exec { container, spec, stdin } => {
            let mut detail = json!({ "command": spec.command });
            if !stdin.is_empty() {
                detail["stdin"] = String::from_utf8_lossy(stdin).into();
            }
            return Act {
                act: "exec",
                on: Some(container.clone()),
                text: format!(
                    "$ {}",
                    shlex::try_join(spec.command.iter().map(String::as_str)).unwrap_or_default()
                ),
                detail,
            };
        }
        Deed::Upload { container, files } => {
            let list = files.iter().map(|(path, file)| {
                json!({
                    "path": path, "mode": format!("{:o}", file.mode),
                    "content": String::from_utf8_lossy(&file.content),
                })
            });
            let names = files.iter().map(|(path, file)| format!("{path} ({} bytes)", file.content.len()));
            return Act {
                act: "files",
                on: Some(container.clone()),
                text: format!("write {}", names.collect::<Vec<_>>().join(", ")),
                detail: list.collect::<Vec<_>>().into(),
            };
        }
        Deed::PullImage { .. }
        | Deed::TagImage { .. }
        | Deed::PushImage(_)
        | Deed::SaveImages(_)
        | Deed::LoadImages(_)
        | Deed::ImportImage { .. }
        | Deed::RemoveImage(_) => ("image", None, Value::Null),
        Deed::CommitContainer { container, .. } => ("image", Some(container), Value::Null),
    };
    let text = match deed {
        // where it is done to stands before the text
        Deed::StartContainer(_) => "start".to_owned(),
        Deed::StopContainer { .. } => "stop".to_owned(),
        Deed::PauseContainer(_) => "freeze".to_owned(),
        Deed::UnpauseContainer(_) => "thaw".to_owned(),
        Deed::RemoveContainer(_) => "remove".to_owned(),
        Deed::KillContainer { signal, .. } => format!("signal {signal}"),
        other => other.to_string(),
    };
    Act { act, on: on.cloned(), text, detail }
}
