//! A new run from an ended one: what succeeded before the chosen step is kept.

use super::Engine;
use crate::service::{Retry, RunError, RunView};
use druse_engine::event::{Start, Status, StepPath};
use druse_engine::run::Run;
use druse_engine::{Json, RunId};
use druse_storage::Batch;
use serde_json::{Value, json};
use std::collections::BTreeSet;

impl Engine {
    /// Starts a run that keeps the results of an ended one: those of its succeeded steps or, with `from`,
    /// of the steps that do not come after that one.
    ///
    /// # Errors
    /// When the run has not ended, or has no such step, or as [`Engine::submit`].
    pub async fn retry(&self, id: RunId, retry: Retry) -> Result<RunView, RunError> {
        if self
            .0
            .live
            .get(id)
            .is_some_and(|live| !super::live::lock(&live).run.is_over())
        {
            return Err(RunError::NotOver);
        }
        if self.0.store.run_head(id)?.is_none() {
            return Err(RunError::NotFound("run"));
        }
        let old = self
            .rebuild(id)
            .map_err(|reason| RunError::Read(druse_storage::ReadError::Damaged(reason)))?;
        let before = old.start();
        let automation = before.automation.ok_or(RunError::NotFound("automation"))?;
        let version = retry.version.unwrap_or(before.version);
        let compiled = self
            .0
            .plans
            .get(self.0.store.as_ref(), automation, Some(version))
            .map_err(RunError::from)?;
        let inputs =
            self.retried_inputs(&compiled.plan, before.root, &before.inputs, retry.inputs)?;
        let again = runs_again(&old, &compiled.plan, retry.from.as_deref())?;
        let kept = kept_results(&old, &again, inputs != before.inputs);
        let start = Start {
            run: retry.run,
            automation: Some(automation),
            name: compiled.name.clone(),
            version: compiled.version,
            digest: compiled.digest.clone(),
            cause: Json::from(
                json!({ "kind": "retry", "run_id": id, "from": retry.from, "by": retry.by, "reason": retry.reason }),
            ),
            started_by: retry.by,
            inputs,
            trigger: before.trigger.clone(),
            scheduled_at: before.scheduled_at,
            root: before.root,
            depth: before.depth,
        };
        self.start(
            &compiled,
            start,
            kept,
            Batch::new(),
            retry.idempotency,
            false,
        )
        .await
    }
}

/// The steps that run again: the chosen one, or those that did not succeed, and all that comes after.
fn runs_again(
    old: &Run,
    plan: &druse_engine::plan::Plan,
    from: Option<&str>,
) -> Result<BTreeSet<String>, RunError> {
    let mut again: BTreeSet<usize> = match from {
        Some(step) => BTreeSet::from([plan.step(step).ok_or(RunError::NotFound("step"))?]),
        None => {
            let kept: BTreeSet<String> = old
                .steps()
                .into_iter()
                .filter(|step| step.status == Status::Succeeded)
                .map(|step| step.path.to_string())
                .collect();
            (0..plan.steps.len())
                .filter(|index| !kept.contains(&plan.steps[*index].path.to_string()))
                .collect()
        }
    };
    // Steps stand in topological order: one pass reaches all that comes after.
    for (index, step) in plan.steps.iter().enumerate() {
        if step.needs.iter().any(|need| again.contains(&need.step)) {
            again.insert(index);
        }
    }
    Ok(again
        .into_iter()
        .map(|index| plan.steps[index].path.to_string())
        .collect())
}

fn kept_results(
    old: &Run,
    again: &BTreeSet<String>,
    inputs_changed: bool,
) -> Vec<(StepPath, Json, RunId)> {
    if inputs_changed {
        // A result that was made from other inputs is not a result of this run.
        return Vec::new();
    }
    old.steps()
        .into_iter()
        .filter(|step| step.status == Status::Succeeded && !again.contains(&step.path.to_string()))
        .map(|step| {
            (
                step.path,
                step.output.unwrap_or_else(|| Value::Null.into()),
                old.id(),
            )
        })
        .collect()
}
