//! Steps, and what can be hung between them.

use super::super::diagnostics::{innermost, to_rhai};
use super::super::hooks::{Hook, Origin};
use super::super::record::{Record, records_table};
use super::super::run::Run;
use super::super::scope::{self, Scope};
use super::super::stops::{Next, Stop};
use super::{Returned, Thrown};
use crate::cluster::Cluster;
use crate::error::Error;
use crate::event::Outcome;
use crate::host::fs;
use rhai::{Array, Dynamic, Engine, EvalAltResult, FnPtr, Map, NativeCallContext};
use std::path::Path;
use std::sync::Arc;

pub const RECORDS: &[Record] = records_table! { "":
    "step" "(name: string, title?: string, nodes?: array of Node, body: closure()) -> value of body"
        "Runs body as a named step. title and nodes may be left out. Shown while it runs, with its time; the hooks before:NAME and after:NAME run around it.",
        "step(\"greet\", || print(\"hello\"))", throws "what body throws";
    "on" "(point: string, call: closure(value)) -> ()"
        "Hangs a closure on a point: before:STEP and after:STEP (it gets a map with step, cluster and nodes), config (the v1alpha4 document), node.container (what the engine is told), node.paused, node.booted, node.joined, node.ready (the Node). What it returns for config and node.container takes the value's place; what it throws fails the step.",
        "on(\"node.paused\", |n| n.write(\"/etc/motd\", \"mine\"))", throws "hook.point";
    "hook" "(point: string, value: any) -> any"
        "Runs the hooks of a point, each with what the one before returned; the value itself when there are none.",
        "hook(\"config\", #{name: \"demo\"}).name", throws "hook.point, and what the hooks throw";
    "hooked" "(point: string) -> bool" "Whether a point has hooks, for what is only done then.", "hooked(\"node.booted\")", throws "hook.point";
    "load_hooks" "(list: array) -> ()"
        "Loads the project's hooks (.kind/hooks/*.rhai, once in a run) and those of a config: each #{script: FILE} or #{at: POINT, run: CODE}, where CODE finds `node`, `cluster` or `value`.",
        "load_hooks([#{at: \"before:boot\", run: \"print(1)\"}])", throws "config.hook hook.point file.*, and what the scripts throw";
    "within" "(cluster: Cluster, body: closure()) -> value of body" "Runs body; hooks of the steps in it get the cluster.", "within(cluster::plan(#{}), || 1)", throws "what body throws";
};

/// A step that is about to run.
struct Step<'a> {
    run: &'a Run,
    ctx: &'a NativeCallContext<'a>,
    name: &'a str,
    title: &'a str,
    nodes: &'a Array,
    body: &'a FnPtr,
}

