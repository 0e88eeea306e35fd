//! All triggers in memory, compiled once: found by id, by webhook address, or by kind.

use super::Triggers;
use super::lookout::Standing;
use druse_engine::definition::{Overlap, Trigger as Definition};
use druse_engine::{AutomationId, Digest, Finding, RunId, Span, Timestamp, TriggerId};
use druse_storage::{
    Batch, Fact, Firing, ReadError, Scan, Store, StoreExt, Table, Trigger, TriggerStatus,
};
use druse_triggers::event::Filter;
use druse_triggers::folder::{Change, Known};
use druse_triggers::rate::Used;
use druse_triggers::webhook::{MAX_BODY, MOST_MAX_BODY, Respond};
use druse_triggers::{
    CatchUpRule, Folder, Mapping, Poll, Rate, Timetable, Verifier, Windows, delay_of,
};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A trigger, compiled.
pub(super) struct Armed {
    /// Its row, as it was when it was compiled; `last_scheduled` goes on in [`Progress`].
    pub(super) row: Trigger,
    pub(super) kind: Kind,
    pub(super) mapping: Mapping,
    pub(super) windows: Option<Windows>,
    /// The version that it starts; the active one when none is named.
    pub(super) version: Option<u32>,
    pub(super) progress: Arc<Progress>,
}

/// What makes it fire.
pub(super) enum Kind {
    Schedule {
        timetable: Timetable,
        rule: CatchUpRule,
        overlap: Overlap,
        /// How long after its times it fires.
        delay: Span,
    },
    Webhook {
        verifier: Verifier,
        respond: Respond,
        rate: Option<Rate>,
        max_body: u64,
        origins: Vec<String>,
    },
    Event {
        filter: Filter,
    },
    Files(Folder),
    Poll(Box<Poll>),
}

/// Where a trigger stands; kept when it is compiled anew.
#[derive(Default)]
pub(super) struct Progress {
    /// Milliseconds; nothing up to here is due again.
    last: AtomicI64,
    /// Runs that it started and that may not have ended, oldest first.
    running: Mutex<Vec<RunId>>,
    /// Firings that wait for their turn, oldest first.
    queue: Mutex<VecDeque<Firing>>,
    /// The minute, and how many refused deliveries were written down in it.
    refusals: Mutex<(i64, u32)>,
    /// How much of the rate limit is used.
    used: Mutex<Used>,
    /// Held while its due times are fired: nothing else fires them meanwhile.
    pub(super) turn: tokio::sync::Mutex<()>,
    /// The last due time that was found missing by the watch.
    missing: AtomicI64,
    /// How it looks, for one that looks by itself.
    standing: Mutex<Standing>,
    /// What is known of the files of its folder, once that was read.
    files: Mutex<Option<BTreeMap<String, Known>>>,
    /// Paths that were renamed into place since it looked.
    moved: Mutex<BTreeSet<String>>,
}

/// The most refused deliveries that are written down in a minute: whoever knows an address must not be
/// able to fill the disk.
const REFUSALS: u32 = 60;

