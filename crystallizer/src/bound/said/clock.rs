//! Days and times of day that people said in another notation than they are sent in: `7:30 pm` for `19:30`, `3pm` for the
//! hour 15.

use super::{Mention, Said};
use crate::bound::spoken_time::SpokenTime;
use jiff::civil::Date;
use serde_json::Value;

/// How long an hour and a minute are with the sign between them.
const CLOCK: usize = 5;

/// An hour that was said alone: `at 7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BareHour {
    hour: u16,
    text: usize,
    word: usize,
}

impl BareHour {
    /// The hours alone of a text, given as its words in small letters with the sentence of each: behind a word that leads
    /// to a time, and with nothing behind that says of what else it is the number.
    pub(super) fn all(
        words: &[String],
        sentences: &[usize],
        text: usize,
        whole: impl Fn(usize) -> bool,
    ) -> Vec<Self> {
        let same = |one: usize, other: usize| sentences.get(one) == sentences.get(other);
        let leads = |at: usize| {
            let word = words.get(at).map(String::as_str);
            matches!(word, Some("at" | "um" | "à" | "alle" | "gegen" | "around"))
        };
        let goes_on = |at: usize| match words.get(at) {
            Some(word) if same(at, at - 1) => matches!(
                word.as_str(),
                "on" | "today"
                    | "tomorrow"
                    | "tonight"
                    | "and"
                    | "for"
                    | "with"
                    | "sharp"
                    | "o"
                    | "in"
                    | "every"
                    | "heute"
                    | "morgen"
                    | "übermorgen"
                    | "und"
                    | "für"
                    | "mit"
                    | "am"
                    | "demain"
                    | "le"
                    | "et"
                    | "the"
            ),
            _ => true,
        };
        let mut found = Vec::new();
        for (word, number) in words.iter().enumerate().skip(1) {
            let hour = number.parse::<u16>().ok();
            let Some(hour) = hour.filter(|hour| *hour < 24 && number.len() <= 2) else {
                continue;
            };
            if leads(word - 1) && same(word, word - 1) && whole(word) && goes_on(word + 1) {
                found.push(Self { hour, text, word });
            }
        }
        found
    }

    /// Whether it may be this time, in minutes since midnight: `at 7` is in the morning or in the evening.
    fn is(&self, minutes: u16) -> bool {
        minutes == self.hour * 60
            || self.hour < 12 && minutes == (self.hour + 12) * 60
            || self.hour == 12 && minutes == 0
    }

    /// The same of a time that is written `HH:MM`.
    fn is_at(&self, time: &str) -> bool {
        let number = |part: Option<&str>| part?.parse::<u16>().ok();
        let mut parts = time.split(':');
        match (number(parts.next()), number(parts.next())) {
            (Some(hour), Some(minute)) => self.is(hour * 60 + minute),
            _ => false,
        }
    }
}

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
        match all.find(|(spoken, ..)| spoken.is(time)) {
            Some((_, text, first, length)) => Some(self.mention(*text, *first, *length)),
            None => self.bare_hour(time),
        }
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

    /// How often people said a time of day, given in minutes since midnight.
    pub(in crate::bound) fn times_said(&self, minutes: u16) -> usize {
        let is_it = |spoken: SpokenTime| {
            u16::from(spoken.hour()) * 60 + u16::from(spoken.minute()) == minutes
        };
        let times = self.times.iter().filter(|(spoken, ..)| is_it(*spoken));
        times.count() + self.hours.iter().filter(|one| one.is(minutes)).count()
    }

    /// How often people named a day.
    pub(in crate::bound) fn days_said(&self, day: Date) -> usize {
        let named = self.days.iter().filter(|(spoken, ..)| spoken.is(day));
        named.count()
    }

    /// Whether a time of day was said that a moment with the day of a mention may have to have: this very one, or any in
    /// the sentence of that day.
    pub(in crate::bound) fn has_time_for(&self, day: &Mention, time: &str) -> bool {
        let sentence = |text: usize, word: usize| {
            let spoken = self.texts.get(text);
            spoken
                .and_then(|spoken| spoken.sentences.get(word))
                .copied()
        };
        let is_beside = |text: usize, word: usize| {
            text == day.text && sentence(text, word) == sentence(day.text, day.word)
        };
        let mut times = self.times.iter();
        let mut hours = self.hours.iter();
        times.any(|(spoken, text, word, _)| spoken.is(time) || is_beside(*text, *word))
            || hours.any(|hour| hour.is_at(time) || is_beside(hour.text, hour.word))
    }

    /// Whether people named a time of day, or how long something lasts.
    pub(in crate::bound) fn speaks_of_times(&self) -> bool {
        !self.times.is_empty() || !self.durations.is_empty() || !self.hours.is_empty()
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
        let mut all = self.words_of(|spoken| spoken.is(time));
        let hours = self.hours.iter().filter(|hour| hour.is_at(time));
        all.extend(hours.map(|hour| self.texts[hour.text].words[hour.word].as_str()));
        all
    }

    /// The words by which people named a time of day in an hour.
    pub(in crate::bound) fn words_of_hour(&self, hour: &Value) -> Vec<&str> {
        let number = hour.as_u64();
        self.words_of(|spoken| number == Some(spoken.hour().into()))
    }

    /// Where people said an hour alone (`at 7`) of which this may be the time.
    pub(super) fn bare_hour(&self, time: &str) -> Option<Mention> {
        let found = self.hours.iter().find(|hour| hour.is_at(time))?;
        Some(self.mention(found.text, found.word, 1))
    }

    fn words_of(&self, is_it: impl Fn(SpokenTime) -> bool) -> Vec<&str> {
        let named = self.times.iter().filter(|(spoken, ..)| is_it(*spoken));
        let words = named.flat_map(|(_, text, first, length)| {
            self.texts[*text].words.iter().skip(*first).take(*length)
        });
        words.map(String::as_str).collect()
    }
}
