//! What a guide shows, held against what came.
//!
//! Blanks in a row count as one, addresses and times (`172.18.0.2`, `1.4s`) fit any other. A `…` stands for anything
//! within a line, a line of nothing else for any number of lines.

/// Whether `came` is what `shown` says.
pub fn fits(shown: &str, came: &str) -> bool {
    let lines = |text: &str| text.trim_end().lines().map(plain).collect::<Vec<_>>();
    lines_fit(&lines(shown), &lines(came))
}

fn lines_fit(shown: &[String], came: &[String]) -> bool {
    match (shown.split_first(), came.split_first()) {
        (None, _) => came.is_empty(),
        (Some((gap, rest)), _) if gap == "…" => {
            (0..=came.len()).any(|skipped| lines_fit(rest, &came[skipped..]))
        }
        (Some((wanted, rest)), Some((line, others))) => line_fits(wanted, line) && lines_fit(rest, others),
        (Some(_), None) => false,
    }
}

fn line_fits(shown: &str, came: &str) -> bool {
    let parts: Vec<&str> = shown.split('…').collect();
    let [first, middle @ .., last] = &parts[..] else { return shown == came };
    let Some(mut rest) = came.strip_prefix(first) else { return false };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// A line without what may differ.
fn plain(line: &str) -> String {
    let word = |word: &str| {
        let bare = word.trim_end_matches(['s', 'm', 'h', ',']);
        if word.parse::<std::net::Ipv4Addr>().is_ok() {
            "ADDRESS".to_owned()
        } else if bare != word && bare.parse::<f64>().is_ok() {
            "TIME".to_owned()
        } else {
            word.to_owned()
        }
    };
    line.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

/// The rules above.
pub fn rules_hold() {
    assert!(fits("a  b\n", "a b"));
    assert!(!fits("a b", "a b\nc"));
    assert!(!fits("a b\nc", "a b"));
    assert!(fits("…\nc\n", "a\nb\nc"));
    assert!(fits("a\n…", "a"));
    assert!(!fits("…\nc", "a\nb"));
    assert!(fits("at 10.0.0.1 in 1.5s", "at 172.18.0.2 in 20s"));
    assert!(!fits("at 10.0.0.1", "at home"));
    assert!(fits("pod-… of …", "pod-x7f of kube-system"));
    assert!(!fits("pod-… of x", "pod-x7f of y"));
    assert!(!fits("aba…ba", "aba"));
}
