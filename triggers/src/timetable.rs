//! A compiled schedule: its times, one after the other.

use crate::{calendar::Calendar, cron::Cron, zone::Zone};
use druse_engine::{Finding, Span, Timestamp, definition::Schedule};
use jiff::SignedDuration;

/// A schedule that has been checked and can be asked for its times.
#[derive(Debug, Clone)]
pub struct Timetable {
    kind: Kind,
    zone: Zone,
    calendar: Calendar,
}

#[derive(Debug, Clone)]
enum Kind {
    Cron(Box<Cron>),
    /// Milliseconds, more than zero.
    Every(i64),
    At(Timestamp),
}

/// Shorter intervals would be a busy loop with a journal.
const SHORTEST_INTERVAL: Span = Span::from_secs(1);

/// How far a search for a matching local time goes. The longest wait of any day is 40 years (a
/// certain weekday on 29 February, over a century that has none); the rest is for zones.
const HORIZON: SignedDuration = SignedDuration::from_hours(24 * 366 * 100);

/// How far a search over skipped dates goes, in milliseconds: a schedule of which nothing is left must
/// not be searched to the end of the calendar.
const SKIP_HORIZON: i64 = 24 * 3_600_000 * 366 * 60;

/// Where the search for a first time begins when it is asked whether there is any.
const EARLIEST: Timestamp = Timestamp(0);

impl Timetable {
    /// Compiles a schedule. Paths of findings begin at the schedule (`/cron`).
    pub fn compile(schedule: &Schedule) -> Result<Self, Vec<Finding>> {
        let mut findings = Vec::new();
        let zone = match schedule.timezone.as_deref().map(Zone::parse) {
            None => Zone::utc(),
            Some(Ok(zone)) => zone,
            Some(Err(finding)) => {
                findings.push((*finding).at_path("/timezone"));
                Zone::utc()
            }
        };
        let kind = match (&schedule.cron, schedule.every, &schedule.at) {
            (Some(cron), None, None) => Cron::parse(cron)
                .map(|cron| Kind::Cron(Box::new(cron)))
                .map_err(|wrong| {
                    Finding::error(wrong.code, wrong.message)
                        .at_path("/cron")
                        .help(wrong.help)
                }),
            (None, Some(every), None) => {
                interval(every)
                    .map(Kind::Every)
                    .map_err(|(code, message, help)| {
                        Finding::error(code, message).at_path("/every").help(help)
                    })
            }
            (None, None, Some(at)) => at.parse().map(Kind::At).map_err(|message: String| {
                Finding::error("invalid_time", message)
                    .at_path("/at")
                    .help("Write date, time and offset, such as 2027-03-28T09:00:00+02:00.")
            }),
            _ => Err(Finding::error(
                "invalid_schedule",
                "a schedule has exactly one of cron, every and at",
            )
            .at_path("")
            .help("Keep one of them.")),
        };
        let kind = kind.map_err(|finding| findings.push(finding));
        let calendar = Calendar::compile(schedule, &zone).map_err(|wrong| findings.extend(wrong));
        let (Ok(kind), Ok(calendar), true) = (kind, calendar, findings.is_empty()) else {
            return Err(findings);
        };
        let table = Self {
            kind,
            zone,
            calendar,
        };
        if !table.calendar.is_whole() && table.next_after(EARLIEST).is_none() {
            return Err(vec![
                Finding::error(
                    "schedule_never_fires",
                    "no time of the schedule is left by `start`, `end` and `skip`",
                )
                .at_path("")
                .help("Give it a longer stretch of time, or skip fewer dates."),
            ]);
        }
        Ok(table)
    }

    /// A timetable of a cron expression alone, as `--cron C --timezone Z` gives it.
    pub fn cron(expression: &str, timezone: Option<&str>) -> Result<Self, Vec<Finding>> {
        Self::compile(&Schedule {
            cron: Some(expression.to_owned()),
            timezone: timezone.map(str::to_owned),
            ..Schedule::default()
        })
    }

    /// The first time strictly after `from`; `None` when there is none.
    pub fn next_after(&self, from: Timestamp) -> Option<Timestamp> {
        let mut from = self.calendar.search_from(from);
        let horizon = Timestamp(from.0.saturating_add(SKIP_HORIZON));
        loop {
            let time = self.named_after(from)?;
            if self.calendar.is_over(time) || time > horizon && !self.calendar.is_whole() {
                return None;
            }
            match self.calendar.skipped_until(time, &self.zone) {
                None => return Some(time),
                Some(end) => from = end,
            }
        }
    }

