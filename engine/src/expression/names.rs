//! The ids of the steps of a list.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::{BuildHasherDefault, DefaultHasher};

/// The ids of the steps of a list, each with its step's index. Every fact and every expression asks for one,
/// so to find it costs as much in a long list as in a short one.
#[derive(Clone, Default, PartialEq)]
pub struct Names {
    // Nothing depends on the order of this: it is only asked, and listed sorted.
    ids: HashMap<String, usize, BuildHasherDefault<DefaultHasher>>,
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
    pub fn sorted(&self) -> BTreeMap<&str, usize> {
        let ids = self.ids.iter();
        ids.map(|(id, index)| (id.as_str(), *index)).collect()
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

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.sorted()).finish()
    }
}