impl Step<'_> {
    fn node_names(&self) -> Vec<String> {
        let name = |n: &Dynamic| {
            n.read_lock::<crate::node::Node>().map_or_else(|| n.to_string(), |n| n.name.clone())
        };
        self.nodes.iter().map(name).collect()
    }

    /// Asks where somebody wants to be asked, runs, asks again after a failure.
    fn run(&self) -> Returned<Dynamic> {
        let Some(stops) = self.run.stops.get() else { return self.run_once() };
        let wanted = stops.wanted(self.name);
        let mut ask = wanted;
        loop {
            let mut again = false;
            if ask {
                match stops.before(&self.stop()) {
                    Next::Run => {}
                    Next::Repeat => again = true,
                    Next::Skip(value) => return Ok(value),
                    Next::Abort => return Err(to_rhai(&Error::cancelled())),
                }
            }
            match self.run_once() {
                Ok(_) if again => ask = true,
                Ok(value) => return Ok(value),
                Err(error) => {
                    let told = innermost(&error);
                    if !stops.on_failure() || told.is_cancelled() || told.is_exit() {
                        return Err(error);
                    }
                    let told = super::super::diagnostics::from_rhai(
                        &error,
                        self.ctx.call_source().unwrap_or_default(),
                        &self.run.sources,
                    );
                    let mut stop = self.stop();
                    // what is nearest to the failure comes first
                    let outer = std::mem::replace(&mut stop.variables, self.run.frames.of(&error));
                    for (name, value) in outer {
                        if stop.variables.iter().all(|(known, _)| *known != name) {
                            stop.variables.push((name, value));
                        }
                    }
                    match stops.failed(&mut stop, &told) {
                        Next::Run | Next::Repeat => ask = false,
                        Next::Skip(value) => return Ok(value),
                        Next::Abort => return Err(error),
                    }
                }
            }
        }
    }

    fn run_once(&self) -> Returned<Dynamic> {
        let outer = scope::current();
        let begun = self.run.events.begin(outer.step, self.name, self.title, &self.node_names());
        let inner = Scope { step: Some(begun.0), ..outer };
        let result: Returned<Dynamic> = scope::with(inner, || {
            self.hooks("before")?;
            let value = self.body.call_within_context::<Dynamic>(self.ctx, ())?;
            self.hooks("after")?;
            Ok(value)
        });
        let outcome = match &result {
            Ok(_) => Outcome::Done,
            Err(error) => Outcome::Failed(innermost(error).message().to_owned()),
        };
        self.run.events.end(begun, outcome);
        result
    }

    fn hooks(&self, when: &str) -> Returned<()> {
        let point = format!("{when}:{}", self.name);
        for hook in self.run.hooks.at(&point) {
            let cluster = scope::current().cluster;
            let at = Map::from_iter([
                ("step".into(), Dynamic::from(self.name.to_owned())),
                ("nodes".into(), self.nodes.clone().into()),
                ("cluster".into(), cluster.map_or(Dynamic::UNIT, |c| Dynamic::from(c.as_ref().clone()))),
            ]);
            let _ = run_hook(self.run, self.ctx.engine(), &hook, at.into())?;
        }
        Ok(())
    }

    /// What can be told and looked at here.
    fn stop(&self) -> Stop {
        let source = self.ctx.call_source().unwrap_or("a script");
        let position = self.ctx.call_position();
        Stop {
            name: self.name.to_owned(),
            title: self.title.to_owned(),
            nodes: self.node_names(),
            source: self.run.sources.call_at(source, position),
            variables: {
                let mut variables = captured(self.ctx, self.body);
                for (name, value) in super::super::frames::Frames::here() {
                    if variables.iter().all(|(known, _)| *known != name) {
                        variables.push((name, value));
                    }
                }
                variables
            },
        }
    }
}

/// What a closure captured, by name: they are its first parameters.
fn captured(ctx: &NativeCallContext<'_>, body: &FnPtr) -> Vec<(String, Dynamic)> {
    let values: Vec<&Dynamic> = body.iter_curry().collect();
    let definition =
        ctx.iter_namespaces().find_map(|module| module.get_script_fn(body.fn_name(), values.len()));
    let Some(definition) = definition else { return Vec::new() };
    let names = definition.params.iter().map(ToString::to_string);
    names.zip(values).map(|(name, value)| (name, value.flatten_clone())).collect()
}

/// Runs one hook as a step of its own, so that it is seen and timed like any other.
fn run_hook(run: &Run, engine: &Engine, hook: &Hook, value: Dynamic) -> Returned<Dynamic> {
    let outer = scope::current();
    let node = value.read_lock::<crate::node::Node>().map(|node| node.name.clone());
    let of = node.as_ref().map(|node| format!(" of {node}")).unwrap_or_default();
    let title = format!("Hook {}{of} ({}) 🪝", hook.point, hook.place);
    let nodes: Vec<String> = node.into_iter().collect();
    let begun = run.events.begin(outer.step, &format!("hook {}", hook.point), &title, &nodes);
    let inner = Scope { step: Some(begun.0), ..outer };
    let result = scope::with(inner, || hook.call(engine, value));
    let outcome = match &result {
        Ok(_) => Outcome::Done,
        Err(error) => Outcome::Failed(innermost(error).message().to_owned()),
    };
    run.events.end(begun, outcome);
    result.map_err(|error| named(error, hook))
}

/// The error of a hook says where the hook is written: its call chain ends at the step.
fn named(error: Box<EvalAltResult>, hook: &Hook) -> Box<EvalAltResult> {
    let inner = innermost(&error);
    if inner.is_cancelled() || inner.is_exit() {
        return error;
    }
    to_rhai(&inner.while_(format!("the hook {} at {} failed", hook.point, hook.place)))
}

fn hook(run: &Run, ctx: &NativeCallContext<'_>, point: &str, value: Dynamic) -> Returned<Dynamic> {
    let mut value = value;
    for hook in run.hooks.at(point) {
        let returned = run_hook(run, ctx.engine(), &hook, value.clone())?;
        if returned.type_id() == value.type_id() {
            value = returned;
        }
    }
    Ok(value)
}

