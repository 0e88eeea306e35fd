//! What is only told beside an order: where whoever speaks lives. Beside an order that names all of its things it says
//! nothing about which of them are meant, where some of those that are taken are not so.

use super::lexicon as l;
use super::sentence::{Sentence, Token};
use crate::bound::filter::spoken;
use crate::bound::key::words;
use crate::bound::said::Said;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// How many words may stand between a word for all of something and what it is.
const BETWEEN: usize = 4;
/// The most words of a sentence that only tells where somebody lives.
const LIVES: usize = 8;

/// Whether a sentence only tells where whoever speaks lives: `I live in Lima`.
pub(super) fn tells_where_from(sentence: &Sentence) -> bool {
    let word = |at: usize| sentence.get(at).map_or("", |token| token.word.as_str());
    let lives = match word(0) {
        "i" => matches!((word(1), word(2)), ("live" | "lived" | "reside", "in")),
        "ich" => matches!((word(1), word(2)), ("wohne" | "lebe", "in")),
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

/// Whether an element has a word as a value, or in the name of a field.
pub(super) fn holds_word(element: &Value, word: &str) -> bool {
    let mut held = false;
    crate::leaf::leaves(element, &mut |_, key, leaf| {
        held = held
            || leaf
                .as_str()
                .is_some_and(|text| text.to_lowercase() == word)
            || words(key).iter().any(|one| one == word);
    });
    held
}

/// What was only told beside an order for all of some things: read once for all of their values.
pub(in crate::bound) struct Asides<'s> {
    said: &'s Said,
    elements: &'s [Value],
    /// Whether anything was told so, and all of them are meant.
    any: bool,
    known: RefCell<BTreeMap<String, bool>>,
}

impl<'s> Asides<'s> {
    /// Of the elements of a list that are all taken. Where there is more to read than is read, nothing is told so.
    pub(in crate::bound) fn of(
        said: &'s Said,
        elements: &'s [Value],
        heads: &BTreeSet<String>,
    ) -> Self {
        let all = || said.sentences_by_people(0);
        let any = all().any(|(_, sentence)| tells_where_from(sentence))
            && said
                .readings()
                .may_read(all().map(|(_, one)| one.len()).sum())
            && are_all_meant(all(), usize::MAX, heads);
        Self {
            said,
            elements,
            any,
            known: RefCell::default(),
        }
    }

    /// Whether a value was said only so, and some of the elements have not got it: then it names none of them.
    pub(in crate::bound) fn hold(&self, value: &Value) -> bool {
        if !self.any {
            return false;
        }
        *self
            .known
            .borrow_mut()
            .entry(value.to_string())
            .or_insert_with(|| self.holds(value))
    }

    fn holds(&self, value: &Value) -> bool {
        let own = spoken(value);
        let holds = |sentence: &Sentence| {
            own.iter().all(|word| {
                sentence
                    .iter()
                    .any(|token| words(&token.word).contains(word))
            })
        };
        let count = self.said.sentences_by_people(0).map(|(_, one)| one.len());
        if own.is_empty() || !self.said.readings().may_read(count.sum()) {
            return false;
        }
        let mut telling = self
            .said
            .sentences_by_people(0)
            .map(|(_, sentence)| sentence)
            .filter(|sentence| holds(sentence))
            .peekable();
        let has = |element: &Value| {
            let mut held = false;
            crate::leaf::leaves(element, &mut |_, _, leaf| held |= spoken(leaf) == own);
            held
        };
        telling.peek().is_some()
            && telling.all(tells_where_from)
            && self.elements.iter().any(|element| !has(element))
    }
}

#[cfg(test)]
mod tests {
    use super::super::sentence::sentences;
    use super::{are_all_meant, tells_where_from};

    #[test]
    fn what_is_told_beside_an_order_is_known_by_its_form() {
        for (text, expected) in [
            ("I live in Lima.", true),
            ("Ich wohne in Bonn.", true),
            ("I'm from Oslo.", false),
            ("I come from Oslo.", false),
            ("Ich komme aus Bonn.", false),
            ("Everything else I had was cancelled.", false),
            ("The rest was delivered last week.", false),
            ("The cancelled ones were mine.", false),
            ("I live only in Lima.", false),
            ("I work for Lima.", false),
            ("I live in Lima and handle only Lima.", false),
        ] {
            let all = sentences(text);
            assert_eq!(tells_where_from(&all[0]), expected, "{text}");
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
