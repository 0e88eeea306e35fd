//! What the person said and a text tells again in another notation: `2027-06-15` as `June 15`, `120` as `120.00`, the
//! start of a call as `3:30 pm`. It is the same thing, so that it moves with it.

use super::binder::{Binder, Sent};
use super::binding::{Binding, Bound, Piece, Source};
use super::canonical;
use super::decide::Decisions;
use super::figure::Stays;
use super::information::{WEAK, bits};
use super::inputs::{Found, Input, Inputs};
use super::key::{Key, named_by};
use super::lasting;
use super::notation::{notation, of_time};
use super::said::{Mention, Said};
use super::spoken_time;
use super::told::places_of;
use super::transform::{Op, Transform};
use super::turn::Compared;
use super::written::{self, Written};
use crate::kept::Kept;
use crate::value_class;
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};

/// What a figure tells at least to be known again by itself.
const TELLS: f64 = 3.0;
/// The letters from which on a word in small letters may be a value that is told again.
const LONG_WORD: usize = 4;
/// The words that a number may be told by.
const NUMBERS: std::ops::RangeInclusive<u64> = 2..=12;

/// A part of a text that tells what the person said in another notation.
pub(super) struct Retold<'t> {
    pub(super) at: usize,
    pub(super) part: &'t str,
    /// What was said, in its plain notation.
    value: Value,
    found: Found,
    key: Option<Key>,
    /// How it is written there.
    transform: Transform,
}

/// Whether an input is what people told.
fn is_told(input: &Input) -> bool {
    matches!(input.found, Found::Said(_) | Found::Agreed(_))
}

/// The day that a value is, or begins with.
pub(super) fn day_of(value: &Value) -> Option<&str> {
    let text = value.as_str()?.trim();
    (value_class::is_date(text) || value_class::is_moment(text))
        .then(|| text.get(..10))
        .flatten()
}

/// Whether a value is what a figure may be.
fn is_it(value: &Value, figure: &Written) -> bool {
    if figure.is_day {
        return day_of(value)
            .is_some_and(|day| figure.values.iter().any(|one| one.as_str() == Some(day)));
    }
    value.is_number()
        && canonical::form(value).is_some_and(|own| {
            figure
                .values
                .iter()
                .any(|one| canonical::form(one).as_ref() == Some(&own))
        })
}

/// The one input that people told and that a figure may be.
fn input_of<'i>(inputs: &'i Inputs, figure: &Written) -> Option<&'i Input> {
    let of_figure = figure.values.iter();
    let mut all = of_figure
        .flat_map(|value| match figure.is_day {
            true => inputs.of_day(value.as_str().unwrap_or_default()),
            false => inputs.of_value(value),
        })
        .filter(|input| is_told(input) && is_it(&input.value, figure));
    let one = all.next()?;
    all.all(|other| other.name == one.name).then_some(one)
}

/// The one day of those that a figure may be that a person named, with where.
fn day_said(said: &Said, figure: &Written) -> Option<(Value, Mention)> {
    let mut all = figure.values.iter().filter_map(|value| {
        let mention = said.find(value, &[]).filter(|mention| mention.person)?;
        Some((value.clone(), mention))
    });
    let one = all.next()?;
    all.next().is_none().then_some(one)
}

