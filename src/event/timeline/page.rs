//! The timeline as one HTML page that needs nothing else: spans as data, drawn by the script in it. What matters
//! most, the critical path and the longest things, stands there in words, without the script too.

use super::profile::{longest, one_line};
use super::{Record, What, critical_path, lanes};
use crate::event::CallKind;
use crate::event::format::elapsed;
use serde_json::json;
use std::fmt::Write as _;
use std::time::Duration;

const TEMPLATE: &str = include_str!("page.html");
/// Stretches of the path that are shorter than this share of the whole are told together.
const SHORT: f64 = 0.02;

/// The page.
pub fn page(record: &Record) -> String {
    let mut page = TEMPLATE.to_owned();
    for (mark, text) in [
        ("{{title}}", escaped(&record.title)),
        ("{{summary}}", summary(record)),
        ("{{path}}", path_in_words(record)),
        ("{{longest}}", longest_table(record)),
        // last: what is in it is never looked at for marks
        ("{{data}}", data(record)),
    ] {
        page = page.replace(mark, &text);
    }
    page
}

fn data(record: &Record) -> String {
    let (lanes, placed) = lanes(record);
    let millis = |time: Duration| (time.as_secs_f64() * 1e6).round() / 1e3;
    let path = critical_path(record);
    let spans: Vec<serde_json::Value> = record
        .spans
        .iter()
        .zip(&placed)
        .enumerate()
        .map(|(index, (span, place))| {
            json!({
                "k": span.what.as_str(), "t": span.title, "n": record.node_of(index), "s": span.name, "p": span.parent,
                "a": millis(span.start), "b": millis(span.end), "l": place.lane, "d": place.depth,
                "c": span.code, "e": span.error, "u": !span.ended,
            })
        })
        .collect();
    let path: Vec<serde_json::Value> = path
        .iter()
        .map(|stretch| json!([stretch.span, millis(stretch.start), millis(stretch.end)]))
        .collect();
    let lanes: Vec<serde_json::Value> =
        lanes.iter().map(|lane| json!({"g": lane.group, "i": lane.number, "h": lane.depth})).collect();
    let data = json!({"took": millis(record.took), "lanes": lanes, "spans": spans, "path": path});
    // `</script>` inside a text must not end the script
    data.to_string().replace('<', "\\u003c").replace("{{", "{\\u007b")
}

fn summary(record: &Record) -> String {
    let count = |wanted: fn(What) -> bool| record.spans.iter().filter(|span| wanted(span.what)).count();
    let path = critical_path(record);
    let of_path = |wanted: fn(Option<What>) -> bool| -> Duration {
        let what = |span: Option<usize>| span.map(|index| record.spans[index].what);
        path.iter().filter(|stretch| wanted(what(stretch.span))).map(|s| s.end.saturating_sub(s.start)).sum()
    };
    let waited = of_path(|what| what == Some(What::Call(CallKind::Wait)));
    format!(
        "{} from {}: {} steps, {} commands, {} waits. {} of it ({:.0}%) went by waiting with nothing else to do.",
        elapsed(record.took),
        escaped(record.began.split('.').next().unwrap_or_default()),
        count(|what| what == What::Step),
        count(|what| what == What::Call(CallKind::Exec)),
        count(|what| what == What::Call(CallKind::Wait)),
        elapsed(waited),
        share(waited, record),
    )
}

fn share(time: Duration, record: &Record) -> f64 {
    100.0 * time.as_secs_f64() / record.took.as_secs_f64().max(f64::MIN_POSITIVE)
}

/// One item for each stretch of the path that took long; the short ones between are told together.
fn path_in_words(record: &Record) -> String {
    let mut items = String::new();
    let (mut few, mut time) = (0, Duration::ZERO);
    let short = |items: &mut String, few: &mut usize, time: &mut Duration| {
        if time.as_millis() >= 50 {
            let things = if *few == 1 { "one short thing".to_owned() } else { format!("{few} short things") };
            // a String takes whatever is written
            let _ = write!(items, "<li class=\"short\"><b>{}</b> {things}</li>", elapsed(*time));
        }
        (*few, *time) = (0, Duration::ZERO);
    };
    for stretch in critical_path(record) {
        let took = stretch.end.saturating_sub(stretch.start);
        if took.as_secs_f64() < SHORT * record.took.as_secs_f64() {
            few += 1;
            time += took;
            continue;
        }
        short(&mut items, &mut few, &mut time);
        let _ = write!(items, "<li><b>{}</b> <i>{:.0}%</i> ", elapsed(took), share(took, record));
        match stretch.span {
            None => items.push_str("outside of any step"),
            Some(index) => items.push_str(&told(record, index)),
        }
        items.push_str("</li>");
    }
    short(&mut items, &mut few, &mut time);
    items
}

/// What a span is, in words: `waiting for …`, `running …`, with its node and step.
fn told(record: &Record, index: usize) -> String {
    let span = &record.spans[index];
    let title = escaped(&one_line(&span.title, 160));
    let mut text = match span.what {
        What::Step => format!("in the step “{title}” itself"),
        What::Call(CallKind::Wait) => {
            format!("<span class=\"tag wait\">waiting</span> for <code>{title}</code>")
        }
        What::Call(CallKind::Exec) => format!("<span class=\"tag exec\">running</span> <code>{title}</code>"),
        What::Call(CallKind::Api) => format!("<span class=\"tag api\">asking</span> <code>{title}</code>"),
        What::Call(CallKind::Transfer) => {
            format!("<span class=\"tag transfer\">moving</span> <code>{title}</code>")
        }
    };
    if let Some(node) = record.node_of(index) {
        let _ = write!(text, " on {}", escaped(node));
    }
    let mut around = span.parent;
    while let Some(parent) = around {
        if record.spans[parent].what == What::Step {
            let _ = write!(text, " <small>{}</small>", escaped(&record.spans[parent].title));
            break;
        }
        around = record.spans[parent].parent;
    }
    text
}

fn longest_table(record: &Record) -> String {
    longest(record, 10)
        .into_iter()
        .map(|(index, own)| {
            let (time, share) = (elapsed(own), share(own, record));
            format!("<tr><td>{time}<td>{share:.0}%<td>{}</tr>", told(record, index))
        })
        .collect()
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            // a mark of the template
            '{' => safe.push_str("&#123;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::super::testing::record;
    use super::*;

    #[test]
    fn the_page_tells_the_path_and_holds_nothing_that_could_run_or_be_fetched() {
        let mut record = record(&[(None, None, 0, 10), (Some(0), Some("a"), 1, 9)]);
        record.spans[1].title = "echo </script><img src=x> {{data}}".to_owned();
        record.spans[1].what = What::Call(CallKind::Wait);
        let page = page(&record);
        assert!(page.contains("<b>8.0s</b> <i>80%</i>"), "{page}");
        assert!(page.contains("8.0s of it (80%) went by waiting"), "{page}");
        assert!(!page.contains("<img"), "{page}");
        for mark in ["{{title}}", "{{summary}}", "{{path}}", "{{longest}}"] {
            assert!(!page.contains(mark), "{mark}");
        }
        assert_eq!(page.matches("echo ").count(), 3, "told twice, and once as data");
        assert_eq!(page.matches("</script>").count(), 2, "one for the data, one for the code");
        for outside in ["http://", "https://", "src=\"", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
    }
}
