//! What gates cover. The digest of a request is over the version and over what stands directly behind its
//! gate, so an approval is for all that comes behind it: in its own list, inside of loops that stand there,
//! and after other steps. Nothing of that is exchanged later.

use super::scope::{Owner, Place};
use super::state::State;
use crate::event::{Status, StepPath};
use crate::plan::{ActionKind, Block, Plan, PlannedStep, Work};
use std::collections::BTreeSet;

/// Whether what a step does was approved: a gate stands before it, or before what it is a part of. One
/// that was skipped asked nobody.
pub(super) fn is_approved(state: &State, plan: &Plan, place: Place) -> bool {
    let mut at = place;
    loop {
        let scope = &state.scopes[at.scope];
        let list = scope.list(plan);
        let skipped = |step: usize| scope.value(step).status == Some(Status::Skipped);
        if gates_before(plan, list, at.step).any(|gate| !skipped(gate)) {
            return true;
        }
        at = match scope.owner {
            Owner::Pass { of, .. } | Owner::Undo { of } | Owner::Probe { of } => of,
            Owner::Run | Owner::Handlers(_) => return false,
        };
    }
}

/// Whether a version asks people before the step with this path.
pub(super) fn asks_before(plan: &Plan, path: &StepPath) -> bool {
    let ends = path.0.match_indices('.').map(|(at, _)| at);
    ends.chain([path.0.len()]).any(|end| {
        let whole = StepPath::from(&path.0[..end]);
        plan.locate(&whole).is_some_and(|(list, step)| {
            let step = list.step(&step.id);
            step.is_some_and(|step| gates_before(plan, list, step).next().is_some())
        })
    })
}

/// The gates of a list that come before one of its steps, and the loops with gates.
pub(super) fn gates_before<'a>(
    plan: &'a Plan,
    list: &'a Block,
    step: usize,
) -> impl Iterator<Item = usize> + 'a {
    let mut before = BTreeSet::new();
    let mut next = vec![step];
    while let Some(step) = next.pop() {
        let needs = list.steps[step].needs.iter().map(|need| need.step);
        next.extend(needs.filter(|need| before.insert(*need)));
    }
    before
        .into_iter()
        .filter(|step| asks(plan, &list.steps[*step]))
}

fn asks(plan: &Plan, step: &PlannedStep) -> bool {
    match &step.work {
        Work::Action(kind) => *kind == ActionKind::ApprovalGate,
        Work::Loop(looped) => {
            let body = &plan.blocks[looped.body];
            body.steps.iter().any(|step| asks(plan, step))
        }
    }
}
