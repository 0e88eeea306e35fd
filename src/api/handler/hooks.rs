//! Webhooks: verified on their raw bytes, then a run.

use super::super::{
    answer::Reply,
    call::{Call, ok},
    route::Answer,
};
use super::events::headers;
use crate::runtime::clock;
use crate::service::firing::{Occurrence, definition_of};
use crate::service::{Problem, RunView};
use druse_engine::event::Status;
use druse_engine::expression::{RunFacts, StepValue, Template, Values};
use druse_engine::{Json, RequestId};
use druse_storage::{FiringStatus, HookAddress, StoreExt, Trigger, TriggerStatus};
use druse_triggers::Verifier;
use druse_triggers::webhook::{Request, Respond, RespondKind};
use http::{HeaderName, StatusCode};
use serde_json::json;
use std::sync::Arc;

pub(in crate::api) async fn deliver(call: Call) -> Answer {
    let unknown = || Problem::not_found("webhook");
    let digest = druse_triggers::address::digest(call.param("token")).ok_or_else(unknown)?;
    let address: HookAddress = call.app.store.get(digest.as_str())?.ok_or_else(unknown)?;
    let row: Trigger = call
        .app
        .store
        .get(&address.trigger.to_string())?
        .ok_or_else(unknown)?;
    if row.status != TriggerStatus::Active {
        return Err(unknown());
    }
    let webhook = definition_of(&row)?.webhook.ok_or_else(unknown)?;
    let broken = |findings| {
        Problem::unprocessable(
            "trigger_wrong",
            "The trigger cannot be read.",
            "Put the automation right and activate it again.",
        )
        .findings(findings)
    };
    let verifier = Verifier::parse(&webhook.verify).map_err(broken)?;
    let respond = Respond::compile(&webhook).map_err(broken)?;
    let headers = headers(&call);
    let secrets: Vec<_> = verifier
        .secret_names()
        .iter()
        .filter_map(|name| call.app.secrets.get(name))
        .collect();
    let keys: Vec<&[u8]> = secrets
        .iter()
        .map(|secret| secret.expose().as_bytes())
        .collect();
    let delivery = verifier
        .verify(&headers, &call.body, &keys, clock::now())
        .map_err(|_| {
            tracing::warn!(trigger = %row.id, "a delivery could not be verified");
            Problem::new(
                StatusCode::UNAUTHORIZED,
                "not_verified",
                "The delivery could not be verified.",
                "Check the secret and the clock of the sender.",
            )
        })?;
    let query = call.query_text.clone();
    let request = Request {
        method: "POST",
        query: &query,
        headers: &headers,
        body: &call.body,
    };
    let trigger = request.trigger(&delivery).map_err(|error| {
        Problem::bad_request(
            "unreadable",
            format!("The delivery cannot be read: {error}."),
            "Send JSON, a form or text in UTF-8.",
        )
    })?;
    let trigger = Json::from(trigger);
    let key = match delivery.id {
        Some(id) => format!("id:{id}"),
        None => clock::new_id(RequestId::from_parts).to_string(),
    };
    let came = Occurrence {
        key,
        trigger: trigger.clone(),
        kind: "webhook",
        scheduled_at: None,
    };
    let fired = call.app.fire(&row, came).await?;
    let Some(run) = fired.run else {
        return match fired.status {
            FiringStatus::Rejected => Err(Problem::unprocessable(
                "rejected",
                fired.reason.unwrap_or_default(),
                "The firings of the trigger have this delivery.",
            )),
            _ => Reply::json(
                StatusCode::ACCEPTED,
                &json!({ "run_id": null, "firing_id": fired.firing, "reason": fired.reason }),
            ),
        };
    };
    if !respond.waits() {
        return Reply::json(StatusCode::ACCEPTED, &json!({ "run_id": run }));
    }
    let run = call.app.engine.wait(run, respond.timeout.0).await?;
    if !run.is_over() {
        let location = format!("/api/v1/runs/{}", run.id);
        return Reply::json(
            StatusCode::ACCEPTED,
            &json!({ "run_id": run.id, "location": location }),
        );
    }
    match respond.kind {
        RespondKind::Custom {
            status,
            headers,
            body,
        } => custom(&run, trigger, status.as_ref(), headers.as_ref(), &body),
        RespondKind::Accepted | RespondKind::Result if run.status == Status::Succeeded => {
            ok(&run.outputs.unwrap_or_else(|| json!({}).into()))
        }
        RespondKind::Accepted | RespondKind::Result => Err(failed(&run)),
    }
}

fn failed(run: &RunView) -> Problem {
    let message = match &run.error {
        Some(error) => format!("The run {} did not succeed: {}", run.id, error.message),
        None => format!("The run {} ended {}.", run.id, run.status.name()),
    };
    Problem::unprocessable("run_failed", message, "The run's history says more.")
}

fn custom(
    run: &RunView,
    trigger: Json,
    status: Option<&Template>,
    headers: Option<&Template>,
    body: &Template,
) -> Answer {
    let steps = run.steps.as_deref().unwrap_or_default();
    let names = steps
        .iter()
        .enumerate()
        .map(|(index, step)| (step.id.clone(), index))
        .collect();
    let facts = RunFacts {
        id: run.id,
        started_at: run.started_at.unwrap_or(run.created_at),
        scheduled_at: None,
    };
    let mut values = Values::new(run.inputs.clone(), trigger, facts, Arc::new(names));
    for (index, step) in steps.iter().enumerate() {
        values.steps[index] = StepValue {
            status: Some(step.status),
            output: step.output.clone(),
            error: None,
        };
    }
    let values = Arc::new(values);
    let render = |template: &Template| {
        template.render_output(&values).map_err(|error| {
            Problem::unprocessable("bad_answer", error.message, "Put `respond` right.")
        })
    };
    let status = status
        .map(render)
        .transpose()?
        .and_then(|status| u16::try_from(status.value().as_u64()?).ok())
        .and_then(|status| StatusCode::from_u16(status).ok())
        .filter(|status| !status.is_informational())
        .unwrap_or(StatusCode::OK);
    let rendered = render(body)?;
    let mut reply = match rendered.value().as_str() {
        Some(text) => Reply::of(status, "text/plain; charset=utf-8", text.to_owned()),
        None => Reply::json(status, &rendered)?,
    };
    if let Some(headers) = headers.map(render).transpose()? {
        for (name, value) in headers.value().as_object().into_iter().flatten() {
            let Ok(name) = HeaderName::try_from(name.as_str()) else {
                continue;
            };
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            if ["content-length", "transfer-encoding", "connection"].contains(&name.as_str()) {
                continue;
            }
            reply.headers.retain(|(known, _)| *known != name);
            reply = reply.with(name, &text);
        }
    }
    Ok(reply)
}
