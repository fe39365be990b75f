//! The steps that run, as a tree, and how they look on a terminal. Pure: events go in, lines come out.
//!
//! A step without a parent leaves a line when it ends, with the steps inside it below; until then they are part of
//! what is redrawn. Steps of one name that worked on several nodes share a line once they are done.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::format::{BAD, DIM, GOOD, HINT, Style, TAIL, elapsed};
use super::meter::Meter;
use super::{Event, Outcome, StepId};

const SPINNER: [&str; 8] = ["⣾", "⣽", "⣻", "⢿", "⡿", "⣟", "⣯", "⣷"];
/// How long one picture of the spinner stays.
const FRAME: u128 = 100;
const BAR: usize = 20;

#[derive(Default)]
pub(super) struct Tree {
    steps: HashMap<StepId, Step>,
    roots: Vec<StepId>,
    /// Progress that belongs to no step.
    loose: Vec<Meter>,
}

struct Step {
    name: String,
    title: String,
    nodes: Vec<String>,
    started: Instant,
    ended: Option<(Duration, bool)>,
    parent: Option<StepId>,
    children: Vec<StepId>,
    meters: Vec<Meter>,
    tail: VecDeque<String>,
}

impl Tree {
    /// Takes the event in; returns lines that stay, for a step that has ended.
    pub(super) fn take_in(&mut self, event: &Event, style: Style, now: Instant) -> Vec<String> {
        match event {
            Event::StepStarted { id, parent, name, title, nodes } => {
                let parent = parent.filter(|parent| self.steps.contains_key(parent));
                match parent.and_then(|parent| self.steps.get_mut(&parent)) {
                    Some(parent) => parent.children.push(*id),
                    None => self.roots.push(*id),
                }
                self.steps.insert(
                    *id,
                    Step {
                        name: name.clone(),
                        title: title.clone(),
                        nodes: nodes.clone(),
                        started: now,
                        ended: None,
                        parent,
                        children: Vec::new(),
                        meters: Vec::new(),
                        tail: VecDeque::new(),
                    },
                );
            }
            Event::StepEnded { id, outcome, elapsed } => return self.end(*id, outcome, *elapsed, style),
            Event::Progress { step, what, done, total, unit } => {
                let meters = match step.and_then(|id| self.steps.get_mut(&id)) {
                    Some(step) => &mut step.meters,
                    None => &mut self.loose,
                };
                let index = meters.iter().position(|meter| meter.what == *what).unwrap_or_else(|| {
                    meters.push(Meter::new(what, *unit, now));
                    meters.len() - 1
                });
                meters[index].update(now, *done, *total);
                if meters[index].finished() {
                    meters.remove(index);
                }
            }
            Event::Output { step, node, stream, line } => {
                if let Some(step) = step.and_then(|id| self.steps.get_mut(&id)) {
                    if step.tail.len() == TAIL {
                        step.tail.pop_front();
                    }
                    step.tail.push_back(style.output(node.as_deref(), *stream, line));
                }
            }
            Event::Message { .. } | Event::CallStarted { .. } | Event::CallEnded { .. } => {}
        }
        Vec::new()
    }

    /// Whether there is nothing to redraw.
    pub(super) fn is_empty(&self) -> bool {
        self.roots.is_empty() && self.loose.is_empty()
    }

    fn end(&mut self, id: StepId, outcome: &Outcome, elapsed: Duration, style: Style) -> Vec<String> {
        let Some(step) = self.steps.get_mut(&id) else { return Vec::new() };
        step.ended = Some((elapsed, *outcome == Outcome::Done));
        step.meters.clear();
        if step.parent.is_some() {
            return Vec::new();
        }
        let mut lines = Vec::new();
        self.ended_lines(&[id], 0, style, &mut lines);
        self.roots.retain(|root| *root != id);
        self.forget(id);
        lines
    }

    fn forget(&mut self, id: StepId) {
        if let Some(step) = self.steps.remove(&id) {
            for child in step.children {
                self.forget(child);
            }
        }
    }

