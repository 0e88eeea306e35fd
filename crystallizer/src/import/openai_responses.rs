//! OpenAI's Responses: items of `input` and `output`, one response or several that follow each other,
//! a request with its response, or the events of a stream.

use super::builder::{Answer, Builder, Call};
use super::chat::{self, Style};
use super::value::*;
use crate::session::{RecordedApproval, Role, SessionStatus};
use druse_engine::Timestamp;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

const STYLE: Style = Style {
    infer_failure: true,
    content_as_is: false,
};

/// Whether this is an item that only responses hold.
pub(super) fn is_item(value: &Value) -> bool {
    match text(value, "type") {
        Some(
            "function_call"
            | "function_call_output"
            | "function_call_result"
            | "custom_tool_call"
            | "custom_tool_call_output"
            | "mcp_approval_response",
        ) => true,
        Some(
            "mcp_call"
            | "mcp_list_tools"
            | "mcp_approval_request"
            | "web_search_call"
            | "file_search_call"
            | "code_interpreter_call"
            | "image_generation_call"
            | "computer_call"
            | "local_shell_call"
            | "shell_call"
            | "apply_patch_call"
            | "hosted_tool_call",
        ) => value.get("id").is_some() || call_id(value).is_some(),
        _ => false,
    }
}

/// The id by which a call and its output know each other: the library for JavaScript spells it otherwise.
fn call_id(item: &Value) -> Option<String> {
    id(item, "call_id").or_else(|| id(item, "callId"))
}

/// Whether this is a response, a request for one, or both.
pub(super) fn is_response(value: &Value) -> bool {
    let items = |key: &str| {
        list(value, key).iter().any(|item| {
            is_item(item) || chat::role(item).is_some() || text(item, "type") == Some("message")
        })
    };
    is_whole(value) || (value.get("messages").is_none() && (items("output") || items("input")))
}

/// Whether this says of itself that it is a response, or holds a request beside its response.
pub(super) fn is_whole(value: &Value) -> bool {
    text(value, "object") == Some("response")
        || value.get("response").is_some_and(|response| {
            text(response, "object") == Some("response")
                || (value.get("request").is_some()
                    && list(response, "output")
                        .iter()
                        .any(|item| text(item, "type").is_some()))
        })
}

/// Whether this is an event of a streamed response.
pub(super) fn is_event(value: &Value) -> bool {
    text(value, "type").is_some_and(|kind| kind.starts_with("response."))
        && ["response", "item", "item_id", "output_index"]
            .iter()
            .any(|key| value.get(*key).is_some())
}

/// The recordings of a list of responses: those that name one another, or repeat what was said before, are one.
pub(super) fn unfold(value: Value) -> Vec<Value> {
    let Value::Array(documents) = value else {
        return vec![value];
    };
    if !documents.iter().all(is_response) || documents.iter().any(is_event) {
        return vec![Value::Array(documents)];
    }
    let mut groups: Vec<Vec<Value>> = Vec::new();
    let mut of: BTreeMap<String, usize> = BTreeMap::new();
    for document in documents {
        let named = previous(&document).and_then(|previous| of.get(&previous).copied());
        let same = conversation(&document).and_then(|name| of.get(&name).copied());
        let group = named.or(same).or_else(|| {
            let before = groups.last()?.last()?;
            repeats(&document, before).then(|| groups.len() - 1)
        });
        let group = group.unwrap_or_else(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        for name in [response_id(&document), conversation(&document)] {
            of.extend(name.map(|name| (name, group)));
        }
        groups[group].push(document);
    }
    groups
        .into_iter()
        .map(|mut group| match group.len() {
            1 => group.remove(0),
            _ => Value::Array(group),
        })
        .collect()
}

fn field<'a>(document: &'a Value, key: &str) -> Option<&'a Value> {
    present(document, key).or_else(|| {
        ["response", "request"]
            .iter()
            .find_map(|side| present(document.get(*side)?, key))
    })
}

fn response_id(document: &Value) -> Option<String> {
    let response = document.get("response").unwrap_or(document);
    id(response, "id")
}

