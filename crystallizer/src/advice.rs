//! What could be made better in a draft, and what running it saves.

use crate::kept::Kept;
use crate::options::Mode;
use crate::report::Advice;
use crate::session::Session;
use druse_engine::definition::EffectLevel;
use serde_json::{Map, Value};

/// Advice in a fixed order.
pub(crate) fn advice(kept: &[Kept<'_>], mode: Mode) -> Vec<Advice> {
    let mut advice = Vec::new();
    let steps = |wanted: &dyn Fn(&Kept<'_>) -> bool| -> Vec<String> {
        kept.iter()
            .filter(|kept| wanted(kept))
            .map(|kept| kept.step.clone())
            .collect()
    };
    let writes = steps(&|kept| {
        kept.effects
            .is_some_and(|level| level >= EffectLevel::Write)
    });
    if !writes.is_empty() {
        advice.push(Advice {
            code: "at_most_once".to_owned(),
            text: "These steps change something. Where doing it twice would be wrong and the other side does not take an idempotency key, write `delivery: at_most_once`: after a crash in the middle they then wait for a person.".to_owned(),
            steps: writes,
        });
    }
    let reads =
        steps(&|kept| kept.is_harmless() && matches!(kept.target.action.as_str(), "http" | "mcp"));
    if !reads.is_empty() {
        advice.push(Advice {
            code: "retry".to_owned(),
            text: "These steps only look. `retry: {}` lets them pass over a short outage."
                .to_owned(),
            steps: reads,
        });
    }
    let mut together: Vec<String> = Vec::new();
    for pair in kept.windows(2) {
        let [one, two] = pair else { continue };
        if one.call.batch == two.call.batch && one.is_harmless() && two.is_harmless() {
            if together.last() != Some(&one.step) {
                together.push(one.step.clone());
            }
            together.push(two.step.clone());
        }
    }
    // In `bound` they do.
    if !together.is_empty() && mode == Mode::Exact {
        advice.push(Advice {
            code: "parallel".to_owned(),
            text: "These steps only look, and the agent asked for them together: with `needs` on the step before them they can run at the same time.".to_owned(),
            steps: together,
        });
    }
    advice
}

/// Figures of the recorded session that a run does without.
pub(crate) fn savings(session: &Session) -> Map<String, Value> {
    let mut savings = Map::new();
    let mut turns = 0_u64;
    let mut batch = None;
    let mut tools_ms: Option<u64> = None;
    for call in session.calls() {
        if batch != Some(call.batch) {
            turns += 1;
            batch = Some(call.batch);
        }
        if let (Some(start), Some(end)) = (call.started_at, call.finished_at) {
            tools_ms = Some(
                tools_ms
                    .unwrap_or(0)
                    .saturating_add(end.since(start).as_millis()),
            );
        }
    }
    savings.insert("agent_turns".to_owned(), turns.into());
    if let (Some(start), Some(end)) = (session.started_at, session.finished_at) {
        savings.insert(
            "recorded_ms".to_owned(),
            end.since(start).as_millis().into(),
        );
    }
    if let Some(ms) = tools_ms {
        savings.insert("tools_ms".to_owned(), ms.into());
    }
    savings
}
