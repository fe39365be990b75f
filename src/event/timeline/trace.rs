//! The trace event format, which Perfetto and Chrome's own viewer read: one thread for each lane, a complete event
//! for each span. Times are in microseconds.

use super::{Record, lanes};
use serde_json::{Value, json};
use std::time::Duration;

/// The trace as a JSON object.
pub fn trace(record: &Record) -> Value {
    let (lanes, placed) = lanes(record);
    let mut events =
        vec![json!({"ph": "M", "pid": 1, "name": "process_name", "args": {"name": record.title}})];
    for (index, lane) in lanes.iter().enumerate() {
        let name = if lane.number == 0 {
            lane.group.clone()
        } else {
            format!("{} ({})", lane.group, lane.number + 1)
        };
        let tid = index + 1;
        events.push(json!({"ph": "M", "pid": 1, "tid": tid, "name": "thread_name", "args": {"name": name}}));
        events.push(
            json!({"ph": "M", "pid": 1, "tid": tid, "name": "thread_sort_index", "args": {"sort_index": tid}}),
        );
    }
    for (index, span) in record.spans.iter().enumerate() {
        let mut args = serde_json::Map::new();
        let mut add = |key: &str, value: Value| {
            if !value.is_null() {
                args.insert(key.to_owned(), value);
            }
        };
        let is_step = span.what == super::What::Step;
        add("step", if is_step { span.name.clone().into() } else { Value::Null });
        add("command", if is_step { Value::Null } else { span.title.clone().into() });
        add("node", record.node_of(index).map_or(Value::Null, Value::from));
        add("exit_code", span.code.map_or(Value::Null, Value::from));
        add("error", span.error.clone().map_or(Value::Null, Value::from));
        add("unfinished", if span.ended { Value::Null } else { true.into() });
        let name = super::profile::one_line(&span.title, 80);
        let mut event = json!({
            "ph": "X", "pid": 1, "tid": placed[index].lane + 1, "cat": span.what.as_str(),
            "name": if span.is_wait() { format!("wait: {name}") } else { name },
            "ts": micros(span.start), "dur": micros(span.took()), "args": args,
        });
        if span.is_wait() {
            event["cname"] = "thread_state_iowait".into();
        }
        events.push(event);
    }
    json!({
        "displayTimeUnit": "ms",
        "otherData": {"title": record.title, "began": record.began, "seconds": record.took.as_secs_f64()},
        "traceEvents": events,
    })
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::testing::record;
    use super::*;
    use crate::event::CallKind;

    #[test]
    fn every_span_is_a_complete_event_on_a_named_thread_and_threads_nest() {
        let mut record = record(&[
            (None, None, 0, 10),
            (Some(0), Some("a"), 1, 5),
            (Some(0), Some("a"), 3, 7),
            (Some(1), Some("a"), 2, 4),
        ]);
        record.spans[3].what = super::super::What::Call(CallKind::Wait);
        record.spans[1].code = Some(3);
        let trace = trace(&record);
        let events = trace["traceEvents"].as_array().expect("a list");
        let mut named = Vec::new();
        let mut by_thread: std::collections::BTreeMap<u64, Vec<(u64, u64)>> =
            std::collections::BTreeMap::new();
        for event in events {
            assert_eq!(event["pid"], 1);
            match event["ph"].as_str() {
                Some("M") if event["name"] == "thread_name" => named.push(event["tid"].as_u64()),
                Some("M") => {}
                Some("X") => {
                    let (start, length) = (event["ts"].as_u64(), event["dur"].as_u64());
                    let (start, length) = (start.expect("a time"), length.expect("a length"));
                    assert!(event["name"].is_string() && event["cat"].is_string());
                    assert!(named.contains(&event["tid"].as_u64()), "{event}");
                    by_thread
                        .entry(event["tid"].as_u64().expect("a thread"))
                        .or_default()
                        .push((start, start + length));
                }
                other => panic!("no such event: {other:?}"),
            }
        }
        assert_eq!(by_thread.values().map(Vec::len).sum::<usize>(), record.spans.len());
        for spans in by_thread.values() {
            for (a, b) in spans.iter().flat_map(|a| spans.iter().map(move |b| (a, b))) {
                let crossing = a.0 < b.0 && b.0 < a.1 && a.1 < b.1;
                assert!(!crossing, "{a:?} and {b:?} lie half over each other");
            }
        }
        let find = |name: &str| events.iter().find(|event| event["name"] == name).expect("an event");
        assert_eq!(find("thing 1")["args"]["exit_code"], 3);
        assert_eq!(find("wait: thing 3")["cat"], "wait");
        assert_eq!(find("thing 0")["args"]["step"], "step0");
    }
}
