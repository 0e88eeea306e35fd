//! Moments of a change of which the person said the day and nobody the time of day: the day follows what they said, and
//! the time, which the agent chose, is asked about.

use super::binder::{Binder, Sent};
use super::binding::{Binding, Choice, Piece, Source, Why};
use super::evaluate::quoted;
use super::inputs::Found;
use super::key::Key;
use super::transform::Transform;
use super::turn::Compared;
use super::unsourced::open_choices;
use crate::value_class;
use serde_json::Value;

/// How long a day is as it is written: `2024-05-19`.
const DAY: usize = 10;
/// What comes first and last in a day: who names a day means all of it.
const WHOLE_DAY: [&str; 3] = ["00:00", "23:59", "24:00"];

impl Binder<'_, '_> {
    /// Lets the day of such a moment follow and asks about the time; whether it is such a moment.
    pub(super) fn of_said_day(&mut self, sent: &Sent<'_>) -> bool {
        let Some((day, rest)) = sent.value.as_str().and_then(parts) else {
            return false;
        };
        if !self.changes(sent.call) || !self.witnesses.is_empty() {
            return false;
        }
        let day = Value::from(day);
        let mention = self.said.find(&day, &[]);
        let time = rest.get(1..6).unwrap_or_default();
        let said = mention.filter(|one| one.person && !self.said.has_time_for(one, time));
        let Some(mention) = said else {
            return false;
        };
        let key = Key {
            words: vec!["date".to_owned()],
            around: sent.key.words.clone(),
        };
        let of_day = self.input(&sent.part(key, &day), Found::Said(mention), None);
        let Source::Input(name) = &of_day.source else {
            return false;
        };
        let whole = Binding {
            expression: format!("{} ~ {}", of_day.expression, quoted(rest)),
            source: Source::Inputs(vec![name.clone()]),
            transform: Transform::default(),
            score: of_day.score,
            because: format!("{}; nobody said the time of day", of_day.because),
            agreeing: Vec::new(),
            from_text: false,
            compared: Compared::default(),
            value: sent.value.clone(),
        };
        if self.recorded.evaluate(&whole.expression).as_ref() != Some(sent.value) {
            return false;
        }
        let mut choices = vec![Choice {
            answer: whole.expression.clone(),
            binding: Some(Box::new(whole.clone())),
            is_only_offered: false,
            is_given: false,
        }];
        choices.extend(open_choices());
        self.freeze(sent, Why::Made(choices));
        let Some(decided) = self.decided.get_mut(sent.call) else {
            return true;
        };
        let is_open = decided
            .frozen
            .last()
            .is_some_and(|last| last.pointer == sent.pointer && matches!(last.why, Why::Made(_)));
        if is_open && let Some(open) = decided.frozen.pop() {
            decided.brought.push(open);
            self.bind(sent, vec![Piece::Value(Box::new(whole))]);
        }
        true
    }
}

/// The day of a moment and the rest of it, where that is a time of day which somebody has to choose.
fn parts(text: &str) -> Option<(&str, &str)> {
    let (day, rest) = text.split_at_checked(DAY)?;
    let time = rest.get(1..6)?;
    (value_class::is_moment(text) && !WHOLE_DAY.contains(&time)).then_some((day, rest))
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn a_day_as_a_whole_has_no_time_that_somebody_chose() {
        for (text, expected) in [
            ("2026-11-14 18:00", Some(("2026-11-14", " 18:00"))),
            ("2026-11-14T03:30:00Z", Some(("2026-11-14", "T03:30:00Z"))),
            ("2026-11-14 00:00", None),
            ("2026-11-14T23:59:59Z", None),
            ("2026-11-14", None),
            ("18:00", None),
        ] {
            assert_eq!(parts(text), expected, "{text}");
        }
    }
}
