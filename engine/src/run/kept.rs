//! What a new run keeps of an ended one, so that what succeeded does not run again.
//!
//! Of the document's steps those are kept that succeeded and come after none that runs again. What was
//! skipped because of what came before it is skipped again, and is nothing that runs again. A loop that
//! did not succeed, and comes after none that runs again, keeps its passes that succeeded; of its
//! other passes it keeps the steps by the same rule. A pass counts only for an equal item.
//!
//! An approval is kept only for what it was given for: with another version its gate asks anew, and so it
//! does when a step directly behind it works with something that runs again, or when a step behind it starts
//! another automation once more: which version that is then is said anew.
//!
//! A `repeat` goes on with the pass that it failed in, or with the one it would have made next: numbers
//! go on too, so that no pass has the idempotency keys of another.
//!
//! A step that was tried and not done keeps its idempotency key only where it asks for the same.
//!
//! A step that was undone counts as one that did not succeed, and so does one of which nobody knows whether it was
//! undone, unless a person says that its result is kept. It runs again with another idempotency key:
//! with the old one the other side would take it for a repetition of what was taken back.

use super::Run;
use super::child::started_behind;
use super::looping::{LoopState, digest};
use super::scope::{Place, TOP};
use super::state::{AttemptState, State};
use super::{decide::GIVEN_UP, retry};
use crate::event::{RunEvent, SkipReason, Status, StepPath};
use crate::json::canonical;
use crate::plan::{ActionKind, LoopPlan, Plan, Times};
use crate::{Artifact, Digest, Json, RunId};
use std::collections::{BTreeMap, BTreeSet};

/// A result of an earlier run.
#[derive(Debug, Clone, PartialEq)]
pub enum Kept {
    /// Of a step.
    Step {
        /// The step.
        step: StepPath,
        /// Its output there.
        output: Json,
        /// The earlier run.
        from: RunId,
    },
    /// Of a pass of a loop.
    Pass {
        /// The pass (`each_invoice[3]`).
        step: StepPath,
        /// Digest of its item.
        item: Digest,
        /// What it gave; none when only steps of it are kept.
        output: Option<Json>,
        /// Whether `until` held after it.
        done: bool,
        /// The earlier run.
        from: RunId,
    },
    /// That a step was undone: it runs again, with another key.
    Undone {
        /// The step.
        step: StepPath,
        /// The earlier run.
        from: RunId,
    },
    /// That a step was tried and not done: it runs again, with another key where it asks for something else.
    Asked {
        /// The step.
        step: StepPath,
        /// The run whose work it is then.
        from: RunId,
        /// What it asked for, as [`super::asked`] gives it.
        asked: Digest,
    },
    /// A file that belongs to a result that is kept.
    Artifact {
        /// The step.
        step: StepPath,
        /// The file.
        artifact: Artifact,
        /// The earlier run.
        from: RunId,
    },
    /// That a step had run again because a gate was sent back: what it does now goes on from there.
    SentBack {
        /// The step.
        step: StepPath,
        /// The number of the last turning back that made it run again.
        turn: u32,
        /// How often it was sent back, being a gate.
        times: u32,
        /// What the reviewer said, where this gate was sent back last in its list.
        review: Option<Json>,
    },
}

impl Kept {
    pub(super) fn into_event(self) -> RunEvent {
        match self {
            Self::Step { step, output, from } => RunEvent::StepKept { step, output, from },
            Self::Undone { step, from } => RunEvent::DoneBefore { step, from },
            Self::Asked { step, from, asked } => RunEvent::AskedBefore { step, from, asked },
            Self::SentBack {
                step,
                turn,
                times,
                review,
            } => RunEvent::SentBackBefore {
                step,
                turn,
                times,
                review,
            },
            Self::Artifact {
                step,
                artifact,
                from,
            } => RunEvent::ArtifactKept {
                step,
                artifact,
                from: Some(from),
            },
            Self::Pass {
                step,
                item,
                output,
                done,
                from,
            } => RunEvent::PassKept {
                step,
                item,
                output,
                done,
                from,
            },
        }
    }
}

/// Results for passes that have not begun yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Keep {
    /// How many results are still to come before anything begins.
    pub(super) awaited: u32,
    passes: BTreeMap<StepPath, KeptPass>,
    steps: BTreeMap<StepPath, (Json, RunId)>,
    /// Steps that were undone, with the run that did so last.
    undone: BTreeMap<StepPath, RunId>,
    /// What steps asked for that were not done, with the run whose work they are where they ask for
    /// something else.
    asked: BTreeMap<StepPath, (RunId, Digest)>,
    /// Steps that ran again because a gate was sent back.
    pub(super) reviewed: BTreeMap<StepPath, Reviewed>,
    /// How often the earlier runs had turned back.
    pub(super) turns: u32,
}

