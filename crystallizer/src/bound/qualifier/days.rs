//! The words by which the days and times may be spoken of that a call sends: `on Monday`, `January 2nd`, `tomorrow`, `for
//! two nights`.

use super::lexicon as l;
use crate::bound::spoken_time::month_names;
use jiff::civil::{Date, DateTime};
use serde_json::Value;
use std::collections::BTreeSet;

/// Words for a time that a day which was sent may stand for.
const WHEN: [&str; 22] = [
    "later",
    "tonight",
    "noon",
    "midnight",
    "next",
    "week",
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
            Some(2) => add("übermorgen"),
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

#[cfg(test)]
mod tests {
    use super::days_sent;
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
}
