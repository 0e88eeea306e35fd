//! The numbers and days of a text, however it writes them: `$1,250.00`, `EUR 98,70`, `December 9`, `9/12`. Where a
//! notation can be read in several ways, all of them are given.

use super::canonical;
use super::spoken_time::{SpokenDay, days};
use crate::value_class;
use serde_json::Value;

/// How many words beside a number may name what it is.
const BESIDE: usize = 3;
/// The years in which a day without one may lie.
const YEARS: std::ops::Range<i16> = 1990..2080;

/// A number or a day in a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Written {
    /// As the text has it.
    pub(super) shown: String,
    /// What it may be, each in its plain notation.
    pub(super) values: Vec<Value>,
    pub(super) is_day: bool,
    /// The words around it, in small letters.
    pub(super) beside: Vec<String>,
}

/// All of them, in the order of the text, numbers before days.
pub(super) fn figures(text: &str) -> Vec<Written> {
    let tokens: Vec<&str> = text
        .split(|c: char| {
            c.is_whitespace() || matches!(c, '(' | ')' | ';' | ':' | '$' | '€' | '£' | '¥')
        })
        .map(|token| {
            token.trim_matches(|c: char| matches!(c, '.' | ',' | '!' | '?' | '"' | '\'' | '*'))
        })
        .filter(|token| !token.is_empty())
        .collect();
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let beside: Vec<String> = tokens
            .get(at.saturating_sub(BESIDE)..(at + BESIDE + 1).min(tokens.len()))
            .unwrap_or_default()
            .iter()
            .map(|word| word.to_lowercase())
            .collect();
        let mut take = |shown: &str, values: Vec<Value>, is_day: bool| {
            if !values.is_empty() {
                found.push(Written {
                    shown: shown.to_owned(),
                    values,
                    is_day,
                    beside: beside.clone(),
                });
            }
        };
        let read = numbers(token);
        if read.is_empty() && token.contains(',') {
            for part in token.split(',') {
                take(part, numbers(part), false);
            }
        }
        take(token, read, false);
        // `1 250,00`: groups that blanks part.
        let groups = tokens
            .iter()
            .skip(at + 1)
            .take_while(|next| is_group(next))
            .count();
        if groups > 0
            && token.len() <= 3
            && token.bytes().all(|b| b.is_ascii_digit())
            && let Some(all) = tokens.get(at..=at + groups)
        {
            take(&all.join(" "), numbers(&all.concat()), false);
        }
        take(token, in_digits(token), true);
    }
    found.extend(in_words(text));
    whole_days(text, &mut found);
    found
}

/// Takes away the numbers that stand only inside of a day, and puts the day of the week before it to a day: it is told
/// with it.
fn whole_days(text: &str, found: &mut Vec<Written>) {
    if !found.iter().any(|one| one.is_day) {
        return;
    }
    let mut rest = text.to_owned();
    for day in found.iter_mut().filter(|one| one.is_day) {
        // `4.7` may be a number as well.
        let is_decimal = day.shown.split('.').count() == 2 && day.shown.parse::<f64>().is_ok();
        if !is_decimal && rest.contains(day.shown.as_str()) && day.shown.len() > 2 {
            rest = rest.replace(day.shown.as_str(), " ");
        }
        let Some(at) = text.find(day.shown.as_str()) else {
            continue;
        };
        let before = text[..at].trim_end_matches([' ', ',']);
        let word = before
            .rsplit(|c: char| !c.is_alphabetic())
            .next()
            .unwrap_or_default();
        if at > before.len() && at - before.len() <= 2 && is_day_of_week(word) {
            text[before.len() - word.len()..at + day.shown.len()].clone_into(&mut day.shown);
        }
    }
    found.retain(|one| one.is_day || holds_token(&rest, &one.shown));
}

/// Whether a text has something that no letter or digit stands beside.
fn holds_token(text: &str, token: &str) -> bool {
    text.match_indices(token).any(|(at, _)| {
        !text[..at].ends_with(char::is_alphanumeric)
            && !text[at + token.len()..].starts_with(char::is_alphanumeric)
    })
}

/// Whether a word is a day of the week, in full or by its first three letters.
fn is_day_of_week(word: &str) -> bool {
    const DAYS: [&str; 7] = [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    ];
    word.len() >= 3 && DAYS.iter().any(|day| *day == word || day[..3] == *word)
}

fn is_group(token: &str) -> bool {
    let digits = token.split([',', '.']).next().unwrap_or_default();
    digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Whether two tokens may be the groups of one number: `1 250,00`.
pub(super) fn are_groups(token: &str, next: &str) -> bool {
    (1..=3).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_digit()) && is_group(next)
}

/// The numbers that a token may be: with marks of groups and of decimals as people set them.
pub(super) fn numbers(token: &str) -> Vec<Value> {
    let is_code = |code: &str| code.bytes().all(|b| b.is_ascii_uppercase());
    let bare = match (token.get(..3), token.len().checked_sub(3)) {
        (Some(code), _) if is_code(code) => token.get(3..).unwrap_or_default(),
        (_, Some(at)) if token.get(at..).is_some_and(is_code) => {
            token.get(..at).unwrap_or_default()
        }
        _ => token,
    };
    let swapped: String = bare
        .chars()
        .map(|c| match c {
            ',' => '.',
            '.' => ',',
            other => other,
        })
        .collect();
    let plain: String = bare
        .chars()
        .filter(|c| !matches!(c, '\'' | '’' | '\u{202f}' | '\u{a0}'))
        .collect();
    let mut found: Vec<Value> = Vec::new();
    for notation in [bare, &swapped, &plain] {
        if let Some(number) = canonical::number(notation)
            && !found.contains(&Value::from(number.as_str()))
        {
            found.push(Value::from(number));
        }
    }
    found
}

