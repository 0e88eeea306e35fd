//! What is said right before the name of the one thing that something is done with, where the draft takes whatever was
//! found: `book the quiet flight`.

use super::asker::{Asker, MANUAL, Missed, Spoken, deed, works_here};
use super::cover::{Account, Open, Part, parts, says_nothing};
use super::lexicon as l;
use super::read::{BEFORE, Nouns, Qualifier};
use super::sentence::Sentence;
use crate::bound::binding::{Bound, Source};
use crate::bound::information::{STRONG, bits};
use crate::bound::key::{noun, words};
use crate::bound::qualifier::left::left;
use crate::bound::selector::heads;
use crate::bound::superlative::asks_for_most;
use crate::bound::write;
use crate::kept::Kept;
use std::collections::{BTreeMap, BTreeSet};

/// The sentences by the words in them that things may be called by, so that only those are read that name a thing.
struct Naming<'s> {
    sentences: &'s [(usize, &'s Sentence)],
    places: BTreeMap<String, Vec<usize>>,
}

impl<'s> Naming<'s> {
    fn of(sentences: &'s [(usize, &'s Sentence)]) -> Self {
        let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (number, (_, sentence)) in sentences.iter().enumerate() {
            for token in *sentence {
                let Some(word) = words(&token.word).pop() else {
                    continue;
                };
                let all = places.entry(word).or_default();
                if all.last() != Some(&number) {
                    all.push(number);
                }
            }
        }
        Self { sentences, places }
    }

    /// The sentences that name a thing, in their order.
    fn of_nouns(&self, nouns: &Nouns<'_>) -> Vec<(usize, &'s Sentence)> {
        let called = nouns.heads.iter().map(String::as_str).chain(["one"]);
        let numbers: BTreeSet<usize> = called
            .filter_map(|word| self.places.get(word))
            .flatten()
            .copied()
            .collect();
        numbers
            .into_iter()
            .filter_map(|number| self.sentences.get(number).copied())
            .collect()
    }
}

impl Asker<'_> {
    /// What is said of the one thing that a change takes out of an answer, and nothing chooses by.
    pub(super) fn of_described(&self, draft: &BTreeSet<String>) -> Vec<Missed> {
        let taken = write::Taken::of(self.spots);
        let mut found = Vec::new();
        let carried = self.carried_anywhere();
        let named = self.named_by_people();
        // Many calls take the same kind of thing: what is said of it is read once.
        let mut naming: Option<Naming<'_>> = None;
        let mut read: BTreeMap<Spoken, Vec<(usize, Qualifier)>> = BTreeMap::new();
        for (call, kept) in self.kept.iter().enumerate() {
            let in_loop = self.is_in_loop(call);
            let gated = self
                .spots
                .get(call)
                .is_some_and(|spot| taken.gate_before(*spot).is_some());
            if !kept.changes() || in_loop || gated || works_here(kept) {
                continue;
            }
            let Some(heads) = self.taken_things(call, kept, &named) else {
                continue;
            };
            let deeds: BTreeSet<String> = deed(kept).into_iter().collect();
            let left = read
                .entry((heads, deeds))
                .or_insert_with_key(|(heads, deeds)| {
                    let naming = naming.get_or_insert_with(|| Naming::of(&self.sentences));
                    self.left_described(&Nouns { heads, deeds }, draft, &carried, naming)
                });
            let heard = self.heard(call);
            let said = left.iter().filter(|(text, _)| *text < heard);
            found.extend(said.map(|(text, one)| (call, None, *text, one.clone())));
        }
        found
    }

    /// What is said right before the name of one such thing, and nothing carries.
    fn left_described(
        &self,
        nouns: &Nouns<'_>,
        draft: &BTreeSet<String>,
        carried: &BTreeSet<String>,
        naming: &Naming<'_>,
    ) -> Vec<(usize, Qualifier)> {
        let account = Account { nouns, draft };
        let mut open = Vec::new();
        for (text, sentence) in &naming.of_nouns(nouns) {
            if self.decisions.said.length(*text) <= MANUAL && self.may_look(sentence.len()) {
                let all = account.described(sentence).into_iter();
                open.extend(all.map(|one| (*text, *sentence, one)));
            }
        }
        let told = |part: &str| self.told().up_to(usize::MAX, part);
        left(&open, usize::MAX, carried, told).collect()
    }

    /// The words of the keys of what persons named by an id.
    fn named_by_people(&self) -> BTreeSet<String> {
        let bound = self.decisions.calls.iter().flat_map(|one| &one.bound);
        bound
            .filter(|bound| {
                bound.bindings().any(|binding| {
                    matches!(binding.source, Source::Input(_))
                        && bits(&binding.value, &[]) >= STRONG
                })
            })
            .flat_map(|bound| words(bound.pointer.rsplit('/').next().unwrap_or_default()))
            .collect()
    }

    /// The words for what a change takes out of an answer. None where the person named it by an id, or where nothing of
    /// it is taken out of an answer: what is said of it then only describes it.
    fn taken_things(
        &self,
        call: usize,
        kept: &Kept<'_>,
        named: &BTreeSet<String>,
    ) -> Option<BTreeSet<String>> {
        let bound = &self.decisions.calls.get(call)?.bound;
        let mut all = Vec::new();
        for binding in bound.iter().flat_map(Bound::bindings) {
            if let Source::Output(place) = &binding.source
                && bits(&binding.value, &[]) >= STRONG
            {
                let source = self.kept.get(place.call)?;
                all.extend(noun(&source.call.name));
                all.extend(self.keys_to(place));
            }
        }
        if all.is_empty() {
            return None;
        }
        all.extend(noun(&kept.call.name));
        let all = heads(all.into_iter());
        named.is_disjoint(&all).then_some(all)
    }
}

