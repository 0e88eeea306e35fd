//! Values that the record at hand has, too, where nothing tells that they come from there: a word under another key, a
//! field that is true or false. They may be the record's, or what the agent always sends.

use super::answers::{Of, Place, flag_form};
use super::binder::{Binder, Sent};
use super::binding::Why;
use super::canonical;
use super::information::WEAK;
use super::inputs::Found;
use super::key::agree;
use super::route::Way;
use super::unsourced::open_choices;
use super::weigh::{Candidate, Outcome};
use serde_json::Value;

/// The most places whose way is worked out.
const MOST_PLACES: usize = 6;
/// The most words of a list in a text.
const MOST_PARTS: usize = 20;
/// The letters from which on a word is one.
const SHORTEST: usize = 2;

impl Binder<'_, '_> {
    /// The question about a value of a change that the record has which the call is about.
    pub(super) fn of_record(&mut self, sent: &Sent<'_>) -> Option<Why> {
        if !self.changes(sent.call) {
            return None;
        }
        let forms = match sent.value {
            Value::Bool(flag) => vec![flag_form(sent.path.last()?, *flag)],
            Value::String(text) if is_word(text) => canonical::forms(sent.value),
            Value::Number(number) if number.as_f64().is_some_and(|one| one.abs() > 1.0) => {
                canonical::forms(sent.value)
            }
            Value::String(_) => {
                return self.is_joined(sent).then(|| Why::Unsure(open_choices()));
            }
            _ => return None,
        };
        let batch = self.kept.get(sent.call).map(|kept| kept.call.batch);
        let places: Vec<Place> = self
            .answers
            .find(&forms)
            .into_iter()
            .filter(|place| place.call < sent.call && place.of == Of::Value)
            .filter(|place| self.kept.get(place.call).map(|kept| kept.call.batch) != batch)
            .filter(|place| self.is_at_hand(sent, place))
            .take(MOST_PLACES)
            .collect();
        if places.is_empty() {
            return self.is_joined(sent).then(|| Why::Unsure(open_choices()));
        }
        let mut ways: Vec<(Candidate, Way)> = Vec::new();
        for place in places {
            let Some(way) = self.way(&place, sent.value) else {
                continue;
            };
            if way.route.is_positional() {
                continue;
            }
            let agreement = agree(&sent.key, &self.answers.key(&place));
            let candidate = Candidate {
                place,
                score: f64::from(agreement),
                agreement,
                passes: true,
            };
            ways.push((candidate, way));
        }
        ways.sort_by_key(|(candidate, _)| std::cmp::Reverse(candidate.agreement));
        let choices = match ways.is_empty() {
            true => open_choices(),
            false => self.choices(sent, ways.iter()),
        };
        Some(Why::Unsure(choices))
    }

    /// Whether a place stands in the record that a call is about.
    fn is_at_hand(&self, sent: &Sent<'_>, place: &Place) -> bool {
        let is_known = |key: &str| self.strong.contains(&Value::from(key).to_string());
        self.coherent(sent, place) || self.answers.entry_over(place).is_some_and(is_known)
    }

    /// Whether a text is a list of words that the record at hand has, each by itself.
    fn is_joined(&self, sent: &Sent<'_>) -> bool {
        let Some(text) = sent.value.as_str().filter(|text| text.contains(", ")) else {
            return false;
        };
        let parts: Vec<&str> = text.split(", ").collect();
        parts.len() <= MOST_PARTS
            && parts.into_iter().all(|part| {
                let forms = canonical::of_text(part);
                self.answers.find(&forms).iter().any(|place| {
                    place.call < sent.call && place.of == Of::Value && self.is_at_hand(sent, place)
                })
            })
    }

    /// The source of a value that the person said for something else, where the record that was asked for by it has it
    /// under the very key, too: an order and a customer may have one number by chance.
    pub(super) fn of_own_field(&mut self, sent: &Sent<'_>) -> Outcome {
        let mut same = self.inputs.of_value(sent.value);
        let other = same.find(|input| matches!(input.found, Found::Said(_)));
        let other = other.map(|input| input.key.clone());
        let Some(other) = other.filter(|key| agree(key, &sent.key) < 2) else {
            return Outcome::Nothing;
        };
        let places: Vec<Place> = self
            .answers
            .find_echoes(&canonical::forms(sent.value))
            .into_iter()
            .filter(|place| {
                let key = self.answers.key(place);
                place.call < sent.call && agree(&sent.key, &key) == 3 && agree(&other, &key) < 3
            })
            .collect();
        match places.is_empty() {
            true => Outcome::Nothing,
            false => self.among_places(sent, WEAK, places),
        }
    }

    /// What gives a number that the person said with other signs between its groups; a question where a part of it was
    /// not said.
    pub(super) fn of_spelled(
        &mut self,
        sent: &Sent<'_>,
        schema: Option<&Value>,
    ) -> Option<Outcome> {
        let (mention, all) = self.said.find_spelled(sent.value.as_str()?)?;
        Some(match all {
            true => Outcome::Bound(Box::new(self.input(sent, Found::Said(mention), schema))),
            false => Outcome::Open(Why::Unsure(open_choices())),
        })
    }
}

/// Whether a text is one word, or a few that are no message.
fn is_word(text: &str) -> bool {
    text.chars().filter(|c| c.is_alphanumeric()).count() >= SHORTEST
        && text.split_whitespace().count() <= 3
}
