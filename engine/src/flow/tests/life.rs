//! Runs of real documents under limits: they ask, work, wait at gates, start over after crashes, are
//! canceled, and all of them end. What they do outside is written down by the world, not by the runs.

use super::super::{Flow, RunLimits, Standing};
use super::{automation, run};
use crate::event::{Decision, Entry, Outcome, Status, Verdict};
use crate::flow::Claim;
use crate::plan::Plan;
use crate::run::{Effect, GateStatus, Input, Run};
use crate::testing::{Random, plan, start};
use crate::{Json, RunId, Timestamp};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

struct World {
    plans: Vec<Arc<Plan>>,
    limits: RunLimits,
    flow: Flow,
    runs: BTreeMap<RunId, (usize, Run)>,
    journals: BTreeMap<RunId, Vec<Entry>>,
    /// The effects that go on outside, by what the limits count them under.
    outside: BTreeSet<(RunId, String)>,
    random: Random,
    now: Timestamp,
    made: u64,
    admitted: Vec<RunId>,
    most: BTreeMap<String, usize>,
}

impl World {
    fn new(seed: u64, limits: RunLimits) -> Self {
        let document = |key: &str, limit: u32, hold: bool| {
            plan(&json!({
                "inputs": { "region": { "type": "string" } },
                "concurrency": { "key": key, "limit": limit, "hold_while_waiting": hold },
                "steps": [
                    { "id": "a", "action": "http", "with": { "connection": "c", "path": "/a" },
                      "retry": { "attempts": 3, "backoff": "30s" } },
                    { "id": "gate", "needs": ["a"], "action": "approval_gate", "with": { "title": "Go on?", "timeout": "1h" } },
                    { "id": "nap", "needs": ["a"], "action": "wait", "with": { "duration": "2m" } },
                    { "id": "b", "needs": ["gate", "nap"], "join": "all_done", "action": "http", "with": { "connection": "c", "path": "/b" } },
                ],
            }))
        };
        Self {
            plans: vec![
                document("{{ inputs.region }}", 1, false),
                document("all", 2, true),
            ],
            limits,
            flow: Flow::new(limits),
            runs: BTreeMap::new(),
            journals: BTreeMap::new(),
            outside: BTreeSet::new(),
            random: Random::new(seed),
            now: Timestamp(1_800_000_000_000),
            made: 0,
            admitted: Vec::new(),
            most: BTreeMap::new(),
        }
    }

    fn told(&mut self, id: RunId, entries: Vec<Entry>) {
        self.journals.entry(id).or_default().extend(entries);
        let (of, run) = &self.runs[&id];
        run.check().unwrap();
        let running: BTreeSet<(RunId, String)> = run
            .running()
            .map(|(step, _, _)| (id, step.to_string()))
            .collect();
        self.outside.retain(|(other, _)| *other != id);
        self.outside.extend(running);
        let claim = run.claim().unwrap().clone();
        let standing = run.standing();
        let owner = automation(*of as u8);
        self.flow.stand(id, owner, &claim, standing);
    }

    fn give(&mut self, id: RunId, input: Input) {
        let now = self.now;
        let entries = self.runs.get_mut(&id).unwrap().1.handle(now, input);
        if let Ok(entries) = entries {
            self.told(id, entries);
        }
    }

    fn settle(&mut self) {
        loop {
            let ids = self.flow.admit();
            if ids.is_empty() {
                break;
            }
            for id in ids {
                self.admitted.push(id);
                self.give(id, Input::Admit);
            }
        }
        self.never_too_many();
    }

