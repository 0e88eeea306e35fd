//! The only place where the state of a run changes.

use super::scope::{Place, TOP};
use super::state::{AttemptState, Ending, Finish, GateState, Phase, State};
use super::{GateStatus, attempt, gate, wait};
use crate::event::{Decision, Entry, Failure, Outcome, RunEvent, Status, StepPath, Verdict};
use crate::plan::Plan;
use crate::{Json, RunId, Timestamp};

/// Why a journal cannot be the journal of this run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the journal does not fit at entry {seq}: {message}")]
pub struct CorruptJournal {
    /// The entry.
    pub seq: u64,
    /// What does not fit.
    pub message: String,
}

impl State {
    /// Takes in one fact.
    ///
    /// # Errors
    /// When the fact cannot follow from the state; then nothing has changed. A run never proposes one.
    pub(super) fn apply(&mut self, plan: &Plan, entry: &Entry) -> Result<(), CorruptJournal> {
        let misfit = |message: &str| Err(CorruptJournal::new(entry.seq, message));
        if entry.seq != self.last_seq.saturating_add(1) {
            return misfit("its number does not follow the one before");
        }
        if self.finish.is_some() {
            return misfit("the run is over");
        }
        if matches!(entry.event, RunEvent::Created(_)) {
            return misfit("the run exists already");
        }
        let about = match self.about(plan, &entry.event) {
            Ok(about) => about,
            Err(message) => return misfit(message),
        };
        if let Err(message) = self.fits(plan, &about, &entry.event) {
            return misfit(message);
        }
        self.last_seq = entry.seq;
        self.last_at = entry.at;
        if entry.event.keeps() {
            self.keep.awaited = self.keep.awaited.saturating_sub(1);
        }
        match about {
            About::Run => self.change_run(plan, entry),
            About::Step(place) => self.change_step(plan, place, entry),
            About::Pass(place, number) => self.change_pass(plan, place, number, entry),
            About::Later(path) => self.change_later(path, entry),
        }
        Ok(())
    }

