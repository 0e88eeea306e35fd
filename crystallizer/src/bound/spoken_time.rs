//! Days, times of day and small numbers as people say them.

use super::spoken_distance;
use jiff::civil::Date;
use std::ops::Range;

/// A day that somebody named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SpokenDay {
    /// `May 20th`, `20 May 2027`.
    Named {
        month: i8,
        day: i8,
        year: Option<i16>,
    },
    /// `today`, `tomorrow`, `in 3 days`, `in two weeks`: the distance from the day of speaking.
    Relative(i64),
}

impl SpokenDay {
    /// Whether this names the day. A distance names none by itself.
    pub(super) fn is(self, date: Date) -> bool {
        match self {
            Self::Named { month, day, year } => {
                date.month() == month
                    && date.day() == day
                    && year.is_none_or(|year| date.year() == year)
            }
            Self::Relative(_) => false,
        }
    }
}

/// The months by their names, in order.
pub(crate) const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The number of a month by its name, January being 1.
pub(super) fn month(word: &str) -> Option<i8> {
    if word.len() < 3 {
        return None;
    }
    let index = MONTHS.iter().position(|month| {
        *month == word
            || word.len() == 3 && month.starts_with(word)
            || word == "sept" && *month == "september"
    });
    let index = index.or_else(|| OTHER_MONTHS.iter().position(|names| names.contains(&word)))?;
    i8::try_from(index + 1).ok()
}

/// The names of a month, January being 1.
pub(super) fn month_names(month: i8) -> impl Iterator<Item = &'static str> {
    let at = usize::try_from(month).ok().and_then(|at| at.checked_sub(1));
    let english = at.and_then(|at| MONTHS.get(at)).copied();
    let others = at.and_then(|at| OTHER_MONTHS.get(at)).copied();
    let short = english.and_then(|name| name.get(..3));
    english
        .into_iter()
        .chain(short)
        .chain(others.unwrap_or_default().iter().copied())
}

/// The same in German, French, Spanish and Italian, where they are called otherwise.
const OTHER_MONTHS: [&[&str]; 12] = [
    &["januar", "jänner", "janvier", "enero", "gennaio"],
    &[
        "februar", "feber", "février", "fevrier", "febrero", "febbraio",
    ],
    &["märz", "maerz", "mars", "marzo"],
    &["avril", "abril", "aprile"],
    &["mai", "mayo", "maggio"],
    &["juni", "juin", "junio", "giugno"],
    &["juli", "juillet", "julio", "luglio"],
    &["août", "aout", "agosto"],
    &["septembre", "septiembre", "settembre"],
    &["oktober", "octobre", "octubre", "ottobre"],
    &["novembre", "noviembre"],
    &["dezember", "décembre", "decembre", "diciembre", "dicembre"],
];

/// The day of a month that a word writes: `12`, `12th`.
pub(super) fn day(word: &str) -> Option<i8> {
    let digits = ["st", "nd", "rd", "th", "er", "º"]
        .iter()
        .find_map(|end| word.strip_suffix(end))
        .unwrap_or(word);
    digits
        .parse::<i8>()
        .ok()
        .filter(|day| (1..=31).contains(day) && digits.len() <= 2)
}

pub(super) fn year(word: Option<&String>) -> Option<i16> {
    let word = word?;
    word.parse::<i16>()
        .ok()
        .filter(|year| word.len() == 4 && (1900..2200).contains(year))
}

/// The days named in a text, given as its words in lower case, each with the place of its word.
pub(super) fn days(words: &[String]) -> Vec<(SpokenDay, usize)> {
    let mut found = Vec::new();
    // Where the words of the last distance end: `the day after tomorrow` says no `tomorrow`.
    let mut told = 0;
    for (index, word) in words.iter().enumerate() {
        let next = words.get(index + 1).map(String::as_str);
        if index >= told
            && let Some((days, length)) = spoken_distance::ahead(words, index)
        {
            found.push((SpokenDay::Relative(days), index));
            told = index + length;
        }
        if let (Some(year), Some(month), Some(day)) = (
            year(Some(word)),
            next.and_then(|word| word.parse::<i8>().ok()),
            words.get(index + 2).and_then(|word| day(word)),
        ) && (1..=12).contains(&month)
        {
            let year = Some(year);
            found.push((SpokenDay::Named { month, day, year }, index));
        }
        if let (Some(month), Some(day)) = (month(word), next.and_then(day)) {
            let year = year(words.get(index + 2));
            found.push((SpokenDay::Named { month, day, year }, index));
        }
        if let (Some(day), Some(next)) = (day(word), next) {
            let (name, after) = if matches!(next, "of" | "de") {
                (words.get(index + 2).map(String::as_str), index + 3)
            } else {
                (Some(next), index + 2)
            };
            if let Some(month) = name.and_then(month) {
                let of = words
                    .get(after)
                    .is_some_and(|word| matches!(word.as_str(), "of" | "de"));
                let year = year(words.get(after + usize::from(of)));
                found.push((SpokenDay::Named { month, day, year }, index));
            }
        }
    }
    found
}

