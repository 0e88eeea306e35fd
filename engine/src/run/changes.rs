//! What differs between what a gate asked about and what is so now.

use crate::event::Change;
use crate::json::canonical;
use crate::{Digest, Json};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The most differences that are said, and the most bytes of each value in them.
const MOST_CHANGES: usize = 50;
const SHOWN_CHANGE: usize = 2 * 1024;

/// Differences, up to a number of them.
#[derive(Default)]
pub(super) struct Found {
    pub(super) changes: Vec<Change>,
}

impl Found {
    /// Compares two values, and notes each part that differs.
    pub(super) fn differ(&mut self, what: &str, pointer: &str, before: &Value, after: &Value) {
        if before == after || self.changes.len() >= MOST_CHANGES {
            return;
        }
        match (before, after) {
            (Value::Object(old), Value::Object(new)) => {
                let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
                for key in keys {
                    let pointer =
                        format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                    let part = |map: &serde_json::Map<String, Value>| {
                        map.get(key).cloned().unwrap_or_default()
                    };
                    self.differ(what, &pointer, &part(old), &part(new));
                }
            }
            (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
                for (index, (old, new)) in old.iter().zip(new).enumerate() {
                    self.differ(what, &format!("{pointer}/{index}"), old, new);
                }
            }
            _ => self.changes.push(Change {
                what: format!("{what}{pointer}"),
                before: short(before),
                after: short(after),
            }),
        }
    }
}

/// A value, or of a large one its size and digest.
fn short(value: &Value) -> Json {
    let text = canonical(value);
    if text.len() <= SHOWN_CHANGE {
        return value.clone().into();
    }
    json!({ "bytes": text.len(), "digest": Digest::of(text.as_bytes()) }).into()
}