/// The most paths that were renamed into place and are remembered until the next look; a file whose path is
/// not among them is complete once it has stayed.
const MOVED: usize = 100_000;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Progress {
    pub(super) fn running(&self) -> MutexGuard<'_, Vec<RunId>> {
        lock(&self.running)
    }

    pub(super) fn queue(&self) -> MutexGuard<'_, VecDeque<Firing>> {
        lock(&self.queue)
    }

    pub(super) fn used(&self) -> MutexGuard<'_, Used> {
        lock(&self.used)
    }

    pub(super) fn standing(&self) -> MutexGuard<'_, Standing> {
        lock(&self.standing)
    }

    pub(super) fn files(&self) -> MutexGuard<'_, Option<BTreeMap<String, Known>>> {
        lock(&self.files)
    }

    /// What has become of files is durable.
    pub(super) fn learn(&self, changes: &[Change]) {
        let mut files = self.files();
        let Some(files) = files.as_mut() else { return };
        for change in changes {
            match change.known {
                Some(known) => files.insert(change.path.clone(), known),
                None => files.remove(&change.path),
            };
        }
    }

    /// A file was renamed into place.
    pub(super) fn was_moved(&self, path: String) {
        let mut moved = lock(&self.moved);
        if moved.len() < MOVED {
            moved.insert(path);
        }
    }

    /// The paths that were renamed into place, each once.
    pub(super) fn take_moved(&self) -> BTreeSet<String> {
        std::mem::take(&mut *lock(&self.moved))
    }

    /// Nothing up to `at` is due again.
    pub(super) fn passed(&self, at: Timestamp) {
        self.last.fetch_max(at.0, Ordering::Relaxed);
    }

    /// Times after `at` are due again: the clock went back.
    pub(super) fn rewind(&self, at: Timestamp) {
        self.last.store(at.0, Ordering::Relaxed);
    }

    /// Whether a due time is found missing for the first time.
    pub(super) fn is_newly_missing(&self, at: Timestamp) -> bool {
        self.missing.swap(at.0, Ordering::Relaxed) != at.0
    }

    /// Whether one more refused delivery is written down.
    pub(super) fn notes_refusal(&self, now: Timestamp) -> bool {
        let mut refusals = lock(&self.refusals);
        let minute = now.0.div_euclid(60_000);
        if refusals.0 != minute {
            *refusals = (minute, 0);
        }
        refusals.1 = refusals.1.saturating_add(1);
        refusals.1 <= REFUSALS
    }
}

impl Armed {
    /// Compiles a trigger.
    ///
    /// # Errors
    /// What is wrong with it. It was checked when its version was stored, so this means damage or a
    /// rule that has become stricter.
    pub(super) fn compile(row: Trigger, progress: Arc<Progress>) -> Result<Self, Vec<Finding>> {
        let definition: Definition = serde_json::from_value(row.definition.clone())
            .map_err(|error| vec![Finding::error("invalid_trigger", error.to_string())])?;
        let kind = if let Some(schedule) = &definition.schedule {
            Kind::Schedule {
                timetable: Timetable::compile(schedule)?,
                rule: CatchUpRule::of(schedule),
                overlap: schedule.overlap.unwrap_or_default(),
                delay: schedule
                    .jitter
                    .map_or(Span::default(), |jitter| delay_of(row.id, jitter)),
            }
        } else if let Some(webhook) = &definition.webhook {
            Kind::Webhook {
                verifier: Verifier::parse(&webhook.verify)?,
                respond: Respond::compile(webhook)?,
                rate: webhook.rate_limit.as_ref().map(Rate::compile).transpose()?,
                max_body: webhook.max_body.unwrap_or(MAX_BODY).min(MOST_MAX_BODY),
                origins: webhook.origins.clone(),
            }
        } else if let Some(event) = &definition.event {
            Kind::Event {
                filter: Filter::compile(event)?,
            }
        } else if let Some(files) = &definition.files {
            Kind::Files(Folder::compile(files)?)
        } else if let Some(poll) = &definition.poll {
            Kind::Poll(Box::new(Poll::compile(poll)?))
        } else {
            let message = "a trigger has exactly one of schedule, webhook, event, files and poll";
            return Err(vec![Finding::error("invalid_trigger", message)]);
        };
        let mapping = Mapping::compile(&definition)?;
        let windows = Windows::compile(&definition)?;
        let last = row.last_scheduled.map_or(row.since, |at| at.max(row.since));
        progress.passed(last);
        Ok(Self {
            row,
            kind,
            mapping,
            windows,
            version: definition.version,
            progress,
        })
    }

    /// Whether its automation is not active, or its active version no longer has it.
    pub(super) fn is_off(&self) -> bool {
        self.row.status == TriggerStatus::Inactive
    }

    pub(super) fn is_active(&self) -> bool {
        self.row.status == TriggerStatus::Active
    }

