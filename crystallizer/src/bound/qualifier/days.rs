//! The words by which the days and times may be spoken of that a call sends: `on Monday`, `January 2nd`, `tomorrow`, `for
//! two nights`.

use super::lexicon as l;
use super::told::normal;
use crate::bound::canonical;
use crate::bound::key::words;
use crate::bound::said::Said;
use crate::bound::spoken_time::month_names;
use crate::value_class;
use jiff::civil::{Date, DateTime};
use serde_json::Value;
use std::collections::BTreeSet;

/// Words for a time that a day which was sent may stand for.
const WHEN: [&str; 23] = [
    "later",
    "tonight",
    "noon",
    "midnight",
    "next",
    "week",
    "fortnight",
    "weekend",
    "month",
    "year",
    "day",
    "hour",
    "minute",
    "morning",
    "afternoon",
    "evening",
    "night",
    "pm",
    "am",
    "o'clock",
    "quarter",
    "nächste",
    "nächsten",
];
/// Words for how long something lasts.
const LASTS: [&str; 12] = [
    "long", "last", "lasting", "duration", "hour", "minute", "day", "night", "stay", "stunde",
    "nacht", "tag",
];

/// The words for the days and times in what a call sends. `spoken` is the day on which the person spoke.
pub(super) fn days_sent(arguments: &Value, spoken: Option<Date>) -> BTreeSet<String> {
    let mut days: BTreeSet<Date> = BTreeSet::new();
    let mut moments: BTreeSet<DateTime> = BTreeSet::new();
    crate::leaf::leaves(arguments, &mut |_, _, leaf| {
        let Some(text) = leaf.as_str() else { return };
        days.extend(text.get(..10).and_then(|text| text.parse::<Date>().ok()));
        let moment = text.get(..16).map(|text| text.replace(' ', "T"));
        moments.extend(moment.and_then(|text| text.parse::<DateTime>().ok()));
    });
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut add = |word: &str| {
        found.insert(word.to_owned());
    };
    for day in &days {
        l::weekday_names(day.weekday().to_monday_zero_offset()).for_each(&mut add);
        month_names(day.month()).for_each(&mut add);
        add(&day.day().to_string());
        // `in 3 days`, `in two weeks`.
        let distance = spoken.and_then(|spoken| Some(spoken.until(*day).ok()?.get_days()));
        if let Some(days) = distance.filter(|days| *days > 0) {
            add(&days.to_string());
            if days % 7 == 0 {
                add(&(days / 7).to_string());
            }
        }
        match distance {
            Some(1) | None => add("tomorrow"),
            // `the day after tomorrow`.
            Some(2) => ["übermorgen", "after", "tomorrow"]
                .into_iter()
                .for_each(&mut add),
            Some(_) => {}
        }
        WHEN.iter().copied().for_each(&mut add);
    }
    // What begins and ends lasts as long as lies between.
    let mut lasts: BTreeSet<i64> = BTreeSet::new();
    if let (Some(first), Some(last), 2) = (days.first(), days.last(), days.len())
        && let Ok(between) = first.until(*last)
    {
        lasts.insert(between.get_days().into());
    }
    if let (Some(first), Some(last), 2) = (moments.first(), moments.last(), moments.len()) {
        let minutes = first.duration_until(*last).as_mins();
        lasts.extend([minutes, minutes / 60]);
        if minutes % 60 == 30 {
            add("half");
        }
    }
    if !lasts.is_empty() {
        LASTS.iter().copied().for_each(&mut add);
    }
    lasts.iter().for_each(|number| add(&number.to_string()));
    found
}

/// The words by which people said the days and times of day that a call sends, as they wrote them: `2026-11-14`, `10:00`,
/// `3 pm`, `noon`. What nobody said so adds no number that may be said of something else.
pub(super) fn when_said(arguments: &Value, said: &Said) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if !said.has_days() && !said.speaks_of_times() {
        return found;
    }
    crate::leaf::leaves(arguments, &mut |_, key, leaf| {
        let mut add = |words: Vec<&str>| {
            found.extend(words.into_iter().flat_map(normal));
        };
        if leaf.is_u64() && words(key).last().is_some_and(|word| word == "hour") {
            add(said.words_of_hour(leaf));
        }
        let Some(text) = leaf.as_str() else { return };
        if let Some(day) = text.get(..10).and_then(|text| text.parse::<Date>().ok()) {
            add(said.words_of_day(day));
        }
        let time = match value_class::is_moment(text) {
            true => text.get(11..16),
            false => text.get(..5).filter(|_| matches!(text.len(), 5 | 8)),
        };
        if let Some(time) = time {
            add(said.words_of_time(time));
        }
    });
    found
}

