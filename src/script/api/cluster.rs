//! `cluster::…` and the object `Cluster`, with its Kubernetes API.

use super::super::record::{Record, records_table};
use super::super::run::Run;
use super::super::trust;
use super::placed::place;
use super::{Returned, Thrown, duration, for_words, from_value, strings, text, text_of, to_value};
use crate::cluster::Cluster;
use crate::config::{self, ImageRef};
use crate::engine::{ExecIo, ExecSpec};
use crate::error::{Error, Result};
use crate::event::CallKind;
use crate::host::fs;
use crate::kube::{Condition, Deletion, LogQuery, Target};
use crate::node::{Node, bytes_stream};
use rhai::{Array, Dynamic, Engine, ImmutableString, Map, Module, NativeCallContext};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

pub const MODULE: &[Record] = records_table! { "cluster":
    "plan" "(spec: map) -> Cluster" "The cluster that a v1alpha4 document describes (as a map), checked and with all defaults; nothing is made.", "cluster::plan(#{name: \"demo\"}).nodes.len()",
        options "apiVersion: string, kind: string, name: string, nodes: array of map, networking: map, featureGates: map, runtimeConfig: map, kubeadmConfigPatches: array of string, kubeadmConfigPatchesJSON6902: array of map, containerdConfigPatches: array of string, containerdConfigPatchesJSON6902: array of string",
        throws "config.* script.bad_value engine.*";
    "load" "(file: string) -> map" "Reads a config file (v1alpha4) into a map for plan; - reads standard input.", "try { cluster::load(\"none.yaml\") } catch (e) { e.code }", throws "script.not_allowed config.* file.*";
    "find" "(name: string) -> Cluster" "The cluster of that name; throws `cluster.not_found`.", "cluster::find(\"kind\").nodes.len()", throws "cluster.not_found engine.*";
    "lookup" "(name: string) -> Cluster" "As find, but without nodes when there is none.", "cluster::lookup(\"none\").nodes.len()", throws "engine.*";
    "exists" "(name: string) -> bool" "Whether the engine has nodes of that cluster.", "cluster::exists(\"none\")", throws "engine.*";
    "names" "() -> array of string" "Names of all clusters.", "cluster::names().len()", throws "engine.*";
    "default_image" "() -> string" "The node image of clusters that name none.", "cluster::default_image()", throws "none";
};
pub const GLOBAL: &[Record] = records_table! { "":
    "cluster" "(name: string) -> Cluster" "The cluster of that name, as cluster::find.", "cluster(\"kind\").name", throws "cluster.not_found engine.*";
};
pub const METHODS: &[Record] = records_table! { "Cluster":
    "name" "-> string" "Its name.", "c.name", throws "none";
    "context" "-> string" "Its context in a kubeconfig: kind-NAME.", "c.context", throws "none";
    "config" "-> map or ()" "What it was planned to be, as a v1alpha4 document; () for one that was found.", "c.config", throws "none";
    "creation" "-> string" "What tells this plan of a cluster from others of the same name; its containers carry it as a label. Empty for one that was found.", "c.creation", throws "none";
    "nodes" "-> array of Node" "Its Kubernetes nodes: control planes first, then workers.", "c.nodes[0].name", throws "none";
    "control_plane" "-> Node" "The first control plane.", "c.control_plane.name", throws "cluster.no_control_plane";
    "control_planes" "-> array of Node" "All control planes.", "c.control_planes.len()", throws "none";
    "workers" "-> array of Node" "All workers.", "c.workers.len()", throws "none";
    "others" "-> array of Node" "All nodes but the first control plane.", "c.others.len()", throws "none";
    "load_balancer" "-> Node or ()" "What spreads API requests over several control planes; () where there is one control plane.", "c.load_balancer == ()", throws "none";
    "members" "-> array of Node" "All containers of the cluster: its nodes and its load balancer.", "c.members.len()", throws "none";
    "node" "(name: string) -> Node" "A node by its name, with or without the cluster's in front.", "c.node(\"control-plane\").name", throws "node.not_found";
    "endpoint" "-> string" "host:port of the API server as this machine reaches it.", "c.endpoint", throws "cluster.* engine.*";
    "kubeconfig" "(internal?: bool) -> string" "The administrator's kubeconfig; for this machine unless internal is true. It holds a private key.", "c.kubeconfig().len() > 0", throws "cluster.* kubeconfig.* engine.* node.*";
    "use_kubeconfig" "(text: string) -> ()" "Tells the kubeconfig to use from here on.", "c.use_kubeconfig(c.kubeconfig())", throws "none";
    "api_ready" "(limit: seconds) -> ()" "Waits until the API server says that it is ready.", "c.api_ready(60)", throws "kubernetes.* cluster.* engine.*";
    "api_answers" "(limit: seconds) -> ()" "Waits until the API server answers at all; a second before it is ready.", "c.api_answers(60)", throws "kubernetes.* cluster.* engine.*";
    "apply" "(manifests: string or map) -> array of string" "Applies manifests (server side); what was applied, as kind/name.", "c.apply(#{apiVersion: \"v1\", kind: \"ConfigMap\", metadata: #{name: \"example\"}})", throws "yaml.syntax script.bad_value kubernetes.* cluster.* engine.*";
    "get" "(kind: string, name: string, namespace?: string) -> map" "One object; the namespace is default unless given.", "c.get(\"node\", c.control_plane.name).metadata.name", throws "kubernetes.* cluster.* engine.*";
    "list" "(kind: string, options?: map) -> array of map" "Objects of a kind. Options: namespace (all when left out), selector.", "c.list(\"nodes\").len()",
        options "namespace: string, selector: string",
        throws "script.unknown_option kubernetes.* cluster.* engine.*";
    "delete" "(kind: string, name: string, namespace?: string) -> ()" "Deletes an object; no error when it is not there.", "c.delete(\"configmap\", \"example\")", throws "kubernetes.* cluster.* engine.*";
    "patch" "(kind: string, name: string, namespace: string, patch: map) -> map" "Merges a patch into an object.", "c.patch(\"configmap\", \"example\", \"default\", #{data: #{a: \"1\"}})", throws "script.bad_value kubernetes.* cluster.* engine.*";
    "wait" "(kind: string, name: string, condition: string, limit: seconds, namespace?: string) -> map or array" "Waits for an object's condition: Ready, Available, Complete, exists, gone, another condition's name, path=value (status.phase=Bound) or path!=value. The name may be a selector (app=web); then an array comes back.", "c.wait(\"node\", c.control_plane.name, \"Ready\", 60)", throws "script.bad_value kubernetes.* cluster.* engine.*";
    "wait_ready" "(limit: seconds) -> float" "Waits until every node is Ready; how many seconds it took.", "c.wait_ready(60)", throws "kubernetes.* cluster.* engine.*";
    "pod_logs" "(pod: string, namespace: string) -> string" "What a pod's first container wrote.", "c.pod_logs(\"web\", \"default\")", throws "kubernetes.* cluster.* engine.*";
    "raw" "(path: string) -> string" "The answer to a GET of the API server.", "c.raw(\"/version\")", throws "kubernetes.* cluster.* engine.*";
    "kubectl" "(word: any, words…: any, options?: map) -> string" "Runs kubectl on the first control plane that runs; its standard output. A map as the last word may have stdin.", "c.kubectl(\"get\", \"nodes\", \"-o\", \"name\")",
        options "stdin: string",
        throws "node.exec_failed cluster.no_control_plane engine.*";
    "fetch" "(node: Node, port: int, path: string) -> string" "Asks a published port of a node over HTTP from this machine; the body. Throws `http.status` with the status otherwise.", "c.fetch(c.control_plane, 30080, \"/\")", throws "node.no_port http.* engine.*";
};

