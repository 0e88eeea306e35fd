//! RunLimits on runs that go at once: how the runs of this process stand towards each other.
//!
//! The slots are those of [`druse_engine::flow`], which knows no more than what is said here about each
//! run after each of its turns. A run that has no claim is never told of, and costs nothing here.
//!
//! One thing is known here alone: an attempt that was told to stop takes a moment to end, and until it has
//! its run counts as one that works, though it may be over by then.

use super::live::{AttemptKey, LiveRun};
use super::{Engine, live};
use crate::service::RunError;
use druse_engine::definition::Overflow;
use druse_engine::event::{Entry, Start};
use druse_engine::flow::{Claim, Flow, KeyClaim, Queue, RunLimits, Standing, Wait};
use druse_engine::plan::{ActionKind, Plan};
use druse_engine::run::{Effect, Input, Run};
use druse_engine::{AutomationId, RunId, Span, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::Notify;

/// The most runs that wait for their turn.
const MOST_QUEUED: usize = 100_000;

/// The slots of all runs of this process.
#[derive(Default)]
pub(super) struct Slots {
    limits: OnceLock<RunLimits>,
    known: Mutex<Known>,
    changed: Notify,
}

#[derive(Default)]
struct Known {
    flow: Flow,
    lingering: BTreeMap<RunId, Lingering>,
    /// Runs that wait for their turn and still have what they need.
    at_once: BTreeSet<RunId>,
}

/// The attempts of a run that go on, and how the run itself stands.
struct Lingering {
    attempts: BTreeSet<AttemptKey>,
    owner: Option<AutomationId>,
    claim: Claim,
    standing: Standing,
}

impl Known {
    fn stand(
        &mut self,
        run: RunId,
        owner: Option<AutomationId>,
        claim: &Claim,
        standing: Standing,
    ) {
        let mut effective = standing;
        if let Some(lingering) = self.lingering.get_mut(&run) {
            lingering.standing = standing;
            if !lingering.attempts.is_empty() {
                effective = Standing::Working;
            }
        }
        self.at_once.remove(&run);
        if effective == Standing::Working && matches!(standing, Standing::Queued { .. }) {
            self.at_once.insert(run);
        }
        self.flow.stand(run, owner, claim, effective);
    }
}

impl Slots {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the limits, once, before the first run.
    pub(super) fn limit(&self, limits: RunLimits) {
        if self.limits.set(limits).is_ok() {
            self.lock().flow = Flow::new(limits);
        }
    }

    /// Whether runs of a plan wait for their turn.
    fn limits(&self, plan: &Plan) -> bool {
        plan.concurrency.is_some() || self.limits.get().is_some_and(RunLimits::any)
    }

    /// Waits until somebody may go.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Says how a run stands now.
    pub(super) fn note(&self, run: &Run) {
        let Some(claim) = run.claim() else { return };
        let mut known = self.lock();
        known.stand(run.id(), run.start().automation, claim, run.standing());
        self.wake(&known);
    }

    fn wake(&self, known: &Known) {
        if known.flow.has_next() || !known.at_once.is_empty() {
            self.changed.notify_one();
        }
    }

    /// The runs whose turn it is now.
    fn admit(&self) -> Vec<RunId> {
        let mut known = self.lock();
        let mut admitted: Vec<RunId> = std::mem::take(&mut known.at_once).into_iter().collect();
        admitted.extend(known.flow.admit());
        admitted
    }

    /// A run that never came to be.
    fn forget(&self, run: RunId, owner: Option<AutomationId>, claim: &Claim) {
        let mut known = self.lock();
        known.stand(run, owner, claim, Standing::Ended);
        self.wake(&known);
    }

    fn attempt_began(&self, run: &Run, key: AttemptKey) {
        let Some(claim) = run.claim() else { return };
        let mut known = self.lock();
        let lingering = known
            .lingering
            .entry(run.id())
            .or_insert_with(|| Lingering {
                attempts: BTreeSet::new(),
                owner: run.start().automation,
                claim: claim.clone(),
                standing: run.standing(),
            });
        lingering.attempts.insert(key);
    }

    fn attempt_ended(&self, run: RunId, key: &AttemptKey) {
        let mut known = self.lock();
        let Some(lingering) = known.lingering.get_mut(&run) else {
            return;
        };
        lingering.attempts.remove(key);
        if !lingering.attempts.is_empty() {
            return;
        }
        if let Some(last) = known.lingering.remove(&run) {
            known.stand(run, last.owner, &last.claim, last.standing);
        }
        self.wake(&known);
    }

    /// How many runs wait for their turn, and how many work.
    pub(super) fn depth(&self) -> (usize, usize) {
        let known = self.lock();
        (known.flow.queued(), known.flow.working())
    }
}

/// An attempt that counts as work as long as this is kept.
pub(super) struct AtWork {
    engine: Engine,
    run: RunId,
    key: AttemptKey,
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.engine.0.slots.attempt_ended(self.run, &self.key);
    }
}

