//! Events: stored once, and each makes a run of every trigger that waits for it.

use super::fire::{Arrival, Claim, is_passing, key_of, reason_of};
use super::registry::{Armed, Kind};
use super::window::{Admitted, Windowed};
use super::{Inner, Started, Triggers};
use crate::runtime::{Publish, clock, starters};
use crate::service::{Problem, RunError};
use druse_engine::event::Entry;
use druse_engine::run::Run;
use druse_engine::{EventId, Finding, Json, RunId};
use druse_storage::{
    Batch, Entity, EventKey, EventOfType, Firing, FiringKey, FiringStatus, ReadError, Scan,
    StoreExt, StoredEvent,
};
use druse_triggers::Event;
use druse_triggers::event::builtin::{is_builtin, tells_of_itself};
use druse_triggers::event::{EventError, read_one};
use futures_util::future::{BoxFuture, join_all};
use serde_json::{Value, json};
use std::sync::Arc;

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Published {
    /// Its id here.
    #[schemars(with = "String")]
    pub id: EventId,
    /// The runs that it started, in the order of the triggers' ids.
    #[schemars(with = "Vec<String>")]
    pub runs: Vec<RunId>,
    /// Whether the same `source` and `id` came before; not part of the answer, which is to be the same.
    #[serde(skip)]
    pub duplicate: bool,
}

/// A run that an event is to start.
struct Planned {
    armed: Arc<Armed>,
    arrival: Arrival,
    run: RunId,
    inputs: Json,
}

/// How many events whose runs all exist are read past, from the youngest on, to find those that a crash
/// cut short: they are the youngest.
const PAST: usize = 1_000;

impl Triggers {
    /// Publishes an event with the people behind it: returns when it and the runs that it starts are durable.
    /// The same `source` and `id` again changes nothing and gives the same.
    ///
    /// # Errors
    /// When the store takes no more for now. The event may be stored then, in which case its runs are
    /// started later; publishing it again gives them.
    pub async fn publish(
        &self,
        event: Event,
        starters: Vec<String>,
    ) -> Result<Published, RunError> {
        self.take_in(event, starters, Batch::new()).await
    }

    /// As [`Triggers::publish`], with rows that become durable together with the event; not when it came
    /// before.
    ///
    /// Goes on to its end when whoever asked goes away: what has become durable starts and wakes all that
    /// it is to.
    pub(super) async fn take_in(
        &self,
        event: Event,
        starters: Vec<String>,
        extra: Batch,
    ) -> Result<Published, RunError> {
        let this = self.clone();
        let taken = tokio::spawn(async move { this.take_in_here(event, starters, extra).await });
        taken.await.unwrap_or(Err(RunError::Ending))
    }

