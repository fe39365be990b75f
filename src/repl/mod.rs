//! The prompt: reads lines, hands them to a [`Session`], shows what comes back. It knows no language and no cluster;
//! that is the session's.

mod background;
mod command;
mod history;
mod interrupt;
pub mod pager;
mod prompt;
mod run;
mod session;
mod stops;
pub mod tty;

pub use background::{Background, Streamed};
pub(crate) use run::file_named;
pub use run::{EditMode, Options, run};
pub use session::{Cancel, Candidate, Output, Session, Spec, Takes};
pub use stops::{Console, Wanted};
