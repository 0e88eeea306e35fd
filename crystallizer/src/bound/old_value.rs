//! Values that a change puts in the place of what the record had: one more, one less, what is left. Where the recorded
//! record had nothing yet, or nothing any more, what was sent looks like all that there is, and a run would write it
//! over what another record has.

use super::at_hand::Old;
use super::binder::{Binder, Sent};
use super::binding::{Binding, Source, Why};
use super::inputs::{Found, schema_at};
use super::key::{Key, words};
use super::parts;
use super::said::Mention;
use super::total::Total;
use super::turn::closed;
use serde_json::Value;

/// The most elements of a list that are compared with another one by one.
const MOST_ELEMENTS: usize = 50;
/// The letters from which on a text is looked for in what was said.
const SHORTEST: usize = 3;
/// The most numbers of a record that may be what was taken from another.
const MOST_TAKEN: usize = 2;

impl<'a> Binder<'a, '_> {
    /// Asks about a list that takes the place of the one that the record has, with one more or less. Whether it did.
    pub(super) fn alters_list(&mut self, at: usize, value: &'a Value, path: &[String]) -> bool {
        let Some(items) = value.as_array().filter(|_| self.may_alter(at)) else {
            return false;
        };
        let is_plain = |item: &Value| item.is_string() || item.is_number();
        if items.len() > MOST_ELEMENTS || !items.iter().all(is_plain) {
            return false;
        }
        let sent = self.sent(at, value, path);
        let Some(old) = self.old(&sent) else {
            return false;
        };
        let none = Vec::new();
        let had = match &old.value {
            Value::Array(had) => had,
            Value::Null => &none,
            _ => return false,
        };
        if had == items || !had.iter().all(is_plain) {
            return false;
        }
        let more: Vec<&Value> = items.iter().filter(|item| !had.contains(item)).collect();
        let less: Vec<&Value> = had.iter().filter(|item| !items.contains(item)).collect();
        let deed = self.said.deed(None, &sent.key.words, &self.strong);
        let is_altered = match (more.is_empty(), less.is_empty()) {
            (true, false) if items.is_empty() => !deed.is_whole(),
            (true, false) => deed.takes(),
            (false, true) => deed.adds_to_list() && !deed.replaces(),
            _ => false,
        };
        // Where the order was changed, too, it is another list.
        let rest: Vec<&Value> = had.iter().filter(|item| !less.contains(item)).collect();
        if !is_altered || !items.iter().take(rest.len()).eq(rest.iter().copied()) {
            return false;
        }
        let altered = self.list_altered(&sent, &old, &more, &less);
        let why = self.one_of(&sent, altered.into_iter().collect());
        self.freeze(&sent, why);
        true
    }

    /// Asks about a text or a value that is taken away, where a person named what was there.
    pub(super) fn emptied(&mut self, at: usize, value: &'a Value, path: &[String]) {
        if path.is_empty() || !self.may_alter(at) {
            return;
        }
        let sent = self.sent(at, value, path);
        if !is_written_on(&sent.key) || self.is_default_of(&sent) {
            return;
        }
        let Some(old) = self.old(&sent) else { return };
        let is_said = old.value.as_str().is_some_and(|text| {
            text.chars().count() >= SHORTEST && self.said_by_person(&old.value, &sent.key).is_some()
        });
        let deed = self.said.deed(None, &sent.key.words, &self.strong);
        if is_said && deed.takes() && !deed.is_whole() {
            let why = self.one_of(&sent, Vec::new());
            self.freeze(&sent, why);
        }
    }
}

impl Binder<'_, '_> {
    /// The question about a number or a text that was put to nothing: what the record has in another run would be lost.
    pub(super) fn put_to_old(&mut self, sent: &Sent<'_>) -> Option<Why> {
        if !self.may_alter(sent.call) {
            return None;
        }
        match sent.value {
            Value::Number(_) => self.counted_up(sent),
            Value::String(text) if is_written_on(&sent.key) && !text.is_empty() => {
                self.written_on(sent)
            }
            _ => None,
        }
    }

    /// A number that was added to none, or one more or less that nobody said.
    fn counted_up(&mut self, sent: &Sent<'_>) -> Option<Why> {
        let own = sent.value.as_f64()?;
        let mention = self.said_by_person(sent.value, &sent.key);
        // What is more than one and was not said is asked about anyway.
        if mention.is_none() && !(own == 0.0 || own == 1.0) {
            return None;
        }
        let old = self.old(sent)?;
        let had = match &old.value {
            Value::Number(had) => had.as_f64()?,
            Value::Null => 0.0,
            _ => return None,
        };
        let deed = self
            .said
            .deed(mention.as_ref(), &sent.key.words, &self.strong);
        let (adds, takes, is_whole) = (deed.adds(), deed.takes(), deed.is_whole());
        let Some(mention) = mention else {
            let by_one = (own - had).abs() == 1.0 && !is_whole;
            if own == had || old.value.is_null() || !by_one && !adds && !takes {
                return None;
            }
            let sign = if own > had { '+' } else { '-' };
            let old = self.had(&old);
            let by_one = old.filter(|_| by_one).map(|old| {
                let because = "the record had one less, or one more";
                parts::made(vec![old], sent.value, because, |part| {
                    format!("{} {sign} 1", part[0])
                })
            });
            return Some(self.one_of(sent, by_one.into_iter().collect()));
        };
        if had != 0.0 || own == 0.0 || !adds || self.said.is_the_end(&mention) {
            return None;
        }
        let is_null = old.value.is_null();
        let (had, put) = (self.had(&old), self.put(sent, sent.value, mention));
        let sum = had.map(|had| {
            let because = "it was put to what the record had";
            parts::made(vec![had, put], sent.value, because, |part| match is_null {
                true => format!("({} or 0) + {}", part[0], part[1]),
                false => format!("{} + {}", part[0], part[1]),
            })
        });
        Some(self.one_of(sent, sum.into_iter().collect()))
    }

