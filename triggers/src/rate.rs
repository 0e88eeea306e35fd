//! How many within a time: a limit that lets a burst through and then one by one (the generic cell rate
//! algorithm, which needs one number).

use druse_engine::{Finding, Span, Timestamp, definition::RateLimit};

/// A compiled limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub limit: u32,
    /// Nanoseconds in which so many may come: a thousandth of a second holds more than one.
    per: i64,
}

/// Where a limit stands: when, at the earliest, all of it is free again. In nanoseconds since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used(i64);

const NANOS: i64 = 1_000_000;

/// The longest time that a limit may speak of.
const LONGEST: Span = Span::from_secs(86_400);

impl Rate {
    /// Compiles a limit. Paths of findings begin at the limit.
    pub fn compile(limit: &RateLimit) -> Result<Self, Vec<Finding>> {
        let mut findings = Vec::new();
        if limit.limit == 0 {
            findings.push(
                Finding::error("bad_value", "a limit of 0 lets nothing through")
                    .at_path("/limit")
                    .help("Pause the trigger instead."),
            );
        }
        let lawful = Span::from_secs(1) <= limit.per && limit.per <= LONGEST;
        if !lawful {
            findings.push(
                Finding::error("bad_value", "`per` is a time from 1s to 1d")
                    .at_path("/per")
                    .help("Write it as 1m."),
            );
        }
        if !findings.is_empty() {
            return Err(findings);
        }
        Ok(Self {
            limit: limit.limit,
            per: i64::try_from(limit.per.as_millis())
                .unwrap_or(i64::MAX)
                .saturating_mul(NANOS),
        })
    }

    /// How many a minute, rounded down.
    pub fn per_minute(&self) -> u64 {
        let per = u64::try_from(self.per / NANOS).unwrap_or(1).max(1);
        u64::from(self.limit) * 60_000 / per
    }

    /// Takes one, or says how long to wait.
    ///
    /// # Errors
    /// The wait, when the limit is reached.
    pub fn take(&self, used: &mut Used, now: Timestamp) -> Result<(), Span> {
        // A clock that went back must not close the limit for as long as it went.
        let now = now.0.saturating_mul(NANOS);
        let before = used.0.clamp(now, now.saturating_add(self.per));
        let one = self.per / i64::from(self.limit).max(1);
        let after = before.saturating_add(one.max(1));
        let over = after.saturating_sub(now).saturating_sub(self.per);
        if over > 0 {
            let wait = u64::try_from(over).unwrap_or(1);
            return Err(Span::from_millis(wait.div_ceil(NANOS.unsigned_abs())));
        }
        used.0 = after;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(limit: u32, seconds: u64) -> Rate {
        let per = Span::from_secs(seconds);
        Rate::compile(&RateLimit { limit, per }).unwrap()
    }

    #[test]
    fn a_burst_goes_through_then_one_by_one() {
        let rate = rate(3, 30);
        let mut used = Used::default();
        let at = |seconds: i64| Timestamp(1_000_000 + seconds * 1_000);
        for _ in 0..3 {
            assert_eq!(rate.take(&mut used, at(0)), Ok(()));
        }
        assert_eq!(rate.take(&mut used, at(0)), Err(Span::from_secs(10)));
        assert_eq!(rate.take(&mut used, at(4)), Err(Span::from_secs(6)));
        assert_eq!(rate.take(&mut used, at(10)), Ok(()));
        assert_eq!(rate.take(&mut used, at(10)), Err(Span::from_secs(10)));
        assert_eq!(rate.per_minute(), 6);
        // The clock goes back an hour: at most the whole time is waited for.
        let wait = rate.take(&mut used, at(-3_600)).unwrap_err();
        assert!(wait <= Span::from_secs(30), "{wait}");
    }

    #[test]
    fn more_than_one_a_millisecond_are_counted_too() {
        for (limit, wait) in [(600, 2), (5_000, 1), (1_000_000, 1)] {
            let rate = rate(limit, 1);
            let mut used = Used::default();
            let now = Timestamp(1_790_000_000_000);
            for _ in 0..limit {
                assert_eq!(rate.take(&mut used, now), Ok(()));
            }
            assert_eq!(
                rate.take(&mut used, now),
                Err(Span::from_millis(wait)),
                "{limit}"
            );
        }
    }

    #[test]
    fn limits_that_cannot_be_are_told() {
        for (limit, seconds, path) in [(0, 60, "/limit"), (1, 0, "/per"), (1, 86_401, "/per")] {
            let per = Span::from_secs(seconds);
            let findings = Rate::compile(&RateLimit { limit, per }).unwrap_err();
            assert_eq!(findings[0].path.as_deref(), Some(path));
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(5), ..Default::default() })]

        #[test]
        fn never_twice_the_limit_within_the_time(limit in 1u32..20, waits in proptest::collection::vec(0i64..5_000, 1..200)) {
            let rate = rate(limit, 10);
            let (mut used, mut now, mut taken) = (Used::default(), 1_000_000, Vec::new());
            for wait in waits {
                now += wait;
                match rate.take(&mut used, Timestamp(now)) {
                    Ok(()) => taken.push(now),
                    Err(wait) => {
                        // What it says is what it keeps.
                        let mut later = used;
                        let then = Timestamp(now).after(wait);
                        proptest::prop_assert!(rate.take(&mut later, then).is_ok());
                    }
                }
                let within = taken.iter().filter(|at| **at > now - 10_000).count();
                proptest::prop_assert!(within < 2 * limit as usize + 1);
            }
        }
    }
}
