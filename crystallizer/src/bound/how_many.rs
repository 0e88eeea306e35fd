//! None and one that a change sends because a look had found so many: they are what is sent when nothing is said, too,
//! and nothing but the look tells them apart.

use super::answers::is_collection;
use super::binder::{Binder, Sent};
use super::binding::Why;
use super::inputs::{is_default, schema_at};
use super::key::{noun, words};
use super::parts;
use super::total::Total;
use serde_json::Value;

/// How deep in an answer a list is looked for.
const DEEPEST: usize = 3;

impl Binder<'_, '_> {
    /// The question about a none or a one, or about what is true or false, under a key that names the things of a list
    /// which a look had found, where there were so many of them.
    pub(super) fn how_many(&mut self, sent: &Sent<'_>) -> Option<Why> {
        let wanted = match sent.value {
            Value::Bool(any) => u64::from(*any),
            Value::Number(number) => number.as_u64().filter(|number| *number <= 1)?,
            _ => return None,
        };
        let schema = schema_at(self.spec(sent.call), &sent.pointer);
        if self.at_hand.is_none() || !self.changes(sent.call) || is_default(schema, sent.value) {
            return None;
        }
        let mut found: Vec<(usize, Vec<String>, usize)> = Vec::new();
        for call in self.looks_before(sent.call) {
            let (Some(root), Some(look)) = (self.answers.root(call), self.kept.get(call)) else {
                continue;
            };
            lists(root, &mut Vec::new(), &mut |path, items| {
                let own = path.last().map_or_else(Vec::new, |key| words(key));
                let called = match own.first().map(String::as_str) {
                    None | Some("item" | "result" | "data" | "record" | "entry" | "hit") => {
                        noun(&look.call.name)
                    }
                    Some(_) => own,
                };
                let is_named =
                    !called.is_empty() && called.iter().all(|word| sent.key.words.contains(word));
                let fits = match sent.value {
                    Value::Bool(any) => *any != items.is_empty(),
                    _ => u64::try_from(items.len()).is_ok_and(|count| count == wanted),
                };
                if is_named && fits {
                    found.push((call, path.to_vec(), items.len()));
                }
            });
        }
        if found.is_empty() {
            return None;
        }
        let mut all = Vec::new();
        for (call, path, count) in found {
            let Some(count) = self.field_of(call, &path, Total::Count, &count.into()) else {
                continue;
            };
            all.push(match sent.value {
                Value::Bool(_) => {
                    let because = "the list had some in the recording, or none";
                    parts::made(vec![count], sent.value, because, |part| {
                        format!("{} > 0", part[0])
                    })
                }
                _ => count,
            });
        }
        Some(self.one_of(sent, all))
    }
}

/// The lists of an answer that keys lead to.
pub(super) fn lists(
    value: &Value,
    path: &mut Vec<String>,
    then: &mut dyn FnMut(&[String], &[Value]),
) {
    match value {
        Value::Array(items) => then(path, items),
        Value::Object(map) if path.len() < DEEPEST && !is_collection(map) => {
            for (key, inner) in map {
                path.push(key.clone());
                lists(inner, path, then);
                path.pop();
            }
        }
        _ => {}
    }
}
