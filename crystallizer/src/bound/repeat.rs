//! Values that the agent brought along in several calls: parameters of the task that nobody spelled out.

use super::binder::{Binder, Sent};
use super::binding::{Frozen, Piece, Why};
use super::canonical;
use super::information::{STRONG, bits};
use super::inputs::{Found, schema_at};
use super::key::{Key, keys_of, words};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

impl Binder<'_, '_> {
    /// Values that the agent brought along in several calls become inputs.
    pub(super) fn repeated(&mut self) {
        // By value and words of the key: the calls, and the place among what each froze.
        type Users = BTreeMap<(String, Vec<String>), Vec<(usize, usize)>>;
        let mut users = Users::new();
        for (call, decided) in self.decided.iter().enumerate() {
            for (place, frozen) in decided.frozen.iter().enumerate() {
                if !matches!(frozen.why, Why::Agent | Why::Held(_) | Why::Made(_))
                    || !is_brought_along(frozen)
                {
                    continue;
                }
                let Some(form) = canonical::form(&frozen.value) else {
                    continue;
                };
                let words = if bits(&frozen.value, &[]) >= STRONG {
                    Vec::new()
                } else {
                    words(&frozen.key)
                };
                users.entry((form, words)).or_default().push((call, place));
            }
        }
        let mut gone: BTreeSet<(usize, usize)> = BTreeSet::new();
        for places in users.into_values() {
            let calls: BTreeSet<usize> = places.iter().map(|(call, _)| *call).collect();
            if calls.len() < 2 {
                continue;
            }
            for (call, place) in places {
                let Some(frozen) = self
                    .decided
                    .get(call)
                    .and_then(|decided| decided.frozen.get(place))
                    .cloned()
                else {
                    continue;
                };
                let path = keys_of(&frozen.pointer);
                let tool = self
                    .kept
                    .get(call)
                    .map_or("", |kept| kept.call.name.as_str());
                let keys = path
                    .iter()
                    .map(String::as_str)
                    .filter(|word| !word.bytes().all(|b| b.is_ascii_digit()));
                let sent = Sent {
                    call,
                    pointer: frozen.pointer.clone(),
                    key: Key::new(keys, tool),
                    path: path.clone(),
                    value: &frozen.value,
                };
                let schema = schema_at(self.spec(call), &frozen.pointer).cloned();
                let binding = self.input(&sent, Found::Repeated, schema.as_ref());
                self.bind(&sent, vec![Piece::Value(Box::new(binding))]);
                gone.insert((call, place));
            }
        }
        for (call, decided) in self.decided.iter_mut().enumerate() {
            let mut place = 0;
            decided.frozen.retain(|_| {
                place += 1;
                !gone.contains(&(call, place - 1))
            });
        }
    }
}

/// Whether a value that the agent sent again and again is a parameter of the task: an id, a path, a code. Words and
/// phrases are how the agent works.
fn is_brought_along(frozen: &Frozen) -> bool {
    match &frozen.value {
        Value::String(text) => {
            let is_code =
                (2..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase());
            text.len() <= 300 && (crate::value_class::of(text).is_some() || is_code)
        }
        Value::Number(number) => number.to_string().len() >= 3,
        _ => false,
    }
}
