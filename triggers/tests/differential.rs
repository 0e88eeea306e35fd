//! Timetables against an implementation that shares nothing with them: another crate's time zones
//! (`chrono-tz`), another reader of cron expressions, and a walk over every minute instead of a search.

use chrono::{DateTime, Datelike, NaiveDateTime, Offset, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use druse_engine::Timestamp;
use druse_triggers::Timetable;

/// Zones of every continent: whose clocks jump by half an hour, an hour or two, at midnight, on Fridays,
/// around Ramadan, against the season, at a quarter to three, or never.
const ZONES: [&str; 46] = [
    "Africa/Cairo",
    "Africa/Casablanca",
    "Africa/El_Aaiun",
    "Africa/Johannesburg",
    "America/Adak",
    "America/Anchorage",
    "America/Chicago",
    "America/Denver",
    "America/Halifax",
    "America/Havana",
    "America/Los_Angeles",
    "America/Miquelon",
    "America/New_York",
    "America/Nuuk",
    "America/Port-au-Prince",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/Scoresbysund",
    "America/St_Johns",
    "America/Tijuana",
    "Antarctica/Troll",
    "Asia/Almaty",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Hebron",
    "Asia/Jerusalem",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Nicosia",
    "Asia/Tokyo",
    "Atlantic/Azores",
    "Atlantic/Bermuda",
    "Australia/Adelaide",
    "Australia/Brisbane",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/Chisinau",
    "Europe/Dublin",
    "Europe/London",
    "Pacific/Apia",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Easter",
    "Pacific/Norfolk",
    "UTC",
];

/// Fixed times, wildcards, lists, ranges, steps, names, both day fields, Sundays of both spellings,
/// seconds, and abbreviations.
const FORMS: [&str; 34] = [
    "30 2 * * *",
    "0 0 * * *",
    "59 23 * * *",
    "0 1 * * *",
    "0 3 * * *",
    "15,45 1,2,3 * * *",
    "0-59/7 2 * * *",
    "5/10 0-4/2 * * *",
    "30 2 * * 0",
    "30 2 * * 7",
    "30 2 * * SUN",
    "0 2 * * MON-FRI",
    "0 2 * * 5-7",
    "30 1 1-7 * 0",
    "0 2 13 * FRI",
    "0 2 */3 * SUN",
    "0 2 10 * */2",
    "15 2 28-31 3,10 *",
    "0 12 * MAR,oct,NOV *",
    "0 0 29 2 *",
    "* * * * *",
    "*/5 * * * *",
    "*/15 2 * * *",
    "0 * * * *",
    "30 */2 * * *",
    "7-59/13 * * * *",
    "*/30 0-3 * * SAT,SUN",
    "0 30 2 * * *",
    "*/20 30 2 * * *",
    "15 * * * * *",
    "*/30 */30 1-3 * * *",
    "@daily",
    "@hourly",
    "@weekly",
];

/// The values of one field, by brute force: each value is tried against each part of the text.
fn values(text: &str, low: u32, high: u32, names: &[&str]) -> Vec<u32> {
    let number = |word: &str| -> u32 {
        match names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(word))
        {
            Some(index) => index as u32 + low,
            None => word.parse().unwrap(),
        }
    };
    let matches = |value: u32, part: &str| {
        let (range, step) = part.split_once('/').unwrap_or((part, ""));
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (number(from), number(to)),
            None if range == "*" => (low, high),
            None if step.is_empty() => (number(range), number(range)),
            None => (number(range), high),
        };
        let step: u32 = if step.is_empty() {
            1
        } else {
            step.parse().unwrap()
        };
        (from..=to).contains(&value) && (value - from).is_multiple_of(step)
    };
    (low..=high)
        .filter(|value| text.split(',').any(|part| matches(*value, part)))
        .collect()
}

/// A minute as the clock shows it, taken apart once for all forms.
#[derive(Clone, Copy)]
struct Shown {
    /// Minutes since some beginning, to tell later from earlier.
    number: i64,
    minute: usize,
    hour: usize,
    day: usize,
    month: usize,
    weekday: usize,
}

impl Shown {
    fn of(local: NaiveDateTime) -> Self {
        Self {
            number: local.and_utc().timestamp() / 60,
            minute: local.minute() as usize,
            hour: local.hour() as usize,
            day: local.day() as usize,
            month: local.month() as usize,
            weekday: local.weekday().num_days_from_sunday() as usize,
        }
    }

    fn numbered(number: i64) -> Self {
        Self::of(
            DateTime::from_timestamp(number * 60, 0)
                .unwrap()
                .naive_utc(),
        )
    }
}

/// A cron expression, read by itself.
struct Form {
    text: &'static str,
    seconds: Vec<u32>,
    minutes: [bool; 60],
    hours: [bool; 24],
    days: [bool; 32],
    months: [bool; 13],
    weekdays: [bool; 7],
    either_day: bool,
    real_time: bool,
}

fn set<const N: usize>(values: impl IntoIterator<Item = u32>) -> [bool; N] {
    let mut set = [false; N];
    for value in values {
        set[value as usize] = true;
    }
    set
}

