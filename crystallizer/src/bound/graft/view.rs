//! A further recording looked at as if it were the one that is followed.

use super::gather::{Grafter, free};
use crate::align::align;
use crate::bound::command_words;
use crate::bound::decide::{self, Decisions};
use crate::bound::figure::{self, Asked};
use crate::bound::qualifier::{self, Unshown};
use crate::bound::witness::Witness;
use crate::bound::write::{self, Taken, each_expression};
use crate::kept::{Kept, Spot};
use druse_engine::definition::{Document, Step};
use std::collections::{BTreeMap, BTreeSet};

/// A further recording as if it were followed.
pub(super) struct View<'w> {
    pub(super) witness: usize,
    pub(super) kept: Vec<Kept<'w>>,
    pub(super) others: Vec<Witness<'w>>,
    pub(super) numbers: Vec<usize>,
    pub(super) document: Document,
    pub(super) spots: Vec<Spot>,
    pub(super) decisions: Decisions<'w>,
    pub(super) unshown: Vec<Unshown>,
    pub(super) figures: Vec<Asked>,
}

impl<'w> Grafter<'_, 'w> {
    /// Decides about a further recording as if it were followed; none where nothing in it is new.
    pub(super) fn view(&self, witness: usize, new: &BTreeSet<usize>) -> Option<View<'w>> {
        let source = self.witnesses.get(witness)?;
        let draft = source.draft.as_ref().filter(|_| !new.is_empty())?;
        let known = self.steps.get(witness)?;
        let mut kept = source.kept.clone();
        command_words::put_together(&mut kept);
        let mut ids = self.ids.clone();
        for (call, one) in kept.iter_mut().enumerate() {
            let step = match known.get(&call) {
                Some(step) => step.clone(),
                None => free(&one.step, &ids),
            };
            ids.insert(step.clone());
            one.in_pass = None;
            one.step = step;
        }
        let mut numbers = vec![0];
        let mut others = vec![Witness {
            session: self.session,
            name: None,
            kept: self.kept.to_vec(),
            counterparts: kept
                .iter()
                .map(|one| self.kept.iter().position(|other| other.step == one.step))
                .collect(),
            draft: None,
        }];
        for (at, other) in self.witnesses.iter().enumerate() {
            let Some(steps) = self.steps.get(at).filter(|_| at != witness) else {
                continue;
            };
            let by_step: BTreeMap<&String, usize> =
                steps.iter().map(|(call, step)| (step, *call)).collect();
            let direct = align(&kept, &other.kept);
            let counterpart = |(call, one): (usize, &Kept<'_>)| match known.contains_key(&call) {
                true => by_step.get(&one.step).copied(),
                false => direct
                    .get(call)
                    .copied()
                    .flatten()
                    .filter(|there| !steps.contains_key(there)),
            };
            numbers.push(at + 1);
            others.push(Witness {
                session: other.session,
                name: other.name.clone(),
                kept: other.kept.clone(),
                counterparts: kept.iter().enumerate().map(counterpart).collect(),
                draft: None,
            });
        }
        let mut document = draft.document.clone();
        let mut spots = draft.spots.clone();
        for (one, spot) in kept.iter().zip(&spots) {
            if let Some(step) = spot.step_mut(&mut document) {
                step.id.clone_from(&one.step);
            }
        }
        let taken = Taken::of(&spots);
        let gated = (0..kept.len())
            .filter(|call| {
                let spot = spots.get(*call);
                spot.is_some_and(|spot| taken.gate_before(*spot).is_some())
            })
            .collect();
        let mut decisions =
            decide::decide(source.session, &kept, self.answers, false, &gated, &others);
        command_words::set_apart(&mut document, &mut kept, &spots, &mut decisions);
        let mut unshown = qualifier::unshown(&kept, &spots, &[], &mut decisions, self.answers);
        unshown.retain(|one| new.contains(&one.call));
        let mut figures = figure::ask(&kept, &spots, &mut decisions, self.answers, &others);
        figures.retain(|one| new.contains(&one.call()));
        let wanted: Vec<(usize, String)> = unshown
            .iter()
            .filter_map(Unshown::wanted_gate)
            .chain(figures.iter().filter_map(Asked::wanted_gate))
            .collect();
        qualifier::gates(&mut document, &kept, &mut spots, &wanted);
        write::write(&mut document, &kept, &spots, &mut decisions);
        Some(View {
            witness,
            kept,
            others,
            numbers,
            document,
            spots,
            decisions,
            unshown,
            figures,
        })
    }
}

impl View<'_> {
    /// The steps and inputs that a step and the gate before it read.
    pub(super) fn read_by(&self, call: usize) -> (BTreeSet<String>, BTreeSet<String>) {
        let own = self.spots.get(call);
        let own = own.and_then(|spot| self.document.steps.get(spot.step));
        let (mut steps, mut inputs) = (BTreeSet::new(), BTreeSet::new());
        for step in own.into_iter().chain(self.gate_before(call)) {
            each_expression(std::slice::from_ref(step), &mut |_, expression| {
                let references = expression.references();
                inputs.extend(references.inputs().map(str::to_owned));
                steps.extend(
                    references
                        .steps()
                        .filter_map(|step| step.key(0).map(str::to_owned)),
                );
            });
        }
        (steps, inputs)
    }

    pub(super) fn gate_before(&self, call: usize) -> Option<&Step> {
        let spot = Taken::of(&self.spots).gate_before(*self.spots.get(call)?)?;
        self.document.steps.get(spot.step)
    }
}
