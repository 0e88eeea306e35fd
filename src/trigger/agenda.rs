//! When what is looked at next: due times in order, found without looking at the others.

use druse_engine::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Things and the times at which each is looked at.
pub(super) struct Agenda<K>(Mutex<Entries<K>>);

struct Entries<K> {
    by_time: BTreeSet<(Timestamp, K)>,
    by_key: BTreeMap<K, Timestamp>,
}

impl<K: Ord + Clone> Default for Agenda<K> {
    fn default() -> Self {
        Self(Mutex::new(Entries {
            by_time: BTreeSet::new(),
            by_key: BTreeMap::new(),
        }))
    }
}

impl<K: Ord + Clone> Agenda<K> {
    fn lock(&self) -> MutexGuard<'_, Entries<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at something at this time, or earlier where that was said before. Whether it is now the
    /// first of all.
    pub(super) fn add(&self, key: K, at: Timestamp) -> bool {
        let mut entries = self.lock();
        if let Some(known) = entries.by_key.get(&key).copied() {
            if known <= at {
                return false;
            }
            entries.by_time.remove(&(known, key.clone()));
        }
        entries.by_key.insert(key.clone(), at);
        entries.by_time.insert((at, key.clone()));
        entries.by_time.first() == Some(&(at, key))
    }

    /// Takes out what is due, earliest first.
    pub(super) fn take(&self, now: Timestamp) -> Vec<K> {
        let mut entries = self.lock();
        let mut due = Vec::new();
        while let Some((at, key)) = entries.by_time.pop_first() {
            if at > now {
                entries.by_time.insert((at, key));
                break;
            }
            entries.by_key.remove(&key);
            due.push(key);
        }
        due
    }

    /// Looks at everything at this time, or earlier where that was said before: the clock went back.
    pub(super) fn hurry(&self, at: Timestamp) {
        let mut entries = self.lock();
        let later: Vec<(Timestamp, K)> = entries
            .by_time
            .iter()
            .filter(|(known, _)| *known > at)
            .cloned()
            .collect();
        for (known, key) in later {
            entries.by_time.remove(&(known, key.clone()));
            entries.by_key.insert(key.clone(), at);
            entries.by_time.insert((at, key));
        }
    }

    /// When something is due next.
    pub(super) fn first(&self) -> Option<Timestamp> {
        self.lock().by_time.first().map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_is_taken_once_and_in_order() {
        let agenda = Agenda::default();
        assert!(agenda.add("b", Timestamp(20)));
        assert!(agenda.add("a", Timestamp(10)));
        assert!(!agenda.add("c", Timestamp(30)));
        assert!(!agenda.add("a", Timestamp(15)), "the earlier time stays");
        assert_eq!(agenda.take(Timestamp(9)), Vec::<&str>::new());
        assert_eq!(agenda.first(), Some(Timestamp(10)));
        assert_eq!(agenda.take(Timestamp(20)), ["a", "b"]);
        assert!(agenda.add("c", Timestamp(25)));
        assert_eq!(agenda.take(Timestamp(40)), ["c"]);
        assert_eq!(agenda.first(), None);
    }

    #[test]
    fn a_clock_that_went_back_has_everything_looked_at() {
        let agenda = Agenda::default();
        agenda.add("a", Timestamp(10));
        agenda.add("b", Timestamp(1_000));
        agenda.hurry(Timestamp(20));
        assert_eq!(agenda.take(Timestamp(10)), ["a"]);
        assert_eq!(agenda.take(Timestamp(20)), ["b"]);
        assert_eq!(agenda.first(), None);
    }
}
