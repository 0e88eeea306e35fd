//! The proof: the engine runs the draft, every step is answered by the recording, and each request that
//! the engine makes is compared with the recorded call.

use crate::compare::{Expected, compare};
use crate::drive::{Drive, Driven, Order, outcome, unknown, unread};
use crate::kept::Kept;
use crate::reads::Reads;
use crate::report::{Difference, Replay};
use druse_engine::Timestamp;
use druse_engine::definition::Document;
use druse_engine::plan::Plan;
use serde_json::json;
use std::sync::Arc;

/// The most differences that are listed for one call.
const MOST: usize = 10;

/// Runs the document with the recorded answers, beginning at this moment.
pub(crate) fn replay(document: &Arc<Document>, kept: &[Kept<'_>], now: Timestamp) -> Replay {
    let reads = Reads::of(document);
    let driven = match Plan::compile(Arc::clone(document)) {
        Ok(plan) => Drive {
            kept,
            inputs: json!({}),
            now,
            order: Order::Recorded,
            respond: &|call, _, _| match call.and_then(|call| kept.get(call)) {
                Some(kept) if reads.reads(kept) => outcome(kept, &kept.answer),
                Some(kept) => unread(kept),
                None => unknown(),
            },
        }
        .run(&Arc::new(plan)),
        // The findings of the check say what is wrong; nothing could be run.
        Err(_) => Driven::default(),
    };
    let mut replay = Replay::default();
    for kept in kept {
        let Some(made) = driven.requests.get(kept.path.as_str()) else {
            replay.missing += 1;
            let why = driven
                .failures
                .get(kept.path.as_str())
                .map(|why| format!(" It failed: {}", crate::show::text(why, 200)))
                .unwrap_or_default();
            replay.differences.push(Difference {
                step: kept.path.clone(),
                call: kept.call.id.clone(),
                kind: "missing".to_owned(),
                path: None,
                recorded: Some(crate::show::value("", &kept.call.arguments, 120)),
                replayed: None,
                message: format!("`{}` was not asked for in the replay.{why}", kept.path),
            });
            continue;
        };
        let found = compare(kept, &Expected::recorded(kept), made.value());
        if found.is_empty() {
            replay.matched += 1;
        } else {
            replay.differing += 1;
            replay.differences.extend(found.into_iter().take(MOST));
        }
    }
    replay
}
