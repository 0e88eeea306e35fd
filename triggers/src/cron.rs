//! The five-field dialect of crontab(5), as text, and a sixth field of seconds before them. The `cron`
//! crate expands and matches the fields; this front end is needed because that crate counts days of the
//! week from 1 = Sunday and takes forms that mean something else elsewhere. Whatever reaches it has been
//! written anew, in numbers and names on which the two agree.

use crate::suggest::{did_you_mean, shown};
use ::cron::{Schedule, TimeUnitSpec};
use std::str::FromStr;

/// A compiled cron expression.
#[derive(Debug, Clone)]
pub struct Cron {
    source: String,
    pub(crate) fields: Schedule,
    /// Neither day field begins with `*`: a day matches when one of them does.
    pub(crate) either_day: bool,
    real_time: bool,
}

/// Why a text is not a cron expression: a sentence and a hint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CronError {
    /// Stable: `invalid_cron` or `schedule_never_fires`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

struct Field {
    name: &'static str,
    low: u32,
    high: u32,
    names: &'static [&'static str],
}

const MONTHS: &[&str] = &[
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const DAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const FIELDS: [Field; 6] = [
    Field {
        name: "second",
        low: 0,
        high: 59,
        names: &[],
    },
    Field {
        name: "minute",
        low: 0,
        high: 59,
        names: &[],
    },
    Field {
        name: "hour",
        low: 0,
        high: 23,
        names: &[],
    },
    Field {
        name: "day of month",
        low: 1,
        high: 31,
        names: &[],
    },
    Field {
        name: "month",
        low: 1,
        high: 12,
        names: MONTHS,
    },
    Field {
        name: "day of week",
        low: 0,
        high: 7,
        names: DAYS,
    },
];

const MACROS: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// A list of each value on its own is 170 characters long.
const MAX_LENGTH: usize = 400;

impl Cron {
    /// Compiles five fields, six with seconds first, or `@daily` and its like. Names are three letters in
    /// either case.
    pub fn parse(source: &str) -> Result<Self, CronError> {
        let text = source.trim();
        if text.len() > MAX_LENGTH {
            return Err(invalid(
                "the cron expression is too long",
                "Use ranges and steps.",
            ));
        }
        let text = match text.strip_prefix('@') {
            Some(_) => expand_macro(text)?,
            None => text,
        };
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let (second, minute, hour, day, month, weekday) = match words.as_slice() {
            [zone, ..] if zone.contains("TZ=") => return Err(wrong_count(source, &words)),
            &[minute, hour, day, month, weekday] => ("0", minute, hour, day, month, weekday),
            &[second, minute, hour, day, month, weekday] => {
                (second, minute, hour, day, month, weekday)
            }
            _ => return Err(wrong_count(source, &words)),
        };
        let [seconds, minutes, hours, days, months, weekdays] = &FIELDS;
        let rewritten = format!(
            "{} {} {} {} {} {} *",
            seconds.rewrite(second)?,
            minutes.rewrite(minute)?,
            hours.rewrite(hour)?,
            days.rewrite(day)?,
            months.rewrite(month)?,
            weekdays.rewrite_weekdays(weekday)?,
        );
        let fields = Schedule::from_str(&rewritten).map_err(|_| {
            invalid(
                format!("{} is not a cron expression", shown(source)),
                "Write minute, hour, day of month, month and day of week, such as `30 7 * * MON-FRI`.",
            )
        })?;
        let cron = Self {
            source: source.trim().to_owned(),
            fields,
            either_day: !day.starts_with('*') && !weekday.starts_with('*'),
            real_time: minute.starts_with('*') || hour.starts_with('*'),
        };
        if cron.never_matches() {
            return Err(CronError {
                code: "schedule_never_fires",
                message: format!("{} names a day that no year has", shown(source)),
                help: "Give the month a day that it has.".into(),
            });
        }
        Ok(cron)
    }

    /// The expression as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the minute or the hour field begins with `*`: such a job follows real time, any other local time.
    pub fn follows_real_time(&self) -> bool {
        self.real_time
    }

    /// The seconds of the minute, ascending.
    pub fn seconds(&self) -> impl Iterator<Item = u32> + '_ {
        self.fields.seconds().iter()
    }

    /// The minutes of the hour, ascending.
    pub fn minutes(&self) -> impl Iterator<Item = u32> + '_ {
        self.fields.minutes().iter()
    }

    /// The hours of the day, ascending.
    pub fn hours(&self) -> impl Iterator<Item = u32> + '_ {
        self.fields.hours().iter()
    }
}

