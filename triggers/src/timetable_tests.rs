//! Timetables against a walk over every minute that knows nothing of how they are computed.

use crate::timetable::{Timetable, printed};
use druse_engine::{Timestamp, definition::Schedule};
use jiff::{ToSpan, civil::DateTime, tz::TimeZone};
use proptest::{prelude::*, test_runner::RngSeed};
use std::collections::BTreeSet;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn next(cron: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
    let table = Timetable::cron(cron, Some(zone)).unwrap();
    let times = table.next(time(from), count);
    times.into_iter().map(printed).collect()
}

#[test]
fn a_job_in_the_skipped_hour_runs_right_after_it() {
    assert_eq!(
        next("30 2 * * *", "Europe/Berlin", "2027-03-27T12:00:00Z", 3),
        [
            "2027-03-28T01:00:00Z",
            "2027-03-29T00:30:00Z",
            "2027-03-30T00:30:00Z"
        ]
    );
    assert_eq!(
        next(
            "0,15,30 2-3 * * *",
            "Europe/Berlin",
            "2027-03-28T00:59:59Z",
            3
        ),
        [
            "2027-03-28T01:00:00Z",
            "2027-03-28T01:15:00Z",
            "2027-03-28T01:30:00Z"
        ]
    );
    // At the very moment of the jump it has fired; strictly after means tomorrow.
    assert_eq!(
        next("30 2 * * *", "Europe/Berlin", "2027-03-28T01:00:00Z", 1),
        ["2027-03-29T00:30:00Z"]
    );
}

#[test]
fn a_job_in_the_repeated_hour_runs_at_the_first_pass() {
    let expected = ["2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z"];
    assert_eq!(
        next("30 2 * * *", "Europe/Berlin", "2027-10-30T12:00:00Z", 2),
        expected
    );
    for from in [
        "2027-10-31T00:30:00Z",
        "2027-10-31T01:05:00Z",
        "2027-10-31T01:30:00Z",
    ] {
        assert_eq!(
            next("30 2 * * *", "Europe/Berlin", from, 1),
            expected[1..],
            "{from}"
        );
    }
}

#[test]
fn a_job_with_a_star_follows_real_time() {
    assert_eq!(
        next("*/30 * * * *", "Europe/Berlin", "2027-10-30T23:59:00Z", 6),
        [
            "2027-10-31T00:00:00Z",
            "2027-10-31T00:30:00Z",
            "2027-10-31T01:00:00Z",
            "2027-10-31T01:30:00Z",
            "2027-10-31T02:00:00Z",
            "2027-10-31T02:30:00Z"
        ]
    );
    // The minute field begins with `*`: no local time of the gap is ever shown.
    assert_eq!(
        next("*/30 2 * * *", "Europe/Berlin", "2027-03-28T00:00:00Z", 1),
        ["2027-03-29T00:00:00Z"]
    );
    // The hour field begins with `*`: 02:15 comes twice.
    assert_eq!(
        next("15 * * * *", "Europe/Berlin", "2027-10-31T00:00:00Z", 2),
        ["2027-10-31T00:15:00Z", "2027-10-31T01:15:00Z"]
    );
}

#[test]
fn a_day_without_midnight_or_without_itself() {
    // Santiago skips from 24:00 to 01:00 on the first Sunday of September.
    assert_eq!(
        next("0 0 * * *", "America/Santiago", "2027-09-04T12:00:00Z", 2),
        ["2027-09-05T04:00:00Z", "2027-09-06T03:00:00Z"]
    );
    // Samoa had no 30 December 2011.
    assert_eq!(
        next("0 9 * * *", "Pacific/Apia", "2011-12-29T20:00:00Z", 3),
        [
            "2011-12-30T10:00:00Z",
            "2011-12-30T19:00:00Z",
            "2011-12-31T19:00:00Z"
        ]
    );
}

