//! Whose outputs a document reads. What no expression names need not be given to a run that only shows what is asked
//! for: the answers of a long recording are most of it.

use crate::kept::Kept;
use druse_engine::definition::{Document, Step};
use serde_json::Value;
use std::collections::HashSet;

/// The steps whose outputs a document reads.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reads {
    /// Any: something reads them by names that are computed.
    All,
    /// Those with these ids.
    Of(HashSet<String>),
}

impl Reads {
    /// Whose outputs a document may read: rather one more than one less.
    pub(crate) fn of(document: &Document) -> Self {
        let mut reads = HashSet::new();
        for step in [&document.steps, &document.on_failure, &document.finally]
            .into_iter()
            .flatten()
        {
            if reads_itself(step) {
                reads.insert(step.id.clone());
            }
        }
        match of_document(document, &mut reads) {
            true => Self::Of(reads),
            false => Self::All,
        }
    }

    /// Whether the output of the step of a call is read. What stands in a loop is: the loop gives it.
    pub(crate) fn reads(&self, kept: &Kept<'_>) -> bool {
        match self {
            Self::All => true,
            Self::Of(steps) => kept.path().contains('[') || steps.contains(kept.path()),
        }
    }
}

/// Whether a step may read what it gave itself: it says more than what is done with which values.
fn reads_itself(step: &Step) -> bool {
    let Step {
        id: _,
        name: _,
        action: _,
        needs: _,
        join,
        when: _,
        with: _,
        for_each,
        repeat,
        steps,
        timeout: _,
        retry,
        on_error: _,
        delivery: _,
        effects: _,
        idempotency_key,
        output_schema,
        answers_to,
        undo,
        check,
        metadata: _,
    } = step;
    join.is_some()
        || for_each.is_some()
        || repeat.is_some()
        || !steps.is_empty()
        || retry.is_some()
        || idempotency_key.is_some()
        || output_schema.is_some()
        || answers_to.is_some()
        || undo.is_some()
        || check.is_some()
}

/// Gathers the steps that the texts of a document name, but for what is said about it. False where one names them by
/// something that is computed.
fn of_document(document: &Document, reads: &mut HashSet<String>) -> bool {
    let Document {
        druse: _,
        name: _,
        description: _,
        inputs: _,
        triggers,
        concurrency,
        steps,
        on_failure,
        finally,
        undo_on_failure: _,
        timeout: _,
        priority: _,
        outputs,
        capabilities: _,
        metadata: _,
        tests: _,
    } = document;
    let few = [
        serde_json::to_value(triggers),
        serde_json::to_value(concurrency),
    ];
    few.into_iter()
        .all(|few| named(&few.unwrap_or_default(), reads))
        && outputs.values().all(|value| named(value, reads))
        && [steps, on_failure, finally]
            .into_iter()
            .flatten()
            .all(|step| of_step(step, reads))
}

/// The same of a step and its body.
fn of_step(step: &Step, reads: &mut HashSet<String>) -> bool {
    let Step {
        id: _,
        name: _,
        action: _,
        needs: _,
        join: _,
        when,
        with,
        for_each,
        repeat,
        steps,
        timeout: _,
        retry: _,
        on_error: _,
        delivery: _,
        effects: _,
        idempotency_key,
        output_schema,
        answers_to: _,
        undo,
        check,
        metadata: _,
    } = step;
    let few = || {
        [
            serde_json::to_value(for_each),
            serde_json::to_value(repeat),
            serde_json::to_value(undo),
            serde_json::to_value(check),
        ]
    };
    let has_few = for_each.is_some() || repeat.is_some() || undo.is_some() || check.is_some();
    [when, idempotency_key]
        .into_iter()
        .flatten()
        .all(|text| in_text(text, reads))
        && with
            .iter()
            .flat_map(|with| with.values())
            .all(|value| named(value, reads))
        && output_schema.iter().all(|schema| named(schema, reads))
        && (!has_few
            || few()
                .into_iter()
                .all(|few| named(&few.unwrap_or_default(), reads)))
        && steps.iter().all(|step| of_step(step, reads))
}

/// Gathers the steps that texts name. False where one names them by something that is computed.
fn named(value: &Value, reads: &mut HashSet<String>) -> bool {
    match value {
        Value::String(text) => in_text(text, reads),
        Value::Array(items) => items.iter().all(|item| named(item, reads)),
        Value::Object(map) => map.values().all(|item| named(item, reads)),
        _ => true,
    }
}

fn in_text(text: &str, reads: &mut HashSet<String>) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    for (at, word) in text.match_indices("steps") {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let rest = text.get(at + word.len()..).unwrap_or_default();
        if before.is_some_and(joins) || rest.starts_with(joins) {
            continue;
        }
        let rest = rest.trim_start();
        if let Some(name) = rest.strip_prefix('.') {
            let name = name.trim_start();
            let end = name.find(|c| !joins(c)).unwrap_or(name.len());
            reads.extend(name.get(..end).map(str::to_owned));
        } else if rest.starts_with(['[', '|', ',', ')']) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(steps: Value) -> Reads {
        let document = json!({ "druse": 1, "name": "x", "steps": steps });
        Reads::of(&serde_json::from_value(document).unwrap())
    }

    #[test]
    fn what_is_named_is_read_and_what_is_computed_reads_all() {
        let two = |with: Value| {
            json!([
                { "id": "a", "action": "emit", "with": { "type": "com.example.a" } },
                { "id": "b", "action": "emit", "with": with },
            ])
        };
        let read =
            |names: &[&str]| Reads::Of(names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(of(two(json!({ "type": "footsteps.a" }))), read(&[]));
        assert_eq!(
            of(two(
                json!({ "type": "x", "data": { "v": "{{ steps.a.output.id }} {{ steps . c.status }}" } })
            )),
            read(&["a", "c"])
        );
        for computed in [
            "{{ steps['a'].output }}",
            "{{ steps[inputs.x] }}",
            "{{ steps | length }}",
        ] {
            assert_eq!(
                of(two(json!({ "type": "x", "data": computed }))),
                Reads::All,
                "{computed}"
            );
        }
        let mut own = two(json!({ "type": "x" }));
        own[1]["output_schema"] = json!({ "type": "object" });
        assert_eq!(of(own), read(&["b"]));
    }
}
