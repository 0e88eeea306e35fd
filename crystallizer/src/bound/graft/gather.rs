//! Gathers what only further recordings do, one recording after the other, and puts it into the draft.

use super::view::View;
use super::{Graft, Grafts, Left, name_of};
use crate::bound::Answered;
use crate::bound::branch::{Aligned, Branch, NEVER};
use crate::bound::decide::Decisions;
use crate::bound::witness::Witness;
use crate::kept::{Kept, Spot};
use crate::session::Session;
use druse_engine::definition::{Document, Step};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What is known while steps are gathered.
pub(super) struct Grafter<'g, 'w> {
    pub(super) session: &'w Session,
    pub(super) kept: &'g [Kept<'w>],
    pub(super) witnesses: &'g [Witness<'w>],
    pub(super) answers: Answered<'g>,
    /// For each further recording the draft's steps of its calls.
    pub(super) steps: Vec<BTreeMap<usize, String>>,
    /// For each further recording the calls that are not to become steps.
    given_up: Vec<BTreeSet<usize>>,
    /// The ids that are taken.
    pub(super) ids: BTreeSet<String>,
    /// The steps that not all recordings have, and under which condition they run.
    conditional: BTreeMap<String, Option<String>>,
    /// The inputs that were added, with the words of their keys.
    inputs: BTreeMap<String, Vec<String>>,
}

/// Puts into the draft what only further recordings do. `branches` are the steps of the one that is followed that not
/// all have.
pub(in crate::bound) fn graft<'w>(
    session: &'w Session,
    (document, spots): (&mut Document, &mut [Spot]),
    kept: &[Kept<'w>],
    decisions: &Decisions<'_>,
    witnesses: &[Witness<'w>],
    branches: &mut [Branch],
    answers: Answered<'_>,
) -> Grafts<'w> {
    let mut grafts = Grafts::default();
    // How often a loop goes is no other way.
    if decisions.cycles.len() + decisions.pages.len() > 0 {
        return grafts;
    }
    let mut ids = BTreeSet::new();
    taken_ids(&document.steps, &mut ids);
    let steps = witnesses.iter().map(|witness| {
        let all = kept.iter().zip(&witness.counterparts);
        all.filter_map(|(one, other)| Some(((*other)?, one.step.clone())))
            .collect()
    });
    let mut grafter = Grafter {
        session,
        kept,
        witnesses,
        answers,
        steps: steps.collect(),
        given_up: vec![BTreeSet::new(); witnesses.len()],
        ids,
        conditional: branches
            .iter()
            .filter_map(|branch| {
                let one = kept.get(branch.call)?;
                Some((one.step.clone(), branch.taken.clone()))
            })
            .collect(),
        inputs: BTreeMap::new(),
    };
    for witness in 0..witnesses.len() {
        let new = grafter.new_in(witness);
        if let Some(view) = grafter.view(witness, &new) {
            let into = (&mut *document, &mut *spots);
            let made = grafter.take(view, &new, into, decisions, branches);
            grafts.all.extend(made.0);
            grafts.left.extend(made.1);
        }
    }
    let places: BTreeMap<&str, usize> = document
        .steps
        .iter()
        .enumerate()
        .map(|(at, step)| (step.id.as_str(), at))
        .collect();
    for graft in &mut grafts.all {
        for (call, (one, spot)) in graft.kept.iter().zip(&mut graft.spots).enumerate() {
            if let Some(at) = places.get(one.step.as_str()) {
                *spot = Spot::of(*at);
                graft.present.insert(call);
            }
        }
    }
    grafts
}

fn taken_ids(steps: &[Step], ids: &mut BTreeSet<String>) {
    for step in steps {
        ids.insert(step.id.clone());
        taken_ids(&step.steps, ids);
    }
}

/// A name that is not taken.
pub(super) fn free(base: &str, ids: &BTreeSet<String>) -> String {
    let mut id = base.to_owned();
    let mut number = 2;
    while ids.contains(&id) {
        id = format!("{base}_{number}");
        number += 1;
    }
    id
}

