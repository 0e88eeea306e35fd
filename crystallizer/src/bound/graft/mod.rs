//! Steps that only further recordings have: where one of them went another way, what it did there is put into the draft
//! beside what the recording that is followed did, each under its condition.
//!
//! Such a step is decided about in its own recording, with all others as witnesses, as if that one were followed: where
//! its values come from is seen there and nowhere else. It is taken only where what it reads is in the draft, and where
//! something that was known before parts the recordings that have it from those that do not.

mod gather;
mod prove;
mod told;
mod view;

pub(super) use gather::graft;

use super::branch::Branch;
use super::decide::Decisions;
use super::figure::Asked;
use super::order::Ways;
use super::qualifier::Unshown;
use super::witness::Witness;
use super::write::Taken;
use crate::kept::{Kept, Spot};
use crate::relied;
use crate::session::Session;
use druse_engine::definition::Document;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What a further recording gave to the draft.
pub(crate) struct Graft<'w> {
    /// Its place among the further recordings.
    pub(crate) witness: usize,
    /// Its calls, under the names of the draft's steps.
    pub(crate) kept: Vec<Kept<'w>>,
    /// Where their steps stand in the draft; that of a call that is no step of it says nothing.
    pub(crate) spots: Vec<Spot>,
    /// The calls that became steps.
    pub(crate) own: BTreeSet<usize>,
    /// Those of them with a gate before them.
    pub(crate) gated: BTreeSet<usize>,
    /// The calls that are steps of the draft, these and those that all share.
    pub(crate) present: BTreeSet<usize>,
    /// The values that its findings speak of.
    pub(crate) covered: BTreeSet<(usize, String)>,
    branches: Vec<Branch>,
    decisions: Decisions<'w>,
    others: Vec<Witness<'w>>,
    numbers: Vec<usize>,
    unshown: Vec<Unshown>,
    figures: Vec<Asked>,
    /// The inputs that only its steps read.
    inputs: BTreeSet<String>,
    /// The ids of the gates before its steps.
    gates: BTreeMap<usize, String>,
    /// Its name, for people.
    recording: String,
}

/// A change that only further recordings have and that the draft does not do.
pub(super) struct Left {
    step: String,
    branch: Branch,
    recording: String,
    call: String,
    /// Why, where it is not for want of a condition.
    why: Option<String>,
    /// Whether another step's question is about it, too.
    is_asked: bool,
}

/// What further recordings gave, and what they did not.
#[derive(Default)]
pub(super) struct Grafts<'w> {
    pub(super) all: Vec<Graft<'w>>,
    pub(super) left: Vec<Left>,
}

/// The name of a recording: its own id, else its digest.
pub(super) fn name_of(session: &Session) -> String {
    session
        .external_id
        .clone()
        .unwrap_or_else(|| session.digest.to_string())
}

impl<'w> Grafts<'w> {
    /// The steps that not all runs do, each with its gate: nobody is asked about what is not done.
    pub(super) fn ways(&self, spots: &[Spot], branches: &[Branch]) -> Ways {
        if self.all.is_empty() && branches.is_empty() {
            return Ways::default();
        }
        let taken = Taken::of(&self.spots(spots));
        let followed = branches
            .iter()
            .filter_map(|branch| Some((branch, *spots.get(branch.call)?)));
        let own = self.all.iter().flat_map(|graft| {
            let all = graft.branches.iter();
            all.filter_map(|branch| Some((branch, *graft.spots.get(branch.call)?)))
        });
        let all: Vec<(&Branch, Vec<usize>)> = followed
            .chain(own)
            .map(|(branch, spot)| {
                let gate = taken.gate_before(spot).map(|gate| gate.step);
                (branch, gate.into_iter().chain([spot.step]).collect())
            })
            .collect();
        let mut ways = Ways::default();
        for (branch, places) in &all {
            for place in places {
                if let Some(condition) = &branch.taken {
                    ways.conditions.insert(*place, condition.clone());
                }
            }
            for (_, others) in all.iter().filter(|(other, _)| branch.excludes(other)) {
                let pairs = places
                    .iter()
                    .flat_map(|one| others.iter().map(move |two| (*one, *two)));
                ways.apart.extend(pairs.filter(|(one, two)| one < two));
            }
        }
        ways
    }

    /// Where all calls stand that became steps: those of the recording that is followed, and these.
    pub(super) fn spots(&self, spots: &[Spot]) -> Vec<Spot> {
        let own = self.calls().map(|(spot, _)| spot);
        spots.iter().copied().chain(own).collect()
    }

    /// The calls that became steps, with where these stand.
    pub(super) fn calls(&self) -> impl Iterator<Item = (Spot, &Kept<'w>)> {
        self.all.iter().flat_map(|graft| {
            let own = graft.own.iter();
            own.filter_map(|call| Some((*graft.spots.get(*call)?, graft.kept.get(*call)?)))
        })
    }

