//! Whose a line is that a server writes to its stderr: the call's, while there is only one in flight.

use crate::LogLine;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The calls in flight over one connection.
#[derive(Default)]
pub(crate) struct Callers {
    present: Mutex<Present>,
}

#[derive(Default)]
struct Present {
    next: u64,
    calls: Vec<(u64, Option<LogLine>)>,
}

/// A call that is in flight until this is dropped.
pub(crate) struct Caller {
    callers: Arc<Callers>,
    number: u64,
}

impl Callers {
    fn lock(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call begins.
    pub(crate) fn enter(self: &Arc<Self>, log: Option<LogLine>) -> Caller {
        let mut present = self.lock();
        let number = present.next;
        present.next += 1;
        present.calls.push((number, log));
        Caller {
            callers: self.clone(),
            number,
        }
    }

    /// Hands a line to the only call in flight. Of several, nobody knows whose it is.
    pub(crate) fn hear(&self, line: &str) {
        let only = match self.lock().calls.as_slice() {
            [(_, Some(log))] => Some(log.clone()),
            _ => None,
        };
        if let Some(log) = only {
            log(line);
        }
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        let mut present = self.callers.lock();
        present.calls.retain(|(number, _)| *number != self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_belongs_to_the_only_call() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let log = |name: &'static str| -> Option<LogLine> {
            let heard = heard.clone();
            Some(Arc::new(move |line: &str| {
                heard.lock().unwrap().push(format!("{name}: {line}"));
            }))
        };
        let callers = Arc::new(Callers::default());
        callers.hear("nobody");
        let first = callers.enter(log("a"));
        callers.hear("one");
        let second = callers.enter(log("b"));
        callers.hear("two");
        drop(first);
        callers.hear("three");
        drop(second);
        let silent = callers.enter(None);
        callers.hear("four");
        drop(silent);
        assert_eq!(*heard.lock().unwrap(), ["a: one", "b: three"]);
    }
}
