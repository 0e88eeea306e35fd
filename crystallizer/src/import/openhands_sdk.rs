//! OpenHands' newer events: each names its kind, an action holds its arguments, and an observation names the action.

use super::builder::{Answer, Builder, Call};
use super::value::*;
use crate::session::{Role, SessionStatus, ToolSpec};
use serde_json::Value;
use std::collections::BTreeMap;

/// Whether this is such an event.
pub(super) fn is_event(value: &Value) -> bool {
    let known =
        text(value, "kind").is_some_and(|kind| KNOWN.contains(&kind) || OWN.contains(&kind));
    known && value.get("source").is_some() && value.get("id").is_some()
}

/// Events that say something of the task.
const KNOWN: [&str; 7] = [
    "SystemPromptEvent",
    "MessageEvent",
    "ActionEvent",
    "ObservationEvent",
    "UserRejectObservation",
    "AgentErrorEvent",
    "ConversationErrorEvent",
];
/// Those that are the product's own.
const OWN: [&str; 8] = [
    "ConversationStateUpdateEvent",
    "LLMCompletionLogEvent",
    "Condensation",
    "CondensationRequest",
    "CondensationSummaryEvent",
    "TokenEvent",
    "StreamingDeltaEvent",
    "HookExecutionEvent",
];

/// What is remembered while the events are read.
#[derive(Default)]
pub(super) struct Seen {
    batches: BTreeMap<String, u32>,
    /// Where the shell stood after the newest command that tells it.
    folder: Option<String>,
}

pub(super) fn event(event: &Value, builder: &mut Builder, seen: &mut Seen) {
    let at = time(event.get("timestamp"));
    match text(event, "kind") {
        Some("SystemPromptEvent") => {
            let said = event.get("system_prompt").unwrap_or(&Value::Null);
            let said = content_text(said, &mut builder.notes, 0);
            builder.message(Role::System, said, at);
            for tool in list(event, "tools") {
                offer(tool, builder);
            }
        }
        Some("MessageEvent") => {
            let message = event.get("llm_message").unwrap_or(&Value::Null);
            let said = message.get("content").unwrap_or(&Value::Null);
            let said = content_text(said, &mut builder.notes, 0);
            let role = match text(event, "source") {
                Some("user") => Role::User,
                Some("agent") => Role::Assistant,
                _ => Role::System,
            };
            builder.message(role, said, at);
            // What the product found to help with the words stands beside them.
            let beside = event.get("extended_content").unwrap_or(&Value::Null);
            let beside = content_text(beside, &mut builder.notes, 0);
            builder.message(Role::System, beside, at);
        }
        Some("ActionEvent") => call(event, builder, seen),
        Some("ObservationEvent") => observed(event, builder, seen),
        Some("UserRejectObservation") => {
            let reason = text(event, "rejection_reason");
            let mut answer = Answer::new(reason.unwrap_or(""));
            answer.result.refused = true;
            answer.result.is_error = true;
            answer.at = at;
            let call = builder.answer(asked(event).as_deref(), text(event, "tool_name"), answer);
            builder.refusal(call, reason.map(str::to_owned), at);
        }
        Some("AgentErrorEvent") => {
            let mut answer = Answer::new(text(event, "error").unwrap_or(""));
            answer.result.is_error = true;
            answer.at = at;
            builder.answer(asked(event).as_deref(), text(event, "tool_name"), answer);
        }
        Some("ConversationErrorEvent") => {
            builder.status = Some(SessionStatus::Failed);
            let said = text(event, "detail").or_else(|| text(event, "code"));
            builder.message(Role::Assistant, said.unwrap_or(""), at);
        }
        Some("PauseEvent" | "InterruptEvent") => builder.notes.add("interrupted", "", 0),
        Some("ConversationStateUpdateEvent") => state(event, builder),
        Some(kind) if OWN.contains(&kind) => builder.notes.noise(kind, 0),
        other => builder.notes.left_out(
            "unknown_record",
            other.unwrap_or("without kind"),
            size(event),
            0,
        ),
    }
}

