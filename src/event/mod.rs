//! Everything a run tells: steps, progress, output, messages. Producers emit on a [`Bus`]; terminal,
//! plain text and JSON are sinks that only listen.

mod json;
mod model;
mod plain;
mod terminal;

pub use json::JsonSink;
pub use model::{Bus, Event, Level, Outcome, Sink, StepId, Stream, Unit};
pub use plain::PlainSink;
pub use terminal::TerminalSink;
