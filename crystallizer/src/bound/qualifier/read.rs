//! Reads what people say about the things that they name: the words before and behind a noun or a superlative that say
//! which of them are meant, and the conditions of what they ask for.

use super::bracketed;
use super::condition;
use super::cover::forms;
use super::doubt::marked;
use super::lexicon as l;
use super::sentence::{Sentence, Token};
use crate::bound::key::words;
use std::collections::BTreeSet;

/// The most words before a noun that are looked at.
pub(super) const BEFORE: usize = 6;

/// What a qualifier does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::bound) enum Kind {
    /// Words before the noun: `unread`.
    Property,
    /// Words behind it: `with attachments`, `that failed`, `older than 30 days`.
    Clause,
    /// What is left out: `except the admins`, `not the cheapest`.
    Exclusion,
    /// How many, from which end: `the first three`.
    Count,
    /// `if it has not shipped`.
    Condition,
    /// How much it may be at most: `up to 100 euros`, `ask me above 100`.
    Cap,
    /// What has to be so, without an `if`: `it must have been paid`.
    Demand,
    /// What is said in a language that is not read here.
    Foreign,
    /// What was told to be done and nothing does: `and mail Anna`.
    Undone,
    /// What the instructions say on what something hangs: `refunds over 100 need an approval`.
    Policy,
}

impl Kind {
    /// Whether it says on what a deed hangs, and not which things are meant.
    pub(super) fn is_condition(self) -> bool {
        matches!(
            self,
            Self::Condition | Self::Cap | Self::Demand | Self::Policy
        )
    }
}

/// Words that say which are meant.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::bound) struct Qualifier {
    pub(in crate::bound) kind: Kind,
    /// The words that something has to carry, in small letters and as they were said.
    pub(in crate::bound) content: Vec<String>,
    /// The number of a count, and whether it counts from the end.
    pub(in crate::bound) number: Option<(u64, bool)>,
    /// Whether what it says is to be left out or does not hold.
    pub(in crate::bound) negated: bool,
    /// Whether it is said with a preposition, so that it may belong to the deed as well.
    pub(in crate::bound) loose: bool,
    /// Whether it is plainly meant, so that it may be followed though nothing shows it.
    pub(in crate::bound) sure: bool,
    /// Those of its words that only name the thing itself.
    pub(super) things: Vec<String>,
    /// Where it stands in its text.
    pub(in crate::bound) start: usize,
    pub(in crate::bound) end: usize,
}

impl Qualifier {
    /// A condition that was said at a place, in whatever words.
    pub(super) fn said(start: usize, end: usize) -> Self {
        Self {
            kind: Kind::Condition,
            content: Vec::new(),
            number: None,
            negated: false,
            loose: false,
            sure: false,
            things: Vec::new(),
            start,
            end,
        }
    }

    pub(super) fn of(kind: Kind, tokens: &[Token]) -> Option<Self> {
        let content: Vec<String> = tokens
            .iter()
            .enumerate()
            .filter(|(at, token)| {
                // What somebody does tells nothing; what is called like it does: `without an answer`.
                let does = at.checked_sub(1).is_some_and(|before| {
                    let before = tokens[before].word.as_str();
                    l::leads_to_verb(before)
                        && (!matches!(before, "i" | "we") && !l::negates(before)
                            || l::finds(&token.word))
                }) && l::is_verb(&token.word);
                tells(&token.word) && !does
            })
            .map(|(_, token)| token.word.clone())
            .collect();
        Some(Self {
            kind,
            content,
            number: None,
            negated: false,
            loose: false,
            sure: true,
            things: Vec::new(),
            start: tokens.first()?.start,
            end: tokens.last()?.end,
        })
    }
}

impl Qualifier {
    /// Whether nothing of it is lost where these words are carried.
    pub(super) fn is_all_in(&self, carried: &[String]) -> bool {
        self.content
            .iter()
            .all(|word| carried.contains(word) || self.things.contains(word))
    }
}

/// Whether a word tells which are meant, where it stands near a noun.
pub(super) fn tells(word: &str) -> bool {
    !(l::is_determiner(word)
        || l::is_neutral(word)
        || l::is_boundary(word)
        || l::is_joint(word)
        || l::negates(word)
        || l::excludes(word, None)
        || matches!(
            word,
            "than"
                | "other"
                | "rather"
                | "else"
                | "instead"
                | "apart"
                | "aside"
                | "still"
                | "already"
                | "currently"
                | "yet"
                | "ever"
                | "really"
                | "very"
                | "belong"
                | "belongs"
                | "belonging"
                | "gehören"
                | "gehört"
        ))
}