/// How often a step had run again because of a review.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reviewed {
    pub(super) turn: u32,
    pub(super) times: u32,
    pub(super) review: Option<Json>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct KeptPass {
    item: Digest,
    pub(super) output: Option<Json>,
    pub(super) done: bool,
    pub(super) from: RunId,
}

impl Keep {
    pub(super) fn add_pass(
        &mut self,
        path: StepPath,
        item: Digest,
        output: Option<Json>,
        done: bool,
        from: RunId,
    ) {
        let kept = KeptPass {
            item,
            output,
            done,
            from,
        };
        self.passes.insert(path, kept);
    }

    pub(super) fn add_step(&mut self, path: StepPath, output: Json, from: RunId) {
        self.steps.insert(path, (output, from));
    }

    pub(super) fn add_undone(&mut self, path: StepPath, from: RunId) {
        self.undone.insert(path, from);
    }

    pub(super) fn add_asked(&mut self, path: StepPath, from: RunId, asked: Digest) {
        self.asked.insert(path, (from, asked));
    }

    /// The run whose work a step is that asks for this: none for the first one of the chain. What it asks for is only
    /// worked out where an earlier run has done that step.
    pub(super) fn work_of(
        &self,
        path: &StepPath,
        asked: impl FnOnce() -> Option<Digest>,
    ) -> Option<RunId> {
        let other = self
            .asked
            .get(path)
            .filter(|(_, known)| asked().as_ref() != Some(known));
        let other = other.map(|(from, _)| *from);
        other.or_else(|| self.undone.get(path).copied())
    }

    pub(super) fn has_pass(&self, path: &StepPath) -> bool {
        self.passes.contains_key(path)
    }

    pub(super) fn has_step(&self, path: &StepPath) -> bool {
        self.steps.contains_key(path)
    }

    /// The number of the pass that a `repeat` goes on with: the last one that is known, for the one before it
    /// may be, too, with what it handed on.
    pub(super) fn first_pass(&self, of: &StepPath) -> Option<u32> {
        let begin = StepPath(format!("{of}[").into());
        let own = self
            .passes
            .range(begin.clone()..)
            .map_while(|(path, _)| path.0.strip_prefix(&*begin.0));
        own.filter_map(|rest| rest.strip_suffix(']')?.parse().ok())
            .max()
    }

    /// What the pass before this one handed on.
    pub(super) fn handed_on(&mut self, of: &StepPath, number: u32) -> Option<Json> {
        let before = of.pass(number.checked_sub(1)?);
        self.passes.remove(&before)?.output
    }

    /// What was kept of a pass, if it had this item.
    pub(super) fn take(&mut self, path: &StepPath, item: &Json) -> Option<KeptPass> {
        let kept = self.passes.remove(path)?;
        if kept.item == digest(item) {
            return Some(kept);
        }
        // What was kept of the steps inside goes with it.
        let begin = StepPath(format!("{path}.").into());
        drop_inside(&mut self.steps, &begin);
        drop_inside(&mut self.passes, &begin);
        None
    }

    pub(super) fn take_step(&mut self, path: &StepPath) -> Option<(Json, RunId)> {
        self.steps.remove(path)
    }
}

/// Removes what stands under keys that begin with a text.
fn drop_inside<V>(map: &mut BTreeMap<StepPath, V>, begin: &StepPath) {
    let inside: Vec<StepPath> = map
        .range(begin.clone()..)
        .map(|(path, _)| path)
        .take_while(|path| path.0.starts_with(&*begin.0))
        .cloned()
        .collect();
    for path in inside {
        map.remove(&path);
    }
}

impl Run {
    /// What a run of this plan keeps that begins anew from this one, whose inputs are the same: all but
    /// the steps that did not succeed, or all but the step `from`, and what comes after these. With
    /// `from` a loop of which passes failed, these run again; else all of its passes do.
    ///
    /// None when the plan has no step `from`.
    pub fn kept(&self, plan: &Plan, from: Option<&str>) -> Option<Vec<Kept>> {
        self.kept_with(plan, from, &BTreeSet::new())
    }

