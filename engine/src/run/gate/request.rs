//! What a gate asks, whom, and about what: frozen when it is reached.

use super::super::GateStatus;
use super::super::scope::Place;
use super::super::state::{GateState, State};
use super::super::time::later;
use crate::definition::FailureClass;
use crate::event::{ApprovalRequest, Failure, RunEvent, Status, StepPath};
use crate::expression::Template;
use crate::json::canonical;
use crate::plan::{ActionKind, Plan, PlannedStep, Times, Work};
use crate::{ApprovalId, Digest, Json, RunId, Span, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

/// The most bytes of a loop's items that a gate shows one by one.
const SHOWN_ITEMS: usize = 16 * 1024;
/// How often one gate is brought to mind at most.
const MOST_REMINDERS: u32 = 1_000;
/// Who may decide when a gate does not say.
const APPROVERS: &str = "role:approver";

/// The fact that a gate asks, from its rendered configuration.
pub(in crate::run) fn request(
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
                let name = step.written.name.clone();
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
        Ok(Self {
            title,
            message,
            details: json!({ "show": show, "next": next }),
            fields: with.get("fields").cloned().unwrap_or_default(),
            approvers,
            needed,
            exclude_starter,
        })
    }

    pub(super) fn digest(&self, plan: &Plan, path: &StepPath) -> Digest {
        let whole = json!({
            "version": plan.digest,
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

/// A list of `user:<name>` and `role:<role>`.
pub(super) fn people(list: &Value, key: &str) -> Result<Vec<String>, String> {
    let wrong = || format!("`{key}` is a list of `user:<name>` and `role:<role>`");
    let list = list.as_array().ok_or_else(wrong)?;
    let all: Option<Vec<String>> = list
        .iter()
        .map(|one| one.as_str().map(ToOwned::to_owned))
        .collect();
    let all = all.ok_or_else(wrong)?;
    if all.is_empty() {
        return Err(format!("`{key}` is empty: nobody could decide"));
    }
    Ok(all)
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
    pub(in crate::run) fn new(
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
    pub(in crate::run) fn tell(&mut self, step: &PlannedStep) {
        let actions = step.gate.as_ref().map_or(0, |gate| gate.notify.len());
        let actions = u32::try_from(actions).unwrap_or(u32::MAX);
        self.untold
            .extend((0..actions).map(|index| (self.notices, index)));
        self.notices = self.notices.saturating_add(1);
    }

    /// It was brought to mind.
    pub(in crate::run) fn reminded(&mut self, at: Timestamp) {
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
                "for_each": step.written.for_each,
                "repeat": step.written.repeat,
                "steps": looped.body_written(plan),
            });
            if let Some(map) = written.as_object_mut() {
                map.retain(|_, value| !value.is_null());
            }
            written
        }
        Work::Action(_) => Value::Object(step.written.with.clone().unwrap_or_default()),
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
