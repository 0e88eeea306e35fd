//! `approval_gate`: what is asked, and what the answers do.
//!
//! What is shown is frozen when the gate is reached, together with the inputs of the steps directly
//! behind it, and the digest covers all of it: a person decides about exactly what will run.

use super::scope::Place;
use super::state::State;
use super::time::later;
use super::{GateStatus, Rejected};
use crate::definition::FailureClass;
use crate::event::{ApprovalRequest, Decision, Failure, RunEvent, Status, Verdict};
use crate::expression::Template;
use crate::json::canonical;
use crate::plan::{ActionKind, Plan, PlannedStep, Times, Work};
use crate::{ApprovalId, Digest, Json, RunId, Span, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Who may decide when a gate does not say.
const APPROVERS: &str = "role:approver";

/// The fact that a gate asks, from its rendered configuration.
pub(super) fn request(
    state: &State,
    plan: &Plan,
    place: Place,
    with: &Json,
    now: Timestamp,
) -> RunEvent {
    let step = state.path(plan, place);
    match ask(state, plan, place, with.value(), now) {
        Ok(request) => RunEvent::ApprovalRequested {
            step,
            request: Box::new(request),
        },
        Err(message) => RunEvent::StepFailed {
            step,
            failure: Failure::new(FailureClass::Permanent, "invalid_gate", message),
        },
    }
}

fn ask(
    state: &State,
    plan: &Plan,
    place: Place,
    with: &Value,
    now: Timestamp,
) -> Result<ApprovalRequest, String> {
    let step = state.planned(plan, place);
    let path = state.path(plan, place);
    let title = match with.get("title") {
        None | Some(Value::Null) => {
            let name = step.written.name.clone();
            name.unwrap_or_else(|| path.to_string())
        }
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
        .map(|next| {
            let scope = place.scope;
            behind(state, plan, Place { scope, step: *next })
        })
        .collect();
    let show = with.get("show").cloned().unwrap_or_default();
    let details = json!({ "show": show, "next": next });
    let fields = with.get("fields").cloned().unwrap_or_default();
    let digest = Digest::of(
        canonical(&json!({
            "version": plan.digest,
            "step": path,
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
        approval: id(state.start.run, &path.0, state.last_seq + 1, now),
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

/// A step behind a gate: its rendered configuration where all that it reads is known, else as written. Of
/// a loop that is its items, and its body as written.
fn behind(state: &State, plan: &Plan, place: Place) -> Value {
    let step = state.planned(plan, place);
    let rendered = |template: &Template| {
        known(state, place.scope, template)
            .then(|| template.render(&state.values(place.scope)).ok())
            .flatten()
            .map(|json| json.value().clone())
    };
    let with = match &step.work {
        Work::Loop(looped) => {
            let mut written = json!({
                "for_each": step.written.for_each,
                "repeat": step.written.repeat,
                "steps": looped.body_written(plan),
            });
            if let Times::ForEach(each) = &looped.times
                && let Some(items) = rendered(&each.items)
            {
                written["for_each"]["items"] = items;
            }
            if let Some(map) = written.as_object_mut() {
                map.retain(|_, value| !value.is_null());
            }
            written
        }
        Work::Action(kind) => (*kind != ActionKind::Switch)
            .then(|| rendered(&step.with))
            .flatten()
            .unwrap_or_else(|| Value::Object(step.written.with.clone().unwrap_or_default())),
    };
    json!({ "step": state.path(plan, place), "action": step.work.name(), "with": with })
}

/// Whether every step that a template reads has ended.
fn known(state: &State, scope: usize, template: &Template) -> bool {
    let values = state.values(scope);
    template.expressions().iter().all(|(_, expression)| {
        expression.references().steps().all(|item| {
            item.key(0)
                .and_then(|id| values.step(id)?.status)
                .is_some_and(Status::is_final)
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
    state: &State,
    plan: &Plan,
    approval: ApprovalId,
    decision: &Decision,
) -> Result<RunEvent, Rejected> {
    let (place, gate) = state
        .approvals
        .get(&approval)
        .and_then(|place| Some((*place, state.step(*place).gate.as_ref()?)))
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
        step: state.path(plan, place),
        decision: decision.clone(),
    })
}

/// Whether the gate counts as approved when nobody answers in time.
pub(super) fn approves_on_timeout(step: &PlannedStep) -> bool {
    let with = step.written.with.as_ref();
    with.and_then(|with| with.get("on_timeout"))
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

/// The failure that a refused gate is to what does not handle it.
pub(super) fn refusal(state: &State, plan: &Plan, place: Place) -> Failure {
    let path = state.path(plan, place);
    let gate = state.step(place).gate.as_ref();
    if gate.is_some_and(|gate| gate.status == GateStatus::Expired) {
        let message = format!("nobody answered the approval of step {path} in time");
        return Failure::new(FailureClass::Permanent, "approval_expired", message);
    }
    let last = gate.and_then(|gate| gate.decisions.last());
    let by = last.map_or("somebody", |decision| decision.by.as_str());
    let message = match last.and_then(|decision| decision.comment.as_deref()) {
        Some(comment) => format!("{by} rejected step {path}: {comment}"),
        None => format!("{by} rejected step {path}"),
    };
    Failure::new(FailureClass::Permanent, "rejected", message)
}
