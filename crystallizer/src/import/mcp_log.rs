//! Logs of the Model Context Protocol: JSON-RPC requests and responses, bare or each in an envelope
//! that tells when, which way and with which server.

use super::body::parse_text;
use super::builder::{Answer, Builder, Call};
use super::chat;
use super::notes::Notes;
use super::value::*;
use crate::session::Role;
use druse_engine::Timestamp;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

/// Under which keys loggers keep the message itself.
const ENVELOPES: [&str; 8] = [
    "message", "msg", "payload", "data", "body", "request", "response", "raw",
];

/// Under which keys envelopes name the server.
const SERVERS: [&str; 5] = [
    "server",
    "server_name",
    "serverName",
    "server_id",
    "serverId",
];

/// Under which keys envelopes name the connection: each numbers its requests by itself.
const CONNECTIONS: [&str; 4] = ["sessionId", "session_id", "connectionId", "connection_id"];

/// How many open requests with one id are looked at.
const LOOK_BACK: usize = 64;

/// Whether this is a message of the protocol, bare or in an envelope.
pub(super) fn is_record(value: &Value) -> bool {
    inner(value, &mut Notes::default()).is_some_and(|message| telling(&message))
}

/// The message in an envelope, or the value itself.
fn inner<'v>(value: &'v Value, notes: &mut Notes) -> Option<Cow<'v, Value>> {
    if rpc(value) {
        return Some(Cow::Borrowed(value));
    }
    ENVELOPES
        .iter()
        .find_map(|key| held(value.get(*key)?, notes))
}

fn rpc(value: &Value) -> bool {
    text(value, "jsonrpc") == Some("2.0")
}

/// The message at a place of an envelope: itself, or as the text that went over the wire.
fn held<'v>(inner: &'v Value, notes: &mut Notes) -> Option<Cow<'v, Value>> {
    match inner {
        Value::String(text)
            if text.trim_start().starts_with('{') && text.contains("\"jsonrpc\"") =>
        {
            let message = parse_text(text, notes).filter(rpc)?;
            Some(Cow::Owned(message))
        }
        inner => rpc(inner).then_some(Cow::Borrowed(inner)),
    }
}

/// Whether a message shows that this is no other protocol over JSON-RPC.
fn telling(message: &Value) -> bool {
    let params = message.get("params").unwrap_or(&Value::Null);
    match text(message, "method") {
        Some("tools/call") => params.get("name").is_some(),
        Some("tools/list") => true,
        Some("initialize") => params.get("protocolVersion").is_some_and(Value::is_string),
        Some(_) => false,
        None => message.get("result").is_some_and(|result| {
            result.get("protocolVersion").is_some_and(Value::is_string)
                || list(result, "tools")
                    .iter()
                    .any(|tool| tool.get("inputSchema").is_some())
                || list(result, "content")
                    .iter()
                    .any(|block| text(block, "type").is_some())
        }),
    }
}

pub(super) fn read(document: &Value, builder: &mut Builder) {
    let mut reader = Reader {
        builder,
        open: BTreeMap::new(),
        early: BTreeMap::new(),
        together: None,
        named: 0,
        uses: BTreeMap::new(),
    };
    let entries = match document {
        Value::Array(entries) => entries.as_slice(),
        document => ["messages", "entries", "events", "log"]
            .iter()
            .map(|key| list(document, key))
            .find(|entries| !entries.is_empty())
            .unwrap_or(std::slice::from_ref(document)),
    };
    for entry in entries {
        match entry {
            Value::Array(batch) => batch.iter().for_each(|entry| reader.entry(entry)),
            entry => reader.entry(entry),
        }
    }
    reader.finish();
}

/// A request that waits for its response.
struct Asked {
    method: String,
    /// The id of the call in the builder.
    call: Option<String>,
    /// Whether an answer came that may have been this one's or another's.
    doubted: bool,
}

/// With whom a message was exchanged.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Peer {
    /// The server's name, which its tools carry; empty where none is told.
    server: String,
    /// The connection to it; empty where none is told.
    connection: String,
}

impl Peer {
    fn of(entry: &Value) -> Self {
        let first = |keys: &[&str]| {
            keys.iter()
                .find_map(|key| id(entry, key))
                .unwrap_or_default()
        };
        Self {
            server: first(&SERVERS),
            connection: first(&CONNECTIONS),
        }
    }

