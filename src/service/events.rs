//! Events: kept once, and given to every trigger that waits for their like.

use super::app::Parts;
use super::firing::{Occurrence, definition_of};
use super::{App, Problem, RunError, page};
use crate::runtime::{Publish, clock};
use druse_engine::{EventId, Finding, RunId, Span};
use druse_storage::{AppendError, Batch, EventKey, StoreExt, StoredEvent, Trigger, TriggerStatus};
use druse_triggers::{Event, event::Filter};
use futures_util::future::BoxFuture;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// What an event did.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Taken {
    /// Its id here.
    #[schemars(with = "String")]
    pub id: EventId,
    /// The runs it started.
    #[schemars(with = "Vec<String>")]
    pub runs: Vec<RunId>,
}

impl App {
    /// Takes an event: durable, with every run that it starts, when this returns. The same `source` and
    /// `id` again answers the same. Runs come first and the event last, each run under a claim of its
    /// own: a crash in between loses nothing, and who sends again gets the same runs.
    ///
    /// # Errors
    /// When the engine or the store does not take it; it may be sent again.
    pub async fn take_event(&self, event: &Event) -> Result<Taken, Problem> {
        let key = event.occurrence();
        let _held = self.keys.hold(format!("event {key}")).await;
        if let Some(before) = self.taken_before(&key)? {
            return Ok(before);
        }
        let mut runs = Vec::new();
        if !event.is_too_deep() {
            let rows: Vec<Trigger> = page::all(&*self.store, "")?;
            for row in rows {
                if row.status != TriggerStatus::Active {
                    continue;
                }
                let definition = definition_of(&row)?;
                let matches = definition
                    .event
                    .as_ref()
                    .and_then(|filter| Filter::compile(filter).ok())
                    .is_some_and(|filter| filter.matches(event));
                if !matches {
                    continue;
                }
                let came = Occurrence {
                    key: key.clone(),
                    trigger: event.trigger().into(),
                    kind: "event",
                    scheduled_at: None,
                };
                runs.extend(self.fire(&row, came).await?.run);
            }
        }
        let row = StoredEvent {
            id: clock::new_id(EventId::from_parts),
            event: event.to_value(),
            received_at: clock::now(),
            runs,
        };
        let claim = EventKey {
            source: event.source.clone(),
            id: event.id.clone(),
            event: row.id,
            at: row.received_at,
        };
        match self.append(Batch::new().claim(&claim).claim(&row)).await {
            Ok(_) => Ok(Taken {
                id: row.id,
                runs: row.runs,
            }),
            Err(AppendError::Conflict { .. }) => self
                .taken_before(&key)?
                .ok_or_else(|| Problem::internal(&"a claim was lost")),
            Err(error) => Err(error.into()),
        }
    }

    fn taken_before(&self, key: &str) -> Result<Option<Taken>, Problem> {
        let Some(claim) = self.store.get::<EventKey>(key)? else {
            return Ok(None);
        };
        let row = self.store.get::<StoredEvent>(&claim.event.to_string())?;
        Ok(row.map(|row| Taken {
            id: row.id,
            runs: row.runs,
        }))
    }
}

impl Publish for Parts {
    fn publish<'a>(&'a self, event: Value) -> BoxFuture<'a, Result<String, RunError>> {
        Box::pin(async move {
            let app = self.app().ok_or(RunError::Ending)?;
            let event = druse_triggers::event::read_one(event).map_err(|error| {
                RunError::BadInputs(vec![
                    Finding::error(error.code, error.message).help(error.help),
                ])
            })?;
            match app.take_event(&event).await {
                Ok(taken) => Ok(taken.id.to_string()),
                Err(problem) => Err(match problem.status {
                    StatusCode::INSUFFICIENT_STORAGE => RunError::Full,
                    StatusCode::TOO_MANY_REQUESTS => RunError::Busy {
                        retry_after: Span::from_secs(problem.retry_after.unwrap_or(1)),
                    },
                    StatusCode::PAYLOAD_TOO_LARGE => RunError::TooLarge,
                    _ => RunError::Ending,
                }),
            }
        })
    }
}
