//! Turning back: steps that were over run again, because a gate was sent back or what it let through has
//! changed.

use super::kept::{Kept, Reviewed};
use super::scope::{Owner, Place, Scope};
use super::state::{Phase, State, StepState, Trouble};
use super::{GateStatus, changes};
use crate::event::{Change, Decision, Status, StepPath};
use crate::expression::{REVIEW, StepValue};
use crate::plan::Plan;
#[cfg(test)]
use crate::testing::{Bug, planted};
use crate::{Json, Timestamp};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

impl State {
    /// A person sent a gate back.
    pub(super) fn sent_back(
        &mut self,
        plan: &Plan,
        place: Place,
        decision: &Decision,
        at: Timestamp,
    ) {
        let back = self.planned(plan, place).gate.as_ref();
        let again = back.and_then(|gate| Some(gate.send_back.as_ref()?.again.clone()));
        let times = self.step(place).sent_back.saturating_add(1);
        let review = json!({
            "step": self.path(plan, place),
            "by": decision.by,
            "comment": decision.comment,
            "fields": decision.fields,
            "round": times,
        });
        if let Some(gate) = &mut self.step_mut(place).gate {
            gate.decisions.push(decision.clone());
        }
        self.turn_back(
            plan,
            place,
            again.unwrap_or_default(),
            GateStatus::SentBack,
            at,
        );
        self.step_mut(place).sent_back = times;
        self.scopes[place.scope].turned = true;
        self.set_review(place.scope, review.into());
    }

    /// What expressions of a list see under `review`.
    fn set_review(&mut self, scope: usize, review: Json) {
        let locals = &mut Arc::make_mut(&mut self.scopes[scope].frame).locals;
        locals.retain(|(name, _)| &**name != REVIEW);
        locals.push((REVIEW.into(), review));
    }

    /// The steps that ran again because a gate was sent back, for a run that goes on from here. A step in a
    /// pass is told only where it ran again after its loop did.
    pub(super) fn reviewed(&self, plan: &Plan) -> Vec<Kept> {
        let mut found = Vec::new();
        for (scope, inner) in self.scopes.iter() {
            let around = match inner.owner {
                Owner::Run => 0,
                Owner::Pass { of, .. } => self.step(of).round,
                // These begin anew.
                Owner::Handlers(_) | Owner::Undo { .. } | Owner::Probe { .. } => continue,
            };
            let locals = inner.frame.locals.iter();
            let review = locals.rev().find(|(name, _)| &**name == REVIEW);
            for (step, known) in inner.steps.iter().enumerate() {
                if known.round <= around {
                    continue;
                }
                let path = self.path(plan, Place { scope, step });
                let review = review.filter(|(_, said)| said.value()["step"] == *path.0);
                found.push(Kept::SentBack {
                    step: path,
                    turn: known.round,
                    times: known.sent_back,
                    review: review.map(|(_, said)| said.clone()),
                });
            }
        }
        // What never came to its pass here still counts.
        let later = self.keep.reviewed.iter();
        found.extend(later.map(|(step, known)| Kept::SentBack {
            step: step.clone(),
            turn: known.turn,
            times: known.times,
            review: known.review.clone(),
        }));
        found
    }

    /// An earlier run has run a step again because a gate was sent back.
    pub(super) fn sent_back_before(
        &mut self,
        plan: &Plan,
        path: StepPath,
        turn: u32,
        times: u32,
        review: Option<&Json>,
    ) {
        #[cfg(test)]
        let turn = match planted(Bug::TurnsForgotten) {
            true => 0,
            false => turn,
        };
        self.keep.turns = self.keep.turns.max(turn);
        if let Some(place) = self.place_of_step(plan, &path) {
            self.go_on_from(place, turn, times, review);
            return;
        }
        let review = review.cloned();
        self.keep.reviewed.insert(
            path,
            Reviewed {
                turn,
                times,
                review,
            },
        );
    }

    /// A pass begins: its steps go on from what earlier runs did there. What a reviewer said counts only for an
    /// equal item.
    pub(super) fn review_pass(&mut self, plan: &Plan, scope: usize, equal: bool) {
        if self.keep.reviewed.is_empty() {
            return;
        }
        for step in 0..self.scopes[scope].steps.len() {
            let place = Place { scope, step };
            let path = self.path(plan, place);
            let Some(known) = self.keep.reviewed.remove(&path) else {
                continue;
            };
            let (times, review) = match equal {
                true => (known.times, known.review.as_ref()),
                false => (0, None),
            };
            self.go_on_from(place, known.turn, times, review);
        }
    }

    fn go_on_from(&mut self, place: Place, turn: u32, times: u32, review: Option<&Json>) {
        let step = self.step_mut(place);
        step.round = step.round.max(turn);
        step.sent_back = times;
        if let Some(review) = review {
            self.set_review(place.scope, review.clone());
        }
    }

