//! Fences of a Markdown file, and what is to be done with each.

/// A fence, and where it stands.
#[derive(Debug)]
pub struct Fence {
    /// The number of its first line, from 1.
    pub line: usize,
    /// What stands behind the backticks: `sh`, `rhai,no_run`.
    pub info: String,
    pub body: String,
    /// The words of an HTML comment right above it.
    pub comment: Option<String>,
}

impl Fence {
    /// The name of the file that it shows, told by a comment in its first line: `// hello.rhai`, `//! web_test.rhai: …`,
    /// `# kind.yaml`.
    pub fn file(&self) -> Option<&str> {
        let first = self.body.lines().next()?;
        let words = first.strip_prefix("//!").or(first.strip_prefix("//")).or(first.strip_prefix('#'))?;
        let name = words.split_whitespace().next()?.trim_end_matches(':');
        [".rhai", ".yaml", ".toml"].iter().any(|end| name.ends_with(end) && name != *end).then_some(name)
    }
}

/// All fences of a text. A line that begins or ends one in any other way than at the left with three backticks is an
/// error, so that none is missed.
pub fn fences(text: &str) -> Result<Vec<Fence>, String> {
    let mut found = Vec::new();
    let mut open: Option<Fence> = None;
    let mut above = "";
    for (i, line) in text.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) if !info.starts_with('`') => {
                let comment = above.strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->"));
                open = Some(Fence {
                    line: i + 1,
                    info: info.to_owned(),
                    body: String::new(),
                    comment: comment.map(|words| words.trim().to_owned()),
                });
            }
            (Some(_), Some("")) => found.extend(open.take()),
            _ if line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~") => {
                return Err(format!("line {}: a fence that is neither begun nor ended at the left", i + 1));
            }
            (Some(fence), _) => {
                fence.body.push_str(line);
                fence.body.push('\n');
            }
            (None, _) => {}
        }
        above = line;
    }
    match open {
        Some(fence) => Err(format!("line {}: a fence without an end", fence.line)),
        None => Ok(found),
    }
}

/// Targets of links within the project: a file, and the heading behind a `#` or nothing.
pub fn links(text: &str) -> Vec<(&str, &str)> {
    let targets = prose(text).flat_map(|line| line.split("](").skip(1));
    let targets = targets.filter_map(|part| part.split(')').next()).filter(|target| !target.contains("://"));
    targets.map(|target| target.split_once('#').unwrap_or((target, ""))).collect()
}

/// What links to the headings of a text have behind the `#`.
pub fn headings(text: &str) -> Vec<String> {
    let titles =
        prose(text).filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let anchor = |title: &str| {
        let letters = title
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
            .collect::<String>();
        letters.replace(' ', "-")
    };
    titles.map(anchor).collect()
}

/// Lines outside of fences.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().filter(move |line| {
        let mark = line.starts_with("```");
        fenced ^= mark;
        !fenced && !mark
    })
}

/// The rules above.
pub fn rules_hold() {
    let found =
        fences("<!-- why -->\n```sh,no_run\nls\n```\n\n```rhai\n//! a_test.rhai: tests\n```\n").unwrap();
    let told: Vec<_> =
        found.iter().map(|f| (f.line, f.info.as_str(), f.comment.as_deref(), f.file())).collect();
    assert_eq!(told, [(2, "sh,no_run", Some("why"), None), (6, "rhai", None, Some("a_test.rhai"))]);
    assert_eq!(found[0].body, "ls\n");
    for missed in ["- a\n  ```sh\n  ls\n  ```\n", "~~~\nls\n~~~\n", "````sh\nls\n````\n", "```sh\nls\n"] {
        assert!(fences(missed).is_err(), "{missed}");
    }
    assert_eq!(
        links("[a](b.md#c-d) ![e](f.png) [g](#h) https://i\n```\n[no](no.md)\n```\n"),
        [("b.md", "c-d"), ("f.png", ""), ("", "h"),]
    );
    assert_eq!(headings("# A title\n## What, a `b`?\n```sh\n# no\n```\n"), ["a-title", "what-a-b"]);
}
