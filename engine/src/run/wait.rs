//! `wait`: for a length of time, or until a moment.

use super::time::later;
use crate::definition::FailureClass;
use crate::event::{Failure, RunEvent, StepPath};
use crate::{Json, Span, Timestamp};
use serde_json::{Value, json};

/// The start of a wait, from its rendered configuration.
pub(super) fn start(step: &StepPath, with: &Json, now: Timestamp) -> RunEvent {
    match until(with.value(), now) {
        Ok(until) => RunEvent::WaitStarted {
            step: step.clone(),
            until,
        },
        Err(message) => RunEvent::StepFailed {
            step: step.clone(),
            failure: Failure::new(FailureClass::Permanent, "invalid_wait", message),
        },
    }
}

fn until(with: &Value, now: Timestamp) -> Result<Timestamp, String> {
    match (with.get("for"), with.get("until")) {
        (Some(Value::String(text)), None) => Ok(later(now, text.parse::<Span>()?)),
        (None, Some(Value::String(text))) => text.parse(),
        (Some(_), Some(_)) => Err("a wait has either `for` or `until`, not both".into()),
        (Some(other), None) => Err(format!("`for` is a duration such as 30s, not {other:.60}")),
        (None, Some(other)) => Err(format!(
            "`until` is a time such as 2027-03-28T01:00:00Z, not {other:.60}"
        )),
        (None, None) => Err("a wait needs `for` or `until`".into()),
    }
}

/// What a finished wait gives.
pub(super) fn output(until: Timestamp) -> Json {
    json!({ "waited_until": until.to_string() }).into()
}
