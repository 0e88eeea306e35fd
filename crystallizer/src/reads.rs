//! Whose outputs a document reads. What no expression names need not be given to a run that only shows what is asked
//! for: the answers of a long recording are most of it.

use crate::kept::Kept;
use druse_engine::definition::Document;
use serde_json::Value;
use std::collections::BTreeSet;

/// What a step may say without reading what it gave itself.
const PLAIN: [&str; 11] = [
    "action", "delivery", "effects", "id", "metadata", "name", "needs", "on_error", "timeout",
    "when", "with",
];

/// The steps whose outputs a document reads.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reads {
    /// Any: something reads them by names that are computed.
    All,
    /// Those with these ids.
    Of(BTreeSet<String>),
}

impl Reads {
    /// Whose outputs a document may read: rather one more than one less.
    pub(crate) fn of(document: &Document) -> Self {
        let mut reads = BTreeSet::new();
        let mut value = serde_json::to_value(document).unwrap_or_default();
        // What is said about the document is no part of what it does.
        if let Some(map) = value.as_object_mut() {
            map.shift_remove("metadata");
            map.shift_remove("inputs");
        }
        for list in ["steps", "on_failure", "finally"] {
            for step in value[list].as_array().into_iter().flatten() {
                if let Some(map) = step.as_object()
                    && map.keys().any(|key| !PLAIN.contains(&key.as_str()))
                    && let Some(id) = step["id"].as_str()
                {
                    reads.insert(id.to_owned());
                }
            }
        }
        match named(&value, &mut reads) {
            true => Self::Of(reads),
            false => Self::All,
        }
    }

    /// Whether the output of the step of a call is read. What stands in a loop is: the loop gives it.
    pub(crate) fn reads(&self, kept: &Kept<'_>) -> bool {
        match self {
            Self::All => true,
            Self::Of(steps) => kept.path.contains('[') || steps.contains(&kept.path),
        }
    }
}

/// Gathers the steps that texts name. False where one names them by something that is computed.
fn named(value: &Value, reads: &mut BTreeSet<String>) -> bool {
    match value {
        Value::String(text) => in_text(text, reads),
        Value::Array(items) => items.iter().all(|item| named(item, reads)),
        Value::Object(map) => map.values().all(|item| named(item, reads)),
        _ => true,
    }
}

fn in_text(text: &str, reads: &mut BTreeSet<String>) -> bool {
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
