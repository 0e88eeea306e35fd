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
//! In the body of a loop the same holds of a pass: its steps are handled and ended among themselves, and
//! what the failure of a pass does to the loop is said in [`super::looping`].
//!
//! Under `on_error: continue` nothing of this happens. After a cancel, and when the run's own time is
//! over, everything ends at once, such handlers too. What then follows is said in [`super::handlers`].

use super::join;
use super::scope::{Close, Owner, Place, TOP};
use super::state::{Ending, Phase, State, Trouble};
use crate::definition::OnError;
use crate::event::Status;
use crate::plan::Plan;

impl State {
    /// A step has failed or was refused.
    pub(super) fn note_trouble(&mut self, plan: &Plan, place: Place) {
        let step = self.planned(plan, place);
        if step.on_error == OnError::Continue {
            return;
        }
        let scope = &self.scopes[place.scope];
        let list = scope.list(plan);
        let handlers = step
            .dependants
            .iter()
            .filter(|next| {
                scope.steps[**next].phase == Phase::Queued && join::is_handler(&list.steps[**next])
            })
            .count();
        if handlers == 0 {
            self.unhandled(plan, place);
        } else {
            self.step_mut(place).trouble = Trouble::Open(handlers);
        }
    }

    /// A step has left the queue; if it ran, the failures that it joins are handled.
    pub(super) fn left_queue(&mut self, plan: &Plan, place: Place, ran: bool) {
        for need in join::handles(self.planned(plan, place)) {
            let need = Place {
                step: need,
                ..place
            };
            match self.step(need).trouble {
                Trouble::Open(_) if ran => self.step_mut(need).trouble = Trouble::Handled,
                Trouble::Open(left) if left > 1 => {
                    self.step_mut(need).trouble = Trouble::Open(left - 1);
                }
                Trouble::Open(_) => self.unhandled(plan, need),
                Trouble::None | Trouble::Handled | Trouble::Unhandled => {}
            }
        }
    }

    fn unhandled(&mut self, plan: &Plan, place: Place) {
        self.step_mut(place).trouble = Trouble::Unhandled;
        let status = self.status(place);
        let scope = &mut self.scopes[place.scope];
        let first = match status {
            Status::Rejected => &mut scope.refused,
            _ => &mut scope.failed,
        };
        first.get_or_insert(place.step);
        match scope.owner {
            Owner::Run => {
                self.ending.get_or_insert(Ending::Failing);
                self.close_scope(plan, place.scope, Close::Failing);
            }
            Owner::Pass { of, .. } => {
                self.close_scope(plan, place.scope, Close::Failing);
                self.pass_is_failing(plan, of, place.scope);
            }
            // What cleans up is not stopped because something else that does has failed, and what a check
            // comes to is said by its own fact.
            Owner::Handlers(_) | Owner::Undo { .. } | Owner::Probe { .. } => {}
        }
    }

    /// The run ends now, whatever its steps do.
    pub(super) fn end_all(&mut self, plan: &Plan, ending: Ending) {
        self.ending = Some(ending);
        self.close_scope(plan, TOP, Close::Stopped);
    }
}