/// A time of day in a text: where it stands, and the minutes since midnight.
fn times_in(text: &str) -> Vec<(usize, &str, u16)> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut at = 0;
    while at < bytes.len() {
        let begins = digit(at)
            && (at == 0
                || !bytes[at - 1].is_ascii_alphanumeric()
                    && !matches!(bytes[at - 1], b':' | b'.' | b','));
        if !begins {
            at += 1;
            continue;
        }
        let start = at;
        while digit(at) {
            at += 1;
        }
        let hour = text[start..at].parse::<u16>().unwrap_or(u16::MAX);
        let mut minute = None;
        if bytes.get(at) == Some(&b':') && digit(at + 1) && digit(at + 2) && !digit(at + 3) {
            minute = text[at + 1..at + 3].parse::<u16>().ok();
            at += 3;
        }
        let rest = &text[at..];
        let bare = rest.strip_prefix(' ').unwrap_or(rest);
        let half = [
            "am", "pm", "AM", "PM", "Am", "Pm", "a.m.", "p.m.", "A.M.", "P.M.",
        ]
        .into_iter()
        .find(|half| {
            bare.strip_prefix(half)
                .is_some_and(|behind| !behind.starts_with(char::is_alphanumeric))
        });
        let mut end = at;
        let hour = match half {
            Some(half) if (1..=12).contains(&hour) => {
                end = at + (rest.len() - bare.len()) + half.len();
                hour % 12 + if half.starts_with(['p', 'P']) { 12 } else { 0 }
            }
            Some(_) => continue,
            None if minute.is_none() => continue,
            None => hour,
        };
        let minute = minute.unwrap_or(0);
        if hour < 24 && minute < 60 {
            found.push((start, &text[start..end], hour * 60 + minute));
        }
        at = end;
    }
    found
}

/// The minutes since midnight of a time of day, or of a moment.
pub(super) fn time_of(value: &Value) -> Option<u16> {
    let (_, time, _) = lasting::clock(value.as_str()?)?;
    let number = |part: i8| u16::try_from(part).ok();
    Some(number(time.hour())? * 60 + number(time.minute())?)
}

