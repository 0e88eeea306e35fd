//! Where the draft goes on without what the person named: loops, what is picked as the least or the most, selections
//! for a change, and changes under a condition.

use super::lexicon as l;
use super::narrow::flag_words;
use super::read::{Kind, Nouns, Qualifier, about_nouns, about_word, conditions};
use super::sentence::Sentence;
use crate::bound::answers::{Hop, Place};
use crate::bound::binding::{Bound, Source};
use crate::bound::cycle::Cycle;
use crate::bound::decide::Decisions;
use crate::bound::filter::spoken;
use crate::bound::key::{noun, words};
use crate::bound::selector::heads;
use crate::bound::superlative::asks_for_most;
use crate::bound::turn::Compared;
use crate::bound::write;
use crate::kept::{Kept, Spot};
use std::collections::BTreeSet;

/// From how many words on a text may be a manual.
const MANUAL: usize = 250;

/// The longest value of which the words count as said to a tool.
const LONGEST_VALUE: usize = 60;

/// The call that goes on without it, its loop, and where it was said.
pub(super) type Missed = (usize, Option<usize>, usize, Qualifier);

/// Looks for what nothing carries.
pub(super) struct Asker<'a> {
    pub(super) kept: &'a [Kept<'a>],
    pub(super) spots: &'a [Spot],
    pub(super) decisions: &'a Decisions,
    pub(super) sentences: Vec<(usize, &'a Sentence)>,
}