#[test]
fn rare_days_are_found_and_the_calendar_ends() {
    assert_eq!(
        next("0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", 1),
        ["2104-02-29T00:00:00Z"]
    );
    // A Sunday on 29 February, over the year 2100 that has none.
    assert_eq!(
        next("0 0 29 2 */7", "UTC", "2088-03-01T00:00:00Z", 1),
        ["2128-02-29T00:00:00Z"]
    );
    let table = Timetable::cron("* * * * *", None).unwrap();
    assert_eq!(table.next_after(Timestamp(i64::MAX)), None);
    assert!(table.next_after(Timestamp(i64::MIN)).is_some());
    assert_eq!(table.next_after(time("9999-12-30T22:00:00Z")), None);
}

#[test]
fn intervals_and_single_times() {
    let every = |span: &str| {
        Timetable::compile(&Schedule {
            every: Some(span.parse().unwrap()),
            ..Schedule::default()
        })
    };
    let table = every("15m").unwrap();
    assert_eq!(
        table.next(time("2027-01-01T00:07:00Z"), 2),
        [time("2027-01-01T00:15:00Z"), time("2027-01-01T00:30:00Z")]
    );
    assert_eq!(
        table.next_after(time("2027-01-01T00:15:00Z")),
        Some(time("2027-01-01T00:30:00Z"))
    );
    assert_eq!(table.next_after(Timestamp(-1)), Some(Timestamp(0)));
    assert_eq!(table.next_after(Timestamp(i64::MAX)), None);
    for (wrong, code) in [
        ("0s", "invalid_interval"),
        ("500ms", "invalid_interval"),
        ("200000000000d", "schedule_never_fires"),
    ] {
        assert_eq!(every(wrong).unwrap_err()[0].code, code);
    }
    let at = Timetable::compile(&Schedule {
        at: Some("2027-03-28T09:00:00+02:00".into()),
        ..Schedule::default()
    })
    .unwrap();
    assert_eq!(
        at.next(time("2027-03-28T06:59:59Z"), 5),
        [time("2027-03-28T07:00:00Z")]
    );
    assert_eq!(at.next_after(time("2027-03-28T07:00:00Z")), None);
}

#[test]
fn seconds_in_gaps_and_overlaps() {
    assert_eq!(
        next(
            "*/30 30 2 * * *",
            "Europe/Berlin",
            "2027-03-27T12:00:00Z",
            3
        ),
        [
            "2027-03-28T01:00:00Z",
            "2027-03-29T00:30:00Z",
            "2027-03-29T00:30:30Z"
        ],
        "several of one job in one gap: once"
    );
    assert_eq!(
        next(
            "*/20 59 2 * * *",
            "Europe/Berlin",
            "2027-10-31T00:59:10Z",
            3
        ),
        [
            "2027-10-31T00:59:20Z",
            "2027-10-31T00:59:40Z",
            "2027-11-01T01:59:00Z"
        ],
        "the first pass alone"
    );
    assert_eq!(
        next("*/20 * * * * *", "UTC", "2027-01-01T00:00:19.500Z", 2),
        ["2027-01-01T00:00:20Z", "2027-01-01T00:00:40Z"]
    );
}

