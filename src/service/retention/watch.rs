//! Between two looks: whether so much was written that the history nears what it may take.

use super::OVER;
use crate::service::{App, Problem};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How often is glanced at what was written. Nothing is read for it.
const GLANCE: Duration = Duration::from_millis(500);
/// The share of the quota, in percent, below which what was written is not worth a look.
const STEP: u64 = 2;

/// What the last look found, where there is a quota.
#[derive(Debug, Default)]
pub(super) struct Watch(Mutex<Option<Found>>);

#[derive(Debug, Clone, Copy)]
struct Found {
    most: u64,
    taken: u64,
    written: u64,
}

impl Found {
    /// Whether it is time to look again, with so much written since the start.
    fn nears(self, written: u64) -> bool {
        let more = written.saturating_sub(self.written);
        more >= self.most / 100 * STEP && self.taken + more > self.most / 100 * OVER
    }
}

impl Watch {
    fn set(&self, found: Option<Found>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = found;
    }

    fn found(&self) -> Option<Found> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is no quota.
    pub(super) fn rests(&self) {
        self.set(None);
    }

    /// A look has found so much taken, when so much was written.
    pub(super) fn looked(&self, most: u64, taken: u64, written: u64) {
        self.set(Some(Found {
            most,
            taken,
            written,
        }));
    }

    /// What was written again to give back more is not new.
    pub(super) fn also_written(&self, bytes: u64) {
        let found = self.found().map(|found| Found {
            written: found.written + bytes,
            ..found
        });
        self.set(found);
    }
}

impl App {
    /// Bytes that were written of history, logs of steps and files; it only grows, but for logs that left.
    pub(super) fn written(&self) -> Result<u64, Problem> {
        let logs = self.engine.actions().logs().all_bytes();
        let logs = logs.map_err(|error| Problem::internal(&error))?;
        Ok(self.store.written_bytes() + logs)
    }

    /// Returns once the history is nearly over its quota by what was written since the last look.
    pub(super) async fn nearly_over(&self) {
        loop {
            tokio::time::sleep(GLANCE).await;
            let Some(found) = self.keeper.watch.found() else {
                continue;
            };
            if self.written().is_ok_and(|written| found.nears(written)) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Found;

    #[test]
    fn a_look_is_due_once_what_was_written_fills_what_is_left() {
        let found = Found {
            most: 1_000,
            taken: 800,
            written: 5_000,
        };
        assert!(!found.nears(5_000));
        assert!(!found.nears(5_100));
        assert!(found.nears(5_101));
        // What is over and does not grow is not looked at again and again.
        let full = Found {
            taken: 2_000,
            ..found
        };
        assert!(!full.nears(5_019));
        assert!(full.nears(5_020));
        // Logs that left.
        assert!(!full.nears(4_000));
    }
}
