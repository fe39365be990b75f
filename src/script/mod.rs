//! The Rhai host: registers the API, finds and runs scripts, cancels them, explains their errors.
//!
//! `api/*` converts and calls, nothing more: what the verbs do is in the layers below, in which order they
//! are used is in `stdlib/*.rhai`.

mod api;
mod diagnostics;
mod host;
mod record;
mod resolver;
mod run;
mod scope;
pub mod stdlib;

pub use diagnostics::{from_rhai, to_rhai};
pub use host::{Host, Source};
pub use record::{Record, records};
pub use run::{Run, RunOptions};
pub use scope::Scope;
