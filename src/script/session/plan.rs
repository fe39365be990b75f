//! `.plan`: what an input or a file would do, on an engine that is simulated and has what the real one has.

use super::super::plan::Plan;
use super::super::run::Run;
use super::{Host, ScriptSession};
use crate::error::{Error, Result};
use crate::event::Bus;
use crate::repl::Session as _;
use rhai::{Array, Dynamic, Map};
use std::path::Path;
use std::sync::Arc;

/// Plans what is named; the steps as a tree. What fails is told after what comes before it.
pub fn plan(session: &mut ScriptSession, text: &str) -> Result<String> {
    if text.is_empty() {
        return Err(Error::user("repl.command", ".plan needs a file or an expression")
            .hint(".plan scripts/quickstart.rhai, or .plan c.node(\"worker\").sh(\"reboot\")"));
    }
    let run = session.host.run().clone();
    let plan = session.interruptible(|_| run.block(Plan::like(run.engine().ok())))?;
    let planned = Run::new(run.runtime().clone(), Bus::new(vec![plan.clone()]), run.options.clone(), None);
    planned.plan_with(plan.clone());

    // Ctrl-C ends the session's run; this one goes with it
    let (cancelled, ends) = (run.begin(), planned.clone());
    let watch = run.runtime().spawn(async move {
        cancelled.cancelled().await;
        ends.interrupt();
    });
    let result = evaluate(session, planned, text);
    watch.abort();

    let told = format!("{}this is a plan: nothing was changed", plan.text(false));
    result.map(|()| told.clone()).map_err(|error| error.hint(format!("planned before it:\n{told}")))
}

/// Evaluates in a session beside this one, with its functions and those of its values that are data: what has a hand
/// on the real engine stays here.
fn evaluate(session: &ScriptSession, planned: Arc<Run>, text: &str) -> Result<()> {
    let mut inner = ScriptSession::new(Host::new(planned), session.streamed.clone());
    inner.kept = session.kept.clone();
    for (name, _, value) in session.variables.iter_raw() {
        if is_data(value) {
            inner.bind(name, value.clone());
        }
    }
    if let Some(focus) = &session.focus {
        inner.focus(&focus.cluster)?;
        inner.focus_node(&focus.node.name)?;
    }
    let _ = inner.host.call("plan", "assume", Vec::new())?;
    if Path::new(text).is_file() {
        inner.load(Path::new(text))?
    } else {
        inner.eval(text)?
    };
    Ok(())
}

fn is_data(value: &Dynamic) -> bool {
    if let Some(list) = value.read_lock::<Array>() {
        return list.iter().all(is_data);
    }
    if let Some(map) = value.read_lock::<Map>() {
        return map.values().all(is_data);
    }
    value.is_unit()
        || value.is_bool()
        || value.is_int()
        || value.is_float()
        || value.is_string()
        || value.is_char()
        || value.is_blob()
}
