//! Triggers at work: what comes (a time, a delivery, an event, a file, an item, a person's wish) becomes a firing, and the
//! firing a run. A firing, its claim and its run become durable together or not at all.

mod agenda;
mod answer;
mod backfill;
mod builtin;
mod changes;
mod event;
mod files;
mod fire;
mod hook;
mod kept;
mod late;
mod lookout;
mod manual;
mod notices;
mod outbox;
mod overlap;
mod poll;
mod registry;
mod scheduler;
mod sender;
mod senders;
mod subscription;
mod sweep;
mod sync;
#[cfg(test)]
mod tests;
mod view;
mod window;

pub use backfill::{BackfillRequest, BackfillView};
pub use event::Published;
pub use hook::{HookAnswer, Incoming};
pub use kept::{EventView, KeptEvents};
pub use lookout::LookoutView;
pub use manual::By;
pub use outbox::announcement;
pub use registry::changes_in;
pub use subscription::{DeliveryView, NewSubscription, SubscriptionView};
pub use sync::rows;
pub use view::{FiringView, TriggerView};

use crate::runtime::{Engine, Publish, clock};
use crate::secret::Secrets;
use crate::service::RunError;
use crate::service::idempotency::KeyLocks;
use agenda::Agenda;
use druse_engine::{BackfillId, EventId, RunId, SubscriptionId, Timestamp, TriggerId};
use druse_storage::{AppendError, Batch, ReadError, RunHead, Store};
use notices::Notices;
use registry::Registry;
use senders::Senders;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicI64};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, Weak};
use subscription::Subscriptions;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The triggers of all automations, at work. Cheap to clone.
#[derive(Clone)]
pub struct Triggers(Arc<Inner>);

/// Gives the present time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

struct Inner {
    store: Arc<dyn Store>,
    engine: Engine,
    secrets: Arc<Secrets>,
    clock: Clock,
    registry: RwLock<Registry>,
    /// Held for reading while a trigger's row moves on with a firing, and for writing over read, change
    /// and write of rows by people.
    writing: Arc<tokio::sync::RwLock<()>>,
    /// Deliveries and events that are being taken in: the same one again waits for the first.
    taking: KeyLocks,
    /// Events whose runs could not all be started yet.
    unfinished: Mutex<BTreeSet<EventId>>,
    /// Who sent what could not be verified.
    senders: Senders,
    /// When which schedule is looked at next.
    schedules: Agenda<TriggerId>,
    /// When which trigger that looks by itself looks next.
    looks: Agenda<TriggerId>,
    /// What the system tells of changes in folders.
    notices: Notices,
    /// When which window is looked at next.
    windows: Agenda<String>,
    subscriptions: RwLock<Subscriptions>,
    /// When which event is sent to whom.
    sending: Agenda<(SubscriptionId, EventId)>,
    /// Wakes who sends them.
    to_send: Notify,
    /// Backfills that go on, each with what ends it.
    backfills: Mutex<BTreeMap<BackfillId, CancellationToken>>,
    /// Whether there may be something in the outbox.
    outbox: AtomicBool,
    /// Wakes who publishes it.
    told: Notify,
    /// Events of runs that a trigger or a subscriber may want.
    wanted: RwLock<Arc<BTreeSet<&'static str>>>,
    /// How long events are kept.
    kept: OnceLock<KeptEvents>,
    /// How many there are.
    count: kept::Count,
    /// Wakes the scheduler.
    changed: Notify,
    /// What the clock showed last, in milliseconds.
    clock_showed: AtomicI64,
    closing: CancellationToken,
    this: Weak<Inner>,
}

/// What is known of a run that a trigger started or is to start.
enum Started {
    Never,
    Going(Arc<RunHead>),
    Over,
}

impl std::fmt::Debug for Triggers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Triggers(…)")
    }
}

impl Triggers {
    /// Loads all triggers and becomes the publisher of the engine's events. This comes before the engine
    /// recovers: a step that it takes up may publish one at once.
    ///
    /// # Errors
    /// When the triggers cannot be read.
    pub fn load(
        store: Arc<dyn Store>,
        engine: Engine,
        secrets: Arc<Secrets>,
    ) -> Result<Self, ReadError> {
        Self::load_with(store, engine, secrets, Arc::new(clock::now))
    }

