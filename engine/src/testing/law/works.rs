//! The law of idempotency keys over a run and one that repeats it: to whoever takes a call, a key stands for
//! one piece of work.

use super::{Broken, Law, Looked};
use crate::event::{Entry, RunEvent, StepPath};
use crate::plan::Plan;
use std::collections::{BTreeMap, BTreeSet};

/// A key of the earlier run is used again only for what it was used for there.
///
/// # Errors
/// The law that it breaks.
pub(in crate::testing) fn one_work(
    plan: &Plan,
    before: &[Entry],
    again: &[Entry],
    looked: &mut Looked,
) -> Result<(), Broken> {
    // What a person corrected is the same work with another configuration.
    let corrected: BTreeSet<&StepPath> = before
        .iter()
        .chain(again)
        .filter_map(|entry| match &entry.event {
            RunEvent::StepResumed {
                step,
                input: Some(_),
                ..
            } => Some(step),
            _ => None,
        })
        .collect();
    let mut known: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (step, key, input) in before.iter().filter_map(asks) {
        if is_made(plan, step) && !corrected.contains(step) {
            known.entry(key).or_default().insert(input);
        }
    }
    for (step, key, input) in again.iter().filter_map(asks) {
        let Some(inputs) = known.get(key).filter(|_| !corrected.contains(step)) else {
            continue;
        };
        let told = || format!("{step} asks for {input} under {key}, which stood for {inputs:?}");
        looked.hold(Law::Keys, inputs.contains(input), told)?;
    }
    Ok(())
}

fn asks(entry: &Entry) -> Option<(&StepPath, &str, &str)> {
    match &entry.event {
        RunEvent::AttemptStarted {
            step,
            idempotency_key,
            input,
            ..
        } => Some((step, idempotency_key, input.text())),
        _ => None,
    }
}

/// Whether its key is made by the engine, and for what it does: what checks a step only reads.
fn is_made(plan: &Plan, step: &StepPath) -> bool {
    let planned = plan.find(step);
    planned.is_some_and(|step| step.idempotency_key.is_none()) && plan.checked(step).is_none()
}
