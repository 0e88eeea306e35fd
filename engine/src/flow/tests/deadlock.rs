//! Runs that wait for each other for ever are found, and no others.

use super::super::{Flow, RunLimits, Standing};
use super::{automation, claim, run};
use crate::testing::Random;
use crate::{RunId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

type Children = BTreeMap<RunId, BTreeSet<RunId>>;

fn stand(flow: &mut Flow, number: u64, key: &str, limit: u32, standing: Standing) {
    let claim = claim(Some(key), limit, 0);
    flow.stand(run(number), automation(1), &claim, standing);
}

fn queued(since: i64) -> Standing {
    Standing::Queued {
        since: Timestamp(since),
        turn: 1,
        holding: false,
    }
}

fn children(of: &[(u64, &[u64])]) -> Children {
    let all = of.iter();
    all.map(|(parent, of)| (run(*parent), of.iter().copied().map(run).collect()))
        .collect()
}

/// 1 has X and waits for 3, which waits for Y; 2 has Y and waits for 4, which waits for X.
fn crossed(limit: u32) -> Flow {
    let mut flow = Flow::new(RunLimits::default());
    stand(&mut flow, 1, "X", limit, Standing::Holding);
    stand(&mut flow, 2, "Y", 1, Standing::Holding);
    stand(&mut flow, 3, "Y", 1, queued(3));
    stand(&mut flow, 4, "X", limit, queued(4));
    flow
}

#[test]
fn two_that_start_each_other_crosswise_wait_for_ever() {
    let mut flow = crossed(1);
    assert_eq!(flow.admit(), []);
    let both = children(&[(1, &[3]), (2, &[4])]);
    let found = flow.deadlocked(&both);
    let round = [(1, 3), (2, 4), (3, 2), (4, 1)].map(|(a, b)| (run(a), run(b)));
    assert_eq!(found, BTreeMap::from(round));
    assert_eq!(flow.waits_for_key(run(3)), Some("Y"));
    // One behind them waits for ever, too.
    stand(&mut flow, 5, "X", 1, queued(5));
    assert_eq!(flow.deadlocked(&both).get(&run(5)), Some(&run(1)));
    // One of them does something else, or has another child that goes on.
    assert_eq!(flow.deadlocked(&children(&[(1, &[3])])).len(), 0);
    assert_eq!(
        flow.deadlocked(&children(&[(1, &[3, 9]), (2, &[4])])).len(),
        0
    );
    // There is room for one more.
    let mut roomy = crossed(2);
    assert_eq!(roomy.deadlocked(&both).len(), 0);
    assert_eq!(roomy.admit(), [run(4)]);
}

/// Against what would happen: whoever is found never goes on, and whoever is not does, once all that works
/// has ended.
#[test]
fn those_that_are_found_are_those_that_never_end() {
    let (mut stuck, mut free) = (0, 0);
    for seed in 0..2_000 {
        let mut random = Random::new(seed);
        let mut flow = Flow::new(RunLimits::default());
        let count = 4 + random.below(8) as u64;
        let keys = ["X", "Y", "Z"];
        let mut parent: BTreeMap<RunId, RunId> = BTreeMap::new();
        let mut tree = Children::new();
        let mut taken: BTreeMap<&str, u32> = BTreeMap::new();
        for number in 1..=count {
            let key = keys[random.below(3)];
            let limit = 1 + u32::from(key == "Z");
            let used = taken.entry(key).or_default();
            if *used < limit {
                *used += 1;
                let waits = random.percent(75);
                let standing = if waits {
                    Standing::Holding
                } else {
                    Standing::Working
                };
                if waits {
                    tree.insert(run(number), BTreeSet::new());
                }
                stand(&mut flow, number, key, limit, standing);
            } else {
                stand(&mut flow, number, key, limit, queued(number as i64));
                let parents: Vec<RunId> = tree.keys().copied().collect();
                if let Some(of) = random.pick(&parents).copied() {
                    tree.entry(of).or_default().insert(run(number));
                    parent.insert(run(number), of);
                }
            }
        }
        let found = flow.deadlocked(&tree);
        // All that works, and all that waits for what has ended, ends; those let go work.
        let mut working: BTreeSet<RunId> = flow
            .runs
            .iter()
            .filter(|(id, known)| {
                let alone = tree.get(id).is_none_or(BTreeSet::is_empty);
                matches!(known.standing, Standing::Working | Standing::Holding) && alone
            })
            .map(|(id, _)| *id)
            .collect();
        working.extend(flow.admit());
        let mut ended = BTreeSet::new();
        while let Some(next) = working.pop_first() {
            let known = flow.runs[&next].claim.clone();
            flow.stand(next, automation(1), &known, Standing::Ended);
            ended.insert(next);
            // What ends may be why its parent goes on, whatever the other children do.
            working.extend(parent.get(&next).filter(|of| !ended.contains(*of)));
            working.extend(flow.admit());
        }
        for number in 1..=count {
            let id = run(number);
            assert_ne!(
                found.contains_key(&id),
                ended.contains(&id),
                "seed {seed}: {id}"
            );
        }
        stuck += usize::from(!found.is_empty());
        free += usize::from(found.is_empty());
    }
    assert!(stuck > 100 && free > 100, "{stuck} and {free}");
}
