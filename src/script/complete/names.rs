//! The candidates.

use super::super::lexer::{KEYWORDS, Kind, Token, tokens};
use super::super::outline;
use super::super::record::{Record, records};
use super::super::stdlib::Places;
use super::context::{Text, expression, open_text};
use super::live::Live;
use super::paths;
use super::value::{Known, known};
use crate::node::Node;
use crate::repl::Candidate;
use rhai::{Dynamic, Map};
use std::path::Path;

/// Methods of Rhai's own that are wanted most.
const OF_ARRAYS: &[&str] = &[
    "all", "contains", "filter", "find", "index_of", "insert", "is_empty", "len", "map", "pop", "push",
    "reduce", "remove", "reverse", "some", "sort",
];
const OF_MAPS: &[&str] = &["contains", "is_empty", "keys", "len", "remove", "values"];
const OF_TEXTS: &[&str] = &[
    "contains",
    "ends_with",
    "index_of",
    "is_empty",
    "len",
    "replace",
    "split",
    "starts_with",
    "sub_string",
    "to_lower",
    "to_upper",
    "trim",
];

/// A module that an earlier line has imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// What it is called.
    pub alias: String,
    /// What was imported, such as `std/create`.
    pub path: String,
}

/// What is typed so far, and what earlier lines left.
pub struct Names<'a> {
    /// Variables with their values, the oldest first.
    pub variables: Vec<(&'a str, &'a Dynamic)>,
    /// Functions of earlier lines, with their parameters.
    pub functions: Vec<(String, String)>,
    /// Modules that are imported.
    pub imports: &'a [Import],
    /// What the engine has.
    pub live: &'a Live,
    /// Where modules are looked for.
    pub places: &'a Places,
    /// The node that is meant where it cannot be told which.
    pub focus: Option<String>,
}

type Found = (usize, Vec<Candidate>);

