//! Who is told of events over HTTP.

use super::super::{
    answer::Reply,
    call::{Call, ok},
    route::Answer,
};
use super::triggers::Switch;
use crate::service::Problem;
use crate::service::audit::Audited;
use crate::trigger::{By, NewSubscription};
use druse_engine::SubscriptionId;
use druse_storage::{Batch, SubscriptionStatus};
use http::StatusCode;
use serde_json::{Value, json};

fn id(call: &Call) -> Result<SubscriptionId, Problem> {
    call.id("id", "subscription")
}

fn by(call: &Call, action: &str, subject: &dyn ToString, details: Value) -> By {
    By {
        user: call.who.user(),
        idempotency: call.claim.clone(),
        extra: Batch::new().audited(&call.who, action, subject, details),
    }
}

pub(in crate::api) async fn list(call: Call) -> Answer {
    let all = call.app.triggers()?.subscriptions();
    ok(&call.page()?.cut(all, |view| view.id.to_string()))
}

pub(in crate::api) async fn create(call: Call) -> Answer {
    let new: NewSubscription = call.json()?;
    let details = json!({ "types": new.types, "url": new.url, "connection": new.connection });
    let by = by(&call, "subscription.create", &new.name, details);
    let view = call.app.triggers()?.subscribe(new, by).await?;
    Reply::json(StatusCode::CREATED, &view)
}

pub(in crate::api) async fn read(call: Call) -> Answer {
    ok(&call.app.triggers()?.subscription(id(&call)?)?)
}

pub(in crate::api) async fn remove(call: Call) -> Answer {
    let id = id(&call)?;
    let by = by(&call, "subscription.delete", &id, json!({}));
    call.app.triggers()?.unsubscribe(id, by).await?;
    Ok(Reply::empty())
}

pub(in crate::api) async fn pause(call: Call) -> Answer {
    switch(call, SubscriptionStatus::Paused, "subscription.pause").await
}

pub(in crate::api) async fn resume(call: Call) -> Answer {
    switch(call, SubscriptionStatus::Active, "subscription.resume").await
}

async fn switch(call: Call, status: SubscriptionStatus, action: &str) -> Answer {
    let id = id(&call)?;
    let body: Switch = call.json()?;
    let reason = call.said(body.reason);
    let by = by(&call, action, &id, json!({ "reason": reason }));
    let triggers = call.app.triggers()?;
    ok(&triggers.switch_subscription(id, status, reason, by).await?)
}

pub(in crate::api) async fn deliveries(call: Call) -> Answer {
    ok(&call.app.triggers()?.deliveries(id(&call)?, &call.page()?)?)
}

pub(in crate::api) async fn retry(call: Call) -> Answer {
    let (id, event) = (id(&call)?, call.id("event_id", "event")?);
    let by = by(&call, "subscription.retry", &id, json!({ "event": event }));
    let again = call.app.triggers()?.send_again(id, event, by).await?;
    Reply::json(StatusCode::ACCEPTED, &again)
}