fn previous(document: &Value) -> Option<String> {
    field(document, "previous_response_id")
        .and_then(Value::as_str)
        .map(str::to_owned)
}

fn conversation(document: &Value) -> Option<String> {
    let conversation = field(document, "conversation")?;
    conversation
        .as_str()
        .map(str::to_owned)
        .or_else(|| id(conversation, "id"))
}

/// Whether a request begins with all of the input of the one before it. Reasoning may be left out of either.
fn repeats(document: &Value, before: &Value) -> bool {
    let Some(Value::Array(now)) = field(document, "input") else {
        return false;
    };
    let now: Vec<&Value> = now.iter().filter(|item| key(item).is_some()).collect();
    match field(before, "input") {
        Some(Value::Array(then)) => {
            let then = then.iter().filter(|item| key(item).is_some());
            let then: Vec<&Value> = then.collect();
            let mut pairs = then.iter().zip(&now);
            !then.is_empty() && now.len() > then.len() && pairs.all(|(then, now)| same(then, now))
        }
        // What was asked first may be a text by itself.
        Some(Value::String(said)) => {
            now.len() > 1 && key(now[0]).is_some_and(|key| key == format!("user\n{said}"))
        }
        _ => false,
    }
}

/// Whether two items tell the same: how far a call has come, and pictures that a later request leaves out, may differ.
fn same(one: &Value, two: &Value) -> bool {
    let is_known = |item: &Value| {
        let is_said = matches!(text(item, "type"), None | Some("message"));
        is_said || call_id(item).or_else(|| id(item, "id")).is_some()
    };
    one == two || (is_known(one) && is_known(two) && key(one) == key(two))
}

pub(super) fn read(document: &Value, builder: &mut Builder) {
    let mut reader = Reader::new(builder);
    match document {
        Value::Array(entries) if entries.iter().any(is_event) => reader.stream(entries),
        Value::Array(entries) if entries.iter().any(is_response) => {
            for entry in entries {
                reader.response(entry);
            }
        }
        Value::Array(items) => reader.items(items, None),
        document => reader.response(document),
    }
    reader.finish();
}

/// A question of the server whether a call may be made.
struct Asked {
    item: Value,
    at: Option<Timestamp>,
}

struct Reader<'b> {
    builder: &'b mut Builder,
    together: Option<u32>,
    asked: BTreeMap<String, Asked>,
    /// Yeses whose call is still to come.
    granted: BTreeMap<String, RecordedApproval>,
    /// The responses that were read.
    responses: BTreeSet<String>,
    /// What was said and called so far, to know it again where a request repeats it.
    told: Vec<String>,
}

impl<'b> Reader<'b> {
    fn new(builder: &'b mut Builder) -> Self {
        Self {
            builder,
            together: None,
            asked: BTreeMap::new(),
            granted: BTreeMap::new(),
            responses: BTreeSet::new(),
            told: Vec::new(),
        }
    }

    fn response(&mut self, document: &Value) {
        if !document.is_object() {
            self.builder
                .notes
                .left_out("not_a_record", "response", size(document), 0);
            return;
        }
        let response = document
            .get("response")
            .filter(|response| response.is_object())
            .unwrap_or(document);
        let at = time(response.get("created_at"));
        self.builder.seen_at(at);
        if self.builder.external_id.is_none() {
            self.builder.external_id = conversation(document).or_else(|| id(response, "id"));
        }
        let follows = previous(document);
        if let Some(previous) = &follows
            && !self.responses.contains(previous)
        {
            self.builder
                .notes
                .add("earlier_part_missing", previous.as_str(), 0);
        }
        self.responses.extend(id(response, "id"));
        for side in [
            Some(document),
            document.get("request"),
            document.get("response"),
        ] {
            for tool in side.map(chat::tools).unwrap_or_default() {
                self.builder.offer(tool);
            }
        }
        match field(document, "instructions") {
            Some(Value::String(said)) if self.builder.first_time(Role::System, said) => {
                self.builder.message(Role::System, said.as_str(), at);
            }
            Some(Value::Array(items)) => self.items(items, at),
            _ => {}
        }
        match field(document, "input") {
            Some(Value::String(said)) => {
                self.builder.message(Role::User, said.as_str(), at);
                self.told.push(format!("user\n{said}"));
            }
            Some(Value::Array(items)) => {
                let known = if follows.is_none() {
                    self.known(items)
                } else {
                    0
                };
                for _ in 0..known {
                    self.builder.notes.add("repeated_record", "item", 0);
                }
                self.items(&items[known..], at);
            }
            _ => {}
        }
        self.together = None;
        self.items(list(response, "output"), at);
        self.ended(response);
    }

