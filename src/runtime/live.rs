//! The runs that have not ended: in memory, each behind its own lock, or asleep.

use super::asleep::Asleep;
use druse_engine::plan::Plan;
use druse_engine::run::{Effect, Notice, Run};
use druse_engine::{Pattern, RunId, Timestamp, event::Entry, event::RunEvent, event::StepPath};
use druse_storage::Batch;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// An attempt of a step: what tells one from another within a run.
pub(super) type AttemptKey = (StepPath, u32);

/// What happens outside once the fact behind it is durable.
enum Release {
    Launch(AttemptKey),
    Stop(AttemptKey),
    /// People are to be told of a gate.
    Tell,
}

/// What to do after facts have become durable.
#[derive(Default)]
pub(super) struct Released {
    pub(super) launch: Vec<(Effect, CancellationToken)>,
    pub(super) stop: Vec<CancellationToken>,
    pub(super) over: bool,
    pub(super) tell: bool,
    /// Nothing of it is under way outside.
    pub(super) idle: bool,
}

/// A run that has not ended, or whose end is not durable yet.
pub(super) struct LiveRun {
    pub(super) run: Run,
    /// The number of the last durable fact.
    durable: u64,
    /// Tells it to those who follow it, while there are any.
    followed: Option<watch::Sender<u64>>,
    waiting: VecDeque<(u64, Release)>,
    /// The attempt of each step that is to be launched.
    launching: BTreeMap<StepPath, u32>,
    attempts: BTreeMap<AttemptKey, CancellationToken>,
    /// Whether the store did not take it: what it is told no longer counts.
    pub(super) never_was: bool,
    /// What people are being told.
    telling: BTreeSet<Notice>,
}

impl LiveRun {
    pub(super) fn new(run: Run) -> Self {
        Self {
            run,
            durable: 0,
            followed: None,
            waiting: VecDeque::new(),
            launching: BTreeMap::new(),
            attempts: BTreeMap::new(),
            never_was: false,
            telling: BTreeSet::new(),
        }
    }

    /// One whose facts are all durable: it was read from its journal.
    pub(super) fn known(run: Run) -> Self {
        let durable = run.last_seq();
        Self {
            durable,
            ..Self::new(run)
        }
    }

    /// Whether people are being told of gates of it.
    pub(super) fn is_telling(&self) -> bool {
        !self.telling.is_empty()
    }

    /// A gate of which people are to be told, and nobody tells them or will when it is durable.
    pub(super) fn untold(&self) -> Option<Notice> {
        let tells = |(_, release): &(u64, Release)| matches!(release, Release::Tell);
        if self.waiting.iter().any(tells) {
            return None;
        }
        let mut notices = self.run.notices().into_iter();
        notices.find(|notice| !self.telling.contains(notice))
    }

    /// What is to be told and is not being told yet; from now on it is.
    pub(super) fn begin_telling(&mut self) -> Vec<Notice> {
        let mut new = self.run.notices();
        new.retain(|notice| self.telling.insert(*notice));
        new
    }

    /// Somebody was told, or could not be.
    pub(super) fn told(&mut self, notice: Notice) {
        self.telling.remove(&notice);
    }

    /// What it is told no longer counts, and no fact of it becomes durable any more. Whoever follows it learns
    /// that.
    pub(super) fn cut_off(&mut self) {
        self.never_was = true;
        self.followed = None;
    }

    /// Follows the number of the last durable fact. Closed for one that was cut off.
    pub(super) fn follow(&mut self) -> watch::Receiver<u64> {
        let durable = self.durable;
        if self.never_was {
            return watch::channel(durable).1;
        }
        let sender = self
            .followed
            .get_or_insert_with(|| watch::Sender::new(durable));
        sender.subscribe()
    }

    /// Whether somebody follows it.
    fn is_followed(&self) -> bool {
        let followed = self.followed.as_ref();
        followed.is_some_and(|sender| sender.receiver_count() > 0)
    }

    /// Tells every attempt to stop.
    pub(super) fn stop_attempts(&self) {
        for token in self.attempts.values() {
            token.cancel();
        }
    }

    /// Whether nothing of it is under way outside.
    fn is_idle(&self) -> bool {
        self.attempts.is_empty() && self.launching.is_empty() && self.waiting.is_empty()
    }

