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
                // A code is one thing, whatever it is sent as: where a journey begins, and where it ends.
                let words = if bits(&frozen.value, &[]) >= STRONG || is_code(&frozen.value) {
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
            let known = self.known_code(&places);
            if calls.len() < 2 && known.is_none() {
                continue;
            }
            // Under which key, and where it was found: one thing is one input.
            let mut named = known;
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
                let mut sent = Sent {
                    call,
                    pointer: frozen.pointer.clone(),
                    key: Key::new(keys, tool),
                    path: path.clone(),
                    value: &frozen.value,
                };
                let schema = schema_at(self.spec(call), &frozen.pointer).cloned();
                let mut found = Found::Repeated;
                if is_code(&frozen.value) {
                    let first = named.get_or_insert_with(|| (sent.key.clone(), found));
                    (sent.key, found) = first.clone();
                }
                let binding = self.input(&sent, found, schema.as_ref());
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

impl Binder<'_, '_> {
    /// The key and the finding place of the input that alone has the code which stands in some places.
    fn known_code(&self, places: &[(usize, usize)]) -> Option<(Key, Found)> {
        let (call, place) = places.first()?;
        let value = &self.decided.get(*call)?.frozen.get(*place)?.value;
        let mut all = self.inputs.of_value(value).filter(|input| {
            is_code(value) && input.value == *value && !matches!(input.found, Found::Answered)
        });
        let one = all.next()?;
        all.next().is_none().then(|| (one.key.clone(), one.found))
    }
}

/// The fewest letters of a code that is one thing under any key.
const SHORTEST_CODE: usize = 3;

/// Whether a value is a code: a few capitals.
fn is_code(value: &Value) -> bool {
    value.as_str().is_some_and(|text| {
        (SHORTEST_CODE..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase())
    })
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
