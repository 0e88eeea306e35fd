//! Which local times a cron expression names. No zone and no offset appears here.

use crate::cron::Cron;
use ::cron::TimeUnitSpec;
use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, date};

impl Cron {
    /// Whether some minute of this day is named.
    pub fn matches_day(&self, day: Date) -> bool {
        let fields = &self.fields;
        let month_day = fields.days_of_month().includes(day.day() as u32);
        // The crate counts days of the week from 1 = Sunday.
        let weekday = u32::from(day.weekday().to_sunday_zero_offset() as u8) + 1;
        let week_day = fields.days_of_week().includes(weekday);
        let day_matches = if self.either_day {
            month_day || week_day
        } else {
            month_day && week_day
        };
        day_matches && fields.months().includes(day.month() as u32)
    }

    /// The first named local time at or after `from`; `None` past the end of the calendar.
    pub fn at_or_after(&self, from: DateTime) -> Option<DateTime> {
        let from = match from.subsec_nanosecond() {
            0 => from,
            // Named local times are whole seconds.
            _ => from
                .with()
                .subsec_nanosecond(0)
                .build()
                .ok()?
                .checked_add(SignedDuration::from_secs(1))
                .ok()?,
        };
        if self.matches_day(from.date())
            && let Some(found) = self.time_at_or_after(from)
        {
            return Some(found);
        }
        let day = self.day_at_or_after(from.date().tomorrow().ok()?)?;
        self.time_at_or_after(day.at(0, 0, 0, 0))
    }

    /// The first named time of this day at or after `from`.
    fn time_at_or_after(&self, from: DateTime) -> Option<DateTime> {
        let fields = &self.fields;
        let (first_minute, first_second) = (self.minutes().next()?, self.seconds().next()?);
        let (hour, minute) = (from.hour() as u32, from.minute() as u32);
        if fields.hours().includes(hour) {
            if fields.minutes().includes(minute)
                && let Some(second) = fields.seconds().range(from.second() as u32..).next()
            {
                return Some(at(from.date(), hour, minute, second));
            }
            if let Some(minute) = fields.minutes().range(minute + 1..).next() {
                return Some(at(from.date(), hour, minute, first_second));
            }
        }
        let hour = fields.hours().range(hour + 1..).next()?;
        Some(at(from.date(), hour, first_minute, first_second))
    }

    fn day_at_or_after(&self, mut day: Date) -> Option<Date> {
        while !self.matches_day(day) {
            day = if self.fields.months().includes(day.month() as u32) {
                day.tomorrow().ok()?
            } else {
                day.last_of_month().tomorrow().ok()?
            };
        }
        Some(day)
    }

    /// Whether no day of the calendar matches. It repeats every 400 years.
    pub(crate) fn never_matches(&self) -> bool {
        self.day_at_or_after(date(2000, 1, 1))
            .is_none_or(|day| day.year() >= 2400)
    }
}

/// The values come from the fields, which hold 0–23 and 0–59.
fn at(day: Date, hour: u32, minute: u32, second: u32) -> DateTime {
    day.at(hour as i8, minute as i8, second as i8, 0)
}
