//! Which facts can follow from a state: what tells the journal of a run from anything else.

use super::apply::About;
use super::scope::{Owner, Place, TOP};
use super::state::{Phase, State, StepState};
use crate::event::{Outcome, RunEvent, Status, StepPath};
use crate::plan::{ActionKind, Plan, Times, Work};
#[cfg(test)]
use crate::testing::{Bug, planted};
use serde_json::Value;

impl State {
    /// Whether a fact can follow from what is known.
    pub(super) fn fits(
        &self,
        plan: &Plan,
        about: &About,
        event: &RunEvent,
    ) -> Result<(), &'static str> {
        let awaits = self.keep.awaited > 0
            && !event.keeps()
            && !matches!(event, RunEvent::CancelRequested { .. });
        if awaits && self.ending.is_none() {
            return Err("results that are kept are to come first");
        }
        match about {
            About::Run => match event {
                RunEvent::KeepingStarted { .. }
                    if self.last_seq > 1 + u64::from(self.slot.is_some()) =>
                {
                    Err("the run has begun")
                }
                event if !self.fits_slot(event) => {
                    Err("the run does not stand in the queue like that")
                }
                RunEvent::Finished { .. } if !self.over.contains(&TOP) && !self.between() => {
                    Err("steps are not over")
                }
                RunEvent::WorkFinished { .. } if !self.over.contains(&TOP) => {
                    Err("steps are not over")
                }
                RunEvent::HandlersStarted { list } => {
                    let outcome = self.handling.outcome.as_ref().map(|outcome| outcome.status);
                    match outcome.and_then(|outcome| self.next_list(plan, outcome)) {
                        Some(next) if next == *list && self.between() => Ok(()),
                        _ => Err("these handlers do not begin now"),
                    }
                }
                _ => Ok(()),
            },
            About::Step(place) => self.fits_step(plan, *place, event),
            About::Pass(place, number) => self.fits_pass(*place, *number, event),
            About::Later(path) => self.fits_later(plan, path, event),
        }
    }

    fn fits_step(&self, plan: &Plan, place: Place, event: &RunEvent) -> Result<(), &'static str> {
        let step = self.step(place);
        let begins = match event {
            // What was under way when its run was first queued goes on, and so does the wait for a run.
            RunEvent::AttemptStarted { .. } | RunEvent::RateAwaited { .. } => {
                step.phase != Phase::Interrupted
            }
            RunEvent::StepEvaluated { .. }
            | RunEvent::WaitStarted { .. }
            | RunEvent::ApprovalRequested { .. }
            | RunEvent::LoopStarted { .. } => true,
            _ => false,
        };
        #[cfg(test)]
        let begins = begins && !planted(Bug::PauseIgnored);
        if begins && !self.may_begin() {
            return Err("it is not the run's turn");
        }
        let about_probe = matches!(self.scopes[place.scope].owner, Owner::Probe { .. });
        // What checks a step may not be needed any more before it has begun to look.
        let not_needed = about_probe
            && step.phase == Phase::Queued
            && matches!(event, RunEvent::StepCanceled { .. });
        if !follows(step, event) && !not_needed {
            return Err(match step.phase {
                Phase::Over => "the step is over",
                _ => "the step is not where this fact leads on from",
            });
        }
        if step.phase == Phase::Probing && !self.fits_probe(place, event) {
            return Err("the check of the step is not over");
        }
        // One that has begun goes on while a gate before it asks anew for the sake of another step.
        let early = step.open_needs > 0
            && step.phase == Phase::Queued
            && match event {
                RunEvent::StepKept { .. } => false,
                RunEvent::StepSkipped { .. } => !self.to_end.contains(&place),
                _ => true,
            };
        #[cfg(test)]
        let early = early && !planted(Bug::JoinTooEarly);
        if early {
            return Err("what the step needs is not over");
        }
        let open = step.phase == Phase::Looping
            && !self.idle.contains(&place)
            && matches!(
                event,
                RunEvent::LoopFinished { .. } | RunEvent::StepCanceled { .. }
            );
        if open {
            return Err("passes of the loop are not over");
        }
        if !self.fits_gate(plan, place, event) {
            return Err("the gate is not where this fact leads on from");
        }
        let work = &self.planned(plan, place).work;
        let kind = work.kind();
        let right = match event {
            RunEvent::StepEvaluated { .. } => kind.is_some_and(ActionKind::is_pure),
            RunEvent::WaitStarted { .. } => kind == Some(ActionKind::Wait),
            RunEvent::EventAwaited { .. } => self.planned(plan, place).hears.is_some(),
            RunEvent::EventTaken { event, .. } => !self.taken.contains(event),
            RunEvent::ApprovalRequested { .. } => kind == Some(ActionKind::ApprovalGate),
            RunEvent::AttemptStarted { .. }
            | RunEvent::RateAwaited { .. }
            | RunEvent::StepPaused { .. } => kind.is_some_and(ActionKind::has_attempts),
            RunEvent::LoopStarted { items, .. } => match (work, items.as_ref()) {
                (Work::Loop(looped), items) => matches!(
                    (&looped.times, items.map(|items| items.value())),
                    (Times::Repeat(_), None)
                        | (Times::ForEach(_), Some(Value::Array(_) | Value::Object(_)))
                ),
                (Work::Action(_), _) => false,
            },
            _ => true,
        };
        if right {
            Ok(())
        } else {
            Err("the step is of another kind")
        }
    }

    /// Whether a fact about a step can follow on how its check stands.
    fn fits_probe(&self, place: Place, event: &RunEvent) -> bool {
        let scope = self.step(place).probe.as_ref().map(|probe| probe.scope);
        let answers = matches!(event, RunEvent::StepChecked { .. });
        let over = scope.is_some_and(|scope| self.over.contains(&scope));
        self.looks(place).is_none() && (over || !answers)
    }

    /// Whether a fact can follow on how a gate stands.
    fn fits_gate(&self, plan: &Plan, place: Place, event: &RunEvent) -> bool {
        let step = self.step(place);
        let gate = step.gate.as_ref();
        match event {
            RunEvent::ApprovalReminded { .. } => gate.is_some_and(|gate| gate.remind_at.is_some()),
            RunEvent::ApprovalEscalated { .. } => gate.is_some_and(|gate| !gate.escalated),
            RunEvent::ApprovalSentBack { .. } => {
                super::gate::cannot_send_back(self, plan, place).is_none()
            }
            RunEvent::ApprovalVoided { .. } => super::changes::may_ask_anew(self, plan, place),
            RunEvent::ApprovalNotified { notice, index, .. } => {
                gate.is_some_and(|gate| gate.untold.contains(&(*notice, *index)))
            }
            _ => true,
        }
    }

    fn fits_pass(&self, place: Place, number: u32, event: &RunEvent) -> Result<(), &'static str> {
        let step = self.step(place);
        let Some(looped) = step
            .looped
            .as_ref()
            .filter(|_| step.phase == Phase::Looping)
        else {
            return Err("the loop has no passes now");
        };
        let right = match event {
            RunEvent::PassStarted { .. } => looped.due.is_some() && looped.next == number,
            RunEvent::PassFinished { status, .. } => {
                looped.passes.get(number).is_some_and(|pass| {
                    pass.status == Status::Running
                        && status.is_final()
                        && pass.scope.is_some_and(|scope| self.over.contains(&scope))
                })
            }
            _ => false,
        };
        if right {
            Ok(())
        } else {
            Err("the loop is not at this pass")
        }
    }

    /// Results of passes are kept before anything else happens to their loops.
    fn fits_later(
        &self,
        plan: &Plan,
        path: &StepPath,
        event: &RunEvent,
    ) -> Result<(), &'static str> {
        let Some(planned) = plan.find(path) else {
            return Err("the document has no such step");
        };
        if matches!(
            event,
            RunEvent::DoneBefore { .. } | RunEvent::AskedBefore { .. }
        ) {
            let place = self.place_of_step(plan, path);
            let begun = place.is_some_and(|place| self.step(place).phase != Phase::Queued);
            // Of a step without attempts it is said for the key of what undoes it.
            let effect =
                planned.undo.is_some() || planned.work.kind().is_some_and(ActionKind::has_attempts);
            return match effect && !begun {
                true => Ok(()),
                false => Err("the step does not begin anew"),
            };
        }
        if matches!(event, RunEvent::SentBackBefore { .. }) {
            let place = self.place_of_step(plan, path);
            let begun = place.is_some_and(|place| self.step(place).phase != Phase::Queued);
            return match begun || path.0.ends_with(']') {
                true => Err("the step does not begin anew"),
                false => Ok(()),
            };
        }
        if matches!(event, RunEvent::ArtifactKept { .. }) {
            return match planned.work.kind().is_some_and(ActionKind::has_attempts) {
                true => Ok(()),
                false => Err("the step leaves no files"),
            };
        }
        let begun = path.parts().next().flatten().is_none_or(|(id, _)| {
            plan.step(id).is_none_or(|step| {
                let place = Place { scope: TOP, step };
                self.step(place).phase != Phase::Queued
            })
        });
        if begun {
            return Err("the loop has begun");
        }
        let around = path.0.rfind('.').map(|end| StepPath::from(&path.0[..end]));
        if around.is_some_and(|around| !self.keep.has_pass(&around)) {
            return Err("nothing is kept of the pass around it");
        }
        let ends_in_pass = path.0.ends_with(']');
        let right = match event {
            RunEvent::PassKept { .. } => {
                ends_in_pass && planned.work.looped().is_some() && !self.keep.has_pass(path)
            }
            RunEvent::StepKept { .. } => !ends_in_pass && !self.keep.has_step(path),
            _ => false,
        };
        if right {
            Ok(())
        } else {
            Err("it cannot be kept")
        }
    }
}

