//! Webhooks: the raw delivery goes to its trigger, which verifies it before anything else looks at it.

use super::super::{answer::Reply, call::Call, route::Answer};
use super::events::headers;
use crate::service::Problem;
use http::{HeaderName, StatusCode, header};

pub(in crate::api) async fn deliver(call: Call) -> Answer {
    let triggers = call.app.triggers()?;
    let answer = triggers
        .receive(
            call.param("token"),
            "POST",
            &call.query_text,
            &headers(&call),
            &call.body,
        )
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