/// A v1alpha4 document as a value, from a file or standard input.
fn load(path: &str) -> Result<Value> {
    let (text, origin) = if path == "-" {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut std::io::stdin(), &mut text).map_err(|e| {
            Error::user("config.stdin", "cannot read the config from standard input").because(e)
        })?;
        (text, "standard input")
    } else {
        (fs::read_to_string(Path::new(path))?, path)
    };
    let config = config::parse(&text, origin)?;
    serde_json::to_value(config).map_err(|e| Error::internal("json", "cannot show the config").because(e))
}

fn planned(run: &Run, spec: Map) -> Returned<Cluster> {
    let spec: Value = from_value("the cluster", &Dynamic::from_map(spec))?;
    let config = config::from_value(&spec, "spec").thrown()?;
    Ok(Cluster::plan(run.engine().thrown()?, config))
}

fn nodes(list: Vec<Node>) -> Array {
    list.into_iter().map(Dynamic::from).collect()
}

fn kubectl(run: &Run, c: &Cluster, words: &[Dynamic]) -> Returned<ImmutableString> {
    let node = run.block(c.running_control_plane()).thrown()?;
    let mut command = vec!["kubectl".to_owned(), format!("--kubeconfig={}", crate::cluster::ADMIN_CONF)];
    let mut stdin = None;
    for word in words {
        if let Some(map) = word.read_lock::<Map>() {
            stdin = text_of(&map, "stdin");
        } else if let Some(list) = word.read_lock::<Array>() {
            command.extend(strings(&list));
        } else {
            command.push(word.to_string());
        }
    }
    if words.len() == 1
        && let Some(split) = command.get(2).and_then(|line| shlex::split(line))
    {
        command.truncate(2);
        command.extend(split);
    }
    let io = ExecIo { stdin: stdin.map(bytes_stream), ..Default::default() };
    let spec = ExecSpec { command, ..Default::default() };
    let (name, what) = (Some(node.name.as_str()), super::node::command_line(&spec));
    let work = || run.block(node.exec_io(&spec, io));
    run.call_with(CallKind::Exec, name, &what, work, |o| Some(o.code)).map(|o| text(o.stdout)).thrown()
}

