//! Codex CLI rollout files: `response_item` records, or the same items bare as older versions wrote them.

use super::asked;
use super::body::Record;
use super::builder::{Builder, Call};
use super::codex_answer::{self, Read};
use super::codex_words::words;
use super::product_words::Words;
use super::value::*;
use crate::session::{RecordedApproval, Role};
use druse_engine::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Default)]
struct Seen {
    /// Whether a person is asked about commands that leave the sandbox.
    asks: bool,
    /// Calls that asked to leave the sandbox, with the reason that the agent gave.
    escalated: BTreeMap<String, Option<String>>,
    /// The folder of the turn.
    folder: Option<String>,
    /// Calls of one answer of the model: until the first output.
    batch: Option<u32>,
    /// Commands that still run: their sessions, with the calls that began them.
    running: BTreeMap<String, String>,
    /// Calls that only wait for such a command, with its session and the call that began it.
    polls: BTreeMap<String, (String, String)>,
    /// Whether another agent gave this one its task: nothing in its recording is a person's word.
    sub_agent: bool,
    /// Whether what the recording says of itself was read; a fork repeats that of its parent behind it.
    met: bool,
}

pub(super) fn read(records: &[Record], builder: &mut Builder) {
    builder.agent = Some("codex".to_owned());
    let mut seen = Seen::default();
    for record in records {
        let value = &record.value;
        let at = time(value.get("timestamp"));
        let payload = &value["payload"];
        match text(value, "type") {
            Some("session_meta") => meta(payload, builder, at, &mut seen),
            Some("response_item") => item(payload, at, record, builder, &mut seen),
            Some("turn_context") => {
                seen.asks = asks_a_person(payload);
                if let Some(folder) = text(payload, "cwd") {
                    seen.folder = Some(folder.to_owned());
                    builder
                        .working_folder
                        .get_or_insert_with(|| folder.to_owned());
                }
                builder.notes.noise("turn_context", record.line);
            }
            Some("event_msg") => {
                match text(payload, "type") {
                    Some("turn_aborted") => builder.notes.add("interrupted", "", record.line),
                    Some("thread_rolled_back") => builder.notes.add("rewound", "", record.line),
                    _ => {}
                }
                builder.notes.noise("event_msg", record.line);
            }
            Some("compacted") => {
                // The agent's own words for what was before.
                builder.summed_up(record.line);
                builder.message(Role::Assistant, text(payload, "message").unwrap_or(""), at);
            }
            None if value.get("record_type").is_some() => builder.notes.noise("state", record.line),
            None if value.get("instructions").is_some() || value.get("git").is_some() => {
                meta(value, builder, at, &mut seen)
            }
            Some(_) if payload.is_null() => item(value, at, record, builder, &mut seen),
            other if !value.is_object() => {
                let _ = other;
                builder
                    .notes
                    .left_out("not_a_record", "no object", record.bytes(), record.line);
            }
            other => builder.notes.left_out(
                "unknown_record",
                other.unwrap_or("without type"),
                record.bytes(),
                record.line,
            ),
        }
    }
}

/// Whether a person is asked about commands that leave the sandbox: where a policy asks, a model may answer.
fn asks_a_person(context: &Value) -> bool {
    let by_person =
        present(context, "approvals_reviewer").is_none_or(|reviewer| reviewer == "user");
    let asks = match context.get("approval_policy") {
        Some(Value::String(policy)) => policy != "never",
        Some(Value::Object(policy)) => {
            let kind = |key: &str| {
                policy
                    .get(key)
                    .map(|kinds| flag(kinds.get("sandbox_approval")))
            };
            // An older form tells what is refused unasked.
            kind("granular")
                .or_else(|| kind("reject").map(|refused| !refused))
                .unwrap_or_else(|| flag(policy.get("sandbox_approval")))
        }
        _ => false,
    };
    by_person && asks
}

