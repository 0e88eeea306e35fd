//! `approval_gate`: what is asked, and what the answers do.
//!
//! What is shown is frozen when the gate is reached, together with the inputs of the steps directly
//! behind it, and the digest covers all of it: a person decides about exactly what will run. Inputs that
//! read what is not known yet are shown as they are written (`rendered: false`) and are bound by the
//! version alone. An approval is compared with what is so at two moments: when it is given, and when a step
//! behind the gate is to begin. One that does not hold any more is refused, or void, with the difference.

use super::approvers::people;
use super::changes::{changes, may_ask_anew};
use super::scope::Place;
use super::state::{GateState, Phase, State};
use super::time::later;
use super::{GateStatus, Rejected};
use crate::definition::FailureClass;
use crate::event::{ApprovalRequest, Decision, Failure, RunEvent, Status, StepPath, Verdict};
use crate::expression::Template;
use crate::json::canonical;
use crate::plan::{ActionKind, Plan, PlannedStep, Times, Work, validator};
#[cfg(test)]
use crate::testing::{Bug, planted};
use crate::{ApprovalId, Digest, Json, RunId, Span, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

/// The most bytes of a loop's items that a gate shows one by one.
const SHOWN_ITEMS: usize = 16 * 1024;
/// How often one gate is brought to mind at most.
const MOST_REMINDERS: u32 = 1_000;
/// How often a run turns back at most.
pub(super) const MOST_ROUNDS: u32 = 1_000;
/// Where a step behind a gate shows which version of another automation it starts.
pub(super) const AUTOMATION: &str = "automation";
/// Where a gate shows which versions all that comes behind it starts.
pub(super) const AUTOMATIONS: &str = "automations";
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
    let path = state.path(plan, place);
    let asked = Asked::read(state, plan, place, with, None)?;
    let expires_at = match with.get("timeout") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(later(now, text.parse::<Span>()?)),
        Some(_) => return Err("`timeout` is a duration such as 24h".into()),
    };
    remind(with)?;
    if let Some(list) = with.get("escalate_to") {
        people(list, "escalate_to")?;
    }
    if !asked.fields.is_null()
        && let Err(message) = validator(&asked.fields)
    {
        return Err(format!("the schema of the form is not valid: {message}"));
    }
    let digest = asked.digest(plan, &path);
    Ok(ApprovalRequest {
        approval: id(state.start.run, &path.0, state.last_seq + 1, now),
        title: asked.title,
        message: asked.message,
        details: asked.details.into(),
        fields: asked.fields.into(),
        approvers: asked.approvers,
        needed: asked.needed,
        exclude_starter: asked.exclude_starter,
        digest,
        expires_at,
    })
}

/// What a gate asks, whom, and about what: all that its digest is of.
pub(super) struct Asked {
    pub(super) title: String,
    pub(super) message: Option<String>,
    pub(super) details: Value,
    pub(super) fields: Value,
    pub(super) approvers: Vec<String>,
    pub(super) needed: u32,
    pub(super) exclude_starter: bool,
}

impl Asked {
    /// From the rendered configuration. `like` are the details of an earlier request: what was not
    /// rendered there is not rendered here, so that two of them can be compared.
    pub(super) fn read(
        state: &State,
        plan: &Plan,
        place: Place,
        with: &Value,
        like: Option<&Value>,
    ) -> Result<Self, String> {
        let step = state.planned(plan, place);
        let title = match with.get("title") {
            None | Some(Value::Null) => {
                let name = plan.written(step).name.clone();
                name.unwrap_or_else(|| state.path(plan, place).to_string())
            }
            Some(value) => text(value),
        };
        let message = match with.get("message") {
            None | Some(Value::Null) => None,
            Some(value) => Some(text(value)),
        };
        let approvers = match with.get("approvers") {
            None | Some(Value::Null) => vec![APPROVERS.to_owned()],
            Some(list) => people(list, "approvers")?,
        };
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
        let next: Vec<Value> = step
            .dependants
            .iter()
            .map(|next| {
                let next = Place {
                    step: *next,
                    ..place
                };
                behind(state, plan, next, item(like, &state.path(plan, next)))
            })
            .collect();
        let show = with.get("show").cloned().unwrap_or_default();
        let mut details = json!({ "show": show, "next": next });
        // Which versions these are is said from outside, and compared for itself.
        if let Some(started) = like.and_then(|like| like.get(AUTOMATIONS)) {
            details[AUTOMATIONS] = started.clone();
        }
        Ok(Self {
            title,
            message,
            details,
            fields: with.get("fields").cloned().unwrap_or_default(),
            approvers,
            needed,
            exclude_starter,
        })
    }

