//! Messages of the Vercel AI SDK: those of the user interface (`parts`, with the state of each call),
//! and those for the model (`content` with `tool-call` and `tool-result`).

use super::builder::{Answer, Builder, Call};
use super::chat;
use super::value::*;
use crate::session::{RecordedApproval, Role};
use druse_engine::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// Whether this is a message that only this library writes.
pub(super) fn is_message(value: &Value) -> bool {
    if text(value, "role").is_none() {
        return false;
    }
    let own = |part: &Value| match text(part, "type") {
        Some("tool-call" | "tool-result") => text(part, "toolCallId").is_some(),
        Some("tool-approval-request" | "tool-approval-response") => {
            text(part, "approvalId").is_some()
        }
        _ => false,
    };
    let shown = |part: &Value| match text(part, "type") {
        Some("text" | "reasoning") => part.get("text").is_some(),
        Some("step-start" | "dynamic-tool" | "tool-invocation") => true,
        Some("file") => part.get("mediaType").is_some() || part.get("mimeType").is_some(),
        Some(kind) => {
            ["tool-", "source-", "data-"]
                .iter()
                .any(|start| kind.starts_with(start))
                || own(part)
        }
        None => false,
    };
    list(value, "content").iter().any(own)
        || list(value, "parts").iter().any(shown)
        || list(value, "toolInvocations")
            .iter()
            .any(|call| text(call, "toolCallId").is_some())
}

pub(super) fn read(document: &Value, builder: &mut Builder) {
    builder.external_id = id(document, "id").or_else(|| id(document, "chatId"));
    builder.tools = chat::tools(document);
    if let Some(system) = text(document, "system") {
        builder.message(Role::System, system, None);
    }
    let messages = document
        .as_array()
        .map_or_else(|| list(document, "messages"), Vec::as_slice);
    let mut reader = Reader {
        builder,
        asked: BTreeMap::new(),
        denied: BTreeMap::new(),
    };
    for message in messages {
        reader.message(message);
    }
    reader.finish();
}

struct Reader<'b> {
    builder: &'b mut Builder,
    /// Which call each question is about.
    asked: BTreeMap<String, String>,
    /// Calls that a person refused and that have no answer yet, with the reason.
    denied: BTreeMap<String, Option<String>>,
}

