//! The guides tell the truth: each page is followed from its first fence to its last, and its links lead somewhere.
//!
//! | fence | what is done with it |
//! |---|---|
//! | `sh` | its commands run in bash on a terminal, in the page's folder; each has to succeed (`sh,fails`: end with 1) |
//! | `text` behind `sh` | what the terminal shows then, by the rules of `compare.rs` |
//! | `console` | `$ COMMAND`, then what is typed at its prompts and what it answers |
//! | `rhai` | runs |
//! | `rhai`, `yaml`, `toml` with a file's name in a comment at the top | is that file from then on; scripts are checked |
//! | `rhai,no_check` with a name | is a file too, with mistakes to be found |
//! | `yaml`, `toml` | is YAML, is TOML |
//! | `rhai,no_run` | is checked |
//! | `…,no_run` below a comment that gives the reason | is left alone, but for the flags of `kind` in `sh` |
//!
//! All others fail. `demo`, and `kind` in scripts, is the shared cluster; clusters that pages make are told in `story.rs`.

mod compare;
mod fences;
mod story;

use crate::harness::{plain, real};
use libtest_mimic::Trial;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use story::Story;

pub fn tests() -> Vec<Trial> {
    let mut all = vec![
        plain("guides::every_link_leads_somewhere", every_link_leads_somewhere),
        plain("guides::the_book_has_every_page", the_book_has_every_page),
        plain("guides::no_fence_and_no_link_is_missed", fences::rules_hold),
        plain("guides::comparison_tells_what_differs", compare::rules_hold),
    ];
    for page in pages() {
        let name = page.strip_prefix(root()).unwrap().with_extension("").display().to_string();
        all.push(real(&format!("guides::{name}"), move || is_true(&page)));
    }
    all
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn markdown(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "md"));
    files.sort();
    files
}

/// All pages with fences of people; those of docs/reference are generated from examples that run elsewhere.
fn pages() -> Vec<PathBuf> {
    let mut all = markdown("docs/guide");
    all.extend(["", "docs", "docs/recordings", "scripts"].iter().flat_map(|folder| markdown(folder)));
    all
}

fn is_true(page: &Path) {
    let text = std::fs::read_to_string(page).unwrap();
    let fences = fences::fences(&text).unwrap_or_else(|why| panic!("{}, {why}", page.display()));
    if fences.is_empty() {
        return;
    }
    story::names_are_clear(&text).unwrap_or_else(|why| panic!("{}: {why}", page.display()));
    let story = Story::new(&text, page.ends_with("README.md"));
    let mut failed = String::new();
    let mut rest = fences.iter().peekable();
    while let Some(fence) = rest.next() {
        let output = match rest.peek() {
            Some(next) if next.info == "text" && fence.info.starts_with("sh") => rest.next(),
            _ => None,
        };
        if let Err(why) = story.follow(fence, output.map(|fence| fence.body.as_str())) {
            let _ = writeln!(failed, "{}:{}\n{why}", page.display(), fence.line);
        }
    }
    assert!(failed.is_empty(), "{failed}");
}

fn every_link_leads_somewhere() {
    let mut dead = Vec::new();
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for (file, heading) in fences::links(&text) {
            let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            let there = match std::fs::read_to_string(&target) {
                Ok(text) => heading.is_empty() || fences::headings(&text).iter().any(|h| h == heading),
                Err(_) => target.is_dir(),
            };
            // the book has nothing but docs/
            let docs = root().join("docs");
            let outside =
                page.starts_with(&docs) && !target.canonicalize().is_ok_and(|path| path.starts_with(&docs));
            if !there || outside {
                dead.push(format!("{}: {file} {heading}", page.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}

/// What is not in SUMMARY.md is no part of the book.
fn the_book_has_every_page() {
    let summary = std::fs::read_to_string(root().join("docs/SUMMARY.md")).unwrap();
    let listed = fences::links(&summary);
    for page in ["docs", "docs/guide", "docs/reference"].iter().flat_map(|folder| markdown(folder)) {
        let name = page.strip_prefix(root().join("docs")).unwrap().display().to_string();
        assert!(
            name == "SUMMARY.md" || listed.iter().any(|(file, _)| *file == name),
            "docs/SUMMARY.md does not list {name}"
        );
    }
}
