//! Requests of one conversation, each with all that was said before it: the last of them is the recording.

use super::chat;
use super::formats::Format;
use super::split::Part;
use super::value::{id, list, text};
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

fn goes_on(before: &Part, part: &Part) -> bool {
    let is_chat = |part: &Part| {
        matches!(
            part.format,
            Some(Format::OpenAiChat | Format::AnthropicChat)
        )
    };
    if !is_chat(before) || !is_chat(part) {
        return false;
    }
    let (then, now) = (
        list(before.document(), "messages"),
        list(part.document(), "messages"),
    );
    !then.is_empty()
        && now.len() > then.len()
        && then.iter().zip(now).all(|(then, now)| same(then, now))
        && keeps(before.document(), &now[then.len()..])
}

/// Whether what was answered stands in the messages that follow: a conversation that went another way is another one.
fn keeps(before: &Value, after: &[Value]) -> bool {
    let Some(answer) = answer(before) else {
        return true;
    };
    let turn = || {
        after
            .iter()
            .take_while(|message| chat::role(message) == Some("assistant"))
    };
    let made = calls(answer);
    if !made.is_empty() {
        let kept: Vec<String> = turn().flat_map(calls).collect();
        return made.iter().all(|call| kept.contains(call));
    }
    let said = words(answer);
    let kept: String = turn().map(words).collect();
    kept.contains(said.trim())
}

/// The message that a document holds as the answer to its request.
fn answer(document: &Value) -> Option<&Value> {
    let output = document.get("output");
    let places = [Some(document), document.get("response"), output];
    places.into_iter().flatten().find_map(|place| {
        let chosen = list(place, "choices")
            .first()
            .and_then(|choice| choice.get("message"));
        let message = chosen.or_else(|| place.get("message")).unwrap_or(place);
        (chat::role(message) == Some("assistant")).then_some(message)
    })
}

/// The ids of a message's calls.
fn calls(message: &Value) -> Vec<String> {
    let blocks = list(message, "content")
        .iter()
        .filter(|block| text(block, "type") == Some("tool_use"));
    list(message, "tool_calls")
        .iter()
        .chain(blocks)
        .filter_map(|call| id(call, "id"))
        .collect()
}

fn words(message: &Value) -> String {
    match &message["content"] {
        Value::String(words) => words.clone(),
        content => content
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|block| text(block, "text"))
            .collect(),
    }
}

/// Whether two messages say the same: marks of a cache wander, and a text may stand in a block of its own.
pub(super) fn same(one: &Value, two: &Value) -> bool {
    match (one, two) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = |map: &serde_json::Map<String, Value>| {
                map.len() - usize::from(map.contains_key("cache_control"))
            };
            keys(a) == keys(b)
                && a.iter()
                    .filter(|(key, _)| *key != "cache_control")
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
