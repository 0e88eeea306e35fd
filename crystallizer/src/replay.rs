//! The proof: the engine runs the draft, every step is answered by the recording, and each request that
//! the engine makes is compared with the recorded call.

use crate::compare::{Expected, compare};
use crate::drive::{Drive, Order, outcome, unknown, unread};
use crate::kept::Kept;
use crate::lent::with_plan;
use crate::reads::Reads;
use crate::report::{Difference, Replay};
use druse_engine::definition::Document;
use druse_engine::plan::Plan;
use druse_engine::{Json, Timestamp};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::sync::Arc;

/// The most differences that are listed for one call.
const MOST: usize = 10;

/// The recorded values of the inputs that a run has to be given: those without one that is taken when nobody gives any.
fn as_recorded(document: &Document) -> Map<String, Value> {
    let given = document.inputs.iter().filter_map(|(name, schema)| {
        let first = schema.get("examples")?.get(0)?;
        schema
            .get("default")
            .is_none()
            .then(|| (name.clone(), first.clone()))
    });
    given.collect()
}

/// Runs the document with the recorded answers, beginning at this moment.
pub(crate) fn replay(document: &mut Document, kept: &[Kept<'_>], now: Timestamp) -> Replay {
    let reads = Reads::of(document);
    // What is asked for is compared at once: nobody keeps the requests of a long recording.
    let mut by_path: Vec<(&str, usize)> = kept
        .iter()
        .enumerate()
        .map(|(index, kept)| (kept.path(), index))
        .collect();
    by_path.sort_unstable();
    let compared: RefCell<Vec<Option<Vec<Difference>>>> = RefCell::new(vec![None; kept.len()]);
    let watch = |path: &str, made: &Json| {
        let mut compared = compared.borrow_mut();
        let first = by_path.partition_point(|(known, _)| *known < path);
        let of_path = by_path.iter().skip(first);
        for (_, index) in of_path.take_while(|(known, _)| *known == path) {
            if let (Some(found @ None), Some(kept)) = (compared.get_mut(*index), kept.get(*index)) {
                *found = Some(compare(kept, &Expected::recorded(kept), made.value()));
            }
        }
    };
    let inputs = as_recorded(document);
    let drive = |plan: &Arc<Plan>| {
        Drive {
            kept,
            inputs: inputs.clone().into(),
            now,
            order: Order::Recorded,
            respond: &|call, _, _| match call.and_then(|call| kept.get(call)) {
                Some(kept) if reads.reads(kept) => outcome(kept, &kept.answer),
                Some(kept) => unread(kept),
                None => unknown(),
            },
            watch: Some(&watch),
        }
        .run(plan)
    };
    let driven = with_plan(document, |_| {}, drive).unwrap_or_default();
    let mut replay = Replay::default();
    for (kept, found) in kept.iter().zip(compared.into_inner()) {
        let Some(found) = found else {
            replay.missing += 1;
            let why = driven
                .failures
                .get(kept.path())
                .map(|why| format!(" It failed: {}", crate::show::text(why, 200)))
                .unwrap_or_default();
            replay.differences.push(Difference {
                step: kept.path().to_owned(),
                call: kept.call.id.clone(),
                kind: "missing".to_owned(),
                path: None,
                recorded: Some(crate::show::value("", &kept.call.arguments, 120)),
                replayed: None,
                message: format!("`{}` was not asked for in the replay.{why}", kept.path()),
            });
            continue;
        };
        if found.is_empty() {
            replay.matched += 1;
        } else {
            replay.differing += 1;
            replay.differences.extend(found.into_iter().take(MOST));
        }
    }
    replay
}
