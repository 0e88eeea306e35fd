//! Folds calls that repeat into a loop: when what differs from pass to pass comes from one recorded list, and all of
//! what was sent in each pass, the last included, is what the loop would send. Otherwise the calls stay one by one.

use super::answers::{Answers, Place, WholePlace};
use super::binder::Binder;
use super::binding::{Bound, Source};
use super::body::{Body, doubts};
use super::column::{Column, Field, columns, fields_of};
use super::cycle::{
    self, Over, Rounds, RoundsOver, call, call_inside, elements, elements_in, length, repeats,
};
use super::filter::{Filter, filters, literals};
use super::key::{noun, words};
use super::of_answer::OfAnswer;
use super::offer::{Elsewhere, Offered, weigh};
use super::qualifier::aside::Asides;
use super::qualifier::{condition_question, of_list, policy_question};
use super::selector::{Origin, Scope, heads, pick};
use super::turn::{Compared, Equal, Pick, Writer};
use super::{canonical, slot, view};
use crate::kept::Kept;
use crate::shared::Shared;
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// How many numbers of passes are tried for one width of the body.
const MOST_TRIED: usize = 12;
/// The most lists that are tried.
const MOST_LISTS: usize = 12;
/// The most parts of texts by which a list is looked for.
const MOST_PARTS: usize = 8;

/// The answer that leaves calls that repeat as they are.
pub(super) const ONE_BY_ONE: &str = "one_by_one";

/// What a loop over a list would be.
pub(super) struct Plan {
    pub(super) first: usize,
    pub(super) width: usize,
    pub(super) passes: usize,
    pub(super) list: Over,
    pub(super) chosen: Vec<usize>,
    pub(super) filter: Filter,
    pub(super) until: Option<Vec<Equal>>,
    /// How many further recordings show which elements are meant, where nobody said it.
    pub(super) shown: usize,
    pub(super) items: String,
    pub(super) compared: Compared,
    pub(super) item: String,
    /// What is bound in each call of the body.
    pub(super) bound: Vec<Vec<Bound>>,
    /// What the calls of the body answered, by pass.
    pub(super) answers: Vec<Vec<Value>>,
    /// The loop inside, where there is one.
    pub(super) inner: Option<InnerPlan>,
}

/// What a loop inside of the passes of another would be.
pub(super) struct InnerPlan {
    pub(super) rounds: Rounds,
    pub(super) list: RoundsOver,
    pub(super) chosen: Vec<Vec<usize>>,
    pub(super) items: String,
    pub(super) item: String,
    pub(super) filter: Filter,
    /// What is bound in each call of its body.
    pub(super) bound: Vec<Vec<Bound>>,
}

/// A list whose elements tell the passes apart.
pub(super) struct Found {
    pub(super) list: WholePlace,
    pub(super) chosen: Vec<usize>,
    pub(super) filter: Filter,
    pub(super) until: Option<Vec<Equal>>,
    /// How many further recordings show that these are meant, where nobody said it.
    pub(super) shown: usize,
}

impl Found {
    /// Whether all of the list is taken.
    fn takes_all(&self) -> bool {
        self.filter.is_empty() && self.until.is_none()
    }
}

/// Calls that repeat.
pub(super) struct Stretch {
    pub(super) first: usize,
    pub(super) width: usize,
    pub(super) passes: usize,
    /// What the calls of the body answered, by pass, once somebody asks: most stretches are over no list.
    answers: OnceCell<Vec<Vec<Value>>>,
    /// Whether none of them changes anything.
    pub(super) harmless: bool,
    /// The loop inside of the passes, where there is one.
    rounds: Option<Rounds>,
}

impl Stretch {
    pub(super) fn new(
        first: usize,
        width: usize,
        passes: usize,
        harmless: bool,
        rounds: Option<&Rounds>,
    ) -> Self {
        Self {
            first,
            width,
            passes,
            answers: OnceCell::new(),
            harmless,
            rounds: rounds.cloned(),
        }
    }

    /// Whether no loop is inside of the passes.
    pub(super) fn is_flat(&self) -> bool {
        self.rounds.is_none()
    }

