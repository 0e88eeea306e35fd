//! Days and times of day that people said in another notation than they are sent in: `7:30 pm` for `19:30`, `3pm` for the
//! hour 15.

use super::{Mention, Said};
use crate::bound::spoken_time::SpokenTime;
use jiff::civil::Date;
use serde_json::Value;

/// How long an hour and a minute are with the sign between them.
const CLOCK: usize = 5;

impl Said {
    /// Where people said the time of day that a whole text is: `19:30`, `06:45:00`.
    pub(in crate::bound) fn clock(&self, text: &str) -> Option<Mention> {
        let (time, seconds) = text.split_at_checked(CLOCK)?;
        let is_clock = time.bytes().enumerate().all(|(at, b)| match at {
            2 => b == b':',
            _ => b.is_ascii_digit(),
        });
        if !is_clock || !matches!(seconds, "" | ":00") {
            return None;
        }
        let mut all = self.times.iter();
        let (_, text, first, length) = all.find(|(spoken, ..)| spoken.is(time))?;
        Some(self.mention(*text, *first, *length))
    }

    /// Where people said a time of day of which a number is the hour or the minute, as its key says.
    pub(in crate::bound) fn part_of_clock(&self, value: &Value, key: &[String]) -> Option<Mention> {
        let number = value.as_u64()?;
        let is_hour = match key.last()?.as_str() {
            "hour" => true,
            "minute" => false,
            _ => return None,
        };
        let mut all = self.times.iter();
        let (_, text, first, length) = all.find(|(spoken, ..)| {
            let own = if is_hour {
                spoken.hour()
            } else {
                spoken.minute()
            };
            u64::from(own) == number
        })?;
        Some(self.mention(*text, *first, *length))
    }

    /// Whether people named a day.
    pub(in crate::bound) fn has_days(&self) -> bool {
        !self.days.is_empty()
    }

    /// The words in digits by which people named a day: those of `2026-11-14`, or of `27.11.2026`.
    pub(in crate::bound) fn words_of_day(&self, day: Date) -> Vec<&str> {
        let named = self.days.iter().filter(|(spoken, ..)| spoken.is(day));
        let words = named.flat_map(|(_, text, first)| {
            let words = self.texts[*text].words.iter().skip(*first).take(3);
            words.take_while(|word| word.bytes().all(|b| b.is_ascii_digit()))
        });
        words.map(String::as_str).collect()
    }

    /// The words by which people named the time `HH:MM`.
    pub(in crate::bound) fn words_of_time(&self, time: &str) -> Vec<&str> {
        self.words_of(|spoken| spoken.is(time))
    }

    /// The words by which people named a time of day in an hour.
    pub(in crate::bound) fn words_of_hour(&self, hour: &Value) -> Vec<&str> {
        let number = hour.as_u64();
        self.words_of(|spoken| number == Some(spoken.hour().into()))
    }

    fn words_of(&self, is_it: impl Fn(SpokenTime) -> bool) -> Vec<&str> {
        let named = self.times.iter().filter(|(spoken, ..)| is_it(*spoken));
        let words = named.flat_map(|(_, text, first, length)| {
            self.texts[*text].words.iter().skip(*first).take(*length)
        });
        words.map(String::as_str).collect()
    }
}
