//! Calls that count in two columns, one within the other: `create 2 floors with 3 rooms each`. They are a loop over a
//! range of numbers with another one inside.

use super::counting::{Counting, Form};
use super::fold::{INPUT, Origin, bound};
use super::{Count, Last};
use crate::bound::binder::Binder;
use crate::bound::binding::Bound;
use crate::bound::column::{Column, columns, columns_of};
use crate::bound::cycle::{Layout, Over, Rounds, RoundsOver, call, call_inside, layouts, repeats};
use crate::bound::filter::Filter;
use crate::bound::fold::{InnerPlan, Plan, Stretch, is_inside, item_of, loop_question};
use crate::bound::inputs::plural;
use crate::bound::key::{keys_of, noun, words};
use crate::bound::offer::Offered;
use crate::bound::slot;
use crate::bound::turn::Compared;
use crate::kept::Kept;
use serde_json::Value;

/// The most passes of the loop around.
const MOST_PASSES: usize = 1_000;
/// Words of a key that say no more than that it is a number.
const NUMBERS: [&str; 6] = ["number", "no", "nr", "index", "id", "num"];

/// Calls that count in two columns.
pub(in crate::bound) struct Grid {
    layout: Layout,
    outer: Axis,
    inner: Axis,
    /// The calls that send one of the numbers, and where.
    pub(in crate::bound) counted: Vec<(Vec<usize>, String)>,
}

impl Grid {
    /// The first call behind those that begin at this one.
    pub(in crate::bound) fn end(&self, at: usize) -> usize {
        at + self.layout.covers()
    }
}

/// One of the two numbers that count.
struct Axis {
    counting: Counting,
    times: usize,
    key: String,
    tool: String,
    /// Whether the tool makes what it counts: of two numbers that one call sends, the one of the loop inside.
    is_of_tool: bool,
}

impl Axis {
    /// What it counts, in words: what its key names, and what the tool makes where that is no other number's.
    fn things(&self) -> Vec<String> {
        let mut all = match self.is_of_tool {
            true => noun(&self.tool),
            false => Vec::new(),
        };
        all.extend(self.key_words());
        all
    }

    fn key_words(&self) -> Vec<String> {
        let mut all = words(&self.key);
        all.retain(|word| !NUMBERS.contains(&word.as_str()));
        all
    }

    /// What an input that says how many there are is called by.
    fn name(&self) -> Vec<String> {
        let own = match self.is_of_tool {
            true => noun(&self.tool),
            false => self.key_words(),
        };
        match own.is_empty() {
            true => vec!["pass".to_owned()],
            false => own,
        }
    }

    fn item(&self) -> String {
        match item_of(&self.key, &self.tool) {
            name if name == "item" || self.key.bytes().all(|b| b.is_ascii_digit()) => {
                "number".to_owned()
            }
            name => name,
        }
    }

    fn numbers(&self) -> Vec<Value> {
        let all = (0..self.times).filter_map(|at| self.counting.at(at));
        all.map(Value::from).collect()
    }
}

/// What says how far one of the numbers counts.
struct Told {
    first: Origin,
    last: Origin,
    is_last: bool,
}

impl Told {
    /// Whether two numbers are said by the same words.
    fn is_same(&self, other: &Self) -> bool {
        matches!((&self.last, &other.last), (Origin::Said(one), Origin::Said(two)) if one == two)
    }
}