/// The nouns by which a thing is spoken of.
pub(in crate::bound) struct Nouns<'n> {
    /// In the singular.
    pub(in crate::bound) heads: &'n BTreeSet<String>,
    /// Words of the deeds that are done with it.
    pub(in crate::bound) deeds: &'n BTreeSet<String>,
}

impl Nouns<'_> {
    pub(super) fn is_head(&self, word: &str) -> bool {
        words(word)
            .last()
            .is_some_and(|one| self.heads.contains(one))
    }

    /// Whether a word is a form of what is done with it: `closed`, `closing`.
    fn is_own_deed(&self, word: &str) -> bool {
        forms(word)
            .iter()
            .any(|form| self.deeds.iter().any(|deed| l::same_deed(form, deed)))
    }

    pub(super) fn is_verb(&self, word: &str) -> bool {
        l::is_verb(word) || self.deeds.contains(word)
    }
}

/// What a sentence says about a noun in it.
pub(in crate::bound) fn about_nouns(sentence: &Sentence, nouns: &Nouns<'_>) -> Vec<Qualifier> {
    let found = said_of_nouns(sentence, nouns)
        .into_iter()
        .filter(|one| !condition::widens(sentence, one.start))
        .collect();
    marked(sentence, nouns, found)
}

fn said_of_nouns(sentence: &Sentence, nouns: &Nouns<'_>) -> Vec<Qualifier> {
    let mut found = Vec::new();
    let named = sentence.iter().any(|token| nouns.is_head(&token.word));
    // `Close the waiting ones`, `those older than a month`: a deed, and a word for what was named before.
    let told = sentence.iter().any(|token| {
        l::is_verb(&token.word)
            || nouns
                .deeds
                .iter()
                .any(|deed| l::same_deed(&token.word, deed))
    });
    for (at, token) in sentence.iter().enumerate() {
        let next = sentence.get(at + 1).map(|next| next.word.as_str());
        let begins = at == 0
            || sentence.get(at - 1).is_some_and(|before| {
                before.clause != token.clause || matches!(before.word.as_str(), "please" | "but")
            });
        let clause = token.clause;
        let from = (0..at)
            .find(|place| sentence[*place].clause == clause)
            .unwrap_or(at);
        let to = (at..sentence.len())
            .find(|place| sentence[*place].clause != clause)
            .unwrap_or(sentence.len());
        let whole = if begins && l::is_skipped(&token.word, next) {
            sentence.get(at..deed_from(sentence, at + 1, to, nouns))
        } else if named && from < at && clause > 0 && l::leaves_out(&token.word) {
            sentence.get(from..at + 1)
        } else {
            None
        };
        found.extend(whole.and_then(left_out).filter(|one| {
            one.content.iter().any(|word| {
                !l::leaves_out(word)
                    && word != "out"
                    && word != "exclude"
                    && word != "omit"
                    && word != "spare"
                    && word != "leave"
            })
        }));
    }
    if !named && !told {
        return found;
    }
    for (at, token) in sentence.iter().enumerate() {
        let next = sentence
            .get(at + 1)
            .filter(|next| next.clause == token.clause);
        let to = (at..sentence.len())
            .find(|place| sentence[*place].clause != token.clause)
            .unwrap_or(sentence.len());
        if l::is_whichever(&token.word) && next.is_some() {
            let whole = sentence.get(at..deed_from(sentence, at + 1, to, nouns));
            found.extend(whole.and_then(clause));
        } else if l::is_anything(&token.word)
            && next.is_some_and(|next| tells(&next.word) && !nouns.is_verb(&next.word))
        {
            found.extend(
                sentence
                    .get(at + 1..at + 2)
                    .and_then(|tokens| Qualifier::of(Kind::Property, tokens)),
            );
        }
    }
    found.extend(about_each(sentence, nouns, false).flatten());
    found
}