/// Loads hooks: the project's, then a config's.
fn load(run: &Arc<Run>, ctx: &NativeCallContext<'_>, list: &Array) -> Returned<()> {
    if run.hooks.first_load() {
        // A folder that is not there has no hooks.
        let mut files = fs::list(Path::new(".kind/hooks")).unwrap_or_default();
        files.retain(|file| file.extension().is_some_and(|e| e == "rhai"));
        files.sort();
        for file in files {
            load_file(run, ctx, &file, Origin::Project)?;
        }
    }
    for (index, item) in list.iter().enumerate() {
        let wrong = |why: String| {
            to_rhai(
                &Error::new(crate::error::Kind::Config, "config.hook", format!("hooks[{index}]: {why}"))
                    .hint("a hook is {script: FILE} or {at: POINT, run: CODE}"),
            )
        };
        let Some(map) = item.read_lock::<Map>() else {
            return Err(wrong(format!("{item} is no map")));
        };
        super::only_keys("a hook of the config", &map, &["script", "at", "run"])?;
        let text = |key| super::text_of(&map, key);
        match (text("script"), text("at"), text("run")) {
            (Some(script), None, None) => load_file(run, ctx, Path::new(&script), Origin::Config)?,
            (None, Some(at), Some(code)) => {
                let (name, bound) = match at.as_str() {
                    point if point.starts_with("node.") && point != "node.container" => {
                        ("node", "let cluster = cluster(node.cluster);")
                    }
                    point if point.contains(':') => ("at", "let cluster = at.cluster; let nodes = at.nodes;"),
                    _ => ("value", ""),
                };
                let code = format!("on({at:?}, |{name}| {{ {bound} {code}\n}});");
                evaluate(run, ctx, &format!("hooks[{index}]"), &code, Origin::Config)?;
            }
            _ => return Err(wrong("it has to say what to run".to_owned())),
        }
    }
    Ok(())
}

fn load_file(run: &Arc<Run>, ctx: &NativeCallContext<'_>, file: &Path, origin: Origin) -> Returned<()> {
    let text = fs::read_to_string(file).thrown()?;
    evaluate(run, ctx, &file.display().to_string(), &text, origin)
}

/// Runs a script whose `on` registers hooks of `origin`.
fn evaluate(
    run: &Arc<Run>,
    ctx: &NativeCallContext<'_>,
    name: &str,
    text: &str,
    origin: Origin,
) -> Returned<()> {
    run.sources.add(name, text);
    let failed = |error: Box<EvalAltResult>| {
        to_rhai(
            &super::super::diagnostics::from_rhai(&error, name, &run.sources)
                .while_(format!("the hooks of {name} were not loaded")),
        )
    };
    let mut ast = ctx.engine().compile(text).map_err(|e| failed(e.into()))?;
    ast.set_source(name);
    let inner = Scope { origin: Some(origin), ..scope::current() };
    scope::with(inner, || ctx.engine().run_ast(&ast)).map_err(failed)
}

pub fn register(engine: &mut Engine, run: &Arc<Run>) {
    macro_rules! step {
        ($name:ident $($more:ident: $type:ty),* => $title:expr, $nodes:expr) => {
            let r = run.clone();
            engine.register_fn("step", move |ctx: NativeCallContext, $name: &str, $($more: $type,)* body: FnPtr| {
                Step { run: &r, ctx: &ctx, name: $name, title: $title, nodes: $nodes, body: &body }.run()
            });
        };
    }
    step!(name => name, &Array::new());
    step!(name title: &str => title, &Array::new());
    step!(name nodes: Array => name, &nodes);
    step!(name title: &str, nodes: Array => title, &nodes);
    let r = run.clone();
    engine.register_fn("on", move |ctx: NativeCallContext, point: &str, call: FnPtr| -> Returned<()> {
        let origin = scope::current().origin.unwrap_or(Origin::Script);
        r.hooks.add(Hook::new(point, origin, call, &ctx).thrown()?);
        Ok(())
    });
    let r = run.clone();
    engine.register_fn("hook", move |ctx: NativeCallContext, point: &str, value: Dynamic| {
        hook(&r, &ctx, point, value)
    });
    let r = run.clone();
    engine.register_fn("hooked", move |point: &str| r.hooks.any(point));
    let r = run.clone();
    engine.register_fn("load_hooks", move |ctx: NativeCallContext, list: Array| load(&r, &ctx, &list));
    engine.register_fn(
        "within",
        |ctx: NativeCallContext, cluster: Cluster, body: FnPtr| -> Returned<Dynamic> {
            let inner = Scope { cluster: Some(Arc::new(cluster)), ..scope::current() };
            scope::with(inner, || body.call_within_context::<Dynamic>(&ctx, ()))
        },
    );
}