fn invalid(message: impl Into<String>, help: impl Into<String>) -> CronError {
    CronError {
        code: "invalid_cron",
        message: message.into(),
        help: help.into(),
    }
}

fn expand_macro(text: &str) -> Result<&'static str, CronError> {
    let wanted = text.to_ascii_lowercase();
    if let Some((_, fields)) = MACROS.iter().find(|(name, _)| *name == wanted) {
        return Ok(fields);
    }
    let help = if wanted.starts_with("@every") {
        "Use `every: 15m` instead of `cron`.".to_owned()
    } else if wanted == "@reboot" {
        "A start of the server is not a time; name one.".to_owned()
    } else {
        did_you_mean(&wanted, &MACROS.map(|(name, _)| name))
    };
    Err(invalid(
        format!("{} is not a known abbreviation", shown(text)),
        help,
    ))
}

fn wrong_count(source: &str, words: &[&str]) -> CronError {
    let first = words.first().copied().unwrap_or_default();
    let help = if first.starts_with("TZ=") || first.starts_with("CRON_TZ=") {
        "Give the zone as `timezone: Europe/Berlin` beside `cron`."
    } else if words.len() > 6 {
        "Leave years out: seconds, minute, hour, day of month, month and day of week are all there is."
    } else {
        "Write minute, hour, day of month, month and day of week, such as `30 7 * * MON-FRI`."
    };
    let count = words.len();
    invalid(
        format!(
            "{} has {count} field{}; a cron expression has five, or six with seconds",
            shown(source),
            if count == 1 { "" } else { "s" }
        ),
        help,
    )
}

/// One part of a list: the values from `low` to `high` in steps.
struct Part {
    low: u32,
    high: u32,
    step: u32,
}

impl Field {
    /// The field in a form that the crate reads as crontab(5) does.
    fn rewrite(&self, text: &str) -> Result<String, CronError> {
        let parts = self.parts(text)?;
        let written: Vec<String> = parts
            .iter()
            .map(|Part { low, high, step }| match (low == high, step) {
                (true, _) => low.to_string(),
                (false, 1) => format!("{low}-{high}"),
                (false, step) => format!("{low}-{high}/{step}"),
            })
            .collect();
        Ok(written.join(","))
    }

    /// Days of the week by name: 0 and 7 are both Sunday, and a range may end on it.
    fn rewrite_weekdays(&self, text: &str) -> Result<String, CronError> {
        let mut chosen = [false; 7];
        for Part { low, high, step } in self.parts(text)? {
            for day in (low..=high).step_by(step as usize) {
                chosen[day as usize % 7] = true;
            }
        }
        let names: Vec<&str> = DAYS
            .iter()
            .zip(chosen)
            .filter_map(|(name, chosen)| chosen.then_some(*name))
            .collect();
        Ok(names.join(","))
    }

    fn parts(&self, text: &str) -> Result<Vec<Part>, CronError> {
        text.split(',').map(|part| self.part(text, part)).collect()
    }

