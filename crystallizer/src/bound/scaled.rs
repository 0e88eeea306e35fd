//! Numbers that a tool takes in another unit than the person said them in: cents for `$20`, a part of one for `15 percent`,
//! minutes for `2 hours`.

use super::binder::{Binder, Sent};
use super::binding::{Binding, Choice, Source, Why};
use super::information::{WEAK, bits};
use super::inputs::Found;
use super::key::Key;
use super::qualifier::Unit;
use super::said::{Mention, Said};
use super::transform::{Op, Transform};
use super::turn::Compared;
use super::unsourced::open_choices;
use super::weigh::Outcome;
use serde_json::{Value, json};

/// How a number is sent that was said in another unit.
#[derive(Debug, Clone, Copy)]
struct Scale {
    unit: Unit,
    /// What is sent for one of what was said.
    factor: f64,
    /// What a person calls the unit, where it says more than that it is one of its kind.
    called: &'static [&'static str],
}

/// What is sent for what is said. Those of one kind with one factor say the same.
const SCALES: [Scale; 8] = [
    scale(Unit::Money, 100.0, &[]),
    scale(Unit::Percent, 0.01, &[]),
    scale(
        Unit::Time,
        60.0,
        &["hours", "hour", "hrs", "hr", "stunden", "stunde"],
    ),
    scale(
        Unit::Time,
        60.0,
        &["minutes", "minute", "mins", "min", "minuten"],
    ),
    scale(
        Unit::Time,
        3_600.0,
        &["hours", "hour", "hrs", "hr", "stunden", "stunde"],
    ),
    scale(Unit::Time, 24.0, &["days", "day", "tage", "tagen", "tag"]),
    scale(
        Unit::Time,
        1_440.0,
        &["days", "day", "tage", "tagen", "tag"],
    ),
    scale(Unit::Time, 7.0, &["weeks", "week", "wochen", "woche"]),
];

const fn scale(unit: Unit, factor: f64, called: &'static [&'static str]) -> Scale {
    Scale {
        unit,
        factor,
        called,
    }
}

impl Scale {
    /// What somebody says for what is sent; none where that is no number that people say.
    fn said(self, sent: f64) -> Option<Value> {
        let number = match self.factor < 1.0 {
            true => sent / self.factor,
            // What is sent is a whole number.
            false if sent.fract() != 0.0 => return None,
            false => sent / self.factor,
        };
        let hundredths = (number * 100.0).round();
        let is_near = (number * 100.0 - hundredths).abs() < 1e-6;
        let fits = match self.unit {
            Unit::Money => is_near,
            _ => is_near && hundredths % 100.0 == 0.0,
        };
        if !fits || !(1.0..=1e9).contains(&hundredths) {
            return None;
        }
        Some(match hundredths % 100.0 == 0.0 {
            true => json!((hundredths / 100.0) as i64),
            false => json!(hundredths / 100.0),
        })
    }

    /// Where a person said it so.
    fn find(self, said: &Said, value: &Value) -> Option<Mention> {
        said.find_in(value, self.unit, self.called)
    }

    fn op(self) -> Op {
        match self.factor < 1.0 {
            true => Op::Hundredth,
            false => Op::Times(self.factor as i64),
        }
    }

    /// The key of the input that is given as people say it: `sale_price` for `sale_price_cents`, `duration_hours`.
    fn key(self, key: &Key) -> Key {
        let mut words: Vec<String> = key.words.clone();
        words.retain(|word| {
            !matches!(
                word.as_str(),
                "cent" | "minor" | "second" | "sec" | "minute" | "min" | "hour" | "day"
            )
        });
        let more = match self.unit {
            Unit::Percent => Some("percent"),
            _ => self.called.first().copied(),
        };
        let more = more.filter(|more| !words.iter().any(|word| word == more));
        words.extend(more.map(str::to_owned));
        if words.is_empty() {
            words.clone_from(&key.words);
        }
        Key {
            words,
            around: key.around.clone(),
        }
    }
}