    async fn take_in_here(
        &self,
        event: Event,
        starters: Vec<String>,
        extra: Batch,
    ) -> Result<Published, RunError> {
        let key = event.occurrence();
        let _held = self.0.taking.hold(format!("event\n{key}")).await;
        if let Some(known) = self.store().get::<EventKey>(&key)? {
            let stored = self.stored(known.event)?;
            let runs = self.complete(stored, &event).await?;
            return Ok(Published {
                id: known.event,
                runs,
                duplicate: true,
            });
        }
        let now = self.now();
        let mut stored = StoredEvent {
            id: clock::new_id(EventId::from_parts),
            event: event.to_value(),
            received_at: now,
            runs: Vec::new(),
            starters,
        };
        let under_way = self.0.engine.event_under_way(stored.id);
        let of_type = EventOfType {
            event_type: event.event_type.clone(),
            event: stored.id,
        };
        let claim = EventKey {
            source: event.source.clone(),
            id: event.id.clone(),
            event: stored.id,
            at: now,
        };
        let (mut notes, mut planned) = (extra, Vec::new());
        let (outgoing, to) = self.outgoing(&event, stored.id, now);
        notes.facts.extend(outgoing.facts);
        let fits = |armed: &Armed| {
            !armed.is_off()
                && matches!(&armed.kind, Kind::Event { filter } if filter.matches(&event))
        };
        let mut windowed = Windowed::default();
        for armed in self.those(fits) {
            if !armed.is_active() {
                // It can be replayed once the trigger is resumed.
                let arrival = self.event_arrival(&armed, &event, &stored);
                let reason = Some("the trigger is paused".to_owned());
                let firing = arrival.firing(&armed, FiringStatus::Skipped, None, reason);
                notes.facts.extend(arrival.rows(&firing).facts);
                continue;
            }
            match self.plan(armed, &event, &stored, &mut windowed).await? {
                Ok(plan) => planned.push(plan),
                Err(rows) => notes.facts.extend(rows.facts),
            }
        }
        if let [_] = planned.as_slice()
            && let Some(mut plan) = planned.pop()
        {
            // One run: the event goes into the batch of the run.
            stored.runs = vec![plan.run];
            let mut with = Batch::new().claim(&claim).put(&stored).put(&of_type);
            with.facts.extend(notes.facts.iter().cloned());
            with.facts.extend(plan.arrival.extra.facts);
            plan.arrival.extra = with;
            let firing =
                plan.arrival
                    .firing(&plan.armed, FiringStatus::Accepted, Some(plan.run), None);
            let submit = self.submission(
                &plan.armed,
                &mut plan.arrival,
                &firing,
                plan.run,
                plan.inputs.value().clone(),
            );
            match self.0.engine.submit(submit).await {
                Ok(_) => {
                    under_way.is_durable(now, event.trigger().into());
                    self.0.count.change(1);
                    self.windows_changed(windowed);
                    self.send_to(to, stored.id, now);
                    return Ok(Published {
                        id: stored.id,
                        runs: stored.runs,
                        duplicate: false,
                    });
                }
                Err(error) if is_passing(&error) => return Err(error),
                Err(error) => {
                    stored.runs.clear();
                    let problem = Problem::from(error);
                    let firing = plan.arrival.firing(
                        &plan.armed,
                        FiringStatus::Rejected,
                        None,
                        Some(reason_of(&problem)),
                    );
                    notes = notes.put(&firing);
                }
            }
        }
        stored.runs = planned.iter().map(|plan| plan.run).collect();
        let mut batch = Batch::new().claim(&claim).put(&stored).put(&of_type);
        batch.facts.extend(notes.facts);
        for plan in &planned {
            let firing =
                plan.arrival
                    .firing(&plan.armed, FiringStatus::Queued, Some(plan.run), None);
            batch.facts.extend(plan.arrival.rows(&firing).facts);
        }
        self.append(batch).await?;
        under_way.is_durable(now, event.trigger().into());
        self.0.count.change(1);
        self.windows_changed(windowed);
        let id = stored.id;
        self.send_to(to, id, now);
        let runs = self.carry_out(stored, planned).await?;
        Ok(Published {
            id,
            runs,
            duplicate: false,
        })
    }

    fn stored(&self, id: EventId) -> Result<StoredEvent, ReadError> {
        let row = self.store().get(&id.to_string())?;
        row.ok_or_else(|| ReadError::Damaged(format!("the event {id} is claimed and not there")))
    }

    fn event_arrival(&self, armed: &Armed, event: &Event, stored: &StoredEvent) -> Arrival {
        let mut cause = json!({
            "kind": "event", "trigger_id": armed.row.id, "trigger": armed.row.name, "event_id": stored.id,
            "source": event.source, "id": event.id, "type": event.event_type, "depth": event.depth(),
        });
        starters::carry(&mut cause, &stored.starters);
        Arrival {
            occurrence: event.occurrence(),
            claim: Claim::New,
            ..self.arrival(armed, event.trigger().into(), cause.into())
        }
    }

