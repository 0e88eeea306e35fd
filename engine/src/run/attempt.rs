//! Attempts: steps whose effect happens outside of the engine.

use super::scope::{Owner, Place};
use super::state::{Phase, State};
use super::time::later;
use super::{Effect, Run, failure, kept, pause, retry};
use crate::definition::{Delivery, FailureClass};
use crate::event::{Failure, RunEvent, StepPath};
use crate::plan::Plan;
#[cfg(test)]
use crate::testing::{Bug, planted};
use crate::{Json, RunId, Timestamp};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// How often in a row an attempt may end with the process, alone, before it is not tried again.
const DEATHS: u32 = 3;
const DEATH: &str = "process_died";

/// The failure of an attempt that ended with the process.
pub(super) fn interrupted() -> Failure {
    Failure::new(
        FailureClass::Interrupted,
        "interrupted",
        "the server stopped in the middle of this attempt",
    )
}

/// The failure of an attempt that was the only one of the process when the process died.
pub(super) fn death() -> Failure {
    Failure::new(
        FailureClass::Interrupted,
        DEATH,
        "the server stopped in the middle of this attempt, while nothing else was running",
    )
}

/// Whether a failure is that of [`death`].
pub(crate) fn is_death(failure: &Failure) -> bool {
    failure.class == FailureClass::Interrupted && failure.code == DEATH
}

impl Run {
    /// Whether the attempt of a step before its last one ended with the process, too.
    pub fn was_interrupted(&self, step: &StepPath) -> bool {
        let place = self.state.place_of_step(&self.plan, step);
        let before = place.and_then(|place| self.state.step(place).attempts.iter().nth_back(1));
        let failure = before.and_then(|attempt| attempt.failure.as_ref());
        failure.is_some_and(|failure| failure.class == FailureClass::Interrupted)
    }
}

/// The failure of an attempt whose time ran out.
pub(super) fn timed_out() -> Failure {
    Failure::new(
        FailureClass::Timeout,
        "timeout",
        "the attempt did not end within its time limit",
    )
}

/// The first attempt of a step, its configuration just rendered.
pub(super) fn first(
    state: &State,
    plan: &Plan,
    place: Place,
    input: Json,
    now: Timestamp,
) -> RunEvent {
    match written_key(state, plan, place) {
        Ok(key) => {
            let key = key.unwrap_or_else(|| made_key(state, plan, place, &input));
            started(state, plan, place, input, key, now)
        }
        Err(failure) => pause::failed(state, plan, place, failure),
    }
}

/// The key that the document gives.
fn written_key(state: &State, plan: &Plan, place: Place) -> Result<Option<String>, Failure> {
    let Some(template) = &state.planned(plan, place).idempotency_key else {
        return Ok(None);
    };
    match template.render(&state.values(place.scope)) {
        Ok(json) => Ok(Some(match json.value() {
            Value::String(text) => text.clone(),
            _ => json.text().to_owned(),
        })),
        Err(error) => Err(failure::of_expression(&error, "idempotency_key")),
    }
}

/// The key that the engine makes. What an earlier run has undone is done anew, and so with another key
/// than there.
fn made_key(state: &State, plan: &Plan, place: Place, input: &Json) -> String {
    let path = state.path(plan, place);
    let kind = state.planned(plan, place).work.kind();
    let undone = match state.scopes[place.scope].owner {
        Owner::Undo { of } => Some(of),
        _ => None,
    };
    let done = undone.map_or_else(|| path.clone(), |of| state.path(plan, of));
    let asked = || match undone {
        Some(of) => kept::asked_at(state, plan, of),
        None => kind.map(|kind| kept::asked(kind, input)),
    };
    // What runs again because a person wanted it otherwise is not the same work.
    let path = match state.step(place).round {
        #[cfg(test)]
        _ if planted(Bug::KeyOfRound) => path.0.to_string(),
        0 => path.0.to_string(),
        round => format!("{path}~{round}"),
    };
    // A process that ended before all that is kept was told: handlers of it are nobody's earlier work.
    let unborn = (state.keep.awaited > 0).then_some(state.start.run);
    match state.keep.work_of(&done, asked).or(unborn) {
        None => key(state.start.root, &path),
        // The run that undid it may be the first one: its id alone would give the key of before.
        Some(from) => key(from, &format!("{path} after undo")),
    }
}

/// The key of a step whose configuration a person gave, there being none.
pub(super) fn own_key(state: &State, plan: &Plan, place: Place, input: &Json) -> String {
    match written_key(state, plan, place) {
        Ok(Some(key)) => key,
        Ok(None) | Err(_) => made_key(state, plan, place, input),
    }
}

/// A further attempt: same input, same key.
pub(super) fn again(state: &State, plan: &Plan, place: Place, now: Timestamp) -> RunEvent {
    let known = state.step(place);
    let input = known.input.clone().unwrap_or_default();
    let key = known.key.as_deref().unwrap_or_default().to_owned();
    #[cfg(test)]
    let key = match planted(Bug::KeyOfAttempt) {
        true => format!("{key}{}", known.attempts.len()),
        false => key,
    };
    started(state, plan, place, input, key, now)
}

fn started(
    state: &State,
    plan: &Plan,
    place: Place,
    input: Json,
    idempotency_key: String,
    now: Timestamp,
) -> RunEvent {
    let step = state.planned(plan, place);
    let known = state.step(place);
    let number = known.attempts.last().map_or(0, |last| last.number);
    let fence = state.fence.saturating_add(1);
    #[cfg(test)]
    let fence = fence - u64::from(number > 0 && planted(Bug::FenceStays));
    let own = step.timeout.map(|timeout| later(now, timeout));
    let total = match step.retry.total {
        Some(total) if known.attempts.len() <= known.anew => Some(later(now, total)),
        _ => retry::total_end(&step.retry, known),
    };
    RunEvent::AttemptStarted {
        step: state.path(plan, place),
        number: number.saturating_add(1),
        fence,
        input,
        idempotency_key,
        deadline: own.into_iter().chain(total).min(),
    }
}

