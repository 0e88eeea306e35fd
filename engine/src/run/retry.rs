//! When a failed attempt is tried again.

use super::state::StepState;
use super::time::later;
use crate::definition::{Delivery, FailureClass, Retry};
use crate::event::{Failure, StepPath};
use crate::plan::{ActionKind, PlannedStep};
#[cfg(test)]
use crate::testing::{Bug, planted};
use crate::{RunId, Span, Timestamp};
use sha2::{Digest as _, Sha256};

/// The code of a failure by which a connection broke.
const LOST: &str = "connection_lost";

/// The code of a failure that says: nothing is known of the run that the step has started. It may have done its work,
/// and may still go on.
pub const FENCED_OFF: &str = "run_fenced_off";
/// The longest wait that the other side may ask for.
const LONGEST_ASKED: u64 = 24 * 3_600_000;

/// A step that was tried.
pub(super) struct Tried<'a> {
    pub(super) run: RunId,
    pub(super) path: &'a StepPath,
    pub(super) state: &'a StepState,
    /// Whether it is known that it did not happen, whatever the failure leaves open.
    pub(super) known: bool,
}

/// Whether a failure leaves open whether the step happened.
pub(super) fn leaves_open(failure: &Failure) -> bool {
    matches!(
        failure.class,
        FailureClass::Timeout | FailureClass::Uncertain | FailureClass::Interrupted
    )
}

/// Whether the connection broke while a request was on its way: it may have come, and its answer did not.
pub(super) fn was_lost(step: &PlannedStep, failure: &Failure) -> bool {
    // A database has undone what was not committed; that of a commit has a code of its own.
    let sends = matches!(step.work.kind(), Some(ActionKind::Http | ActionKind::Mcp));
    sends && failure.code == LOST
}

/// Whether a failure leaves it to a person what became of a step, however it is delivered: another attempt would start
/// another run beside one of which nothing is known.
pub(super) fn lost_its_run(step: &PlannedStep, failure: &Failure) -> bool {
    step.work.kind() == Some(ActionKind::Automation)
        && failure.class == FailureClass::Uncertain
        && failure.code == FENCED_OFF
}

/// The time of the next attempt, or none when it is not tried again.
///
/// It is tried again when the failure's class is listed, attempts are left (interrupted ones do not
/// count) and the time over all attempts is not over by then. A step with `delivery: at_most_once` is
/// never tried again after a failure that leaves open whether it happened.
pub(super) fn due(
    tried: &Tried<'_>,
    step: &PlannedStep,
    failure: &Failure,
    retry_after_ms: Option<u64>,
    now: Timestamp,
) -> Option<Timestamp> {
    let state = tried.state;
    let retry = &step.retry;
    let class = match failure.class {
        // Nothing is uncertain about it any more: it failed on its way.
        FailureClass::Uncertain if tried.known => FailureClass::Retryable,
        class => class,
    };
    if !retry.on.contains(&class) || state.failures >= retry.attempts {
        return None;
    }
    if step.delivery == Delivery::AtMostOnce && leaves_open(failure) && !tried.known {
        return None;
    }
    let number = state.attempts.last().map_or(0, |attempt| attempt.number);
    let asked = retry_after_ms.unwrap_or(0).min(LONGEST_ASKED);
    #[cfg(test)]
    let asked = match planted(Bug::RetryAfterIgnored) {
        true => 0,
        false => asked,
    };
    let wait = backoff(
        retry,
        state.failures,
        draw(tried.run, &tried.path.0, number),
    )
    .max(asked);
    let due = later(now, Span::from_millis(wait));
    match total_end(retry, state) {
        Some(end) if due >= end => None,
        _ => Some(due),
    }
}

/// When the time over all attempts is over, for a step that has begun.
pub(super) fn total_end(retry: &Retry, state: &StepState) -> Option<Timestamp> {
    let first = state.attempts.get(state.anew)?;
    retry.total.map(|total| later(first.started_at, total))
}

/// Milliseconds to wait after the `failures`-th failure, at least 1. `part` is in (0, 1].
fn backoff(retry: &Retry, failures: u32, part: f64) -> u64 {
    let max = retry.max.as_millis() as f64;
    let mut wait = retry.backoff.as_millis() as f64;
    let factor = if retry.factor.is_finite() {
        retry.factor.max(0.0)
    } else {
        1.0
    };
    // Multiplied step by step: equal to the bit on every machine, which powers are not. The bound only
    // keeps absurd numbers of attempts cheap.
    for _ in 1..failures.min(1_100) {
        if wait >= max || wait < 1.0 {
            break;
        }
        wait *= factor;
    }
    wait = wait.min(max);
    if retry.jitter {
        wait *= part;
    }
    // A cast from float to integer saturates.
    (wait.ceil() as u64).max(1)
}

/// A number in (0, 1] that is the same whenever this attempt is looked at.
fn draw(run: RunId, step: &str, number: u32) -> f64 {
    let mut hash = Sha256::new();
    hash.update(run.0.to_bytes());
    hash.update([0]);
    hash.update(step.as_bytes());
    hash.update([0]);
    hash.update(number.to_be_bytes());
    #[cfg(test)]
    if planted(Bug::DrawnByChance) {
        hash.update(crate::testing::chance().to_be_bytes());
    }
    let bytes = hash.finalize();
    let mut wide = [0u8; 8];
    wide.copy_from_slice(&bytes[..8]);
    // 53 bits are what a double holds.
    ((u64::from_be_bytes(wide) >> 11) + 1) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry(backoff: &str, factor: f64, max: &str) -> Retry {
        Retry {
            backoff: backoff.parse().unwrap(),
            factor,
            max: max.parse().unwrap(),
            jitter: false,
            ..Retry::default()
        }
    }

    #[test]
    fn waits_grow_up_to_the_limit_and_are_never_zero() {
        let waits = |retry: &Retry| (1..7).map(|n| backoff(retry, n, 1.0)).collect::<Vec<_>>();
        assert_eq!(
            waits(&retry("1s", 2.0, "10s")),
            [1000, 2000, 4000, 8000, 10000, 10000]
        );
        assert_eq!(waits(&retry("0s", 2.0, "10s")), [1; 6]);
        assert_eq!(waits(&retry("1s", 0.0, "10s")), [1000, 1, 1, 1, 1, 1]);
        assert_eq!(waits(&retry("1s", -3.0, "10s")), [1000, 1, 1, 1, 1, 1]);
        assert_eq!(waits(&retry("5s", f64::NAN, "10s")), [5000; 6]);
        assert_eq!(waits(&retry("20s", 2.0, "10s")), [10000; 6]);
        assert_eq!(backoff(&retry("1s", 1.5, "9d"), u32::MAX, 1.0), 777_600_000);
    }

    #[test]
    fn jitter_is_spread_over_the_whole_wait_and_repeatable() {
        let run = RunId::from_parts(1, [1; 10]);
        let draws: Vec<f64> = (1..1000).map(|n| draw(run, "a", n)).collect();
        assert!(draws.iter().all(|part| *part > 0.0 && *part <= 1.0));
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        assert!((0.45..0.55).contains(&mean), "{mean}");
        assert_eq!(draws[0], draw(run, "a", 1));
        let jittered = Retry {
            jitter: true,
            ..retry("1s", 2.0, "1m")
        };
        assert_eq!(backoff(&jittered, 1, 0.5), 500);
        assert_eq!(backoff(&jittered, 1, f64::MIN_POSITIVE), 1);
    }
}
