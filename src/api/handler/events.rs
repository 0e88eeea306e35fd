//! Events in the form of CloudEvents.

use super::super::{
    call::{Call, Made, ok},
    route::Answer,
};
use crate::service::Problem;
use druse_engine::EventId;
use druse_storage::Batch;
use druse_triggers::event::builtin::is_builtin;
use druse_triggers::event::{Event, Received, read};
use druse_triggers::webhook::Headers;
use http::StatusCode;
use serde_json::{Value, json};

pub(in crate::api) async fn list(call: Call) -> Answer {
    let (event_type, source) = (call.query.get("type"), call.query.get("source"));
    ok(&call
        .app
        .triggers()?
        .events(event_type, source, &call.page()?)?)
}

pub(in crate::api) async fn read_one(call: Call) -> Answer {
    let id: EventId = call.id("id", "event")?;
    ok(&call.app.triggers()?.event(id).await?)
}

pub(in crate::api) async fn take(call: Call) -> Answer {
    let received = read(&headers(&call), &call.body).map_err(|error| {
        let status = match error.code {
            "unsupported_event_format" => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "too_many_events" => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Problem::new(status, error.code, error.message, error.help)
    })?;
    let starters = vec![call.who.user()];
    let body = match received {
        Received::One(event) => {
            check_type(&event)?;
            json!(call.app.triggers()?.publish(*event, starters).await?)
        }
        Received::Batch(events) => {
            events.iter().try_for_each(check_type)?;
            let mut items = Vec::with_capacity(events.len());
            for event in events {
                items.push(
                    call.app
                        .triggers()?
                        .publish(event, starters.clone())
                        .await?,
                );
            }
            json!({ "items": items })
        }
    };
    taken(&call, &body).await
}

/// 202 with what was made, given again to whoever repeats the key. Where a crash comes between the two,
/// the events and times themselves are known, and the repetition finds what they made.
pub(super) async fn taken(call: &Call, body: &Value) -> Answer {
    let answer = Made {
        status: StatusCode::ACCEPTED,
        headers: Vec::new(),
        body,
    };
    if call.claim.is_some() {
        let batch = call.claim_answer(Batch::new(), &answer);
        call.app.commit(batch).await?;
    }
    answer.reply()
}

/// Only Druse itself says what happens inside: nobody makes others believe that a run has ended.
fn check_type(event: &Event) -> Result<(), Problem> {
    if !is_builtin(&event.event_type) {
        return Ok(());
    }
    Err(Problem::unprocessable(
        "reserved_event_type",
        format!(
            "Events of the type {} are told by Druse alone.",
            event.event_type
        ),
        "Take a name of your own, such as com.example.order.paid.",
    ))
}

/// The headers as the crate of triggers reads them; one that is no text is left out.
pub(super) fn headers(call: &Call) -> Headers {
    call.headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect()
}
