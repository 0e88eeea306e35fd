//! The wall clock and the source of randomness: the only places where the binary reads either.

use druse_engine::Timestamp;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in whole milliseconds of Unix time.
pub fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Random bytes from the operating system.
///
/// # Panics
/// When the operating system has no randomness to give, in which case nothing may go on.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// The time of the last id, in 4,096ths of a millisecond.
static LAST: AtomicU64 = AtomicU64::new(0);

/// A new id, made of now and of randomness: `new_id(RunId::from_parts)`. It sorts behind every id that this
/// process made before, also within one millisecond and when the clock is set back.
pub fn new_id<T>(make: fn(u64, [u8; 10]) -> T) -> T {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let part = u64::from(since.subsec_nanos() % 1_000_000) * 4_096 / 1_000_000;
    let tick = u64::try_from(since.as_millis()).unwrap_or(0) << 12 | part;
    let after = |last: u64| tick.max(last + 1);
    let last = LAST.update(Ordering::Relaxed, Ordering::Relaxed, after);
    let tick = after(last);
    // The twelve bits behind the version of a UUIDv7 are the finer time (RFC 9562, 6.2, method 3).
    let mut bytes: [u8; 10] = random();
    bytes[0] = (tick >> 8) as u8 & 0x0f;
    bytes[1] = tick as u8;
    make(tick >> 12, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_engine::RunId;

    #[test]
    fn ids_sort_in_the_order_in_which_they_were_made() {
        let ids: Vec<RunId> = (0..50_000).map(|_| new_id(RunId::from_parts)).collect();
        assert!(ids.is_sorted_by(|a, b| a < b && a.to_string() < b.to_string()));
    }
}
