//! Following a path through the values, and saying where it ends when it leads nowhere.

use super::error::{ExpressionError, nearest};
use super::node::placeholder;
use super::scan::{Reference, References, Segment};
use super::values::{REVIEW, RunFacts, Values, no_review};
use crate::Json;
use crate::event::Status;
use serde_json::Value;

/// The value that a path without computed parts leads to.
pub(super) fn resolve(reference: &Reference, values: &Values) -> Result<Json, ExpressionError> {
    let (root, used) = start(reference, values)?;
    let mut current = root.value();
    for (index, segment) in reference.path.iter().enumerate().skip(used) {
        current = child(current, segment).ok_or_else(|| nothing(reference, index, current))?;
    }
    if reference.path.len() <= used {
        return Ok(root);
    }
    Ok(current.clone().into())
}

fn child<'a>(value: &'a Value, segment: &Segment) -> Option<&'a Value> {
    match (value, segment) {
        (Value::Object(map), Segment::Key(key)) => map.get(key),
        (Value::Array(items), Segment::Index(index)) => {
            let index = if *index < 0 {
                items
                    .len()
                    .checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?
            } else {
                usize::try_from(*index).ok()?
            };
            items.get(index)
        }
        _ => None,
    }
}

/// The tree that a reference begins in, and how many segments it took to get there.
fn start(reference: &Reference, values: &Values) -> Result<(Json, usize), ExpressionError> {
    match reference.root.as_str() {
        "inputs" => Ok((values.inputs.clone(), 0)),
        "trigger" => Ok((values.trigger.clone(), 0)),
        "run" => match reference.key(0) {
            Some(name) => values
                .run
                .field(name)
                .map(|value| (value.into(), 1))
                .ok_or_else(|| unknown(reference, 0, "run", name, RunFacts::FIELDS)),
            None => {
                let map = RunFacts::FIELDS
                    .iter()
                    .filter_map(|name| Some(((*name).to_owned(), values.run.field(name)?)))
                    .collect();
                Ok((Value::Object(map).into(), 0))
            }
        },
        "secrets" => match reference.key(0) {
            Some(name) => Ok((Value::from(placeholder(name)).into(), 1)),
            None => Err(at(
                reference,
                0,
                "`secrets` is read by name, as in `secrets.api_key`",
            )),
        },
        "steps" => step(reference, values),
        name => values
            .local(name)
            .cloned()
            .or_else(|| (name == REVIEW).then(no_review))
            .map(|json| (json, 0))
            .ok_or_else(|| {
                let error = at(reference, 0, format!("there is no name `{name}` here"));
                let known = ["inputs", "steps", "trigger", "run", "secrets", REVIEW]
                    .into_iter()
                    .chain(values.locals());
                suggest(error, nearest(name, known))
            }),
    }
}

fn step(reference: &Reference, values: &Values) -> Result<(Json, usize), ExpressionError> {
    let Some(id) = reference.key(0) else {
        return Err(at(
            reference,
            0,
            "a step is read by its id, as in `steps.find.output`",
        ));
    };
    let Some(step) = values.step(id) else {
        return Err(unknown(reference, 0, "steps", id, values.step_ids()));
    };
    match reference.key(1) {
        Some("status") => Ok((Value::from(step.status_name()).into(), 2)),
        Some("error") => Ok((step.error_json(), 2)),
        Some("output") => match &step.output {
            Some(output) => Ok((output.clone(), 2)),
            None => {
                let why = match step.status {
                    None | Some(Status::Queued) => "it has not run".to_owned(),
                    Some(Status::Skipped) => "it was skipped".to_owned(),
                    Some(status) => format!("it is {}", status.name()),
                };
                Err(
                    at(reference, 1, format!("step `{id}` has no output: {why}")).help(format!(
                        "give a value for that case: `{} | default(…)`",
                        reference.text(reference.path.len())
                    )),
                )
            }
        },
        Some(other) => Err(unknown(
            reference,
            1,
            &format!("steps.{id}"),
            other,
            ["output", "status", "error"],
        )),
        None => Err(at(
            reference,
            1,
            format!("say what of step `{id}` is meant: output, status or error"),
        )),
    }
}

/// Why the evaluation met an undefined value: the first named value that leads nowhere.
pub(super) fn explain(references: &References, values: &Values) -> Option<ExpressionError> {
    references
        .items
        .iter()
        .filter(|item| !item.guarded)
        .find_map(|item| {
            let mut known = item.clone();
            if let Some(cut) = known.path.iter().position(|s| *s == Segment::Dynamic) {
                known.path.truncate(cut);
            }
            resolve(&known, values).err()
        })
}

fn at(reference: &Reference, _index: usize, message: impl Into<String>) -> ExpressionError {
    let mut error = ExpressionError::new("undefined_value", message);
    error.range = Some(reference.range.clone());
    error
}

fn suggest(error: ExpressionError, near: Option<&str>) -> ExpressionError {
    match near {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error,
    }
}

fn unknown<'a>(
    reference: &Reference,
    index: usize,
    parent: &str,
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> ExpressionError {
    suggest(
        at(reference, index, format!("`{parent}` has no `{name}`")),
        nearest(name, known),
    )
}

fn nothing(reference: &Reference, index: usize, parent: &Value) -> ExpressionError {
    let path = reference.text(index);
    match (parent, &reference.path[index]) {
        (Value::Object(map), Segment::Key(key)) => {
            unknown(reference, index, &path, key, map.keys().map(String::as_str))
        }
        (Value::Array(items), Segment::Index(wanted)) => at(
            reference,
            index,
            format!("`{path}` has {} elements, so no [{wanted}]", items.len()),
        ),
        (Value::Array(_), Segment::Key(key)) => at(
            reference,
            index,
            format!("`{path}` is a list, so it has no `{key}`"),
        )
        .help(format!("pick an element: `{path}[0].{key}`")),
        (other, segment) => {
            let kind = match other {
                Value::Null => "null",
                Value::Bool(_) => "a boolean",
                Value::Number(_) => "a number",
                Value::String(_) => "a text",
                Value::Array(_) => "a list",
                Value::Object(_) => "a map",
            };
            let wanted = match segment {
                Segment::Key(key) => format!("`{key}`"),
                Segment::Index(index) => format!("[{index}]"),
                Segment::Dynamic => "elements".into(),
            };
            at(
                reference,
                index,
                format!("`{path}` is {kind}, so it has no {wanted}"),
            )
        }
    }
}
