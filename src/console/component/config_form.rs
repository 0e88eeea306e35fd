//! A form made from the schema of a part of a document, in which any value may also be an expression.
//!
//! Texts, numbers, choices and flags have fields of their own; whatever has an inner shape is written as YAML.

use crate::console::call::Call;
use crate::console::component::{finding, value};
use crate::console::fields::Fields;
use crate::console::twin::Refusal;
use crate::console::visible::{Kept, kept};
use druse_engine::Finding;
use druse_engine::definition::{Syntax, parse_value, value_to_yaml};
use maud::{Markup, html};
use serde_json::{Map, Value};

/// Names whose texts have several lines.
const LONG: [&str; 7] = [
    "script",
    "body",
    "message",
    "text",
    "statement",
    "sql",
    "content",
];

/// One field.
pub(in crate::console) struct Field {
    pub(in crate::console) name: String,
    pub(in crate::console) required: bool,
    description: String,
    /// What may stand in it, shown while it is empty.
    pub(in crate::console) example: &'static str,
    kind: Kind,
}

impl Field {
    /// Makes it one of these names.
    pub(in crate::console) fn choose<'n>(&mut self, names: impl Iterator<Item = &'n str>) {
        self.kind = Kind::Choice(names.map(|name| (name.into(), String::new())).collect());
    }
}

/// How it is written.
enum Kind {
    Text,
    Number,
    Flag,
    /// The choices, each with what it means.
    Choice(Vec<(String, String)>),
    /// Names, with commas between them.
    Names,
    Yaml,
}

/// The fields of an object's schema, its references resolved.
pub(in crate::console) fn fields(schema: &Value) -> Vec<Field> {
    let definitions = &schema["$defs"];
    let required = |name: &str| {
        let all = schema["required"].as_array().into_iter().flatten();
        all.filter_map(Value::as_str).any(|one| one == name)
    };
    let all = schema["properties"].as_object().into_iter().flatten();
    all.map(|(name, property)| {
        let resolved = resolved(property, definitions, 0);
        let described = |one: &Value| one["description"].as_str().map(str::to_owned);
        Field {
            name: name.clone(),
            required: required(name),
            description: described(property)
                .or_else(|| described(&resolved))
                .unwrap_or_default(),
            example: "",
            kind: kind(&resolved),
        }
    })
    .collect()
}

/// A schema without references, and without the case that there is nothing.
fn resolved(schema: &Value, definitions: &Value, depth: usize) -> Value {
    if depth > 8 {
        return Value::Null;
    }
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next())
    {
        return resolved(&definitions[name], definitions, depth + 1);
    }
    for joint in ["anyOf", "allOf"] {
        let mut ways = schema[joint].as_array().into_iter().flatten();
        let some = |one: &&Value| one["type"] != "null";
        if let (Some(one), None) = (ways.find(some), ways.find(some)) {
            return resolved(one, definitions, depth + 1);
        }
    }
    schema.clone()
}

fn kind(schema: &Value) -> Kind {
    if let Some(ways) = schema["oneOf"].as_array() {
        let choice = |one: &Value| {
            let said = one["description"].as_str().unwrap_or_default();
            Some((one["const"].as_str()?.to_owned(), said.to_owned()))
        };
        if let Some(choices) = ways.iter().map(choice).collect() {
            return Kind::Choice(choices);
        }
    }
    if let Some(names) = schema["enum"].as_array() {
        let texts = names.iter().filter_map(Value::as_str);
        return Kind::Choice(texts.map(|text| (text.into(), String::new())).collect());
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let types: Vec<&str> = types.into_iter().filter(|one| *one != "null").collect();
    match types.as_slice() {
        ["string"] => Kind::Text,
        ["integer" | "number"] => Kind::Number,
        ["boolean"] => Kind::Flag,
        ["array"] if schema["items"]["type"] == "string" => Kind::Names,
        _ => Kind::Yaml,
    }
}

/// Whether a text stands for another value.
fn is_expression(text: &str) -> bool {
    text.contains("{{")
}

/// A value as its field holds it.
fn written(kind: &Kind, value: &Value) -> String {
    match (kind, value) {
        (_, Value::Null) => String::new(),
        (Kind::Yaml, Value::String(text)) if text.trim_start().starts_with("{{") => text.clone(),
        (Kind::Yaml, other) => value_to_yaml(other),
        (Kind::Names, Value::Array(names)) if plain_names(names) => {
            let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
            names.join(", ")
        }
        (Kind::Names, other) => value_to_yaml(other),
        (_, Value::String(text)) => text.clone(),
        (_, other) => other.to_string(),
    }
}

/// Whether a list can be written with commas between its names.
fn plain_names(names: &[Value]) -> bool {
    names.iter().all(|name| {
        name.as_str().is_some_and(|name| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_.-:".contains(c))
        })
    })
}

