//! Turning back: steps that were over run again, because a gate was sent back or what it let through has
//! changed.

use super::GateStatus;
use super::gate;
use super::scope::{Place, Scope};
use super::state::{Phase, State, StepState};
use crate::Timestamp;
use crate::event::{Change, Decision};
use crate::expression::{REVIEW, StepValue};
use crate::plan::Plan;
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
        let scope = &mut self.scopes[place.scope];
        scope.turned = true;
        let locals = &mut Arc::make_mut(&mut scope.frame).locals;
        locals.retain(|(name, _)| &**name != REVIEW);
        locals.push((REVIEW.into(), review.into()));
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
        self.enter(place, Phase::Queued, crate::event::Status::Queued);
        let passes = self.step_mut(place).looped.take();
        let passes = passes.iter().flat_map(|looped| looped.passes.values());
        for scope in passes.filter_map(|pass| pass.scope).collect::<Vec<_>>() {
            self.forget_scope(plan, scope);
        }
        self.forget_probe(plan, place);
        let round = self.rounds;
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

    /// Counts anew what the steps of a scope wait for.
    fn recount(&mut self, plan: &Plan, scope: usize) {
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
            .filter(|place| gate::is_stale(self, plan, *place))
            .collect();
        self.stale.extend(stale);
    }
}
