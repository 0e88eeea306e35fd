//! Triggers: list, read, their firings, and what people do with them.

use super::super::{
    answer::Reply,
    call::{Call, ok},
    route::Answer,
    spoken::Spoken,
};
use crate::runtime::clock;
use crate::service::automation::document_of;
use crate::service::{Problem, Role};
use crate::trigger::{BackfillRequest, By};
use druse_engine::definition::Schedule;
use druse_engine::{BackfillId, FiringId, Timestamp, TriggerId};
use druse_triggers::Timetable;
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

fn by(call: &Call, action: &str, id: TriggerId, details: Value) -> Result<By, Problem> {
    Ok(By {
        user: call.who.user(),
        idempotency: call.claim.clone(),
        extra: call.app.audit(&call.who, action, &id, details)?,
    })
}

pub(in crate::api) async fn list(call: Call) -> Answer {
    let automation = match call.query.get("automation_id") {
        Some(id) => Some(call.app.automation(id)?.id),
        None => None,
    };
    ok(&call
        .app
        .triggers()?
        .page(automation, may_see_addresses(&call), &call.page()?)?)
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
            let kind = trigger.kinds().first().copied();
            items.push(json!({
                "id": null, "automation_id": automation.id, "automation": automation.name, "name": trigger.id, "kind": kind, "address": null,
                "status": "inactive", "reason": null, "next": [], "upcoming": [], "delay": null,
                "open": false, "waiting": [], "lookout": null, "findings": [], "last_firing": null, "definition": trigger,
            }));
        }
    }
    // In the order of the list, which has no ids of its own: its names are the cursor.
    // Whoever names no limit has all: a document has only so many.
    let mut page = call.page()?;
    if call.query.get("limit").is_none() {
        page.limit = items.len();
    }
    let after = |name: &String| items.iter().position(|item| item["name"] == name.as_str());
    let from = match &page.after {
        Some(name) => after(name).map_or(items.len(), |at| at + 1),
        None => 0,
    };
    let named = |item: Value| (item["name"].as_str().unwrap_or_default().to_owned(), item);
    let wanted = items.into_iter().skip(from).take(page.limit + 1).map(named);
    ok(&page.answer(wanted.collect()))
}

pub(in crate::api) async fn read(call: Call) -> Answer {
    ok(&call
        .app
        .triggers()?
        .get(id(&call)?, may_see_addresses(&call))?)
}

pub(in crate::api) async fn firings(call: Call) -> Answer {
    let form = "accepted, filtered, duplicate, rejected, skipped or queued";
    let status = call.query.word("status", form)?;
    ok(&call
        .app
        .triggers()?
        .firings(id(&call)?, status, &call.page()?)?)
}

pub(in crate::api) async fn firing(call: Call) -> Answer {
    let firing = call.id("firing_id", "firing")?;
    ok(&call.app.triggers()?.firing(id(&call)?, firing)?)
}

pub(in crate::api) async fn replay(call: Call) -> Answer {
    let (id, firing): (_, FiringId) = (id(&call)?, call.id("firing_id", "firing")?);
    let body: Switch = call.json()?;
    let details = json!({ "firing": firing, "reason": call.said(body.reason) });
    let by = by(&call, "trigger.replay", id, details)?;
    let firing = call.app.triggers()?.replay(id, firing, by).await?;
    Reply::json(StatusCode::ACCEPTED, &firing)
}

/// The most times that are shown at once.
const MOST_NEXT: usize = 1_000;

fn count(call: &Call) -> Result<usize, Problem> {
    let form = "a number from 1 to 1000";
    let count: usize = call.query.read("n", form)?.unwrap_or(5);
    check_count(count)
}

fn check_count(count: usize) -> Result<usize, Problem> {
    if (1..=MOST_NEXT).contains(&count) {
        return Ok(count);
    }
    Err(Problem::bad_request(
        "bad_query",
        "`n` is a number from 1 to 1000.",
        "Ask for the next ones with `from`.",
    ))
}