    /// The lines of steps that have ended and are siblings of one name.
    fn ended_lines(&self, group: &[StepId], depth: usize, style: Style, lines: &mut Vec<String>) {
        let steps: Vec<&Step> = group.iter().filter_map(|id| self.steps.get(id)).collect();
        let Some(first) = steps.first() else { return };
        let longest =
            steps.iter().filter_map(|step| step.ended).map(|(time, _)| time).max().unwrap_or_default();
        let good = steps.iter().all(|step| step.ended.is_none_or(|(_, good)| good));
        let mark = if good { style.paint(GOOD, "✓") } else { style.paint(BAD, "✗") };
        // at the top, which nodes is told by the lines below or of no interest
        let nodes = if depth == 0 { String::new() } else { nodes_of(&steps, style) };
        let time = style.paint(DIM, &format!("  {}", elapsed(longest)));
        lines.push(format!("{} {mark} {}{nodes}{time}", "  ".repeat(depth), first.title));

        let children: Vec<StepId> = steps.iter().flat_map(|step| step.children.iter().copied()).collect();
        let explained = children.iter().any(|child| self.failed(*child));
        for group in self.groups(&children) {
            if (depth == 0 && steps.len() == 1) || style.verbosity >= 1 || self.failed(group[0]) {
                self.ended_lines(&group, depth + 1, style, lines);
            }
        }
        if !good && !explained && style.verbosity < 1 {
            for line in steps.iter().flat_map(|step| &step.tail) {
                lines.push(format!("{}{line}", "  ".repeat(depth)));
            }
        }
    }

    fn failed(&self, id: StepId) -> bool {
        self.steps.get(&id).and_then(|step| step.ended).is_some_and(|(_, good)| !good)
    }

    /// Ended siblings put together by name and outcome, in the order they began.
    fn groups(&self, children: &[StepId]) -> Vec<Vec<StepId>> {
        let mut groups = Vec::<((&str, &str, bool), Vec<StepId>)>::new();
        for id in children {
            let Some((step, (_, good))) = self.steps.get(id).and_then(|step| Some((step, step.ended?)))
            else {
                continue;
            };
            let key = (step.name.as_str(), step.title.as_str(), good);
            match groups.iter_mut().find(|(of, _)| *of == key) {
                Some((_, ids)) => ids.push(*id),
                None => groups.push((key, vec![*id])),
            }
        }
        groups.into_iter().map(|(_, ids)| ids).collect()
    }

    /// What is redrawn: at most `rows` lines.
    pub(super) fn live(&self, style: Style, now: Instant, rows: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for root in &self.roots {
            self.live_lines(*root, 0, style, now, &mut lines);
        }
        for meter in &self.loose {
            lines.push((false, meter_line(meter, 0, style, now)));
        }
        // what is done gives way first, then what does not fit
        while lines.len() > rows {
            match lines.iter().position(|(done, _)| *done) {
                Some(index) => drop(lines.remove(index)),
                None => break,
            }
        }
        let mut lines: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
        if lines.len() > rows {
            let more = lines.len() - rows.saturating_sub(1);
            lines.truncate(rows.saturating_sub(1));
            lines.push(style.paint(DIM, &format!("   … {more} more")));
        }
        lines
    }

    /// Lines of a running step; the flag marks those of steps inside that are done.
    fn live_lines(
        &self,
        id: StepId,
        depth: usize,
        style: Style,
        now: Instant,
        lines: &mut Vec<(bool, String)>,
    ) {
        let Some(step) = self.steps.get(&id) else { return };
        let time = now.duration_since(step.started);
        let frame = SPINNER[(time.as_millis() / FRAME) as usize % SPINNER.len()];
        let nodes = nodes_of(&[step], style);
        let shown = style.paint(DIM, &format!("  {}", elapsed(time)));
        lines.push((
            false,
            format!("{} {} {}{nodes}{shown}", "  ".repeat(depth), style.paint(HINT, frame), step.title),
        ));
        for meter in &step.meters {
            lines.push((false, meter_line(meter, depth, style, now)));
        }
        for group in self.groups(&step.children) {
            let mut ended = Vec::new();
            self.ended_lines(&group, depth + 1, style, &mut ended);
            lines.extend(ended.into_iter().take(1).map(|line| (true, line)));
        }
        for child in &step.children {
            if self.steps.get(child).is_some_and(|step| step.ended.is_none()) {
                self.live_lines(*child, depth + 1, style, now, lines);
            }
        }
    }
}

fn nodes_of(steps: &[&Step], style: Style) -> String {
    let mut nodes: Vec<&str> = Vec::new();
    for node in steps.iter().flat_map(|step| &step.nodes) {
        if !nodes.contains(&node.as_str()) {
            nodes.push(node);
        }
    }
    match nodes.len() {
        0 => String::new(),
        1..=4 => style.paint(DIM, &format!("  {}", nodes.join(", "))),
        count => style.paint(DIM, &format!("  {} and {} more", nodes[..3].join(", "), count - 3)),
    }
}

fn meter_line(meter: &Meter, depth: usize, style: Style, now: Instant) -> String {
    let bar = meter.fraction().map_or(String::new(), |fraction| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to BAR
        let full = (fraction * BAR as f64) as usize;
        format!("{}{}  ", style.paint(HINT, &"━".repeat(full)), style.paint(DIM, &"─".repeat(BAR - full)))
    });
    format!("{}   {}  {bar}{}", "  ".repeat(depth), meter.what, style.paint(DIM, &meter.numbers(now)))
}