    /// Adds what a further recording shows the inputs to be that only these steps read.
    pub(super) fn show_inputs(&self, witness: usize, inputs: &mut Map<String, Value>) {
        for graft in &self.all {
            let shown = |name: &str| {
                if graft.witness == witness {
                    let mut all = graft.decisions.inputs.iter();
                    return all
                        .find(|one| one.name == name)
                        .map(|one| one.value.clone());
                }
                let at = graft
                    .numbers
                    .iter()
                    .position(|number| *number == witness + 1)?;
                graft.decisions.witnessed.get(at)?.get(name).cloned()
            };
            for name in &graft.inputs {
                if let Some(value) = shown(name)
                    && !inputs.contains_key(name)
                {
                    inputs.insert(name.clone(), value);
                }
            }
        }
    }

    /// How many gates came with them.
    pub(super) fn gates(&self) -> u64 {
        let all = self.all.iter().map(|graft| graft.gates.len());
        u64::try_from(all.sum::<usize>()).unwrap_or(u64::MAX)
    }

    /// The places of values that a person is asked about anyway.
    pub(super) fn asked_places(&self, taken: &Taken) -> BTreeSet<(String, String)> {
        let of = |graft: &Graft<'_>| {
            let stands = (
                graft.kept.as_slice(),
                graft.spots.as_slice(),
                &graft.decisions,
            );
            super::asked_places(stands, &graft.figures, taken)
                .into_iter()
                .filter(|(step, _)| graft.owns(step))
                .collect::<Vec<_>>()
        };
        self.all.iter().flat_map(of).collect()
    }

    /// Writes down what the draft relies on in what these steps answer.
    pub(super) fn rely(&self, document: &mut Document) {
        for graft in &self.all {
            let own: Vec<(usize, Kept<'_>)> = graft
                .own
                .iter()
                .filter_map(|call| Some((*call, graft.kept.get(*call)?.clone())))
                .collect();
            let (calls, kept): (Vec<usize>, Vec<Kept<'_>>) = own.into_iter().unzip();
            relied::write(document, &kept, &|at| {
                let call = calls.get(at);
                graft
                    .others
                    .iter()
                    .filter_map(|other| {
                        let there = (*other.counterparts.get(*call?)?)?;
                        let one = other.kept.get(there)?;
                        crate::prune::succeeded(one.call).then_some(one)
                    })
                    .collect()
            });
        }
    }

    /// Whether one of these steps is asked about by an answer.
    pub(super) fn knows(&self, id: &str) -> bool {
        let branches = self.all.iter().flat_map(|graft| &graft.branches);
        let left = self.left.iter().map(|left| &left.branch);
        branches.chain(left).any(|branch| branch.id == id)
            || self.all.iter().any(|graft| {
                graft.own.iter().any(|call| graft.is_about(*call, id))
                    && !graft.decisions.unused_answers.iter().any(|one| one == id)
            })
    }
}

impl<'w> Graft<'w> {
    /// Whether a question is about a step of this one.
    fn is_about(&self, call: usize, id: &str) -> bool {
        let step = id.split(':').nth(1);
        self.kept
            .get(call)
            .is_some_and(|one| Some(one.step.as_str()) == step)
    }

    /// Whether a step is one that this recording gave.
    pub(crate) fn owns(&self, step: &str) -> bool {
        let mut own = self.own.iter().filter_map(|call| self.kept.get(*call));
        own.any(|one| one.step == step)
    }

    /// The calls that became steps.
    pub(crate) fn steps(&self) -> impl Iterator<Item = &Kept<'w>> {
        self.own.iter().filter_map(|call| self.kept.get(*call))
    }

    /// Whether the findings speak of a place in what a call sent.
    pub(crate) fn covers(&self, call: &str, pointer: &str) -> bool {
        let at = self.kept.iter().position(|one| one.call.id == call);
        at.is_some_and(|at| {
            let from = (at, String::new());
            let mut of_call = self.covered.range(from..(at + 1, String::new()));
            of_call.any(|(_, place)| super::within(pointer, place))
        })
    }

    /// The calls that are steps of the draft, with where these stand, and whether a gate is before them.
    pub(crate) fn present(&self) -> (Vec<Kept<'w>>, Vec<Spot>, BTreeSet<usize>) {
        let mut gated = BTreeSet::new();
        let (mut kept, mut spots) = (Vec::new(), Vec::new());
        for call in &self.present {
            if let (Some(one), Some(spot)) = (self.kept.get(*call), self.spots.get(*call)) {
                if self.gated.contains(call) {
                    gated.insert(kept.len());
                }
                kept.push(one.clone());
                spots.push(*spot);
            }
        }
        (kept, spots, gated)
    }
}