    fn ended(&mut self, response: &Value) {
        match text(response, "status") {
            Some("failed") => {
                self.builder.status = Some(SessionStatus::Failed);
                let said = response
                    .get("error")
                    .and_then(|error| text(error, "message").or_else(|| error.as_str()));
                self.builder.message(Role::System, said.unwrap_or(""), None);
            }
            Some("cancelled" | "canceled") => self.builder.status = Some(SessionStatus::Canceled),
            Some("incomplete") => {
                let reason = response
                    .get("incomplete_details")
                    .and_then(|details| text(details, "reason"));
                self.builder
                    .notes
                    .add("answer_cut_short", reason.unwrap_or("incomplete"), 0);
                self.builder.status = None;
            }
            _ => self.builder.status = None,
        }
    }

    /// How many items at the start of a request were told by the responses before it.
    fn known(&self, items: &[Value]) -> usize {
        let mut told = self.told.iter();
        let mut known = 0;
        for item in items {
            match key(item) {
                None => {}
                Some(key) if told.next() == Some(&key) => {}
                Some(_) => break,
            }
            known += 1;
        }
        if self.told.is_empty() { 0 } else { known }
    }

    /// The events of a stream: whole responses, and finished items of one that never ended.
    fn stream(&mut self, events: &[Value]) {
        let mut items: Vec<Value> = Vec::new();
        let mut open = false;
        for event in events {
            match text(event, "type").unwrap_or("") {
                "response.completed"
                | "response.incomplete"
                | "response.failed"
                | "response.cancelled" => {
                    items.clear();
                    open = false;
                    self.response(event.get("response").unwrap_or(&Value::Null));
                }
                "response.created" => {
                    self.cut(&mut items, open);
                    open = true;
                }
                "response.output_item.done" => {
                    open = true;
                    items.extend(event.get("item").cloned());
                }
                "error" => {
                    self.builder.status = Some(SessionStatus::Failed);
                    let said = text(event, "message").unwrap_or("");
                    self.builder.message(Role::System, said, None);
                }
                kind if kind.starts_with("response.") => {
                    self.builder.notes.noise("event of a stream", 0)
                }
                _ if is_item(event) || chat::role(event).is_some() => {
                    self.items(std::slice::from_ref(event), None);
                }
                kind => {
                    let kind = if kind.is_empty() {
                        "without type"
                    } else {
                        kind
                    };
                    self.builder
                        .notes
                        .left_out("unknown_record", kind, size(event), 0);
                }
            }
        }
        self.cut(&mut items, open);
    }

    fn cut(&mut self, items: &mut Vec<Value>, open: bool) {
        let items = std::mem::take(items);
        self.items(&items, None);
        if open {
            self.builder
                .notes
                .add("answer_cut_short", "the stream broke off", 0);
        }
    }

    fn items(&mut self, items: &[Value], at: Option<Timestamp>) {
        for item in items {
            let at = time(item.get("created_at")).or(at);
            self.item(item, at);
            self.told.extend(key(item));
        }
    }

