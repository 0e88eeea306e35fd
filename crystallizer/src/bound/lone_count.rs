//! Numbers that calls count, where no loop was made of them. One of them by itself is no input and comes from no answer:
//! `create seat 1, 2, 3` for a person who asked for three has a third seat whose number is how many there are by chance.

use super::binder::Binder;
use super::binding::{Bound, Frozen, Piece, Source, Why};
use super::column::{Column, columns, columns_of};
use super::count::counting::Counting;
use super::cycle::{self, repeats};
use super::explain::question_id;
use super::information::{STRONG, bits};
use super::inputs::{Found, schema_at};
use super::key::keys_of;
use super::unsourced::open_choices;

/// From so many numbers on they count, whatever they begin with.
const COUNTS: usize = 3;

/// Whether so many numbers count: from none or one on two are enough.
fn is_telling(counting: &Counting, passes: usize) -> bool {
    let begins = counting.step == 1 && (counting.from == 0 || counting.from == 1);
    passes >= COUNTS || passes >= 2 && begins
}

impl Binder<'_, '_> {
    /// Where some numbers of those that calls count were bound, each by itself, and others were not, none is.
    pub(super) fn leave_lone_numbers(&mut self) {
        self.leave_lone_of_loops();
        let kept = self.kept;
        let mut at = 0;
        while at < kept.len() {
            let around = cycle::of(&self.cycles, at).and_then(|of| self.cycles.get(of));
            if let Some(cycle) = around {
                let (end, last) = (at + cycle.width, cycle.last());
                if cycle.inner.is_none() {
                    self.leave_lone_in_body(at, end);
                }
                at = last + 1;
                continue;
            }
            // Of calls that count in two columns none is a number by itself, either.
            if let Some(grid) = self.grid(at) {
                let end = grid.end(at);
                for (calls, pointer) in grid.counted {
                    self.leave_lone(&calls, &pointer);
                }
                at = end;
                continue;
            }
            let repeated = repeats(&self.alike, at).into_iter().next();
            let Some((width, most)) = repeated else {
                at += 1;
                continue;
            };
            for column in columns(kept, at, width, most) {
                let calls = (0..most).map(|pass| at + pass * width + column.inner);
                self.follow_row(&calls.collect::<Vec<_>>(), &column);
            }
            for (calls, pointer) in self.ragged(at, width, most) {
                self.leave_lone(&calls, &pointer);
            }
            for column in columns(kept, at, width, most) {
                let passes = Counting::reach(&column);
                let Some(counting) = Counting::of(&column.values[..passes]) else {
                    continue;
                };
                // What was said one by one is no counting: `pay 20, 30 and 40`.
                let said = || self.said.numbers_in_a_row(&column.values[..passes]);
                if is_telling(&counting, passes) && said().is_none() {
                    let calls = (0..passes).map(|pass| at + pass * width + column.inner);
                    self.leave_lone(&calls.collect::<Vec<_>>(), &column.pointer);
                }
            }
            at += width * most;
        }
    }

    /// Lets each of several numbers that calls send follow what the person said, where they named just these, one right
    /// behind the other and in this order: each is meant at its place, though one of them by itself might be another.
    fn follow_row(&mut self, calls: &[usize], column: &Column<'_>) {
        if !calls.iter().all(|call| self.changes(*call)) || !self.witnesses.is_empty() {
            return;
        }
        let Some(row) = self.said.numbers_in_a_row(&column.values) else {
            return;
        };
        for ((call, mention), value) in calls.iter().zip(row).zip(&column.values) {
            let is_it = |frozen: &Frozen| {
                frozen.pointer == column.pointer
                    && matches!(frozen.why, Why::Unsure(_) | Why::Made(_))
            };
            let Some(decided) = self.decided.get_mut(*call) else {
                return;
            };
            let before = decided.frozen.len();
            decided.frozen.retain(|frozen| !is_it(frozen));
            if decided.frozen.len() < before {
                let sent = self.sent(*call, value, &keys_of(&column.pointer));
                let schema = schema_at(self.spec(*call), &column.pointer).cloned();
                let binding = self.input(&sent, Found::Said(mention), schema.as_ref());
                self.bind(&sent, vec![Piece::Value(Box::new(binding))]);
            }
        }
    }

