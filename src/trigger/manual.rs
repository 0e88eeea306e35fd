//! What people do with triggers: fire one by hand, pause and resume it, make up for times that it missed.

use super::Triggers;
use super::fire::{Arrival, Fired};
use super::registry::{Armed, Kind};
use super::view::{FiringView, TriggerView};
use crate::runtime::clock;
use crate::service::{IdempotencyClaim, Problem};
use druse_engine::{Timestamp, TriggerId};
use druse_storage::{Batch, StoreExt, Trigger, TriggerStatus};
use druse_triggers::mapping::scheduled;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Who does it, with what goes into the same batch.
#[derive(Debug, Clone, Default)]
pub struct By {
    /// `user:<name>`.
    pub user: String,
    /// Claimed together with the firing, and answered with it again.
    pub idempotency: Option<IdempotencyClaim>,
    /// Rows that become durable with the change: its line in the audit log.
    pub extra: Batch,
}

/// The most times that one call makes up for.
const MOST_TIMES: usize = 1_000;

impl Triggers {
    /// Fires a trigger by hand. `given` stands in for what would have come: fields of `trigger`, over
    /// empty ones. A paused trigger can be fired, too.
    ///
    /// # Errors
    /// When there is no such trigger, its automation is not active, or what is given starts no run.
    pub async fn fire_by_hand(
        &self,
        id: TriggerId,
        given: Option<Map<String, Value>>,
        by: By,
    ) -> Result<FiringView, Problem> {
        let armed = self.usable(id)?;
        let now = clock::now();
        let cause =
            json!({ "kind": "manual", "trigger_id": id, "trigger": armed.row.name, "by": by.user });
        let mut arrival = Arrival::new(&armed, Value::Null.into(), cause.into());
        arrival.occurrence = format!("manual/{}", arrival.firing);
        arrival.started_by = by.user;
        arrival.idempotency = by.idempotency;
        arrival.extra = by.extra;
        let mut trigger = match &armed.kind {
            Kind::Schedule { .. } => {
                arrival.scheduled_at = Some(now);
                scheduled(now)
            }
            Kind::Webhook { .. } => {
                json!({ "body": null, "headers": {}, "query": {}, "method": "POST", "id": arrival.firing })
            }
            Kind::Event { .. } => json!({
                "specversion": "1.0", "id": arrival.firing, "source": format!("/triggers/{id}"), "type": "manual",
                "subject": null, "time": now, "datacontenttype": null, "dataschema": null, "data": null,
            }),
        };
        if let (Some(fields), Some(given)) = (trigger.as_object_mut(), given) {
            fields.extend(given);
        }
        arrival.trigger = trigger.into();
        match self.fire(&armed, arrival).await? {
            Fired::Started(firing) | Fired::Filtered(firing) => Ok(firing.into()),
            Fired::Rejected(_, problem) => Err(problem),
            Fired::Again(_) => Err(Problem::conflict(
                "conflict",
                "The same firing came before.",
                "Fire it again.",
            )),
        }
    }

    /// Fires the times of a schedule after `from` and up to `to`, oldest first, whatever the rules for
    /// overlaps and missed times say. A time that was fired already stays as it is and is left out.
    ///
    /// # Errors
    /// When it is no schedule, or there are more than 1,000 times.
    pub async fn backfill(
        &self,
        id: TriggerId,
        from: Timestamp,
        to: Timestamp,
        by: By,
    ) -> Result<Vec<FiringView>, Problem> {
        let armed = self.usable(id)?;
        let Kind::Schedule { timetable, .. } = &armed.kind else {
            return Err(Problem::unprocessable(
                "no_schedule",
                "Only a schedule has times to make up for.",
                "Fire the trigger by hand instead.",
            ));
        };
        let now = clock::now();
        let to = to.min(now);
        let times: Vec<Timestamp> = timetable
            .after(from)
            .take_while(|at| *at <= to)
            .take(MOST_TIMES + 1)
            .collect();
        if times.len() > MOST_TIMES {
            return Err(Problem::unprocessable(
                "too_many_times",
                format!("There are more than {MOST_TIMES} times between the two."),
                "Ask for a shorter stretch of time.",
            ));
        }
        if !by.extra.facts.is_empty() {
            self.append(by.extra).await?;
        }
        let mut fired = Vec::new();
        for at in times {
            let mut arrival = Self::scheduled_arrival(&armed, at, clock::now());
            arrival.started_by.clone_from(&by.user);
            match self.fire(&armed, arrival).await? {
                Fired::Started(firing) | Fired::Filtered(firing) | Fired::Rejected(firing, _) => {
                    fired.push(firing.into())
                }
                Fired::Again(_) => {}
            }
        }
        Ok(fired)
    }

    /// Stops a trigger until it is resumed; its automation stays active.
    ///
    /// # Errors
    /// When there is no such trigger, or it is not active.
    pub async fn pause(
        &self,
        id: TriggerId,
        reason: Option<String>,
        by: By,
    ) -> Result<TriggerView, Problem> {
        let reason = reason
            .filter(|reason| !reason.trim().is_empty())
            .unwrap_or_else(|| format!("paused by {}", by.user));
        self.switch(id, by.extra, |row| {
            row.status = TriggerStatus::Paused;
            row.reason = Some(reason);
        })
        .await
    }

    /// Lets a paused trigger fire again. What it missed is not made up for.
    ///
    /// # Errors
    /// When there is no such trigger, or its automation is not active.
    pub async fn resume(&self, id: TriggerId, by: By) -> Result<TriggerView, Problem> {
        self.switch(id, by.extra, |row| {
            if row.status != TriggerStatus::Active {
                row.since = clock::now();
            }
            row.status = TriggerStatus::Active;
            row.reason = None;
        })
        .await
    }

    async fn switch(
        &self,
        id: TriggerId,
        extra: Batch,
        change: impl FnOnce(&mut Trigger),
    ) -> Result<TriggerView, Problem> {
        self.usable(id)?;
        let _held = self.0.writing.lock().await;
        let row: Option<Trigger> = self.store().get(&id.to_string())?;
        let mut row = row
            .filter(|row| row.status != TriggerStatus::Inactive)
            .ok_or_else(not_active)?;
        change(&mut row);
        let mut batch = extra;
        batch = batch.put(&row);
        self.append(batch).await?;
        self.refresh(row.automation)?;
        self.get(id, true)
    }

    fn usable(&self, id: TriggerId) -> Result<Arc<Armed>, Problem> {
        let armed = self
            .armed(id)
            .ok_or_else(|| Problem::not_found("trigger"))?;
        if armed.row.status == TriggerStatus::Inactive {
            return Err(not_active());
        }
        Ok(armed)
    }
}

fn not_active() -> Problem {
    Problem::conflict(
        "not_active",
        "The trigger's automation is not active, or its active version has no such trigger.",
        "Activate the automation first.",
    )
}
