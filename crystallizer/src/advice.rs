//! What could be made better in a draft, and what running it saves.

use crate::kept::Kept;
use crate::leaf::leaves;
use crate::options::Mode;
use crate::report::Advice;
use crate::session::{Role, Session, Turn};
use druse_engine::Timestamp;
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
    let reads = steps(&|kept| kept.is_harmless() && matches!(&*kept.target.action, "http" | "mcp"));
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

/// More characters than a token has on average in what models write.
const MOST_CHARS: u64 = 10;

/// How many characters the agent wrote at least: what it said and what it called. Some recorders keep the count with
/// which an answer began, which is far below that.
fn written(session: &Session) -> u64 {
    let all = session.turns.iter().map(|turn| match turn {
        Turn::Message {
            role: Role::Assistant,
            text,
            ..
        } => text.chars().count(),
        Turn::Call(call) => characters(&call.arguments),
        _ => 0,
    });
    u64::try_from(all.fold(0, usize::saturating_add)).unwrap_or(u64::MAX)
}

fn characters(value: &Value) -> usize {
    let mut all = 0_usize;
    leaves(value, &mut |_, _, leaf| {
        if let Value::String(text) = leaf {
            all = all.saturating_add(text.chars().count());
        }
    });
    all
}

/// Figures of the recorded session that a run does without.
pub(crate) fn savings(session: &Session) -> Map<String, Value> {
    let mut savings = Map::new();
    let mut turns = 0_u64;
    let mut batch = None;
    let mut at_work: Vec<(Timestamp, Timestamp)> = Vec::new();
    for call in session.calls() {
        if batch != Some(call.batch) {
            turns += 1;
            batch = Some(call.batch);
        }
        if let (Some(start), Some(end)) = (call.started_at, call.finished_at) {
            at_work.push((start, end));
        }
    }
    // What tools did at one time took that time once.
    at_work.sort();
    let mut tools_ms = 0_u64;
    let mut until: Option<Timestamp> = None;
    for (start, end) in at_work {
        let from = until.map_or(start, |until| until.max(start));
        if end > from {
            tools_ms = tools_ms.saturating_add(end.since(from).as_millis());
        }
        until = until.max(Some(end));
    }
    savings.insert("agent_turns".to_owned(), turns.into());
    let recorded_ms = match (session.started_at, session.finished_at) {
        (Some(start), Some(end)) => Some(end.since(start).as_millis()),
        _ => None,
    };
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            savings.insert(key.to_owned(), value);
        }
    };
    put("recorded_ms", recorded_ms.map(Value::from));
    // A recorder that notes each call at one moment only measured nothing.
    let tools_ms = Some(tools_ms).filter(|ms| *ms > 0);
    put("tools_ms", tools_ms.map(Value::from));
    // What the tools did not take, the agent thought and people took to answer.
    let agent_ms = recorded_ms
        .zip(tools_ms)
        .map(|(all, tools)| all.saturating_sub(tools));
    put("agent_ms", agent_ms.map(Value::from));
    if let Some(usage) = &session.usage {
        put("input_tokens", Some(usage.input_tokens.into()));
        put(
            "cached_input_tokens",
            Some(usage.cached_input_tokens.into()),
        );
        let is_whole = usage.output_tokens.saturating_mul(MOST_CHARS) >= written(session);
        put(
            "output_tokens",
            is_whole.then(|| usage.output_tokens.into()),
        );
        put("cost_usd", usage.cost_usd.map(Value::from));
    }
    savings
}
