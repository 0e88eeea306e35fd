//! Moments at which something ends that begins at one which the person said, and lasts as long as they said: `a 1 hour
//! call at 10:00`. Nobody said the end, so that it is no input: it follows the beginning and the length.

use super::binder::{Binder, Sent};
use super::binding::{Binding, Piece, Source};
use super::information::WEAK;
use super::inputs::Found;
use super::key::Key;
use super::said::{Mention, Said};
use super::transform::Transform;
use super::turn::Compared;
use crate::value_class;
use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime, Time};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The digits of a day, and of an hour and a minute with the sign between them.
const DAY: usize = 10;
const CLOCK: usize = 5;

/// The most lengths that are tried for an end.
const MOST_LENGTHS: usize = 64;

/// What is known of an end.
pub(super) struct End {
    /// When it begins, written as the end is.
    begin: String,
    minutes: i64,
    /// Where the length was said.
    said: Mention,
}

impl Binder<'_, '_> {
    /// Whether a value is the end of something that lasts as long as the person said, and was not said itself: it begins
    /// at a moment that they said, or that the same change is sent.
    pub(super) fn end(&self, sent: &Sent<'_>) -> Option<End> {
        let value = sent.value;
        let text = value.as_str()?;
        clock(text)?;
        if self.said.find(value, &[]).is_some_and(|found| found.person) {
            return None;
        }
        let mut lengths = BTreeMap::new();
        for (minutes, said) in self.said.lengths() {
            lengths.entry(minutes).or_insert(said);
        }
        lengths
            .into_iter()
            .take(MOST_LENGTHS)
            .find_map(|(minutes, said)| {
                let begin = earlier(text, minutes)?;
                let found = self.said.find(&Value::from(begin.as_str()), &[]);
                // Or it begins at another moment of the same call, wherever that is from.
                let is_known = found.is_some_and(|found| found.person)
                    || self.kept.get(sent.call).is_some_and(|kept| {
                        kept.changes() && stands_in(&kept.call.arguments, &begin)
                    });
                is_known.then_some(End {
                    begin,
                    minutes,
                    said,
                })
            })
    }

    /// What gives an end: the input that the beginning is, and the length, which is an input, too.
    pub(super) fn after_length(&mut self, sent: &Sent<'_>, end: &End) -> Option<Binding> {
        let known = self.known.get(&Value::from(end.begin.as_str()).to_string());
        let mut known = known
            .into_iter()
            .flatten()
            .map(|known| known.expression.as_str());
        let of_input =
            known.find_map(|text| text.strip_prefix("inputs.").filter(|name| is_name(name)));
        let (begin, mut inputs) = match of_input {
            Some(name) => (format!("inputs.{name}"), vec![name.to_owned()]),
            None => self.begin_of_day(sent.call, &end.begin)?,
        };
        let key = Key {
            words: vec!["duration".to_owned(), "minutes".to_owned()],
            around: Vec::new(),
        };
        let length = Value::from(end.minutes);
        let of_length = Sent {
            call: sent.call,
            pointer: sent.pointer.clone(),
            path: Vec::new(),
            key,
            value: &length,
        };
        // No moment ends before it begins, and the clock is counted in whole minutes.
        let whole = json!({ "type": "integer", "minimum": 1 });
        let found = Found::Said(end.said);
        let Source::Input(minutes) = self.input(&of_length, found, Some(&whole)).source else {
            return None;
        };
        let expression = format!("{begin} | add_minutes(inputs.{minutes})");
        if self.recorded.evaluate(&expression).as_ref() != Some(sent.value) {
            return None;
        }
        if let [moment] = inputs.as_slice()
            && begin == format!("inputs.{moment}")
        {
            self.inputs.counted_from(moment);
        }
        inputs.push(minutes);
        Some(Binding {
            expression,
            source: Source::Inputs(inputs),
            transform: Transform::default(),
            score: WEAK,
            because: format!(
                "the person said how long it lasts (“{}”), and counted from when it begins it is this moment",
                self.said.quote(&end.said)
            ),
            agreeing: Vec::new(),
            from_text: false,
            compared: Compared::default(),
            value: sent.value.clone(),
        })
    }

    /// What gives the beginning in the same call, where it is the day that was said with a time that is asked about.
    fn begin_of_day(&self, call: usize, begin: &str) -> Option<(String, Vec<String>)> {
        let decided = self.decided.get(call)?;
        decided
            .bound
            .iter()
            .find_map(|bound| match bound.pieces.as_slice() {
                [Piece::Value(binding)] if binding.value == begin => match &binding.source {
                    Source::Inputs(names) => {
                        Some((format!("({})", binding.expression), names.clone()))
                    }
                    _ => None,
                },
                _ => None,
            })
    }
}