impl Binder<'_, '_> {
    /// The parts of a text of a change that tell in another notation what a person said, each with what it is.
    pub(super) fn retold_in<'t>(&self, call: usize, text: &'t str) -> Vec<Retold<'t>> {
        let mut found: Vec<Retold<'t>> = Vec::new();
        for figure in written::figures(text) {
            let places = places_of(text, &figure.shown);
            let [(at, part)] = places.as_slice() else {
                continue;
            };
            let input = input_of(&self.inputs, &figure);
            let as_said = self.said.find_written(&figure.shown).is_some();
            let retold = match input {
                // What was said just so is an input by itself, but for the number that is one already.
                // A day that was said once is the same one, however it is written.
                Some(input)
                    if as_said
                        && (figure.is_day && !self.is_said_of(input, &figure)
                            || self.inputs.told(&figure.shown).is_some()
                            || is_written_so(&input.value, &figure.shown)) =>
                {
                    continue;
                }
                Some(input) => {
                    if !figure.is_day && bits(&input.value, &[]) < TELLS {
                        continue;
                    }
                    notation(&input.value, &figure).map(|transform| Retold {
                        at: *at,
                        part,
                        value: input.value.clone(),
                        found: input.found,
                        key: Some(input.key.clone()),
                        transform,
                    })
                }
                None if figure.is_day && !as_said => {
                    let is_input = |input: &Input| is_told(input) && is_it(&input.value, &figure);
                    let days = figure.values.iter().filter_map(Value::as_str);
                    let is_known = days.flat_map(|day| self.inputs.of_day(day)).any(is_input);
                    day_said(&self.said, &figure)
                        .filter(|_| !is_known)
                        .and_then(|(value, mention)| {
                            let transform = notation(&value, &figure)?;
                            Some(Retold {
                                at: *at,
                                part,
                                value,
                                found: Found::Said(mention),
                                key: None,
                                transform,
                            })
                        })
                }
                None => None,
            };
            found.extend(retold.filter(|one| !self.is_given(call, &one.value)));
        }
        for (at, part, minutes) in times_in(text) {
            // A time that was said once is the same one, however it is written.
            let is_another =
                || self.said.find_written(part).is_some() && self.said.times_said(minutes) != 1;
            if self.inputs.told(part).is_some() || is_another() {
                continue;
            }
            let mut all = self.inputs.of_time(minutes).filter(|input| is_told(input));
            if let (Some(input), None) = (all.next(), all.next())
                && let Some(transform) = of_time(&input.value, part)
            {
                found.push(Retold {
                    at,
                    part,
                    value: input.value.clone(),
                    found: input.found,
                    key: Some(input.key.clone()),
                    transform,
                });
            }
        }
        found
    }

    /// Whether a day of a text is what the person said of an input, in the same words or as the only day that it may be.
    fn is_said_of(&self, input: &Input, figure: &Written) -> bool {
        let day = day_of(&input.value).and_then(|day| day.parse().ok());
        notation(&input.value, figure).is_some()
            && day.is_some_and(|day| self.said.days_said(day) == 1)
    }

    /// Whether words of a message name the day of an input that is there, and of no other.
    pub(super) fn is_day_of_input(&self, call: usize, phrase: &str) -> bool {
        let mut figures = written::figures(phrase).into_iter();
        let figure = figures.find(|one| one.is_day && one.shown == phrase);
        figure.is_some_and(|figure| {
            let input = input_of(&self.inputs, &figure);
            input.is_some_and(|input| {
                self.is_said_of(input, &figure) && !self.is_given(call, &input.value)
            })
        })
    }

    /// Whether a figure of a text is a part of the time of day that an input has: `7:30` in `7:30 pm`.
    pub(super) fn is_in_time(&self, text: &str, at: usize, part: &str) -> bool {
        times_in(text).into_iter().any(|(from, time, minutes)| {
            let has_it = |input: &Input| is_told(input) && time_of(&input.value) == Some(minutes);
            from <= at
                && at + part.len() <= from + time.len()
                && part.len() < time.len()
                && self.inputs.iter().any(has_it)
        })
    }

    /// Whether an answer gave a value up to a call: that may be meant as well.
    fn is_given(&self, call: usize, value: &Value) -> bool {
        let own = canonical::form(value);
        let decided = self.decided.iter().take(call + 1);
        decided
            .flat_map(|decided| &decided.bound)
            .flat_map(Bound::bindings)
            .any(|binding| {
                !matches!(binding.source, Source::Input(_))
                    && canonical::form(&binding.value) == own
            })
    }

    /// What gives such a part.
    pub(super) fn retold_binding(
        &mut self,
        call: usize,
        pointer: &str,
        key: &str,
        retold: &Retold<'_>,
    ) -> Binding {
        let key = retold.key.clone().unwrap_or_else(|| Key {
            words: vec!["date".to_owned()],
            around: Key::new([key].into_iter(), "").words,
        });
        let sent = Sent {
            call,
            pointer: pointer.to_owned(),
            path: Vec::new(),
            key,
            value: &retold.value,
        };
        let mut binding = self.input(&sent, retold.found, None);
        // What is no time of day is refused before anything is done.
        let is_time = |op: &Op| matches!(op, Op::Written(format) if format.contains("%M"));
        if let Source::Input(name) = &binding.source
            && retold.transform.0.iter().any(is_time)
        {
            self.inputs.counted_from(name);
        }
        binding.expression = retold.transform.write(&binding.expression);
        binding
            .transform
            .0
            .extend(retold.transform.0.iter().cloned());
        binding.because = format!("{}; it is a part of the text", binding.because);
        binding.value = Value::from(retold.part);
        binding
    }
}

/// The figure of a text that a person said in another notation, where it still stays: with what gives it, where there is
/// one such input. A small number has to be that of an input by the words beside it.
pub(super) fn stays(decisions: &Decisions<'_>, text: &str, figure: &Written) -> Option<Stays> {
    if places_of(text, &figure.shown).is_empty() {
        return None;
    }
    let input = input_of(&decisions.inputs, figure);
    if !figure.is_day {
        let tells = figure.values.iter().any(|value| bits(value, &[]) >= TELLS);
        let is_beside = |input: &Input| {
            let Found::Said(mention) = &input.found else {
                return false;
            };
            let (before, behind) = decisions.said.neighbours(mention);
            let near = [before, behind].into_iter().flatten();
            let mut near = near.filter(|word| word.chars().count() > 2);
            let mut beside = figure.beside.iter();
            near.any(|word| figure.beside.iter().any(|own| own == word))
                || beside.any(|own| named_by(&input.key.words, own))
        };
        if !tells && !input.is_some_and(is_beside) {
            return None;
        }
    }
    let source = input.and_then(|input| Some(of_input(input, notation(&input.value, figure)?)));
    Some(Stays {
        written: source.is_none().then(|| figure.clone()),
        source: source.map(Box::new),
        ..Stays::text(&figure.shown, false, true)
    })
}

