//! What may tell an element of a list where nothing tells it for certain: a word that the person said and that it alone
//! has, a number behind the noun of the list, what another record has under the same key. A person is asked, and is
//! offered that before the place where the element stood.

use super::answers::{Of, Place};
use super::binder::{Binder, Sent};
use super::canonical;
use super::in_turn::names_places;
use super::key::agree;
use super::route::Way;
use super::selector::{Known, Scope};
use super::weigh::{Candidate, MOST_CHOICES};
use serde_json::Value;
use std::collections::HashMap;

impl Binder<'_, '_> {
    /// Ways by place, those in front of them that go by what was said of the element. A place that has one is left out,
    /// unless the person spoke of places.
    pub(super) fn told_first(
        &mut self,
        sent: &Sent<'_>,
        positional: Vec<(Candidate, Way)>,
    ) -> Vec<(Candidate, Way)> {
        let mut all = self.told_elements(sent, &positional);
        let spoke_of_places = self.said.by_people().any(names_places);
        let left = positional.into_iter().filter(|(one, _)| {
            spoke_of_places || all.iter().all(|(told, _)| told.place != one.place)
        });
        let left: Vec<(Candidate, Way)> = left.collect();
        all.extend(left);
        all
    }

    /// The ways to places in lists by what may tell their elements: words that the person said of them, what is sent
    /// beside it, and what another record has under the same key. None of that is certain.
    fn told_elements(
        &mut self,
        sent: &Sent<'_>,
        positional: &[(Candidate, Way)],
    ) -> Vec<(Candidate, Way)> {
        let mut told = Vec::new();
        for (candidate, _) in positional.iter().take(MOST_CHOICES) {
            let joined = self.joined_by_key(sent, &candidate.place);
            let scope = Scope {
                said: &self.said,
                known: &self.known,
                at_hand: self.at_hand,
                loosely: Some(&joined),
            };
            let way = self.router.way(
                &self.answers,
                self.kept,
                &candidate.place,
                sent.value,
                &scope,
            );
            if let Some(way) = way.filter(|way| !way.route.is_positional()) {
                told.push((candidate.clone(), way));
            }
        }
        told
    }

    /// What another record has under a key that the element of a place has with the same value, by that value.
    fn joined_by_key(&mut self, sent: &Sent<'_>, place: &Place) -> HashMap<String, Vec<Known>> {
        let beside: Vec<Value> = self.answers.beside(place).into_iter().cloned().collect();
        let mut joined: HashMap<String, Vec<Known>> = HashMap::new();
        for value in beside {
            if !matches!(value, Value::String(_) | Value::Number(_)) || &value == sent.value {
                continue;
            }
            let all = self.answers.find(&canonical::forms(&value));
            let of_value =
                |one: &&Place| one.of == Of::Value && self.answers.scalar(one) == Some(&value);
            let Some(own) = all
                .iter()
                .filter(of_value)
                .find(|one| self.answers.same_record(one, place))
                .map(|one| self.answers.key(one))
            else {
                continue;
            };
            let others: Vec<Place> = all
                .iter()
                .filter(of_value)
                .filter(|one| one.call < sent.call && one.call != place.call)
                .filter(|one| agree(&own, &self.answers.key(one)) == 3)
                .cloned()
                .collect();
            for other in others {
                let Some(way) = self.way(&other, &value) else {
                    continue;
                };
                if way.route.picks().next().is_none() {
                    let known = Known {
                        expression: self.written(&way),
                        key: self.answers.key(&other),
                    };
                    joined.entry(value.to_string()).or_default().push(known);
                }
            }
        }
        joined
    }
}
