//! Looks that only informed the agent. Where nothing reads what such a look answers, and the person agreed to all that
//! was changed behind it, what it was to tell has been put before the person: it may look for what the recording looked
//! for, and when it finds nothing the run goes on. So may what only computes, where nothing is changed behind it.

use super::cycle;
use super::decide::Decisions;
use super::unread;
use crate::kept::{Kept, Spot};
use druse_engine::Finding;
use druse_engine::definition::{Document, OnError};
use std::collections::BTreeSet;

/// Finds them, and lets the run go on behind those that fail.
pub(super) fn let_go_on(
    document: &mut Document,
    kept: &[Kept<'_>],
    steps: &[Spot],
    decisions: &Decisions<'_>,
) -> BTreeSet<usize> {
    let last_unagreed = (0..kept.len())
        .rev()
        .find(|call| kept[*call].changes() && !decisions.assented.contains(call));
    // What comes before a change that nobody agreed to may be why it was made.
    let first = last_unagreed.map_or(0, |call| call + 1);
    let in_loop = |call: usize| {
        cycle::of(&decisions.cycles, call).is_some()
            || decisions.pages.iter().any(|pages| pages.holds(call))
    };
    let mut idle = BTreeSet::new();
    // Where in the document's list they stand.
    let mut places = BTreeSet::new();
    let mut read_by = None;
    // The last first: what only an idle look reads is idle, too.
    for call in (first..kept.len()).rev() {
        let (Some(one), Some(spot)) = (kept.get(call), steps.get(call)) else {
            continue;
        };
        let is_pure = one.effects == Some(druse_engine::definition::EffectLevel::Pure);
        // What looks at something may be what the run is for; what only computes looks at nothing.
        let has_told = is_pure || decisions.assented.range(call..).next().is_some();
        if !one.is_harmless() || !has_told || in_loop(call) || spot.inner.is_some() {
            continue;
        }
        if decisions.looked_after.contains(&call) {
            continue;
        }
        let is_open = decisions.calls.get(call).is_some_and(|decided| {
            decided
                .frozen
                .iter()
                .any(|frozen| frozen.why.choices().is_some())
        });
        if !is_open && !is_pure {
            continue;
        }
        let read_by = read_by.get_or_insert_with(|| unread::ReadBy::of(document));
        if read_by.reads(&one.step, &places) {
            continue;
        }
        if let Some(step) = spot.step_mut(document) {
            step.on_error = Some(OnError::Continue);
            idle.insert(call);
            places.insert(spot.step);
        }
    }
    idle
}

/// What a person is told about it.
pub(super) fn explained(step: &str) -> Finding {
    Finding::info(
        "informs_nobody",
        format!(
            "Nothing reads what `{step}` answers, and nothing is changed behind it that the person did not agree to: it asks for what the recording asked for, and when that gives nothing the run goes on."
        ),
    )
    .help("Remove the step if nobody reads the run's record for it.")
}
