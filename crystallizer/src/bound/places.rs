//! Where values stand, found by their forms. A recording has hundreds of thousands of them: the forms are known by
//! their marks, and the places of one form are a chain.

use crate::mark::{Mark, MarkMap, mark};

/// The most places that are kept for one value.
const MOST_PLACES: u32 = 48;
/// The end of a chain.
const END: u32 = u32::MAX;

/// The chain of one form.
struct Chain {
    first: u32,
    last: u32,
    length: u32,
}

/// Places by form.
pub(super) struct Places<T> {
    chains: MarkMap<Chain>,
    /// Each with the next of the same form.
    all: Vec<(T, u32)>,
}

impl<T> Default for Places<T> {
    fn default() -> Self {
        Self {
            chains: MarkMap::default(),
            all: Vec::new(),
        }
    }
}

impl<T> Places<T> {
    /// Adds a place of a form, as far as it has not too many.
    pub(super) fn add(&mut self, form: Mark, place: T) {
        let Some(at) = u32::try_from(self.all.len()).ok().filter(|at| *at < END) else {
            return;
        };
        match self.chains.get_mut(&form) {
            None => {
                let chain = Chain {
                    first: at,
                    last: at,
                    length: 1,
                };
                self.chains.insert(form, chain);
            }
            Some(chain) if chain.length < MOST_PLACES => {
                if let Some((_, next)) = self.all.get_mut(chain.last as usize) {
                    *next = at;
                }
                chain.last = at;
                chain.length += 1;
            }
            Some(_) => return,
        }
        self.all.push((place, END));
    }

    /// The place of a form that was added last.
    pub(super) fn last_of(&self, form: Mark) -> Option<&T> {
        let chain = self.chains.get(&form)?;
        self.all.get(chain.last as usize).map(|(place, _)| place)
    }

    /// The places of a form, in the order in which they were added.
    pub(super) fn of(&self, form: &str) -> impl Iterator<Item = &T> {
        let mut next = self
            .chains
            .get(&mark(form))
            .map_or(END, |chain| chain.first);
        std::iter::from_fn(move || {
            let (place, after) = self.all.get(next as usize)?;
            next = *after;
            Some(place)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_come_in_their_order_and_no_more_than_are_wanted() {
        let mut places = Places::default();
        for at in 0..100 {
            places.add(mark("a"), at);
            places.add(mark("b"), -at);
        }
        let most: Vec<i32> = (0..48).collect();
        assert_eq!(places.of("a").copied().collect::<Vec<_>>(), most);
        assert_eq!(places.of("b").nth(3), Some(&-3));
        assert_eq!(places.of("c").count(), 0);
    }
}