#[cfg(test)]
mod tests {
    use super::super::{Stream, Unit};
    use super::*;

    const STYLE: Style = Style { verbosity: 0, color: false };

    struct Scene {
        tree: Tree,
        start: Instant,
    }

    impl Scene {
        fn new() -> Self {
            Self { tree: Tree::default(), start: Instant::now() }
        }
        fn begin(&mut self, id: StepId, parent: Option<StepId>, title: &str, nodes: &[&str]) {
            let nodes = nodes.iter().map(|node| (*node).to_owned()).collect();
            let event =
                Event::StepStarted { id, parent, name: title.to_owned(), title: title.to_owned(), nodes };
            assert!(self.tree.take_in(&event, STYLE, self.start).is_empty());
        }
        fn end(&mut self, id: StepId, seconds: u64, good: bool) -> Vec<String> {
            let outcome = if good { Outcome::Done } else { Outcome::Failed("it broke".to_owned()) };
            let event = Event::StepEnded { id, outcome, elapsed: Duration::from_secs(seconds) };
            self.tree.take_in(&event, STYLE, self.start)
        }
        fn live(&self, seconds: u64, rows: usize) -> Vec<String> {
            self.tree.live(STYLE, self.start + Duration::from_secs(seconds), rows)
        }
    }

    #[test]
    fn parallel_steps_are_lines_of_their_own_until_done_then_share_one() {
        let mut scene = Scene::new();
        scene.begin(1, None, "Preparing nodes", &["a", "b"]);
        scene.begin(2, Some(1), "Mounts", &["a"]);
        scene.begin(3, Some(1), "Mounts", &["b"]);
        assert_eq!(
            scene.live(2, 10),
            [" ⡿ Preparing nodes  a, b  2.0s", "   ⡿ Mounts  a  2.0s", "   ⡿ Mounts  b  2.0s"]
        );
        assert!(scene.end(2, 1, true).is_empty());
        assert_eq!(
            scene.live(2, 10),
            [" ⡿ Preparing nodes  a, b  2.0s", "   ✓ Mounts  a  1.0s", "   ⡿ Mounts  b  2.0s"]
        );
        scene.end(3, 3, true);
        assert_eq!(scene.end(1, 4, true), [" ✓ Preparing nodes  4.0s", "   ✓ Mounts  a, b  3.0s"]);
        assert!(scene.tree.is_empty());
        assert!(scene.tree.steps.is_empty());
    }

    #[test]
    fn a_failure_is_shown_down_to_where_it_happened_with_its_last_lines() {
        let mut scene = Scene::new();
        scene.begin(1, None, "Boot", &[]);
        scene.begin(2, Some(1), "Start", &["a"]);
        scene.begin(3, Some(2), "Runtime", &["a"]);
        let output = Event::Output {
            step: Some(3),
            node: Some("a".to_owned()),
            stream: Stream::Stderr,
            line: "no socket".to_owned(),
        };
        scene.tree.take_in(&output, STYLE, scene.start);
        scene.end(3, 1, false);
        scene.end(2, 1, false);
        assert_eq!(
            scene.end(1, 2, false),
            [" ✗ Boot  2.0s", "   ✗ Start  a  1.0s", "     ✗ Runtime  a  1.0s", "       a ! no socket"]
        );
    }

    #[test]
    fn progress_stands_below_its_step_until_it_is_done() {
        let mut scene = Scene::new();
        scene.begin(1, None, "Images", &[]);
        let mut progress = |done| {
            let event = Event::Progress {
                step: Some(1),
                what: "pulling".to_owned(),
                done,
                total: Some(100),
                unit: Unit::Items,
            };
            scene.tree.take_in(&event, STYLE, scene.start);
            scene.tree.live(STYLE, scene.start, 10)
        };
        assert_eq!(progress(25), [" ⣾ Images  0.0s", "   pulling  ━━━━━───────────────  25 of 100"]);
        assert_eq!(progress(100), [" ⣾ Images  0.0s"]);
    }

    #[test]
    fn a_low_terminal_shows_what_runs_first() {
        let mut scene = Scene::new();
        scene.begin(1, None, "All", &[]);
        scene.begin(2, Some(1), "Done", &[]);
        scene.end(2, 1, true);
        for id in 3..6 {
            scene.begin(id, Some(1), &format!("Step {id}"), &[]);
        }
        assert_eq!(scene.live(0, 4).len(), 4);
        assert_eq!(scene.live(0, 3), [" ⣾ All  0.0s", "   ⣾ Step 3  0.0s", "   … 2 more"]);
        assert_eq!(scene.live(0, 0).len(), 1);
    }
}