    /// What is kept of it when it goes to sleep, if it can as it stands.
    pub(super) fn asleep(&self, now: Timestamp) -> Option<Asleep> {
        let all = self.durable >= self.run.last_seq();
        let rests = all && self.is_idle() && self.telling.is_empty() && !self.never_was;
        rests.then(|| Asleep::of(&self.run, now)).flatten()
    }

    /// Gives up what it holds for speed, once it only waits.
    pub(super) fn rest(&mut self) {
        if !self.is_idle() || self.run.is_over() || self.durable < self.run.last_seq() {
            return;
        }
        self.run.rest();
        self.attempts = BTreeMap::new();
        self.launching = BTreeMap::new();
        self.waiting = VecDeque::new();
        if self.telling.is_empty() {
            self.telling = BTreeSet::new();
        }
        if !self.is_followed() {
            self.followed = None;
        }
    }

    /// Remembers what becomes due when these facts are durable, and makes the batches that make them so,
    /// in their order; at least one.
    pub(super) fn batches(&mut self, entries: Vec<Entry>) -> Vec<Batch> {
        for entry in &entries {
            let release = match &entry.event {
                RunEvent::AttemptStarted { step, number, .. } => {
                    self.launching.insert(step.clone(), *number);
                    Release::Launch((step.clone(), *number))
                }
                RunEvent::AttemptFinished { step, number, .. }
                | RunEvent::AttemptInterrupted { step, number } => {
                    Release::Stop((step.clone(), *number))
                }
                RunEvent::StepCanceled { step } => match self.last_attempt(step) {
                    Some(number) => Release::Stop((step.clone(), number)),
                    None => continue,
                },
                RunEvent::ApprovalRequested { step, .. }
                | RunEvent::ApprovalReminded { step }
                | RunEvent::ApprovalEscalated { step, .. }
                | RunEvent::ApprovalReassigned { step, .. }
                    if tells(&self.run, step) =>
                {
                    Release::Tell
                }
                _ => continue,
            };
            self.waiting.push_back((entry.seq, release));
        }
        super::project::batches_of(&self.run, entries)
    }

    fn last_attempt(&self, step: &StepPath) -> Option<u32> {
        let all = (step.clone(), 0)..=(step.clone(), u32::MAX);
        let running = || self.attempts.range(all).next_back().map(|(key, _)| key.1);
        self.launching.get(step).copied().or_else(running)
    }

    /// Whether somebody works on this attempt, or will as soon as its start is durable.
    pub(super) fn has_attempt(&self, key: &AttemptKey) -> bool {
        self.attempts.contains_key(key) || self.launching.get(&key.0) == Some(&key.1)
    }

    #[cfg(test)]
    pub(super) fn lose_notices(&mut self) {
        self.telling.clear();
    }

    #[cfg(test)]
    pub(super) fn lose_attempts(&mut self) {
        self.attempts.clear();
    }

    /// Facts up to `seq` are durable: gives what may happen outside now.
    pub(super) fn release(&mut self, seq: u64) -> Released {
        let mut released = Released::default();
        let mut launches: BTreeMap<u64, AttemptKey> = BTreeMap::new();
        let mut places: BTreeMap<AttemptKey, u64> = BTreeMap::new();
        while self.waiting.front().is_some_and(|(at, _)| *at <= seq) {
            match self.waiting.pop_front() {
                Some((at, Release::Launch(key))) => {
                    if self.launching.get(&key.0) == Some(&key.1) {
                        self.launching.remove(&key.0);
                    }
                    places.insert(key.clone(), at);
                    launches.insert(at, key);
                }
                Some((_, Release::Stop(key))) => {
                    if let Some(at) = places.remove(&key) {
                        launches.remove(&at);
                    }
                    released.stop.extend(self.attempts.remove(&key));
                }
                Some((_, Release::Tell)) => released.tell = true,
                None => break,
            }
        }
        for key in launches.into_values() {
            let Some(effect) = self.run.effect(&key.0.0) else {
                continue;
            };
            let Effect::Attempt { number, .. } = &effect;
            if *number == key.1 && !self.attempts.contains_key(&key) {
                let token = CancellationToken::new();
                self.attempts.insert(key, token.clone());
                released.launch.push((effect, token));
            }
        }
        self.durable = seq.max(self.durable);
        if let Some(followed) = &self.followed {
            followed.send_if_modified(|known| {
                let newer = seq > *known;
                *known = seq.max(*known);
                newer
            });
        }
        released.over = self.run.is_over() && seq >= self.run.last_seq();
        released.idle = self.is_idle();
        released
    }
}

