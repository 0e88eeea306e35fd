//! Which facts can follow from a state: what tells the journal of a run from anything else.

use super::state::{Phase, State, StepState};
use crate::event::{Outcome, RunEvent};
use crate::plan::{ActionKind, Plan};

impl State {
    /// Whether a fact can follow from what is known.
    pub(super) fn fits(
        &self,
        plan: &Plan,
        index: Option<usize>,
        event: &RunEvent,
    ) -> Result<(), &'static str> {
        let Some(index) = index else {
            return match event {
                RunEvent::Finished { .. } if self.open > 0 => Err("steps are not over"),
                _ => Ok(()),
            };
        };
        let step = &self.steps[index];
        if !follows(step, event) {
            return Err(match step.phase {
                Phase::Over => "the step is over",
                _ => "the step is not where this fact leads on from",
            });
        }
        let early = step.open_needs > 0
            && match event {
                RunEvent::StepKept { .. } => false,
                RunEvent::StepSkipped { .. } => !self.to_end.contains(&index),
                _ => true,
            };
        if early {
            return Err("what the step needs is not over");
        }
        let kind = plan.steps[index].kind;
        let right = match event {
            RunEvent::StepEvaluated { .. } => kind.is_pure(),
            RunEvent::WaitStarted { .. } => kind == ActionKind::Wait,
            RunEvent::ApprovalRequested { .. } => kind == ActionKind::ApprovalGate,
            RunEvent::AttemptStarted { .. } => {
                !kind.is_pure() && !matches!(kind, ActionKind::Wait | ActionKind::ApprovalGate)
            }
            _ => true,
        };
        if right {
            Ok(())
        } else {
            Err("the step is of another kind")
        }
    }
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
        | RunEvent::ApprovalRequested { .. } => *phase == Phase::Queued,
        RunEvent::AttemptStarted { number, .. } => {
            matches!(
                phase,
                Phase::Queued | Phase::Interrupted | Phase::Retrying { .. } | Phase::Uncertain
            ) && *number == last.unwrap_or(0).saturating_add(1)
        }
        RunEvent::AttemptFinished {
            number, outcome, ..
        } => {
            let succeeded = matches!(outcome, Outcome::Succeeded { .. });
            Some(*number) == last
                && (*phase == Phase::Running || (*phase == Phase::Uncertain && succeeded))
        }
        RunEvent::AttemptInterrupted { number, .. } => {
            *phase == Phase::Running && Some(*number) == last
        }
        RunEvent::RetryScheduled { .. } => matches!(phase, Phase::Broken { .. }),
        RunEvent::WaitFinished { .. } => matches!(phase, Phase::Waiting { .. }),
        RunEvent::ApprovalDecided { .. } | RunEvent::ApprovalExpired { .. } => {
            *phase == Phase::Asking
        }
        RunEvent::StepFailed { .. } => matches!(
            phase,
            Phase::Queued | Phase::Broken { .. } | Phase::Interrupted | Phase::Uncertain
        ),
        RunEvent::StepUncertain { .. } => {
            matches!(phase, Phase::Broken { .. } | Phase::Interrupted)
        }
        RunEvent::StepCanceled { .. } => !matches!(phase, Phase::Queued | Phase::Over),
        RunEvent::Created(_)
        | RunEvent::CancelRequested { .. }
        | RunEvent::RunTimedOut
        | RunEvent::Finished { .. } => true,
    }
}