    /// Nothing up to here is due again.
    pub(super) fn last(&self) -> Timestamp {
        Timestamp(self.progress.last.load(Ordering::Relaxed))
    }

    /// `schedule`, `webhook`, `event`, `files` or `poll`.
    pub(super) fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Schedule { .. } => "schedule",
            Kind::Webhook { .. } => "webhook",
            Kind::Event { .. } => "event",
            Kind::Files(_) => "files",
            Kind::Poll(_) => "poll",
        }
    }

    /// Who the runs that it starts were started by.
    pub(super) fn starter(&self) -> String {
        format!("trigger:{}", self.row.id)
    }
}

/// All triggers.
#[derive(Default)]
pub(super) struct Registry {
    by_id: BTreeMap<TriggerId, Arc<Armed>>,
    by_address: HashMap<Digest, TriggerId>,
    /// Which an automation has or had, usable or not.
    by_automation: BTreeMap<AutomationId, BTreeSet<TriggerId>>,
    /// Those that cannot be compiled, with the reasons.
    broken: BTreeMap<TriggerId, Broken>,
}

/// A trigger that cannot be used.
#[derive(Clone)]
pub(super) struct Broken {
    pub(super) row: Trigger,
    pub(super) findings: Vec<Finding>,
}

impl Registry {
    /// Reads all triggers. One that cannot be compiled is named in the log and does not fire.
    pub(super) fn load(store: &dyn Store) -> Result<Self, ReadError> {
        let mut registry = Self::default();
        for row in all_rows(store)? {
            registry.arm(row);
        }
        Ok(registry)
    }

    fn arm(&mut self, row: Trigger) {
        let id = row.id;
        let digest = row
            .token
            .as_deref()
            .and_then(druse_triggers::address::digest);
        let progress = self.disarm(id).unwrap_or_default();
        let own = self.by_automation.entry(row.automation).or_default();
        own.insert(id);
        match Armed::compile(row.clone(), progress) {
            Ok(armed) => {
                if let Some(digest) = digest {
                    self.by_address.insert(digest, id);
                }
                self.by_id.insert(id, Arc::new(armed));
            }
            Err(findings) => {
                tracing::error!(trigger = %id, ?findings, "a trigger cannot be used and does not fire");
                self.broken.insert(id, Broken { row, findings });
            }
        }
    }

    /// Takes a trigger out; its progress goes on when it comes back.
    fn disarm(&mut self, id: TriggerId) -> Option<Arc<Progress>> {
        if let Some(broken) = self.broken.remove(&id) {
            self.forget(broken.row.automation, id);
        }
        let before = self.by_id.remove(&id)?;
        self.forget(before.row.automation, id);
        if let Some(token) = before.row.token.as_deref()
            && let Some(old) = druse_triggers::address::digest(token)
        {
            self.by_address.remove(&old);
        }
        Some(before.progress.clone())
    }

    fn forget(&mut self, automation: AutomationId, id: TriggerId) {
        if let Some(own) = self.by_automation.get_mut(&automation) {
            own.remove(&id);
            if own.is_empty() {
                self.by_automation.remove(&automation);
            }
        }
    }
}

/// What a batch does to triggers: a row each, or none for one that it removes.
pub fn changes_in(batch: &Batch) -> Vec<(TriggerId, Option<Trigger>)> {
    let change = |fact: &Fact| match fact {
        Fact::Row {
            table: Table::Trigger,
            key,
            value,
            ..
        } => {
            let row = value.as_ref().map(|row| serde_json::from_str(row.text()));
            // A row that is written can be read.
            Some((key.parse().ok()?, row.transpose().ok()?))
        }
        _ => None,
    };
    batch.facts.iter().filter_map(change).collect()
}

/// The rows of all triggers.
fn all_rows(store: &dyn Store) -> Result<Vec<Trigger>, ReadError> {
    const PAGE: usize = 1_000;
    let mut found: Vec<Trigger> = Vec::new();
    loop {
        let page: Vec<Trigger> = store.scan(&Scan {
            after: found.last().map(|row| row.id.to_string()),
            limit: PAGE,
            ..Scan::default()
        })?;
        let last = page.len() < PAGE;
        found.extend(page);
        if last {
            return Ok(found);
        }
    }
}

