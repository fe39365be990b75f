//! Which row a span is drawn in: one group of rows for each node, and in it as many lanes as things went on at the
//! same time. In a lane spans lie side by side or one inside the other, never half over each other.

use super::Record;

/// Name of the group of what belongs to no single node.
const CLUSTER: &str = "cluster";

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// The node's name, or `cluster`.
    pub group: String,
    /// Its number within the group, from 0.
    pub number: usize,
    /// How many spans lie inside each other at most.
    pub depth: usize,
}

/// Where a span lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Index of its lane.
    pub lane: usize,
    /// How many spans of the lane are around it.
    pub depth: usize,
}

/// The lanes, those of the cluster first, then node by node; and for each span where it lies.
pub fn lanes(record: &Record) -> (Vec<Lane>, Vec<Placed>) {
    let spans = &record.spans;
    let mut groups: Vec<&str> = Vec::new();
    let of: Vec<&str> = (0..spans.len())
        .map(|index| {
            let group = record.node_of(index).unwrap_or(CLUSTER);
            if !groups.contains(&group) {
                groups.push(group);
            }
            group
        })
        .collect();
    groups.sort_by_key(|group| *group != CLUSTER);

    let mut lanes = Vec::new();
    let mut placed = vec![Placed { lane: 0, depth: 0 }; spans.len()];
    for group in groups {
        let first = lanes.len();
        // for each lane of the group, the spans that are open where we are
        let mut open: Vec<Vec<usize>> = Vec::new();
        for index in (0..spans.len()).filter(|index| of[*index] == group) {
            let (start, end) = (spans[index].start, spans[index].end);
            for stack in &mut open {
                while stack.last().is_some_and(|last| spans[*last].end <= start) {
                    stack.pop();
                }
            }
            let fits = |stack: &Vec<usize>| stack.last().is_none_or(|last| spans[*last].end >= end);
            let inside = |stack: &Vec<usize>| stack.last().copied() == spans[index].parent;
            let lane = (0..open.len())
                .find(|lane| !open[*lane].is_empty() && inside(&open[*lane]) && fits(&open[*lane]))
                .or_else(|| (0..open.len()).find(|lane| open[*lane].is_empty()))
                .unwrap_or_else(|| {
                    open.push(Vec::new());
                    lanes.push(Lane { group: group.to_owned(), number: open.len() - 1, depth: 0 });
                    open.len() - 1
                });
            placed[index] = Placed { lane: first + lane, depth: open[lane].len() };
            open[lane].push(index);
            let lane = &mut lanes[first + lane];
            lane.depth = lane.depth.max(placed[index].depth + 1);
        }
    }
    (lanes, placed)
}

#[cfg(test)]
mod tests {
    use super::super::testing::record;
    use super::*;

    #[test]
    fn what_goes_on_at_the_same_time_gets_lanes_of_its_own() {
        let record = record(&[
            (None, None, 0, 10),
            (Some(0), Some("a"), 1, 5),
            (Some(0), Some("b"), 1, 9),
            (Some(1), Some("a"), 2, 3),
            (Some(0), Some("a"), 4, 8),
            (Some(0), None, 2, 4),
            (Some(0), None, 3, 6),
        ]);
        let (lanes, placed) = lanes(&record);
        let names: Vec<(&str, usize, usize)> =
            lanes.iter().map(|lane| (lane.group.as_str(), lane.number, lane.depth)).collect();
        assert_eq!(names, [("cluster", 0, 2), ("cluster", 1, 1), ("a", 0, 2), ("a", 1, 1), ("b", 0, 1)]);
        let places: Vec<(usize, usize)> = placed.iter().map(|place| (place.lane, place.depth)).collect();
        assert_eq!(places, [(0, 0), (2, 0), (4, 0), (2, 1), (3, 0), (0, 1), (1, 0)]);
    }
}
