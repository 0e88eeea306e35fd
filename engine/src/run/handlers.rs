//! What follows when the run's own work is over: `undo`, then `on_failure`, then `finally`.
//!
//! When all steps of the document's own list are over, the **outcome** is known: succeeded, failed,
//! rejected or canceled. Then the lists run, one after another:
//!
//! 1. **undo**, when the outcome is failed or rejected and the document says `undo_on_failure`: each step
//!    that succeeded and has an `undo`, one at a time, the last to finish first;
//! 2. **on_failure**, when the outcome is failed or rejected;
//! 3. **finally**, always.
//!
//! A failure in a list ends neither the list nor the next ones: steps that need the one that failed are
//! skipped by their joins, the others run. The outcome stays what it was, unless it was a success: then
//! a failure of `finally` that nothing handled is that of the run.
//!
//! Each list may take as long as the document's `timeout`, from its own beginning. When that is over, it is
//! stopped and the next one begins.
//!
//! A first cancel while the run's own work goes on ends that; `finally` runs. A first cancel later stops
//! nothing, for what cleans up runs once. A second one stops the list that runs, and no further one begins.

use super::pass;
use super::scope::{Close, Owner, Place, Scope, TOP};
use super::state::{Ending, Finish, State};
use super::time::later;
use crate::Timestamp;
use crate::definition::FailureClass;
use crate::event::{Failure, HandlerList, RunEvent, Status};
use crate::plan::Plan;
#[cfg(test)]
use crate::testing::{Bug, planted};

/// How far the handlers of a run are.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Handling {
    /// How the run's own work ended.
    pub(super) outcome: Option<Box<Finish>>,
    /// The list that runs.
    pub(super) current: Option<Current>,
    /// The lists that have begun, with their scopes; undoing has none of its own.
    pub(super) begun: Vec<(HandlerList, Option<usize>)>,
    /// Steps that are to be undone, in the order in which they finished.
    pub(super) undoable: Vec<Place>,
    /// Whether the time of `finally` ran out.
    late: bool,
    /// How often somebody wanted the run to end.
    pub(super) cancels: u32,
    /// Who stopped the handlers, and why.
    forced: Option<(String, Option<String>)>,
}

/// A list of handlers that runs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Current {
    pub(super) list: HandlerList,
    /// The scope that runs; of undoing that of the step that is undone now.
    scope: usize,
    since: Timestamp,
    /// Whether it is ending before its end.
    stopped: bool,
}

impl State {
    /// Whether the run's own work is over and no list of handlers runs.
    pub(super) fn between(&self) -> bool {
        self.handling.outcome.is_some() && self.handling.current.is_none() && self.finish.is_none()
    }

    /// The list that follows when the run's own work has ended like this.
    pub(super) fn next_list(&self, plan: &Plan, outcome: Status) -> Option<HandlerList> {
        // Of what never had its turn there is nothing to clean up.
        if self.handling.forced.is_some() || !self.has_begun() {
            return None;
        }
        #[cfg(test)]
        if planted(Bug::FinallySkipped) && outcome == Status::Canceled {
            return None;
        }
        let last = self.handling.begun.last().map(|(list, _)| *list);
        let failed = matches!(outcome, Status::Failed | Status::Rejected);
        HandlerList::ALL.into_iter().find(|list| {
            last.is_none_or(|last| last < *list)
                && match list {
                    HandlerList::Undo => failed && !self.handling.undoable.is_empty(),
                    HandlerList::OnFailure => failed && plan.handler_block(*list).is_some(),
                    HandlerList::Finally => plan.handler_block(*list).is_some(),
                }
        })
    }

    /// The end of the run's own work: that of the run, where nothing follows.
    pub(super) fn end_of_work(&self, plan: &Plan, end: RunEvent) -> RunEvent {
        match end {
            RunEvent::Finished {
                status,
                outputs,
                failure,
            } if self.next_list(plan, status).is_some() => RunEvent::WorkFinished {
                status,
                outputs,
                failure,
            },
            end => end,
        }
    }

    /// What follows between two lists; nothing while the run is held and another list would begin.
    pub(super) fn after_list(&self, plan: &Plan) -> Option<RunEvent> {
        let outcome = self.handling.outcome.as_deref()?;
        match self.next_list(plan, outcome.status) {
            Some(_) if self.paused.is_some() => None,
            Some(list) => Some(RunEvent::HandlersStarted { list }),
            None => Some(self.end_of_handlers(plan, outcome)),
        }
    }

    fn end_of_handlers(&self, plan: &Plan, outcome: &Finish) -> RunEvent {
        let over = |status, failure| RunEvent::Finished {
            status,
            outputs: None,
            failure: Some(failure),
        };
        if outcome.status == Status::Succeeded {
            if let Some((by, reason)) = &self.handling.forced {
                return over(Status::Canceled, canceled(by, reason.as_deref()));
            }
            if self.handling.late {
                let message = "`finally` did not end within the time limit of the run";
                let failure = Failure::new(FailureClass::Timeout, "run_timeout", message);
                return over(Status::Failed, failure);
            }
            let scopes = self.handling.begun.iter().filter_map(|(_, scope)| *scope);
            let mut troubles = scopes.filter_map(|scope| pass::trouble_in(self, plan, scope));
            if let Some((status, failure)) = troubles.next() {
                return over(status, failure);
            }
        }
        RunEvent::Finished {
            status: outcome.status,
            outputs: outcome.outputs.clone(),
            failure: outcome.failure.clone(),
        }
    }

