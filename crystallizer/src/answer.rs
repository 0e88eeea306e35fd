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
    text: Text<'a>,
    /// The value, where it is an object or a list, or a text that holds one.
    pub(crate) json: Option<Shared<'a>>,
    /// Whether the recorder kept the value beside the text.
    pub(crate) structured: bool,
    /// The text as YAML, once somebody has looked whether it is that: reading it takes long.
    pub(crate) yaml: OnceLock<Option<Arc<Value>>>,
}

/// The text of an answer.
#[derive(Debug, Clone)]
enum Text<'a> {
    /// It is one, or holds one.
    There(Cow<'a, str>),
    /// That of a value, once somebody has asked: nobody reads that of most of them.
    Written(OnceLock<Box<str>>),
}

impl Default for Text<'_> {
    fn default() -> Self {
        Self::Written(OnceLock::new())
    }
}

impl<'a> From<Option<Cow<'a, str>>> for Text<'a> {
    fn from(text: Option<Cow<'a, str>>) -> Self {
        text.map_or_else(Self::default, Self::There)
    }
}

impl<'a> Answer<'a> {
    /// One that was made: a value, or a text with what it holds.
    pub(crate) fn made(
        raw: Shared<'a>,
        text: Option<String>,
        json: Option<Shared<'a>>,
        structured: bool,
    ) -> Self {
        Self {
            raw,
            text: text.map(Cow::from).into(),
            json,
            structured,
            yaml: OnceLock::new(),
        }
    }

    /// Its text; for JSON its compact form.
    pub(crate) fn text(&self) -> &str {
        match &self.text {
            Text::There(text) => text,
            Text::Written(text) => text.get_or_init(|| written(&self.raw)),
        }
    }

    fn into_text(self) -> Cow<'a, str> {
        match self.text {
            Text::There(text) => text,
            Text::Written(_) => written(&self.raw).into_string().into(),
        }
    }

    /// The object or list that it is, or that its text holds.
    pub(crate) fn data(&self) -> Option<&Value> {
        let json = self.json.as_deref().filter(|_| !self.structured)?;
        (json.is_object() || json.is_array()).then_some(json)
    }

    /// Its text with the data that was read of it, where it is a text or somebody has asked for one.
    pub(crate) fn read(&self) -> Option<(&str, &Value)> {
        let text = match &self.text {
            Text::There(text) => text,
            Text::Written(text) => &**text.get()?,
        };
        Some((text, self.data()?))
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
        .as_deref()
        .filter(|value| (value.is_object() || value.is_array()) && !is_blocks(value));
    let text: Option<Cow<'_, str>> = match raw {
        Value::String(text) => Some(text.into()),
        Value::Array(items) if is_blocks(raw) => {
            let text: Vec<&str> = items.iter().filter_map(block_text).collect();
            Some(text.join("\n").into())
        }
        _ => None,
    };
    let json = match (beside, &text) {
        (Some(value), _) => Some(Shared::Recorded(value)),
        (None, Some(text)) => parsed(text).map(Shared::from),
        (None, None) => (!raw.is_null()).then_some(Shared::Recorded(raw)),
    };
    Answer {
        raw: Shared::Recorded(raw),
        text: text.into(),
        json,
        structured: beside.is_some(),
        yaml: OnceLock::new(),
    }
}

/// The answer to a call as the step that it became gives it in a run. What an agent's own tool keeps beside its answer
/// is the agent's: a step has the text of the file, or what the program wrote.
pub(crate) fn of_step<'a>(target: &Target<'_>, call: &'a ToolCall) -> Answer<'a> {
    let recorded = call.result.as_ref();
    let beside = recorded.and_then(|result| result.structured.as_deref());
    let text: Cow<'a, str> = if target.reads_file() {
        let file = beside.and_then(|beside| beside.pointer("/file/content")?.as_str());
        match file.filter(|_| target.remark.is_none()) {
            Some(text) => text.into(),
            None => {
                let text = of(call).into_text();
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
            None => of(call).into_text(),
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
        text: Text::There(text),
        structured: false,
        yaml: OnceLock::new(),
    }
}

/// The text of a value: JSON without blanks. That of null is empty.
fn written(value: &Value) -> Box<str> {
    match value {
        Value::Null => Box::default(),
        value => value.to_string().into(),
    }
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
    let mut output = match &*target.action {
        "http" => match &answer.json {
            Some(json) => json!({ "status": 200, "headers": {}, "json": **json }),
            None if empty => json!({ "status": 200, "headers": {}, "json": null }),
            None => json!({ "status": 200, "headers": {}, "text": answer.text() }),
        },
        "shell" => {
            let code = call
                .result
                .as_ref()
                .and_then(|result| result.exit_code)
                .unwrap_or(0);
            let mut output = Map::new();
            output.insert("exit_code".to_owned(), code.into());
            output.insert("stdout".to_owned(), answer.text().into());
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
                json!([{ "type": "text", "text": answer.text() }])
            };
            output.insert("content".to_owned(), content);
            output.insert("text".to_owned(), answer.text().into());
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
                "bytes": answer.text().len(),
                "digest": Digest::of(answer.text().as_bytes()).to_string(),
                "text": answer.text(),
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
                "bytes": answer.text().len(),
                "digest": Digest::of(answer.text().as_bytes()).to_string(),
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
    match (&target.result, &*target.action) {
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
    let text = answer.text().trim();
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
