//! A version tried on a run of another one: what it would have decided and asked for otherwise.

use super::answers::Source;
use super::course::{Course, Stop};
use super::recorded::{Recorded, digest};
use crate::event::{SkipReason, Status, StepPath};
use crate::run::{Run, StepView};
use crate::{Digest, Json};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It asks for something else.
    Changed,
    /// The earlier run did not make it.
    Added,
    /// Only the earlier run made it.
    Removed,
    /// It asks for the same, under another path.
    Moved,
}

/// A call that is not as it was.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CallChange {
    /// The step.
    pub path: StepPath,
    /// What became of it.
    pub kind: ChangeKind,
    /// What it does.
    pub action: String,
    /// The path that it had, where it moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<StepPath>,
    /// What the earlier run asked for.
    pub before: Option<Json>,
    /// What this version asks for.
    pub after: Option<Json>,
    /// Where the answer came from that the trial went on with.
    pub answer: Source,
}

/// How a step was decided.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Decided {
    /// Its status.
    pub status: Status,
    /// Why it was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<SkipReason>,
    /// The case that a switch took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// What people decided at a gate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
}

/// A step that was decided otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct DecisionChange {
    /// The step.
    pub path: StepPath,
    /// In the earlier run; null where it has no such step.
    pub before: Option<Decided>,
    /// In the trial; null where this version has no such step.
    pub after: Option<Decided>,
}

/// A version tried on one earlier run.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Trial {
    /// Whether nothing is different, and the trial came to its end.
    pub same: bool,
    /// How the earlier run ended.
    pub status_before: Status,
    /// How this one ends, or stands where it could not go on.
    pub status_after: Status,
    /// Steps that were decided otherwise.
    pub decisions: Vec<DecisionChange>,
    /// Calls that are not as they were.
    pub calls: Vec<CallChange>,
    /// The outputs before, where they differ.
    pub outputs_before: Option<Json>,
    /// The outputs after, where they differ.
    pub outputs_after: Option<Json>,
    /// Where the trial could not go on.
    pub stops: Vec<Stop>,
    /// How many calls were equal to recorded ones.
    pub equal_calls: u64,
}

impl Trial {
    /// A version tried on a run of its own: the same facts in the same order decide the same, so they are taken as
    /// they are.
    pub fn of_itself(earlier: &Run, recorded: &Recorded) -> Self {
        Self {
            same: true,
            status_before: earlier.status(),
            status_after: earlier.status(),
            decisions: Vec::new(),
            calls: Vec::new(),
            outputs_before: None,
            outputs_after: None,
            stops: Vec::new(),
            equal_calls: recorded.requests().count() as u64,
        }
    }
}

/// Compares a rehearsal with the earlier run whose answers it was given.
pub fn compare(earlier: &Run, recorded: &Recorded, course: &Course) -> Trial {
    let (calls, equal_calls) = calls(recorded, course);
    let decisions = decisions(earlier, course);
    let (before, after) = (earlier.outputs(), course.run.outputs());
    let outputs_differ = before.map(Json::value) != after.map(Json::value);
    let (status_before, status_after) = (earlier.status(), course.run.status());
    Trial {
        same: calls.is_empty()
            && decisions.is_empty()
            && course.stops.is_empty()
            && !outputs_differ
            && status_before == status_after,
        status_before,
        status_after,
        decisions,
        calls,
        outputs_before: before.filter(|_| outputs_differ).cloned(),
        outputs_after: after.filter(|_| outputs_differ).cloned(),
        stops: course.stops.clone(),
        equal_calls,
    }
}

fn calls(recorded: &Recorded, course: &Course) -> (Vec<CallChange>, u64) {
    let mut changes = Vec::new();
    let mut equal = 0;
    let mut seen: BTreeMap<&StepPath, (usize, &Json)> = BTreeMap::new();
    let mut moved_from: BTreeSet<StepPath> = BTreeSet::new();
    let made: BTreeMap<&StepPath, Digest> = course
        .calls
        .iter()
        .filter(|call| call.attempt == 1)
        .map(|call| (&call.path, digest(&call.input)))
        .collect();
    for call in &course.calls {
        let last = seen.get(&call.path).copied();
        let number = last.map_or(0, |(number, _)| number + 1);
        seen.insert(&call.path, (number, &call.input));
        let before = recorded.request_of(&call.path, number);
        // A further attempt asks for the same, unless the run turned back or a person corrected it.
        if let Some((_, last)) = last
            && (*last == call.input && before.is_none_or(|(_, input)| input == last))
        {
            continue;
        }
        let change = |kind, from, before: Option<&Json>| CallChange {
            path: call.path.clone(),
            kind,
            action: call.action.name().to_owned(),
            from,
            before: before.cloned(),
            after: Some(call.input.clone()),
            answer: call.answer,
        };
        match before {
            Some((kind, input)) if kind == call.action && *input == call.input => equal += 1,
            Some((_, input)) => changes.push(change(ChangeKind::Changed, None, Some(input))),
            None => match recorded.same_request(call.action, &call.input) {
                // Another step asks for that now as well: then this call is one more.
                Some(from) if !made.contains_key(from) => {
                    moved_from.insert(from.clone());
                    let input = recorded.request(from).map(|(_, input)| input);
                    changes.push(change(ChangeKind::Moved, Some(from.clone()), input));
                }
                _ => changes.push(change(ChangeKind::Added, None, None)),
            },
        }
    }
    for (path, kind, input) in recorded.requests() {
        let ended = || {
            let view = course.run.step(&path.0);
            view.is_none_or(|view| view.status.is_final())
        };
        // Behind a place where the trial could not go on, it may still be made.
        let open = !course.stops.is_empty() && course.run.plan().find(path).is_some();
        if seen.contains_key(path) || moved_from.contains(path) || open && !ended() {
            continue;
        }
        changes.push(CallChange {
            path: path.clone(),
            kind: ChangeKind::Removed,
            action: kind.name().to_owned(),
            from: None,
            before: Some(input.clone()),
            after: None,
            answer: Source::None,
        });
    }
    (changes, equal)
}

fn decisions(earlier: &Run, course: &Course) -> Vec<DecisionChange> {
    let (before, after) = (earlier.steps(), course.run.steps());
    let by_path = |views: &[StepView]| -> BTreeMap<StepPath, Decided> {
        views
            .iter()
            .map(|view| (view.path.clone(), decided(view)))
            .collect()
    };
    let (known, now) = (by_path(&before), by_path(&after));
    // Behind a place where the trial could not go on, nothing was decided.
    let open = !course.stops.is_empty();
    let mut changes = Vec::new();
    let mut listed = BTreeSet::new();
    for view in after.iter().chain(&before) {
        if !listed.insert(&view.path) {
            continue;
        }
        let (old, new) = (known.get(&view.path), now.get(&view.path));
        if old == new || open && new.is_none_or(|new| !new.status.is_final()) {
            continue;
        }
        changes.push(DecisionChange {
            path: view.path.clone(),
            before: old.cloned(),
            after: new.cloned(),
        });
    }
    changes
}

fn decided(view: &StepView) -> Decided {
    let text = |key: &str| {
        let output = view.output.as_ref()?;
        Some(output.value().get(key)?.as_str()?.to_owned())
    };
    Decided {
        status: view.status,
        skipped: view.skipped.clone(),
        case: text("case").filter(|_| view.action == "switch"),
        decision: text("decision").filter(|_| view.action == "approval_gate"),
    }
}