/// The days that a token may be: `2026-12-09`, `9/12`, `09.12.26`.
fn in_digits(token: &str) -> Vec<Value> {
    if let Some(day) = token.get(..10).filter(|day| value_class::is_date(day)) {
        return vec![Value::from(day)];
    }
    let parts: Vec<&str> = token.split(['/', '.', '-']).collect();
    let is_number =
        |part: &&str| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if !parts.iter().all(is_number) {
        return Vec::new();
    }
    let number = |part: &str| part.parse::<i16>().unwrap_or(0);
    let year = |part: &str| match part.len() {
        2 => Some(2000 + number(part)),
        4 => Some(number(part)),
        _ => None,
    };
    let mut found = Vec::new();
    let mut take = |year: Option<i16>, month: i16, day: i16| {
        if let (Ok(month), Ok(day)) = (i8::try_from(month), i8::try_from(day)) {
            found.extend(all_of(year, month, day));
        }
    };
    match parts.as_slice() {
        [one, two] if !token.contains('-') => {
            take(None, number(one), number(two));
            take(None, number(two), number(one));
        }
        [first, month, day] if first.len() == 4 => take(year(first), number(month), number(day)),
        [one, two, last] => {
            if let Some(last) = year(last) {
                take(Some(last), number(one), number(two));
                take(Some(last), number(two), number(one));
            }
        }
        _ => {}
    }
    found
}

/// The days that a text says in words: `December 9`, `9th of December 2026`.
fn in_words(text: &str) -> Vec<Written> {
    let mut words: Vec<String> = Vec::new();
    let mut spans: Vec<(usize, usize)> = Vec::new();
    for run in text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|run| !run.is_empty())
    {
        let start = run.as_ptr() as usize - text.as_ptr() as usize;
        words.push(run.to_lowercase());
        spans.push((start, start + run.len()));
    }
    let mut found = Vec::new();
    for (day, at) in days(&words) {
        let SpokenDay::Named { month, day, year } = day else {
            continue;
        };
        // What is all digits is read with its marks.
        let digits = |word: Option<&String>| {
            word.is_some_and(|word| word.bytes().all(|b| b.is_ascii_digit()))
        };
        if digits(words.get(at)) && digits(words.get(at + 1)) {
            continue;
        }
        let of = words
            .get(at + 1)
            .is_some_and(|word| matches!(word.as_str(), "of" | "de"));
        let last = at + 1 + usize::from(of) + usize::from(year.is_some());
        let shown = spans
            .get(at)
            .zip(spans.get(last))
            .and_then(|((start, _), (_, end))| text.get(*start..*end));
        let values: Vec<Value> = all_of(year, month, day).collect();
        if let Some(shown) = shown.filter(|_| !values.is_empty()) {
            found.push(Written {
                shown: shown.to_owned(),
                values,
                is_day: true,
                beside: Vec::new(),
            });
        }
    }
    found
}

/// A day, in any year where none is named.
fn all_of(year: Option<i16>, month: i8, day: i8) -> impl Iterator<Item = Value> {
    let years = match year {
        Some(year) => year..year.saturating_add(1),
        None => YEARS,
    };
    years
        .filter_map(move |year| jiff::civil::Date::new(year, month, day).ok())
        .map(|date| Value::from(date.to_string()))
}

#[cfg(test)]
mod tests {
    use super::{Written, figures};
    use serde_json::Value;

    fn holds(text: &str, shown: &str, value: &str) -> bool {
        figures(text)
            .iter()
            .any(|one: &Written| one.shown == shown && one.values.contains(&Value::from(value)))
    }

    #[test]
    fn numbers_and_days_are_read_whole() {
        for (text, shown, value) in [
            ("It costs $1,250.00.", "1,250.00", "1250"),
            ("EUR 98,70, please", "98,70", "98.7"),
            ("98.70EUR", "98.70EUR", "98.7"),
            ("about 1.250,50 €", "1.250,50", "1250.5"),
            ("1'250.00 CHF", "1'250.00", "1250"),
            ("1 250,00 zł", "1 250,00", "1250"),
            ("lines 3,4,55", "55", "55"),
            ("on December 9.", "December 9", "2026-12-09"),
            (
                "the 9th of December 2026",
                "9th of December 2026",
                "2026-12-09",
            ),
            ("by 9/12", "9/12", "2026-12-09"),
            ("by 12/9/2026", "12/9/2026", "2026-12-09"),
            ("am 09.12.26", "09.12.26", "2026-12-09"),
            ("2026-12-09T10:00", "2026-12-09T10", "2026-12-09"),
        ] {
            assert!(holds(text, shown, value), "{text}: {:?}", figures(text));
        }
        assert!(!holds("from 10.0.0.1", "10.0.0.1", "10"));
        assert_eq!(figures("order #W4817 is on its way"), []);
    }
}