    /// What the calls of the body send in every pass, those of the first round of a loop inside with them.
    pub(super) fn body(&self, kept: &[Kept<'_>]) -> Body {
        let rounds = self.rounds.as_ref();
        let has_round =
            |rounds: &Rounds, pass: usize| rounds.counts.get(pass).is_some_and(|count| *count > 0);
        let calls = (0..self.passes).map(|pass| {
            let mut all: Vec<usize> = (0..self.width)
                .map(|place| call(self.first, self.width, rounds, pass, place))
                .collect();
            if let Some(rounds) = rounds {
                let with = match has_round(rounds, pass) {
                    true => Some(pass),
                    false => (0..self.passes).find(|pass| has_round(rounds, *pass)),
                };
                all.extend((0..rounds.width).filter_map(|place| {
                    Some(call_inside(self.first, self.width, rounds, with?, 0, place))
                }));
            }
            all.into_iter()
                .filter_map(|at| Some(kept.get(at)?.call))
                .collect()
        });
        Body::of(calls)
    }

    /// What a call of the body answered in a pass.
    pub(super) fn answer<'k>(
        &self,
        kept: &[Kept<'k>],
        pass: usize,
        place: usize,
    ) -> Option<Shared<'k>> {
        let at = call(self.first, self.width, self.rounds.as_ref(), pass, place);
        kept.get(at).map(view::given)
    }

    /// What the calls of the body answered, by pass, but for those of the loop inside.
    pub(super) fn answers(&self, kept: &[Kept<'_>]) -> &[Vec<Value>] {
        self.answers.get_or_init(|| {
            let of_pass = |pass: usize| {
                (0..self.width)
                    .map(|place| call(self.first, self.width, self.rounds.as_ref(), pass, place))
                    .filter_map(|call| Some(view::given(kept.get(call)?).into_value()))
                    .collect()
            };
            (0..self.passes).map(of_pass).collect()
        })
    }
}

impl Plan {
    /// How many calls it is made of.
    pub(super) fn calls(&self) -> usize {
        let inside = self.inner.as_ref().map_or(0, |inner| {
            inner.rounds.width * inner.rounds.counts.iter().sum::<usize>()
        });
        self.passes * self.width + inside
    }
}

impl Binder<'_, '_> {
    /// Folds the calls from this one on, when they repeat. Gives the last call of the loop.
    pub(super) fn fold(&mut self, at: usize) -> Option<usize> {
        if !self.folds {
            return None;
        }
        if let Some(kept) = self.kept.get(at) {
            for id in [condition_question(kept), policy_question(kept)] {
                if self.answered.get(&id).map(String::as_str) == Some(ONE_BY_ONE) {
                    self.used_answers.insert(id);
                    return None;
                }
            }
        }
        if let Some(plan) = self.fold_named(at) {
            let last = at + plan.calls() - 1;
            self.enter(plan);
            return Some(last);
        }
        // No list is gone over more often than it is long.
        let longest = self.longest_list(at);
        let mut offered = Offered::default();
        for (width, most) in repeats(&self.alike, at) {
            for passes in (2..=most.min(longest)).rev().take(MOST_TRIED) {
                if !self.may_look(width * passes + self.walked.take()) {
                    return None;
                }
                if let Some(plan) = self.plan(at, width, passes, &mut offered) {
                    let last = at + width * passes - 1;
                    self.enter(plan);
                    return Some(last);
                }
                if !offered.is_empty() {
                    let end = at + width * passes;
                    // A loop with a loop inside may be of these calls and of more: those passes are alike by chance.
                    if let Some(plan) = self.nested_beyond(at, end, longest) {
                        let last = at + plan.calls() - 1;
                        self.enter(plan);
                        return Some(last);
                    }
                    // What is asked is about all of the calls that repeat, and once.
                    if at >= self.offered_to {
                        self.offer(at, end - 1, offered);
                        self.offered_to = end;
                    }
                    return None;
                }
            }
        }
        let plan = match self.nested(at, longest) {
            Some(plan) => plan,
            None => match self.fold_grid(at) {
                Some(plan) => plan,
                None => self.fold_counted(at)?,
            },
        };
        let last = at + plan.calls() - 1;
        self.enter(plan);
        Some(last)
    }

    /// The loop with a loop inside that calls are which go on behind those that a person would be asked about, unless they
    /// were asked.
    fn nested_beyond(&mut self, at: usize, end: usize, longest: usize) -> Option<Plan> {
        let id = loop_question(self.kept.get(at)?);
        if self.answered.contains_key(&id) {
            return None;
        }
        let plan = self.nested(at, longest)?;
        (at + plan.calls() > end).then_some(plan)
    }

