//! The laws of attempts and of time: fences, keys, retries, what may not begin again, and what comes no
//! earlier than it is due.

use super::{Broken, Law, Looked};
use crate::definition::{Delivery, FailureClass};
use crate::event::{Entry, Failure, Outcome, Probed, RunEvent, StepPath};
use crate::plan::Plan;
use crate::{Span, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// One step as far as its attempts tell.
#[derive(Debug, Default, Clone)]
struct Tried {
    key: Option<String>,
    /// Of its last attempt.
    number: u32,
    deadline: Option<Timestamp>,
    /// When the first attempt began, or the first one after a person had it tried anew.
    first: Option<Timestamp>,
    /// Attempts that failed by themselves since then.
    failures: u32,
    /// The failure that is still to be answered, with the wait that was asked for.
    failed: Option<(Failure, u64)>,
    /// When it is to be tried again.
    due: Option<Timestamp>,
    /// How often in a row the process died with nothing but its attempt running.
    deaths: u32,
    /// Whether nobody knows whether it happened.
    open: bool,
}

/// Reads along.
#[derive(Debug, Default, Clone)]
pub(super) struct Tries {
    steps: BTreeMap<StepPath, Tried>,
    /// Keys of steps that have run again since.
    old_keys: BTreeSet<String>,
    fence: u64,
    /// When waits, gates, loops and passes are over or begin.
    moments: BTreeMap<(StepPath, &'static str), Timestamp>,
    /// When the run's own time, or that of the handlers that run, began to count.
    since: Option<Timestamp>,
    queued: bool,
}

impl Tries {
    /// A step, with all that stands inside of it, is as if it had never run.
    pub(super) fn forget(&mut self, gone: impl Fn(&StepPath) -> bool) {
        let steps = std::mem::take(&mut self.steps);
        for (path, tried) in steps {
            match gone(&path) {
                true => self.old_keys.extend(tried.key),
                false => {
                    self.steps.insert(path, tried);
                }
            }
        }
        self.moments.retain(|(path, _), _| !gone(path));
    }

    /// A check begins to look again: its attempts are numbered on, and its retries begin anew.
    pub(super) fn anew(&mut self, step: &StepPath) {
        let tried = self.of(step);
        tried.deaths = 0;
        tried.failures = 0;
        tried.first = None;
    }

    fn of(&mut self, step: &StepPath) -> &mut Tried {
        self.steps.entry(step.clone()).or_default()
    }

    fn moment(&mut self, step: &StepPath, what: &'static str, at: Option<Timestamp>) {
        match at {
            Some(at) => self.moments.insert((step.clone(), what), at),
            None => self.moments.remove(&(step.clone(), what)),
        };
    }

    /// What waits for this moment does not come before it.
    fn reached(
        &self,
        step: &StepPath,
        what: &'static str,
        entry: &Entry,
        looked: &mut Looked,
    ) -> Result<(), Broken> {
        let due = self.moments.get(&(step.clone(), what));
        let right = due.is_some_and(|due| *due <= entry.at);
        looked.hold(Law::Early, right, || {
            format!("{what} of {step} is over at {due:?}: {entry:?}")
        })
    }

    /// Reads one fact about the run.
    pub(super) fn see_run(
        &mut self,
        plan: &Plan,
        entry: &Entry,
        looked: &mut Looked,
    ) -> Result<(), Broken> {
        match &entry.event {
            RunEvent::Created(_) => self.since = Some(entry.at),
            RunEvent::Queued { claim: Some(_) } if entry.seq == 2 => self.queued = true,
            RunEvent::Admitted if self.queued => {
                self.queued = false;
                self.since = Some(entry.at);
            }
            RunEvent::HandlersStarted { .. } => self.since = Some(entry.at),
            RunEvent::RunTimedOut => {
                let end = self
                    .since
                    .zip(plan.timeout)
                    .map(|(at, span)| at.after(span));
                let right = end.is_some_and(|end| end <= entry.at);
                return looked.hold(Law::Early, right, || {
                    format!("the time is over at {end:?}: {entry:?}")
                });
            }
            _ => {}
        }
        Ok(())
    }

    /// Reads one fact about a step. `resolved` is whether a person resolved an uncertain step in this turn.
    pub(super) fn see(
        &mut self,
        plan: &Plan,
        step: &StepPath,
        entry: &Entry,
        resolved: bool,
        looked: &mut Looked,
    ) -> Result<(), Broken> {
        match &entry.event {
            RunEvent::AttemptStarted { .. } => self.begins(plan, step, entry, resolved, looked)?,
            RunEvent::AttemptFinished { outcome, .. } => {
                self.finishes(step, entry, outcome, looked)?;
            }
            // It has come to its retry; how long it waits from here on is not its own time.
            RunEvent::RateAwaited { .. } => {
                if let Some(due) = self.of(step).due.take() {
                    looked.hold(Law::Early, due <= entry.at, || format!("{entry:?}"))?;
                }
            }
            RunEvent::AttemptInterrupted { .. } => {
                let tried = self.of(step);
                tried.failed = None;
                tried.deaths = 0;
            }
            RunEvent::StepResolved { .. }
            | RunEvent::StepChecked {
                answer: Probed::NotHappened,
                ..
            } => self.of(step).open = false,
            RunEvent::StepUncertain { .. } => self.of(step).failed = None,
            RunEvent::StepCanceled { .. } => {
                let tried = self.of(step);
                tried.failed = None;
                // A probe that a person's answer ends may be asked anew, and then waits for nothing.
                tried.due = None;
            }
            RunEvent::StepResumed { .. } => {
                let tried = self.of(step);
                tried.open = false;
                tried.deaths = 0;
                tried.failures = 0;
                tried.first = None;
            }
            RunEvent::RetryScheduled { due, .. } => {
                // A person found out that it did not happen; it begins when it is its turn.
                if resolved {
                    self.of(step).open = false;
                }
                self.retries(plan, step, entry, *due, looked)?;
            }
            RunEvent::StepFailed { .. } | RunEvent::StepPaused { .. } => {
                self.gives_up(plan, step, entry, looked)?;
            }
            RunEvent::WaitStarted { until, .. } => self.moment(step, "the wait", Some(*until)),
            RunEvent::EventAwaited { until, .. } => self.moment(step, "the wait", *until),
            RunEvent::WaitFinished { .. } => self.reached(step, "the wait", entry, looked)?,
            RunEvent::ApprovalRequested { request, .. } => {
                self.moment(step, "the gate", request.expires_at);
            }
            RunEvent::ApprovalExpired { .. } => self.reached(step, "the gate", entry, looked)?,
            RunEvent::ApprovalEscalated { expires_at, .. } => {
                self.reached(step, "the gate", entry, looked)?;
                self.moment(step, "the gate", *expires_at);
            }
            RunEvent::LoopStarted { deadline, .. } => self.moment(step, "the loop", *deadline),
            RunEvent::LoopTimedOut { .. } => self.reached(step, "the loop", entry, looked)?,
            RunEvent::PassFinished { due, .. } => {
                if let Some((of, _)) = step.0.rsplit_once('[') {
                    self.moment(&of.into(), "the pause between passes", *due);
                }
            }
            RunEvent::PassStarted { .. } => {
                if let Some((of, _)) = step.0.rsplit_once('[') {
                    self.reached(&of.into(), "the pause between passes", entry, looked)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn begins(
        &mut self,
        plan: &Plan,
        step: &StepPath,
        entry: &Entry,
        resolved: bool,
        looked: &mut Looked,
    ) -> Result<(), Broken> {
        let RunEvent::AttemptStarted {
            number,
            fence,
            idempotency_key,
            deadline,
            ..
        } = &entry.event
        else {
            return Ok(());
        };
        let told = || format!("{entry:?}");
        looked.hold(Law::Fences, *fence > self.fence, told)?;
        self.fence = *fence;
        let new = !self.old_keys.contains(idempotency_key);
        let once = plan
            .find(step)
            .is_some_and(|planned| planned.delivery == Delivery::AtMostOnce);
        let tried = self.of(step);
        let known = tried.key.get_or_insert_with(|| idempotency_key.clone());
        looked.hold(Law::Keys, new && known == idempotency_key, told)?;
        looked.hold(Law::Retries, *number == tried.number + 1, told)?;
        if once {
            looked.hold(Law::AtMostOnce, !tried.open || resolved, told)?;
        }
        if tried.deaths > 0 {
            looked.hold(Law::Quarantine, tried.deaths < 3, told)?;
        }
        if let Some(due) = tried.due.take() {
            looked.hold(Law::Early, due <= entry.at, told)?;
        }
        tried.number = *number;
        tried.deadline = *deadline;
        tried.first.get_or_insert(entry.at);
        tried.open = true;
        tried.failed = None;
        Ok(())
    }

    fn finishes(
        &mut self,
        step: &StepPath,
        entry: &Entry,
        outcome: &Outcome,
        looked: &mut Looked,
    ) -> Result<(), Broken> {
        let tried = self.of(step);
        let Outcome::Failed {
            failure,
            retry_after_ms,
        } = outcome
        else {
            tried.deaths = 0;
            return Ok(());
        };
        if failure.code == "process_died" {
            tried.deaths += 1;
            return Ok(());
        }
        tried.deaths = 0;
        tried.failures += 1;
        tried.failed = Some((failure.clone(), retry_after_ms.unwrap_or(0)));
        // A plain failure is an answer: it is known that it did not happen.
        if matches!(
            failure.class,
            FailureClass::Retryable | FailureClass::Permanent
        ) {
            tried.open = false;
        }
        if failure.class == FailureClass::Timeout && failure.code == "timeout" {
            let right = tried.deadline.is_some_and(|end| end <= entry.at);
            return looked.hold(Law::Early, right, || format!("{entry:?}"));
        }
        Ok(())
    }

    fn retries(
        &mut self,
        plan: &Plan,
        step: &StepPath,
        entry: &Entry,
        due: Timestamp,
        looked: &mut Looked,
    ) -> Result<(), Broken> {
        let allows = |tried: &Tried, failure: &Failure| may_try_again(plan, step, tried, failure);
        let tried = self.of(step);
        tried.due = Some(due);
        // Without a failure it is a person who has it begin again.
        let Some((failure, asked)) = tried.failed.take() else {
            return Ok(());
        };
        let right = allows(tried, &failure);
        let failures = tried.failures;
        looked.hold(Law::Retries, right, || {
            format!("after {failures} failures, the last {failure:?}: {entry:?}")
        })?;
        let asked = asked.min(24 * 3_600_000);
        let earliest = entry.at.after(Span::from_millis(asked));
        looked.hold(Law::Early, due >= earliest, || {
            format!("{asked} ms were asked for: {entry:?}")
        })
    }

    /// A step fails for good: not while it is to be tried again.
    fn gives_up(
        &mut self,
        plan: &Plan,
        step: &StepPath,
        entry: &Entry,
        looked: &mut Looked,
    ) -> Result<(), Broken> {
        let tried = self.of(step);
        let Some((failure, _)) = tried.failed.take() else {
            return Ok(());
        };
        // Whether the time over all attempts is enough depends on the wait that is drawn.
        let total = plan.find(step).is_some_and(|s| s.retry.total.is_some());
        let right = total || !may_try_again(plan, step, tried, &failure);
        looked.hold(Law::Retries, right, || {
            format!("attempts are left: {entry:?}")
        })
    }
}

fn may_try_again(plan: &Plan, step: &StepPath, tried: &Tried, failure: &Failure) -> bool {
    let Some(planned) = plan.find(step) else {
        return false;
    };
    let leaves_open = matches!(
        failure.class,
        FailureClass::Timeout | FailureClass::Uncertain | FailureClass::Interrupted
    );
    let once = planned.delivery == Delivery::AtMostOnce && leaves_open;
    planned.retry.on.contains(&failure.class) && tried.failures < planned.retry.attempts && !once
}
