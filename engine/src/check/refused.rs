//! Steps behind a gate that run also when it was refused.

use super::Context;
use crate::Finding;
use crate::definition::{Join, Step};
use crate::expression::Expression;
use crate::plan::{ActionKind, split_need};

pub(super) fn check(context: &mut Context<'_>, list: usize, position: usize) {
    let here = &context.lists[list];
    let step = &here.steps[position];
    let needs = || step.needs.iter().map(|need| split_need(need).0);
    let is_gate = |id: &str| {
        let gate = here.ids.get(id).map(|position| &here.steps[*position]);
        gate.is_some_and(|gate| gate.action.as_deref() == Some(ActionKind::ApprovalGate.name()))
    };
    let runs = match step.join.unwrap_or_default() {
        Join::AllDone => true,
        // Something else may have succeeded. Where all are gates, one of them was granted.
        Join::AnySucceeded => !needs().all(is_gate),
        // One that runs because of a refusal, and never when all was granted, is there for that.
        Join::AnyFailed | Join::AllSucceeded | Join::NoneFailed => false,
    };
    if !runs || needs().any(|id| is_gate(id) && looks_at(step, id)) {
        return;
    }
    let Some(gate) = needs().find(|id| is_gate(id)) else {
        return;
    };
    let finding = Finding::warning(
        "runs_when_refused",
        format!(
            "step `{}` runs also when the gate `{gate}` was refused",
            step.id
        ),
    )
    .at_step(&step.id)
    .at_path(format!("{}/join", here.at(position)))
    .help(format!(
        "leave `join` out, or look at the gate: `when: steps.{gate}.status == 'succeeded'`"
    ));
    context.say(finding);
}

fn looks_at(step: &Step, gate: &str) -> bool {
    step.when
        .as_deref()
        .is_some_and(|when| reads_step(when, gate))
}

/// Whether an expression looks at what became of this step.
pub fn reads_step(expression: &str, id: &str) -> bool {
    Expression::compile(expression).is_ok_and(|expression| {
        let mut read = expression.references().steps();
        read.any(|item| item.key(0) == Some(id))
    })
}
