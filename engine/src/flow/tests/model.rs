//! A hundred thousand random changes, against a model that keeps nothing: it counts anew each time.

use super::super::{Claim, Flow, RunLimits, Standing};
use super::{automation, claim, run};
use crate::testing::Random;
use crate::{AutomationId, RunId, Timestamp};
use std::collections::BTreeMap;

/// A run as the model knows it.
struct Known {
    owner: Option<AutomationId>,
    claim: Claim,
    standing: Standing,
    granted: bool,
}

impl Known {
    fn works(&self) -> bool {
        self.granted || self.standing == Standing::Working
    }

    fn has_key(&self) -> bool {
        let holds = Standing::Holding == self.standing
            || matches!(self.standing, Standing::Queued { holding: true, .. });
        self.works() || holds
    }

    fn rank(&self) -> i64 {
        match self.standing {
            Standing::Queued { since, .. } => since.0 - i64::from(self.claim.priority) * 60_000,
            _ => i64::MAX,
        }
    }

    fn waits(&self) -> bool {
        !self.granted && matches!(self.standing, Standing::Queued { .. })
    }
}

struct World {
    flow: Flow,
    limits: RunLimits,
    runs: BTreeMap<RunId, Known>,
    random: Random,
    now: i64,
    turn: u64,
    made: u64,
    /// The most that went in before a run while it could have gone.
    passed: usize,
}

impl World {
    fn used(&self, of: impl Fn(&Known) -> bool) -> usize {
        self.runs.values().filter(|known| of(known)).count()
    }

    /// Whether nothing but the others before it keeps a run from going.
    fn could_go(&self, id: RunId) -> bool {
        let known = &self.runs[&id];
        let fits = |limit: Option<u32>, used: usize| limit.is_none_or(|l| used < l as usize);
        let key = match &known.claim.key {
            Some(key) if !known.has_key() => {
                let same = |other: &Known| {
                    let same_key = other.claim.key.as_ref().map(|k| &k.key) == Some(&key.key);
                    other.owner == known.owner && same_key
                };
                let first = self.runs.iter().all(|(other_id, other)| {
                    !(same(other) && other.waits() && !other.has_key())
                        || (known.rank(), id) <= (other.rank(), *other_id)
                });
                first && fits(Some(key.limit), self.used(|o| same(o) && o.has_key()))
            }
            _ => true,
        };
        key && fits(self.limits.runs, self.used(Known::works))
            && fits(
                self.limits.runs_per_automation,
                self.used(|other| other.owner == known.owner && other.works()),
            )
    }

    fn stand(&mut self, id: RunId, standing: Standing) {
        let known = self.runs.get_mut(&id).unwrap();
        known.standing = standing;
        if !matches!(standing, Standing::Queued { .. }) {
            known.granted = false;
        }
        self.flow.stand(id, known.owner, &known.claim, standing);
        if standing == Standing::Ended {
            self.runs.remove(&id);
        }
    }

    fn queue(&mut self, id: RunId, holding: bool) {
        self.turn += 1;
        let standing = Standing::Queued {
            since: Timestamp(self.now),
            turn: self.turn,
            holding,
        };
        self.runs.get_mut(&id).unwrap().granted = false;
        self.stand(id, standing);
    }

    fn begin(&mut self) {
        self.made += 1;
        let id = run(self.made);
        let key = ["a", "b", "c"][self.random.below(3)];
        let key = self.random.percent(70).then_some(key);
        let limit = 1 + self.random.below(2) as u32;
        let priority = self.random.below(7) as i32 - 3;
        let known = Known {
            owner: automation(self.random.below(3) as u8),
            claim: claim(key, limit, priority),
            standing: Standing::Parked,
            granted: false,
        };
        self.runs.insert(id, known);
        self.queue(id, false);
    }