    /// As [`Triggers::load`], with a clock of its own.
    ///
    /// # Errors
    /// As [`Triggers::load`].
    pub fn load_with(
        store: Arc<dyn Store>,
        engine: Engine,
        secrets: Arc<Secrets>,
        clock: Clock,
    ) -> Result<Self, ReadError> {
        let registry = Registry::load(store.as_ref())?;
        let subscriptions = subscription::load(store.as_ref())?;
        let triggers = Self(Arc::new_cyclic(|this| Inner {
            store,
            engine,
            secrets,
            clock,
            registry: RwLock::new(registry),
            writing: Arc::default(),
            taking: KeyLocks::default(),
            unfinished: Mutex::default(),
            senders: Senders::default(),
            schedules: Agenda::default(),
            looks: Agenda::default(),
            notices: Notices::default(),
            windows: Agenda::default(),
            subscriptions: RwLock::new(subscriptions),
            sending: Agenda::default(),
            to_send: Notify::new(),
            backfills: Mutex::default(),
            outbox: AtomicBool::new(true),
            told: Notify::new(),
            wanted: RwLock::default(),
            kept: OnceLock::new(),
            count: kept::Count::default(),
            changed: Notify::new(),
            clock_showed: AtomicI64::new(i64::MIN),
            closing: CancellationToken::new(),
            this: this.clone(),
        }));
        let publisher: Arc<dyn Publish> = triggers.0.clone();
        triggers.0.engine.set_publisher(Arc::downgrade(&publisher));
        triggers.look_at_all_schedules();
        triggers.look_everywhere();
        triggers.find_wanted();
        Ok(triggers)
    }

    /// Starts the runs that were promised before the process ended. The engine has recovered by now.
    ///
    /// # Errors
    /// When what was promised cannot be read.
    pub async fn take_up(&self) -> Result<(), ReadError> {
        self.take_up_overlaps()?;
        self.look_at_windows(None)?;
        self.take_up_outgoing()?;
        self.find_unfinished()?;
        self.finish_events().await;
        self.publish_outbox().await;
        self.take_up_backfills()
    }

    /// Keeps the schedules from now on, until [`Triggers::close`].
    pub fn start(&self) {
        self.0.notices.serve();
        tokio::spawn(self.clone().keep());
        tokio::spawn(self.clone().keep_watch());
        tokio::spawn(self.clone().keep_outbox());
        tokio::spawn(self.clone().keep_swept());
        tokio::spawn(self.clone().keep_sending());
    }

    /// Ends the scheduler. What is due then is found by the next start.
    pub fn close(&self) {
        self.0.closing.cancel();
    }

    /// The present time, as triggers see it.
    pub fn now(&self) -> Timestamp {
        (self.0.clock)()
    }

    fn store(&self) -> &dyn Store {
        self.0.store.as_ref()
    }

    /// Whether a run was ever started, and whether it is still going. One that is fenced off was started
    /// and holds nobody up.
    fn started(&self, run: RunId) -> Result<Started, ReadError> {
        match self.store().run_head(run) {
            Ok(None) => Ok(Started::Never),
            Ok(Some(head)) if head.status.is_final() => Ok(Started::Over),
            Ok(Some(head)) => Ok(Started::Going(head)),
            Err(ReadError::Damaged(_)) => Ok(Started::Over),
            Err(error) => Err(error),
        }
    }

    fn unfinished(&self) -> MutexGuard<'_, BTreeSet<EventId>> {
        let unfinished = &self.0.unfinished;
        unfinished.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes rows durable, and tells of the changes among them.
    async fn append(&self, mut batch: Batch) -> Result<(), RunError> {
        let tells = self.tell_changes(&mut batch);
        let ticket = self.0.store.append(batch).map_err(refused)?;
        ticket.await.map_err(refused)?;
        if tells {
            self.changes_told();
        }
        Ok(())
    }
}

/// Why the store did not take rows, in the words of the engine.
fn refused(error: AppendError) -> RunError {
    match error {
        AppendError::Conflict { key, .. } => RunError::Claimed(key),
        AppendError::Full => RunError::Full,
        AppendError::Busy => RunError::Busy {
            retry_after: druse_engine::Span::from_secs(1),
        },
        AppendError::TooLarge { .. } => RunError::TooLarge,
        AppendError::Sequence { .. } | AppendError::NotOver { .. } | AppendError::Failed => {
            RunError::Ending
        }
    }
}
