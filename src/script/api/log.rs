//! Messages to people.

use super::super::record::{Record, records_table};
use super::super::run::Run;
use super::super::scope;
use super::Returned;
use super::placed::place;
use crate::event::{Event, Level, Stream, Unit};
use rhai::{Dynamic, Engine, Module};
use std::sync::Arc;

pub const RECORDS: &[Record] = records_table! { "log":
    "info" "(text: any) -> ()" "Tells something, unless the user asked for quiet.", "log::info(\"hello\")", throws "none";
    "warn" "(text: any, hint?: string) -> ()" "Tells of something that is not as it should be; the hint may be left out or empty.", "log::warn(\"slow\", \"wait\")", throws "none";
    "detail" "(text: any) -> ()" "Tells something to those who asked for detail (-v 1).", "log::detail(\"detail\")", throws "none";
    "progress" "(what: string, done: int, total: int) -> ()" "Tells how far long work is.", "log::progress(\"unpacking\", 1, 2)", throws "none";
};

/// `print(…)` of a script: data, so it goes to standard output.
pub fn print(run: &Run, text: &str) {
    if run.planned("print", None, format!("print {text}"), serde_json::Value::Null) {
        return;
    }
    if run.options.captured {
        for line in text.lines() {
            let (step, line) = (scope::current().step, line.to_owned());
            run.events.emit(&Event::Output { step, node: None, stream: Stream::Stdout, line });
        }
        return;
    }
    run.events.suspend(&mut || {
        use std::io::Write;
        // A closed pipe must not end a run in the middle; what is printed is lost then, as with any program.
        let _ = writeln!(std::io::stdout().lock(), "{text}");
    });
}

pub fn register(engine: &mut Engine, run: &Arc<Run>) {
    let mut module = Module::new();
    for (name, level) in [("info", Level::Info), ("warn", Level::Warning), ("detail", Level::Debug)] {
        let r = run.clone();
        place(&mut module, name, move |text: Dynamic| r.message(level, text.to_string(), None));
    }
    let r = run.clone();
    place(&mut module, "warn", move |text: &str, hint: &str| {
        r.message(Level::Warning, text, (!hint.is_empty()).then(|| hint.to_owned()));
    });
    let r = run.clone();
    place(&mut module, "progress", move |what: &str, done: i64, total: i64| -> Returned<()> {
        r.events.emit(&Event::Progress {
            step: scope::current().step,
            what: what.to_owned(),
            done: u64::try_from(done).unwrap_or(0),
            total: u64::try_from(total).ok(),
            unit: Unit::Items,
        });
        Ok(())
    });
    engine.register_static_module("log", module.into());
}
