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

#[cfg(test)]
mod tests {
    use super::*;

    fn one(message: &str) -> Difference {
        Difference {
            step: "s".to_owned(),
            call: "c".to_owned(),
            kind: "differing".to_owned(),
            path: None,
            recorded: None,
            replayed: None,
            message: message.to_owned(),
        }
    }

    #[test]
    fn all_are_counted_and_the_first_are_listed_once_each() {
        let mut listed = Listed::default();
        for message in ["a", "b", "a"] {
            listed.add(|| one(message));
        }
        let mut more = Listed::default();
        for number in 0..2 * MOST {
            more.add(|| one(&format!("{number}")));
        }
        more.add(|| panic!("nobody is shown it"));
        listed.extend(vec![one("b"), one("c")]);
        listed.join(&more);
        assert_eq!(listed.count(), 5 + 2 * MOST + 1);
        let first = listed.into_first();
        let messages: Vec<&str> = first.iter().map(|one| one.message.as_str()).collect();
        assert_eq!(messages.len(), MOST);
        assert_eq!(messages[..4], ["a", "b", "c", "0"]);
    }
}
