//! Approvals: the inbox and decisions.

use super::super::{
    call::{Call, ok},
    route::Answer,
    spoken::{Spoken, SpokenValue},
};
use crate::runtime::clock;
use crate::service::{ApprovalView, DecisionRequest, Problem, Role};
use druse_engine::event::Verdict;
use druse_engine::{ApprovalId, Digest, RunId};
use druse_storage::{Approval, ApprovalStatus, StoreExt};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

pub(in crate::api) async fn list(call: Call) -> Answer {
    let status: Option<ApprovalStatus> = call.query.word(
        "status",
        "pending, approved, rejected, expired, canceled, sent_back or void",
    )?;
    let run: Option<RunId> = call.query.read("run_id", "the id of a run")?;
    let can_decide: Option<bool> = call.query.read("can_decide", "true or false")?;
    let answer = call
        .page()?
        .list(&*call.app.store, "", true, |row: Approval| {
            let fits = status.is_none_or(|status| row.status == status)
                && run.is_none_or(|run| row.run == run);
            if !fits {
                return Ok(None);
            }
            let view = told(&call, row.try_into()?);
            let fits = can_decide.is_none_or(|can| view.can_decide == can);
            Ok(fits.then_some(view))
        })?;
    ok(&answer)
}

pub(in crate::api) async fn read(call: Call) -> Answer {
    let id: ApprovalId = call.id("id", "approval")?;
    ok(&view(&call, id)?)
}

fn view(call: &Call, id: ApprovalId) -> Result<ApprovalView, Problem> {
    Ok(told(call, row(call, id)?.try_into()?))
}

/// With what it belongs to, and whether whoever asks can decide it. What cannot be read of its run hides neither it
/// nor those beside it.
fn told(call: &Call, mut view: ApprovalView) -> ApprovalView {
    let run = call.app.store.run_head(view.run_id).ok().flatten();
    view.automation_name = run.map(|run| run.name.clone());
    let role = Role::Approver;
    view.why_not = match call.who.role >= role {
        true => call
            .app
            .engine
            .why_not(&view, &call.who)
            .map(|why| why.to_string()),
        false => Some(format!("Deciding needs the role {}.", role.name())),
    };
    view.can_decide = view.why_not.is_none();
    view
}

fn row(call: &Call, id: ApprovalId) -> Result<Approval, Problem> {
    let row: Option<Approval> = call.app.store.get(&id.to_string())?;
    row.ok_or_else(|| Problem::not_found("approval"))
}

/// A person's answer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct DecisionBody {
    /// approve, reject or send_back.
    pub(in crate::api) decision: Verdict,
    /// Why.
    #[serde(default)]
    pub(in crate::api) comment: Option<Spoken>,
    /// The form's values.
    #[serde(default)]
    pub(in crate::api) fields: Option<SpokenValue>,
    /// The digest of the approval as it was read.
    #[schemars(with = "String")]
    pub(in crate::api) digest: Value,
}

pub(in crate::api) async fn decide(call: Call) -> Answer {
    let id: ApprovalId = call.id("id", "approval")?;
    if call.made.is_some() {
        return ok(&view(&call, id)?);
    }
    let body: DecisionBody = call.json()?;
    // What is no digest at all cannot be the one that was shown.
    let digest: Digest = serde_json::from_value(body.digest).map_err(|_| {
        Problem::unprocessable(
            "bad_body",
            "`digest` is a text.",
            "Send back the `digest` that the approval shows.",
        )
    })?;
    let hidden = call.hidden_of(row(&call, id)?.run);
    let comment = hidden.said(body.comment);
    let details = json!({ "decision": body.decision, "comment": comment });
    let extra = call.app.audit(&call.who, "approval.decide", &id, details)?;
    let request = DecisionRequest {
        decision: body.decision,
        comment,
        fields: hidden.filled(body.fields),
        digest,
        idempotency: call.claim.clone(),
        extra,
    };
    let decided = call.app.engine.decide(id, &call.who, request).await;
    let decided = decided.map_err(|refused| call.placed(refused, "bad_fields", "/fields"))?;
    ok(&told(&call, decided))
}

/// Who is asked from now on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct ReassignBody {
    /// `user:<name>` or `role:<role>`, at least one.
    pub(in crate::api) approvers: Vec<String>,
    /// Why.
    #[serde(default)]
    pub(in crate::api) reason: Option<Spoken>,
}

pub(in crate::api) async fn reassign(call: Call) -> Answer {
    let id: ApprovalId = call.id("id", "approval")?;
    if call.made.is_some() {
        return ok(&view(&call, id)?);
    }
    let body: ReassignBody = call.json()?;
    let hidden = call.hidden_of(row(&call, id)?.run);
    let reason = hidden.said(body.reason);
    let details = json!({ "approvers": body.approvers, "reason": reason });
    let extra = call
        .app
        .audit(&call.who, "approval.reassign", &id, details)?;
    let extra = match &call.claim {
        Some(claim) => extra.put(&claim.row(json!({ "approval": id }), clock::now())),
        None => extra,
    };
    let engine = &call.app.engine;
    let view = engine.reassign(id, &call.who, body.approvers, reason, extra);
    ok(&told(&call, view.await?))
}