    fn item(&mut self, item: &Value, at: Option<Timestamp>) {
        let kind = text(item, "type").unwrap_or("");
        match kind {
            "function_call" => {
                let given = arguments(item.get("arguments"), &mut self.builder.notes);
                let name = in_namespace(item, text(item, "name").unwrap_or(""));
                self.call(item, name, given, at);
            }
            "custom_tool_call" => {
                // A custom tool takes free text by nature.
                let (given, _) = arguments(item.get("input"), &mut self.builder.notes);
                let name = in_namespace(item, text(item, "name").unwrap_or(""));
                self.call(item, name, (given, false), at);
            }
            "local_shell_call" | "shell_call" | "apply_patch_call" | "computer_call" => {
                let given = ["action", "operation", "actions"]
                    .iter()
                    .find_map(|key| present(item, key));
                let (given, _) = arguments(given, &mut self.builder.notes);
                self.call(item, tool_of(kind).to_owned(), (given, false), at);
            }
            "function_call_output"
            | "function_call_result"
            | "computer_call_result"
            | "custom_tool_call_output"
            | "local_shell_call_output"
            | "shell_call_output"
            | "apply_patch_call_output"
            | "computer_call_output" => self.output(item, at),
            "mcp_call" => self.mcp_call(item, at),
            "mcp_list_tools" => self.mcp_tools(item),
            "mcp_approval_request" => {
                if let Some(id) = id(item, "id") {
                    let item = item.clone();
                    self.asked.insert(id, Asked { item, at });
                }
            }
            "mcp_approval_response" => self.mcp_answer(item, at),
            "web_search_call"
            | "file_search_call"
            | "code_interpreter_call"
            | "image_generation_call" => self.hosted(kind, item, at),
            "hosted_tool_call" => self.hosted_in_javascript(item, at),
            "reasoning" => self.builder.notes.noise("reasoning", 0),
            "item_reference" => self.builder.notes.noise("item reference", 0),
            "compaction" | "compaction_summary" => {
                self.builder
                    .notes
                    .left_out("unknown_record", kind, size(item), 0);
            }
            _ if chat::role(item).is_some() => {
                if text(item, "role") == Some("user") {
                    self.together = None;
                }
                chat::messages(std::slice::from_ref(item), self.builder, STYLE);
            }
            _ => {
                let kind = if kind.is_empty() {
                    "without type"
                } else {
                    kind
                };
                self.builder
                    .notes
                    .left_out("unknown_record", kind, size(item), 0);
            }
        }
    }

    /// A call that the agent's own program answers: calls without an output between them were issued together.
    fn call(
        &mut self,
        item: &Value,
        name: String,
        (given, raw): (Value, bool),
        at: Option<Timestamp>,
    ) {
        if matches!(text(item, "status"), Some("incomplete" | "in_progress")) {
            self.builder
                .notes
                .add("answer_cut_short", format!("call of {name}"), 0);
        }
        let batch = *self.together.get_or_insert_with(|| self.builder.batch());
        self.builder.call(Call {
            id: call_id(item).or_else(|| id(item, "id")),
            name,
            arguments: given,
            raw,
            batch,
            at,
            ..Call::default()
        });
    }

    fn output(&mut self, item: &Value, at: Option<Timestamp>) {
        self.together = None;
        let output = item.get("output").unwrap_or(&Value::Null);
        let mut exit_code = None;
        let content = match output {
            Value::Array(parts) if parts.iter().any(|part| part.get("outcome").is_some()) => {
                let code = |part: &Value| {
                    let outcome = part.get("outcome")?;
                    let code = present(outcome, "exit_code").or_else(|| outcome.get("exitCode"));
                    code?.as_i64()
                };
                exit_code = parts
                    .iter()
                    .filter_map(code)
                    .find(|code| *code != 0)
                    .or_else(|| code(parts.first()?));
                output.clone()
            }
            Value::String(_) | Value::Array(_) => {
                Value::from(content_text(output, &mut self.builder.notes, 0))
            }
            Value::Object(map)
                if map
                    .get("type")
                    .is_some_and(|kind| kind == "computer_screenshot") =>
            {
                self.builder
                    .notes
                    .left_out("media_left_out", "screenshot", size(output), 0);
                Value::from("")
            }
            // A part by itself, as the library for JavaScript keeps it.
            Value::Object(map)
                if map.get("type").is_some_and(|kind| kind != "object")
                    && (map.len() == 1
                        || map.contains_key("text")
                        || map.contains_key("image")) =>
            {
                Value::from(content_text(output, &mut self.builder.notes, 0))
            }
            other => other.clone(),
        };
        let timed_out = list(item, "output").iter().any(|part| {
            part.get("outcome")
                .is_some_and(|outcome| text(outcome, "type") == Some("timeout"))
        });
        let mut answer = Answer::new(content);
        let result = &mut answer.result;
        result.exit_code = exit_code;
        result.is_error = timed_out
            || exit_code.is_some_and(|code| code != 0)
            || text(item, "status") == Some("failed");
        let told = result.content.as_str().is_some_and(text_says_failed)
            || object_says_failed(&result.content);
        if !result.is_error && told {
            result.is_error = true;
            self.builder.notes.add("failure_inferred", "", 0);
        }
        result.truncated = text(item, "status") == Some("incomplete");
        answer.at = at;
        let recorded = call_id(item).or_else(|| id(item, "id"));
        self.builder.answer(recorded.as_deref(), None, answer);
    }

