//! Windows at work: what is the same again, what waits for others, what waits for its turn. What waits is
//! durable with the event or the delivery that brought it, and what becomes of it with its run.

use super::Triggers;
use super::fire::{Arrival, Claim, Fired};
use super::registry::Armed;
use crate::runtime::starters;
use crate::service::idempotency::HeldKey;
use crate::service::{Problem, RunError, page};
use druse_engine::definition::Over;
use druse_engine::expression::ExpressionError;
use druse_engine::{Digest, Finding, RunId, Span, Timestamp, TriggerId};
use druse_storage::{
    Batch, Entity, Firing, FiringKey, FiringStatus, Held, ReadError, Scan, StoreExt, TriggerStatus,
    Window, WindowKind,
};
use druse_triggers::schedule::STEP;
use druse_triggers::window::{Grouping, MOST_BYTES, MOST_HELD, Rule, counted, free_at};
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;

/// The wait after which what the store did not take is tried again.
const AGAIN: Span = Span::from_secs(1);

/// How often a window of a paused trigger is looked at.
const PAUSED: Span = Span::from_secs(60);

/// The longest key that is shown, in characters.
const SHOWN: usize = 200;

/// What the windows of a trigger make of what came.
pub(super) enum Admitted {
    /// It starts a run now.
    Start,
    /// It starts none now: the firing that it is, with its rows.
    Rows(Box<Firing>, Batch),
    /// A key has no value for it.
    Rejected(Problem),
}

/// What is held until a decision is durable, and looked at afterwards.
#[derive(Default)]
pub(super) struct Windowed<'a> {
    locks: Vec<HeldKey<'a>>,
    due: Vec<(String, Timestamp)>,
}

/// A firing that waits, with what came.
#[derive(Clone)]
struct Waiting {
    held: Held,
    firing: Firing,
    /// Bytes of what came, as JSON.
    bytes: u64,
}

/// Firings that wait in a window, oldest first.
#[derive(Default)]
struct Portion {
    waiting: Vec<Waiting>,
    /// Bytes of what came with all of them.
    bytes: u64,
    /// The first that waits behind them, where one does, and when it came.
    next: Option<(Held, Timestamp)>,
    /// The keys of rows whose firing is not there.
    lost: Vec<String>,
}

impl Portion {
    /// What becomes of a window that so many of these leave, and when it is looked at again: by its rule, or at once
    /// where there is none for the others.
    fn leaves(
        &self,
        window: &Window,
        taken: usize,
        rule: Option<Rule>,
        now: Timestamp,
    ) -> (Batch, Option<Timestamp>) {
        let rows = Batch::new();
        let behind = self.waiting.get(taken).map(|one| one.firing.received_at);
        let next = self.next.as_ref().map(|(_, at)| *at);
        let Some(first) = behind.or(next) else {
            return (rows.remove::<Window>(window.key()), None);
        };
        let bytes: u64 = self.waiting.iter().take(taken).map(|one| one.bytes).sum();
        let mut rest = Window {
            held: window.held.saturating_sub(count(taken)).max(1),
            bytes: window.bytes.saturating_sub(bytes),
            opened_at: first.min(now),
            ..window.clone()
        };
        rest.due = rule.map_or(now, |rule| {
            rule.due(rest.opened_at, now, rest.held, rest.bytes)
        });
        (rows.put(&rest), Some(rest.due))
    }
}

fn count(many: usize) -> u32 {
    u32::try_from(many).unwrap_or(u32::MAX)
}

