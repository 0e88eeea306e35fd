//! Moments and lengths of time, as plain numbers: this crate never reads a clock.

use jiff::{SignedDuration, civil::DateTime};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr, time::Duration};

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// A moment: milliseconds since the Unix epoch, UTC. Text form RFC 3339 with milliseconds and `Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The last moment that can be written: the end of the year 9999.
    pub const LAST: Self = Self(253_402_300_799_999);

    /// Milliseconds since the Unix epoch.
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// This moment and a length of time after it; stays at the last moment that can be written.
    pub fn after(self, span: Span) -> Self {
        let span = i64::try_from(span.0.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(span)).min(self.max(Self::LAST))
    }

    /// How long from `earlier` to this moment; zero when it is not later.
    pub fn since(self, earlier: Self) -> Span {
        Span(Duration::from_millis(
            u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0),
        ))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Ok(moment) = jiff::Timestamp::from_millisecond(self.0) {
            return write!(f, "{moment:.3}");
        }
        // The library's moments end a day before its dates do, so that they have a date in every zone.
        match EPOCH.checked_add(SignedDuration::from_millis(self.0)) {
            Ok(date) if self <= &Self::LAST => write!(f, "{date:.3}Z"),
            _ => write!(f, "{}ms", self.0),
        }
    }
}

/// A moment of the last day that has a date, in UTC.
fn of_last_day(text: &str) -> Option<Timestamp> {
    let date = text.strip_suffix(['Z', 'z'])?;
    // A date alone is no moment.
    date.contains(['T', 't', ' ']).then_some(())?;
    let date: DateTime = date.parse().ok()?;
    let millis = date.duration_since(EPOCH).as_millis();
    i64::try_from(millis).ok().map(Timestamp)
}

/// What is printed of a number that is no date, read back: rows that were written with one stay readable.
fn unwritable(text: &str) -> Option<Timestamp> {
    let moment = Timestamp(text.strip_suffix("ms")?.parse().ok()?);
    (moment.to_string() == text).then_some(moment)
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(moment) = text.parse::<jiff::Timestamp>() {
            return Ok(Self(moment.as_millisecond()));
        }
        of_last_day(text)
            .or_else(|| unwritable(text))
            .ok_or_else(|| format!("{text:?} is not an RFC 3339 time such as 2027-03-28T01:00:00Z"))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A length of time, written `300ms`, `30s`, `5m`, `2h` or `7d`; whole milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(pub Duration);

impl Span {
    /// A span of whole milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// A span of whole seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
    }

    /// Whole milliseconds.
    pub fn as_millis(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }
}

const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.as_millis();
        let (unit, size) = UNITS
            .iter()
            .find(|(_, size)| millis > 0 && millis.is_multiple_of(*size))
            .unwrap_or(&("s", 1_000));
        write!(f, "{}{unit}", millis / size)
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Span {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a duration such as 300ms, 30s, 5m, 2h or 7d");
        let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, unit) = text.split_at(split);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let size = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(wrong)?
            .1;
        number
            .checked_mul(size)
            .map(Self::from_millis)
            .ok_or_else(wrong)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Span {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^[0-9]+(ms|s|m|h|d)$",
            "description": "A length of time: 300ms, 30s, 5m, 2h or 7d."
        })
    }
}

impl schemars::JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date-time" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_and_print_in_the_largest_whole_unit() {
        for (text, printed) in [
            ("300ms", "300ms"),
            ("60s", "1m"),
            ("24h", "1d"),
            ("0s", "0s"),
            ("90m", "90m"),
        ] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), printed);
        }
        for wrong in ["", "5", "s", "1.5s", "-1s", "5 s", "99999999999999999999d"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn timestamps_print_milliseconds() {
        let moment: Timestamp = "2027-03-28T01:00:00Z".parse().unwrap();
        assert_eq!(moment.to_string(), "2027-03-28T01:00:00.000Z");
        assert_eq!(
            moment.after(Span::from_secs(1)).since(moment),
            Span::from_secs(1)
        );
    }

    #[test]
    fn what_is_printed_is_read_back_to_the_end_of_time() {
        let now: Timestamp = "2027-03-28T01:00:00Z".parse().unwrap();
        let days = |days: u64| Span::from_millis(days.saturating_mul(86_400_000));
        assert_eq!(now.after(days(100_000_000)), Timestamp::LAST);
        assert_eq!(now.after(days(u64::MAX)), Timestamp::LAST);
        assert_eq!(Timestamp::LAST.to_string(), "9999-12-31T23:59:59.999Z");
        for millis in [
            i64::MIN,
            0,
            now.0,
            253_402_207_200_999,
            253_402_207_201_000,
            Timestamp::LAST.0,
            Timestamp::LAST.0 + 1,
            8_641_795_762_628_750,
            i64::MAX,
        ] {
            let text = Timestamp(millis).to_string();
            assert_eq!(text.parse(), Ok(Timestamp(millis)), "{text}");
        }
        let last: Timestamp = "9999-12-31T23:59:59Z".parse().unwrap();
        assert_eq!(last.to_string(), "9999-12-31T23:59:59.000Z");
        // What is a length of time, a date alone, or no date, is no moment.
        for wrong in [
            "300ms",
            "0ms",
            "9999-12-31",
            "9999-12-31Z",
            "9999-12-32T00:00:00Z",
            "ms",
        ] {
            assert!(wrong.parse::<Timestamp>().is_err(), "{wrong}");
        }
        // What lies behind the end already is not brought forward.
        let behind = Timestamp(Timestamp::LAST.0 + 5);
        assert_eq!(behind.after(days(1)), behind);
    }
}
