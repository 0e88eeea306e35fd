//! A form made from the JSON Schema of an object, and the object that it gives.

use crate::console::call::Call;
use crate::console::fields::Fields;
use crate::console::twin::Refusal;
use crate::console::visible::Kept;
use maud::{Markup, html};
use serde_json::{Map, Value, json};

/// One field of the form.
struct Field<'a> {
    name: &'a str,
    schema: &'a Value,
    required: bool,
}

fn fields(schema: &Value) -> Vec<Field<'_>> {
    let required = |name: &str| {
        let all = schema["required"].as_array().into_iter().flatten();
        all.filter_map(Value::as_str).any(|one| one == name)
    };
    let all = schema["properties"].as_object().into_iter().flatten();
    all.map(|(name, schema)| Field {
        name,
        schema,
        required: required(name),
    })
    .collect()
}

/// The schema of an automation's inputs as one of an object.
pub(in crate::console) fn of_inputs(inputs: &Value) -> Value {
    let all = inputs.as_object().cloned().unwrap_or_default();
    let required: Vec<&String> = all
        .iter()
        .filter(|(_, schema)| schema.get("default").is_none())
        .map(|(name, _)| name)
        .collect();
    json!({ "type": "object", "properties": all, "required": required })
}

/// The type that a value of this schema has when it is not null; empty where the schema says none, or several.
pub(crate) fn kind(schema: &Value) -> &str {
    match &schema["type"] {
        Value::String(kind) => kind,
        Value::Array(kinds) => kinds
            .iter()
            .filter_map(Value::as_str)
            .find(|kind| *kind != "null")
            .unwrap_or(""),
        _ => "",
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether a value of this schema is a list of texts or numbers: it is written with one of them in each line.
fn is_list(schema: &Value) -> bool {
    let plain = ["string", "integer", "number"];
    kind(schema) == "array" && plain.contains(&kind(&schema["items"]))
}

/// A value as the field for it has it: a list of texts or numbers in lines, where each stands in one by itself.
fn shown(schema: &Value, value: &Value) -> String {
    let line = |one: &Value| match one {
        Value::String(text) => {
            let alone = !text.is_empty() && text.trim() == text && !text.contains(['\n', '\r']);
            (alone && !text.starts_with('[')).then(|| text.clone())
        }
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let lines = value
        .as_array()
        .filter(|_| is_list(schema))
        .and_then(|all| all.iter().map(line).collect::<Option<Vec<String>>>());
    lines.map_or_else(|| text(value), |lines| lines.join("\n"))
}

/// The list that a text stands for: JSON, or one in each line.
fn list_of(schema: &Value, text: &str) -> Result<Value, &'static str> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text).map_err(|_| "JSON");
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let all: Result<Vec<Value>, &'static str> =
        lines.map(|line| value_of(&schema["items"], line)).collect();
    all.map(Value::from)
}

/// What a choice is called; one that is null can be chosen, too.
pub(crate) fn choice_text(choice: &Value) -> String {
    match choice {
        Value::Null => "null".to_owned(),
        other => text(other),
    }
}

/// The form's fields, filled with what was sent before, else with `given`, else with the defaults.
pub(in crate::console) fn show(call: &Call, schema: &Value, given: &Value) -> Markup {
    among(call, schema, given, "")
}

/// The same on a page that has another such form: `apart` tells their labels apart.
pub(in crate::console) fn among(call: &Call, schema: &Value, given: &Value, apart: &str) -> Markup {
    html! {
        @for field in fields(schema) {
            @let name = format!("field.{}", field.name);
            @let id = format!("{apart}{name}");
            @let known = given.get(field.name).unwrap_or(&field.schema["default"]);
            @let known = shown(field.schema, known);
            @let value = call.kept(&name, &known);
            div .field {
                label for=(id) {
                    (field.schema["title"].as_str().unwrap_or(field.name))
                    @if field.required { span .dim { " needed" } }
                }
                (control(&field, &id, &name, value))
                @if let Some(said) = field.schema["description"].as_str() { p .dim { (said) } }
            }
        }
    }
}

fn control(field: &Field<'_>, id: &str, name: &str, value: &str) -> Markup {
    let sensitive = field.schema["sensitive"] == true || field.schema["writeOnly"] == true;
    html! {
        @if let Some(choices) = field.schema["enum"].as_array() {
            select #(id) name=(name) required[field.required] {
                @if !field.required { option value="" { "–" } }
                @for choice in choices {
                    @let choice = choice_text(choice);
                    option value=(choice) selected[choice == value] { (choice) }
                }
            }
        } @else if sensitive {
            input #(id) name=(name) type="password" autocomplete="off" required[field.required];
        } @else if kind(field.schema) == "boolean" {
            select #(id) name=(name) required[field.required] {
                @if !field.required { option value="" { "–" } }
                option value="true" selected[value == "true"] { "yes" }
                option value="false" selected[value == "false"] { "no" }
            }
        } @else if ["integer", "number"].contains(&kind(field.schema)) {
            input #(id) name=(name) inputmode="decimal" autocomplete="off" value=(value) required[field.required];
        } @else if kind(field.schema) == "string" {
            @if value.contains('\n') || field.schema["maxLength"].as_u64().is_some_and(|most| most > 200) {
                textarea #(id) name=(name) rows="4" required[field.required] { (Kept(value)) }
            } @else {
                input #(id) name=(name) autocomplete="off" value=(super::super::visible::kept(value)) required[field.required];
            }
        } @else if is_list(field.schema) {
            textarea #(id) name=(name) rows="4" placeholder="one in each line" { (Kept(value)) }
        } @else {
            textarea .code #(id) name=(name) rows="3" spellcheck="false" required[field.required]
                placeholder="JSON" { (Kept(value)) }
        }
    }
}

