//! Whether a value has the shape that a type asks for: everything that is wrong, with hints.
//!
//! The shapes are the JSON Schemas that the types themselves give, so that there is one source.

use crate::Finding;
use crate::expression::nearest;
use serde_json::{Map, Value};

/// How values are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// As they are.
    Plain,
    /// A text with `{{` may become anything.
    Templates,
}

pub(crate) struct Walk<'a> {
    root: &'a Value,
    mode: Mode,
    pub(crate) findings: Vec<Finding>,
}

/// A size as people write it (`1 KiB`, `5MB`), in bytes.
fn bytes_of(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "B" => 1,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        _ => return None,
    };
    digits.trim().parse::<u64>().ok()?.checked_mul(unit)
}

impl<'a> Walk<'a> {
    pub(crate) fn new(schema: &'a Value, mode: Mode) -> Self {
        Self {
            root: schema,
            mode,
            findings: Vec::new(),
        }
    }

    /// Walks a value. Numbers that were kept as text because of how they are written (`1.50`) become
    /// numbers where numbers are wanted.
    pub(crate) fn value(&mut self, value: &mut Value, pointer: &str) {
        let root = self.root;
        self.visit(root, value, pointer);
    }

    fn resolve(&self, schema: &'a Value) -> &'a Value {
        let mut schema = schema;
        for _ in 0..8 {
            let Some(name) = schema
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|reference| reference.strip_prefix("#/$defs/"))
            else {
                break;
            };
            match self.root.get("$defs").and_then(|defs| defs.get(name)) {
                Some(found) => schema = found,
                None => break,
            }
        }
        schema
    }

    fn visit(&mut self, schema: &'a Value, value: &mut Value, pointer: &str) {
        let schema = self.resolve(schema);
        if self.mode == Mode::Templates && value.as_str().is_some_and(|text| text.contains("{{")) {
            return;
        }
        if let Some(any) = schema.get("anyOf").and_then(Value::as_array) {
            // What is optional: null, or the one thing that is meant. Of several that one which is of the
            // value's type, else the first.
            if value.is_null() && any.iter().any(|one| types(one).contains(&"null")) {
                return;
            }
            let meant = || any.iter().filter(|one| !types(one).contains(&"null"));
            let kind = type_of(value);
            let fits = meant().find(|one| types(self.resolve(one)).contains(&kind));
            if let Some(one) = fits.or_else(|| meant().next()) {
                self.visit(one, value, pointer);
            }
            return;
        }
        if let Some(names) = names(schema) {
            let known = value.as_str().is_some_and(|text| names.contains(&text));
            if !known {
                self.unknown_name(&names, value, pointer);
            }
            return;
        }
        let duration = schema
            .get("pattern")
            .and_then(Value::as_str)
            .is_some_and(|pattern| pattern.contains("(ms|s|m|h|d)"));
        if duration && value.is_number() {
            let message = format!("{} is a length of time and needs a unit", name_of(pointer));
            let help =
                format!("write {value}s for seconds, or {value}ms, {value}m, {value}h, {value}d");
            self.say("bad_value", pointer, message, &help);
            return;
        }
        let allowed = types(schema);
        if !allowed.is_empty() && !self.has_type(&allowed, value, pointer) {
            return;
        }
        if duration
            && let Some(text) = value.as_str()
            && let Err(message) = text.parse::<crate::Span>()
        {
            self.say(
                "bad_value",
                pointer,
                message,
                "write a whole number and a unit",
            );
        }
        if let (Some(minimum), Some(number)) = (
            schema.get("minimum").and_then(Value::as_f64),
            value.as_f64(),
        ) && number < minimum
        {
            self.say(
                "bad_value",
                pointer,
                format!("`{}` is at least {minimum}", last(pointer)),
                "",
            );
        }
        match value {
            Value::Object(map) => self.object(schema, map, pointer),
            Value::Array(items) => {
                if let Some(inner) = schema.get("items") {
                    for (index, item) in items.iter_mut().enumerate() {
                        self.visit(inner, item, &format!("{pointer}/{index}"));
                    }
                }
            }
            _ => {}
        }
    }

