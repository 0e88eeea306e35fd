//! Inspect evaluation logs: a session per sample; times and approvals stand in its events.

use super::builder::Builder;
use super::chat::{self, Style};
use super::value::*;
use crate::session::{RecordedApproval, SessionStatus};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Each sample with what the log says about all of them.
pub(super) fn unfold(value: Value) -> Vec<Value> {
    let Value::Object(mut log) = value else {
        return vec![value];
    };
    let Some(Value::Array(samples)) = log.remove("samples") else {
        return vec![Value::Object(log)];
    };
    if samples.is_empty() {
        log.insert("samples".to_owned(), Value::Array(samples));
        return vec![Value::Object(log)];
    }
    let status = log.remove("status").unwrap_or(Value::Null);
    let eval = log.remove("eval").unwrap_or(Value::Null);
    let task = eval.get("task").cloned().unwrap_or(Value::Null);
    let with = |sample: Value| {
        Value::Object(Map::from_iter([
            ("sample".to_owned(), sample),
            ("status".to_owned(), status.clone()),
            ("task".to_owned(), task.clone()),
        ]))
    };
    samples.into_iter().map(with).collect()
}

pub(super) fn read(document: &Value, builder: &mut Builder) {
    let sample = document.get("sample").unwrap_or(&Value::Null);
    builder.agent = text(document, "task").map(str::to_owned);
    builder.external_id = id(sample, "uuid").or_else(|| id(sample, "id"));
    builder.status = status(document, sample);
    let attachments = sample.get("attachments").and_then(Value::as_object);
    let messages: Vec<Value> = list(sample, "messages")
        .iter()
        .map(|message| attached(message, attachments))
        .collect();
    chat::messages(
        &messages,
        builder,
        Style {
            infer_failure: true,
            content_as_is: false,
        },
    );
    events(sample, builder);
}

/// Scores decide; without them the log's own status does when it is a failure.
fn status(document: &Value, sample: &Value) -> Option<SessionStatus> {
    if truthy(sample.get("error")) {
        return Some(SessionStatus::Failed);
    }
    match text(document, "status") {
        Some("error") => return Some(SessionStatus::Failed),
        Some("cancelled") => return Some(SessionStatus::Canceled),
        _ => {}
    }
    let scores: Vec<&Value> = sample
        .get("scores")
        .and_then(Value::as_object)?
        .values()
        .filter_map(|score| score.get("value"))
        .collect();
    let says = |score: &Value| match score {
        Value::String(text) if text == "C" => Some(true),
        Value::String(text) if text == "I" || text == "N" => Some(false),
        Value::Number(number) => number.as_f64().map(|number| number >= 1.0),
        Value::Bool(good) => Some(*good),
        _ => None,
    };
    let said: Vec<bool> = scores.into_iter().filter_map(says).collect();
    match said.as_slice() {
        [] => None,
        all if all.iter().all(|good| *good) => Some(SessionStatus::Succeeded),
        _ => Some(SessionStatus::Failed),
    }
}

/// The value with its `attachment://` texts put in.
fn attached(value: &Value, attachments: Option<&Map<String, Value>>) -> Value {
    match value {
        Value::String(text) => text
            .strip_prefix("attachment://")
            .and_then(|key| attachments?.get(key))
            .unwrap_or(value)
            .clone(),
        Value::Array(items) => items
            .iter()
            .map(|item| attached(item, attachments))
            .collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, inner)| (key.clone(), attached(inner, attachments)))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

fn events(sample: &Value, builder: &mut Builder) {
    let mut approvals = BTreeMap::new();
    for event in list(sample, "events") {
        let at = time(event.get("timestamp"));
        builder.seen_at(at);
        match text(event, "event") {
            Some("tool") => {
                let Some(recorded) = id(event, "id") else {
                    continue;
                };
                if let Some(call) = builder.newest(&recorded) {
                    call.started_at = at;
                    call.finished_at = time(event.get("completed"));
                    if let Some(result) =
                        call.result.as_mut().filter(|_| truthy(event.get("error")))
                    {
                        result.is_error = true;
                    }
                }
            }
            Some("approval") => {
                if let Some(call) = event.get("call").and_then(|call| id(call, "id")) {
                    let decision = text(event, "decision").unwrap_or("");
                    let by = text(event, "approver").filter(|by| *by != "auto");
                    // What a rule let through is no answer of a person.
                    if by.is_some() {
                        approvals.insert(
                            call,
                            (
                                matches!(decision, "approve" | "modify"),
                                by.map(str::to_owned),
                                text(event, "explanation").map(str::to_owned),
                                at,
                            ),
                        );
                    }
                }
            }
            _ => {}
        }
    }
    for (call, (approved, by, comment, at)) in approvals {
        if !approved
            && let Some(result) = builder.newest(&call).and_then(|call| call.result.as_mut())
        {
            result.refused = true;
            result.is_error = true;
        }
        builder.approve_before(
            &call,
            RecordedApproval {
                call: None,
                approved,
                by,
                comment,
                requested_at: None,
                decided_at: at,
            },
        );
    }
}
