//! The only place where the state of a run changes.

use super::hear::Hearing;
use super::pause::Pause;
use super::scope::{Place, TOP};
use super::state::{AttemptState, Finish, GateState, Phase, State, Throttled};
use super::view::NoticeView;
use super::{GateStatus, attempt, gate, hear, retry, wait};
use crate::event::{Decision, Entry, Failure, Outcome, RunEvent, Status, StepPath, Verdict};
use crate::plan::Plan;
#[cfg(test)]
use crate::testing::{Bug, planted};
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
        let over = self.finish.is_some();
        #[cfg(test)]
        let over = over && !planted(Bug::AfterTheEnd);
        if over {
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
            About::Later(path) => self.change_later(plan, path, entry),
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
            RunEvent::PassKept { .. }
            | RunEvent::DoneBefore { .. }
            | RunEvent::AskedBefore { .. }
            | RunEvent::SentBackBefore { .. }
            | RunEvent::ArtifactKept { from: Some(_), .. } => true,
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
                self.cancel_requested(plan, by, reason.as_deref());
            }
            RunEvent::RunTimedOut => self.timed_out(plan),
            RunEvent::WorkFinished {
                status,
                outputs,
                failure,
            } => self.work_finished(Finish {
                status: *status,
                outputs: outputs.clone(),
                failure: failure.clone(),
                at: entry.at,
            }),
            RunEvent::HandlersStarted { list } => self.handlers_started(plan, *list, entry.at),
            RunEvent::Paused { by, reason } => {
                let (by, reason) = (by.clone(), reason.clone());
                self.paused = Some(Pause { by, reason });
            }
            RunEvent::Resumed { .. } => self.paused = None,
            RunEvent::Queued { .. }
            | RunEvent::Admitted
            | RunEvent::Parked { .. }
            | RunEvent::PassedOver { .. } => {
                self.change_slot(plan, &entry.event, entry.seq, entry.at);
            }
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
    fn change_later(&mut self, plan: &Plan, path: StepPath, entry: &Entry) {
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
            RunEvent::DoneBefore { from, .. } => self.keep.add_undone(path, *from),
            RunEvent::AskedBefore { from, asked, .. } => {
                self.keep.add_asked(path, *from, asked.clone());
            }
            RunEvent::SentBackBefore {
                turn,
                times,
                review,
                ..
            } => self.sent_back_before(plan, path, *turn, *times, review.as_ref()),
            RunEvent::ArtifactKept { artifact, from, .. } => {
                self.keep_artifact(path, artifact, *from, entry.at);
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
            #[cfg(test)]
            RunEvent::StepKept { .. } if planted(Bug::KeptRunsAgain) => {}
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
                self.drop_artifacts(plan, place);
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
            RunEvent::ArtifactKept {
                step,
                artifact,
                from,
            } => self.keep_artifact(step.clone(), artifact, *from, at),
            RunEvent::AttemptInterrupted { .. } => {
                self.end_attempt(place, Status::Failed, Some(attempt::interrupted()), at);
                // Nobody blames it for this death, so that those before were not in a row with the next.
                self.step_mut(place).deaths = 0;
                self.enter(place, Phase::Interrupted, Status::Running);
            }
            RunEvent::RetryScheduled { due, .. } => {
                self.enter(place, Phase::Retrying { due: *due }, Status::Waiting);
            }
            RunEvent::RateAwaited { connection, .. } => {
                self.begin_step(plan, place, at);
                let step = self.step(place);
                let wait = Throttled {
                    connection: connection.clone(),
                    since: at,
                    turn: entry.seq,
                    until: retry::total_end(&self.planned(plan, place).retry, step),
                };
                self.enter(place, Phase::Throttled(Box::new(wait)), Status::Waiting);
            }
            RunEvent::WaitStarted { until, .. } => {
                self.begin_step(plan, place, at);
                self.enter(place, Phase::Waiting { until: *until }, Status::Waiting);
            }
            RunEvent::WaitFinished { .. } => {
                let step = self.step(place);
                let output = match step.phase {
                    Phase::Waiting { until } => wait::output(until),
                    _ => hear::output(&Json::null(), step.silence().unwrap_or(at)),
                };
                self.succeed(plan, place, output, at);
            }
            RunEvent::EventAwaited {
                event_type,
                key,
                since,
                until,
                ..
            } => {
                self.begin_step(plan, place, at);
                self.step_mut(place).hearing = Some(Box::new(Hearing {
                    event_type: event_type.clone(),
                    key: key.clone(),
                    since: *since,
                    until: *until,
                }));
                self.enter(place, Phase::Listening, Status::Waiting);
            }
            RunEvent::EventTaken { event, value, .. } => {
                self.taken.insert(*event);
                self.succeed(plan, place, hear::output(value, at), at);
            }
            RunEvent::ApprovalRequested { request, .. } => {
                self.begin_step(plan, place, at);
                self.approvals.insert(request.approval, place);
                let gate = GateState::new(self, plan, place, request, at);
                self.step_mut(place).gate = Some(Box::new(gate));
                self.enter(place, Phase::Asking, Status::Waiting);
            }
            RunEvent::ApprovalDecided { decision, .. } => self.decided(plan, place, decision, at),
            RunEvent::ApprovalExpired { .. } => {
                let approve = gate::approves_on_timeout(plan, self.planned(plan, place));
                let status = if approve {
                    GateStatus::Approved
                } else {
                    GateStatus::Expired
                };
                self.close_gate(plan, place, status, gate::expired(approve), at);
            }
            RunEvent::StepFailed { failure, .. } => {
                if self.step(place).started_at.is_none() {
                    self.left_queue(plan, place, false);
                }
                // It asked too often.
                if let Some(gate) = &mut self.step_mut(place).gate
                    && gate.status == GateStatus::Pending
                {
                    gate.status = GateStatus::Canceled;
                }
                let failure = Some(failure.clone());
                self.end_step(plan, place, Status::Failed, None, failure, at);
            }
            RunEvent::StepUncertain { .. } => self.step_uncertain(plan, place),
            RunEvent::StepChecked {
                answer, failure, ..
            } => self.step_checked(place, *answer, failure.as_ref()),
            RunEvent::StepPaused { failure, .. } => self.step_paused(place, failure),
            RunEvent::StepResumed { input, .. } => {
                self.step_resumed(plan, place, input.as_ref(), at);
            }
            RunEvent::StepCanceled { .. } => {
                if self.step(place).started_at.is_none() {
                    self.left_queue(plan, place, false);
                }
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
            RunEvent::ApprovalReminded { .. } => {
                let planned = self.planned(plan, place);
                self.change_gate(place, |gate| {
                    gate.reminded(at);
                    gate.tell(planned);
                });
            }
            RunEvent::ApprovalEscalated {
                approvers,
                expires_at,
                ..
            } => {
                let planned = self.planned(plan, place);
                self.change_gate(place, |gate| {
                    gate.escalated = true;
                    gate.approvers.clone_from(approvers);
                    gate.expires_at = *expires_at;
                    gate.tell(planned);
                });
            }
            RunEvent::ApprovalReassigned { approvers, .. } => {
                let planned = self.planned(plan, place);
                self.change_gate(place, |gate| {
                    gate.approvers.clone_from(approvers);
                    gate.tell(planned);
                });
            }
            RunEvent::ApprovalSentBack { decision, .. } => {
                self.sent_back(plan, place, decision, at);
            }
            RunEvent::ApprovalVoided { changes, .. } => self.voided(plan, place, changes, at),
            RunEvent::ApprovalNotified {
                notice,
                index,
                attempts,
                failure,
                ..
            } => self.change_gate(place, |gate| {
                gate.untold.remove(&(*notice, *index));
                gate.told.push(NoticeView {
                    notice: *notice,
                    index: *index,
                    attempts: *attempts,
                    at,
                    error: failure.clone(),
                });
            }),
            // These are about the run or about passes.
            RunEvent::Created(_)
            | RunEvent::KeepingStarted { .. }
            | RunEvent::PassStarted { .. }
            | RunEvent::PassFinished { .. }
            | RunEvent::PassKept { .. }
            | RunEvent::DoneBefore { .. }
            | RunEvent::AskedBefore { .. }
            | RunEvent::SentBackBefore { .. }
            | RunEvent::CancelRequested { .. }
            | RunEvent::RunTimedOut
            | RunEvent::WorkFinished { .. }
            | RunEvent::HandlersStarted { .. }
            | RunEvent::Paused { .. }
            | RunEvent::Resumed { .. }
            | RunEvent::Finished { .. }
            | RunEvent::Queued { .. }
            | RunEvent::Admitted
            | RunEvent::Parked { .. }
            | RunEvent::PassedOver { .. } => {}
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
        self.step_mut(place).kept_from = Some(Box::new(from));
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
                    #[cfg(test)]
                    if planted(Bug::DeathsUncounted) {
                        step.deaths = 0;
                    }
                    self.enter(place, Phase::Interrupted, Status::Running);
                    return;
                }
                step.deaths = 0;
                step.failures = step.failures.saturating_add(1);
                #[cfg(test)]
                if planted(Bug::RetriesUncounted) {
                    step.failures = 0;
                }
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

    /// Changes what is known of a gate, and with it the moment that it waits for.
    fn change_gate(&mut self, place: Place, change: impl FnOnce(&mut GateState)) {
        let before = self.step(place).timer();
        if let Some(gate) = &mut self.step_mut(place).gate {
            change(gate);
        }
        let after = self.step(place).timer();
        if before != after {
            if let Some((at, timer)) = before {
                self.timers.remove(&(at, timer, place));
            }
            if let Some((at, timer)) = after {
                self.timers.insert((at, timer, place));
            }
        }
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
        if self.step(place).started_at.is_none() {
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
            last.failure = failure.map(Box::new);
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
        value.error = failure.map(Box::new);
        self.enter(place, Phase::Over, status);
        self.to_end.remove(&place);
        self.idle.remove(&place);
        let scope = &mut self.scopes[place.scope];
        scope.steps[place.step].finished_at = Some(at);
        scope.open = scope.open.saturating_sub(1);
        let over = scope.open == 0;
        for &next in &scope.list(plan).steps[place.step].dependants {
            let step = &mut scope.steps[next];
            step.open_needs = step.open_needs.saturating_sub(1);
            let open = step.open_needs;
            #[cfg(test)]
            let open = open - usize::from(open == 1 && planted(Bug::JoinTooEarly));
            if open == 0 && step.phase == Phase::Queued {
                self.ready.insert(Place {
                    step: next,
                    ..place
                });
            }
        }
        match status {
            Status::Failed | Status::Rejected => self.note_trouble(plan, place),
            Status::Succeeded => self.note_undoable(plan, place),
            _ => {}
        }
        if over {
            self.scope_over(plan, place.scope, at);
        }
        if self.scopes[place.scope].turned {
            self.note_stale(plan, place.scope);
        }
    }

    /// Changes a step's phase and keeps every index over the phases right.
    pub(super) fn enter(&mut self, place: Place, phase: Phase, status: Status) {
        let step = self.step_mut(place);
        let before = step.timer();
        let silence = step.silence();
        let old = std::mem::replace(&mut step.phase, phase);
        let after = step.timer();
        let next_silence = step.silence();
        let new = &step.phase;
        let broken = |phase: &Phase| {
            matches!(
                phase,
                Phase::Broken { .. } | Phase::Interrupted | Phase::Told { .. }
            )
        };
        let (runs, unsettled) = (*new == Phase::Running, broken(new));
        let listens = *new == Phase::Listening;
        let held = matches!(new, Phase::Paused { .. });
        let throttled = matches!(new, Phase::Throttled { .. });
        match old {
            Phase::Queued => {
                self.ready.remove(&place);
            }
            #[cfg(test)]
            Phase::Running if planted(Bug::IndexForgets) => {}
            Phase::Running => {
                self.running.remove(&place);
            }
            Phase::Asking => {
                self.stale.remove(&place);
            }
            Phase::Broken { .. } | Phase::Interrupted | Phase::Told { .. } => {
                self.unsettled.remove(&place);
            }
            Phase::Probing => self.leave_probe(place),
            Phase::Listening => {
                self.listening.remove(&place);
                self.step_mut(place).hearing = None;
            }
            Phase::Paused { .. } => {
                self.held_steps.remove(&place);
            }
            Phase::Throttled { .. } => {
                self.throttled.remove(&place);
            }
            _ => {}
        }
        if held {
            self.held_steps.insert(place);
        }
        if throttled {
            self.throttled.insert(place);
        }
        if runs {
            self.running.insert(place);
        }
        if unsettled {
            self.unsettled.insert(place);
        }
        if listens {
            self.listening.insert(place);
        }
        if let Some(at) = silence {
            self.silences.remove(&(at, place));
        }
        if let Some(at) = next_silence {
            self.silences.insert((at, place));
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
