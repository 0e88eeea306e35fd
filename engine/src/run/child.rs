//! Which version of another automation a step behind a gate starts.
//!
//! That is said outside of the document: a name stands for an automation, and of that one version is active. So it
//! is told before each turn, as rates are, and is no part of the state. A gate that asks shows what all that comes
//! behind it would start, and its digest is over that, too. It is compared
//!
//! - when an approval is given: another version is refused, with the difference;
//! - whenever something else was told, with what gates show that still ask: these ask anew;
//! - when a step directly behind a gate is to start one: then the approval is void, and the gate asks anew.
//!
//! What has been let through is what runs ([`Run::approved_child`]): also later attempts of such a step, and steps
//! that stand in a loop behind the gate or come after others, start the version that was shown. So it is too while
//! what a gate belongs to is ending: then nobody can be asked anew.

use super::changes::{Found, may_ask_anew, void};
use super::covered::gates_before;
use super::gate::{self, AUTOMATION, AUTOMATIONS};
use super::scope::{Owner, Place};
use super::state::Phase;
use super::{GateStatus, Input, Rejected, Run};
use crate::event::{ApprovalRequest, Change, RunEvent, StepPath, Verdict};
use crate::plan::{ActionKind, ChildTarget, Plan, PlannedStep, Work};
#[cfg(test)]
use crate::testing::{Bug, planted};
use crate::{AutomationId, Digest};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A version that a step would start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildVersion {
    /// The automation.
    pub automation: AutomationId,
    /// The version's number.
    pub version: u32,
    /// The version's digest.
    pub digest: Digest,
}

/// What each automation that steps name stands for; none where nothing could be started.
pub type ChildVersions = BTreeMap<ChildTarget, Option<ChildVersion>>;

/// A version as a gate shows it.
fn shown(found: Option<&ChildVersion>) -> Value {
    found.map_or(
        Value::Null,
        |found| json!({ "id": found.automation, "version": found.version, "digest": found.digest }),
    )
}

/// The automation that a step names.
fn target(plan: &Plan, step: &PlannedStep) -> Option<ChildTarget> {
    if step.work.kind() != Some(ActionKind::Automation) {
        return None;
    }
    let with = plan.written(step).with.clone()?;
    ChildTarget::of(&Value::Object(with))
}

/// Whether a configuration has computed which version it names: then that is bound with it, whatever is active.
fn names_other(target: &ChildTarget, with: &Value) -> bool {
    target.version.is_none() && !with["version"].is_null()
}

/// All that the steps of a list start, and what stands in and undoes them.
fn started_in(plan: &Plan, step: &PlannedStep, found: &mut BTreeSet<ChildTarget>) {
    found.extend(target(plan, step));
    let body = match &step.work {
        Work::Loop(looped) => Some(looped.body),
        Work::Action(_) => None,
    };
    for block in body.into_iter().chain(step.undo) {
        for step in &plan.blocks[block].steps {
            started_in(plan, step, found);
        }
    }
}

/// All that comes behind a step of a list.
pub(super) fn started_behind(
    plan: &Plan,
    steps: &[PlannedStep],
    gate: usize,
    meant: impl Fn(usize) -> bool,
) -> BTreeSet<ChildTarget> {
    let mut behind = BTreeSet::new();
    let mut next = steps[gate].dependants.clone();
    while let Some(step) = next.pop() {
        if behind.insert(step) {
            next.extend(&steps[step].dependants);
        }
    }
    let mut found = BTreeSet::new();
    for step in behind.into_iter().filter(|step| meant(*step)) {
        started_in(plan, &steps[step], &mut found);
    }
    found
}

/// An automation as a gate shows it among all that come behind it.
fn listed(target: &ChildTarget, found: &Value) -> Value {
    let mut shown = json!({ "starts": found });
    if let Some(name) = &target.name {
        shown["name"] = name.as_str().into();
    }
    if let Some(id) = &target.id {
        shown["id"] = id.as_str().into();
    }
    if let Some(version) = target.version {
        shown["version"] = version.into();
    }
    shown
}

