//! Counts of a part of what the person counted: how many of the bags are paid for.

use super::binder::{Binder, Sent};
use super::key::{Key, words};
use serde_json::Value;

impl Binder<'_, '_> {
    /// Whether a none or a one of a change counts a part of what the person said how many there are: `nonfree_baggages`
    /// beside `total_baggages`. It is another number when there are more of them.
    pub(super) fn is_part_of_said(&self, sent: &Sent<'_>) -> bool {
        let is_small = sent.value.as_i64().is_some_and(|own| matches!(own, 0 | 1));
        if !is_small || !self.changes(sent.call) {
            return false;
        }
        let Some((parent, own)) = sent.pointer.rsplit_once('/') else {
            return false;
        };
        let arguments = self.kept.get(sent.call).map(|kept| &kept.call.arguments);
        let Some(Value::Object(map)) =
            arguments.and_then(|arguments| crate::pointer::at(arguments, parent))
        else {
            return false;
        };
        map.iter()
            .filter(|(key, value)| key.as_str() != own && value.is_number())
            .filter(|(key, _)| words(key).last() == sent.key.words.last())
            .any(|(key, value)| {
                let key = Key::new([key.as_str()].into_iter(), "").full();
                self.said.find(value, &key).is_some_and(|mention| {
                    mention.person
                        && (self.said.is_near(&mention, &key)
                            || self.said.is_measured(&mention, value, &key))
                })
            })
    }
}