/// What becomes of a start.
pub(super) enum Turn {
    /// Nothing limits it.
    Free,
    /// It asks for this first.
    Asks(Claim),
}

impl Engine {
    /// Sets the limits of the server. Once, before the first run.
    pub fn set_limits(&self, limits: RunLimits) {
        self.0.slots.limit(limits);
    }

    /// What a run asks for before it works.
    pub(super) fn turn_of(
        &self,
        plan: &Plan,
        start: &Start,
        priority: Option<i32>,
        now: Timestamp,
    ) -> Result<Turn, RunError> {
        // A priority of its own also counts where its steps wait for the rate of a connection.
        let ranked = priority.is_some() && plan.connects && self.0.rates.rates().is_some();
        if !self.0.slots.limits(plan) && !ranked {
            return Ok(Turn::Free);
        }
        let (inputs, trigger) = (&start.inputs, &start.trigger);
        let at = start.scheduled_at;
        let mut claim = Claim::of(plan, start.run, inputs, trigger, now, at, priority)
            .map_err(|error| RunError::NoKey(error.0))?;
        if let Some(key) = &claim.key
            && self.is_held_above(start, key)
        {
            // The run that waits for this one has the slot: it would never get it.
            claim.key = None;
        }
        Ok(Turn::Asks(claim))
    }

    /// Whether a run that waits for this one, or one that waits for that, has the same key.
    fn is_held_above(&self, start: &Start, key: &KeyClaim) -> bool {
        let mut next = super::hold::parent_of(&start.cause);
        while let Some(id) = next.take() {
            let Ok(Some(live)) = self.live_run(id) else {
                return false;
            };
            let locked = live::lock(&live);
            let own = locked.run.claim().and_then(|claim| claim.key.as_ref());
            if locked.run.start().automation == start.automation
                && own.is_some_and(|own| own.key == key.key)
            {
                return true;
            }
            next = super::hold::parent_of(&locked.run.start().cause);
        }
        false
    }

    /// Puts a new run in the queue, and lets it go where it can: gives the facts of that.
    ///
    /// # Errors
    /// When it would have to wait, and its automation says to refuse it then; or too many wait already.
    pub(super) fn queue_up(
        &self,
        run: &mut Run,
        now: Timestamp,
        known_from_now: impl FnOnce(),
    ) -> Result<Vec<Entry>, RunError> {
        let Some(claim) = run.claim().cloned() else {
            return Ok(Vec::new());
        };
        let owner = run.start().automation;
        let mut known = self.0.slots.lock();
        if known.flow.queued() >= MOST_QUEUED {
            return Err(RunError::Busy {
                retry_after: Span::from_secs(1),
            });
        }
        match known.flow.passed_over(owner, &claim) {
            Some((Overflow::Reject, reason)) => Err(RunError::LimitReached(reason)),
            Some((Overflow::Skip, reason)) => Ok(run
                .handle(now, Input::PassOver { reason })
                .unwrap_or_default()),
            _ => {
                // From here on it may be let go by others.
                known_from_now();
                known.stand(run.id(), owner, &claim, run.standing());
                let mut entries = Vec::new();
                if known.flow.admit_first(run.id()) {
                    entries = run.handle(now, Input::Admit).unwrap_or_default();
                    known.stand(run.id(), owner, &claim, run.standing());
                }
                self.0.slots.wake(&known);
                Ok(entries)
            }
        }
    }

    /// A new run was not taken by the store.
    pub(super) fn leave_queue(&self, run: &Run) {
        if let Some(claim) = run.claim() {
            self.0.slots.forget(run.id(), run.start().automation, claim);
        }
    }

    /// Cancels those whose place a new run takes, if it waits and is one that does.
    pub(super) async fn take_places(&self, id: RunId) {
        let Some((key, victims)) = self.places_of(id) else {
            return;
        };
        for victim in victims {
            let reason = format!("the run {id} takes its place (concurrency key {key})");
            if let Err(error) = self.end(victim, format!("run:{id}"), Some(reason)).await {
                tracing::debug!(run = %victim, %error, "it ended before it was replaced");
            }
        }
    }

    fn places_of(&self, id: RunId) -> Option<(String, Vec<RunId>)> {
        let live = self.0.live.get(id)?;
        let key = {
            let locked = live::lock(&live);
            let key = locked.run.claim()?.key.clone()?;
            (key.overflow == Overflow::Replace && !locked.run.has_begun()).then_some(key)?
        };
        let victims = self.0.slots.lock().flow.replaced_by(id);
        Some((key.key, victims))
    }

