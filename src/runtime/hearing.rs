//! Events find the runs that wait for them.
//!
//! One task tells all waits, in the order in which events became durable. A wait that begins is told first
//! what has come since its run began, from what the store keeps, and only then what comes: both in the one
//! queue, so that nothing is missed and nothing overtakes. What was on its way when a process ended is
//! found by the next one in the same manner: a wait is told again what has come since then.

use super::asleep::AGAIN;
use super::timer::Timers;
use super::waits::{Wait, Waits, may_take};
use super::{Engine, clock, live};
use druse_engine::event::{Entry, RunEvent, StepPath};
use druse_engine::run::{Heard, Input, Run};
use druse_engine::{EventId, Json, Pattern, RunId, Span, Timestamp};
use druse_storage::{
    Batch, Entity, EventOfType, ReadError, Scan, Setting, Store, StoreExt, StoredEvent, Woken,
};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How many stored events are read at once.
const PAGE: usize = 500;

/// How many waits are told before others get their turn.
const AT_ONCE: usize = 64;

/// How often it is noted how far all waits were told.
const NOTED: Duration = Duration::from_secs(60);

/// Events and waits of so short a time before a note are taken for unknown to it.
const MARGIN: i64 = 60_000;

/// The longest time until what could not be read is tried again.
const LONGEST: Duration = Duration::from_secs(60);

/// How long somebody who looks at an event waits for the news of whom it woke.
const PATIENCE: Duration = Duration::from_secs(2);

/// The name under which it is noted.
const TOLD: &str = "events_told";

/// What the one task does next.
enum Item {
    /// Tells a wait what came before.
    Begun {
        run: RunId,
        step: StepPath,
        /// Whether it began in an earlier process, which may have told it something.
        again: bool,
    },
    /// Tells the waits of a run again what came, which could not be read.
    Again(RunId),
    /// Tells an event that has become durable.
    Event(Heard),
    /// The time of a run's waits may be over.
    Silence(RunId),
    /// An event that was on its way did not become durable.
    Gone,
    /// Whoever asks wants to know when what stands before this was told.
    Asked(oneshot::Sender<()>),
}

/// The waits of live runs, and what they are to be told.
pub(super) struct Hearing {
    waits: Mutex<Waits>,
    /// How many waits there are, for who only asks whether there are any.
    count: AtomicUsize,
    queue: UnboundedSender<Item>,
    receiver: Mutex<Option<UnboundedReceiver<Item>>>,
    /// Events that are on their way to the disk.
    under_way: Mutex<BTreeSet<EventId>>,
    /// When no event counts any more for a wait of a run.
    pub(super) silences: Timers,
}

impl Default for Hearing {
    fn default() -> Self {
        let (queue, receiver) = unbounded_channel();
        Self {
            waits: Mutex::default(),
            count: AtomicUsize::new(0),
            queue,
            receiver: Mutex::new(Some(receiver)),
            under_way: Mutex::default(),
            silences: Timers::default(),
        }
    }
}

/// An event on its way to the disk: told when it is there, forgotten when it never comes there.
pub struct UnderWay {
    engine: Engine,
    event: EventId,
}

impl UnderWay {
    /// It is durable: whoever waits for it is told.
    pub fn is_durable(self, received_at: Timestamp, value: Json) {
        let event = self.event;
        let heard = Heard {
            event,
            received_at,
            value,
        };
        let hearing = &self.engine.0.hearing;
        if hearing.waits().hears(heard.event_type()) {
            hearing.push(Item::Event(heard));
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let hearing = &self.engine.0.hearing;
        hearing.under_way().remove(&self.event);
        hearing.push(Item::Gone);
    }
}

impl Hearing {
    fn waits(&self) -> MutexGuard<'_, Waits> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn under_way(&self) -> MutexGuard<'_, BTreeSet<EventId>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, item: Item) {
        let _ = self.queue.send(item);
    }

    /// Follows new facts of a run, under its lock.
    pub(super) fn follow(&self, run: &Run, entries: &[Entry]) {
        let begins = |entry: &Entry| matches!(entry.event, RunEvent::EventAwaited { .. });
        if self.count.load(Ordering::Acquire) == 0 && !entries.iter().any(begins) {
            return;
        }
        let mut waits = self.waits();
        let known = waits.has(run.id());
        let begun = waits.follow(run, entries);
        self.count.store(waits.len(), Ordering::Release);
        drop(waits);
        if known || !begun.is_empty() {
            self.begun(run, begun, false);
        }
    }

