//! Values that a change sends because the record had the other one: what is true where it was false, the other state.

use super::at_hand::Old;
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
        let old = self.asked_round(sent)?;
        let other = old.filter(|old| old.value.is_boolean()).and_then(|old| {
            let path = old.path.as_deref()?;
            let had = self.field_of(old.call, path, Total::Field, &old.value)?;
            let because = "the record had the other one";
            Some(parts::made(vec![had], sent.value, because, |part| {
                format!("not {}", part[0])
            }))
        });
        Some(self.one_of(sent, other.into_iter().collect()))
    }

    /// Whether a person had a value turned round: that several recordings turned it the same way says nothing of a run
    /// that finds it the other way.
    pub(super) fn is_turned_round(&self, sent: &Sent<'_>) -> bool {
        self.said.has_turning_words()
            && self.asked_round(sent).is_some()
            && self
                .said
                .deed(None, &sent.key.words, &self.strong)
                .turns_round()
    }

    /// What the record at hand had, where a value may be the other one of it; nothing within, where no record has it.
    fn asked_round(&self, sent: &Sent<'_>) -> Option<Option<Old>> {
        let is_state = |text: &str| {
            text.chars().count() <= LONGEST && text.chars().all(|c| c.is_alphabetic() || c == '_')
        };
        let is_flag = match sent.value {
            Value::Bool(_) => true,
            Value::String(text) if is_state(text) => false,
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
        let is_asked = match &old {
            None => turns && is_named && self.looks_before(sent.call).next().is_some(),
            Some(old) if is_flag => old.value.is_boolean() && (turns || !says_which && !is_named),
            Some(old) => turns && old.value.is_string(),
        };
        is_asked.then_some(old)
    }
}
