//! The texts that are open in the editor, and what was found in them.

use crate::script::check::{Checker, Report, Target};
use std::collections::BTreeMap;

/// An open text.
pub struct Document {
    /// Its file.
    pub path: String,
    /// Its text.
    pub text: String,
    /// What was found in it.
    pub report: Report,
    /// What was found when its syntax was right the last time.
    pub good: Option<Report>,
}

impl Document {
    /// What the name at a byte stands for.
    pub fn target(&self, at: usize) -> Option<(std::ops::Range<usize>, &Target)> {
        let report = if self.report.parsed.is_some() { &self.report } else { self.good.as_ref()? };
        let touches = |span: &std::ops::Range<usize>| span.start <= at && at <= span.end;
        report.uses.iter().rev().find(|u| touches(&u.span)).map(|u| (u.span.clone(), &u.target))
    }
}

/// All of them, by URI.
#[derive(Default)]
pub struct Documents(BTreeMap<String, Document>);

impl Documents {
    /// Takes a new text, and checks it.
    pub fn set(&mut self, checker: &mut Checker<'_>, uri: &str, text: String) {
        let path = super::uri::to_path(uri);
        let report = checker.check(&path, &text);
        let before = self.0.remove(uri);
        let good = before.and_then(|d| if d.report.parsed.is_some() { Some(d.report) } else { d.good });
        self.0.insert(uri.to_owned(), Document { path, text, report, good });
    }
    /// Forgets a text.
    pub fn remove(&mut self, uri: &str) {
        self.0.remove(uri);
    }
    /// An open text.
    pub fn get(&self, uri: &str) -> Option<&Document> {
        self.0.get(uri)
    }
    /// URIs and texts of all.
    pub fn texts(&self) -> Vec<(String, String)> {
        self.0.iter().map(|(uri, document)| (uri.clone(), document.text.clone())).collect()
    }
}
