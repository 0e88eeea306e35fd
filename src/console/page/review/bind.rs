//! Binding a value by hand: to an input, or to what an earlier step gave when it was recorded.

use super::{Draft, change};
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
}

impl Panel {
    pub(super) fn is_about(&self, step: &str, pointer: &str) -> bool {
        self.step == step && self.pointer == pointer
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
    let Some(value) = recorded(draft, step, pointer) else {
        return Ok(None);
    };
    let inputs = draft.automation["document"]["inputs"].as_object();
    let mut choices: Vec<(String, String)> = Vec::new();
    let mut others = Vec::new();
    for (name, schema) in inputs.into_iter().flatten() {
        let one = (
            format!("inputs.{name}"),
            value::line(&schema["default"], 60),
        );
        match same(&schema["default"], &value) {
            true => choices.push(one),
            false => others.push(one),
        }
    }
    let outputs = outputs(call, draft).await;
    let before = draft.steps().iter().take_while(|one| one["id"] != step);
    for one in before.filter_map(|one| one["id"].as_str()) {
        let Some(output) = outputs.iter().flatten().find(|(id, _)| id == one) else {
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
    }))
}

/// What a value was in the recording: what it is, where it is frozen.
fn recorded(draft: &Draft, step: &str, pointer: &str) -> Option<Value> {
    let found = draft.steps().iter().find(|one| one["id"] == step)?;
    let written = found["with"].pointer(pointer)?;
    if !written.as_str().is_some_and(|text| text.contains("{{")) {
        return Some(written.clone());
    }
    let was = || {
        let call = draft.crystallized()["calls"][step].as_str()?;
        let turns = draft.session.as_ref()?.1["turns"].as_array()?;
        let call = turns
            .iter()
            .find(|turn| turn["type"] == "call" && turn["id"] == call)?;
        let inner = pointer.strip_prefix("/arguments").unwrap_or(pointer);
        call["arguments"].pointer(inner).cloned()
    };
    Some(was().unwrap_or(Value::Null))
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
            inputs.insert(name.clone(), stand_in(schema));
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
        Value::Bool(_) => None,
        _ => None,
    };
    match (written(one), written(other)) {
        (Some(one), Some(other)) => !one.is_empty() && one == other,
        _ => one == other && one.is_boolean(),
    }
}

/// The places of a value in an answer, as expressions. The only element of a list is named as such, so that a second
/// one is an error and no wrong value.
fn find(output: &Value, wanted: &Value, at: String, depth: usize, found: &mut Vec<String>) {
    if depth > DEEPEST || found.len() >= MOST {
        return;
    }
    match output {
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
        _ if same(output, wanted) => found.push(at),
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
                        (action::with(&address, &format!("⇐ {expression}"), "small", &[("step", &panel.step), ("bind", &panel.pointer), ("expression", expression)]))
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
    let place = change::with_of(&mut document, step)
        .and_then(|with| with.pointer_mut(pointer))
        .ok_or_else(change::gone)?;
    *place = text.into();
    let inner = pointer.strip_prefix("/arguments").unwrap_or(pointer);
    let steps = document["steps"].as_array_mut().into_iter().flatten();
    for one in steps.filter(|one| one["id"] == step) {
        if !one["metadata"].is_object() {
            one["metadata"] = json!({});
        }
        if !one["metadata"]["bindings"].is_object() {
            one["metadata"]["bindings"] = json!({});
        }
        one["metadata"]["bindings"][inner] = BY_HAND.into();
    }
    change::settle(&mut document, step, false);
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
    }
}
