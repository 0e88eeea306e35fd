//! Joins: whether a step runs, from how the steps before it ended.
//!
//! A step is decided when all of its needs have ended. Only direct needs count: a skip never spreads
//! past a step that ran. Of each need:
//!
//! - a need `switch.case` counts as succeeded when that case was taken, else as skipped;
//! - a rejected gate counts as failed, and so does a failure under `on_error: continue`;
//! - a canceled step is neither succeeded, failed nor skipped;
//! - a need that is there only for the order (the step reads no more than the other's status or error)
//!   does not count, unless the join is `any_failed` or `any_succeeded` and there is no other.
//!
//! | Join            | Runs when                                    |
//! |-----------------|----------------------------------------------|
//! | `all_succeeded` | each succeeded                               |
//! | `none_failed`   | none failed or was canceled, one succeeded   |
//! | `all_done`      | each ended, however                          |
//! | `any_succeeded` | at least one succeeded                       |
//! | `any_failed`    | at least one failed                          |
//!
//! A step without needs always runs. The truth table itself stands in the tests.

use super::state::State;
use crate::definition::Join;
use crate::event::{SkipReason, Status};
use crate::plan::{Need, Plan, PlannedStep};

/// How one need counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Succeeded,
    Failed,
    Skipped,
    Canceled,
}

/// The needs that the join counts.
pub(super) fn counted(step: &PlannedStep) -> impl Iterator<Item = &Need> {
    let any = matches!(step.join, Join::AnyFailed | Join::AnySucceeded);
    let all = any && step.needs.iter().all(|need| need.order_only);
    step.needs
        .iter()
        .filter(move |need| all || !need.order_only)
}

/// Whether its join is one that runs because of a failure, too.
pub(super) fn is_handler(step: &PlannedStep) -> bool {
    matches!(step.join, Join::AnyFailed | Join::AllDone) && !step.needs.is_empty()
}

/// The needs whose failure it handles when it runs, each once: all of them.
pub(super) fn handles(step: &PlannedStep) -> Vec<usize> {
    if !is_handler(step) {
        return Vec::new();
    }
    let mut needs: Vec<usize> = step.needs.iter().map(|need| need.step).collect();
    needs.sort_unstable();
    needs.dedup();
    needs
}

/// The case that an ended switch took.
fn taken(state: &State, index: usize) -> Option<&str> {
    let output = state.values.steps.get(index)?.output.as_ref()?;
    output.value().get("case")?.as_str()
}

pub(super) fn part(state: &State, need: &Need) -> Part {
    match state.status(need.step) {
        Status::Succeeded => match &need.case {
            Some(case) if taken(state, need.step) != Some(case) => Part::Skipped,
            _ => Part::Succeeded,
        },
        Status::Skipped => Part::Skipped,
        Status::Canceled => Part::Canceled,
        // The others have not ended, which the caller excludes; failed is the careful reading.
        Status::Failed
        | Status::Rejected
        | Status::Queued
        | Status::Running
        | Status::Waiting
        | Status::Uncertain => Part::Failed,
    }
}

/// Whether a step whose needs have all ended runs; if not, the first need that speaks against it.
pub(super) fn join(plan: &Plan, state: &State, step: &PlannedStep) -> Result<(), SkipReason> {
    let parts = || counted(step).map(|need| part(state, need));
    if counted(step).next().is_none() {
        return Ok(());
    }
    let runs = match step.join {
        Join::AllSucceeded => parts().all(|part| part == Part::Succeeded),
        Join::NoneFailed => {
            parts().all(|part| matches!(part, Part::Succeeded | Part::Skipped))
                && parts().any(|part| part == Part::Succeeded)
        }
        Join::AllDone => true,
        Join::AnySucceeded => parts().any(|part| part == Part::Succeeded),
        Join::AnyFailed => parts().any(|part| part == Part::Failed),
    };
    if runs {
        return Ok(());
    }
    let against = |part: Part| match step.join {
        Join::NoneFailed => matches!(part, Part::Failed | Part::Canceled),
        Join::AnyFailed => true,
        _ => part != Part::Succeeded,
    };
    let culprit = counted(step)
        .find(|need| against(part(state, need)))
        .or_else(|| counted(step).next());
    Err(culprit.map_or(SkipReason::RunEnding, |need| reason(plan, state, need)))
}

fn reason(plan: &Plan, state: &State, need: &Need) -> SkipReason {
    let step = plan
        .steps
        .get(need.step)
        .map_or_else(String::new, |step| step.path.to_string());
    let status = state.status(need.step);
    if need.case.is_some() && status == Status::Succeeded {
        return SkipReason::Case {
            step,
            taken: taken(state, need.step).map(ToOwned::to_owned),
        };
    }
    SkipReason::Need { step, status }
}
