//! Where a run may stop to ask: before a step (`--step`, `--break`) and when one has failed (`--interactive`).
//!
//! The host knows that there is somebody to ask, not how; a prompt is the terminal's matter.

use crate::error::Error;
use rhai::Dynamic;

/// The step at which a run has stopped.
#[derive(Debug, Clone)]
pub struct Stop {
    /// The step's name, such as `boot`.
    pub name: String,
    /// What people read.
    pub title: String,
    /// Names of the nodes it works on; may be empty.
    pub nodes: Vec<String>,
    /// Where it is written: script, line, and the text of the call.
    pub source: String,
    /// Variables that can be looked at, by name.
    pub variables: Vec<(String, Dynamic)>,
}

/// How a run goes on from a stop.
#[derive(Debug, Clone)]
pub enum Next {
    /// Before a step: run it. After a failure: run it again.
    Run,
    /// Run the step, then stop here again.
    Repeat,
    /// Leave it out and go on as if it had returned this.
    Skip(Dynamic),
    /// Before a step: end the run. After a failure: let the failure through.
    Abort,
}

/// Somebody who is asked. Called on the threads of scripts, several at a time when steps run in parallel.
pub trait Stops: Send + Sync {
    /// Whether to stop before the step of this name at all; what costs time is only made then.
    fn wanted(&self, name: &str) -> bool;
    /// Before a step.
    fn before(&self, stop: &Stop) -> Next;
    /// Whether to stop when a step fails.
    fn on_failure(&self) -> bool;
    /// A step failed, or the script outside of any step. Variables of `stop` may come back changed.
    fn failed(&self, stop: &mut Stop, error: &Error) -> Next;
}
