//! The things that took longest, by the time that was their own and not that of what they called.

use super::Record;
use crate::event::format::elapsed;
use std::fmt::Write as _;
use std::time::Duration;

/// For each span the time in which nothing inside of it went on.
pub fn own_times(record: &Record) -> Vec<Duration> {
    let (children, _) = record.children();
    let own = |(index, inside): (usize, &Vec<usize>)| {
        // children are in the order they began
        let (mut covered, mut until) = (Duration::ZERO, record.spans[index].start);
        for child in inside {
            let child = &record.spans[*child];
            let start = child.start.max(until);
            let end = child.end.min(record.spans[index].end);
            if end > start {
                covered += end.saturating_sub(start);
                until = end;
            }
        }
        record.spans[index].took().saturating_sub(covered)
    };
    children.iter().enumerate().map(own).collect()
}

/// Indices of the spans with the most time of their own, at most `count`, and that time.
pub fn longest(record: &Record, count: usize) -> Vec<(usize, Duration)> {
    let mut all: Vec<(usize, Duration)> = own_times(record).into_iter().enumerate().collect();
    all.sort_by_key(|(index, own)| (std::cmp::Reverse(*own), *index));
    all.truncate(count);
    all.retain(|(_, own)| !own.is_zero());
    all
}

/// A table of the ten longest things for people: time, share of the whole, kind, node, what.
pub fn profile(record: &Record) -> String {
    const WIDTH: usize = 90;
    let mut text = format!(
        "{} took {}; the longest, by their own time:\n",
        one_line(&record.title, 60),
        elapsed(record.took)
    );
    let rows = longest(record, 10);
    let nodes: Vec<&str> = rows.iter().map(|(index, _)| record.node_of(*index).unwrap_or("")).collect();
    let wide = nodes.iter().map(|node| node.len()).max().unwrap_or(0);
    for ((index, own), node) in rows.iter().zip(nodes) {
        let span = &record.spans[*index];
        let share = 100.0 * own.as_secs_f64() / record.took.as_secs_f64().max(f64::MIN_POSITIVE);
        let title = one_line(&span.title, WIDTH);
        // a String takes whatever is written
        let _ = writeln!(
            text,
            "{:>8} {share:>4.0}%  {:<8}  {node:<wide$}  {title}",
            elapsed(*own),
            span.what.as_str()
        );
    }
    text
}

/// `text` on one line of at most `width` characters.
pub(super) fn one_line(text: &str, width: usize) -> String {
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = words.char_indices().nth(width) {
        words.truncate(end);
        words.push('…');
    }
    words
}

#[cfg(test)]
mod tests {
    use super::super::testing::record;
    use super::*;

    #[test]
    fn own_time_is_what_no_child_covers() {
        let record = record(&[
            (None, None, 0, 10),
            (Some(0), Some("a"), 1, 5),
            (Some(0), Some("b"), 3, 7),
            (Some(1), Some("a"), 2, 3),
        ]);
        let own: Vec<u64> = own_times(&record).iter().map(Duration::as_secs).collect();
        assert_eq!(own, [4, 3, 4, 1]);
        assert_eq!(
            profile(&record),
            "kind run took 10.0s; the longest, by their own time:\n    \
                4.0s   40%  step         thing 0\n    \
                4.0s   40%  exec      b  thing 2\n    \
                3.0s   30%  exec      a  thing 1\n    \
                1.0s   10%  exec      a  thing 3\n"
        );
    }
}