impl Triggers {
    /// What the windows of a trigger make of what came: `when` holds for it. The rows of a run that
    /// starts are among the arrival's. Nothing is stored before the caller does it.
    pub(super) async fn admit<'a>(
        &'a self,
        armed: &Armed,
        arrival: &mut Arrival,
        run: RunId,
        windowed: &mut Windowed<'a>,
    ) -> Result<Admitted, RunError> {
        let Some(windows) = &armed.windows else {
            return Ok(Admitted::Start);
        };
        let now = self.now();
        let facts = Self::facts(arrival, run);
        let mut rows = Batch::new();
        let mut remembered = None;
        if let Some(dedupe) = &windows.dedupe {
            let key = match dedupe.key(&arrival.trigger, facts.clone()) {
                Ok(key) => key,
                Err(error) => return Ok(Admitted::Rejected(misfit(error, "/dedupe/key"))),
            };
            let name = self
                .lock_window(armed, WindowKind::Dedupe, &key, windowed)
                .await;
            let known: Option<Window> = self.store().get(&name)?;
            if let Some(first) = known.filter(|window| now < window.due) {
                let reason = format!(
                    "the same key {:?} came before, as {}",
                    first.key,
                    first.firing.map_or_else(String::new, |id| id.to_string())
                );
                let firing =
                    arrival.firing(armed, FiringStatus::Duplicate, first.run, Some(reason));
                let rows = arrival.rows(&firing);
                return Ok(Admitted::Rows(Box::new(firing), rows));
            }
            let window = Window {
                due: now.after(dedupe.window),
                firing: Some(arrival.firing),
                ..new_window(armed.row.id, WindowKind::Dedupe, &key, now)
            };
            windowed.due.push((name, window.due));
            remembered = Some(window);
        }
        if let Some(grouping) = &windows.grouping {
            let kind = kind_of(grouping.rule);
            let key = match grouping.key(&arrival.trigger, facts) {
                Ok(key) => key,
                Err(error) => {
                    let path = format!("/{}/key", kind.name());
                    return Ok(Admitted::Rejected(misfit(error, &path)));
                }
            };
            let name = self.lock_window(armed, kind, &key, windowed).await;
            let known: Option<Window> = self.store().get(&name)?;
            let mut window = known.unwrap_or_else(|| new_window(armed.row.id, kind, &key, now));
            if window.held == 0 {
                window.opened_at = now;
                window.bytes = 0;
            }
            // A clock that went back does not keep it open for longer.
            window.opened_at = window.opened_at.min(now);
            let waits = match grouping.rule {
                Rule::Throttle { limit, per, over } => {
                    window.starts = counted(&window.starts, per, now);
                    let free = free_at(&window.starts, limit, per, now);
                    if window.held == 0 && free <= now {
                        window.starts.push(now);
                        window.due = now.after(per);
                        windowed.due.push((name.clone(), window.due));
                        rows = rows.put(&window);
                        None
                    } else if over == Over::Skip || window.held >= MOST_HELD {
                        let reason =
                            format!("{limit} runs have started within {per}, which is the most");
                        let firing =
                            arrival.firing(armed, FiringStatus::Skipped, None, Some(reason));
                        let rows = arrival.rows(&firing);
                        return Ok(Admitted::Rows(Box::new(firing), rows));
                    } else {
                        Some((free, "it waits for its turn"))
                    }
                }
                rule => {
                    let bytes = window.bytes + arrival.trigger.text().len() as u64;
                    let due = rule.due(window.opened_at, now, window.held + 1, bytes);
                    Some((due, "it waits for more to come"))
                }
            };
            if let Some((due, why)) = waits {
                window.held += 1;
                window.bytes += arrival.trigger.text().len() as u64;
                window.due = due;
                windowed.due.push((name.clone(), due));
                let reason = format!("{why}, until {due} at the latest");
                let firing = arrival.firing(armed, FiringStatus::Queued, None, Some(reason));
                let held = Held {
                    window: name,
                    firing: firing.id,
                    claimed: arrival.claim != Claim::None,
                    dedupe: remembered.as_ref().map(Window::key),
                    cause: arrival.cause.value().clone(),
                    asked: arrival.asked.clone(),
                };
                let mut batch = arrival.rows(&firing).put(&held).put(&window);
                // Its key is remembered without a run: it has none yet.
                if let Some(remembered) = &remembered {
                    batch = batch.put(remembered);
                }
                return Ok(Admitted::Rows(Box::new(firing), batch));
            }
        }
        if let Some(mut remembered) = remembered {
            remembered.run = Some(run);
            rows = rows.put(&remembered);
        }
        // What does not become a run is not counted, and its key not remembered.
        arrival.extra_if_none = Some(arrival.extra.clone());
        arrival.extra.facts.extend(rows.facts);
        Ok(Admitted::Start)
    }

    async fn lock_window<'a>(
        &'a self,
        armed: &Armed,
        kind: WindowKind,
        key: &str,
        windowed: &mut Windowed<'a>,
    ) -> String {
        let name = Window::key_of(armed.row.id, kind, &Digest::of(key.as_bytes()));
        let lock = self.0.taking.hold(format!("window\n{name}")).await;
        windowed.locks.push(lock);
        name
    }

    /// What was decided is durable: the windows are looked at when they are due.
    pub(super) fn windows_changed(&self, windowed: Windowed<'_>) {
        for (key, due) in windowed.due {
            self.0.windows.add(key, due);
        }
        drop(windowed.locks);
        self.0.changed.notify_one();
    }

    /// Puts all windows on the agenda, after a start; with a trigger, those of it, after a change.
    pub(super) fn look_at_windows(&self, trigger: Option<TriggerId>) -> Result<(), ReadError> {
        const PAGE: usize = 1_000;
        let now = self.now();
        self.look_at_held(trigger)?;
        let mut after = None;
        loop {
            let page: Vec<Window> = self.store().scan(&Scan {
                prefix: trigger.map_or_else(String::new, |id| format!("{id}/")),
                after: after.take(),
                limit: PAGE,
                ..Scan::default()
            })?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.key());
            for window in page {
                // Its turn may come before all of its starts are forgotten.
                let waits = window.kind == WindowKind::Throttle && window.held > 0;
                let at = if trigger.is_some() || waits {
                    now
                } else {
                    window.due
                };
                self.0.windows.add(window.key(), at);
            }
        }
    }

    /// Puts those on the agenda in which something waits, and whose own row is not there.
    fn look_at_held(&self, trigger: Option<TriggerId>) -> Result<(), ReadError> {
        let held: Vec<Held> = page::all(
            self.store(),
            &trigger.map_or_else(String::new, |id| format!("{id}/")),
        )?;
        let windows: BTreeSet<String> = held.into_iter().map(|held| held.window).collect();
        for key in windows {
            if self.store().get::<Window>(&key)?.is_none() {
                self.0.windows.add(key, self.now());
            }
        }
        Ok(())
    }

    /// Looks at a window, and says when it is looked at again, whatever happens.
    pub(super) async fn window_and_again(&self, key: String) {
        let looked = AssertUnwindSafe(self.look_at_window(&key)).catch_unwind();
        let next = match looked.await {
            Ok(Ok(next)) => next,
            Ok(Err(error)) => {
                tracing::warn!(window = key, %error, "what waits could not start and is tried again");
                Some(self.now().after(AGAIN))
            }
            Err(_) => {
                tracing::error!(window = key, "a window broke and is tried again");
                Some(self.now().after(PAUSED))
            }
        };
        if let Some(next) = next
            && self.0.windows.add(key, next)
        {
            self.0.changed.notify_one();
        }
    }

    async fn look_at_window(&self, key: &str) -> Result<Option<Timestamp>, RunError> {
        let _lock = self.0.taking.hold(format!("window\n{key}")).await;
        let window = match self.store().get::<Window>(key)? {
            Some(window) => window,
            None => match self.window_of_held(key)? {
                Some(window) => window,
                None => return Ok(None),
            },
        };
        let now = self.now();
        // One that was opened in what is now the future is due: the clock went back.
        let is_open = window.due > now && window.opened_at <= now.after(STEP);
        if is_open && window.kind != WindowKind::Throttle {
            return Ok(Some(window.due));
        }
        if window.due > now && window.kind == WindowKind::Dedupe {
            return Ok(Some(window.due));
        }
        if window.held == 0 && window.kind != WindowKind::Throttle {
            self.append(Batch::new().remove::<Window>(key)).await?;
            return Ok(None);
        }
        let armed = self.armed(window.trigger).filter(|armed| !armed.is_off());
        let Some(armed) = armed else {
            let portion = self.portion(&window, MOST_HELD)?;
            if !portion.lost.is_empty() {
                self.forget(portion.lost).await?;
                return Ok(Some(now));
            }
            let (rows, next) = portion.leaves(&window, portion.waiting.len(), None, now);
            let reason = "the trigger was stopped while it waited";
            let status = FiringStatus::Skipped;
            self.append(let_go(rows, portion.waiting, status, None, reason))
                .await?;
            return Ok(next);
        };
        if armed.row.status == TriggerStatus::Paused {
            return Ok(Some(now.after(PAUSED)));
        }
        let grouping = armed
            .windows
            .as_ref()
            .and_then(|windows| windows.grouping.as_ref());
        let rule = grouping
            .map(|grouping: &Grouping| grouping.rule)
            .filter(|rule| kind_of(*rule) == window.kind);
        let most = match rule {
            Some(Rule::Batch { count, .. }) => count,
            Some(Rule::Throttle { limit, .. }) => limit,
            _ => MOST_HELD,
        };
        let portion = self.portion(&window, most)?;
        if !portion.lost.is_empty() {
            self.forget(portion.lost).await?;
            return Ok(Some(now));
        }
        match rule {
            Some(Rule::Throttle { limit, per, .. }) => {
                self.let_through(&armed, window, portion, limit, per).await
            }
            _ if portion.waiting.is_empty() => {
                let (rows, _) = portion.leaves(&window, 0, None, now);
                self.append(rows).await?;
                Ok(None)
            }
            // More than one record takes: the first of them do not wait for what the last one becomes.
            Some(Rule::Debounce { .. }) if portion.next.is_some() => {
                let (mut rows, next) = portion.leaves(&window, portion.waiting.len(), None, now);
                // Whoever is behind one of them is behind what the last one starts.
                if let Some((mut held, _)) = portion.next {
                    held.cause = joined(held.cause, &portion.waiting);
                    rows = rows.put(&held);
                }
                let (status, reason) = (FiringStatus::Skipped, "it was followed by many others");
                self.append(let_go(rows, portion.waiting, status, None, reason))
                    .await?;
                Ok(next)
            }
            Some(Rule::Debounce { .. }) => self.start_last(&armed, &window, portion).await,
            Some(rule @ Rule::Batch { .. }) => self.start_all(&armed, &window, portion, rule).await,
            // The trigger was changed and has no such window any more: each goes its own way.
            None => {
                let none = Span::from_secs(1);
                self.let_through(&armed, window, portion, u32::MAX, none)
                    .await
            }
        }
    }

    /// Removes rows whose firing is not there: nothing becomes of them.
    async fn forget(&self, lost: Vec<String>) -> Result<(), RunError> {
        let lost = lost.into_iter();
        self.append(lost.fold(Batch::new(), Batch::remove::<Held>))
            .await
    }

    /// The window of firings whose own row is not there: they are let go as if it were due.
    fn window_of_held(&self, key: &str) -> Result<Option<Window>, ReadError> {
        let rows: Vec<Held> = self.store().scan(&Scan {
            prefix: format!("{key}/"),
            limit: 1,
            ..Scan::default()
        })?;
        let mut parts = key.split('/');
        let (Some(trigger), Some(kind), Some(digest)) = (parts.next(), parts.next(), parts.next())
        else {
            return Ok(None);
        };
        let kinds = [
            WindowKind::Debounce,
            WindowKind::Batch,
            WindowKind::Throttle,
        ];
        let kind = kinds.into_iter().find(|one| one.name() == kind);
        let (Ok(trigger), Some(kind), Some(digest)) =
            (trigger.parse(), kind, Digest::parse(digest))
        else {
            return Ok(None);
        };
        let now = self.now();
        Ok((!rows.is_empty()).then(|| Window {
            digest,
            held: 1,
            ..new_window(trigger, kind, "", now)
        }))
    }

    /// The firings that have waited longest in a window, `most` of them or as many as a record takes.
    fn portion(&self, window: &Window, most: u32) -> Result<Portion, ReadError> {
        let most = most as usize;
        let rows: Vec<Held> = self.store().scan(&Scan {
            prefix: format!("{}/", window.key()),
            limit: most + 1,
            ..Scan::default()
        })?;
        let mut portion = Portion::default();
        for mut held in rows {
            // Another may have its key by now.
            if let Some(key) = &held.dedupe
                && self.store().get::<Window>(key)?.and_then(|own| own.firing) != Some(held.firing)
            {
                held.dedupe = None;
            }
            let key = Firing::key_of(window.trigger, held.firing);
            let Some(firing) = self.store().get::<Firing>(&key)? else {
                tracing::error!(firing = key, "a firing that waits is not there");
                portion.lost.push(held.key());
                continue;
            };
            let bytes = firing
                .payload
                .as_ref()
                .map_or(0, |came| came.to_string().len()) as u64;
            let is_full = portion.waiting.len() == most || portion.bytes + bytes > MOST_BYTES;
            if is_full && !portion.waiting.is_empty() {
                portion.next = Some((held, firing.received_at));
                break;
            }
            portion.bytes += bytes;
            portion.waiting.push(Waiting {
                held,
                firing,
                bytes,
            });
        }
        Ok(portion)
    }

    /// What a firing that waited is when its time has come.
    fn arrival_of(&self, armed: &Armed, waiting: &Waiting) -> Arrival {
        let Waiting { held, firing, .. } = waiting;
        let seen = firing.payload.clone().unwrap_or_default();
        Arrival {
            firing: firing.id,
            occurrence: firing.occurrence.clone(),
            received_at: firing.received_at,
            claim: if held.claimed {
                Claim::Held
            } else {
                Claim::None
            },
            admitted: true,
            asked: held.asked.clone(),
            ..self.arrival(armed, seen.into(), held.cause.clone().into())
        }
    }

    /// Starts what waits for its turn, as many as may, and says when the next one may.
    async fn let_through(
        &self,
        armed: &Armed,
        mut window: Window,
        portion: Portion,
        limit: u32,
        per: Span,
    ) -> Result<Option<Timestamp>, RunError> {
        let total = portion.waiting.len();
        for (index, one) in portion.waiting.iter().enumerate() {
            let now = self.now();
            window.starts = counted(&window.starts, per, now);
            let free = free_at(&window.starts, limit, per, now);
            if free > now {
                return Ok(Some(free));
            }
            let seen = count(total - index - 1);
            let left = match portion.next {
                Some(_) => window.held.saturating_sub(1).max(seen + 1),
                None => seen,
            };
            let without = Window {
                held: left,
                ..window.clone()
            };
            let mut with = without.clone();
            with.starts.push(now);
            with.due = now.after(per);
            let mut arrival = self.arrival_of(armed, one);
            let gone = || Batch::new().remove::<Held>(one.held.key());
            arrival.extra = gone().put(&with);
            arrival.extra_if_none = Some(forgotten(gone().put(&without), &one.held));
            window = match self.fire(armed, arrival).await? {
                Fired::Started(_) => with,
                _ => without,
            };
        }
        let now = self.now();
        if portion.next.is_some() {
            return Ok(Some(now));
        }
        match counted(&window.starts, per, now).last() {
            // Looked at again when nothing counts any more.
            Some(last) if limit != u32::MAX => Ok(Some(last.after(per))),
            _ => {
                self.append(Batch::new().remove::<Window>(window.key()))
                    .await?;
                Ok(None)
            }
        }
    }

    /// Starts a run with the last of what came; the others are noted as absorbed by it.
    async fn start_last(
        &self,
        armed: &Armed,
        window: &Window,
        portion: Portion,
    ) -> Result<Option<Timestamp>, RunError> {
        let (rows, next) = portion.leaves(window, portion.waiting.len(), None, self.now());
        let mut waiting = portion.waiting;
        let Some(last) = waiting.pop() else {
            return Ok(None);
        };
        let mut arrival = self.arrival_of(armed, &last);
        let run = self.run_id();
        arrival.run = Some(run);
        arrival.cause = absorbing(last.held.cause.clone(), &waiting).into();
        let rows = rows.remove::<Held>(last.held.key());
        let reason = format!(
            "it was followed by {}, which the run was started for",
            last.firing.id
        );
        let refused = format!(
            "it was followed by {}, which started no run",
            last.firing.id
        );
        let status = FiringStatus::Skipped;
        let others = waiting.clone();
        let none = forgotten(rows.clone(), &last.held);
        arrival.extra_if_none = Some(let_go(none, others, status, None, &refused));
        arrival.extra = let_go(rows, waiting, status, Some(run), &reason);
        self.fire(armed, arrival).await?;
        Ok(next)
    }

    /// Starts a run with all that came, or as many as one takes: for the others the window goes on.
    async fn start_all(
        &self,
        armed: &Armed,
        window: &Window,
        portion: Portion,
        rule: Rule,
    ) -> Result<Option<Timestamp>, RunError> {
        let mut taken = portion.waiting.len();
        loop {
            // Those that are only too many for one run have waited for as long as the others.
            let rule = (taken == portion.waiting.len()).then_some(rule);
            let (rows, next) = portion.leaves(window, taken, rule, self.now());
            let waiting = portion.waiting.iter().take(taken).cloned().collect();
            match self.start_together(armed, rows, waiting).await {
                Err(RunError::TooLarge) if taken > 1 => taken /= 2,
                Err(error) => return Err(error),
                Ok(()) => return Ok(next),
            }
        }
    }

    /// Starts one run for all of these.
    async fn start_together(
        &self,
        armed: &Armed,
        rows: Batch,
        mut waiting: Vec<Waiting>,
    ) -> Result<(), RunError> {
        let items: Vec<Value> = waiting
            .iter()
            .map(|one| one.firing.payload.clone().unwrap_or_default())
            .collect();
        let times = waiting.iter().map(|one| one.firing.received_at);
        let seen = json!({
            "items": items, "count": items.len(),
            "first_at": times.clone().min(), "last_at": times.max(),
        });
        let Some(last) = waiting.pop() else {
            return Ok(());
        };
        let mut arrival = self.arrival_of(armed, &last);
        let run = self.run_id();
        arrival.run = Some(run);
        arrival.divides = !waiting.is_empty();
        arrival.came = Some(std::mem::replace(&mut arrival.trigger, seen.into()));
        arrival.cause = absorbing(last.held.cause.clone(), &waiting).into();
        let rows = rows.remove::<Held>(last.held.key());
        let reason = format!("one of {} that the run was started for", items.len());
        arrival.reason = Some(reason.clone());
        let refused = format!("it came with {}, which started no run", last.firing.id);
        let (rejected, accepted) = (FiringStatus::Rejected, FiringStatus::Accepted);
        let none = forgotten(rows.clone(), &last.held);
        let others = waiting.clone();
        arrival.extra_if_none = Some(let_go(none, others, rejected, None, &refused));
        arrival.extra = let_go(rows, waiting, accepted, Some(run), &reason);
        self.fire(armed, arrival).await.map(drop)
    }

    /// The windows of a trigger in which something waits, as callers see them.
    pub(super) fn waiting_windows(&self, trigger: TriggerId) -> Result<Vec<Value>, ReadError> {
        const MOST: usize = 100;
        let windows: Vec<Window> = self.store().scan(&Scan {
            prefix: format!("{trigger}/"),
            limit: MOST,
            ..Scan::default()
        })?;
        let waiting = windows.into_iter().filter(|window| window.held > 0);
        Ok(waiting
            .map(|window| {
                json!({
                    "kind": window.kind, "key": window.key, "held": window.held,
                    "since": window.opened_at, "due": window.due,
                })
            })
            .collect())
    }
}