    /// A call that the server made itself stands with its answer.
    fn own_call(
        &mut self,
        item: &Value,
        name: String,
        (given, raw): (Value, bool),
        answer: Option<Answer>,
        at: Option<Timestamp>,
    ) -> String {
        self.together = None;
        let batch = self.builder.batch();
        let recorded = id(item, "id");
        let unique = self.builder.call(Call {
            id: recorded.clone(),
            name,
            arguments: given,
            raw,
            batch,
            at,
            ..Call::default()
        });
        if let Some(answer) = answer {
            self.builder.answer(recorded.as_deref(), None, answer);
        }
        unique
    }

    fn mcp_call(&mut self, item: &Value, at: Option<Timestamp>) {
        let given = arguments(item.get("arguments"), &mut self.builder.notes);
        let failed = truthy(item.get("error")) || text(item, "status") == Some("failed");
        let output = item.get("output").filter(|output| !output.is_null());
        let answer = (output.is_some() || failed).then(|| {
            let told = output.or_else(|| {
                let error = present(item, "error")?;
                error.get("message").or(Some(error))
            });
            let mut answer = Answer::new(told.cloned().unwrap_or_else(|| Value::from("")));
            answer.result.is_error = failed || object_says_failed(&answer.result.content);
            answer.result.structured = present(item, "error")
                .filter(|error| error.is_object())
                .cloned()
                .map(Box::new);
            answer
        });
        self.own_call(item, mcp_name(item), given, answer, at);
        let Some(request) = id(item, "approval_request_id") else {
            return;
        };
        self.asked.remove(&request);
        if let (Some(granted), Some(recorded)) = (self.granted.remove(&request), id(item, "id")) {
            self.builder.approve_before(&recorded, granted);
        }
    }

    fn mcp_tools(&mut self, item: &Value) {
        let server = text(item, "server_label").unwrap_or("");
        for mut tool in chat::tools(item) {
            if !server.is_empty() {
                tool.name = format!("mcp__{server}__{}", tool.name);
            }
            self.builder.offer(tool);
        }
        if truthy(item.get("error")) {
            self.builder.notes.left_out(
                "unknown_record",
                "mcp_list_tools with an error",
                size(item),
                0,
            );
        }
    }

    fn mcp_answer(&mut self, item: &Value, at: Option<Timestamp>) {
        let request = id(item, "approval_request_id").unwrap_or_default();
        let asked = self.asked.get(&request);
        let approval = RecordedApproval {
            call: None,
            approved: item.get("approve") == Some(&Value::Bool(true)),
            by: None,
            comment: text(item, "reason").map(str::to_owned),
            requested_at: asked.and_then(|asked| asked.at),
            decided_at: at,
        };
        if approval.approved {
            self.granted.insert(request, approval);
            return;
        }
        let Some(asked) = self.asked.remove(&request) else {
            return self.builder.approval(Some(&request), approval);
        };
        let (given, _) = arguments(asked.item.get("arguments"), &mut self.builder.notes);
        let mut answer = Answer::new(approval.comment.clone().unwrap_or_default());
        answer.result.is_error = true;
        answer.result.refused = true;
        let unique = self.own_call(
            &asked.item,
            mcp_name(&asked.item),
            (given, false),
            Some(answer),
            asked.at,
        );
        self.builder.refusal(Some(unique), approval.comment, at);
    }

