//! The only place where the state of a run changes.

use super::state::{AttemptState, Ending, Finish, GateState, Phase, State};
use super::{GateStatus, attempt, gate, wait};
use crate::event::{Decision, Entry, Failure, Outcome, RunEvent, Status, Verdict};
use crate::plan::Plan;
use crate::{Json, Timestamp};
use std::sync::Arc;

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
        let index = match entry.event.step() {
            None => None,
            Some(step) => match plan.step(&step.0) {
                Some(index) if index < self.steps.len() => Some(index),
                _ => return misfit("the document has no such step"),
            },
        };
        if let Err(message) = self.fits(plan, index, &entry.event) {
            return misfit(message);
        }
        self.last_seq = entry.seq;
        self.change(plan, index.unwrap_or(usize::MAX), entry);
        Ok(())
    }

    fn change(&mut self, plan: &Plan, index: usize, entry: &Entry) {
        let at = entry.at;
        match &entry.event {
            // The state was made of the first one.
            RunEvent::Created(_) => {}
            RunEvent::StepSkipped { reason, .. } => {
                self.steps[index].skip = Some(reason.clone());
                self.left_queue(plan, index, false);
                self.end_step(plan, index, Status::Skipped, None, None, at);
            }
            RunEvent::StepEvaluated { output, .. } => {
                self.begin_step(plan, index, at);
                self.succeed(plan, index, output.clone(), at);
            }
            RunEvent::StepKept { output, from, .. } => {
                self.steps[index].kept_from = Some(*from);
                self.begin_step(plan, index, at);
                self.succeed(plan, index, output.clone(), at);
            }
            RunEvent::AttemptStarted {
                number,
                fence,
                input,
                idempotency_key,
                deadline,
                ..
            } => {
                self.begin_step(plan, index, at);
                self.fence = *fence;
                let step = &mut self.steps[index];
                step.input = Some(input.clone());
                if step.key.as_deref() != Some(idempotency_key) {
                    step.key = Some(idempotency_key.as_str().into());
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
                self.enter(index, Phase::Running, Status::Running);
            }
            RunEvent::AttemptFinished { outcome, .. } => {
                self.attempt_finished(plan, index, outcome, at);
            }
            RunEvent::AttemptInterrupted { .. } => {
                self.end_attempt(index, Status::Failed, Some(attempt::interrupted()), at);
                self.enter(index, Phase::Interrupted, Status::Running);
            }
            RunEvent::RetryScheduled { due, .. } => {
                self.enter(index, Phase::Retrying { due: *due }, Status::Waiting);
            }
            RunEvent::WaitStarted { until, .. } => {
                self.begin_step(plan, index, at);
                self.enter(index, Phase::Waiting { until: *until }, Status::Waiting);
            }
            RunEvent::WaitFinished { .. } => {
                let output = match self.steps[index].phase {
                    Phase::Waiting { until } => wait::output(until),
                    _ => Json::null(),
                };
                self.succeed(plan, index, output, at);
            }
            RunEvent::ApprovalRequested { request, .. } => {
                self.begin_step(plan, index, at);
                self.approvals.insert(request.approval, index);
                self.steps[index].gate = Some(Box::new(GateState {
                    request: (**request).clone(),
                    requested_at: at,
                    decisions: Vec::new(),
                    status: GateStatus::Pending,
                }));
                self.enter(index, Phase::Asking, Status::Waiting);
            }
            RunEvent::ApprovalDecided { decision, .. } => self.decided(plan, index, decision, at),
            RunEvent::ApprovalExpired { .. } => {
                let approve = gate::approves_on_timeout(plan, index);
                let status = if approve {
                    GateStatus::Approved
                } else {
                    GateStatus::Expired
                };
                self.close_gate(plan, index, status, gate::expired(approve), at);
            }
            RunEvent::StepFailed { failure, .. } => {
                if self.steps[index].phase == Phase::Queued {
                    self.left_queue(plan, index, false);
                }
                let failure = Some(failure.clone());
                self.end_step(plan, index, Status::Failed, None, failure, at);
            }
            RunEvent::StepUncertain { .. } => {
                if let Some(last) = self.steps[index].attempts.last_mut() {
                    last.status = Status::Uncertain;
                }
                self.enter(index, Phase::Uncertain, Status::Uncertain);
            }
            RunEvent::StepCanceled { .. } => {
                self.end_attempt(index, Status::Canceled, None, at);
                if let Some(gate) = &mut self.steps[index].gate {
                    gate.status = GateStatus::Canceled;
                }
                self.end_step(plan, index, Status::Canceled, None, None, at);
            }
            RunEvent::CancelRequested { by, reason } => {
                let (by, reason) = (by.clone(), reason.clone());
                self.end_all(Ending::Canceled { by, reason });
            }
            RunEvent::RunTimedOut => self.end_all(Ending::TimedOut),
            RunEvent::Finished {
                status,
                outputs,
                failure,
            } => {
                self.finish = Some(Finish {
                    status: *status,
                    outputs: outputs.clone(),
                    failure: failure.clone(),
                    at,
                });
            }
        }
    }

    fn attempt_finished(&mut self, plan: &Plan, index: usize, outcome: &Outcome, at: Timestamp) {
        match outcome {
            Outcome::Succeeded { output } => {
                self.end_attempt(index, Status::Succeeded, None, at);
                self.steps[index].deaths = 0;
                self.succeed(plan, index, output.clone(), at);
            }
            Outcome::Failed {
                failure,
                retry_after_ms,
            } => {
                self.end_attempt(index, Status::Failed, Some(failure.clone()), at);
                let step = &mut self.steps[index];
                if attempt::is_death(failure) {
                    step.deaths = step.deaths.saturating_add(1);
                    self.enter(index, Phase::Interrupted, Status::Running);
                    return;
                }
                step.deaths = 0;
                step.failures = step.failures.saturating_add(1);
                let phase = Phase::Broken {
                    failure: failure.clone(),
                    retry_after_ms: *retry_after_ms,
                };
                self.enter(index, phase, Status::Running);
            }
        }
    }

    fn decided(&mut self, plan: &Plan, index: usize, decision: &Decision, at: Timestamp) {
        let Some(gate) = &mut self.steps[index].gate else {
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
        self.close_gate(plan, index, status, gate::output(decision), at);
    }

    fn close_gate(
        &mut self,
        plan: &Plan,
        index: usize,
        status: GateStatus,
        output: Json,
        at: Timestamp,
    ) {
        if let Some(gate) = &mut self.steps[index].gate {
            gate.status = status;
        }
        let status = match status {
            GateStatus::Approved => Status::Succeeded,
            _ => Status::Rejected,
        };
        self.end_step(plan, index, status, Some(output), None, at);
    }

    /// A step leaves the queue to run; further attempts change nothing here.
    fn begin_step(&mut self, plan: &Plan, index: usize, at: Timestamp) {
        if self.steps[index].phase == Phase::Queued {
            self.steps[index].started_at = Some(at);
            self.left_queue(plan, index, true);
        }
    }

    fn end_attempt(
        &mut self,
        index: usize,
        status: Status,
        failure: Option<Failure>,
        at: Timestamp,
    ) {
        // An uncertain attempt stays uncertain when the run ends around it.
        if let Some(last) = self.steps[index].attempts.last_mut()
            && (last.status == Status::Running || status == Status::Succeeded)
        {
            last.status = status;
            last.finished_at = Some(at);
            last.failure = failure;
        }
    }

    fn succeed(&mut self, plan: &Plan, index: usize, output: Json, at: Timestamp) {
        self.end_step(plan, index, Status::Succeeded, Some(output), None, at);
    }

    fn end_step(
        &mut self,
        plan: &Plan,
        index: usize,
        status: Status,
        output: Option<Json>,
        failure: Option<Failure>,
        at: Timestamp,
    ) {
        let value = &mut Arc::make_mut(&mut self.values).steps[index];
        value.output = output;
        value.error = failure;
        self.enter(index, Phase::Over, status);
        self.steps[index].finished_at = Some(at);
        self.to_end.remove(&index);
        self.open = self.open.saturating_sub(1);
        for &next in &plan.steps[index].dependants {
            let next_step = &mut self.steps[next];
            next_step.open_needs = next_step.open_needs.saturating_sub(1);
            if next_step.open_needs == 0 && next_step.phase == Phase::Queued {
                self.ready.insert(next);
            }
        }
        if matches!(status, Status::Failed | Status::Rejected) {
            self.note_trouble(plan, index);
        }
    }

    /// Changes a step's phase and keeps every index over the phases right.
    fn enter(&mut self, index: usize, phase: Phase, status: Status) {
        let step = &mut self.steps[index];
        if let Some((at, timer)) = step.timer() {
            self.timers.remove(&(at, timer, index));
        }
        match step.phase {
            Phase::Queued => {
                self.ready.remove(&index);
            }
            Phase::Running => {
                self.running.remove(&index);
            }
            Phase::Broken { .. } | Phase::Interrupted => {
                self.unsettled.remove(&index);
            }
            _ => {}
        }
        step.phase = phase;
        match step.phase {
            Phase::Running => {
                self.running.insert(index);
            }
            Phase::Broken { .. } | Phase::Interrupted => {
                self.unsettled.insert(index);
            }
            _ => {}
        }
        if let Some((at, timer)) = step.timer() {
            self.timers.insert((at, timer, index));
        }
        Arc::make_mut(&mut self.values).steps[index].status = Some(status);
    }
}

impl CorruptJournal {
    pub(super) fn new(seq: u64, message: impl Into<String>) -> Self {
        Self {
            seq,
            message: message.into(),
        }
    }
}
