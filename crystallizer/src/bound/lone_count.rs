//! Numbers that calls count, where no loop was made of them. One of them by itself is no input and comes from no answer:
//! `create seat 1, 2, 3` for a person who asked for three has a third seat whose number is how many there are by chance.

use super::binder::Binder;
use super::binding::{Bound, Piece, Source, Why};
use super::column::columns;
use super::count::counting::Counting;
use super::cycle::{self, repeats};
use super::explain::question_id;
use super::information::{STRONG, bits};
use super::key::keys_of;
use super::unsourced::open_choices;

/// From so many numbers on they count, whatever they begin with.
const COUNTS: usize = 3;

impl Binder<'_, '_> {
    /// Where some numbers of those that calls count were bound, each by itself, and others were not, none is.
    pub(super) fn leave_lone_numbers(&mut self) {
        let kept = self.kept;
        let mut at = 0;
        while at < kept.len() {
            let around = cycle::of(&self.cycles, at).and_then(|of| self.cycles.get(of));
            if let Some(cycle) = around {
                at = cycle.last() + 1;
                continue;
            }
            let repeated = repeats(&self.alike, at).into_iter().next();
            let Some((width, most)) = repeated else {
                at += 1;
                continue;
            };
            for column in columns(kept, at, width, most) {
                let passes = Counting::reach(&column);
                let Some(counting) = Counting::of(&column.values[..passes]) else {
                    continue;
                };
                let begins = counting.step == 1 && (counting.from == 0 || counting.from == 1);
                if passes >= COUNTS || begins {
                    let calls = (0..passes).map(|pass| at + pass * width + column.inner);
                    self.leave_lone(&calls.collect::<Vec<_>>(), &column.pointer);
                }
            }
            at += width * most;
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