/// The same for each place of a noun apart, as far as it stands right before or behind it. `unknown` says whether a thing
/// that is not known yet counts, too: `reserve a free room`.
pub(super) fn about_each(
    sentence: &Sentence,
    nouns: &Nouns<'_>,
    unknown: bool,
) -> impl Iterator<Item = Vec<Qualifier>> {
    (0..sentence.len())
        .filter(|at| nouns.is_head(&sentence[*at].word) || stands_for(sentence, *at))
        // A noun that only names another, as `ticket` in `ticket number`, is none.
        .filter(|at| next_in_clause(sentence, *at).is_none_or(|next| !nouns.is_head(next)))
        .map(move |at| about(sentence, at, unknown, nouns))
}

/// Whether a word stands for things that were named before: `the waiting ones`, `those older than a month`.
fn stands_for(sentence: &Sentence, at: usize) -> bool {
    let Some(token) = sentence.get(at) else {
        return false;
    };
    match token.word.as_str() {
        "ones" => true,
        "those" | "them" => next_in_clause(sentence, at).is_some_and(|next| {
            l::is_preposition(next) || l::is_relative(next) || l::is_comparative(next)
        }),
        // `the first three`.
        word => {
            l::number(word).is_some()
                && next_in_clause(sentence, at).is_none_or(l::is_joint)
                && at
                    .checked_sub(1)
                    .and_then(|before| sentence.get(before))
                    .is_some_and(|before| l::ordinal(&before.word).is_some())
        }
    }
}

pub(super) fn next_in_clause(sentence: &Sentence, at: usize) -> Option<&str> {
    let own = sentence.get(at)?;
    sentence
        .get(at + 1)
        .filter(|next| next.clause == own.clause)
        .map(|next| next.word.as_str())
}

/// What stands before and behind a noun.
fn about(sentence: &Sentence, head: usize, unknown: bool, nouns: &Nouns<'_>) -> Vec<Qualifier> {
    let after = head + 1;
    let Some(own) = sentence.get(head) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut properties: Vec<&Token> = Vec::new();
    let mut number: Option<(u64, usize)> = None;
    let mut order: Option<(bool, usize)> = None;
    let mut part: Option<usize> = None;
    let mut rough = false;
    let mut definite = false;
    let mut indefinite = false;
    let mut at = head;
    if l::number(&own.word).is_some() {
        at += 1;
    }
    while let Some(before) = at.checked_sub(1) {
        let Some(token) = sentence.get(before) else {
            break;
        };
        let word = token.word.as_str();
        let left = before.checked_sub(1).and_then(|at| sentence.get(at));
        // `the open, unassigned tickets`: over a comma only another word of the kind is reached.
        let listed = token.clause + 1 == own.clause
            && !properties.is_empty()
            && tells(word)
            && left.is_some_and(|left| l::is_determiner(&left.word));
        if token.clause != own.clause && !listed || head - before.min(head) > BEFORE {
            break;
        }
        if let Some(value) = l::number(word) {
            number = Some((value, before));
        } else if let Some((value, place)) = number
            && place == before + 1
            && (l::is_about(word) || word == "to" && left.is_some_and(|left| left.word == "up"))
        {
            // `at least three`: as many as that, but not just as many.
            rough = true;
            number = Some((value, before));
        } else if let Some(last) = l::ordinal(word) {
            order = Some((last, before));
        } else if l::is_part(word)
            || word == "other"
                && left.is_some_and(|left| matches!(left.word.as_str(), "every" | "each"))
        {
            part = Some(before);
        } else if l::is_determiner(word) {
            definite |= l::is_definite(word);
            indefinite |= l::is_indefinite(word);
        } else if word == "of" {
            // `the first three of my tickets`, `some of the tickets`.
            let counted = left.is_some_and(|left| {
                l::number(&left.word).is_some()
                    || l::ordinal(&left.word).is_some()
                    || l::is_part(&left.word)
                    || matches!(left.word.as_str(), "all" | "each" | "both")
            });
            if !counted {
                break;
            }
            definite = false;
        } else if l::is_joint(word) {
            if properties.is_empty()
                || left.is_none_or(|left| {
                    is_order(sentence, before - 1, nouns)
                        || l::is_boundary(&left.word)
                        || !tells(&left.word)
                })
            {
                break;
            }
        } else if l::is_boundary(word)
            || l::negates(word)
            || l::excludes(word, None)
            || is_order(sentence, before, nouns)
        {
            break;
        } else if tells(word) {
            properties.push(token);
        }
        at = before;
    }
    let negated = is_negated(sentence, at);
    // `all but three tickets` are not three.
    rough |= at
        .checked_sub(1)
        .and_then(|before| sentence.get(before))
        .is_some_and(|before| {
            before.clause == own.clause && (before.word == "but" || l::excludes(&before.word, None))
        });
    if indefinite && !negated && !unknown {
        return found;
    }
    for token in properties.iter().rev() {
        found.extend(Qualifier::of(Kind::Property, std::slice::from_ref(*token)));
    }
    let quoted = |from: usize| {
        let to = (after).min(sentence.len());
        Qualifier::of(Kind::Count, sentence.get(from.min(head)..to)?).map(|one| Qualifier {
            sure: !rough,
            ..one
        })
    };
    match (number, order, part) {
        (Some((number, place)), Some((last, other)), _) => {
            found.extend(quoted(place.min(other)).map(|one| Qualifier {
                number: Some((number, last)),
                ..one
            }));
        }
        (Some((number, place)), None, None) if !definite => {
            found.extend(quoted(place).map(|one| Qualifier {
                number: Some((number, false)),
                ..one
            }));
        }
        (None, Some((last, place)), _) => found.extend(quoted(place).map(|one| Qualifier {
            number: Some((1, last)),
            ..one
        })),
        (_, _, Some(place)) => found.extend(quoted(place)),
        _ => {}
    }
    found.extend(behind(sentence, after, nouns));
    if negated {
        for one in &mut found {
            one.kind = Kind::Exclusion;
            one.negated = true;
        }
    }
    found
}

