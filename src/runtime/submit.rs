//! The start of a run: answered when it is durable.

use super::dispatch::OnItsWay;
use super::flow::Turn;
use super::live::{self, LiveRun};
use super::plan::{Compiled, NoPlan};
use super::project::batches_of;
use super::{Engine, clock};
use crate::service::{IdempotencyClaim, RunError, RunView, Submit};
use druse_engine::event::{Entry, Start, Status};
use druse_engine::run::{Input, Kept, Known, LARGEST_FACT, Run};
use druse_engine::{RunId, Span, Timestamp};
use druse_storage::{AppendError, Batch, Ticket};
use serde_json::json;
use std::sync::{Arc, Mutex};

/// How deep automations may start automations.
const DEEPEST: u32 = 16;

/// What goes with the start of a run.
pub(super) struct With {
    /// Facts of the caller.
    pub(super) extra: Batch,
    pub(super) claim: Option<IdempotencyClaim>,
    pub(super) dry_run: bool,
    /// In the place of the document's.
    pub(super) priority: Option<i32>,
}

/// A run whose first facts are on their way to the disk.
enum Begun {
    /// It is over with them.
    Over(RunView, Ticket, bool),
    Live(RunView, Arc<Mutex<LiveRun>>, OnItsWay),
}

impl Engine {
    /// Starts a run, and returns when its first facts are durable: then it survives whatever happens to
    /// the process.
    ///
    /// # Errors
    /// When the automation cannot be run with these inputs, or the store does not take the run. Nothing
    /// is stored then.
    pub async fn submit(&self, submit: Submit) -> Result<RunView, RunError> {
        let compiled = self.compiled(&submit)?;
        let inputs = self.inputs(&compiled.plan, submit.run, &submit.inputs)?;
        let depth = submit.cause.value()["depth"]
            .as_u64()
            .and_then(|depth| u32::try_from(depth).ok())
            .unwrap_or(0);
        let start = Start {
            run: submit.run,
            automation: Some(compiled.automation),
            name: compiled.name.clone(),
            version: compiled.version,
            digest: compiled.digest.clone(),
            cause: submit.cause,
            started_by: submit.started_by,
            inputs,
            trigger: submit.trigger,
            scheduled_at: submit.scheduled_at,
            root: submit.run,
            depth,
        };
        let with = With {
            extra: submit.extra,
            claim: submit.idempotency,
            dry_run: submit.dry_run,
            priority: submit.priority,
        };
        self.start(&compiled, start, Vec::new(), with).await
    }

    fn compiled(&self, submit: &Submit) -> Result<Arc<Compiled>, RunError> {
        if let Some(version) = submit.version
            && !submit.dry_run
            && !submit.judged
        {
            self.may_run_alone(submit.automation, version)?;
        }
        self.0
            .plans
            .get(self.0.store.as_ref(), submit.automation, submit.version)
            .map_err(RunError::from)
    }

    /// Begins a run, with results that are kept from an earlier one.
    pub(super) async fn start(
        &self,
        compiled: &Arc<Compiled>,
        start: Start,
        kept: Vec<Kept>,
        with: With,
    ) -> Result<RunView, RunError> {
        if start.depth > DEEPEST {
            return Err(RunError::NotAllowed(format!(
                "Automations may start each other {DEEPEST} deep, not deeper."
            )));
        }
        let id = start.run;
        let now = clock::now();
        if with.dry_run {
            let (mut run, _) = Run::begin_with(compiled.plan.clone(), start, kept, now);
            while run.goes_on() && run.handle(now, Input::Tick).is_ok() {}
            return Ok(self.shown(&run));
        }
        if self.0.closing.is_cancelled() || self.0.draining.is_cancelled() {
            return Err(RunError::Ending);
        }
        let claim = match self.turn_of(&compiled.plan, &start, with.priority, now)? {
            Turn::Free => None,
            Turn::Asks(claim) => Some(claim),
        };
        let plan = compiled.plan.clone();
        let known = Known {
            rates: plan.connects.then(|| self.0.rates.rates()).flatten(),
            children: self.child_versions(&plan)?,
        };
        let (run, entries) = Run::begin_knowing(plan, start, kept, claim, known, now);
        // What it is given may be too large; what it makes of that never is.
        if entries
            .first()
            .is_some_and(|created| created.event.weight() > LARGEST_FACT)
        {
            return Err(RunError::TooLarge);
        }
        match self.begun(run, entries, with, now)? {
            Begun::Over(view, ticket, announces) => {
                ticket.await.map_err(|error| self.log_failed(&error))?;
                if announces {
                    self.announced();
                }
                Ok(view)
            }
            Begun::Live(view, live, way) => match self.settle(id, live, way).await {
                Ok(true) => {
                    if view.status == Status::Queued {
                        self.take_places(id).await;
                    }
                    // Only when a step has asked for the rate of its connection is it known whether it
                    // waits for it.
                    if view.status == Status::Waiting && self.says_throttled(id).is_some() {
                        self.let_begin();
                        return Ok(self.view(id).await?.unwrap_or(view));
                    }
                    Ok(view)
                }
                Ok(false) | Err(_) => Err(RunError::Ending),
            },
        }
    }

