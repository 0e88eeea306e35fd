//! A new run from an ended one: what succeeded before the chosen step is kept.

use super::Engine;
use super::live::{self, Found};
use super::plan::Compiled;
use super::starters::all_starters;
use super::submit::With;
use crate::service::{FailureView, Retry, RetryPreview, RunError, RunView, UndoUnknown, label};
use druse_engine::event::{Start, StepPath};
use druse_engine::rehearsal::{Clear, Ended, Retained, retain};
use druse_engine::run::{Kept, Run, Undone};
use druse_engine::{Json, RunId};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

impl Engine {
    /// Starts a run that keeps results of an ended one, as [`druse_engine::rehearsal::retain`] says.
    ///
    /// # Errors
    /// When the run has not ended, or has no such step, or as [`Engine::submit`].
    pub async fn retry(&self, id: RunId, retry: Retry) -> Result<RunView, RunError> {
        let Prepared {
            before,
            compiled,
            inputs,
            retained,
            undo_unknown: _,
        } = self.prepared(
            id,
            retry.run,
            retry.from.as_deref(),
            retry.version,
            retry.inputs,
            &retry.keep,
        )?;
        let mut cause = json!({ "kind": "retry", "run_id": id, "from": retry.from, "by": retry.by, "reason": retry.reason });
        // Whoever retries a run does not take the place of who started it.
        cause["starters"] = json!(all_starters(&before));
        label::keep(&mut cause, &before.cause);
        let start = Start {
            run: retry.run,
            automation: before.automation,
            name: compiled.name.clone(),
            version: compiled.version,
            digest: compiled.digest.clone(),
            cause: Json::from(cause),
            started_by: retry.by,
            inputs,
            trigger: before.trigger.clone(),
            scheduled_at: before.scheduled_at,
            root: before.root,
            depth: before.depth,
        };
        let mut extra = retry.extra;
        extra.holds = self.hold_files(&retained.kept)?;
        // All of it, where the beginning of the run takes more than one record.
        let _held = extra.holds.clone();
        let with = With {
            extra,
            claim: retry.idempotency,
            dry_run: false,
            priority: None,
        };
        self.start(&compiled, start, retained.kept, with).await
    }

    /// What a retry would keep and what it would run again. Starts nothing.
    ///
    /// # Errors
    /// As [`Engine::retry`].
    pub fn retry_preview(
        &self,
        id: RunId,
        from: Option<&str>,
        version: Option<u32>,
        inputs: Option<Value>,
        keep: &[String],
    ) -> Result<RetryPreview, RunError> {
        // Nothing of it begins: any id will do.
        let prepared = self.prepared(id, id, from, version, inputs, keep)?;
        let kept = prepared.retained.kept.iter().filter_map(|kept| match kept {
            Kept::Step { step, .. } => Some(step.clone()),
            Kept::Pass { step, output, .. } => output.as_ref().map(|_| step.clone()),
            Kept::Undone { .. }
            | Kept::Asked { .. }
            | Kept::SentBack { .. }
            | Kept::Artifact { .. } => None,
        });
        Ok(RetryPreview {
            version: prepared.compiled.version,
            keeps: kept.collect(),
            runs_again: prepared.retained.again,
            undo_unknown: prepared.undo_unknown,
        })
    }

    fn prepared(
        &self,
        id: RunId,
        run: RunId,
        from: Option<&str>,
        version: Option<u32>,
        inputs: Option<Value>,
        keep: &[String],
    ) -> Result<Prepared, RunError> {
        let goes_on = match self.0.live.find(id) {
            Some(Found::Awake(live)) => !live::lock(&live).run.is_over(),
            Some(Found::Asleep(_)) => true,
            // It has not ended, and a later process may go on with it.
            None if self.0.fence.holds(id) => return Err(RunError::FencedOff),
            None => false,
        };
        if goes_on {
            return Err(RunError::NotOver);
        }
        if self.0.store.run_head(id)?.is_none() {
            return Err(RunError::NotFound("run"));
        }
        let entries = self.journal(id)?;
        let old = self.replayed(entries.clone())?;
        let before = old.start().clone();
        let automation = before.automation.ok_or(RunError::NotFound("automation"))?;
        // Its versions stay for the histories of its runs, but nothing begins with them.
        if !self.has_automation(automation)? {
            return Err(RunError::NotFound("automation any more"));
        }
        let compiled = self
            .0
            .plans
            .get(
                self.0.store.as_ref(),
                automation,
                Some(version.unwrap_or(before.version)),
            )
            .map_err(RunError::from)?;
        let inputs = self.retried_inputs(&compiled.plan, before.root, &before.inputs, inputs)?;
        let keep: BTreeSet<StepPath> = keep.iter().map(|step| step.as_str().into()).collect();
        if let Some(step) = keep
            .iter()
            .find(|step| old.undone(step) != Some(Undone::Unknown))
        {
            let why = match (old.step(&step.0), old.undone(step)) {
                (None, _) => "the run has no such step",
                (Some(_), Some(Undone::Yes)) => "it was undone",
                (Some(_), _) => "it was not undone, or it is known that its undo did nothing",
            };
            return Err(RunError::BadKeep {
                step: step.to_string(),
                why,
            });
        }
        let ended = Ended {
            run: &old,
            journal: &entries,
            clear: Clear::of(&entries, |output| self.clear(before.root, output)),
        };
        let retained =
            retain(&ended, &compiled.plan, &inputs, from, &keep, run).ok_or(RunError::NotFound(
                "step in the document's own list (of one inside a loop, name the loop)",
            ))?;
        Ok(Prepared {
            before,
            compiled,
            inputs,
            retained,
            undo_unknown: undo_unknown(&old),
        })
    }
}

/// The steps of an ended run of which nobody knows whether they were undone.
fn undo_unknown(run: &Run) -> Vec<UndoUnknown> {
    let steps = run.steps();
    let open = steps.iter().filter_map(|step| {
        let undo = step.undo?;
        (run.undone(&step.path) == Some(Undone::Unknown)).then(|| {
            let of = format!("{}.undo", step.path);
            let undoing = steps.iter().find(|one| *one.path.0 == *of);
            let error = undoing.and_then(|one| {
                let last = one.attempts.last();
                let of_attempt = || last.and_then(|attempt| attempt.error.clone());
                one.error.clone().or_else(of_attempt)
            });
            UndoUnknown {
                step: step.path.clone(),
                undo,
                error: error.map(FailureView::from),
            }
        })
    });
    open.collect()
}

/// A retry that is about to begin.
struct Prepared {
    /// How the earlier run began.
    before: Start,
    compiled: Arc<Compiled>,
    /// The inputs of the new run.
    inputs: Json,
    retained: Retained,
    undo_unknown: Vec<UndoUnknown>,
}