impl<'w> Grafter<'_, 'w> {
    /// The changes of a further recording that are no step of the draft yet. One more of what is done right before or
    /// after it is no other way: there was more of the same.
    fn new_in(&self, witness: usize) -> BTreeSet<usize> {
        let (Some(one), Some(steps), Some(given_up)) = (
            self.witnesses.get(witness),
            self.steps.get(witness),
            self.given_up.get(witness),
        ) else {
            return BTreeSet::new();
        };
        let tool = |call: &usize| one.kept.get(*call).map(|kept| kept.call.name.as_str());
        let is_new = |call: usize, kept: &Kept<'_>| {
            let before = steps.range(..call).next_back().and_then(|(at, _)| tool(at));
            let after = steps.range(call..).next().and_then(|(at, _)| tool(at));
            let own = Some(kept.call.name.as_str());
            kept.changes()
                && crate::prune::succeeded(kept.call)
                && !kept.tolerated
                && !steps.contains_key(&call)
                && !given_up.contains(&call)
                && before != own
                && after != own
        };
        one.kept
            .iter()
            .enumerate()
            .filter(|(call, kept)| is_new(*call, kept))
            .map(|(call, _)| call)
            .collect()
    }

    /// Takes the steps that are new in a further recording into the draft, as far as they can be.
    fn take(
        &mut self,
        view: View<'w>,
        new: &BTreeSet<usize>,
        (document, spots): (&mut Document, &mut [Spot]),
        decisions: &Decisions<'_>,
        branches: &mut [Branch],
    ) -> (Option<Graft<'w>>, Vec<Left>) {
        let recording = self
            .witnesses
            .get(view.witness)
            .map(|witness| name_of(witness.session))
            .unwrap_or_default();
        let aligned = Aligned {
            kept: &view.kept,
            witnesses: &view.others,
            own: view.witness + 1,
            others: view.numbers.clone(),
        };
        let mut taken: BTreeMap<usize, Branch> = BTreeMap::new();
        let mut left = Vec::new();
        for call in new {
            let (Some(one), Some(mut branch)) = (view.kept.get(*call), aligned.branch(*call))
            else {
                continue;
            };
            // What is done in its place has one condition with it.
            let half = branches.iter().position(|other| {
                other.is_other_half(&branch) && self.kept.get(other.call).is_some_and(Kept::changes)
            });
            let given = self.answers.given;
            match half.and_then(|at| branches.get_mut(at)) {
                Some(other) => branch.follow(other),
                None if taken.values().any(|other| branch.go_with(other, given)) => {}
                None => branch.take(given, NEVER, &view.unshown),
            }
            let reads = match &branch.taken {
                Some(_) => self.reads(&view, *call, &branch, &taken, &aligned, decisions),
                None => Err(None),
            };
            // What could not be built is not done under the other's condition either.
            if reads.is_err() {
                branch.taken = None;
            }
            for other in branches.iter_mut() {
                if other.recordings.is_disjoint(&branch.recordings)
                    && let Some(step) = self.kept.get(other.call).filter(|kept| kept.changes())
                {
                    branch.beside(&step.step, other);
                    other.beside(&one.step, &branch);
                }
            }
            match reads {
                Ok(reads) => {
                    for read in reads {
                        if let Some(mut look) = aligned.branch(read) {
                            look.taken.clone_from(&branch.taken);
                            taken.insert(read, look);
                        }
                    }
                    taken.insert(*call, branch);
                }
                Err(why) => {
                    self.give_up(&view, *call);
                    left.push(Left {
                        step: one.step.clone(),
                        branch,
                        recording: recording.clone(),
                        call: one.call.id.clone(),
                        why,
                        is_asked: half.is_some(),
                    });
                }
            }
        }
        drop(aligned);
        if taken.is_empty() {
            return (None, left);
        }
        let graft = self.insert(view, taken, (document, spots), decisions, recording);
        (Some(graft), left)
    }

    /// Notes that a call and what is the same step in other recordings becomes no step.
    fn give_up(&mut self, view: &View<'_>, call: usize) {
        for (other, number) in view.others.iter().zip(&view.numbers) {
            let there = other.counterparts.get(call).copied().flatten();
            let at = number.checked_sub(1);
            if let Some(there) = there
                && let Some(all) = at.and_then(|at| self.given_up.get_mut(at))
            {
                all.insert(there);
            }
        }
    }

    /// The looks that a step needs besides, and that are no steps of the draft yet. What it reads has to be certain
    /// where it runs; the reason where it is not.
    fn reads(
        &self,
        view: &View<'_>,
        call: usize,
        branch: &Branch,
        taken: &BTreeMap<usize, Branch>,
        aligned: &Aligned<'_, '_>,
        decisions: &Decisions<'_>,
    ) -> Result<BTreeSet<usize>, Option<String>> {
        let mut more = BTreeSet::new();
        let mut open = vec![call];
        while let Some(at) = open.pop() {
            let (steps, inputs) = view.read_by(at);
            for name in &inputs {
                self.input(view, name, decisions)?;
            }
            for name in steps {
                if let Some(condition) = self.conditional.get(&name) {
                    if condition.is_some() && *condition != branch.taken {
                        return Err(Some(format!(
                            "it reads what `{name}` gives, which other runs do not have"
                        )));
                    }
                    continue;
                }
                if self.ids.contains(&name) {
                    continue;
                }
                let source = view.kept.iter().position(|one| one.step == name);
                let Some(source) = source.filter(|source| *source < at) else {
                    return Err(Some(format!("it reads what `{name}` gives")));
                };
                if let Some(other) = taken.get(&source) {
                    if other.taken != branch.taken {
                        return Err(Some(format!(
                            "it reads what `{name}` gives, which other runs do not have"
                        )));
                    }
                    continue;
                }
                if more.contains(&source) {
                    continue;
                }
                let looks = view
                    .kept
                    .get(source)
                    .is_some_and(|one| one.is_harmless() && crate::prune::succeeded(one.call));
                let parted = aligned.branch(source).is_some_and(|other| {
                    other.recordings == branch.recordings
                        && other
                            .choices()
                            .any(|choice| Some(choice) == branch.taken.as_deref())
                });
                if !looks || !parted {
                    return Err(Some(format!(
                        "it reads what `{name}` gives, which is no step of the draft"
                    )));
                }
                more.insert(source);
                open.push(source);
            }
        }
        Ok(more)
    }

    /// The declaration of an input that the draft does not have yet.
    fn input(
        &self,
        view: &View<'_>,
        name: &str,
        decisions: &Decisions<'_>,
    ) -> Result<Option<Value>, Option<String>> {
        let own = view.decisions.inputs.named(name);
        let Some(own) = own else {
            return Err(Some(format!("its input `{name}` is not known")));
        };
        let another = || {
            Err(Some(format!(
                "its input `{name}` is another one than that of the draft"
            )))
        };
        match decisions.inputs.named(name) {
            None => match self.inputs.get(name) {
                Some(words) if *words != own.key.full() => another(),
                _ => Ok(view.document.inputs.get(name).cloned()),
            },
            Some(known) => {
                let there = view.decisions.witnessed.first();
                let shown = there.and_then(|inputs| inputs.get(name));
                let same = known.key.full() == own.key.full()
                    && shown.is_none_or(|value| *value == known.value);
                match same {
                    true => Ok(None),
                    false => another(),
                }
            }
        }
    }

    /// Puts the steps into the draft, each before the next step that both have.
    fn insert(
        &mut self,
        view: View<'w>,
        taken: BTreeMap<usize, Branch>,
        (document, spots): (&mut Document, &mut [Spot]),
        decisions: &Decisions<'_>,
        recording: String,
    ) -> Graft<'w> {
        let mut gates = BTreeMap::new();
        let mut inputs = BTreeSet::new();
        for call in taken.keys() {
            let (Some(one), Some(spot)) = (view.kept.get(*call), view.spots.get(*call)) else {
                continue;
            };
            for name in view.read_by(*call).1 {
                if let Ok(Some(schema)) = self.input(&view, &name, decisions)
                    && !document.inputs.contains_key(&name)
                {
                    document.inputs.insert(name.clone(), schema);
                    let own = view.decisions.inputs.named(&name);
                    let words = own.map(|one| one.key.full()).unwrap_or_default();
                    self.inputs.insert(name.clone(), words);
                    inputs.insert(name);
                }
            }
            let mut steps = Vec::new();
            if let Some(gate) = view.gate_before(*call) {
                let id = free(&format!("approve_{}", one.step), &self.ids);
                self.ids.insert(id.clone());
                gates.insert(*call, id.clone());
                steps.push(Step { id, ..gate.clone() });
            }
            if let Some(step) = view.document.steps.get(spot.step) {
                let mut step = step.clone();
                let origin = json!({ "recording": recording, "call": one.call.id });
                step.metadata.insert("recorded_in".to_owned(), origin);
                steps.push(step);
            }
            let at = self.place(&view, *call, document);
            let count = steps.len();
            document.steps.splice(at..at, steps);
            for spot in spots.iter_mut().filter(|spot| spot.step >= at) {
                spot.step += count;
            }
            self.ids.insert(one.step.clone());
            if let Some(branch) = taken.get(call) {
                self.conditional
                    .insert(one.step.clone(), branch.taken.clone());
            }
            if let Some(known) = self.steps.get_mut(view.witness) {
                known.insert(*call, one.step.clone());
            }
            for (other, number) in view.others.iter().zip(&view.numbers) {
                if let Some(there) = other.counterparts.get(*call).copied().flatten()
                    && let Some(at) = number.checked_sub(1)
                    && let Some(known) = self.steps.get_mut(at)
                {
                    known.insert(there, one.step.clone());
                }
            }
        }
        note(document, &view, &taken, &recording);
        Graft {
            witness: view.witness,
            spots: vec![Spot::of(0); view.kept.len()],
            own: taken.keys().copied().collect(),
            gated: gates.keys().copied().collect(),
            present: BTreeSet::new(),
            covered: BTreeSet::new(),
            branches: taken.into_values().collect(),
            kept: view.kept,
            decisions: view.decisions,
            others: view.others,
            numbers: view.numbers,
            unshown: view.unshown,
            figures: view.figures,
            inputs,
            gates,
            recording,
        }
    }

    /// Where in the document's list a new step belongs: before the next one that is in the draft, and its gate.
    fn place(&self, view: &View<'_>, call: usize, document: &Document) -> usize {
        let known = self.steps.get(view.witness);
        let next = known.into_iter().flat_map(|known| known.range(call + 1..));
        let at = next
            .filter_map(|(_, name)| document.steps.iter().position(|step| step.id == *name))
            .next();
        let is_gate = |at: usize| {
            let step = document.steps.get(at);
            step.is_some_and(|step| step.action.as_deref() == Some("approval_gate"))
        };
        match at {
            Some(at) if at > 0 && is_gate(at - 1) => at - 1,
            Some(at) => at,
            None => document.steps.len(),
        }
    }
}

/// Writes down which recording and call each of the steps comes from.
fn note(
    document: &mut Document,
    view: &View<'_>,
    taken: &BTreeMap<usize, Branch>,
    recording: &str,
) {
    let Some(Value::Object(made)) = document.metadata.get_mut("crystallized") else {
        return;
    };
    let calls: Map<String, Value> = taken
        .keys()
        .filter_map(|call| view.kept.get(*call))
        .map(|one| (one.step.clone(), one.call.id.clone().into()))
        .collect();
    let further = made
        .entry("further")
        .or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(all) = further {
        all.push(json!({ "recording": recording, "calls": calls }));
    }
}
