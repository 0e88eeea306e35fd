//! When failures end a run, and what still happens then.
//!
//! A failure or a refusal of a step under `on_error: fail` is **handled** when a step that directly
//! needs it, with `join: all_done` or `any_failed`, runs. While such a handler is not decided, the run
//! goes on as if nothing had happened. When there is none, or none of them runs (its own `when` did
//! not hold, or an expression of it had no value), the failure is **unhandled** and the run is failing:
//!
//! - what runs, waits or asks is canceled, and what has not begun is skipped, at once: because of the
//!   need that went wrong, where its needs have ended, else because of `run_ending`;
//! - except steps with `join: all_done` or `any_failed`: they go on, and still begin when their needs
//!   have ended, so that what cleans up is never lost;
//! - when all has ended, the run is `failed`, or `rejected` when only refusals were unhandled.
//!
//! Under `on_error: continue` nothing of this happens. After a cancel, and when the run's own time is
//! over, everything ends at once, handlers too.

use super::join;
use super::state::{Ending, Phase, State, Trouble};
use crate::definition::OnError;
use crate::event::Status;
use crate::plan::Plan;

impl State {
    /// A step has failed or was refused.
    pub(super) fn note_trouble(&mut self, plan: &Plan, index: usize) {
        let step = &plan.steps[index];
        if step.on_error == OnError::Continue {
            return;
        }
        let handlers = step
            .dependants
            .iter()
            .filter(|next| {
                self.steps[**next].phase == Phase::Queued && join::is_handler(&plan.steps[**next])
            })
            .count();
        if handlers == 0 {
            self.unhandled(plan, index);
        } else {
            self.steps[index].trouble = Trouble::Open(handlers);
        }
    }

    /// A step has left the queue; if it ran, the failures that it joins are handled.
    pub(super) fn left_queue(&mut self, plan: &Plan, index: usize, ran: bool) {
        for need in join::handles(&plan.steps[index]) {
            match self.steps[need].trouble {
                Trouble::Open(_) if ran => self.steps[need].trouble = Trouble::Handled,
                Trouble::Open(left) if left > 1 => {
                    self.steps[need].trouble = Trouble::Open(left - 1);
                }
                Trouble::Open(_) => self.unhandled(plan, need),
                Trouble::None | Trouble::Handled | Trouble::Unhandled => {}
            }
        }
    }

    fn unhandled(&mut self, plan: &Plan, index: usize) {
        self.steps[index].trouble = Trouble::Unhandled;
        let first = match self.status(index) {
            Status::Rejected => &mut self.refused,
            _ => &mut self.failed,
        };
        first.get_or_insert(index);
        if self.ending.is_none() {
            self.ending = Some(Ending::Failing);
            self.to_end = self
                .open_steps()
                .filter(|open| !join::is_handler(&plan.steps[*open]))
                .collect();
        }
    }

    /// The run ends now, whatever its steps do.
    pub(super) fn end_all(&mut self, ending: Ending) {
        self.ending = Some(ending);
        self.to_end = self.open_steps().collect();
    }

    fn open_steps(&self) -> impl Iterator<Item = usize> {
        self.steps
            .iter()
            .enumerate()
            .filter(|(_, step)| step.phase != Phase::Over)
            .map(|(index, _)| index)
    }
}