/// Whether a word is what somebody is told to do.
fn is_order(sentence: &Sentence, at: usize, nouns: &Nouns<'_>) -> bool {
    let Some(token) = sentence.get(at) else {
        return false;
    };
    let Some(left) = at.checked_sub(1).and_then(|left| sentence.get(left)) else {
        return nouns.is_verb(&token.word)
            || sentence
                .get(at + 1)
                .is_none_or(|next| l::is_determiner(&next.word));
    };
    if left.clause != token.clause {
        return nouns.is_verb(&token.word);
    }
    // `I only want …`
    let speaks = at
        .checked_sub(2)
        .and_then(|place| sentence.get(place))
        .is_some_and(|one| {
            one.clause == token.clause && matches!(one.word.as_str(), "i" | "we" | "ich" | "wir")
        });
    let before_noun = l::is_determiner(&left.word)
        || left.word == "only" && !speaks
        || l::number(&left.word).is_some()
        || l::ordinal(&left.word).is_some();
    // `by closing all of its tickets`.
    let doing = token.word.ends_with("ing") && nouns.is_own_deed(&token.word);
    // `close out all tickets`.
    let particle = l::is_particle(&token.word) && nouns.is_verb(&left.word);
    nouns.is_verb(&token.word) && !before_noun
        || doing
        || particle
        || l::leads_to_verb(&left.word) && left.word == "please"
}

/// Whether what stands here is told not to be done.
fn is_negated(sentence: &Sentence, at: usize) -> bool {
    let Some(own) = sentence.get(at.min(sentence.len().saturating_sub(1))) else {
        return false;
    };
    sentence
        .iter()
        .take(at)
        .rev()
        .take(4)
        .take_while(|token| token.clause == own.clause && !l::is_joint(&token.word))
        .any(|token| l::negates(&token.word))
}