    fn hosted(&mut self, kind: &str, item: &Value, at: Option<Timestamp>) {
        let mut given = Map::new();
        for key in ["action", "queries", "code", "revised_prompt"] {
            if let Some(value) = present(item, key) {
                given.insert(key.to_owned(), value.clone());
            }
        }
        let sources = given
            .get_mut("action")
            .and_then(Value::as_object_mut)
            .and_then(|action| action.remove("sources"));
        if let Some(Value::Object(action)) = given.remove("action") {
            given.extend(action);
        }
        let mut told = ["results", "outputs"]
            .iter()
            .find_map(|key| present(item, key))
            .cloned()
            .or(sources);
        if let Some(image) = present(item, "result") {
            self.builder
                .notes
                .left_out("media_left_out", "image", size(image), 0);
            told = Some(Value::from(""));
        }
        let failed = matches!(text(item, "status"), Some("failed" | "incomplete"));
        let answer = (told.is_some() || failed).then(|| {
            let mut answer = Answer::new(told.unwrap_or_else(|| Value::from("")));
            answer.result.is_error = failed;
            answer
        });
        self.own_call(
            item,
            tool_of(kind).to_owned(),
            (Value::Object(given), false),
            answer,
            at,
        );
    }

    /// A call that the server made itself, as the library for JavaScript keeps it: more of it may stand beside.
    fn hosted_in_javascript(&mut self, item: &Value, at: Option<Timestamp>) {
        let beside = item.get("providerData").unwrap_or(&Value::Null);
        let kind = text(beside, "type").filter(|kind| kind.ends_with("_call"));
        if let Some(kind) = kind {
            let mut whole = beside.clone();
            if let (Some(map), Some(id)) = (whole.as_object_mut(), item.get("id")) {
                map.entry("id").or_insert_with(|| id.clone());
                map.entry("status")
                    .or_insert_with(|| item.get("status").cloned().unwrap_or_default());
            }
            if kind == "mcp_call" {
                return self.mcp_call(&whole, at);
            }
            return self.hosted(kind, &whole, at);
        }
        let given = arguments(item.get("arguments"), &mut self.builder.notes);
        let failed = matches!(text(item, "status"), Some("failed" | "incomplete"));
        let told = present(item, "output").cloned();
        let answer = (told.is_some() || failed).then(|| {
            let mut answer = Answer::new(told.unwrap_or_else(|| Value::from("")));
            answer.result.is_error = failed;
            answer
        });
        let name = tool_of(text(item, "name").unwrap_or("")).to_owned();
        self.own_call(item, name, given, answer, at);
    }

    /// Questions that no call followed are calls that never ran.
    fn finish(mut self) {
        for (request, asked) in std::mem::take(&mut self.asked) {
            let (given, _) = arguments(asked.item.get("arguments"), &mut self.builder.notes);
            let item = asked.item;
            self.own_call(&item, mcp_name(&item), (given, false), None, asked.at);
            match self.granted.remove(&request) {
                Some(granted) => self.builder.approve_before(&request, granted),
                None => {
                    if let Some(call) = self.builder.newest(&request) {
                        call.waits = true;
                    }
                }
            }
        }
        for (request, granted) in std::mem::take(&mut self.granted) {
            self.builder.approval(Some(&request), granted);
        }
    }
}

/// What an item tells, to know it again; reasoning may be left out where a request repeats items.
fn key(item: &Value) -> Option<String> {
    let kind = text(item, "type").unwrap_or("message");
    match kind {
        "reasoning" | "item_reference" => None,
        "message" => {
            let said = content_text(
                item.get("content").unwrap_or(&Value::Null),
                &mut super::notes::Notes::default(),
                0,
            );
            Some(format!("{}\n{said}", chat::role(item).unwrap_or("")))
        }
        _ => {
            let named = call_id(item).or_else(|| id(item, "id"));
            Some(format!("{kind} {}", named.unwrap_or_default()))
        }
    }
}

fn tool_of(kind: &str) -> &str {
    kind.strip_suffix("_call").unwrap_or(kind)
}

fn mcp_name(item: &Value) -> String {
    let name = text(item, "name").unwrap_or("");
    match text(item, "server_label") {
        Some(server) => format!("mcp__{server}__{name}"),
        None => name.to_owned(),
    }
}
