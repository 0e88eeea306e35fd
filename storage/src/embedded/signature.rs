//! What a search by input or label need not look at: each run's entry in the index holds 64 bits, a few of
//! them set for each of its inputs' values and each of its labels. A run that lacks a bit of what is
//! searched for does not have it; of the others the head is read and compared.

use crate::entity::RunHead;
use crate::store::RunQuery;
use druse_engine::Json;
use serde_json::Value;

/// The most values of a run that are told apart; one with more may have anything.
const MOST: usize = 24;
/// How deep a value of an input is looked into.
const DEPTH: usize = 4;
/// The member of a run's cause that holds its labels.
pub(crate) const LABELS: &str = "labels";

/// The bits of a run.
pub(crate) fn of(inputs: &Json, cause: &Json) -> u64 {
    let mut bits = 0;
    let mut count = 0;
    if let Some(inputs) = inputs.value().as_object() {
        for (name, value) in inputs {
            leaves(name, value, DEPTH, &mut |path, text| {
                bits |= mask('i', path, text);
                count += 1;
            });
        }
    }
    if let Some(labels) = cause.value().get(LABELS).and_then(Value::as_object) {
        for (name, value) in labels {
            if let Some(text) = plain(value) {
                bits |= mask('l', name, &text);
                count += 1;
            }
        }
    }
    if count > MOST { u64::MAX } else { bits }
}

/// The bits that a run has if it is what is searched for.
pub(crate) fn wanted(query: &RunQuery) -> u64 {
    // What lies deeper than is looked into has no bits.
    let inputs = query.inputs.iter();
    let inputs = inputs.filter(|(name, _)| name.matches('.').count() <= DEPTH);
    let inputs = inputs.map(|(name, text)| mask('i', name, text));
    let labels = query
        .labels
        .iter()
        .map(|(name, text)| mask('l', name, text));
    inputs.chain(labels).fold(0, |bits, mask| bits | mask)
}

/// Whether a run has the inputs and labels that are searched for.
pub(crate) fn fits(head: &RunHead, query: &RunQuery) -> bool {
    let inputs = head.inputs.value();
    let has_input = |(name, wanted): &(String, String)| {
        // A name may hold dots itself: it comes first.
        let found = inputs.get(name).or_else(|| {
            let mut parts = name.split('.');
            let first = inputs.get(parts.next()?)?;
            parts.try_fold(first, |value, part| value.get(part))
        });
        found.and_then(plain).as_deref() == Some(wanted)
    };
    let labels = head.cause.value().get(LABELS);
    let has_label = |(name, wanted): &(String, String)| {
        let found = labels.and_then(|labels| labels.get(name));
        found.and_then(plain).as_deref() == Some(wanted)
    };
    query.inputs.iter().all(has_input) && query.labels.iter().all(has_label)
}

/// A value as it is written in a search; nothing for lists and objects.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null => Some("null".into()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

fn leaves(path: &str, value: &Value, depth: usize, found: &mut dyn FnMut(&str, &str)) {
    if let Some(text) = plain(value) {
        return found(path, &text);
    }
    if let (Some(object), true) = (value.as_object(), depth > 0) {
        for (name, value) in object {
            leaves(&format!("{path}.{name}"), value, depth - 1, found);
        }
    }
}

/// Three bits of 64 (FNV-1a).
fn mask(kind: char, name: &str, text: &str) -> u64 {
    let bytes = [kind as u8]
        .into_iter()
        .chain(name.bytes())
        .chain([0])
        .chain(text.bytes());
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for byte in bytes {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    // The lowest bits of this hash are weak.
    let hash = hash ^ (hash >> 32);
    (1 << (hash & 63)) | (1 << ((hash >> 6) & 63)) | (1 << ((hash >> 12) & 63))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_run_has_the_bits_of_each_of_its_values_and_of_few_others() {
        let run = |number: u64| {
            let inputs = json!({
                "region": "EU", "number": number, "deep": { "er": { "flag": true } }, "list": [1],
            });
            of(
                &inputs.into(),
                &json!({ "kind": "manual", "labels": { "ticket": "OPS-1" } }).into(),
            )
        };
        let query = |inputs: &[(&str, &str)], labels: &[(&str, &str)]| {
            let own = |pairs: &[(&str, &str)]| {
                let own = |(name, text): &(&str, &str)| ((*name).into(), (*text).into());
                pairs.iter().map(own).collect()
            };
            wanted(&RunQuery {
                inputs: own(inputs),
                labels: own(labels),
                ..RunQuery::default()
            })
        };
        for query in [
            query(&[("region", "EU")], &[]),
            query(
                &[("number", "7"), ("deep.er.flag", "true")],
                &[("ticket", "OPS-1")],
            ),
        ] {
            assert_eq!(run(7) & query, query);
        }
        let odd = query(&[("number", "100000")], &[]);
        let taken = (0..10_000)
            .filter(|number| run(*number) & odd == odd)
            .count();
        assert!(taken < 400, "{taken} of 10000 would be looked at");
        let mut many = serde_json::Map::new();
        many.extend((0..50).map(|number| (format!("n{number}"), json!(number))));
        assert_eq!(of(&Value::from(many).into(), &json!({}).into()), u64::MAX);
    }
}
