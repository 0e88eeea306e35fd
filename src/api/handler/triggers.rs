//! Triggers: list, read, their firings, and a person's push.

use super::super::{
    answer::Reply,
    call::{Call, ok},
    route::Answer,
};
use crate::runtime::clock;
use crate::service::audit::Audited;
use crate::service::automation::document_of;
use crate::service::firing::{FiringView, Occurrence, definition_of, pushed};
use crate::service::{Problem, Role};
use druse_engine::RequestId;
use druse_engine::definition;
use druse_storage::{Batch, Firing, Scan, StoreExt, Trigger, TriggerStatus};
use druse_triggers::{Timetable, timetable::printed};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

/// How many of the next times are shown.
const NEXT: usize = 5;

fn view(call: &Call, row: &Trigger) -> Result<Value, Problem> {
    let definition = definition_of(row)?;
    let last: Vec<Firing> = call.app.store.scan(&Scan {
        prefix: format!("{}/", row.id),
        descending: true,
        limit: 1,
        ..Scan::default()
    })?;
    let active = row.status == TriggerStatus::Active;
    let mut view = described(&definition, active);
    // Whoever knows the address can call it: it is shown to those who may edit.
    let address = row
        .token
        .as_deref()
        .filter(|_| call.who.role >= Role::Editor)
        .map(druse_triggers::address::path);
    view["id"] = json!(row.id);
    view["automation_id"] = json!(row.automation);
    view["address"] = json!(address);
    view["status"] = json!(row.status);
    view["reason"] = json!(row.reason);
    view["last_firing"] = json!(last.into_iter().next().map(FiringView::from));
    Ok(view)
}

fn described(definition: &definition::Trigger, active: bool) -> Value {
    let kind = match definition {
        definition if definition.schedule.is_some() => "schedule",
        definition if definition.webhook.is_some() => "webhook",
        _ => "event",
    };
    let next: Vec<String> = definition
        .schedule
        .as_ref()
        .filter(|_| active)
        .and_then(|schedule| Timetable::compile(schedule).ok())
        .map(|timetable| timetable.next(clock::now(), NEXT))
        .unwrap_or_default()
        .into_iter()
        .map(printed)
        .collect();
    json!({
        "id": null, "automation_id": null, "name": definition.id, "kind": kind,
        "address": null, "status": "inactive", "next": next, "last_firing": null,
        "definition": definition,
    })
}

fn row(call: &Call) -> Result<Trigger, Problem> {
    call.app
        .store
        .get(call.param("id"))?
        .ok_or_else(|| Problem::not_found("trigger"))
}

pub(in crate::api) async fn list(call: Call) -> Answer {
    let automation = match call.query.get("automation_id") {
        Some(id) => Some(call.app.automation(id)?.id),
        None => None,
    };
    let answer = call
        .page()?
        .list(&*call.app.store, "", true, |row: Trigger| {
            if automation.is_some_and(|automation| row.automation != automation) {
                return Ok(None);
            }
            view(&call, &row).map(Some)
        })?;
    ok(&answer)
}

pub(in crate::api) async fn of_automation(call: Call) -> Answer {
    let automation = call.app.automation(call.param("id"))?;
    let mut items = Vec::new();
    for row in call.app.triggers_of(automation.id)? {
        items.push(view(&call, &row)?);
    }
    // What the newest version has and no activation has brought to life yet.
    let version = call.app.version(automation.id, automation.latest_version)?;
    for trigger in &document_of(&version)?.triggers {
        if !items.iter().any(|item| item["name"] == trigger.id.as_str()) {
            let mut item = described(trigger, false);
            item["automation_id"] = json!(automation.id);
            items.push(item);
        }
    }
    ok(&json!({ "items": items, "next_cursor": null }))
}

pub(in crate::api) async fn read(call: Call) -> Answer {
    let row = row(&call)?;
    ok(&view(&call, &row)?)
}

pub(in crate::api) async fn firings(call: Call) -> Answer {
    let row = row(&call)?;
    let answer = call.page()?.list(
        &*call.app.store,
        &format!("{}/", row.id),
        true,
        |firing: Firing| Ok(Some(FiringView::from(firing))),
    )?;
    ok(&answer)
}

/// What a push gives the trigger to see.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Fire {
    /// The value of `trigger`; left out: an empty one of its kind.
    #[serde(default)]
    pub(in crate::api) trigger: Option<Value>,
    /// Why.
    #[serde(default)]
    pub(in crate::api) reason: Option<String>,
}

pub(in crate::api) async fn fire(call: Call) -> Answer {
    let row = row(&call)?;
    let body: Fire = call.json()?;
    let definition = definition_of(&row)?;
    let now = clock::now();
    // With an idempotency key, the same push again is the same occurrence.
    let key = match call.header("idempotency-key") {
        Some(key) => format!("manual:{}:{key}", call.who.id),
        None => format!("manual:{}", clock::new_id(RequestId::from_parts)),
    };
    let came = Occurrence {
        key,
        trigger: body
            .trigger
            .unwrap_or_else(|| pushed(&definition, now))
            .into(),
        kind: "manual",
        scheduled_at: definition.schedule.is_some().then_some(now),
    };
    let fired = call.app.fire(&row, came).await?;
    let audit = Batch::new().audited(
        &call.who,
        "trigger.fire",
        &row.id,
        json!({ "firing": fired.firing, "run": fired.run, "reason": body.reason }),
    );
    call.app.commit(audit).await?;
    Reply::json(
        StatusCode::ACCEPTED,
        &json!({
            "id": fired.firing, "trigger_id": row.id, "status": fired.status,
            "reason": fired.reason, "run_id": fired.run,
        }),
    )
}
