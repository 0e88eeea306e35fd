//! Claude Code: session logs, their `loglines` export, and the stream-json output of its print mode.
//!
//! One model message is spread over several lines with one message id; resumed sessions repeat
//! earlier lines; sub-agents' lines stand between those of the main agent.

use super::asked;
use super::body::Record;
use super::builder::{Answer, Builder, Call};
use super::claude_files::{answered_by, in_time, sub_agent};
use super::claude_words;
use super::formats::Format;
use super::product_words::Words;
use super::refusal;
use super::split::Part;
use super::value::*;
use crate::session::{RecordedApproval, Role, SessionStatus, ToolSpec, handed_on};
use druse_engine::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Kinds of lines that say nothing about the task.
const NOISE: &[&str] = &[
    "summary",
    "progress",
    "file-history-snapshot",
    "queue-operation",
    "system",
    "custom-title",
    "ai-title",
    "agent-name",
    "agent-color",
    "agent-setting",
    "last-prompt",
    "pr-link",
    "tag",
    "mode",
    "permission-mode",
    "worktree-state",
    "content-replacement",
    "stream_event",
    "rate_limit_event",
    "keep_alive",
    "speculation-accept",
];

/// Sessions of one file: lines with one session id, those that go on from them, and those of their sub-agents.
pub(super) fn split(records: Vec<Record>) -> Vec<Part> {
    let mut groups: Vec<usize> = Vec::new();
    let mut of_session: BTreeMap<&str, usize> = BTreeMap::new();
    let mut of_line: BTreeMap<&str, usize> = BTreeMap::new();
    let mut at = Vec::with_capacity(records.len());
    let mut of_agent: BTreeMap<&str, usize> = BTreeMap::new();
    let mut current = None;
    for record in &records {
        let value = &record.value;
        let session = text(value, "sessionId").or_else(|| text(value, "session_id"));
        let group = match (session, current) {
            (Some(session), _) => *of_session.entry(session).or_insert_with(|| {
                groups.push(groups.len());
                groups.len() - 1
            }),
            (None, Some(current)) => current,
            (None, None) => {
                at.push(None);
                continue;
            }
        };
        if let Some(parent) = text(value, "parentUuid").and_then(|parent| of_line.get(parent)) {
            let (own, other) = (root(&mut groups, group), root(&mut groups, *parent));
            groups[own.max(other)] = own.min(other);
        }
        if let Some(uuid) = text(value, "uuid") {
            of_line.entry(uuid).or_insert(group);
        }
        // A sub-agent belongs to the session that it answered, whatever session its own lines name.
        for agent in [answered_by(value), sub_agent(value)].into_iter().flatten() {
            let other = *of_agent.entry(agent).or_insert(group);
            let (own, other) = (root(&mut groups, group), root(&mut groups, other));
            groups[own.max(other)] = own.min(other);
        }
        current = Some(group);
        at.push(Some(group));
    }
    let at: Vec<usize> = at
        .into_iter()
        .map(|group| group.map_or(0, |group| root(&mut groups, group)))
        .collect();
    let mut parts: BTreeMap<usize, Vec<Record>> = BTreeMap::new();
    for (record, group) in records.into_iter().zip(at) {
        parts.entry(group).or_default().push(record);
    }
    // A part without a message (a stray snapshot of another session) is noise of the first.
    let mut out: Vec<Part> = Vec::new();
    let mut rest = Vec::new();
    for records in parts.into_values().map(in_time) {
        let said = records
            .iter()
            .any(|record| matches!(text(&record.value, "type"), Some("user" | "assistant")));
        if said {
            out.push(Part::new(Some(Format::ClaudeCode), records));
        } else {
            rest.extend(records);
        }
    }
    match out.first_mut() {
        Some(first) => first.records.extend(rest),
        None => out.push(Part::new(Some(Format::ClaudeCode), rest)),
    }
    out
}

fn root(groups: &mut [usize], mut group: usize) -> usize {
    while groups[group] != group {
        groups[group] = groups[groups[group]];
        group = groups[group];
    }
    group
}