/// What follows on an attempt that failed by itself.
pub(super) fn after_failure(
    state: &State,
    plan: &Plan,
    place: Place,
    failure: &Failure,
    retry_after_ms: Option<u64>,
    now: Timestamp,
) -> RunEvent {
    let step = state.planned(plan, place);
    let path = state.path(plan, place);
    let known = state.step(place);
    // A check can find out after every failure that leaves it open; a person is not asked about each.
    let asks = failure.class == FailureClass::Uncertain
        || retry::was_lost(step, failure)
        || (retry::leaves_open(failure) && step.probe.is_some());
    if (step.delivery == Delivery::AtMostOnce && asks) || retry::lost_its_run(step, failure) {
        return RunEvent::StepUncertain { step: path };
    }
    let tried = retry::Tried {
        run: state.start.run,
        path: &path,
        state: known,
        known: false,
    };
    match retry::due(&tried, step, failure, retry_after_ms, now) {
        Some(due) => RunEvent::RetryScheduled { step: path, due },
        None => pause::failed(state, plan, place, failure.clone()),
    }
}

/// What follows on a failure that left open whether the step happened, once it is known that it did not.
pub(super) fn after_known_failure(
    state: &State,
    plan: &Plan,
    place: Place,
    failure: &Failure,
    now: Timestamp,
) -> RunEvent {
    let path = state.path(plan, place);
    let tried = retry::Tried {
        run: state.start.run,
        path: &path,
        state: state.step(place),
        known: true,
    };
    match retry::due(&tried, state.planned(plan, place), failure, None, now) {
        Some(due) => RunEvent::RetryScheduled { step: path, due },
        None => pause::failed(state, plan, place, failure.clone()),
    }
}

/// The failure of a step whose attempts kept ending with the process.
pub(super) fn quarantined(state: &State, place: Place) -> Option<Failure> {
    (state.step(place).deaths >= DEATHS).then(|| {
        let message =
            format!("the server died {DEATHS} times in a row while this step was all that ran");
        Failure::new(FailureClass::Quarantined, "quarantined", message)
    })
}

/// What follows on an attempt that ended with the process.
pub(super) fn after_interruption(
    state: &State,
    plan: &Plan,
    place: Place,
    now: Timestamp,
) -> RunEvent {
    let path = state.path(plan, place);
    if let Some(failure) = quarantined(state, place) {
        return pause::failed(state, plan, place, failure);
    }
    match state.planned(plan, place).delivery {
        #[cfg(test)]
        _ if planted(Bug::TwiceAtMostOnce) => again(state, plan, place, now),
        Delivery::AtLeastOnce => again(state, plan, place, now),
        Delivery::AtMostOnce => RunEvent::StepUncertain { step: path },
    }
}

/// The key of a step, equal over its attempts and over retries of its run: lower-case base 32 without
/// padding (RFC 4648) of SHA-256 over the root run's id, a zero byte and the step's path.
pub(super) fn key(root: RunId, path: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(root.to_string().as_bytes());
    hash.update([0]);
    hash.update(path.as_bytes());
    base32(&hash.finalize())
}

fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut bits, mut held) = (0u32, 0u32);
    for byte in bytes {
        bits = (bits << 8) | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            text.push(letter(bits >> held));
        }
        bits &= (1 << held) - 1;
    }
    if held > 0 {
        text.push(letter(bits << (5 - held)));
    }
    text
}

fn letter(bits: u32) -> char {
    char::from(b"abcdefghijklmnopqrstuvwxyz234567"[(bits & 31) as usize])
}

/// The effect of a step that runs.
pub(super) fn effect(state: &State, plan: &Plan, place: Place) -> Option<Effect> {
    let step = state.planned(plan, place);
    let known = state.step(place);
    let last = known.attempts.last()?;
    if known.phase != Phase::Running {
        return None;
    }
    Some(Effect::Attempt {
        step: state.path(plan, place),
        number: last.number,
        fence: last.fence,
        kind: step.work.kind()?,
        input: known.input.clone().unwrap_or_default(),
        secrets: step.secrets.clone(),
        timeout: step.timeout,
        idempotency_key: known.key.as_deref().unwrap_or_default().to_owned(),
        deadline: last.deadline,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_is_that_of_rfc_4648() {
        for (bytes, text) in [
            ("", ""),
            ("f", "my"),
            ("fo", "mzxq"),
            ("foo", "mzxw6"),
            ("foob", "mzxw6yq"),
            ("fooba", "mzxw6ytb"),
            ("foobar", "mzxw6ytboi"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
        let run = RunId::from_parts(7, [3; 10]);
        assert_eq!(key(run, "a").len(), 52);
        assert_ne!(key(run, "a"), key(run, "b"));
    }

    /// Keys outlive releases: a step that is tried again after an upgrade must have the same one. Computed
    /// with another implementation.
    #[test]
    fn keys_never_change() {
        let run = RunId::from_parts(1_800_000_000_000, [7; 10]);
        assert_eq!(run.to_string(), "run_01mcc5rm00ew3re1r70w3ge1r7");
        assert_eq!(
            key(run, "publish"),
            "kcokandp7ttevn4mry32cljy7mxs45fd3p2abkhpffh5ayeluofq"
        );
    }
}
