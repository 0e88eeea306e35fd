//! What is looked for from one place on after the other, so that no text is gone over once for each of them.

/// The next place that something stands at. What was found holds for all places before it.
pub(super) struct Next {
    find: fn(&[u8]) -> Option<usize>,
    /// Where the last search began, and what it found: the end of the text where there is none.
    known: Option<(usize, usize)>,
}

impl Next {
    /// Of what is found this way in the rest of a text.
    pub(super) const fn of(find: fn(&[u8]) -> Option<usize>) -> Self {
        Self { find, known: None }
    }

    /// The place at or behind another, or the end of the text.
    pub(super) fn from(&mut self, text: &str, from: usize) -> usize {
        if let Some((began, found)) = self.known
            && (began..=found).contains(&from)
        {
            return found;
        }
        let rest = text.as_bytes().get(from..).unwrap_or_default();
        let found = (self.find)(rest).map_or(text.len(), |at| from + at);
        walked(found - from);
        self.known = Some((from, found));
        found
    }
}

#[cfg(not(test))]
pub(super) const fn walked(_: usize) {}

#[cfg(test)]
pub(super) use count::{walked, work};

/// Counts the bytes that are gone over.
#[cfg(test)]
mod count {
    use std::cell::Cell;

    thread_local! {
        static WALKED: Cell<usize> = const { Cell::new(0) };
    }

    pub(in crate::secret) fn walked(bytes: usize) {
        WALKED.set(WALKED.get() + bytes);
    }

    /// How many bytes are gone over while something is done.
    pub(in crate::secret) fn work(does: impl FnOnce()) -> usize {
        let before = WALKED.get();
        does();
        WALKED.get() - before
    }
}

#[cfg(test)]
mod tests {
    use super::{Next, work};

    #[test]
    fn what_was_found_is_looked_for_no_more() {
        let text = "a b c";
        let mut blank = Next::of(|rest| rest.iter().position(|byte| *byte == b' '));
        let walked = work(|| {
            for (from, expected) in [(0, 1), (1, 1), (2, 3), (3, 3), (4, 5), (5, 5), (2, 3)] {
                assert_eq!(blank.from(text, from), expected, "{from}");
            }
        });
        assert_eq!(walked, 4);
    }
}
