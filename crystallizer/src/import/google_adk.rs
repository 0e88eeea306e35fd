//! Agent Development Kit: sessions with `events`, evaluation sets with `eval_cases`, and the old
//! test lists with `expected_tool_use`. The last two hold expected calls without results.

use super::builder::{Answer, Builder, Call};
use super::value::*;
use crate::session::{RecordedApproval, Role};
use druse_engine::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Calls that the runtime itself makes to ask a person: whether a call may be made, or to let it in somewhere.
const QUESTIONS: [&str; 2] = ["adk_request_confirmation", "adk_request_credential"];
/// What stands in the place of an answer until the person has said yes or no.
const ASKS: &str = "This tool call requires confirmation";

#[derive(Default)]
struct Seen {
    /// Questions of the runtime, each with the call that it is about.
    questions: BTreeMap<String, Option<String>>,
    /// Calls whose first answer is not their last.
    long_running: BTreeSet<String>,
    /// Calls that a person refused.
    refused: BTreeSet<String>,
}

/// The recordings of a document: each case of an evaluation set is one.
pub(super) fn unfold(value: Value) -> Vec<Value> {
    match value {
        Value::Object(mut map) => {
            for key in ["eval_cases", "evalCases"] {
                if let Some(Value::Array(cases)) = map.remove(key) {
                    return cases;
                }
            }
            vec![Value::Object(map)]
        }
        Value::Array(items)
            if items
                .iter()
                .any(|item| item.get("data").is_some_and(Value::is_array)) =>
        {
            items
        }
        other => vec![other],
    }
}

pub(super) fn read(document: &Value, builder: &mut Builder) {
    let name = |keys: &[&str]| keys.iter().find_map(|key| id(document, key));
    builder.external_id = name(&["id", "eval_id", "evalId", "session_id", "name"]);
    builder.agent = name(&["app_name", "appName"]).or_else(|| {
        document
            .get("session_input")
            .and_then(|input| id(input, "app_name"))
    });
    if let Value::Array(turns) = document {
        let as_events = turns
            .iter()
            .any(|turn| turn.get("content").is_some() || turn.get("parts").is_some());
        if as_events {
            return events(turns, builder);
        }
        return expected(turns, builder);
    }
    if document.get("data").is_some() {
        return expected(list(document, "data"), builder);
    }
    let conversation = list(document, "conversation");
    if conversation.is_empty() {
        events(list(document, "events"), builder);
        // A stored request to the model: its contents are the conversation.
        events(list(document, "contents"), builder);
    } else {
        cases(conversation, builder);
    }
}

fn either<'a>(value: &'a Value, snake: &str, camel: &str) -> Option<&'a Value> {
    present(value, snake).or_else(|| present(value, camel))
}

fn parts(content: Option<&Value>) -> &[Value] {
    content.map_or(&[], |content| list(content, "parts"))
}

fn events(events: &[Value], builder: &mut Builder) {
    let main = events
        .iter()
        .filter_map(|event| text(event, "author"))
        .find(|author| *author != "user")
        .map(str::to_owned);
    if builder.agent.is_none() {
        builder.agent.clone_from(&main);
    }
    let mut seen = Seen::default();
    for event in events {
        if !event.is_object() {
            builder
                .notes
                .left_out("not_a_record", "event", size(event), 0);
            continue;
        }
        // Pieces of a streamed answer come again as a whole.
        if event.get("partial") == Some(&Value::Bool(true)) {
            builder.notes.noise("partial", 0);
            continue;
        }
        let at = time(event.get("timestamp"));
        let author = text(event, "author");
        let content = event.get("content").unwrap_or(event);
        let role = text(content, "role");
        let user = author == Some("user") || (author.is_none() && role == Some("user"));
        let agent = author.filter(|author| *author != "user" && Some(*author) != main.as_deref());
        if let Some(code) = either(event, "error_code", "errorCode") {
            let code = code
                .as_str()
                .map_or_else(|| code.to_string(), str::to_owned);
            builder.notes.add("answer_cut_short", code, 0);
            let said = either(event, "error_message", "errorMessage").and_then(Value::as_str);
            builder.message(Role::Assistant, said.unwrap_or(""), at);
        }
        let long = either(event, "long_running_tool_ids", "longRunningToolIds");
        let long = long.and_then(Value::as_array).into_iter().flatten();
        seen.long_running
            .extend(long.filter_map(Value::as_str).map(str::to_owned));
        let batch = builder.batch();
        let role = if user { Role::User } else { Role::Assistant };
        for part in parts(Some(content)) {
            event_part(part, builder, &mut seen, role, agent, batch, at);
        }
    }
}

fn event_part(
    part: &Value,
    builder: &mut Builder,
    seen: &mut Seen,
    role: Role,
    agent: Option<&str>,
    batch: u32,
    at: Option<Timestamp>,
) {
    let mut known = false;
    if let Some(said) = text(part, "text") {
        if truthy(part.get("thought")) {
            builder.notes.noise("reasoning", 0);
        } else {
            builder.message(role, said, at);
        }
        known = true;
    }
    let call = either(part, "function_call", "functionCall");
    if let Some(call) = call.filter(|call| is_question(call)) {
        known = true;
        question(call, builder, seen);
    } else if let Some(call) = call {
        known = true;
        let (given, _) = arguments(call.get("args"), &mut builder.notes);
        builder.call(Call {
            id: id(call, "id"),
            name: text(call, "name").unwrap_or("").to_owned(),
            arguments: given,
            batch,
            agent: agent.map(str::to_owned),
            at,
            line: 0,
            ..Call::default()
        });
    }
    if let Some(response) = either(part, "function_response", "functionResponse") {
        known = true;
        answer(response, builder, seen, at);
    }
    if !known
        && part.as_object().is_some_and(|map| {
            map.iter()
                .any(|(key, value)| !value.is_null() && key != "thought" && value != "")
        })
    {
        // Images, code and files: noted with their size.
        if let Some(said) = block_text(part, &mut builder.notes, 0) {
            builder.message(role, said, at);
        }
    }
}

