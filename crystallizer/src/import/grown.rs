//! Requests of one conversation, each with all that was said before it: the last of them is the recording.

use super::formats::Format;
use super::split::Part;
use super::value::{id, list, present, text};
use super::{ai_sdk, chat};
use serde_json::Value;

/// The recordings, with each request that a later one repeats put behind that one.
pub(super) fn together(parts: Vec<Part>) -> Vec<Part> {
    let mut out: Vec<Part> = Vec::new();
    for mut part in parts {
        if let Some(last) = out.pop_if(|last| goes_on(last, &part)) {
            part.records.extend(last.records);
            part.beside.extend(last.beside);
        }
        out.push(part);
    }
    out
}

/// What a request repeats of the conversation so far.
struct History<'v> {
    /// The messages of all formats of chats are one kind: the first request may not tell which of them it is.
    kind: &'static str,
    said: &'v [Value],
}

impl<'v> History<'v> {
    fn of(part: &'v Part) -> Option<Self> {
        let document = part.document();
        // A line may be the list itself.
        let whole = document.as_array().map(Vec::as_slice);
        let (kind, said) = match part.format? {
            Format::OpenAiChat | Format::AnthropicChat | Format::AiSdk => {
                ("messages", whole.unwrap_or(list(document, "messages")))
            }
            Format::PydanticAi => ("parts", whole.unwrap_or(list(document, "messages"))),
            Format::GeminiContents => {
                let request = document.get("request").unwrap_or(document);
                let listed = ["contents", "history"].map(|key| list(request, key));
                let said = listed.into_iter().find(|said| !said.is_empty());
                ("contents", whole.or(said)?)
            }
            _ => return None,
        };
        (!said.is_empty()).then_some(Self { kind, said })
    }
}

fn goes_on(before: &Part, part: &Part) -> bool {
    let (Some(then), Some(now)) = (History::of(before), History::of(part)) else {
        return false;
    };
    if then.kind != now.kind || now.said.len() < then.said.len() {
        return false;
    }
    let mut is_more = now.said.len() > then.said.len();
    for (then, now) in then.said.iter().zip(now.said) {
        if same(then, now) {
            continue;
        }
        // A message of the AI SDK is written on while its calls are answered.
        let is_written_on = ai_sdk::is_message(now)
            && id(now, "id").is_some()
            && id(now, "id") == id(then, "id")
            && chat::role(now) == Some("assistant")
            && list(now, "parts").len() >= list(then, "parts").len();
        if !is_written_on {
            return false;
        }
        is_more = true;
    }
    is_more && keeps(before.document(), &now.said[then.said.len()..])
}

/// Whether what was answered stands in the messages that follow: a conversation that went another way is another one.
fn keeps(before: &Value, after: &[Value]) -> bool {
    let Some(answer) = answer(before) else {
        return true;
    };
    let turn = || after.iter().take_while(|message| is_answer(message));
    let made = calls(answer);
    if !made.is_empty() {
        let kept: Vec<String> = turn().flat_map(calls).collect();
        return made.iter().all(|call| kept.contains(call));
    }
    let said = words(answer);
    let kept: String = turn().map(words).collect();
    kept.contains(said.trim())
}

fn is_answer(message: &Value) -> bool {
    matches!(chat::role(message), Some("assistant" | "model"))
}

/// The message that a document holds as the answer to its request.
fn answer(document: &Value) -> Option<&Value> {
    let output = document.get("output");
    let places = [Some(document), document.get("response"), output];
    places.into_iter().flatten().find_map(|place| {
        let chosen = list(place, "choices")
            .first()
            .and_then(|choice| choice.get("message"));
        let candidate = list(place, "candidates")
            .first()
            .and_then(|candidate| candidate.get("content"));
        let message = chosen
            .or(candidate)
            .or_else(|| place.get("message"))
            .unwrap_or(place);
        (is_answer(message) || candidate.is_some()).then_some(message)
    })
}

/// The calls of a message, by their ids; those of Gemini, which mostly have none, by what was asked for.
fn calls(message: &Value) -> Vec<String> {
    let blocks = list(message, "content")
        .iter()
        .filter(|block| text(block, "type") == Some("tool_use"));
    let named = list(message, "tool_calls")
        .iter()
        .chain(blocks)
        .filter_map(|call| id(call, "id"));
    let parts = list(message, "parts").iter().filter_map(|part| {
        let call = present(part, "functionCall").or_else(|| present(part, "function_call"))?;
        let (name, given) = (text(call, "name").unwrap_or(""), call.get("args"));
        Some(format!("{name} {}", given.unwrap_or(&Value::Null)))
    });
    named.chain(parts).collect()
}

fn words(message: &Value) -> String {
    let said = |key: &str| -> String {
        let thought = |part: &&Value| !part["thought"].as_bool().unwrap_or_default();
        list(message, key)
            .iter()
            .filter(thought)
            .filter_map(|part| text(part, "text"))
            .collect()
    };
    match &message["content"] {
        Value::String(words) => words.clone(),
        Value::Array(_) => said("content"),
        _ => said("parts"),
    }
}

/// What beside a message wanders from request to request: the marks of a cache, and the signatures of thoughts.
const WANDERS: [&str; 3] = ["cache_control", "thoughtSignature", "thought_signature"];

/// Whether two messages say the same: some marks wander, and a text may stand in a block of its own.
pub(super) fn same(one: &Value, two: &Value) -> bool {
    match (one, two) {
        (Value::Object(a), Value::Object(b)) => {
            let stays = |key: &&String| !WANDERS.contains(&key.as_str());
            let keys = |map: &serde_json::Map<String, Value>| map.keys().filter(stays).count();
            keys(a) == keys(b)
                && a.iter()
                    .filter(|(key, _)| stays(key))
                    .all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::String(text), Value::Array(blocks))
        | (Value::Array(blocks), Value::String(text)) => {
            matches!(blocks.as_slice(), [block] if block["type"] == "text" && block["text"] == text.as_str())
        }
        (one, two) => one == two,
    }
}
