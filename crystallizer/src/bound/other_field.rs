//! A moment or a number that another field of the same record holds, while the record has the very field that is sent,
//! and there stands another value: a new start that is the old end by the length of one appointment.

use super::answers::{Hop, Of};
use super::binder::{Binder, Sent};
use super::binding::{Binding, Source};
use super::key::words;
use crate::value_class;
use serde_json::Value;

impl Binder<'_, '_> {
    /// Whether a change gives a field of a record a new value, and a binding takes it from another field of that record
    /// which nobody named.
    pub(super) fn is_of_other_field(&self, sent: &Sent<'_>, binding: &Binding) -> bool {
        let (true, Source::Output(place), Some(key)) = (
            self.changes(sent.call) && is_measure(sent.value),
            &binding.source,
            sent.path.last(),
        ) else {
            return false;
        };
        if place.of != Of::Value {
            return false;
        }
        let steps = self.answers.steps_to(place);
        let Some((last, Value::Object(record))) = steps.last().map(|step| (step, step.from)) else {
            return false;
        };
        let Hop::Key(theirs) = last.hop else {
            return false;
        };
        let differs = |own: &Value| is_measure(own) && own != sent.value;
        theirs != key
            && record.get(key).is_some_and(differs)
            && !self.said.names_any(&words(theirs))
    }
}

/// Whether a value is a moment, a day or a number.
fn is_measure(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::String(text) => value_class::is_moment(text) || value_class::is_date(text),
        _ => false,
    }
}
