//! Binding a value by hand: to an input, or to what an earlier step gave when it was recorded.

use super::{Draft, change, parameter, place};
use crate::client::encode;
use crate::console::call::Call;
use crate::console::component::{action, value};
use crate::console::page::draft;
use crate::console::twin::Refusal;
use crate::console::visible::kept;
use crate::service::Role;
use maud::{Markup, html};
use serde_json::{Map, Value, json};

/// The most places that are offered.
const MOST: usize = 8;
/// How deep in an answer they are looked for.
const DEEPEST: usize = 12;
/// What says about a value that a person bound it.
const BY_HAND: &str = "bound by hand";

/// A value that is to be bound, and to what it may be.
pub(super) struct Panel {
    step: String,
    pointer: String,
    /// Expressions, the likely ones first, each with what it gave in the recording.
    choices: Vec<(String, String)>,
    /// Whether the recording could be asked for them.
    asked: bool,
    /// The version that the page shows.
    version: String,
}

impl Panel {
    pub(super) fn is_about(&self, step: &str, pointer: &str) -> bool {
        self.step == step && self.pointer == pointer
    }

    /// Whether it is about something inside of a parameter of the step.
    pub(super) fn is_in(&self, step: &str, holds: impl Fn(&str) -> bool) -> bool {
        self.step == step && holds(&self.pointer)
    }
}

/// The way to the choices for a value; they stand in the address.
pub(super) fn link(path: &str, step: &str, pointer: &str) -> Markup {
    html! {
        a .small.button href={ (path) "?bind=" (encode(step)) "&at=" (encode(pointer)) "#bind" } { "Bind it" span .sr { " " (draft::name(pointer)) " of " (step) } }
    }
}

/// The value that the page is asked to offer choices for.
fn wanted(call: &Call) -> Option<(&str, &str)> {
    if call.form.has("bind") {
        return Some((call.form.text("step"), call.form.get("bind")?));
    }
    Some((call.query.get("bind")?, call.query.get("at")?))
}

pub(super) async fn read(call: &Call, draft: &Draft) -> Result<Option<Panel>, Refusal> {
    let Some((step, pointer)) = wanted(call).filter(|_| call.may(Role::Editor)) else {
        return Ok(None);
    };
    let document = &draft.automation["document"];
    if place::step(document, step).is_none_or(|one| one["with"].pointer(pointer).is_none()) {
        return Ok(None);
    }
    let value = recorded(draft, step, pointer).unwrap_or(Value::Null);
    let inputs = draft.automation["document"]["inputs"].as_object();
    let mut choices: Vec<(String, String)> = Vec::new();
    let mut others = Vec::new();
    for (name, schema) in inputs.into_iter().flatten() {
        let one = (format!("inputs.{name}"), value::line(given(schema), 60));
        match same(given(schema), &value) {
            true => choices.push(one),
            false => others.push(one),
        }
    }
    let outputs = outputs(call, draft).await;
    for (one, at) in place::before(&draft.automation["document"], step) {
        let Some(output) = outputs.iter().flatten().find(|(path, _)| *path == at) else {
            continue;
        };
        let mut places = Vec::new();
        find(
            &output.1,
            &value,
            format!("steps.{one}.output"),
            0,
            &mut places,
        );
        // What is read as it is meant says more than the text that it came as.
        places.sort_by_key(|place| place.contains(".content"));
        let gave = value::line(&value, 60);
        choices.extend(places.into_iter().map(|place| (place, gave.clone())));
    }
    choices.extend(others);
    choices.truncate(MOST);
    Ok(Some(Panel {
        step: step.into(),
        pointer: pointer.into(),
        choices,
        asked: outputs.is_some(),
        version: draft.automation["latest_version"].to_string(),
    }))
}

/// The recorded value of an input: its default, or its example where a run has to be given one.
pub(super) fn given(schema: &Value) -> &Value {
    match &schema["default"] {
        Value::Null => &schema["examples"][0],
        default => default,
    }
}

/// What a value was in the recording: what it is, where it is frozen; nothing where nobody knows.
pub(super) fn recorded(draft: &Draft, step: &str, pointer: &str) -> Option<Value> {
    let document = &draft.automation["document"];
    let written = place::step(document, step)?["with"].pointer(pointer)?;
    if !parameter::follows(written) {
        return Some(written.clone());
    }
    let call = || {
        let call = draft.call_of(step)?;
        let turns = draft.session.as_ref()?.1["turns"].as_array()?;
        let call = turns
            .iter()
            .find(|turn| turn["type"] == "call" && turn["id"] == *call)?;
        let inner = pointer.strip_prefix("/arguments").unwrap_or(pointer);
        call["arguments"].pointer(inner).cloned()
    };
    let input = || {
        let given = given(&document["inputs"][parameter::input_of(written)?]);
        (!given.is_null()).then(|| given.clone())
    };
    call().or_else(input)
}

/// What each step gives where the recording answers: a dry run, of which nothing happens.
async fn outputs(call: &Call, draft: &Draft) -> Option<Vec<(String, Value)>> {
    draft.session.as_ref()?;
    let id = draft.automation["id"].as_str()?;
    let mut inputs = Map::new();
    for (name, schema) in draft.automation["document"]["inputs"]
        .as_object()
        .into_iter()
        .flatten()
    {
        if schema["default"].is_null() {
            let given = given(schema);
            let value = match given.is_null() {
                true => stand_in(schema),
                false => given.clone(),
            };
            inputs.insert(name.clone(), value);
        }
    }
    let body = json!({
        "dry_run": true, "version": draft.automation["latest_version"], "inputs": inputs,
        "from_recording": true, "approve": true,
    });
    let run = call
        .api
        .post(&format!("/automations/{id}/runs"), None, &body)
        .await
        .ok()?;
    let steps = run["steps"].as_array()?.iter();
    let known = steps.filter(|step| !step["output"].is_null());
    Some(
        known
            .filter_map(|step| Some((step["path"].as_str()?.to_owned(), step["output"].clone())))
            .collect(),
    )
}

