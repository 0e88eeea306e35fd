//! The shell around the pure engine: it keeps the runs that have not ended, performs what they ask for,
//! tells them what came of it, and lets nothing out before it is durable.

mod artifacts;
mod asleep;
mod attempt;
mod children;
pub mod clock;
mod deadlock;
mod decide;
mod dispatch;
mod fence;
mod flow;
mod hearing;
mod hold;
mod inputs;
mod internal;
mod live;
mod lost;
mod note;
mod notify;
mod observe;
mod pins;
mod plan;
mod portion;
mod project;
mod rates;
mod read;
mod recover;
mod rehearse;
mod retry;
pub(crate) mod starters;
mod stuck;
mod submit;
mod timer;
mod trial;
mod uncertain;
mod view;
mod waits;

pub use hearing::UnderWay;
pub use internal::Publish;
pub use observe::Ended;
pub use read::Sensitive;
pub use recover::Recovered;
pub use rehearse::{Given, Rehearsed};
pub use stuck::{Examined, LeftToPeople, Stuck};

use crate::action::{Actions, file::work::WorkFolders};
use druse_engine::AutomationId;
use druse_storage::Store;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, SystemTime};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often old working folders are looked for.
const SWEEP: Duration = Duration::from_secs(3_600);

/// Starts runs and carries them to their end. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

pub(crate) struct Inner {
    store: Arc<dyn Store>,
    actions: Arc<Actions>,
    plans: plan::Plans,
    pins: pins::Pins,
    live: live::LiveRuns,
    fence: fence::Fence,
    /// Whether this process carries all runs, and not only those that a command is about.
    carries_all: AtomicBool,
    timers: timer::Timers,
    uncertain: uncertain::Uncertain,
    lost: lost::Lost,
    held: hold::Held,
    slots: flow::Slots,
    rates: rates::Throttle,
    hearing: hearing::Hearing,
    publisher: OnceLock<Weak<dyn Publish>>,
    observer: OnceLock<tokio::sync::mpsc::Sender<Ended>>,
    address: OnceLock<Option<String>>,
    closing: CancellationToken,
    /// Nothing new begins any more.
    draining: CancellationToken,
    /// Attempts under way, but for those that wait for other runs.
    working: TaskTracker,
    trial: trial::Trial,
    failed: watch::Sender<Option<String>>,
    this: Weak<Inner>,
}

impl Inner {
    fn engine(&self) -> Option<Engine> {
        self.this.upgrade().map(Engine)
    }

    fn carries_all(&self) -> bool {
        self.carries_all.load(Ordering::Acquire)
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("live", &self.live())
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine over an open store. [`Engine::recover`] takes up what had not ended, and
    /// [`Engine::keep_time`] must run beside it.
    pub fn new(store: Arc<dyn Store>, actions: Arc<Actions>) -> Self {
        let engine = Self(Arc::new_cyclic(|this| Inner {
            this: this.clone(),
            store,
            actions,
            plans: plan::Plans::default(),
            pins: pins::Pins::default(),
            live: live::LiveRuns::default(),
            fence: fence::Fence::default(),
            carries_all: AtomicBool::new(false),
            timers: timer::Timers::default(),
            uncertain: uncertain::Uncertain::default(),
            lost: lost::Lost::default(),
            held: hold::Held::default(),
            slots: flow::Slots::default(),
            rates: rates::Throttle::default(),
            hearing: hearing::Hearing::default(),
            publisher: OnceLock::new(),
            observer: OnceLock::new(),
            address: OnceLock::new(),
            closing: CancellationToken::new(),
            draining: CancellationToken::new(),
            working: TaskTracker::new(),
            trial: trial::Trial::default(),
            failed: watch::Sender::new(None),
        }));
        let internal: Arc<dyn crate::action::Internal> = engine.0.clone();
        engine.0.actions.set_internal(Arc::downgrade(&internal));
        engine
    }

    /// Says who publishes the events of `emit` steps.
    pub fn set_publisher(&self, publisher: Weak<dyn Publish>) {
        let _ = self.0.publisher.set(publisher);
    }

    /// Wakes runs whose time has come, or whose turn it is. Ends with the engine.
    pub async fn keep_time(self) {
        tokio::spawn(self.clone().keep_quiet());
        loop {
            let due = tokio::select! {
                due = self.0.timers.next() => due,
                () = self.0.slots.changed() => {
                    self.let_go();
                    continue;
                }
                () = self.0.rates.due() => {
                    self.let_begin();
                    continue;
                }
                silent = self.0.hearing.silences.next() => {
                    for run in silent {
                        self.0.hearing.silence(run);
                    }
                    continue;
                }
                () = self.0.draining.cancelled() => return,
                () = self.0.closing.cancelled() => return,
            };
            for run in due {
                self.tick(run);
            }
        }
    }

    /// Removes working folders that nobody has used for long, now and every hour. Ends with the engine.
    pub async fn sweep_work_folders(self, work: WorkFolders) {
        loop {
            let live = self.0.live.roots();
            let work = work.clone();
            let swept =
                tokio::task::spawn_blocking(move || work.sweep(&live, SystemTime::now())).await;
            if let Ok(Err(error)) = swept {
                tracing::warn!(%error, "old working folders cannot be removed");
            }
            tokio::select! {
                () = tokio::time::sleep(SWEEP) => {}
                () = self.0.closing.cancelled() => return,
            }
        }
    }

    /// How many runs have not ended.
    pub fn live(&self) -> usize {
        self.0.live.len()
    }

    /// How many runs have a time at which they are looked at again.
    pub fn timers(&self) -> usize {
        self.0.timers.len()
    }

    /// Another version of an automation is active, or none.
    pub fn automation_changed(&self, automation: AutomationId) {
        self.0.plans.forget(automation);
        self.0.pins.forget(automation);
    }

    /// The actions that attempts are made of.
    pub fn actions(&self) -> &Arc<Actions> {
        &self.0.actions
    }

    /// Begins nothing new from now on, and waits until the attempts under way have ended. What follows on
    /// their ends comes with the next start. Attempts that only wait for other runs are not waited for.
    pub async fn drain(&self) {
        self.0.draining.cancel();
        self.0.working.close();
        self.0.working.wait().await;
    }

    /// Stops taking new runs and stops the attempts; what they were doing is taken up by the next start.
    pub fn close(&self) {
        self.0.closing.cancel();
        self.0.live.stop_attempts();
    }

    /// Waits until the engine closes.
    pub async fn closing(&self) {
        self.0.closing.cancelled().await;
    }

    /// The log has failed: nothing more is acknowledged, and the process must end.
    fn fail(&self, reason: &str) {
        tracing::error!(reason, "the process must end");
        self.0.closing.cancel();
        self.0.failed.send_replace(Some(reason.to_owned()));
    }

    /// Waits until the log has failed, if ever, and gives the reason.
    pub async fn failure(&self) -> String {
        let mut failed = self.0.failed.subscribe();
        match failed.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or_default(),
            Err(_) => String::new(),
        }
    }
}
