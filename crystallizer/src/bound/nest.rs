//! Puts the calls of loops into bodies: the step of each call of the first pass moves into the body of its loop, the
//! steps of the other passes go.

use super::cycle::{Cycle, Inner, Stand};
use super::write::Taken;
use crate::kept::{Kept, Spot};
use druse_engine::definition::{Document, ForEach, OnError, Step};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// How many more elements than were recorded a loop takes, times their number, before it fails.
const MORE: usize = 10;
/// How many elements every loop takes.
const ENOUGH: usize = 100;
/// How many passes that only look are open at once.
const PARALLEL: u32 = 4;

/// Nests the steps of loops. `spots` gives where the step of each kept call stands, and is brought up to date. Gives
/// how many gates of later passes went into those of the first.
pub(super) fn nest(
    document: &mut Document,
    kept: &mut [Kept<'_>],
    spots: &mut [Spot],
    cycles: &[Cycle],
) -> u64 {
    if cycles.is_empty() {
        return 0;
    }
    let taken = Taken::of(spots);
    let mut inside: BTreeMap<usize, (&Cycle, Stand)> = BTreeMap::new();
    for cycle in cycles {
        for call in cycle.first..=cycle.last() {
            if let (Some(spot), Some(stand)) = (spots.get(call), cycle.stand(call)) {
                inside.insert(spot.step, (cycle, stand));
                // The gate before a call goes where the call goes.
                if let Some(gate) = taken.gate_before(*spot) {
                    inside.insert(gate.step, (cycle, stand));
                }
            }
        }
    }
    let calls: BTreeSet<usize> = spots.iter().map(|spot| spot.step).collect();
    let mut gates_folded = 0;
    let mut steps: Vec<Step> = Vec::with_capacity(document.steps.len());
    let mut moved: BTreeMap<usize, Spot> = BTreeMap::new();
    // Where the step stands that was made of the first call at a place of a body.
    let mut bodies: BTreeMap<(usize, bool, usize), Spot> = BTreeMap::new();
    let mut begun: BTreeSet<usize> = BTreeSet::new();
    for (index, step) in std::mem::take(&mut document.steps).into_iter().enumerate() {
        let Some((cycle, stand)) = inside.get(&index) else {
            moved.insert(index, Spot::of(steps.len()));
            steps.push(step);
            continue;
        };
        if begun.insert(cycle.first) {
            steps.push(of_cycle(cycle, kept));
        }
        let place = (cycle.first, stand.round.is_some(), stand.place);
        let is_first = stand.pass == 0 && stand.round.is_none_or(|round| round == 0);
        if !is_first {
            if calls.contains(&index) {
                if let Some(spot) = bodies.get(&place) {
                    moved.insert(index, *spot);
                }
            } else {
                gates_folded += 1;
            }
            continue;
        }
        let mut spot = Spot::of(steps.len().saturating_sub(1));
        let Some(around) = steps.last_mut() else {
            continue;
        };
        let list = match (&cycle.inner, stand.round) {
            (Some(inner), Some(_)) => {
                if around.steps.last().is_none_or(|last| last.id != inner.id) {
                    let own = of_inner(inner);
                    put(&mut around.steps, own);
                }
                spot.inner = around.steps.len().checked_sub(1);
                let Some(own) = around.steps.last_mut() else {
                    continue;
                };
                spot.deep = Some(own.steps.len());
                &mut own.steps
            }
            _ => {
                spot.inner = Some(around.steps.len());
                &mut around.steps
            }
        };
        put(list, step);
        if calls.contains(&index) {
            bodies.insert(place, spot);
            moved.insert(index, spot);
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
            let Some(stand) = cycle.stand(call) else {
                continue;
            };
            let first = match stand.round {
                Some(_) => cycle.call_inside(0, 0, stand.place),
                None => cycle.call(0, stand.place),
            };
            let body = kept.get(first).map(|body| body.step.clone());
            if let (Some(one), Some(step)) = (kept.get_mut(call), body) {
                one.in_pass = Some(cycle.path_of(stand, &step).into());
                one.step = step;
            }
        }
    }
    describe(document, kept);
    gates_folded
}

/// Puts a step behind the others of a body.
fn put(list: &mut Vec<Step>, step: Step) {
    let before = list.last().map(|before| before.id.clone());
    list.push(Step {
        needs: before.into_iter().collect(),
        join: None,
        when: None,
        ..step
    });
}

fn of_inner(inner: &Inner) -> Step {
    let most = inner.rounds.counts.iter().copied().max().unwrap_or(0);
    let rounds: usize = inner.rounds.counts.iter().sum();
    let mut metadata = Map::new();
    metadata.insert(
        "folded".to_owned(),
        json!({ "passes": rounds, "because": inner.because }),
    );
    Step {
        id: inner.id.clone(),
        for_each: Some(Box::new(ForEach {
            items: format!("{{{{ {} }}}}", inner.items).into(),
            name: (inner.item != "item").then(|| inner.item.clone()),
            max_parallel: inner.harmless.then_some(PARALLEL),
            max_items: u32::try_from((most * MORE).max(ENOUGH)).ok(),
            on_item_error: None,
            until: None,
            output: None,
        })),
        metadata,
        ..Step::default()
    }
}

fn of_cycle(cycle: &Cycle, kept: &[Kept<'_>]) -> Step {
    let limit = (cycle.passes * MORE).max(ENOUGH);
    let parallel = cycle.harmless && cycle.until.is_none();
    let mut metadata = Map::new();
    metadata.insert(
        "folded".to_owned(),
        json!({ "passes": cycle.passes, "because": cycle.because }),
    );
    Step {
        id: cycle.id.clone(),
        for_each: Some(Box::new(ForEach {
            items: format!("{{{{ {} }}}}", cycle.items).into(),
            name: (cycle.item != "item").then(|| cycle.item.clone()),
            max_parallel: parallel.then_some(PARALLEL),
            max_items: u32::try_from(limit).ok(),
            on_item_error: fails(cycle, kept).then_some(OnError::Continue),
            until: cycle.until.clone(),
            output: cycle.output.clone(),
        })),
        metadata,
        ..Step::default()
    }
}

/// Whether a pass of a loop failed, and the session went on.
pub(super) fn fails(cycle: &Cycle, kept: &[Kept<'_>]) -> bool {
    let calls = kept.get(cycle.first..=cycle.last()).unwrap_or_default();
    calls.iter().any(|one| crate::prune::failed(one.call))
}

/// Says in the document which call each step, and each pass of a body, was made of.
fn describe(document: &mut Document, kept: &[Kept<'_>]) {
    let calls: Map<String, Value> = kept
        .iter()
        .map(|kept| (kept.path().to_owned(), kept.call.id.clone().into()))
        .collect();
    if let Some(Value::Object(made)) = document.metadata.get_mut("crystallized") {
        made.insert("calls".to_owned(), Value::Object(calls));
    }
    let steps: BTreeSet<&str> = kept.iter().map(|kept| kept.step.as_str()).collect();
    if let Some(Value::Array(all)) = document.metadata.get_mut("non_deterministic_steps") {
        all.retain(|step| step.as_str().is_some_and(|step| steps.contains(step)));
    }
}
