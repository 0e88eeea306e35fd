//! Writes a session in Druse's own form.

use crate::session::*;
use serde_json::{Map, Value, json};

/// The session as a recording in Druse's own form. Reading it again gives the same turns, calls,
/// results, approvals, tools, status and times; only format, digest and findings are those of the new recording.
pub fn to_own_form(session: &Session) -> Value {
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| {
        if !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()) {
            out.insert(key.to_owned(), value);
        }
    };
    put("kind", json!(session.kind));
    put("status", json!(session.status));
    put("agent", json!(session.agent));
    put("goal", json!(session.goal));
    put("id", json!(session.external_id));
    put("started_at", json!(session.started_at));
    put("finished_at", json!(session.finished_at));
    put("working_folder", json!(session.working_folder));
    if session.agent_format() != "druse" {
        put("recorded_as", json!(session.agent_format()));
    }
    put("tools", json!(session.tools));
    put("usage", json!(session.usage));
    let mut messages = Vec::new();
    let mut turns = session.turns.iter().peekable();
    while let Some(turn) = turns.next() {
        match turn {
            Turn::Message { role, text, at } => {
                let mut message = Map::from_iter([
                    ("role".into(), json!(role)),
                    ("content".into(), json!(text)),
                ]);
                insert(&mut message, "at", json!(at));
                messages.push(Value::Object(message));
            }
            Turn::Call(first) => {
                let mut together = vec![first];
                while let Some(Turn::Call(next)) = turns.peek() {
                    if next.batch != first.batch {
                        break;
                    }
                    together.push(next);
                    turns.next();
                }
                let calls: Vec<Value> = together.iter().map(|call| written_call(call)).collect();
                messages.push(json!({"role": "assistant", "tool_calls": calls}));
                for call in together {
                    messages.extend(
                        call.result
                            .as_ref()
                            .map(|result| written_result(call, result)),
                    );
                }
            }
            Turn::Approval(approval) => messages.push(written_approval(approval)),
        }
    }
    out.insert("messages".into(), Value::Array(messages));
    Value::Object(out)
}

fn insert(map: &mut Map<String, Value>, key: &str, value: Value) {
    if !value.is_null() {
        map.insert(key.to_owned(), value);
    }
}

fn written_call(call: &ToolCall) -> Value {
    // Arguments that are text would be read as JSON text: as JSON text they come back as they are.
    let arguments = match &call.arguments {
        text @ (Value::String(_) | Value::Null) => Value::from(text.to_string()),
        other => other.clone(),
    };
    let mut out = Map::from_iter([
        ("id".into(), json!(call.id)),
        ("name".into(), json!(call.name)),
        ("arguments".into(), arguments),
        ("batch".into(), json!(call.batch)),
    ]);
    insert(&mut out, "agent", json!(call.agent));
    insert(&mut out, "folder", json!(call.folder));
    insert(&mut out, "shell", json!(call.shell));
    insert(&mut out, "inside", json!(call.inside));
    if call.waits {
        out.insert("waits".into(), json!(true));
    }
    insert(&mut out, "started_at", json!(call.started_at));
    Value::Object(out)
}

fn written_result(call: &ToolCall, result: &ToolResult) -> Value {
    let mut out = Map::from_iter([
        ("role".into(), json!("tool")),
        ("tool_call_id".into(), json!(call.id)),
        ("content".into(), result.content.clone()),
        ("is_error".into(), json!(result.is_error)),
    ]);
    for (key, flag) in [
        ("refused", result.refused),
        ("truncated", result.truncated),
        ("unread", result.unread),
    ] {
        if flag {
            out.insert(key.into(), json!(true));
        }
    }
    insert(&mut out, "exit_code", json!(result.exit_code));
    insert(&mut out, "structured", json!(result.structured));
    insert(&mut out, "finished_at", json!(call.finished_at));
    Value::Object(out)
}

fn written_approval(approval: &RecordedApproval) -> Value {
    let decision = if approval.approved {
        "approved"
    } else {
        "rejected"
    };
    let mut out = Map::from_iter([
        ("role".into(), json!("approval")),
        ("decision".into(), json!(decision)),
    ]);
    insert(&mut out, "tool_call_id", json!(approval.call));
    insert(&mut out, "by", json!(approval.by));
    insert(&mut out, "comment", json!(approval.comment));
    insert(&mut out, "requested_at", json!(approval.requested_at));
    insert(&mut out, "decided_at", json!(approval.decided_at));
    Value::Object(out)
}
