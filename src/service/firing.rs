//! From what came (a delivery, an event, a person's push) to a run, once for each occurrence.

use super::{App, Problem, RunError, RunView, Submit};
use crate::runtime::clock;
use druse_engine::expression::RunFacts;
use druse_engine::{FiringId, Json, RunId, Timestamp};
use druse_storage::{Batch, Firing, FiringKey, FiringStatus, StoreExt, Trigger};
use druse_triggers::{Mapped, Mapping};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

/// What came for a trigger.
#[derive(Debug, Clone)]
pub struct Occurrence {
    /// Makes it one: the same again starts nothing.
    pub key: String,
    /// What expressions see as `trigger`.
    pub trigger: Json,
    /// The `kind` of the run's cause: webhook, event, schedule or manual.
    pub kind: &'static str,
    /// The logical time of a schedule.
    pub scheduled_at: Option<Timestamp>,
}

/// What became of it.
#[derive(Debug)]
pub struct Fired {
    /// The firing; of a duplicate, the first one.
    pub firing: FiringId,
    /// Its status.
    pub status: FiringStatus,
    /// Why no run was started.
    pub reason: Option<String>,
    /// The run, of a duplicate the first one's.
    pub run: Option<RunId>,
}

/// A firing as callers see it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FiringView {
    /// Its id.
    #[schemars(with = "String")]
    pub id: FiringId,
    /// Whose.
    pub trigger_id: String,
    /// What makes it one.
    pub key: String,
    /// The logical time of a schedule.
    pub scheduled_at: Option<Timestamp>,
    /// When it came.
    pub received_at: Timestamp,
    /// accepted, filtered, duplicate, rejected, skipped or queued.
    #[schemars(with = "String")]
    pub status: FiringStatus,
    /// Why.
    pub reason: Option<String>,
    /// The run it started.
    #[schemars(with = "Option<String>")]
    pub run_id: Option<RunId>,
}

impl From<Firing> for FiringView {
    fn from(row: Firing) -> Self {
        Self {
            id: row.id,
            trigger_id: row.trigger.to_string(),
            key: row.occurrence,
            scheduled_at: row.scheduled_at,
            received_at: row.received_at,
            status: row.status,
            reason: row.reason,
            run_id: row.run,
        }
    }
}

/// A trigger as its document writes it.
///
/// # Errors
/// When the row is damaged.
pub fn definition_of(row: &Trigger) -> Result<druse_engine::definition::Trigger, Problem> {
    serde_json::from_value(row.definition.clone())
        .map_err(|error| druse_storage::ReadError::Damaged(error.to_string()).into())
}

impl App {
    /// Starts the run of an occurrence, or says why not; durable when it returns.
    ///
    /// # Errors
    /// When the engine or the store does not take it; nothing is kept then, and it may come again.
    pub async fn fire(&self, row: &Trigger, came: Occurrence) -> Result<Fired, Problem> {
        if let Some(first) = self.fired_before(row, &came.key)? {
            return Ok(first);
        }
        let now = clock::now();
        let run = clock::new_id(RunId::from_parts);
        let mut firing = Firing {
            id: clock::new_id(FiringId::from_parts),
            trigger: row.id,
            occurrence: came.key.clone(),
            scheduled_at: came.scheduled_at,
            received_at: now,
            status: FiringStatus::Accepted,
            reason: None,
            run: Some(run),
        };
        let facts = RunFacts {
            id: run,
            started_at: now,
            scheduled_at: came.scheduled_at,
        };
        let definition = definition_of(row)?;
        let mapping = Mapping::compile(&definition).map_err(|findings| {
            Problem::unprocessable(
                "trigger_wrong",
                "The trigger cannot be read.",
                "Put the automation right and activate it again.",
            )
            .findings(findings)
        })?;
        let inputs = match mapping.apply(came.trigger.clone(), facts) {
            Ok(Mapped::Start(inputs)) => inputs,
            Ok(Mapped::Filtered) => {
                let reason = "`when` does not hold".to_owned();
                return self
                    .not_started(firing, FiringStatus::Filtered, reason)
                    .await;
            }
            Err(error) => {
                let reason = format!("{}: {}", error.path, error.message);
                return self
                    .not_started(firing, FiringStatus::Rejected, reason)
                    .await;
            }
        };
        let cause = json!({
            "kind": came.kind, "trigger_id": row.id, "trigger": row.name,
            "firing_id": firing.id, "key": came.key,
        });
        let submit = Submit {
            automation: row.automation,
            version: None,
            inputs: inputs.value().clone(),
            cause: cause.into(),
            started_by: format!("trigger:{}", row.id),
            trigger: came.trigger,
            scheduled_at: came.scheduled_at,
            idempotency: None,
            extra: Batch::new().claim(&firing).claim(&key_of(&firing)),
            run,
            dry_run: false,
        };
        match self.engine.submit(submit).await {
            Ok(_) => Ok(Fired {
                firing: firing.id,
                status: FiringStatus::Accepted,
                reason: None,
                run: Some(run),
            }),
            // The same came twice at once: the other one was first.
            Err(RunError::Claimed(_)) => self
                .fired_before(row, &came.key)?
                .ok_or_else(|| Problem::internal(&"a claim was lost")),
            Err(
                error @ (RunError::BadInputs(_) | RunError::NotActive | RunError::NotRunnable(_)),
            ) => {
                let reason = match &error {
                    RunError::BadInputs(findings) | RunError::NotRunnable(findings) => findings
                        .first()
                        .map_or_else(|| error.to_string(), |finding| finding.message.clone()),
                    _ => error.to_string(),
                };
                firing.run = None;
                self.not_started(firing, FiringStatus::Rejected, reason)
                    .await
            }
            Err(error) => Err(error.into()),
        }
    }

    fn fired_before(&self, row: &Trigger, key: &str) -> Result<Option<Fired>, Problem> {
        let found = self.store.get::<FiringKey>(&format!("{}/{key}", row.id))?;
        Ok(found.map(|first| Fired {
            firing: first.firing,
            status: FiringStatus::Duplicate,
            reason: None,
            run: first.run,
        }))
    }

    async fn not_started(
        &self,
        mut firing: Firing,
        status: FiringStatus,
        reason: String,
    ) -> Result<Fired, Problem> {
        firing.status = status;
        firing.run = None;
        firing.reason = Some(reason.clone());
        self.commit(Batch::new().put(&firing).put(&key_of(&firing)))
            .await?;
        Ok(Fired {
            firing: firing.id,
            status,
            reason: Some(reason),
            run: None,
        })
    }

    /// What a run looks like now.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn run_view(&self, run: RunId) -> Result<RunView, Problem> {
        self.engine
            .view(run)
            .await?
            .ok_or_else(|| Problem::not_found("run"))
    }
}

fn key_of(firing: &Firing) -> FiringKey {
    FiringKey {
        trigger: firing.trigger,
        occurrence: firing.occurrence.clone(),
        firing: firing.id,
        run: firing.run,
        at: firing.received_at,
    }
}

/// What a person's push gives a trigger to see, where the person does not say.
pub fn pushed(definition: &druse_engine::definition::Trigger, now: Timestamp) -> Value {
    if definition.schedule.is_some() {
        json!({ "scheduled_at": now })
    } else if definition.webhook.is_some() {
        json!({ "body": null, "headers": {}, "query": {}, "method": "POST", "id": null })
    } else {
        json!({ "data": null })
    }
}
