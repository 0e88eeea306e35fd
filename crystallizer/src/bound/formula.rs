//! A number that is made of another one in the same way in all recordings: so many per cent of it, a fixed fee more or
//! less. Few recordings show a formula and none proves it, so that it is only ever offered: a person says that it is
//! the one.

use super::binder::{Binder, Sent};
use super::binding::{Binding, Choice, Source, Why};
use super::transform::{Op, Transform};
use super::turn::Compared;
use super::witness::Shown;
use serde_json::Value;

/// The most formulas that are offered for a value, and the most numbers that are looked at.
const MOST_OFFERED: usize = 3;
const MOST_NUMBERS: usize = 60;
/// The most that a formula takes of a number, in thousandths, and what a share is a multiple of.
const MOST: i64 = 3_000;
const SHARE: i64 = 5;
/// What a fee is a multiple of, in hundredths.
const FEE: i64 = 10;
/// From so many recordings on a formula may have a share and a fee.
const FOR_BOTH: usize = 3;
/// The least that a number has to be of which another is a part: of small ones many are by chance.
const LEAST: f64 = 10.0;

impl Binder<'_, '_> {
    /// A question about a number that differs between recordings, with the formulas that give it in all of them.
    pub(super) fn with_formulas(&mut self, sent: &Sent<'_>, why: Why) -> Why {
        let open = matches!(why, Why::Made(_) | Why::Varied(_) | Why::Unsure(_));
        if !open || !sent.value.is_number() || !matches!(self.shown(sent), Shown::Other) {
            return why;
        }
        let more = self.formulas(sent);
        let with = |mut choices: Vec<Choice>| {
            // What may be made in two ways is taken in neither.
            if !more.is_empty() {
                for choice in &mut choices {
                    choice.is_only_offered |= choice.binding.is_some();
                }
            }
            choices.extend(more);
            choices
        };
        match why {
            Why::Made(choices) => Why::Made(with(choices)),
            Why::Varied(choices) => Why::Varied(with(choices)),
            Why::Unsure(choices) => Why::Unsure(with(choices)),
            other => other,
        }
    }

    fn formulas(&mut self, sent: &Sent<'_>) -> Vec<Choice> {
        let mut found: Vec<(u8, Binding)> = Vec::new();
        let inputs: Vec<(String, Value)> = self
            .inputs
            .iter()
            .filter(|input| input.value.is_number())
            .map(|input| (input.name.clone(), input.value.clone()))
            .collect();
        for (name, value) in inputs {
            let expression = format!("inputs.{name}");
            if let Some(transform) = self.formula(sent, &expression, &value) {
                let binding = Binding {
                    expression: transform.write(&expression),
                    source: Source::Input(name),
                    because: String::new(),
                    transform,
                    score: 0.0,
                    agreeing: Vec::new(),
                    from_text: false,
                    compared: Compared::default(),
                    value: sent.value.clone(),
                };
                found.push((1, binding));
            }
        }
        let mut looked = 0;
        for call in self.known_before(sent) {
            for number in self.answers.numbers(call) {
                looked += 1;
                if looked > MOST_NUMBERS {
                    break;
                }
                let plain = Transform::default();
                for (agreement, place) in self.places_of(sent, call, &number, &plain) {
                    if let Some(transform) = self.formula(sent, &place.expression, &number) {
                        let binding = Binding {
                            expression: transform.write(&place.expression),
                            transform,
                            ..place
                        };
                        found.push((agreement, binding));
                    }
                }
            }
        }
        found.sort_by(|(one, _), (other, _)| other.cmp(one));
        let mut choices: Vec<Choice> = Vec::new();
        for (_, binding) in found {
            let is_new = choices
                .iter()
                .all(|known| known.answer != binding.expression);
            if is_new
                && choices.len() < MOST_OFFERED
                && self.recorded.evaluate(&binding.expression).as_ref() == Some(sent.value)
                && self.is_confirmed(sent, &binding.expression)
            {
                choices.push(Choice {
                    answer: binding.expression.clone(),
                    binding: Some(Box::new(binding)),
                    is_only_offered: true,
                    is_given: false,
                });
            }
        }
        choices
    }