/// The days that digits with marks may name: `27.11.2026`, `27.11.`, `27/11/26`, `11/27/2026`. Where day and month could
/// be taken for each other, both are.
pub(super) fn marked_days(token: &str) -> Vec<SpokenDay> {
    let token = token.trim_end_matches([',', ';', '!', '?', ')', ':']);
    let (mark, token) = if token.contains('/') {
        ('/', token.trim_end_matches('.'))
    } else {
        ('.', token)
    };
    let parts: Vec<&str> = token.split(mark).collect();
    let number = |part: &str| {
        part.parse::<i8>()
            .ok()
            .filter(|_| (1..=2).contains(&part.len()))
    };
    let year = |part: &str| match part.len() {
        2 => part.parse::<i16>().ok().map(|year| 2000 + year),
        4 => part
            .parse::<i16>()
            .ok()
            .filter(|year| (1900..2200).contains(year)),
        _ => None,
    };
    let (one, two, year) = match (mark, parts.as_slice()) {
        // The point of an ordinal stands behind the month, too.
        ('.', [one, two, ""]) => (number(one), number(two), None),
        (_, [one, two, last]) | ('.', [one, two, last, ""]) => match year(last) {
            Some(year) => (number(one), number(two), Some(year)),
            None => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    let (Some(one), Some(two)) = (one, two) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (day, month) in [(one, two), (two, one)] {
        // Points are set where the day comes first.
        let fits = (1..=31).contains(&day) && (1..=12).contains(&month);
        let spoken = SpokenDay::Named { month, day, year };
        if fits && !found.contains(&spoken) && (mark == '/' || day == one) {
            found.push(spoken);
        }
    }
    found
}

/// Whether a text begins with the day of a month: `27. November`. The point after it ends no sentence.
pub(super) fn is_ordinal_of_month(text: &str) -> bool {
    let Some((number, rest)) = text.split_once(". ") else {
        return false;
    };
    let end = rest
        .find(|c: char| !c.is_alphabetic())
        .unwrap_or(rest.len());
    number.len() <= 2
        && number.bytes().all(|b| b.is_ascii_digit())
        && month(&rest[..end].to_lowercase()).is_some()
}

/// A small number that is written as a word.
pub(super) fn small_number(word: &str) -> Option<u8> {
    const WORDS: [&[&str]; 12] = [
        // In other languages it is the article, too.
        &["one"],
        &["two", "zwei", "deux"],
        &["three", "drei", "trois"],
        &["four", "vier", "quatre"],
        &["five", "fünf", "cinq"],
        &["six", "sechs"],
        &["seven", "sieben"],
        &["eight", "acht", "huit"],
        &["nine", "neun", "neuf"],
        &["ten", "zehn", "dix"],
        &["eleven", "elf", "onze"],
        &["twelve", "zwölf", "douze"],
    ];
    let index = WORDS.iter().position(|known| known.contains(&word))?;
    u8::try_from(index + 1).ok()
}

/// How many a dozen, or several of them, are: `a dozen`, `two dozen`, `3 dozen`.
pub(super) fn dozens(before: Option<&String>, word: &str) -> Option<u8> {
    if !matches!(word, "dozen" | "dozens" | "dutzend") {
        return None;
    }
    let times = before.map_or(1, |before| {
        small_number(before)
            .or_else(|| before.parse().ok())
            .unwrap_or(1)
    });
    times.checked_mul(12)
}

/// A time of day that somebody named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SpokenTime {
    hour: u8,
    minute: u8,
}

impl SpokenTime {
    pub(super) fn hour(self) -> u8 {
        self.hour
    }

    pub(super) fn minute(self) -> u8 {
        self.minute
    }

    /// Whether this is the time `HH:MM`.
    pub(super) fn is(self, time: &str) -> bool {
        format!("{:02}:{:02}", self.hour, self.minute) == time
    }
}

/// For how many minutes somebody said that something lasts: `1 hour`, `a 30-minute call`, `half an hour`. Given as words
/// in lower case; each with the place of its unit.
pub(super) fn durations(words: &[String]) -> Vec<(i64, usize)> {
    let mut found = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let unit = match word.as_str() {
            "hour" | "hours" | "hr" | "hrs" | "stunde" | "stunden" | "heure" | "heures" => 60,
            "minute" | "minutes" | "min" | "mins" | "minuten" => 1,
            _ => continue,
        };
        let before = |back: usize| index.checked_sub(back).and_then(|at| words.get(at));
        let Some(count) = before(1) else { continue };
        let minutes = match count.as_str() {
            "a" | "an" | "full" if before(2).is_some_and(|word| word == "half") => unit / 2,
            "a" | "an" | "full" | "eine" | "einer" | "une" => unit,
            "half" | "halbe" | "halben" => unit / 2,
            digits => match digits.parse::<i64>() {
                Ok(count) if (1..=1_440).contains(&count) => count * unit,
                Ok(_) => continue,
                Err(_) => match small_number(digits) {
                    Some(count) => i64::from(count) * unit,
                    None => continue,
                },
            },
        };
        if minutes > 0 && !found.iter().any(|(known, _)| *known == minutes) {
            found.push((minutes, index));
        }
    }
    found
}