/// The object that a form gives. What is left empty is left out.
///
/// # Errors
/// Where a number, or JSON, is none.
pub(in crate::console) fn read(schema: &Value, form: &Fields) -> Result<Value, Refusal> {
    let mut object = Map::new();
    for field in fields(schema) {
        let name = format!("field.{}", field.name);
        let text = match form.get(&name) {
            Some(text) => text,
            // A list out of which all was taken is an empty one, not the one that is taken where nothing is given.
            None if is_list(field.schema) && form.has(&name) => "[]",
            None => continue,
        };
        let value = value_of(field.schema, text).map_err(|what| {
            let message = format!("`{}` is not {what}.", field.name);
            Refusal::form(message, "Correct it and send the form again.")
        })?;
        object.insert(field.name.to_owned(), value);
    }
    Ok(Value::Object(object))
}

/// The value that the text of a field stands for, by its schema.
///
/// # Errors
/// What it should have been: `one of the choices`, `a number` or `JSON`.
pub(crate) fn value_of(schema: &Value, text: &str) -> Result<Value, &'static str> {
    match (&schema["enum"], kind(schema)) {
        (Value::Array(choices), _) => {
            let choice = choices.iter().find(|choice| choice_text(choice) == text);
            choice.cloned().ok_or("one of the choices")
        }
        (_, "boolean") => Ok(json!(text == "true")),
        (_, "string") => Ok(text.into()),
        (_, "integer" | "number") => serde_json::from_str(text.trim()).map_err(|_| "a number"),
        _ if is_list(schema) => list_of(schema, text),
        _ => serde_json::from_str(text).map_err(|_| "JSON"),
    }
}

/// Whether there is anything to fill in.
pub(in crate::console) fn is_empty(schema: &Value) -> bool {
    fields(schema).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stands_for_the_value_that_its_schema_has() {
        for (schema, text, expected) in [
            (json!({ "enum": [1, 2, 3] }), "2", Ok(json!(2))),
            (json!({ "enum": ["1", null] }), "1", Ok(json!("1"))),
            (json!({ "enum": ["1", null] }), "null", Ok(Value::Null)),
            (json!({ "enum": [1] }), "2", Err("one of the choices")),
            (json!({ "type": ["integer", "null"] }), " 4 ", Ok(json!(4))),
            (json!({ "type": ["null", "string"] }), "4", Ok(json!("4"))),
            (json!({ "type": "number" }), "much", Err("a number")),
            (json!({ "type": "boolean" }), "true", Ok(json!(true))),
            (json!({}), "[1]", Ok(json!([1]))),
            (json!({ "type": "object" }), "{", Err("JSON")),
            (
                json!({ "type": "array", "items": { "type": "string" } }),
                "anna\r\n\n bob ",
                Ok(json!(["anna", "bob"])),
            ),
            (
                json!({ "type": "array", "items": { "type": "string" } }),
                "[\"a\\nb\"]",
                Ok(json!(["a\nb"])),
            ),
            (
                json!({ "type": "array", "items": { "type": "integer" } }),
                "12\n15",
                Ok(json!([12, 15])),
            ),
            (
                json!({ "type": "array", "items": { "type": "integer" } }),
                "12, 15",
                Err("a number"),
            ),
            (json!({ "type": "array" }), "12", Ok(json!(12))),
        ] {
            assert_eq!(value_of(&schema, text), expected, "{schema} {text}");
        }
    }

    #[test]
    fn a_list_is_read_as_it_is_shown_and_an_emptied_one_is_empty() {
        let schema = json!({ "type": "array", "items": { "type": ["string", "null"] }, "default": ["anna"] });
        for (list, expected) in [
            (json!(["anna", "bob c"]), "anna\nbob c"),
            (json!(["a\nb"]), "[\"a\\nb\"]"),
            (json!([" a"]), "[\" a\"]"),
            (json!(["[a]"]), "[\"[a]\"]"),
        ] {
            let text = shown(&schema, &list);
            assert_eq!(text, expected);
            assert_eq!(value_of(&schema, &text), Ok(list));
        }
        let form = json!({ "properties": { "users": schema, "note": { "type": "string" } } });
        let read = |sent: &str| read(&form, &Fields::parse(sent.as_bytes())).unwrap();
        assert_eq!(read("field.users=&field.note="), json!({ "users": [] }));
        assert_eq!(
            read("field.users=bob%0D%0Adora"),
            json!({ "users": ["bob", "dora"] })
        );
        assert_eq!(read("field.note=x"), json!({ "note": "x" }));
    }
}