impl Asker<'_> {
    fn heard(&self, call: usize) -> usize {
        self.decisions.heard.get(call).copied().unwrap_or_default()
    }

    /// Loops that change something, and those that only look where nothing is changed after them.
    pub(super) fn of_loops(&self) -> Vec<Missed> {
        let mut found = Vec::new();
        for (index, cycle) in self.decisions.cycles.iter().enumerate() {
            let changes_later = self.kept.iter().skip(cycle.last() + 1).any(Kept::changes);
            if cycle.harmless && changes_later {
                continue;
            }
            let (heads, deeds) = (self.heads_of(cycle), self.deeds_of(cycle));
            let nouns = Nouns {
                heads: &heads,
                deeds: &deeds,
            };
            let mut carried = self.told_before(cycle.first);
            let mut number = None;
            for cycle in self.around(cycle) {
                carried.extend(self.carried_by(cycle));
                number = number.or(cycle.filter.as_ref().and_then(|filter| filter.number()));
            }
            let mut told = BTreeSet::new();
            for kept in self.kept.iter().take(cycle.last() + 1) {
                told_by(kept, &mut told);
                keys_of(kept, &mut told);
            }
            for (text, sentence) in &self.sentences {
                if *text >= self.heard(cycle.first) {
                    continue;
                }
                for one in about_nouns(sentence, &nouns) {
                    let is_carried = match one.kind {
                        Kind::Count => number.is_some() && number == one.number,
                        _ => carries(&carried, &told, &one),
                    };
                    if !is_carried {
                        found.push((cycle.first, Some(index), *text, one));
                    }
                }
            }
        }
        found
    }

    /// A loop, and those whose outputs it goes over.
    fn around<'c>(&'c self, cycle: &'c Cycle) -> Vec<&'c Cycle> {
        let mut all = vec![cycle];
        while let Some(last) = all.last()
            && let Some(before) = self
                .decisions
                .cycles
                .iter()
                .find(|other| other.last() == last.list.call && other.last() < last.first)
        {
            all.push(before);
        }
        all
    }

    fn heads_of(&self, cycle: &Cycle) -> BTreeSet<String> {
        let mut all: Vec<String> = Vec::new();
        for cycle in self.around(cycle) {
            all.extend(words(&self.decisions.answers.last_key_of(cycle.list)));
            all.extend(words(&cycle.item));
            if let Some(source) = self.kept.get(cycle.list.call) {
                all.extend(noun(&source.call.name));
            }
            if let Some(inner) = &cycle.inner {
                all.extend(words(&inner.item));
            }
        }
        heads(all.into_iter())
    }

    fn deeds_of(&self, cycle: &Cycle) -> BTreeSet<String> {
        (cycle.first..=cycle.last())
            .filter_map(|call| self.kept.get(call))
            .filter_map(|kept| deed(kept))
            .collect()
    }

    /// The words that the filters of a loop carry.
    fn carried_by(&self, cycle: &Cycle) -> Vec<String> {
        let inner = cycle.inner.as_ref().and_then(|inner| inner.filter.as_ref());
        let mut all: Vec<String> = cycle
            .filter
            .iter()
            .chain(inner)
            .flat_map(|filter| filter.words())
            .flat_map(|word| normal(&word))
            .collect();
        all.extend(compared(&cycle.compared));
        all
    }

    /// What was picked as the least or the most.
    pub(super) fn of_extremes(&self) -> Vec<Missed> {
        let mut found = Vec::new();
        for (call, decided) in self.decisions.calls.iter().enumerate() {
            let Some(kept) = self.kept.get(call) else {
                continue;
            };
            let later = self.kept.iter().skip(call).any(Kept::changes);
            let bindings = decided
                .bound
                .iter()
                .flat_map(Bound::bindings)
                .filter(|binding| !binding.compared.extremes.is_empty());
            let mut before: Option<BTreeSet<String>> = None;
            for binding in bindings {
                if kept.is_harmless() && later && !matches!(binding.source, Source::Output(_)) {
                    continue;
                }
                let mut all = Vec::new();
                if let Source::Output(place) = &binding.source {
                    if let Some(source) = self.kept.get(place.call) {
                        all.extend(noun(&source.call.name));
                    }
                    all.extend(self.keys_to(place));
                }
                let heads = heads(all.into_iter());
                let deeds: BTreeSet<String> = deed(kept).into_iter().collect();
                let nouns = Nouns {
                    heads: &heads,
                    deeds: &deeds,
                };
                let mut carried = before.get_or_insert_with(|| self.told_before(call)).clone();
                carried.extend(compared(&binding.compared));
                let mut told = BTreeSet::new();
                for kept in self.kept.iter().take(call + 1) {
                    told_by(kept, &mut told);
                    keys_of(kept, &mut told);
                }
                for (_, most) in &binding.compared.extremes {
                    for (text, sentence) in &self.sentences {
                        if *text >= self.heard(call) {
                            continue;
                        }
                        let said: BTreeSet<&str> = sentence
                            .iter()
                            .map(|token| token.word.as_str())
                            .filter(|word| asks_for_most(word) == Some(*most))
                            .collect();
                        for word in said {
                            found.extend(
                                about_word(sentence, word, &nouns)
                                    .into_iter()
                                    .filter(|one| !carries(&carried, &told, one))
                                    .map(|one| (call, None, *text, one)),
                            );
                        }
                    }
                }
            }
        }
        found
    }

    /// What is picked for a change although something was left out in so many words: `the delivered one, but not the
    /// express order`.
    pub(super) fn of_selections(&self) -> Vec<Missed> {
        let mut found = Vec::new();
        for (call, decided) in self.decisions.calls.iter().enumerate() {
            let Some(kept) = self.kept.get(call).filter(|kept| kept.changes()) else {
                continue;
            };
            let mut all = Vec::new();
            let mut carried: Option<BTreeSet<String>> = None;
            for binding in decided.bound.iter().flat_map(Bound::bindings) {
                let Source::Output(place) = &binding.source else {
                    continue;
                };
                let picks =
                    !binding.compared.fields.is_empty() || binding.expression.contains("| only");
                if let Some(source) = self.kept.get(place.call).filter(|_| picks) {
                    all.extend(noun(&source.call.name));
                    all.extend(self.keys_to(place));
                    carried
                        .get_or_insert_with(|| self.told_before(call))
                        .extend(compared(&binding.compared));
                }
            }
            let Some(carried) = carried else { continue };
            let (heads, deeds) = (heads(all.into_iter()), deed(kept).into_iter().collect());
            let nouns = Nouns {
                heads: &heads,
                deeds: &deeds,
            };
            for (text, sentence) in &self.sentences {
                if *text >= self.heard(call) {
                    continue;
                }
                for one in about_nouns(sentence, &nouns) {
                    let begins = sentence.iter().position(|token| token.start == one.start);
                    let is_exclusion = begins.is_some_and(|at| {
                        l::excludes(
                            &sentence[at].word,
                            sentence.get(at + 1).map(|next| next.word.as_str()),
                        )
                    });
                    if is_exclusion && !carries(&carried, &BTreeSet::new(), &one) {
                        found.push((call, None, *text, one));
                    }
                }
            }
        }
        found
    }

    /// The words of the keys to a value.
    fn keys_to(&self, place: &Place) -> Vec<String> {
        let steps = self.decisions.answers.steps_to(place);
        let keys = steps.iter().filter_map(|step| match step.hop {
            Hop::Key(key) => Some(key),
            _ => None,
        });
        keys.flat_map(|key| words(key)).collect()
    }

    /// What is done though a condition was named.
    pub(super) fn of_conditions(&self) -> Vec<Missed> {
        let taken = write::Taken::of(self.spots);
        let mut found = Vec::new();
        let mut selected: BTreeSet<String> = BTreeSet::new();
        for cycle in &self.decisions.cycles {
            selected.extend(self.carried_by(cycle));
        }
        for binding in self
            .decisions
            .calls
            .iter()
            .flat_map(|decided| decided.bound.iter().flat_map(Bound::bindings))
        {
            selected.extend(compared(&binding.compared));
        }
        for (text, sentence) in &self.sentences {
            let all = conditions(sentence);
            if all.is_empty() {
                continue;
            }
            // A long text that says how to work with files and commands is no task with a condition.
            let manual = self.decisions.said.length(*text) > MANUAL;
            let outside: Vec<(usize, &str)> = sentence
                .iter()
                .enumerate()
                .filter(|(_, token)| {
                    all.iter()
                        .all(|one| token.start < one.start || token.start >= one.end)
                        || l::is_condition(&token.word, None) && token.word == "otherwise"
                })
                .map(|(at, token)| (at, token.word.as_str()))
                .collect();
            for one in &all {
                // What stands behind `otherwise` is the deed itself.
                let own: Vec<(usize, &str)> = match sentence
                    .iter()
                    .find(|token| token.start == one.start)
                    .map(|token| token.word.as_str())
                {
                    Some("otherwise" | "andernfalls" | "sonst") => sentence
                        .iter()
                        .enumerate()
                        .filter(|(_, token)| token.start >= one.start && token.start < one.end)
                        .map(|(at, token)| (at, token.word.as_str()))
                        .collect(),
                    _ => outside.clone(),
                };
                let Some(call) = self.deed_of(*text, sentence, &own, manual) else {
                    continue;
                };
                let gated = self
                    .spots
                    .get(call)
                    .is_some_and(|spot| taken.gate_before(*spot).is_some());
                if gated || !one.content.is_empty() && carries(&selected, &BTreeSet::new(), one) {
                    continue;
                }
                let cycle = self
                    .decisions
                    .cycles
                    .iter()
                    .position(|cycle| cycle.holds(call));
                let call = match cycle.and_then(|at| self.decisions.cycles.get(at)) {
                    Some(cycle) => cycle.first,
                    None => call,
                };
                found.push((call, cycle, *text, one.clone()));
            }
        }
        found
    }

    /// The first change after a text that a sentence in it tells to make.
    fn deed_of(
        &self,
        text: usize,
        sentence: &Sentence,
        said: &[(usize, &str)],
        manual: bool,
    ) -> Option<usize> {
        let back = said.iter().any(|(at, word)| {
            l::is_any_deed(word)
                || l::points_back(word, sentence.get(at + 1).map(|one| one.word.as_str()))
        });
        self.kept
            .iter()
            .enumerate()
            .filter(|(call, kept)| kept.changes() && self.heard(*call) > text)
            .filter(|(_, kept)| !manual || !works_here(kept))
            .find(|(_, kept)| {
                back || deed(kept)
                    .is_some_and(|deed| said.iter().any(|(_, word)| l::same_deed(word, &deed)))
            })
            .map(|(call, _)| call)
    }

    /// The words that tools were told before a call: their names, and what was sent.
    fn told_before(&self, call: usize) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for kept in self.kept.iter().take(call) {
            told_by(kept, &mut all);
        }
        all
    }
}