/// An object of a manifest as kind/name.
fn object_of(object: &Value) -> String {
    let text = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or("?");
    format!("{}/{}", text("/kind").to_lowercase(), text("/metadata/name"))
}

/// In a plan: what a cluster's object is taken for, once `what` was written down.
fn planned_object(
    run: &Run,
    c: &Cluster,
    [kind, name, namespace]: [&str; 3],
    act: &'static str,
    what: String,
    detail: Value,
) -> Option<Value> {
    let plan = run.plan.get()?;
    plan.act(act, None, what, detail);
    Some(plan.object(c.name.as_str(), kind, namespace, name))
}

/// An object as people name it.
fn object_name(kind: &str, name: &str, namespace: &str) -> String {
    if namespace.is_empty() { format!("{kind} {name}") } else { format!("{kind} {name} of {namespace}") }
}

async fn fetch(node: &Node, port: u16, path: &str) -> Result<String> {
    let container = node.inspect().await?;
    let published = container.host_port(port, crate::engine::Protocol::TCP).ok_or_else(|| {
        Error::user("node.no_port", format!("{} does not publish its port {port}", node.name))
            .hint("extraPortMappings in the cluster's config publishes ports of a node")
    })?;
    let url = format!("http://{}{path}", node.engine().endpoint().reached(published));
    tokio::task::spawn_blocking(move || crate::host::download::text(&url))
        .await
        .map_err(|e| Error::internal("thread", "a worker thread failed").because(e))?
}

/// A value as a condition has it: numbers and the like as they are written, nothing where there is none.
fn as_text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

/// A condition's name, `path=value` such as `status.phase=Bound`, or `path!=value`.
fn condition_of(text: &str) -> Condition {
    if let Some((path, unwanted)) = text.split_once("!=") {
        let pointer = format!("/{}", path.trim_start_matches('.').replace('.', "/"));
        let unwanted = unwanted.to_owned();
        let holds = move |object: &Value| as_text(object.pointer(&pointer)) != unwanted;
        return Condition::Where(format!("have {text}"), Arc::new(holds));
    }
    match text.split_once('=') {
        Some((path, wanted)) if path != "condition" => {
            let pointer = format!("/{}", path.trim_start_matches('.').replace('.', "/"));
            let wanted = wanted.to_owned();
            let holds = move |object: &Value| as_text(object.pointer(&pointer)) == wanted;
            Condition::Where(format!("have {text}"), Arc::new(holds))
        }
        _ => Condition::parse(text),
    }
}

fn target(name: &str) -> Target {
    if name.contains('=') { Target::Selector(name.to_owned(), 1) } else { Target::Name(name.to_owned()) }
}