pub(in crate::api) async fn next(call: Call) -> Answer {
    let from = call.query.read("from", "an RFC 3339 time")?;
    let items = call
        .app
        .triggers()?
        .upcoming(id(&call)?, from, count(&call)?)?;
    ok(&json!({ "items": items }))
}

/// A schedule that is looked at before it is stored.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Preview {
    /// The schedule as a document writes it.
    pub(in crate::api) schedule: Schedule,
    /// Strictly after this time; now when left out.
    #[serde(default)]
    pub(in crate::api) from: Option<Timestamp>,
    /// How many; 5 when left out.
    #[serde(default)]
    pub(in crate::api) n: Option<usize>,
}

pub(in crate::api) async fn preview(call: Call) -> Answer {
    let body: Preview = call.json()?;
    let n = check_count(body.n.unwrap_or(5))?;
    let wrong = |findings| {
        Problem::unprocessable(
            "bad_schedule",
            "The schedule is wrong.",
            "The findings say what and where.",
        )
        .findings(findings)
    };
    let table = Timetable::compile(&body.schedule).map_err(wrong)?;
    let from = body.from.unwrap_or_else(clock::now);
    ok(&json!({ "items": table.preview(from, n) }))
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
    pub(in crate::api) reason: Option<Spoken>,
}

pub(in crate::api) async fn fire(call: Call) -> Answer {
    let id = id(&call)?;
    let body: Fire = call.json()?;
    let details = json!({ "reason": call.said(body.reason) });
    let by = by(&call, "trigger.fire", id, details)?;
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
    pub(in crate::api) reason: Option<Spoken>,
}

pub(in crate::api) async fn pause(call: Call) -> Answer {
    let id = id(&call)?;
    let body: Switch = call.json()?;
    let reason = call.said(body.reason);
    let by = by(&call, "trigger.pause", id, json!({ "reason": reason }))?;
    ok(&call.app.triggers()?.pause(id, reason, by).await?)
}

pub(in crate::api) async fn resume(call: Call) -> Answer {
    let id = id(&call)?;
    let body: Switch = call.json()?;
    let by = by(
        &call,
        "trigger.resume",
        id,
        json!({ "reason": call.said(body.reason) }),
    )?;
    ok(&call.app.triggers()?.resume(id, by).await?)
}

pub(in crate::api) async fn backfill(call: Call) -> Answer {
    let id = id(&call)?;
    let body: BackfillRequest = call.json()?;
    let details = json!({ "from": body.from, "to": body.to, "label": body.label });
    let by = by(&call, "trigger.backfill", id, details)?;
    let backfill = call.app.triggers()?.backfill(id, body, by).await?;
    Reply::json(StatusCode::ACCEPTED, &backfill)
}

pub(in crate::api) async fn backfills(call: Call) -> Answer {
    ok(&call.app.triggers()?.backfills(id(&call)?, &call.page()?)?)
}

pub(in crate::api) async fn read_backfill(call: Call) -> Answer {
    let backfill = call.id("backfill_id", "backfill")?;
    ok(&call.app.triggers()?.backfill_of(id(&call)?, backfill)?)
}

/// How a backfill is stopped.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Stop {
    /// Why.
    #[serde(default)]
    pub(in crate::api) reason: Option<Spoken>,
    /// Whether its runs that go are canceled, too.
    #[serde(default)]
    pub(in crate::api) runs: bool,
}

pub(in crate::api) async fn cancel_backfill(call: Call) -> Answer {
    let id = id(&call)?;
    let backfill: BackfillId = call.id("backfill_id", "backfill")?;
    let body: Stop = call.json()?;
    let reason = call.said(body.reason);
    let details = json!({ "backfill": backfill, "reason": reason, "runs": body.runs });
    let by = by(&call, "trigger.backfill_cancel", id, details)?;
    let stopped = call
        .app
        .triggers()?
        .cancel_backfill(id, backfill, reason, body.runs, by)
        .await?;
    Reply::json(StatusCode::ACCEPTED, &stopped)
}