    /// How long the longest list is of those that hold something that a call sends.
    fn longest_list(&self, at: usize) -> usize {
        let mut longest = 0;
        let Some(kept) = self.kept.get(at) else {
            return longest;
        };
        crate::leaf::leaves(&kept.call.arguments, &mut |_, _, leaf| {
            for place in self.answers.find(&canonical::forms(leaf)) {
                if place.call < at {
                    for (list, _) in self.answers.lists_over(&place) {
                        longest = longest.max(self.answers.whole(list).map_or(0, length));
                    }
                }
            }
        });
        longest
    }

    fn plan(
        &mut self,
        first: usize,
        width: usize,
        passes: usize,
        offered: &mut Offered,
    ) -> Option<Plan> {
        if !self.alike.may_be_passes(first, width, passes) {
            return None;
        }
        let kept = self.kept;
        let columns = columns(kept, first, width, passes);
        let varying = columns
            .iter()
            .filter(|column| column.inner == 0 && column.varies());
        let bodies = kept.get(first..first + width * passes)?;
        let harmless = bodies.iter().all(Kept::is_harmless);
        let stretch = Stretch::new(first, width, passes, harmless, None);
        let mut lists: Vec<Found> = Vec::new();
        for column in varying {
            for found in self.lists(&stretch, column, offered) {
                if lists.iter().all(|other| other.list != found.list) {
                    lists.push(found);
                }
            }
        }
        // Where no call sends a field of an element as it is, a text may tell which it is about.
        let has_fields = |kept: &Kept<'_>| {
            !kept.target.own_tool && !matches!(&*kept.target.action, "shell" | "file" | "sql")
        };
        if lists.is_empty() && !harmless && bodies.iter().all(has_fields) {
            let parts: Vec<(&Column<'_>, Vec<Value>)> = columns
                .iter()
                .filter(|column| column.varies())
                .flat_map(|column| column.parts().into_iter().map(move |part| (column, part)))
                .take(MOST_PARTS)
                .collect();
            for (column, values) in &parts {
                let part = column.part(values);
                for found in self.lists(&stretch, &part, offered) {
                    if lists.iter().all(|other| other.list != found.list) {
                        lists.push(found);
                    }
                }
            }
        }
        // What the person said about the elements is followed where it can be: all elements may be of that kind by
        // chance. Of equals the earliest list.
        lists.sort_by_key(|found| {
            (
                found.until.is_some(),
                found.filter.is_empty(),
                found.list.call,
            )
        });
        let mut plans = Vec::new();
        for found in lists {
            plans.extend(self.with_list(&stretch, found, &columns));
            if harmless && !plans.is_empty() {
                break;
            }
        }
        let plan = plans.drain(..1.min(plans.len())).next()?;
        // Where something is changed it has to be certain which list is meant.
        let rival = plans
            .iter()
            .any(|other| match (other.list.place(), plan.list.place()) {
                (Some(other), Some(own)) => !self.derives(other, own) && !self.derives(own, other),
                _ => true,
            });
        (!rival).then_some(plan)
    }

    /// Whether a list is what a loop over another one, all of it, gave.
    fn derives(&self, list: WholePlace, from: WholePlace) -> bool {
        let cycle = cycle::ending(&self.cycles, list.call).and_then(|at| self.cycles.get(at));
        cycle.is_some_and(|cycle| {
            cycle.list == Over::Answered(from) && cycle.until.is_none() && cycle.filter.is_none()
        })
    }

