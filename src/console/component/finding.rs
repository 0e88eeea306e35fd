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
    shown(finding, true, false)
}

/// A sentence as it stands alone: with a capital, unless it begins with a name, and with its full stop.
fn sentence(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    let mut whole = match first.bytes().all(|b| b.is_ascii_lowercase()) {
        true => {
            let mut chars = text.chars();
            let head = chars.next().map(|c| c.to_ascii_uppercase());
            head.into_iter().chain(chars).collect()
        }
        false => text.to_owned(),
    };
    if !whole.is_empty() && !whole.ends_with(['.', '?', '!', ':', '”']) {
        whole.push('.');
    }
    whole
}

/// `names` says whether the step is named, which it need not be where it stands, and `text` whether the lines of the
/// text stand on the page.
fn shown(finding: &Finding, names: bool, text: bool) -> Markup {
    let (word, sign) = sign(finding.severity);
    html! {
        p .finding.(format!("f-{word}")) {
            span .sign aria-hidden="true" { (sign) }
            span .sr { (word) ": " }
            @if let Some(line) = finding.line {
                @let place = html! { "line " (line) @if let Some(column) = finding.column { ", column " (column) } };
                @if text { a href={ "#line-" (line) } data-line=(line) { (place) } } @else { span .dim { (place) } }
                " "
            }
            @if let Some(step) = finding.step.as_ref().filter(|step| names && !finding.message.contains(&format!("`{step}`"))) { code { (step) } " " }
            (value::said(&sentence(&finding.message)))
            @if !finding.help.is_empty() { " " span .dim { (value::said(&sentence(&finding.help))) } }
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

/// All of them, beside the text whose lines they name.
pub(in crate::console) fn list_of_text(findings: &[Finding]) -> Markup {
    html! {
        div .findings {
            @for finding in findings { (shown(finding, true, true)) }
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
            @for finding in loud { (shown(finding, false, false)) @if let Some(beside) = beside(finding) { (beside) } }
            @if !quiet.is_empty() {
                details .more {
                    summary { (value::count(quiet.len(), "finding", "findings")) }
                    @for finding in quiet { (shown(finding, false, false)) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn sentences_stand_alone() {
        assert_eq!(sentence("nothing says it"), "Nothing says it.");
        assert_eq!(sentence("steps.a is unknown"), "steps.a is unknown.");
        assert_eq!(sentence("`a` is unknown."), "`a` is unknown.");
        assert_eq!(sentence(""), "");
    }
}