    pub(super) fn work_finished(&mut self, finish: Finish) {
        self.over.remove(&TOP);
        self.handling.outcome = Some(Box::new(finish));
    }

    pub(super) fn handlers_started(&mut self, plan: &Plan, list: HandlerList, at: Timestamp) {
        if list == HandlerList::Undo {
            self.handling.begun.push((list, None));
            self.undo_next(plan, at);
            return;
        }
        let Some(block) = plan.handler_block(list) else {
            return;
        };
        let scope = Scope::new(
            plan,
            Owner::Handlers(list),
            block,
            Some(&list.name().into()),
        );
        let scope = self.scopes.add(scope);
        self.handling.begun.push((list, Some(scope)));
        self.handling.current = Some(Current {
            list,
            scope,
            since: at,
            stopped: false,
        });
        self.enlist(scope);
    }

    /// Begins to undo the step that finished last of those that are left, if any.
    fn undo_next(&mut self, plan: &Plan, at: Timestamp) {
        let since = self.handling.current.take().map_or(at, |now| now.since);
        #[cfg(test)]
        let newest = self.handling.undoable.len();
        #[cfg(test)]
        if planted(Bug::UndoForward) && newest > 1 {
            self.handling.undoable.swap(0, newest - 1);
        }
        while let Some(of) = self.handling.undoable.pop() {
            let Some(block) = self.planned(plan, of).undo else {
                continue;
            };
            let path = self.path(plan, of);
            let scope = Scope::new(plan, Owner::Undo { of }, block, Some(&path));
            let scope = self.scopes.add(scope);
            self.step_mut(of).undo = Some(scope);
            self.handling.current = Some(Current {
                list: HandlerList::Undo,
                scope,
                since,
                stopped: false,
            });
            self.enlist(scope);
            return;
        }
    }

    /// All steps of a scope are over.
    pub(super) fn scope_over(&mut self, plan: &Plan, scope: usize, at: Timestamp) {
        match self.scopes[scope].owner {
            Owner::Run | Owner::Pass { .. } => {
                self.over.insert(scope);
            }
            Owner::Handlers(_) => self.handling.current = None,
            Owner::Undo { .. } => self.undo_next(plan, at),
            Owner::Probe { of } => self.probe_over(scope, of),
        }
    }

    /// Notes that a step is one to be undone.
    pub(super) fn note_undoable(&mut self, plan: &Plan, place: Place) {
        if self.planned(plan, place).undo.is_some() {
            self.handling.undoable.push(place);
        }
    }

    /// When the time of the list that runs is over.
    pub(super) fn handlers_deadline(&self, plan: &Plan) -> Option<Timestamp> {
        let current = self.handling.current.as_ref()?;
        let timeout = plan.timeout.filter(|_| !current.stopped)?;
        Some(later(current.since, timeout))
    }

    /// The time of the run's own work, or of the list that runs, is over.
    pub(super) fn timed_out(&mut self, plan: &Plan) {
        match &self.handling.current {
            None => self.end_all(plan, Ending::TimedOut),
            Some(current) => {
                self.handling.late |= current.list == HandlerList::Finally;
                self.stop_handlers(plan);
            }
        }
    }

    pub(super) fn cancel_requested(&mut self, plan: &Plan, by: &str, reason: Option<&str>) {
        let (by, reason) = (by.to_owned(), reason.map(ToOwned::to_owned));
        self.paused = None;
        self.handling.cancels = self.handling.cancels.saturating_add(1);
        let forces = self.handling.cancels > 1 && self.handling.forced.is_none();
        #[cfg(test)]
        let forces = forces && !planted(Bug::CancelOnce);
        if forces {
            self.handling.forced = Some((by.clone(), reason.clone()));
            self.stop_handlers(plan);
        }
        if self.handling.outcome.is_none() && !matches!(self.ending, Some(Ending::Canceled { .. }))
        {
            self.end_all(plan, Ending::Canceled { by, reason });
        }
    }

    pub(super) fn canceled_by(&self) -> Option<&str> {
        match (&self.handling.forced, &self.ending) {
            (Some((by, _)), _) | (None, Some(Ending::Canceled { by, .. })) => Some(by),
            (None, _) => None,
        }
    }

    fn stop_handlers(&mut self, plan: &Plan) {
        let Some(current) = &mut self.handling.current else {
            return;
        };
        current.stopped = true;
        let (list, scope) = (current.list, current.scope);
        if list == HandlerList::Undo {
            self.handling.undoable.clear();
        }
        self.close_scope(plan, scope, Close::Stopped);
    }

    /// How the undo of a step stands, where it has begun.
    pub(super) fn undo_status(&self, place: Place) -> Option<Status> {
        let scope = self.step(place).undo?;
        Some(self.status(Place { scope, step: 0 }))
    }
}

/// The failure of a run that somebody ended.
pub(super) fn canceled(by: &str, reason: Option<&str>) -> Failure {
    let message = match reason {
        Some(reason) => format!("canceled by {by}: {reason}"),
        None => format!("canceled by {by}"),
    };
    Failure::new(FailureClass::Canceled, "canceled", message)
}