    /// Takes in the waits of a run that has begun, or that goes on `again`, from its journal.
    pub(super) fn take_up(&self, run: &Run, again: bool) {
        let mut waits = self.waits();
        let begun = waits.take_up(run);
        self.count.store(waits.len(), Ordering::Release);
        drop(waits);
        if !begun.is_empty() {
            self.begun(run, begun, again);
        }
    }

    fn begun(&self, of: &Run, steps: Vec<StepPath>, again: bool) {
        for step in steps {
            let run = of.id();
            self.push(Item::Begun { run, step, again });
        }
        self.silences.set(of.id(), of.next_silence());
    }

    /// Why a wait of a run will hear nothing any more, under the run's lock: none when all is well.
    pub(super) fn wrong(&self, run: &Run, now: Timestamp, late: Span) -> Option<String> {
        let waits = self.waits();
        for listening in run.listening() {
            let step = &listening.step;
            match waits.get(run.id(), step) {
                None => return Some(format!("nobody tells step {step} of events")),
                Some(wait) if wait.failures > 0 => {
                    return Some(format!(
                        "the events that step {step} waits for could not be read"
                    ));
                }
                Some(_) => {}
            }
        }
        drop(waits);
        let at = run.next_silence()?;
        if now.since(at) > late {
            return Some(format!("its waits were over at {at} and nothing happens"));
        }
        // Once it has come, whoever tells it has taken it out.
        let lost = at > now && self.silences.due(run.id()).is_none();
        lost.then_some(format!("the end {at} of its waits is in no timer"))
    }

    /// Forgets the waits of a run, as a bug would.
    #[cfg(test)]
    pub(super) fn lose(&self, run: RunId, step: &StepPath) {
        self.waits().remove(run, step);
    }

    /// The time of a run's waits may be over.
    pub(super) fn silence(&self, run: RunId) {
        self.push(Item::Silence(run));
    }

    /// From when on events may have been told to nobody yet.
    fn untold(&self, now: Timestamp) -> Timestamp {
        let oldest = self.under_way().first().map(time_of);
        oldest.unwrap_or(now).min(now)
    }
}

fn time_of(event: &EventId) -> Timestamp {
    Timestamp(i64::try_from(event.0.unix_ms()).unwrap_or(i64::MAX))
}

impl Engine {
    /// Notes that an event is on its way to the disk. To be called before it is handed over.
    pub fn event_under_way(&self, event: EventId) -> UnderWay {
        self.0.hearing.under_way().insert(event);
        UnderWay {
            engine: self.clone(),
            event,
        }
    }

    /// Returns when all events that are durable by now were told, or it takes too long.
    pub async fn events_told(&self) {
        let (asked, told) = oneshot::channel();
        self.0.hearing.push(Item::Asked(asked));
        let _ = tokio::time::timeout(PATIENCE, told).await;
    }

    /// How many steps wait for an event.
    pub fn waits_for_events(&self) -> usize {
        self.0.hearing.count.load(Ordering::Acquire)
    }