    /// As [`Run::kept`]; of these steps nobody knows whether they were undone, and a person says that they were not.
    pub fn kept_with(
        &self,
        plan: &Plan,
        from: Option<&str>,
        keep: &BTreeSet<StepPath>,
    ) -> Option<Vec<Kept>> {
        let chosen = match from {
            Some(id) => Some(plan.step(id)?),
            None => None,
        };
        let mut found = Found {
            run: self,
            plan,
            keep,
            kept: Vec::new(),
        };
        let earlier = self.state.keep.undone.iter();
        let mut undone: BTreeMap<StepPath, RunId> =
            earlier.map(|(step, from)| (step.clone(), *from)).collect();
        for (step, (from, asked)) in &self.state.keep.asked {
            let place = self.state.place_of_step(&self.plan, step);
            let here = place.and_then(|place| asked_at(&self.state, &self.plan, place));
            if here.as_ref().is_some_and(|here| here != asked) {
                undone.insert(step.clone(), *from);
            } else if here.is_none() {
                // It never came to it: what was asked before still counts.
                found.kept.push(Kept::Asked {
                    step: step.clone(),
                    from: *from,
                    asked: asked.clone(),
                });
            }
        }
        for (scope, inner) in self.state.scopes.iter() {
            for step in 0..inner.steps.len() {
                let place = Place { scope, step };
                if found.undone(place) {
                    undone.insert(self.state.path(&self.plan, place), self.id());
                }
            }
        }
        for (step, from) in undone {
            found.kept.push(Kept::Undone { step, from });
        }
        found.kept.extend(self.state.reviewed(&self.plan));
        found.list(TOP, 0, chosen);
        Some(found.kept)
    }
}

/// Whether what a step did was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// It was.
    Yes,
    /// What takes it back has begun, and nobody knows whether it did.
    Unknown,
}

impl Run {
    /// Whether what a step did was taken back; nothing where it is known that it was not.
    pub fn undone(&self, step: &StepPath) -> Option<Undone> {
        let place = self.state.place_of_step(&self.plan, step)?;
        self.state.undone(&self.plan, place)
    }
}

impl State {
    fn undone(&self, plan: &Plan, place: Place) -> Option<Undone> {
        let scope = self.step(place).undo?;
        let undo = Place { scope, step: 0 };
        match self.status(undo) {
            Status::Succeeded => return Some(Undone::Yes),
            Status::Skipped => return None,
            _ => {}
        }
        // A person has found out that it did not happen.
        let error = self.value(undo).error.as_ref();
        if error.is_some_and(|failure| failure.code == GIVEN_UP) {
            return None;
        }
        let planned = self.planned(plan, undo);
        let open = |attempt: &AttemptState| {
            attempt.failure.as_deref().is_none_or(|failure| {
                retry::leaves_open(failure) || retry::was_lost(planned, failure)
            })
        };
        let attempts = &self.step(undo).attempts;
        attempts.iter().any(open).then_some(Undone::Unknown)
    }
}

/// What a step asks for: its action and its rendered configuration.
pub fn asked(kind: ActionKind, input: &Json) -> Digest {
    let mut text = kind.name().to_owned();
    text.push(' ');
    text.push_str(&canonical(input.value()));
    Digest::of(text.as_bytes())
}

/// What a step has asked for, where it did.
pub(super) fn asked_at(state: &State, plan: &Plan, place: Place) -> Option<Digest> {
    let input = state.step(place).input.as_ref()?;
    let kind = state.planned(plan, place).work.kind()?;
    Some(asked(kind, input))
}

/// A walk over what a run knows, along the steps of a plan.
struct Found<'a> {
    run: &'a Run,
    plan: &'a Plan,
    /// Steps that were not undone, as a person says.
    keep: &'a BTreeSet<StepPath>,
    kept: Vec<Kept>,
}

