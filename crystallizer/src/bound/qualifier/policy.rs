//! What the instructions say on what a change hangs: `refunds over 100 need a manager's approval`, `reservations can only be
//! cancelled within 24 hours of booking`. An agent had read them before it made the change, and a run has not.

use super::asker::{Asker, Missed, deed, works_here};
use super::cover::forms;
use super::lexicon as l;
use super::read::{Kind, Qualifier, conditions};
use super::sentence::{Sentence, Token};
use crate::bound::cycle;
use crate::bound::key::{noun, words};
use crate::bound::selector::heads;
use crate::bound::write;
use std::collections::{BTreeMap, BTreeSet};

/// The most words of a sentence of the instructions: what is longer is a list or a text by itself.
const LONGEST: usize = 60;
/// How many words may stand between a deed and the limit of an amount or of a time.
const NEAR: usize = 6;

/// What a tool changes: the deed, and the words for what it is done with.
type Change = (String, BTreeSet<String>);

impl Asker<'_> {
    /// For each tool that changes something, the one sentence of the instructions that says most plainly on what that
    /// hangs, at the first of its calls that nobody is asked before.
    pub(super) fn of_policies(&self) -> Vec<Missed> {
        let taken = write::Taken::of(self.spots);
        let mut known: BTreeMap<Change, Option<(usize, Qualifier)>> = BTreeMap::new();
        let mut asked: BTreeSet<&str> = BTreeSet::new();
        let mut found = Vec::new();
        for (call, kept) in self.kept.iter().enumerate() {
            let gated = self
                .spots
                .get(call)
                .is_some_and(|spot| taken.gate_before(*spot).is_some());
            if !kept.changes() || gated || works_here(kept) || asked.contains(&*kept.call.name) {
                continue;
            }
            let Some(deed) = deed(kept) else { continue };
            let things = heads(
                noun(&kept.call.name)
                    .into_iter()
                    .filter(|word| !is_anybody(word)),
            );
            let policy = known
                .entry((deed, things))
                .or_insert_with_key(|(deed, things)| self.policy_of(deed, things));
            let Some((text, one)) = policy else { continue };
            asked.insert(&kept.call.name);
            let cycle = cycle::of(&self.decisions.cycles, call);
            let around = cycle.and_then(|at| self.decisions.cycles.get(at));
            let call = around.map_or(call, |cycle| cycle.first);
            found.push((call, cycle, *text, one.clone()));
        }
        found
    }

    fn policy_of(&self, deed: &str, things: &BTreeSet<String>) -> Option<(usize, Qualifier)> {
        let mut best: Option<(u8, usize, &Sentence)> = None;
        for (text, sentence) in self.decisions.said.sentences_by_instructions() {
            if sentence.len() > LONGEST || !self.may_look(sentence.len()) {
                continue;
            }
            let plain = plainness(sentence, deed, things);
            if plain > best.map_or(0, |(plain, ..)| plain) {
                best = Some((plain, text, sentence));
            }
        }
        let (_, text, sentence) = best?;
        Some((text, Qualifier::of(Kind::Policy, sentence)?))
    }
}

/// How plainly a sentence says on what a deed hangs. None where it does not.
fn plainness(sentence: &Sentence, deed: &str, things: &BTreeSet<String>) -> u8 {
    let told = (0..sentence.len()).filter_map(|at| told_at(sentence, at, deed, things));
    let Some(told) = told.max() else {
        return 0;
    };
    if is_of_talk(sentence) {
        return 0;
    }
    match limit_of(sentence) {
        0 => 0,
        limit => told * 4 + limit,
    }
}