/// The day of a text that a person named by its distance from the day of speaking: `today`. Which day that was is not
/// known of every recording.
pub(super) fn day_of_run(decisions: &Decisions<'_>, figure: &Written) -> Option<Stays> {
    let said = &decisions.said;
    let mut days = said.relative_days().peekable();
    days.peek()?;
    let source = match said.day_of_speaking() {
        Some(today) => {
            let (ahead, day) = days.find_map(|days| {
                let day = today.checked_add(jiff::Span::new().days(days)).ok()?;
                let day = Value::from(day.to_string());
                figure.values.contains(&day).then_some((days, day))
            })?;
            (day.as_str() == Some(figure.shown.as_str())).then(|| Binding {
                expression: super::run_day::ahead(ahead),
                source: Source::Clock(Some(ahead)),
                transform: Transform::default(),
                score: TELLS,
                because: "the person named the day by its distance".to_owned(),
                agreeing: Vec::new(),
                from_text: false,
                compared: Compared::default(),
                value: day,
            })
        }
        None => None,
    };
    Some(Stays {
        source: source.map(Box::new),
        ..Stays::text(&figure.shown, false, true)
    })
}

fn of_input(input: &Input, transform: Transform) -> Binding {
    Binding {
        expression: transform.write(&format!("inputs.{}", input.name)),
        source: Source::Input(input.name.clone()),
        transform,
        score: WEAK,
        because: "the person said it".to_owned(),
        agreeing: Vec::new(),
        from_text: false,
        compared: Compared::default(),
        value: input.value.clone(),
    }
}

/// The inputs that changes sent as they are and that texts may tell in words, each with the first of these changes.
pub(super) struct SentInputs<'d> {
    all: Vec<(&'d Input, usize)>,
    /// The words that tools and arguments are called by, once somebody asks.
    names: OnceCell<Vec<String>>,
}

