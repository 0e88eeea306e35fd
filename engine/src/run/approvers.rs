//! Whom a gate asks, and giving an approval to others.

use super::Rejected;
use super::gate::pending;
use super::state::{GateState, State};
use crate::ApprovalId;
use crate::event::RunEvent;
use crate::plan::Plan;
#[cfg(test)]
use crate::testing::{Bug, planted};
use serde_json::Value;
use std::collections::BTreeSet;

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
    if let Some(other) = all.iter().find(|who| !names(who)) {
        return Err(format!(
            "`{key}` holds {other:?}, which does not say who decides: it is a list of `user:<name>` and `role:<role>`"
        ));
    }
    Ok(all)
}

/// Whether it names a person or a role.
fn names(who: &str) -> bool {
    let rest = ["user:", "role:"]
        .iter()
        .find_map(|kind| who.strip_prefix(kind));
    rest.is_some_and(|name| !name.is_empty())
}

/// The fact that others are asked.
pub(super) fn reassign(
    state: &State,
    plan: &Plan,
    approval: ApprovalId,
    approvers: &[String],
    by: &str,
    reason: Option<&String>,
) -> Result<RunEvent, Rejected> {
    let (place, gate) = pending(state, approval)?;
    let nobody = approvers.is_empty() || !approvers.iter().all(|who| names(who));
    #[cfg(test)]
    let nobody = nobody && !planted(Bug::AnyApprovers);
    if nobody {
        return Err(Rejected::BadApprovers {
            why: "an approval is given to `user:<name>` and `role:<role>`, at least one".into(),
        });
    }
    if let Some(why) = too_few(state, gate, approvers) {
        return Err(Rejected::BadApprovers { why });
    }
    Ok(RunEvent::ApprovalReassigned {
        step: state.path(plan, place),
        approvers: approvers.to_vec(),
        by: by.to_owned(),
        reason: reason.cloned(),
    })
}

/// Why people who are asked could never decide, if they could not: fewer of them may still answer than are needed.
/// How many a role is, nobody knows.
fn too_few(state: &State, gate: &GateState, approvers: &[String]) -> Option<String> {
    let people: Option<BTreeSet<&str>> = approvers
        .iter()
        .map(|who| who.strip_prefix("user:"))
        .collect();
    let people = people?;
    let request = &gate.request;
    let started = |who: &str| {
        let starters = state.start.starters();
        request.exclude_starter
            && starters
                .iter()
                .any(|s| s.strip_prefix("user:") == Some(who))
    };
    let voted = |who: &str| {
        let mut all = gate.decisions.iter();
        all.any(|known| known.by.strip_prefix("user:").unwrap_or(&known.by) == who)
    };
    let may = people
        .iter()
        .filter(|who| !started(who) && !voted(who))
        .count();
    let given = gate.decisions.len();
    let left = (request.needed as usize).saturating_sub(given);
    if may >= left {
        return None;
    }
    let started: Vec<&str> = people.iter().copied().filter(|who| started(who)).collect();
    let because = match started.as_slice() {
        [] => String::new(),
        who => format!("; whoever started the run is excluded ({})", who.join(", ")),
    };
    Some(match left {
        1 => format!("nobody of these could decide{because}"),
        left => format!("{left} more people have to approve, and {may} of these may{because}"),
    })
}
