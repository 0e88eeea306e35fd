//! Points in time that stay printable.

use crate::{Span, Timestamp};

/// 9999-12-30T00:00:00Z, near the end of the times that have a text form.
const LAST: i64 = 253_402_128_000_000;

/// A moment after `now`, at the latest the last one that can be written down.
pub(super) fn later(now: Timestamp, span: Span) -> Timestamp {
    now.after(span).min(Timestamp(LAST))
}
