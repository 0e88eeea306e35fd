//! Webhooks: the raw delivery goes to its trigger, which verifies it before anything else looks at it.

use super::super::{answer::Reply, call::Call, route::Answer};
use super::events::headers;
use crate::service::Problem;
use crate::trigger::Incoming;
use http::{HeaderName, StatusCode, header};

pub(in crate::api) async fn deliver(call: Call) -> Answer {
    let triggers = call.app.triggers()?;
    let answer = triggers
        .receive(Incoming {
            token: call.param("token"),
            query: &call.query_text,
            headers: &headers(&call),
            body: &call.body,
            sender: call.sender,
            gone: &call.gone,
        })
        .await?;
    let status = StatusCode::from_u16(answer.status).map_err(|error| Problem::internal(&error))?;
    // A text under a content type of the trigger's own is sent as it is; everything else is JSON.
    let typed = answer
        .headers
        .iter()
        .any(|(name, _)| name == header::CONTENT_TYPE.as_str());
    let mut reply = match answer.body {
        serde_json::Value::String(text) if typed => Reply::of(status, "text/plain", text),
        body => Reply::json(status, &body)?,
    };
    for (name, value) in &answer.headers {
        let name =
            HeaderName::try_from(name.as_str()).map_err(|error| Problem::internal(&error))?;
        reply.headers.retain(|(known, _)| *known != name);
        reply = reply.with(name, value);
    }
    Ok(reply)
}

/// A sender that subscribes is given its challenge back, as a text that no browser takes for a page.
pub(in crate::api) async fn challenge(call: Call) -> Answer {
    let triggers = call.app.triggers()?;
    let challenge = triggers.challenge(call.param("token"), &call.query_text)?;
    Ok(Reply::of(
        StatusCode::OK,
        "text/plain; charset=utf-8",
        challenge,
    ))
}

/// A sender of events asks whether its deliveries are wanted.
pub(in crate::api) async fn options(call: Call) -> Answer {
    let triggers = call.app.triggers()?;
    let granted = triggers.allowed_origin(call.param("token"), &headers(&call))?;
    let mut reply = Reply::empty().with(header::ALLOW, "GET, OPTIONS, POST");
    reply.status = StatusCode::OK;
    for (name, value) in granted {
        reply = reply.with(HeaderName::from_static(name), &value);
    }
    Ok(reply)
}
