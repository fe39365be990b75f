//! Variables of the script functions that an error came through, for a look at them before they are gone.
//!
//! Kept only for a run that stops at failures: Rhai's debugger is called at every expression then.

use rhai::debugger::{DebuggerCommand, DebuggerEvent};
use rhai::{Dynamic, Engine, EvalAltResult};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

thread_local! {
    /// The variables of each level of calls on this thread, as they were at its last expression: those of a block
    /// are gone when the function ends.
    static SEEN: RefCell<BTreeMap<usize, Variables>> = const { RefCell::new(BTreeMap::new()) };
}

type Variables = Vec<(String, Dynamic)>;

/// The frames of the last error, innermost first.
#[derive(Clone, Default)]
pub struct Frames(Arc<Mutex<Last>>);

#[derive(Default)]
struct Last {
    error: String,
    variables: Variables,
}

impl Frames {
    /// Has `engine` tell of every function that ends with an error.
    pub fn watch(&self, engine: &mut Engine) {
        let frames = self.clone();
        #[expect(
            deprecated,
            reason = "marked volatile; there is no other way to see a function's variables"
        )]
        engine.register_debugger(
            |_, debugger| debugger,
            move |context, event, _, _, _| {
                let level = context.call_level();
                match event {
                    DebuggerEvent::Step | DebuggerEvent::BreakPoint(_) => {
                        let variables = context.scope().iter();
                        let variables: Variables =
                            variables.map(|(name, _, value)| (name.to_owned(), value)).collect();
                        SEEN.with_borrow_mut(|seen| {
                            seen.split_off(&(level + 1));
                            // a method of a variable is called with an empty scope in place of the function's
                            if !variables.is_empty() || !seen.contains_key(&level) {
                                seen.insert(level, variables);
                            }
                        });
                    }
                    DebuggerEvent::FunctionExitWithError(error) => {
                        let seen = SEEN.with_borrow_mut(|seen| seen.remove(&level));
                        frames.add(error, seen.unwrap_or_default());
                    }
                    _ => {}
                }
                Ok(DebuggerCommand::StepInto)
            },
        );
    }

    /// Variables of the functions that are running on this thread, an inner one's in front of an outer one's.
    pub fn here() -> Variables {
        let mut all = Variables::new();
        SEEN.with_borrow(|seen| {
            for (name, value) in seen.values().rev().flat_map(|level| level.iter().rev()) {
                if !name.is_empty() && all.iter().all(|(known, _)| known != name) {
                    all.push((name.clone(), value.flatten_clone()));
                }
            }
        });
        all
    }

    fn add(&self, error: &EvalAltResult, variables: Variables) {
        let root = root(error);
        // Siblings of what failed end as cancelled; nobody looks at those.
        if matches!(root, EvalAltResult::ErrorTerminated(..) | EvalAltResult::Return(..)) {
            return;
        }
        let told = root.to_string();
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.error != told {
            *last = Last { error: told, variables: Vec::new() };
        }
        // The last of a name is the one that is seen.
        for (name, value) in variables.into_iter().rev() {
            // An inner function's variable hides an outer one's.
            if !name.is_empty() && last.variables.iter().all(|(known, _)| *known != name) {
                last.variables.push((name, value.flatten_clone()));
            }
        }
    }

    /// Variables of the functions that this error came through.
    pub fn of(&self, error: &EvalAltResult) -> Variables {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.error == root(error).to_string() { last.variables.clone() } else { Vec::new() }
    }
}

fn root(error: &EvalAltResult) -> &EvalAltResult {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _) | EvalAltResult::ErrorInModule(_, inner, _) => {
            root(inner)
        }
        other => other,
    }
}