/// Whether a text is one of the values of a call.
fn stands_in(arguments: &Value, text: &str) -> bool {
    let mut found = false;
    crate::leaf::leaves(arguments, &mut |_, _, leaf| found |= leaf == text);
    found
}

/// Whether something that lasts as long as people said ends at one moment and begins at another.
pub(super) fn is_end_of(said: &Said, end: &str, begin: &str) -> bool {
    said.lengths()
        .any(|(minutes, _)| earlier(end, minutes).as_deref() == Some(begin))
}

/// Whether a text is the name of an input, and nothing is made of it.
fn is_name(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The day, where there is one, and the hour and minute of a moment or of a time of day, with where these stand.
pub(super) fn clock(text: &str) -> Option<(Option<Date>, Time, usize)> {
    let (day, at) = match value_class::is_moment(text) {
        true => (Some(text.get(..DAY)?.parse().ok()?), DAY + 1),
        false => (None, 0),
    };
    let (hour, minute) = text.get(at..at + CLOCK)?.split_once(':')?;
    let number = |part: &str| {
        let is_plain = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        is_plain.then(|| part.parse::<i8>().ok()).flatten()
    };
    let time = Time::new(number(hour)?, number(minute)?, 0, 0).ok()?;
    let rest = text.get(at + CLOCK..)?;
    let is_time = day.is_some() || rest.is_empty() || rest.len() == 3 && rest.starts_with(':');
    is_time.then_some((day, time, at))
}

/// A pattern for moments, or times of day, that are written as this one is.
pub(super) fn pattern(text: &str) -> Option<String> {
    let (day, _, at) = clock(text)?;
    let mut pattern = "^".to_owned();
    if day.is_some() {
        pattern.push_str("[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])");
        pattern.push_str(text.get(DAY..at)?);
    }
    pattern.push_str("([01][0-9]|2[0-3]):[0-5][0-9]");
    for c in text.get(at + CLOCK..)?.chars() {
        match c {
            '0'..='9' => pattern.push_str("[0-9]"),
            '+' | '-' => pattern.push_str("[+-]"),
            '.' => pattern.push_str("[.]"),
            other => pattern.push(other),
        }
    }
    pattern.push('$');
    Some(pattern)
}

/// The moment so many minutes earlier, written alike; of a time of day one of the same day.
fn earlier(text: &str, minutes: i64) -> Option<String> {
    let (day, time, at) = clock(text)?;
    let rest = text.get(at + CLOCK..)?;
    let on: DateTime = day.unwrap_or(Date::new(2000, 1, 2).ok()?).to_datetime(time);
    let before = on.checked_sub(minutes.minutes()).ok()?;
    let time = format!("{:02}:{:02}", before.hour(), before.minute());
    match day {
        Some(_) => Some(format!(
            "{}{}{time}{rest}",
            before.date(),
            text.get(DAY..at)?
        )),
        None => (before.date() == on.date()).then(|| format!("{time}{rest}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{earlier, pattern};

    #[test]
    fn a_pattern_takes_what_is_written_alike() {
        for (text, expected) in [
            ("10:00", Some("^([01][0-9]|2[0-3]):[0-5][0-9]$")),
            (
                "2025-05-03T11:30:00+02:00",
                Some(
                    "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-9][0-9][+-][0-9][0-9]:[0-9][0-9]$",
                ),
            ),
            ("2025-05-03", None),
        ] {
            assert_eq!(pattern(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_moment_earlier_is_written_alike() {
        for (text, minutes, expected) in [
            ("2025-05-03 11:00", 60, Some("2025-05-03 10:00")),
            ("2025-05-03T11:30:00Z", 90, Some("2025-05-03T10:00:00Z")),
            (
                "2025-05-03T00:30:00+02:00",
                60,
                Some("2025-05-02T23:30:00+02:00"),
            ),
            ("11:00", 60, Some("10:00")),
            ("11:00:30", 30, Some("10:30:30")),
            ("00:30", 60, None),
            ("2025-05-03", 60, None),
            ("soon", 60, None),
            ("11:00 pm", 60, None),
        ] {
            assert_eq!(earlier(text, minutes).as_deref(), expected, "{text}");
        }
    }
}