/// Whether a word tells the deed, and how surely it is the one of the tool: with the very thing (2), or with nothing else
/// that it could be done with (1).
fn told_at(sentence: &Sentence, at: usize, deed: &str, things: &BTreeSet<String>) -> Option<u8> {
    let own = &sentence[at];
    // `within 24 hours of booking` tells when something was done, and not what is.
    let before = at
        .checked_sub(1)
        .map(|before| sentence[before].word.as_str());
    let is_time = |word: &str| l::is_preposition(word) && word != "to";
    if before.is_some_and(is_time) {
        return None;
    }
    // `after the booking`, `after initial booking`
    let is_before_noun =
        |word: &str| l::is_determiner(word) || matches!(word, "initial" | "original" | "first");
    let two_before = at.checked_sub(2).map(|at| sentence[at].word.as_str());
    if before.is_some_and(is_before_noun) && two_before.is_some_and(is_time) {
        return None;
    }
    let (is_own, is_like) = (
        is_deed(&own.word, deed, false),
        is_deed(&own.word, deed, true),
    );
    if !is_like {
        return None;
    }
    let same = |token: &&Token| token.clause == own.clause;
    let names = |token: &Token| words(&token.word).iter().any(|word| things.contains(word));
    let clause: Vec<&Token> = sentence.iter().filter(same).collect();
    if clause.iter().any(|token| names(token)) {
        // A word that may be a thing of its own has to be the deed: `the flight change`, `orders of the user`.
        return Some(2);
    }
    // `the flight has not taken off, cannot be booked` is said of a flight.
    if clause.first().is_some_and(|first| is_modal(&first.word)) {
        let mut before = sentence
            .iter()
            .filter(|token| token.clause + 1 == own.clause);
        let is_of_another = before
            .next()
            .is_some_and(|first| l::is_determiner(&first.word));
        if is_of_another && !before.any(names) {
            return None;
        }
    }
    let next = sentence
        .get(at + 1)
        .filter(|next| next.clause == own.clause);
    let alone = next.is_none_or(|next| {
        l::is_preposition(&next.word)
            || l::is_condition(&next.word, None)
            || l::negates(&next.word)
            || l::excludes(&next.word, None)
            || l::obliges(&next.word, None)
            || matches!(
                next.word.as_str(),
                "it" | "them"
                    | "only"
                    | "can"
                    | "may"
                    | "need"
                    | "needs"
                    | "require"
                    | "requires"
                    | "when"
                    | "once"
            )
    });
    // Who does it is no thing that it is done with: `you may only refund within 30 days`.
    (is_own && alone).then_some(1)
}

/// Whether a word leads to a deed that somebody else is the subject of.
fn is_modal(word: &str) -> bool {
    matches!(
        word,
        "cannot" | "can't" | "can" | "may" | "must" | "mustn't" | "shall" | "should" | "is" | "are"
    )
}

/// Whether a word is a form of a deed: `cancelled`, `cancellations`. `like` takes words that mean the same.
fn is_deed(word: &str, deed: &str, like: bool) -> bool {
    let plain = noun_of_deed(word).unwrap_or(word);
    forms(plain).iter().any(|form| {
        form == deed || like && l::same_deed(form, deed) && !l::talks(form) && !is_vague(form)
    })
}

/// Words for whom a policy speaks of in nearly each sentence.
fn is_anybody(word: &str) -> bool {
    matches!(word, "user" | "customer" | "client" | "agent" | "member")
}

/// Words that tools do by many names and that sentences have for much else.
fn is_vague(word: &str) -> bool {
    matches!(
        word,
        "get"
            | "take"
            | "make"
            | "set"
            | "start"
            | "open"
            | "tell"
            | "place"
            | "file"
            | "text"
            | "hand"
    )
}

fn noun_of_deed(word: &str) -> Option<&'static str> {
    Some(match word.trim_end_matches('s').trim_end_matches("en") {
        "cancellation" | "stornierung" => "cancel",
        "modification" => "modify",
        "payment" | "zahlung" => "pay",
        "reimbursement" => "reimburse",
        "deletion" | "löschung" => "delete",
        "removal" => "remove",
        "erstattung" => "refund",
        "replacement" => "replace",
        _ => return None,
    })
}

/// Whether a sentence tells how to talk to somebody, or what to look at first.
fn is_of_talk(sentence: &Sentence) -> bool {
    let word = |at: usize| sentence.get(at).map_or("", |token| token.word.as_str());
    (0..sentence.len()).any(|at| {
        let obliged = matches!(
            word(at),
            "must" | "should" | "needs" | "need" | "first" | "always" | "to"
        );
        obliged
            && (at + 1..at + 3).any(|next| {
                matches!(
                    word(next),
                    "obtain" | "ask" | "collect" | "gather" | "list" | "explain" | "say" | "greet"
                )
            })
    })
}