    pub(super) fn digest(&self, plan: &Plan, path: &StepPath) -> Digest {
        let whole = json!({
            "version": plan.digest(),
            "step": path,
            "title": self.title,
            "message": self.message,
            "details": self.details,
            "fields": self.fields,
            "approvers": self.approvers,
            "needed": self.needed,
            "exclude_starter": self.exclude_starter,
        });
        Digest::of(canonical(&whole).as_bytes())
    }
}

/// How often a gate is brought to mind.
fn remind(with: &Value) -> Result<Option<Span>, String> {
    match with.get("remind") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => {
            let span = text.parse::<Span>()?;
            if span < Span::from_secs(1) {
                return Err("`remind` is at least 1s".into());
            }
            Ok(Some(span))
        }
        Some(_) => Err("`remind` is a duration such as 2h".into()),
    }
}

impl GateState {
    /// A gate that has just asked.
    pub(super) fn new(
        state: &State,
        plan: &Plan,
        place: Place,
        request: &ApprovalRequest,
        at: Timestamp,
    ) -> Self {
        let values = state.values(place.scope);
        let with = &state.planned(plan, place).with;
        let written = with.render_entry("remind", &values).ok().flatten();
        let remind = written.and_then(|value| {
            let with = json!({ "remind": value });
            remind(&with).ok().flatten()
        });
        let mut gate = Self {
            request: request.clone(),
            requested_at: at,
            decisions: Vec::new(),
            status: GateStatus::Pending,
            approvers: request.approvers.clone(),
            expires_at: request.expires_at,
            escalated: false,
            remind,
            remind_at: remind.map(|span| later(at, span)),
            reminders: 0,
            notices: 0,
            untold: BTreeSet::new(),
            told: Vec::new(),
        };
        gate.tell(state.planned(plan, place));
        gate
    }

    /// People are to be told of it, once more.
    pub(super) fn tell(&mut self, step: &PlannedStep) {
        let actions = step.gate.as_ref().map_or(0, |gate| gate.notify.len());
        let actions = u32::try_from(actions).unwrap_or(u32::MAX);
        self.untold
            .extend((0..actions).map(|index| (self.notices, index)));
        self.notices = self.notices.saturating_add(1);
    }

    /// It was brought to mind.
    pub(super) fn reminded(&mut self, at: Timestamp) {
        self.reminders = self.reminders.saturating_add(1);
        self.remind_at = self
            .remind
            .filter(|_| self.reminders < MOST_REMINDERS)
            .map(|span| later(at, span));
    }
}

/// A value in running text: strings as they are, everything else as JSON.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A step behind a gate: its rendered configuration where all that it reads is known, else as written;
/// `rendered` says which. Of a loop that is its items, and its body as written.
pub(super) fn behind(state: &State, plan: &Plan, place: Place, like: Option<&Value>) -> Value {
    let step = state.planned(plan, place);
    let written = match &step.work {
        Work::Loop(looped) => {
            let mut written = json!({
                "for_each": plan.written(step).for_each,
                "repeat": plan.written(step).repeat,
                "steps": looped.body_written(plan),
            });
            if let Some(map) = written.as_object_mut() {
                map.retain(|_, value| !value.is_null());
            }
            written
        }
        Work::Action(_) => Value::Object(plan.written(step).with.clone().unwrap_or_default()),
    };
    let flag = like.map(|like| like.get("rendered"));
    let as_written = match flag {
        Some(Some(flag)) => *flag == false,
        // One of before it was said which are rendered.
        Some(None) => like.is_some_and(|like| like["with"] == written),
        None => false,
    };
    let rendered = match as_written {
        true => None,
        false => rendered(state, plan, place, &written),
    };
    let mut item = json!({ "step": state.path(plan, place), "action": step.work.name() });
    if flag != Some(None) {
        item["rendered"] = rendered.is_some().into();
    }
    item["with"] = rendered.unwrap_or(written);
    if let Some(started) = like.and_then(|like| like.get(AUTOMATION)) {
        item[AUTOMATION] = started.clone();
    }
    item
}

/// What a step will do, where all that it reads is known.
fn rendered(state: &State, plan: &Plan, place: Place, written: &Value) -> Option<Value> {
    let step = state.planned(plan, place);
    let render = |template: &Template| {
        known(state, place.scope, template)
            .then(|| template.render(&state.values(place.scope)).ok())
            .flatten()
            .map(|json| json.value().clone())
    };
    match &step.work {
        Work::Loop(looped) => {
            let Times::ForEach(each) = &looped.times else {
                return None;
            };
            let mut whole = written.clone();
            whole["for_each"]["items"] = shown(render(&each.items)?);
            Some(whole)
        }
        Work::Action(ActionKind::Switch) => None,
        Work::Action(_) => render(&step.with),
    }
}

