//! Findings.

use super::value;
use druse_engine::{Finding, Severity};
use maud::{Markup, html};
use serde_json::Value;

/// The findings in an answer.
pub(in crate::console) fn read(value: &Value) -> Vec<Finding> {
    let all = value.as_array().into_iter().flatten();
    all.filter_map(|one| serde_json::from_value(one.clone()).ok())
        .collect()
}

/// The name of a severity, and its sign.
pub(in crate::console) fn sign(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Error => ("error", "✕"),
        Severity::Warning => ("warning", "⚠"),
        Severity::Info => ("info", "i"),
    }
}

/// One of them.
pub(in crate::console) fn one(finding: &Finding) -> Markup {
    let (word, sign) = sign(finding.severity);
    html! {
        p .finding.(format!("f-{word}")) {
            span .sign aria-hidden="true" { (sign) }
            span .sr { (word) ": " }
            @if let Some(line) = finding.line {
                a href={ "#line-" (line) } data-line=(line) { "line " (line)
                    @if let Some(column) = finding.column { ", column " (column) } }
                " "
            }
            @if let Some(step) = &finding.step { code { (step) } " " }
            (value::said(&finding.message))
            @if !finding.help.is_empty() { " " span .dim { (value::said(&finding.help)) } }
            " " code .dim { (finding.code) }
        }
    }
}

/// All of them.
pub(in crate::console) fn list(findings: &[Finding]) -> Markup {
    html! {
        div .findings {
            @for finding in findings { (one(finding)) }
        }
    }
}

/// The first of each kind, the others of it folded with how many they are.
pub(in crate::console) fn by_kind(findings: &[&Finding]) -> Markup {
    let mut kinds: Vec<(&str, Vec<&Finding>)> = Vec::new();
    for finding in findings {
        match kinds.iter_mut().find(|(code, _)| *code == finding.code) {
            Some((_, all)) => all.push(finding),
            None => kinds.push((&finding.code, vec![finding])),
        }
    }
    html! {
        div .findings {
            @for (_, all) in &kinds {
                @let (few, more) = all.split_at(all.len().min(1));
                @for finding in few { (one(finding)) }
                @if !more.is_empty() {
                    details .more.again {
                        summary { (value::count(more.len(), "more of this kind", "more of this kind")) }
                        @for finding in more { (one(finding)) }
                    }
                }
            }
        }
    }
}

/// Those that need somebody at once, the others folded with how many they are; each with what can be done.
pub(in crate::console) fn folded(
    findings: &[&Finding],
    beside: impl Fn(&Finding) -> Option<Markup>,
) -> Markup {
    let (loud, quiet): (Vec<&Finding>, Vec<&Finding>) = findings
        .iter()
        .partition(|one| one.acknowledge || one.severity == Severity::Error);
    html! {
        div .findings {
            @for finding in loud { (one(finding)) @if let Some(beside) = beside(finding) { (beside) } }
            @if !quiet.is_empty() {
                details .more {
                    summary { (value::count(quiet.len(), "finding", "findings")) }
                    @for finding in quiet { (one(finding)) }
                }
            }
        }
    }
}
