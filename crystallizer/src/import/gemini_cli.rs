//! Gemini CLI saved chats: calls stand with their results in the message that made them.

use super::builder::{Answer, Builder, Call};
use super::value::*;
use crate::session::Role;
use serde_json::Value;

pub(super) fn read(document: &Value, builder: &mut Builder) {
    builder.external_id = id(document, "sessionId");
    builder.agent = Some("gemini-cli".to_owned());
    builder.started_at = time(document.get("startTime"));
    builder.finished_at = time(document.get("lastUpdated"));
    for message in list(document, "messages") {
        let at = time(message.get("timestamp"));
        let said = content_text(
            message.get("content").unwrap_or(&Value::Null),
            &mut builder.notes,
            0,
        );
        match text(message, "type").or_else(|| text(message, "role")) {
            Some("user") => builder.message(Role::User, said, at),
            Some("gemini" | "model" | "assistant") => builder.message(Role::Assistant, said, at),
            Some("info" | "error" | "warning" | "about" | "system") => {
                builder.message(Role::System, said, at)
            }
            other => builder.notes.left_out(
                "unknown_record",
                other.unwrap_or("without type"),
                size(message),
                0,
            ),
        }
        for _ in list(message, "thoughts") {
            builder.notes.noise("reasoning", 0);
        }
        let calls = list(message, "toolCalls");
        let batch = if calls.is_empty() { 0 } else { builder.batch() };
        for call in calls {
            one(call, builder, batch, at);
        }
    }
}

fn one(call: &Value, builder: &mut Builder, batch: u32, at: Option<druse_engine::Timestamp>) {
    let recorded = id(call, "id");
    let (given, _) = arguments(call.get("args"), &mut builder.notes);
    let unique = builder.call(Call {
        id: recorded.clone(),
        name: text(call, "name").unwrap_or("").to_owned(),
        arguments: given,
        batch,
        at,
        ..Call::default()
    });
    let status = text(call, "status").unwrap_or("");
    let responses: Vec<&Value> = call
        .get("result")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice)
        .iter()
        .filter_map(|part| {
            part.get("functionResponse")
                .and_then(|response| response.get("response"))
        })
        .collect();
    let cancelled = matches!(status, "cancelled" | "canceled");
    if responses.is_empty() && !cancelled && !matches!(status, "success" | "error") {
        return;
    }
    let said_error = responses
        .iter()
        .any(|response| truthy(response.get("error")));
    let content = match responses.as_slice() {
        [one] => match one.get("output").or_else(|| one.get("error")) {
            Some(inner) if one.as_object().is_some_and(|map| map.len() == 1) => inner.clone(),
            _ => (*one).clone(),
        },
        [] => call
            .get("result")
            .filter(|result| !result.is_array())
            .cloned()
            .unwrap_or_else(|| Value::from("")),
        many => Value::Array(many.iter().map(|one| (*one).clone()).collect()),
    };
    let mut answer = Answer::new(content);
    answer.result.is_error = status == "error" || cancelled || (status.is_empty() && said_error);
    answer.result.refused = cancelled;
    answer.result.structured = present(call, "resultDisplay").cloned();
    answer.at = time(call.get("timestamp")).or(at);
    let decided = answer.at;
    builder.answer(recorded.as_deref(), None, answer);
    if cancelled {
        builder.refusal(Some(unique), None, decided);
    }
}
