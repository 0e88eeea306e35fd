//! Labels: names and texts by which a run can be found again. They stand in its cause, so they are durable
//! with its first fact.

use super::Problem;
use druse_engine::Json;
use serde_json::Value;
use std::collections::BTreeMap;

const LABELS: &str = "labels";
/// The most labels of a run.
const MOST: usize = 16;
/// The longest name, and the longest text.
const LONGEST: usize = 200;

/// The labels of a run that began like this.
pub fn of(cause: &Json) -> Option<&Value> {
    cause.value().get(LABELS)
}

/// Gives a run that begins like this the labels of another.
pub fn keep(cause: &mut Value, other: &Json) {
    if let Some(labels) = of(other) {
        cause[LABELS] = labels.clone();
    }
}

/// Gives a run that begins like this labels.
///
/// # Errors
/// 422 when they are too many, or one is too long or has no name.
pub fn add(cause: &mut Value, labels: &BTreeMap<String, String>) -> Result<(), Problem> {
    let wrong = |(name, text): (&String, &String)| {
        name.is_empty() || name.len() > LONGEST || text.len() > LONGEST
    };
    if labels.len() > MOST || labels.iter().any(wrong) {
        return Err(Problem::unprocessable(
            "bad_labels",
            format!(
                "A run has at most {MOST} labels, each with a name and a text of up to {LONGEST} bytes."
            ),
            "Put what is longer into an input.",
        ));
    }
    if !labels.is_empty() {
        cause[LABELS] = serde_json::to_value(labels).unwrap_or_default();
    }
    Ok(())
}