    /// Which of these types of events a step of a live run may wait for, now or later.
    pub fn may_hear<'a>(&self, types: &[&'a str]) -> BTreeSet<&'a str> {
        self.0.live.may_hear(types)
    }

    /// Tells waits of events until the engine closes. Only who lets all runs go on `notes` how far they
    /// were told.
    pub async fn keep_hearing(self, notes: bool) {
        let receiver = {
            let receiver = &self.0.hearing.receiver;
            receiver
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take()
        };
        let Some(mut queue) = receiver else {
            return;
        };
        let told = self.told();
        let mut quiet = Vec::new();
        let mut last = None;
        let mut note = tokio::time::interval(NOTED);
        note.tick().await;
        loop {
            let item = tokio::select! {
                biased;
                () = self.0.closing.cancelled() => return,
                item = queue.recv() => item,
                _ = note.tick(), if notes => {
                    self.note(&queue);
                    continue;
                }
            };
            match item {
                Some(Item::Begun { run, step, again }) => {
                    let told = again.then_some(told).flatten();
                    // It has its turn with the others of its run where those are told again.
                    let others = self.0.hearing.waits().is_told_again(run);
                    if !others && let Err(error) = self.catch_up(run, &step, told).await {
                        self.fall_behind(run, &error);
                    }
                }
                Some(Item::Again(run)) => {
                    let behind = self.0.hearing.waits().behind_of(run);
                    for step in behind {
                        // What the process before has told it need not be told again.
                        if let Err(error) = self.catch_up(run, &step, told).await {
                            self.fall_behind(run, &error);
                            break;
                        }
                    }
                }
                Some(Item::Event(heard)) => last = self.tell_all(&heard).await.or(last),
                // What was told last is durable last.
                Some(Item::Asked(asked)) => {
                    let last = last.take();
                    tokio::spawn(async move {
                        if let Some(last) = last {
                            let _ = last.await;
                        }
                        let _ = asked.send(());
                    });
                }
                Some(Item::Silence(run)) => quiet.push((run, clock::now())),
                Some(Item::Gone) => {}
                None => return,
            }
            quiet.retain(|(run, at)| {
                // What came before must have been told before.
                self.0.hearing.untold(*at) < *at || !self.fall_silent(*run)
            });
        }
    }

    /// Up to when events were told, by the last note, to all waits that had begun by then.
    fn told(&self) -> Option<Timestamp> {
        let row: Result<Option<Setting>, ReadError> = self.0.store.get(TOLD);
        let at = match row {
            Ok(row) => row.and_then(|row| row.value.as_i64()),
            Err(error) => {
                tracing::warn!(%error, "how far waits were told of events is not known");
                None
            }
        };
        // One that is yet to come is of a clock that was set back since: it says nothing.
        at.map(Timestamp).filter(|at| *at <= clock::now())
    }

    /// Notes how far waits were told: a later process tells less again.
    fn note(&self, queue: &UnboundedReceiver<Item>) {
        if self.waits_for_events() == 0 {
            return;
        }
        // Looked at before the queue: what leaves the one has entered the other.
        let now = clock::now();
        let untold = self.0.hearing.untold(now);
        // What was not told is not noted to be.
        if !queue.is_empty() || self.0.hearing.waits().any_is_behind() {
            return;
        }
        let row = Setting {
            name: TOLD.into(),
            value: json!(untold.0 - MARGIN),
            updated_at: now,
        };
        if let Err(error) = self.0.store.append(Batch::new().put(&row)) {
            tracing::debug!(%error, "how far waits were told of events is not noted");
        }
    }

    /// Tells a wait what came before it is told what comes.
    ///
    /// # Errors
    /// When that, or the run, cannot be read: then it has to be told all of it again.
    async fn catch_up(
        &self,
        run: RunId,
        step: &StepPath,
        told: Option<Timestamp>,
    ) -> Result<(), ReadError> {
        let wait = self.0.hearing.waits().get(run, step).cloned();
        let Some(Wait { listening, .. }) = wait else {
            return Ok(());
        };
        let began_run = Timestamp(i64::try_from(run.0.unix_ms()).unwrap_or(0));
        let since = listening.since.min(began_run);
        let from = match told {
            Some(told) if listening.began_at < told => since.max(told),
            _ => since,
        };
        let mut stored = Stored::new(self.0.store.clone(), &listening.event_type, from);
        while let Some(page) = stored.page()? {
            for heard in page {
                if may_take(&listening, &heard) && self.tell(run, step, &heard)?.is_some() {
                    return Ok(());
                }
            }
            tokio::task::yield_now().await;
        }
        self.0.hearing.waits().make_ready(run, step);
        Ok(())
    }

    /// Tells the waits of a run a little later all that came, because some of it, or the run, could not be read.
    /// Until then they are told nothing, their time is not over, and nothing is noted to be told.
    fn fall_behind(&self, run: RunId, error: &ReadError) {
        let Some(failures) = self.0.hearing.waits().fall_behind(run) else {
            return;
        };
        if failures == 1 {
            tracing::error!(%run, %error, "a run cannot be told of events: it is tried again");
        }
        let wait = AGAIN.0.saturating_mul(1 << failures.min(7)) / 2;
        let engine = self.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(wait.min(LONGEST)) => {}
                () = engine.closing() => return,
            }
            engine.0.hearing.push(Item::Again(run));
        });
    }

    /// Tells all waits of an event; gives the end of the last one that took it.
    async fn tell_all(&self, heard: &Heard) -> Option<JoinHandle<bool>> {
        let waits = self.0.hearing.waits().of(heard);
        let mut last = None;
        for (number, (run, step)) in waits.into_iter().enumerate() {
            // Not so any more where one of its run that began before it could not be told.
            if !self.0.hearing.waits().is_ready(run, &step) {
                continue;
            }
            match self.tell(run, &step, heard) {
                Ok(told) => last = told.or(last),
                Err(error) => self.fall_behind(run, &error),
            }
            if number % AT_ONCE == AT_ONCE - 1 {
                tokio::task::yield_now().await;
            }
        }
        last
    }

    /// Tells a wait of an event; where it takes it, gives what ends when that is durable. A damaged run, as one that
    /// is fenced off, is told nothing.
    ///
    /// # Errors
    /// When the run sleeps and cannot be read just now: then the event has still to be told to it.
    fn tell(
        &self,
        id: RunId,
        step: &StepPath,
        heard: &Heard,
    ) -> Result<Option<JoinHandle<bool>>, ReadError> {
        let live = match self.live_run(id) {
            Err(error) if error.is_transient() => return Err(error),
            Ok(Some(live)) => live,
            _ => return Ok(None),
        };
        let input = Input::Event {
            step: step.clone(),
            heard: heard.clone(),
        };
        let way = {
            let mut locked = live::lock(&live);
            if locked.run.decide(clock::now(), &input).is_err() {
                return Ok(None);
            }
            let woken = Woken {
                event: heard.event,
                run: id,
                step: step.to_string(),
                at: clock::now(),
            };
            self.give_locked(id, &mut locked, input, Batch::new().put(&woken))
        };
        Ok(way.ok().map(|way| self.settle(id, live, way)))
    }

    /// Ends the waits of a run whose time is over, unless one of them was not told yet what came before it.
    fn fall_silent(&self, id: RunId) -> bool {
        let live = match self.live_run(id) {
            Ok(Some(live)) => live,
            Err(error) if error.is_transient() => {
                let silences = &self.0.hearing.silences;
                silences.put_back(id, clock::now().after(AGAIN));
                return true;
            }
            _ => return true,
        };
        let way = {
            // Under the run's lock, for another wait may begin at any time, with no time at all.
            let mut locked = live::lock(&live);
            if self.0.hearing.waits().is_behind(id) {
                return false;
            }
            self.give_locked(id, &mut locked, Input::Silence, Batch::new())
        };
        match way {
            Ok(way) => drop(self.settle(id, live.clone(), way)),
            Err(rejected) => tracing::debug!(run = %id, ?rejected, "a silence came too late"),
        }
        let next = live::lock(&live).run.next_silence();
        self.0.hearing.silences.set(id, next);
        true
    }
}

