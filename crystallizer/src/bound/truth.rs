//! Values that are true or false: they say too little to be known from an answer, but a person may have said them, and
//! recordings may differ in them.

use super::binder::{Binder, Sent};
use super::binding::{Piece, Why};
use super::inputs::{Found, is_default, schema_at};
use super::witness::Shown;

impl Binder<'_, '_> {
    /// Decides about a value that is true or false. What a look sends without a word is how the agent works.
    pub(super) fn truth(&mut self, sent: &Sent<'_>) {
        let Some(flag) = sent.value.as_bool() else {
            return;
        };
        let schema = schema_at(self.spec(sent.call), &sent.pointer).cloned();
        let is_broken = self
            .kept
            .get(sent.call)
            .is_some_and(crate::findings::is_broken);
        if !is_broken && let Some(mention) = self.said.find_truth(flag, &sent.key.words) {
            let binding = self.input(sent, Found::Said(mention), schema.as_ref());
            return self.bind(sent, vec![Piece::Value(Box::new(binding))]);
        }
        let why = self.of_record(sent).or_else(|| self.how_many(sent));
        if let Some(why) = why.or_else(|| self.turned(sent)) {
            return self.freeze(sent, why);
        }
        if self.changes(sent.call) || self.shown(sent) == Shown::Other {
            let why = match is_default(schema.as_ref(), sent.value) {
                true => Why::Default,
                false => Why::Agent,
            };
            self.freeze(sent, why);
        }
    }
}