/// Adds the rows by which one that waited is forgotten where it is rejected: it may come again.
fn forgotten(batch: Batch, held: &Held) -> Batch {
    match &held.dedupe {
        Some(key) => batch.remove::<Window>(key.clone()),
        None => batch,
    }
}

/// Adds rows that end the waiting of firings in the same way. What is rejected may come again: it claims nothing.
fn let_go(
    mut batch: Batch,
    waiting: Vec<Waiting>,
    status: FiringStatus,
    run: Option<RunId>,
    reason: &str,
) -> Batch {
    for Waiting { held, firing, .. } in waiting {
        batch = batch.remove::<Held>(held.key());
        if status == FiringStatus::Rejected {
            batch = forgotten(batch, &held);
        }
        if held.claimed {
            let claim = FiringKey {
                trigger: firing.trigger,
                occurrence: firing.occurrence.clone(),
                firing: firing.id,
                run,
                at: firing.received_at,
                asked: held.asked,
            };
            batch = match status {
                FiringStatus::Rejected => batch.remove::<FiringKey>(claim.key()),
                _ => batch.put(&claim),
            };
        }
        batch = batch.put(&Firing {
            status,
            run,
            reason: Some(reason.to_owned()),
            ..firing
        });
    }
    batch
}

/// The cause of what takes others in: their chain of events is the longest, and whoever is behind one of them is behind
/// it.
fn joined(mut cause: Value, others: &[Waiting]) -> Value {
    let depth = |cause: &Value| cause["depth"].as_u64().unwrap_or(0);
    let deepest = others.iter().map(|one| depth(&one.held.cause)).max();
    if deepest.is_some_and(|deepest| deepest > depth(&cause)) {
        cause["depth"] = deepest.into();
    }
    let mut people = starters::people_of(&cause);
    for one in others {
        let theirs = starters::people_of(&one.held.cause);
        starters::join(&mut people, theirs.iter().map(String::as_str));
    }
    starters::carry(&mut cause, &people);
    cause
}

