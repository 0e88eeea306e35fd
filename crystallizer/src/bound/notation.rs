//! How a value is written as a text has it: an amount with two decimals, a day in the order of another country, a time of
//! day in halves of twelve hours.

use super::lasting::clock;
use super::transform::{Op, Transform};
use super::written::Written;
use crate::value_class;
use jiff::civil::Date;
use serde_json::Value;

/// The notations of days in texts, beside that of ISO 8601. What names the month is one notation; in digits alone the
/// order counts.
const DAYS: [&str; 28] = [
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%-d.%-m.%Y",
    "%m/%d/%Y",
    "%-m/%-d/%Y",
    "%d/%m/%Y",
    "%-d/%-m/%Y",
    "%Y/%m/%d",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d.%m.%y",
    "%m/%d/%y",
    "%d/%m/%y",
    "%m/%d",
    "%-m/%-d",
    "%d/%m",
    "%-d/%-m",
    "%d.%m",
    "%-d.%-m",
    "%B %-d, %Y",
    "%b %-d, %Y",
    "%-d %B %Y",
    "%-d %b %Y",
    "%B %-d %Y",
    "%B %-d",
    "%b %-d",
    "%-d %B",
    "%-d %b",
];
/// The ways in which the day of the week stands before a day.
const WEEKDAYS: [&str; 4] = ["%A, ", "%A ", "%a, ", "%a "];
/// The notations of times of day that say all of one.
const TIMES: [&str; 5] = ["%H:%M", "%-H:%M", "%-I:%M %p", "%I:%M %p", "%-I:%M%p"];

/// How a value is written as the text has it.
pub(super) fn notation(value: &Value, figure: &Written) -> Option<Transform> {
    if figure.is_day {
        return of_day(value, &figure.shown);
    }
    let own = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    if own == figure.shown {
        return Some(Transform::default());
    }
    value
        .is_number()
        .then(|| Transform::find(value, &Value::from(figure.shown.as_str())))?
}

/// How a day, or the day of a moment, is written. None where day and month are the same number, so that nobody can tell
/// which of them comes first.
fn of_day(value: &Value, shown: &str) -> Option<Transform> {
    let text = value.as_str()?.trim();
    if !value_class::is_date(text) && !value_class::is_moment(text) {
        return None;
    }
    if value_class::is_date(text) && text == shown {
        return Some(Transform::default());
    }
    let day: Date = text.get(..10)?.parse().ok()?;
    let is_weekday = shown.starts_with(char::is_alphabetic) && shown.contains(' ');
    let with_weekday = WEEKDAYS
        .iter()
        .filter(|_| is_weekday)
        .flat_map(|before| DAYS.iter().map(move |format| format!("{before}{format}")));
    let all = DAYS.iter().map(|format| (*format).to_owned());
    let format = all.chain(with_weekday).find(|format| {
        jiff::fmt::strtime::format(format, day).is_ok_and(|written| written == shown)
    })?;
    let is_in_digits = !shown.contains(char::is_alphabetic) && !format.starts_with("%Y");
    if is_in_digits && i16::from(day.day()) == i16::from(day.month()) {
        return None;
    }
    Some(Transform(vec![Op::Written(format)]))
}

/// How a time of day, or that of a moment, is written: with all that it says. `7 pm` is how a whole hour is written, and
/// half past seven is `7:30 pm` there.
pub(super) fn of_time(value: &Value, shown: &str) -> Option<Transform> {
    let text = value.as_str().filter(|text| clock(text).is_some())?;
    let is_whole = !shown.contains(':');
    let is_small = shown.contains(['a', 'p']);
    let has_points = shown.contains('.');
    TIMES.iter().find_map(|format| {
        let mut ops = vec![Op::Written((*format).to_owned())];
        if is_whole {
            ops.push(Op::Instead(":00", ""));
        }
        if is_small {
            ops.push(Op::Lower);
        }
        if has_points {
            ops.push(match is_small {
                true => Op::Instead("m", ".m."),
                false => Op::Instead("M", ".M."),
            });
        }
        let transform = Transform(ops);
        let made = transform.apply(&Value::from(text))?;
        (made.as_str() == Some(shown)).then_some(transform)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bound::written::figures;
    use serde_json::json;

    fn written(value: &Value, text: &str) -> Option<String> {
        let figure = figures(text).into_iter().find(|one| one.is_day)?;
        notation(value, &figure).map(|transform| transform.write("v"))
    }

    #[test]
    fn days_are_written_as_the_text_has_them() {
        for (day, text, expected) in [
            (
                "2027-06-15",
                "on 06/15/2027.",
                Some("v | format_date('%m/%d/%Y')"),
            ),
            (
                "2027-06-15",
                "on 15/06/2027.",
                Some("v | format_date('%d/%m/%Y')"),
            ),
            (
                "2027-06-05",
                "on 06/05/2027.",
                Some("v | format_date('%m/%d/%Y')"),
            ),
            (
                "2027-06-15",
                "on June 15.",
                Some("v | format_date('%B %-d')"),
            ),
            (
                "2027-06-15",
                "on June 15, 2027.",
                Some("v | format_date('%B %-d, %Y')"),
            ),
            (
                "2027-06-15",
                "on Tuesday, June 15.",
                Some("v | format_date('%A, %B %-d')"),
            ),
            ("2027-06-15", "on 2027-06-15.", Some("v")),
            (
                "2027-06-15T15:30:00",
                "on 15.06.2027.",
                Some("v | format_date('%d.%m.%Y')"),
            ),
            // Nobody can tell which of the two is the month.
            ("2027-06-06", "on 06/06/2027.", None),
            (
                "2027-06-06",
                "on June 6.",
                Some("v | format_date('%B %-d')"),
            ),
            // Another day of the week was told.
            ("2027-06-15", "on Monday, June 15.", None),
            ("2027-06-15", "on June 16.", None),
        ] {
            assert_eq!(
                written(&json!(day), text).as_deref(),
                expected,
                "{day} {text}"
            );
        }
    }

    #[test]
    fn times_are_written_with_all_that_they_say() {
        let at = json!("2027-06-15T15:30:00");
        for (shown, expected) in [
            ("15:30", Some("v | format_date('%H:%M')")),
            ("3:30 pm", Some("v | format_date('%-I:%M %p') | lower")),
            ("3:30 PM", Some("v | format_date('%-I:%M %p')")),
            (
                "3:30 p.m.",
                Some("v | format_date('%-I:%M %p') | lower | replace('m', '.m.')"),
            ),
            ("3:30pm", Some("v | format_date('%-I:%M%p') | lower")),
            ("3 pm", None),
            ("16:30", None),
        ] {
            for at in [&at, &json!("15:30"), &json!("15:30:00")] {
                let found = of_time(at, shown).map(|transform| transform.write("v"));
                assert_eq!(found.as_deref(), expected, "{at} {shown}");
            }
        }
        let found = of_time(&json!("19:00"), "7 pm").unwrap();
        assert_eq!(
            found.write("v"),
            "v | format_date('%-I:%M %p') | replace(':00', '') | lower"
        );
        assert_eq!(found.apply(&json!("07:30")), Some(json!("7:30 am")));
        assert_eq!(of_time(&json!("19:00:30 pm"), "7 pm"), None);
    }
}
