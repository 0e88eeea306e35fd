//! What a person told to be done and nothing in the recording does: `cancel it and mail Anna`, where nobody was mailed.
//! The draft does not do it either, and says nothing of it.

use super::asker::{Asker, MANUAL, Missed, works_here};
use super::cover::{Part, is_talk, parts};
use super::lexicon as l;
use super::read::{Kind, Nouns, Qualifier, conditions};
use super::sentence::{Sentence, Token};
use crate::bound::key::words;
use std::collections::BTreeSet;

/// The most words that are shown of an order.
const SHOWN: usize = 8;

/// An order of a person.
struct Order<'a> {
    text: usize,
    sentence: &'a Sentence,
    part: Part,
    at: usize,
}

impl Order<'_> {
    fn word(&self) -> &str {
        &self.sentence[self.at].word
    }
}

impl Asker<'_> {
    /// What was told to be done beside what a change does, and is no call of the recording: each at the last change
    /// behind it.
    pub(super) fn of_undone(&self) -> Vec<Missed> {
        let changes: Vec<usize> = (0..self.kept.len())
            .filter(|call| self.kept[*call].changes())
            .collect();
        // Of a line for a shell nobody knows all that it does.
        if changes.is_empty() || self.kept.iter().any(works_here) {
            return Vec::new();
        }
        let orders = self.last_orders();
        let Some(text) = orders.first().map(|order| order.text) else {
            return Vec::new();
        };
        let does = |call: usize, order: &Order<'_>| {
            let tool = words(&crate::name::of_call(&self.kept[call].call.name, None));
            tool.iter().any(|word| l::same_deed(order.word(), word))
        };
        // A change that no order tells may do what is told in other words.
        let all_told = changes
            .iter()
            .all(|call| orders.iter().any(|order| does(*call, order)));
        let Some(last) = changes.iter().rev().find(|call| self.heard(**call) > text) else {
            return Vec::new();
        };
        if !all_told {
            return Vec::new();
        }
        orders
            .iter()
            .filter(|order| {
                self.is_plain(order) && !(0..self.kept.len()).any(|call| does(call, order))
            })
            .filter_map(|order| {
                let one = Qualifier::of(Kind::Undone, &shown(order))?;
                Some((*last, None, order.text, one))
            })
            .collect()
    }

    /// The orders of the last text that has some, where nothing that people said behind it takes something back.
    fn last_orders(&self) -> Vec<Order<'_>> {
        let none = BTreeSet::new();
        let nouns = Nouns {
            heads: &none,
            deeds: &none,
        };
        let mut found: Vec<Order<'_>> = Vec::new();
        for (text, sentence) in self.sentences.iter().rev() {
            if found.first().is_some_and(|order| order.text != *text) {
                break;
            }
            let takes_back = |token: &Token| l::negates(&token.word) || l::denies(&token.word);
            if self.decisions.said.length(*text) > MANUAL
                || !self.may_look(sentence.len())
                || found.is_empty() && sentence.iter().any(takes_back)
            {
                return Vec::new();
            }
            let all = parts(sentence, &nouns).into_iter();
            found.extend(all.filter_map(|part| {
                let at = part.order.filter(|_| !part.negated)?;
                Some(Order {
                    text: *text,
                    sentence,
                    part,
                    at,
                })
            }));
        }
        found.reverse();
        found
    }

    /// Whether an order is one that only a tool could do, said in so many words: its verb, and behind it what it is done
    /// with. What hangs on a condition is asked about with that.
    fn is_plain(&self, order: &Order<'_>) -> bool {
        let sentence = order.sentence;
        let Some(next) = sentence.get(order.at + 1) else {
            return false;
        };
        let own = &sentence[order.at];
        let word = next.word.as_str();
        let written = self.decisions.said.part(order.text, next.start, next.end);
        let names = l::is_definite(word)
            || l::is_indefinite(word)
            || l::is_determiner(word)
            || matches!(
                word,
                "it" | "them" | "him" | "her" | "everyone" | "everybody"
            )
            || written.starts_with(char::is_uppercase)
            || word.contains('@')
            || word.bytes().any(|byte| byte.is_ascii_digit())
                && word.bytes().any(|byte| byte.is_ascii_alphabetic());
        names
            && next.clause == own.clause
            && l::is_order_to_tools(order.word())
            && !l::reports(order.word(), Some(word))
            && !is_talk(sentence, &order.part)
            && conditions(sentence).is_empty()
            && !sentence.iter().any(|token| l::turns_elsewhere(&token.word))
    }
}

/// The order with what it is done with.
fn shown(order: &Order<'_>) -> Vec<Token> {
    let own = order.sentence[order.at].clause;
    let tokens = order.part.tokens.iter().filter(|at| **at >= order.at);
    tokens
        .map(|at| order.sentence[*at].clone())
        .take_while(|token| token.clause == own)
        .take(SHOWN)
        .collect()
}
