//! Where the draft goes on without what the person named: loops, what is picked as the least or the most, selections
//! for a change, and changes under a condition.

use super::aside::{Aside, are_all_meant, holds_word};
use super::condition;
use super::conditioned::Changes;
use super::days::{days_sent, may_hold};
use super::flag::flag_words;
use super::lexicon as l;
use super::mention::{Fields, Named, Words};
use super::read::{Kind, Nouns, Qualifier, tells};
use super::reading::{About, Heard};
use super::sentence::{Sentence, Token};
use super::told::{Told, normal};
use crate::bound::answers::{Hop, Place, WholePlace};
use crate::bound::binding::{Bound, Source};
use crate::bound::cycle::{self, Cycle};
use crate::bound::decide::Decisions;
use crate::bound::filter::spoken;
use crate::bound::inputs::Found;
use crate::bound::key::{named_by, noun, words};
use crate::bound::selector::heads;
use crate::bound::turn::Compared;
use crate::bound::view;
use crate::bound::write;
use crate::kept::{Kept, Spot};
use jiff::civil::Date;
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// From how many words on a text may be a manual.
pub(super) const MANUAL: usize = 250;

/// From how many words on a value that a person said is a text that they dictated.
const DICTATED: usize = 3;
/// The most looks that are gone back through for what was looked for.
const MOST_LOOKED_THROUGH: usize = 16;

/// The call that goes on without it, its loop, and where it was said.
pub(super) type Missed = (usize, Option<usize>, usize, Qualifier);

/// The nouns that loops are spoken of by, and the deeds done in them.
pub(super) type Spoken = (BTreeSet<String>, BTreeSet<String>);

/// The nouns that something is spoken of by, the deeds done with it, and the words that are carried of what was said.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Carrying {
    heads: BTreeSet<String>,
    deeds: BTreeSet<String>,
    carried: BTreeSet<String>,
}

/// How far something was looked through for calls so far. What was carried before one call is carried before each later
/// one, and what was asked about is not asked about again: each thing is looked at once.
type Through<K> = BTreeMap<K, usize>;

/// Looks for what nothing carries.
pub(super) struct Asker<'a> {
    pub(super) kept: &'a [Kept<'a>],
    pub(super) spots: &'a [Spot],
    pub(super) decisions: &'a Decisions<'a>,
    pub(super) sentences: Vec<(usize, &'a Sentence)>,
    told: OnceCell<Told>,
    words: OnceCell<Words<'a>>,
    /// The texts that people dictated, each with the number of what they said and the part of it.
    dictated: OnceCell<Vec<(usize, Range<usize>)>>,
    pub(super) changes: OnceCell<Changes>,
    /// The words of numbers that tools were told as the most or the least.
    pub(super) limits: OnceCell<BTreeSet<String>>,
}

