//! The next moment at which something happens by itself.

use super::Run;
use super::state::Timer;
use crate::Timestamp;
use crate::event::StepPath;

/// What a moment is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadlineReason {
    /// A step is tried again.
    Retry {
        /// The step.
        step: StepPath,
    },
    /// A `wait` is over.
    Wait {
        /// The step.
        step: StepPath,
    },
    /// A gate's time runs out.
    ApprovalExpiry {
        /// The step.
        step: StepPath,
    },
    /// A gate is brought to mind.
    ApprovalReminder {
        /// The step.
        step: StepPath,
    },
    /// An attempt's time runs out.
    AttemptTimeout {
        /// The step.
        step: StepPath,
    },
    /// The next pass of a `repeat` begins.
    NextPass {
        /// The loop.
        step: StepPath,
    },
    /// A loop's time runs out.
    LoopTimeout {
        /// The loop.
        step: StepPath,
    },
    /// The time over all attempts of a step runs out while the next one waits for a rate.
    RateTimeout {
        /// The step.
        step: StepPath,
    },
    /// The run's time runs out.
    RunTimeout,
    /// More follows at once: the last turn was cut because it was long.
    GoesOn,
}

impl Run {
    /// When the run's own time is over, if it has a limit.
    pub fn time_limit(&self) -> Option<Timestamp> {
        self.state
            .run_deadline(&self.plan)
            .filter(|_| !self.is_over())
    }

    /// The earliest moment at which a tick changes something, and why. Later than the time that the last
    /// input came with, unless [`Run::goes_on`].
    pub fn next_deadline(&self) -> Option<(Timestamp, DeadlineReason)> {
        if self.is_over() {
            return None;
        }
        if self.goes_on() {
            return Some((self.state.last_at, DeadlineReason::GoesOn));
        }
        let run = self
            .state
            .run_deadline(&self.plan)
            .map(|at| (at, DeadlineReason::RunTimeout));
        let step = self.state.first_timer().map(|(at, timer, place)| {
            let step = self.state.path(&self.plan, place);
            let reason = match timer {
                Timer::Retry => DeadlineReason::Retry { step },
                Timer::Wait => DeadlineReason::Wait { step },
                Timer::Expiry => DeadlineReason::ApprovalExpiry { step },
                Timer::Remind => DeadlineReason::ApprovalReminder { step },
                Timer::Attempt => DeadlineReason::AttemptTimeout { step },
                Timer::Pass => DeadlineReason::NextPass { step },
                Timer::Loop => DeadlineReason::LoopTimeout { step },
                Timer::Rate => DeadlineReason::RateTimeout { step },
            };
            (at, reason)
        });
        match (run, step) {
            (Some(run), Some(step)) if step.0 < run.0 => Some(step),
            (Some(run), _) => Some(run),
            (None, step) => step,
        }
    }
}
