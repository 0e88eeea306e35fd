//! Rates of connections: which steps of the runs of this process may begin.
//!
//! The rates are those of [`druse_engine::flow`], which knows no more than what is said here: which attempts
//! began, which steps wait, and how long the other side asked to wait. Each start and each such wish goes to
//! the disk together with the fact that it comes of, so that a later process finds the same. A run whose
//! steps go over no connection is never told of, and as long as no connection has a rate nobody is.

use super::dispatch::OnItsWay;
use super::{Engine, clock, live};
use druse_engine::definition::FailureClass;
use druse_engine::event::{Entry, Failure, Outcome, RunEvent, StepPath};
use druse_engine::flow::{Began, LONGEST_HOLD, Queue, Rate, RatePlace, RateWait, Rates};
use druse_engine::run::{ConnectionRates, Input, Run};
use druse_engine::{RunId, Span, Timestamp};
use druse_storage::{Batch, Entity, RateHold, RateStart, ReadError, Scan, StoreExt as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::Notify;

/// The longest sleep: after a step of the wall clock, due times are noticed within this.
const LONGEST_SLEEP: Duration = Duration::from_secs(15);

/// How many rows are read, or removed, at once.
const PAGE: usize = 1_000;

/// The rates of all connections of this process.
#[derive(Default)]
pub(super) struct Throttle {
    known: Mutex<Known>,
    /// What runs are told of it.
    rates: RwLock<Option<Arc<ConnectionRates>>>,
    /// Whether a connection has a rate, or a step waits for one.
    busy: AtomicBool,
    changed: Notify,
}

#[derive(Default)]
struct Known {
    rates: Rates,
    /// The number of the last start.
    number: u64,
}

impl Throttle {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connections that have a rate; none for none.
    pub(super) fn rates(&self) -> Option<Arc<ConnectionRates>> {
        let rates = self.rates.read().unwrap_or_else(PoisonError::into_inner);
        rates.clone()
    }

    fn set(&self, connection: &str, rate: Option<Rate>) {
        let mut known = self.lock();
        known.rates.set(connection, rate);
        let mut rates = self.rates.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = rates.as_deref().cloned().unwrap_or_default();
        match rate {
            Some(rate) => drop(next.insert(connection.to_owned(), rate)),
            None => drop(next.remove(connection)),
        }
        *rates = (!next.is_empty()).then(|| Arc::new(next));
        let any = rates.is_some();
        drop(rates);
        self.note(&known, any);
    }

    /// Under the lock of what is known, so that nobody's note overtakes another one's.
    fn note(&self, known: &Known, any: bool) {
        let busy = any || known.rates.waiting() > 0;
        self.busy.store(busy, Ordering::Release);
        self.changed.notify_one();
    }

    /// Whether nobody has to be told of a run.
    fn is_idle(&self, run: &Run) -> bool {
        !run.connects() || !self.busy.load(Ordering::Acquire)
    }

    /// Follows new facts of a run, under its lock; gives the rows that are to become durable with them.
    pub(super) fn follow(&self, run: &Run, entries: &[Entry]) -> Batch {
        if self.is_idle(run) {
            return Batch::new();
        }
        let mut known = self.lock();
        let mut batch = Batch::new();
        let mut whole = false;
        for entry in entries {
            batch = known.see(run, entry, batch);
            match entry.event.step() {
                None => whole = true,
                Some(step) => match run.throttled_at(step) {
                    Some(wait) => known.rates.wait(run.id(), step, wait),
                    None => known.rates.leave(run.id(), step),
                },
            }
        }
        if whole {
            known.rates.stand(run.id(), run.throttled());
        }
        self.note(&known, self.rates().is_some());
        batch
    }

    /// Takes in a run as it stands.
    pub(super) fn take_up(&self, run: &Run) {
        if !run.connects() {
            return;
        }
        let mut known = self.lock();
        known.rates.stand(run.id(), run.throttled());
        self.note(&known, self.rates().is_some());
    }

    /// Waits until somebody may be let go.
    pub(super) async fn due(&self) {
        loop {
            let now = clock::now();
            let next = self.lock().rates.next(now);
            let sleep = match next {
                Some(at) if at <= now => return,
                Some(at) => at.since(now).0.min(LONGEST_SLEEP),
                None => LONGEST_SLEEP,
            };
            tokio::select! {
                () = tokio::time::sleep(sleep) => {}
                () = self.changed.notified() => {}
            }
        }
    }

    /// The rates that somebody uses or waits for, with steps that nobody lets go here.
    pub(super) fn queues_with(
        &self,
        waiting: Vec<(RunId, Vec<(StepPath, RateWait)>)>,
    ) -> Vec<Queue> {
        let mut rates = self.lock().rates.clone();
        for (run, waits) in waiting {
            rates.stand(run, waits);
        }
        rates.queues(clock::now())
    }

    /// Whether every step of a run that waits for a rate stands in its queue; else one that does not.
    pub(super) fn misses(&self, run: &Run) -> Option<StepPath> {
        let known = self.lock();
        let mut waiting = run.throttled().into_iter().map(|(step, _)| step);
        waiting.find(|step| !known.rates.waits(run.id(), step))
    }
}

impl Known {
    /// What a fact does to the rates, with the rows of that.
    fn see(&mut self, run: &Run, entry: &Entry, batch: Batch) -> Batch {
        let rated = |step: &StepPath| {
            let connection = run.plan().find(step)?.connection.clone()?;
            self.rates.rate(&connection).is_some().then_some(connection)
        };
        match &entry.event {
            RunEvent::AttemptStarted { step, .. } => {
                let Some(connection) = rated(step) else {
                    return batch;
                };
                self.number += 1;
                let began = Began {
                    at: entry.at,
                    number: self.number,
                };
                let old = self.rates.began(&connection, began);
                let batch = batch.put(&RateStart {
                    connection: connection.to_string(),
                    number: self.number,
                    at: entry.at,
                    run: run.id(),
                    step: step.to_string(),
                });
                old.into_iter().fold(batch, |batch, number| {
                    batch.remove::<RateStart>(RateStart::key_of(&connection, number))
                })
            }
            RunEvent::AttemptFinished {
                step,
                outcome:
                    Outcome::Failed {
                        failure,
                        retry_after_ms: Some(wait),
                    },
                ..
            } if holds(failure) => {
                let Some(connection) = rated(step) else {
                    return batch;
                };
                let wait = i64::try_from(*wait).unwrap_or(LONGEST_HOLD);
                let until = Timestamp(entry.at.0.saturating_add(wait.min(LONGEST_HOLD)));
                self.rates.hold(&connection, until);
                batch.put(&RateHold {
                    connection: connection.to_string(),
                    until: self.rates.held_until(&connection).unwrap_or(until),
                    run: run.id(),
                    step: step.to_string(),
                })
            }
            _ => batch,
        }
    }
}

/// Whether the answer was that too much is asked for (429), or that nothing can be done now (503).
fn holds(failure: &Failure) -> bool {
    let details = failure.details.as_ref().map(|details| details.value());
    let status = details.and_then(|details| details["status"].as_u64());
    failure.class == FailureClass::Retryable && matches!(status, Some(429 | 503))
}

impl Engine {
    /// Sets, changes or takes away the rate of a connection. Whatever the other side asked for before is
    /// over with it.
    pub fn set_rate(&self, connection: &str, rate: Option<Rate>) {
        let throttle = &self.0.rates;
        let before = throttle.rates();
        if rate.is_none() && before.is_none_or(|rates| !rates.contains_key(connection)) {
            return;
        }
        throttle.set(connection, rate);
        throttle.lock().rates.release(connection);
        throttle.changed.notify_one();
    }

    /// Whether the other side of a connection asked to wait.
    pub fn is_held_back(&self, connection: &str) -> bool {
        let held = self.0.rates.lock().rates.held_until(connection);
        held.is_some()
    }

    /// Reads what began before this process over connections that have a rate, and removes what counts no
    /// more. The rates must be set before.
    pub(super) fn load_rates(&self) -> Result<(), ReadError> {
        let now = clock::now();
        let mut useless = Vec::new();
        let mut known = self.0.rates.lock();
        self.each_row(|row: RateStart| {
            known.number = known.number.max(row.number);
            let counts = known.rates.rate(&row.connection);
            let counts = counts.is_some_and(|rate| now.0 - row.at.0 < rate.millis());
            if counts {
                let began = Began {
                    at: row.at,
                    number: row.number,
                };
                known.rates.began(&row.connection, began);
            } else {
                useless.push(row.key());
            }
        })?;
        let mut over = Vec::new();
        self.each_row(|row: RateHold| match row.until > now {
            true => known.rates.hold(&row.connection, row.until),
            false => over.push(row.key()),
        })?;
        drop(known);
        let starts = useless.chunks(PAGE).map(|keys| {
            keys.iter().fold(Batch::new(), |batch, key| {
                batch.remove::<RateStart>(key.as_str())
            })
        });
        let holds = over
            .into_iter()
            .map(|key| Batch::new().remove::<RateHold>(key));
        for batch in starts.chain(holds) {
            // What is not removed now is removed by a later start.
            let _ = self.0.store.append(batch);
        }
        Ok(())
    }

    fn each_row<E: Entity>(&self, mut each: impl FnMut(E)) -> Result<(), ReadError> {
        let mut scan = Scan {
            limit: PAGE,
            ..Scan::default()
        };
        loop {
            let rows: Vec<E> = self.0.store.scan(&scan)?;
            scan.after = rows.last().map(Entity::key);
            let last = rows.len() < PAGE;
            rows.into_iter().for_each(&mut each);
            if last {
                return Ok(());
            }
        }
    }

    /// Lets those steps begin whose turn it is.
    pub(super) fn let_begin(&self) {
        let granted = self.0.rates.lock().rates.grant(clock::now());
        for (run, step) in granted {
            if let Some(way) = self.permit(run, step)
                && let Ok(Some(live)) = self.live_run(run)
            {
                drop(self.settle(run, live, way));
            }
        }
    }

    /// Lets a step begin that was let go, unless it is so no longer.
    fn permit(&self, id: RunId, step: StepPath) -> Option<OnItsWay> {
        let throttle = &self.0.rates;
        let Ok(Some(live)) = self.live_run(id) else {
            throttle.lock().rates.leave(id, &step);
            return None;
        };
        let mut locked = live::lock(&live);
        if !throttle.lock().rates.is_granted(id, &step) {
            return None;
        }
        let input = Input::Permit { step: step.clone() };
        match self.give_locked(id, &mut locked, input, Batch::new()) {
            Ok(way) => Some(way),
            Err(rejected) => {
                tracing::debug!(run = %id, %step, ?rejected, "a step that may begin does not");
                throttle.lock().rates.leave(id, &step);
                throttle.changed.notify_one();
                None
            }
        }
    }

    /// What a step waits for, if it is the rate of a connection.
    pub(super) fn why_throttled(&self, run: RunId, step: &StepPath) -> Option<RatePlace> {
        self.0.rates.lock().rates.why(run, step, clock::now())
    }

    /// What the first of a run's steps that wait for rates waits for, in one sentence.
    pub(super) fn says_throttled(&self, run: RunId) -> Option<String> {
        let now = clock::now();
        let known = self.0.rates.lock();
        let steps = known.rates.of(run);
        let first = steps.first()?;
        let place = known.rates.why(run, first, now)?;
        let more = match steps.len() {
            1 => "",
            _ => ", and more",
        };
        Some(format!("step {first} {}{more}", place.sentence(now)))
    }

    /// Whether a step of a run waits for a rate and begins within a time, as things stand.
    pub(super) fn begins_within(&self, run: RunId, span: Span) -> bool {
        let now = clock::now();
        let known = self.0.rates.lock();
        let steps = known.rates.of(run);
        let mut places = steps
            .iter()
            .take(1)
            .filter_map(|step| known.rates.why(run, step, now));
        places.any(|place| place.about <= now.after(span))
    }

    /// The rates that somebody uses or waits for.
    pub(super) fn rate_queues(&self) -> Vec<Queue> {
        self.0.rates.lock().rates.queues(clock::now())
    }

    /// How many steps wait for the rate of a connection.
    pub fn throttled(&self) -> usize {
        self.0.rates.lock().rates.waiting()
    }
}
