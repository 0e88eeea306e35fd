//! Events that are kept: for runs that wait for one later, and for people who look what became of it.

use super::Triggers;
use super::fire::key_of;
use super::registry::{Armed, Kind};
use super::view::FiringView;
use crate::service::page::Page;
use crate::service::{Problem, RunError};
use druse_engine::{EventId, FiringId, Pattern, RunId, Span, Timestamp};
use druse_storage::{
    Batch, Entity, EventKey, EventOfType, Firing, FiringKey, Outgoing, ReadError, Scan, StoreExt,
    StoredEvent, Woken,
};
use druse_triggers::event::read_one;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::sync::atomic::{AtomicU64, Ordering};

/// How long events are kept, and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptEvents {
    /// An event that came longer ago is forgotten.
    pub span: Span,
    /// Of more than this many the oldest are forgotten.
    pub most: u64,
}

impl Default for KeptEvents {
    fn default() -> Self {
        Self {
            span: Span::from_secs(7 * 24 * 3_600),
            most: 1_000_000,
        }
    }
}

/// How many events are looked at, and forgotten, at once.
const PAGE: usize = 200;

/// How many events there are: not known before they were counted once.
#[derive(Debug)]
pub(super) struct Count(AtomicU64);

const UNKNOWN: u64 = u64::MAX;

impl Default for Count {
    fn default() -> Self {
        Self(AtomicU64::new(UNKNOWN))
    }
}

impl Count {
    fn known(&self) -> Option<u64> {
        let count = self.0.load(Ordering::Acquire);
        (count != UNKNOWN).then_some(count)
    }

    /// More came, or some are gone.
    pub(super) fn change(&self, by: i64) {
        let changed = |count: u64| (count != UNKNOWN).then(|| count.saturating_add_signed(by));
        let _ = self
            .0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, changed);
    }
}

/// An event as callers see it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EventView {
    /// Its id here.
    #[schemars(with = "String")]
    pub id: EventId,
    /// Its CloudEvents type.
    pub r#type: String,
    /// Its CloudEvents source.
    pub source: String,
    /// Its CloudEvents subject.
    pub subject: Option<String>,
    /// When it came.
    pub received_at: Timestamp,
    /// The runs that it started, those that waited for more to come before included.
    #[schemars(with = "Vec<String>")]
    pub runs: Vec<RunId>,
    /// The people behind it, as `user:<name>`: who sent it, or began the run that told it. At the gates of the
    /// runs that it started they are starters.
    pub starters: Vec<String>,
    /// What became of it at each trigger that it was meant for; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firings: Option<Vec<FiringView>>,
    /// The steps that waited for it and took it.
    pub woke: Vec<WokenView>,
    /// All of it, in the structured form of CloudEvents; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<Value>,
}

/// A step that waited for an event and took it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct WokenView {
    /// Its run.
    #[schemars(with = "String")]
    pub run_id: RunId,
    /// The step, with the loops around it.
    pub step_id: String,
    /// When it took it.
    pub at: Timestamp,
}

/// How many woken steps are shown with an event in a list.
const SHOWN: usize = 100;

fn is_of_events(armed: &Armed) -> bool {
    matches!(armed.kind, Kind::Event { .. })
}

