//! The wall clock and the source of randomness: the only places where the binary reads either.

use druse_engine::Timestamp;
use std::cell::RefCell;
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

/// How many ids are made of what the operating system is asked for at once: asking for each costs more than all
/// else of an id.
const IDS: usize = 64;

/// Random bytes of a thread for its next ids. Each is used once.
struct Drawn {
    bytes: [u8; 10 * IDS],
    used: usize,
}

thread_local! {
    static DRAWN: RefCell<Drawn> = const { RefCell::new(Drawn { bytes: [0; 10 * IDS], used: 10 * IDS }) };
}

fn random_of_id() -> [u8; 10] {
    DRAWN.with_borrow_mut(|drawn| {
        if drawn.used == drawn.bytes.len() {
            drawn.bytes = random();
            drawn.used = 0;
        }
        let mut own = [0; 10];
        own.copy_from_slice(&drawn.bytes[drawn.used..drawn.used + 10]);
        drawn.used += 10;
        own
    })
}

/// The time of the last id, in 4,096ths of a millisecond.
static LAST: AtomicU64 = AtomicU64::new(0);

/// From now on ids sort behind those of this millisecond: an earlier process made one, and the clock may have been
/// set back since.
pub fn sort_behind(unix_ms: u64) {
    LAST.fetch_max(unix_ms.saturating_add(1) << 12, Ordering::Relaxed);
}

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
    let mut bytes = random_of_id();
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

    #[test]
    fn no_two_ids_have_the_same_randomness() {
        use std::collections::BTreeSet;
        let made = || -> Vec<RunId> {
            let ids = (0..1_000).map(|_| new_id(RunId::from_parts));
            ids.collect()
        };
        let other = std::thread::spawn(made);
        let mut ids = made();
        ids.extend(other.join().unwrap());
        // The last eight bytes hold no time.
        let tails: BTreeSet<[u8; 8]> = ids
            .iter()
            .map(|id| id.0.to_bytes()[8..].try_into().unwrap())
            .collect();
        assert_eq!(tails.len(), 2_000);
    }
}
