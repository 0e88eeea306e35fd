//! The part of the calendar in which a schedule has times: from a start to an end, without some dates.

use crate::{suggest::shown, zone::Zone};
use druse_engine::{Finding, Timestamp, definition::Schedule};
use jiff::civil::{Date, DateTime};

/// Where a schedule has times.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calendar {
    /// No time before this one.
    start: Option<Timestamp>,
    /// No time after this one.
    end: Option<Timestamp>,
    skip: Vec<Skip>,
}

/// Dates without a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Skip {
    /// From one date to another, both left out.
    Dates(Date, Date),
    /// This month and day of each year.
    Yearly(i8, i8),
}

/// The most entries in `skip`: each is looked at for each time.
const MOST_SKIPPED: usize = 1_000;

impl Calendar {
    /// Reads `start`, `end` and `skip`. Paths of findings begin at the schedule (`/skip/3`).
    pub(crate) fn compile(schedule: &Schedule, zone: &Zone) -> Result<Self, Vec<Finding>> {
        let mut findings = Vec::new();
        let mut bound = |key: &str, text: &Option<String>, last: bool| {
            let text = text.as_deref()?;
            let found = moment(text, zone, last);
            if found.is_none() {
                let message = format!("`{key}` {} is neither a time nor a date", shown(text));
                findings.push(
                    Finding::error("invalid_time", message)
                        .at_path(format!("/{key}"))
                        .help("Write 2027-03-28, or 2027-03-28T09:00:00+02:00."),
                );
            }
            found
        };
        let start = bound("start", &schedule.start, false);
        let end = bound("end", &schedule.end, true);
        if let (Some(start), Some(end)) = (start, end)
            && start > end
        {
            findings.push(
                Finding::error("schedule_never_fires", "the schedule ends before it starts")
                    .at_path("/end")
                    .help("Give an `end` after `start`."),
            );
        }
        let mut skip = Vec::new();
        if schedule.skip.len() > MOST_SKIPPED {
            let message = format!("`skip` has more than {MOST_SKIPPED} entries");
            findings.push(
                Finding::error("invalid_skip", message)
                    .at_path("/skip")
                    .help("Write ranges: 2027-12-24/2027-12-26."),
            );
        }
        for (index, text) in schedule.skip.iter().take(MOST_SKIPPED).enumerate() {
            match Skip::parse(text) {
                Ok(dates) => skip.push(dates),
                Err(what) => findings.push(
                    Finding::error("invalid_skip", format!("{} {what}", shown(text)))
                        .at_path(format!("/skip/{index}"))
                        .help("Write 2027-12-24, 2027-12-24/2027-12-26, or each year 12-25."),
                ),
            }
        }
        if findings.is_empty() {
            Ok(Self { start, end, skip })
        } else {
            Err(findings)
        }
    }

    /// Whether it says anything.
    pub(crate) fn is_whole(&self) -> bool {
        self.start.is_none() && self.end.is_none() && self.skip.is_empty()
    }

    /// From where on to search for a time after `from`.
    pub(crate) fn search_from(&self, from: Timestamp) -> Timestamp {
        let before = self.start.map(|start| Timestamp(start.0.saturating_sub(1)));
        before.map_or(from, |before| from.max(before))
    }

    /// Whether a time lies behind the end.
    pub(crate) fn is_over(&self, time: Timestamp) -> bool {
        self.end.is_some_and(|end| time > end)
    }

    /// The last moment of the date on which `time` lies, if that date is left out.
    pub(crate) fn skipped_until(&self, time: Timestamp, zone: &Zone) -> Option<Timestamp> {
        if self.skip.is_empty() {
            return None;
        }
        let moment = jiff::Timestamp::from_millisecond(time.0).ok()?;
        let day = zone.local(moment).date();
        if !self.skip.iter().any(|dates| dates.has(day)) {
            return None;
        }
        let next = zone.first_moment(day.tomorrow().ok()?.at(0, 0, 0, 0))?;
        // Where the clock goes back over midnight, the next date has been shown before.
        Some(Timestamp(next.as_millisecond() - 1).max(time))
    }
}