/// Whether the gate of a step tells anybody.
fn tells(run: &Run, step: &StepPath) -> bool {
    let planned = run.plan().find(step);
    let gate = planned.and_then(|planned| planned.gate.as_ref());
    gate.is_some_and(|gate| !gate.notify.is_empty())
}

/// A live run, with what is to be known of it without its lock.
struct Known {
    state: State,
    plan: Arc<Plan>,
}

/// A live run as it was found.
pub(super) enum Found {
    Awake(Arc<Mutex<LiveRun>>),
    Asleep(Asleep),
}

enum State {
    Awake(Arc<Mutex<LiveRun>>),
    Asleep(Asleep),
}

/// All live runs.
#[derive(Default)]
pub(super) struct LiveRuns {
    runs: RwLock<HashMap<RunId, Known>>,
    /// The types of events that steps of these runs may wait for, and how many runs each.
    heard: RwLock<BTreeMap<Pattern, usize>>,
    /// Those that may go to sleep as soon as nobody looks at them.
    restless: Mutex<BTreeSet<RunId>>,
    /// There are some.
    disturbed: Notify,
}

impl LiveRuns {
    /// One, if it is there.
    pub(super) fn find(&self, run: RunId) -> Option<Found> {
        let runs = self.runs.read().unwrap_or_else(PoisonError::into_inner);
        Some(match &runs.get(&run)?.state {
            State::Awake(live) => Found::Awake(live.clone()),
            State::Asleep(asleep) => Found::Asleep(*asleep),
        })
    }

    /// One that is awake.
    pub(super) fn get(&self, run: RunId) -> Option<Arc<Mutex<LiveRun>>> {
        match self.find(run)? {
            Found::Awake(live) => Some(live),
            Found::Asleep(_) => None,
        }
    }

    pub(super) fn insert(&self, id: RunId, live: LiveRun) -> Arc<Mutex<LiveRun>> {
        let plan = live.run.plan().clone();
        let live = Arc::new(Mutex::new(live));
        self.add(id, live.clone(), plan);
        live
    }

    /// Takes in one that may be locked, once or again.
    pub(super) fn add(&self, id: RunId, live: Arc<Mutex<LiveRun>>, plan: Arc<Plan>) {
        self.take_in(id, State::Awake(live), plan);
    }

    /// Takes in one that sleeps.
    pub(super) fn add_asleep(&self, id: RunId, asleep: Asleep, plan: Arc<Plan>) {
        self.take_in(id, State::Asleep(asleep), plan);
    }