    fn object(&mut self, schema: &'a Value, map: &mut Map<String, Value>, pointer: &str) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let open = schema.get("additionalProperties");
        for (key, item) in map.iter_mut() {
            let inner = format!("{pointer}{}", crate::plan::pointer(&[key]));
            match properties.and_then(|known| known.get(key)) {
                Some(known) => self.visit(known, item, &inner),
                None => match open {
                    Some(Value::Bool(false)) => {
                        let known: Vec<&str> = properties
                            .into_iter()
                            .flat_map(|known| known.keys())
                            .map(String::as_str)
                            .collect();
                        let help = match nearest(key, known.iter().copied()) {
                            Some(near) => format!("did you mean `{near}`?"),
                            None => format!("known here: {}", known.join(", ")),
                        };
                        let message = format!("there is no key `{key}` here");
                        self.say("unknown_key", &inner, message, &help);
                    }
                    Some(other) if other.is_object() => self.visit(other, item, &inner),
                    _ => {}
                },
            }
        }
        let required = schema.get("required").and_then(Value::as_array);
        for key in required.into_iter().flatten().filter_map(Value::as_str) {
            if !map.contains_key(key) {
                let help = properties
                    .and_then(|known| known.get(key))
                    .and_then(|known| known.get("description"))
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                self.say("missing_key", pointer, format!("`{key}` is missing"), help);
                // Two keys that one place lacks are two findings.
                if let Some(finding) = self.findings.last_mut() {
                    finding.id = format!("missing_key:{pointer}/{key}");
                }
            }
        }
    }

    fn has_type(&mut self, allowed: &[&str], value: &mut Value, pointer: &str) -> bool {
        let fits = |value: &Value| match value {
            Value::Null => allowed.contains(&"null"),
            Value::Bool(_) => allowed.contains(&"boolean"),
            Value::Number(number) => {
                allowed.contains(&"number")
                    || allowed.contains(&"integer") && (number.is_i64() || number.is_u64())
            }
            Value::String(_) => allowed.contains(&"string"),
            Value::Array(_) => allowed.contains(&"array"),
            Value::Object(_) => allowed.contains(&"object"),
        };
        if fits(value) {
            return true;
        }
        if allowed.contains(&"number")
            && let Some(number) = value.as_str().and_then(decimal)
        {
            *value = number;
            return true;
        }
        let wanted: Vec<&str> = allowed
            .iter()
            .filter(|name| **name != "null")
            .map(|name| plain(name))
            .collect();
        let found = match value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "a list",
            Value::Object(_) => "a map",
        };
        let help = match value {
            Value::Number(_) | Value::Bool(_) if allowed.contains(&"string") => {
                format!("quote it: \"{value}\"")
            }
            Value::String(text) if allowed.contains(&"integer") || allowed.contains(&"number") => {
                match bytes_of(text) {
                    Some(bytes) => format!("write the number of bytes: {bytes}"),
                    None => String::new(),
                }
            }
            _ => String::new(),
        };
        // An empty text is read as null.
        let message = match value {
            Value::Null if pointer.is_empty() => {
                format!(
                    "there is nothing here, where {} belongs",
                    wanted.join(" or ")
                )
            }
            _ => format!(
                "{} is {}, not {found}",
                name_of(pointer),
                wanted.join(" or ")
            ),
        };
        self.say("wrong_type", pointer, message, &help);
        false
    }

    fn unknown_name(&mut self, names: &[&str], value: &Value, pointer: &str) {
        let near = value
            .as_str()
            .and_then(|text| nearest(text, names.iter().copied()));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of: {}", names.join(", ")),
        };
        let shown = match value {
            Value::String(text) => format!("`{}`", text.chars().take(60).collect::<String>()),
            Value::Array(_) => "a list".into(),
            Value::Object(_) => "a map".into(),
            other => format!("`{other}`"),
        };
        let message = format!("{} cannot be {shown}", name_of(pointer));
        self.say("bad_value", pointer, message, &help);
    }

    fn say(&mut self, code: &str, pointer: &str, message: impl Into<String>, help: &str) {
        self.findings
            .push(Finding::error(code, message).at_path(pointer).help(help));
    }
}

fn last(pointer: &str) -> String {
    let last = pointer.rsplit('/').next().unwrap_or_default();
    last.replace("~1", "/").replace("~0", "~")
}

fn name_of(pointer: &str) -> String {
    match last(pointer) {
        name if name.is_empty() => "this".into(),
        name if name.bytes().all(|b| b.is_ascii_digit()) => format!("element {name}"),
        name => format!("`{name}`"),
    }
}

fn plain(name: &str) -> &str {
    match name {
        "string" => "a text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a map",
        other => other,
    }
}

fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The names of an enumeration, which is written as `enum` or, with descriptions, as `oneOf`.
fn names(schema: &Value) -> Option<Vec<&str>> {
    if let Some(names) = schema.get("enum").and_then(Value::as_array) {
        return Some(names.iter().filter_map(Value::as_str).collect());
    }
    let one_of = schema.get("oneOf").and_then(Value::as_array)?;
    let mut names = Vec::new();
    for one in one_of {
        match (one.get("const"), one.get("enum").and_then(Value::as_array)) {
            (Some(Value::String(name)), _) => names.push(name.as_str()),
            (_, Some(several)) => names.extend(several.iter().filter_map(Value::as_str)),
            _ => return None,
        }
    }
    Some(names)
}

fn decimal(text: &str) -> Option<Value> {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    let number: f64 = text.parse().ok().filter(|_| plain && !text.is_empty())?;
    serde_json::Number::from_f64(number).map(Value::Number)
}