    /// Counts what goes on outside, whatever the runs and the queue think.
    fn never_too_many(&mut self) {
        let mut by: BTreeMap<String, BTreeSet<RunId>> = BTreeMap::new();
        for (id, _) in &self.outside {
            let (of, run) = &self.runs[id];
            let region = run.start().inputs.value()["region"].clone();
            let key = if *of == 0 {
                format!("0 {region}")
            } else {
                "1".into()
            };
            for group in [key, format!("automation {of}"), "server".into()] {
                by.entry(group).or_default().insert(*id);
            }
        }
        for (group, runs) in by {
            let limit = match group.as_str() {
                "server" => self.limits.runs.unwrap_or(u32::MAX),
                "1" => 2,
                other if other.starts_with("automation") => {
                    self.limits.runs_per_automation.unwrap_or(u32::MAX)
                }
                _ => 1,
            };
            assert!(runs.len() <= limit as usize, "{group}: {runs:?}");
            let most = self.most.entry(group).or_default();
            *most = runs.len().max(*most);
        }
    }

    fn begin(&mut self) {
        self.made += 1;
        let id = run(self.made);
        let of = self.random.below(2);
        let plan = self.plans[of].clone();
        let region = ["EU", "US"][self.random.below(2)];
        let mut begin = start(&plan, json!({ "region": region }));
        begin.run = id;
        begin.root = id;
        let priority = Some(self.random.below(5) as i32);
        let none = Json::null();
        let claim = Claim::of(&plan, id, &begin.inputs, &none, self.now, None, priority).unwrap();
        let (run, entries) = Run::begin_claiming(plan, begin, Vec::new(), Some(claim), self.now);
        self.runs.insert(id, (of, run));
        self.told(id, entries);
    }

    fn answer(&mut self, id: RunId, well: bool) {
        let pending = self.runs[&id].1.pending();
        if let Some(Effect::Attempt {
            step,
            number,
            fence,
            ..
        }) = self.random.pick(&pending).cloned()
        {
            let outcome = match well {
                true => Outcome::Succeeded {
                    output: json!(1).into(),
                },
                false => Outcome::Failed {
                    failure: crate::event::Failure::new(
                        crate::definition::FailureClass::Retryable,
                        "no",
                        "no",
                    ),
                    retry_after_ms: None,
                },
            };
            self.give(
                id,
                Input::Finished {
                    step,
                    number,
                    fence,
                    outcome,
                },
            );
        }
    }

    fn decide(&mut self, id: RunId) {
        let gates = self.runs[&id].1.approvals();
        for gate in gates
            .iter()
            .filter(|gate| gate.status == GateStatus::Pending)
        {
            let decision = Decision {
                decision: if self.random.percent(80) {
                    Verdict::Approve
                } else {
                    Verdict::Reject
                },
                by: "ana".into(),
                comment: None,
                fields: None,
                at: self.now,
                own_run: false,
            };
            let approval = gate.request.approval;
            self.give(id, Input::Decide { approval, decision });
        }
    }

    fn disturb(&mut self) {
        let live: Vec<RunId> = self.live();
        match (self.random.pick(&live).copied(), self.random.below(20)) {
            (None, _) | (_, 0..=2) => self.begin(),
            (Some(id), 3..=9) => {
                let well = self.random.percent(70);
                self.answer(id, well);
            }
            (Some(id), 10..=12) => self.decide(id),
            (Some(_), 13..=16) => {
                self.now.0 += self.random.below(90_000) as i64;
                for id in live {
                    self.give(id, Input::Tick);
                }
            }
            (Some(id), 17) if self.random.percent(40) => {
                let cancel = Input::Cancel {
                    by: "ana".into(),
                    reason: None,
                };
                self.give(id, cancel);
                assert!(
                    self.runs[&id].1.is_over(),
                    "a cancel ends a run that has no handlers"
                );
            }
            (_, 18) if self.random.percent(20) => self.crash(),
            _ => {}
        }
        self.settle();
        self.flow.check().unwrap();
    }

    fn live(&self) -> Vec<RunId> {
        let live = self.runs.iter().filter(|(_, (_, run))| !run.is_over());
        live.map(|(id, _)| *id).collect()
    }

