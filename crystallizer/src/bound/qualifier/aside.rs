//! What is only told beside an order: how everything else was, and where whoever speaks lives. Beside an order that names
//! all of its things it says nothing about which of them are meant.

use super::lexicon as l;
use super::sentence::{Sentence, Token};
use crate::bound::filter::spoken;
use crate::bound::key::words;
use crate::bound::said::Said;
use serde_json::Value;
use std::collections::BTreeSet;

/// How many words may stand between a word for all of something and what it is.
const BETWEEN: usize = 4;
/// The most words of a sentence that only tells where somebody lives.
const LIVES: usize = 8;

/// Whether a sentence only tells how other things were than those that are asked for: `Everything else I had was
/// cancelled`. What is so still may be why they are left out, and what is to become of them is no report.
pub(super) fn tells_of_rest(sentence: &Sentence) -> bool {
    let word = |at: usize| sentence.get(at).map_or("", |token| token.word.as_str());
    let rest = matches!(
        (word(0), word(1)),
        ("everything" | "all", "else")
            | ("the", "rest" | "others")
            | ("alles", "andere" | "übrige")
            | ("der", "rest")
    );
    let was = (2..sentence.len()).find(|at| {
        matches!(word(*at), "was" | "were" | "war" | "waren" | "wurde")
            || matches!(word(*at), "has" | "have" | "had") && word(at + 1) == "been"
    });
    rest && was.is_some_and(|at| at + 1 < sentence.len()) && is_plain(sentence)
}

/// Whether a sentence only tells where whoever speaks lives: `I live in Lima`.
fn tells_where_from(sentence: &Sentence) -> bool {
    let word = |at: usize| sentence.get(at).map_or("", |token| token.word.as_str());
    let lives = match word(0) {
        "i" => matches!(
            (word(1), word(2)),
            ("live" | "lived" | "reside", "in") | ("am" | "come" | "was", "from")
        ),
        "i'm" => word(1) == "from",
        "ich" => matches!(
            (word(1), word(2)),
            ("wohne" | "lebe", "in") | ("bin" | "komme", "aus")
        ),
        _ => false,
    };
    lives && sentence.len() <= LIVES && is_plain(sentence)
}

/// Whether a sentence is one clause that limits, denies, counts and orders nothing.
fn is_plain(sentence: &Sentence) -> bool {
    sentence.iter().enumerate().all(|(at, token)| {
        let word = token.word.as_str();
        let next = sentence.get(at + 1).map(|next| next.word.as_str());
        token.clause == 0
            && !(l::is_joint(word)
                || l::limits(word, next)
                || l::negates(word)
                || l::excludes(word, next)
                || l::is_condition(word, next)
                || l::obliges(word, next)
                || l::number(word).is_some()
                || matches!(word, "but" | "them" | "those" | "these" | "so" | "by"))
    })
}

/// Whether somebody said before a text that all of some things are meant: `all of their orders`.
pub(super) fn are_all_meant<'s>(
    sentences: impl Iterator<Item = (usize, &'s Sentence)>,
    before: usize,
    heads: &BTreeSet<String>,
) -> bool {
    let is_head = |token: &Token| {
        words(&token.word)
            .last()
            .is_some_and(|one| heads.contains(one))
    };
    sentences
        .take_while(|(text, _)| *text < before)
        .any(|(_, sentence)| {
            sentence.iter().enumerate().any(|(at, token)| {
                l::is_universal(&token.word)
                    && token.word != "any"
                    && !at
                        .checked_sub(1)
                        .is_some_and(|before| l::negates(&sentence[before].word))
                    && sentence[at + 1..]
                        .iter()
                        .take_while(|next| next.clause == token.clause)
                        .skip_while(|next| next.word == "of")
                        .take(BETWEEN)
                        .take_while(|next| !l::is_preposition(&next.word))
                        .any(is_head)
            })
        })
}

/// Whether a sentence says nothing about which of all things are meant.
pub(super) fn is_aside(sentence: &Sentence) -> bool {
    tells_of_rest(sentence) || tells_where_from(sentence)
}

/// Whether a value was only said beside an order for all of some things, so that it names none of them.
pub(in crate::bound) fn is_said_aside(
    value: &Value,
    said: &Said,
    heads: &BTreeSet<String>,
) -> bool {
    let own = spoken(value);
    let holds = |sentence: &Sentence| {
        let mut all = own.iter();
        all.all(|word| {
            sentence
                .iter()
                .any(|token| words(&token.word).contains(word))
        })
    };
    let mut telling = said
        .sentences_by_people(0)
        .map(|(_, sentence)| sentence)
        .filter(|sentence| holds(sentence))
        .peekable();
    !own.is_empty()
        && telling.peek().is_some()
        && telling.all(is_aside)
        && are_all_meant(said.sentences_by_people(0), usize::MAX, heads)
}

#[cfg(test)]
mod tests {
    use super::super::sentence::sentences;
    use super::{are_all_meant, is_aside};

    #[test]
    fn what_is_told_beside_an_order_is_known_by_its_form() {
        for (text, expected) in [
            ("Everything else I had was cancelled.", true),
            ("The rest was delivered last week.", true),
            ("Everything else has been refunded.", true),
            ("Alles andere war storniert.", true),
            ("I live in Lima.", true),
            ("I'm from Oslo.", true),
            ("Ich wohne in Bonn.", true),
            ("Everything else stays.", false),
            ("Everything else was cancelled, so skip it.", false),
            ("Everything else was cancelled by Bob and Anna.", false),
            ("Everything else was not paid.", false),
            ("Everything else should have been paid.", false),
            ("The cancelled ones were mine.", false),
            ("I live only in Lima.", false),
            ("I work for Lima.", false),
            ("I live in Lima and handle only Lima.", false),
        ] {
            let all = sentences(text);
            assert_eq!(is_aside(&all[0]), expected, "{text}");
        }
    }

    #[test]
    fn all_of_some_things_are_named() {
        let heads = ["order".to_owned()].into();
        for (text, expected) in [
            ("Do it with all of their orders.", true),
            ("Take every order.", true),
            ("Take each of the open orders.", true),
            ("Take the orders.", false),
            ("Not all orders are mine.", false),
            ("Take all items of the order.", false),
            ("Take any order.", false),
        ] {
            let all = sentences(text);
            let all = all.iter().map(|sentence| (0, sentence));
            assert_eq!(are_all_meant(all, 1, &heads), expected, "{text}");
        }
    }
}
