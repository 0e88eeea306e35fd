//! Changes that follow each other, each of another element of one list, where nothing tells which elements are meant or
//! what is done with which: those with a receipt approved and the others rejected, the ones below their own minimum. The
//! places of the elements say nothing of another run, so that it is one question for all of them, and not one for each
//! value.

use super::answers::WholePlace;
use super::binder::Binder;
use super::binding::{Choice, Frozen, Why};
use super::canonical;
use super::cycle::{self, length};
use super::fold::{ONE_BY_ONE, loop_question};
use super::key::keys_of;
use super::offer::{Offer, Offered};
use super::taken_list::is_by_place;
use super::unsourced::constant;
use std::collections::BTreeSet;

/// The answers besides that they stay as they were recorded.
const INPUT: &str = "input";
const GATE: &str = "gate";
/// How many changes there have to be.
const LEAST: usize = 2;
/// The most lists that a value is looked for in.
const MOST_LISTS: usize = 12;

impl Binder<'_, '_> {
    /// Asks one question about changes of elements of one list, one after the other, and takes its answer. Further
    /// recordings show of each value by itself that it is no constant.
    pub(super) fn ask_in_turn(&mut self) {
        if !self.witnesses.is_empty() {
            return;
        }
        let mut at = 0;
        while at < self.kept.len() {
            let (end, list) = self.in_turn(at);
            let Some(list) = list.filter(|_| end - at >= LEAST) else {
                at += 1;
                continue;
            };
            self.one_question(at, end, list);
            at = end;
        }
    }

    /// The end of the changes from this one on that are of elements of one list, and the list.
    fn in_turn(&self, at: usize) -> (usize, Option<WholePlace>) {
        let mut lists: Vec<(WholePlace, Vec<String>)> = self.lists_taken_from(at);
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut end = at;
        let mut list = None;
        while !lists.is_empty() && end < self.kept.len() && (end == at || !self.cuts.contains(&end))
        {
            let own = self.lists_taken_from(end);
            let both: Vec<(WholePlace, Vec<String>)> =
                lists.into_iter().filter(|one| own.contains(one)).collect();
            let Some(first) = both.first() else { break };
            let Some(value) = self.taken_of(end, first) else {
                break;
            };
            if !seen.insert(value) {
                break;
            }
            list = Some(first.0);
            lists = both;
            end += 1;
        }
        (end, list)
    }

    /// The values of a change that are open though an answer has them, as one of several alike.
    fn open_of(&self, call: usize) -> impl Iterator<Item = &Frozen> {
        let is_change = self.kept.get(call).is_some_and(|kept| {
            kept.changes() && !kept.target.own_tool && !self.gated.contains(&call)
        });
        let in_loop = cycle::of(&self.cycles, call).is_some()
            || self.pages.iter().any(|pages| pages.holds(call))
            || self
                .offers
                .iter()
                .any(|offer| (offer.call..=offer.last).contains(&call))
            || self.kept_apart.contains(&call);
        let decided = self.decided.get(call).filter(|_| is_change && !in_loop);
        let frozen = decided.into_iter().flat_map(|decided| &decided.frozen);
        frozen.filter(|one| one.why.choices().is_some())
    }

    /// The lists that a change takes an element of, each with the way to what it sends of it.
    fn lists_taken_from(&self, call: usize) -> Vec<(WholePlace, Vec<String>)> {
        let mut found = Vec::new();
        // What a word of the person tells is a question of its own.
        let picked = |one: &&Frozen| {
            let Why::Unpicked(choices) = &one.why else {
                return false;
            };
            let mut bindings = choices.iter().filter_map(|choice| choice.binding.as_ref());
            bindings.all(|one| is_by_place(&one.expression))
        };
        for frozen in self.open_of(call).filter(picked) {
            for place in self.answers.find(&canonical::forms(&frozen.value)) {
                if place.call >= call {
                    continue;
                }
                for list in self.answers.lists_over(&place) {
                    if found.len() < MOST_LISTS && !found.contains(&list) {
                        found.push(list);
                    }
                }
            }
        }
        found
    }

    /// What a change sends of an element of a list.
    fn taken_of(&self, call: usize, (list, way): &(WholePlace, Vec<String>)) -> Option<String> {
        self.open_of(call).find_map(|frozen| {
            let places = self.answers.find(&canonical::forms(&frozen.value));
            let is_of = places.iter().any(|place| {
                let lists = self.answers.lists_over(place);
                lists
                    .iter()
                    .any(|(other, path)| other == list && path == way)
            });
            is_of.then(|| frozen.value.to_string())
        })
    }

    fn one_question(&mut self, first: usize, end: usize, list: WholePlace) {
        // `the first one to Anna, the second to Bob` says which is which.
        if self.said.by_people().any(names_places) {
            return;
        }
        let open: Vec<(usize, Frozen)> = (first..end)
            .flat_map(|call| self.open_of(call).map(move |one| (call, one.clone())))
            .collect();
        let Some(kept) = self.kept.get(first).filter(|_| open.len() >= LEAST) else {
            return;
        };
        let id = loop_question(kept);
        let answer = self.answered.get(&id).cloned();
        match answer.as_deref() {
            Some(ONE_BY_ONE | GATE) => {
                for (call, one) in &open {
                    self.settle_open(*call, &one.pointer, Why::Answered);
                }
                if answer.as_deref() == Some(GATE) {
                    let message = format!(
                        "`{}` is done with what was recorded: nothing tells which elements of a list are meant.",
                        kept.step
                    );
                    self.gates_in_turn
                        .extend((first..end).map(|call| (call, message.clone())));
                }
                self.used_answers.insert(id);
            }
            Some(INPUT) => {
                for (call, one) in &open {
                    self.give_anew(*call, &one.pointer);
                }
                self.used_answers.insert(id);
            }
            _ => {
                let step = self.kept.get(list.call).map_or("", |kept| &kept.step);
                let all = self.answers.whole(list).map_or(0, length);
                let values = open.iter().map(|(_, one)| one.value.clone()).collect();
                let offered = Offered::in_turn(step, end - first, all, values);
                let at = self.offers.partition_point(|offer| offer.call <= first);
                let offer = Offer {
                    call: first,
                    last: end - 1,
                    id,
                    offered,
                };
                self.offers.insert(at, offer);
            }
        }
    }

    fn settle_open(&mut self, call: usize, pointer: &str, why: Why) {
        let frozen = self.decided.get_mut(call);
        let mut frozen = frozen.into_iter().flat_map(|decided| &mut decided.frozen);
        if let Some(one) = frozen.find(|one| one.pointer == pointer) {
            one.why = why;
            one.question = None;
        }
    }

    /// Makes an open value one that is given anew in each run.
    fn give_anew(&mut self, call: usize, pointer: &str) {
        let kept = self.kept;
        let value = kept
            .get(call)
            .and_then(|kept| kept.call.arguments.pointer(pointer));
        let (Some(value), Some(decided)) = (value, self.decided.get_mut(call)) else {
            return;
        };
        decided.frozen.retain(|one| one.pointer != pointer);
        let sent = self.sent(call, value, &keys_of(pointer));
        let choice: Choice = constant(INPUT);
        self.take(&sent, choice, "a person answered so");
    }
}

/// Whether a text names elements by their places.
pub(super) fn names_places(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphabetic());
    words.any(|word| {
        matches!(
            word,
            "first"
                | "second"
                | "third"
                | "last"
                | "latter"
                | "erste"
                | "ersten"
                | "zweite"
                | "zweiten"
                | "letzte"
                | "letzten"
                | "premier"
                | "première"
                | "primero"
                | "primera"
        )
    })
}
