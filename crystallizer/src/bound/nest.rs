//! Puts the calls of loops into bodies: the step of each call of the first pass moves into the body of its loop, the
//! steps of the other passes go.

use super::cycle::Cycle;
use crate::kept::{Kept, Spot};
use druse_engine::definition::{Document, ForEach, Step};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// How many more elements than were recorded a loop takes, times their number, before it fails.
const MORE: usize = 10;
/// How many elements every loop takes.
const ENOUGH: usize = 100;
/// How many passes that only look are open at once.
const PARALLEL: u32 = 4;

/// Nests the steps of loops. `spots` gives where the step of each kept call stands, and is brought up to date.
pub(super) fn nest(
    document: &mut Document,
    kept: &mut [Kept<'_>],
    spots: &mut [Spot],
    cycles: &[Cycle],
) {
    if cycles.is_empty() {
        return;
    }
    let mut inside: BTreeMap<usize, (&Cycle, usize)> = BTreeMap::new();
    for cycle in cycles {
        for call in cycle.first..=cycle.last() {
            if let Some(spot) = spots.get(call) {
                inside.insert(spot.step, (cycle, call - cycle.first));
            }
        }
    }
    let mut steps: Vec<Step> = Vec::with_capacity(document.steps.len());
    let mut moved: BTreeMap<usize, Spot> = BTreeMap::new();
    for (index, step) in std::mem::take(&mut document.steps).into_iter().enumerate() {
        let Some((cycle, offset)) = inside.get(&index) else {
            moved.insert(index, Spot::of(steps.len()));
            steps.push(step);
            continue;
        };
        if *offset == 0 {
            steps.push(of_cycle(cycle));
        }
        let inner = offset % cycle.width;
        moved.insert(
            index,
            Spot {
                step: steps.len().saturating_sub(1),
                inner: Some(inner),
            },
        );
        if *offset < cycle.width
            && let Some(around) = steps.last_mut()
        {
            let before = around.steps.last().map(|before| before.id.clone());
            around.steps.push(Step {
                needs: before.into_iter().collect(),
                join: None,
                when: None,
                ..step
            });
        }
    }
    document.steps = steps;
    for spot in spots.iter_mut() {
        if let Some(now) = moved.get(&spot.step) {
            *spot = *now;
        }
    }
    for cycle in cycles {
        for call in cycle.first..=cycle.last() {
            let offset = call - cycle.first;
            let body = kept
                .get(cycle.first + offset % cycle.width)
                .map(|body| body.step.clone());
            if let (Some(one), Some(step)) = (kept.get_mut(call), body) {
                one.path = cycle.path(offset / cycle.width, &step);
                one.step = step;
            }
        }
    }
    describe(document, kept);
}

fn of_cycle(cycle: &Cycle) -> Step {
    let limit = (cycle.passes * MORE).max(ENOUGH);
    let parallel = cycle.harmless && cycle.until.is_none();
    let mut metadata = Map::new();
    metadata.insert(
        "folded".to_owned(),
        json!({ "passes": cycle.passes, "because": cycle.because }),
    );
    Step {
        id: cycle.id.clone(),
        for_each: Some(ForEach {
            items: format!("{{{{ {} }}}}", cycle.items).into(),
            name: (cycle.item != "item").then(|| cycle.item.clone()),
            max_parallel: parallel.then_some(PARALLEL),
            max_items: u32::try_from(limit).ok(),
            on_item_error: None,
            until: cycle.until.clone(),
            output: cycle.output.clone(),
        }),
        metadata,
        ..Step::default()
    }
}

/// Says in the document which call each step, and each pass of a body, was made of.
fn describe(document: &mut Document, kept: &[Kept<'_>]) {
    let calls: Map<String, Value> = kept
        .iter()
        .map(|kept| (kept.path.clone(), kept.call.id.clone().into()))
        .collect();
    if let Some(Value::Object(made)) = document.metadata.get_mut("crystallized") {
        made.insert("calls".to_owned(), Value::Object(calls));
    }
    let steps: BTreeSet<&str> = kept.iter().map(|kept| kept.step.as_str()).collect();
    if let Some(Value::Array(all)) = document.metadata.get_mut("non_deterministic_steps") {
        all.retain(|step| step.as_str().is_some_and(|step| steps.contains(step)));
    }
}
