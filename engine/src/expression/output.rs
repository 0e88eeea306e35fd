//! From a value of the language back to JSON.

use super::OUTPUT_LIMIT;
use super::error::ExpressionError;
use super::node::Node;
use crate::Json;
use crate::json::DEEPEST;

use minijinja::value::{Value as Dyn, ValueKind};
use serde_json::{Map, Number, Value};

/// Counts what is made, so that no expression makes more than it may.
pub(super) struct Budget(usize);

impl Budget {
    pub(super) fn new() -> Self {
        Self(OUTPUT_LIMIT)
    }

    pub(super) fn of(bytes: usize) -> Self {
        Self(bytes)
    }

    pub(super) fn left(&self) -> usize {
        self.0
    }

    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), ExpressionError> {
        self.0 = self
            .0
            .checked_sub(bytes)
            .ok_or_else(ExpressionError::too_large)?;
        Ok(())
    }
}

/// The JSON of a result. A value that is read as it stands is shared or copied, and costs nothing.
pub(super) fn json(value: &Dyn) -> Result<Json, ExpressionError> {
    if let Some(node) = value.downcast_object_ref::<Node>() {
        return Ok(node.json());
    }
    convert(value, &mut Budget::new(), 0).map(Json::from)
}

/// The JSON of a value that an expression made.
pub(super) fn convert(
    value: &Dyn,
    budget: &mut Budget,
    depth: usize,
) -> Result<Value, ExpressionError> {
    budget.spend(1)?;
    if depth > DEEPEST {
        return Err(too_deep());
    }
    if let Some(node) = value.downcast_object_ref::<Node>() {
        let inner = node.value();
        measure(inner, budget, depth)?;
        return Ok(inner.clone());
    }
    Ok(match value.kind() {
        ValueKind::Undefined => return Err(undefined()),
        ValueKind::None => Value::Null,
        ValueKind::Bool => Value::Bool(value.is_true()),
        ValueKind::Number => number(value)?,
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            budget.spend(text.len())?;
            Value::String(text.to_owned())
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let mut items = Vec::new();
            let iterator = value.try_iter().map_err(|e| foreign(&e))?;
            for (index, item) in iterator.enumerate() {
                if item.is_undefined() {
                    return Err(ExpressionError::new(
                        "undefined_value",
                        format!("element {index} of the list is undefined"),
                    ));
                }
                items.push(convert(&item, budget, depth + 1)?);
            }
            Value::Array(items)
        }
        ValueKind::Map => {
            let mut map = Map::new();
            for key in value.try_iter().map_err(|e| foreign(&e))? {
                let item = value.get_item(&key).map_err(|e| foreign(&e))?;
                let key = match key.as_str() {
                    Some(text) => text.to_owned(),
                    None => key.to_string(),
                };
                if item.is_undefined() {
                    return Err(ExpressionError::new(
                        "undefined_value",
                        format!("`{key}` of the map is undefined"),
                    ));
                }
                budget.spend(key.len() + 1)?;
                let item = convert(&item, budget, depth + 1)?;
                map.insert(key, item);
            }
            Value::Object(map)
        }
        ValueKind::Invalid => {
            return Err(match value.try_iter() {
                Err(error) => foreign(&error),
                Ok(_) => failed("the value is not valid"),
            });
        }
        kind => return Err(failed(&format!("a {kind} cannot be written as JSON"))),
    })
}

/// The approximate size of a tree, spent without copying it.
///
/// `depth`: how deep within the result it stands.
pub(super) fn measure(
    value: &Value,
    budget: &mut Budget,
    depth: usize,
) -> Result<(), ExpressionError> {
    if depth > DEEPEST {
        return Err(too_deep());
    }
    match value {
        Value::String(text) => budget.spend(text.len() + 1),
        Value::Array(items) => items
            .iter()
            .try_for_each(|item| measure(item, budget, depth + 1)),
        Value::Object(map) => map.iter().try_for_each(|(key, item)| {
            budget.spend(key.len() + 1)?;
            measure(item, budget, depth + 1)
        }),
        _ => budget.spend(4),
    }
}

pub(super) fn too_deep() -> ExpressionError {
    failed(&format!("the value is nested more than {DEEPEST} deep"))
}

fn number(value: &Dyn) -> Result<Value, ExpressionError> {
    if value.is_integer() {
        if let Some(int) = value.as_i64() {
            return Ok(int.into());
        }
        return u64::try_from(value.clone())
            .map(Value::from)
            .map_err(|_| failed("the number does not fit into 64 bits"));
    }
    let float = f64::try_from(value.clone()).map_err(|e| foreign(&e))?;
    Number::from_f64(float)
        .map(Value::Number)
        .ok_or_else(|| failed("the number is infinite or not a number"))
}

/// Appends a value to a text: strings as they are, everything else as JSON.
pub(super) fn append(out: &mut String, value: &Value) {
    match value {
        Value::String(text) => out.push_str(text),
        other => out.push_str(&other.to_string()),
    }
}

pub(super) fn undefined() -> ExpressionError {
    ExpressionError::new("undefined_value", "the expression's value is undefined")
}

fn failed(message: &str) -> ExpressionError {
    ExpressionError::new("expression_failed", message)
}

/// An error of the language's engine in our words.
pub(super) fn foreign(error: &minijinja::Error) -> ExpressionError {
    use minijinja::ErrorKind as Kind;
    let detail = error
        .detail()
        .map_or_else(|| error.kind().to_string(), ToOwned::to_owned);
    let mut ours = match error.kind() {
        Kind::OutOfFuel => ExpressionError::new(
            "expression_too_costly",
            format!("the expression takes more than {} steps", super::FUEL),
        )
        .help("do this work in a step of its own"),
        Kind::UndefinedError => ExpressionError::new("undefined_value", detail),
        Kind::SyntaxError | Kind::BadEscape => ExpressionError::new(
            "bad_expression",
            format!("the expression cannot be read: {detail}"),
        ),
        _ => ExpressionError::new(
            "expression_failed",
            format!("the expression failed: {detail}"),
        ),
    };
    ours.range = error.range();
    ours
}
