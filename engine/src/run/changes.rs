//! What differs between what a gate asked about and what is so now, and what comes of it.

use super::GateStatus;
use super::gate::{Asked, MOST_ROUNDS, behind, digest, item, known};
use super::scope::Place;
use super::state::{Phase, State};
use crate::definition::FailureClass;
use crate::event::{ApprovalRequest, Change, Failure, RunEvent};
use crate::json::canonical;
use crate::plan::{Plan, Times, Work};
#[cfg(test)]
use crate::testing::{Bug, planted};
use crate::{Digest, Json};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The most differences that are said, and the most bytes of each value in them.
const MOST_CHANGES: usize = 50;
const SHOWN_CHANGE: usize = 2 * 1024;

/// Differences, up to a number of them.
#[derive(Default)]
pub(super) struct Found {
    pub(super) changes: Vec<Change>,
}

impl Found {
    /// Compares two values, and notes each part that differs.
    pub(super) fn differ(&mut self, what: &str, pointer: &str, before: &Value, after: &Value) {
        if before == after || self.changes.len() >= MOST_CHANGES {
            return;
        }
        match (before, after) {
            (Value::Object(old), Value::Object(new)) => {
                let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
                for key in keys {
                    let pointer =
                        format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                    let part = |map: &serde_json::Map<String, Value>| {
                        map.get(key).cloned().unwrap_or_default()
                    };
                    self.differ(what, &pointer, &part(old), &part(new));
                }
            }
            (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
                for (index, (old, new)) in old.iter().zip(new).enumerate() {
                    self.differ(what, &format!("{pointer}/{index}"), old, new);
                }
            }
            _ => self.changes.push(Change {
                what: format!("{what}{pointer}"),
                before: short(before),
                after: short(after),
            }),
        }
    }
}

/// A value, or of a large one its size and digest.
fn short(value: &Value) -> Json {
    let text = canonical(value);
    if text.len() <= SHOWN_CHANGE {
        return value.clone().into();
    }
    json!({ "bytes": text.len(), "digest": Digest::of(text.as_bytes()) }).into()
}

/// What is not as it was when the gate asked: what it shows, what it would let through, the version.
pub(super) fn changes(
    state: &State,
    plan: &Plan,
    place: Place,
    request: &ApprovalRequest,
) -> Vec<Change> {
    let path = state.path(plan, place);
    let with = state
        .planned(plan, place)
        .with
        .render(&state.values(place.scope));
    let like = Some(request.details.value());
    let now = match with {
        Ok(with) => Asked::read(state, plan, place, with.value(), like),
        Err(error) => Err(error.to_string()),
    };
    let now = match now {
        Ok(now) => now,
        Err(message) => {
            return vec![Change {
                what: path.to_string(),
                before: json!(request.title).into(),
                after: json!(message).into(),
            }];
        }
    };
    let mut found = Found::default();
    let texts = |title: &str, message: Option<&str>| json!({ "title": title, "message": message });
    found.differ(
        &path.0,
        "",
        &texts(&request.title, request.message.as_deref()),
        &texts(&now.title, now.message.as_deref()),
    );
    found.differ(
        &path.0,
        "/show",
        &request.details.value()["show"],
        &now.details["show"],
    );
    found.differ(&path.0, "/fields", request.fields.value(), &now.fields);
    let whom = |approvers: &[String], needed: u32, exclude: bool| json!({ "approvers": approvers, "needed": needed, "exclude_starter": exclude });
    found.differ(
        &path.0,
        "",
        &whom(&request.approvers, request.needed, request.exclude_starter),
        &whom(&now.approvers, now.needed, now.exclude_starter),
    );
    let items =
        |details: &Value| -> Vec<Value> { details["next"].as_array().cloned().unwrap_or_default() };
    let (before, after) = (items(request.details.value()), items(&now.details));
    for old in &before {
        // One that names no step was changed itself.
        let name = old["step"].as_str().unwrap_or(&path.0);
        let new = after.iter().find(|new| new["step"] == old["step"]);
        found.differ(name, "", old, new.unwrap_or(&Value::Null));
    }
    for new in &after {
        if !before.iter().any(|old| old["step"] == new["step"]) {
            let name = new["step"].as_str().unwrap_or(&path.0);
            found.differ(name, "", &Value::Null, new);
        }
    }
    if now.digest(plan, &path) != request.digest {
        // Of the version that was asked about only the digest is known, and that inside of another.
        let other_version = Change {
            what: "version".into(),
            before: Json::null(),
            after: json!(plan.digest()).into(),
        };
        if found.changes.is_empty() || digest(plan, &path, request) != request.digest {
            found.changes.push(other_version);
        }
    }
    found.changes
}

