//! The start of a run: answered when it is durable.

use super::live::{self, LiveRun};
use super::plan::{Compiled, NoPlan};
use super::project::batches_of;
use super::{Engine, clock, view};
use crate::service::{IdempotencyClaim, RunError, RunView, Submit};
use druse_engine::event::Start;
use druse_engine::run::{Input, Kept, LARGEST_FACT, Run};
use druse_engine::{RunId, Span, Timestamp};
use druse_storage::{AppendError, Batch, Ticket};
use serde_json::json;
use std::sync::Arc;

/// How deep automations may start automations.
const DEEPEST: u32 = 16;

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
        self.start(
            &compiled,
            start,
            Vec::new(),
            submit.extra,
            submit.idempotency,
            submit.dry_run,
        )
        .await
    }

    fn compiled(&self, submit: &Submit) -> Result<Arc<Compiled>, RunError> {
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
        extra: Batch,
        claim: Option<IdempotencyClaim>,
        dry_run: bool,
    ) -> Result<RunView, RunError> {
        if start.depth > DEEPEST {
            return Err(RunError::NotAllowed(format!(
                "Automations may start each other {DEEPEST} deep, not deeper."
            )));
        }
        let id = start.run;
        let now = clock::now();
        let (mut run, entries) = Run::begin_with(compiled.plan.clone(), start, kept, now);
        if dry_run {
            while run.goes_on() && run.handle(now, Input::Tick).is_ok() {}
            return Ok(view::view(&run));
        }
        if self.0.closing.is_cancelled() {
            return Err(RunError::Ending);
        }
        // What it is given may be too large; what it makes of that never is.
        if entries
            .first()
            .is_some_and(|created| created.event.weight() > LARGEST_FACT)
        {
            return Err(RunError::TooLarge);
        }
        let announced = self.announce(&run, &entries);
        let announces = !announced.facts.is_empty();
        let mut extra = extra;
        extra.facts.extend(announced.facts);
        if run.is_over() {
            let batches = with_claims(batches_of(&run, entries), extra, claim, id, now);
            let ticket = self.append_new(batches).map_err(refused)?;
            ticket.await.map_err(|error| self.log_failed(&error))?;
            if announces {
                self.announced();
            }
            return Ok(view::view(&run));
        }
        let mut live = LiveRun::new(run);
        let listens = live.run.listening().next().is_some();
        let seq = live.run.last_seq();
        let deadline = live.run.next_deadline().map(|(at, _)| at);
        let batches = with_claims(live.batches(entries), extra, claim, id, now);
        let shown = view::view(&live.run);
        // Known before it is durable, so that no fact of it is lost; shown to nobody until then.
        let live = self.0.live.insert(id, live);
        let ticket = match self.append_new(batches) {
            Ok(ticket) => ticket,
            Err(error) => {
                self.0.live.remove(id);
                return Err(refused(error));
            }
        };
        self.0.timers.set(id, deadline);
        if listens {
            // No earlier: a run that is not taken waits for nothing.
            self.0.hearing.take_up(&live::lock(&live).run, false);
        }
        let way = super::dispatch::OnItsWay::new(ticket, seq).announcing(announces);
        let settled = self.settle(id, live, way);
        match settled.await {
            Ok(true) => Ok(shown),
            Ok(false) | Err(_) => Err(RunError::Ending),
        }
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
        AppendError::Sequence { .. } | AppendError::Failed => RunError::Ending,
    }
}