impl<'a> Asker<'a> {
    pub(super) fn new(
        kept: &'a [Kept<'a>],
        spots: &'a [Spot],
        decisions: &'a Decisions<'a>,
    ) -> Self {
        Self {
            kept,
            spots,
            decisions,
            sentences: decisions.said.sentences_by_people(0).collect(),
            told: OnceCell::new(),
            dictated: OnceCell::new(),
            words: OnceCell::new(),
            changes: OnceCell::new(),
            limits: OnceCell::new(),
        }
    }

    /// The sentence that holds a place of a text: the first that does not end before it.
    pub(super) fn sentence_at(&self, text: usize, start: usize) -> Option<&'a Sentence> {
        let at = self.sentences.partition_point(|(other, sentence)| {
            *other < text || *other == text && sentence.last().is_none_or(|last| last.start < start)
        });
        let (other, sentence) = self.sentences.get(at)?;
        (*other == text).then_some(*sentence)
    }

    /// Whether the sentence at a place of a text has a word that always begins a condition.
    pub(super) fn has_condition(&self, text: usize, start: usize) -> bool {
        self.sentence_at(text, start).is_some_and(|sentence| {
            sentence.iter().enumerate().any(|(at, token)| {
                let next = sentence.get(at + 1).map(|next| next.word.as_str());
                l::is_condition(&token.word, next)
            })
        })
    }

    /// Whether all that tells something in words is a part of a text that the person dictated, and a tool is sent: it says
    /// nothing of what is done with it.
    pub(super) fn is_dictated(&self, text: usize, one: &Qualifier) -> bool {
        let dictated = self.dictated.get_or_init(|| {
            let inputs = self.decisions.inputs.iter();
            let spans = inputs.filter_map(|input| match &input.found {
                Found::Said(mention) if is_for_reading(&input.key.words) => {
                    self.decisions.said.span(mention, DICTATED)
                }
                _ => None,
            });
            spans.collect()
        });
        let inside = |token: &Token| {
            dictated.iter().any(|(other, span)| {
                *other == text && span.start <= token.start && token.end <= span.end
            })
        };
        let is_own =
            |token: &&Token| token.start >= one.start && token.end <= one.end && tells(&token.word);
        !dictated.is_empty()
            && self.sentence_at(text, one.start).is_some_and(|sentence| {
                let mut own = sentence.iter().filter(is_own).peekable();
                own.peek().is_some() && own.all(inside)
            })
    }

    /// Where the sentence stands that something is said in.
    pub(super) fn sentence_of(&self, text: usize, one: &Qualifier) -> Option<Range<usize>> {
        let sentence = self
            .sentence_at(text, one.start)
            .filter(|sentence| sentence.iter().any(|token| token.start == one.start))?;
        let first = sentence.first()?.start;
        let from = match points_back(sentence) {
            true => self.before_in_text(text, first).unwrap_or(first),
            false => first,
        };
        Some(from..sentence.last()?.end)
    }

    /// Where the sentence before one begins, in the same text.
    fn before_in_text(&self, text: usize, start: usize) -> Option<usize> {
        let at = self.sentences.partition_point(|(other, sentence)| {
            *other < text
                || *other == text && sentence.first().is_some_and(|first| first.start < start)
        });
        let (other, sentence) = self.sentences.get(at.checked_sub(1)?)?;
        (*other == text).then_some(sentence.first()?.start)
    }

    /// The words that tools were told, read once and for all: not again for each loop.
    pub(super) fn told(&self) -> &Told {
        self.told.get_or_init(|| {
            let mut told = Told::of(self.kept);
            for (call, decided) in self.decisions.calls.iter().enumerate() {
                for binding in decided.bound.iter().flat_map(Bound::bindings) {
                    told.in_another_unit(call, binding, &self.decisions.inputs);
                }
            }
            told
        })
    }

    /// Whether so much more may be looked at.
    pub(super) fn may_look(&self, count: usize) -> bool {
        self.decisions.said.readings().may_read(count)
    }

    /// The words that name something of elements, where nobody wrote a manual, and that do not only widen what was
    /// said: `including the pinned ones`.
    fn naming(&self, elements: Option<&Value>) -> Vec<Named> {
        let words = self.words.get_or_init(|| {
            let short = |text: usize| self.decisions.said.length(text) <= MANUAL;
            let all = self.sentences.iter().enumerate();
            Words::of(
                all.filter(|(_, (text, _))| short(*text))
                    .map(|(number, (_, sentence))| (number, *sentence)),
            )
        });
        let fields = elements.map(Fields::of).unwrap_or_default();
        let mut all = words.naming(&fields);
        all.retain(|named| {
            self.sentences
                .get(named.sentence)
                .and_then(|(_, sentence)| Some((sentence, sentence.get(named.token)?)))
                .is_some_and(|(sentence, token)| !condition::widens(sentence, token.start))
        });
        all
    }

    /// How many of these were said before a text.
    fn before(&self, all: &[Named], text: usize) -> usize {
        all.partition_point(|named| {
            let said = self.sentences.get(named.sentence);
            said.is_some_and(|(at, _)| *at < text)
        })
    }

    pub(super) fn heard(&self, call: usize) -> usize {
        self.decisions.heard.get(call).copied().unwrap_or_default()
    }

    /// Loops that change something, and those that only look where nothing is changed after them.
    pub(super) fn of_loops(&self) -> Vec<Missed> {
        let mut found = Vec::new();
        let last_change = self.kept.iter().rposition(Kept::changes);
        let mut named: BTreeMap<WholePlace, Vec<Named>> = BTreeMap::new();
        for (index, cycle) in self.decisions.cycles.iter().enumerate() {
            let (first, last) = (cycle.first, cycle.last());
            let Some(list) = cycle.list.place() else {
                continue;
            };
            if cycle.harmless && last_change.is_some_and(|change| change > last) {
                continue;
            }
            let (heads, deeds) = (self.heads_of(cycle), self.deeds_of(cycle));
            let nouns = Nouns {
                heads: &heads,
                deeds: &deeds,
            };
            // Many loops are spoken of by the same nouns: what is said about those is read once.
            let all = self.decisions.said.about(About::Nouns, &nouns);
            let mut carried: BTreeSet<String> = BTreeSet::new();
            let mut number = None;
            for cycle in self.around(cycle) {
                carried.extend(self.carried_by(cycle));
                number = number.or(cycle.filter.as_ref().and_then(|filter| filter.number()));
            }
            let heard = self.heard(first);
            let width = ((last + 1 - first) / cycle.passes.max(1)).max(1);
            let days = self.days_of_run(cycle);
            let told = |part: &str| {
                days.contains(part) || self.told().up_to_loop(first, last, width, part)
            };
            let looked = self.looked_for(cycle);
            let mut asked: Vec<(usize, &Qualifier)> = Vec::new();
            for Heard { text, one, .. } in all.all().iter().filter(|heard| !heard.widens) {
                if *text >= heard || !self.may_look(1) {
                    break;
                }
                // `other than partner requests`: what the things are called says nothing more of them.
                let is_thing =
                    |word: &String| one.negated && word.ends_with('s') && one.things.contains(word);
                let says_more = !one.content.iter().all(is_thing);
                let has = |word: &str| {
                    carried.contains(word)
                        || !one.negated && looked.contains(word)
                        || says_more
                            && heads.contains(word)
                            && one.content.iter().any(|own| {
                                is_thing(own) && normal(own).iter().any(|part| part == word)
                            })
                        || self.was_told(first, word, one.negated && !one.loose)
                };
                let is_carried = match one.kind {
                    Kind::Count => one.sure && number.is_some() && number == one.number,
                    _ => {
                        carries(one, has, told) || {
                            let named = self.named_in(cycle, one);
                            !named.is_empty()
                                && carries(one, |word| named.contains(word) || has(word), told)
                        }
                    }
                };
                if !is_carried {
                    asked.push((*text, one));
                    found.push((first, Some(index), *text, one.clone()));
                }
            }
            let has = |word: &str| {
                normal(word)
                    .iter()
                    .all(|part| carried.contains(part) || told(part))
                    || words(word).last().is_some_and(|one| heads.contains(one))
                    || deeds.iter().any(|deed| l::same_deed(word, deed))
            };
            let named = named
                .entry(list)
                .or_insert_with(|| self.naming(self.decisions.answers.whole(list)));
            let named = &named[..self.before(named, heard)];
            let all_meant = OnceCell::new();
            let aside = |sentence: &Sentence, word: &str| {
                Aside::of(sentence).is_some_and(|aside| {
                    *all_meant.get_or_init(|| {
                        are_all_meant(self.sentences.iter().copied(), heard, &heads)
                    }) && self.tells_nothing_of(aside, cycle, word)
                })
            };
            found.extend(
                self.mentioned(named, &asked, has, aside)
                    .into_iter()
                    .map(|(text, one)| (first, Some(index), text, one)),
            );
        }
        found
    }

    /// Whether a word was told to a tool before a call; of what does not hold, that it does not.
    pub(super) fn was_told(&self, call: usize, word: &str, negated: bool) -> bool {
        match negated {
            true => self.told().left_out_before(call, word),
            false => self.told().sent_before(call, word),
        }
    }

    /// Whether a word only names under which key another word beside it was sent before a call: `line` of `the green line`,
    /// where a tool was told `line: green`.
    fn names_told(&self, call: usize, word: &str, one: &Qualifier) -> bool {
        if one.negated {
            return false;
        }
        let others = one.content.iter().flat_map(|other| normal(other));
        others.filter(|other| other != word).any(|other| {
            self.told().calls_with(&other, call).any(|at| {
                let mut found = false;
                if let Some(kept) = self.kept.get(at).filter(|_| self.may_look(1)) {
                    crate::leaf::leaves(&kept.call.arguments, &mut |_, key, leaf| {
                        found |= words(key).iter().any(|own| own == word)
                            && spoken(leaf).iter().any(|own| normal(own).contains(&other));
                    });
                }
                found
            })
        })
    }

    /// What words name of the elements, where nothing that was read holds it and nothing carries it. What was read is in
    /// the order in which it was said. `aside` says of a sentence that the word in it says nothing about which are meant.
    fn mentioned(
        &self,
        named: &[Named],
        read: &[(usize, &Qualifier)],
        has: impl Fn(&str) -> bool,
        aside: impl Fn(&Sentence, &str) -> bool,
    ) -> Vec<(usize, Qualifier)> {
        let mut found = Vec::new();
        for named in named {
            let Some((text, sentence)) = self.sentences.get(named.sentence) else {
                continue;
            };
            let Some(token) = sentence.get(named.token) else {
                continue;
            };
            let from = read.partition_point(|(other, _)| other < text);
            let to = read.partition_point(|(other, _)| other <= text);
            let read = read.get(from..to).unwrap_or_default();
            if !self.may_look(1 + read.len()) {
                break;
            }
            let is_read = read
                .iter()
                .any(|(_, one)| one.start <= token.start && token.end <= one.end);
            if is_read || has(&named.word) || has(&token.word) || aside(sentence, &named.word) {
                continue;
            }
            let of_clause: Vec<_> = sentence
                .iter()
                .filter(|one| one.clause == token.clause)
                .cloned()
                .collect();
            let kind = Kind::Clause;
            found.extend(Qualifier::of(kind, &of_clause).map(|one| (*text, one)));
        }
        found
    }

    /// The words for the days that every pass is told by the day of the run: `a visit tomorrow`. Where elements, or what
    /// is looked up for them, may have such a day themselves, it may say which of them are meant.
    pub(super) fn days_of_run(&self, cycle: &Cycle) -> BTreeSet<String> {
        let spoken = self.decisions.said.day_of_speaking();
        let mut told: BTreeMap<Date, BTreeSet<String>> = BTreeMap::new();
        let bodies = self.decisions.calls.get(cycle.first..=cycle.last());
        let bindings = bodies.into_iter().flatten().flat_map(|one| &one.bound);
        for binding in bindings.flat_map(Bound::bindings) {
            let (Source::Clock(ahead), Some(day)) = (&binding.source, binding.value.as_str())
            else {
                continue;
            };
            let Some(day) = day.get(..10).and_then(|day| day.parse().ok()) else {
                continue;
            };
            let words = told.entry(day).or_insert_with(|| {
                let sent = days_sent(&binding.value, spoken);
                sent.into_iter()
                    .filter(|word| l::is_weekday(word))
                    .collect()
            });
            match ahead {
                1 => words.insert("tomorrow".to_owned()),
                2 => words.insert("übermorgen".to_owned()),
                _ => false,
            };
        }
        let around = self.around(cycle).into_iter();
        let lists = around.filter_map(|one| one.list.place());
        let lists = lists.filter_map(|list| self.decisions.answers.whole(list));
        let looked_up = self.kept.get(cycle.first..=cycle.last());
        let looked_up = looked_up
            .into_iter()
            .flatten()
            .filter(|kept| kept.looks())
            .filter_map(|kept| Some(&kept.call.result.as_ref()?.content));
        // One that is not told is not asked about again.
        for value in lists.chain(looked_up) {
            if told.is_empty() {
                break;
            }
            told.retain(|day, _| !may_hold(value, *day));
        }
        told.into_values().flatten().collect()
    }

    /// Whether a loop takes all that its lists hold, and what is told beside the order says nothing about which are
    /// meant by a word in it. What a loop inside leaves out is told apart by something else where none of it has that word.
    fn tells_nothing_of(&self, aside: Aside, cycle: &Cycle, word: &str) -> bool {
        let all_taken = self.around(cycle).into_iter().all(|one| {
            let inner = one.inner.as_ref().and_then(|inner| inner.filter.as_ref());
            let list = one.list.place();
            let count = match list.and_then(|list| self.decisions.answers.whole(list)) {
                Some(Value::Array(items)) => Some(items.len()),
                Some(Value::Object(map)) => Some(map.len()),
                _ => None,
            };
            one.filter.is_none()
                && one.until.is_none()
                && count == Some(one.chosen.len())
                && (inner.is_none() || !self.looks_up(one, word))
        });
        let list = cycle.list.place();
        let list = list.and_then(|list| self.decisions.answers.whole(list));
        let elements: Vec<&Value> = match list {
            Some(Value::Array(items)) => items.iter().collect(),
            Some(Value::Object(map)) => map.values().collect(),
            _ => Vec::new(),
        };
        all_taken && aside.tells_nothing_of(&elements, word)
    }

    /// Whether anything that the calls of a loop were answered holds a word.
    fn looks_up(&self, cycle: &Cycle, word: &str) -> bool {
        let calls = self.kept.get(cycle.first..=cycle.last());
        calls
            .into_iter()
            .flatten()
            .any(|kept| holds_word(&view::view(kept).data, word))
    }

    /// A loop, and those whose outputs it goes over.
    pub(super) fn around<'c>(&'c self, cycle: &'c Cycle) -> Vec<&'c Cycle> {
        let mut all = vec![cycle];
        let cycles = &self.decisions.cycles;
        // They stand one behind the other, so that the last call of each lies behind that of the one before.
        while let Some(last) = all.last()
            && let Some(list) = last.list.place()
            && list.call < last.first
            && let Ok(at) = cycles.binary_search_by_key(&list.call, Cycle::last)
            && let Some(before) = cycles.get(at)
        {
            all.push(before);
        }
        all
    }

    pub(super) fn heads_of(&self, cycle: &Cycle) -> BTreeSet<String> {
        let mut all: Vec<String> = Vec::new();
        for cycle in self.around(cycle) {
            all.extend(words(&cycle.item));
            if let Some(list) = cycle.list.place() {
                all.extend(words(&self.decisions.answers.last_key_of(list)));
                let source = self.kept.get(list.call);
                all.extend(source.into_iter().flat_map(|one| noun(&one.call.name)));
            }
            if let Some(inner) = &cycle.inner {
                all.extend(words(&inner.item));
            }
        }
        heads(all.into_iter())
    }

    pub(super) fn deeds_of(&self, cycle: &Cycle) -> BTreeSet<String> {
        (cycle.first..=cycle.last())
            .filter_map(|call| self.kept.get(call))
            .filter_map(|kept| deed(kept))
            .collect()
    }

    /// The words by which the answer of a call was looked for: what its arguments were picked by, and what the arguments
    /// of the looks before it were. `of the Payments board`, where a list was asked for by the id of that board.
    pub(super) fn looked_by(&self, call: usize) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let (mut seen, mut open) = (BTreeSet::new(), vec![call]);
        while let Some(call) = open.pop() {
            if !seen.insert(call) || seen.len() > MOST_LOOKED_THROUGH {
                continue;
            }
            let bound = self
                .decisions
                .calls
                .get(call)
                .map(|one| one.bound.as_slice());
            for bound in bound.unwrap_or_default() {
                for binding in bound.bindings() {
                    let Source::Output(place) = &binding.source else {
                        continue;
                    };
                    open.push(place.call);
                    if !binding.compared.fields.is_empty() {
                        found.extend(compared(&binding.compared));
                        found.extend(words(&bound.key));
                        let source = self.kept.get(place.call);
                        found.extend(source.into_iter().flat_map(|one| noun(&one.call.name)));
                    }
                }
            }
        }
        found
    }

    /// The same of the lists that a loop goes over, with the names of what its passes are given of their elements.
    pub(super) fn looked_for(&self, cycle: &Cycle) -> BTreeSet<String> {
        let around = self.around(cycle);
        let lists = around.iter().filter_map(|one| one.list.place());
        let mut found: BTreeSet<String> =
            lists.flat_map(|list| self.looked_by(list.call)).collect();
        for call in cycle.bodies() {
            let decided = self.decisions.calls.get(call);
            let bound = decided.into_iter().flat_map(|one| &one.bound);
            for binding in bound.flat_map(Bound::bindings) {
                if let Source::Item(_, path) | Source::Inside(_, path) = &binding.source {
                    found.extend(path.iter().flat_map(|key| words(key)));
                }
            }
        }
        found
    }

    /// The words that the filters of a loop carry.
    pub(super) fn carried_by(&self, cycle: &Cycle) -> Vec<String> {
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

    /// The words of a qualifier that only say which field has the value in it, where a filter compares that: `owned` of
    /// `owned by Bob`.
    fn named_in(&self, cycle: &Cycle, one: &Qualifier) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        if one.negated {
            return found;
        }
        let said: Vec<String> = one.content.iter().flat_map(|word| normal(word)).collect();
        for filter in self
            .around(cycle)
            .into_iter()
            .filter_map(|one| one.filter.as_ref())
        {
            for (key, value) in filter.compared().fields {
                let value: Vec<String> = spoken(&value)
                    .iter()
                    .flat_map(|word| normal(word))
                    .collect();
                let names = words(&key);
                if value.iter().all(|word| said.contains(word)) {
                    found.extend(
                        said.iter()
                            .filter(|word| {
                                word.len() >= 4 && word.ends_with("ed") && named_by(&names, word)
                            })
                            .cloned(),
                    );
                }
            }
        }
        found
    }

    /// What was picked as the least or the most.
    pub(super) fn of_extremes(&self) -> Vec<Missed> {
        let mut found = Vec::new();
        let last_change = self.kept.iter().rposition(Kept::changes);
        let mut fields: BTreeMap<usize, Vec<Named>> = BTreeMap::new();
        let mut fields_through: Through<(usize, Carrying)> = BTreeMap::new();
        let mut through: Through<(bool, Carrying)> = BTreeMap::new();
        for (call, decided) in self.decisions.calls.iter().enumerate() {
            let Some(kept) = self.kept.get(call) else {
                continue;
            };
            let later = last_change.is_some_and(|change| change >= call);
            let bindings = decided
                .bound
                .iter()
                .flat_map(Bound::bindings)
                .filter(|binding| !binding.compared.extremes.is_empty());
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
                let carried: BTreeSet<String> = compared(&binding.compared).into_iter().collect();
                let is_carried = |one: &Qualifier| {
                    carries(
                        one,
                        |word| {
                            carried.contains(word)
                                || self.was_told(call, word, one.negated && !one.loose)
                                || self.names_told(call, word, one)
                        },
                        |word| self.told().up_to(call, word),
                    )
                };
                let spoken = Carrying {
                    heads: heads.clone(),
                    deeds: deeds.clone(),
                    carried: carried.clone(),
                };
                if let Source::Output(place) = &binding.source
                    && let Some(source) = self.kept.get(place.call)
                    && let Some(result) = &source.call.result
                {
                    let has = |word: &str| {
                        normal(word)
                            .iter()
                            .all(|part| carried.contains(part) || self.told().up_to(call, part))
                            || words(word).last().is_some_and(|one| heads.contains(one))
                    };
                    let named = fields
                        .entry(place.call)
                        .or_insert_with(|| self.naming(Some(&result.content)));
                    let from = fields_through
                        .entry((place.call, spoken.clone()))
                        .or_default();
                    let to = self.before(named, self.heard(call)).max(*from);
                    found.extend(
                        self.mentioned(&named[*from..to], &[], has, |_, _| false)
                            .into_iter()
                            .map(|(text, one)| (call, None, text, one)),
                    );
                    *from = to;
                }
                for (_, most) in &binding.compared.extremes {
                    let all = self.decisions.said.about(About::Extreme(*most), &nouns);
                    let from = through.entry((*most, spoken.clone())).or_default();
                    while let Some(Heard { text, one, .. }) = all.all().get(*from)
                        && *text < self.heard(call)
                        && self.may_look(1)
                    {
                        *from += 1;
                        if !is_carried(one) {
                            found.push((call, None, *text, one.clone()));
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
        let mut through: Through<Carrying> = BTreeMap::new();
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
                        .get_or_insert_default()
                        .extend(compared(&binding.compared));
                }
            }
            let Some(carried) = carried else { continue };
            let (heads, deeds): (_, BTreeSet<String>) =
                (heads(all.into_iter()), deed(kept).into_iter().collect());
            let nouns = Nouns {
                heads: &heads,
                deeds: &deeds,
            };
            let all = self.decisions.said.about(About::Nouns, &nouns);
            let has = |word: &str| carried.contains(word) || self.was_told(call, word, true);
            let spoken = Carrying {
                heads: heads.clone(),
                deeds: deeds.clone(),
                carried: carried.clone(),
            };
            let from = through.entry(spoken).or_default();
            while let Some(Heard {
                text,
                one,
                excludes,
                ..
            }) = all.all().get(*from)
                && *text < self.heard(call)
                && self.may_look(1)
            {
                *from += 1;
                if *excludes && !carries(one, has, |_| false) {
                    found.push((call, None, *text, one.clone()));
                }
            }
        }
        found
    }

    /// The words of the keys to a value.
    pub(super) fn keys_to(&self, place: &Place) -> Vec<String> {
        let steps = self.decisions.answers.steps_to(place);
        let keys = steps.iter().filter_map(|step| match step.hop {
            Hop::Key(key) => Some(key),
            _ => None,
        });
        keys.flat_map(|key| words(key)).collect()
    }

    /// Whether a sentence goes on from there with a further part: `if it is unpaid, and not a gift`.
    pub(super) fn goes_on(&self, text: usize, end: usize) -> bool {
        self.sentence_at(text, end).is_some_and(|sentence| {
            let next = sentence.iter().find(|token| token.start >= end);
            sentence.first().is_some_and(|first| first.start < end)
                && next.is_some_and(|next| {
                    l::is_joint(&next.word) || matches!(next.word.as_str(), "but" | "nor")
                })
        })
    }

    /// What is done though a person agreed to it with a reserve. Where a gate stands before it, with what they said, a
    /// person decides in each run already, and only what limits it is asked about.
    pub(super) fn of_answers(&self) -> Vec<Missed> {
        let cycles = &self.decisions.cycles;
        let taken = write::Taken::of(self.spots);
        let is_gated = |call: usize| {
            let spot = self.spots.get(call);
            spot.is_some_and(|spot| taken.gate_before(*spot).is_some())
        };
        self.decisions
            .reserves
            .iter()
            .filter(|(call, text, start, end)| {
                !is_gated(*call) || {
                    let more = self.decisions.said.part(*text, *start, *end);
                    self.kept.get(*call).is_none_or(|kept| limits(more, kept))
                }
            })
            .map(|(call, text, start, end)| {
                let cycle = cycle::of(cycles, *call);
                let first = cycle.and_then(|at| cycles.get(at)).map(|cycle| cycle.first);
                let one = Qualifier::said(*start, *end);
                (first.unwrap_or(*call), cycle, *text, one)
            })
            .collect()
    }
}

