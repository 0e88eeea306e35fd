//! A no in words: the agent asks whether it may, the person declines, and calls that change something follow all the
//! same.

use crate::exchange::{Exchange, waits_for_yes};
use crate::kept::Kept;
use crate::reply::{Reply, declines, deeds, names, reply};
use std::collections::BTreeSet;

/// A call that followed a no.
pub(crate) struct Declined<'s> {
    /// Its index among the kept ones.
    pub(crate) at: usize,
    /// What was asked.
    pub(crate) question: &'s str,
    /// What the person said.
    pub(crate) answer: &'s str,
    /// Whether it may be what was declined. Else the person ordered something else with the no.
    pub(crate) of_this: bool,
}

/// A no, until the person speaks again.
struct No<'s> {
    question: &'s str,
    answer: &'s str,
    /// What was said beside the no.
    more: &'s str,
}

/// The calls that change something and come after a no, before the person spoke again.
pub(crate) fn declined<'s>(exchanges: &[Exchange<'s>], kept: &[Kept<'_>]) -> Vec<Declined<'s>> {
    let mut found = Vec::new();
    let mut no: Option<No<'_>> = None;
    for said in exchanges {
        // What is said right after a no takes it back only where it says yes.
        let goes_on = said.goes_on && no.is_some() && reply(said.text, "") == Reply::No;
        if !goes_on {
            no = said.question.and_then(|question| {
                let more = declines(said.text, question)?;
                Some(No {
                    question,
                    answer: said.text,
                    more,
                })
            });
        }
        let Some(no) = &no else { continue };
        for at in &said.changes {
            if let Some(of_this) = kept.get(*at).and_then(|kept| of_this(no, kept)) {
                found.push(Declined {
                    at: *at,
                    question: no.question,
                    answer: no.answer,
                    of_this,
                });
            }
        }
    }
    found.sort_by_key(|one| one.at);
    found
}

/// Whether a call may do what was declined; nothing where the question was not about doing something.
fn of_this(no: &No<'_>, kept: &Kept<'_>) -> Option<bool> {
    let tool: BTreeSet<String> = deeds(&crate::words::split(&kept.call.name).join(" "));
    let asked = deeds(no.question);
    let same_deed = !tool.is_disjoint(&asked);
    let own = names(&kept.call.arguments.to_string());
    let of_question = names(no.question);
    let same_thing = !own.is_disjoint(&of_question);
    if !offers(no.question) && !same_deed && !same_thing {
        return None;
    }
    if no.more.is_empty() {
        return Some(true);
    }
    // An order beside the no is one where it says what is done, and to what.
    let ordered = deeds(no.more);
    let said = names(no.more);
    let mut meant = tool.intersection(&ordered).peekable();
    let is_ordered = meant.peek().is_some()
        && (meant.any(|deed| !asked.contains(deed))
            || own
                .intersection(&of_question)
                .all(|name| said.contains(name)));
    Some((same_deed || same_thing) && !is_ordered)
}

/// Whether a question is about something that the agent would do.
fn offers(question: &str) -> bool {
    let lower = question.to_lowercase();
    [
        "shall i",
        "shall we",
        "should i",
        "should we",
        "may i",
        "can i ",
        "could i",
        "do you want me",
        "do you want to",
        "would you like me",
        "would you like to",
        "want me to",
        "is it ok",
        "is that ok",
        "okay to",
        "ok to",
        "proceed",
        "go ahead",
        "confirm",
        "do you agree",
        "do you approve",
        "yes or no",
        "yes/no",
        "soll ich",
        "sollen wir",
        "darf ich",
        "kann ich",
        "möchten sie, dass",
        "möchtest du, dass",
        "fortfahren",
        "bestätigen",
        "einverstanden",
        "dois-je",
        "puis-je",
        "voulez-vous que",
        "debo",
        "puedo",
        "quiere que",
    ]
    .iter()
    .any(|phrase| lower.contains(phrase))
        || waits_for_yes(question)
}