#[test]
fn a_calendar_bounds_a_schedule_and_takes_dates_out() {
    let table = |change: &dyn Fn(&mut Schedule)| {
        let mut schedule = Schedule {
            cron: Some("0 9 * * *".into()),
            timezone: Some("Europe/Berlin".into()),
            ..Schedule::default()
        };
        change(&mut schedule);
        Timetable::compile(&schedule)
    };
    let bounded = table(&|schedule| {
        schedule.start = Some("2027-12-23".into());
        schedule.end = Some("2027-12-27".into());
        schedule.skip = vec!["12-25".into(), "2027-12-26/2027-12-26".into()];
    })
    .unwrap();
    let times: Vec<String> = bounded
        .next(Timestamp(0), 9)
        .into_iter()
        .map(printed)
        .collect();
    assert_eq!(
        times,
        [
            "2027-12-23T08:00:00Z",
            "2027-12-24T08:00:00Z",
            "2027-12-27T08:00:00Z"
        ]
    );
    // A skipped date is one of the zone, on both sides of midnight UTC.
    let hourly = Timetable::compile(&Schedule {
        every: Some(druse_engine::Span::from_secs(3_600)),
        timezone: Some("Pacific/Auckland".into()),
        skip: vec!["2027-06-10".into()],
        ..Schedule::default()
    })
    .unwrap();
    assert_eq!(
        hourly.next(time("2027-06-09T11:00:00Z"), 1),
        [time("2027-06-10T12:00:00Z")]
    );
    let nothing_left = |change: &dyn Fn(&mut Schedule)| {
        let findings = table(change).unwrap_err();
        assert_eq!(findings[0].code, "schedule_never_fires", "{findings:?}");
    };
    nothing_left(&|schedule| {
        schedule.cron = Some("0 9 1 1 *".into());
        schedule.skip = vec!["01-01".into()];
    });
    nothing_left(&|schedule| {
        schedule.start = Some("2027-03-01T10:00:00+01:00".into());
        schedule.end = Some("2027-03-02T08:00:00+01:00".into());
    });
    nothing_left(&|schedule| {
        schedule.cron = None;
        schedule.at = Some("2027-03-01T10:00:00Z".into());
        schedule.skip = vec!["2027-03-01".into()];
    });
    // Every day of every year: told without a search to the end of the calendar.
    nothing_left(&|schedule| {
        schedule.cron = Some("* * * * * *".into());
        schedule.skip = (1..=12)
            .flat_map(|month| (1..=31).map(move |day| format!("{month:02}-{day:02}")))
            .filter(|text| format!("2000-{text}").parse::<jiff::civil::Date>().is_ok())
            .collect();
    });
}

