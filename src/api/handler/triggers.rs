//! Triggers: list, read, their firings, and what people do with them.

use super::super::{
    answer::Reply,
    call::{Call, ok},
    route::Answer,
};
use crate::service::audit::Audited;
use crate::service::automation::document_of;
use crate::service::{Problem, Role};
use crate::trigger::By;
use druse_engine::{Timestamp, TriggerId};
use druse_storage::Batch;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Whoever knows the address of a webhook can call it: it is shown to those who may edit.
fn may_see_addresses(call: &Call) -> bool {
    call.who.role >= Role::Editor
}

fn id(call: &Call) -> Result<TriggerId, Problem> {
    call.id("id", "trigger")
}

fn by(call: &Call, action: &str, id: TriggerId, details: Value) -> By {
    By {
        user: call.who.user(),
        idempotency: call.claim.clone(),
        extra: Batch::new().audited(&call.who, action, &id, details),
    }
}

pub(in crate::api) async fn list(call: Call) -> Answer {
    let automation = match call.query.get("automation_id") {
        Some(id) => Some(call.app.automation(id)?.id),
        None => None,
    };
    let all = call
        .app
        .triggers()?
        .list(automation, may_see_addresses(&call))?;
    let answer = call.page()?.cut(all, |view| view.id.to_string());
    ok(&answer)
}

pub(in crate::api) async fn of_automation(call: Call) -> Answer {
    let automation = call.app.automation(call.param("id"))?;
    let mut items = Vec::new();
    for view in call
        .app
        .triggers()?
        .list(Some(automation.id), may_see_addresses(&call))?
    {
        items.push(serde_json::to_value(view).map_err(|error| Problem::internal(&error))?);
    }
    // What the newest version has and no activation has brought to life yet.
    let version = call.app.version(automation.id, automation.latest_version)?;
    for trigger in &document_of(&version)?.triggers {
        if !items.iter().any(|item| item["name"] == trigger.id.as_str()) {
            let kind = match trigger {
                trigger if trigger.schedule.is_some() => "schedule",
                trigger if trigger.webhook.is_some() => "webhook",
                _ => "event",
            };
            items.push(json!({
                "id": null, "automation_id": automation.id, "name": trigger.id, "kind": kind, "address": null,
                "status": "inactive", "reason": null, "next": [], "last_firing": null, "definition": trigger,
            }));
        }
    }
    ok(&json!({ "items": items, "next_cursor": null }))
}

pub(in crate::api) async fn read(call: Call) -> Answer {
    ok(&call
        .app
        .triggers()?
        .get(id(&call)?, may_see_addresses(&call))?)
}

pub(in crate::api) async fn firings(call: Call) -> Answer {
    ok(&call.app.triggers()?.firings(id(&call)?, &call.page()?)?)
}

/// What a push gives the trigger to see.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Fire {
    /// Fields of `trigger`, over empty ones of its kind.
    #[serde(default)]
    pub(in crate::api) trigger: Option<Map<String, Value>>,
    /// Why.
    #[serde(default)]
    pub(in crate::api) reason: Option<String>,
}

pub(in crate::api) async fn fire(call: Call) -> Answer {
    let id = id(&call)?;
    let body: Fire = call.json()?;
    let by = by(&call, "trigger.fire", id, json!({ "reason": body.reason }));
    let firing = call
        .app
        .triggers()?
        .fire_by_hand(id, body.trigger, by)
        .await?;
    Reply::json(StatusCode::ACCEPTED, &firing)
}

/// Why a trigger is switched.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Switch {
    /// Why.
    #[serde(default)]
    pub(in crate::api) reason: Option<String>,
}

pub(in crate::api) async fn pause(call: Call) -> Answer {
    let id = id(&call)?;
    let body: Switch = call.json()?;
    let by = by(&call, "trigger.pause", id, json!({ "reason": body.reason }));
    ok(&call.app.triggers()?.pause(id, body.reason, by).await?)
}

pub(in crate::api) async fn resume(call: Call) -> Answer {
    let id = id(&call)?;
    let body: Switch = call.json()?;
    let by = by(
        &call,
        "trigger.resume",
        id,
        json!({ "reason": body.reason }),
    );
    ok(&call.app.triggers()?.resume(id, by).await?)
}

/// Which times are made up for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Backfill {
    /// After this time.
    pub(in crate::api) from: Timestamp,
    /// Up to this time.
    pub(in crate::api) to: Timestamp,
}

pub(in crate::api) async fn backfill(call: Call) -> Answer {
    let id = id(&call)?;
    let body: Backfill = call.json()?;
    let by = by(
        &call,
        "trigger.backfill",
        id,
        json!({ "from": body.from, "to": body.to }),
    );
    let items = call
        .app
        .triggers()?
        .backfill(id, body.from, body.to, by)
        .await?;
    super::events::taken(&call, &json!({ "items": items })).await
}
