//! OpenHands: actions and the observations that they cause.

use super::body::parse_text;
use super::builder::{Answer, Builder, Call};
use super::openhands_sdk;
use super::value::*;
use crate::session::{RecordedApproval, Role};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Actions that are no calls of tools.
const OWN: [&str; 8] = [
    "system",
    "recall",
    "change_agent_state",
    "null",
    "condensation",
    "condensation_request",
    "loop_recovery",
    "task_tracking_state",
];
/// Arguments that the product adds to an action.
const ADDED: [&str; 12] = [
    "thought",
    "confirmation_state",
    "security_risk",
    "is_confirmed",
    "hidden",
    "blocking",
    "keep_prompt",
    "is_static",
    "cwd",
    "impl_source",
    "translated_ipython_code",
    "kernel_init_code",
];

#[derive(Default)]
struct Seen {
    batches: BTreeMap<String, u32>,
    calls: BTreeSet<String>,
    asked: BTreeSet<String>,
    /// Where the shell stood after the newest command that tells it.
    folder: Option<String>,
}

pub(super) fn read(document: &Value, builder: &mut Builder) {
    builder.external_id = id(document, "instance_id").or_else(|| id(document, "id"));
    builder.agent = document
        .get("metadata")
        .and_then(|metadata| text(metadata, "agent_class"))
        .map(str::to_owned)
        .or(Some("openhands".to_owned()));
    let mut seen = Seen::default();
    let mut newer = openhands_sdk::Seen::default();
    for event in events(document) {
        if openhands_sdk::is_event(event) || (text(event, "kind").is_some() && !is_older(event)) {
            openhands_sdk::event(event, builder, &mut newer);
        } else if let Value::Array(pair) = event {
            // Old outputs keep pairs of an action and its observation.
            pair.iter()
                .for_each(|event| self::event(event, builder, &mut seen));
        } else {
            self::event(event, builder, &mut seen);
        }
    }
}

/// Where a document may keep its events.
pub(super) const LISTS: [&str; 4] = ["history", "events", "trajectory", "items"];

/// The events of a document.
pub(super) fn events(document: &Value) -> &[Value] {
    let lists = LISTS.iter().map(|key| list(document, key));
    match document {
        Value::Array(events) => events,
        _ => lists
            .into_iter()
            .find(|events| !events.is_empty())
            .unwrap_or(&[]),
    }
}

fn is_older(event: &Value) -> bool {
    text(event, "action").is_some() || text(event, "observation").is_some()
}

fn event(event: &Value, builder: &mut Builder, seen: &mut Seen) {
    let at = time(event.get("timestamp"));
    let source = text(event, "source");
    if let Some(action) = text(event, "action") {
        let args = event.get("args").unwrap_or(&Value::Null);
        match action {
            "message" | "system" => {
                let said = text(args, "content")
                    .or_else(|| text(event, "message"))
                    .unwrap_or("");
                let role = match (action, source) {
                    ("system", _) => Role::System,
                    (_, Some("user")) => Role::User,
                    _ => Role::Assistant,
                };
                builder.message(role, said, at);
            }
            _ if OWN.contains(&action) => {
                let state = text(args, "agent_state").unwrap_or("");
                if !matches!(state, "user_confirmed" | "user_rejected") {
                    builder.notes.noise(action, 0);
                }
            }
            _ if source == Some("agent") || source.is_none() => {
                call(event, action, args, builder, seen)
            }
            _ => {
                // A person's own command is no call of the agent.
                builder.notes.left_out(
                    "unknown_record",
                    format!("{action} of the user"),
                    size(event),
                    0,
                );
            }
        }
        return;
    }
    let Some(observation) = text(event, "observation") else {
        builder
            .notes
            .left_out("not_a_record", "event", size(event), 0);
        return;
    };
    answer(event, observation, builder, seen);
}