impl<'a> Binder<'a, '_> {
    /// The loop with a loop inside, both over numbers, that the calls from this one on are. Where nobody said how far both
    /// count it is asked about.
    pub(in crate::bound) fn fold_grid(&mut self, at: usize) -> Option<Plan> {
        let is_apart = |apart: &std::collections::BTreeSet<usize>| apart.contains(&at);
        // What is asked about as a whole is asked about once.
        if at < self.offered_to || self.apart.as_ref().is_none_or(is_apart) {
            return None;
        }
        let grid = self.grid(at)?;
        if !self.may_look(grid.layout.covers()) {
            return None;
        }
        let harmless = self
            .kept
            .get(at..at + grid.layout.covers())?
            .iter()
            .all(Kept::is_harmless);
        let told = (self.told(at, &grid.outer), self.told(at, &grid.inner));
        let answer = self.answered.get(&loop_question(self.kept.get(at)?));
        let is_answered = answer.map(String::as_str) == Some(INPUT);
        let is_sure = match &told {
            (Some(outer), Some(inner)) => answer.is_none() && !outer.is_same(inner),
            _ => false,
        };
        if is_sure || is_answered {
            let asked = |axis: &Axis| Told {
                first: Origin::Fixed(axis.counting.from),
                last: Origin::Told,
                is_last: false,
            };
            let outer = told.0.unwrap_or_else(|| asked(&grid.outer));
            let inner = match told.1 {
                Some(inner) if !outer.is_same(&inner) => inner,
                _ => asked(&grid.inner),
            };
            return self.over_grid(at, &grid, harmless, (outer, inner));
        }
        if harmless || at < self.offered_to {
            return None;
        }
        self.bodies_of_grid(at, &grid)?;
        let how = "a run is told how many there are of each".to_owned();
        let sent = grid.outer.numbers().into_iter().flat_map(|outer| {
            let inner = grid.inner.numbers();
            let pair = move |inner: Value| Value::from(format!("{outer}/{inner}"));
            inner.into_iter().map(pair)
        });
        let keys = [grid.outer.key.as_str(), grid.inner.key.as_str()];
        let offered = Offered::of_count(vec![(INPUT.to_owned(), how)], &keys, sent);
        let end = at + grid.layout.covers();
        self.offer(at, end - 1, offered);
        self.offered_to = end;
        None
    }

    /// The two numbers that the calls from this one on count.
    pub(in crate::bound) fn grid(&self, at: usize) -> Option<Grid> {
        let plain = repeats(&self.alike, at)
            .into_iter()
            .flat_map(|(width, most)| self.blocks(at, width, most));
        let with_head = layouts(&self.alike, at, MOST_PASSES)
            .into_iter()
            .filter(|layout| layout.rounds.at == layout.width);
        plain
            .chain(with_head)
            .find_map(|layout| self.counted_in(at, layout))
    }

    /// How the calls from this one on lie in blocks in each of which a value stays that differs in the next.
    fn blocks(&self, at: usize, width: usize, most: usize) -> Vec<Layout> {
        let mut found: Vec<usize> = Vec::new();
        for column in columns(self.kept, at, width, most) {
            let first = column.values.first();
            let length = column
                .values
                .iter()
                .take_while(|one| Some(*one) == first)
                .count();
            if length >= 2
                && most.is_multiple_of(length)
                && most / length >= 2
                && !found.contains(&length)
            {
                found.push(length);
            }
        }
        let layout = |length: usize| Layout {
            width: 0,
            rounds: Rounds {
                at: 0,
                width,
                counts: vec![length; most / length],
            },
        };
        found.into_iter().map(layout).collect()
    }

    /// What counts in calls that lie so: a number from pass to pass, and another one from round to round, alike in each
    /// pass.
    fn counted_in(&self, at: usize, layout: Layout) -> Option<Grid> {
        let passes = layout.passes();
        let times = *layout.rounds.counts.first()?;
        if passes < 2 || times < 2 || layout.rounds.counts.iter().any(|one| *one != times) {
            return None;
        }
        let all = (0..layout.covers()).map(|call| at + call);
        if !all
            .into_iter()
            .all(|call| self.alike.may_be_passes(call, 1, 1))
        {
            return None;
        }
        let mut counted: Vec<(Vec<usize>, String)> = Vec::new();
        let (mut outer, mut inner): (Option<Axis>, Option<Axis>) = (None, None);
        for (calls, column, is_round) in self.columns_of_grid(at, &layout) {
            let chunk = if is_round { times } else { 1 };
            let key = keys_of(&column.pointer).pop().unwrap_or_default();
            let tool = self.kept.get(*calls.first()?)?.call.name.clone();
            let axis = |values: &[&Value]| {
                Counting::of(values).map(|counting| Axis {
                    counting,
                    times: values.len(),
                    key: key.clone(),
                    tool: tool.clone(),
                    is_of_tool: false,
                })
            };
            let is_better = |known: &Option<Axis>, new: &Axis| {
                known.as_ref().is_none_or(|known| {
                    known.counting.form != Form::Number && new.counting.form == Form::Number
                })
            };
            if let Some(axis) = by_pass(&column.values, chunk).and_then(|values| axis(&values)) {
                counted.push((calls, column.pointer.clone()));
                if is_better(&outer, &axis) {
                    outer = Some(axis);
                }
            } else if is_round && let Some(axis) = by_round(&column.values, chunk).and_then(axis) {
                counted.push((calls, column.pointer.clone()));
                if is_better(&inner, &axis) {
                    inner = Some(axis);
                }
            }
        }
        let (mut outer, mut inner) = (outer?, inner?);
        outer.is_of_tool = outer.tool != inner.tool;
        inner.is_of_tool = true;
        Some(Grid {
            layout,
            outer,
            inner,
            counted,
        })
    }

    /// Where calls from this one on count in two columns, of which one begins anew whenever the other goes on, be it that it
    /// does not come as far each time: the calls that send one of the numbers, and where.
    pub(in crate::bound) fn ragged(
        &self,
        at: usize,
        width: usize,
        most: usize,
    ) -> Vec<(Vec<usize>, String)> {
        let all = columns(self.kept, at, width, most);
        let mut found: Vec<(Vec<usize>, String)> = Vec::new();
        for outer in &all {
            let runs: Vec<&[&Value]> = outer.values.chunk_by(|one, two| one == two).collect();
            let firsts: Vec<&Value> = runs.iter().map(|run| run[0]).collect();
            if runs.len() < 2
                || runs.iter().all(|run| run.len() < 2)
                || Counting::of(&firsts).is_none()
            {
                continue;
            }
            for inner in all.iter().filter(|inner| inner.inner == outer.inner) {
                let begin = inner.values[0];
                let mut from = 0;
                let begins_anew = runs.iter().all(|run| {
                    let own = &inner.values[from..from + run.len()];
                    from += run.len();
                    own[0] == begin && (own.len() < 2 || Counting::of(own).is_some())
                });
                if !begins_anew || inner.pointer == outer.pointer {
                    continue;
                }
                for column in [outer, inner] {
                    let calls = (0..most).map(|pass| at + pass * width + column.inner);
                    let one = (calls.collect(), column.pointer.clone());
                    if !found.contains(&one) {
                        found.push(one);
                    }
                }
            }
        }
        found
    }

    /// The columns of the calls before the loop inside, and of those in it, each with its calls.
    fn columns_of_grid(&self, at: usize, layout: &Layout) -> Vec<(Vec<usize>, Column<'a>, bool)> {
        let mut all = Vec::new();
        let rounds = &layout.rounds;
        for place in 0..layout.width {
            let calls: Vec<usize> = (0..layout.passes())
                .map(|pass| call(at, layout.width, Some(rounds), pass, place))
                .collect();
            let columns = columns_of(self.kept, place, &calls);
            all.extend(columns.into_iter().map(|one| (calls.clone(), one, false)));
        }
        for place in 0..rounds.width {
            let mut calls = Vec::new();
            for (pass, count) in rounds.counts.iter().enumerate() {
                calls.extend(
                    (0..*count)
                        .map(|round| call_inside(at, layout.width, rounds, pass, round, place)),
                );
            }
            let columns = columns_of(self.kept, place, &calls);
            all.extend(columns.into_iter().map(|one| (calls.clone(), one, true)));
        }
        all
    }

    /// What the person said of how far one of the numbers counts, where it is certain.
    fn told(&mut self, at: usize, axis: &Axis) -> Option<Told> {
        let counting = &axis.counting;
        let last = counting.at(axis.times - 1)?;
        if self.are_answered(at, &axis.numbers()) {
            return None;
        }
        if let Some((first, to)) = self.said.range(counting.from, last) {
            return Some(Told {
                first: Origin::Said(first),
                last: Origin::Said(to),
                is_last: true,
            });
        }
        let (first, begins) = self.begins(at, counting);
        let times = i64::try_from(axis.times).ok()?;
        let mention = self.said.how_many_of(times, &axis.things())?;
        (begins && !self.goes_on(&mention)).then_some(Told {
            first,
            last: Origin::Said(mention),
            is_last: false,
        })
    }

    /// The names of the two numbers in the bodies.
    fn names_of(grid: &Grid) -> (String, String) {
        let (outer, inner) = (grid.outer.item(), grid.inner.item());
        match outer == inner {
            true => (outer, format!("inner_{inner}")),
            false => (outer, inner),
        }
    }

    /// What is bound in the bodies of both loops. None where something else differs that nothing gives.
    #[expect(
        clippy::type_complexity,
        reason = "what is bound in each call of each of the two bodies"
    )]
    fn bodies_of_grid(
        &mut self,
        at: usize,
        grid: &Grid,
    ) -> Option<(Vec<Vec<Bound>>, Vec<Vec<Bound>>)> {
        let kept = self.kept;
        let (outer_item, inner_item) = Self::names_of(grid);
        let layout = &grid.layout;
        let mut around = vec![Vec::new(); layout.width];
        let mut inside = vec![Vec::new(); layout.rounds.width];
        let mut fields = Vec::new();
        let mut in_rounds = false;
        let all = self.columns_of_grid(at, layout);
        // What the calls before the loop inside answered is known in it.
        for (calls, column, is_round) in &all {
            if *is_round && !in_rounds {
                in_rounds = true;
                for place in 0..layout.width {
                    let own: Vec<usize> = (0..layout.passes())
                        .map(|pass| call(at, layout.width, Some(&layout.rounds), pass, place))
                        .collect();
                    let values: Vec<Value> = own
                        .iter()
                        .filter_map(|call| {
                            Some(crate::bound::view::given(kept.get(*call)?).into_value())
                        })
                        .collect();
                    let sent = columns_of(kept, place, &own);
                    let answered = self.answered(*own.first()?, &values, &sent)?;
                    let counts = &layout.rounds.counts;
                    fields.extend(answered.into_iter().map(|field| field.in_rounds(counts)));
                }
            }
            let body = *calls.first()?;
            let slot: &mut Vec<Bound> = match is_round {
                true => inside.get_mut(column.inner)?,
                false => around.get_mut(column.inner)?,
            };
            if is_inside(slot, column) {
                continue;
            }
            let chunk = match is_round {
                true => *layout.rounds.counts.first()?,
                false => 1,
            };
            let of_outer = by_pass(&column.values, chunk).and_then(|all| Counting::of(&all));
            let of_inner = is_round
                .then(|| by_round(&column.values, chunk))
                .flatten()
                .and_then(Counting::of);
            let is =
                |own: &Counting, main: &Counting| own.from == main.from && own.step == main.step;
            let (outer, inner) = (&grid.outer.counting, &grid.inner.counting);
            let one = match (of_outer, of_inner) {
                (Some(own), _) if is(&own, outer) => bound(column, &own, outer, &outer_item, false),
                (None, Some(own)) if is(&own, inner) => {
                    bound(column, &own, inner, &inner_item, true)
                }
                _ => None,
            };
            match one {
                Some(one) => {
                    slot::first(kept.get(body)?, &column.pointer)?;
                    slot.push(one);
                }
                None => slot.extend(self.in_pass(body, column, &fields)?),
            }
        }
        for (calls, column, is_round) in &all {
            let bound = match is_round {
                true => inside.get(column.inner)?,
                false => around.get(column.inner)?,
            };
            let (body, rest) = calls.split_first()?;
            for call in rest {
                self.predicts_one(*body, *call, bound)?;
            }
        }
        Some((around, inside))
    }

    /// The two loops.
    fn over_grid(
        &mut self,
        at: usize,
        grid: &Grid,
        harmless: bool,
        (outer, inner): (Told, Told),
    ) -> Option<Plan> {
        let (around, inside) = self.bodies_of_grid(at, grid)?;
        let (outer_item, inner_item) = Self::names_of(grid);
        let outer = self.count_of(at, &grid.outer, &outer)?;
        let inner = self.count_of(at, &grid.inner, &inner)?;
        let layout = &grid.layout;
        let passes = layout.passes();
        let stretch = Stretch::new(at, layout.width, passes, harmless, Some(&layout.rounds));
        Some(Plan {
            first: at,
            width: layout.width,
            passes,
            chosen: (0..passes).collect(),
            filter: Filter::default(),
            until: None,
            shown: 0,
            items: outer.written(),
            compared: Compared::default(),
            item: outer_item,
            bound: around,
            answers: stretch.answers(self.kept).to_vec(),
            inner: Some(InnerPlan {
                rounds: layout.rounds.clone(),
                chosen: vec![(0..grid.inner.times).collect(); passes],
                items: inner.written(),
                item: inner_item,
                filter: Filter::default(),
                bound: inside,
                list: RoundsOver::Counted(Box::new(inner)),
            }),
            list: Over::Counted(Box::new(outer)),
        })
    }

    /// The range of numbers of one of the two, checked against the recording.
    fn count_of(&mut self, at: usize, axis: &Axis, told: &Told) -> Option<Count> {
        let counting = &axis.counting;
        let times = i64::try_from(axis.times).ok()?;
        let last = match told.is_last {
            true => counting.at(axis.times - 1)?,
            false => times,
        };
        let things = axis.name();
        let named = |word: &str| {
            let mut words = vec![word.to_owned()];
            words.extend(things.iter().cloned());
            words
        };
        let how_many = {
            let mut words = things.clone();
            if let Some(last) = words.last_mut() {
                *last = plural(last);
            }
            words
        };
        let mut because = match &told.last {
            Origin::Said(mention) => {
                let quote = self.said.quote(mention);
                format!("it counts, as far as the person said: “{quote}”")
            }
            _ => "it counts as often as a run is told".to_owned(),
        };
        let question = self.kept.get(at).map(loop_question);
        if question.is_some_and(|id| self.answered.contains_key(&id)) {
            because.push_str("; a person answered so");
        }
        let unknown = vec![None; self.witnesses.len()];
        let first = self.edge(&told.first, counting.from, named("first"), &unknown);
        let names = match told.is_last {
            true => named("last"),
            false => how_many,
        };
        let edge = self.edge(&told.last, last, names, &unknown);
        self.learn_inputs();
        let count = Count {
            first,
            last: match told.is_last {
                true => Last::To(edge),
                false => Last::Times(edge),
            },
            step: counting.step,
            passes: axis.times,
            because,
        };
        let given = self.recorded.evaluate(&count.written())?;
        (given == Value::Array(count.recorded())).then_some(count)
    }
}

/// The value of each pass of so many rounds, where all rounds of it have the same.
fn by_pass<'v>(values: &[&'v Value], rounds: usize) -> Option<Vec<&'v Value>> {
    let all = values.chunks(rounds).map(|pass| {
        let first = *pass.first()?;
        pass.iter().all(|one| *one == first).then_some(first)
    });
    all.collect()
}

/// The value of each round, where all passes of so many rounds have the same.
fn by_round<'p, 'v>(values: &'p [&'v Value], rounds: usize) -> Option<&'p [&'v Value]> {
    let first = values.get(..rounds)?;
    values
        .chunks(rounds)
        .all(|pass| pass == first)
        .then_some(first)
}
