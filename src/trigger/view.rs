//! Triggers and firings as callers see them.

use super::Triggers;
use super::registry::{Armed, Kind};
use crate::runtime::clock;
use crate::service::Problem;
use crate::service::page::Page;
use druse_engine::{AutomationId, FiringId, RunId, Timestamp, TriggerId};
use druse_storage::{Firing, FiringStatus, Scan, StoreExt, TriggerStatus};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// How many of a schedule's next times are shown.
const NEXT: usize = 5;

/// A trigger as callers see it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TriggerView {
    /// Its id.
    #[schemars(with = "String")]
    pub id: TriggerId,
    /// Its id in the document.
    pub name: String,
    /// Whose.
    #[schemars(with = "String")]
    pub automation_id: AutomationId,
    /// `schedule`, `webhook` or `event`.
    pub kind: &'static str,
    /// `/hooks/…` of a webhook, or null; a secret to everybody but editors.
    pub address: Option<String>,
    /// Whether it fires.
    #[schemars(with = "String")]
    pub status: TriggerStatus,
    /// Why it is paused.
    pub reason: Option<String>,
    /// The next times of a schedule.
    pub next: Vec<Timestamp>,
    /// What came last.
    pub last_firing: Option<FiringView>,
    /// The trigger as the document writes it.
    pub definition: Value,
}

/// A firing as callers see it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FiringView {
    /// Its id.
    #[schemars(with = "String")]
    pub id: FiringId,
    /// Whose.
    #[schemars(with = "String")]
    pub trigger_id: TriggerId,
    /// What makes it one: a scheduled time, a delivery id, an event's source and id.
    pub key: String,
    /// The logical time of a schedule.
    pub scheduled_at: Option<Timestamp>,
    /// When it came.
    pub received_at: Timestamp,
    /// What became of it.
    #[schemars(with = "String")]
    pub status: FiringStatus,
    /// Why.
    pub reason: Option<String>,
    /// The run it started.
    #[schemars(with = "Option<String>")]
    pub run_id: Option<RunId>,
}

impl From<Firing> for FiringView {
    fn from(firing: Firing) -> Self {
        Self {
            id: firing.id,
            trigger_id: firing.trigger,
            key: firing.occurrence,
            scheduled_at: firing.scheduled_at,
            received_at: firing.received_at,
            status: firing.status,
            reason: firing.reason,
            run_id: firing.run,
        }
    }
}

impl Triggers {
    /// The triggers of an automation, or all; those that are no more left out. `with_address` for
    /// callers that may know the addresses of webhooks.
    ///
    /// # Errors
    /// When firings cannot be read.
    pub fn list(
        &self,
        automation: Option<AutomationId>,
        with_address: bool,
    ) -> Result<Vec<TriggerView>, Problem> {
        self.those(|armed| {
            automation.is_none_or(|id| armed.row.automation == id)
                && armed.row.status != TriggerStatus::Inactive
        })
        .iter()
        .map(|armed| self.view(armed, with_address))
        .collect()
    }

    /// One trigger.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn get(&self, id: TriggerId, with_address: bool) -> Result<TriggerView, Problem> {
        let armed = self
            .armed(id)
            .ok_or_else(|| Problem::not_found("trigger"))?;
        self.view(&armed, with_address)
    }

    /// A page of a trigger's firings, youngest first: `{items, next_cursor}`.
    ///
    /// # Errors
    /// When there is no such trigger, or they cannot be read.
    pub fn firings(&self, id: TriggerId, page: &Page) -> Result<Value, Problem> {
        self.armed(id)
            .ok_or_else(|| Problem::not_found("trigger"))?;
        page.list(self.store(), &format!("{id}/"), true, |firing: Firing| {
            Ok(Some(FiringView::from(firing)))
        })
    }

    pub(super) fn view(&self, armed: &Armed, with_address: bool) -> Result<TriggerView, Problem> {
        let last: Vec<Firing> = self.store().scan(&Scan {
            prefix: format!("{}/", armed.row.id),
            descending: true,
            limit: 1,
            ..Scan::default()
        })?;
        let next = match &armed.kind {
            Kind::Schedule { timetable, .. } if armed.is_active() => {
                timetable.next(armed.last().max(clock::now()), NEXT)
            }
            _ => Vec::new(),
        };
        let token = armed.row.token.as_deref().filter(|_| with_address);
        Ok(TriggerView {
            id: armed.row.id,
            name: armed.row.name.clone(),
            automation_id: armed.row.automation,
            kind: armed.kind_name(),
            address: token.map(druse_triggers::address::path),
            status: armed.row.status,
            reason: armed.row.reason.clone(),
            next,
            last_firing: last.into_iter().next().map(FiringView::from),
            definition: armed.row.definition.clone(),
        })
    }
}
