//! What a recorded tool answered, and where that stands in the output of the step that it became.

use crate::kept::Kept;
use crate::session::ToolCall;
use crate::shared::Shared;
use crate::tool_map::{Origin, Target};
use druse_engine::Digest;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

/// A recorded answer as text and as JSON.
///
/// The answers of a long recording are most of it: nothing of one is held twice that need not be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer<'a> {
    /// The answer as it was recorded.
    pub(crate) raw: Shared<'a>,
    /// Its text; for JSON its compact form.
    pub(crate) text: Cow<'a, str>,
    /// The value, where it is an object or a list, or a text that holds one.
    pub(crate) json: Option<Shared<'a>>,
    /// Whether the recorder kept the value beside the text.
    pub(crate) structured: bool,
    /// The text as YAML, once somebody has looked whether it is that: reading it takes long.
    pub(crate) yaml: OnceLock<Option<Arc<Value>>>,
}

impl Answer<'_> {
    /// Its text with the data that was read of it, where the data is of the text.
    pub(crate) fn read(&self) -> Option<(&str, &Value)> {
        let json = self.json.as_deref().filter(|_| !self.structured)?;
        (json.is_object() || json.is_array()).then_some((&*self.text, json))
    }
}

/// The answer to a call; that of a call without a recorded result is null.
pub(crate) fn of(call: &ToolCall) -> Answer<'_> {
    let Some(result) = &call.result else {
        return Answer::default();
    };
    let raw = &result.content;
    let beside = result
        .structured
        .as_ref()
        .filter(|value| (value.is_object() || value.is_array()) && !is_blocks(value));
    let (text, own): (Cow<'_, str>, Option<Shared<'_>>) = match raw {
        Value::String(text) => (Cow::Borrowed(text), None),
        Value::Null => (Cow::Borrowed(""), None),
        Value::Array(items) if is_blocks(raw) => {
            let text: Vec<&str> = items.iter().filter_map(block_text).collect();
            (text.join("\n").into(), None)
        }
        other => (
            compact(other).into(),
            beside.is_none().then_some(Shared::Recorded(other)),
        ),
    };
    let json = match beside {
        Some(value) => Some(Shared::Recorded(value)),
        None => own.or_else(|| match raw {
            Value::String(_) | Value::Array(_) => parsed(&text).map(Shared::from),
            _ => None,
        }),
    };
    Answer {
        raw: Shared::Recorded(raw),
        text,
        json,
        structured: beside.is_some(),
        yaml: OnceLock::new(),
    }
}

/// The answer to a call as the step that it became gives it in a run. What an agent's own tool keeps beside its answer
/// is the agent's: a step has the text of the file, or what the program wrote.
pub(crate) fn of_step<'a>(target: &Target<'_>, call: &'a ToolCall) -> Answer<'a> {
    let recorded = call.result.as_ref();
    let beside = recorded.and_then(|result| result.structured.as_ref());
    let text: Cow<'a, str> = if target.reads_file() {
        let file = beside.and_then(|beside| beside.pointer("/file/content")?.as_str());
        match file.filter(|_| target.remark.is_none()) {
            Some(text) => text.into(),
            None => {
                let text = of(call).text;
                match crate::tool_map::without_numbers(&text) {
                    Some(bare) => bare.into(),
                    None => text,
                }
            }
        }
    } else if target.origin == Origin::Builtin && target.action == "shell" && recorded.is_some() {
        let content = recorded.map(|result| &result.content);
        let written = [beside, content]
            .into_iter()
            .flatten()
            .find_map(|value| value.get("stdout")?.as_str());
        match written {
            Some(text) => text.into(),
            None => of(call).text,
        }
    } else {
        return of(call);
    };
    let raw = match recorded.map(|result| &result.content) {
        Some(content) if content.as_str() == Some(&text) => Shared::Recorded(content),
        _ => Value::from(text.as_ref()).into(),
    };
    Answer {
        raw,
        json: parsed(&text).map(Shared::from),
        text,
        structured: false,
        yaml: OnceLock::new(),
    }
}

/// A value as JSON text without blanks, in no more room than it needs.
fn compact(value: &Value) -> String {
    let mut text = value.to_string();
    text.shrink_to_fit();
    text
}

fn parsed(text: &str) -> Option<Value> {
    let text = text.trim();
    if text.starts_with(['{', '[']) {
        crate::packed::from_str(text).ok()
    } else {
        None
    }
}

/// Whether a value is the text blocks of an MCP answer: Claude Code keeps these beside their text, too.
fn is_blocks(value: &Value) -> bool {
    value.as_array().is_some_and(|items| {
        !items.is_empty() && items.iter().all(|item| block_text(item).is_some())
    })
}

/// The text of an MCP text block.
fn block_text(item: &Value) -> Option<&str> {
    let map = item.as_object()?;
    if map.get("type").and_then(Value::as_str) == Some("text") {
        map.get("text")?.as_str()
    } else {
        None
    }
}

