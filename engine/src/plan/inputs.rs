//! The inputs of a run against the schemas of a document.

use crate::expression::nearest;
use crate::{Finding, Json};
use serde_json::{Map, Value};
use std::fmt;

/// One input, its schema compiled.
pub struct InputCheck {
    /// Its name.
    pub name: String,
    /// What it is when it is not given; an input without one is required.
    pub default: Option<Value>,
    /// Whether its value is never stored or shown in clear.
    pub sensitive: bool,
    /// What its values have to be, as the document says it.
    asks: String,
    /// None where it takes any value.
    validator: Option<jsonschema::Validator>,
}

impl fmt::Debug for InputCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InputCheck")
            .field("name", &self.name)
            .field("default", &self.default)
            .finish_non_exhaustive()
    }
}

impl InputCheck {
    /// Compiles an input's schema; the error is one sentence.
    pub(crate) fn compile(name: &str, schema: &Value) -> Result<Self, String> {
        let validator = match takes_all(schema) {
            true => None,
            false => Some(validator(schema)?),
        };
        Ok(Self {
            name: name.to_owned(),
            default: schema.get("default").cloned(),
            sensitive: is_sensitive(schema),
            asks: asks(schema),
            validator,
        })
    }

    /// What is wrong with a value: JSON Pointers into it, and one sentence each.
    pub(crate) fn errors(&self, value: &Value) -> Vec<(String, String)> {
        let errors = self.validator.iter();
        let errors = errors.flat_map(|validator| validator.iter_errors(value));
        errors
            .take(20)
            .map(|error| {
                let message = match self.sensitive {
                    true => error.masked().to_string(),
                    false => short(error.to_string()),
                };
                (error.instance_path().to_string(), message)
            })
            .collect()
    }
}

/// Whether a schema says nothing but what stands for a value that is not given.
fn takes_all(schema: &Value) -> bool {
    schema
        .as_object()
        .is_some_and(|schema| schema.keys().all(|key| key == "default"))
}

/// A schema without what it says for people, in one line.
fn asks(schema: &Value) -> String {
    let mut schema = schema.clone();
    if let Some(map) = schema.as_object_mut() {
        for key in ["description", "default", "sensitive", "title", "examples"] {
            map.remove(key);
        }
    }
    short(schema.to_string())
}

/// Whether the schema of an input says that its value is never stored or shown in clear.
pub fn is_sensitive(schema: &Value) -> bool {
    schema.get("sensitive") == Some(&Value::Bool(true))
}

/// A message repeats the value that it is about, which may be long.
pub(super) fn short(message: String) -> String {
    const LONGEST: usize = 500;
    match message.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message,
    }
}

/// Compiles a JSON Schema (2020-12). Nothing is fetched: references lead only into the schema itself.
pub(crate) fn validator(schema: &Value) -> Result<jsonschema::Validator, String> {
    if !schema.is_object() && !schema.is_boolean() {
        return Err("a JSON Schema is a map, such as {type: string}".into());
    }
    jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(schema)
        .map_err(|error| error.to_string())
}

/// What is wrong with a value under a JSON Schema; nothing when it fits. A schema that is none is a finding too.
pub fn check_value(schema: &Value, value: &Value) -> Vec<Finding> {
    match validator(schema) {
        Err(message) => {
            vec![Finding::error("invalid_schema", message).help("correct the schema")]
        }
        Ok(validator) => validator
            .iter_errors(value)
            .take(20)
            .map(|error| {
                Finding::error("invalid_value", short(error.to_string()))
                    .at_path(error.instance_path().to_string())
                    .help("the schema says what may stand there")
            })
            .collect(),
    }
}

pub(super) fn check(inputs: &[InputCheck], given: &Value) -> Result<Json, Vec<Finding>> {
    let nothing = Map::new();
    let given = match given {
        Value::Object(map) => map,
        Value::Null => &nothing,
        _ => {
            return Err(vec![
                Finding::error("invalid_inputs", "inputs are a map of names to values")
                    .at_path("")
                    .help("write {\"name\": value, …}"),
            ]);
        }
    };
    let mut findings = Vec::new();
    let mut full = Map::new();
    for input in inputs {
        let pointer = || super::build::pointer(&[&input.name]);
        match given.get(&input.name) {
            Some(value) => {
                for (path, message) in input.errors(value) {
                    let place = match path.as_str() {
                        "" => format!("input `{}`", input.name),
                        inner => format!("input `{}` at `{inner}`", input.name),
                    };
                    findings.push(
                        Finding::error("invalid_input", format!("{place}: {message}"))
                            .at_path(format!("{}{path}", pointer()))
                            .help(format!("`{}` has to fit {}", input.name, input.asks)),
                    );
                }
                full.insert(input.name.clone(), value.clone());
            }
            None => match &input.default {
                Some(default) => {
                    full.insert(input.name.clone(), default.clone());
                }
                None => findings.push(
                    Finding::error(
                        "missing_input",
                        format!("input `{}` is required", input.name),
                    )
                    .at_path(pointer())
                    .help("give it a value; there is no default"),
                ),
            },
        }
    }
    for name in given.keys() {
        if inputs.iter().any(|input| input.name == *name) {
            continue;
        }
        let finding = Finding::error("unknown_input", format!("there is no input `{name}`"))
            .at_path(super::build::pointer(&[name]));
        let known: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
        findings.push(match nearest(name, known.iter().copied()) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None if known.is_empty() => finding.help("the automation takes no inputs"),
            None => finding.help(format!("known here: {}", known.join(", "))),
        });
    }
    if findings.is_empty() {
        Ok(Value::Object(full).into())
    } else {
        Err(findings)
    }
}