/// What is remembered while the lines are read.
#[derive(Default)]
struct Seen<'r> {
    /// The first message of each record's id, until there is a second.
    firsts: BTreeMap<&'r str, Option<&'r Value>>,
    /// The messages of the records whose id is repeated.
    lines: BTreeSet<String>,
    /// Message id and text of what was said, to keep repetitions once.
    said: BTreeSet<(String, String)>,
    /// Recorded call id and the message that made it.
    calls: BTreeMap<String, String>,
    batches: BTreeMap<String, u32>,
    prompts: BTreeSet<String>,
    /// Whether the recording tells what goes on from what.
    tells_parents: bool,
    sub_agents_only: bool,
    /// The folder in which each agent stood when its newest line was written.
    folders: BTreeMap<Option<String>, String>,
    /// What the person said while the agent was at work and no other record tells.
    queued: BTreeSet<&'r str>,
    /// Whether the person's last word was a command: what the product adds to it is what the command stands for.
    is_command: bool,
}

impl<'r> Seen<'r> {
    /// Whether a record was read before: one with the id of an earlier one is the same only when it says the same.
    fn repeats(&mut self, uuid: &'r str, message: &'r Value) -> bool {
        let key = |message: &Value| format!("{uuid} {} {}", message["id"], size(message));
        let Some(first) = self.firsts.get_mut(uuid) else {
            self.firsts.insert(uuid, Some(message));
            return false;
        };
        if let Some(first) = first.take() {
            self.lines.insert(key(first));
        }
        !self.lines.insert(key(message))
    }
}

pub(super) fn read(records: &[Record], builder: &mut Builder) {
    builder.agent = Some("claude-code".to_owned());
    let talks =
        |record: &&Record| matches!(text(&record.value, "type"), Some("user" | "assistant"));
    let mut seen = Seen {
        sub_agents_only: records
            .iter()
            .filter(talks)
            .all(|record| record.value["isSidechain"] == true),
        queued: queued(records),
        tells_parents: records
            .iter()
            .any(|record| text(&record.value, "parentUuid").is_some()),
        ..Seen::default()
    };
    for record in records {
        let value = &record.value;
        if !value.is_object() {
            builder
                .notes
                .left_out("not_a_record", "no object", record.bytes(), record.line);
            continue;
        }
        match text(value, "type") {
            Some(kind @ ("user" | "assistant")) => {
                if let Some(uuid) = text(value, "uuid")
                    && seen.repeats(uuid, &value["message"])
                {
                    builder.notes.add("repeated_record", "record", record.line);
                    continue;
                }
                line(kind, value, record, builder, &mut seen);
            }
            Some("result") => {
                let failed = flag(value.get("is_error"))
                    || text(value, "subtype").is_some_and(|kind| kind != "success");
                builder.status = Some(if failed {
                    SessionStatus::Failed
                } else {
                    SessionStatus::Succeeded
                });
                denied(list(value, "permission_denials"), builder);
            }
            Some("attachment") if text(&value["attachment"], "type") == Some("queued_command") => {
                said_meanwhile(value, &value["attachment"]["prompt"], record.line, builder);
            }
            Some("queue-operation")
                if text(value, "operation") == Some("enqueue")
                    && text(value, "content").is_some_and(|said| seen.queued.remove(said)) =>
            {
                said_meanwhile(value, &value["content"], record.line, builder);
            }
            Some("system") if text(value, "subtype") == Some("init") => init(value, builder),
            Some(kind) if NOISE.contains(&kind) => builder.notes.noise(kind, record.line),
            other => builder.notes.left_out(
                "unknown_record",
                other.unwrap_or("without type"),
                record.bytes(),
                record.line,
            ),
        }
    }
}

/// What stands in the queue of a session and in no other record. Words that the person took back were never said.
fn queued(records: &[Record]) -> BTreeSet<&str> {
    let mut waiting: BTreeSet<&str> = BTreeSet::new();
    for record in records {
        let value = &record.value;
        if text(value, "type") != Some("queue-operation") {
            continue;
        }
        match text(value, "operation") {
            Some("enqueue") => waiting.extend(text(value, "content")),
            Some("popAll") => match text(value, "content") {
                Some(said) => {
                    waiting.remove(said);
                }
                None => waiting.clear(),
            },
            _ => {}
        }
    }
    if waiting.is_empty() {
        return waiting;
    }
    let mut told: Vec<&str> = Vec::new();
    for record in records {
        let content = match text(&record.value, "type") {
            Some("user") => &record.value["message"]["content"],
            Some("attachment") => &record.value["attachment"]["prompt"],
            _ => continue,
        };
        told.extend(content.as_str());
        told.extend(
            content
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|block| text(block, "text")),
        );
    }
    waiting.retain(|said| !told.iter().any(|told| told.contains(said.trim())));
    waiting
}