/// Whether a value is one that people only read: the body of a mail.
fn is_for_reading(key: &[String]) -> bool {
    key.last().is_some_and(|last| {
        matches!(
            last.as_str(),
            "body"
                | "content"
                | "text"
                | "message"
                | "subject"
                | "title"
                | "description"
                | "comment"
                | "note"
        )
    })
}

/// Whether a sentence says nothing without the one before it: `If so, close it`.
fn points_back(sentence: &Sentence) -> bool {
    let word = |at: usize| sentence.get(at).map_or("", |token| token.word.as_str());
    matches!(
        (word(0), word(1)),
        ("if", "so" | "not" | "yes") | ("in", "that") | ("wenn" | "falls", "ja" | "nein" | "nicht")
    )
}

/// Whether what a person says beside a yes limits what they agree to: a condition, an exception, another thing than the
/// call sends.
fn limits(more: &str, kept: &Kept<'_>) -> bool {
    let sent = kept.call.arguments.to_string().to_lowercase();
    let all: Vec<String> = more
        .split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’' | '_' | '-'))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let deeds = words(&crate::name::of_call(&kept.call.name, None));
    // `just cancel it` and `only do it` ask for nothing less than was asked.
    let is_deed = |word: &str| {
        matches!(word, "go" | "do" | "proceed" | "continue")
            || deeds.iter().any(|deed| deed == word)
    };
    all.iter().enumerate().any(|(at, word)| {
        let next = all.get(at + 1).map(String::as_str);
        if matches!(word.as_str(), "just" | "only") && next.is_some_and(is_deed) {
            return false;
        }
        // `option 1` is one of those that the agent offered.
        let offered = at
            .checked_sub(1)
            .and_then(|at| all.get(at))
            .is_some_and(|before| {
                matches!(
                    before.as_str(),
                    "option" | "choice" | "alternative" | "variante"
                )
            });
        if offered && word.bytes().all(|b| b.is_ascii_digit()) {
            return false;
        }
        l::is_condition(word, next)
            || l::negates(word)
            || l::excludes(word, next)
            || l::keeps(word)
            || matches!(
                word.as_str(),
                "but"
                    | "only"
                    | "just"
                    | "instead"
                    | "other"
                    | "another"
                    | "different"
                    | "first"
                    | "before"
                    | "after"
                    | "when"
                    | "once"
                    | "until"
                    | "except"
                    | "half"
                    | "max"
                    | "maximum"
                    | "most"
                    | "aber"
                    | "nur"
                    | "erst"
                    | "statt"
                    | "stattdessen"
                    | "anderen"
                    | "andere"
                    | "vorher"
                    | "nachdem"
                    | "höchstens"
            )
            || word.bytes().any(|b| b.is_ascii_digit()) && !sent.contains(word.as_str())
    })
}