/// For how many days somebody said that something lasts: `for 2 nights`, `a 3-day trip`, `for a week`, each with the
/// place of its word. Given as words in lower case.
pub(super) fn stays(words: &[String]) -> Vec<(i64, usize)> {
    let mut found = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let (days, is_night) = match word.as_str() {
            "night" | "nights" | "nacht" | "nächte" | "nächten" | "nuit" | "nuits" => (1, true),
            "day" | "days" | "tag" | "tage" | "jour" | "jours" => (1, false),
            "week" | "weeks" | "woche" | "wochen" | "semaine" | "semaines" => (7, false),
            _ => continue,
        };
        let before = |back: usize| {
            index
                .checked_sub(back)
                .and_then(|at| words.get(at))
                .map(String::as_str)
        };
        let count = match before(1) {
            Some("a" | "an" | "one" | "eine" | "einen" | "une" | "un") => 1,
            Some(digits) => match digits
                .parse::<i64>()
                .ok()
                .or(small_number(digits).map(i64::from))
            {
                Some(count) if (1..=366).contains(&count) => count,
                _ => continue,
            },
            None => continue,
        };
        // Nights are always a length; days are one where it is said: `in 3 days` is none.
        let is_length = is_night
            || matches!(
                before(2),
                Some("for" | "lasting" | "a" | "für" | "pour" | "pendant")
            )
            || matches!(
                words.get(index + 1).map(String::as_str),
                Some("long" | "trip" | "stay" | "rental" | "visit" | "booking" | "lang")
            );
        if is_length {
            found.push((count * days, index));
        }
    }
    found
}