/// What was said while the agent was at work: by the person, or by the product in the person's place.
fn said_meanwhile(value: &Value, said: &Value, line: u32, builder: &mut Builder) {
    let mode = value
        .get("attachment")
        .and_then(|told| text(told, "commandMode"));
    let said = content_text(said, &mut builder.notes, line);
    let at = time(value.get("timestamp"));
    if value["isSidechain"] == true {
        builder.message(Role::Assistant, said, at);
    } else if truthy(value.get("isMeta")) {
        builder.message(Role::System, as_handed_on(said), at);
    } else if mode.is_some_and(|mode| mode != "prompt") {
        builder.message(Role::System, said, at);
    } else {
        told(&said, at, builder);
    }
}

/// Takes in what was said in the person's place, apart from what the product put there.
fn told(said: &str, at: Option<Timestamp>, builder: &mut Builder) {
    for (whose, words) in claude_words::words(said) {
        builder.told(whose, words, at);
    }
}

/// What the product says in the person's place, with a mark that says so.
fn as_handed_on(said: String) -> String {
    match handed_on(&said) {
        Some(_) => said,
        None => format!("<system-reminder>\n{said}\n</system-reminder>"),
    }
}

/// Calls that the session's last record names as denied.
fn denied(denials: &[Value], builder: &mut Builder) {
    for denial in denials {
        let Some(call) = id(denial, "tool_use_id").and_then(|call| {
            let call = builder.newest(&call)?;
            let result = call.result.as_mut().filter(|result| !result.refused)?;
            result.refused = true;
            result.is_error = true;
            Some((call.id.clone(), call.finished_at))
        }) else {
            continue;
        };
        builder.refusal(Some(call.0), None, call.1);
    }
}

fn init(value: &Value, builder: &mut Builder) {
    builder.external_id = id(value, "session_id");
    builder.working_folder = text(value, "cwd").map(str::to_owned);
    builder.tools = list(value, "tools")
        .iter()
        .filter_map(Value::as_str)
        .map(|name| ToolSpec {
            name: name.to_owned(),
            ..ToolSpec::default()
        })
        .collect();
}

fn line(kind: &str, value: &Value, record: &Record, builder: &mut Builder, seen: &mut Seen<'_>) {
    if builder.external_id.is_none() {
        builder.external_id = id(value, "sessionId").or_else(|| id(value, "session_id"));
    }
    if builder.working_folder.is_none() {
        builder.working_folder = text(value, "cwd").map(str::to_owned);
    }
    let at = time(value.get("timestamp"));
    let message = &value["message"];
    let content = match message {
        Value::String(_) => message,
        _ => message.get("content").unwrap_or(&Value::Null),
    };
    if content.is_null() {
        builder.notes.left_out(
            "not_a_record",
            "message without content",
            record.bytes(),
            record.line,
        );
        return;
    }
    // Print mode names the call that a sub-agent works for.
    let parent = text(value, "parent_tool_use_id");
    let side = parent.is_some() || (value["isSidechain"] == true && !seen.sub_agents_only);
    let outer = parent.and_then(|parent| builder.newest(parent));
    let agent = side.then(|| {
        text(value, "agentId")
            .or_else(|| text(value, "subagent_type"))
            .or_else(|| text(&outer.as_ref()?.arguments, "subagent_type"))
            .unwrap_or("sidechain")
            .to_owned()
    });
    let inside = outer.map(|call| call.id.clone());
    let before = seen.folders.get(&agent).cloned();
    let line = Line {
        at,
        agent,
        inside,
        number: record.line,
        message: text(message, "id").unwrap_or("").to_owned(),
        folder: text(value, "cwd")
            .map(str::to_owned)
            .or_else(|| before.clone()),
        before,
    };
    if kind == "assistant" {
        assistant(content, &line, builder, seen);
    } else {
        user(value, content, &line, builder, seen);
    }
    if let Some(folder) = line.folder {
        seen.folders.insert(line.agent, folder);
    }
}

struct Line {
    at: Option<Timestamp>,
    agent: Option<String>,
    /// The call that the agent works for.
    inside: Option<String>,
    number: u32,
    message: String,
    /// Where the agent stood when the line was written.
    folder: Option<String>,
    /// Where it stood by the line before.
    before: Option<String>,
}

