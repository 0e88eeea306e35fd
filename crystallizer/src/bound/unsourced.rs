//! Values that no one said and nothing answered: what the clock or chance made, data that the agent made up.

use super::binder::{Binder, Sent};
use super::binding::{Binding, Choice, Source, Why};
use super::canonical;
use super::data::holds_data;
use super::information::{WEAK, bits, names_things};
use super::inputs::{Found, schema_at};
use super::transform::{Op, Transform};
use super::turn::Compared;
use crate::value_class::{self, ValueClass};
use jiff::civil::Date;
use serde_json::Value;

/// The fewest letters of the name of a thing.
const SHORTEST_NAME: usize = 2;

impl Binder<'_, '_> {
    /// The question about a day that nobody said, on which something ends that begins on a day that the person said
    /// and lasts as long as they said in the same sentence. The length holds for this recording, so that it is not
    /// taken for all runs unasked.
    pub(super) fn end_of_stay(&mut self, sent: &Sent<'_>) -> Option<Why> {
        let binding = self.after_stay(sent)?;
        let mut choices = vec![Choice {
            answer: binding.expression.clone(),
            binding: Some(Box::new(binding)),
            is_only_offered: false,
            is_given: false,
        }];
        choices.extend(open_choices());
        Some(Why::Unsure(choices))
    }

    fn after_stay(&mut self, sent: &Sent<'_>) -> Option<Binding> {
        let day: Date = sent
            .value
            .as_str()
            .filter(|text| value_class::is_date(text))?
            .parse()
            .ok()?;
        let mut found: Vec<(String, i64)> = Vec::new();
        for input in self.inputs.iter() {
            let begins: Option<Date> = input
                .value
                .as_str()
                .filter(|text| value_class::is_date(text))
                .and_then(|text| text.parse().ok());
            if let Some(begins) = begins
                && let Found::Said(mention) = &input.found
                && input.key != sent.key
            {
                let days = i64::from((day - begins).get_days());
                if days > 0 && self.said.lasts(mention, days) {
                    found.push((input.name.clone(), days));
                }
            }
        }
        let [(name, days)] = found.as_slice() else {
            return None;
        };
        let transform = Transform(vec![Op::Later(*days)]);
        let begins = self.recorded.evaluate(&format!("inputs.{name}"))?;
        (transform.apply(&begins).as_ref() == Some(sent.value)).then(|| Binding {
            expression: transform.write(&format!("inputs.{name}")),
            source: Source::Input(name.clone()),
            transform,
            score: 3.0,
            because: format!(
                "the person said how long it lasts, and {} after the day on which it begins it is this one",
                crate::show::count(usize::try_from(*days).unwrap_or(0), "day", "days")
            ),
            agreeing: Vec::new(),
            from_text: false,
            compared: Compared::default(),
            value: sent.value.clone(),
        })
    }

    /// Whether a value that comes from nowhere is data, so that it can hardly be the same in another run. Words and
    /// texts are how the agent works; numbers matter where something is changed by them.
    pub(super) fn is_data(&self, sent: &Sent<'_>) -> bool {
        let own = bits(sent.value, &[]);
        match sent.value {
            // None and one are what is taken when nothing is said.
            Value::Number(number) => {
                let is_more = number.as_f64().is_some_and(|number| number.abs() > 1.0);
                self.changes(sent.call) && (is_more || names_things(&sent.key.words))
            }
            Value::String(text) => match value_class::of(text.trim()) {
                Some(
                    ValueClass::Date | ValueClass::Moment | ValueClass::Email | ValueClass::Uuid,
                ) => true,
                Some(ValueClass::Id) => true,
                Some(ValueClass::Amount | ValueClass::Url) => self.changes(sent.call),
                Some(ValueClass::Path) | None => {
                    let key = sent.path.last().map_or("", String::as_str);
                    // What is numbered has its number anew in each run, however short it is.
                    let is_number = |text: &str| {
                        canonical::number(text).is_some()
                            || text.bytes().any(|b| b.is_ascii_digit())
                    };
                    self.changes(sent.call)
                        && (canonical::number(text).is_some() && own >= WEAK
                            || names_things(&sent.key.words) && is_number(text)
                            || self.is_word_for_thing(sent, text)
                            || holds_data(key, text.trim()))
                }
            },
            _ => false,
        }
    }

    /// Whether one word under a key for ids says which thing something is done with: `product_id: olive_tree`. What a
    /// tool offers by name, and words for whoever is signed in, say so in every run.
    fn is_word_for_thing(&self, sent: &Sent<'_>, text: &str) -> bool {
        let is_id = sent.key.words.last().is_some_and(|word| {
            matches!(
                word.as_str(),
                "id" | "sku" | "slug" | "ref" | "reference" | "iban"
            )
        });
        let is_offered = || {
            let schema = schema_at(self.spec(sent.call), &sent.pointer);
            schema.is_some_and(|schema| schema.get("enum").is_some())
        };
        let is_own = self
            .kept
            .get(sent.call)
            .is_none_or(|kept| kept.target.own_tool || kept.target.shell.is_some());
        is_id
            && text.chars().filter(|c| c.is_alphabetic()).count() >= SHORTEST_NAME
            && !text.contains(char::is_whitespace)
            && !matches!(
                text.to_lowercase().as_str(),
                "me" | "self"
                    | "mine"
                    | "current"
                    | "default"
                    | "primary"
                    | "none"
                    | "null"
                    | "all"
                    | "any"
            )
            && !is_own
            && !is_offered()
    }

    /// Why a value looks made by the clock or by chance.
    pub(super) fn volatile(&self, sent: &Sent<'_>) -> Option<&'static str> {
        let text = crate::leaf::canonical(sent.value)?;
        let key = sent.path.last().map_or("", String::as_str);
        let class = value_class::of(&text);
        crate::provenance::volatile(key, &text, class, self.kept.get(sent.call)?, self.session)
    }
}

/// An answer that names no source.
pub(super) fn constant(answer: &str) -> Choice {
    Choice {
        answer: answer.to_owned(),
        binding: None,
        is_only_offered: false,
        is_given: false,
    }
}

/// The answers to a question that names no source.
pub(super) fn open_choices() -> Vec<Choice> {
    vec![constant("constant"), constant("input")]
}
