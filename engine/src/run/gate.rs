//! `approval_gate`: what is asked, and what the answers do.
//!
//! What is shown is frozen when the gate is reached, together with the inputs of the steps directly
//! behind it, and the digest covers all of it: a person decides about exactly what will run.

use super::state::{Phase, State};
use super::time::later;
use super::{GateStatus, Rejected};
use crate::definition::{FailureClass, Step};
use crate::event::{ApprovalRequest, Decision, Failure, RunEvent, Verdict};
use crate::expression::Template;
use crate::json::canonical;
use crate::plan::{ActionKind, Plan};
use crate::{ApprovalId, Digest, Json, RunId, Span, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Who may decide when a gate does not say.
const APPROVERS: &str = "role:approver";

/// The fact that a gate asks, from its rendered configuration.
pub(super) fn request(
    plan: &Plan,
    state: &State,
    index: usize,
    with: &Json,
    now: Timestamp,
) -> RunEvent {
    let step = &plan.steps[index];
    match ask(plan, state, index, with.value(), now) {
        Ok(request) => RunEvent::ApprovalRequested {
            step: step.path.clone(),
            request: Box::new(request),
        },
        Err(message) => RunEvent::StepFailed {
            step: step.path.clone(),
            failure: Failure::new(FailureClass::Permanent, "invalid_gate", message),
        },
    }
}

fn ask(
    plan: &Plan,
    state: &State,
    index: usize,
    with: &Value,
    now: Timestamp,
) -> Result<ApprovalRequest, String> {
    let step = &plan.steps[index];
    let written = written(plan, index);
    let title = match with.get("title") {
        None | Some(Value::Null) => written
            .and_then(|step| step.name.clone())
            .unwrap_or_else(|| step.path.to_string()),
        Some(value) => text(value),
    };
    let message = match with.get("message") {
        None | Some(Value::Null) => None,
        Some(value) => Some(text(value)),
    };
    let approvers = match with.get("approvers") {
        None | Some(Value::Null) => vec![APPROVERS.to_owned()],
        Some(Value::Array(list)) => list
            .iter()
            .map(|one| match one {
                Value::String(text) => Ok(text.clone()),
                _ => Err("`approvers` is a list of `user:<name>` and `role:<role>`".to_owned()),
            })
            .collect::<Result<Vec<_>, _>>()?,
        Some(_) => return Err("`approvers` is a list of `user:<name>` and `role:<role>`".into()),
    };
    if approvers.is_empty() {
        return Err("`approvers` is empty: nobody could decide".into());
    }
    let needed = match with.get("needed") {
        None | Some(Value::Null) => 1,
        Some(value) => value
            .as_u64()
            .and_then(|needed| u32::try_from(needed).ok())
            .filter(|needed| *needed > 0)
            .ok_or("`needed` is a whole number, at least 1")?,
    };
    let exclude_starter = match with.get("exclude_starter") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(exclude)) => *exclude,
        Some(_) => return Err("`exclude_starter` is true or false".into()),
    };
    let expires_at = match with.get("timeout") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(later(now, text.parse::<Span>()?)),
        Some(_) => return Err("`timeout` is a duration such as 24h".into()),
    };
    let next: Vec<Value> = step
        .dependants
        .iter()
        .map(|next| behind(plan, state, *next))
        .collect();
    let show = with.get("show").cloned().unwrap_or_default();
    let details = json!({ "show": show, "next": next });
    let fields = with.get("fields").cloned().unwrap_or_default();
    let digest = Digest::of(
        canonical(&json!({
            "version": plan.digest,
            "step": step.path,
            "title": title,
            "message": message,
            "details": details,
            "fields": fields,
            "approvers": approvers,
            "needed": needed,
            "exclude_starter": exclude_starter,
        }))
        .as_bytes(),
    );
    Ok(ApprovalRequest {
        approval: id(state.start.run, &step.path.0, state.last_seq + 1, now),
        title,
        message,
        details: details.into(),
        fields: fields.into(),
        approvers,
        needed,
        exclude_starter,
        digest,
        expires_at,
    })
}

/// A value in running text: strings as they are, everything else as JSON.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A step as the document writes it.
fn written(plan: &Plan, index: usize) -> Option<&Step> {
    let path = &plan.steps[index].path;
    plan.document.steps.iter().find(|step| *step.id == *path.0)
}