    fn part(&self, text: &str, part: &str) -> Result<Part, CronError> {
        let wrong = |what: String, help: String| {
            invalid(
                format!("the {} field {} {what}", self.name, shown(text)),
                help,
            )
        };
        if part.is_empty() {
            return Err(wrong(
                "has an empty place".into(),
                "Take the comma out.".into(),
            ));
        }
        if let Some(sign) = part
            .chars()
            .find(|c| "?LW#H~".contains(*c))
            .filter(|_| !self.is_name(part))
        {
            return Err(wrong(
                format!("has {sign:?}, which crontab(5) does not know"),
                "Use numbers, names, `*`, ranges, lists and steps.".into(),
            ));
        }
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (part, None),
        };
        let (low, high, single) = if range == "*" {
            // 7 would be a second Sunday, which a step must not count.
            let high = if self.high == 7 { 6 } else { self.high };
            (self.low, high, false)
        } else if let Some((low, high)) = range.split_once('-') {
            let first = self.value(text, low)?;
            let mut last = self.value(text, high)?;
            // Only the end of a range reads `SUN` as the last day of the week.
            if self.high == 7 && last == 0 && first > 0 {
                last = 7;
            }
            if first > last {
                return Err(wrong(
                    format!("has the range {range}, which ends before it begins"),
                    format!(
                        "Write it as two ranges: {low}-{},{}-{high}.",
                        self.high, self.low
                    ),
                ));
            }
            (first, last, false)
        } else {
            let value = self.value(text, range)?;
            (value, value, true)
        };
        let Some(step) = step else {
            return Ok(Part { low, high, step: 1 });
        };
        let step = number(step).filter(|step| *step > 0).ok_or_else(|| {
            wrong(
                format!("has the step {}", shown(step)),
                "A step is a whole number from 1.".into(),
            )
        })?;
        // A longer step would quietly mean "once".
        if step > self.high {
            return Err(wrong(
                format!("has the step {step}, which is longer than the field"),
                "Use `every: 90m` for an interval that does not fit into the field.".into(),
            ));
        }
        let high = if single { self.high.max(low) } else { high };
        // `3/2` among the days of the week ends on Saturday, as `*/2` does.
        let high = if single && self.high == 7 {
            6.max(low)
        } else {
            high
        };
        Ok(Part { low, high, step })
    }

    fn is_name(&self, part: &str) -> bool {
        part.split(['-', '/']).any(|word| {
            self.names
                .iter()
                .any(|name| name.eq_ignore_ascii_case(word))
        })
    }

    fn value(&self, text: &str, word: &str) -> Result<u32, CronError> {
        if let Some(index) = self
            .names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(word))
        {
            return Ok(index as u32 + self.low);
        }
        let help = if word.starts_with(|c: char| c.is_ascii_alphabetic()) && !self.names.is_empty()
        {
            format!("Use three letters: {}.", self.names.join(", "))
        } else {
            format!("Use {} to {}.", self.low, self.high)
        };
        number(word)
            .filter(|value| (self.low..=self.high).contains(value))
            .ok_or_else(|| {
                invalid(
                    format!(
                        "the {} field {} has {}, which is not one of its values",
                        self.name,
                        shown(text),
                        shown(word)
                    ),
                    help,
                )
            })
    }
}