/// What stands behind a noun.
pub(super) fn behind(sentence: &Sentence, from: usize, nouns: &Nouns<'_>) -> Vec<Qualifier> {
    let mut found = Vec::new();
    let Some(own) = from.checked_sub(1).and_then(|head| sentence.get(head)) else {
        return found;
    };
    let mut at = from;
    let end_of_clause = |at: usize| {
        let clause = sentence.get(at).map_or(own.clause, |token| token.clause);
        (at..sentence.len())
            .find(|place| sentence[*place].clause != clause)
            .unwrap_or(sentence.len())
    };
    while let Some(token) = sentence.get(at) {
        let word = token.word.as_str();
        let next = sentence.get(at + 1).map(|next| next.word.as_str());
        if l::excludes(word, next) {
            // What is left out is said to the end, over commas: `except A, B and C`.
            let to = deed_from(sentence, at + 1, sentence.len(), nouns);
            found.extend(sentence.get(at..to).and_then(left_out));
            at = to.max(at + 1);
            continue;
        }
        if token.clause != own.clause {
            // Only what leaves out, or a clause about the noun, reaches over a comma.
            if (l::is_relative(word) && !matches!(word, "that" | "where")
                || l::is_article(word) && next.is_some())
                && token.clause == own.clause + 1
                && at == from
            {
                let to = deed_from(sentence, at + 1, end_of_clause(at), nouns);
                found.extend(sentence.get(at..to).and_then(clause));
                at = to.max(at + 1);
                continue;
            }
            if l::negates(word)
                && sentence
                    .get(at - 1)
                    .is_some_and(|before| before.clause != token.clause)
                && !next.is_some_and(|next| nouns.is_verb(next))
            {
                let to = deed_from(sentence, at + 1, end_of_clause(at), nouns);
                found.extend(sentence.get(at..to).and_then(left_out));
                at = to.max(at + 1);
                continue;
            }
            at += 1;
            continue;
        }
        // Right behind the noun, or behind what is said about it.
        let directly = at == from
            || found.last().is_some_and(|one: &Qualifier| {
                at.checked_sub(1)
                    .and_then(|before| sentence.get(before))
                    .is_some_and(|before| before.end == one.end)
            });
        if directly
            && (l::is_relative(word)
                || l::is_article(word) && next.is_some()
                || l::is_comparative(word)
                || is_participle(word, nouns)
                    && !is_deed_done(sentence, at, nouns)
                    && !(l::is_usual(word) && sentence[at - 1].word == "as")
                || at == from && is_contact(sentence, at))
            || l::is_comparative(word) && next == Some("than")
        {
            let end = end_of_clause(at);
            // What it is done for is no part of a comparison: `more than 100 euros for review`.
            let end = match l::is_comparative(word) && next == Some("than") {
                true => (at + 3..end)
                    .find(|place| matches!(sentence[*place].word.as_str(), "for" | "für"))
                    .unwrap_or(end),
                false => end,
            };
            let to = deed_from(sentence, at + 1, end, nouns);
            found.extend(sentence.get(at..to).and_then(clause));
            at = to.max(at + 1);
            continue;
        }
        if l::negates(word) {
            let to = deed_from(sentence, at + 1, end_of_clause(at), nouns);
            found.extend(sentence.get(at..to).and_then(left_out));
            at = to.max(at + 1);
            continue;
        }
        if l::is_preposition(word) {
            if word == "to" && next.is_some_and(|next| nouns.is_verb(next)) {
                break;
            }
            let stop = (at + 1..end_of_clause(at))
                .find(|place| {
                    let word = sentence[*place].word.as_str();
                    let next = sentence.get(place + 1).map(|one| one.word.as_str());
                    l::is_preposition(word)
                        || l::is_relative(word)
                        || l::is_condition(word, None)
                        || l::gives_reason(word)
                        || l::may_give_reason(
                            word,
                            sentence[place + 1..].iter().map(|one| one.word.as_str()),
                        )
                        || word == "as"
                            && next.is_some_and(|next| l::is_harmless(next) || l::is_usual(next))
                        || l::is_comparative(word) && next == Some("than")
                        || *place > at + 1 && (is_participle(word, nouns) || l::negates(word))
                        || l::excludes(word, next)
                })
                .unwrap_or_else(|| end_of_clause(at));
            let to = deed_from(sentence, at + 1, stop, nouns);
            found.extend(
                sentence
                    .get(at..to)
                    .and_then(|tokens| Qualifier::of(Kind::Clause, tokens))
                    .map(|one| Qualifier { loose: true, ..one }),
            );
            let broken = to < stop;
            at = to.max(at + 1);
            if broken {
                // Another deed begins: only what leaves out may still be about the noun.
                skip_to_exclusion(sentence, &mut at);
            }
            continue;
        }
        skip_to_exclusion(sentence, &mut at);
    }
    found
}

/// Whether a clause about the noun before it begins here that has no word for it: `the orders nobody wants`.
fn is_contact(sentence: &Sentence, at: usize) -> bool {
    let (Some(own), Some(next)) = (sentence.get(at), sentence.get(at + 1)) else {
        return false;
    };
    l::is_subject(&own.word) && own.clause == next.clause
}