    /// The first time after `from` whatever the calendar says.
    fn named_after(&self, from: Timestamp) -> Option<Timestamp> {
        match &self.kind {
            Kind::At(at) => (*at > from).then_some(*at),
            // Intervals count from the Unix epoch, so that no state decides about the times:
            // `15m` is every quarter of an hour of UTC.
            Kind::Every(millis) => {
                let passed = from.as_millis().div_euclid(*millis);
                let next = passed.checked_add(1)?.checked_mul(*millis)?;
                jiff::Timestamp::from_millisecond(next)
                    .ok()
                    .map(|_| Timestamp(next))
            }
            Kind::Cron(cron) => {
                let from = from.as_millis().max(jiff::Timestamp::MIN.as_millisecond());
                let from = jiff::Timestamp::from_millisecond(from).ok()?;
                let next = if cron.follows_real_time() {
                    next_real_time(cron, &self.zone, from)
                } else {
                    next_fixed_time(cron, &self.zone, from)
                }?;
                Some(Timestamp(next.as_millisecond()))
            }
        }
    }

    /// All times strictly after `from`, in order; endless for most timetables.
    pub fn after(&self, from: Timestamp) -> impl Iterator<Item = Timestamp> + '_ {
        std::iter::successors(self.next_after(from), |last| self.next_after(*last))
    }

    /// The next `count` times strictly after `from`.
    pub fn next(&self, from: Timestamp, count: usize) -> Vec<Timestamp> {
        self.after(from).take(count).collect()
    }
}

/// One of the next times, as people read it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Preview {
    /// The moment.
    pub at: Timestamp,
    /// The local time with its offset, such as `2027-03-28T09:00:00+02:00`.
    pub local: String,
    /// What the clock does at that moment, where it does something.
    pub note: Option<&'static str>,
}

impl Timetable {
    /// The next `count` times strictly after `from`, with local time and offset.
    pub fn preview(&self, from: Timestamp, count: usize) -> Vec<Preview> {
        let show = |at: Timestamp| {
            let moment = jiff::Timestamp::from_millisecond(at.0).ok()?;
            let offset = self.zone.offset(moment);
            let before = self
                .zone
                .offset(moment.checked_sub(SignedDuration::from_nanos(1)).ok()?);
            let local = self.zone.local(moment);
            let named = match &self.kind {
                Kind::Cron(cron) => cron.at_or_after(local) == Some(local),
                Kind::Every(_) | Kind::At(_) => true,
            };
            let note = if before < offset && !named {
                Some("the clock skips the named time: this is the first moment after the gap")
            } else if self.zone.is_repeated(local) {
                Some(if self.zone.first_moment(local) == Some(moment) {
                    "this local time comes twice: this is the first"
                } else {
                    "this local time comes twice: this is the second"
                })
            } else {
                None
            };
            Some(Preview {
                at,
                local: self.zone.written(moment),
                note,
            })
        };
        self.after(from).take(count).filter_map(show).collect()
    }
}

/// A time as `druse triggers next` prints it: RFC 3339 in UTC, without a fraction when there is none.
pub fn printed(time: Timestamp) -> String {
    let text = time.to_string();
    match text.strip_suffix(".000Z") {
        Some(whole) => format!("{whole}Z"),
        None => text,
    }
}

fn interval(every: Span) -> Result<i64, (&'static str, String, &'static str)> {
    if every < SHORTEST_INTERVAL {
        let message = format!("the interval {every} is shorter than a second");
        return Err(("invalid_interval", message, "Give at least 1s."));
    }
    i64::try_from(every.as_millis()).map_err(|_| {
        let message = format!("the interval {every} is longer than the calendar");
        ("schedule_never_fires", message, "Give a shorter one.")
    })
}

/// A fixed-time job: each local time counts at the first moment that shows it, or that follows the gap
/// in which it lies. In the second pass of an overlap the next local times have had their moment, and
/// the search goes on behind them; those before the present one have all had theirs.
fn next_fixed_time(cron: &Cron, zone: &Zone, from: jiff::Timestamp) -> Option<jiff::Timestamp> {
    let mut local = zone.local(from);
    loop {
        // Named local times are whole seconds, so a nanosecond more excludes the one that was seen.
        local = cron.at_or_after(local.checked_add(SignedDuration::from_nanos(1)).ok()?)?;
        let moment = zone.first_moment(local)?;
        if moment > from {
            return Some(moment);
        }
    }
}

/// A job that follows real time: stretch by stretch of one offset, from jump to jump of the clock.
fn next_real_time(cron: &Cron, zone: &Zone, from: jiff::Timestamp) -> Option<jiff::Timestamp> {
    let end = from.checked_add(HORIZON).unwrap_or(jiff::Timestamp::MAX);
    let mut start = from.checked_add(SignedDuration::from_nanos(1)).ok()?;
    while start < end {
        let offset = zone.offset(start);
        let local = cron.at_or_after(offset.to_datetime(start))?;
        let moment = offset.to_timestamp(local).ok()?;
        match zone.next_transition(start) {
            Some(jump) if jump <= moment => start = jump,
            _ => return Some(moment),
        }
    }
    None
}
