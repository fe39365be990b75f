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

/// Targets of links that are files, without what follows a `#`.
pub fn links(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        fenced ^= line.starts_with("```");
        if fenced {
            continue;
        }
        for part in line.split("](").skip(1) {
            let target = part.split(')').next().unwrap_or_default().split('#').next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") {
                found.push(target);
            }
        }
    }
    found
}