    /// Puts a new run where it belongs and hands its first facts to the log. Its lock is held until they
    /// are there: whoever wants something of it comes behind them.
    fn begun(
        &self,
        run: Run,
        mut entries: Vec<Entry>,
        with: With,
        now: Timestamp,
    ) -> Result<Begun, RunError> {
        let id = run.id();
        let live = Arc::new(Mutex::new(LiveRun::new(run)));
        let mut locked = live::lock(&live);
        let plan = locked.run.plan().clone();
        let known = || self.0.live.add(id, live.clone(), plan.clone());
        entries.extend(self.queue_up(&mut locked.run, now, known)?);
        let announced = self.announce(&locked.run, &entries);
        let announces = !announced.facts.is_empty();
        let mut extra = with.extra;
        extra.facts.extend(announced.facts);
        let over = locked.run.is_over();
        let view = self.shown(&locked.run);
        let (seq, deadline) = (locked.run.last_seq(), locked.run.next_deadline());
        let batches = match over {
            true => batches_of(&locked.run, entries),
            false => {
                // Known before it is durable, so that no fact of it is lost; shown to nobody until then.
                known();
                locked.batches(entries)
            }
        };
        let ticket = match self.append_new(with_claims(batches, extra, with.claim, id, now)) {
            Ok(ticket) => ticket,
            Err(error) => {
                locked.never_was = true;
                self.0.live.remove(id);
                self.leave_queue(&locked.run);
                return Err(refused(error));
            }
        };
        if over {
            if locked.run.claim().is_some() {
                self.0.live.remove(id);
            }
            return Ok(Begun::Over(view, ticket, announces));
        }
        self.0.timers.set(id, deadline.map(|(at, _)| at));
        // No earlier: a run that is not taken waits for nothing.
        self.0.rates.take_up(&locked.run);
        self.0.hearing.take_up(&locked.run, false);
        drop(locked);
        let way = OnItsWay::new(ticket, seq).announcing(announces);
        Ok(Begun::Live(view, live, way))
    }

    /// Appends the batches of a new run: the first may be refused, and then nothing is stored; what
    /// follows it belongs to a run that exists.
    fn append_new(&self, batches: Vec<Batch>) -> Result<Ticket, AppendError> {
        let mut batches = batches.into_iter();
        let mut ticket = self.0.store.append(batches.next().unwrap_or_default())?;
        for batch in batches {
            ticket = self.append_or_end(batch).ok_or(AppendError::Failed)?;
        }
        Ok(ticket)
    }

    /// A log that failed ends the process.
    pub(super) fn log_failed(&self, error: &AppendError) -> RunError {
        self.fail(&format!("the log failed: {error}"));
        RunError::Ending
    }
}

/// Facts of the caller go before those of the run, so that a claim that is taken stops all of it.
fn with_claims(
    mut run: Vec<Batch>,
    extra: Batch,
    claim: Option<IdempotencyClaim>,
    id: RunId,
    now: Timestamp,
) -> Vec<Batch> {
    let mut batch = extra;
    if let Some(claim) = claim {
        batch = batch.claim(&claim.row(json!({ "run": id }), now));
    }
    if let Some(first) = run.first_mut() {
        batch.facts.append(&mut first.facts);
        *first = batch;
    }
    run
}

impl From<NoPlan> for RunError {
    fn from(reason: NoPlan) -> Self {
        match reason {
            NoPlan::Unknown => Self::NotFound("automation or version"),
            NoPlan::NotActive => Self::NotActive,
            NoPlan::Broken(findings) => Self::NotRunnable(findings),
            NoPlan::Read(error) => Self::Read(error),
        }
    }
}

/// Why the store did not take a run.
pub(super) fn refused(error: AppendError) -> RunError {
    match error {
        AppendError::Conflict { key, .. } => RunError::Claimed(key),
        AppendError::Full => RunError::Full,
        AppendError::Busy => RunError::Busy {
            retry_after: Span::from_secs(1),
        },
        AppendError::TooLarge { .. } => RunError::TooLarge,
        AppendError::Sequence { .. } | AppendError::NotOver { .. } | AppendError::Failed => {
            RunError::Ending
        }
    }
}