    /// Tells those whose turn it is.
    pub(super) fn let_go(&self) {
        loop {
            let runs = self.0.slots.admit();
            if runs.is_empty() {
                return;
            }
            for run in runs {
                self.give_and_forget(run, Input::Admit);
            }
        }
    }

    /// A run of an earlier process, as it stands.
    pub(super) fn take_place(&self, live: &Arc<Mutex<LiveRun>>) {
        let locked = live::lock(live);
        self.0.slots.note(&locked.run);
    }

    /// Whether a run began when nothing limited it, and now something does.
    pub(super) fn lacks_claim(&self, run: &Run) -> bool {
        run.claim().is_none() && !run.is_over() && self.0.slots.limits(run.plan())
    }

    /// Gives a claim to a run of an earlier process that has none, where there is a limit by now. One that
    /// had begun is not stopped by that: it has its slots at once.
    pub(super) fn claim_late(&self, id: RunId, live: &Arc<Mutex<LiveRun>>) {
        let mut locked = live::lock(live);
        let run = &locked.run;
        if !self.lacks_claim(run) {
            return;
        }
        let begun = run.last_seq() > 1;
        let (plan, start, at) = (run.plan().clone(), run.start().clone(), run.created_at());
        let Ok(Turn::Asks(claim)) = self.turn_of_known(&plan, &start, at) else {
            return;
        };
        let inputs = [Some(Input::Claim { claim }), begun.then_some(Input::Admit)];
        for input in inputs.into_iter().flatten() {
            let given = self.give_locked(id, &mut locked, input, druse_storage::Batch::new());
            if let Err(rejected) = given {
                tracing::error!(run = %id, ?rejected, "a run cannot be given its turn");
            }
        }
    }

    /// As [`Engine::turn_of`], of a run that is locked: its parents are not looked at.
    fn turn_of_known(&self, plan: &Plan, start: &Start, at: Timestamp) -> Result<Turn, RunError> {
        let (inputs, trigger) = (&start.inputs, &start.trigger);
        Claim::of(
            plan,
            start.run,
            inputs,
            trigger,
            at,
            start.scheduled_at,
            None,
        )
        .map(Turn::Asks)
        .map_err(|error| RunError::NoKey(error.0))
    }

    /// Notes under a run's lock that an attempt of it begins. One that only waits for a run does no work.
    pub(super) fn at_work(&self, run: &Run, effect: &Effect) -> Option<AtWork> {
        let Effect::Attempt {
            step, number, kind, ..
        } = effect;
        if run.claim().is_none() || *kind == ActionKind::Automation {
            return None;
        }
        let key = (step.clone(), *number);
        self.0.slots.attempt_began(run, key.clone());
        Some(AtWork {
            engine: self.clone(),
            run: run.id(),
            key,
        })
    }

    /// For each run that waits for ever one that it waits for, given which only wait for which they started.
    pub(super) fn blocked_by(
        &self,
        children: &BTreeMap<RunId, BTreeSet<RunId>>,
    ) -> BTreeMap<RunId, RunId> {
        self.0.slots.lock().flow.deadlocked(children)
    }

    /// The concurrency key that a queued run waits for.
    pub(super) fn key_of(&self, run: RunId) -> Option<String> {
        let known = self.0.slots.lock();
        known.flow.waits_for_key(run).map(str::to_owned)
    }

    /// Why a run waits for its turn; none for one that does not.
    pub fn why_queued(&self, run: RunId) -> Option<Wait> {
        self.0.slots.lock().flow.why(run)
    }

    /// Whether a queued run moves by itself: it has been let go, or could be.
    pub(super) fn is_let_go(&self, run: RunId) -> bool {
        let known = self.0.slots.lock();
        known.flow.is_granted(run) || known.at_once.contains(&run) || known.flow.has_next()
    }

    /// All queues.
    pub fn queues(&self) -> Vec<Queue> {
        if self.holds_any() {
            return self.stored_queues();
        }
        let mut queues = self.0.slots.lock().flow.queues();
        queues.extend(self.rate_queues());
        queues
    }

    /// All queues as they follow from how runs were left, in a process that lets none of them go. The limits
    /// of a server are not known to it.
    fn stored_queues(&self) -> Vec<Queue> {
        let mut flow = Flow::new(self.0.slots.limits.get().copied().unwrap_or_default());
        let mut runs = Vec::new();
        for id in self.0.live.ids() {
            let Some(live) = self.0.live.get(id) else {
                continue;
            };
            let run = &live::lock(&live).run;
            if let Some(claim) = run.claim() {
                flow.stand(id, run.start().automation, claim, run.standing());
            }
            runs.push((id, run.throttled()));
        }
        let mut queues = flow.queues();
        queues.extend(self.0.rates.queues_with(runs));
        queues
    }

    /// How many runs wait for their turn, and how many of those that are limited work.
    pub fn queued(&self) -> (usize, usize) {
        self.0.slots.depth()
    }
}
