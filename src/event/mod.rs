//! Everything a run tells: steps, progress, output, messages. Producers emit on a [`Bus`]; terminal,
//! plain text, JSON and the timeline are sinks that only listen.

mod format;
mod json;
mod mask;
mod meter;
mod model;
mod plain;
mod terminal;
pub mod timeline;
mod tree;

pub use format::{Style, amount};
pub use json::JsonSink;
pub(crate) use json::time;
pub(crate) use mask::without_secrets;
pub use model::{Bus, CallKind, Event, Level, Outcome, Sink, StepId, Stream, Unit};
pub use plain::PlainSink;
pub use terminal::{Size, TerminalSink};

#[cfg(test)]
pub(crate) mod testing;
