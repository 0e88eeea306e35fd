//! What came of a world, as far as it is listed: thousands of steps may differ, and a few of them tell what is wrong.

use super::MOST;
use crate::report::Difference;

/// Differences: how many there are, and the first of them, each message once.
#[derive(Clone, Default)]
pub(super) struct Listed {
    count: usize,
    first: Vec<Difference>,
}

impl Listed {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Adds one, which is only made where it is still listed.
    pub(super) fn add(&mut self, made: impl FnOnce() -> Difference) {
        self.count += 1;
        if self.first.len() < MOST {
            let one = made();
            if self.first.iter().all(|known| known.message != one.message) {
                self.first.push(one);
            }
        }
    }

    /// Adds those of another list behind these.
    pub(super) fn join(&mut self, other: &Self) {
        for one in &other.first {
            self.add(|| one.clone());
        }
        self.count += other.count - other.first.len();
    }

    /// Adds all of these.
    pub(super) fn extend(&mut self, all: Vec<Difference>) {
        for one in all {
            self.add(|| one);
        }
    }

    /// The first of them.
    pub(super) fn into_first(self) -> Vec<Difference> {
        self.first
    }
}
