//! What a person answers when the agent asked for a yes. A yes is made of yes words, courtesies and the question's own
//! words, and of nothing else: whatever more is said may leave something out, and is asked about. A “not” behind a yes
//! takes it back only where it is about what was asked: “yes, no receipt” is a yes.

mod about;
mod objection;
mod phrases;
mod question;
mod refusal;
#[cfg(test)]
mod tests;
mod turned;
mod unclear;
mod word;

pub(crate) use about::{deeds, names, only_names, stems};
pub(crate) use objection::{Objection, objects};
use phrases::*;
use question::Asked;
pub(crate) use refusal::declines;
use refusal::{behind_no, is_declined, is_negated, is_refused, speaks_of_another};
pub(crate) use turned::{Held, held, turned};
pub(crate) use unclear::is_unclear;
use word::{Sentence, Word, length_of, sentences};

/// Longest answer that is taken for a yes and nothing else, in characters.
const LONGEST: usize = 300;

/// What somebody answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Yes, and nothing else.
    Yes,
    /// Yes, and words that may be a condition or change what was asked: they stand between these places of the text.
    Reserved(usize, usize),
    /// No yes.
    No,
}

/// What a text answers to a question, told in the agent's words.
pub(crate) fn reply(text: &str, question: &str) -> Reply {
    reply_in(text, &sentences(text), &Asked::of(question))
}

/// Whether a text may be a yes and nothing else.
fn is_short(text: &str) -> bool {
    text.len() <= LONGEST || text.chars().count() <= LONGEST
}

/// How a text begins.
#[derive(Clone, Copy)]
enum Opening {
    /// With a yes of so many words, courtesies before it counted.
    Yes(usize),
    /// With words that say only that something was heard.
    Heard(usize),
    Other,
}

fn opening(said: &[&Word<'_>]) -> Opening {
    let mut at = 0;
    while let Some(rest) = said.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some(length) = length_of(rest, YES) {
            return Opening::Yes(at + length);
        }
        if let Some(length) = length_of(rest, HEARD) {
            at += length;
            // A yes may follow it.
            return match length_of(&said[at..], YES) {
                Some(next) => Opening::Yes(at + next),
                None => Opening::Heard(at),
            };
        }
        match length_of(rest, COURTESY).or_else(|| length_of(rest, WEAK)) {
            Some(length) => at += length,
            None => return Opening::Other,
        }
    }
    // Nothing but what somebody is glad of: a yes by itself.
    match (0..said.len()).any(|at| length_of(&said[at..], WEAK).is_some()) {
        true => Opening::Heard(at),
        false => Opening::Other,
    }
}

