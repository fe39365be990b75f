//! Hooks: what users hang before and after steps, and on what happens in a node's life.
//!
//! Those of one point run in this order: of `.kind/hooks/*.rhai` by file name, of the config, of scripts; within
//! each as they were registered.

use super::stdlib::closest;
use crate::error::{Error, Result};
use rhai::{Engine, FnPtr, NativeCallContext};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Points that are no steps, in the order in which a new cluster passes them.
pub const POINTS: [&str; 6] =
    ["config", "node.container", "node.paused", "node.booted", "node.joined", "node.ready"];

/// Who registered a hook; the order of the variants is the order they run in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A file in `.kind/hooks`.
    Project,
    /// `hooks:` of a cluster's config.
    Config,
    /// `on(…)` of a script.
    Script,
}

/// A registered hook.
pub struct Hook {
    /// `before:STEP`, `after:STEP`, or one of [`POINTS`].
    pub point: String,
    /// The script it is written in, with its line.
    pub place: String,
    origin: Origin,
    call: FnPtr,
    #[expect(deprecated, reason = "marked volatile; nothing else keeps what a closure's own imports are")]
    context: rhai::NativeCallContextStore,
}

impl Hook {
    /// A hook that `on` registers from `context`.
    pub fn new(point: &str, origin: Origin, call: FnPtr, context: &NativeCallContext<'_>) -> Result<Self> {
        check_point(point)?;
        let line = context.call_position().line().map(|line| format!(":{line}")).unwrap_or_default();
        #[expect(deprecated, reason = "as above")]
        let stored = context.store_data();
        Ok(Self {
            point: point.to_owned(),
            place: format!("{}{line}", context.call_source().unwrap_or("a script")),
            origin,
            call,
            context: stored,
        })
    }

    /// Calls it with `value`, in the script it comes from.
    pub fn call(
        &self,
        engine: &Engine,
        value: rhai::Dynamic,
    ) -> std::result::Result<rhai::Dynamic, Box<rhai::EvalAltResult>> {
        #[expect(deprecated, reason = "as above")]
        let context = self.context.create_context(engine);
        self.call.call_within_context(&context, (value,))
    }
}

fn check_point(point: &str) -> Result<()> {
    let of_step = point.strip_prefix("before:").or_else(|| point.strip_prefix("after:"));
    if of_step.is_some_and(|step| !step.is_empty()) || POINTS.contains(&point) {
        return Ok(());
    }
    let error = Error::script("hook.point", format!("there is no hook point {point:?}"));
    Err(match closest(point, POINTS.into_iter()) {
        Some(near) => error.hint(format!("did you mean {near:?}?")),
        None => error
            .hint(format!("there are before:STEP and after:STEP of every step, and {}", POINTS.join(", "))),
    })
}

/// All hooks of a run.
#[derive(Default)]
pub struct Hooks {
    all: Mutex<Vec<Arc<Hook>>>,
    passed: Mutex<BTreeSet<String>>,
    loaded: Mutex<bool>,
}

impl Hooks {
    /// Adds one behind those of the same origin.
    pub fn add(&self, hook: Hook) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let at = all.partition_point(|known| known.origin <= hook.origin);
        all.insert(at, Arc::new(hook));
    }

    /// Those of a point, in their order. The point counts as passed.
    pub fn at(&self, point: &str) -> Vec<Arc<Hook>> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.is_empty() {
            return Vec::new();
        }
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).insert(point.to_owned());
        all.iter().filter(|hook| hook.point == point).cloned().collect()
    }

    /// Whether a point has any.
    pub fn any(&self, point: &str) -> bool {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|hook| hook.point == point)
    }

    /// True the first time: the project's own hooks are loaded once in a run.
    pub fn first_load(&self) -> bool {
        !std::mem::replace(&mut *self.loaded.lock().unwrap_or_else(PoisonError::into_inner), true)
    }

    /// Hooks whose point looks like one that was passed, but is none: with what was probably meant.
    pub fn mistaken(&self) -> Vec<(Arc<Hook>, String)> {
        let passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter()
            .filter(|hook| !passed.contains(&hook.point) && !POINTS.contains(&hook.point.as_str()))
            .filter_map(|hook| {
                let near = closest(&hook.point, passed.iter().map(String::as_str))?;
                Some((hook.clone(), near.to_owned()))
            })
            .collect()
    }
}
