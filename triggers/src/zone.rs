//! Local time and its transitions, from the time zone data that is built in.

use crate::suggest::{nearest, shown};
use druse_engine::Finding;
use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase},
};
use std::sync::OnceLock;

/// An IANA time zone.
#[derive(Debug, Clone)]
pub struct Zone(TimeZone);

/// The data is part of the program, so every machine gives the same answer.
fn database() -> &'static TimeZoneDatabase {
    static DATABASE: OnceLock<TimeZoneDatabase> = OnceLock::new();
    DATABASE.get_or_init(TimeZoneDatabase::bundled)
}

impl Zone {
    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The zone of an IANA name, such as `Europe/Berlin`; `unknown_timezone` with the nearest name otherwise.
    pub fn parse(name: &str) -> Result<Self, Box<Finding>> {
        if let Ok(zone) = database().get(name) {
            return Ok(Self(zone));
        }
        let names: Vec<String> = database()
            .available()
            .map(|name| name.to_string())
            .collect();
        let whole = nearest(name, names.iter().map(String::as_str));
        // People know the city better than the continent: `Berlin`, `Germany/Berlin`.
        let city = |name: &str| name.rsplit('/').next().unwrap_or_default().to_lowercase();
        let by_city = names
            .iter()
            .map(String::as_str)
            .find(|known| city(known) == city(name));
        let help = match by_city.or(whole) {
            Some(known) => format!("Did you mean `{known}`?"),
            None => "Use an IANA name such as Europe/Berlin or UTC.".to_owned(),
        };
        let message = format!("{} is not a known time zone", shown(name));
        Err(Box::new(
            Finding::error("unknown_timezone", message).help(help),
        ))
    }

    /// The name, as the database spells it.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The local time at a moment.
    pub fn local(&self, moment: Timestamp) -> DateTime {
        self.0.to_datetime(moment)
    }

    /// The offset at a moment.
    pub fn offset(&self, moment: Timestamp) -> Offset {
        self.0.to_offset(moment)
    }

    /// The next moment after this one at which the clock may jump.
    pub fn next_transition(&self, moment: Timestamp) -> Option<Timestamp> {
        self.0
            .following(moment)
            .next()
            .map(|transition| transition.timestamp())
    }

    /// Whether a local time comes twice.
    pub fn is_repeated(&self, local: DateTime) -> bool {
        matches!(
            self.0.to_ambiguous_timestamp(local).offset(),
            AmbiguousOffset::Fold { .. }
        )
    }

    /// A moment as local time with its offset, such as `2027-03-28T09:00:00+02:00`.
    pub fn written(&self, moment: Timestamp) -> String {
        moment
            .to_zoned_datetime(self.0.clone())
            .strftime("%Y-%m-%dT%H:%M:%S%:z")
            .to_string()
    }

    /// The first moment whose local time is `local`; in a gap the first moment after the gap.
    pub fn first_moment(&self, local: DateTime) -> Option<Timestamp> {
        match self.0.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(local).ok(),
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(local).ok(),
            // With the later offset the local time lies before the jump, less than its length.
            AmbiguousOffset::Gap { after, .. } => {
                self.next_transition(after.to_timestamp(local).ok()?)
            }
        }
    }
}
