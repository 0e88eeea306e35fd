//! Which steps stand elsewhere.

use crate::definition::Step;
use std::collections::BTreeSet;

/// Of the steps that both lists have, the fewest that would have to be moved.
pub(super) fn moved(old: &[Step], new: &[Step]) -> BTreeSet<String> {
    let places: Vec<usize> = new
        .iter()
        .filter_map(|step| old.iter().position(|known| known.id == step.id))
        .collect();
    let stay = longest_rising(&places);
    places
        .iter()
        .filter(|place| !stay.contains(place))
        .map(|place| old[*place].id.clone())
        .collect()
}

/// The longest rising part of a list of different numbers, by patience sorting.
fn longest_rising(places: &[usize]) -> BTreeSet<usize> {
    // The index of the smallest end of a rising part of each length, and what stands before each.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = vec![None; places.len()];
    for (index, place) in places.iter().enumerate() {
        let length = ends.partition_point(|end| places[*end] < *place);
        before[index] = length.checked_sub(1).map(|shorter| ends[shorter]);
        match ends.get_mut(length) {
            Some(end) => *end = index,
            None => ends.push(index),
        }
    }
    let mut stay = BTreeSet::new();
    let mut next = ends.last().copied();
    while let Some(index) = next {
        stay.insert(places[index]);
        next = before[index];
    }
    stay
}