    fn take_in(&self, id: RunId, state: State, plan: Arc<Plan>) {
        let known = Known {
            state,
            plan: plan.clone(),
        };
        let before = self
            .runs
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, known);
        if before.is_none() {
            self.hear(&plan, true);
        }
    }

    /// One that slept is awake, as it was read from its journal. Gives the one that counts: another may
    /// have been faster. None when it is not as it was read any more.
    pub(super) fn wake(&self, id: RunId, read: LiveRun) -> Option<Arc<Mutex<LiveRun>>> {
        let mut runs = self.runs.write().unwrap_or_else(PoisonError::into_inner);
        let known = runs.get_mut(&id)?;
        match &known.state {
            State::Awake(live) => Some(live.clone()),
            State::Asleep(asleep) if asleep.seq == read.run.last_seq() => {
                let live = Arc::new(Mutex::new(read));
                known.state = State::Awake(live.clone());
                drop(runs);
                self.disturb(id);
                Some(live)
            }
            State::Asleep(_) => None,
        }
    }

    /// Puts one to sleep that can, which the caller shares this often. One that somebody else looks at
    /// just now is looked at again later.
    pub(super) fn lull(&self, id: RunId, shares: usize, now: Timestamp) {
        let mut runs = self.runs.write().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = runs.get_mut(&id) else {
            return;
        };
        let State::Awake(live) = &known.state else {
            return;
        };
        // Nobody gets at it but through this map, which is locked: who does not have it now never will.
        let alone = Arc::strong_count(live) <= shares + 1;
        let asleep = match live.try_lock() {
            Ok(locked) if alone && !locked.is_followed() => Ok(locked.asleep(now)),
            _ => Err(()),
        };
        let Ok(asleep) = asleep else {
            drop(runs);
            return self.disturb(id);
        };
        let before =
            asleep.map(|asleep| std::mem::replace(&mut known.state, State::Asleep(asleep)));
        // What it held is given back without the lock.
        drop(runs);
        drop(before);
    }

    /// Looks at one again, whether it can go to sleep.
    pub(super) fn disturb(&self, id: RunId) {
        let mut restless = self.restless.lock().unwrap_or_else(PoisonError::into_inner);
        restless.insert(id);
        drop(restless);
        self.disturbed.notify_one();
    }

    /// Waits until there are runs that are to be looked at again.
    pub(super) async fn disturbed(&self) {
        self.disturbed.notified().await;
    }

    /// Puts those to sleep that can by now.
    pub(super) fn lull_all(&self, now: Timestamp) {
        let restless = {
            let mut restless = self.restless.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *restless)
        };
        for id in restless {
            self.lull(id, 0, now);
        }
    }

    /// Forgets one, which may be locked.
    pub(super) fn remove(&self, run: RunId) {
        let removed = self
            .runs
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&run);
        if let Some(known) = removed {
            self.hear(&known.plan, false);
        }
    }

    /// Those that are awake.
    fn awake(&self) -> Vec<Arc<Mutex<LiveRun>>> {
        let runs = self.runs.read().unwrap_or_else(PoisonError::into_inner);
        let awake = runs.values().filter_map(|known| match &known.state {
            State::Awake(live) => Some(live.clone()),
            State::Asleep(_) => None,
        });
        awake.collect()
    }

    fn hear(&self, plan: &Plan, more: bool) {
        if plan.hears.is_empty() {
            return;
        }
        let mut heard = self.heard.write().unwrap_or_else(PoisonError::into_inner);
        for pattern in &plan.hears {
            let runs = heard.entry(pattern.clone()).or_default();
            *runs = if more {
                *runs + 1
            } else {
                runs.saturating_sub(1)
            };
            if *runs == 0 {
                heard.remove(pattern);
            }
        }
    }

    /// Which of these types of events a step of them may wait for, now or later.
    pub(super) fn may_hear<'a>(&self, types: &[&'a str]) -> BTreeSet<&'a str> {
        let heard = self.heard.read().unwrap_or_else(PoisonError::into_inner);
        let hears = |name: &&&str| heard.keys().any(|pattern| pattern.matches(name));
        types.iter().filter(hears).copied().collect()
    }

    /// Tells every attempt to stop.
    pub(super) fn stop_attempts(&self) {
        for live in self.awake() {
            lock(&live).stop_attempts();
        }
    }

    /// All of them, in no order.
    pub(super) fn ids(&self) -> Vec<RunId> {
        let runs = self.runs.read().unwrap_or_else(PoisonError::into_inner);
        runs.keys().copied().collect()
    }

    /// The first runs of which the live ones are retries, or the runs themselves.
    pub(super) fn roots(&self) -> BTreeSet<RunId> {
        let (mut roots, mut awake) = (BTreeSet::new(), Vec::new());
        let runs = self.runs.read().unwrap_or_else(PoisonError::into_inner);
        for known in runs.values() {
            match &known.state {
                State::Awake(live) => awake.push(live.clone()),
                State::Asleep(asleep) => drop(roots.insert(asleep.root)),
            }
        }
        drop(runs);
        roots.extend(awake.iter().map(|live| lock(live).run.start().root));
        roots
    }

    /// How many of them sleep.
    #[cfg(test)]
    pub(super) fn sleeping(&self) -> usize {
        self.len() - self.awake().len()
    }

    pub(super) fn len(&self) -> usize {
        self.runs
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }
}

/// Locks a run. A panic while it was held cannot leave it half changed: facts are applied one by one.
pub(super) fn lock(live: &Mutex<LiveRun>) -> MutexGuard<'_, LiveRun> {
    live.lock().unwrap_or_else(PoisonError::into_inner)
}