fn assistant(content: &Value, line: &Line, builder: &mut Builder, seen: &mut Seen<'_>) {
    let blocks = content
        .as_array()
        .map_or(std::slice::from_ref(content), Vec::as_slice);
    let mut own_batch = None;
    for block in blocks {
        if !matches!(
            text(block, "type"),
            Some("tool_use" | "server_tool_use" | "mcp_tool_use")
        ) {
            let Some(said) = block_text(block, &mut builder.notes, line.number) else {
                continue;
            };
            if !line.message.is_empty() && !seen.said.insert((line.message.clone(), said.clone())) {
                builder.notes.add("repeated_record", "text", line.number);
                continue;
            }
            // What a sub-agent says is no word of the main conversation, but nothing is lost.
            builder.message(Role::Assistant, said, line.at);
            continue;
        }
        let recorded = id(block, "id");
        let (given, raw) = arguments(block.get("input"), &mut builder.notes);
        if repeated(recorded.as_deref(), &given, line, builder, seen) {
            builder.notes.add("repeated_record", "call", line.number);
            continue;
        }
        let batch = if line.message.is_empty() {
            *own_batch.get_or_insert_with(|| builder.batch())
        } else {
            match seen.batches.get(&line.message) {
                Some(batch) => *batch,
                None => {
                    let batch = builder.batch();
                    seen.batches.insert(line.message.clone(), batch);
                    batch
                }
            }
        };
        if let Some(recorded) = &recorded {
            seen.calls.insert(recorded.clone(), line.message.clone());
        }
        builder.call(Call {
            id: recorded,
            name: server_and_name(block),
            arguments: given,
            raw,
            batch,
            agent: line.agent.clone(),
            inside: line.inside.clone(),
            folder: line.folder.clone(),
            at: line.at,
            line: line.number,
            ..Call::default()
        });
        // The log of print mode names the folder once, and the shell takes each change of it along.
        if line.folder.is_none()
            && text(block, "name") == Some("Bash")
            && text(&block["input"], "command").is_some_and(crate::shell_line::leaves_its_folder)
        {
            builder.notes.add("folder_not_followed", "", line.number);
        }
    }
}

/// Whether a call was read before: from an earlier piece of the same message (the later piece is
/// the more complete one), or with the same arguments from a record that a resumed session repeats.
fn repeated(
    recorded: Option<&str>,
    given: &Value,
    line: &Line,
    builder: &mut Builder,
    seen: &Seen<'_>,
) -> bool {
    let Some(recorded) = recorded else {
        return false;
    };
    let Some(message) = seen.calls.get(recorded) else {
        return false;
    };
    let same_message = !line.message.is_empty() && *message == line.message;
    let Some(call) = builder.newest(recorded) else {
        return false;
    };
    if call.arguments == *given {
        return true;
    }
    if same_message {
        if call.result.is_none() {
            call.arguments = given.clone();
        }
        return true;
    }
    false
}

fn user(value: &Value, content: &Value, line: &Line, builder: &mut Builder, seen: &mut Seen<'_>) {
    let summary = truthy(value.get("isCompactSummary"));
    let meta = truthy(value.get("isMeta")) || summary;
    let blocks = content
        .as_array()
        .map_or(std::slice::from_ref(content), Vec::as_slice);
    let results = blocks
        .iter()
        .filter(|block| text(block, "type") == Some("tool_result"))
        .count();
    if results == 0
        && !meta
        && line.agent.is_none()
        && let Some(parent) = before_prompt(value, blocks, seen.tells_parents)
        && !seen.prompts.insert(parent.to_owned())
    {
        builder.notes.add("rewound", "", line.number);
    }
    for block in blocks {
        if text(block, "type") == Some("tool_result") {
            let structured = value
                .get("toolUseResult")
                .or_else(|| value.get("tool_use_result"))
                .filter(|_| results == 1);
            let told = not_run(value.get("tool_result_meta"), block, results == 1);
            result(block, structured, told, results == 1, line, builder);
            continue;
        }
        let Some(said) = block_text(block, &mut builder.notes, line.number) else {
            continue;
        };
        if said.starts_with("[Request interrupted by user") {
            builder.notes.add("interrupted", "", line.number);
            builder.message(Role::System, said, line.at);
        } else if summary {
            builder.summed_up(line.number);
            builder.message(Role::Assistant, said, line.at);
        } else if line.agent.is_some() {
            // The agent's own words, made of all that it had read.
            builder.message(Role::Assistant, said, line.at);
        } else if meta && seen.is_command {
            // What a command of the person's stands for: instructions.
            builder.message(Role::System, said, line.at);
        } else if meta {
            // Said by the product or by a hook: not the person's words.
            builder.message(Role::System, as_handed_on(said), line.at);
        } else {
            seen.is_command = claude_words::is_command(&said);
            told(&said, line.at, builder);
        }
    }
}