    /// The lists that a column goes over.
    pub(super) fn lists(
        &self,
        stretch: &Stretch,
        column: &Column<'_>,
        offered: &mut Offered,
    ) -> Vec<Found> {
        let Some(value) = column.values.first() else {
            return Vec::new();
        };
        let mut seen: Vec<(WholePlace, Vec<String>)> = Vec::new();
        let places: Vec<Place> = self.answers.find(&canonical::forms(value));
        for place in places.iter().filter(|place| place.call < stretch.first) {
            for found in self.answers.lists_over(place) {
                if !seen.contains(&found) && seen.len() < MOST_LISTS {
                    seen.push(found);
                }
            }
        }
        let mut all = Vec::new();
        for (list, path) in seen {
            let Some(elements) = self.answers.whole(list).map(elements_in) else {
                continue;
            };
            let Some(chosen) = chosen(&elements, &path, &column.values) else {
                continue;
            };
            self.walked.set(self.walked.get() + elements.len());
            let Some(origin) = self.origin_of(list) else {
                continue;
            };
            let scope = Scope {
                said: &self.said,
                known: &self.known,
                loosely: None,
                at_hand: self.at_hand,
            };
            let elsewhere = self.elsewhere(stretch, list, &path, column);
            let weighed = |offers| weigh(offers, &elements, &chosen, &elsewhere);
            let mut offers = match stretch.harmless {
                true => Vec::new(),
                false => doubts(
                    &elements,
                    &chosen,
                    &origin,
                    &scope,
                    &stretch.body(self.kept),
                ),
            };
            if offers.is_empty()
                && let Some(found) = self.over(stretch, list, &elements, &chosen, &origin)
            {
                // Where a further recording left some out, all were taken here for what they have in common.
                let speaks_against = |one: &Elsewhere| one.is_part();
                if !stretch.harmless
                    && found.takes_all()
                    && elsewhere.iter().flatten().any(speaks_against)
                {
                    offers = literals(&elements, &chosen);
                }
                if weighed(offers.clone()).left.is_empty() {
                    if !self.are_named((list, stretch), &elements, &chosen, column, &origin) {
                        all.push(found);
                    }
                    continue;
                }
            }
            if offers.is_empty() {
                offers = literals(&elements, &chosen);
            }
            if offers.is_empty()
                || self.are_named((list, stretch), &elements, &chosen, column, &origin)
            {
                continue;
            }
            let answer = self
                .kept
                .get(stretch.first)
                .and_then(|kept| self.answered.get(&loop_question(kept)));
            let weighed = weighed(offers);
            let taken = match (answer, &weighed.settled) {
                (Some(answer), _) => weighed.left.iter().find(|(choice, _)| choice == answer),
                (None, Some(settled)) => weighed.left.iter().find(|(choice, _)| choice == settled),
                (None, None) => None,
            };
            match taken {
                Some((_, filter)) => all.push(Found {
                    list,
                    chosen: chosen.clone(),
                    filter: filter.clone(),
                    until: None,
                    shown: match answer {
                        Some(_) => 0,
                        None => elsewhere.len(),
                    },
                }),
                None => self.note_offered(offered, list, elements.len(), column, weighed),
            }
        }
        all
    }

    /// Where a list comes from.
    fn origin_of(&self, list: WholePlace) -> Option<Origin<'_>> {
        let source = self.kept.get(list.call)?.call;
        let key = self.answers.last_key_of(list);
        Some(Origin {
            about: match key.is_empty() {
                true => noun(&source.name),
                false => words(&key),
            },
            asked: &source.arguments,
            tool: &source.name,
        })
    }

    /// Whether the person named elements one by one: those are no list, unless all of it was made for what they named.
    fn are_named(
        &self,
        (list, stretch): (WholePlace, &Stretch),
        elements: &[Value],
        chosen: &[usize],
        column: &Column<'_>,
        origin: &Origin<'_>,
    ) -> bool {
        let of_loop = cycle::ending(&self.cycles, list.call).and_then(|at| self.cycles.get(at));
        if Answers::is_root(list)
            && of_loop.is_some_and(|cycle| cycle.is_named() && chosen.len() == elements.len())
        {
            return false;
        }
        let scope = Scope {
            said: &self.said,
            known: &self.known,
            loosely: None,
            at_hand: self.at_hand,
        };
        // Where all of the list were asked for, what was told beside that names none of them.
        let of = heads(origin.about.iter().cloned());
        let asides =
            (chosen.len() == elements.len()).then(|| Asides::of(&self.said, elements, &of));
        let is_aside = |equal: &Equal| {
            asides
                .as_ref()
                .is_some_and(|asides| asides.hold(&equal.value))
        };
        let is_named =
            |(at, value): (&usize, &&Value)| match pick(elements, *at, value, origin, &scope) {
                Pick::Where(equals) => equals
                    .iter()
                    .any(|equal| equal.is_said() && !is_aside(equal)),
                Pick::Extreme { .. } | Pick::Begins { .. } => true,
                Pick::Only
                | Pick::Lone(_)
                | Pick::Among(_)
                | Pick::Under(_)
                | Pick::Position(_) => false,
            };
        let mut all = chosen.iter().zip(&column.values);
        match stretch.harmless {
            true => all.all(is_named),
            false => all.any(is_named),
        }
    }