/// What is shown of a step in the details of a request.
pub(super) fn item<'a>(details: Option<&'a Value>, path: &StepPath) -> Option<&'a Value> {
    let next = details?.get("next")?.as_array()?;
    next.iter().find(|item| item["step"] == *path.0)
}

/// The digest of what a request shows and asks. It is right once everything that was seen to differ is as it was,
/// where the version is the same.
pub(super) fn digest(plan: &Plan, path: &StepPath, request: &ApprovalRequest) -> Digest {
    let asked = Asked {
        title: request.title.clone(),
        message: request.message.clone(),
        details: request.details.value().clone(),
        fields: request.fields.value().clone(),
        approvers: request.approvers.clone(),
        needed: request.needed,
        exclude_starter: request.exclude_starter,
    };
    asked.digest(plan, path)
}

/// Items as a person can take them in; of many, how many they are and what they are bound by.
fn shown(items: Value) -> Value {
    let text = canonical(&items);
    let count = match &items {
        Value::Array(list) => list.len(),
        Value::Object(map) => map.len(),
        _ => return items,
    };
    if text.len() <= SHOWN_ITEMS {
        return items;
    }
    json!({ "count": count, "digest": Digest::of(text.as_bytes()) })
}

/// Whether every step that a template reads has ended.
pub(super) fn known(state: &State, scope: usize, template: &Template) -> bool {
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

/// The gate of an approval, while it asks.
pub(super) fn pending(
    state: &State,
    approval: ApprovalId,
) -> Result<(Place, &GateState), Rejected> {
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
    let decided = gate.status != GateStatus::Pending;
    #[cfg(test)]
    let decided = decided && !planted(Bug::DecidedTwice);
    if decided {
        return Err(Rejected::AlreadyDecided {
            status: gate.status,
        });
    }
    Ok((place, gate))
}

/// The fact that a person's answer makes.
pub(super) fn decide(
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
    if gate.expires_at.is_some_and(|end| end <= now) && !escalates(plan, planned, gate) {
        let status = match approves_on_timeout(plan, planned) {
            true => GateStatus::Approved,
            false => GateStatus::Expired,
        };
        return Err(Rejected::AlreadyDecided { status });
    }
    let voted = gate.decisions.iter().any(|known| known.by == decision.by);
    #[cfg(test)]
    let voted = voted && !planted(Bug::VotesTwice);
    if voted {
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
    // A refusal lets nothing through: it counts whatever has changed. Where nobody could be asked anew, each step is
    // looked at when it would begin.
    if decision.decision == Verdict::Approve && may_ask_anew(state, plan, place) {
        let changes = changes(state, plan, place, &gate.request);
        if !changes.is_empty() {
            return Err(Rejected::ApprovalChanged { changes });
        }
    }
    Ok(RunEvent::ApprovalDecided { step, decision })
}

/// Why a gate that asks cannot be sent back, if it cannot.
pub(super) fn cannot_send_back(state: &State, plan: &Plan, place: Place) -> Option<&'static str> {
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

/// The fact that somebody was told, or could not be.
pub(super) fn notified(
    state: &State,
    plan: &Plan,
    approval: ApprovalId,
    told: (u32, u32, u32),
    failure: Option<&Failure>,
) -> Result<RunEvent, Rejected> {
    let (notice, index, attempts) = told;
    // One of a gate that asks anew by now comes too late, like one that was noted already.
    let place = *state
        .approvals
        .get(&approval)
        .ok_or(Rejected::StaleAttempt)?;
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
pub(super) fn expire(state: &State, plan: &Plan, place: Place, now: Timestamp) -> RunEvent {
    let step = state.path(plan, place);
    let planned = state.planned(plan, place);
    let Some(gate) = state.step(place).gate.as_ref() else {
        return RunEvent::ApprovalExpired { step };
    };
    if !escalates(plan, planned, gate) {
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

fn on_timeout<'p>(plan: &'p Plan, step: &'p PlannedStep) -> Option<&'p str> {
    plan.written(step)
        .with
        .as_ref()?
        .get("on_timeout")?
        .as_str()
}

/// Whether the end of a gate's time asks others, too.
fn escalates(plan: &Plan, step: &PlannedStep, gate: &GateState) -> bool {
    !gate.escalated && on_timeout(plan, step) == Some("escalate")
}

/// Whether the gate counts as approved when nobody answers in time.
pub(super) fn approves_on_timeout(plan: &Plan, step: &PlannedStep) -> bool {
    on_timeout(plan, step) == Some("approve")
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