    /// What a gate asked about, or let through, is not so any more.
    pub(super) fn voided(&mut self, plan: &Plan, place: Place, changes: &[Change], at: Timestamp) {
        let id = self
            .step(place)
            .gate
            .as_ref()
            .map(|gate| gate.request.approval);
        let times = self.step(place).sent_back;
        self.turn_back(plan, place, Vec::new(), GateStatus::Void, at);
        self.step_mut(place).sent_back = times;
        if let Some(gate) = id.and_then(|id| self.closed.get_mut(&id)) {
            gate.changes = changes.to_vec();
        }
    }

    fn turn_back(
        &mut self,
        plan: &Plan,
        place: Place,
        steps: Vec<usize>,
        status: GateStatus,
        at: Timestamp,
    ) {
        self.rounds = self.rounds.saturating_add(1);
        if let Some(gate) = &mut self.step_mut(place).gate {
            gate.status = status;
        }
        self.step_mut(place).finished_at = Some(at);
        for step in steps {
            self.run_again(plan, Place { step, ..place });
        }
        self.run_again(plan, place);
        self.recount(plan, place.scope);
    }

    /// A step is as if it had never run, but for what is kept of its gates.
    fn run_again(&mut self, plan: &Plan, place: Place) {
        if self.step(place).phase == Phase::Over {
            self.scopes[place.scope].open += 1;
            self.over.remove(&place.scope);
        }
        self.close_gates(plan, place);
        self.enter(place, Phase::Queued, Status::Queued);
        let passes = self.step_mut(place).looped.take();
        let passes = passes.iter().flat_map(|looped| looped.passes.values());
        for scope in passes.filter_map(|pass| pass.scope).collect::<Vec<_>>() {
            self.forget_scope(plan, scope);
        }
        self.forget_probe(plan, place);
        let round = self.keep.turns.saturating_add(self.rounds);
        let sent_back = self.step(place).sent_back;
        *self.step_mut(place) = StepState {
            round,
            sent_back,
            ..StepState::new(0)
        };
        *self.scopes[place.scope].value_mut(place.step) = StepValue::default();
    }

    /// Keeps what is known of a step's gate, which is about to be forgotten.
    fn close_gates(&mut self, plan: &Plan, place: Place) {
        if let Some(view) = self.approval_at(plan, place) {
            self.approvals.remove(&view.request.approval);
            self.closed.insert(view.request.approval, view);
        }
    }

    /// Forgets what has checked a step.
    fn forget_probe(&mut self, plan: &Plan, place: Place) {
        if let Some(probe) = self.step_mut(place).probe.take() {
            self.forget_scope(plan, probe.scope);
        }
    }

    /// Forgets a pass that is over, with all that stands inside.
    fn forget_scope(&mut self, plan: &Plan, scope: usize) {
        let count = self.scopes[scope].steps.len();
        for step in 0..count {
            let place = Place { scope, step };
            self.close_gates(plan, place);
            self.forget_probe(plan, place);
            let passes = self.step_mut(place).looped.take();
            let passes = passes.iter().flat_map(|looped| looped.passes.values());
            for inner in passes.filter_map(|pass| pass.scope).collect::<Vec<_>>() {
                self.forget_scope(plan, inner);
            }
        }
        self.held = self.held.saturating_sub(count);
        self.over.remove(&scope);
        self.scopes.forget(scope);
    }

    /// Counts anew what the steps of a scope wait for, and what went wrong in it and still counts.
    fn recount(&mut self, plan: &Plan, scope: usize) {
        let inner = &self.scopes[scope];
        let first = |known: Option<usize>, status: Status| {
            let again = |step: usize| inner.steps[step].phase != Phase::Over;
            match known {
                Some(step) if again(step) => (0..inner.steps.len()).find(|step| {
                    inner.steps[*step].trouble == Trouble::Unhandled
                        && inner.value(*step).status == Some(status)
                }),
                known => known,
            }
        };
        let failed = first(inner.failed, Status::Failed);
        let refused = first(inner.refused, Status::Rejected);
        let inner = &mut self.scopes[scope];
        (inner.failed, inner.refused) = (failed, refused);
        let list = self.scopes[scope].list(plan);
        for (step, planned) in list.steps.iter().enumerate() {
            let needs: BTreeSet<usize> = planned.needs.iter().map(|need| need.step).collect();
            let steps = &mut self.scopes[scope].steps;
            let open = needs
                .iter()
                .filter(|need| steps[**need].phase != Phase::Over);
            let open = open.count();
            steps[step].open_needs = open;
            if steps[step].phase == Phase::Queued {
                let place = Place { scope, step };
                match open {
                    0 => self.ready.insert(place),
                    _ => self.ready.remove(&place),
                };
            }
        }
    }

    /// A step of a scope that has turned back is over: other gates there may ask about what is not so.
    pub(super) fn note_stale(&mut self, plan: &Plan, scope: usize) {
        let asking = |inner: &Scope, step: &usize| inner.steps[*step].phase == Phase::Asking;
        let inner = &self.scopes[scope];
        let steps = (0..inner.steps.len()).filter(|step| asking(inner, step));
        let stale: Vec<Place> = steps
            .map(|step| Place { scope, step })
            .filter(|place| changes::is_stale(self, plan, *place))
            .collect();
        self.stale.extend(stale);
    }
}
