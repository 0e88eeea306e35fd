//! Terms of queries whose value an earlier answer has: `assignee:karl.b`. A name like that tells little by itself, but
//! behind the name of a field it stands for what was looked up.

use super::answers::{Of, Place};
use super::binder::{Binder, Sent};
use super::binding::Binding;
use super::canonical;
use super::information::WEAK;
use super::route::Way;
use super::weigh::{Candidate, names_people};

/// The most letters and digits that tell nothing by themselves.
const SHORT: usize = 3;

impl Binder<'_, '_> {
    /// What gives the value of a term in the query of a look, where one earlier answer has just that.
    pub(super) fn of_term(&mut self, sent: &Sent<'_>) -> Option<Box<Binding>> {
        let text = sent.value.as_str()?;
        if self.changes(sent.call) || text.len() <= SHORT || self.at_hand.is_none() {
            return None;
        }
        let is_handle =
            text.contains(['.', '_', '-', '@']) || text.bytes().any(|b| b.is_ascii_digit());
        let mut ways: Vec<(Candidate, Way)> = Vec::new();
        let places = self.answers.find(&canonical::forms(sent.value));
        let places: Vec<Place> = places
            .into_iter()
            .filter(|place| place.call < sent.call && place.of == Of::Value)
            .filter(|place| self.answers.scalar(place) == Some(sent.value))
            .filter(|place| is_handle || names_people(&self.answers.key(place)))
            .collect();
        for place in places {
            let candidate = self.weigh(sent, place, WEAK)?;
            let way = self.way(&candidate.place, sent.value)?;
            if way.route.is_positional() {
                return None;
            }
            ways.push((candidate, way));
        }
        // Of several nobody knows which is meant.
        let [(candidate, way)] = ways.as_slice() else {
            return None;
        };
        let binding = self.binding(sent, candidate, way);
        let given = self.recorded.evaluate(&binding.expression);
        (given.as_ref() == Some(sent.value) && self.holds_everywhere(sent, &binding))
            .then(|| Box::new(binding))
    }
}
