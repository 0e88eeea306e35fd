//! Berkeley function calling leaderboard, multi turn: the expected calls as Python expressions, no results.

use super::builder::{Builder, Call};
use super::python_call;
use super::value::*;
use crate::session::Role;
use serde_json::Value;

pub(super) fn read(document: &Value, builder: &mut Builder) {
    builder.external_id = id(document, "id");
    let questions = list(document, "question");
    let truths = list(document, "ground_truth");
    for turn in 0..questions.len().max(truths.len()) {
        let said = questions
            .get(turn)
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        for message in said {
            let role = if text(message, "role") == Some("system") {
                Role::System
            } else {
                Role::User
            };
            builder.message(role, text(message, "content").unwrap_or(""), None);
        }
        let expected = truths
            .get(turn)
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        for entry in expected {
            let Some((name, given)) = entry.as_str().and_then(python_call::parse) else {
                builder
                    .notes
                    .left_out("unreadable_call", "no Python call", size(entry), 0);
                continue;
            };
            let batch = builder.batch();
            builder.call(Call {
                name,
                arguments: given,
                batch,
                ..Call::default()
            });
            builder.notes.add("expected_calls", "", 0);
        }
    }
}