fn call(event: &Value, action: &str, args: &Value, builder: &mut Builder, seen: &mut Seen) {
    let metadata = event.get("tool_call_metadata").unwrap_or(&Value::Null);
    let response = metadata.get("model_response").unwrap_or(&Value::Null);
    let at = time(event.get("timestamp"));
    builder.message(Role::Assistant, text(args, "thought").unwrap_or(""), at);
    let batch = builder.batch_of(&mut seen.batches, id(response, "id"));
    let wanted = id(metadata, "tool_call_id");
    let given = list(response, "choices")
        .first()
        .map_or(&[][..], |choice| list(&choice["message"], "tool_calls"))
        .iter()
        .find(|call| wanted.is_some() && id(call, "id") == wanted)
        .and_then(|call| call["function"].get("arguments"))
        .and_then(|given| match given {
            Value::String(text) => parse_text(text, &mut builder.notes),
            other => Some(other.clone()),
        })
        .filter(Value::is_object)
        .unwrap_or_else(|| {
            let own = args
                .as_object()
                .into_iter()
                .flatten()
                .filter(|(key, value)| !ADDED.contains(&key.as_str()) && !value.is_null());
            Value::Object(
                own.map(|(key, value)| (key.clone(), value.clone()))
                    .collect::<Map<_, _>>(),
            )
        });
    let recorded = id(event, "id");
    if let Some(recorded) = &recorded {
        seen.calls.insert(recorded.clone());
        if text(args, "confirmation_state") == Some("awaiting_confirmation") {
            seen.asked.insert(recorded.clone());
        }
    }
    builder.call(Call {
        id: recorded,
        name: text(metadata, "function_name").unwrap_or(action).to_owned(),
        arguments: given,
        batch,
        folder: seen.folder.clone(),
        at,
        ..Call::default()
    });
}

fn answer(event: &Value, observation: &str, builder: &mut Builder, seen: &mut Seen) {
    let at = time(event.get("timestamp"));
    let cause = id(event, "cause").filter(|cause| seen.calls.contains(cause));
    let Some(cause) = cause else {
        if matches!(
            observation,
            "agent_state_changed"
                | "null"
                | "recall"
                | "message"
                | "condense"
                | "user_rejected"
                | "loop_detection"
        ) {
            builder.notes.noise(observation, 0);
        } else {
            builder
                .notes
                .left_out("result_without_call", observation, size(event), 0);
        }
        return;
    };
    let extras = event.get("extras").unwrap_or(&Value::Null);
    if let Some(folder) = extras
        .get("metadata")
        .and_then(|metadata| text(metadata, "working_dir"))
    {
        seen.folder = Some(folder.to_owned());
        builder
            .working_folder
            .get_or_insert_with(|| folder.to_owned());
    }
    let code = extras
        .get("metadata")
        .and_then(|metadata| metadata.get("exit_code"))
        .or_else(|| extras.get("exit_code"))
        .and_then(Value::as_i64);
    let content = content_text(
        event.get("content").unwrap_or(&Value::Null),
        &mut builder.notes,
        0,
    );
    let refused = observation == "user_rejected";
    // The editor says it in its answer alone.
    let says_so = content.starts_with("ERROR:\n");
    if says_so {
        builder.notes.add("failure_inferred", "", 0);
    }
    let mut answer = Answer::new(content);
    answer.result.is_error = says_so
        || refused
        || observation == "error"
        || code.is_some_and(|code| !matches!(code, 0 | -1));
    answer.result.refused = refused;
    answer.result.exit_code = code.filter(|code| *code != -1);
    answer.at = at;
    let call = builder.answer(Some(&cause), None, answer);
    if refused {
        builder.refusal(call, None, at);
    } else if seen.asked.remove(&cause) {
        builder.approval(
            Some(&cause),
            RecordedApproval {
                call: None,
                approved: true,
                by: None,
                comment: None,
                requested_at: None,
                decided_at: at,
            },
        );
    }
}
