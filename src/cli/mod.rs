//! The program's edge: arguments, settings, and the one place that prints.

pub mod args;
pub mod duration;
pub mod printer;
mod report;
pub mod settings;
pub mod version;
