//! The forms of what was sent, each with when it first was: an answer that only repeats it is not where it comes from.

use crate::mark::{MarkMap, mark};

/// A moment between two forms that were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(usize);

/// What was sent so far.
#[derive(Default)]
pub(super) struct Forms {
    first: MarkMap<Moment>,
    noted: usize,
}

impl Forms {
    /// Notes that a form was sent.
    pub(super) fn insert(&mut self, form: &str) {
        let now = self.now();
        self.first.entry(mark(form)).or_insert(now);
        self.noted += 1;
    }

    /// Now: what is noted from here on was sent later.
    pub(super) fn now(&self) -> Moment {
        Moment(self.noted)
    }

    /// Whether a form was sent.
    pub(super) fn contains(&self, form: &str) -> bool {
        self.first.contains_key(&mark(form))
    }

    /// Whether a form was sent before a moment.
    pub(super) fn before(&self, moment: Moment, form: &str) -> bool {
        self.first.get(&mark(form)).is_some_and(|at| *at < moment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_later_was_not_sent_before() {
        let mut forms = Forms::default();
        forms.insert("a");
        let then = forms.now();
        forms.insert("b");
        forms.insert("a");
        assert!(forms.contains("a") && forms.contains("b") && !forms.contains("c"));
        assert!(forms.before(then, "a") && !forms.before(then, "b"));
    }
}
