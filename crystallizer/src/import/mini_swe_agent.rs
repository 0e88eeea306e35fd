//! mini-swe-agent's messages: a line of the shell stands in a block of the agent's words, or in a call of its one tool;
//! the answer begins with the code that the line ended with.

use super::builder::{Answer, Builder, Call};
use super::value::*;
use crate::session::{Role, SessionStatus};
use serde_json::{Value, json};

/// What a block of the shell begins with.
const BLOCK: &str = "```mswea_bash_command";
/// The line by which the agent says that it is done.
const DONE: &str = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT";

/// Whether a document is such a trajectory.
pub(super) fn is_one(document: &Value) -> bool {
    text(document, "trajectory_format").is_some_and(|format| format.starts_with("mini-swe-agent"))
        || has_action(list(document, "messages"))
}

/// Whether the agent's words hold such a block.
pub(super) fn has_action(messages: &[Value]) -> bool {
    let says = |message: &Value| {
        text(message, "role") == Some("assistant")
            && text(message, "content").is_some_and(|said| said.contains(BLOCK))
    };
    messages.iter().take(super::sniff::LOOK).any(says)
}

pub(super) fn read(document: &Value, builder: &mut Builder) {
    builder.agent = Some("mini-swe-agent".to_owned());
    builder.external_id = id(document, "instance_id");
    builder.status = document
        .get("info")
        .and_then(|info| text(info, "exit_status"))
        .map(|exit| match exit {
            "Submitted" => SessionStatus::Succeeded,
            _ => SessionStatus::Failed,
        });
    let messages = match document {
        Value::Array(messages) => messages.as_slice(),
        _ => list(document, "messages"),
    };
    // Whether a line of the words before waits for its answer.
    let mut waits = false;
    for message in messages {
        let at = message
            .get("extra")
            .and_then(|extra| time(extra.get("timestamp")));
        let said = message.get("content").unwrap_or(&Value::Null);
        let said = content_text(said, &mut builder.notes, 0);
        match text(message, "role") {
            Some("assistant") => {
                builder.message(Role::Assistant, said.as_str(), at);
                let made = called(message, at, builder);
                waits = !made && written(&said, at, builder);
            }
            Some("tool") => answer(message, &said, at, builder),
            Some("user") if std::mem::take(&mut waits) => answer(message, &said, at, builder),
            Some("user") => builder.message(Role::User, said, at),
            Some("system") => builder.message(Role::System, said, at),
            Some("exit") => builder.notes.noise("exit", 0),
            other => {
                builder
                    .notes
                    .left_out("unknown_role", other.unwrap_or("none"), size(message), 0)
            }
        }
    }
}

/// The calls beside the words; whether there are some.
fn called(message: &Value, at: Option<druse_engine::Timestamp>, builder: &mut Builder) -> bool {
    let calls = list(message, "tool_calls");
    let batch = if calls.is_empty() { 0 } else { builder.batch() };
    for call in calls {
        let function = call.get("function").unwrap_or(call);
        let (given, raw) = arguments(function.get("arguments"), &mut builder.notes);
        if text(&given, "command").is_some_and(|line| line.trim_start().starts_with(DONE)) {
            builder.notes.noise("submission", 0);
            continue;
        }
        builder.call(Call {
            id: id(call, "id"),
            name: text(function, "name").unwrap_or("").to_owned(),
            arguments: given,
            raw,
            batch,
            at,
            ..Call::default()
        });
    }
    !calls.is_empty()
}

/// The line of the shell in the words; whether there is one that is to be answered. Of several none was run.
fn written(said: &str, at: Option<druse_engine::Timestamp>, builder: &mut Builder) -> bool {
    // Older runs name it as any block of the shell.
    let begin = if said.contains(BLOCK) {
        BLOCK
    } else {
        "```bash"
    };
    let mut blocks = said.split(begin).skip(1).filter_map(|rest| {
        let (line, _) = rest.strip_prefix('\n')?.split_once("\n```")?;
        Some(line)
    });
    let (Some(line), None) = (blocks.next(), blocks.next()) else {
        return false;
    };
    if line.trim_start().starts_with(DONE) {
        builder.notes.noise("submission", 0);
        return false;
    }
    let batch = builder.batch();
    builder.call(Call {
        name: "bash".to_owned(),
        arguments: json!({ "command": line }),
        batch,
        at,
        ..Call::default()
    });
    true
}

fn answer(message: &Value, said: &str, at: Option<druse_engine::Timestamp>, builder: &mut Builder) {
    let between = |from: &str, to: &str| {
        let (_, rest) = said.split_once(from)?;
        rest.rsplit_once(to).map(|(inside, _)| inside)
    };
    let told = said
        .trim_start()
        .strip_prefix("<returncode>")
        .and_then(|rest| rest.split_once("</returncode>"))
        .and_then(|(code, _)| code.trim().parse().ok());
    let code = message
        .get("extra")
        .and_then(|extra| extra.get("returncode"))
        .and_then(Value::as_i64)
        .or(told);
    let recorded = id(message, "tool_call_id");
    if recorded
        .as_deref()
        .is_some_and(|recorded| builder.newest(recorded).is_none())
    {
        return builder.notes.noise("answer to a submission", 0);
    }
    let inside = between("<output>\n", "</output>").map(|inside| inside.trim_end_matches('\n'));
    let mut answer = Answer::new(inside.unwrap_or(said));
    answer.result.exit_code = code;
    // Without a code the line was not run, or ran out of time.
    answer.result.is_error = code != Some(0);
    answer.at = at;
    builder.answer(recorded.as_deref(), None, answer);
}