/// The fields, each under `prefix` and its name, filled with what was sent before, else with `given`; findings
/// stand below the field that they are about.
pub(in crate::console) fn show(
    call: &Call,
    prefix: &str,
    fields: &[Field],
    given: &Value,
    about: impl Fn(&str) -> Vec<Finding>,
) -> Markup {
    html! {
        @for field in fields {
            @let name = format!("{prefix}.{}", field.name);
            @let known = written(&field.kind, &given[&field.name]);
            @let text = call.kept(&name, &known);
            @let wrong = about(&field.name);
            div .field {
                label for=(name) { (field.name) @if field.required { span .dim { " needed" } } }
                (control(field, &name, text))
                @if !field.description.is_empty() { p .dim #{ (name) "-about" } { (value::said(&field.description)) } }
                @if !wrong.is_empty() { (finding::list(&wrong)) }
            }
        }
    }
}

fn control(field: &Field, name: &str, text: &str) -> Markup {
    let about = (!field.description.is_empty()).then(|| format!("{name}-about"));
    let lines = text.lines().count().clamp(2, 16) + 1;
    let example = (!field.example.is_empty()).then_some(field.example);
    let choice = |choices: &[(String, String)]| {
        let other = !text.is_empty() && !choices.iter().any(|(one, _)| one == text);
        html! {
            select #(name) name=(name) aria-describedby=[about.as_deref()] {
                option value="" { "–" }
                @for (one, said) in choices {
                    option value=(one) selected[one == text] { (one) @if !said.is_empty() { ": " (value::cut(said, 70)) } }
                }
                @if other { option value=(kept(text)) selected { (text) } }
            }
        }
    };
    html! {
        @match &field.kind {
            Kind::Choice(choices) => (choice(choices)),
            Kind::Flag => (choice(&[("true".into(), "yes".into()), ("false".into(), "no".into())])),
            Kind::Text if !text.contains('\n') && !LONG.contains(&field.name.as_str()) => {
                input #(name) name=(name) autocomplete="off" spellcheck="false" placeholder=[example] value=(kept(text)) aria-describedby=[about.as_deref()];
            }
            Kind::Number | Kind::Names if !text.contains('\n') => {
                input #(name) name=(name) autocomplete="off" spellcheck="false" placeholder=[example] value=(kept(text)) aria-describedby=[about.as_deref()];
            }
            _ => textarea .code #(name) name=(name) rows=(lines) spellcheck="false" placeholder=[example] aria-describedby=[about.as_deref()] { (Kept(text)) },
        }
    }
}

/// The object that a form gives: `before` with the fields that the form has. What is left empty is left out.
///
/// # Errors
/// Where a field is not what it has to be.
pub(in crate::console) fn read(
    form: &Fields,
    prefix: &str,
    fields: &[Field],
    before: &Map<String, Value>,
) -> Result<Map<String, Value>, Refusal> {
    let mut object = before.clone();
    for field in fields {
        let name = format!("{prefix}.{}", field.name);
        if !form.has(&name) {
            continue;
        }
        let Some(text) = form.get(&name) else {
            object.shift_remove(&field.name);
            continue;
        };
        // What was not touched stays what it was, however it was written.
        let was = before.get(&field.name).unwrap_or(&Value::Null);
        if *was == Value::Null || written(&field.kind, was) != text {
            object.insert(field.name.clone(), value_of(field, text)?);
        }
    }
    Ok(object)
}

