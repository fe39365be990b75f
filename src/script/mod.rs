//! The Rhai host: registers the API, finds and runs scripts, cancels them, explains their errors.
//!
//! `api/*` converts and calls, nothing more: what the verbs do is in the layers below, in which order they
//! are used is in `stdlib/*.rhai`.

mod api;
mod calls;
pub mod check;
mod complete;
pub mod definitions;
mod diagnostics;
pub mod doc;
mod frames;
mod help;
mod highlight;
mod hooks;
mod host;
mod lexer;
mod limits;
pub(crate) mod outline;
pub mod params;
pub mod plan;
mod record;
mod resolver;
mod run;
mod scope;
mod session;
mod show;
pub mod stdlib;
mod stops;
pub mod testing;
mod trust;
mod types;

pub use host::{Host, Source, on_script_thread};
pub use record::{Parameter, Record, records};
pub use run::{Run, RunOptions};
pub use scope::Scope;
pub use session::ScriptSession;
pub use stops::{Next, Stop, Stops};
pub use types::Type;