/// Whether the deed itself ends its clause, as done: `I want all tickets closed`.
fn is_deed_done(sentence: &Sentence, at: usize, nouns: &Nouns<'_>) -> bool {
    sentence
        .get(at)
        .is_some_and(|token| nouns.is_own_deed(&token.word))
        && next_in_clause(sentence, at).is_none_or(l::is_joint)
}

/// Whether a word may begin what is said about a noun before it: `opened last week`, `containing …`.
fn is_participle(word: &str, nouns: &Nouns<'_>) -> bool {
    (word.ends_with("ed") || word.ends_with("ing") || word.ends_with("en"))
        && word.len() > 4
        && !nouns.is_verb(word)
        && !nouns.is_head(word)
}

fn clause(tokens: &[Token]) -> Option<Qualifier> {
    let negated = tokens.iter().any(|token| l::negates(&token.word));
    Qualifier::of(Kind::Clause, tokens).map(|one| Qualifier { negated, ..one })
}

fn left_out(tokens: &[Token]) -> Option<Qualifier> {
    Qualifier::of(Kind::Exclusion, tokens).map(|one| Qualifier {
        negated: true,
        ..one
    })
}

/// Goes on to what leaves out, if there is any.
fn skip_to_exclusion(sentence: &Sentence, at: &mut usize) {
    *at = (*at + 1..sentence.len())
        .find(|place| {
            l::excludes(
                &sentence[*place].word,
                sentence.get(place + 1).map(|one| one.word.as_str()),
            )
        })
        .unwrap_or(sentence.len());
}

/// Where something else is told to be done, from a word on: `… and mail them`.
fn deed_from(sentence: &Sentence, from: usize, to: usize, nouns: &Nouns<'_>) -> usize {
    (from..to)
        .find(|place| {
            let word = sentence[*place].word.as_str();
            let next = sentence.get(place + 1).map(|one| one.word.as_str());
            (l::is_joint(word) || word == "then")
                && next.is_some_and(|next| {
                    nouns.is_verb(next)
                        || l::is_any_deed(next)
                            && sentence.get(place + 2).is_some_and(|third| {
                                matches!(third.word.as_str(), "with" | "on" | "it" | "them")
                            })
                        || matches!(
                            next,
                            "then" | "i" | "you" | "we" | "please" | "do" | "don't"
                        )
                })
                || matches!(word, "so" | "because" | "while")
                || place > &from && l::is_condition(word, next)
        })
        .unwrap_or(to)
}

/// The conditions of a sentence: each from its marker to the end of its clause.
pub(in crate::bound) fn conditions(sentence: &Sentence) -> Vec<Qualifier> {
    let mut found: Vec<Qualifier> = Vec::new();
    for (at, token) in sentence.iter().enumerate() {
        let next = sentence.get(at + 1).map(|one| one.word.as_str());
        if !l::is_condition(&token.word, next) && !condition::begins(sentence, at) {
            continue;
        }
        if found.last().is_some_and(|last| token.start < last.end) {
            continue;
        }
        let before: Vec<&str> = sentence
            .get(at.saturating_sub(3)..at)
            .unwrap_or_default()
            .iter()
            .filter(|one| one.clause == token.clause)
            .map(|one| one.word.as_str())
            .collect();
        let after: Vec<&str> = sentence
            .get(at + 1..)
            .unwrap_or_default()
            .iter()
            .take_while(|one| one.clause == token.clause)
            .map(|one| one.word.as_str())
            .collect();
        let asks = matches!(token.word.as_str(), "if" | "falls" | "wenn")
            && before.last().is_some_and(|word| l::asks_whether(word))
            || before.iter().any(|word| {
                matches!(
                    *word,
                    "know"
                        | "wondering"
                        | "wonder"
                        | "ask"
                        | "asking"
                        | "sure"
                        | "tell"
                        | "curious"
                )
            }) && token.word == "if";
        if asks
            || matches!(token.word.as_str(), "if" | "wenn" | "falls")
                && condition::is_manner(&after)
        {
            continue;
        }
        let to = (at..sentence.len())
            .find(|place| sentence[*place].clause != token.clause)
            .unwrap_or(sentence.len());
        found.extend(
            sentence
                .get(at..to)
                .and_then(|tokens| Qualifier::of(Kind::Condition, tokens)),
        );
    }
    if found.is_empty() {
        found = bracketed::only(sentence);
    }
    found
}
