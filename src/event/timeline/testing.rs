//! Records for tests.

use super::{Record, Span, What};
use crate::event::CallKind;
use std::time::Duration;

/// Spans by parent, node, start and end in seconds; those without a parent are steps, all others commands.
pub fn record(spans: &[(Option<usize>, Option<&str>, u64, u64)]) -> Record {
    let spans: Vec<Span> = spans
        .iter()
        .enumerate()
        .map(|(index, (parent, node, start, end))| Span {
            id: index as u64 + 1,
            parent: *parent,
            what: if parent.is_none() { What::Step } else { What::Call(CallKind::Exec) },
            title: format!("thing {index}"),
            name: if parent.is_none() { format!("step{index}") } else { String::new() },
            node: node.map(str::to_owned),
            start: Duration::from_secs(*start),
            end: Duration::from_secs(*end),
            code: None,
            error: None,
            ended: true,
        })
        .collect();
    let took = spans.iter().map(|span| span.end).max().unwrap_or_default();
    Record { title: "kind run".to_owned(), began: "2026-01-01T00:00:00.000000Z".to_owned(), took, spans }
}