#[test]
fn a_preview_shows_the_offset_and_what_the_clock_does() {
    let preview = |cron: &str, from: &str| {
        let table = Timetable::cron(cron, Some("Europe/Berlin")).unwrap();
        let lines: Vec<String> = table
            .preview(time(from), 3)
            .into_iter()
            .map(|next| {
                format!(
                    "{} {} {}",
                    printed(next.at),
                    next.local,
                    next.note.unwrap_or("-")
                )
            })
            .collect();
        lines.join("\n")
    };
    let all = [
        preview("30 2 * * *", "2027-03-27T12:00:00Z"),
        preview("30 2 * * *", "2027-10-30T12:00:00Z"),
        preview("*/30 * * * *", "2027-10-31T00:29:00Z"),
    ];
    insta::assert_snapshot!(all.join("\n\n"), @r###"
2027-03-28T01:00:00Z 2027-03-28T03:00:00+02:00 the clock skips the named time: this is the first moment after the gap
2027-03-29T00:30:00Z 2027-03-29T02:30:00+02:00 -
2027-03-30T00:30:00Z 2027-03-30T02:30:00+02:00 -

2027-10-31T00:30:00Z 2027-10-31T02:30:00+02:00 this local time comes twice: this is the first
2027-11-01T01:30:00Z 2027-11-01T02:30:00+01:00 -
2027-11-02T01:30:00Z 2027-11-02T02:30:00+01:00 -

2027-10-31T00:30:00Z 2027-10-31T02:30:00+02:00 this local time comes twice: this is the first
2027-10-31T01:00:00Z 2027-10-31T02:00:00+01:00 this local time comes twice: this is the second
2027-10-31T01:30:00Z 2027-10-31T02:30:00+01:00 this local time comes twice: this is the second
"###);
}

#[test]
fn wrong_schedules_say_what_is_wrong() {
    let compile = |schedule: &Schedule| {
        let findings = Timetable::compile(schedule).unwrap_err();
        findings
            .iter()
            .map(|f| format!("{} {:?} {} | {}", f.code, f.path, f.message, f.help))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let cron = |text: &str| Schedule {
        cron: Some(text.into()),
        ..Schedule::default()
    };
    let told = [
        compile(&Schedule {
            timezone: Some("Europe/Berln".into()),
            ..cron("61 2 * * *")
        }),
        compile(&Schedule {
            timezone: Some("Berlin".into()),
            ..cron("@daily")
        }),
        compile(&Schedule {
            timezone: Some("Mars".into()),
            ..cron("@daily")
        }),
        compile(&Schedule::default()),
        compile(&Schedule {
            every: Some("1h".parse().unwrap()),
            ..cron("@daily")
        }),
        compile(&Schedule {
            at: Some("tomorrow".into()),
            ..Schedule::default()
        }),
        compile(&cron("0 0 31 2 *")),
    ];
    insta::assert_snapshot!(told.join("\n"), @r###"
    unknown_timezone Some("/timezone") "Europe/Berln" is not a known time zone | Did you mean `Europe/Berlin`?
    invalid_cron Some("/cron") the minute field "61" has "61", which is not one of its values | Use 0 to 59.
    unknown_timezone Some("/timezone") "Berlin" is not a known time zone | Did you mean `Europe/Berlin`?
    unknown_timezone Some("/timezone") "Mars" is not a known time zone | Use an IANA name such as Europe/Berlin or UTC.
    invalid_schedule Some("") a schedule has exactly one of cron, every and at | Keep one of them.
    invalid_schedule Some("") a schedule has exactly one of cron, every and at | Keep one of them.
    invalid_time Some("/at") "tomorrow" is not an RFC 3339 time such as 2027-03-28T01:00:00Z | Write date, time and offset, such as 2027-03-28T09:00:00+02:00.
    schedule_never_fires Some("/cron") "0 0 31 2 *" names a day that no year has | Give the month a day that it has.
    "###);
}

/// One field: its text, its values, and whether it begins with a star.
#[derive(Debug, Clone)]
struct FieldCase {
    text: String,
    values: BTreeSet<i8>,
    star: bool,
}

fn field(low: i8, high: i8) -> impl Strategy<Value = FieldCase> {
    let star = Just(FieldCase {
        text: "*".into(),
        values: (low..=high).collect(),
        star: true,
    });
    let step = (1..=high.min(30)).prop_map(move |step| FieldCase {
        text: format!("*/{step}"),
        values: (low..=high).step_by(step as usize).collect(),
        star: true,
    });
    let range = (low..=high, low..=high, 1i8..5).prop_map(|(a, b, step)| {
        let (a, b) = (a.min(b), a.max(b));
        FieldCase {
            text: format!("{a}-{b}/{step}"),
            values: (a..=b).step_by(step as usize).collect(),
            star: false,
        }
    });
    let list = prop::collection::btree_set(low..=high, 1..4).prop_map(|values| FieldCase {
        text: values
            .iter()
            .map(i8::to_string)
            .collect::<Vec<_>>()
            .join(","),
        values,
        star: false,
    });
    prop_oneof![2 => star, 1 => step, 1 => range, 2 => list]
}

#[derive(Debug, Clone)]
struct Job {
    minute: FieldCase,
    hour: FieldCase,
    day: FieldCase,
    month: FieldCase,
    weekday: FieldCase,
}

impl Job {
    fn text(&self) -> String {
        [
            &self.minute,
            &self.hour,
            &self.day,
            &self.month,
            &self.weekday,
        ]
        .map(|f| f.text.clone())
        .join(" ")
    }

    fn names(&self, local: DateTime) -> bool {
        let day = self.day.values.contains(&local.day());
        let weekday = local.weekday().to_sunday_zero_offset();
        let weekday = self.weekday.values.contains(&weekday)
            || (weekday == 0 && self.weekday.values.contains(&7));
        let day = if self.day.star || self.weekday.star {
            day && weekday
        } else {
            day || weekday
        };
        day && self.minute.values.contains(&local.minute())
            && self.hour.values.contains(&local.hour())
            && self.month.values.contains(&local.month())
    }

    /// Every minute between two moments, and at each the local times that the clock has passed for the first time.
    fn walk(
        &self,
        zone: &TimeZone,
        start: jiff::Timestamp,
        end: jiff::Timestamp,
    ) -> Vec<Timestamp> {
        let real_time = self.minute.star || self.hour.star;
        // Two days before the start, so that the second pass of an overlap is known as such.
        let mut now = start.checked_sub(48.hours()).unwrap();
        let mut furthest = zone.to_datetime(now);
        let mut fired = Vec::new();
        while now <= end {
            let local = zone.to_datetime(now);
            let fires = if real_time {
                self.names(local)
            } else {
                let mut passed = false;
                while furthest < local {
                    furthest = furthest.checked_add(1.minute()).unwrap();
                    passed |= self.names(furthest);
                }
                passed
            };
            if fires && now > start {
                fired.push(Timestamp(now.as_millisecond()));
            }
            now = now.checked_add(1.minute()).unwrap();
        }
        fired
    }
}

fn job() -> impl Strategy<Value = Job> {
    let any_month = Just(FieldCase {
        text: "*".into(),
        values: (1..=12).collect(),
        star: true,
    });
    // `*` among the days of the week means 0 to 6, a range may reach 7.
    let weekday = prop_oneof![3 => field(0, 6), 1 => (1i8..7).prop_map(|a| FieldCase {
        text: format!("{a}-7"), values: (a..=7).collect(), star: false })];
    (
        field(0, 59),
        field(0, 23),
        field(1, 31),
        prop_oneof![4 => any_month, 1 => field(1, 12)],
        weekday,
    )
        .prop_map(|(minute, hour, day, month, weekday)| Job {
            minute,
            hour,
            day,
            month,
            weekday,
        })
}

/// Zones whose jumps differ in length, hour, direction and season.
const ZONES: [&str; 14] = [
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Antarctica/Troll",
    "Asia/Gaza",
    "America/Nuuk",
    "Asia/Almaty",
    "America/Havana",
    "Europe/Dublin",
    "Pacific/Chatham",
    "Asia/Kathmandu",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, rng_seed: RngSeed::Fixed(20_270_328), ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_a_walk_over_every_minute(
        job in job(),
        zone in prop::sample::select(&ZONES[..]),
        which in 0usize..14,
        lead in 0i64..2880,
    ) {
        let table = match Timetable::cron(&job.text(), Some(zone)) {
            Ok(table) => table,
            Err(findings) => {
                prop_assert_eq!(&findings[0].code, "schedule_never_fires");
                return Ok(());
            }
        };
        let zone = TimeZone::get(zone).unwrap();
        let first: jiff::Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
        let jump = zone.following(first).nth(which).map_or(first, |jump| jump.timestamp());
        let start = jump.checked_sub(lead.minutes()).unwrap();
        let end = start.checked_add(72.hours()).unwrap();
        let expected = job.walk(&zone, start, end);
        let end = Timestamp(end.as_millisecond());
        let start = Timestamp(start.as_millisecond());
        let found: Vec<_> = table.after(start).take_while(|time| *time <= end).collect();
        prop_assert_eq!(&found, &expected, "{} {:?}", job.text(), zone.iana_name());
        // Asked from any other moment, the answer is the same.
        for from in [lead, lead * 7 % 4320, 4319 - lead] {
            let from = Timestamp(start.0 + from * 60_000 + lead % 7 * 999);
            let wanted = expected.iter().copied().find(|time| *time > from);
            let given = table.next_after(from).filter(|time| *time <= end);
            prop_assert_eq!(given, wanted, "{} from {}", job.text(), from);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "[-*/,@?0-9A-Za-z ]{0,24}", other in ".{0,40}", from in any::<i64>()) {
        for text in [text, other] {
            if let Ok(table) = Timetable::cron(&text, Some("Europe/Berlin"))
                && let Some(next) = table.next_after(Timestamp(from))
            {
                prop_assert!(next > Timestamp(from));
            }
        }
    }
}