/// What a gate has shown of an automation; none where it shows nothing of it.
fn seen<'a>(request: &'a ApprovalRequest, target: &ChildTarget) -> Option<&'a Value> {
    let all = request.details.value().get(AUTOMATIONS)?.as_array()?;
    let same = |entry: &&Value| {
        let shown = ChildTarget::of(entry);
        shown.as_ref() == Some(target)
    };
    all.iter().find(same)?.get("starts")
}

/// Whether what changed is the version of another automation that a step behind a gate starts.
pub(crate) fn is_of_child(change: &Change) -> bool {
    let of = change.what.strip_prefix(AUTOMATION);
    let in_step = change.what.split_once('/');
    of.is_some_and(|of| of.starts_with(' '))
        || in_step.is_some_and(|(_, of)| of.split('/').next() == Some(AUTOMATION))
}

impl Run {
    /// Says which versions its steps would start, from the next turn on. It has to be told where
    /// [`Plan::starts`] is not empty; none binds nothing.
    pub fn know_children(&mut self, children: Option<Arc<ChildVersions>>) {
        self.uncompared |= self.children != children;
        self.children = children;
    }

    /// Whether it was told which versions its steps would start.
    pub fn knows_children(&self) -> bool {
        self.children.is_some()
    }

    /// The version that was let through for a step that starts one: that of the gate before it, or before what it
    /// is a part of, which asked last.
    pub fn approved_child(&self, step: &StepPath) -> Option<(AutomationId, u32)> {
        let place = self.state.place_of_step(&self.plan, step)?;
        let target = target(&self.plan, self.state.planned(&self.plan, place))?;
        let mut last: Option<(crate::Timestamp, Value)> = None;
        let mut at = place;
        loop {
            let scope = &self.state.scopes[at.scope];
            for step in gates_before(&self.plan, scope.list(&self.plan), at.step) {
                let gate = self.state.step(Place { step, ..at }).gate.as_ref();
                let Some(gate) = gate.filter(|gate| gate.status == GateStatus::Approved) else {
                    continue;
                };
                let later = last.as_ref().is_none_or(|(at, _)| *at < gate.requested_at);
                if let Some(seen) = seen(&gate.request, &target).filter(|_| later) {
                    last = Some((gate.requested_at, seen.clone()));
                }
            }
            at = match scope.owner {
                Owner::Pass { of, .. } | Owner::Undo { of } | Owner::Probe { of } => of,
                Owner::Run | Owner::Handlers(_) => break,
            };
        }
        let (_, seen) = last?;
        let version = u32::try_from(seen["version"].as_u64()?).ok()?;
        Some((seen["id"].as_str()?.parse().ok()?, version))
    }

    /// A fact with what binds it to versions: a request shows them, and a step that would start another one than
    /// was let through does not begin.
    pub(super) fn bind(&self, event: RunEvent) -> RunEvent {
        let Some(children) = &self.children else {
            return event;
        };
        match event {
            RunEvent::ApprovalRequested { step, mut request } => {
                self.show(&step, &mut request, children);
                RunEvent::ApprovalRequested { step, request }
            }
            RunEvent::AttemptStarted {
                ref step,
                ref input,
                ..
            } => self
                .not_let_through(step, input.value(), children)
                .unwrap_or(event),
            other => other,
        }
    }

    /// Shows in a request what all that comes behind its gate would start.
    fn show(&self, path: &StepPath, request: &mut ApprovalRequest, children: &ChildVersions) {
        let Some(place) = self.state.place_of_step(&self.plan, path) else {
            return;
        };
        let list = self.state.scopes[place.scope].list(&self.plan);
        let all = started_behind(&self.plan, &list.steps, place.step, |_| true);
        let all: Vec<Value> = all
            .iter()
            .filter_map(|target| Some(listed(target, &shown(children.get(target)?.as_ref()))))
            .collect();
        if all.is_empty() {
            return;
        }
        let mut details = request.details.value().clone();
        details[AUTOMATIONS] = all.into();
        for item in details["next"].as_array_mut().into_iter().flatten() {
            let target = item["step"].as_str().and_then(|step| self.target_at(step));
            let target = target
                .filter(|target| item["rendered"] != true || !names_other(target, &item["with"]));
            if let Some(found) = target.and_then(|target| children.get(&target)) {
                item[AUTOMATION] = shown(found.as_ref());
            }
        }
        request.details = details.into();
        request.digest = gate::digest(&self.plan, path, request);
    }