impl Found<'_> {
    /// The steps of a scope of the run, by a list of the plan.
    fn list(&mut self, scope: usize, block: usize, chosen: Option<usize>) {
        let mut asked = BTreeSet::new();
        let again = loop {
            let again = self.again(scope, block, chosen, &asked);
            let before = asked.len();
            asked.extend(self.asked_anew(block, &again));
            if asked.len() == before {
                break again;
            }
        };
        let state = &self.run.state;
        let known = state.scopes[scope].list(&self.run.plan);
        for (index, step) in self.plan.blocks[block].steps.iter().enumerate() {
            let place = known.step(&step.id).map(|step| Place { scope, step });
            let Some(place) = place else {
                continue;
            };
            let succeeded = state.status(place) == Status::Succeeded && !self.undone_in(place);
            if !again.contains(&index) {
                if succeeded {
                    self.kept.push(Kept::Step {
                        step: state.path(&self.run.plan, place),
                        output: state.value(place).output.clone().unwrap_or_default(),
                        from: self.run.id(),
                    });
                }
                // What was skipped is decided anew and, all before it being the same, skipped again.
                continue;
            }
            let old = state.step(place);
            if !step.needs.iter().any(|need| again.contains(&need.step))
                && let (Some(old), Some(new)) = (&old.looped, step.work.looped())
                && (!succeeded || old.failed > 0)
            {
                let path = state.path(&self.run.plan, place);
                self.passes(old, &path, new);
            }
        }
    }

    /// Whether what a step did was taken back, or may have been.
    fn undone(&self, place: Place) -> bool {
        match self.run.state.undone(&self.run.plan, place) {
            Some(Undone::Yes) => true,
            Some(Undone::Unknown) => !self
                .keep
                .contains(&self.run.state.path(&self.run.plan, place)),
            None => false,
        }
    }

    /// Whether that is so of a step, or of one inside of a loop.
    fn undone_in(&self, place: Place) -> bool {
        let looped = self.run.state.step(place).looped.iter();
        let mut scopes = looped.flat_map(|l| l.passes.values().filter_map(|pass| pass.scope));
        self.undone(place) || scopes.any(|scope| self.undone_in_scope(scope))
    }

    fn undone_in_scope(&self, scope: usize) -> bool {
        let steps = 0..self.run.state.scopes[scope].steps.len();
        steps
            .into_iter()
            .any(|step| self.undone_in(Place { scope, step }))
    }

    /// The steps of a list that run again; among them these gates.
    fn again(
        &self,
        scope: usize,
        block: usize,
        chosen: Option<usize>,
        asked: &BTreeSet<usize>,
    ) -> BTreeSet<usize> {
        let state = &self.run.state;
        let known = state.scopes[scope].list(&self.run.plan);
        let mut again = asked.clone();
        for (index, step) in self.plan.blocks[block].steps.iter().enumerate() {
            let place = known.step(&step.id).map(|step| Place { scope, step });
            let stays = place.is_some_and(|place| {
                let ended_early = state.step(place).skip.as_deref() == Some(&SkipReason::RunEnding);
                match state.status(place) {
                    Status::Succeeded => !self.undone_in(place),
                    Status::Skipped => !ended_early,
                    _ => false,
                }
            });
            let behind = step.needs.iter().any(|need| again.contains(&need.step));
            if behind || !stays || chosen == Some(index) {
                again.insert(index);
            }
        }
        again
    }

    /// The gates whose approval cannot be kept: it was given for another version, a step that it let through
    /// works with something that runs again, or one starts the active version of another automation.
    fn asked_anew(&self, block: usize, again: &BTreeSet<usize>) -> Vec<usize> {
        let other = self.plan.digest() != self.run.plan.digest();
        let steps = &self.plan.blocks[block].steps;
        let gates = steps.iter().enumerate();
        let gates = gates.filter(|(index, step)| {
            let reads_anew = || {
                step.dependants.iter().any(|next| {
                    let mut needs = steps[*next].needs.iter();
                    needs.any(|need| need.step != *index && again.contains(&need.step))
                })
            };
            let starts_anew = || {
                let again = |step| again.contains(&step);
                let all = started_behind(self.plan, steps, *index, again);
                all.iter().any(|target| target.version.is_none())
            };
            step.work.kind() == Some(ActionKind::ApprovalGate)
                && (other || reads_anew() || starts_anew())
        });
        gates.map(|(index, _)| index).collect()
    }

    fn passes(&mut self, old: &LoopState, path: &StepPath, new: &LoopPlan) {
        let repeat = matches!(new.times, Times::Repeat(_));
        if old.is_repeat() != repeat {
            return;
        }
        let body = new.body;
        if repeat {
            let mut scopes = old.passes.values().filter_map(|pass| pass.scope);
            if scopes.any(|scope| self.undone_in_scope(scope)) {
                // It begins again at its first pass.
                return;
            }
            let last = old.passes.iter().next_back();
            let (number, scope) = match last {
                Some((number, pass)) if pass.status != Status::Succeeded => (number, pass.scope),
                _ => (old.next, None),
            };
            if let (Some(previous), Some(before)) = (&old.previous, number.checked_sub(1)) {
                self.pass(
                    old,
                    &path.pass(before),
                    before,
                    Some(previous.clone()),
                    false,
                );
            }
            self.pass(old, &path.pass(number), number, None, false);
            if let Some(scope) = scope {
                self.list(scope, body, None);
            }
            return;
        }
        for (number, pass) in old.passes.iter() {
            let path = path.pass(number);
            let undone = pass.scope.is_some_and(|scope| self.undone_in_scope(scope));
            if pass.status == Status::Succeeded && !undone {
                let output = pass.output.clone().unwrap_or_default();
                self.pass(old, &path, number, Some(output), pass.done);
            } else if let Some(scope) = pass.scope {
                self.pass(old, &path, number, None, false);
                self.list(scope, body, None);
            }
        }
    }

    fn pass(
        &mut self,
        old: &LoopState,
        path: &StepPath,
        number: u32,
        output: Option<Json>,
        done: bool,
    ) {
        self.kept.push(Kept::Pass {
            step: path.clone(),
            item: digest(&old.item(number)),
            output,
            done,
            from: self.run.id(),
        });
    }
}