/// The times of day named in a text, with where each begins and ends: `8 AM`, `3:30pm`, `14:05`, `10.30 Uhr`, `14h30`,
/// `noon`.
pub(super) fn times(text: &str) -> Vec<(SpokenTime, Range<usize>)> {
    // The places stay those of the text.
    let lower = text.to_ascii_lowercase();
    let tokens: Vec<&str> = lower
        .split(|c: char| {
            c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '?' | '!' | '"' | '\'')
        })
        .filter(|token| !token.is_empty())
        .map(|token| token.trim_end_matches('.'))
        .collect();
    let begin = |token: &str| token.as_ptr() as usize - lower.as_ptr() as usize;
    let mut found = Vec::new();
    for (index, token) in tokens.iter().copied().enumerate() {
        let next = tokens.get(index + 1).copied();
        let mut add = |hour: u8, minute: u8, last: &str| {
            if hour < 24 && minute < 60 {
                let place = begin(token)..begin(last) + last.len();
                found.push((SpokenTime { hour, minute }, place));
            }
        };
        match token {
            "noon" | "midday" | "mittag" | "mittags" => add(12, 0, token),
            "midnight" | "mitternacht" => add(0, 0, token),
            _ => {}
        }
        let digits = token
            .find(|c: char| !(c.is_ascii_digit() || c == ':'))
            .unwrap_or(token.len());
        let (clock, rest) = token.split_at(digits);
        let is_half = |word: &str| matches!(word, "am" | "pm" | "a.m" | "p.m");
        let of_hour = next.filter(|next| *next == "uhr");
        let whole = match rest.strip_prefix('h') {
            Some("") => Some((clock, "0")),
            Some(minute) if minute.len() == 2 => Some((clock, minute)),
            _ if of_hour.is_some() => Some(token.split_once(['.', ':']).unwrap_or((token, "0"))),
            _ => None,
        };
        if let Some((hour, minute)) = whole {
            if let (Ok(hour), Ok(minute)) = (hour.parse(), minute.parse()) {
                add(hour, minute, of_hour.unwrap_or(token));
            }
            continue;
        }
        let half = match rest {
            "" => next.filter(|next| is_half(next)),
            half => Some(half).filter(|half| is_half(half)),
        };
        let (hour, minute) = match clock.split_once(':') {
            Some((hour, minute)) if minute.len() == 2 => (hour, minute),
            None if half.is_some() => (clock, "0"),
            _ => continue,
        };
        let (Ok(hour), Ok(minute)) = (hour.parse::<u8>(), minute.parse::<u8>()) else {
            continue;
        };
        let hour = match half.and_then(|half| half.chars().next()) {
            Some('p') if hour < 12 => hour + 12,
            Some('a') if hour == 12 => 0,
            _ => hour,
        };
        add(hour, minute, half.unwrap_or(token));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_that_people_say() {
        let words: Vec<String> = super::super::canonical::runs(
            "On May 20th, the 3rd of June 2027, 4 july. At 2027-05-16; tomorrow or in 3 days",
        )
        .collect();
        let found: Vec<SpokenDay> = days(&words).into_iter().map(|(day, _)| day).collect();
        let named = |month, day, year| SpokenDay::Named { month, day, year };
        assert_eq!(
            found,
            [
                named(5, 20, None),
                named(6, 3, Some(2027)),
                named(7, 4, None),
                named(5, 16, Some(2027)),
                SpokenDay::Relative(1),
                SpokenDay::Relative(3)
            ]
        );
        let words: Vec<String> = super::super::canonical::runs(
            "Am 27. November 2026, 3. Dezember, le 1er mars prochain, 5 de mayo de 2027, übermorgen, in 4 Tagen. Guten Morgen!",
        )
        .collect();
        let found: Vec<SpokenDay> = days(&words).into_iter().map(|(day, _)| day).collect();
        assert_eq!(
            found,
            [
                named(11, 27, Some(2026)),
                named(12, 3, None),
                named(3, 1, None),
                named(5, 5, Some(2027)),
                SpokenDay::Relative(2),
                SpokenDay::Relative(4)
            ]
        );
        for (token, expected) in [
            ("27.11.2026", vec![named(11, 27, Some(2026))]),
            ("27.11.26,", vec![named(11, 27, Some(2026))]),
            ("27.11.", vec![named(11, 27, None)]),
            ("27/11/2026", vec![named(11, 27, Some(2026))]),
            ("11/27/2026", vec![named(11, 27, Some(2026))]),
            (
                "05/06/2026.",
                vec![named(6, 5, Some(2026)), named(5, 6, Some(2026))],
            ),
            ("27.11", vec![]),
            ("1/2", vec![]),
            ("10.0.0.1", vec![]),
            ("1.2.3", vec![]),
            ("40.13.2026", vec![]),
        ] {
            assert_eq!(marked_days(token), expected, "{token}");
        }
        let found: Vec<String> = times("um 10 Uhr, 9.30 Uhr. à 14h30 ou 8h, 7 Leute, 25 Uhr")
            .into_iter()
            .map(|(time, _)| format!("{:02}:{:02}", time.hour, time.minute))
            .collect();
        assert_eq!(found, ["10:00", "09:30", "14:30", "08:00"]);
        let found: Vec<String> = times("8 AM, 3:30pm. at 14:05 or 12 a.m., 7 people")
            .into_iter()
            .map(|(time, _)| format!("{:02}:{:02}", time.hour, time.minute))
            .collect();
        assert_eq!(found, ["08:00", "15:30", "14:05", "00:00"]);
        let text = "At noon, at 7:30 PM. or um 10 Uhr";
        let found: Vec<&str> = times(text)
            .into_iter()
            .map(|(_, place)| &text[place])
            .collect();
        assert_eq!(found, ["noon", "7:30 PM", "10 Uhr"]);
        let words: Vec<String> = super::super::canonical::runs(
            "a new 1 hour long event, a 30-minute call, for two hours, half an hour, in 2027 hours",
        )
        .collect();
        let minutes = |words: &[String]| -> Vec<i64> {
            durations(words)
                .into_iter()
                .map(|(minutes, _)| minutes)
                .collect()
        };
        assert_eq!(minutes(&words), [60, 30, 120]);
        let words: Vec<String> =
            super::super::canonical::runs("eine halbe Stunde, zwei Stunden, 45 Minuten, une heure")
                .collect();
        assert_eq!(minutes(&words), [30, 120, 45, 60]);
        let words: Vec<String> =
            super::super::canonical::runs("drei Nächte, für eine Woche, in 5 Tagen, pour 4 jours")
                .collect();
        let found: Vec<i64> = stays(&words).into_iter().map(|(days, _)| days).collect();
        assert_eq!(found, [3, 7, 4]);
        let words: Vec<String> = super::super::canonical::runs(
            "two nights, a 3-day trip, for a week, in 5 days, older than 30 days, for 4 days",
        )
        .collect();
        let found: Vec<i64> = stays(&words).into_iter().map(|(days, _)| days).collect();
        assert_eq!(found, [2, 3, 7, 4]);
    }
}