    /// The formula that makes the value of a number, in this recording and in all others that have one there.
    fn formula(&self, sent: &Sent<'_>, expression: &str, number: &Value) -> Option<Transform> {
        let mut pairs = vec![(number.as_f64()?, sent.value.as_f64()?)];
        for seen in &self.witnesses {
            if let Some(value) = seen.value(sent.call, &sent.pointer) {
                pairs.push((seen.evaluate(expression)?.as_f64()?, value.as_f64()?));
            }
        }
        let (thousandths, hundredths) = fitting(&pairs)?;
        [true, false].into_iter().find_map(|rounded| {
            let transform = Transform(vec![Op::Formula {
                thousandths,
                hundredths,
                rounded,
            }]);
            (transform.apply(number).as_ref() == Some(sent.value)).then_some(transform)
        })
    }
}

/// How many thousandths of the first numbers, and how many hundredths more, the second ones are. What is not round is
/// none, and neither is what one pair alone shows.
fn fitting(pairs: &[(f64, f64)]) -> Option<(i64, i64)> {
    let (&(from, to), rest) = pairs.split_first()?;
    let mut different: Vec<(f64, f64)> = vec![(from, to)];
    for pair in rest {
        if different.iter().all(|known| known.0 != pair.0) {
            different.push(*pair);
        }
    }
    if different.len() < 2 || pairs.iter().any(|(from, _)| from.abs() < LEAST) {
        return None;
    }
    let whole = |number: f64| number.is_finite().then(|| number.round() as i64);
    let fits = |thousandths: i64, hundredths: i64| {
        pairs.iter().all(|(from, to)| {
            let made = from * thousandths as f64 / 1_000.0 + hundredths as f64 / 100.0;
            (made - to).abs() <= 0.005 + 1e-9
        })
    };
    let is_share = |share: i64| share > 0 && share <= MOST && share % SHARE == 0;
    let share = whole(to / from * 1_000.0)?;
    if share != 1_000 && is_share(share) && fits(share, 0) {
        return Some((share, 0));
    }
    let fee = whole((to - from) * 100.0)?;
    if fee != 0 && fee % FEE == 0 && fits(1_000, fee) {
        return Some((1_000, fee));
    }
    if different.len() < FOR_BOTH {
        return None;
    }
    let (other_from, other_to) = *different.last()?;
    let slope = whole((other_to - to) / (other_from - from) * 1_000.0 / SHARE as f64)? * SHARE;
    let rest = to - from * slope as f64 / 1_000.0;
    let fee = whole(rest * 100.0 / FEE as f64)? * FEE;
    (slope != 1_000 && fee != 0 && is_share(slope) && fits(slope, fee)).then_some((slope, fee))
}

#[cfg(test)]
mod tests {
    use super::fitting;

    #[test]
    fn a_formula_is_round_and_holds_for_all() {
        assert_eq!(fitting(&[(50.0, 45.0), (33.35, 30.02)]), Some((900, 0)));
        assert_eq!(fitting(&[(120.0, 3.6), (75.5, 2.27)]), Some((30, 0)));
        assert_eq!(fitting(&[(120.0, 125.0), (75.5, 80.5)]), Some((1_000, 500)));
        assert_eq!(
            fitting(&[(120.0, 115.1), (75.5, 70.6)]),
            Some((1_000, -490))
        );
        assert_eq!(
            fitting(&[(100.0, 8.0), (200.0, 13.0), (50.0, 5.5)]),
            Some((50, 300))
        );
        // One recording shows none, and two show no share with a fee.
        assert_eq!(fitting(&[(50.0, 45.0)]), None);
        assert_eq!(fitting(&[(50.0, 45.0), (50.0, 45.0)]), None);
        assert_eq!(fitting(&[(100.0, 8.0), (200.0, 13.0)]), None);
        // What is not round is none.
        assert_eq!(fitting(&[(100.0, 43.7), (200.0, 87.4)]), None);
        assert_eq!(fitting(&[(100.0, 100.37), (200.0, 200.37)]), None);
        assert_eq!(fitting(&[(100.0, 90.0), (200.0, 170.0)]), None);
    }
}
