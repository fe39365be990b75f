//! Findings for people, as JSON, and as SARIF 2.1.0 for code hosts.

use super::{Finding, Report, Severity, Text};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde_json::{Value, json as value};

/// Findings with their lines of the script; colours as escape codes.
pub fn text(report: &Report) -> String {
    let renderer = Renderer::styled().decor_style(DecorStyle::Ascii).term_width(110);
    report.findings.iter().map(|finding| one(&renderer, &report.text, finding)).collect()
}

fn one(renderer: &Renderer, text: &Text, finding: &Finding) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut mark = AnnotationKind::Primary.span(finding.span.clone());
    if !finding.label.is_empty() {
        mark = mark.label(&*finding.label);
    }
    let snippet = Snippet::source(&*text.content).path(&*text.name).annotation(mark);
    let mut group = level.primary_title(&*finding.message).id(finding.code).element(snippet);
    if let Some(hint) = &finding.hint {
        group = group.element(Level::HELP.message(&**hint));
    }
    renderer.render(&[group]) + "\n\n"
}

/// How many there are, in words; nothing when there are none.
pub fn summary(reports: &[Report]) -> Option<String> {
    let count =
        |severity| reports.iter().flat_map(|r| &r.findings).filter(|f| f.severity == severity).count();
    let words =
        |n: usize, word: &str| (n > 0).then(|| format!("{n} {word}{}", if n == 1 { "" } else { "s" }));
    let parts: Vec<String> =
        [words(count(Severity::Error), "error"), words(count(Severity::Warning), "warning")]
            .into_iter()
            .flatten()
            .collect();
    (!parts.is_empty()).then(|| parts.join(" and "))
}

fn severity(finding: &Finding) -> &'static str {
    match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// One object for each finding: file, severity, code, message, hint, and line and column of both ends, from 1.
pub fn json(reports: &[Report]) -> Value {
    let all = reports.iter().flat_map(|report| report.findings.iter().map(move |finding| (report, finding)));
    let object = |(report, finding): (&Report, &Finding)| {
        let (line, column) = report.text.place(finding.span.end);
        value!({
            "file": report.text.name,
            "severity": severity(finding),
            "code": finding.code,
            "message": finding.message,
            "hint": finding.hint,
            "line": finding.line,
            "column": finding.column,
            "end_line": line + 1,
            "end_column": column + 1,
        })
    };
    Value::Array(all.map(object).collect())
}

/// A SARIF log with one run.
pub fn sarif(reports: &[Report]) -> Value {
    let mut codes: Vec<&str> = reports.iter().flat_map(|r| &r.findings).map(|f| f.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let all = reports.iter().flat_map(|report| report.findings.iter().map(move |finding| (report, finding)));
    let result = |(report, finding): (&Report, &Finding)| {
        let (line, column) = report.text.place(finding.span.end);
        let hint = finding.hint.as_ref().map_or_else(String::new, |hint| format!(" ({hint})"));
        value!({
            "ruleId": finding.code,
            "level": severity(finding),
            "message": {"text": format!("{}{hint}", finding.message)},
            "locations": [{"physicalLocation": {
                "artifactLocation": {"uri": report.text.name},
                "region": {
                    "startLine": finding.line, "startColumn": finding.column,
                    "endLine": line + 1, "endColumn": column + 1,
                },
            }}],
        })
    };
    value!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "kind check",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().map(|code| value!({"id": code})).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": all.map(result).collect::<Vec<_>>(),
        }],
    })
}
