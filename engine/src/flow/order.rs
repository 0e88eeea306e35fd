//! Who is first among those that wait.

use crate::{RunId, Timestamp};

/// What a point of priority is worth, in milliseconds of waiting.
pub const PRIORITY_STEP: i64 = 60_000;

/// The priorities that there are.
pub const MOST_PRIORITY: std::ops::RangeInclusive<i32> = -1000..=1000;

/// A place in the order: the smallest is first. Ids break ties, so that no two are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    at: i64,
    /// Whose it is.
    pub run: RunId,
}

impl Rank {
    /// The rank of a run that waits since a time.
    pub fn new(run: RunId, since: Timestamp, priority: i32) -> Self {
        let ahead = i64::from(priority).saturating_mul(PRIORITY_STEP);
        Self {
            at: since.0.saturating_sub(ahead),
            run,
        }
    }
}