/// The output of the step that makes the recorded answer stand where a reader looks for it.
pub(crate) fn output(target: &Target<'_>, call: &ToolCall, answer: &Answer<'_>) -> Value {
    let empty = call.result.is_none();
    let mut output = match target.action.as_str() {
        "http" => match &answer.json {
            Some(json) => json!({ "status": 200, "headers": {}, "json": **json }),
            None if empty => json!({ "status": 200, "headers": {}, "json": null }),
            None => json!({ "status": 200, "headers": {}, "text": *answer.text }),
        },
        "shell" => {
            let code = call
                .result
                .as_ref()
                .and_then(|result| result.exit_code)
                .unwrap_or(0);
            let mut output = Map::new();
            output.insert("exit_code".to_owned(), code.into());
            output.insert("stdout".to_owned(), answer.text.as_ref().into());
            output.insert("stderr".to_owned(), "".into());
            if let Some(json) = &answer.json {
                output.insert("json".to_owned(), Value::clone(json));
            }
            Value::Object(output)
        }
        "mcp" => {
            let mut output = Map::new();
            if answer.structured
                && let Some(json) = &answer.json
            {
                output.insert("structured".to_owned(), Value::clone(json));
            }
            let content = if empty {
                json!([])
            } else {
                json!([{ "type": "text", "text": *answer.text }])
            };
            output.insert("content".to_owned(), content);
            output.insert("text".to_owned(), answer.text.as_ref().into());
            if let Some(json) = &answer.json {
                output.insert("json".to_owned(), Value::clone(json));
            }
            Value::Object(output)
        }
        "emit" => json!({ "event_id": null }),
        "automation" => {
            json!({ "run_id": null, "outputs": answer.json.as_deref().unwrap_or(&Value::Null) })
        }
        "file" if target.reads_file() => {
            let path = target.filled.request.get("path");
            json!({
                "path": path.cloned().unwrap_or_default(),
                "bytes": answer.text.len(),
                "digest": Digest::of(answer.text.as_bytes()).to_string(),
                "text": *answer.text,
            })
        }
        "file"
            if target
                .result
                .as_deref()
                .is_some_and(|path| path == ["json"]) =>
        {
            let path = target.filled.request.get("path");
            json!({
                "path": path.cloned().unwrap_or_default(),
                "bytes": answer.text.len(),
                "digest": Digest::of(answer.text.as_bytes()).to_string(),
            })
        }
        "sql"
            if target
                .result
                .as_deref()
                .is_some_and(|path| path == ["rows"]) =>
        {
            let rows = answer.json.as_deref().and_then(Value::as_array);
            let first = rows.and_then(|rows| rows.first()?.as_object());
            let columns: Vec<&String> = first.into_iter().flat_map(Map::keys).collect();
            json!({ "columns": columns, "affected": null })
        }
        _ => Value::clone(&answer.raw),
    };
    if let Some(path) = target.result.as_ref().filter(|_| !target.reads_file()) {
        place(
            &mut output,
            path,
            Value::clone(answer.json.as_deref().unwrap_or(&answer.raw)),
        );
    }
    output
}

fn place(output: &mut Value, path: &[String], answer: Value) {
    let Some((first, rest)) = path.split_first() else {
        *output = answer;
        return;
    };
    if !output.is_object() {
        *output = Value::Object(Map::new());
    }
    if let Some(map) = output.as_object_mut() {
        let inner = map.entry(first.clone()).or_insert(Value::Null);
        place(inner, rest, answer);
    }
}

/// The expression that reads a value inside a recorded answer from the step's output.
pub(crate) fn expression(
    step: &str,
    target: &Target<'_>,
    answer: &Answer<'_>,
    pointer: &str,
) -> String {
    let mut text = format!("steps.{step}.output");
    let inside = target.reads_file() && !pointer.is_empty();
    match (&target.result, target.action.as_str()) {
        (Some(path), _) => {
            for word in path {
                text.push('.');
                text.push_str(word);
            }
        }
        (None, "mcp") if answer.structured => text.push_str(".structured"),
        (None, "http" | "mcp" | "shell") if answer.json.is_some() => text.push_str(".json"),
        (None, "http" | "mcp") => text.push_str(".text"),
        (None, "shell") => text.push_str(".stdout"),
        (None, "automation") => text.push_str(".outputs"),
        _ => {}
    }
    // A file comes as text, whatever it holds.
    if inside {
        text = format!("({text} | parse_json)");
    }
    for word in pointer.split('/').skip(1) {
        let word = word.replace("~1", "/").replace("~0", "~");
        let plain = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if plain {
            text.push('.');
            text.push_str(&word);
        } else if !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit()) {
            text.push_str(&format!("[{word}]"));
        } else {
            text.push_str(&format!("[{}]", Value::from(word.as_str())));
        }
    }
    text
}

/// Whether an answer is one line of what a program wrote or a file holds. Recorders cut off the end of the line, and a
/// run does not.
pub(crate) fn is_line(target: &Target<'_>, answer: &Answer<'_>) -> bool {
    let text = answer.text.trim();
    let wrote = target.origin == Origin::Builtin && target.action == "shell";
    (wrote || target.reads_file())
        && answer.json.is_none()
        && !text.is_empty()
        && !text.contains('\n')
}

/// The expression that follows a value of a recorded answer in every run; none where the step answers in another shape
/// than the tool did, or where the value's place in a list is the data of one day.
pub(crate) fn following(kept: &Kept<'_>, pointer: &str) -> Option<String> {
    let in_list = pointer
        .split('/')
        .skip(1)
        .any(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit()));
    if kept.target.is_opaque() || in_list {
        return None;
    }
    let expression = expression(&kept.step, &kept.target, &kept.answer, pointer);
    Some(match is_line(&kept.target, &kept.answer) {
        true => format!("{expression} | trim"),
        false => expression,
    })
}
