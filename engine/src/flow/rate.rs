//! How many attempts may begin over a connection in a period.

use crate::Timestamp;
use std::fmt;
use std::str::FromStr;

/// The most attempts that a rate lets begin in its period.
pub const MOST_STARTS: u32 = 1_000_000;

/// How many attempts may begin in any period of a length: `30/m`, and with a burst at most so many of them
/// at once.
///
/// The period slides: whichever minute one looks at, no more than thirty attempts begin in it. A burst is a
/// second such limit over the part of the period that it is worth: `30/m` with a burst of 5 also lets no more
/// than 5 begin in any ten seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    count: u32,
    per: Per,
    burst: Option<u32>,
}

/// The period of a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// `s`.
    Second,
    /// `m`.
    Minute,
    /// `h`.
    Hour,
    /// `d`.
    Day,
}

/// Why a text is no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRate {
    /// It is written in another way.
    #[error("it is not a number, a slash, and one of s, m, h, d")]
    Shape,
    /// It lets nothing begin.
    #[error("it would let nothing begin")]
    Zero,
    /// It lets more begin than can be counted.
    #[error("it lets more begin than {MOST_STARTS}")]
    TooMany,
    /// The burst is zero, or larger than the rate.
    #[error("a burst is between 1 and the number of the rate")]
    Burst,
}

impl Per {
    fn millis(self) -> i64 {
        match self {
            Self::Second => 1_000,
            Self::Minute => 60_000,
            Self::Hour => 3_600_000,
            Self::Day => 86_400_000,
        }
    }

    fn letter(self) -> char {
        match self {
            Self::Second => 's',
            Self::Minute => 'm',
            Self::Hour => 'h',
            Self::Day => 'd',
        }
    }
}

/// No more than `count` starts in any `millis` milliseconds, their end not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) count: usize,
    pub(super) millis: i64,
}

impl Rate {
    /// So many in a period.
    ///
    /// # Errors
    /// For none, or too many.
    pub fn new(count: u32, per: Per) -> Result<Self, BadRate> {
        match count {
            0 => Err(BadRate::Zero),
            1..=MOST_STARTS => Ok(Self {
                count,
                per,
                burst: None,
            }),
            _ => Err(BadRate::TooMany),
        }
    }

    /// As it is, with so many at once at most.
    ///
    /// # Errors
    /// For none, or for more than the rate lets begin at all.
    pub fn with_burst(self, burst: u32) -> Result<Self, BadRate> {
        if burst == 0 || burst > self.count {
            return Err(BadRate::Burst);
        }
        let burst = Some(burst);
        Ok(Self { burst, ..self })
    }

    /// How many may begin in its period.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// How many may begin at once, where that is less.
    pub fn burst(&self) -> Option<u32> {
        self.burst
    }

    /// Its period, in milliseconds.
    pub fn millis(&self) -> i64 {
        self.per.millis()
    }

    /// What must hold at every moment.
    pub(super) fn windows(&self) -> impl Iterator<Item = Window> {
        let whole = Window {
            count: usize::try_from(self.count).unwrap_or(usize::MAX),
            millis: self.millis(),
        };
        let burst = self.burst.map(|burst| Window {
            count: usize::try_from(burst).unwrap_or(usize::MAX),
            // Rounded up: never more than the rate.
            millis: (self.millis() * i64::from(burst) + i64::from(self.count) - 1)
                / i64::from(self.count),
        });
        std::iter::once(whole).chain(burst)
    }

    /// From when on a start cannot matter any more, seen from `now`.
    pub(super) fn forgets(&self, now: Timestamp) -> Timestamp {
        Timestamp(now.0.saturating_sub(self.millis()))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.count, self.per.letter())
    }
}

impl FromStr for Rate {
    type Err = BadRate;

    fn from_str(text: &str) -> Result<Self, BadRate> {
        let (count, per) = text.split_once('/').ok_or(BadRate::Shape)?;
        let per = match per {
            "s" => Per::Second,
            "m" => Per::Minute,
            "h" => Per::Hour,
            "d" => Per::Day,
            _ => return Err(BadRate::Shape),
        };
        if count.is_empty() || !count.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(BadRate::Shape);
        }
        Self::new(count.parse().map_err(|_| BadRate::TooMany)?, per)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_and_a_period() {
        for text in ["1/s", "30/m", "5000/h", "1000000/d"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        for (text, wrong) in [
            ("0/m", BadRate::Zero),
            ("00/m", BadRate::Zero),
            ("1000001/d", BadRate::TooMany),
            ("99999999999999999999/d", BadRate::TooMany),
            ("30/x", BadRate::Shape),
            ("30/M", BadRate::Shape),
            ("30/", BadRate::Shape),
            ("/m", BadRate::Shape),
            ("30", BadRate::Shape),
            ("", BadRate::Shape),
            ("-1/m", BadRate::Shape),
            ("+1/m", BadRate::Shape),
            ("1.5/m", BadRate::Shape),
            (" 1/m", BadRate::Shape),
            ("1/m/s", BadRate::Shape),
            ("٣/m", BadRate::Shape),
        ] {
            assert_eq!(text.parse::<Rate>(), Err(wrong), "{text:?}");
        }
    }

    #[test]
    fn a_burst_is_a_second_window() {
        let rate: Rate = "30/m".parse().unwrap();
        assert_eq!(rate.with_burst(0), Err(BadRate::Burst));
        assert_eq!(rate.with_burst(31), Err(BadRate::Burst));
        let windows = |rate: Rate| -> Vec<(usize, i64)> {
            rate.windows().map(|w| (w.count, w.millis)).collect()
        };
        assert_eq!(windows(rate), [(30, 60_000)]);
        assert_eq!(
            windows(rate.with_burst(5).unwrap()),
            [(30, 60_000), (5, 10_000)]
        );
        let odd = "7/s".parse::<Rate>().unwrap().with_burst(1).unwrap();
        assert_eq!(windows(odd), [(7, 1_000), (1, 143)]);
    }
}
