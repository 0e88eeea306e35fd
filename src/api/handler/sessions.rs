//! Recordings of both kinds, and their way to an automation.

use super::super::{
    answer::Reply,
    call::{Call, Made, ok},
    route::Answer,
};
use crate::service::audit::Audited;
use crate::service::automation::tag;
use crate::service::sessions::{CrystallizeRequest, SessionView};
use crate::service::{App, Problem};
use druse_crystallizer::{SessionKind, SessionStatus};
use druse_engine::Timestamp;
use druse_storage::{Batch, StoredSession};
use http::StatusCode;
use serde_json::json;

fn kind(call: &Call) -> SessionKind {
    if call.path.starts_with("/api/v1/chat/") {
        SessionKind::ChatThread
    } else {
        SessionKind::AgentRun
    }
}

fn id(call: &Call) -> &str {
    match kind(call) {
        SessionKind::AgentRun => call.param("run_id"),
        SessionKind::ChatThread => call.param("thread_id"),
    }
}

pub(in crate::api) async fn store(call: Call) -> Answer {
    let (batch, mut views) = call
        .app
        .import(&call.who, kind(&call), call.body.clone())
        .await?;
    let answer = if views.len() == 1 {
        json!(views.remove(0))
    } else {
        json!({ "items": views })
    };
    let answer = Made {
        status: StatusCode::CREATED,
        headers: Vec::new(),
        body: &answer,
    };
    let batch = call.claim_answer(batch, &answer);
    call.app.commit(batch).await?;
    answer.reply()
}

pub(in crate::api) async fn list(call: Call) -> Answer {
    let kind = kind(&call);
    let status: Option<SessionStatus> = match call.query.get("status") {
        Some("unknown") => None,
        _ => call
            .query
            .word("status", "succeeded, failed, canceled or unknown")?,
    };
    let unknown = call.query.get("status") == Some("unknown");
    let agent = call.query.get("agent");
    let text = call
        .query
        .get("text")
        .or(call.query.get("q"))
        .map(str::to_lowercase);
    let since: Option<Timestamp> = call.query.read("since", "an RFC 3339 time")?;
    let until: Option<Timestamp> = call.query.read("until", "an RFC 3339 time")?;
    let answer = call
        .page()?
        .list(&*call.app.store, "", true, |row: StoredSession| {
            let says = |field: &Option<String>, text: &str| {
                field
                    .as_ref()
                    .is_some_and(|field| field.to_lowercase().contains(text))
            };
            let fits = row.kind == kind
                && status.is_none_or(|status| row.status == Some(status))
                && (!unknown || row.status.is_none())
                && agent.is_none_or(|agent| row.agent.as_deref() == Some(agent))
                && text.as_ref().is_none_or(|text| {
                    [&row.goal, &row.agent, &row.said]
                        .iter()
                        .any(|field| says(field, text))
                })
                && since.is_none_or(|since| row.created_at >= since)
                && until.is_none_or(|until| row.created_at < until);
            Ok(fits.then(|| SessionView::from(row)))
        })?;
    ok(&answer)
}

pub(in crate::api) async fn read(call: Call) -> Answer {
    let row = call.app.session_row(kind(&call), id(&call))?;
    let store = call.app.store.clone();
    let answer = call
        .app
        .off_thread(move || {
            let session = App::session(&*store, &row)?;
            let mut answer =
                serde_json::to_value(&session).map_err(|error| Problem::internal(&error))?;
            // The normal form, and on top of it what lists show.
            if let (Some(answer), Ok(serde_json::Value::Object(view))) = (
                answer.as_object_mut(),
                serde_json::to_value(SessionView::from(row)),
            ) {
                answer.extend(view);
            }
            Ok(answer)
        })
        .await?;
    ok(&answer)
}

pub(in crate::api) async fn remove(call: Call) -> Answer {
    let row = call.app.session_row(kind(&call), id(&call))?;
    let batch = Batch::new()
        .remove::<StoredSession>(row.id.to_string())
        .audited(
            &call.who,
            "session.delete",
            &row.id,
            json!({ "digest": row.recording }),
        );
    call.app.commit(batch).await?;
    call.app.keeper.file_let_go();
    Ok(Reply::empty())
}

pub(in crate::api) async fn recurring(call: Call) -> Answer {
    ok(&call.app.recurring().await?)
}

pub(in crate::api) async fn crystallize(call: Call) -> Answer {
    let request: CrystallizeRequest = call.json()?;
    let _edits = call.app.edits.lock().await;
    if let Some(into) = &request.into
        && call.header("if-match").is_some()
    {
        call.if_match(Some(&tag(&call.app.automation(into)?)))?;
    }
    let change = call
        .app
        .crystallized(&call.who, kind(&call), id(&call), request)
        .await?;
    super::automations::done(&call, change, StatusCode::CREATED).await
}