    /// A text that a person said, written where nothing stood yet.
    fn written_on(&mut self, sent: &Sent<'_>) -> Option<Why> {
        let mention = self.said_by_person(sent.value, &sent.key)?;
        let old = self.old(sent)?;
        let is_empty = old.value.is_null() || old.value.as_str().is_some_and(str::is_empty);
        let deed = self
            .said
            .deed(Some(&mention), &sent.key.words, &self.strong);
        if !is_empty || !deed.adds() || deed.replaces() {
            return None;
        }
        let (had, put) = (self.had(&old), self.put(sent, sent.value, mention));
        let both = had.map(|had| {
            let because = "it was written behind what the record had";
            parts::made(vec![had, put], sent.value, because, |part| {
                format!("(({} or '') ~ '\\n' ~ {}) | trim", part[0], part[1])
            })
        });
        Some(self.one_of(sent, both.into_iter().collect()))
    }

    /// The question about a number that is taken from a record, where a person meant what is left of it and nothing had
    /// been taken from it yet.
    pub(super) fn what_is_left(&mut self, sent: &Sent<'_>, binding: &Binding) -> Option<Why> {
        let Source::Output(place) = &binding.source else {
            return None;
        };
        if !sent.value.is_number() || !self.may_alter(sent.call) {
            return None;
        }
        let (call, field) = (place.call, self.answers.last_key(place));
        let is_rest = |key: &str| {
            words(key).iter().any(|word| {
                matches!(
                    word.as_str(),
                    "rest"
                        | "remaining"
                        | "remainder"
                        | "left"
                        | "outstanding"
                        | "open"
                        | "balance"
                        | "due"
                )
            })
        };
        let deed = self.said.deed(None, &sent.key.words, &self.strong);
        if !deed.is_rest() || is_rest(&field) {
            return None;
        }
        let record = self.records_before(sent).find(|record| {
            record.call == call && record.map.get(&field).is_some_and(|one| one == sent.value)
        })?;
        let path = record.path.clone();
        let taken = record.map.iter();
        let taken = taken.filter(|(_, value)| value.as_f64() == Some(0.0) && value.is_number());
        let taken: Vec<(String, Value)> = taken
            .take(MOST_TAKEN)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        if taken.is_empty() {
            return None;
        }
        let mut all = vec![binding.clone()];
        for (key, value) in taken {
            let Some(mut path) = path.clone() else { break };
            path.push(key);
            if let Some(less) = self.field_of(call, &path, Total::Field, &value) {
                let because = "so much was left of it";
                let both = vec![binding.clone(), less];
                all.push(parts::made(both, sent.value, because, |part| {
                    format!("{} - {}", part[0], part[1])
                }));
            }
        }
        Some(self.one_of(sent, all))
    }

    /// Whether what a call sends may take the place of something: it is a change of its own, not the pass of a loop.
    fn may_alter(&self, call: usize) -> bool {
        self.at_hand.is_some()
            && self.changes(call)
            && self
                .kept
                .get(call)
                .is_some_and(|kept| !kept.target.own_tool)
    }

    fn is_default_of(&self, sent: &Sent<'_>) -> bool {
        let schema = schema_at(self.spec(sent.call), &sent.pointer);
        super::inputs::is_default(schema, sent.value)
    }

    /// Where a person said a value.
    pub(super) fn said_by_person(&self, value: &Value, key: &Key) -> Option<Mention> {
        let mention = self.said.find(value, &key.full());
        mention.filter(|mention| mention.person)
    }

    /// What gives the old value, where keys lead to it.
    fn had(&mut self, old: &Old) -> Option<Binding> {
        self.field_of(old.call, old.path.as_deref()?, Total::Field, &old.value)
    }

    /// The input that gives what was put to the old value. Of the argument it is a part: what further recordings have there
    /// is no value of the input.
    fn put(&mut self, sent: &Sent<'_>, value: &Value, mention: Mention) -> Binding {
        let part = Sent {
            call: sent.call,
            pointer: String::new(),
            path: sent.path.clone(),
            key: sent.key.clone(),
            value,
        };
        self.input(&part, Found::Said(mention), None)
    }

    /// What makes the new list of the old one, where a person said all that is in the one alone.
    fn list_altered(
        &mut self,
        sent: &Sent<'_>,
        old: &Old,
        more: &[&Value],
        less: &[&Value],
    ) -> Option<Binding> {
        let mut parts = Vec::new();
        for value in more.iter().chain(less) {
            let mention = self.said_by_person(value, &sent.key)?;
            parts.push(self.put(sent, value, mention));
        }
        parts.insert(0, self.had(old)?);
        let is_null = old.value.is_null();
        let adds = !more.is_empty();
        let because = match adds {
            true => "it was put to what the record had",
            false => "it was taken from what the record had",
        };
        Some(parts::made(parts, sent.value, because, |part| {
            let had = match is_null {
                true => format!("({} or [])", part[0]),
                false => closed(&part[0]),
            };
            match adds {
                true => format!("{had} + [{}]", part[1..].join(", ")),
                false => part[1..]
                    .iter()
                    .fold(had, |had, one| format!("{had} | reject('eq', {one})")),
            }
        }))
    }
}

/// Whether more is written behind what stands under a key, as notes are.
fn is_written_on(key: &Key) -> bool {
    key.words.iter().any(|word| {
        matches!(
            word.as_str(),
            "note"
                | "comment"
                | "content"
                | "description"
                | "body"
                | "text"
                | "log"
                | "history"
                | "remark"
                | "memo"
                | "details"
                | "detail"
        )
    })
}
