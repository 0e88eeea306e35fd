//! The wall clock and the source of randomness: the only places where the binary reads either.

use druse_engine::Timestamp;
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

/// A new id, made of now and of randomness: `new_id(RunId::from_parts)`.
pub fn new_id<T>(make: fn(u64, [u8; 10]) -> T) -> T {
    make(u64::try_from(now().0).unwrap_or(0), random())
}