/// How plainly a sentence limits what may be done: by an amount, a time or who has to agree (3), by what it takes or
/// forbids (2), or by a condition (1).
fn limit_of(sentence: &Sentence) -> u8 {
    let word = |at: usize| sentence.get(at).map_or("", |token| token.word.as_str());
    let figure = |from: usize| {
        (from..from + NEAR.min(3)).any(|at| {
            l::number(word(at)).is_some() || word(at).starts_with(|c: char| c.is_ascii_digit())
        })
    };
    let mut limit = u8::from(!conditions(sentence).is_empty());
    for at in 0..sentence.len() {
        let own = word(at);
        let next = word(at + 1);
        let bounds = match own {
            "within" | "over" | "above" | "below" | "under" | "exceeding" | "beyond"
            | "innerhalb" | "über" => figure(at + 1),
            "more" | "less" | "older" | "mehr" => matches!(next, "than" | "als") && figure(at + 2),
            "up" => next == "to" && figure(at + 2),
            "at" => matches!(next, "most" | "least") && figure(at + 2),
            "need" | "needs" | "require" | "requires" | "without" | "with" | "after"
            | "brauchen" => (at + 1..=at + NEAR).any(|place| {
                matches!(
                    word(place),
                    "approval"
                        | "authorization"
                        | "authorisation"
                        | "permission"
                        | "consent"
                        | "supervisor"
                        | "manager"
                        | "manager's"
                        | "freigabe"
                        | "genehmigung"
                )
            }),
            _ => false,
        };
        let forbids = matches!(own, "only" | "unless" | "cannot" | "never" | "nur" | "nie")
            || matches!(own, "can" | "may" | "must" | "do" | "darf" | "dürfen")
                && matches!(next, "not" | "never" | "nicht")
            || matches!(own, "can't" | "don't" | "mustn't")
            || own == "not" && matches!(next, "allowed" | "permitted" | "possible" | "eligible");
        limit = limit.max(match (bounds, forbids) {
            (true, _) => 3,
            (_, true) => 2,
            _ => 0,
        });
    }
    limit
}

#[cfg(test)]
mod tests {
    use super::plainness;
    use crate::bound::qualifier::sentence::sentences;

    fn plain(text: &str, deed: &str, things: &[&str]) -> u8 {
        let things = things.iter().map(|one| (*one).to_owned()).collect();
        let all = sentences(text);
        all.iter()
            .map(|sentence| plainness(sentence, deed, &things))
            .max()
            .unwrap_or(0)
    }

    #[test]
    fn what_a_policy_says_of_a_deed_is_told_from_the_rest() {
        for text in [
            "Refunds over $100 need a manager's approval.",
            "Only refund within 30 days of purchase.",
            "You may refund an order only once.",
            "Orders cannot be refunded after 30 days.",
            "If the user is gold, refund the order in full.",
            "Never refund orders that were paid by card.",
            "Do not refund without approval.",
            "Orders older than 30 days are not eligible, so do not refund them.",
            "Erstattungen über 100 Euro brauchen eine Freigabe.",
        ] {
            assert!(plain(text, "refund", &["order"]) > 0, "{text}");
        }
        for text in [
            "You help users with orders and refunds.",
            "Refunds go to the original payment method.",
            "Before you refund an order you must ask for the reason, if none was given.",
            "If the user is rude, stay polite.",
            "Each order has at most five items.",
            "Users can only return items within 30 days.",
            "Only answer questions about orders.",
            "A refund takes 5 to 7 days.",
            "If the parcel is lost, a refund is needed.",
        ] {
            assert_eq!(plain(text, "refund", &["order"]), 0, "{text}");
        }
    }

    #[test]
    fn the_plainest_sentence_is_the_one_with_the_thing_and_an_amount() {
        let with = |text: &str| plain(text, "cancel", &["reservation"]);
        let best = with("Reservations can be cancelled within 24 hours of booking.");
        assert!(best > with("You can only cancel for users who ask."));
        assert!(best > with("If the airline is late, the reservation can be cancelled."));
        assert!(with("Only cancel within 24 hours of booking.") > 0);
        assert_eq!(with("All flights can be booked within 24 hours."), 0);
        let added = "The user cannot add insurance after initial booking.";
        assert_eq!(plain(added, "book", &["reservation"]), 0);
        // A part without a subject has that of the part before it.
        let state = "If it is delayed, the flight has not taken off, cannot be booked.";
        assert_eq!(plain(state, "book", &["reservation"]), 0);
        assert!(plain(state, "book", &["flight"]) > 0);
        let booked = "Reservations can be cancelled within 24 hours of booking.";
        assert_eq!(plain(booked, "book", &["reservation"]), 0);
        // What is called by the name of a deed is none.
        let booking = "Each reservation can have at most five passengers.";
        assert_eq!(plain(booking, "book", &["reservation"]), 0);
    }
}