    /// What a fact is about.
    fn about(&self, plan: &Plan, event: &RunEvent) -> Result<About, &'static str> {
        let Some(step) = event.step() else {
            return Ok(About::Run);
        };
        let passes = matches!(
            event,
            RunEvent::PassStarted { .. } | RunEvent::PassFinished { .. }
        );
        let later = match event {
            RunEvent::PassKept { .. } => true,
            RunEvent::StepKept { .. } => self.place(plan, step).is_none(),
            _ => false,
        };
        if later {
            return Ok(About::Later(step.clone()));
        }
        match self.place(plan, step) {
            Some((place, Some(number))) if passes => Ok(About::Pass(place, number)),
            Some((place, None)) if !passes => Ok(About::Step(place)),
            _ => Err("the run has no such step"),
        }
    }

    fn change_run(&mut self, plan: &Plan, entry: &Entry) {
        match &entry.event {
            RunEvent::KeepingStarted { results } => self.keep.awaited = *results,
            RunEvent::CancelRequested { by, reason } => {
                let (by, reason) = (by.clone(), reason.clone());
                self.end_all(plan, Ending::Canceled { by, reason });
            }
            RunEvent::RunTimedOut => self.end_all(plan, Ending::TimedOut),
            RunEvent::Finished {
                status,
                outputs,
                failure,
            } => {
                self.over.remove(&TOP);
                self.finish = Some(Finish {
                    status: *status,
                    outputs: outputs.clone(),
                    failure: failure.clone(),
                    at: entry.at,
                });
            }
            // The state was made of the first one, and the others are about steps.
            _ => {}
        }
    }

    fn change_pass(&mut self, plan: &Plan, place: Place, number: u32, entry: &Entry) {
        match &entry.event {
            RunEvent::PassStarted { .. } => self.pass_started(plan, place, entry.at),
            event => self.pass_finished(plan, place, number, event, entry.at),
        }
    }

    /// Results that are kept for passes to come.
    fn change_later(&mut self, path: StepPath, entry: &Entry) {
        match &entry.event {
            RunEvent::PassKept {
                item,
                output,
                done,
                from,
                ..
            } => {
                let (item, output) = (item.clone(), output.clone());
                self.keep.add_pass(path, item, output, *done, *from);
            }
            RunEvent::StepKept { output, from, .. } => {
                self.keep.add_step(path, output.clone(), *from);
            }
            _ => {}
        }
    }

    fn change_step(&mut self, plan: &Plan, place: Place, entry: &Entry) {
        let at = entry.at;
        match &entry.event {
            RunEvent::StepSkipped { reason, .. } => {
                self.step_mut(place).skip = Some(Box::new(reason.clone()));
                self.left_queue(plan, place, false);
                self.end_step(plan, place, Status::Skipped, None, None, at);
            }
            RunEvent::StepEvaluated { output, .. } => {
                self.begin_step(plan, place, at);
                self.succeed(plan, place, output.clone(), at);
            }
            RunEvent::StepKept { output, from, .. } => {
                self.keep_step(plan, place, output.clone(), *from, at);
            }
            RunEvent::AttemptStarted {
                number,
                fence,
                input,
                idempotency_key,
                deadline,
                ..
            } => {
                self.begin_step(plan, place, at);
                self.fence = *fence;
                let step = self.step_mut(place);
                step.input = Some(input.clone());
                if step.key.as_deref() != Some(idempotency_key) {
                    step.key = Some(idempotency_key.as_str().into());
                }
                if step.attempts.is_empty() {
                    step.attempts.reserve_exact(1);
                }
                step.attempts.push(AttemptState {
                    number: *number,
                    fence: *fence,
                    status: Status::Running,
                    started_at: at,
                    deadline: *deadline,
                    finished_at: None,
                    failure: None,
                });
                self.enter(place, Phase::Running, Status::Running);
            }
            RunEvent::AttemptFinished { outcome, .. } => {
                self.attempt_finished(plan, place, outcome, at);
            }
            RunEvent::AttemptInterrupted { .. } => {
                self.end_attempt(place, Status::Failed, Some(attempt::interrupted()), at);
                self.enter(place, Phase::Interrupted, Status::Running);
            }
            RunEvent::RetryScheduled { due, .. } => {
                self.enter(place, Phase::Retrying { due: *due }, Status::Waiting);
            }
            RunEvent::WaitStarted { until, .. } => {
                self.begin_step(plan, place, at);
                self.enter(place, Phase::Waiting { until: *until }, Status::Waiting);
            }
            RunEvent::WaitFinished { .. } => {
                let output = match self.step(place).phase {
                    Phase::Waiting { until } => wait::output(until),
                    _ => Json::null(),
                };
                self.succeed(plan, place, output, at);
            }
            RunEvent::ApprovalRequested { request, .. } => {
                self.begin_step(plan, place, at);
                self.approvals.insert(request.approval, place);
                self.step_mut(place).gate = Some(Box::new(GateState {
                    request: (**request).clone(),
                    requested_at: at,
                    decisions: Vec::new(),
                    status: GateStatus::Pending,
                }));
                self.enter(place, Phase::Asking, Status::Waiting);
            }
            RunEvent::ApprovalDecided { decision, .. } => self.decided(plan, place, decision, at),
            RunEvent::ApprovalExpired { .. } => {
                let approve = gate::approves_on_timeout(self.planned(plan, place));
                let status = if approve {
                    GateStatus::Approved
                } else {
                    GateStatus::Expired
                };
                self.close_gate(plan, place, status, gate::expired(approve), at);
            }
            RunEvent::StepFailed { failure, .. } => {
                if self.step(place).phase == Phase::Queued {
                    self.left_queue(plan, place, false);
                }
                let failure = Some(failure.clone());
                self.end_step(plan, place, Status::Failed, None, failure, at);
            }
            RunEvent::StepUncertain { .. } => {
                if let Some(last) = self.step_mut(place).attempts.last_mut() {
                    last.status = Status::Uncertain;
                }
                self.enter(place, Phase::Uncertain, Status::Uncertain);
            }
            RunEvent::StepCanceled { .. } => {
                self.end_attempt(place, Status::Canceled, None, at);
                if let Some(gate) = &mut self.step_mut(place).gate {
                    gate.status = GateStatus::Canceled;
                }
                self.end_step(plan, place, Status::Canceled, None, None, at);
            }
            RunEvent::LoopStarted {
                items, deadline, ..
            } => {
                self.begin_step(plan, place, at);
                self.loop_started(plan, place, items.as_ref(), *deadline, at);
            }
            RunEvent::LoopFinished {
                status, failure, ..
            } => self.loop_finished(plan, place, *status, failure.as_ref(), at),
            RunEvent::LoopTimedOut { .. } => self.loop_timed_out(plan, place),
            // Who said what follows; nothing changes by it.
            RunEvent::StepResolved { .. } => {}
            // These are about the run or about passes.
            RunEvent::Created(_)
            | RunEvent::KeepingStarted { .. }
            | RunEvent::PassStarted { .. }
            | RunEvent::PassFinished { .. }
            | RunEvent::PassKept { .. }
            | RunEvent::CancelRequested { .. }
            | RunEvent::RunTimedOut
            | RunEvent::Finished { .. } => {}
        }
    }

    /// A result of an earlier run becomes that of a step.
    pub(super) fn keep_step(
        &mut self,
        plan: &Plan,
        place: Place,
        output: Json,
        from: RunId,
        at: Timestamp,
    ) {
        self.step_mut(place).kept_from = Some(from);
        self.begin_step(plan, place, at);
        self.succeed(plan, place, output, at);
    }

    fn attempt_finished(&mut self, plan: &Plan, place: Place, outcome: &Outcome, at: Timestamp) {
        match outcome {
            Outcome::Succeeded { output } => {
                self.end_attempt(place, Status::Succeeded, None, at);
                self.step_mut(place).deaths = 0;
                self.succeed(plan, place, output.clone(), at);
            }
            Outcome::Failed {
                failure,
                retry_after_ms,
            } => {
                self.end_attempt(place, Status::Failed, Some(failure.clone()), at);
                let step = self.step_mut(place);
                if attempt::is_death(failure) {
                    step.deaths = step.deaths.saturating_add(1);
                    self.enter(place, Phase::Interrupted, Status::Running);
                    return;
                }
                step.deaths = 0;
                step.failures = step.failures.saturating_add(1);
                let phase = Phase::Broken {
                    failure: Box::new(failure.clone()),
                    retry_after_ms: *retry_after_ms,
                };
                self.enter(place, phase, Status::Running);
            }
        }
    }

    fn decided(&mut self, plan: &Plan, place: Place, decision: &Decision, at: Timestamp) {
        let Some(gate) = &mut self.step_mut(place).gate else {
            return;
        };
        gate.decisions.push(decision.clone());
        let approvals = gate
            .decisions
            .iter()
            .filter(|decision| decision.decision == Verdict::Approve)
            .count();
        let needed = usize::try_from(gate.request.needed).unwrap_or(usize::MAX);
        let status = match decision.decision {
            Verdict::Approve if approvals >= needed => GateStatus::Approved,
            Verdict::Approve => return,
            Verdict::Reject | Verdict::SendBack => GateStatus::Rejected,
        };
        self.close_gate(plan, place, status, gate::output(decision), at);
    }

    fn close_gate(
        &mut self,
        plan: &Plan,
        place: Place,
        status: GateStatus,
        output: Json,
        at: Timestamp,
    ) {
        if let Some(gate) = &mut self.step_mut(place).gate {
            gate.status = status;
        }
        let status = match status {
            GateStatus::Approved => Status::Succeeded,
            _ => Status::Rejected,
        };
        self.end_step(plan, place, status, Some(output), None, at);
    }

    /// A step leaves the queue to run; further attempts change nothing here.
    fn begin_step(&mut self, plan: &Plan, place: Place, at: Timestamp) {
        if self.step(place).phase == Phase::Queued {
            self.step_mut(place).started_at = Some(at);
            self.left_queue(plan, place, true);
        }
    }

    fn end_attempt(
        &mut self,
        place: Place,
        status: Status,
        failure: Option<Failure>,
        at: Timestamp,
    ) {
        // An uncertain attempt stays uncertain when the run ends around it.
        if let Some(last) = self.step_mut(place).attempts.last_mut()
            && (last.status == Status::Running || status == Status::Succeeded)
        {
            last.status = status;
            last.finished_at = Some(at);
            last.failure = failure;
        }
    }

    fn succeed(&mut self, plan: &Plan, place: Place, output: Json, at: Timestamp) {
        self.end_step(plan, place, Status::Succeeded, Some(output), None, at);
    }

    pub(super) fn end_step(
        &mut self,
        plan: &Plan,
        place: Place,
        status: Status,
        output: Option<Json>,
        failure: Option<Failure>,
        at: Timestamp,
    ) {
        let value = self.scopes[place.scope].value_mut(place.step);
        value.output = output;
        value.error = failure;
        self.enter(place, Phase::Over, status);
        self.to_end.remove(&place);
        self.idle.remove(&place);
        let scope = &mut self.scopes[place.scope];
        scope.steps[place.step].finished_at = Some(at);
        scope.open = scope.open.saturating_sub(1);
        if scope.open == 0 {
            self.over.insert(place.scope);
        }
        for &next in &scope.list(plan).steps[place.step].dependants {
            let step = &mut scope.steps[next];
            step.open_needs = step.open_needs.saturating_sub(1);
            if step.open_needs == 0 && step.phase == Phase::Queued {
                self.ready.insert(Place {
                    step: next,
                    ..place
                });
            }
        }
        if matches!(status, Status::Failed | Status::Rejected) {
            self.note_trouble(plan, place);
        }
    }

    /// Changes a step's phase and keeps every index over the phases right.
    pub(super) fn enter(&mut self, place: Place, phase: Phase, status: Status) {
        let step = self.step_mut(place);
        let before = step.timer();
        let old = std::mem::replace(&mut step.phase, phase);
        let after = step.timer();
        let new = &step.phase;
        let broken = |phase: &Phase| matches!(phase, Phase::Broken { .. } | Phase::Interrupted);
        let (runs, unsettled) = (*new == Phase::Running, broken(new));
        match old {
            Phase::Queued => {
                self.ready.remove(&place);
            }
            Phase::Running => {
                self.running.remove(&place);
            }
            Phase::Broken { .. } | Phase::Interrupted => {
                self.unsettled.remove(&place);
            }
            _ => {}
        }
        if runs {
            self.running.insert(place);
        }
        if unsettled {
            self.unsettled.insert(place);
        }
        if let Some((at, timer)) = before {
            self.timers.remove(&(at, timer, place));
        }
        if let Some((at, timer)) = after {
            self.timers.insert((at, timer, place));
        }
        self.set_status(place, status);
    }

    pub(super) fn set_status(&mut self, place: Place, status: Status) {
        self.scopes[place.scope].value_mut(place.step).status = Some(status);
    }
}

/// What a fact is about.
pub(super) enum About {
    Run,
    Step(Place),
    /// A pass of a loop that has begun.
    Pass(Place, u32),
    /// A pass, or a step of one, of a loop that has not begun.
    Later(StepPath),
}

impl CorruptJournal {
    pub(super) fn new(seq: u64, message: impl Into<String>) -> Self {
        Self {
            seq,
            message: message.into(),
        }
    }
}