/// A step behind a gate: its rendered configuration where all that it reads is known, else as written.
fn behind(plan: &Plan, state: &State, index: usize) -> Value {
    let step = &plan.steps[index];
    let rendered = (step.kind != ActionKind::Switch && known(plan, state, &step.with))
        .then(|| step.with.render(&state.values).ok())
        .flatten();
    let with = match rendered {
        Some(json) => json.value().clone(),
        None => Value::Object(
            written(plan, index)
                .and_then(|step| step.with.clone())
                .unwrap_or_default(),
        ),
    };
    json!({ "step": step.path, "action": step.kind.name(), "with": with })
}

/// Whether every step that a template reads has ended.
fn known(plan: &Plan, state: &State, template: &Template) -> bool {
    template.expressions().iter().all(|(_, expression)| {
        expression.references().steps().all(|item| {
            item.key(0)
                .and_then(|id| plan.step(id))
                .is_some_and(|index| state.steps[index].phase == Phase::Over)
        })
    })
}

/// The id of an approval: the moment, and what tells gates of all runs apart.
fn id(run: RunId, path: &str, seq: u64, now: Timestamp) -> ApprovalId {
    let mut hash = Sha256::new();
    hash.update(run.to_string().as_bytes());
    hash.update([0]);
    hash.update(path.as_bytes());
    hash.update([0]);
    hash.update(seq.to_be_bytes());
    let bytes = hash.finalize();
    let mut random = [0u8; 10];
    random.copy_from_slice(&bytes[..10]);
    ApprovalId::from_parts(u64::try_from(now.0).unwrap_or(0), random)
}

/// The fact that a person's answer makes.
pub(super) fn decide(
    plan: &Plan,
    state: &State,
    approval: ApprovalId,
    decision: &Decision,
) -> Result<RunEvent, Rejected> {
    let (index, gate) = state
        .approvals
        .get(&approval)
        .and_then(|index| Some((*index, state.steps[*index].gate.as_ref()?)))
        .ok_or(Rejected::UnknownApproval)?;
    if gate.status != GateStatus::Pending {
        return Err(Rejected::AlreadyDecided {
            status: gate.status,
        });
    }
    if decision.decision == Verdict::SendBack {
        return Err(Rejected::NotSupportedYet {
            what: "sending an approval back",
        });
    }
    if gate.decisions.iter().any(|known| known.by == decision.by) {
        return Err(Rejected::AlreadyVoted {
            by: decision.by.clone(),
        });
    }
    Ok(RunEvent::ApprovalDecided {
        step: plan.steps[index].path.clone(),
        decision: decision.clone(),
    })
}

/// Whether the gate counts as approved when nobody answers in time.
pub(super) fn approves_on_timeout(plan: &Plan, index: usize) -> bool {
    written(plan, index)
        .and_then(|step| step.with.as_ref()?.get("on_timeout"))
        .is_some_and(|value| value == "approve")
}

/// What a decided gate gives: the answer that decided it.
pub(super) fn output(decision: &Decision) -> Json {
    json!({
        "decision": decision.decision,
        "by": decision.by,
        "comment": decision.comment,
        "fields": decision.fields,
    })
    .into()
}

/// What a gate gives whose time ran out: nobody answered.
pub(super) fn expired(approve: bool) -> Json {
    let verdict = if approve {
        Verdict::Approve
    } else {
        Verdict::Reject
    };
    json!({ "decision": verdict, "by": null, "comment": null, "fields": null }).into()
}

/// The failure of a run that ends because a gate was refused.
pub(super) fn refusal(plan: &Plan, state: &State, index: usize) -> Failure {
    let step = &plan.steps[index];
    let gate = state.steps[index].gate.as_ref();
    if gate.is_some_and(|gate| gate.status == GateStatus::Expired) {
        let message = format!("nobody answered the approval of step {} in time", step.path);
        return Failure::new(FailureClass::Permanent, "approval_expired", message);
    }
    let last = gate.and_then(|gate| gate.decisions.last());
    let by = last.map_or("somebody", |decision| decision.by.as_str());
    let message = match last.and_then(|decision| decision.comment.as_deref()) {
        Some(comment) => format!("{by} rejected step {}: {comment}", step.path),
        None => format!("{by} rejected step {}", step.path),
    };
    Failure::new(FailureClass::Permanent, "rejected", message)
}