/// How many words an order has that words begin with, where it is the deed that was asked about: “please cancel it”. A
/// “cancel that” may mean the very question.
fn ordered(said: &[&Word<'_>], question: &Asked<'_>) -> Option<usize> {
    let mut at = 0;
    while let Some(rest) = said.get(at..).filter(|rest| !rest.is_empty()) {
        let word = &*rest[0].word;
        if question.is_deed(word) {
            if is_negated(rest) {
                return None;
            }
            let behind = rest.get(1).map(|one| &*one.word);
            let turns = MAY_BE_ASKED.contains(&word)
                && behind.is_none_or(|word| matches!(word, "that" | "this" | "das"));
            return (!turns).then_some(at + 1);
        }
        at += length_of(rest, COURTESY).or_else(|| length_of(rest, HEARD))?;
    }
    None
}

/// What a text answers whose sentences are known.
fn reply_in(text: &str, sentences: &[Sentence<'_>], question: &Asked<'_>) -> Reply {
    let Some((first, first_asks)) = sentences.first() else {
        return Reply::No;
    };
    // A question beside a yes leaves it one; beside an “ok” it is what somebody wants to know first.
    let asks = sentences.iter().any(|(_, asks)| *asks);
    let said: Vec<&Word<'_>> = sentences
        .iter()
        .filter(|(_, asks)| !asks || *first_asks)
        .flat_map(|(words, _)| words)
        .collect();
    let (at, strong) = match opening(&said) {
        // “Sure?” alone asks back.
        Opening::Yes(at) if !first_asks || at < first.len() => (at, true),
        Opening::Heard(at) if !first_asks => (at, false),
        _ => match ordered(&said, question).filter(|_| !first_asks) {
            Some(at) => (at, true),
            None => return yes_within(text, &said, question),
        },
    };
    let rest = &said[at..];
    let takes_back = rest
        .iter()
        .take_while(|one| !LIMITS.contains(&&*one.word))
        .enumerate()
        .any(|(at, one)| BACK.contains(&&*one.word) && length_of(&rest[at..], COURTESY).is_none());
    let wonders = rest.first().is_some_and(|one| ASKS.contains(&&*one.word));
    if strong && (takes_back && is_declined(rest, question) || is_refused(text, rest, question)) {
        return Reply::No;
    }
    if takes_back || wonders || *first_asks || !is_short(text) || asks && !strong {
        return match strong {
            // All of it is shown, with the words around it: “the smaller one”.
            true => span(text, rest),
            false => yes_within(text, &said, question),
        };
    }
    let mut at = 0;
    while at < rest.len() {
        let word = &*rest[at].word;
        let limits = LIMITS.contains(&word) || OBJECTS.contains(&word);
        let plain = [YES, HEARD, COURTESY]
            .iter()
            .find_map(|all| length_of(&rest[at..], all))
            .or_else(|| {
                let own = || question.holds(word) || question.is_deed(word);
                (!limits && (BETWEEN.contains(&word) || own())).then_some(1)
            });
        match plain {
            Some(length) => at += length,
            None => return span(text, rest),
        }
    }
    Reply::Yes
}

/// A yes with all of these words as its reserve.
fn span(text: &str, words: &[&Word<'_>]) -> Reply {
    let first = words.first().map_or(0, |one| one.start);
    let last = words.last().map_or(text.len(), |one| one.end);
    Reply::Reserved(first, last)
}

/// Whether a text begins with a yes that is hardly anything else.
pub(crate) fn begins_with_yes(text: &str) -> bool {
    let sentences = sentences(text);
    let Some((first, asks)) = sentences.first() else {
        return false;
    };
    let words: Vec<&Word<'_>> = first.iter().collect();
    let mut at = 0;
    while let Some(rest) = words.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some(length) = length_of(rest, PLAIN_YES) {
            return !asks || at + length < words.len();
        }
        match length_of(rest, COURTESY).or_else(|| length_of(rest, HEARD)) {
            Some(length) => at += length,
            None => return false,
        }
    }
    false
}

/// A yes, or an order of the very deed, that comes after something else was said, where that was no no: it may go with
/// what was said before.
fn yes_within(text: &str, said: &[&Word<'_>], question: &Asked<'_>) -> Reply {
    let begins = |at: usize| {
        let leads = |one: &&&Word<'_>| LEADS.contains(&&*one.word);
        let led = said[..at].iter().rev().take_while(leads).count();
        let before = text
            .get(..said[at - led].start)
            .unwrap_or_default()
            .trim_end();
        before.is_empty() || before.ends_with(|c: char| !c.is_alphanumeric()) || led > 0
    };
    let ordered = |at: usize| {
        let behind = said.get(at + 1).map(|one| &*one.word);
        let of_deed = question.is_deed(&said[at].word);
        let turns = matches!(behind, Some("that" | "this" | "das")) || is_negated(&said[at..]);
        (of_deed && !turns).then_some(1)
    };
    let found = (1..said.len()).find_map(|at| {
        let length = length_of(&said[at..], PLAIN_YES).or_else(|| ordered(at));
        let length = length.filter(|_| begins(at))?;
        let rest = &said[at + length..];
        (!is_declined(rest, question) && !is_refused(text, rest, question)).then_some(at)
    });
    match found.is_some_and(|at| !leads_to_no(&said[..at], question)) {
        true => span(text, said),
        false => Reply::No,
    }
}

/// Whether words begin with a no to what was asked, with nothing before it that says anything.
fn leads_to_no(words: &[&Word<'_>], question: &Asked<'_>) -> bool {
    behind_no(words, question).is_some() && !speaks_of_another(words, question)
}

/// Whether a yes is told in a language of whose reserves nothing is known.
pub(crate) fn agrees_in_unread_words(text: &str) -> bool {
    let all = sentences(text);
    let first = all.first().and_then(|(words, _)| words.first());
    first.is_some_and(|one| UNREAD_YES.contains(&&*one.word))
}
