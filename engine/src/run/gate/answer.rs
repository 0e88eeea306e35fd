//! What the answers of people at a gate do, and what becomes of it without one.

use super::super::scope::Place;
use super::super::state::{GateState, Phase, State};
use super::super::time::later;
use super::super::{GateStatus, Rejected};
use super::difference::{MOST_ROUNDS, changes};
use super::request::people;
use crate::definition::FailureClass;
use crate::event::{Decision, Failure, RunEvent, Verdict};
use crate::plan::{Plan, PlannedStep};
use crate::{ApprovalId, Json, Timestamp};
use serde_json::json;

/// The gate of an approval, while it asks.
fn pending(state: &State, approval: ApprovalId) -> Result<(Place, &GateState), Rejected> {
    if let Some(gate) = state.closed.get(&approval) {
        return Err(Rejected::AlreadyDecided {
            status: gate.status,
        });
    }
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
    Ok((place, gate))
}

/// The fact that a person's answer makes.
pub(in crate::run) fn decide(
    state: &State,
    plan: &Plan,
    approval: ApprovalId,
    decision: &Decision,
    now: Timestamp,
) -> Result<RunEvent, Rejected> {
    let (place, gate) = pending(state, approval)?;
    let planned = state.planned(plan, place);
    // An answer at the moment of expiry or later comes too late, whoever is handled first; unless that
    // moment only asks others, too.
    if gate.expires_at.is_some_and(|end| end <= now) && !escalates(planned, gate) {
        let status = match approves_on_timeout(planned) {
            true => GateStatus::Approved,
            false => GateStatus::Expired,
        };
        return Err(Rejected::AlreadyDecided { status });
    }
    if gate.decisions.iter().any(|known| known.by == decision.by) {
        return Err(Rejected::AlreadyVoted {
            by: decision.by.clone(),
        });
    }
    let comment = decision.comment.as_deref().unwrap_or_default();
    if decision.decision != Verdict::Approve && comment.trim().is_empty() {
        return Err(Rejected::CommentNeeded);
    }
    let step = state.path(plan, place);
    let decision = decision.clone();
    if decision.decision == Verdict::SendBack {
        cannot_send_back(state, plan, place).map_or(Ok(()), |why| {
            Err(Rejected::CannotSendBack { why: why.into() })
        })?;
        return Ok(RunEvent::ApprovalSentBack { step, decision });
    }
    // A refusal lets nothing through: it counts whatever has changed.
    if decision.decision == Verdict::Approve {
        let changes = changes(state, plan, place, &gate.request);
        if !changes.is_empty() {
            return Err(Rejected::ApprovalChanged { changes });
        }
    }
    Ok(RunEvent::ApprovalDecided { step, decision })
}

/// Why a gate that asks cannot be sent back, if it cannot.
pub(in crate::run) fn cannot_send_back(
    state: &State,
    plan: &Plan,
    place: Place,
) -> Option<&'static str> {
    let planned = state.planned(plan, place);
    let Some(back) = planned
        .gate
        .as_ref()
        .and_then(|gate| gate.send_back.as_ref())
    else {
        return Some("this gate names no step that it sends back to");
    };
    let step = state.step(place);
    if step.sent_back >= back.rounds || state.rounds >= MOST_ROUNDS {
        return Some("this gate was sent back as often as it may be: approve or reject");
    }
    if state.scopes[place.scope].close.is_some() {
        return Some("what this gate belongs to is ending");
    }
    let over = |step: &usize| {
        let step = Place {
            step: *step,
            ..place
        };
        state.step(step).phase == Phase::Over
    };
    if !back.again.iter().all(over) {
        return Some("steps before this gate are not over");
    }
    None
}