/// The cause of a run that takes others in, which are listed.
fn absorbing(cause: Value, others: &[Waiting]) -> Value {
    let mut cause = joined(cause, others);
    let listed: Vec<Value> = others
        .iter()
        .map(|one| {
            json!({
                "firing_id": one.firing.id, "key": one.firing.occurrence,
                "received_at": one.firing.received_at, "event_id": one.held.cause["event_id"],
            })
        })
        .collect();
    cause["absorbed"] = listed.into();
    cause
}

fn kind_of(rule: Rule) -> WindowKind {
    match rule {
        Rule::Debounce { .. } => WindowKind::Debounce,
        Rule::Batch { .. } => WindowKind::Batch,
        Rule::Throttle { .. } => WindowKind::Throttle,
    }
}

fn new_window(trigger: TriggerId, kind: WindowKind, key: &str, now: Timestamp) -> Window {
    Window {
        trigger,
        kind,
        digest: Digest::of(key.as_bytes()),
        key: key.chars().take(SHOWN).collect(),
        opened_at: now,
        due: now,
        held: 0,
        bytes: 0,
        starts: Vec::new(),
        firing: None,
        run: None,
    }
}

fn misfit(error: ExpressionError, path: &str) -> Problem {
    let finding = Finding::error(error.code, error.message)
        .at_path(path)
        .help(error.help);
    Problem::unprocessable(
        "bad_mapping",
        "The trigger's expressions do not fit what came.",
        "The finding says which expression it is.",
    )
    .findings(vec![finding])
}