/// Whether a rollout is what an agent did that another agent started, by the payload of its `session_meta`.
pub fn is_sub_agent(meta: &Value) -> bool {
    ["subagent", "subAgent", "sub_agent"].iter().any(|key| {
        meta.get("source")
            .and_then(|source| present(source, key))
            .is_some()
            || text(meta, "thread_source") == Some(key)
    })
}

/// Cuts a list of records into its rollouts. A fork begins with what is known of itself and of those it goes on from.
pub(super) fn starts() -> impl FnMut(&Record) -> bool {
    let mut parents: Vec<String> = Vec::new();
    move |record| {
        if record.value["type"] != "session_meta" {
            return false;
        }
        let meta = &record.value["payload"];
        let own = id(meta, "id");
        let known = own.as_ref().is_some_and(|own| parents.contains(own));
        if !known {
            parents.clear();
        }
        let spawned = &meta["source"]["subagent"]["thread_spawn"];
        parents.extend(id(meta, "forked_from_id").or_else(|| id(spawned, "parent_thread_id")));
        !known
    }
}

fn meta(payload: &Value, builder: &mut Builder, at: Option<Timestamp>, seen: &mut Seen) {
    let payload = payload
        .get("meta")
        .filter(|meta| meta.is_object())
        .unwrap_or(payload);
    if builder.external_id.is_none() {
        builder.external_id = id(payload, "id");
    }
    let first = !std::mem::replace(&mut seen.met, true);
    if let Some(folder) = text(payload, "cwd").filter(|_| first) {
        builder.working_folder = Some(folder.to_owned());
    }
    seen.sub_agent |= first && is_sub_agent(payload);
    builder.seen_at(time(payload.get("timestamp")).or(at));
}

fn item(
    item: &Value,
    at: Option<Timestamp>,
    record: &Record,
    builder: &mut Builder,
    seen: &mut Seen,
) {
    match text(item, "type") {
        Some("message") => {
            let said = content_text(
                item.get("content").unwrap_or(&Value::Null),
                &mut builder.notes,
                record.line,
            );
            match text(item, "role") {
                Some("user") => {
                    for (whose, said) in words(&said) {
                        let role = match whose {
                            Words::Product => Role::System,
                            Words::Agent => Role::Assistant,
                            Words::Asker if seen.sub_agent => Role::Assistant,
                            Words::Asker => Role::User,
                        };
                        builder.message(role, said, at);
                    }
                }
                Some("assistant") => builder.message(Role::Assistant, said, at),
                _ => builder.message(Role::System, said, at),
            }
        }
        Some("reasoning") => builder.notes.noise("reasoning", record.line),
        Some(kind @ ("ghost_snapshot" | "compaction" | "compaction_summary" | "other")) => {
            builder.notes.noise(kind, record.line)
        }
        Some(
            kind @ ("function_call" | "custom_tool_call" | "local_shell_call" | "web_search_call"
            | "tool_search_call"),
        ) => {
            call(kind, item, at, record, builder, seen);
        }
        Some(
            "function_call_output"
            | "custom_tool_call_output"
            | "local_shell_call_output"
            | "tool_search_output",
        ) => {
            seen.batch = None;
            output(item, at, record, builder, seen);
        }
        other => builder.notes.left_out(
            "unknown_record",
            other.unwrap_or("item without type"),
            record.bytes(),
            record.line,
        ),
    }
}