    fn target_at(&self, step: &str) -> Option<ChildTarget> {
        let place = self.state.place_of_step(&self.plan, &step.into())?;
        target(&self.plan, self.state.planned(&self.plan, place))
    }

    /// That an approval is void by which a step would start another version than it was given for.
    fn not_let_through(
        &self,
        step: &StepPath,
        input: &Value,
        children: &ChildVersions,
    ) -> Option<RunEvent> {
        #[cfg(test)]
        if planted(Bug::ChildUnbound) {
            return None;
        }
        let place = self.state.place_of_step(&self.plan, step)?;
        // One that has begun goes on with what was let through.
        if self.state.step(place).phase != Phase::Queued {
            return None;
        }
        let planned = self.state.planned(&self.plan, place);
        let target = target(&self.plan, planned)?;
        if names_other(&target, input) {
            return None;
        }
        let now = shown(children.get(&target)?.as_ref());
        planned.needs.iter().find_map(|need| {
            let before = Place {
                step: need.step,
                ..place
            };
            let gate = self.state.step(before).gate.as_ref()?;
            if gate.status != GateStatus::Approved || !may_ask_anew(&self.state, &self.plan, before)
            {
                return None;
            }
            let mut found = Found::default();
            let pointer = format!("/{AUTOMATION}");
            found.differ(&step.0, &pointer, seen(&gate.request, &target)?, &now);
            let other = !found.changes.is_empty();
            other.then(|| void(&self.state, &self.plan, before, found.changes))
        })
    }

    /// What a gate that asks shows of versions, and is not so any more. Where it cannot ask anew, what it shows is
    /// what would start.
    pub(super) fn child_changes(&self, place: Place) -> Vec<Change> {
        if !may_ask_anew(&self.state, &self.plan, place) {
            return Vec::new();
        }
        let mut found = Found::default();
        let gate = self.state.step(place).gate.as_ref();
        let (Some(gate), Some(children)) = (gate, &self.children) else {
            return Vec::new();
        };
        let request = &gate.request;
        let of_step = |target: &ChildTarget| {
            let next = request.details.value()["next"].as_array();
            let mut steps = next
                .into_iter()
                .flatten()
                .filter_map(|item| item["step"].as_str());
            steps.find(|step| self.target_at(step).as_ref() == Some(target))
        };
        for (target, now) in children.iter() {
            let Some(before) = seen(request, target) else {
                continue;
            };
            let now = shown(now.as_ref());
            match of_step(target) {
                Some(step) => found.differ(step, &format!("/{AUTOMATION}"), before, &now),
                None => {
                    let name = target.name.as_ref().or(target.id.as_ref());
                    let what = format!("{AUTOMATION} {}", name.map_or("", |name| name));
                    found.differ(&what, "", before, &now);
                }
            }
        }
        found.changes
    }

    /// Refuses an approval of what would not be started any more.
    pub(super) fn still_starts(&self, input: &Input) -> Result<(), Rejected> {
        let Input::Decide { approval, decision } = input else {
            return Ok(());
        };
        #[cfg(test)]
        if planted(Bug::ChildUnbound) {
            return Ok(());
        }
        let place = self.state.approvals.get(approval);
        let place = place.filter(|_| decision.decision == Verdict::Approve);
        let changes = place.map_or_else(Vec::new, |place| self.child_changes(*place));
        match changes.is_empty() {
            true => Ok(()),
            false => Err(Rejected::ApprovalChanged { changes }),
        }
    }

    /// That a gate asks about versions which are others by now: it asks anew.
    pub(super) fn starts_others(&mut self) -> Option<RunEvent> {
        if !self.uncompared || self.is_over() {
            return None;
        }
        let state = &self.state;
        let asks = |place: &&Place| state.step(**place).phase == Phase::Asking;
        let mut asking = state.approvals.values().filter(asks);
        let other = asking.find_map(|place| {
            let changes = self.child_changes(*place);
            (!changes.is_empty()).then(|| void(state, &self.plan, *place, changes))
        });
        self.uncompared = other.is_some();
        other
    }
}
