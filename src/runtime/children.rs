//! Runs that steps of other runs have started, and what a cancel of those means for them.
//!
//! A step that waits for the run that it has started ends that run when the step is canceled. The second
//! cancel of the parent, which forces, reaches the child like the first one did. What a crash came between
//! is done by the next start. A run that nobody waits for (`wait: false`) is nobody's child.

use super::asleep::AGAIN;
use super::hold::parent_of;
use super::internal::refused;
use super::live::{Found, lock};
use super::plan::NoPlan;
use super::{Engine, clock};
use crate::action::{Attempt, Failed};
use crate::service::{RunError, RunView, Wish};
use druse_engine::event::{RunEvent, Status, StepPath};
use druse_engine::plan::{ChildTarget, Plan};
use druse_engine::run::{ChildVersion, ChildVersions, Run};
use druse_engine::{AutomationId, RunId};
use druse_storage::{AutomationName, Batch, ReadError, StoreExt as _};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many runs that wait for each other are named.
const NESTED: usize = 3;

impl Engine {
    /// Which versions the steps of a plan with gates would start now; nothing where they start none.
    ///
    /// # Errors
    /// When that cannot be read. Nothing is known of it then, and no approval is void because of it.
    pub(super) fn child_versions(
        &self,
        plan: &Plan,
    ) -> Result<Option<Arc<ChildVersions>>, ReadError> {
        if plan.starts.is_empty() {
            return Ok(None);
        }
        let all = plan.starts.iter();
        let all = all.map(|target| Ok((target.clone(), self.stands_for(target)?)));
        Ok(Some(Arc::new(all.collect::<Result<_, ReadError>>()?)))
    }

    /// Tells a run before its turn which versions its steps would start. What was told last holds while that cannot
    /// be read, and in a run that was read from its journal what its gates have shown.
    pub(super) fn tell_children(&self, run: &mut Run) {
        let plan = run.plan().clone();
        match self.child_versions(&plan) {
            Ok(children) => run.know_children(children),
            Err(error) => {
                tracing::warn!(run = %run.id(), %error, "which versions its steps start cannot be read");
                if !run.knows_children() {
                    run.know_children(Some(Arc::new(shown_by(run))));
                }
            }
        }
    }

    fn stands_for(&self, target: &ChildTarget) -> Result<Option<ChildVersion>, ReadError> {
        let named: Option<AutomationId> = match (&target.id, &target.name) {
            (Some(id), _) => id.parse().ok(),
            (None, Some(name)) => {
                let row: Option<AutomationName> = self.0.store.get(name)?;
                row.map(|row| row.automation)
            }
            (None, None) => None,
        };
        let Some(automation) = named else {
            return Ok(None);
        };
        if !self.has_automation(automation)? {
            return Ok(None);
        }
        let store = self.0.store.as_ref();
        match self.0.plans.get(store, automation, target.version) {
            Ok(found) => Ok(Some(ChildVersion {
                automation,
                version: found.version,
                digest: found.digest.clone(),
            })),
            Err(NoPlan::Read(error)) => Err(error),
            Err(NoPlan::Unknown | NoPlan::NotActive | NoPlan::Broken(_)) => Ok(None),
        }
    }

    /// What an attempt starts: the version that was let through, where a gate stands before it, else what its
    /// configuration names. What was taken out of service is not started by the former.
    pub(super) fn child_version(
        &self,
        attempt: &Attempt,
        named: Option<u32>,
    ) -> Result<(AutomationId, Option<u32>), Failed> {
        // Also where it was let through: it may have been removed since.
        let automation = self.child_of(attempt.input.value())?;
        let live = self.0.live.get(attempt.run);
        let step = attempt.step.as_str().into();
        let approved = live.and_then(|live| lock(&live).run.approved_child(&step));
        let Some((automation, version)) = approved else {
            return Ok((automation, named));
        };
        if named.is_none() {
            let store = self.0.store.as_ref();
            let active = self.0.plans.active_version(store, automation);
            active.map_err(|reason| refused(reason.into()))?;
        }
        Ok((automation, named.or(Some(version))))
    }

    /// What the steps of a run wait for that wait for runs which they have started: which runs, and for what
    /// these wait. Called without the lock of any run.
    pub(super) fn say_of_children(&self, parent: &RunView) -> BTreeMap<StepPath, String> {
        let steps = parent.steps.iter().flatten();
        let waiting = steps.filter(|step| step.status == Status::Running);
        waiting
            .filter_map(|step| {
                let child = step.child?;
                Some((
                    step.path.as_str().into(),
                    self.says_of_child(child, NESTED)?,
                ))
            })
            .collect()
    }

    fn says_of_child(&self, child: RunId, nested: usize) -> Option<String> {
        let live = self.live_run(child).ok()??;
        let (name, over, started) = {
            let locked = lock(&live);
            let run = &locked.run;
            let only = nested > 0 && run.waits_for_children_alone();
            let steps = run.running().filter(|_| only);
            let started: Vec<RunId> = steps
                .filter_map(|(step, _, _)| self.child(run, &step))
                .collect();
            (run.start().name.clone(), run.is_over(), started)
        };
        if over {
            return None;
        }
        let inner = match started.as_slice() {
            [one] => self.says_of_child(*one, nested - 1),
            _ => self.waits_for(child),
        };
        let inner = inner.map(|inner| match inner.split_once(' ') {
            // Whatever is no wait already is what happens in it.
            Some(("waits", _)) => format!(", which {inner}"),
            _ => format!(": {inner}"),
        });
        Some(format!(
            "waits for {child} of {name}{}",
            inner.unwrap_or_default()
        ))
    }

