//! Which local times a cron expression names. No zone and no offset appears here.

use crate::cron::Cron;
use ::cron::TimeUnitSpec;
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
        let (mut day, mut hour, mut minute) =
            (from.date(), from.hour() as u32, from.minute() as u32);
        if from.second() > 0 || from.subsec_nanosecond() > 0 {
            minute += 1;
        }
        if self.matches_day(day) {
            let fields = &self.fields;
            if fields.hours().includes(hour)
                && let Some(minute) = fields.minutes().range(minute..).next()
            {
                return Some(at(day, hour, minute));
            }
            hour += 1;
            minute = fields.minutes().iter().next()?;
            if let Some(hour) = fields.hours().range(hour..).next() {
                return Some(at(day, hour, minute));
            }
        }
        day = self.day_at_or_after(day.tomorrow().ok()?)?;
        Some(at(day, self.hours().next()?, self.minutes().next()?))
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
fn at(day: Date, hour: u32, minute: u32) -> DateTime {
    day.at(hour as i8, minute as i8, 0, 0)
}