impl Reader<'_> {
    fn message(&mut self, message: &Value) {
        let at = ["createdAt", "created_at", "timestamp"]
            .iter()
            .find_map(|key| time(message.get(*key)))
            .or_else(|| time(message.get("metadata")?.get("createdAt")));
        let role = match text(message, "role") {
            Some("system") => Role::System,
            Some("user") => Role::User,
            Some("assistant" | "tool") => Role::Assistant,
            Some(other) => {
                self.builder
                    .notes
                    .left_out("unknown_role", other, size(message), 0);
                return;
            }
            None => {
                self.builder.notes.left_out(
                    "not_a_record",
                    "message without a role",
                    size(message),
                    0,
                );
                return;
            }
        };
        let parts = list(message, "parts");
        let parts = if parts.is_empty() {
            list(message, "content")
        } else {
            parts
        };
        if parts.is_empty() {
            let said = message.get("content").unwrap_or(&Value::Null);
            let said = content_text(said, &mut self.builder.notes, 0);
            self.builder.message(role, said, at);
        }
        let mut batch = None;
        let mut called = false;
        for part in parts {
            let kind = text(part, "type").unwrap_or("");
            // A step is one answer of the model; text after calls begins another.
            if kind == "step-start" || (kind == "text" && called) {
                batch = None;
                called = false;
            }
            called |= self.part(kind, part, role, &mut batch, at);
        }
        // Older messages list their calls beside the text, and newer ones of that age in both places.
        if !parts
            .iter()
            .any(|part| text(part, "type") == Some("tool-invocation"))
        {
            let mut step = None;
            for call in list(message, "toolInvocations") {
                if step != Some(call.get("step")) {
                    batch = None;
                    step = Some(call.get("step"));
                }
                self.invocation(call, &mut batch, at);
            }
        }
    }

    /// Reads a part; whether it was a call.
    fn part(
        &mut self,
        kind: &str,
        part: &Value,
        role: Role,
        batch: &mut Option<u32>,
        at: Option<Timestamp>,
    ) -> bool {
        match kind {
            "step-start" => {}
            "reasoning" | "redacted-reasoning" => self.builder.notes.noise("reasoning", 0),
            "tool-invocation" => {
                self.invocation(part.get("toolInvocation").unwrap_or(part), batch, at);
                return true;
            }
            "tool-call" => {
                let given = present(part, "input").or_else(|| present(part, "args"));
                self.call(part, text(part, "toolName"), given, batch, at);
                return true;
            }
            "tool-result" => self.result(part, at),
            "tool-error" => {
                let error = present(part, "error");
                let said = error.and_then(|error| text(error, "message").map(Value::from));
                let said = said.or_else(|| error.cloned());
                let mut answer = Answer::new(said.unwrap_or_else(|| Value::from("")));
                answer.result.is_error = true;
                answer.at = at;
                self.answer(part, answer);
            }
            "tool-approval-request" => {
                if let (Some(approval), Some(call)) =
                    (id(part, "approvalId"), id(part, "toolCallId"))
                {
                    self.asked.insert(approval, call);
                }
            }
            "tool-approval-response" => {
                let approval = id(part, "approvalId").unwrap_or_default();
                let call = self.asked.remove(&approval).unwrap_or(approval);
                self.decided(&call, part, at);
            }
            "file" | "image" | "source-url" | "source-document" | "source" => {
                let name = ["mediaType", "mimeType"]
                    .iter()
                    .find_map(|key| text(part, key))
                    .unwrap_or(kind);
                self.builder
                    .notes
                    .left_out("media_left_out", name, size(part), 0);
            }
            "dynamic-tool" => {
                self.shown(part, text(part, "toolName"), batch, at);
                return true;
            }
            _ if kind.starts_with("tool-") => {
                self.shown(part, kind.strip_prefix("tool-"), batch, at);
                return true;
            }
            _ if kind.starts_with("data-") => {
                self.builder
                    .notes
                    .left_out("unknown_block", kind, size(part), 0);
            }
            _ => {
                if let Some(said) = block_text(part, &mut self.builder.notes, 0) {
                    self.builder.message(role, said, at);
                }
            }
        }
        false
    }

    fn call(
        &mut self,
        part: &Value,
        name: Option<&str>,
        given: Option<&Value>,
        batch: &mut Option<u32>,
        at: Option<Timestamp>,
    ) -> String {
        let (given, raw) = arguments(given, &mut self.builder.notes);
        let batch = *batch.get_or_insert_with(|| self.builder.batch());
        self.builder.call(Call {
            id: id(part, "toolCallId"),
            name: name.unwrap_or("").to_owned(),
            arguments: given,
            raw,
            batch,
            at,
            ..Call::default()
        })
    }

    /// A call as the user interface shows it: with its state, and its answer where there is one.
    fn shown(
        &mut self,
        part: &Value,
        name: Option<&str>,
        batch: &mut Option<u32>,
        at: Option<Timestamp>,
    ) {
        let given = present(part, "input").or_else(|| present(part, "rawInput"));
        self.call(part, name, given, batch, at);
        let state = text(part, "state").unwrap_or("");
        let answer = match state {
            "output-available" => {
                let mut answer = Answer::new(part.get("output").cloned().unwrap_or(Value::Null));
                answer.result.is_error = object_says_failed(&answer.result.content);
                answer.result.truncated = flag(part.get("preliminary"));
                Some(answer)
            }
            "output-error" => {
                let mut answer = Answer::new(text(part, "errorText").unwrap_or(""));
                answer.result.is_error = true;
                Some(answer)
            }
            "input-streaming" => {
                let name = name.unwrap_or("");
                self.builder
                    .notes
                    .add("answer_cut_short", format!("call of {name}"), 0);
                None
            }
            "input-available" | "approval-requested" | "approval-responded" | "output-denied" => {
                None
            }
            other => {
                let state = format!("state {other}");
                self.builder.notes.add("unknown_block", state, 0);
                None
            }
        };
        let approval = part.get("approval").unwrap_or(&Value::Null);
        if state == "approval-requested"
            && approval.get("approved").is_none()
            && let Some(call) = id(part, "toolCallId")
        {
            self.waits(&call);
        }
        let says = approval.get("approved").and_then(Value::as_bool);
        let denied = state == "output-denied" || (says == Some(false) && answer.is_none());
        if let Some(call) = id(part, "toolCallId") {
            if denied {
                let mut no = approval.clone();
                if let Some(map) = no.as_object_mut() {
                    map.insert("approved".to_owned(), Value::Bool(false));
                }
                self.decided(&call, &no, at);
                self.deny(&call, text(approval, "reason").map(str::to_owned), at);
            } else if says.is_some() {
                self.decided(&call, approval, at);
            }
        }
        if let Some(mut answer) = answer {
            answer.at = at;
            self.answer(part, answer);
        }
    }

    /// A call as the fourth version of the library kept it.
    fn invocation(&mut self, call: &Value, batch: &mut Option<u32>, at: Option<Timestamp>) {
        let given = present(call, "args").or_else(|| present(call, "input"));
        self.call(call, text(call, "toolName"), given, batch, at);
        match text(call, "state") {
            Some("result") => {
                let mut answer = Answer::new(call.get("result").cloned().unwrap_or(Value::Null));
                answer.result.is_error = object_says_failed(&answer.result.content);
                answer.at = at;
                self.answer(call, answer);
            }
            Some("partial-call") => {
                let name = text(call, "toolName").unwrap_or("");
                self.builder
                    .notes
                    .add("answer_cut_short", format!("call of {name}"), 0);
            }
            _ => {}
        }
    }

    fn result(&mut self, part: &Value, at: Option<Timestamp>) {
        let output = part.get("output").or_else(|| part.get("result"));
        let output = output.unwrap_or(&Value::Null);
        let value = output.get("value").unwrap_or(&Value::Null);
        let told = part.get("output").and_then(|output| text(output, "type"));
        let mut failed = flag(part.get("isError"));
        let mut refused = false;
        let content = match told {
            Some("text" | "json") => value.clone(),
            Some("error-text" | "error-json") => {
                failed = true;
                value.clone()
            }
            Some("content") => Value::from(content_text(value, &mut self.builder.notes, 0)),
            Some("execution-denied") => {
                refused = true;
                Value::from(text(output, "reason").unwrap_or(""))
            }
            _ => output.clone(),
        };
        if refused {
            let call = id(part, "toolCallId").unwrap_or_default();
            let reason = text(output, "reason").map(str::to_owned);
            if self.denied.remove(&call).is_none() {
                let unique = self.builder.newest(&call).map(|call| call.id.clone());
                self.builder.refusal(unique, reason.clone(), at);
            }
            return self.deny(&call, reason, at);
        }
        let mut answer = Answer::new(content);
        answer.result.is_error = failed || object_says_failed(&answer.result.content);
        answer.at = at;
        self.answer(part, answer);
    }

    fn answer(&mut self, part: &Value, answer: Answer) {
        let call = id(part, "toolCallId");
        if let Some(call) = &call {
            self.denied.remove(call);
        }
        self.builder
            .answer(call.as_deref(), text(part, "toolName"), answer);
    }

    /// A person's answer about a call.
    fn decided(&mut self, call: &str, answer: &Value, at: Option<Timestamp>) {
        let approved = answer.get("approved") == Some(&Value::Bool(true));
        let comment = text(answer, "reason").map(str::to_owned);
        if approved {
            let approval = RecordedApproval {
                call: None,
                approved,
                by: None,
                comment,
                requested_at: None,
                decided_at: at,
            };
            return self.builder.approve_before(call, approval);
        }
        let unique = self.builder.newest(call).map(|call| call.id.clone());
        self.builder.refusal(unique, comment.clone(), at);
        self.denied.insert(call.to_owned(), comment);
    }

    /// A refused call is a failed one of its own kind.
    fn deny(&mut self, call: &str, reason: Option<String>, at: Option<Timestamp>) {
        self.denied.remove(call);
        let mut answer = Answer::new(reason.unwrap_or_default());
        answer.result.is_error = true;
        answer.result.refused = true;
        answer.at = at;
        self.builder.answer(Some(call), None, answer);
    }

    /// A person was asked about a call and did not answer.
    fn waits(&mut self, call: &str) {
        if let Some(call) = self.builder.newest(call) {
            call.waits = true;
        }
    }

    fn finish(mut self) {
        for call in std::mem::take(&mut self.asked).into_values() {
            self.waits(&call);
        }
        for (call, reason) in std::mem::take(&mut self.denied) {
            let open = self
                .builder
                .newest(&call)
                .is_some_and(|call| call.result.is_none());
            if open {
                self.deny(&call, reason, None);
            }
        }
    }
}