    /// How a loop over a list comes to these elements: all of it, those that a filter takes, or until one is found.
    fn over(
        &self,
        stretch: &Stretch,
        list: WholePlace,
        elements: &[Value],
        chosen: &[usize],
        origin: &Origin<'_>,
    ) -> Option<Found> {
        let scope = Scope {
            said: &self.said,
            known: &self.known,
            loosely: None,
            at_hand: self.at_hand,
        };
        let all = filters(elements, chosen, origin, &scope, &stretch.body(self.kept));
        let read = of_list(origin, &self.said);
        // How many things are made limits no list of what was made.
        let mut cycles = self.cycles.iter();
        let is_counted = cycles.any(|cycle| matches!(cycle.list, Over::Counted(_)));
        let limited: Vec<Filter> = all
            .iter()
            .filter(|_| !is_counted)
            .filter_map(|filter| filter.limited(&read, &self.said))
            .filter(|filter| filter.of(elements) == chosen)
            .collect();
        for filter in limited.into_iter().chain(all) {
            let taken = filter.of(elements);
            let until = if taken == chosen {
                // What was found last may have been looked for: a further recording that stopped before the end shows it.
                let searches = stretch.harmless
                    && stretch.width == 1
                    && filter.is_empty()
                    && self.stops_elsewhere(list, stretch.first);
                searches.then(|| self.found_at(stretch)).flatten()
            } else if stretch.harmless && taken.starts_with(chosen) {
                match self.found_at(stretch) {
                    Some(equals) => Some(equals),
                    None => continue,
                }
            } else {
                continue;
            };
            return Some(Found {
                list,
                chosen: chosen.to_vec(),
                filter,
                until,
                shown: 0,
            });
        }
        None
    }

    /// What tells the last answer of a search from those before: the person said it, or it is known.
    fn found_at(&self, stretch: &Stretch) -> Option<Vec<Equal>> {
        let last = stretch.first + stretch.width * stretch.passes - 1;
        let asked = self.kept.get(last)?.call;
        let gathered: Vec<Value> = stretch
            .answers(self.kept)
            .iter()
            .filter_map(|pass| pass.last().cloned())
            .collect();
        let origin = Origin {
            about: noun(&asked.name),
            asked: &asked.arguments,
            tool: &asked.name,
        };
        let scope = Scope {
            said: &self.said,
            known: &self.known,
            loosely: None,
            at_hand: self.at_hand,
        };
        match pick(
            &gathered,
            gathered.len().checked_sub(1)?,
            &Value::Null,
            &origin,
            &scope,
        ) {
            Pick::Where(equals) if equals.iter().any(Equal::is_said) => Some(equals),
            _ => None,
        }
    }

