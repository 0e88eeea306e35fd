//! The ids of the steps of a list.

use std::collections::BTreeMap;

/// The ids of the steps of a list, each with its step's index. They stand in order: runs go through their
/// steps nearly in it, and ids that are asked for one after the other are found close together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Names {
    ids: BTreeMap<String, usize>,
    /// The number behind the highest index.
    count: usize,
}

impl Names {
    /// The index of a step.
    pub fn get(&self, id: &str) -> Option<usize> {
        self.ids.get(id).copied()
    }

    /// Gives a step its index.
    pub fn insert(&mut self, id: String, index: usize) {
        self.count = self.count.max(index.saturating_add(1));
        self.ids.insert(id, index);
    }

    /// How many steps the indexes lead to.
    pub fn count(&self) -> usize {
        self.count
    }

    /// All ids, in the order of their texts.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.ids.keys().map(String::as_str)
    }
}

impl FromIterator<(String, usize)> for Names {
    fn from_iter<I: IntoIterator<Item = (String, usize)>>(ids: I) -> Self {
        let mut names = Self::default();
        for (id, index) in ids {
            names.insert(id, index);
        }
        names
    }
}