    /// Ends the run that a step has started and waits for, because the step was canceled.
    pub(super) async fn end_child(&self, parent: RunId, child: RunId) {
        let reason = format!("the run {parent} that started it was canceled");
        let by = format!("run:{parent}");
        loop {
            match self.end(child, by.clone(), Some(reason.clone())).await {
                Err(RunError::Read(error)) if error.is_transient() => {}
                // One that has ended meanwhile needs no end.
                _ => break,
            }
            tokio::select! {
                () = tokio::time::sleep(AGAIN.0) => {}
                // The next start does it.
                () = self.closing() => return,
            }
        }
        // A second cancel may have come before there was a first one to follow.
        if self.was_forced(parent) {
            self.force_child(parent, child).await;
        }
    }

    /// Somebody forced the end of a run: the runs that its canceled steps have started are forced too.
    pub(super) async fn force_children(&self, parent: RunId) {
        for child in self.0.live.ids() {
            if self.parent(child) != Some(parent) {
                continue;
            }
            let live = self.live_run(child);
            if live.is_ok_and(|live| live.is_some_and(|live| lock(&live).run.is_canceled())) {
                Box::pin(self.force_child(parent, child)).await;
            }
        }
    }

    /// The run that started one that has not ended, and may wait for it.
    fn parent(&self, child: RunId) -> Option<RunId> {
        match self.0.live.find(child)? {
            Found::Asleep(asleep) => asleep.parent,
            Found::Awake(live) => parent_of(&lock(&live).run.start().cause),
        }
    }

    async fn force_child(&self, parent: RunId, child: RunId) {
        let Ok(Some(live)) = self.live_run(child) else {
            return;
        };
        if lock(&live).run.is_forced() {
            return;
        }
        drop(live);
        let wish = Wish {
            by: format!("run:{parent}"),
            reason: Some(format!(
                "the end of the run {parent} that started it was forced"
            )),
            idempotency: None,
            extra: Batch::new(),
        };
        let _ = Box::pin(self.cancel(child, wish)).await;
    }

    /// Whether somebody canceled a run, which may have ended, a second time.
    fn was_forced(&self, run: RunId) -> bool {
        if let Ok(Some(live)) = self.live_run(run) {
            return lock(&live).run.is_forced();
        }
        let entries = self.journal(run).unwrap_or_default();
        let cancels = entries
            .iter()
            .filter(|entry| matches!(entry.event, RunEvent::CancelRequested { .. }));
        cancels.count() > 1
    }

    /// After a start: ends the runs whose parents were canceled in the process before, which did not come
    /// to it.
    pub(super) async fn end_orphans(&self, taken_up: &[RunId]) {
        for child in taken_up {
            if self.parent(*child).is_none() {
                continue;
            }
            let Ok(Some(live)) = self.live_run(*child) else {
                continue;
            };
            let (parent, step) = {
                let locked = lock(&live);
                let cause = &locked.run.start().cause;
                let step = cause.value()["step"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                match parent_of(cause) {
                    Some(parent) if !locked.run.is_over() => (parent, step),
                    _ => continue,
                }
            };
            let canceled = match self.live_run(parent) {
                Ok(Some(live)) => was_canceled(&lock(&live).run, &step),
                _ => self
                    .rebuild(parent)
                    .is_ok_and(|parent| was_canceled(&parent, &step)),
            };
            if canceled {
                tracing::info!(run = %child, %parent, at = %clock::now(), "its parent was canceled");
                self.end_child(parent, *child).await;
            }
        }
    }
}

/// Which versions the gates of a run have shown last that its steps would start; nothing where none has shown any.
fn shown_by(run: &Run) -> ChildVersions {
    let starts = run.plan().starts.iter();
    let mut all: ChildVersions = starts.map(|target| (target.clone(), None)).collect();
    let mut gates = run.approvals();
    gates.sort_by_key(|gate| gate.requested_at);
    for gate in gates {
        let shown = gate.request.details.value()["automations"].as_array();
        for one in shown.into_iter().flatten() {
            if let Some(target) = ChildTarget::of(one) {
                all.insert(target, shown_version(&one["starts"]));
            }
        }
    }
    all
}

/// A version as a gate shows it.
fn shown_version(shown: &Value) -> Option<ChildVersion> {
    Some(ChildVersion {
        automation: shown["id"].as_str()?.parse().ok()?,
        version: u32::try_from(shown["version"].as_u64()?).ok()?,
        digest: serde_json::from_value(shown["digest"].clone()).ok()?,
    })
}

/// Whether a step that waited for the run that it has started was canceled.
fn was_canceled(parent: &Run, step: &str) -> bool {
    parent.step(step).is_some_and(|step| {
        let input = step.input.unwrap_or_default();
        step.status == Status::Canceled && input.value()["wait"] != Value::Bool(false)
    })
}
