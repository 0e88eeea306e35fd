//! A number that is the same share of an answered one in every recording: half of it, twenty per cent of it. One
//! recording shows none, for each number is some share of another; three that agree to the last digit do.

use super::answers::Of;
use super::binder::{Binder, Sent};
use super::binding::Binding;
use super::canonical;
use super::cycle;
use super::information::bits;
use super::key::agree;
use super::transform::{Op, Transform};
use super::turn::Compared;
use super::weigh::Candidate;
use super::witness::Shown;
use serde_json::Value;

/// The numbers that there have to be at the place, all of them different.
const RECORDINGS: usize = 3;
/// The least that a number has to be of which another is a share: of small ones many are by chance.
const LEAST: f64 = 10.0;
/// The largest share: more than all of something is no part of it.
const MOST: u32 = 99;
/// The most numbers of which sums and differences are looked at.
const MOST_SUMMED: usize = 400;
/// How many further sources have to agree.
const MOST_AGREEING: usize = 2;

impl Binder<'_, '_> {
    /// The answered number of which this one is the same share in all recordings. Where several shares would do, none
    /// is taken.
    pub(super) fn share_of(&mut self, sent: &Sent<'_>) -> Option<Box<Binding>> {
        let own = sent.value.as_f64()?;
        if !matches!(self.shown(sent), Shown::Other) || self.varieties(sent) < RECORDINGS {
            return None;
        }
        let mut found: Vec<(u8, u32, Binding)> = Vec::new();
        for call in self.known_before(sent) {
            for number in self.answers.numbers(call) {
                let Some(percent) = number.as_f64().and_then(|all| percent(own, all)) else {
                    continue;
                };
                found.extend(self.shares(sent, call, &number, percent));
            }
        }
        let (_, percent, _) = found.first()?;
        if found.iter().any(|(_, other, _)| other != percent) {
            return None;
        }
        if self.is_summed(sent, own) {
            return None;
        }
        // What agrees in its key is meant; the others have to stay equal to it.
        found.sort_by(|(one, ..), (other, ..)| other.cmp(one));
        let mut all = found.into_iter().map(|(.., binding)| binding);
        let mut binding = all.next()?;
        for other in all.take(MOST_AGREEING) {
            if other.expression != binding.expression {
                binding.compared.join(other.compared);
                binding.agreeing.push(other.expression);
            }
        }
        if !binding.agreeing.is_empty() {
            binding.expression = format!(
                "{} | agreed({})",
                binding.expression,
                binding.agreeing.join(", ")
            );
        }
        self.is_confirmed(sent, &binding.expression)
            .then(|| Box::new(binding))
    }

    /// Whether two answered numbers add up to the value, or differ by it: what is left of a price without its fee is
    /// by chance some share of it. Where there are too many numbers to tell, one may be.
    fn is_summed(&self, sent: &Sent<'_>, own: f64) -> bool {
        let mut numbers: Vec<f64> = Vec::new();
        for call in 0..sent.call {
            for number in self.answers.numbers(call) {
                numbers.extend(number.as_f64().filter(|number| *number != 0.0));
            }
        }
        if numbers.len() > MOST_SUMMED {
            return true;
        }
        let is_own = |number: f64| (number - own).abs() < 0.005;
        numbers.iter().enumerate().any(|(at, one)| {
            numbers
                .iter()
                .skip(at + 1)
                .any(|two| is_own(one + two) || is_own((one - two).abs()))
        })
    }

    /// The places of a number in an answer of which the value is this share in all recordings.
    fn shares(
        &mut self,
        sent: &Sent<'_>,
        call: usize,
        number: &Value,
        percent: u32,
    ) -> Vec<(u8, u32, Binding)> {
        let transform = Transform(vec![Op::Share {
            percent,
            whole: self.has_whole(sent),
        }]);
        if transform.apply(number).as_ref() != Some(sent.value) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for (agreement, binding) in self.places_of(sent, call, number, &transform) {
            if self.recorded.evaluate(&binding.expression).as_ref() == Some(sent.value)
                && self.is_confirmed(sent, &binding.expression)
            {
                let binding = Binding {
                    because: format!(
                        "it is {percent} per cent of this number in all recordings; {}",
                        binding.because
                    ),
                    compared: Compared::default(),
                    ..binding
                };
                found.push((agreement, percent, binding));
            }
        }
        found
    }

    /// Whether some recording has a whole number there, which is written as one.
    fn has_whole(&self, sent: &Sent<'_>) -> bool {
        let others = self
            .witnesses
            .iter()
            .filter_map(|seen| seen.value(sent.call, &sent.pointer));
        others
            .chain([sent.value])
            .any(|value| value.is_i64() || value.is_u64())
    }

    /// The places of a number in an answer, each with what a transform makes of it, and how far their keys agree.
    pub(super) fn places_of(
        &mut self,
        sent: &Sent<'_>,
        call: usize,
        number: &Value,
        transform: &Transform,
    ) -> Vec<(u8, Binding)> {
        let mut found = Vec::new();
        for place in self.answers.find(&canonical::forms(number)) {
            if place.call != call
                || place.of != Of::Value
                || self.answers.scalar(&place) != Some(number)
            {
                continue;
            }
            let Some(mut way) = self.way(&place, number) else {
                continue;
            };
            if way.route.is_positional() || way.transform != Transform::default() {
                continue;
            }
            way.transform = transform.clone();
            let agreement = agree(&sent.key, &self.answers.key(&place));
            let candidate = Candidate {
                place,
                score: f64::from(agreement) + bits(number, &[]),
                agreement,
                passes: true,
            };
            found.push((agreement, self.binding(sent, &candidate, &way)));
        }
        found
    }

    /// The calls whose answers were known before a value was sent, and that stand in no loop.
    pub(super) fn known_before(&self, sent: &Sent<'_>) -> Vec<usize> {
        let batch = self.kept.get(sent.call).map(|kept| kept.call.batch);
        (0..sent.call)
            .filter(|call| {
                let known = self.kept.get(*call).map(|kept| kept.call.batch) != batch;
                known
                    && cycle::of(&self.cycles, *call).is_none()
                    && !self.pages.iter().any(|pages| pages.holds(*call))
            })
            .collect()
    }
}

/// How many per cent one number is of another, where that is a whole number and not all of it.
fn percent(own: f64, all: f64) -> Option<u32> {
    if all.abs() < LEAST || own <= 0.0 || all <= 0.0 {
        return None;
    }
    let share = own / all * 100.0;
    // What was rounded to two decimals is off by so much at most.
    let off = 0.5 / all + 1e-9;
    let whole = share.round();
    ((share - whole).abs() <= off && (1.0..=f64::from(MOST)).contains(&whole))
        .then_some(whole as u32)
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn a_share_is_a_whole_number_of_per_cent() {
        assert_eq!(percent(42.11, 84.21), Some(50));
        assert_eq!(percent(13.0, 260.0), Some(5));
        assert_eq!(percent(13.1, 260.0), None);
        assert_eq!(percent(84.21, 84.21), None);
        assert_eq!(percent(3.0, 6.0), None);
        assert_eq!(percent(30.0, 10.0), None);
    }
}
