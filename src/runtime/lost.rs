//! Steps that wait for a run of which nothing is known: it is fenced off, or it cannot be read whether there is one. It
//! cannot either where nothing tells of a run, and a record that is damaged may have.
//!
//! Such a step takes no way by itself. What it has started may have done its work, and may still go on in a later
//! process, so whatever followed on a failure might be done beside it. The step waits, shown as `uncertain`, until the
//! run can be read again, its own time is over, or a person says what became of it. Only then it is a fact that nobody
//! knew, and the facts after it say what holds: by them each later process ends that run instead of going on with it.

use super::internal::{child_claim, made, waits_of};
use super::live::{self, LiveRun};
use super::{Engine, asleep::AGAIN, dispatch::OnItsWay};
use crate::action::{Attempt, Failed};
use crate::service::RunError;
use druse_engine::definition::FailureClass;
use druse_engine::event::{Entry, Failure, Outcome, RunEvent, StepPath};
use druse_engine::plan::ActionKind;
use druse_engine::run::{Effect, FENCED_OFF, Input, Rejected, Run};
use druse_engine::{Json, RunId};
use druse_storage::{Batch, IdempotencyKey, ReadError, StoreExt as _};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;

/// A step in a run, and which attempt of it.
type Waiting = (RunId, StepPath, u32);

/// The steps that wait so in this process, each with the reason: a sentence's beginning, without a full stop.
#[derive(Default)]
pub(super) struct Lost(Mutex<BTreeMap<Waiting, String>>);

/// Is noted as long as it is there.
struct Noted<'a>(&'a Lost, Waiting);

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        self.0.all().remove(&self.1);
    }
}

impl Lost {
    fn all(&self) -> MutexGuard<'_, BTreeMap<Waiting, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, waiting: Waiting, reason: String) -> Noted<'_> {
        self.all().insert(waiting.clone(), reason);
        Noted(self, waiting)
    }

    /// The runs in which a step waits so.
    pub(super) fn runs(&self) -> Vec<RunId> {
        self.all().keys().map(|(run, _, _)| *run).collect()
    }

    /// The steps of a run that wait so, each with the reason.
    pub(super) fn of(&self, run: RunId) -> BTreeMap<StepPath, String> {
        let all = self.all();
        let of = all.range((run, StepPath::from(""), 0)..);
        of.take_while(|((of, _, _), _)| *of == run)
            .map(|((_, step, _), reason)| (step.clone(), reason.clone()))
            .collect()
    }
}

impl Engine {
    /// Waits until something is known of a run again that a step waits for, and is fenced off.
    pub(super) async fn until_found(&self, attempt: &Attempt, child: RunId) -> Result<(), Failed> {
        let why = self.0.fence.why(child).unwrap_or_default();
        let reason = format!("the run {child} that it waits for is fenced off: {why}");
        tracing::error!(run = %attempt.run, step = %attempt.step, %child, why, "a step waits for a run of which nothing is known");
        let _noted = self.0.lost.note(waiting(attempt), reason);
        while self.0.fence.holds(child) {
            tokio::select! {
                () = tokio::time::sleep(AGAIN.0) => {}
                () = self.closing() => return Err(Failed::canceled()),
            }
        }
        Ok(())
    }

    /// Waits for whoever says what became of a step of which it cannot be read whether it has started a run. That ends
    /// the attempt.
    pub(super) async fn never_found(
        &self,
        attempt: &Attempt,
        error: &ReadError,
        cancel: &CancellationToken,
    ) -> Failed {
        let reason = format!("whether it has started a run cannot be read: {error}");
        tracing::error!(run = %attempt.run, step = %attempt.step, %error, "a step cannot know whether it has started a run");
        let _noted = self.0.lost.note(waiting(attempt), reason);
        tokio::select! {
            () = self.closing() => {}
            () = cancel.cancelled() => {}
        }
        Failed::canceled()
    }