    /// The same of the calls of a body, which the first pass stands for.
    fn leave_lone_in_body(&mut self, first: usize, end: usize) {
        let kept = self.kept;
        let mut at = first;
        while at < end {
            let alike = (at..end).take_while(|next| self.alike.same_tool(at, *next));
            let passes = alike.count();
            for column in columns(kept, at, 1, passes) {
                let passes = Counting::reach(&column);
                let Some(counting) = Counting::of(&column.values[..passes]) else {
                    continue;
                };
                if is_telling(&counting, passes) {
                    let calls: Vec<usize> = (at..at + passes).collect();
                    self.leave_lone(&calls, &column.pointer);
                }
            }
            at += passes.max(1);
        }
    }

    /// The same of a number that stays within each of several loops, one right behind the other, and counts from loop to
    /// loop.
    fn leave_lone_of_loops(&mut self) {
        let kept = self.kept;
        let tools = |first: usize, width: usize| {
            let calls = kept.get(first..first + width).unwrap_or_default();
            calls.iter().map(|kept| &kept.call.name)
        };
        let mut found = Vec::new();
        let mut rest = self.cycles.as_slice();
        while let Some((one, _)) = rest.split_first() {
            let is_next = |pair: &[cycle::Cycle]| {
                pair[0].last() + 1 == pair[1].first
                    && pair.iter().all(|next| {
                        next.inner.is_none()
                            && next.width == one.width
                            && tools(next.first, one.width).eq(tools(one.first, one.width))
                    })
            };
            let length = 1 + rest.windows(2).take_while(|pair| is_next(pair)).count();
            let (run, behind) = rest.split_at(length);
            for place in 0..one.width {
                let calls: Vec<usize> = run.iter().map(|next| next.call(0, place)).collect();
                for column in columns_of(kept, place, &calls) {
                    let counting = Counting::of(&column.values);
                    if counting.is_some_and(|counting| is_telling(&counting, length)) {
                        found.push((calls.clone(), column.pointer));
                    }
                }
            }
            rest = behind;
        }
        for (calls, pointer) in found {
            self.leave_lone(&calls, &pointer);
        }
    }

    /// Leaves what these calls send in one place as it is, where only some of it is bound.
    fn leave_lone(&mut self, calls: &[usize], pointer: &str) {
        let kept = self.kept;
        if !calls.iter().any(|call| self.changes(*call)) {
            return;
        }
        let is_lone = |bound: &Bound| {
            let is_one = |source: &Source| {
                matches!(
                    source,
                    Source::Input(_) | Source::Inputs(_) | Source::Output(_)
                )
            };
            let weak = |piece: &Piece| match piece {
                Piece::Value(binding) => {
                    is_one(&binding.source) && bits(&binding.value, &[]) < STRONG
                }
                Piece::Text(_) => false,
            };
            bound.pointer == pointer && bound.pieces.iter().any(weak)
        };
        let lone: Vec<usize> = calls
            .iter()
            .copied()
            .filter(|call| {
                let decided = self.decided.get(*call);
                decided.is_some_and(|decided| decided.bound.iter().any(is_lone))
            })
            .collect();
        let is_answered = |call: &usize| {
            kept.get(*call)
                .is_some_and(|kept| self.used_answers.contains(&question_id(kept, pointer)))
        };
        if lone.is_empty() || lone.len() == calls.len() || calls.iter().any(is_answered) {
            return;
        }
        for call in lone {
            let Some(one) = kept.get(call) else { continue };
            let Some(value) = crate::pointer::at(&one.call.arguments, pointer) else {
                continue;
            };
            if let Some(decided) = self.decided.get_mut(call) {
                decided.bound.retain(|bound| !is_lone(bound));
            }
            let sent = self.sent(call, value, &keys_of(pointer));
            let id = question_id(one, pointer);
            let why = Why::Made(open_choices());
            let input = self.answered.get(&id).map(String::as_str) == Some("input");
            match input {
                true => {
                    self.freeze(&sent, why);
                }
                false => self.note_frozen(&sent, why, Some(id)),
            }
        }
    }
}
