//! Values that a change sends because the record had the other one: what is true where it was false, the other state.

use super::binder::{Binder, Sent};
use super::binding::Why;
use super::inputs::{is_default, schema_at};
use super::parts;
use super::total::Total;
use serde_json::Value;

/// The longest word that is taken for a state, in letters.
const LONGEST: usize = 40;

impl Binder<'_, '_> {
    /// The question about what is true or false, or about a state, that the record at hand had the other way: it may be so
    /// in every run, or the other one each time. Where what is right was to be looked up, it hangs on that.
    pub(super) fn turned(&mut self, sent: &Sent<'_>) -> Option<Why> {
        let is_state = |text: &str| {
            text.chars().count() <= LONGEST && text.chars().all(|c| c.is_alphabetic() || c == '_')
        };
        let flag = match sent.value {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) if is_state(text) => None,
            _ => return None,
        };
        let own_tool = self.kept.get(sent.call)?.target.own_tool;
        let schema = schema_at(self.spec(sent.call), &sent.pointer);
        if self.at_hand.is_none()
            || own_tool
            || !self.changes(sent.call)
            || is_default(schema, sent.value)
        {
            return None;
        }
        let old = self.old(sent);
        let old = old.filter(|old| !old.value.is_null() && old.value != *sent.value);
        // What is set `accordingly` hangs on a look, be it on another field of its answer.
        if old.is_none() && !self.said.has_turning_words() {
            return None;
        }
        let deed = self.said.deed(None, &sent.key.words, &self.strong);
        let (turns, says_which) = (deed.turns(), deed.says_which_way());
        let is_named = self.said.names_any(&sent.key.words);
        let Some(old) = old else {
            let has_looked = self.looks_before(sent.call).next().is_some();
            return (turns && is_named && has_looked).then(|| self.one_of(sent, Vec::new()));
        };
        match flag {
            Some(_) if !old.value.is_boolean() => None,
            Some(_) if !turns && (says_which || is_named) => None,
            None if !turns || !old.value.is_string() => None,
            Some(_) => {
                let path = old.path.as_deref();
                let had =
                    path.and_then(|path| self.field_of(old.call, path, Total::Field, &old.value));
                let other = had.map(|had| {
                    let because = "the record had the other one";
                    parts::made(vec![had], sent.value, because, |part| {
                        format!("not {}", part[0])
                    })
                });
                Some(self.one_of(sent, other.into_iter().collect()))
            }
            None => Some(self.one_of(sent, Vec::new())),
        }
    }
}
