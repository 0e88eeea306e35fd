//! Agent Trajectory Interchange Format: steps with calls and observations, sub-agents embedded or referred to.

use super::builder::{Answer, Builder, Call};
use super::value::*;
use crate::session::{Role, ToolSpec};
use serde_json::Value;

pub(super) fn read(document: &Value, builder: &mut Builder) {
    let main = trajectory(document);
    builder.external_id =
        main.and_then(|main| id(main, "session_id").or_else(|| id(main, "trajectory_id")));
    let agent = main
        .and_then(|main| main.get("agent"))
        .unwrap_or(&Value::Null);
    builder.agent = text(agent, "name").map(str::to_owned);
    builder.tools = list(agent, "tool_definitions")
        .iter()
        .filter_map(tool)
        .collect();
    walk(document, &mut false, builder);
}

fn tool(entry: &Value) -> Option<ToolSpec> {
    let inner = entry
        .get("function")
        .filter(|function| function.is_object())
        .unwrap_or(entry);
    Some(ToolSpec {
        name: text(inner, "name")?.to_owned(),
        description: text(inner, "description").map(str::to_owned),
        input_schema: ["parameters", "input_schema"]
            .iter()
            .find_map(|key| present(inner, key))
            .cloned(),
        ..ToolSpec::default()
    })
}

fn trajectory(document: &Value) -> Option<&Value> {
    if document.get("steps").is_some() {
        return Some(document);
    }
    document
        .as_object()?
        .values()
        .find(|inner| inner.get("steps").is_some())
}

/// The first trajectory is the main one; those met after it are sub-agents', each labelled with its name.
fn walk(value: &Value, main_seen: &mut bool, builder: &mut Builder) {
    let inner: Vec<&Value> = match value {
        Value::Object(map) => {
            if let Some(steps) = map.get("steps").and_then(Value::as_array) {
                let named = map.get("agent").and_then(|agent| text(agent, "name"));
                let name = named
                    .or_else(|| text(value, "trajectory_id"))
                    .unwrap_or("sub-agent");
                let label = main_seen.then_some(name);
                *main_seen = true;
                steps.iter().for_each(|entry| step(entry, label, builder));
            }
            map.iter()
                .filter(|(key, _)| *key != "steps")
                .map(|(_, inner)| inner)
                .collect()
        }
        Value::Array(items) => items.iter().collect(),
        _ => return,
    };
    for inner in inner {
        walk(inner, main_seen, builder);
    }
}

fn step(step: &Value, label: Option<&str>, builder: &mut Builder) {
    let at = time(step.get("timestamp"));
    if truthy(step.get("reasoning_content")) {
        builder.notes.noise("reasoning", 0);
    }
    let said = content_text(
        step.get("message").unwrap_or(&Value::Null),
        &mut builder.notes,
        0,
    );
    let role = match text(step, "source") {
        Some("user") if label.is_none() => Role::User,
        Some("system") => Role::System,
        // What a sub-agent is told the agent made of all that it had read.
        _ => Role::Assistant,
    };
    builder.message(role, said, at);
    let calls = list(step, "tool_calls");
    let batch = if calls.is_empty() { 0 } else { builder.batch() };
    for call in calls {
        let (given, raw) = arguments(call.get("arguments"), &mut builder.notes);
        builder.call(Call {
            id: id(call, "tool_call_id"),
            name: text(call, "function_name").unwrap_or("").to_owned(),
            arguments: given,
            raw,
            batch,
            agent: label.map(str::to_owned),
            at,
            line: 0,
            ..Call::default()
        });
    }
    let results = step
        .get("observation")
        .map_or(&[][..], |observation| list(observation, "results"));
    for result in results {
        let content = result.get("content").unwrap_or(&Value::Null);
        let said = content_text(content, &mut builder.notes, 0);
        let recorded = id(result, "source_call_id");
        if recorded.is_none() && (calls.is_empty() || calls.len() != results.len()) {
            // What the environment said without being asked, or about all calls of the step at once: nobody's
            // instruction.
            builder.message(Role::Assistant, said, at);
            continue;
        }
        let failed = text_says_failed(&said);
        if failed {
            builder.notes.add("failure_inferred", "", 0);
        }
        let mut answer = Answer::new(said);
        answer.result.is_error = failed;
        answer.at = at;
        answer.result.structured = present(result, "subagent_trajectory_ref")
            .cloned()
            .map(Box::new);
        builder.answer(recorded.as_deref(), None, answer);
    }
}