impl Form {
    fn read(text: &'static str) -> Self {
        let fields = match text {
            "@daily" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            "@weekly" => "0 0 * * 0",
            other => other,
        };
        let mut words: Vec<&str> = fields.split(' ').collect();
        if words.len() == 5 {
            words.insert(0, "0");
        }
        let months = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC";
        let days = "SUN MON TUE WED THU FRI SAT";
        let [months, days] = [months, days].map(|names| names.split(' ').collect::<Vec<_>>());
        // 7 is Sunday where it is written, not where a star or a step would reach it.
        let last = if words[5].contains('7') { 7 } else { 6 };
        Self {
            text,
            seconds: values(words[0], 0, 59, &[]),
            minutes: set(values(words[1], 0, 59, &[])),
            hours: set(values(words[2], 0, 23, &[])),
            days: set(values(words[3], 1, 31, &[])),
            months: set(values(words[4], 1, 12, &months)),
            weekdays: set(values(words[5], 0, last, &days)
                .into_iter()
                .map(|day| day % 7)),
            either_day: !words[3].starts_with('*') && !words[5].starts_with('*'),
            real_time: words[1].starts_with('*') || words[2].starts_with('*'),
        }
    }

    fn names(&self, shown: &Shown) -> bool {
        if !self.minutes[shown.minute] || !self.hours[shown.hour] || !self.months[shown.month] {
            return false;
        }
        let (day, weekday) = (self.days[shown.day], self.weekdays[shown.weekday]);
        if self.either_day {
            day || weekday
        } else {
            day && weekday
        }
    }

    /// The times among these minutes, of which the first `lead` only say where the clock has been.
    fn walk(&self, minutes: &[(i64, Shown)], lead: usize) -> Vec<i64> {
        let mut fired = Vec::new();
        let mut furthest = minutes[0].1.number;
        for (index, (moment, shown)) in minutes.iter().enumerate().skip(1) {
            let mut fire = |at: i64| {
                if index >= lead && fired.last() != Some(&at) {
                    fired.push(at);
                }
            };
            // A named time in a gap: at the first moment after it.
            let mut gap = furthest + 1..shown.number;
            if !self.real_time && gap.any(|number| self.names(&Shown::numbered(number))) {
                fire(*moment);
            }
            if (self.real_time || shown.number > furthest) && self.names(shown) {
                for second in &self.seconds {
                    fire(moment + i64::from(*second) * 1_000);
                }
            }
            furthest = furthest.max(shown.number);
        }
        fired
    }
}

fn offset(zone: Tz, at: DateTime<Utc>) -> i32 {
    zone.offset_from_utc_datetime(&at.naive_utc())
        .fix()
        .local_minus_utc()
}

/// Every jump of the clock from 2024 to 2030; for a zone that has none, one ordinary moment.
fn transitions(zone: Tz) -> Vec<DateTime<Utc>> {
    let mut at = Utc.with_ymd_and_hms(2024, 1, 1, 0, 0, 0).unwrap();
    let end = Utc.with_ymd_and_hms(2031, 1, 1, 0, 0, 0).unwrap();
    let mut found = Vec::new();
    while at < end {
        let next = at + TimeDelta::hours(6);
        if offset(zone, at) != offset(zone, next) {
            let mut minute = at;
            while offset(zone, minute) == offset(zone, at) {
                minute += TimeDelta::minutes(1);
            }
            found.push(minute);
        }
        at = next;
    }
    if found.is_empty() {
        found.push(Utc.with_ymd_and_hms(2027, 2, 28, 12, 0, 0).unwrap());
    }
    found
}

#[test]
fn no_zone_no_jump_and_no_form_differs() {
    let forms: Vec<Form> = FORMS.into_iter().map(Form::read).collect();
    let (mut jumps, mut left_out, mut compared) = (0, 0, 0);
    for name in ZONES {
        let zone: Tz = name.parse().unwrap();
        let own = druse_triggers::Zone::parse(name).unwrap();
        let tables: Vec<Timetable> = FORMS
            .iter()
            .map(|form| Timetable::cron(form, Some(name)).unwrap())
            .collect();
        for jump in transitions(zone) {
            jumps += 1;
            // The two crates carry editions of the zone data that are months apart, and some governments
            // have decided something in between: what is compared is what both know alike.
            let known_alike = (-36..=36).all(|hour| {
                let at = jump + TimeDelta::hours(hour);
                let moment = jiff::Timestamp::from_millisecond(at.timestamp_millis()).unwrap();
                own.offset(moment).seconds() == offset(zone, at)
            });
            if !known_alike {
                left_out += 1;
                continue;
            }
            // Half a day for the walk alone, then half a day before the jump and a day and more after it.
            let lead = 12 * 60;
            let first = jump - TimeDelta::hours(24);
            let minutes: Vec<(i64, Shown)> = (0..54 * 60)
                .map(|minute| {
                    let at = first + TimeDelta::minutes(minute);
                    let local = at.with_timezone(&zone).naive_local();
                    (at.timestamp_millis(), Shown::of(local))
                })
                .collect();
            let from = Timestamp(minutes[lead].0 - 1);
            let to = Timestamp(minutes[minutes.len() - 1].0 + 59_999);
            for (form, table) in forms.iter().zip(&tables) {
                let expected = form.walk(&minutes, lead);
                let given: Vec<i64> = table
                    .after(from)
                    .take_while(|at| *at <= to)
                    .map(|at| at.0)
                    .collect();
                compared += given.len();
                assert_eq!(given, expected, "{} in {name} around {jump}", form.text);
            }
        }
    }
    println!(
        "{} zones, {} jumps from 2024 to 2030 ({left_out} that the two editions of the zone data know differently), {} forms: {compared} times, 0 differences",
        ZONES.len(),
        jumps,
        FORMS.len()
    );
    // The zones, jumps and forms that the documentation speaks of.
    assert!(ZONES.len() >= 40 && FORMS.len() >= 30);
    assert!(
        jumps > 400 && left_out < jumps / 10,
        "{left_out} of {jumps}"
    );
    assert!(compared > 500_000, "{compared}");
}
