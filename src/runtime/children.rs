//! Runs that steps of other runs have started, and what a cancel of those means for them.
//!
//! A step that waits for the run that it has started ends that run when the step is canceled. The second
//! cancel of the parent, which forces, reaches the child like the first one did. What a crash came between
//! is done by the next start. A run that nobody waits for (`wait: false`) is nobody's child.

use super::asleep::AGAIN;
use super::dispatch::OnItsWay;
use super::hold::parent_of;
use super::internal::refused;
use super::live::{Found, LiveRun, lock};
use super::plan::NoPlan;
use super::{Engine, clock};
use crate::action::{Attempt, Failed};
use crate::service::{RunError, RunView, Wish};
use druse_engine::event::{RunEvent, Status, StepPath};
use druse_engine::plan::{ChildTarget, Plan};
use druse_engine::run::{ChildVersion, ChildVersions, Input, Rejected, Run};
use druse_engine::{AutomationId, RunId};
use druse_storage::{AutomationName, Batch, ReadError, StoreExt as _};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

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
        let waiting = waiting.filter_map(|step| {
            let child = step.child?;
            Some((
                step.path.as_str().into(),
                self.says_of_child(child, NESTED)?,
            ))
        });
        let mut says: BTreeMap<StepPath, String> = waiting.collect();
        says.extend(self.says_lost(parent.id));
        says
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

    /// Ends the run that a step has started and waits for, because the step waits no longer: it was canceled, or its
    /// time is over.
    pub(super) async fn end_child(&self, parent: RunId, child: RunId) {
        let reason = not_awaited(parent);
        loop {
            match self.end(child, by_run(parent), Some(reason.clone())).await {
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
            by: by_run(parent),
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

    /// The run that had started this one and waits for it no longer, though this one has not ended: the step was
    /// canceled, its time was over, or a person has said what became of it.
    pub(super) fn given_up_by(&self, child: RunId) -> Option<RunId> {
        let parent = self.parent(child)?;
        let step = {
            let live = self.live_run(child).ok()??;
            let locked = lock(&live);
            if locked.run.is_over() {
                return None;
            }
            let step = locked.run.start().cause.value()["step"].as_str()?;
            StepPath::from(step)
        };
        let gave_up = match self.live_run(parent) {
            Ok(Some(live)) => self.gave_up(&lock(&live).run, &step, child),
            _ => self
                .rebuild(parent)
                .is_ok_and(|parent| self.gave_up(&parent, &step, child)),
        };
        gave_up.then_some(parent)
    }

    /// Whether a step waited for the run that it has started, and goes by something else than its end.
    fn gave_up(&self, parent: &Run, step: &StepPath, child: RunId) -> bool {
        let Some(seen) = parent.step(&step.0) else {
            return false;
        };
        let input = seen.input.unwrap_or_default();
        if input.value()["wait"] == Value::Bool(false) {
            return false;
        }
        seen.status.is_final() || self.is_earlier_child(parent, step, child)
    }

    /// Lets a run go on that this process takes up. One that was given up begins nothing any more: it ends, as if it
    /// had been canceled when that happened.
    pub(super) fn take_up_or_end(
        &self,
        id: RunId,
        live: &Arc<Mutex<LiveRun>>,
        input: Input,
        given_up_by: Option<RunId>,
    ) -> Result<OnItsWay, Rejected> {
        let mut locked = lock(live);
        let way = self.give_locked(id, &mut locked, input, Batch::new())?;
        let Some(parent) = given_up_by.filter(|_| !locked.run.is_canceled()) else {
            return Ok(way);
        };
        tracing::info!(run = %id, %parent, "whoever started it waits for it no longer: it ends");
        let end = Input::Cancel {
            by: by_run(parent),
            reason: Some(not_awaited(parent)),
        };
        // Both are released at once, so that what the first one begins never starts.
        match self.give_locked(id, &mut locked, end, Batch::new()) {
            Ok(ended) if !ended.makes_nothing() => Ok(ended),
            _ => Ok(way),
        }
    }

    /// After a start: ends the runs whose parents gave them up in the process before, which did not come
    /// to it.
    pub(super) async fn end_orphans(&self, taken_up: &[RunId]) {
        for child in taken_up {
            if let Some(parent) = self.given_up_by(*child) {
                tracing::info!(run = %child, %parent, at = %clock::now(), "its parent waits for it no longer");
                self.end_child(parent, *child).await;
            }
        }
    }
}

fn by_run(parent: RunId) -> String {
    format!("run:{parent}")
}

fn not_awaited(parent: RunId) -> String {
    format!("the run {parent} that started it waits for it no longer")
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