impl Triggers {
    /// A page of the events that are kept, youngest first: `{items, next_cursor}`. With a type (`*` for any
    /// characters) or a source, those alone.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn events(
        &self,
        event_type: Option<&str>,
        source: Option<&str>,
        page: &Page,
    ) -> Result<Value, Problem> {
        let wanted = source.map(Pattern::new);
        let pattern = event_type.map(Pattern::new);
        let view = |row: StoredEvent| -> Result<Option<EventView>, Problem> {
            let has = |name: &str, pattern: &Option<Pattern>| {
                let text = row.event[name].as_str().unwrap_or_default();
                pattern.as_ref().is_none_or(|wanted| wanted.matches(text))
            };
            if !has("type", &pattern) || !has("source", &wanted) {
                return Ok(None);
            }
            Ok(Some(self.event_view(row, SHOWN)?))
        };
        match pattern.as_ref().and_then(Pattern::whole) {
            Some(whole) => {
                let prefix = EventOfType::prefix_of(whole);
                page.list(self.store(), &prefix, true, |row: EventOfType| {
                    let stored: Option<StoredEvent> = self.store().get(&row.event.to_string())?;
                    stored.map_or(Ok(None), &view)
                })
            }
            None => page.list(self.store(), "", true, view),
        }
    }

    /// One event, with all that is in it and all that came of it up to now.
    ///
    /// # Errors
    /// When it is not kept, or cannot be read.
    pub async fn event(&self, id: EventId) -> Result<EventView, Problem> {
        self.0.engine.events_told().await;
        let row: Option<StoredEvent> = self.store().get(&id.to_string())?;
        let row = row.ok_or_else(|| Problem::not_found("event"))?;
        let firings = self.firings_of(&row)?;
        Ok(EventView {
            firings: Some(firings.into_iter().map(FiringView::from).collect()),
            event: Some(row.event.clone()),
            ..self.event_view(row, usize::MAX)?
        })
    }

    /// The runs that an event started, in the order of the triggers' ids, and behind them those that it
    /// became a part of later.
    fn runs_from(&self, row: &StoredEvent) -> Result<Vec<RunId>, ReadError> {
        let mut runs = row.runs.clone();
        let Ok(event) = read_one(row.event.clone()) else {
            return Ok(runs);
        };
        for armed in self.those(|armed| armed.windows.is_some() && is_of_events(armed)) {
            let key: Option<FiringKey> = self.store().get(&key_of(&armed, &event.occurrence()))?;
            runs.extend(
                key.and_then(|key| key.run)
                    .filter(|run| !runs.contains(run)),
            );
        }
        Ok(runs)
    }

    /// What became of an event at each trigger.
    fn firings_of(&self, row: &StoredEvent) -> Result<Vec<Firing>, ReadError> {
        let Ok(event) = read_one(row.event.clone()) else {
            return Ok(Vec::new());
        };
        let occurrence = event.occurrence();
        let mut found = Vec::new();
        for armed in self.those(is_of_events) {
            let key: Option<FiringKey> = self.store().get(&key_of(&armed, &occurrence))?;
            if let Some(key) = key {
                let key = Firing::key_of(armed.row.id, key.firing);
                found.extend(self.store().get::<Firing>(&key)?);
                continue;
            }
            // What was refused claims nothing: it stands among those that came at the same time.
            let before = FiringId::from_parts(row.id.0.unix_ms().saturating_sub(1), [0; 10]);
            let near: Vec<Firing> = self.store().scan(&Scan {
                prefix: format!("{}/", armed.row.id),
                after: Some(Firing::key_of(armed.row.id, before)),
                limit: PAGE,
                ..Scan::default()
            })?;
            let its = |firing: &Firing| firing.occurrence == occurrence;
            found.extend(near.into_iter().find(its));
        }
        Ok(found)
    }

    fn event_view(&self, row: StoredEvent, most: usize) -> Result<EventView, ReadError> {
        let text = |name: &str| row.event[name].as_str().map(str::to_owned);
        let woke = self.store().scan::<Woken>(&Scan {
            prefix: Woken::prefix_of(row.id),
            limit: most,
            ..Scan::default()
        })?;
        let woke = woke.into_iter().map(|woken| WokenView {
            run_id: woken.run,
            step_id: woken.step,
            at: woken.at,
        });
        Ok(EventView {
            id: row.id,
            r#type: text("type").unwrap_or_default(),
            source: text("source").unwrap_or_default(),
            subject: text("subject"),
            received_at: row.received_at,
            woke: woke.collect(),
            runs: self.runs_from(&row)?,
            starters: row.starters,
            firings: None,
            event: None,
        })
    }

    /// Says how long events are kept.
    pub fn keep_events(&self, kept: KeptEvents) {
        let _ = self.0.kept.set(kept);
    }

    /// Forgets the events that are too old or too many, the oldest first, and with each what tells of it.
    pub(super) async fn sweep_events(&self) -> Result<(), RunError> {
        let kept = self.0.kept.get().copied().unwrap_or_default();
        let now = self.now();
        let mut count = match self.0.count.known() {
            Some(count) => count,
            None => self.count_events().await?,
        };
        let mut after = None;
        loop {
            let page: Vec<StoredEvent> = self.store().scan(&Scan {
                after: after.take(),
                limit: PAGE,
                ..Scan::default()
            })?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.key());
            let (mut gone, mut removed) = (Batch::new(), 0);
            for stored in &page {
                let old = now.since(stored.received_at) > kept.span || count > kept.most;
                if !old {
                    break;
                }
                if !self.is_needed(stored.id)? {
                    gone = self.without(gone, stored)?;
                    removed += 1;
                    count -= 1;
                }
            }
            if removed > 0 {
                self.append(gone).await?;
                self.0.count.change(-removed);
            }
            // What is younger than one that stays, stays too.
            let next = page
                .iter()
                .any(|stored| now.since(stored.received_at) <= kept.span && count <= kept.most);
            if next || page.len() < PAGE {
                return Ok(());
            }
        }
    }

    /// Whether an event has something left to do: runs to start, or somebody to be told.
    fn is_needed(&self, id: EventId) -> Result<bool, ReadError> {
        if self.unfinished().contains(&id) {
            return Ok(true);
        }
        for subscribed in self.all_subscribed() {
            let key = format!("{}/{id}", subscribed.row.id);
            if self.store().get::<Outgoing>(&key)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn without(&self, batch: Batch, stored: &StoredEvent) -> Result<Batch, ReadError> {
        let text = |name: &str| stored.event[name].as_str().unwrap_or_default();
        let mut batch = batch
            .remove::<StoredEvent>(stored.key())
            .remove::<EventOfType>(EventOfType::key_of(text("type"), stored.id));
        // A claim of the same `source` and `id` may be a younger one's.
        let claim = format!("{}\n{}", text("source"), text("id"));
        let known: Option<EventKey> = self.store().get(&claim)?;
        if known.is_some_and(|known| known.event == stored.id) {
            batch = batch.remove::<EventKey>(claim);
        }
        let woken: Vec<Woken> = self.store().scan(&Scan {
            prefix: Woken::prefix_of(stored.id),
            limit: usize::MAX,
            ..Scan::default()
        })?;
        Ok(woken
            .iter()
            .fold(batch, |batch, row| batch.remove::<Woken>(row.key())))
    }

    /// Counts the events once; from then on the count is kept.
    async fn count_events(&self) -> Result<u64, RunError> {
        // What comes meanwhile is counted by both at worst: the bound is no promise to the last one.
        let (mut count, mut after) = (0, None);
        loop {
            let page: Vec<StoredEvent> = self.store().scan(&Scan {
                after: after.take(),
                limit: PAGE,
                ..Scan::default()
            })?;
            count += page.len() as u64;
            after = page.last().map(Entity::key);
            if page.len() < PAGE {
                self.0.count.0.store(count, Ordering::Release);
                return Ok(count);
            }
            tokio::task::yield_now().await;
        }
    }
}
