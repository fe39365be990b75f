//! The guides tell the truth: every Rhai fence in README.md and docs/ runs, on the shared cluster in place of `kind`.

use crate::harness::{Home, real, shared};
use libtest_mimic::Trial;
use std::path::{Path, PathBuf};

pub fn tests() -> Vec<Trial> {
    vec![real("guides::every_fence_runs", every_fence_runs)]
}

fn guides() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "md"));
    files.push(root.join("README.md"));
    files.sort();
    files
}

/// Texts of the fences that are marked as `rhai` and nothing else, with the number of the line before.
fn fences(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (i, line) in text.lines().enumerate() {
        match (&mut open, line) {
            (None, "```rhai") => open = Some((i + 1, String::new())),
            (Some(_), "```") => found.extend(open.take()),
            (Some((_, body)), line) => {
                body.push_str(line);
                body.push('\n');
            }
            (None, _) => {}
        }
    }
    found
}

fn every_fence_runs() {
    let c = shared();
    let home = Home::new();
    let mut ran = 0;
    let mut failed = Vec::new();
    for guide in guides() {
        for (line, body) in fences(&std::fs::read_to_string(&guide).unwrap()) {
            let body = body.replace("cluster(\"kind\")", &format!("cluster(\"{}\")", c.name));
            let result = home.kind(&["run", "-e", &body]);
            ran += 1;
            if result.code != 0 {
                failed.push(format!("{}:{line}\n{}", guide.display(), result.stderr));
            }
        }
    }
    assert!(ran > 4, "the fences are not found any more");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
