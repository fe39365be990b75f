//! One JSON object a line, for machines. Field names are an interface: they may be added to, not renamed.

use std::io::Write;
use std::sync::Mutex;

use serde_json::{Map, Value, json};

use super::{Event, Level, Outcome, Sink, Stream, Unit};

/// Writes every event, whatever its level.
pub struct JsonSink {
    out: Mutex<Box<dyn Write + Send>>,
}

impl JsonSink {
    /// A sink that writes to `out`.
    pub fn new(out: Box<dyn Write + Send>) -> Self {
        Self { out: Mutex::new(out) }
    }
}

impl Sink for JsonSink {
    fn event(&self, event: &Event) {
        let mut object = Map::new();
        object.insert("time".to_owned(), Value::from(time()));
        if let Value::Object(fields) = fields(event) {
            object.extend(fields);
        }
        let mut line = Value::Object(object).to_string();
        line.push('\n');
        // nobody is left to tell when this fails
        if let Ok(mut out) = self.out.lock() {
            let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
        }
    }
}

/// The time as every line of machine-readable output has it: RFC 3339, UTC, microseconds.
pub(crate) fn time() -> String {
    // always six digits, so that lines sort as text
    format!("{:.6}", jiff::Timestamp::now())
}

fn fields(event: &Event) -> Value {
    match event {
        Event::StepStarted { id, parent, name, title, nodes } => {
            json!({"event": "step_started", "step": id, "parent": parent, "name": name, "title": title, "nodes": nodes})
        }
        Event::StepEnded { id, outcome, elapsed } => {
            let (outcome, error) = match outcome {
                Outcome::Done => ("done", None),
                Outcome::Failed(message) => ("failed", Some(message)),
            };
            json!({"event": "step_ended", "step": id, "outcome": outcome, "error": error, "seconds": elapsed.as_secs_f64()})
        }
        Event::CallStarted { id, step, kind, node, what } => {
            json!({"event": "call_started", "call": id, "step": step, "kind": kind.as_str(), "node": node, "what": what})
        }
        Event::CallEnded { id, code, error, elapsed } => {
            json!({"event": "call_ended", "call": id, "exit_code": code, "error": error, "seconds": elapsed.as_secs_f64()})
        }
        Event::Progress { step, what, done, total, unit } => {
            let unit = match unit {
                Unit::Bytes => "bytes",
                Unit::Items => "items",
            };
            json!({"event": "progress", "step": step, "what": what, "done": done, "total": total, "unit": unit})
        }
        Event::Output { step, node, stream, line } => {
            let stream = match stream {
                Stream::Stdout => "stdout",
                Stream::Stderr => "stderr",
            };
            json!({"event": "output", "step": step, "node": node, "stream": stream, "line": line})
        }
        Event::Message { step, level, text, hint } => {
            let level = match level {
                Level::Debug => "debug",
                Level::Info => "info",
                Level::Warning => "warning",
            };
            json!({"event": "message", "step": step, "level": level, "text": text, "hint": hint})
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_event_is_an_object_with_its_fields() {
        let ended = Event::StepEnded {
            id: 3,
            outcome: Outcome::Failed("no route".to_owned()),
            elapsed: Duration::from_millis(1500),
        };
        assert_eq!(
            fields(&ended).to_string(),
            r#"{"event":"step_ended","step":3,"outcome":"failed","error":"no route","seconds":1.5}"#
        );
        let output = Event::Output {
            step: None,
            node: Some("kind-worker".to_owned()),
            stream: Stream::Stderr,
            line: "a \"quoted\" line".to_owned(),
        };
        assert_eq!(
            fields(&output).to_string(),
            r#"{"event":"output","step":null,"node":"kind-worker","stream":"stderr","line":"a \"quoted\" line"}"#
        );
    }

    #[test]
    fn a_line_begins_with_the_time_and_ends_with_a_newline() {
        let out = super::super::testing::Shared::default();
        JsonSink::new(Box::new(out.clone())).event(&Event::Message {
            step: Some(1),
            level: Level::Warning,
            text: "slow\ndisk".to_owned(),
            hint: None,
        });
        let text = out.text();
        assert!(text.starts_with(r#"{"time":"20"#), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
        let value: Value = serde_json::from_str(&text).expect("the line is JSON");
        let time: jiff::Timestamp = value["time"].as_str().expect("a string").parse().expect("RFC 3339");
        assert!(time <= jiff::Timestamp::now());
        assert_eq!(value["text"], "slow\ndisk");
    }
}
