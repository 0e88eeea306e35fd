//! Messages and states as LangChain and LangGraph write them down: taken out of what is around them.

use super::body::Record;
use super::sniff::LOOK;
use super::value::*;
use serde_json::{Map, Value};

/// A message without the wrapping of LangChain's serializer (`lc` and `kwargs`) or of `messages_to_dict` (`data`).
pub(super) fn inner(message: &Value) -> &Value {
    match message.get("kwargs") {
        Some(kwargs) if message.get("lc").is_some() => kwargs,
        _ => match message.get("data") {
            Some(data) if data.get("content").is_some() => data,
            _ => message,
        },
    }
}

/// The records of a body with LangChain's messages bare, and LangGraph's states as the messages that they hold.
pub(super) fn unpack(records: Vec<Record>) -> Vec<Record> {
    let some = |is: fn(&Value) -> bool| records.iter().take(LOOK).any(|record| is(&record.value));
    if some(is_state) {
        return states(records);
    }
    if some(is_update) {
        return records.into_iter().flat_map(updates).collect();
    }
    let holds = |value: &Value| is_wrapped(value) || holds_wrapped(value);
    if !records.iter().take(LOOK).any(|record| holds(&record.value)) {
        return records;
    }
    let each = records.into_iter().map(|record| Record {
        value: unwrapped(record.value),
        ..record
    });
    each.collect()
}

/// Which kind of message a wrapped one is.
fn kind(message: &Value) -> Option<&'static str> {
    let class = list(message, "id").last().and_then(Value::as_str);
    let named = match message.get("lc") {
        Some(_) => class.or_else(|| text(message.get("kwargs")?, "type")),
        None => text(message, "type"),
    };
    Some(match named?.trim_end_matches("Chunk") {
        "HumanMessage" | "human" => "human",
        "AIMessage" | "ai" => "ai",
        "SystemMessage" | "system" => "system",
        "ToolMessage" | "tool" => "tool",
        _ => return None,
    })
}

fn is_wrapped(value: &Value) -> bool {
    let serialized = value.get("lc").is_some() && value.get("kwargs").is_some_and(Value::is_object);
    let in_dict = || {
        value
            .get("data")
            .is_some_and(|data| data.get("content").is_some())
            && value.get("content").is_none()
    };
    (serialized || in_dict()) && kind(value).is_some()
}

/// Whether this is a message of LangChain, wrapped or bare.
fn is_message(value: &Value) -> bool {
    is_wrapped(value) || value.get("content").is_some() && kind(value).is_some()
}

fn some_wrapped(values: &[Value]) -> bool {
    values.iter().take(LOOK).any(is_wrapped)
}

fn holds_wrapped(value: &Value) -> bool {
    match value {
        Value::Array(items) => {
            some_wrapped(items)
                || items
                    .first()
                    .is_some_and(|first| some_wrapped(list(first, "messages")))
        }
        value => some_wrapped(list(value, "messages")),
    }
}

fn unwrapped(value: Value) -> Value {
    match value {
        value if is_wrapped(&value) => bare(value),
        Value::Array(items) => Value::Array(items.into_iter().map(unwrapped).collect()),
        Value::Object(mut map) => {
            if let Some(Value::Array(messages)) = map.get_mut("messages") {
                let whole = std::mem::take(messages);
                *messages = whole.into_iter().map(bare).collect();
            }
            Value::Object(map)
        }
        other => other,
    }
}

fn bare(message: Value) -> Value {
    let Some(kind) = kind(&message).filter(|_| is_wrapped(&message)) else {
        return message;
    };
    let mut map = inner(&message).as_object().cloned().unwrap_or_default();
    map.insert("type".to_owned(), Value::from(kind));
    Value::Object(map)
}

/// A state of a LangGraph thread, or a list of its states.
fn is_state(value: &Value) -> bool {
    let one = |value: &Value| {
        ["next", "checkpoint", "checkpoint_id", "config"]
            .iter()
            .any(|key| value.get(*key).is_some())
            && value
                .get("values")
                .is_some_and(|values| list(values, "messages").iter().take(LOOK).any(is_message))
    };
    match value {
        Value::Array(states) => states.first().is_some_and(one),
        value => one(value),
    }
}

/// The newest state of each thread: it holds what the ones before it hold.
fn states(records: Vec<Record>) -> Vec<Record> {
    let mut newest: Vec<(Option<String>, Record)> = Vec::new();
    for record in records {
        let Record { value, line, taken } = record;
        let states = match value {
            Value::Array(states) => states,
            state => vec![state],
        };
        for value in states {
            let place = ["checkpoint", "metadata", "config"].iter().find_map(|key| {
                let place = value.get(*key)?;
                id(place, "thread_id").or_else(|| id(place.get("configurable")?, "thread_id"))
            });
            let record = Record { value, line, taken };
            match newest.iter_mut().find(|(thread, _)| *thread == place) {
                Some((_, known)) if age(&record.value) > age(&known.value) => *known = record,
                Some(_) => {}
                None => newest.push((place, record)),
            }
        }
    }
    let each = newest.into_iter().map(|(_, record)| {
        let mut value = record.value;
        let messages = value
            .get_mut("values")
            .and_then(|values| values.get_mut("messages"));
        let messages = messages.map(Value::take).unwrap_or_default();
        let whole = Value::Object(Map::from_iter([("messages".to_owned(), messages)]));
        Record {
            value: unwrapped(whole),
            line: record.line,
            taken: record.taken,
        }
    });
    each.collect()
}

/// When a state was made, and how much was said by then.
fn age(state: &Value) -> (i64, usize) {
    let at = time(state.get("created_at")).map_or(0, |at| at.0);
    let said = state
        .get("values")
        .map_or(0, |values| list(values, "messages").len());
    (at, said)
}

/// What the nodes of a graph added, as a stream of updates tells it.
fn is_update(value: &Value) -> bool {
    let Some(map) = value.as_object() else {
        return false;
    };
    map.len() <= 8
        && !map.contains_key("messages")
        && map
            .values()
            .all(|told| told.is_null() || told.is_object() || told.is_array())
        && map
            .values()
            .any(|told| list(told, "messages").iter().take(LOOK).any(is_message))
}

fn updates(record: Record) -> Vec<Record> {
    if !is_update(&record.value) {
        return vec![record];
    }
    let Value::Object(map) = record.value else {
        return Vec::new();
    };
    let line = record.line;
    let mut out = Vec::new();
    for mut told in map.into_iter().map(|(_, told)| told) {
        if let Some(Value::Array(messages)) = told.get_mut("messages").map(Value::take) {
            out.extend(messages.into_iter().map(|message| Record {
                value: bare(message),
                line,
                taken: None,
            }));
        }
    }
    out
}