fn register_module(engine: &mut Engine, run: &Arc<Run>) {
    let mut m = Module::new();
    let r = run.clone();
    place(&mut m, "plan", move |spec: Map| planned(&r, spec));
    let r = run.clone();
    place(&mut m, "load", move |ctx: NativeCallContext, path: &str| -> Returned<Dynamic> {
        if path != "-" {
            trust::path(&r, &ctx, "cluster::load", Path::new(path)).thrown()?;
        }
        to_value(&load(path).thrown()?)
    });
    let r = run.clone();
    let find = move |name: &str| -> Returned<Cluster> {
        r.block(Cluster::find(r.engine().thrown()?, name)).thrown()
    };
    place(&mut m, "find", find.clone());
    engine.register_fn("cluster", find);
    let r = run.clone();
    place(&mut m, "lookup", move |name: &str| -> Returned<Cluster> {
        r.block(Cluster::lookup(r.engine().thrown()?, name)).thrown()
    });
    let r = run.clone();
    place(&mut m, "exists", move |name: &str| -> Returned<bool> {
        let found = r.block(Cluster::lookup(r.engine().thrown()?, name)).thrown()?;
        Ok(!found.is_empty())
    });
    let r = run.clone();
    place(&mut m, "names", move || -> Returned<Array> {
        let engine = r.engine().thrown()?;
        Ok(r.block(Cluster::names(engine.as_ref())).thrown()?.into_iter().map(Dynamic::from).collect())
    });
    place(&mut m, "default_image", || text(ImageRef::default().to_string()));
    engine.register_static_module("cluster", m.into());
}

fn register_parts(engine: &mut Engine, run: &Arc<Run>) {
    engine.register_type_with_name::<Cluster>("Cluster");
    engine.register_get("name", |c: &mut Cluster| text(c.name.to_string()));
    engine.register_get("context", |c: &mut Cluster| text(c.name.context()));
    engine.register_get("config", |c: &mut Cluster| -> Returned<Dynamic> {
        c.config.as_ref().map_or(Ok(Dynamic::UNIT), |config| to_value(config.as_ref()))
    });
    engine.register_get("creation", |c: &mut Cluster| text(c.creation.clone()));
    engine.register_get("nodes", |c: &mut Cluster| nodes(c.nodes.clone()));
    engine.register_get("control_plane", |c: &mut Cluster| c.control_plane().cloned().thrown());
    engine.register_get("control_planes", |c: &mut Cluster| nodes(c.with_role("control-plane")));
    engine.register_get("workers", |c: &mut Cluster| nodes(c.with_role("worker")));
    engine.register_get("others", |c: &mut Cluster| {
        let first = c.control_plane().map(|n| n.name.clone()).unwrap_or_default();
        nodes(c.nodes.iter().filter(|n| n.name != first).cloned().collect())
    });
    engine.register_get("load_balancer", |c: &mut Cluster| {
        c.load_balancer.clone().map_or(Dynamic::UNIT, Dynamic::from)
    });
    engine.register_get("members", |c: &mut Cluster| nodes(c.members().cloned().collect()));
    engine.register_fn("node", |c: &mut Cluster, name: &str| c.node(name).cloned().thrown());
    engine.register_fn("to_string", |c: &mut Cluster| {
        let names: Vec<&str> = c.nodes.iter().map(|n| n.name.as_str()).collect();
        format!("{} ({})", c.name, names.join(", "))
    });
    engine.register_fn("to_debug", |c: &mut Cluster| format!("Cluster({})", c.name));
    let r = run.clone();
    engine.register_get("endpoint", move |c: &mut Cluster| r.block(c.api_endpoint()).map(text).thrown());
    for with_flag in [false, true] {
        let r = run.clone();
        let get = move |c: &Cluster, internal: bool| r.block(c.kubeconfig(internal)).map(text).thrown();
        if with_flag {
            engine.register_fn("kubeconfig", move |c: &mut Cluster, internal: bool| get(c, internal));
        } else {
            engine.register_fn("kubeconfig", move |c: &mut Cluster| get(c, false));
        }
    }
    engine.register_fn("use_kubeconfig", |c: &mut Cluster, content: &str| c.use_kubeconfig(content));
    let r = run.clone();
    engine.register_fn(
        "fetch",
        move |c: &mut Cluster, node: Node, port: i64, path: &str| -> Returned<ImmutableString> {
            let _ = c;
            if r.planned("host", Some(&node.name), format!("GET http://…:{port}{path}"), Value::Null) {
                return Ok(text(""));
            }
            let work = fetch(&node, u16::try_from(port).unwrap_or(0), path);
            r.ask(Some(&node.name), &format!("fetch port {port} {path}"), work).map(text).thrown()
        },
    );
    macro_rules! forms {
        ($($word:ident)*) => {
            let r = run.clone();
            engine.register_fn("kubectl", move |cluster: &mut Cluster, $($word: Dynamic),*| kubectl(&r, cluster, &[$($word),*]));
        };
    }
    for_words!(forms);
}