/// Whether a value may hold a day, however it is written: `2027-01-16`, `16.01.2027`, `Jan 16`, `Saturday`, `tomorrow`,
/// as a count of seconds, or as the number of a day of the week.
pub(super) fn may_hold(value: &Value, day: Date) -> bool {
    let whole = format!("d:{day}");
    let weekdays: Vec<&str> = l::weekday_names(day.weekday().to_monday_zero_offset()).collect();
    let is_weekday = |run: &str| {
        weekdays.contains(&run)
            // `Sat`, `Sa`, `Thurs`.
            || run.len() >= 2 && weekdays.iter().any(|name| name.starts_with(run))
    };
    let mut held = false;
    crate::leaf::leaves(value, &mut |_, key, leaf| {
        held = held
            || words(key).iter().any(|word| is_weekday(word))
            || canonical::forms(leaf).contains(&whole)
            || match leaf {
                Value::Number(number) => {
                    is_moment_of(number.as_f64(), day)
                        || words(key)
                            .iter()
                            .any(|word| matches!(word.as_str(), "day" | "weekday" | "dow" | "tag"))
                }
                Value::String(text) => {
                    let runs: Vec<String> = canonical::runs(text).collect();
                    text.contains(&whole[2..])
                        || text
                            .parse()
                            .is_ok_and(|number| is_moment_of(Some(number), day))
                        || runs.iter().any(|run| {
                            is_weekday(run)
                                || matches!(run.as_str(), "tomorrow" | "morgen" | "übermorgen")
                        })
                        || names_day(&runs, day)
                }
                _ => false,
            };
    });
    held
}

/// Whether words name the day of a month: `Jan 16`, `16th January`, `16.1.`, `1/16`.
fn names_day(runs: &[String], day: Date) -> bool {
    let number = |run: &str| {
        let digits = run.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        digits.parse::<i8>().ok()
    };
    let of_month = |run: &String| number(run) == Some(day.day());
    let is_month = |run: &String| {
        run.parse().is_ok_and(|month: i8| month == day.month())
            || month_names(day.month()).any(|name| name == run)
    };
    runs.windows(2)
        .any(|two| of_month(&two[0]) && is_month(&two[1]) || is_month(&two[0]) && of_month(&two[1]))
        || runs.windows(3).any(|three| {
            // `16th of January`
            of_month(&three[0]) && is_month(&three[2]) && three[1] == "of"
        })
}

/// Whether a number of seconds or milliseconds may be a moment of a day, wherever that day is.
fn is_moment_of(number: Option<f64>, day: Date) -> bool {
    let Some(number) = number else { return false };
    let Ok(since) = Date::constant(1970, 1, 1).until(day) else {
        return false;
    };
    let noon = (f64::from(since.get_days()) + 0.5) * 86_400.0;
    // Half a day, and as far as clocks of the world are ahead of each other.
    let reach = f64::from(27 * 3_600);
    [number, number / 1_000.0]
        .iter()
        .any(|seconds| (seconds - noon).abs() <= reach)
}

#[cfg(test)]
mod tests {
    use super::{days_sent, may_hold};
    use serde_json::json;

    #[test]
    fn days_are_spoken_of_in_many_words() {
        let spoken = "2027-01-15".parse().ok();
        let sent = json!({ "from": "2027-01-16 10:00", "to": "2027-01-16 11:30", "note": "x" });
        let found = days_sent(&sent, spoken);
        for word in [
            "saturday", "january", "jan", "16", "tomorrow", "evening", "half", "90",
        ] {
            assert!(found.contains(word), "{word}");
        }
        for word in ["friday", "february", "übermorgen", "17"] {
            assert!(!found.contains(word), "{word}");
        }
        let later = days_sent(&json!({ "day": "2027-01-29" }), spoken);
        assert!(later.contains("14") && later.contains("2"));
        let stay = json!({ "check_in": "2027-05-03", "check_out": "2027-05-05" });
        assert!(days_sent(&stay, spoken).contains("2"));
        assert!(days_sent(&json!({ "days": 3 }), spoken).is_empty());
    }

    #[test]
    fn a_day_may_be_held_in_many_notations() {
        let day = "2027-01-16".parse().unwrap();
        for held in [
            json!({ "due": "2027-01-16" }),
            json!({ "due": "2027-01-16T08:00:00Z" }),
            json!({ "due": "16.01.2027" }),
            json!({ "due": "16.1." }),
            json!({ "due": "Jan 16, 2027" }),
            json!({ "due": "16th of January" }),
            json!({ "due": "Saturday" }),
            json!({ "due": "every Sat, 9 am" }),
            json!({ "due": "tomorrow" }),
            json!({ "due": 1_800_100_800 }),
            json!({ "due": 1_800_100_800_000_i64 }),
            json!({ "due": "1800100800" }),
            json!({ "weekday": 6 }),
            json!({ "open_on": [{ "saturday": true }] }),
        ] {
            assert!(may_hold(&held, day), "{held}");
        }
        for other in [
            json!({ "due": "2027-03-01" }),
            json!({ "due": "Monday" }),
            json!({ "due": "17.01.2027" }),
            json!({ "due": 1_800_500_000 }),
            json!({ "id": "cus_48121", "count": 16, "paid": true }),
        ] {
            assert!(!may_hold(&other, day), "{other}");
        }
    }
}