impl Names<'_> {
    /// Candidates at the end of `head`, and at which byte the word that they replace begins.
    pub fn complete(&self, head: &str) -> Found {
        let (begin, mut found) = self.candidates(head);
        found.sort_by(|a, b| a.text.cmp(&b.text));
        found.dedup_by(|a, b| a.text == b.text);
        (begin, found)
    }

    /// Asks in the background for what completion at the end of `head` will want.
    pub fn prepare(&self, head: &str) {
        if let Some(text) = open_text(head)
            && let Some((node, typed)) = self.path_on_node(&text)
        {
            self.live.prefetch_folder(&node, paths::split(typed).0);
        }
    }

    fn candidates(&self, head: &str) -> Found {
        if let Some(text) = open_text(head) {
            return self.in_text(&text);
        }
        let all = tokens(head);
        if all.last().is_some_and(|t| t.kind == Kind::Comment || matches!(t.kind, Kind::Text { .. })) {
            return (head.len(), Vec::new());
        }
        let (typed, before) = match all.split_last() {
            Some((last, before)) if matches!(last.kind, Kind::Name | Kind::Keyword) => (last.text, before),
            _ => ("", &all[..]),
        };
        let begin = head.len() - typed.len();
        match before.split_last() {
            Some((dot, owner)) if dot.is(".") => (begin, self.members(&expression(owner), typed)),
            Some((colons, owner)) if colons.is("::") => {
                let module = owner.last().map_or("", |t| t.text);
                (begin - colons.text.len() - module.len(), self.of_module(module, typed))
            }
            Some((last, _)) if last.kind == Kind::Number => (head.len(), Vec::new()),
            _ => (begin, self.names(typed)),
        }
    }

    fn names(&self, typed: &str) -> Vec<Candidate> {
        let api = records().filter(|r| !r.is_method() && r.qualified().starts_with(typed));
        let mut found: Vec<Candidate> = api
            .map(|r| Candidate::shown_as(r.qualified(), format!("{}{}", r.qualified(), r.signature)))
            .collect();
        let own = self.functions.iter().filter(|(name, _)| name.starts_with(typed));
        found.extend(own.map(|(name, takes)| Candidate::shown_as(name, format!("{name}{takes}"))));
        let variables = self.variables.iter().map(|(name, _)| *name);
        let words = variables.chain(KEYWORDS.iter().copied());
        found.extend(words.filter(|name| name.starts_with(typed)).map(Candidate::new));
        let modules = self.imports.iter().filter(|import| import.alias.starts_with(typed));
        found.extend(modules.map(|import| Candidate::new(format!("{}::", import.alias))));
        found
    }

    /// Functions of a namespace of the API, or of an imported module.
    fn of_module(&self, module: &str, typed: &str) -> Vec<Candidate> {
        let shown = |name: &str, takes: &str| {
            let whole = format!("{module}::{name}");
            Candidate::shown_as(whole.clone(), format!("{whole}{takes}"))
        };
        let api = records().filter(|r| !r.is_method() && r.module == module && r.name.starts_with(typed));
        let mut found: Vec<Candidate> = api.map(|r| shown(r.name, r.signature)).collect();
        for function in self.functions_of(module) {
            if function.name.starts_with(typed) && !function.private {
                found.push(shown(&function.name, &function.parameters));
            }
        }
        found
    }

    /// Functions of the module imported as `alias`.
    fn functions_of(&self, alias: &str) -> Vec<outline::Function> {
        let Some(import) = self.imports.iter().rev().find(|import| import.alias == alias) else {
            return Vec::new();
        };
        let text = match import.path.strip_prefix("std/") {
            Some(name) => self.places.find(name).map(|module| module.text),
            None => crate::host::fs::read_to_string(&Path::new(&import.path).with_extension("rhai")),
        };
        outline::functions(&text.unwrap_or_default())
    }

    fn known(&self, expression: &str) -> Option<Known> {
        let variable = |name: &str| {
            self.variables.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| (*value).clone())
        };
        known(expression, &variable)
    }

    fn members(&self, owner: &str, typed: &str) -> Vec<Candidate> {
        let known = self.known(owner);
        let of = known.as_ref().map(Known::type_name);
        let own = match of.as_deref() {
            Some(of) if of.starts_with("array") => OF_ARRAYS,
            Some(of) if of.starts_with("map") || of.starts_with('#') => OF_MAPS,
            Some(of) if of.starts_with("string") => OF_TEXTS,
            _ => &[],
        };
        let fits = |r: &&Record| r.module == "Value" || of.as_deref().is_none_or(|of| of == r.module);
        let api = records().filter(|r| r.is_method() && r.name.starts_with(typed)).filter(fits);
        let mut found: Vec<Candidate> = api.map(|r| Candidate::shown_as(r.name, r.written())).collect();
        found.extend(own.iter().filter(|name| name.starts_with(typed)).map(|name| Candidate::new(*name)));
        let is_word = |key: &String| {
            key.starts_with(typed) && !key.contains(|c: char| !c.is_alphanumeric() && c != '_')
        };
        found.extend(keys(known.as_ref()).into_iter().filter(is_word).map(Candidate::new));
        found
    }

    /// Inside a text: what the function around it is about.
    fn in_text(&self, text: &Text<'_>) -> Found {
        let begins = |names: Vec<String>| -> Found {
            let fitting = names.into_iter().filter(|name| name.starts_with(text.typed));
            (text.start, fitting.map(Candidate::new).collect())
        };
        if text.keyword == Some("import") {
            return (text.start, self.modules(text.typed));
        }
        if let Some(owner) = &text.owner {
            return begins(keys(self.known(owner).as_ref()));
        }
        let Some((called, argument)) = &text.call else { return (text.start, Vec::new()) };
        if let Some((node, typed)) = self.path_on_node(text) {
            let entries = self.live.folder(&node, paths::split(typed).0);
            let found = paths::matching(typed, entries.iter().map(String::as_str));
            return (text.start + text.typed.len() - typed.len(), found);
        }
        let (owner, name) = parts(called);
        match (owner, name, argument) {
            (None, "cluster", 0) | (Some("cluster"), "find" | "lookup" | "exists", 0) => {
                begins(self.live.clusters())
            }
            (Some(owner), "node", 0) if called.contains('.') => begins(self.nodes(owner, text.typed)),
            (Some("image"), "load" | "archive_to_node" | "pack", _) | (Some("host" | "cache"), ..) => {
                (text.start, paths::here(Path::new(""), text.typed, ""))
            }
            (Some("image"), ..) => begins(self.live.images()),
            (_, "upload", 0) | (_, "download", 1) => (text.start, paths::here(Path::new(""), text.typed, "")),
            (Some("cluster"), "load", 0) => (text.start, paths::here(Path::new(""), text.typed, ".yaml")),
            _ => (text.start, Vec::new()),
        }
    }

    /// What can be imported: modules of the library, and files here.
    fn modules(&self, typed: &str) -> Vec<Candidate> {
        if typed.starts_with("std/") {
            let names = self.places.list().into_iter().map(|module| format!("std/{}", module.name));
            return names.filter(|name| name.starts_with(typed)).map(Candidate::new).collect();
        }
        let mut found = paths::here(Path::new(""), typed, ".rhai");
        if "std/".starts_with(typed) {
            found.push(Candidate::new("std/"));
        }
        found
    }

    /// Names of the nodes of a cluster; short ones (`worker`) where only they begin with what is typed.
    fn nodes(&self, cluster: &str, typed: &str) -> Vec<String> {
        let cluster = match self.known(cluster) {
            Some(Known::Cluster(name)) => Some(name),
            Some(Known::Value(value)) => {
                value.read_lock::<crate::cluster::Cluster>().map(|cluster| cluster.name.to_string())
            }
            _ => None,
        };
        let nodes = self.live.nodes().into_iter();
        let nodes: Vec<_> =
            nodes.filter(|n| cluster.as_ref().is_none_or(|name| *name == n.cluster)).collect();
        if nodes.iter().any(|node| node.name.starts_with(typed)) {
            return nodes.into_iter().map(|node| node.name).collect();
        }
        nodes
            .into_iter()
            .filter_map(|n| Some(n.name.strip_prefix(&n.cluster)?.strip_prefix('-')?.to_owned()))
            .collect()
    }

    /// The node that a path in this text is on, and the path as far as it is typed.
    fn path_on_node<'t>(&self, text: &Text<'t>) -> Option<(String, &'t str)> {
        let (called, argument) = text.call.as_ref()?;
        let (owner, name) = called.rsplit_once('.')?;
        let takes_path = match name {
            "exec" | "try_exec" | "sh" => true,
            "read" | "write" | "wait_file" | "download" => *argument == 0,
            "upload" => *argument == 1,
            _ => false,
        };
        // of a whole line, the last word
        let path = text.typed.rsplit([' ', '=', ';', '|', '>', '<']).next()?;
        if !takes_path || !path.starts_with('/') {
            return None;
        }
        let node = match self.known(owner) {
            Some(Known::Value(value)) => value.read_lock::<Node>()?.name.clone(),
            Some(Known::Node(cluster, written)) => self.full_name(cluster.as_deref(), &written)?,
            Some(Known::Type(of)) if of != "Node" => return None,
            Some(Known::Cluster(_)) => return None,
            // in a closure: any node will do, since they are much alike
            _ => self.focus.clone().or_else(|| self.live.nodes().into_iter().next().map(|node| node.name))?,
        };
        Some((node, path))
    }

    /// The name of a node that may be written without its cluster's.
    fn full_name(&self, cluster: Option<&str>, written: &str) -> Option<String> {
        let is = |cluster: &str, name: &str| {
            name == written
                || name.strip_prefix(cluster).and_then(|rest| rest.strip_prefix('-')) == Some(written)
        };
        let nodes = self.live.nodes().into_iter();
        let mut nodes = nodes.filter(|node| cluster.is_none_or(|name| name == node.cluster));
        nodes.find(|node| is(&node.cluster, &node.name)).map(|node| node.name)
    }

    /// The parameters of what is called, as a hint shows them: without the bracket that is there already.
    pub fn parameters(&self, called: &str) -> Option<String> {
        let own =
            self.functions.iter().rev().find(|(name, _)| name == called).map(|(_, takes)| takes.clone());
        let takes = own.or_else(|| super::called(called).map(|record| record.signature.to_owned())).or_else(
            || {
                let (alias, name) = called.split_once("::")?;
                let function = self.functions_of(alias).into_iter().find(|f| f.name == name)?;
                Some(function.parameters)
            },
        )?;
        takes.strip_prefix('(').map(str::to_owned)
    }
}

