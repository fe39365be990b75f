//! The critical path: what has to become faster for the whole to become faster. Found from the end: of all that a
//! span waited for, the one that ended last held it up; before that one began, the next.

use super::Record;
use std::time::Duration;

/// A stretch of the path: all of the run's time is in exactly one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The innermost span; none for time in which nothing was recorded.
    pub span: Option<usize>,
    /// From here
    pub start: Duration,
    /// to here.
    pub end: Duration,
}

/// The stretches from the run's start to its end, in that order.
pub fn critical_path(record: &Record) -> Vec<Stretch> {
    let (children, roots) = record.children();
    let mut path = Vec::new();
    // work still to do, so that deep nesting needs no deep calls: a span (or the run) and the time in it
    let mut todo = vec![(None, Duration::ZERO, record.took)];
    while let Some((span, start, end)) = todo.pop() {
        let inside = span.map_or(&roots, |index: usize| &children[index]);
        // the one that ended last before here; one that goes on longer is told only where there is none
        let last = inside
            .iter()
            .map(|child| (*child, record.spans[*child].start.max(start), record.spans[*child].end))
            .filter(|(_, begin, done)| *begin < end && begin < done)
            .max_by_key(|(_, _, done)| ((*done).min(end), *done <= end));
        let Some((child, begin, done)) = last else {
            path.push(Stretch { span, start, end });
            continue;
        };
        let done = done.min(end);
        path.push(Stretch { span, start: done, end });
        // the path is walked from the end: first the child, then what is left of this one
        todo.push((span, start, begin));
        todo.push((Some(child), begin, done));
    }
    path.reverse();
    path.retain(|stretch| stretch.end > stretch.start);
    path
}

#[cfg(test)]
mod tests {
    use super::super::testing::record;
    use super::*;

    #[test]
    fn the_path_goes_through_what_ended_last() {
        let record = record(&[
            (None, None, 0, 10),
            (Some(0), Some("a"), 1, 4),
            (Some(0), Some("b"), 1, 6),
            (Some(0), Some("a"), 6, 9),
            (Some(3), Some("a"), 7, 8),
            (None, None, 11, 12),
        ]);
        let path: Vec<(Option<usize>, u64, u64)> = critical_path(&record)
            .iter()
            .map(|stretch| (stretch.span, stretch.start.as_secs(), stretch.end.as_secs()))
            .collect();
        assert_eq!(
            path,
            [
                (Some(0), 0, 1),
                (Some(2), 1, 6),
                (Some(3), 6, 7),
                (Some(4), 7, 8),
                (Some(3), 8, 9),
                (Some(0), 9, 10),
                (None, 10, 11),
                (Some(5), 11, 12),
            ]
        );
    }
}