    /// What tells which run a step has started, if it has started one.
    ///
    /// # Errors
    /// When that cannot be read. It is `Damaged` also where it is not there, and may have stood in a record that is
    /// damaged: the step may have started a run of which nothing else is known.
    pub(super) fn started(
        &self,
        live: &Mutex<LiveRun>,
        step: &StepPath,
        claim: &str,
    ) -> Result<Option<IdempotencyKey>, ReadError> {
        let row = self.0.store.get::<IdempotencyKey>(claim)?;
        if row.is_some() {
            return Ok(row);
        }
        let missing = self.0.store.missing();
        if missing.is_empty() {
            return Ok(None);
        }
        let (id, since) = {
            let locked = live::lock(live);
            (locked.run.id(), locked.run.fence_since_failed(step))
        };
        let begins = |entry: &&Entry| match &entry.event {
            RunEvent::AttemptStarted {
                step: of, fence, ..
            } => of == step && Some(*fence) == since,
            _ => false,
        };
        let began = self.journal(id)?.iter().find(begins).map(|entry| entry.seq);
        let position = match began {
            Some(seq) => self.0.store.position(id, seq)?,
            None => None,
        };
        let mut later = missing.into_iter();
        let later = later.find(|missing| position.is_none_or(|began| missing.last > began));
        match later {
            Some(missing) => Err(ReadError::Damaged(missing.text)),
            None => Ok(None),
        }
    }

    /// Whether a step waits for a run of which nothing is known, as a process sees it that may not carry the step.
    ///
    /// # Errors
    /// When that cannot be read just now.
    pub(super) fn has_lost(
        &self,
        live: &Mutex<LiveRun>,
        step: &StepPath,
    ) -> Result<bool, RunError> {
        let claim = {
            let locked = live::lock(live);
            let run = &locked.run;
            let kind = run.plan().find(step).and_then(|step| step.work.kind());
            let runs = run.running().any(|(running, _, _)| running == *step);
            let key = run.key_of(step).filter(|_| runs);
            let (Some(ActionKind::Automation), Some(key)) = (kind, key) else {
                return Ok(false);
            };
            child_claim(run.id(), key, run.failed_attempts(step))
        };
        let row = match self.started(live, step, &claim) {
            Err(ReadError::Damaged(_)) => return Ok(true),
            row => row?,
        };
        let Some(child) = row.and_then(|row| made(&row).ok()) else {
            return Ok(false);
        };
        let waits = {
            let locked = live::lock(live);
            let input = locked.run.step(&step.0).and_then(|step| step.input);
            input.is_some_and(|input| waits_of(input.value()).unwrap_or(true))
        };
        Ok(waits && self.is_lost(child)?)
    }

    /// Whether nothing is known of a run, and nothing will be by waiting. It is fenced off then.
    pub(super) fn is_lost(&self, id: RunId) -> Result<bool, ReadError> {
        if self.0.fence.holds(id) {
            return Ok(true);
        }
        let read = match self.live_run(id) {
            Ok(Some(_)) => return Ok(false),
            Ok(None) => self
                .0
                .store
                .run_head(id)
                .and_then(|_| self.rebuild(id).map(drop)),
            Err(error) => Err(error),
        };
        match read {
            Err(ReadError::Damaged(why)) => {
                self.0.fence.add(id, format!("it cannot be read: {why}"));
                Ok(true)
            }
            read => read.map(|()| false),
        }
    }

    /// Makes it a fact that nobody knows what became of a step that waits so.
    pub(super) fn give_up_on(
        &self,
        id: RunId,
        locked: &mut LiveRun,
        step: &StepPath,
    ) -> Result<OnItsWay, Rejected> {
        let Some(Effect::Attempt { number, fence, .. }) = locked.run.effect(&step.0) else {
            return Err(Rejected::NotUncertain);
        };
        let message = "nothing is known of the run that this step has started";
        let outcome = Outcome::Failed {
            failure: Failure::new(FailureClass::Uncertain, FENCED_OFF, message),
            retry_after_ms: None,
        };
        let input = Input::Finished {
            step: step.clone(),
            number,
            fence,
            outcome,
        };
        self.give_locked(id, locked, input, Batch::new())
    }

    /// What is said of the steps of a run that wait so.
    pub(super) fn says_lost(&self, run: RunId) -> BTreeMap<StepPath, String> {
        let says =
            |reason| format!("waits for a person who finds out whether it happened, for {reason}");
        let lost = self.0.lost.of(run).into_iter();
        lost.map(|(step, reason)| (step, says(reason))).collect()
    }

    /// Why a value is no output of a step, if it is not.
    pub(super) fn fits(run: &Run, step: &StepPath, output: &Json) -> Result<(), Rejected> {
        match run.misfit(step, output) {
            Some(failure) => Err(Rejected::BadOutput {
                failure: Box::new(failure),
            }),
            None => Ok(()),
        }
    }
}

fn waiting(attempt: &Attempt) -> Waiting {
    (attempt.run, attempt.step.as_str().into(), attempt.number)
}
