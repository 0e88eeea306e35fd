//! Which step comes before which: because it reads the other's answer, because a person was asked in between,
//! because one of them changes something. Everything else may run at the same time.
//!
//! A step that may change something waits for all that was recorded before it, and all that was recorded after it
//! waits for it: nothing is known of how the agent came to it but what it had seen by then, and when something
//! before it fails it must not happen. What only looks waits for the last change and for what it reads; what only
//! computes waits for what it reads. A look that the agent repeated until another answer came stands where it was,
//! as a change would: it was asked again because time had passed, and what came behind it came because of its answer.

use super::write::each_expression;
use crate::kept::{Kept, Spot};
use druse_engine::definition::{Document, EffectLevel, OnError};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Why a step waits for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// It reads its answer.
    Data,
    /// A person is asked there.
    Control,
    /// One of them changes something.
    Effect,
    /// One of them was asked again until something had happened.
    Wait,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Control => "control",
            Self::Effect => "effect",
            Self::Wait => "wait",
        }
    }
}

/// A set of small numbers. All below the floor are in it: behind a step that all others wait for, that is nearly all.
#[derive(Clone, Default)]
struct Bits {
    floor: usize,
    /// The words from this one on.
    from: usize,
    words: Vec<u64>,
}

impl Bits {
    fn has(&self, at: usize) -> bool {
        at < self.floor
            || (at / 64)
                .checked_sub(self.from)
                .and_then(|word| self.words.get(word))
                .is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    fn add(&mut self, at: usize) {
        if self.has(at) {
            return;
        }
        if at == self.floor {
            self.raise(at + 1);
            return;
        }
        *self.word(at / 64) |= 1 << (at % 64);
    }

    fn join(&mut self, other: &Self) {
        for (index, more) in other.words.iter().enumerate() {
            if *more != 0 {
                *self.word(other.from + index) |= more;
            }
        }
        self.raise(self.floor.max(other.floor));
    }

    /// Sets a floor, and lifts it as far as what is in the set reaches without a gap.
    fn raise(&mut self, floor: usize) {
        self.floor = floor;
        while self.words.iter().any(|word| *word != 0) && self.has(self.floor) {
            self.floor += 1;
        }
        let below = (self.floor / 64)
            .saturating_sub(self.from)
            .min(self.words.len());
        self.words.drain(..below);
        self.from += below;
        if self.words.iter().all(|word| *word == 0) {
            self.words = Vec::new();
        }
    }

    /// A word of the set, which has room for it from then on.
    fn word(&mut self, word: usize) -> &mut u64 {
        if self.words.is_empty() {
            self.from = word;
        }
        if word < self.from {
            let more = self.from - word;
            self.words.splice(..0, std::iter::repeat_n(0, more));
            self.from = word;
        }
        let at = word - self.from;
        if at >= self.words.len() {
            self.words.resize(at + 1, 0);
        }
        &mut self.words[at]
    }
}

/// The steps that not all runs do, by their places in the document's list.
#[derive(Debug, Default)]
pub(super) struct Ways {
    /// When they run.
    pub(super) conditions: BTreeMap<usize, String>,
    /// Pairs of which no run does both, the earlier one first.
    pub(super) apart: BTreeSet<(usize, usize)>,
}

/// What a step waits for: the last ones that all wait for, and those since that only look.
#[derive(Debug, Clone, Default)]
struct Front {
    barrier: Vec<(usize, Kind)>,
    since: Vec<usize>,
}

/// One of several ways: its steps so far, and what the next one of it waits for.
struct Arm {
    steps: Vec<usize>,
    front: Front,
}

impl Ways {
    /// What the step at a place waits for. One that not all runs do goes on the way that it belongs to, or begins one;
    /// any other waits for the ends of all ways.
    fn front<'f>(
        &self,
        index: usize,
        trunk: &'f mut Front,
        arms: &'f mut Vec<Arm>,
    ) -> &'f mut Front {
        let apart = |arm: &Arm| {
            arm.steps
                .iter()
                .all(|one| self.apart.contains(&(*one, index)))
        };
        let is_way = self.conditions.contains_key(&index);
        let mut own = arms
            .iter()
            .enumerate()
            .filter(|(_, arm)| !apart(arm))
            .map(|(at, _)| at);
        let at = match (own.next(), own.next()) {
            (Some(at), None) if is_way => Some(at),
            (None, _) if is_way => None,
            _ => {
                join(trunk, arms);
                None
            }
        };
        if !is_way {
            return trunk;
        }
        let at = at.unwrap_or(arms.len());
        if at == arms.len() {
            arms.push(Arm {
                steps: Vec::new(),
                front: trunk.clone(),
            });
        }
        let arm = &mut arms[at];
        arm.steps.push(index);
        &mut arm.front
    }
}

