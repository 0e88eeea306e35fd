//! What of a `wait` for an event is not rendered but evaluated with each event.

use super::Block;
use super::build::expression;
use crate::definition::{Document, Step};
use crate::expression::Expression;
use crate::{Finding, Pattern};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The name of the event in the `when` of a `wait`.
pub(crate) const EVENT: &str = "event";

/// Which event a `wait` takes.
#[derive(Debug)]
pub struct Hears {
    /// The event must make this hold.
    pub when: Option<Expression>,
    /// A part of the event, as keys from the outside in, and what `when` demands it to be equal to: waits
    /// are found by it without evaluating `when`.
    pub key: Option<(Vec<String>, Expression)>,
    /// Whether the step succeeds when no event came in time.
    pub goes_on: bool,
}

/// The `when` of a `wait` for an event.
pub(crate) fn when_of(step: &Step) -> Option<&str> {
    if step.action.as_deref() != Some("wait") {
        return None;
    }
    step.with.as_ref()?.get("event")?.get("when")?.as_str()
}

/// The configuration of a `wait` without the `when` of its event, which is no template.
pub(crate) fn without_when(step: &Step) -> Option<Map<String, Value>> {
    when_of(step)?;
    let mut with = step.with.clone()?;
    with.get_mut("event")?.as_object_mut()?.remove("when");
    Some(with)
}

/// What a step hears; nothing when it is no `wait` for an event.
pub(super) fn hears(step: &Step, path: &str, findings: &mut Vec<Finding>) -> Option<Box<Hears>> {
    let with = step.with.as_ref()?;
    if step.action.as_deref() != Some("wait") || !with.contains_key("event") {
        return None;
    }
    let when = when_of(step).and_then(|source| {
        expression(
            source,
            &format!("{path}/with/event/when"),
            &step.id,
            findings,
        )
    });
    Some(Box::new(Hears {
        key: when.as_ref().and_then(|when| when.demanded_of(EVENT)),
        when,
        goes_on: with.get("on_timeout").and_then(Value::as_str) == Some("continue"),
    }))
}

/// The types of events that steps of these lists may wait for.
pub(super) fn types_of(document: &Document, blocks: &[Block]) -> Vec<Pattern> {
    let steps = blocks.iter().flat_map(|block| &block.steps);
    let types: BTreeSet<Pattern> = steps
        .filter(|step| step.hears.is_some())
        .map(|step| {
            let with = step.written.of(document).with.as_ref();
            let event = with.and_then(|with| with.get("event"));
            let written = event.and_then(|event| event.get("type")?.as_str());
            // One that was stored before it was refused may be computed as a whole.
            Pattern::new(&written.map_or_else(|| "*".into(), with_stars))
        })
        .collect();
    types.into_iter().collect()
}

/// A template with `*` in the place of what is computed.
fn with_stars(template: &str) -> String {
    let mut rest = template;
    let mut text = String::new();
    while let Some((before, behind)) = rest.split_once("{{") {
        text.push_str(before);
        text.push('*');
        // A `}}` inside of a text of the expression only makes more of it a `*`.
        rest = behind.rsplit_once("}}").map_or("", |(_, rest)| rest);
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_computed_is_any_characters() {
        for (template, expected) in [
            ("a.b", "a.b"),
            ("a.{{ inputs.x }}", "a.*"),
            ("a.{{ inputs.x }}.b", "a.*.b"),
            ("{{ '}}' }}.b", "*.b"),
            ("a{{ x }}b{{ y }}c", "a*c"),
        ] {
            assert_eq!(with_stars(template), expected, "{template}");
        }
    }
}