/// Keys of a map, or of what a call gives back when its record tells (`#{code, stdout, stderr}`).
fn keys(known: Option<&Known>) -> Vec<String> {
    match known {
        Some(Known::Value(value)) => value
            .read_lock::<Map>()
            .map(|map| map.keys().map(ToString::to_string).collect())
            .unwrap_or_default(),
        Some(Known::Type(of)) => {
            let keys = of.strip_prefix("#{").and_then(|of| of.strip_suffix('}')).unwrap_or_default();
            let names = keys.split(',').map(|key| key.split(':').next().unwrap_or(key).trim().to_owned());
            names.filter(|key| !key.is_empty()).collect()
        }
        _ => Vec::new(),
    }
}

/// What stands before the last `.` or `::` of what is called, and the name behind it.
fn parts(called: &str) -> (Option<&str>, &str) {
    let all: Vec<Token<'_>> = tokens(called);
    match all.iter().rposition(|t| t.is(".") || t.is("::")) {
        Some(i) => (Some(&called[..all[i].start]), &called[all[i].start + all[i].text.len()..]),
        None => (None, called),
    }
}

/// The record of a function or method as it is called (`c.nodes[0].wait_file`, `image::pull`).
pub fn called(called: &str) -> Option<&'static Record> {
    let (_, name) = parts(called);
    records().find(|r| r.qualified() == called || (called.contains('.') && r.is_method() && r.name == name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Answer, ContainerSpec, Engine, Matcher, Simulated};
    use crate::event::Bus;
    use crate::script::{Run, RunOptions};
    use std::sync::Arc;

    /// A session with a cluster `demo` of two nodes on an engine that has an image and answers every command with two
    /// names.
    struct World(Live, #[expect(dead_code, reason = "keeps its tasks going")] tokio::runtime::Runtime);

    fn world() -> World {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let engine = Arc::new(Simulated::new().with_image("kindest/node:v1"));
        engine.answer(Matcher::any(), Answer::ok("hosts\nkubernetes/\n"));
        runtime.block_on(async {
            for (name, role) in [("demo-control-plane", "control-plane"), ("demo-worker", "worker")] {
                let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
                let labels =
                    [label(crate::node::CLUSTER_LABEL, "demo"), label(crate::node::ROLE_LABEL, role)];
                let spec = ContainerSpec {
                    name: name.to_owned(),
                    image: "kindest/node:v1".to_owned(),
                    labels: labels.into(),
                    ..Default::default()
                };
                engine.create_container(&spec).await.expect("made");
                engine.start_container(name).await.expect("started");
            }
        });
        let handle = runtime.handle().clone();
        World(Live::new(Run::new(handle, Bus::silent(), RunOptions::default(), Some(engine))), runtime)
    }

    fn texts(world: &World, variables: &[(&str, Dynamic)], head: &str) -> (usize, Vec<String>) {
        let places = Places::default();
        let names = Names {
            variables: variables.iter().map(|(name, value)| (*name, value)).collect(),
            functions: vec![("greet".to_owned(), "(who)".to_owned())],
            imports: &[Import { alias: "made".to_owned(), path: "std/create".to_owned() }],
            live: &world.0,
            places: &places,
            focus: None,
        };
        let (begin, found) = names.complete(head);
        (begin, found.into_iter().map(|c| c.text).collect())
    }

    #[test]
    fn names_of_all_kinds_at_the_beginning_of_a_word() {
        let world = world();
        let greens = [("green", 1.into())];
        assert_eq!(texts(&world, &greens, "gre"), (0, vec!["green".to_owned(), "greet".to_owned()]));
        assert_eq!(texts(&world, &[], "let a = image::fla"), (8, vec!["image::flatten".to_owned()]));
        assert_eq!(texts(&world, &[], "ma"), (0, vec!["made::".to_owned()]));
        assert_eq!(texts(&world, &[], "1 + made::bring"), (4, vec!["made::bring_up".to_owned()]));
        assert_eq!(texts(&world, &[], "// gre").1, [""; 0]);
    }

    #[test]
    fn methods_follow_the_type_of_what_stands_before_the_dot() {
        let world = world();
        let (begin, found) = texts(&world, &[], "cluster(\"kind\").nod");
        assert_eq!((begin, found), (16, vec!["node".to_owned(), "nodes".to_owned()]));
        for node in
            ["cluster(\"a\").workers[0].", "cluster(\"a\").control_plane.", "cluster(\"a\").node(\"b\")."]
        {
            let (_, found) = texts(&world, &[], node);
            assert!(
                found.contains(&"freeze".to_owned()) && !found.contains(&"workers".to_owned()),
                "{node}: {found:?}"
            );
        }
        assert_eq!(texts(&world, &[("t", "x".into())], "t.tri").1, ["trim"]);
        assert_eq!(texts(&world, &[], "cluster(\"a\").nodes.fil").1, ["filter"]);
        // what is not known could be anything
        assert!(texts(&world, &[], "parallel(x, |n| n.freez").1.contains(&"freeze".to_owned()));
    }

    #[test]
    fn keys_of_maps() {
        let world = world();
        let map: Dynamic = Map::from_iter([("kind".into(), "Pod".into()), ("a-b".into(), 1.into())]).into();
        let variables = [("m", map)];
        assert_eq!(texts(&world, &variables, "m.k").1, ["keys", "kind"]);
        assert_eq!(texts(&world, &variables, "m[\"a").1, ["a-b"]);
        assert_eq!(
            texts(&world, &[], "cluster(\"a\").control_plane.exec(\"ls\").std").1,
            ["stderr", "stdout"]
        );
    }

    #[test]
    fn what_the_engine_has() {
        let world = world();
        for (head, found) in [
            ("cluster(\"", &["demo"][..]),
            ("cluster(\"x", &[]),
            ("cluster(\"demo\").node(\"", &["demo-control-plane", "demo-worker"]),
            ("cluster(\"demo\").node(\"wo", &["worker"]),
            ("cluster(\"other\").node(\"", &[]),
            ("image::inspect(\"kind", &["kindest/node:v1"]),
            ("cluster(\"demo\").node(\"worker\").read(\"/etc/k", &["/etc/kubernetes/"]),
            ("cluster(\"demo\").control_plane.exec(\"ls\", \"/e", &[]),
            ("cluster(\"demo\").control_plane.exec(\"cat /etc/h", &["/etc/hosts"]),
            ("parallel(x, |n| n.sh(\"cat /h", &["/hosts"]),
            ("import \"std/crea", &["std/create"]),
        ] {
            let (begin, texts) = texts(&world, &[], head);
            assert_eq!(texts, found, "{head}");
            assert!(texts.iter().all(|text| text.starts_with(&head[begin..])), "{head}: from {begin}");
        }
    }

    #[test]
    fn the_record_of_what_is_called() {
        assert_eq!(called("parallel").map(|r| r.name), Some("parallel"));
        assert_eq!(called("c.nodes[0].wait_file").map(|r| r.name), Some("wait_file"));
        assert!(called("").is_none());
    }
}
