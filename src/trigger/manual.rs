//! What people do with triggers: fire one by hand, replay what came, pause and resume it.

use super::fire::Fired;
use super::registry::{Armed, Kind};
use super::view::{FiringView, TriggerView};
use super::{Started, Triggers};
use crate::runtime::starters;
use crate::service::{IdempotencyClaim, Problem};
use druse_engine::{FiringId, TriggerId};
use druse_storage::{Batch, Firing, StoreExt, Trigger, TriggerStatus};
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

/// Marks a payload whose body could not be read.
pub(super) const UNREADABLE: &str = "unreadable";

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
        let now = self.now();
        let cause =
            json!({ "kind": "manual", "trigger_id": id, "trigger": armed.row.name, "by": by.user });
        let mut arrival = self.arrival(&armed, Value::Null.into(), cause.into());
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
            Kind::Files(_) => json!({
                "path": null, "name": null, "size": 0, "modified": now, "event": "complete", "digest": null,
            }),
            Kind::Poll(_) => json!({ "item": null, "key": arrival.firing }),
        };
        if let (Some(fields), Some(given)) = (trigger.as_object_mut(), given) {
            fields.extend(given);
        }
        arrival.trigger = trigger.into();
        shown(self.fire(&armed, arrival).await?, "Fire it again.")
    }

    /// Lets what came once come again, as it was then: a new firing of what the trigger is now, past its
    /// windows, and never a duplicate.
    ///
    /// # Errors
    /// When there is no such firing, nothing of it was kept, or it starts no run.
    pub async fn replay(
        &self,
        id: TriggerId,
        firing: FiringId,
        by: By,
    ) -> Result<FiringView, Problem> {
        let armed = self.usable(id)?;
        let row: Option<Firing> = self.store().get(&Firing::key_of(id, firing))?;
        let row = row.ok_or_else(|| Problem::not_found("firing"))?;
        let (seen, people) = match (&row.payload, row.run, row.scheduled_at) {
            (Some(payload), _, _) if payload.get(UNREADABLE).is_none() => {
                (payload.clone().into(), row.starters)
            }
            (None, Some(run), at) => match (self.started(run)?, at) {
                (Started::Never, Some(at)) => (scheduled(at).into(), row.starters),
                (Started::Never, None) => {
                    return Err(Problem::conflict(
                        "nothing_kept",
                        "The run of this firing has left the history, and what came with it.",
                        "Have it sent again. The retention settings say how long runs are kept.",
                    ));
                }
                _ => {
                    let start = self.start_of(run)?;
                    let people = starters::people(&start);
                    (start.trigger, people)
                }
            },
            (None, None, Some(at)) => (scheduled(at).into(), row.starters),
            _ => {
                return Err(Problem::conflict(
                    "nothing_kept",
                    "Nothing of this firing was kept that could come again.",
                    "What could not be verified or read is not replayed; have it sent again.",
                ));
            }
        };
        let mut cause = json!({
            "kind": armed.kind_name(), "trigger_id": id, "trigger": armed.row.name,
            "replay_of": firing, "by": by.user,
        });
        if let Some(at) = row.scheduled_at {
            cause["scheduled_at"] = json!(at);
        }
        if let Kind::Event { .. } = armed.kind {
            for key in ["source", "id", "type"] {
                cause[key] = seen.value()[key].clone();
            }
            cause["depth"] = seen.value()[druse_triggers::event::DEPTH].clone();
        }
        // Whoever lets it come again does not take the place of who is behind it.
        starters::carry(&mut cause, &people);
        let mut arrival = self.arrival(&armed, seen, cause.into());
        arrival.occurrence = format!("replay/{}", arrival.firing);
        arrival.scheduled_at = row.scheduled_at;
        arrival.replay_of = Some(firing);
        arrival.started_by = by.user;
        arrival.idempotency = by.idempotency;
        arrival.extra = by.extra;
        shown(self.fire(&armed, arrival).await?, "Replay it again.")
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
        let told = json!({ "reason": reason, "by": by.user });
        self.switch(id, by.extra, ("trigger.paused", told), |row| {
            row.status = TriggerStatus::Paused;
            row.reason = Some(reason);
        })
        .await
    }

    /// Lets a paused trigger fire again. Times that it missed are not made up for; a folder or a poll goes on
    /// where it was, and finds what came meanwhile.
    ///
    /// # Errors
    /// When there is no such trigger, or its automation is not active.
    pub async fn resume(&self, id: TriggerId, by: By) -> Result<TriggerView, Problem> {
        let (told, now) = (json!({ "by": by.user }), self.now());
        self.switch(id, by.extra, ("trigger.resumed", told), |row| {
            if row.status != TriggerStatus::Active {
                row.since = now;
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
        (event_type, told): (&str, Value),
        change: impl FnOnce(&mut Trigger),
    ) -> Result<TriggerView, Problem> {
        let armed = self.usable(id)?;
        let _held = self.0.writing.write().await;
        let row: Option<Trigger> = self.store().get(&id.to_string())?;
        let mut row = row
            .filter(|row| row.status != TriggerStatus::Inactive)
            .ok_or_else(not_active)?;
        change(&mut row);
        let announced = self.announce(event_type, &armed, told);
        self.append_announced(extra.put(&row), announced).await?;
        self.refresh(vec![(id, Some(row))])?;
        self.get(id, true)
    }

    pub(super) fn usable(&self, id: TriggerId) -> Result<Arc<Armed>, Problem> {
        let armed = self
            .armed(id)
            .ok_or_else(|| Problem::not_found("trigger"))?;
        if armed.is_off() {
            return Err(not_active());
        }
        Ok(armed)
    }
}

/// A firing by hand, as its caller sees it. `again` says what to do where another came first.
fn shown(fired: Fired, again: &'static str) -> Result<FiringView, Problem> {
    match fired {
        Fired::Started(firing)
        | Fired::Filtered(firing)
        | Fired::Same(firing)
        | Fired::Waits(firing) => Ok(firing.into()),
        Fired::Rejected(problem) => Err(problem),
        Fired::Again(_) => Err(Problem::conflict(
            "conflict",
            "The same firing came before.",
            again,
        )),
    }
}

fn not_active() -> Problem {
    Problem::conflict(
        "not_active",
        "The trigger's automation is not active, or its active version has no such trigger.",
        "Activate the automation first.",
    )
}
