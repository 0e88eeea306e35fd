//! Who sent deliveries that could not be verified: whoever guesses is let guess a few times a minute.

use druse_engine::{Timestamp, TriggerId};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// The most deliveries of one sender to one webhook that fail within a minute; what comes after is
/// refused without being looked at.
const MOST_FAILURES: u32 = 60;

/// The most senders that are remembered.
const MOST_SENDERS: usize = 10_000;

/// Failures within the present minute.
#[derive(Default)]
pub(super) struct Senders(Mutex<Minute>);

#[derive(Default)]
struct Minute {
    number: i64,
    failures: HashMap<(TriggerId, IpAddr), u32>,
}

impl Senders {
    fn within<T>(
        &self,
        now: Timestamp,
        use_it: impl FnOnce(&mut HashMap<(TriggerId, IpAddr), u32>) -> T,
    ) -> T {
        let mut minute = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = now.0.div_euclid(60_000);
        if minute.number != number {
            minute.number = number;
            minute.failures.clear();
        }
        use_it(&mut minute.failures)
    }

    /// Whether a sender's deliveries are still looked at; else the seconds until they are again.
    pub(super) fn may_try(
        &self,
        trigger: TriggerId,
        sender: Option<IpAddr>,
        now: Timestamp,
    ) -> bool {
        let Some(sender) = sender else { return true };
        self.within(now, |failures| {
            failures
                .get(&(trigger, sender))
                .is_none_or(|count| *count < MOST_FAILURES)
        })
    }

    /// One more could not be verified.
    pub(super) fn failed(&self, trigger: TriggerId, sender: Option<IpAddr>, now: Timestamp) {
        let Some(sender) = sender else { return };
        self.within(now, |failures| {
            if failures.len() < MOST_SENDERS || failures.contains_key(&(trigger, sender)) {
                *failures.entry((trigger, sender)).or_default() += 1;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_that_guesses_is_not_looked_at_for_the_rest_of_the_minute() {
        let senders = Senders::default();
        let trigger = |n: u8| TriggerId::from_parts(1, [n; 10]);
        let address = |text: &str| Some(text.parse().unwrap());
        let now = Timestamp(60_000_000);
        for _ in 0..MOST_FAILURES {
            assert!(senders.may_try(trigger(1), address("192.0.2.1"), now));
            senders.failed(trigger(1), address("192.0.2.1"), now);
        }
        assert!(!senders.may_try(trigger(1), address("192.0.2.1"), Timestamp(now.0 + 59_999)));
        assert!(
            senders.may_try(trigger(1), address("192.0.2.2"), now),
            "others are"
        );
        assert!(
            senders.may_try(trigger(2), address("192.0.2.1"), now),
            "elsewhere it is"
        );
        assert!(senders.may_try(trigger(1), address("192.0.2.1"), Timestamp(now.0 + 60_000)));
    }
}
