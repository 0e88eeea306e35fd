//! Values that the agent brought along in several calls: parameters of the task that nobody spelled out.

use super::binder::{Binder, Sent};
use super::binding::{Frozen, Piece, Source, Why};
use super::canonical;
use super::data::holds_data;
use super::information::{STRONG, bits, names_things};
use super::inputs::{Found, schema_at};
use super::key::{Key, keys_of, words};
use super::qualifier::Unit;
use super::unsourced::open_choices;
use crate::trust::is_recipient;
use crate::value_class::{self, ValueClass};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

impl Binder<'_, '_> {
    /// Values that the agent brought along in several calls become inputs. Those that a change is sent stay a question:
    /// nobody said them, and a run has to be given its own.
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
            // What a change is sent is still asked about: it is another thing in each run.
            let is_sent = calls.iter().any(|call| self.changes(*call));
            let mut open = Vec::new();
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
                gone.insert((call, place));
                let is_own = self
                    .kept
                    .get(call)
                    .is_some_and(|kept| kept.target.own_tool || kept.target.shell.is_some());
                let is_new =
                    is_sent && !is_own && frozen.question.is_none() && is_code(&frozen.value);
                match is_new {
                    true => open.extend(self.asked(call, &frozen).map(|frozen| (call, frozen))),
                    false => open.push((call, frozen)),
                }
            }
            for (call, frozen) in open {
                let mut sent = self.sent_again(call, &frozen);
                let schema = schema_at(self.spec(call), &frozen.pointer).cloned();
                let mut found = Found::Repeated;
                if is_one_code(&frozen.value) {
                    let first = named.get_or_insert_with(|| (sent.key.clone(), found));
                    (sent.key, found) = first.clone();
                }
                let binding = self.input(&sent, found, schema.as_ref());
                let is_open = frozen.question.is_some()
                    && self.changes(call)
                    && matches!(found, Found::Repeated);
                if matches!(found, Found::Repeated)
                    && let (Source::Input(name), Some(kept)) =
                        (&binding.source, self.kept.get(call))
                {
                    let has_none = is_open && is_of_run(&frozen.key, &frozen.value);
                    self.inputs.brought_to(name, &kept.step, has_none);
                }
                self.bind(&sent, vec![Piece::Value(Box::new(binding))]);
                if is_open && let Some(decided) = self.decided.get_mut(call) {
                    decided.brought.push(frozen.clone());
                }
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

    /// A value that stays, as it was sent.
    fn sent_again<'f>(&self, call: usize, frozen: &'f Frozen) -> Sent<'f> {
        let path = keys_of(&frozen.pointer);
        let tool = self
            .kept
            .get(call)
            .map_or("", |kept| kept.call.name.as_str());
        let keys = path
            .iter()
            .map(String::as_str)
            .filter(|word| !word.bytes().all(|b| b.is_ascii_digit()));
        Sent {
            call,
            pointer: frozen.pointer.clone(),
            key: Key::new(keys, tool),
            path: path.clone(),
            value: &frozen.value,
        }
    }

    /// Asks about a value that nobody was asked about; the open question, where no answer, no yes and no other recording
    /// tells it.
    fn asked(&mut self, call: usize, frozen: &Frozen) -> Option<Frozen> {
        let sent = self.sent_again(call, frozen);
        self.freeze(&sent, Why::Made(open_choices()));
        let all = &mut self.decided.get_mut(call)?.frozen;
        let is_open = all
            .last()
            .is_some_and(|last| last.pointer == frozen.pointer && matches!(last.why, Why::Made(_)));
        if is_open { all.pop() } else { None }
    }
}

impl Binder<'_, '_> {
    /// The key and the finding place of the input that alone has the code which stands in some places.
    fn known_code(&self, places: &[(usize, usize)]) -> Option<(Key, Found)> {
        let (call, place) = places.first()?;
        let value = &self.decided.get(*call)?.frozen.get(*place)?.value;
        let mut all = self.inputs.of_value(value).filter(|input| {
            is_one_code(value) && input.value == *value && !matches!(input.found, Found::Answered)
        });
        let one = all.next()?;
        all.next().is_none().then(|| (one.key.clone(), one.found))
    }
}

/// The fewest letters of a code that is one thing under any key.
const SHORTEST_CODE: usize = 3;

/// Whether a value is a code that is one thing under any key: a few capitals.
fn is_one_code(value: &Value) -> bool {
    value.as_str().is_some_and(|text| {
        (SHORTEST_CODE..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase())
    })
}

/// Whether a value that the agent sent again and again is a parameter of the task: an id, a path, a code. Words and
/// phrases are how the agent works.
fn is_brought_along(frozen: &Frozen) -> bool {
    match &frozen.value {
        Value::String(text) => {
            text.len() <= 300 && (crate::value_class::of(text).is_some() || is_code(&frozen.value))
        }
        Value::Number(number) => number.to_string().len() >= 3,
        _ => false,
    }
}

/// Whether a value under a key can hardly be the same in another run: a day, an id, a code, an amount, somebody. How
/// long is waited, a file or an option may be.
pub(super) fn is_of_run(key: &str, value: &Value) -> bool {
    let own = words(key);
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return false,
    };
    if names_things(&own) || is_recipient(key) {
        return true;
    }
    let is_file = crate::trust::is_path(key)
        || own.last().is_some_and(|last| last == "name")
        || text.contains('/') && !text.contains("://");
    let class = value_class::of(&text);
    match value {
        Value::Number(_) => Unit::Money.is_of(&own) || class == Some(ValueClass::Id),
        _ if value_class::is_date(&text) || value_class::is_moment(&text) || is_code(value) => true,
        _ => {
            !is_file
                && (class.is_some_and(|class| class != ValueClass::Path) || holds_data(key, &text))
        }
    }
}

/// Whether a value is a code of a few capitals: an airport, a currency.
fn is_code(value: &Value) -> bool {
    value.as_str().is_some_and(|text| {
        (2..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase())
    })
}

#[cfg(test)]
mod tests {
    use super::is_of_run;
    use serde_json::json;

    #[test]
    fn what_is_of_one_run_is_told_by_its_kind() {
        for (key, value) in [
            ("date", json!("2025-05-04")),
            ("start", json!("2025-05-04 10:00")),
            ("origin", json!("JFK")),
            ("customer_id", json!("ana_lee_77")),
            ("order", json!("W48121")),
            ("order", json!(48_121)),
            ("amount", json!(150)),
            ("recipient", json!("ana")),
            ("phone", json!("+43 660 1234567")),
        ] {
            assert!(is_of_run(key, &value), "{key} {value}");
        }
        for (key, value) in [
            ("duration", json!(500)),
            ("duration", json!(5.25)),
            ("file_name", json!("report2.txt")),
            ("path", json!("/srv/data/report2.txt")),
            ("enabled", json!(true)),
        ] {
            assert!(!is_of_run(key, &value), "{key} {value}");
        }
    }
}