/// What a prompt goes on from, empty for the first of all; `None` where that is not told, or where the product goes on
/// by itself.
fn before_prompt<'v>(value: &'v Value, blocks: &[Value], tells_parents: bool) -> Option<&'v str> {
    if let Some(parent) = text(value, "parentUuid") {
        return Some(parent);
    }
    let is_first = tells_parents
        && value.get("parentUuid").is_some_and(Value::is_null)
        && present(value, "logicalParentUuid").is_none();
    let is_said = blocks.iter().any(|block| {
        let said = block.as_str().or_else(|| text(block, "text"));
        said.is_some_and(|said| {
            let all = claude_words::words(said);
            all.iter().any(|(whose, _)| *whose == Words::Asker)
        })
    });
    (is_first && is_said).then_some("")
}

/// What a record says of a call that did not run.
fn not_run<'v>(told: Option<&'v Value>, block: &Value, alone: bool) -> Option<&'v Value> {
    let told = match told? {
        Value::Array(all) => all
            .iter()
            .find(|one| id(one, "id").is_some() && id(one, "id") == id(block, "tool_use_id"))?,
        one => Some(one).filter(|_| alone)?,
    };
    text(told, "non_execution_kind").map(|_| told)
}

fn result(
    block: &Value,
    structured: Option<&Value>,
    not_run: Option<&Value>,
    alone: bool,
    line: &Line,
    builder: &mut Builder,
) {
    let content = content_text(
        block.get("content").unwrap_or(&Value::Null),
        &mut builder.notes,
        line.number,
    );
    let mut is_error = flag(block.get("is_error"));
    if block.get("is_error").is_none() {
        // Older versions leave the mark out, and say it in the text or in the twin.
        let twin = structured.and_then(Value::as_str).unwrap_or("");
        if twin.starts_with("Error: ") || content.starts_with("<tool_use_error>") {
            is_error = true;
            builder.notes.add("failure_inferred", "", line.number);
        }
    }
    let kind = not_run.and_then(|told| text(told, "non_execution_kind"));
    is_error |= kind.is_some();
    let denied = kind.is_some_and(|kind| {
        ["reject", "permission", "denied", "cancel", "interrupt"]
            .iter()
            .any(|word| kind.contains(word))
    });
    let refused = denied || (is_error && is_refusal(&content));
    let comment = not_run
        .and_then(|told| text(told, "user_feedback").map(str::to_owned))
        .or_else(|| refused.then(|| refusal::comment(&content)).flatten());
    let approved = !is_error && content.starts_with("User has approved your plan");
    let exit_code = is_error.then(|| exit_code_in(&content)).flatten();
    let recorded = id(block, "tool_use_id");
    let mut answer = Answer::new(content);
    answer.is_sure = true;
    answer.result.is_error = is_error;
    answer.result.refused = refused;
    answer.result.exit_code = exit_code;
    answer.result.structured = structured
        .filter(|structured| !structured.is_null())
        .cloned()
        .map(Box::new);
    answer.at = line.at;
    answer.line = line.number;
    // Of commands that were asked for together, a later one runs where the one before it left the shell.
    if let Some(before) = line.before.as_ref().filter(|_| alone)
        && let Some(call) = recorded
            .as_deref()
            .and_then(|recorded| builder.newest(recorded))
        && call.name == "Bash"
        && call.result.is_none()
        && call.folder.is_some()
    {
        call.folder = Some(before.clone());
    }
    let call = builder.answer(recorded.as_deref(), None, answer);
    if call.is_none() {
        return;
    }
    if line.agent.is_none() {
        asked::tell(recorded.as_deref(), line.at, builder);
    }
    if refused {
        builder.refusal(call, comment, line.at);
    } else if approved {
        builder.approval(
            recorded.as_deref(),
            RecordedApproval {
                call: None,
                approved: true,
                by: None,
                comment: None,
                requested_at: None,
                decided_at: line.at,
            },
        );
    }
}

fn is_refusal(content: &str) -> bool {
    let head: String = content.chars().take(200).collect();
    refusal::is_told(content)
        || head.contains("doesn't want to proceed")
        || head.contains("doesn't want to take this action")
        || head.contains("[Request interrupted by user")
}