impl Triggers {
    fn read<T>(&self, read: impl FnOnce(&Registry) -> T) -> T {
        read(
            &self
                .0
                .registry
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// One trigger, active or not.
    pub(super) fn armed(&self, id: TriggerId) -> Option<Arc<Armed>> {
        self.read(|registry| registry.by_id.get(&id).cloned())
    }

    /// The trigger with this address.
    pub(super) fn at_address(&self, digest: &Digest) -> Option<Arc<Armed>> {
        self.read(|registry| {
            let id = registry.by_address.get(digest)?;
            registry.by_id.get(id).cloned()
        })
    }

    /// Whether any fits.
    pub(super) fn any(&self, fits: impl Fn(&Armed) -> bool) -> bool {
        self.read(|registry| registry.by_id.values().any(|armed| fits(armed)))
    }

    /// All that fit, in the order of their ids.
    pub(super) fn those(&self, fits: impl Fn(&Armed) -> bool) -> Vec<Arc<Armed>> {
        self.read(|registry| {
            let all = registry.by_id.values();
            all.filter(|armed| fits(armed)).cloned().collect()
        })
    }

    /// The rows of the triggers that an automation has or had, in the order of their ids.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn rows_of(&self, automation: AutomationId) -> Result<Vec<Trigger>, ReadError> {
        let own = self.read(|registry| {
            let own = registry.by_automation.get(&automation);
            own.cloned().unwrap_or_default()
        });
        let rows = own.into_iter().map(|id| self.store().get(&id.to_string()));
        rows.filter_map(Result::transpose).collect()
    }

    /// Takes over what a batch that has become durable does to triggers, see [`changes_in`]. To be called after
    /// every change of them.
    ///
    /// # Errors
    /// When what waits in windows cannot be read.
    pub fn refresh(&self, changes: Vec<(TriggerId, Option<Trigger>)>) -> Result<(), ReadError> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut changed = Vec::new();
        {
            let registry = &self.0.registry;
            let mut registry = registry.write().unwrap_or_else(PoisonError::into_inner);
            for (id, row) in changes {
                let Some(row) = row else {
                    registry.disarm(id);
                    self.0.looks.add(id, Timestamp(0));
                    changed.push(id);
                    continue;
                };
                let has = |kind| row.definition.get(kind).is_some();
                // An edit that changes nothing here is no reason to ask anybody out of turn.
                let before = registry.by_id.get(&id).map(|armed| &armed.row);
                let looks = (has("files") || has("poll")) && before != Some(&row);
                let is_schedule = has("schedule");
                registry.arm(row);
                if is_schedule {
                    self.0.schedules.add(id, Timestamp(0));
                } else {
                    changed.push(id);
                }
                if looks {
                    self.0.looks.add(id, Timestamp(0));
                }
            }
        }
        for id in changed {
            self.look_at_windows(Some(id))?;
        }
        self.find_wanted();
        self.look_into_outbox();
        self.0.changed.notify_one();
        Ok(())
    }

    /// Puts all schedules on the agenda, to be looked at as soon as they are kept.
    pub(super) fn look_at_all_schedules(&self) {
        for armed in self.those(|armed| matches!(armed.kind, Kind::Schedule { .. })) {
            self.0.schedules.add(armed.row.id, Timestamp(0));
        }
    }

    /// Whether there is such a trigger, usable or not.
    pub(super) fn is_known(&self, id: TriggerId) -> bool {
        self.read(|registry| registry.by_id.contains_key(&id) || registry.broken.contains_key(&id))
    }

    /// Those that cannot be used.
    pub(super) fn broken(&self) -> Vec<Broken> {
        self.read(|registry| registry.broken.values().cloned().collect())
    }
}