    /// The name that a call of the session has in the recording.
    fn name(&self, number: &str) -> String {
        let parts = [self.server.as_str(), self.connection.as_str(), number];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join("/")
    }
}

/// The number of a request, and with whom it was exchanged.
type Key = (String, Peer);

/// Under which key something waits for a message: its own, or else the only one of the same server and number where
/// one of both sides tells no connection. A server names the session first in its answer, and some loggers note it on
/// one side only.
fn waiting<T>(kept: &BTreeMap<Key, VecDeque<T>>, key: Key) -> Key {
    let (number, peer) = &key;
    if kept.get(&key).is_some_and(|waiting| !waiting.is_empty()) {
        return key;
    }
    let first = Peer {
        server: peer.server.clone(),
        connection: String::new(),
    };
    let mut others = kept
        .range((number.clone(), first)..)
        .take_while(|((other, of), _)| other == number && of.server == peer.server)
        .filter(|((_, of), waiting)| {
            !waiting.is_empty() && (of.connection.is_empty() || peer.connection.is_empty())
        });
    match (others.next(), others.next()) {
        (Some((other, _)), None) => other.clone(),
        _ => key,
    }
}

/// A response that came before its request.
struct Early {
    response: Value,
    at: Option<Timestamp>,
}

struct Reader<'b> {
    builder: &'b mut Builder,
    open: BTreeMap<Key, VecDeque<Asked>>,
    early: BTreeMap<Key, VecDeque<Early>>,
    together: Option<u32>,
    named: u64,
    /// How often each name of a call was used.
    uses: BTreeMap<String, u32>,
}

