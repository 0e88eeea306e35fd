//! The document's own parts: name, inputs, limits.

use super::{Context, schemas};
use crate::Finding;
use crate::definition::Step;
use crate::flow::MOST_PRIORITY;
use crate::plan::{InputCheck, pointer};
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) fn check(context: &mut Context<'_>) {
    let document = context.document;
    if !name_is_right(&document.name) {
        context.say(
            Finding::error("bad_name", format!("`{}` cannot be a name", document.name))
                .at_path("/name")
                .help("a name is letters, digits, `_`, `.` and `-`, and begins with a letter or digit"),
        );
    }
    for (name, schema) in &document.inputs {
        let path = pointer(&["inputs", name.as_str()]);
        if !is_word(name) {
            context.say(
                Finding::error("bad_id", format!("`{name}` cannot be the name of an input"))
                    .at_path(&path)
                    .help(
                        "use small letters, digits and `_`: expressions read it as `inputs.name`",
                    ),
            );
        }
        schemas::check(context, schema, &path, true);
        match InputCheck::compile(name, schema) {
            Err(message) => context.say(
                Finding::error(
                    "bad_schema",
                    format!("the schema of input `{name}` is not valid: {message}"),
                )
                .at_path(&path)
                .help("an input is a JSON Schema, such as {type: string, default: EU}"),
            ),
            Ok(input) => {
                if let Some(default) = &input.default {
                    for (_, message) in input.errors(default) {
                        context.say(
                            Finding::error(
                                "bad_default",
                                format!("the default of input `{name}` does not fit its schema: {message}"),
                            )
                            .at_path(format!("{path}/default")),
                        );
                    }
                }
            }
        }
    }
    if document.timeout.is_some_and(|span| span.as_millis() == 0) {
        context.say(zero("/timeout".into(), None));
    }
    if let Some(concurrency) = &document.concurrency
        && concurrency.limit == 0
    {
        context.say(
            Finding::error("bad_value", "`limit` is at least 1").at_path("/concurrency/limit"),
        );
    }
    if let Some(priority) = document.priority
        && !MOST_PRIORITY.contains(&priority)
    {
        context.say(
            Finding::error("bad_value", "`priority` is a number from -1000 to 1000")
                .at_path("/priority")
                .help("a point is worth a minute of waiting"),
        );
    }
    if document.steps.is_empty() {
        context.say(
            Finding::warning(
                "no_steps",
                "the document has no steps, so a run does nothing",
            )
            .at_path("/steps"),
        );
    }
    for list in context.lists {
        let mut seen = BTreeSet::new();
        for (index, step) in list.steps.iter().enumerate() {
            let path = list.at(index);
            id(context, &step.id, "step", &path, &mut seen);
            policies(context, step, &path);
        }
    }
    let mut seen = BTreeSet::new();
    for (index, trigger) in document.triggers.iter().enumerate() {
        id(
            context,
            &trigger.id,
            "trigger",
            &format!("/triggers/{index}"),
            &mut seen,
        );
    }
}

fn zero(path: String, step: Option<&str>) -> Finding {
    let mut finding = Finding::error("bad_value", "a time limit is longer than nothing");
    if let Some(step) = step {
        finding = finding.at_step(step);
    }
    finding.at_path(path)
}

fn id<'a>(
    context: &mut Context<'_>,
    id: &'a str,
    what: &str,
    path: &str,
    seen: &mut BTreeSet<&'a str>,
) {
    if !is_word(id) {
        let dashed = id.contains('-');
        let mut finding = Finding::error("bad_id", format!("`{id}` cannot be the id of a {what}"))
            .at_path(format!("{path}/id"));
        finding = finding.help(if dashed {
            format!(
                "a dash would be a subtraction in an expression: write `{}`",
                id.replace('-', "_")
            )
        } else {
            "an id is small letters, digits and `_`, and begins with a letter".into()
        });
        context.say(finding);
    }
    if !seen.insert(id) {
        context.say(
            Finding::error("duplicate_id", format!("two {what}s have the id `{id}`"))
                .at_path(format!("{path}/id"))
                .help("give one of them another id"),
        );
    }
}

/// Time limits, retries and the like.
fn policies(context: &mut Context<'_>, step: &Step, path: &str) {
    if step.timeout.is_some_and(|span| span.as_millis() == 0) {
        context.say(zero(format!("{path}/timeout"), Some(&step.id)));
    }
    let Some(retry) = &step.retry else { return };
    let mut wrong = |key: &str, message: &str| {
        context.say(
            Finding::error("bad_value", message)
                .at_step(&step.id)
                .at_path(format!("{path}/retry/{key}")),
        );
    };
    if retry.attempts == 0 {
        wrong(
            "attempts",
            "`attempts` counts the first one too, so it is at least 1",
        );
    }
    if !(retry.factor >= 1.0 && retry.factor.is_finite()) {
        wrong("factor", "`factor` is at least 1");
    }
    if retry.total.is_some_and(|span| span.as_millis() == 0) {
        wrong("total", "a time limit is longer than nothing");
    }
}

/// `[a-z][a-z0-9_]*`
pub(super) fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && text.len() <= 128
}

/// `[A-Za-z0-9][A-Za-z0-9_.-]*`
fn name_is_right(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
        && name.len() <= 200
}

/// The cases of a switch by their ids.
pub(super) fn cases(step: &Step) -> Vec<&str> {
    step.with
        .as_ref()
        .and_then(|with| with.get("cases"))
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|case| case.get("id").and_then(Value::as_str))
        .collect()
}