/// Whether it may still come out that a step happened.
fn is_open(phase: &Phase) -> bool {
    matches!(
        phase,
        Phase::Uncertain | Phase::Probing | Phase::Told { happened: true }
    )
}

/// Whether a fact can follow in a step's phase: the table at the top of `state`.
fn follows(step: &StepState, event: &RunEvent) -> bool {
    let last = step.attempts.last().map(|attempt| attempt.number);
    let phase = &step.phase;
    match event {
        RunEvent::StepSkipped { .. }
        | RunEvent::StepEvaluated { .. }
        | RunEvent::StepKept { .. }
        | RunEvent::WaitStarted { .. }
        | RunEvent::EventAwaited { .. }
        | RunEvent::ApprovalRequested { .. } => *phase == Phase::Queued,
        RunEvent::RateAwaited { .. } => matches!(
            phase,
            Phase::Queued
                | Phase::Interrupted
                | Phase::Retrying { .. }
                | Phase::Uncertain
                | Phase::Probing
                | Phase::Told { happened: false }
        ),
        RunEvent::AttemptStarted { number, .. } => {
            matches!(
                phase,
                Phase::Queued
                    | Phase::Interrupted
                    | Phase::Retrying { .. }
                    | Phase::Throttled { .. }
                    | Phase::Uncertain
                    | Phase::Probing
                    | Phase::Told { happened: false }
            ) && *number == last.unwrap_or(0).saturating_add(1)
        }
        RunEvent::AttemptFinished {
            number, outcome, ..
        } => {
            let succeeded = matches!(outcome, Outcome::Succeeded { .. });
            let runs = *phase == Phase::Running;
            #[cfg(test)]
            let runs = runs || planted(Bug::FinishesTwice);
            Some(*number) == last && (runs || (is_open(phase) && succeeded))
        }
        RunEvent::ArtifactKept { .. } => *phase == Phase::Running,
        RunEvent::AttemptInterrupted { number, .. } => {
            *phase == Phase::Running && Some(*number) == last
        }
        RunEvent::EventTaken { .. } => *phase == Phase::Listening,
        RunEvent::RetryScheduled { .. } => {
            matches!(
                phase,
                Phase::Broken { .. } | Phase::Uncertain | Phase::Probing
            ) || *phase == Phase::Told { happened: false }
        }
        RunEvent::WaitFinished { .. } => {
            matches!(phase, Phase::Waiting { .. } | Phase::Listening)
        }
        #[cfg(test)]
        RunEvent::ApprovalDecided { .. } if planted(Bug::DecidedTwice) => step.gate.is_some(),
        RunEvent::ApprovalDecided { .. }
        | RunEvent::ApprovalExpired { .. }
        | RunEvent::ApprovalReminded { .. }
        | RunEvent::ApprovalEscalated { .. }
        | RunEvent::ApprovalReassigned { .. }
        | RunEvent::ApprovalSentBack { .. } => *phase == Phase::Asking,
        RunEvent::ApprovalVoided { .. } => match phase {
            Phase::Asking => true,
            Phase::Over => {
                let gate = step.gate.as_ref();
                gate.is_some_and(|gate| gate.status == super::GateStatus::Approved)
            }
            _ => false,
        },
        RunEvent::ApprovalNotified { .. } => step.gate.is_some(),
        RunEvent::StepFailed { .. } => matches!(
            phase,
            Phase::Queued
                | Phase::Broken { .. }
                | Phase::Interrupted
                | Phase::Throttled { .. }
                | Phase::Listening
                | Phase::Uncertain
                | Phase::Probing
                | Phase::Told { happened: false }
                | Phase::Asking
                | Phase::Paused { .. }
        ),
        RunEvent::StepPaused { .. } => matches!(
            phase,
            Phase::Queued
                | Phase::Broken { .. }
                | Phase::Interrupted
                | Phase::Throttled { .. }
                | Phase::Told { happened: false }
        ),
        RunEvent::StepResumed { .. } => matches!(phase, Phase::Paused { .. }),
        RunEvent::StepUncertain { .. } => {
            matches!(phase, Phase::Broken { .. } | Phase::Interrupted)
        }
        RunEvent::StepResolved { .. } => {
            matches!(phase, Phase::Uncertain | Phase::Probing)
        }
        RunEvent::StepChecked { .. } => *phase == Phase::Probing,
        RunEvent::StepCanceled { .. } => !matches!(phase, Phase::Queued | Phase::Over),
        RunEvent::LoopStarted { .. } => *phase == Phase::Queued,
        RunEvent::LoopFinished { status, .. } => {
            *phase == Phase::Looping
                && matches!(
                    status,
                    Status::Succeeded | Status::Failed | Status::Rejected
                )
        }
        RunEvent::LoopTimedOut { .. } => {
            let looped = step.looped.as_ref();
            *phase == Phase::Looping && looped.is_some_and(|looped| looped.deadline.is_some())
        }
        RunEvent::PassStarted { .. }
        | RunEvent::PassFinished { .. }
        | RunEvent::PassKept { .. }
        | RunEvent::DoneBefore { .. }
        | RunEvent::AskedBefore { .. }
        | RunEvent::SentBackBefore { .. } => false,
        RunEvent::Created(_)
        | RunEvent::KeepingStarted { .. }
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
        | RunEvent::PassedOver { .. } => true,
    }
}