impl Skip {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if let Some((from, to)) = text.split_once('/') {
            let (Some(from), Some(to)) = (day(from), day(to)) else {
                return Err("is not a range of dates");
            };
            if from > to {
                return Err("ends before it begins");
            }
            return Ok(Self::Dates(from, to));
        }
        if let Some(day) = day(text) {
            return Ok(Self::Dates(day, day));
        }
        // A leap year has every day that some year has.
        match day(&format!("2000-{text}")) {
            Some(day) if text.len() == 5 => Ok(Self::Yearly(day.month(), day.day())),
            _ => Err("is not a date"),
        }
    }

    fn has(self, day: Date) -> bool {
        match self {
            Self::Dates(from, to) => from <= day && day <= to,
            Self::Yearly(month, of_month) => month == day.month() && of_month == day.day(),
        }
    }
}

/// `2027-03-28`, and nothing else that a date could be.
fn day(text: &str) -> Option<Date> {
    let plain = text.len() == 10
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    plain.then(|| text.parse().ok()).flatten()
}

/// A time, or a date of the zone: its first moment, or its last one.
fn moment(text: &str, zone: &Zone, last: bool) -> Option<Timestamp> {
    let Some(day) = day(text) else {
        return text.parse().ok();
    };
    let midnight: DateTime = match last {
        false => day.at(0, 0, 0, 0),
        true => day.tomorrow().ok()?.at(0, 0, 0, 0),
    };
    let moment = zone.first_moment(midnight)?.as_millisecond();
    Some(Timestamp(if last { moment - 1 } else { moment }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(start: Option<&str>, end: Option<&str>, skip: &[&str]) -> Schedule {
        Schedule {
            cron: Some("0 9 * * *".into()),
            timezone: Some("Europe/Berlin".into()),
            start: start.map(str::to_owned),
            end: end.map(str::to_owned),
            skip: skip.iter().map(|text| (*text).to_owned()).collect(),
            ..Schedule::default()
        }
    }

    #[test]
    fn dates_are_those_of_the_zone_and_the_end_is_included() {
        let zone = Zone::parse("Europe/Berlin").unwrap();
        let of = |start, end| Calendar::compile(&schedule(start, end, &[]), &zone).unwrap();
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let calendar = of(Some("2027-03-28"), Some("2027-03-28"));
        assert_eq!(calendar.start, Some(time("2027-03-27T23:00:00Z")));
        assert_eq!(
            calendar.end,
            Some(time("2027-03-28T21:59:59.999Z")),
            "23 hours"
        );
        let calendar = of(Some("2027-03-28T09:00:00+02:00"), None);
        assert_eq!(calendar.start, Some(time("2027-03-28T07:00:00Z")));
    }

    #[test]
    fn what_is_no_calendar_is_told_with_its_place() {
        let wrong = schedule(
            Some("tomorrow"),
            Some("2027-02-30"),
            &[
                "2027-12-24",
                "12-25",
                "02-29",
                "12-32",
                "2027-12-26/2027-12-24",
                "1-1",
                "noel",
                "2027-12-24/x",
            ],
        );
        let zone = Zone::utc();
        let mut findings = Calendar::compile(&wrong, &zone).unwrap_err();
        findings.extend(
            Calendar::compile(
                &schedule(Some("2027-02-02"), Some("2027-02-01"), &[]),
                &zone,
            )
            .unwrap_err(),
        );
        let told: Vec<String> = findings
            .iter()
            .map(|f| {
                format!(
                    "{} {} {} | {}",
                    f.code,
                    f.path.clone().unwrap_or_default(),
                    f.message,
                    f.help
                )
            })
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r###"
invalid_time /start `start` "tomorrow" is neither a time nor a date | Write 2027-03-28, or 2027-03-28T09:00:00+02:00.
invalid_time /end `end` "2027-02-30" is neither a time nor a date | Write 2027-03-28, or 2027-03-28T09:00:00+02:00.
invalid_skip /skip/3 "12-32" is not a date | Write 2027-12-24, 2027-12-24/2027-12-26, or each year 12-25.
invalid_skip /skip/4 "2027-12-26/2027-12-24" ends before it begins | Write 2027-12-24, 2027-12-24/2027-12-26, or each year 12-25.
invalid_skip /skip/5 "1-1" is not a date | Write 2027-12-24, 2027-12-24/2027-12-26, or each year 12-25.
invalid_skip /skip/6 "noel" is not a date | Write 2027-12-24, 2027-12-24/2027-12-26, or each year 12-25.
invalid_skip /skip/7 "2027-12-24/x" is not a range of dates | Write 2027-12-24, 2027-12-24/2027-12-26, or each year 12-25.
schedule_never_fires /end the schedule ends before it starts | Give an `end` after `start`.
"###);
    }
}