    /// The loop over a list, when it sends in each pass what was sent.
    fn with_list(
        &mut self,
        stretch: &Stretch,
        found: Found,
        columns: &[Column<'_>],
    ) -> Option<Plan> {
        let kept = self.kept;
        let Stretch {
            first,
            width,
            passes,
            ..
        } = *stretch;
        let all = self.answers.whole(found.list).map(elements)?;
        let items: Vec<Value> = found
            .chosen
            .iter()
            .filter_map(|at| all.get(*at).cloned())
            .collect();
        let item = item_name(
            &self.answers,
            found.list,
            &kept.get(found.list.call)?.call.name,
        );
        let call = found.list.call;
        let of_item = fields_of(&items, &item, &|path| Source::Item(call, path), &|path| {
            self.answers.key_of_whole(found.list, path)
        });
        let bound = self.bodies(stretch, of_item, columns)?;
        let (items, compared) = self.items(&found, &all)?;
        Some(Plan {
            first,
            width,
            passes,
            list: Over::Answered(found.list),
            chosen: found.chosen,
            filter: found.filter,
            until: found.until,
            shown: found.shown,
            items,
            compared,
            item,
            bound,
            answers: stretch.answers(kept).to_vec(),
            inner: None,
        })
    }

    /// What is bound in each call of the body, where that sends in each pass what was sent. `fields` are those of the
    /// elements.
    pub(super) fn bodies(
        &mut self,
        stretch: &Stretch,
        fields: Vec<Field>,
        columns: &[Column<'_>],
    ) -> Option<Vec<Vec<Bound>>> {
        self.bodies_with(stretch, fields, columns, &|_| None)
    }

    /// The same with what gives a column before anything else is looked for.
    pub(super) fn bodies_with(
        &mut self,
        stretch: &Stretch,
        mut fields: Vec<Field>,
        columns: &[Column<'_>],
        known: &dyn Fn(&Column<'_>) -> Option<Bound>,
    ) -> Option<Vec<Vec<Bound>>> {
        let kept = self.kept;
        let Stretch {
            first,
            width,
            passes,
            ..
        } = *stretch;
        let mut bound: Vec<Vec<Bound>> = vec![Vec::new(); width];
        // What the calls of the body answered so far, until something may come from it.
        let mut waiting: Vec<OfAnswer> = Vec::new();
        for (inner, bound) in bound.iter_mut().enumerate() {
            for column in columns.iter().filter(|column| column.inner == inner) {
                if is_inside(bound, column) {
                    continue;
                }
                if let Some(one) = known(column) {
                    slot::first(kept.get(first + inner)?, &column.pointer)?;
                    bound.push(one);
                    continue;
                }
                let seen: Vec<&Field> = fields
                    .iter()
                    .chain(waiting.iter().flat_map(|one| &one.of_first))
                    .collect();
                if !self.may_come_from(first + inner, column, &seen) {
                    match column.varies() {
                        true => return None,
                        false => continue,
                    }
                }
                for one in waiting.drain(..) {
                    fields.extend(one.in_all_passes(stretch, kept, columns));
                }
                match self.in_pass(first + inner, column, &fields) {
                    Some(one) => bound.extend(one),
                    None => bound.push(self.made_in_pass(first + inner, column, &fields)?),
                }
            }
            // What it answered is known to what comes after in the same pass, but for what it only repeats.
            let body = kept.get(first + inner)?;
            if kept
                .get(first + inner + 1)
                .is_some_and(|next| next.call.batch == body.call.batch)
            {
                continue;
            }
            let base = self.router.base(kept, first + inner)?;
            waiting.extend(OfAnswer::of(stretch, kept, inner, base));
        }
        self.predicts(first, width, passes, &bound)?;
        Some(bound)
    }

    /// The same of what no field of the pass has: the number of the pass, and what other lists have for the element.
    fn made_in_pass(
        &mut self,
        call: usize,
        column: &Column<'_>,
        fields: &[Field],
    ) -> Option<Bound> {
        if let Some(counted) = self.counted(call, column) {
            return Some(counted);
        }
        let joined = self.joined(call, fields);
        if joined.is_empty() {
            return None;
        }
        let all: Vec<Field> = fields.iter().cloned().chain(joined).collect();
        self.in_pass(call, column, &all).flatten()
    }

    /// What gives a column of a call of a body. None where it differs between the passes and nothing gives it.
    pub(super) fn in_pass(
        &mut self,
        call: usize,
        column: &Column<'_>,
        fields: &[Field],
    ) -> Option<Option<Bound>> {
        let kept = self.kept;
        let path: Vec<String> = column
            .pointer
            .split('/')
            .skip(1)
            .map(|word| word.replace("~1", "/").replace("~0", "~"))
            .collect();
        let value = crate::pointer::at(&kept.get(call)?.call.arguments, &column.pointer)?;
        let sent = self.sent(call, value, &path);
        // What is in a list is looked at by itself where nothing gives the whole.
        if value.is_array() {
            let whole = self.given_list(&sent, column, fields);
            if whole.is_some() {
                slot::first(kept.get(call)?, &column.pointer)?;
            }
            return Some(whole);
        }
        let one = if column.varies() {
            Some(
                self.given(&sent, column, fields)
                    .or_else(|| self.worded(&sent, column, fields))
                    .or_else(|| self.reckoned(&sent, column, fields))?,
            )
        } else {
            self.given_alike(&sent, column, fields)
        };
        if one.is_some() {
            slot::first(kept.get(call)?, &column.pointer)?;
        }
        Some(one)
    }

    /// Whether the body, with what is bound in it, asks in every pass for what was recorded.
    fn predicts(
        &self,
        first: usize,
        width: usize,
        passes: usize,
        bound: &[Vec<Bound>],
    ) -> Option<()> {
        for pass in 1..passes {
            for (inner, bound) in bound.iter().enumerate() {
                self.predicts_one(first + inner, first + pass * width + inner, bound)?;
            }
        }
        Some(())
    }

    /// Whether a call of a body, with what is bound in it, asks in a later pass for what was recorded.
    pub(super) fn predicts_one(&self, body: usize, call: usize, bound: &[Bound]) -> Option<()> {
        let body = self.kept.get(body)?;
        let recorded = self.kept.get(call)?;
        let mut request = body.target.filled.request.whole().into_owned();
        slot::expect(body, &mut request, bound, &|one| {
            crate::pointer::at(&recorded.call.arguments, &one.pointer).cloned()
        });
        (recorded.target.filled.request.is(&request)).then_some(())
    }

    /// The expression of what the loop goes over, checked against the recording.
    pub(super) fn items(&mut self, found: &Found, all: &[Value]) -> Option<(String, Compared)> {
        let scope = Scope {
            said: &self.said,
            known: &self.known,
            loosely: None,
            at_hand: self.at_hand,
        };
        let way = self
            .router
            .way_to_whole(&self.answers, self.kept, found.list, &scope)?;
        if way.route.is_positional() {
            return None;
        }
        let mut compared = way.route.compared();
        compared.join(found.filter.compared());
        let mut items = self.written(&way);
        if !found.filter.is_empty() {
            if self.answers.whole(found.list)?.is_object() {
                items.push_str(" | entries");
            }
            items = found.filter.write(
                &items,
                &mut Writer {
                    inputs: &mut self.inputs,
                    said: &self.said,
                },
            );
            self.learn_inputs();
        }
        let given = elements(&self.recorded.evaluate(&items)?);
        let taken: Vec<Value> = found
            .filter
            .of(all)
            .into_iter()
            .filter_map(|at| all.get(at).cloned())
            .collect();
        (given == taken).then_some((items, compared))
    }
}

/// Whether a column is of what is bound already, as a part of a list.
pub(super) fn is_inside(bound: &[Bound], column: &Column<'_>) -> bool {
    bound.iter().any(|one| {
        column
            .pointer
            .strip_prefix(one.pointer.as_str())
            .is_some_and(|rest| rest.starts_with('/'))
    })
}

/// The id of the question whether calls that repeat are a loop.
pub(super) fn loop_question(kept: &Kept<'_>) -> String {
    format!("loop:{}", kept.step)
}

/// The elements that have these values in a field, one each, in the order of the list.
pub(super) fn chosen(elements: &[Value], path: &[String], values: &[&Value]) -> Option<Vec<usize>> {
    // All of a list, one after the other: elements may be alike.
    let whole = elements.len() == values.len()
        && elements
            .iter()
            .zip(values)
            .all(|(element, value)| super::selector::field(element, path) == Some(*value));
    if whole {
        return Some((0..values.len()).collect());
    }
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, element) in elements.iter().enumerate() {
        if let Some(value) = super::selector::field(element, path) {
            places.entry(value.to_string()).or_default().push(index);
        }
    }
    let mut chosen = Vec::with_capacity(values.len());
    for value in values {
        match places.get(&value.to_string()).map(Vec::as_slice) {
            Some([one]) if chosen.last().is_none_or(|last| last < one) => chosen.push(*one),
            _ => return None,
        }
    }
    Some(chosen)
}

/// The name of an element of a list in the body.
pub(super) fn item_name(answers: &Answers<'_>, list: WholePlace, tool: &str) -> String {
    item_of(&answers.last_key_of(list), tool)
}

/// The same from the key that the list stands under, and the tool that answered it.
pub(super) fn item_of(key: &str, tool: &str) -> String {
    let words = if key.is_empty() {
        noun(tool)
    } else {
        words(key)
    };
    let name: Vec<String> = words
        .iter()
        .map(|word| {
            word.chars()
                .filter(char::is_ascii_alphanumeric)
                .collect::<String>()
        })
        .filter(|word| !word.is_empty() && word != "id")
        .collect();
    let name = name.join("_");
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.len() <= 40
        && !matches!(
            name.as_str(),
            "inputs"
                | "step"
                | "steps"
                | "trigger"
                | "run"
                | "secrets"
                | "loop"
                | "and"
                | "or"
                | "not"
                | "in"
                | "is"
                | "if"
                | "else"
                | "true"
                | "false"
                | "none"
        );
    if is_name { name } else { "item".to_owned() }
}