    /// The process ends: what was written is all that is known.
    fn crash(&mut self) {
        let queue = |flow: &Flow| -> Vec<Vec<RunId>> {
            let queues = flow.queues();
            queues
                .iter()
                .map(|q| q.queue.iter().map(|w| w.run_id).collect())
                .collect()
        };
        let before = queue(&self.flow);
        self.outside.clear();
        self.flow = Flow::new(self.limits);
        for id in self.live() {
            let (of, run) = &self.runs[&id];
            let again = Run::replay(run.plan().clone(), self.journals[&id].clone()).unwrap();
            assert!(again.same_state(run));
            self.runs.insert(id, (*of, again));
            self.told(id, Vec::new());
        }
        self.outside.clear();
        assert_eq!(queue(&self.flow), before, "the order is what it was");
        for id in self.live() {
            self.give(id, Input::Recover { alone: false });
        }
    }

    /// All that runs wait for comes: then all of them end.
    fn finish(&mut self) {
        for _ in 0..10_000 {
            let live = self.live();
            if live.is_empty() {
                return;
            }
            self.now.0 += 60_000;
            for id in live {
                self.give(id, Input::Tick);
                self.answer(id, true);
                self.decide(id);
                self.settle();
            }
        }
        panic!("runs are left: {:?}", self.flow);
    }
}

#[test]
fn runs_under_limits_never_go_beyond_them_and_all_end() {
    for seed in 0..40 {
        let limits = match seed % 3 {
            0 => RunLimits::default(),
            1 => RunLimits {
                runs: Some(3),
                runs_per_automation: None,
            },
            _ => RunLimits {
                runs: Some(3),
                runs_per_automation: Some(2),
            },
        };
        let mut world = World::new(seed, limits);
        for _ in 0..400 {
            world.disturb();
        }
        world.finish();
        assert!(world.flow.is_empty(), "{:?}", world.flow);
        assert!(world.made > 30 && !world.admitted.is_empty());
        assert_eq!(
            world.most["1"],
            2.min(limits.runs_per_automation.unwrap_or(2) as usize)
        );
    }
}

#[test]
fn a_gate_gives_the_slot_back_and_asks_for_it_again() {
    let mut world = World::new(1, RunLimits::default());
    let eu = |world: &mut World| {
        world.made += 1;
        let id = run(world.made);
        let plan = world.plans[0].clone();
        let mut begin = start(&plan, json!({ "region": "EU" }));
        begin.run = id;
        let none = Json::null();
        let claim = Claim::of(&plan, id, &begin.inputs, &none, world.now, None, None).unwrap();
        let (run, entries) = Run::begin_claiming(plan, begin, Vec::new(), Some(claim), world.now);
        world.runs.insert(id, (0, run));
        world.told(id, entries);
        world.settle();
        id
    };
    let (first, second) = (eu(&mut world), eu(&mut world));
    assert_eq!(world.runs[&first].1.status(), Status::Running);
    assert_eq!(world.runs[&second].1.status(), Status::Queued);
    assert_eq!(world.runs[&second].1.started_at(), None);
    world.answer(first, true);
    world.settle();
    assert_eq!(world.runs[&first].1.standing(), Standing::Parked);
    assert_eq!(world.runs[&first].1.status(), Status::Waiting);
    assert_eq!(world.runs[&second].1.status(), Status::Running);
    world.now.0 += 130_000;
    world.give(first, Input::Tick);
    world.decide(first);
    world.settle();
    assert_eq!(world.runs[&first].1.status(), Status::Queued);
    assert!(
        world
            .flow
            .why(first)
            .unwrap()
            .sentence()
            .contains(&second.to_string())
    );
    world.give(
        second,
        Input::Cancel {
            by: "ana".into(),
            reason: None,
        },
    );
    world.settle();
    assert_eq!(world.runs[&first].1.status(), Status::Running);
    world.answer(first, true);
    assert_eq!(world.runs[&first].1.status(), Status::Succeeded);
}
