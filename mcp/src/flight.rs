//! The requests that wait for their answers, in the order in which they were made.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Those that wait, by number, and the number of the next.
#[derive(Debug, Default)]
pub(crate) struct Flights(Mutex<(BTreeSet<u64>, u64)>);

impl Flights {
    fn lock(&self) -> MutexGuard<'_, (BTreeSet<u64>, u64)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request among them while what is returned lives.
    pub(crate) fn enter(&self) -> Flight<'_> {
        let mut flights = self.lock();
        let number = flights.1;
        flights.1 += 1;
        flights.0.insert(number);
        Flight {
            flights: self,
            number,
        }
    }

    /// Whether one waits that was made before that of this number.
    pub(crate) fn waits_before(&self, number: u64) -> bool {
        self.lock().0.first().is_some_and(|first| *first < number)
    }
}

/// A request that waits.
#[derive(Debug)]
pub(crate) struct Flight<'a> {
    flights: &'a Flights,
    number: u64,
}

impl Flight<'_> {
    /// Its number.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Whether no other waits.
    pub(crate) fn alone(&self) -> bool {
        self.flights.lock().0.len() == 1
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.flights.lock().0.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_from_before_are_told_from_those_that_came_after() {
        let flights = Flights::default();
        let working = flights.enter();
        assert!(working.alone());
        let late = flights.enter();
        assert!(!working.alone());
        drop(late);
        let after = flights.enter();
        assert!(flights.waits_before(after.number()));
        assert!(!flights.waits_before(working.number()));
        let number = after.number();
        drop(working);
        assert!(!flights.waits_before(number));
        assert!(after.alone());
    }
}
