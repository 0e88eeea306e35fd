//! Loops that go on without what the person named of what they go over.

use super::aside::{Aside, are_all_meant, holds_word};
use super::asker::{Asker, Missed, carries, compared, deed};
use super::days::{days_sent, may_hold};
use super::lexicon as l;
use super::mention::Named;
use super::read::{Kind, Nouns, Qualifier};
use super::reading::{About, Heard};
use super::sentence::Sentence;
use super::told::normal;
use crate::bound::answers::WholePlace;
use crate::bound::binding::{Bound, Source};
use crate::bound::count::Count;
use crate::bound::cycle::{self, Cycle};
use crate::bound::filter::spoken;
use crate::bound::key::{named_by, noun, words};
use crate::bound::selector::heads;
use crate::bound::view;
use crate::kept::Kept;
use jiff::civil::Date;
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

/// The most looks that are gone back through for what was looked for.
const MOST_LOOKED_THROUGH: usize = 16;

impl Asker<'_> {
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
                    Kind::Count => {
                        let is_made = || {
                            let own = one.number.filter(|(_, last)| !last);
                            let own = own.and_then(|(own, _)| i64::try_from(own).ok());
                            let mut made = self.made_by_counting(cycle).flat_map(Count::ends);
                            own.is_some_and(|own| made.any(|end| end == own))
                        };
                        one.sure && one.number.is_some() && (number == one.number || is_made())
                    }
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

    /// The words for the days that every pass is told by the day of the run: `a visit tomorrow`. Where elements, or what
    /// is looked up for them, may have such a day themselves, it may say which of them are meant.
    pub(super) fn days_of_run(&self, cycle: &Cycle) -> BTreeSet<String> {
        let spoken = self.decisions.said.day_of_speaking();
        let mut told: BTreeMap<Date, BTreeSet<String>> = BTreeMap::new();
        let bodies = self.decisions.calls.get(cycle.first..=cycle.last());
        let bindings = bodies.into_iter().flatten().flat_map(|one| &one.bound);
        for binding in bindings.flat_map(Bound::bindings) {
            let (Source::Clock(Some(ahead)), Some(day)) = (&binding.source, binding.value.as_str())
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
            .any(|kept| holds_word(&view::seen(kept), word))
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

    /// How far the loop counts that made what a loop goes over: how many things are made is how many of them there are,
    /// as in `create 5 seats and publish them`.
    fn made_by_counting(&self, cycle: &Cycle) -> impl Iterator<Item = &Count> {
        let cycles = &self.decisions.cycles;
        let list = cycle.list.place();
        let made = list.and_then(|list| cycle::ending(cycles, list.call));
        let made = made.and_then(|at| cycles.get(at));
        made.into_iter().flat_map(Cycle::counts)
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
        for count in cycle.counts().chain(self.made_by_counting(cycle)) {
            // `starting with number 101` is where it begins.
            let numbers = count.ends().map(|number| number.to_string());
            let inside = cycle.inner.iter().flat_map(|inner| words(&inner.item));
            let names = words(&cycle.item).into_iter().chain(inside);
            all.extend(numbers.chain(names).flat_map(|word| normal(&word)));
        }
        // `on all pages`: the pages of the list are turned.
        let mut pages = self.decisions.pages.iter();
        let list = cycle.list.place();
        if list.is_some_and(|list| pages.any(|pages| pages.holds(list.call))) {
            all.extend(["page", "pages", "seite", "seiten"].map(str::to_owned));
        }
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
}
