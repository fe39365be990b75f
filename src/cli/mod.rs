//! The program's edge: arguments, settings, and the one place that prints.

mod app;
pub mod args;
mod candidates;
mod commands;
pub use crate::duration;
pub mod printer;
mod report;
pub mod settings;
mod test_report;
pub mod version;

pub use app::main;