/// Brings all ways together.
fn join(trunk: &mut Front, arms: &mut Vec<Arm>) {
    if arms.is_empty() {
        return;
    }
    let mut barrier: BTreeMap<usize, Kind> = BTreeMap::new();
    let mut since: BTreeSet<usize> = BTreeSet::new();
    for arm in arms.drain(..) {
        barrier.extend(arm.front.barrier);
        since.extend(arm.front.since);
    }
    *trunk = Front {
        barrier: barrier.into_iter().collect(),
        since: since.into_iter().collect(),
    };
}

/// How a step has to have ended before another one starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Well,
    /// Or it was left out.
    Over,
    /// Or it failed.
    Somehow,
}

impl End {
    fn write(self, step: &str) -> String {
        match self {
            Self::Well => format!("steps.{step}.status == 'succeeded'"),
            Self::Over => format!("steps.{step}.status in ['succeeded', 'skipped']"),
            Self::Somehow => format!("steps.{step}.status in ['succeeded', 'failed']"),
        }
    }
}

/// Puts the steps in order, with as few edges as say it. `steps` gives where the step of
/// each kept call stands, `more` the steps that other recordings gave.
pub(super) fn order(
    document: &mut Document,
    kept: &[Kept<'_>],
    steps: &[Spot],
    more: &[(Spot, &Kept<'_>)],
    ways: &Ways,
) {
    let conditions = &ways.conditions;
    let mut ends: Vec<Vec<(usize, End)>> = Vec::new();
    let count = document.steps.len();
    let mut calls: BTreeMap<usize, Vec<&Kept<'_>>> = BTreeMap::new();
    for (spot, kept) in steps.iter().zip(kept) {
        calls.entry(spot.step).or_default().push(kept);
    }
    for (spot, kept) in more {
        calls.entry(spot.step).or_default().push(kept);
    }
    let names: HashMap<&str, usize> = document
        .steps
        .iter()
        .enumerate()
        .map(|(index, step)| (step.id.as_str(), index))
        .collect();
    let mut before: Vec<BTreeMap<usize, Kind>> = vec![BTreeMap::new(); count];
    each_expression(&document.steps, &mut |reader, expression| {
        for reference in expression.references().steps() {
            if let Some(source) = reference.key(0).and_then(|id| names.get(id))
                && *source < reader
            {
                before[reader].insert(*source, Kind::Data);
            }
        }
    });
    let waits: BTreeSet<usize> = crate::waiting::repeated(kept)
        .into_keys()
        .filter_map(|call| steps.get(call))
        .filter(|spot| spot.inner.is_none())
        .map(|spot| spot.step)
        .collect();
    // What the next step waits for: where all runs go, and on each of the ways of which one is gone.
    let mut trunk = Front::default();
    let mut arms: Vec<Arm> = Vec::new();
    let mut above: Vec<Bits> = Vec::with_capacity(count);
    // What certainly ran before, not only ended: behind a step that may fail nothing is certain.
    let mut sure: Vec<Bits> = Vec::with_capacity(count);
    for (index, before) in before.iter_mut().enumerate().take(count) {
        let call = calls.get(&index);
        // A gate is as late as it was: it lets through all that comes after it.
        let is_gate = call.is_none();
        let changes = call.is_some_and(|all| all.iter().any(|kept| kept.changes()));
        let computes = call.is_some_and(|all| {
            all.iter()
                .all(|kept| kept.effects == Some(EffectLevel::Pure))
        });
        let mut add = |source: usize, kind: Kind| {
            before.entry(source).or_insert(kind);
        };
        let waits = waits.contains(&index);
        let front = ways.front(index, &mut trunk, &mut arms);
        if is_gate || changes || waits {
            let kind = match (is_gate, changes) {
                (true, _) => Kind::Control,
                (_, true) => Kind::Effect,
                _ => Kind::Wait,
            };
            for source in front.since.drain(..) {
                add(source, kind);
            }
            for (source, other) in front.barrier.drain(..) {
                add(source, kind.min(other));
            }
            front.barrier.push((index, kind));
        } else {
            if !computes {
                for (source, kind) in &front.barrier {
                    add(*source, *kind);
                }
            }
            front.since.push(index);
        }
        // From the latest to the earliest: what another one waits for already need not be said again. Whose
        // answer is read has to be certain.
        let mut reached = Bits::default();
        let mut certain = Bits::default();
        let mut needed: BTreeMap<usize, Kind> = BTreeMap::new();
        for (source, kind) in before.iter().rev() {
            let known = if *kind == Kind::Data {
                &certain
            } else {
                &reached
            };
            if known.has(*source) {
                continue;
            }
            needed.insert(*source, *kind);
            reached.add(*source);
            if let Some(more) = above.get(*source) {
                reached.join(more);
            }
            let tolerated = conditions.contains_key(source)
                || document
                    .steps
                    .get(*source)
                    .is_some_and(|step| step.on_error == Some(OnError::Continue));
            if !tolerated {
                certain.add(*source);
                if let Some(more) = sure.get(*source) {
                    certain.join(more);
                }
            }
        }
        above.push(reached);
        sure.push(certain);
        ends.push(write(document, index, &needed, conditions, &ends));
    }
}

/// Writes what a step waits for. Gives what it asks of the ends of others; `ends` holds that of the steps before.
fn write(
    document: &mut Document,
    index: usize,
    needed: &BTreeMap<usize, Kind>,
    conditions: &BTreeMap<usize, String>,
    ends: &[Vec<(usize, End)>],
) -> Vec<(usize, End)> {
    let mut needs: Vec<String> = Vec::with_capacity(needed.len());
    let mut ended: Vec<(usize, End)> = Vec::new();
    let mut kinds = Map::with_capacity(needed.len());
    for (at, kind) in needed {
        let Some(source) = document.steps.get(*at) else {
            continue;
        };
        kinds.insert(source.id.clone(), Value::from(kind.name()));
        // Behind one that only some runs have it starts when that one is over or left out, and all before it ended well.
        if conditions.contains_key(at) {
            let own = match kind {
                Kind::Data => End::Well,
                _ => End::Over,
            };
            ended.push((*at, own));
            // What that one needed was left out with it.
            let before = ends.get(*at).into_iter().flatten();
            ended.extend(before.map(|(other, end)| match end {
                End::Well => (*other, End::Over),
                end => (*other, *end),
            }));
            needs.extend(source.needs.iter().cloned());
            continue;
        }
        // Behind one that may fail it starts however that one ended, unless that one did not run at all.
        if source.on_error == Some(OnError::Continue) {
            ended.push((*at, End::Somehow));
        } else {
            needs.push(source.id.clone());
        }
    }
    let mut seen = BTreeSet::new();
    needs.retain(|need| seen.insert(need.clone()));
    let well: BTreeSet<usize> = ended
        .iter()
        .filter(|(_, end)| *end == End::Well)
        .map(|(at, _)| *at)
        .collect();
    let mut seen = BTreeSet::new();
    ended.retain(|(at, end)| (*end == End::Well || !well.contains(at)) && seen.insert(*at));
    let mut when: Vec<String> = ended
        .iter()
        .filter_map(|(at, end)| Some(end.write(&document.steps.get(*at)?.id)))
        .collect();
    let Some(step) = document.steps.get_mut(index) else {
        return ended;
    };
    step.needs = needs;
    step.join = None;
    when.extend(conditions.get(&index).cloned());
    step.when = (!when.is_empty()).then(|| when.join(" and "));
    if !kinds.is_empty() {
        step.metadata
            .insert("waits_for".to_owned(), Value::Object(kinds));
    }
    ended
}

#[cfg(test)]
mod tests {
    use super::Bits;
    use std::collections::BTreeSet;

    #[test]
    fn a_set_holds_what_was_added_and_nothing_else() {
        let mut draw = 7_u64;
        let mut below = |end: usize| {
            draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(draw >> 33).unwrap() % end
        };
        for _ in 0..200 {
            let mut sets: Vec<(Bits, BTreeSet<usize>)> = vec![Default::default(); 3];
            for _ in 0..300 {
                let at = below(3);
                if below(8) == 0 {
                    let (bits, all) = sets[below(3)].clone();
                    sets[at].0.join(&bits);
                    sets[at].1.extend(all);
                    continue;
                }
                let one = match below(2) {
                    0 => sets[at].1.len(),
                    _ => below(400),
                };
                sets[at].0.add(one);
                sets[at].1.insert(one);
            }
            for (bits, all) in &sets {
                let found: BTreeSet<usize> = (0..500).filter(|at| bits.has(*at)).collect();
                assert_eq!(found, *all);
            }
        }
        let mut all = Bits::default();
        (0..10_000).for_each(|at| all.add(at));
        assert!(all.words.is_empty() && all.floor == 10_000);
    }
}