fn call(
    kind: &str,
    item: &Value,
    at: Option<Timestamp>,
    record: &Record,
    builder: &mut Builder,
    seen: &mut Seen,
) {
    let given = ["arguments", "input", "action"]
        .iter()
        .find_map(|key| present(item, key));
    let (given, raw) = arguments(given, &mut builder.notes);
    let name = match text(item, "name") {
        Some(name) => in_namespace(item, name),
        None => kind.trim_end_matches("_call").to_owned(),
    };
    let recorded = id(item, "call_id").or_else(|| id(item, "id"));
    if let Some(polled) = polled(&name, &given, seen)
        && let Some(recorded) = &recorded
    {
        seen.polls.insert(recorded.clone(), polled);
        return builder
            .notes
            .noise("poll of a running command", record.line);
    }
    let batch = *seen.batch.get_or_insert_with(|| builder.batch());
    if let Some(recorded) = recorded.as_ref().filter(|_| seen.asks) {
        let asked = truthy(given.get("with_escalated_permissions"))
            || text(&given, "sandbox_permissions") == Some("require_escalated");
        if asked {
            seen.escalated.insert(
                recorded.clone(),
                text(&given, "justification").map(str::to_owned),
            );
        }
    }
    builder.call(Call {
        id: recorded,
        name,
        arguments: given,
        // A custom tool takes free text by nature; a function's arguments should be JSON.
        raw: raw && kind == "function_call",
        batch,
        folder: seen.folder.clone(),
        at,
        line: record.line,
        ..Call::default()
    });
}

fn output(
    item: &Value,
    at: Option<Timestamp>,
    record: &Record,
    builder: &mut Builder,
    seen: &mut Seen,
) {
    let output = item.get("output").unwrap_or(&Value::Null);
    let read = codex_answer::read(output, &mut builder.notes, record.line);
    let recorded = id(item, "call_id").or_else(|| id(item, "id"));
    let polled = recorded.as_ref().and_then(|one| seen.polls.remove(one));
    if let Some((session, call)) = polled {
        return go_on(&session, &call, read, at, builder, seen);
    }
    if let (Some(session), Some(recorded)) = (&read.running, &recorded) {
        seen.running.insert(session.clone(), recorded.clone());
    }
    let mut answer = read.answer;
    answer.at = at;
    answer.line = record.line;
    let refused = answer.result.refused;
    let Some(call) = builder.answer(recorded.as_deref(), None, answer) else {
        return;
    };
    asked::tell(recorded.as_deref(), at, builder);
    let escalated = recorded
        .as_ref()
        .and_then(|recorded| seen.escalated.remove(recorded));
    if read.by_person {
        builder.refusal(Some(call), None, at);
    } else if let Some(comment) = escalated.filter(|_| !refused) {
        // Asked to leave the sandbox under a policy that asks, and ran: somebody said yes.
        builder.approval(
            recorded.as_deref(),
            RecordedApproval {
                call: None,
                approved: true,
                by: None,
                comment,
                requested_at: None,
                decided_at: at,
            },
        );
    }
}

/// The running command that a call only waits for: its session, and the call that began it.
fn polled(name: &str, given: &Value, seen: &Seen) -> Option<(String, String)> {
    let waits = name == "write_stdin" && text(given, "chars").is_none();
    let session = id(given, "session_id").filter(|_| waits)?;
    let call = seen.running.get(&session)?.clone();
    Some((session, call))
}

/// What a command put out after it was first answered for is the rest of its answer.
fn go_on(
    session: &str,
    call: &str,
    read: Read,
    at: Option<Timestamp>,
    builder: &mut Builder,
    seen: &mut Seen,
) {
    let rest = read.answer.result;
    if read.running.is_none() {
        seen.running.remove(session);
    }
    let Some(call) = builder.newest(call) else {
        return;
    };
    if at.is_some() {
        call.finished_at = at;
    }
    let Some(result) = &mut call.result else {
        return;
    };
    if let (Some(before), Some(more)) = (result.content.as_str(), rest.content.as_str()) {
        let ended = before.is_empty() || before.ends_with('\n') || more.is_empty();
        let between = if ended { "" } else { "\n" };
        result.content = Value::from(format!("{before}{between}{more}"));
        result.truncated |= is_cut(more);
    }
    result.exit_code = rest.exit_code.or(result.exit_code);
    result.is_error |= rest.is_error;
    builder.seen_at(at);
}