impl Account<'_> {
    /// The words right before the name of a thing that an order names as one that is known.
    fn described(&self, sentence: &Sentence) -> Vec<Open> {
        let mut found = Vec::new();
        for part in parts(sentence, self.nouns) {
            let Some(order) = part.order.filter(|at| {
                !part.negated && (self.is_own(&sentence[*at].word) || self.takes(sentence, *at))
            }) else {
                continue;
            };
            let thing = part
                .tokens
                .iter()
                .copied()
                .filter(|at| *at > order && sentence[*at].clause == sentence[order].clause)
                .find(|at| {
                    let word = sentence[*at].word.as_str();
                    self.nouns.is_head(word) || word == "one"
                });
            found.extend(thing.and_then(|at| self.before(sentence, &part, order, at)));
        }
        found
    }

    /// Whether somebody is told to take something: `take the quiet flight`.
    fn takes(&self, sentence: &Sentence, at: usize) -> bool {
        matches!(
            sentence[at].word.as_str(),
            "take" | "choose" | "pick" | "select" | "nimm"
        )
    }

    fn before(&self, sentence: &Sentence, part: &Part, order: usize, thing: usize) -> Option<Open> {
        let from = (thing.saturating_sub(BEFORE).max(order + 1)..thing)
            .rev()
            .find(|at| l::is_determiner(&sentence[*at].word))?;
        // What stands behind a preposition is what the deed is done with, for or in: `mail the hotel to the new owner`.
        let leads = |at: usize| {
            let word = sentence[at].word.as_str();
            says_nothing(word) && !l::is_preposition(word)
        };
        if !(order + 1..from).all(leads) {
            return None;
        }
        let first = sentence[from].word.as_str();
        // `all the tickets` are several, and `a flight` may be any.
        let several = from
            .checked_sub(1)
            .is_some_and(|at| l::is_universal(&sentence[at].word));
        if !l::is_definite(first) || l::is_universal(first) || several {
            return None;
        }
        let between: Vec<usize> = (from + 1..thing).collect();
        // What is the most of something, the how manieth, or has an id, is told by that.
        let told = |at: usize| {
            let word = sentence[at].word.as_str();
            asks_for_most(word).is_some()
                || l::is_preposition(word)
                || l::number(word).is_some()
                || l::ordinal(word).is_some()
                || l::is_part(word)
                || word.chars().any(|c| c.is_ascii_digit())
        };
        let id = sentence[thing + 1..]
            .iter()
            .take_while(|token| token.clause == sentence[thing].clause)
            .any(|token| token.word.chars().any(|c| c.is_ascii_digit()));
        if between.is_empty() || id || between.iter().any(|at| told(*at)) {
            return None;
        }
        let words: Vec<_> = between
            .iter()
            .filter_map(|at| self.word(sentence, part, *at))
            .collect();
        (!words.is_empty()).then_some(Open {
            tokens: between,
            words,
        })
    }
}