fn is_question(call: &Value) -> bool {
    text(call, "name").is_some_and(|name| QUESTIONS.contains(&name))
}

/// A question of the runtime is no work of the agent's: the call that it is about stands in it.
fn question(call: &Value, builder: &mut Builder, seen: &mut Seen) {
    builder.notes.noise("question of the runtime", 0);
    let (given, _) = arguments(call.get("args"), &mut builder.notes);
    let asked = either(&given, "originalFunctionCall", "original_function_call");
    let about = asked.and_then(|call| id(call, "id")).or_else(|| {
        either(&given, "functionCallId", "function_call_id")?
            .as_str()
            .map(str::to_owned)
    });
    seen.long_running.extend(about.clone());
    if let Some(own) = id(call, "id") {
        seen.questions.insert(own, about);
    }
}

fn answer(response: &Value, builder: &mut Builder, seen: &mut Seen, at: Option<Timestamp>) {
    let name = text(response, "name");
    let content = response.get("response").cloned().unwrap_or(Value::Null);
    let recorded = id(response, "id");
    if is_question(response) {
        return answered(recorded, &content, builder, seen, at);
    }
    let mut answer = Answer::new(content);
    let result = &mut answer.result;
    result.is_error = object_says_failed(&result.content);
    answer.at = at;
    let asks = text(&answer.result.content, "error").is_some_and(|said| said.starts_with(ASKS));
    if let Some(call) = recorded.as_deref().and_then(|one| builder.newest(one)) {
        let is_open = call.result.is_none();
        if asks && is_open {
            call.waits = true;
            return builder.notes.noise("answer that asks", 0);
        }
        if recorded
            .as_ref()
            .is_some_and(|one| seen.refused.contains(one))
        {
            answer.result.refused = true;
            answer.result.is_error = true;
        }
        if let Some(recorded) = recorded.as_ref().filter(|_| !is_open)
            && seen.long_running.contains(recorded)
        {
            return builder.answer_anew(recorded, answer);
        }
    }
    builder.answer(recorded.as_deref(), name, answer);
}

/// What the person answered to a question of the runtime.
fn answered(
    question: Option<String>,
    content: &Value,
    builder: &mut Builder,
    seen: &mut Seen,
    at: Option<Timestamp>,
) {
    builder.notes.noise("answer to the runtime", 0);
    let about = question.and_then(|question| seen.questions.get(&question).cloned().flatten());
    // Some clients send what the person said as text.
    let told = text(content, "response")
        .and_then(|said| super::body::parse_text(said, &mut builder.notes));
    let confirmed = told
        .as_ref()
        .unwrap_or(content)
        .get("confirmed")
        .and_then(Value::as_bool);
    let Some(approved) = confirmed else { return };
    if let Some(call) = about.as_deref().and_then(|about| builder.newest(about)) {
        call.waits = false;
        if !approved && let Some(result) = &mut call.result {
            result.refused = true;
            result.is_error = true;
        }
    }
    if !approved {
        seen.refused.extend(about.clone());
    }
    builder.approval(
        about.as_deref(),
        RecordedApproval {
            call: None,
            approved,
            by: None,
            comment: None,
            requested_at: None,
            decided_at: at,
        },
    );
}

fn cases(conversation: &[Value], builder: &mut Builder) {
    let mut seen = Seen::default();
    for turn in conversation {
        let at =
            time(either(turn, "creation_timestamp", "creationTimestamp")).filter(|at| at.0 > 0);
        for part in parts(either(turn, "user_content", "userContent")) {
            event_part(part, builder, &mut seen, Role::User, None, 0, at);
        }
        let data = either(turn, "intermediate_data", "intermediateData").unwrap_or(&Value::Null);
        let uses = either(data, "tool_uses", "toolUses")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        for tool in uses {
            let batch = builder.batch();
            let (given, _) = arguments(tool.get("args"), &mut builder.notes);
            builder.call(Call {
                id: id(tool, "id"),
                name: text(tool, "name").unwrap_or("").to_owned(),
                arguments: given,
                batch,
                at,
                ..Call::default()
            });
        }
        let responses = either(data, "tool_responses", "toolResponses")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        for response in responses {
            answer(response, builder, &mut seen, at);
        }
        if !uses.is_empty() && responses.is_empty() {
            builder.notes.add("expected_calls", "", 0);
        }
        // Newer sets keep the events themselves.
        for event in either(data, "invocation_events", "invocationEvents")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice)
        {
            let batch = builder.batch();
            for part in parts(event.get("content")) {
                event_part(part, builder, &mut seen, Role::Assistant, None, batch, at);
            }
        }
        for part in parts(either(turn, "final_response", "finalResponse")) {
            event_part(part, builder, &mut seen, Role::Assistant, None, 0, at);
        }
    }
}

fn expected(turns: &[Value], builder: &mut Builder) {
    for turn in turns {
        builder.message(Role::User, text(turn, "query").unwrap_or(""), None);
        let uses = list(turn, "expected_tool_use");
        for tool in uses {
            let batch = builder.batch();
            let (given, _) = arguments(tool.get("tool_input"), &mut builder.notes);
            builder.call(Call {
                name: text(tool, "tool_name").unwrap_or("").to_owned(),
                arguments: given,
                batch,
                ..Call::default()
            });
        }
        if !uses.is_empty() {
            builder.notes.add("expected_calls", "", 0);
        }
        builder.message(Role::Assistant, text(turn, "reference").unwrap_or(""), None);
    }
}
