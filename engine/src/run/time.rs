//! Points in time that stay printable.

use crate::{Span, Timestamp};

/// The last millisecond that the text form of a time can say (in the year 9999).
const LAST: i64 = 253_402_207_200_999;

/// A moment after `now`, at the latest the last one that can be written down.
pub(super) fn later(now: Timestamp, span: Span) -> Timestamp {
    now.after(span).min(Timestamp(LAST))
}
