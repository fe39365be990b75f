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

pub use background::Background;
pub use run::run;
pub use session::{Cancel, Candidate, Session};
pub use stops::{Console, Wanted};