/// The stored events of a type, in the order in which they came.
struct Stored {
    store: Arc<dyn Store>,
    pattern: Pattern,
    after: Option<String>,
    over: bool,
}

impl Stored {
    fn new(store: Arc<dyn Store>, event_type: &str, from: Timestamp) -> Self {
        let pattern = Pattern::new(event_type);
        let first = EventId::from_parts(from.0.unsigned_abs(), [0; 10]);
        let after = match pattern.whole() {
            Some(whole) => EventOfType::key_of(whole, first),
            None => first.to_string(),
        };
        Self {
            store,
            pattern,
            after: Some(after),
            over: false,
        }
    }

    /// The next of them; none when there are no more.
    fn page(&mut self) -> Result<Option<Vec<Heard>>, ReadError> {
        if self.over {
            return Ok(None);
        }
        let scan = Scan {
            after: self.after.clone(),
            limit: PAGE,
            ..Scan::default()
        };
        let rows: Vec<StoredEvent> = match self.pattern.whole() {
            Some(whole) => {
                let prefix = EventOfType::prefix_of(whole);
                let of_type: Vec<EventOfType> = self.store.scan(&Scan { prefix, ..scan })?;
                self.went_to(of_type.len(), of_type.last().map(Entity::key));
                let mut rows = Vec::with_capacity(of_type.len());
                for row in of_type {
                    match self.store.get::<StoredEvent>(&row.event.to_string()) {
                        Ok(row) => rows.extend(row),
                        // Left out, as of any list: it will never be readable.
                        Err(ReadError::Damaged(error)) => {
                            tracing::warn!(event = %row.event, error, "no wait is told of a damaged event");
                        }
                        Err(error) => return Err(error),
                    }
                }
                rows
            }
            // Events of many types stand in one order only among all of them.
            None => {
                let rows: Vec<StoredEvent> = self.store.scan(&scan)?;
                self.went_to(rows.len(), rows.last().map(Entity::key));
                rows
            }
        };
        let heard = rows.into_iter().map(heard).filter(|heard| {
            let event_type = heard.event_type();
            self.pattern.matches(event_type)
        });
        Ok(Some(heard.collect()))
    }

    fn went_to(&mut self, count: usize, last: Option<String>) {
        self.over = count < PAGE;
        self.after = last.or(self.after.take());
    }
}

/// A stored event as a wait is told of it.
fn heard(row: StoredEvent) -> Heard {
    Heard {
        event: row.id,
        received_at: row.received_at,
        value: seen(row.event),
    }
}

/// An event as expressions see it: one that is none any more, which cannot be, has no attributes.
fn seen(event: serde_json::Value) -> Json {
    match druse_triggers::event::read_one(event) {
        Ok(event) => event.trigger().into(),
        Err(_) => json!({}).into(),
    }
}
