//! Many faults of many runs under the same limits: whatever goes wrong, the slots in use are
//! those that follow from how the runs stand, and how they stand follows from their facts.

use super::super::{Claim, Flow, KeyClaim, RunLimits, Standing};
use super::{automation, run};
use crate::definition::Overflow;
use crate::plan::{ActionKind, Plan};
use crate::run::Effect;
use crate::testing::{Broken, Life, Random, random_plan};
use crate::{AutomationId, RunId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many faults, unless `DRUSE_FAULTS` says another number.
const FAULTS: u64 = 30_000;
/// How many runs there are at once, at most.
const MOST: usize = 16;

/// A run with what it asks for.
struct Member {
    owner: Option<AutomationId>,
    claim: Claim,
    life: Life,
}

struct World {
    plans: Vec<Arc<Plan>>,
    limits: RunLimits,
    flow: Flow,
    members: BTreeMap<RunId, Member>,
    random: Random,
    made: u64,
    faults: BTreeMap<&'static str, u64>,
    /// How often anybody had to wait for a slot.
    waited: u64,
}

impl World {
    fn begin(&mut self) -> Result<(), Broken> {
        self.made += 1;
        let id = run(self.made);
        let key = self.random.percent(80).then(|| KeyClaim {
            key: ["a", "b"][self.random.below(2)].into(),
            limit: 1 + self.random.below(2) as u32,
            overflow: Overflow::Queue,
            hold: self.random.percent(30),
        });
        let priority = self.random.below(5) as i32;
        let claim = Claim { priority, key };
        let plan = self
            .random
            .pick(&self.plans)
            .expect("there are plans")
            .clone();
        let life = Life::among(plan, self.random.number(), id, claim.clone())?;
        let owner = automation(self.random.below(3) as u8);
        self.members.insert(id, Member { owner, claim, life });
        self.tell(id);
        Ok(())
    }

    /// The limits are told how a run stands; one that is over is forgotten.
    fn tell(&mut self, id: RunId) {
        let member = &self.members[&id];
        let standing = member.life.run().standing();
        self.flow.stand(id, member.owner, &member.claim, standing);
        if standing == Standing::Ended {
            self.members.remove(&id);
        }
    }

    fn settle(&mut self) -> Result<(), Broken> {
        loop {
            let ids = self.flow.admit();
            if ids.is_empty() {
                return Ok(());
            }
            for id in ids {
                let member = self.members.get_mut(&id).expect("it is known");
                member.life.admit()?;
                self.tell(id);
            }
        }
    }

    /// Counts anew, from the facts alone.
    fn holds(&self) {
        self.flow.check().unwrap();
        let stands = |member: &Member| member.life.standing_by_facts();
        let works = |member: &&Member| stands(member) == Standing::Working;
        let has_key = |member: &&Member| {
            matches!(
                stands(member),
                Standing::Working | Standing::Holding | Standing::Queued { holding: true, .. }
            )
        };
        let waits = |member: &&Member| matches!(stands(member), Standing::Queued { .. });
        let all = || self.members.values();
        assert_eq!(self.flow.len(), all().count());
        assert_eq!(self.flow.working(), all().filter(works).count());
        assert_eq!(self.flow.queued(), all().filter(waits).count());
        for queue in self.flow.queues() {
            let own = || all().filter(|member| member.owner == queue.automation_id);
            let taken = match &queue.key {
                Some(key) => {
                    let same = |member: &&Member| {
                        member.claim.key.as_ref().is_some_and(|own| own.key == *key)
                    };
                    own().filter(same).filter(has_key).count()
                }
                None if queue.automation_id.is_some() => own().filter(works).count(),
                None => all().filter(works).count(),
            };
            assert_eq!(queue.taken, taken, "{queue:?}");
        }
        for (limit, count) in [
            (self.limits.runs, all().filter(works).count()),
            (
                self.limits.runs_per_automation,
                (0..3)
                    .map(|number| {
                        all()
                            .filter(|member| member.owner == automation(number))
                            .filter(works)
                            .count()
                    })
                    .max()
                    .unwrap_or(0),
            ),
        ] {
            assert!(
                limit.is_none_or(|limit| count <= limit as usize),
                "{count} of {limit:?}"
            );
        }
        // Who works outside has a slot for it, or only waits for a run that it has started.
        for (id, member) in &self.members {
            let outside = member.life.run().pending().iter().any(|effect| {
                let Effect::Attempt { kind, .. } = effect;
                *kind != ActionKind::Automation
            });
            assert!(!outside || works(&member), "{id} works without a slot");
        }
    }

    /// The process ends; the next one reads what was written.
    fn restart(&mut self) -> Result<(), Broken> {
        self.flow = Flow::new(self.limits);
        let ids: Vec<RunId> = self.members.keys().copied().collect();
        for id in ids {
            self.members
                .get_mut(&id)
                .expect("it is known")
                .life
                .crash(false)?;
            self.tell(id);
        }
        Ok(())
    }

    fn step(&mut self) -> Result<u64, Broken> {
        let ids: Vec<RunId> = self.members.keys().copied().collect();
        let Some(id) = self.random.pick(&ids).copied() else {
            return self.begin().map(|()| 0);
        };
        if ids.len() < MOST && self.random.percent(10) {
            return self.begin().map(|()| 0);
        }
        if self.random.percent(1) {
            *self.faults.entry("restart").or_default() += 1;
            return self.restart().map(|()| 1);
        }
        let member = self.members.get_mut(&id).expect("it is known");
        let fault = match self.random.percent(50) {
            true => Some(member.life.fault()?),
            false => member.life.disturb().map(|()| None)?,
        };
        // After a cancel there is an end in sight: it is over, or cleans up unless somebody pauses that.
        let run = member.life.run();
        if member.life.cancels() > 0 {
            let cleans = run.handles().is_some() || run.is_held();
            let ends = run.is_over() || run.goes_on() || (member.life.cancels() < 2 && cleans);
            assert!(ends, "{id} goes on after a cancel: {}", run.dump());
        }
        self.tell(id);
        if let Some(fault) = fault {
            *self.faults.entry(fault).or_default() += 1;
        }
        Ok(u64::from(fault.is_some()))
    }
}

#[test]
fn used_slots_follow_from_the_runs_over_many_faults() {
    let wanted = std::env::var("DRUSE_FAULTS").ok();
    let wanted: u64 = wanted.and_then(|n| n.parse().ok()).unwrap_or(FAULTS);
    let mut all = BTreeMap::new();
    let (mut made, mut waited, mut faults) = (0, 0, 0);
    for (seed, limits) in [
        (1, (None, None)),
        (2, (Some(4), None)),
        (3, (Some(5), Some(2))),
    ] {
        let limits = RunLimits {
            runs: limits.0,
            runs_per_automation: limits.1,
        };
        let mut world = World {
            plans: (0..40).map(|number| random_plan(seed, number)).collect(),
            limits,
            flow: Flow::new(limits),
            members: BTreeMap::new(),
            random: Random::new(seed),
            made: 0,
            faults: BTreeMap::new(),
            waited: 0,
        };
        let end = faults + wanted / 3 + 1;
        while faults < end {
            faults += world
                .step()
                .unwrap_or_else(|broken| panic!("seed {seed}: {broken}"));
            world
                .settle()
                .unwrap_or_else(|broken| panic!("seed {seed}: {broken}"));
            world.waited += u64::from(world.flow.queued() > 0);
            world.holds();
        }
        // All that they wait for comes: nobody is left behind, and no slot is left.
        let mut rounds = 0;
        while !world.members.is_empty() {
            let ids: Vec<RunId> = world.members.keys().copied().collect();
            for id in ids {
                if let Some(member) = world.members.get_mut(&id) {
                    let went = member.life.go_on();
                    went.unwrap_or_else(|broken| panic!("seed {seed}: {broken}"));
                    world.tell(id);
                    world.settle().unwrap();
                }
            }
            world.holds();
            rounds += 1;
            assert!(rounds < 20_000, "runs are left: {:?}", world.flow);
        }
        assert_eq!(world.flow, Flow::new(limits));
        for (fault, times) in world.faults {
            *all.entry(fault).or_insert(0) += times;
        }
        made += world.made;
        waited += world.waited;
    }
    println!("{faults} faults of {made} runs, {waited} moments with a queue: {all:?}");
    assert!(faults >= wanted);
    assert!(all.len() == 11 && all.values().all(|n| *n > 100), "{all:?}");
}