impl Binder<'_, '_> {
    /// What gives a number that the person said in another unit, or the question whether it is that: twenty dollars are
    /// two thousand cents, and a record may have two thousand by chance.
    pub(super) fn scaled(&mut self, sent: &Sent<'_>) -> Outcome {
        let Some(number) = sent.value.as_f64().filter(|_| sent.value.is_number()) else {
            return Outcome::Nothing;
        };
        let key = sent.key.full();
        for scale in SCALES {
            if !scale.unit.is_of(&key) {
                continue;
            }
            let Some(value) = scale.said(number) else {
                continue;
            };
            let Some(mention) = scale.find(&self.said, &value) else {
                continue;
            };
            if !self.is_said_scaled(sent, scale) {
                continue;
            }
            let is_certain = match scale.unit {
                Unit::Money => {
                    let in_cents = key.iter().any(|word| word == "cent" || word == "minor");
                    in_cents || self.said.has_decimals(&mention)
                }
                _ => true,
            };
            let Some(binding) = self.in_scale(sent, scale, &value, mention) else {
                continue;
            };
            return match is_certain {
                true => Outcome::Bound(Box::new(binding)),
                false => Outcome::Open(self.whether_scaled(sent, binding)),
            };
        }
        Outcome::Nothing
    }

    /// Whether the person said it so in every further recording that has a number there.
    fn is_said_scaled(&self, sent: &Sent<'_>, scale: Scale) -> bool {
        self.witnesses.iter().all(|seen| {
            seen.value(sent.call, &sent.pointer).is_none_or(|value| {
                let said = value.as_f64().and_then(|number| scale.said(number));
                said.is_some_and(|said| scale.find(seen.said(), &said).is_some())
            })
        })
    }

    fn in_scale(
        &mut self,
        sent: &Sent<'_>,
        scale: Scale,
        value: &Value,
        mention: Mention,
    ) -> Option<Binding> {
        let schema = json!({ "type": "number" });
        let found = Found::Said(mention);
        let key = scale.key(&sent.key);
        let (name, mut transform) = self
            .inputs
            .get(&key, value, found, Some(&schema), &self.said);
        let is_own = transform == Transform::default();
        transform.0.push(scale.op());
        self.learn_inputs();
        if is_own {
            for seen in &mut self.witnesses {
                let there = seen.value(sent.call, &sent.pointer);
                if let Some(said) = there
                    .and_then(Value::as_f64)
                    .and_then(|one| scale.said(one))
                {
                    seen.set_input(&name, &said);
                }
            }
        }
        let expression = transform.write(&format!("inputs.{name}"));
        (self.recorded.evaluate(&expression).as_ref() == Some(sent.value)).then(|| Binding {
            expression,
            source: Source::Input(name),
            score: bits(sent.value, &sent.key.words),
            because: format!(
                "the person said it in another unit: “{}”; {}",
                self.said.quote(&mention),
                transform.name()
            ),
            transform,
            agreeing: Vec::new(),
            from_text: false,
            compared: Compared::default(),
            value: sent.value.clone(),
        })
    }

    fn whether_scaled(&mut self, sent: &Sent<'_>, binding: Binding) -> Why {
        let mut choices = open_choices();
        let choice = |binding: Box<Binding>| Choice {
            answer: binding.expression.clone(),
            binding: Some(binding),
            is_only_offered: false,
            is_given: false,
        };
        choices.push(choice(Box::new(binding)));
        match self.among_answers(sent, WEAK) {
            Outcome::Bound(other) => choices.push(choice(other)),
            Outcome::Open(why) => choices.extend(
                why.choices()
                    .into_iter()
                    .flatten()
                    .filter(|choice| choice.binding.is_some())
                    .cloned(),
            ),
            Outcome::Nothing => {}
        }
        Why::Unsure(choices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_for_what_is_sent() {
        let [money, percent, hours, ..] = SCALES;
        for (scale, sent, expected) in [
            (money, 2000.0, Some(json!(20))),
            (money, 999.0, Some(json!(9.99))),
            (money, 20.5, None),
            (percent, 0.15, Some(json!(15))),
            (percent, 0.155, None),
            (hours, 120.0, Some(json!(2))),
            (hours, 90.0, None),
        ] {
            assert_eq!(scale.said(sent), expected, "{sent}");
        }
    }
}
