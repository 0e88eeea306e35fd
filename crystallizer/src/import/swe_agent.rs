//! SWE-agent trajectories. The structured calls of function-calling runs stand in the history; other
//! runs hold shell lines only: the first word is the tool, the rest stands as `_raw`.

use super::builder::{Answer, Builder, Call};
use super::chat::{self, Style};
use super::mini_swe_agent;
use super::value::*;
use crate::session::{Role, SessionStatus};
use serde_json::Value;

pub(super) fn read(document: &Value, builder: &mut Builder) {
    if mini_swe_agent::is_one(document) || document.is_array() {
        return mini_swe_agent::read(document, builder);
    }
    builder.external_id = id(document, "instance_id").or_else(|| id(document, "environment"));
    builder.agent = Some("swe-agent".to_owned());
    let exit = document
        .get("info")
        .and_then(|info| text(info, "exit_status"));
    builder.status = exit.and_then(|exit| match exit {
        "submitted" => Some(SessionStatus::Succeeded),
        // What there was was handed in when the run was cut off: nobody said whether it is done.
        cut_off if cut_off.starts_with("submitted") => None,
        _ => Some(SessionStatus::Failed),
    });
    let history: Vec<&Value> = list(document, "history")
        .iter()
        .filter(|message| message["is_demo"] != true)
        .collect();
    let skipped = list(document, "history").len() - history.len();
    for _ in 0..skipped {
        builder.notes.add("demonstration", "", 0);
    }
    let trajectory = list(document, "trajectory");
    if trajectory.is_empty() {
        let style = Style {
            infer_failure: true,
            content_as_is: false,
        };
        for message in history {
            let answered = list(message, "tool_call_ids").first().cloned();
            let mut message = message.clone();
            if let (Some(map), Some(answered)) = (message.as_object_mut(), answered) {
                map.entry("tool_call_id").or_insert(answered);
            }
            chat::messages(std::slice::from_ref(&message), builder, style);
        }
        return;
    }
    for message in &history {
        let said = content_text(
            message.get("content").unwrap_or(&Value::Null),
            &mut builder.notes,
            0,
        );
        match text(message, "role") {
            Some("system") => builder.message(Role::System, said, None),
            Some("user") => {
                builder.message(Role::User, said, None);
                break;
            }
            _ => {}
        }
    }
    let acts = trajectory
        .iter()
        .filter(|step| action(step).is_some())
        .count();
    let calls: Vec<&Value> = history
        .iter()
        .flat_map(|message| list(message, "tool_calls"))
        .collect();
    // The history names the calls only where it was not shortened.
    let mut calls = if calls.len() == acts {
        calls.into_iter()
    } else {
        Vec::new().into_iter()
    };
    let mut folder = None;
    for step in trajectory {
        self::step(step, &mut calls, &mut folder, builder);
    }
}

/// Words in the place of a command by which older versions end a run that was cut off.
const ENDS: [&str; 6] = [
    "exit_cost",
    "exit_context",
    "exit_format",
    "exit_error",
    "exit_api",
    "exit_environment_error",
];

fn action(step: &Value) -> Option<&str> {
    text(step, "action")
        .map(str::trim)
        .filter(|action| !action.is_empty() && !ENDS.contains(action))
}

fn step<'a>(
    step: &Value,
    calls: &mut impl Iterator<Item = &'a Value>,
    folder: &mut Option<String>,
    builder: &mut Builder,
) {
    // Older versions note the state before the act, as text; newer ones the state after it.
    let before = text(step, "state").and_then(|state| serde_json::from_str::<Value>(state).ok());
    let after = step.get("state").filter(|state| state.is_object());
    let told = |state: Option<&Value>| {
        state
            .and_then(|state| text(state, "working_dir"))
            .map(str::to_owned)
    };
    if let Some(told) = told(before.as_ref()) {
        *folder = Some(told);
    }
    let stood = folder.clone();
    if let Some(told) = told(after) {
        *folder = Some(told);
    }
    if builder.working_folder.is_none() {
        builder.working_folder.clone_from(folder);
    }
    builder.message(Role::Assistant, text(step, "thought").unwrap_or(""), None);
    let Some(action) = action(step) else { return };
    let batch = builder.batch();
    let (name, given) = match calls.next().map(|call| &call["function"]) {
        Some(function) => {
            let (given, _) = arguments(function.get("arguments"), &mut builder.notes);
            (text(function, "name").unwrap_or("").to_owned(), given)
        }
        None => {
            let (name, rest) = action
                .split_once(char::is_whitespace)
                .unwrap_or((action, ""));
            (name.to_owned(), raw(rest.trim_start()))
        }
    };
    builder.call(Call {
        name,
        arguments: given,
        batch,
        folder: stood,
        ..Call::default()
    });
    let observation = content_text(
        step.get("observation").unwrap_or(&Value::Null),
        &mut builder.notes,
        0,
    );
    let failed = text_says_failed(&observation)
        || observation.contains("Traceback (most recent")
        || observation
            .to_ascii_lowercase()
            .contains("your proposed edit has introduced");
    if failed {
        builder.notes.add("failure_inferred", "", 0);
    }
    let mut answer = Answer::new(observation);
    answer.result.is_error = failed;
    builder.answer(None, None, answer);
}