/// Something that an input without a default takes.
fn stand_in(schema: &Value) -> Value {
    if let Some(first) = schema["enum"].as_array().and_then(|all| all.first()) {
        return first.clone();
    }
    match schema["type"].as_str().unwrap_or_default() {
        "integer" | "number" => json!(0),
        "boolean" => json!(false),
        "array" => json!([]),
        "object" => json!({}),
        _ => json!("x"),
    }
}

fn same(one: &Value, other: &Value) -> bool {
    let written = |value: &Value| match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let says = |value: &Value| match value {
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
        other => other.is_boolean(),
    };
    match (written(one), written(other)) {
        (Some(one), Some(other)) => !one.is_empty() && one == other,
        _ => one == other && says(one),
    }
}

/// The places of a value in an answer, as expressions. The only element of a list is named as such, so that a second
/// one is an error and no wrong value.
fn find(output: &Value, wanted: &Value, at: String, depth: usize, found: &mut Vec<String>) {
    if depth > DEEPEST || found.len() >= MOST {
        return;
    }
    match output {
        _ if same(output, wanted) => found.push(at),
        Value::Object(map) => {
            for (name, inner) in map {
                let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                    && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                let at = match plain {
                    true => format!("{at}.{name}"),
                    false => format!("{at}[{}]", json!(name)),
                };
                find(inner, wanted, at, depth + 1, found);
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                let at = match items.len() {
                    1 => format!("({at} | only)"),
                    _ => format!("{at}[{index}]"),
                };
                find(inner, wanted, at, depth + 1, found);
            }
        }
        _ => {}
    }
}

pub(super) fn show(call: &Call, path: &str, panel: &Panel) -> Markup {
    let address = format!("{path}/answer");
    let kept_text = call.kept("expression", "");
    html! {
        div .bind #bind tabindex="-1" {
            p { "Bind " code { (draft::name(&panel.pointer)) } " to what it follows:" }
            ul .plain {
                @for (expression, gave) in &panel.choices {
                    li {
                        (action::with(&address, &format!("⇐ {expression}"), "small", &[("step", &panel.step), ("bind", &panel.pointer), ("expression", expression), ("version", &panel.version)]))
                        @if gave != "null" { span .dim { "gave " code { (gave) } } }
                    }
                }
            }
            @if panel.choices.is_empty() {
                p .dim { @if panel.asked { "No earlier answer of the recording holds this value." } @else { "What earlier steps answer is not known." } }
            }
            form .connect method="post" action=(address) {
                (action::key())
                input type="hidden" name="step" value=(panel.step);
                input type="hidden" name="bind" value=(panel.pointer);
                input type="hidden" name="version" value=(panel.version);
                label for="bind-expression" { "Another expression" }
                input #bind-expression .code name="expression" autocomplete="off" spellcheck="false" required placeholder="steps.find.output.json.id" value=(kept(kept_text));
                button { "Bind it" }
            }
            p { a href={ (path) "#step-" (panel.step) } { "Leave it as it is" } }
        }
    }
}

/// The document with a value that follows an expression.
pub(super) fn bound(
    draft: &Draft,
    step: &str,
    pointer: &str,
    expression: &str,
) -> Result<Value, Refusal> {
    if expression.is_empty() {
        return Err(Refusal::form(
            "There is no expression.",
            "Write what the value follows, such as `steps.find.output.json.id`.",
        ));
    }
    let text = match expression.contains("{{") {
        true => expression.to_owned(),
        false => format!("{{{{ {expression} }}}}"),
    };
    let mut document = draft.automation["document"].clone();
    change::put(&mut document, step, pointer, text.into())?;
    if let Some(one) = place::step_mut(&mut document, step) {
        let inner = pointer.strip_prefix("/arguments").unwrap_or(pointer);
        if !one["metadata"].is_object() {
            one["metadata"] = json!({});
        }
        if !one["metadata"]["bindings"].is_object() {
            one["metadata"]["bindings"] = json!({});
        }
        one["metadata"]["bindings"][inner] = BY_HAND.into();
    }
    change::settle(&mut document, place::id(step), false);
    Ok(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_wherever_it_stands_and_the_only_one_is_named_so() {
        let output = json!({
            "json": { "orders": [{ "id": "A1", "no": 7 }], "two": ["x", "A1"], "odd key": "A1" },
        });
        let places = |wanted: Value| {
            let mut found = Vec::new();
            find(&output, &wanted, "steps.a.output".into(), 0, &mut found);
            found
        };
        assert_eq!(
            places(json!("A1")),
            [
                "(steps.a.output.json.orders | only).id",
                "steps.a.output.json.two[1]",
                "steps.a.output.json[\"odd key\"]",
            ]
        );
        assert_eq!(
            places(json!("7")),
            ["(steps.a.output.json.orders | only).no"]
        );
        assert!(places(json!("")).is_empty());
        // Lists and objects are found as a whole, and not what is empty.
        assert_eq!(places(json!(["x", "A1"])), ["steps.a.output.json.two"]);
        assert_eq!(
            places(json!({ "id": "A1", "no": 7 })),
            ["(steps.a.output.json.orders | only)"]
        );
        assert!(places(json!([])).is_empty());
    }
}