/// What has changed of one step that the gate let through, when its inputs were rendered for it.
fn changes_of(state: &State, plan: &Plan, place: Place, request: &ApprovalRequest) -> Vec<Change> {
    let path = state.path(plan, place);
    let Some(old) = item(Some(request.details.value()), &path) else {
        return Vec::new();
    };
    let new = behind(state, plan, place, Some(old));
    let mut found = Found::default();
    found.differ(&path.0, "", old, &new);
    found.changes
}

/// Whether a gate asks about what is known to be something else by now. While a step that it shows the
/// inputs of waits for others to run again, it is not known.
pub(super) fn is_stale(state: &State, plan: &Plan, place: Place) -> bool {
    let Some(gate) = &state.step(place).gate else {
        return false;
    };
    state.planned(plan, place).dependants.iter().any(|next| {
        let next = Place {
            step: *next,
            ..place
        };
        let ready = match &state.planned(plan, next).work {
            Work::Action(_) => known(state, next.scope, &state.planned(plan, next).with),
            Work::Loop(looped) => match &looped.times {
                Times::ForEach(each) => known(state, next.scope, &each.items),
                Times::Repeat(_) => true,
            },
        };
        ready && !changes_of(state, plan, next, &gate.request).is_empty()
    })
}

/// The fact that a gate's approval is void.
pub(super) fn void(state: &State, plan: &Plan, place: Place, changes: Vec<Change>) -> RunEvent {
    let step = state.path(plan, place);
    if state.rounds < MOST_ROUNDS || state.step(place).phase == Phase::Over {
        return RunEvent::ApprovalVoided { step, changes };
    }
    let message = format!("the run has turned back {MOST_ROUNDS} times");
    RunEvent::StepFailed {
        step,
        failure: Failure::new(FailureClass::Permanent, "too_many_rounds", message),
    }
}

/// Whether a gate can ask anew: what it belongs to is not ending, and something behind it has not begun.
pub(super) fn may_ask_anew(state: &State, plan: &Plan, place: Place) -> bool {
    let scope = &state.scopes[place.scope];
    let waits = |next: &usize| scope.steps[*next].phase == Phase::Queued;
    let behind = &scope.list(plan).steps[place.step].dependants;
    scope.close.is_none() && behind.iter().any(waits)
}

/// The fact that a gate before a step which is to begin let something else through than that, if it did. Where
/// nobody can be asked anew, the step fails.
pub(super) fn not_approved(state: &State, plan: &Plan, place: Place) -> Option<RunEvent> {
    #[cfg(test)]
    if planted(Bug::ApprovalUnbound) {
        return None;
    }
    state.planned(plan, place).needs.iter().find_map(|need| {
        let before = Place {
            step: need.step,
            ..place
        };
        let gate = state.step(before).gate.as_ref()?;
        if gate.status != GateStatus::Approved {
            return None;
        }
        let changes = changes_of(state, plan, place, &gate.request);
        if changes.is_empty() {
            return None;
        }
        Some(match may_ask_anew(state, plan, before) {
            true => void(state, plan, before, changes),
            false => outdated(state, plan, place, before, &changes),
        })
    })
}

/// The fact that a step fails which would do something else than its gate let through, while what both belong to is
/// ending.
fn outdated(state: &State, plan: &Plan, place: Place, gate: Place, changes: &[Change]) -> RunEvent {
    let gate = state.path(plan, gate);
    let message = format!(
        "this is not what was approved at step {gate}, which asks nobody anew while the run is ending"
    );
    let mut failure = Failure::new(FailureClass::Permanent, "approval_changed", message);
    failure.details = Some(json!({ "changes": changes }).into());
    RunEvent::StepFailed {
        step: state.path(plan, place),
        failure,
    }
}