    /// What an event comes to at one trigger: a run, or rows that say why there is none.
    async fn plan<'a>(
        &'a self,
        armed: Arc<Armed>,
        event: &Event,
        stored: &StoredEvent,
        windowed: &mut Windowed<'a>,
    ) -> Result<Result<Planned, Batch>, RunError> {
        let mut arrival = self.event_arrival(&armed, event, stored);
        let run = clock::new_id(RunId::from_parts);
        if event.is_too_deep() {
            let reason = format!(
                "{} events have followed one from another: this is a loop",
                event.depth()
            );
            let firing = arrival.firing(&armed, FiringStatus::Skipped, None, Some(reason));
            return Ok(Err(arrival.rows(&firing)));
        }
        if tells_of_itself(event, &armed.row.automation.to_string()) {
            let reason = "it tells of this automation's own doings".to_owned();
            let firing = arrival.firing(&armed, FiringStatus::Filtered, None, Some(reason));
            return Ok(Err(arrival.rows(&firing)));
        }
        let rejected = |arrival: &Arrival, reason: String| {
            Batch::new().put(&arrival.firing(&armed, FiringStatus::Rejected, None, Some(reason)))
        };
        let facts = Self::facts(&arrival, run);
        match armed.mapping.holds(&arrival.trigger, facts.clone()) {
            Ok(true) => {}
            Ok(false) => {
                let firing = arrival.firing(
                    &armed,
                    FiringStatus::Filtered,
                    None,
                    Some("`when` did not hold".into()),
                );
                return Ok(Err(arrival.rows(&firing)));
            }
            Err(error) => return Ok(Err(rejected(&arrival, error.message))),
        }
        match self.admit(&armed, &mut arrival, run, windowed).await? {
            Admitted::Start => {}
            Admitted::Rows(_, rows) => return Ok(Err(rows)),
            Admitted::Rejected(problem) => return Ok(Err(rejected(&arrival, reason_of(&problem)))),
        }
        let inputs = match armed.mapping.inputs(arrival.trigger.clone(), facts) {
            Ok(inputs) => inputs,
            Err(error) => return Ok(Err(rejected(&arrival, error.message))),
        };
        let firing = arrival.firing(&armed, FiringStatus::Accepted, Some(run), None);
        let mut trial = self.submission(&armed, &mut arrival, &firing, run, inputs.value().clone());
        trial.dry_run = true;
        match self.0.engine.submit(trial).await {
            Ok(_) => Ok(Ok(Planned {
                armed,
                arrival,
                run,
                inputs,
            })),
            Err(error) if is_passing(&error) => Err(error),
            Err(error) => Ok(Err(rejected(&arrival, reason_of(&error.into())))),
        }
    }

    /// Starts the planned runs of a stored event, and gives all that there are.
    async fn carry_out(
        &self,
        mut stored: StoredEvent,
        planned: Vec<Planned>,
    ) -> Result<Vec<RunId>, RunError> {
        let started = join_all(planned.into_iter().map(|mut plan| async move {
            let arrival = &mut plan.arrival;
            arrival.claim = Claim::Held;
            let firing = arrival.firing(&plan.armed, FiringStatus::Accepted, Some(plan.run), None);
            let submit = self.submission(
                &plan.armed,
                arrival,
                &firing,
                plan.run,
                plan.inputs.value().clone(),
            );
            let failed = self.0.engine.submit(submit).await.err();
            (plan, failed)
        }));
        let (mut given_up, mut passing) = (Batch::new(), None);
        for (plan, failed) in started.await {
            match failed {
                None => {}
                Some(error) if is_passing(&error) => passing = Some(error),
                Some(error) => {
                    let reason = Some(reason_of(&error.into()));
                    given_up = given_up.put(&plan.arrival.firing(
                        &plan.armed,
                        FiringStatus::Rejected,
                        None,
                        reason,
                    ));
                    stored.runs.retain(|run| *run != plan.run);
                }
            }
        }
        if !given_up.facts.is_empty() {
            self.append(given_up.put(&stored)).await?;
        }
        match passing {
            None => {
                self.unfinished().remove(&stored.id);
                Ok(stored.runs)
            }
            Some(error) => {
                self.unfinished().insert(stored.id);
                self.0.changed.notify_one();
                Err(error)
            }
        }
    }

    /// Starts those runs of a stored event that do not exist yet, and gives all of them.
    async fn complete(
        &self,
        mut stored: StoredEvent,
        event: &Event,
    ) -> Result<Vec<RunId>, RunError> {
        let mut missing = Vec::new();
        for run in &stored.runs {
            if matches!(self.started(*run)?, Started::Never) {
                missing.push(*run);
            }
        }
        if missing.is_empty() {
            return Ok(stored.runs);
        }
        let (mut planned, mut given_up) = (Vec::new(), Batch::new());
        for armed in self.those(|armed| matches!(armed.kind, Kind::Event { .. })) {
            let Some(key) = self
                .store()
                .get::<FiringKey>(&key_of(&armed, &event.occurrence()))?
            else {
                continue;
            };
            let Some(run) = key.run.filter(|run| missing.contains(run)) else {
                continue;
            };
            if !self.is_owed(&key)? {
                // It was started, and has left the history since.
                missing.retain(|other| *other != run);
                continue;
            }
            missing.retain(|other| *other != run);
            let mut arrival = self.event_arrival(&armed, event, &stored);
            arrival.firing = key.firing;
            arrival.received_at = key.at;
            let mapped = armed
                .mapping
                .inputs(arrival.trigger.clone(), Self::facts(&arrival, run));
            match mapped {
                Ok(inputs) if armed.is_active() => planned.push(Planned {
                    armed,
                    arrival,
                    run,
                    inputs,
                }),
                _ => {
                    let reason = Some(
                        "the trigger was changed or stopped before the run was started".to_owned(),
                    );
                    given_up = given_up.put::<Firing>(&arrival.firing(
                        &armed,
                        FiringStatus::Rejected,
                        None,
                        reason,
                    ));
                    stored.runs.retain(|other| *other != run);
                }
            }
        }
        stored.runs.retain(|run| !missing.contains(run));
        if !given_up.facts.is_empty() || !missing.is_empty() {
            self.append(given_up.put(&stored)).await?;
        }
        self.carry_out(stored, planned).await
    }

    /// Finds events that were stored without all of their runs, after a start.
    pub(super) fn find_unfinished(&self) -> Result<(), ReadError> {
        const PAGE: usize = 200;
        let (mut past, mut after) = (0, None);
        loop {
            let page: Vec<StoredEvent> = self.store().scan(&Scan {
                after: after.take(),
                descending: true,
                limit: PAGE,
                ..Scan::default()
            })?;
            let last = page.len() < PAGE;
            for stored in page {
                after = Some(stored.key());
                let whole = !self.owes(&stored)?;
                if whole {
                    past += 1;
                } else {
                    past = 0;
                    self.unfinished().insert(stored.id);
                }
            }
            if last || past >= PAST {
                return Ok(());
            }
        }
    }

    /// Whether an event was stored without all of its runs.
    fn owes(&self, stored: &StoredEvent) -> Result<bool, ReadError> {
        let mut missing = Vec::new();
        for run in &stored.runs {
            if matches!(self.started(*run)?, Started::Never) {
                missing.push(*run);
            }
        }
        if missing.is_empty() {
            return Ok(false);
        }
        let Ok(event) = read_one(stored.event.clone()) else {
            return Ok(true);
        };
        let occurrence = event.occurrence();
        for armed in self.those(|armed| matches!(armed.kind, Kind::Event { .. })) {
            let key: Option<FiringKey> = self.store().get(&key_of(&armed, &occurrence))?;
            let Some(key) = key else { continue };
            if key.run.is_some_and(|run| missing.contains(&run)) && self.is_owed(&key)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the run of a claim, which is not there, is still to be started. Its firing waits until the run
    /// makes it accepted in the same batch: otherwise it was started and has left the history.
    fn is_owed(&self, key: &FiringKey) -> Result<bool, ReadError> {
        let firing: Option<Firing> = self.store().get(&Firing::key_of(key.trigger, key.firing))?;
        Ok(firing.is_some_and(|firing| firing.status == FiringStatus::Queued))
    }

    /// Starts the runs that events still owe.
    pub(super) async fn finish_events(&self) {
        let owing: Vec<EventId> = self.unfinished().iter().copied().collect();
        for id in owing {
            match self.finish_event(id).await {
                Ok(()) => {
                    self.unfinished().remove(&id);
                }
                Err(error) => {
                    tracing::warn!(event = %id, %error, "the runs of an event could not be started and are tried again");
                }
            }
        }
    }

    async fn finish_event(&self, id: EventId) -> Result<(), RunError> {
        let key = read_one(self.stored(id)?.event).map_err(|error| unreadable(&error))?;
        let _held = self
            .0
            .taking
            .hold(format!("event\n{}", key.occurrence()))
            .await;
        let stored = self.stored(id)?;
        self.complete(stored, &key).await.map(|_| ())
    }
}

/// Only Druse itself says what happens inside.
pub(super) fn reserved(event_type: &str) -> EventError {
    EventError {
        code: "reserved_event_type",
        message: format!("events of the type `{event_type}` are told by Druse alone"),
        help: "Take a name of your own, such as com.example.order.paid.".into(),
        path: Some("/type".into()),
    }
}

fn unreadable(error: &druse_triggers::event::EventError) -> RunError {
    let finding = Finding::error(error.code, error.message.clone()).help(error.help.clone());
    let finding = match &error.path {
        Some(path) => finding.at_path(path.clone()),
        None => finding,
    };
    RunError::BadInputs(vec![finding])
}

impl Publish for Inner {
    fn announce(&self, run: &Run, entries: &[Entry]) -> Batch {
        self.this
            .upgrade()
            .map_or_else(Batch::new, |this| Triggers(this).announce_run(run, entries))
    }

    fn announced(&self) {
        if let Some(this) = self.this.upgrade() {
            Triggers(this).look_into_outbox();
        }
    }

    fn publish<'a>(
        &'a self,
        event: Value,
        starters: Vec<String>,
    ) -> BoxFuture<'a, Result<String, RunError>> {
        Box::pin(async move {
            let triggers = Triggers(self.this.upgrade().ok_or(RunError::Ending)?);
            let event = read_one(event).map_err(|error| unreadable(&error))?;
            if is_builtin(&event.event_type) {
                return Err(unreadable(&reserved(&event.event_type)));
            }
            triggers
                .publish(event, starters)
                .await
                .map(|published| published.id.to_string())
        })
    }
}
