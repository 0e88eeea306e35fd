//! A process that lives for one command moves only the runs that the command touches: looking at a store
//! must not start anybody's work. All other runs are held: readable, and left as they stand.

use super::live::{LiveRun, lock};
use super::{Engine, Recovered, clock};
use druse_engine::event::Status;
use druse_engine::plan::ActionKind;
use druse_engine::run::{DeadlineReason, Input, Run};
use druse_engine::{Json, RunId, Span};
use druse_storage::ReadError;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How far a due time may lie ahead for a run to count as still moving.
const SOON: Span = Span::from_secs(60);

/// How long a moving run is watched at once; then all are looked at again.
const LOOK: Duration = Duration::from_secs(1);

/// The runs that are left as they stand.
#[derive(Default)]
pub(super) struct Held {
    runs: Mutex<BTreeSet<RunId>>,
}

impl Held {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<RunId>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// As [`Engine::recover`], but no run goes on: one does when it is decided about, canceled, or needed
    /// by another.
    ///
    /// # Errors
    /// As those of [`Engine::recover`].
    pub async fn hold(&self) -> Result<Recovered, ReadError> {
        let hold = |id, run| {
            self.0.live.insert(id, LiveRun::known(run));
            self.0.held.lock().insert(id);
        };
        let fenced = self.rebuild_each(hold).await?;
        self.load_rates()?;
        Ok(Recovered { resumed: 0, fenced })
    }

    /// Lets a held run go on from where the process before this one left it, and with it the runs that
    /// wait for its end.
    pub(super) async fn take_up(&self, id: RunId) {
        let mut next = Some(id);
        while let Some(id) = next.take() {
            if !self.0.held.lock().remove(&id) {
                return;
            }
            let Some(live) = self.0.live.get(id) else {
                return;
            };
            let (deadline, parent) = {
                let locked = lock(&live);
                self.0.hearing.take_up(&locked.run, true);
                self.0.uncertain.take_up(&locked.run);
                let deadline = locked.run.next_deadline().map(|(at, _)| at);
                (deadline, parent_of(&locked.run.start().cause))
            };
            self.0.timers.set(id, deadline);
            self.take_place(&live);
            self.0.rates.take_up(&lock(&live).run);
            self.claim_late(id, &live);
            self.notify(id);
            // Whatever ended that process, this run is not blamed: others may have been under way, too.
            let given_up = self.given_up_by(id);
            match self.take_up_or_end(id, &live, Input::Recover { alone: false }, given_up) {
                Ok(way) => {
                    let _ = self.settle(id, live, way).await;
                }
                Err(rejected) => tracing::error!(run = %id, ?rejected, "a run refused to go on"),
            }
            next = parent;
        }
    }

    /// Waits until no run that this process moves does anything by itself any more, and gives those that
    /// have not ended: they wait for a person, or for a time that is far.
    pub async fn at_rest(&self) -> Vec<RunId> {
        loop {
            let mut moving = None;
            let mut resting = Vec::new();
            for id in self.moved() {
                let Some(live) = self.0.live.get(id) else {
                    continue;
                };
                let mut locked = lock(&live);
                if locked.is_telling() || self.moves(&locked.run) {
                    moving = Some(locked.follow());
                    break;
                }
                resting.push(id);
            }
            match moving {
                None => return resting,
                Some(mut durable) => {
                    let _ = tokio::time::timeout(LOOK, durable.changed()).await;
                }
            }
        }
    }

    /// Whether any run is left as it stands.
    pub(super) fn holds_any(&self) -> bool {
        !self.0.held.lock().is_empty()
    }

    /// Whether a run is left as it stands.
    pub(super) fn is_held(&self, id: RunId) -> bool {
        self.0.held.lock().contains(&id)
    }

    /// The live runs that are not held, in the order of their ids.
    fn moved(&self) -> Vec<RunId> {
        let mut ids = self.0.live.ids();
        let held = self.0.held.lock();
        ids.retain(|id| !held.contains(id));
        ids.sort_unstable();
        ids
    }

    fn moves(&self, run: &Run) -> bool {
        if run.is_over() {
            // Its end is on the way to the disk.
            return true;
        }
        if run.status() == Status::Queued && self.is_let_go(run.id()) {
            return true;
        }
        let lost = self.0.lost.of(run.id());
        let works = run
            .running()
            .any(|(step, _, _)| !lost.contains_key(&step) && !self.waits_for_child(run, &step.0));
        let now = clock::now();
        let falls_silent = run.next_silence();
        works
            || self.begins_within(run.id(), SOON)
            || falls_silent.is_some_and(|at| at <= now.after(SOON))
            || run.next_deadline().is_some_and(|(at, reason)| {
                let by_itself = matches!(
                    reason,
                    DeadlineReason::Retry { .. }
                        | DeadlineReason::Wait { .. }
                        | DeadlineReason::NextPass { .. }
                        | DeadlineReason::GoesOn
                );
                by_itself && at <= now.after(SOON)
            })
    }

    /// Whether this step only waits for a run that it has started; that one is looked at by itself.
    fn waits_for_child(&self, run: &Run, step: &str) -> bool {
        let is_parent = run
            .plan()
            .find(&step.into())
            .is_some_and(|step| step.work.kind() == Some(ActionKind::Automation));
        is_parent
            && self.0.live.ids().into_iter().any(|id| {
                self.0.live.get(id).is_some_and(|live| {
                    // A run is no child of itself, and its lock is held.
                    id != run.id() && is_child(&lock(&live).run, run.id(), step)
                })
            })
    }
}

/// The run that started this one and may wait for it.
pub(super) fn parent_of(cause: &Json) -> Option<RunId> {
    let cause = cause.value();
    if cause["kind"] != "automation" {
        return None;
    }
    cause["run_id"].as_str()?.parse().ok()
}

fn is_child(run: &Run, parent: RunId, step: &str) -> bool {
    parent_of(&run.start().cause) == Some(parent) && run.start().cause.value()["step"] == step
}
