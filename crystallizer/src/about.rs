//! What somebody speaks of, and what a call does, by the words for it.

use crate::kept::Kept;
use crate::reply::{deeds, names};
use std::collections::BTreeSet;

/// What somebody speaks of, or a call does: the deeds, and the things by their names.
pub(crate) struct About {
    pub(crate) deeds: BTreeSet<String>,
    pub(crate) names: BTreeSet<String>,
}

impl About {
    pub(crate) fn text(text: &str) -> Self {
        Self {
            deeds: deeds(text),
            names: names(text),
        }
    }

    pub(crate) fn call(kept: &Kept<'_>) -> Self {
        Self {
            deeds: deeds(&crate::words::split(&kept.call.name).join(" ")),
            names: names(&kept.call.arguments.to_string()),
        }
    }

    pub(crate) fn same_deed(&self, other: &Self) -> bool {
        !self.deeds.is_disjoint(&other.deeds)
    }

    pub(crate) fn same_thing(&self, other: &Self) -> bool {
        !self.names.is_disjoint(&other.names)
    }
}