/// The fact that others are asked.
pub(in crate::run) fn reassign(
    state: &State,
    plan: &Plan,
    approval: ApprovalId,
    approvers: &[String],
    by: &str,
    reason: Option<&String>,
) -> Result<RunEvent, Rejected> {
    let (place, _) = pending(state, approval)?;
    let names = |who: &String| {
        let kinds = ["user:", "role:"];
        let rest = kinds.iter().find_map(|kind| who.strip_prefix(kind));
        rest.is_some_and(|name| !name.is_empty())
    };
    if approvers.is_empty() || !approvers.iter().all(names) {
        return Err(Rejected::BadApprovers {
            why: "an approval is given to `user:<name>` and `role:<role>`, at least one".into(),
        });
    }
    Ok(RunEvent::ApprovalReassigned {
        step: state.path(plan, place),
        approvers: approvers.to_vec(),
        by: by.to_owned(),
        reason: reason.cloned(),
    })
}

/// The fact that somebody was told, or could not be.
pub(in crate::run) fn notified(
    state: &State,
    plan: &Plan,
    approval: ApprovalId,
    told: (u32, u32, u32),
    failure: Option<&Failure>,
) -> Result<RunEvent, Rejected> {
    let (notice, index, attempts) = told;
    let place = *state
        .approvals
        .get(&approval)
        .ok_or(Rejected::UnknownApproval)?;
    let open = |gate: &GateState| gate.untold.contains(&(notice, index));
    if !state.step(place).gate.as_deref().is_some_and(open) {
        return Err(Rejected::StaleAttempt);
    }
    Ok(RunEvent::ApprovalNotified {
        step: state.path(plan, place),
        notice,
        index,
        attempts,
        failure: failure.cloned(),
    })
}

/// What the end of a gate's time makes.
pub(in crate::run) fn expire(state: &State, plan: &Plan, place: Place, now: Timestamp) -> RunEvent {
    let step = state.path(plan, place);
    let planned = state.planned(plan, place);
    let Some(gate) = state.step(place).gate.as_ref() else {
        return RunEvent::ApprovalExpired { step };
    };
    if !escalates(planned, gate) {
        return RunEvent::ApprovalExpired { step };
    }
    let values = state.values(place.scope);
    let others = planned.with.render_entry("escalate_to", &values);
    let others = others.ok().flatten().unwrap_or_default();
    let Ok(others) = people(others.value(), "escalate_to") else {
        return RunEvent::ApprovalExpired { step };
    };
    let mut approvers = gate.approvers.clone();
    for other in others {
        if !approvers.contains(&other) {
            approvers.push(other);
        }
    }
    let span = gate
        .request
        .expires_at
        .map(|end| end.since(gate.requested_at));
    RunEvent::ApprovalEscalated {
        step,
        approvers,
        expires_at: span.map(|span| later(now, span)),
    }
}

fn on_timeout(step: &PlannedStep) -> Option<&str> {
    step.written.with.as_ref()?.get("on_timeout")?.as_str()
}

/// Whether the end of a gate's time asks others, too.
fn escalates(step: &PlannedStep, gate: &GateState) -> bool {
    !gate.escalated && on_timeout(step) == Some("escalate")
}

/// Whether the gate counts as approved when nobody answers in time.
pub(in crate::run) fn approves_on_timeout(step: &PlannedStep) -> bool {
    on_timeout(step) == Some("approve")
}

/// What a decided gate gives: the answer that decided it.
pub(in crate::run) fn output(decision: &Decision) -> Json {
    json!({
        "decision": decision.decision,
        "by": decision.by,
        "comment": decision.comment,
        "fields": decision.fields,
    })
    .into()
}

/// What a gate gives whose time ran out: nobody answered.
pub(in crate::run) fn expired(approve: bool) -> Json {
    let verdict = if approve {
        Verdict::Approve
    } else {
        Verdict::Reject
    };
    json!({ "decision": verdict, "by": null, "comment": null, "fields": null }).into()
}

/// The failure that a refused gate is to what does not handle it.
pub(in crate::run) fn refusal(state: &State, plan: &Plan, place: Place) -> Failure {
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