fn number(text: &str) -> Option<u32> {
    let plain =
        !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sixth_field_stands_first_and_counts_seconds() {
        let seconds = |text: &str| Cron::parse(text).unwrap().seconds().collect::<Vec<_>>();
        assert_eq!(seconds("*/20 * * * * *"), [0, 20, 40]);
        assert_eq!(seconds("5-7,59 0 9 * * MON"), [5, 6, 7, 59]);
        assert_eq!(seconds("0 9 * * MON"), [0]);
        let real_time = |text: &str| Cron::parse(text).unwrap().follows_real_time();
        assert!(real_time("0 */5 2 * * *") && !real_time("* 0 2 * * *"));
    }

    fn shape(text: &str) -> (Vec<u32>, Vec<u32>, Vec<u32>) {
        let cron = Cron::parse(text).unwrap();
        let days = cron
            .fields
            .days_of_week()
            .iter()
            .map(|day| day - 1)
            .collect();
        (cron.minutes().collect(), cron.hours().collect(), days)
    }

    #[test]
    fn fields_mean_what_crontab_says() {
        assert_eq!(shape("0 9 * * 1").2, [1], "1 is Monday");
        for sunday in ["0", "7", "sun", "SUN", "0,7", "7-7", "*/7"] {
            assert_eq!(shape(&format!("0 9 * * {sunday}")).2, [0], "{sunday}");
        }
        assert_eq!(shape("0 9 * * 5-7").2, [0, 5, 6]);
        assert_eq!(shape("0 9 * * SAT-SUN").2, [0, 6]);
        assert_eq!(shape("0 9 * * mon-fri").2, [1, 2, 3, 4, 5]);
        assert_eq!(shape("0 9 * * */2").2, [0, 2, 4, 6]);
        assert_eq!(shape("0 9 * * 1-7/2").2, [0, 1, 3, 5]);
        assert_eq!(
            shape("5/15 8-18/5 * JAN,jul *"),
            (vec![5, 20, 35, 50], vec![8, 13, 18], (0..7).collect())
        );
        assert_eq!(shape("0-10/5,58 0 * * *").0, [0, 5, 10, 58]);
        for (short, long) in MACROS {
            assert_eq!(shape(&short.to_uppercase()), shape(long));
        }
    }

    #[test]
    fn a_star_decides_about_days_and_about_real_time() {
        let either = |text: &str| Cron::parse(text).unwrap().either_day;
        assert!(either("0 0 13 * 5") && either("0 0 1-7 * MON"));
        assert!(!either("0 0 */2 * 5") && !either("0 0 13 * *") && !either("0 0 13 * */2"));
        let real_time = |text: &str| Cron::parse(text).unwrap().follows_real_time();
        assert!(real_time("*/5 2 * * *") && real_time("0 * * * *") && real_time("@hourly"));
        assert!(!real_time("0 2 * * *") && !real_time("0-59 0-23 * * *") && !real_time("@daily"));
    }

    #[test]
    fn wrong_expressions_are_told_with_a_hint() {
        let wrong = [
            "",
            "0 0 * *",
            "0 0 0 * * * 2027",
            "61 0 0 * * *",
            "TZ=UTC 0 0 * * *",
            "@dayly",
            "@every 5m",
            "@reboot",
            "60 0 * * *",
            "0 24 * * *",
            "0 0 0 * *",
            "0 0 * 13 *",
            "0 0 * * 8",
            "0 0 * * monday",
            "0 0 ? * *",
            "0 0 L * *",
            "0 0 * * 5#2",
            "*/0 * * * *",
            "*/90 * * * *",
            "0 22-2 * * *",
            "0 0 * * fri-mon",
            "1,,2 * * * *",
            "-1 * * * *",
            "1- * * * *",
            "*5 * * * *",
            "1.5 * * * *",
            "0 0 31 2,4 *",
            "0 0 30-31 2 *",
        ];
        let told: Vec<String> = wrong
            .iter()
            .map(|text| {
                let error = Cron::parse(text).unwrap_err();
                format!("{}: {} | {}", error.code, error.message, error.help)
            })
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r###"
invalid_cron: "" has 0 fields; a cron expression has five, or six with seconds | Write minute, hour, day of month, month and day of week, such as `30 7 * * MON-FRI`.
invalid_cron: "0 0 * *" has 4 fields; a cron expression has five, or six with seconds | Write minute, hour, day of month, month and day of week, such as `30 7 * * MON-FRI`.
invalid_cron: "0 0 0 * * * 2027" has 7 fields; a cron expression has five, or six with seconds | Leave years out: seconds, minute, hour, day of month, month and day of week are all there is.
invalid_cron: the second field "61" has "61", which is not one of its values | Use 0 to 59.
invalid_cron: "TZ=UTC 0 0 * * *" has 6 fields; a cron expression has five, or six with seconds | Give the zone as `timezone: Europe/Berlin` beside `cron`.
invalid_cron: "@dayly" is not a known abbreviation | Did you mean `@daily`?
invalid_cron: "@every 5m" is not a known abbreviation | Use `every: 15m` instead of `cron`.
invalid_cron: "@reboot" is not a known abbreviation | A start of the server is not a time; name one.
invalid_cron: the minute field "60" has "60", which is not one of its values | Use 0 to 59.
invalid_cron: the hour field "24" has "24", which is not one of its values | Use 0 to 23.
invalid_cron: the day of month field "0" has "0", which is not one of its values | Use 1 to 31.
invalid_cron: the month field "13" has "13", which is not one of its values | Use 1 to 12.
invalid_cron: the day of week field "8" has "8", which is not one of its values | Use 0 to 7.
invalid_cron: the day of week field "monday" has "monday", which is not one of its values | Use three letters: SUN, MON, TUE, WED, THU, FRI, SAT.
invalid_cron: the day of month field "?" has '?', which crontab(5) does not know | Use numbers, names, `*`, ranges, lists and steps.
invalid_cron: the day of month field "L" has 'L', which crontab(5) does not know | Use numbers, names, `*`, ranges, lists and steps.
invalid_cron: the day of week field "5#2" has '#', which crontab(5) does not know | Use numbers, names, `*`, ranges, lists and steps.
invalid_cron: the minute field "*/0" has the step "0" | A step is a whole number from 1.
invalid_cron: the minute field "*/90" has the step 90, which is longer than the field | Use `every: 90m` for an interval that does not fit into the field.
invalid_cron: the hour field "22-2" has the range 22-2, which ends before it begins | Write it as two ranges: 22-23,0-2.
invalid_cron: the day of week field "fri-mon" has the range fri-mon, which ends before it begins | Write it as two ranges: fri-7,0-mon.
invalid_cron: the minute field "1,,2" has an empty place | Take the comma out.
invalid_cron: the minute field "-1" has "", which is not one of its values | Use 0 to 59.
invalid_cron: the minute field "1-" has "", which is not one of its values | Use 0 to 59.
invalid_cron: the minute field "*5" has "*5", which is not one of its values | Use 0 to 59.
invalid_cron: the minute field "1.5" has "1.5", which is not one of its values | Use 0 to 59.
schedule_never_fires: "0 0 31 2,4 *" names a day that no year has | Give the month a day that it has.
schedule_never_fires: "0 0 30-31 2 *" names a day that no year has | Give the month a day that it has.
"###);
    }
}