/// Whether a call works with files or commands, not with what others keep.
pub(super) fn works_here(kept: &Kept<'_>) -> bool {
    kept.target.shell.is_some()
        || matches!(&*kept.target.action, "shell" | "file")
        || words(&kept.call.name).iter().any(|word| {
            matches!(
                word.as_str(),
                "file" | "edit" | "bash" | "command" | "shell" | "editor"
            )
        })
}

/// What a tool does, by the first word of its name.
pub(super) fn deed(kept: &Kept<'_>) -> Option<String> {
    words(&crate::name::of_call(&kept.call.name, None))
        .into_iter()
        .next()
}

/// The words of what is compared on the way to a value.
pub(super) fn compared(compared: &Compared) -> Vec<String> {
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

/// Whether all that a qualifier says is carried. What may belong to the deed may have been told to its tool, too.
pub(super) fn carries(
    one: &Qualifier,
    carried: impl Fn(&str) -> bool,
    told: impl Fn(&str) -> bool,
) -> bool {
    // `all the tickets I don't want` names nothing that could be looked for.
    if one.kind == Kind::Count || one.negated && one.content.is_empty() {
        return false;
    }
    one.content
        .iter()
        .all(|word| has_word(word, &|part| carried(part) || one.loose && told(part)))
}

/// Whether a word is among others: all its parts, or the number of the place that it names.
pub(super) fn has_word(word: &str, has: &dyn Fn(&str) -> bool) -> bool {
    normal(word).iter().all(|part| has(part))
        || l::place(word).is_some_and(|place| has(&place.to_string()))
}
