//! Suggestions that are taken by the codes of their findings: each question that stands with such a finding is answered
//! with what the report assumes.

use super::once;
use crate::options::{CrystallizeError, Crystallized, Mode, Options};
use crate::report::{Question, Report};
use crate::session::Session;
use druse_engine::Finding;
use druse_engine::expression::nearest;
use druse_engine::finding::codes;
use std::collections::BTreeSet;

/// How often is looked for questions that an answer has opened.
const ROUNDS: usize = 8;

/// A draft with the suggestions of these codes.
pub(super) fn crystallize(
    sessions: &[Session],
    options: &Options,
) -> Result<Crystallized, CrystallizeError> {
    known(&options.accept)?;
    if options.mode == Mode::Exact {
        return once(sessions, options);
    }
    let mut taken = Options {
        accept: Vec::new(),
        ..options.clone()
    };
    let mut used: BTreeSet<&String> = BTreeSet::new();
    for _ in 0..ROUNDS {
        let report = once(sessions, &taken)?.report;
        let mut is_new = false;
        for question in report
            .questions
            .iter()
            .filter(|one| !one.default.is_empty())
        {
            let codes = codes_of(&report, question);
            let mut wanted = options
                .accept
                .iter()
                .filter(|code| codes.contains(code.as_str()));
            let Some(code) = wanted.next() else { continue };
            used.insert(code);
            used.extend(wanted);
            if !taken.answers.contains_key(&question.id) {
                is_new = true;
                let answer = question.default.clone();
                taken.answers.insert(question.id.clone(), answer);
            }
        }
        if !is_new {
            break;
        }
    }
    let left = options.accept.iter().filter(|code| !used.contains(code));
    taken.accept = left.cloned().collect();
    once(sessions, &taken)
}

/// Refuses codes that no finding has.
fn known(accept: &[String]) -> Result<(), CrystallizeError> {
    let Some(wrong) = accept.iter().find(|code| codes::find(code).is_none()) else {
        return Ok(());
    };
    let near = nearest(wrong, codes::all().map(|known| known.code));
    let near = near.map(|near| format!("Did you mean `{near}`? "));
    Err(CrystallizeError::new(
        "unknown_code",
        format!(
            "`{}` is the code of no finding, so there is nothing to accept.",
            crate::show::text(wrong, 80)
        ),
        format!(
            "{}`accept` takes the codes of findings of the report; questions are answered by their ids with `answers`.",
            near.unwrap_or_default()
        ),
    ))
}

/// The codes of the findings that a question stands with: of its place, or those that say to answer it.
fn codes_of<'r>(report: &'r Report, question: &Question) -> BTreeSet<&'r str> {
    let is_of_place = |finding: &&Finding| match &finding.path {
        Some(path) if question.id.starts_with("source:") => *path == question.path,
        _ => {
            let id = format!("`{}`", question.id);
            finding.id == question.id || finding.help.contains(&id)
        }
    };
    let found = report.findings.iter().filter(is_of_place);
    found.map(|finding| finding.code.as_str()).collect()
}

/// Codes, for a person.
pub(super) fn listed(codes: &[String]) -> String {
    let shown: Vec<String> = codes
        .iter()
        .map(|code| format!("`{}`", crate::show::text(code, 80)))
        .collect();
    shown.join(", ")
}