#[expect(clippy::too_many_lines, reason = "a list of verbs")]
fn register_api(engine: &mut Engine, run: &Arc<Run>) {
    let r = run.clone();
    engine.register_fn("api_ready", move |c: &mut Cluster, limit: Dynamic| -> Returned<()> {
        if r.planned("wait", None, "wait until the API server is ready".to_owned(), Value::Null) {
            return Ok(());
        }
        let limit = duration(&limit)?;
        r.wait(None, "API server ready", async { c.client().await?.until_ready(limit).await }).thrown()
    });
    let r = run.clone();
    engine.register_fn("api_answers", move |c: &mut Cluster, limit: Dynamic| -> Returned<()> {
        if r.planned("wait", None, "wait until the API server answers".to_owned(), Value::Null) {
            return Ok(());
        }
        let limit = duration(&limit)?;
        r.wait(None, "API server answers", async { c.client().await?.until_serving(limit).await }).thrown()
    });
    let r = run.clone();
    let apply = move |c: &Cluster, manifests: &str| -> Returned<Array> {
        if let Some(plan) = r.plan.get() {
            let objects = crate::yaml::parse_all(manifests, "the manifest").thrown()?;
            let names: Vec<String> = objects.iter().map(object_of).collect();
            let told = serde_json::json!({ "manifests": objects });
            plan.act("kubernetes", None, format!("apply {}", names.join(", ")), told);
            plan.applied(c.name.as_str(), objects);
            return Ok(names.into_iter().map(Dynamic::from).collect());
        }
        let work = async { c.client().await?.apply(manifests, "the manifest").await };
        let done = r.ask(None, "apply manifests", work).thrown()?;
        Ok(done.into_iter().map(|a| Dynamic::from(format!("{}/{}", a.kind.to_lowercase(), a.name))).collect())
    };
    let a = apply.clone();
    engine.register_fn("apply", move |c: &mut Cluster, manifests: &str| a(c, manifests));
    engine.register_fn("apply", move |c: &mut Cluster, object: Map| -> Returned<Array> {
        let value: Value = from_value("the manifest", &Dynamic::from_map(object))?;
        apply(c, &value.to_string())
    });
    let r = run.clone();
    let get = move |c: &Cluster, kind: &str, name: &str, namespace: &str| -> Returned<Dynamic> {
        let what = format!("get {}", object_name(kind, name, namespace));
        if let Some(object) = planned_object(&r, c, [kind, name, namespace], "kubernetes", what, Value::Null)
        {
            return to_value(&object);
        }
        let work = async { c.client().await?.get(kind, namespace, name).await };
        to_value(&r.ask(None, &format!("get {kind} {name}"), work).thrown()?)
    };
    let g = get.clone();
    engine.register_fn("get", move |c: &mut Cluster, kind: &str, name: &str| g(c, kind, name, ""));
    engine
        .register_fn("get", move |c: &mut Cluster, kind: &str, name: &str, ns: &str| get(c, kind, name, ns));
    let r = run.clone();
    let list = move |c: &Cluster, kind: &str, options: &Map| -> Returned<Dynamic> {
        super::only_keys("list", options, &["namespace", "selector"])?;
        let (namespace, selector) = (
            text_of(options, "namespace").unwrap_or_default(),
            text_of(options, "selector").unwrap_or_default(),
        );
        if r.planned("kubernetes", None, format!("list {kind} {selector}").trim_end().to_owned(), Value::Null)
        {
            return Ok(Array::new().into());
        }
        let work = async { c.client().await?.list(kind, &namespace, &selector).await };
        to_value(&r.ask(None, &format!("list {kind}"), work).thrown()?)
    };
    let l = list.clone();
    engine.register_fn("list", move |c: &mut Cluster, kind: &str| l(c, kind, &Map::new()));
    engine.register_fn("list", move |c: &mut Cluster, kind: &str, options: Map| list(c, kind, &options));
    let r = run.clone();
    let delete = move |c: &Cluster, kind: &str, name: &str, namespace: &str| -> Returned<()> {
        let what = format!("delete {}", object_name(kind, name, namespace));
        if r.planned("kubernetes", None, what, Value::Null) {
            return Ok(());
        }
        let work = async { c.client().await?.delete(kind, namespace, name, Deletion::default()).await };
        match r.ask(None, &format!("delete {kind} {name}"), work) {
            Err(e) if e.code() == "kubernetes.not_found" => Ok(()),
            other => other.map(|_| ()).thrown(),
        }
    };
    let d = delete.clone();
    engine.register_fn("delete", move |c: &mut Cluster, kind: &str, name: &str| d(c, kind, name, ""));
    engine.register_fn("delete", move |c: &mut Cluster, kind: &str, name: &str, ns: &str| {
        delete(c, kind, name, ns)
    });
    let r = run.clone();
    engine.register_fn(
        "patch",
        move |c: &mut Cluster, kind: &str, name: &str, namespace: &str, patch: Map| -> Returned<Dynamic> {
            let patch: Value = from_value("the patch", &Dynamic::from_map(patch))?;
            let what = format!("patch {}", object_name(kind, name, namespace));
            let named = [kind, name, namespace];
            if let Some(object) = planned_object(&r, c, named, "kubernetes", what, patch.clone()) {
                return to_value(&object);
            }
            let work = async { c.client().await?.patch(kind, namespace, name, &patch).await };
            to_value(&r.ask(None, &format!("patch {kind} {name}"), work).thrown()?)
        },
    );
    register_waits(engine, run);
    let r = run.clone();
    engine.register_fn(
        "pod_logs",
        move |c: &mut Cluster, pod: &str, namespace: &str| -> Returned<ImmutableString> {
            if r.planned("kubernetes", None, format!("read the log of pod {pod}"), Value::Null) {
                return Ok(text(""));
            }
            let work = async { c.client().await?.logs(namespace, pod, &LogQuery::default()).await };
            r.ask(None, &format!("logs of {pod}"), work).map(text).thrown()
        },
    );
    let r = run.clone();
    engine.register_fn("raw", move |c: &mut Cluster, path: &str| -> Returned<ImmutableString> {
        if r.planned("kubernetes", None, format!("GET {path}"), Value::Null) {
            return Ok(text(""));
        }
        let work = async { c.client().await?.get_raw(path).await };
        r.ask(None, &format!("GET {path}"), work).map(text).thrown()
    });
}

