//! Windows at work: what is the same again, what waits for others, what waits for its turn. What waits is
//! durable with the event or the delivery that brought it, and what becomes of it with its run.

use super::Triggers;
use super::fire::{Arrival, Claim, Fired};
use super::registry::Armed;
use crate::runtime::starters;
use crate::service::idempotency::HeldKey;
use crate::service::{Problem, RunError};
use druse_engine::definition::Over;
use druse_engine::expression::ExpressionError;
use druse_engine::{Digest, Finding, RunId, Span, Timestamp, TriggerId};
use druse_storage::{
    Batch, Entity, Firing, FiringKey, FiringStatus, Held, ReadError, Scan, StoreExt, TriggerStatus,
    Window, WindowKind,
};
use druse_triggers::schedule::STEP;
use druse_triggers::window::{Grouping, MOST_HELD, Rule, counted, free_at};
use futures_util::FutureExt as _;
use serde_json::{Value, json};
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
struct Waiting {
    held: Held,
    firing: Firing,
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
        let Some(window) = self.store().get::<Window>(key)? else {
            return Ok(None);
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
        let gone = Batch::new().remove::<Window>(key);
        if window.held == 0 && window.kind != WindowKind::Throttle {
            self.append(gone).await?;
            return Ok(None);
        }
        let waiting = self.waiting_in(&window)?;
        let armed = self.armed(window.trigger).filter(|armed| !armed.is_off());
        let Some(armed) = armed else {
            let reason = "the trigger was stopped while it waited";
            self.append(let_go(gone, waiting, FiringStatus::Skipped, None, reason))
                .await?;
            return Ok(None);
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
        match (rule, waiting.is_empty()) {
            (Some(Rule::Throttle { limit, per, .. }), _) => {
                self.let_through(&armed, window, waiting, limit, per).await
            }
            (_, true) => {
                self.append(gone).await?;
                Ok(None)
            }
            (Some(Rule::Debounce { .. }), _) => self.start_last(&armed, gone, waiting).await,
            (Some(Rule::Batch { .. }), _) => self.start_all(&armed, gone, waiting).await,
            // The trigger was changed and has no such window any more: each goes its own way.
            (None, false) => {
                let none = Span::from_secs(1);
                self.let_through(&armed, window, waiting, u32::MAX, none)
                    .await
            }
        }
    }

    /// The firings that wait in a window, oldest first.
    fn waiting_in(&self, window: &Window) -> Result<Vec<Waiting>, ReadError> {
        let rows: Vec<Held> = self.store().scan(&Scan {
            prefix: format!("{}/", window.key()),
            limit: MOST_HELD as usize + 1,
            ..Scan::default()
        })?;
        let mut waiting = Vec::with_capacity(rows.len());
        for held in rows {
            let key = Firing::key_of(window.trigger, held.firing);
            match self.store().get::<Firing>(&key)? {
                Some(firing) => waiting.push(Waiting { held, firing }),
                None => tracing::error!(firing = key, "a firing that waits is not there"),
            }
        }
        Ok(waiting)
    }

    /// What a firing that waited is when its time has come.
    fn arrival_of(&self, armed: &Armed, waiting: &Waiting) -> Arrival {
        let Waiting { held, firing } = waiting;
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
        waiting: Vec<Waiting>,
        limit: u32,
        per: Span,
    ) -> Result<Option<Timestamp>, RunError> {
        let total = waiting.len();
        for (index, one) in waiting.iter().enumerate() {
            let now = self.now();
            window.starts = counted(&window.starts, per, now);
            let free = free_at(&window.starts, limit, per, now);
            if free > now {
                return Ok(Some(free));
            }
            let left = u32::try_from(total - index - 1).unwrap_or(u32::MAX);
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
            arrival.extra_if_none = Some(gone().put(&without));
            window = match self.fire(armed, arrival).await? {
                Fired::Started(_) => with,
                _ => without,
            };
        }
        let now = self.now();
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
        gone: Batch,
        mut waiting: Vec<Waiting>,
    ) -> Result<Option<Timestamp>, RunError> {
        let Some(last) = waiting.pop() else {
            return Ok(None);
        };
        let mut arrival = self.arrival_of(armed, &last);
        let run = self.run_id();
        arrival.run = Some(run);
        arrival.cause = absorbing(last.held.cause.clone(), &waiting).into();
        let gone = gone.remove::<Held>(last.held.key());
        let reason = format!(
            "it was followed by {}, which the run was started for",
            last.firing.id
        );
        let refused = format!(
            "it was followed by {}, which started no run",
            last.firing.id
        );
        arrival.extra_if_none = Some(let_go(
            gone.clone(),
            waiting.iter().map(Waiting::again).collect(),
            FiringStatus::Skipped,
            None,
            &refused,
        ));
        arrival.extra = let_go(gone, waiting, FiringStatus::Skipped, Some(run), &reason);
        self.fire(armed, arrival).await?;
        Ok(None)
    }

    /// Starts a run with all that came.
    async fn start_all(
        &self,
        armed: &Armed,
        gone: Batch,
        mut waiting: Vec<Waiting>,
    ) -> Result<Option<Timestamp>, RunError> {
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
            return Ok(None);
        };
        let mut arrival = self.arrival_of(armed, &last);
        let run = self.run_id();
        arrival.run = Some(run);
        arrival.trigger = seen.into();
        arrival.cause = absorbing(last.held.cause.clone(), &waiting).into();
        let gone = gone.remove::<Held>(last.held.key());
        let reason = format!("one of {} that the run was started for", items.len());
        arrival.reason = Some(reason.clone());
        let refused = format!("it came with {}, which started no run", last.firing.id);
        arrival.extra_if_none = Some(let_go(
            gone.clone(),
            waiting.iter().map(Waiting::again).collect(),
            FiringStatus::Rejected,
            None,
            &refused,
        ));
        arrival.extra = let_go(gone, waiting, FiringStatus::Accepted, Some(run), &reason);
        self.fire(armed, arrival).await?;
        Ok(None)
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

impl Waiting {
    fn again(&self) -> Self {
        Self {
            held: self.held.clone(),
            firing: self.firing.clone(),
        }
    }
}

/// Adds rows that end the waiting of firings in the same way.
fn let_go(
    mut batch: Batch,
    waiting: Vec<Waiting>,
    status: FiringStatus,
    run: Option<RunId>,
    reason: &str,
) -> Batch {
    for Waiting { held, firing } in waiting {
        batch = batch.remove::<Held>(held.key());
        if held.claimed {
            batch = batch.put(&FiringKey {
                trigger: firing.trigger,
                occurrence: firing.occurrence.clone(),
                firing: firing.id,
                run,
                at: firing.received_at,
                asked: held.asked,
            });
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

/// The cause of a run that takes others in: they are listed, their chain of events is the longest, and whoever is
/// behind one of them is behind the run.
fn absorbing(mut cause: Value, others: &[Waiting]) -> Value {
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
