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

use super::scope::Place;
use super::state::State;
use crate::definition::Join;
use crate::event::{SkipReason, Status};
use crate::plan::{Need, Plan, PlannedStep};
#[cfg(test)]
use crate::testing::{Bug, planted};

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
fn taken(state: &State, place: Place) -> Option<&str> {
    let output = state.value(place).output.as_ref()?;
    output.value().get("case")?.as_str()
}

/// How a need of a step in this scope counts.
pub(super) fn part(state: &State, scope: usize, need: &Need) -> Part {
    let place = Place {
        scope,
        step: need.step,
    };
    match state.status(place) {
        Status::Succeeded => match &need.case {
            #[cfg(test)]
            Some(_) if planted(Bug::CaseIgnored) => Part::Succeeded,
            Some(case) if taken(state, place) != Some(case) => Part::Skipped,
            _ => Part::Succeeded,
        },
        #[cfg(test)]
        Status::Skipped if planted(Bug::SkipIsSuccess) => Part::Succeeded,
        Status::Skipped => Part::Skipped,
        Status::Canceled => Part::Canceled,
        // The others have not ended, which the caller excludes; failed is the careful reading.
        Status::Failed
        | Status::Rejected
        | Status::Queued
        | Status::Running
        | Status::Waiting
        | Status::Paused
        | Status::Uncertain => Part::Failed,
    }
}

/// Whether a step whose needs have all ended runs; if not, the first need that speaks against it.
pub(super) fn join<'a>(
    plan: &'a Plan,
    state: &State,
    place: Place,
) -> Result<(), Option<&'a Need>> {
    let step = state.planned(plan, place);
    let part = |need: &Need| part(state, place.scope, need);
    let parts = || counted(step).map(part);
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
        .find(|need| against(part(need)))
        .or_else(|| counted(step).next());
    Err(culprit)
}

/// Why a step is skipped because of a need.
pub(super) fn reason(plan: &Plan, state: &State, place: Place, need: &Need) -> SkipReason {
    let needed = Place {
        scope: place.scope,
        step: need.step,
    };
    let step = state.path(plan, needed).to_string();
    let status = state.status(needed);
    if status == Status::Succeeded && part(state, place.scope, need) == Part::Skipped {
        return SkipReason::Case {
            step,
            taken: taken(state, needed).map(ToOwned::to_owned),
        };
    }
    #[cfg(test)]
    let status = match planted(Bug::SkipLies) {
        true => Status::Succeeded,
        false => status,
    };
    SkipReason::Need { step, status }
}
