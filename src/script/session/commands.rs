//! The prompt's commands that know clusters, nodes and scripts. One more is one more row.

use super::{ScriptSession, edit, remote, show};
use crate::cluster::Cluster;
use crate::error::{Error, Result};
use crate::host::fs;
use crate::node::{CLUSTER_LABEL, Node};
use crate::repl::{Candidate, Output, Session as _, Spec, Takes};
use rhai::Dynamic;
use std::collections::BTreeMap;
use std::fmt::Write;

type Run = fn(&mut ScriptSession, &str, &Output<'_>) -> Result<Option<String>>;

/// A command with what it does.
pub struct Command {
    pub spec: Spec,
    pub run: Run,
}

const fn row(name: &'static str, usage: &'static str, takes: Takes, run: Run, does: &'static str) -> Command {
    Command { spec: Spec { name, usage, does, takes }, run }
}

/// All of them, in the order of the help.
pub const TABLE: &[Command] = &[
    row(
        ".doc",
        "NAME",
        Takes::Script,
        doc,
        "what a script of the library, or a function in one, says of itself",
    ),
    row(".source", "NAME", Takes::Script, source, "its text: create, create.bring_up"),
    row(
        ".edit",
        "NAME",
        Takes::Script,
        |s, name, _| edit::edit(s, name),
        "change it in $EDITOR and go on with the changed one",
    ),
    row(".clusters", "", Takes::Nothing, clusters, "the clusters that are there"),
    row(".nodes", "[CLUSTER]", Takes::Cluster, nodes, "nodes of the cluster in use, of another, or all"),
    row(".focus", "CLUSTER", Takes::Cluster, focus, "use a cluster: c is the cluster, n its first node"),
    row(".node", "NODE", Takes::Node, node, "use another node of it: n is the node, ! and .shell mean it"),
    row(".shell", "[NODE [COMMAND]]", Takes::Node, shell, "a terminal on a node"),
    row(
        ".plan",
        "FILE|EXPR",
        Takes::Code,
        |s, text, _| super::plan::plan(s, text).map(Some),
        "what it would do, step by step; nothing is changed",
    ),
    row(".json", "[EXPR]", Takes::Code, json, "a value as JSON; without one, the last (it)"),
    row(".yaml", "[EXPR]", Takes::Code, yaml, "the same as YAML"),
    row(".load", "FILE", Takes::File, load, "run a file as if it had been typed"),
    row(".reload", "", Takes::Nothing, reload, "read the library and imported files again"),
    row(".save", "FILE", Takes::File, save, "write what was typed as a script"),
];

fn doc(session: &mut ScriptSession, name: &str, _: &Output<'_>) -> Result<Option<String>> {
    if name.is_empty() {
        let modules = session.places.list();
        let mut text = String::new();
        for module in &modules {
            // a String takes whatever is written
            let _ = writeln!(text, "{:<22}  {}", module.name, module.summary());
        }
        return Ok(Some(text));
    }
    match session.doc(name) {
        Err(error) if error.code() == "repl.unknown" => session.help(Some(name)).map(Some),
        told => told.map(Some),
    }
}

fn source(session: &mut ScriptSession, name: &str, _: &Output<'_>) -> Result<Option<String>> {
    session.source(name).map(Some)
}

fn clusters(session: &mut ScriptSession, _: &str, _: &Output<'_>) -> Result<Option<String>> {
    let run = session.host.run().clone();
    let found = session.interruptible(|_| {
        let engine = run.engine()?;
        run.block(engine.list_containers(&[CLUSTER_LABEL.to_owned()]))
    })?;
    if found.is_empty() {
        return Ok(Some("no clusters; kind create cluster makes one".to_owned()));
    }
    let mut clusters: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for container in &found {
        let Some(name) = container.labels.get(CLUSTER_LABEL) else { continue };
        let (all, running) = clusters.entry(name).or_default();
        *all += 1;
        *running += usize::from(container.state == crate::engine::ContainerState::Running);
    }
    let rows: Vec<serde_json::Value> = clusters
        .into_iter()
        .map(|(cluster, (nodes, running))| serde_json::json!({ "cluster": cluster, "nodes": nodes, "running": running }))
        .collect();
    Ok(Some(show::list(&rows)))
}

fn nodes(session: &mut ScriptSession, name: &str, _: &Output<'_>) -> Result<Option<String>> {
    let focused = session.focus.as_ref().map(|focus| focus.cluster.clone());
    let run = session.host.run().clone();
    let nodes: Vec<Node> = session.interruptible(|_| {
        let engine = run.engine()?;
        if let Some(name) = Some(name.to_owned()).filter(|name| !name.is_empty()).or(focused) {
            return Ok(run.block(Cluster::find(engine, &name))?.nodes);
        }
        let containers = run.block(engine.list_containers(&[CLUSTER_LABEL.to_owned()]))?;
        Ok(containers.iter().filter_map(|c| Node::from_container(engine.clone(), c)).collect())
    })?;
    if nodes.is_empty() {
        return Ok(Some("no nodes; kind create cluster makes some".to_owned()));
    }
    let list = Dynamic::from_array(nodes.into_iter().map(Dynamic::from).collect());
    Ok(Some(session.shown(&list)))
}

fn focus(session: &mut ScriptSession, name: &str, _: &Output<'_>) -> Result<Option<String>> {
    if name.is_empty() {
        let run = session.host.run().clone();
        let names = session.interruptible(|_| run.block(Cluster::names(run.engine()?.as_ref())))?;
        return Err(Error::user("repl.command", ".focus needs a cluster").hint(format!(
            "there are: {}",
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        )));
    }
    session.focus(name)?;
    Ok(session.focus.as_ref().map(|focus| format!("c is the cluster {name}, n its node {}", focus.node.name)))
}

fn node(session: &mut ScriptSession, name: &str, _: &Output<'_>) -> Result<Option<String>> {
    if name.is_empty() {
        let node = session.node_in_use()?;
        return Ok(Some(session.shown(&Dynamic::from(node))));
    }
    session.focus_node(name)?;
    Ok(session.focus.as_ref().map(|focus| format!("n is the node {}", focus.node.name)))
}

fn shell(session: &mut ScriptSession, rest: &str, output: &Output<'_>) -> Result<Option<String>> {
    let words = shlex::split(rest)
        .ok_or_else(|| Error::user("repl.command", format!("a quote in {rest:?} has no end")))?;
    let node = match words.first() {
        Some(name) => session.node_named(name)?,
        None => session.node_in_use()?,
    };
    remote::shell(session, &node, words.get(1..).unwrap_or_default(), output)?;
    Ok(None)
}

/// The value of an expression; the last one without.
fn value_of(session: &mut ScriptSession, text: &str) -> Result<Dynamic> {
    if !text.is_empty() {
        return session.value_of(text);
    }
    session
        .variables
        .get_value::<Dynamic>("it")
        .ok_or_else(|| Error::user("repl.no_value", "there was no value yet").hint(".json c.nodes"))
}

fn json(session: &mut ScriptSession, text: &str, _: &Output<'_>) -> Result<Option<String>> {
    let value = value_of(session, text)?;
    session.interruptible(|me| show::json(me.host.run(), &value)).map(Some)
}

fn yaml(session: &mut ScriptSession, text: &str, _: &Output<'_>) -> Result<Option<String>> {
    let value = value_of(session, text)?;
    session.interruptible(|me| show::yaml(me.host.run(), &value)).map(Some)
}

fn load(session: &mut ScriptSession, rest: &str, _: &Output<'_>) -> Result<Option<String>> {
    session.load(&crate::repl::file_named(".load", rest)?)
}

fn reload(session: &mut ScriptSession, _: &str, _: &Output<'_>) -> Result<Option<String>> {
    session.reload()?;
    Ok(Some("scripts are read again at their next use".to_owned()))
}

fn save(session: &mut ScriptSession, rest: &str, _: &Output<'_>) -> Result<Option<String>> {
    let file = crate::repl::file_named(".save", rest)?;
    let mut first = "#!/usr/bin/env -S kind run\n".to_owned();
    if let Some(focus) = &session.focus {
        let name = &focus.cluster;
        let _ = writeln!(first, "let c = cluster({name:?});\nlet n = c.node({:?});", focus.node.name);
    }
    fs::write(&file, session.transcript.script(&first).as_bytes(), 0o755)?;
    Ok(Some(format!("kind run {} does the same", file.display())))
}

/// Candidates for what stands behind a command's name.
pub fn complete(session: &ScriptSession, takes: Takes, text: &str) -> (usize, Vec<Candidate>) {
    let begins = |names: Vec<String>| {
        let fitting = names.into_iter().filter(|name| name.starts_with(text));
        (0, fitting.map(Candidate::new).collect())
    };
    match takes {
        Takes::Nothing => (text.len(), Vec::new()),
        Takes::Code => session.names().complete(text),
        Takes::File => (0, super::super::complete::files(text)),
        Takes::Cluster => begins(session.live.clusters()),
        Takes::Node if text.contains(' ') => session.complete_path_on(text),
        Takes::Node => begins(session.live.nodes().into_iter().map(|node| node.name).collect()),
        Takes::Script => begins(session.names_of_library(text)),
        Takes::Name => {
            let (start, mut found) = session.names().complete(text);
            if start == 0 {
                let (_, scripts) = begins(session.names_of_library(text));
                found.extend(scripts);
            }
            (start, found)
        }
    }
}
