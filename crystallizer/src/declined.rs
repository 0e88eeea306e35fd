//! A no in words: the agent asks whether it may, the person declines, and calls that change something follow all the
//! same.

use crate::about::About;
use crate::exchange::{Exchange, asks_whether_sure, last_question, waits_for_yes};
use crate::kept::Kept;
use crate::leaf::leaves;
use crate::reply::{Held, Reply, declines, held, is_unclear, reply, turned};
use crate::trust::is_of_state;

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
            no = refused(said);
        }
        for at in &said.changes {
            let Some(kept) = kept.get(*at) else { continue };
            let held_back = held_back(said, kept);
            let no = no.as_ref().filter(|no| !lets_go_on(no, kept));
            let Some(no) = held_back.as_ref().or(no) else {
                continue;
            };
            if let Some(of_this) = of_this(no, kept) {
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

/// Whether a no was one to a question that only asked what speaks against a change.
fn lets_go_on(no: &No<'_>, change: &Kept<'_>) -> bool {
    turned(no.question, change)
        .is_some_and(|turned| held(no.answer, no.question, turned) == Held::GoesOn)
}

/// The yes to such a question, which holds the agent back.
fn held_back<'s>(said: &Exchange<'s>, change: &Kept<'_>) -> Option<No<'s>> {
    let question = said.question?;
    let turned = turned(question, change)?;
    (held(said.text, question, turned) == Held::Holds).then_some(No {
        question,
        answer: said.text,
        more: "",
    })
}

/// The no that a person said. To a question, or by itself: to what they had been asked before, to what the agent was
/// about to do, or to what they had ordered themselves.
fn refused<'s>(said: &Exchange<'s>) -> Option<No<'s>> {
    let no = |question: &'s str| {
        let more = declines(said.text, question)?;
        Some(No {
            question,
            answer: said.text,
            more,
        })
    };
    if let Some(question) = said.question
        && !asks_whether_sure(question)
    {
        return no(question);
    }
    if said.text.split_whitespace().count() > SHORT {
        return None;
    }
    // Nobody asked: what more is said may be what the no is about.
    [said.pending, said.told.last().copied(), said.before]
        .into_iter()
        .flatten()
        .find_map(no)
        .filter(|no| no.more.is_empty() && !orders(said.text))
}

/// Whether a text has a word that says no to a question, and is a deed where nobody asked: “no hurry, but cancel it”.
fn orders(text: &str) -> bool {
    let lower = text.to_lowercase().replace('’', "'");
    let words: Vec<&str> = lower
        .split(|c: char| !(c.is_alphanumeric() || c == '\''))
        .filter(|word| !word.is_empty())
        .collect();
    words.iter().enumerate().any(|(at, word)| {
        let before = at.checked_sub(1).and_then(|before| words.get(before));
        ORDERS.contains(word) && before.is_none_or(|before| !NOT.contains(before))
    })
}

const ORDERS: &[&str] = &[
    "cancel", "skip", "abort", "decline", "refuse", "leave", "forget",
];
const NOT: &[&str] = &["not", "don't", "dont", "never", "no", "nicht"];

/// The most words of a no that nobody asked for. Longer texts say much besides.
const SHORT: usize = 12;

/// A call that followed an answer of which nobody can tell whether it was a yes.
pub(crate) struct Unclear<'s> {
    /// Its index among the kept ones.
    pub(crate) at: usize,
    pub(crate) question: &'s str,
    pub(crate) answer: &'s str,
}

/// The calls that do what was asked about, behind an answer that is neither a known yes nor a known no.
pub(crate) fn unclear<'s>(exchanges: &[Exchange<'s>], kept: &[Kept<'_>]) -> Vec<Unclear<'s>> {
    let mut found = Vec::new();
    for said in exchanges.iter().filter(|said| said.asked) {
        let Some(question) = said.question.filter(|question| offers_to_do(question)) else {
            continue;
        };
        if !is_unclear(said.text, question) {
            continue;
        }
        let asked = About::text(question);
        found.extend(
            said.changes
                .iter()
                .filter(|at| {
                    kept.get(**at).is_some_and(|kept| {
                        let own = About::call(kept);
                        own.same_deed(&asked) || own.same_thing(&asked)
                    })
                })
                .map(|at| Unclear {
                    at: *at,
                    question,
                    answer: said.text,
                }),
        );
    }
    found
}

/// Whether a question is one for yes or no to something that the agent would do, and leaves no choice.
fn offers_to_do(question: &str) -> bool {
    let asking = last_question(question).map_or(question, |asking| &question[asking]);
    let lower = asking.to_lowercase().replace("yes or no", "");
    let mut words = lower.split(|c: char| !c.is_alphanumeric());
    offers(asking)
        && !words.any(|word| matches!(word, "or" | "oder" | "ou" | "o" | "which" | "what"))
}

/// Whether a call may do what was declined; nothing where the question was not about doing something.
fn of_this(no: &No<'_>, kept: &Kept<'_>) -> Option<bool> {
    let own = About::call(kept);
    let asked = About::text(no.question);
    let (same_deed, same_thing) = (own.same_deed(&asked), own.same_thing(&asked));
    if !offers(no.question) && !same_deed && !same_thing {
        return None;
    }
    if no.more.is_empty() {
        return Some(true);
    }
    // An order beside the no is one where it says what is done, and to what.
    let ordered = About::text(no.more);
    let mut meant = own.deeds.intersection(&ordered.deeds).peekable();
    let is_ordered = meant.peek().is_some()
        && (meant.any(|deed| !asked.deeds.contains(deed))
            || own
                .names
                .intersection(&asked.names)
                .all(|name| ordered.names.contains(name)));
    // Who says no and to keep it says no, whatever is kept how: “no, keep it open”.
    let is_declined = offers_to_do(no.question)
        && (declines(no.more, no.question).is_some() || sends_state_of(kept, &asked));
    Some((same_deed || same_thing || is_declined) && !is_ordered)
}

/// Whether a call sends the state that a deed which was asked about brings about: `closed`, where it was whether to
/// close it.
fn sends_state_of(kept: &Kept<'_>, asked: &About) -> bool {
    let mut found = false;
    leaves(&kept.call.arguments, &mut |_, key, leaf| {
        if let Some(state) = leaf.as_str().filter(|_| is_of_state(key)) {
            found |= About::text(state).same_deed(asked);
        }
    });
    found
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