/// Whether a call works with files or commands, not with what others keep.
fn works_here(kept: &Kept<'_>) -> bool {
    kept.target.shell.is_some()
        || matches!(kept.target.action.as_str(), "shell" | "file")
        || words(&kept.call.name).iter().any(|word| {
            matches!(
                word.as_str(),
                "file" | "edit" | "bash" | "command" | "shell" | "editor"
            )
        })
}

/// What a tool does, by the first word of its name.
fn deed(kept: &Kept<'_>) -> Option<String> {
    words(&crate::name::of_call(&kept.call.name, None))
        .into_iter()
        .next()
}

fn told_by(kept: &Kept<'_>, all: &mut BTreeSet<String>) {
    all.extend(words(&kept.call.name));
    crate::leaf::leaves(&kept.call.arguments, &mut |_, _, leaf| {
        let short = leaf.as_str().is_none_or(|text| text.len() <= LONGEST_VALUE);
        if short && !leaf.is_null() {
            all.extend(spoken(leaf).iter().flat_map(|word| normal(word)));
        }
    });
}

fn keys_of(kept: &Kept<'_>, all: &mut BTreeSet<String>) {
    crate::leaf::leaves(&kept.call.arguments, &mut |_, key, _| {
        all.extend(words(key));
    });
}

/// The words of what is compared on the way to a value.
fn compared(compared: &Compared) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for (key, value) in &compared.fields {
        all.extend(words(key));
        all.extend(spoken(value).iter().flat_map(|word| normal(word)));
    }
    for (key, value) in &compared.flags {
        all.extend(flag_words(key, *value).iter().flat_map(|word| normal(word)));
    }
    for (key, _) in &compared.extremes {
        all.extend(words(key));
    }
    for key in &compared.keys {
        all.extend(normal(key));
    }
    for text in &compared.beginnings {
        all.extend(normal(text));
    }
    all
}

/// The words of a word, as values and keys have them.
fn normal(word: &str) -> Vec<String> {
    words(word)
        .into_iter()
        .map(|word| match l::number(&word) {
            Some(number) => number.to_string(),
            None => word,
        })
        .collect()
}

/// Whether all that a qualifier says is carried. What may belong to the deed may have been told to its tool, too.
fn carries(carried: &BTreeSet<String>, told: &BTreeSet<String>, one: &Qualifier) -> bool {
    if one.kind == Kind::Count {
        return false;
    }
    one.content.iter().all(|word| {
        normal(word).iter().all(|part| {
            carried.contains(part) || one.loose && told.contains(part) || l::is_verb(part)
        })
    })
}
