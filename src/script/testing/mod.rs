//! `kind test`: finds files of tests, plans which of them share a cluster, runs several such batches at a time,
//! limits time, collects results. In which order things happen (cluster, set-up, tests, clean-up, evidence) is in
//! `stdlib/testing.rhai`.

mod batch;
mod capture;
mod discover;
mod file;
mod natives;
pub use natives::VERBS;
mod outcome;
mod plan;
mod runner;

pub use discover::discover;
pub use file::{Test, TestFile};
pub use natives::SKIPPED;
pub use outcome::{Attempt, Outcome, Status, Summary};
pub use plan::{Choice, Matrix, Plan, plan};
pub use runner::{Interrupts, Listeners, Options, run};
