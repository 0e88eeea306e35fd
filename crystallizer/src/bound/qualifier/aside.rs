//! What is only told beside an order: where whoever speaks lives, and how others than those that are meant were. Beside an
//! order that names all of its things the one says nothing about which of them are meant where some of those that are
//! taken are not so, and the other where some of them are so, too, and some are not.

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

/// What a sentence that orders nothing tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aside {
    /// Where whoever speaks lives.
    Home,
    /// How all others were than those that are meant: `Everything else I had was cancelled`.
    Rest,
}

impl Aside {
    /// What a sentence tells, where it tells nothing else.
    pub(super) fn of(sentence: &Sentence) -> Option<Self> {
        if tells_where_from(sentence) {
            Some(Self::Home)
        } else if tells_how_the_rest_was(sentence) {
            Some(Self::Rest)
        } else {
            None
        }
    }

    /// Whether it says nothing about which of some elements are meant that were all taken, by a word in it.
    pub(super) fn tells_nothing_of(self, elements: &[&Value], word: &str) -> bool {
        match self {
            Self::Home => elements.iter().any(|element| !holds_word(element, word)),
            // Those that are meant are not so, and of these one is; and it names those that are so as little.
            Self::Rest => {
                elements.iter().any(|element| is_so(element, word))
                    && elements.iter().any(|element| !speaks_of(element, word))
            }
        }
    }
}

/// Whether a sentence only tells how all others were, in one word: `Everything else I had was cancelled`. How they are
/// now, or what is to be done with them, may be an order.
fn tells_how_the_rest_was(sentence: &Sentence) -> bool {
    let said: Vec<&str> = sentence.iter().map(|token| token.word.as_str()).collect();
    let (subject, behind) = match said.as_slice() {
        [first, second, behind @ ..] => ((*first, *second), behind),
        _ => return false,
    };
    let rest = matches!(
        subject,
        ("everything" | "all", "else")
            | ("the", "rest" | "others")
            | ("der", "rest")
            | ("alles", "andere")
    );
    let behind = match behind {
        ["i" | "we", "had" | "ordered" | "bought", behind @ ..] => behind,
        _ => behind,
    };
    let state = match behind {
        ["was" | "were" | "war", "already" | "all" | "schon", state] => state,
        ["was" | "were" | "war", state] => state,
        _ => return false,
    };
    rest && sentence.iter().all(|token| token.clause == 0)
        && !(l::limits(state, None)
            || l::negates(state)
            || l::excludes(state, None)
            || l::number(state).is_some()
            || l::is_boundary(state))
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

/// Whether an element is what a word says: it has that as a value, or a field of that name that holds.
fn is_so(element: &Value, word: &str) -> bool {
    let mut so = false;
    crate::leaf::leaves(element, &mut |_, key, leaf| {
        so = so
            || leaf
                .as_str()
                .is_some_and(|text| text.to_lowercase() == word)
            || leaf == &Value::Bool(true) && words(key).iter().any(|one| one == word);
    });
    so
}

/// Whether an element may be what a word says, in whatever way it says so: in a text with other words, too, and in a field
/// of that name that is not plainly empty.
fn speaks_of(element: &Value, word: &str) -> bool {
    let mut speaks = false;
    crate::leaf::leaves(element, &mut |_, key, leaf| {
        let empty = matches!(leaf, Value::Null | Value::Bool(false));
        speaks = speaks
            || spoken(leaf).iter().any(|own| own == word)
            || !empty && words(key).iter().any(|one| one == word);
    });
    speaks
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
    use super::{Aside, are_all_meant, tells_how_the_rest_was, tells_where_from};
    use serde_json::json;

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
    fn how_the_rest_was_is_known_by_its_form() {
        for (text, expected) in [
            ("Everything else I had was cancelled.", true),
            ("Everything else was delivered.", true),
            ("The rest was already shipped.", true),
            ("All else we ordered was pending.", true),
            ("The others were waiting.", true),
            ("Der Rest war storniert.", true),
            ("Everything else is cancelled.", false),
            ("Everything else gets cancelled.", false),
            ("Everything else was to be cancelled.", false),
            ("Everything else was not cancelled.", false),
            ("Everything else was only cancelled.", false),
            ("Everything else I had was cancelled, so skip it.", false),
            ("Everything else was cancelled or lost.", false),
            ("Everything else was cancelled except W48121.", false),
            ("Everything else was cancelled by Anna.", false),
            ("The cancelled rest was mine.", false),
            ("Everything was cancelled.", false),
            ("If everything else was cancelled.", false),
            ("I had everything else cancelled.", false),
        ] {
            let all = sentences(text);
            assert_eq!(tells_how_the_rest_was(&all[0]), expected, "{text}");
        }
    }

    #[test]
    fn how_the_rest_was_says_nothing_of_what_is_both_ways() {
        let so = json!({ "id": "W1", "status": "cancelled" });
        let other = json!({ "id": "W2", "status": "open" });
        let loose = json!({ "id": "W3", "status": "open", "note": "cancelled by Anna" });
        let flag = json!({ "id": "W4", "cancelled": true });
        let no_flag = json!({ "id": "W5", "cancelled": false });
        let moment = json!({ "id": "W6", "cancelled_at": "2027-01-05" });
        for (elements, expected) in [
            (vec![&so, &other], true),
            (vec![&flag, &no_flag], true),
            (vec![&so, &so], false),
            (vec![&other, &other], false),
            (vec![&so, &loose], false),
            (vec![&so, &moment], false),
            (vec![&moment, &other], false),
            (vec![], false),
        ] {
            let nothing = Aside::Rest.tells_nothing_of(&elements, "cancelled");
            assert_eq!(nothing, expected, "{elements:?}");
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