    /// What becomes of a run next: it goes on in its life, or ends as it is.
    fn change(&mut self, id: RunId) {
        let standing = self.runs[&id].standing;
        if self.random.percent(10) {
            return self.stand(id, Standing::Ended);
        }
        match standing {
            Standing::Queued { .. } if self.runs[&id].granted => self.stand(id, Standing::Working),
            // Said again.
            Standing::Queued { .. } => self.stand(id, standing),
            Standing::Working => match self.random.below(3) {
                0 => self.stand(id, Standing::Holding),
                1 => self.stand(id, Standing::Parked),
                _ => self.stand(id, Standing::Ended),
            },
            Standing::Holding if self.random.percent(30) => self.stand(id, Standing::Parked),
            Standing::Holding => self.queue(id, true),
            Standing::Parked => self.queue(id, false),
            Standing::Ended => unreachable!("it is not kept"),
        }
    }

    fn admit(&mut self) {
        for id in self.flow.admit() {
            assert!(self.could_go(id), "{id} went though it could not");
            let rank = (self.runs[&id].rank(), id);
            let better: Vec<RunId> = self
                .runs
                .iter()
                .filter(|(other, known)| known.waits() && (known.rank(), **other) < rank)
                .map(|(other, _)| *other)
                .collect();
            for other in better {
                assert!(!self.could_go(other), "{id} went before {other}");
                self.passed += 1;
            }
            self.runs.get_mut(&id).unwrap().granted = true;
        }
        let left: Vec<RunId> = self
            .runs
            .iter()
            .filter(|(_, k)| k.waits())
            .map(|(id, _)| *id)
            .collect();
        for id in left {
            assert!(!self.could_go(id), "{id} could go and does not");
        }
    }

    fn holds(&self) {
        assert_eq!(self.flow.working(), self.used(Known::works));
        assert_eq!(self.flow.queued(), self.used(Known::waits));
        assert_eq!(self.flow.len(), self.runs.len());
        for queue in self.flow.queues() {
            let of = |known: &Known| known.owner == queue.automation_id;
            let taken = match &queue.key {
                Some(key) => self.used(|known| {
                    let same = known.claim.key.as_ref().is_some_and(|own| own.key == *key);
                    of(known) && same && known.has_key()
                }),
                None if queue.automation_id.is_some() => {
                    self.used(|known| of(known) && known.works())
                }
                None => self.used(Known::works),
            };
            assert_eq!(queue.taken, taken, "{queue:?}");
        }
    }
}

#[test]
fn used_slots_are_always_what_follows_from_how_runs_stand() {
    for (seed, steps, limits) in [
        (1, 30_000, (None, None)),
        (2, 30_000, (Some(4), None)),
        (3, 40_000, (Some(5), Some(2))),
    ] {
        let limits = RunLimits {
            runs: limits.0,
            runs_per_automation: limits.1,
        };
        let mut world = World {
            flow: Flow::new(limits),
            limits,
            runs: BTreeMap::new(),
            random: Random::new(seed),
            now: 0,
            turn: 0,
            made: 0,
            passed: 0,
        };
        for step in 0..steps {
            world.now += world.random.below(20_000) as i64;
            let ids: Vec<RunId> = world.runs.keys().copied().collect();
            match world.random.pick(&ids).copied() {
                Some(id) if ids.len() > 24 || world.random.percent(70) => world.change(id),
                _ => world.begin(),
            }
            if world.random.percent(1) {
                // A crash: what is known is told again, in another order, and what was granted and not
                // taken up is forgotten.
                world.flow = Flow::new(limits);
                for known in world.runs.values_mut() {
                    known.granted = false;
                }
                let ids: Vec<RunId> = world.runs.keys().rev().copied().collect();
                for id in ids {
                    let known = &world.runs[&id];
                    let (owner, standing) = (known.owner, known.standing);
                    world.flow.stand(id, owner, &known.claim, standing);
                }
            }
            world.admit();
            if step % 10 == 0 {
                world.holds();
                world.flow.check().unwrap();
            }
        }
        // All that work come to an end: nobody is left behind.
        let mut rounds = 0;
        while !world.runs.is_empty() {
            let ids: Vec<RunId> = world.runs.keys().copied().collect();
            for id in ids {
                if !world.runs[&id].waits() {
                    world.stand(id, Standing::Ended);
                }
            }
            world.admit();
            rounds += 1;
            assert!(
                rounds < 1_000,
                "some never get their turn: {:?}",
                world.flow
            );
        }
        assert_eq!(world.flow, Flow::new(limits));
        println!(
            "seed {seed}: {} runs, {} passed others",
            world.made, world.passed
        );
    }
}
