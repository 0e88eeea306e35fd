//! A new run from an ended one: what succeeded before the chosen step is kept.

use super::Engine;
use super::submit::With;
use crate::service::{Retry, RunError, RunView, label};
use druse_engine::event::Start;
use druse_engine::{Json, RunId};
use druse_storage::Batch;
use serde_json::json;

impl Engine {
    /// Starts a run that keeps results of an ended one, as [`druse_engine::run::Run::kept`] says.
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
        let kept = old
            .kept(&compiled.plan, retry.from.as_deref())
            .ok_or(RunError::NotFound("step"))?;
        // A result that was made from other inputs is not a result of this run.
        let kept = if inputs == before.inputs {
            kept
        } else {
            Vec::new()
        };
        let mut cause = json!({ "kind": "retry", "run_id": id, "from": retry.from, "by": retry.by, "reason": retry.reason });
        label::keep(&mut cause, &before.cause);
        let start = Start {
            run: retry.run,
            automation: Some(automation),
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
        let with = With {
            extra: Batch::new(),
            claim: retry.idempotency,
            dry_run: false,
            priority: None,
        };
        self.start(&compiled, start, kept, with).await
    }
}
