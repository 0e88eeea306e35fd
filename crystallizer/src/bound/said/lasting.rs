//! How long people said that something lasts.

use super::{Mention, Said};

impl Said {
    /// The lengths in minutes that people said, each with where: the count and its unit.
    pub(in crate::bound) fn lengths(&self) -> impl Iterator<Item = (i64, Mention)> {
        self.durations.iter().map(|(minutes, text, word)| {
            let first = word.saturating_sub(1);
            (*minutes, self.mention(*text, first, word - first + 1))
        })
    }
}