fn asked(event: &Value) -> Option<String> {
    id(event, "tool_call_id").or_else(|| id(event, "action_id"))
}

fn offer(tool: &Value, builder: &mut Builder) {
    let inner = tool.get("function").unwrap_or(tool);
    let Some(name) = text(inner, "name").or_else(|| text(inner, "title")) else {
        return;
    };
    let schema = ["parameters", "inputSchema", "input_schema"]
        .iter()
        .find_map(|key| present(inner, key));
    builder.offer(ToolSpec {
        name: name.to_owned(),
        description: text(inner, "description").map(str::to_owned),
        input_schema: schema.cloned(),
        ..ToolSpec::default()
    });
}

fn state(event: &Value, builder: &mut Builder) {
    let value = event.get("value").unwrap_or(&Value::Null);
    if text(event, "key") == Some("execution_status") {
        builder.status = match value.as_str() {
            Some("finished") => Some(SessionStatus::Succeeded),
            Some("error" | "stuck") => Some(SessionStatus::Failed),
            _ => builder.status,
        };
    }
    let folder = value
        .get("workspace")
        .and_then(|workspace| text(workspace, "working_dir"));
    if let Some(folder) = folder {
        builder
            .working_folder
            .get_or_insert_with(|| folder.to_owned());
    }
    builder.notes.noise("ConversationStateUpdateEvent", 0);
}

fn call(event: &Value, builder: &mut Builder, seen: &mut Seen) {
    let at = time(event.get("timestamp"));
    let thought = event.get("thought").unwrap_or(&Value::Null);
    let thought = content_text(thought, &mut builder.notes, 0);
    builder.message(Role::Assistant, thought, at);
    if truthy(event.get("reasoning_content")) || truthy(event.get("thinking_blocks")) {
        builder.notes.noise("reasoning", 0);
    }
    let batch = builder.batch_of(&mut seen.batches, id(event, "llm_response_id"));
    let action = event.get("action").unwrap_or(&Value::Null);
    let asked_for = event.get("tool_call").unwrap_or(&Value::Null);
    let given = asked_for
        .get("arguments")
        .or_else(|| asked_for.get("function")?.get("arguments"));
    let (mut given, raw) = match given {
        Some(given) => arguments(Some(given), &mut builder.notes),
        None => (action.clone(), false),
    };
    if let Some(map) = given.as_object_mut() {
        map.remove("kind").filter(|_| action.get("data").is_none());
        // The product asks for these with each call; a tool of that name for a thing has it in its action.
        for added in ["security_risk", "summary"] {
            let own = |action: &Value| action.get(added).is_some();
            if !own(action) && !own(&action["data"]) {
                map.remove(added);
            }
        }
    }
    builder.call(Call {
        id: id(event, "tool_call_id").or_else(|| id(event, "id")),
        name: text(event, "tool_name").unwrap_or("").to_owned(),
        arguments: given,
        raw,
        batch,
        folder: seen.folder.clone(),
        at,
        ..Call::default()
    });
}

fn observed(event: &Value, builder: &mut Builder, seen: &mut Seen) {
    let observation = event.get("observation").unwrap_or(&Value::Null);
    let metadata = observation.get("metadata").unwrap_or(&Value::Null);
    if let Some(folder) = text(metadata, "working_dir") {
        seen.folder = Some(folder.to_owned());
        builder
            .working_folder
            .get_or_insert_with(|| folder.to_owned());
    }
    let content = match present(observation, "content").or_else(|| present(observation, "output")) {
        Some(content) => Value::from(content_text(content, &mut builder.notes, 0)),
        None => observation.clone(),
    };
    let code = [observation.get("exit_code"), metadata.get("exit_code")]
        .into_iter()
        .flatten()
        .find_map(Value::as_i64)
        .filter(|code| *code != -1);
    let mut answer = Answer::new(content);
    answer.result.is_error =
        flag(observation.get("is_error")) || code.is_some_and(|code| code != 0);
    answer.result.exit_code = code;
    answer.at = time(event.get("timestamp"));
    builder.answer(asked(event).as_deref(), text(event, "tool_name"), answer);
}