fn register_waits(engine: &mut Engine, run: &Arc<Run>) {
    let r = run.clone();
    let wait = move |c: &Cluster,
                     kind: &str,
                     name: &str,
                     condition: &str,
                     limit: &Dynamic,
                     namespace: &str|
          -> Returned<Dynamic> {
        let limit = duration(limit)?;
        let is = if ["exists", "gone"].contains(&condition) || condition.contains('=') { "" } else { "is " };
        let what = format!("wait until {} {is}{condition}", object_name(kind, name, namespace));
        if let Some(object) = planned_object(&r, c, [kind, name, namespace], "wait", what, Value::Null) {
            return if name.contains('=') { to_value(&vec![object]) } else { to_value(&object) };
        }
        let what = format!("{kind} {name} {condition}");
        let condition = condition_of(condition);
        let work = async { c.client().await?.wait(kind, namespace, &target(name), &condition, limit).await };
        let mut found = r.wait(None, &what, work).thrown()?;
        if name.contains('=') {
            to_value(&found)
        } else {
            found.pop().map_or(Ok(Dynamic::UNIT), |o| to_value(&o))
        }
    };
    let w = wait.clone();
    engine.register_fn(
        "wait",
        move |c: &mut Cluster, kind: &str, name: &str, condition: &str, limit: Dynamic| {
            w(c, kind, name, condition, &limit, "")
        },
    );
    engine.register_fn(
        "wait",
        move |c: &mut Cluster, kind: &str, name: &str, condition: &str, limit: Dynamic, ns: &str| {
            wait(c, kind, name, condition, &limit, ns)
        },
    );
    let r = run.clone();
    engine.register_fn("wait_ready", move |c: &mut Cluster, limit: Dynamic| -> Returned<f64> {
        let limit = duration(&limit)?;
        if r.planned("wait", None, "wait until every node is Ready".to_owned(), Value::Null) {
            return Ok(0.0);
        }
        let since = std::time::Instant::now();
        let names: Vec<String> = c.nodes.iter().map(|n| n.name.clone()).collect();
        r.wait(None, "all nodes Ready", async {
            let client = c.client().await?;
            let ready = Condition::parse("Ready");
            let waits = names.iter().map(|name| {
                let (target, ready) = (Target::Name(name.clone()), &ready);
                async move { client.wait("nodes", "", &target, ready, limit).await }
            });
            futures_util::future::try_join_all(waits).await
        })
        .thrown()?;
        Ok(since.elapsed().as_secs_f64())
    });
}

pub fn register(engine: &mut Engine, run: &Arc<Run>) {
    register_module(engine, run);
    register_parts(engine, run);
    register_api(engine, run);
}