impl<'d> SentInputs<'d> {
    pub(super) fn of(kept: &[Kept<'_>], decisions: &'d Decisions<'_>) -> Self {
        let mut first: HashMap<&str, usize> = HashMap::new();
        let calls = kept.iter().zip(&decisions.calls).enumerate();
        for (call, (_, decided)) in calls.filter(|(_, (one, _))| one.changes()) {
            for bound in &decided.bound {
                if let [Piece::Value(binding)] = bound.pieces.as_slice()
                    && let Source::Input(name) = &binding.source
                    && binding.transform.0.is_empty()
                {
                    first.entry(name.as_str()).or_insert(call);
                }
            }
        }
        let may_stay = |input: &&Input| match &input.value {
            Value::String(word) => is_plain_word(word) || time_of(&input.value).is_some(),
            Value::Number(number) => number.as_u64().is_some_and(|one| NUMBERS.contains(&one)),
            _ => false,
        };
        let told = decisions.inputs.iter().filter(|input| is_told(input));
        Self {
            all: told
                .filter(may_stay)
                .filter_map(|input| Some((input, *first.get(input.name.as_str())?)))
                .collect(),
            names: OnceCell::new(),
        }
    }

    /// The times of day and the words of texts that tell what a change up to theirs was sent, as the person said it:
    /// `shipped`, `three`.
    pub(super) fn words(&self, kept: &[Kept<'_>], call: usize, texts: &[&str]) -> Vec<Stays> {
        let mut found: Vec<Stays> = Vec::new();
        for (input, _) in self.all.iter().filter(|(_, first)| *first <= call) {
            for text in texts {
                let told = match &input.value {
                    Value::String(word) if is_plain_word(word) => {
                        word_in(input, word, text).filter(|_| !self.is_named(kept, word))
                    }
                    Value::Number(number) => number
                        .as_u64()
                        .filter(|number| NUMBERS.contains(number))
                        .and_then(|number| number_in(number, text)),
                    Value::String(_) => time_in(input, text),
                    _ => None,
                };
                if let Some(told) = told
                    && !found.iter().any(|known| known.shown == told.shown)
                {
                    found.push(told);
                }
            }
        }
        found
    }

    /// Whether a word is what a tool or an argument is called by: it is in many texts.
    fn is_named(&self, kept: &[Kept<'_>], word: &str) -> bool {
        let names = self.names.get_or_init(|| {
            let mut all: BTreeSet<String> = BTreeSet::new();
            for one in kept {
                all.extend(crate::words::split(&one.call.name));
                let keys = one.call.arguments.as_object();
                all.extend(keys.into_iter().flat_map(|keys| keys.keys().cloned()));
            }
            all.into_iter().collect()
        });
        let own = [word.to_owned()];
        names.iter().any(|name| named_by(&own, name))
    }
}

/// The time of day of an input that a text tells.
fn time_in(input: &Input, text: &str) -> Option<Stays> {
    let own = time_of(&input.value)?;
    let (_, part, _) = times_in(text)
        .into_iter()
        .find(|(_, _, minutes)| *minutes == own)?;
    let source = of_time(&input.value, part).map(|transform| Box::new(of_input(input, transform)));
    Some(Stays {
        source,
        ..Stays::text(part, false, true)
    })
}

/// Whether a value is one word in small letters, which by itself may be wording.
fn is_plain_word(word: &str) -> bool {
    word.chars().count() >= LONG_WORD && word.chars().all(|c| c.is_lowercase())
}

fn word_in(input: &Input, word: &str, text: &str) -> Option<Stays> {
    let mut capital: String = word.chars().take(1).flat_map(char::to_uppercase).collect();
    capital.extend(word.chars().skip(1));
    let (shown, transform) = [
        (word, Transform::default()),
        (capital.as_str(), Transform(vec![Op::Capitalize])),
    ]
    .into_iter()
    .find(|(shown, _)| !places_of(text, shown).is_empty())?;
    Some(Stays {
        source: Some(Box::new(of_input(input, transform))),
        ..Stays::text(shown, false, true)
    })
}

/// The word of a number in a text. Nothing writes it: another one has another word.
fn number_in(number: u64, text: &str) -> Option<Stays> {
    let words = text.split(|c: char| !c.is_alphabetic());
    let mut words = words.filter(|word| !word.is_empty());
    let shown = words.find(|word| {
        spoken_time::small_number(&word.to_lowercase()).map(u64::from) == Some(number)
    })?;
    Some(Stays::text(shown, false, true))
}

/// Whether a value is written just so.
fn is_written_so(value: &Value, shown: &str) -> bool {
    let written = value.to_string();
    written == shown
}

#[cfg(test)]
mod tests {
    use super::times_in;

    #[test]
    fn times_of_day_in_texts() {
        for (text, expected) in [
            ("now at 3:30 pm.", vec![("3:30 pm", 930)]),
            ("now at 15:30.", vec![("15:30", 930)]),
            (
                "at 9 am or 12:05 PM",
                vec![("9 am", 540), ("12:05 PM", 725)],
            ),
            ("at 12 am", vec![("12 am", 0)]),
            ("3 rooms, 10:300, 1.15:30, v2:30", vec![]),
            ("25:00 and 13 pm", vec![]),
            ("3 amounts", vec![]),
        ] {
            let found: Vec<(&str, u16)> = times_in(text)
                .into_iter()
                .map(|(_, part, minutes)| (part, minutes))
                .collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
