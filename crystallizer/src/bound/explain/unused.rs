//! Answers that nothing was made of: to a question that there is not, or with none of its choices.

use super::{Explained, question_id};
use crate::bound::Answered;
use crate::bound::decide::Decisions;
use crate::kept::Kept;
use druse_engine::Finding;
use druse_engine::expression::nearest;
use std::collections::BTreeSet;

/// The most choices that are named.
const MOST_CHOICES: usize = 12;

/// Says of each answer that was not used why, and gives their ids. All questions are known by now.
pub(in crate::bound) fn of_unused(
    explained: &mut Explained,
    kept: &[Kept<'_>],
    decisions: &Decisions<'_>,
    answers: Answered<'_>,
    outdated: &BTreeSet<String>,
) -> BTreeSet<String> {
    let mut unused = BTreeSet::new();
    let mut findings = Vec::new();
    for (id, answer) in answers.given {
        if outdated.contains(id) {
            continue;
        }
        let asked = asked_as(kept, decisions, id).unwrap_or(id);
        let question = explained.questions.iter().find(|one| one.id == *asked);
        let finding = match question {
            Some(question) if question.choices.contains(answer) => continue,
            Some(question) => Finding::warning(
                "choice_unknown",
                format!(
                    "`{}` is none of the choices of `{}`.",
                    crate::show::text(answer, 160),
                    crate::show::text(id, 120)
                ),
            )
            .help(format!("Its choices are {}.", listed(&question.choices))),
            None if !decisions.unused_answers.contains(id) => continue,
            // Of several answers that were given together one may settle what another was asked for.
            None if kept.iter().any(|kept| is_of_place(kept, id)) => continue,
            None => {
                let known = explained.questions.iter().map(|one| one.id.as_str());
                let near = nearest(id, known).map(|near| format!("Did you mean `{near}`? "));
                Finding::warning(
                    "question_unknown",
                    format!("There is no question `{}`.", crate::show::text(id, 120)),
                )
                .help(format!(
                    "{}The answer is not used. The questions are listed in the report with their choices.",
                    near.unwrap_or_default()
                ))
            }
        };
        let finding = Finding {
            id: format!("{}:{id}", finding.code),
            ..finding
        };
        findings.push(finding);
        unused.insert(id.clone());
    }
    explained.findings.extend(findings);
    unused
}

/// What is asked about a step or about what it was sent somewhere.
const KINDS: [&str; 8] = [
    "source",
    "figure",
    "condition",
    "policy",
    "loop",
    "absent",
    "undone",
    "key",
];

/// Whether an id asks about a step, or about what it was sent somewhere, be it asked just now or not.
fn is_of_place(kept: &Kept<'_>, id: &str) -> bool {
    let about = id
        .split_once(':')
        .filter(|(kind, _)| KINDS.contains(kind))
        .and_then(|(_, about)| about.strip_prefix(kept.step.as_str()));
    about.is_some_and(|place| match place.strip_prefix(':') {
        Some(pointer) => pointer.starts_with('/') && kept.call.arguments.pointer(pointer).is_some(),
        None => place.is_empty() && !id.starts_with("source:"),
    })
}

/// The id under which something is asked that has another id, too: one thing is asked about once.
fn asked_as<'d>(kept: &[Kept<'_>], decisions: &'d Decisions<'_>, id: &str) -> Option<&'d String> {
    let calls = kept.iter().zip(&decisions.calls);
    calls
        .flat_map(|(kept, decided)| decided.frozen.iter().map(move |frozen| (kept, frozen)))
        .filter(|(_, frozen)| frozen.question.is_some())
        .find(|(kept, frozen)| question_id(kept, &frozen.pointer) == id)
        .and_then(|(_, frozen)| frozen.question.as_ref())
}

/// Choices, for a person.
fn listed(choices: &[String]) -> String {
    let shown: Vec<String> = choices
        .iter()
        .take(MOST_CHOICES)
        .map(|choice| format!("`{}`", crate::show::text(choice, 200)))
        .collect();
    match choices.len().saturating_sub(MOST_CHOICES) {
        0 => match shown.as_slice() {
            [first @ .., last] if !first.is_empty() => {
                format!("{} and {last}", first.join(", "))
            }
            all => all.join(", "),
        },
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
