//! What a person found out of an uncertain step.

use super::super::{
    answer::Reply,
    call::Call,
    route::Answer,
    spoken::{Spoken, SpokenValue},
};
use crate::service::{Problem, ResolveRequest};
use druse_engine::RunId;
use druse_engine::run::Resolution;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What is known by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::api) enum Found {
    /// It happened: the run goes on with `output`.
    Happened,
    /// It did not happen: the step starts again, with the same idempotency key.
    Again,
    /// It is given up: the step fails with `message`.
    Failed,
}

/// What became of an uncertain step.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct ResolveBody {
    /// The step, by its path in the run (`each_invoice[3].pay`).
    step: String,
    /// What is known by now.
    found: Found,
    /// What later steps read as its output; only with `happened`. Left out: null.
    #[serde(default)]
    output: Option<SpokenValue>,
    /// Why it is given up; only with `failed`.
    #[serde(default)]
    message: Option<Spoken>,
    /// How it is known.
    #[serde(default)]
    reason: Option<Spoken>,
}

pub(in crate::api) async fn resolve(call: Call) -> Answer {
    let id: RunId = call.id("id", "run")?;
    if call.made.is_some() {
        let run = call.app.run_view(id).await?;
        return Reply::json(StatusCode::ACCEPTED, &run);
    }
    let body: ResolveBody = call.json()?;
    let misplaced = match body.found {
        Found::Happened => body.message.is_some().then_some("message"),
        Found::Again if body.message.is_some() => Some("message"),
        Found::Again | Found::Failed => body.output.is_some().then_some("output"),
    };
    if let Some(field) = misplaced {
        return Err(Problem::unprocessable(
            "bad_body",
            format!("`{field}` says nothing where the step is found like this."),
            "`output` goes with `happened`, `message` with `failed`.",
        ));
    }
    let hidden = call.hidden_of(id);
    let resolution = match body.found {
        Found::Happened => Resolution::Happened {
            output: hidden.given(body.output).unwrap_or_default().into(),
        },
        Found::Again => Resolution::Again,
        Found::Failed => Resolution::Failed {
            message: hidden
                .said(body.message)
                .unwrap_or_else(|| "a person found that it did not happen".into()),
        },
    };
    let reason = hidden.said(body.reason);
    let details = json!({ "step": body.step, "found": body.found, "reason": reason });
    let request = ResolveRequest {
        step: body.step,
        resolution,
        by: call.who.user(),
        reason,
        idempotency: call.claim.clone(),
        extra: call.app.audit(&call.who, "run.resolve", &id, details)?,
    };
    let run = call.app.engine.resolve(id, request).await?;
    Reply::json(StatusCode::ACCEPTED, &run)
}