impl Reader<'_> {
    fn entry(&mut self, entry: &Value) {
        let at = ["timestamp", "ts", "time", "at"]
            .iter()
            .find_map(|key| time(entry.get(*key)));
        let peer = Peer::of(entry);
        let Some(message) = inner(entry, &mut self.builder.notes) else {
            self.builder
                .notes
                .left_out("not_a_record", "no JSON-RPC message", size(entry), 0);
            return;
        };
        // One envelope may hold a request and its response.
        let sides =
            ["request", "response"].map(|key| held(entry.get(key)?, &mut self.builder.notes));
        match sides {
            [Some(request), Some(response)] => {
                self.message(&request, &peer, at);
                self.message(&response, &peer, at);
            }
            _ => self.message(&message, &peer, at),
        }
    }

    fn message(&mut self, message: &Value, peer: &Peer, at: Option<Timestamp>) {
        self.builder.seen_at(at);
        let number = id(message, "id");
        match (text(message, "method"), number) {
            (Some(method), Some(number)) => self.request(method, message, number, peer, at),
            (Some("notifications/cancelled"), None) => self.cancelled(message, peer, at),
            (Some("tools/call"), None) => {
                // A call without an id is never answered.
                self.call(message, None, peer, at);
            }
            (Some(method), None) => self.builder.notes.noise(method, 0),
            (None, Some(number)) => self.response(message, (number, peer.clone()), at),
            (None, None) => self.builder.notes.left_out(
                "not_a_record",
                "neither method nor id",
                size(message),
                0,
            ),
        }
    }

    fn request(
        &mut self,
        method: &str,
        message: &Value,
        number: String,
        peer: &Peer,
        at: Option<Timestamp>,
    ) {
        let params = message.get("params").unwrap_or(&Value::Null);
        let key = (number, peer.clone());
        let call = match method {
            "tools/call" | "resources/read" | "prompts/get" => {
                Some(self.call(message, Some(&key.0), peer, at))
            }
            "elicitation/create" => {
                let said = text(params, "message").unwrap_or("");
                self.builder.message(Role::Assistant, said, at);
                None
            }
            "initialize" => {
                self.begun(peer);
                if self.builder.agent.is_none() {
                    self.builder.agent = params
                        .get("clientInfo")
                        .and_then(|client| text(client, "name"))
                        .map(str::to_owned);
                }
                self.builder.notes.noise(method, 0);
                None
            }
            "tools/list"
            | "ping"
            | "resources/list"
            | "resources/templates/list"
            | "resources/subscribe"
            | "resources/unsubscribe"
            | "prompts/list"
            | "logging/setLevel"
            | "completion/complete"
            | "roots/list" => {
                self.builder.notes.noise(method, 0);
                None
            }
            other => {
                self.builder
                    .notes
                    .left_out("unknown_record", other, size(message), 0);
                None
            }
        };
        self.open.entry(key.clone()).or_default().push_back(Asked {
            method: method.to_owned(),
            call,
            doubted: false,
        });
        let early = waiting(&self.early, key.clone());
        let early = self.early.get_mut(&early).and_then(VecDeque::pop_front);
        if let Some(early) = early {
            self.response(&early.response, key, early.at);
        }
    }

    /// The builder's own id of the call.
    fn call(
        &mut self,
        message: &Value,
        number: Option<&str>,
        peer: &Peer,
        at: Option<Timestamp>,
    ) -> String {
        let params = message.get("params").unwrap_or(&Value::Null);
        let (name, given) = match text(message, "method") {
            Some("tools/call") => (
                text(params, "name").unwrap_or("").to_owned(),
                params.get("arguments").cloned(),
            ),
            other => (other.unwrap_or("").to_owned(), Some(params.clone())),
        };
        let name = if peer.server.is_empty() || name.is_empty() {
            name
        } else {
            format!("mcp__{}__{name}", peer.server)
        };
        let (given, raw) = arguments(given.as_ref(), &mut self.builder.notes);
        let batch = *self.together.get_or_insert_with(|| self.builder.batch());
        // Numbers begin anew with each connection, so the same one may come again: the call has a name of its own.
        self.named += 1;
        let recorded = match number {
            Some(number) => peer.name(number),
            None => format!("notification-{}", self.named),
        };
        let uses = self.uses.entry(recorded.clone()).or_default();
        *uses += 1;
        let recorded = match *uses {
            1 => recorded,
            uses => format!("{recorded}#{uses}"),
        };
        self.builder.call(Call {
            id: Some(recorded.clone()),
            name,
            arguments: given,
            raw,
            batch,
            at,
            ..Call::default()
        });
        recorded
    }

    fn cancelled(&mut self, message: &Value, peer: &Peer, at: Option<Timestamp>) {
        let params = message.get("params").unwrap_or(&Value::Null);
        let Some(number) = id(params, "requestId") else {
            return self.builder.notes.noise("notifications/cancelled", 0);
        };
        let key = waiting(&self.open, (number, peer.clone()));
        let call = self.open.get(&key).and_then(|asked| {
            asked
                .iter()
                .rev()
                .take(LOOK_BACK)
                .find_map(|asked| asked.call.clone())
        });
        let Some(call) = call else {
            return self.builder.notes.noise("notifications/cancelled", 0);
        };
        self.together = None;
        let mut answer = Answer::new(text(params, "reason").unwrap_or("cancelled"));
        answer.result.is_error = true;
        answer.at = at;
        self.builder.answer(Some(&call), None, answer);
    }

    /// A server that begins anew numbers anew: what it was asked before is never answered.
    fn begun(&mut self, peer: &Peer) {
        if peer.server.is_empty() && peer.connection.is_empty() {
            // Of several servers that nothing tells apart another one may have begun.
            return;
        }
        for (_, open) in self.open.iter_mut().filter(|((_, of), _)| of == peer) {
            open.retain(|asked| asked.call.is_none());
        }
    }

    fn response(&mut self, message: &Value, key: Key, at: Option<Timestamp>) {
        let result = message.get("result");
        let key = waiting(&self.open, key);
        let asked = self.open.get_mut(&key).and_then(|open| {
            // Both sides number their requests: what the answer looks like tells whose it is.
            let fits = |asked: &Asked| result.is_none_or(|result| fits(&asked.method, result));
            let first = open.iter().take(LOOK_BACK).position(fits);
            let may_be = |asked: &Asked| asked.call.is_some() && (first.is_none() || fits(asked));
            if open
                .iter()
                .take(LOOK_BACK)
                .filter(|asked| may_be(asked))
                .count()
                > 1
            {
                for asked in open
                    .iter_mut()
                    .take(LOOK_BACK)
                    .filter(|asked| may_be(asked))
                {
                    asked.doubted = true;
                }
            }
            open.remove(first.unwrap_or(0))
        });
        let Some(asked) = asked else {
            let response = message.clone();
            self.early
                .entry(key)
                .or_default()
                .push_back(Early { response, at });
            return;
        };
        match (asked.method.as_str(), &asked.call) {
            ("tools/list", _) => {
                for mut tool in result.map(chat::tools).unwrap_or_default() {
                    if !key.1.server.is_empty() {
                        tool.name = format!("mcp__{}__{}", key.1.server, tool.name);
                    }
                    self.builder.offer(tool);
                }
                self.failed(&asked.method, message);
            }
            ("elicitation/create", _) => {
                let result = result.unwrap_or(&Value::Null);
                let said = match (text(result, "action"), present(result, "content")) {
                    (Some("accept"), Some(content)) => content.to_string(),
                    (action, _) => action.unwrap_or("").to_owned(),
                };
                self.builder.message(Role::User, said, at);
            }
            (_, Some(call)) => {
                self.together = None;
                let mut answer = self.answer(message);
                if asked.doubted {
                    // Whose answer it is cannot be told: no value of it may stand for what a call gave.
                    let bytes = size(message);
                    self.builder
                        .notes
                        .left_out("ambiguous_result", key.0.as_str(), bytes, 0);
                    answer = Answer::new("");
                    answer.result.unread = true;
                }
                answer.at = at;
                self.builder.answer(Some(call), None, answer);
            }
            ("sampling/createMessage", None) => {
                self.builder
                    .notes
                    .left_out("unknown_record", "sampled message", size(message), 0);
            }
            (method, None) => self.failed(method, message),
        }
    }

    fn failed(&mut self, method: &str, message: &Value) {
        if message.get("error").is_some() {
            self.builder.notes.left_out(
                "unknown_record",
                format!("{method} with an error"),
                size(message),
                0,
            );
        }
    }

    fn answer(&mut self, message: &Value) -> Answer {
        if let Some(error) = present(message, "error") {
            let mut answer = Answer::new(text(error, "message").unwrap_or(""));
            answer.result.is_error = true;
            answer.result.structured = Some(Box::new(error.clone()));
            return answer;
        }
        let result = message.get("result").unwrap_or(&Value::Null);
        let structured = present(result, "structuredContent").cloned();
        let mut texts = Vec::new();
        let blocks = ["content", "contents"]
            .iter()
            .find_map(|key| result.get(*key).and_then(Value::as_array));
        for block in blocks.into_iter().flatten() {
            texts.extend(self.block(block));
        }
        let content = match (blocks, &structured) {
            (None, None) => result.clone(),
            (_, Some(structured)) if texts.is_empty() => structured.clone(),
            _ => Value::from(texts.join("\n")),
        };
        let mut answer = Answer::new(content);
        answer.result.is_error = flag(result.get("isError"));
        answer.result.structured = structured.map(Box::new);
        answer
    }

    fn block(&mut self, block: &Value) -> Option<String> {
        let resource = block.get("resource").unwrap_or(block);
        if resource.get("uri").is_some() && block.get("type").is_none_or(|kind| kind == "resource")
        {
            if let Some(said) = text(resource, "text") {
                return Some(said.to_owned());
            }
            if let Some(blob) = present(resource, "blob") {
                let kind = text(resource, "mimeType").unwrap_or("resource");
                self.builder
                    .notes
                    .left_out("media_left_out", kind, size(blob), 0);
                return None;
            }
        }
        if text(block, "type") == Some("resource_link") {
            return text(block, "uri").map(str::to_owned);
        }
        block_text(block, &mut self.builder.notes, 0)
    }

    /// What was never asked for is told.
    fn finish(self) {
        for ((number, _), waiting) in self.early {
            for early in waiting {
                let bytes = size(&early.response);
                self.builder
                    .notes
                    .left_out("result_without_call", number.as_str(), bytes, 0);
            }
        }
    }
}

/// Whether a result may be the answer to a request of this method.
fn fits(method: &str, result: &Value) -> bool {
    let has = |key: &str| result.get(key).is_some();
    match method {
        "tools/call" => {
            result.get("content").is_some_and(Value::is_array)
                || has("structuredContent")
                || has("isError")
                || has("toolResult")
        }
        "resources/read" => has("contents"),
        "prompts/get" => has("messages"),
        "tools/list" => has("tools"),
        "initialize" => has("protocolVersion"),
        "elicitation/create" => has("action"),
        "sampling/createMessage" => has("model") || has("role"),
        "roots/list" => has("roots"),
        _ => result.as_object().is_some_and(Map::is_empty) || !(has("content") || has("action")),
    }
}