fn value_of(field: &Field, text: &str) -> Result<Value, Refusal> {
    let wrong = |what: &str| {
        Refusal::form(
            format!("`{}` is not {what}.", field.name),
            "Correct it and send the form again.",
        )
    };
    let trimmed = text.trim();
    Ok(match &field.kind {
        Kind::Text | Kind::Choice(_) => text.into(),
        Kind::Flag | Kind::Number if is_expression(text) => trimmed.into(),
        Kind::Flag => match trimmed {
            "true" => true.into(),
            "false" => false.into(),
            _ => return Err(wrong("yes or no")),
        },
        Kind::Number => serde_json::from_str::<serde_json::Number>(trimmed)
            .map(Value::Number)
            .map_err(|_| wrong("a number"))?,
        Kind::Yaml | Kind::Names if trimmed.starts_with("{{") && trimmed.ends_with("}}") => {
            trimmed.into()
        }
        Kind::Yaml | Kind::Names => {
            let (value, _) = parse_value(text, Syntax::Yaml).map_err(|findings| {
                let first = findings.first().map(|one| one.message.clone());
                wrong(&format!("YAML: {}", first.unwrap_or_default()))
            })?;
            match (&field.kind, &value) {
                (Kind::Names, Value::String(names)) => {
                    let names = names.split(',').map(str::trim);
                    let names = names.filter(|name| !name.is_empty());
                    names.map(Value::from).collect()
                }
                _ => value,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_engine::action_config::schema_of;
    use druse_engine::plan::ActionKind;
    use serde_json::json;

    #[test]
    fn every_action_has_a_form_that_gives_back_what_it_was_filled_with() {
        let values = [
            json!("{{ inputs.a }}"),
            json!("Hello {{ inputs.a }}: x"),
            json!({ "a": ["b", 1, null], "c d": "007" }),
            json!(["x", "{{ y }}", "-"]),
            json!(7),
            json!(true),
            json!("two\nlines"),
            json!(" blank "),
        ];
        for kind in ActionKind::ALL {
            let fields = fields(schema_of(kind));
            assert!(!fields.is_empty(), "{}", kind.name());
            for field in &fields {
                for value in &values {
                    let text = written(&field.kind, value);
                    if matches!(field.kind, Kind::Yaml) {
                        assert_eq!(value_of(field, &text).unwrap(), *value, "{}", field.name);
                    }
                    // Sent back untouched, it stays whatever it is.
                    let pair = [(format!("with.{}", field.name), text)];
                    let body = url::form_urlencoded::Serializer::new(String::new())
                        .extend_pairs(pair)
                        .finish();
                    let mut before = Map::new();
                    before.insert(field.name.clone(), value.clone());
                    let form = Fields::parse(body.as_bytes());
                    assert_eq!(read(&form, "with", &fields, &before).unwrap(), before);
                }
            }
        }
    }

    #[test]
    fn what_a_field_takes_is_read_by_its_kind() {
        let field = |kind| Field {
            name: "x".into(),
            required: false,
            description: String::new(),
            example: "",
            kind,
        };
        let read = |kind, text: &str| value_of(&field(kind), text).map_err(|no| no.message);
        assert_eq!(read(Kind::Text, "007"), Ok(json!("007")));
        assert_eq!(read(Kind::Number, "7"), Ok(json!(7)));
        assert_eq!(
            read(Kind::Number, "{{ inputs.n }}"),
            Ok(json!("{{ inputs.n }}"))
        );
        assert!(read(Kind::Number, "seven").is_err());
        assert_eq!(read(Kind::Names, "a, b"), Ok(json!(["a", "b"])));
        assert_eq!(read(Kind::Names, "[a, b]"), Ok(json!(["a", "b"])));
        assert_eq!(
            read(Kind::Yaml, "a: {b: [1]}"),
            Ok(json!({ "a": { "b": [1] } }))
        );
        assert!(read(Kind::Yaml, "a: [").is_err());
    }
}
