//! What the page on concurrency says, minute by minute, held against the engine.

use super::super::{Claim, Flow, RunLimits};
use super::{automation, run};
use crate::check::{Catalog, check};
use crate::definition::{Overflow, Syntax, parse};
use crate::event::{Decision, Outcome, Verdict};
use crate::plan::Plan;
use crate::run::{Effect, GateStatus, Input, Run};
use crate::testing::start;
use crate::{Json, RunId, Severity, Timestamp};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

struct Story {
    plan: Arc<Plan>,
    flow: Flow,
    runs: BTreeMap<String, Run>,
    names: BTreeMap<RunId, String>,
    refused: BTreeSet<String>,
    now: Timestamp,
}

impl Story {
    fn new(document: &str) -> Self {
        let document = parse(document, Syntax::Yaml).expect(document).document;
        let findings = check(&document, &Catalog::default());
        assert!(
            findings.iter().all(|f| f.severity != Severity::Error),
            "{findings:?}"
        );
        Self {
            plan: Arc::new(Plan::compile(Arc::new(document)).unwrap()),
            flow: Flow::new(RunLimits::default()),
            runs: BTreeMap::new(),
            names: BTreeMap::new(),
            refused: BTreeSet::new(),
            now: Timestamp::default(),
        }
    }

    fn tell(&mut self, name: &str, input: Input) {
        self.runs
            .get_mut(name)
            .unwrap()
            .handle(self.now, input)
            .unwrap();
        self.note(name);
    }

    fn note(&mut self, name: &str) {
        let run = &self.runs[name];
        let claim = run.claim().unwrap();
        self.flow
            .stand(run.id(), automation(1), claim, run.standing());
    }

    fn starts(&mut self, name: &str, words: &[&str]) {
        let id = run(1 + self.names.len() as u64);
        let (mut inputs, mut priority) = (Map::new(), None);
        for word in words {
            let (key, value) = word.split_once('=').unwrap();
            match key {
                "priority" => priority = Some(value.parse().unwrap()),
                _ => drop(inputs.insert(key.into(), value.into())),
            }
        }
        let inputs = self.plan.check_inputs(&Value::Object(inputs)).unwrap();
        let mut begin = start(&self.plan, inputs.value().clone());
        (begin.run, begin.root) = (id, id);
        let none = Json::null();
        let plan = self.plan.clone();
        let claim = Claim::of(&plan, id, &inputs, &none, self.now, None, priority).unwrap();
        self.names.insert(id, name.into());
        let over = self.flow.passed_over(automation(1), &claim);
        if let Some((Overflow::Reject, _)) = over {
            self.refused.insert(name.into());
            return;
        }
        let (run, _) = Run::begin_claiming(plan, begin, Vec::new(), Some(claim), self.now);
        self.runs.insert(name.into(), run);
        if let Some((_, reason)) = over {
            return self.tell(name, Input::PassOver { reason });
        }
        self.note(name);
        if self.plan.concurrency.as_ref().unwrap().1.overflow == Overflow::Replace {
            for other in self.flow.replaced_by(id) {
                let other = self.names[&other].clone();
                self.tell(
                    &other,
                    Input::Cancel {
                        by: name.into(),
                        reason: None,
                    },
                );
            }
        }
    }

    fn happens(&mut self, what: &str) {
        let words: Vec<&str> = what.split(' ').collect();
        match words.as_slice() {
            [name, "starts", more @ ..] => self.starts(name, more),
            [name, "is", "canceled"] => {
                self.tell(
                    name,
                    Input::Cancel {
                        by: "ana".into(),
                        reason: None,
                    },
                );
            }
            [name, "is", "approved"] => {
                let gates = self.runs[*name].approvals();
                let gate = gates
                    .iter()
                    .find(|gate| gate.status == GateStatus::Pending)
                    .unwrap();
                let decision = Decision {
                    decision: Verdict::Approve,
                    by: "ana".into(),
                    comment: None,
                    fields: None,
                    at: self.now,
                    own_run: false,
                };
                let approval = gate.request.approval;
                self.tell(name, Input::Decide { approval, decision });
            }
            [whose, "step", "succeeds"] => {
                let name = whose.strip_suffix("'s").unwrap();
                let pending = self.runs[name].pending();
                let [
                    Effect::Attempt {
                        step,
                        number,
                        fence,
                        ..
                    },
                ] = pending.as_slice()
                else {
                    panic!("{name} has no one step that works: {pending:?}");
                };
                let outcome = Outcome::Succeeded {
                    output: json!(1).into(),
                };
                let finished = Input::Finished {
                    step: step.clone(),
                    number: *number,
                    fence: *fence,
                    outcome,
                };
                self.tell(name, finished);
            }
            other => panic!("what is {other:?}?"),
        }
        while let [first, ..] = self.flow.admit().as_slice() {
            let name = self.names[first].clone();
            self.tell(&name, Input::Admit);
        }
    }

    /// All runs that had not ended before, with how they stand now.
    fn states(&self, ended: &BTreeSet<String>) -> String {
        let mut states: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, run) in self.runs.iter().filter(|(name, _)| !ended.contains(*name)) {
            states.insert(name, run.status().name());
        }
        states.extend(
            self.refused
                .iter()
                .filter(|n| !ended.contains(*n))
                .map(|n| (n.as_str(), "refused")),
        );
        let parts: Vec<String> = states
            .iter()
            .map(|(name, status)| format!("{name} {status}"))
            .collect();
        parts.join(", ")
    }
}

#[test]
fn the_page_on_concurrency_says_what_is_so() {
    let page = include_str!("../../../../docs/concurrency.md");
    let parts: Vec<&str> = page.split("```").collect();
    let blocks: Vec<(&str, &str)> = parts
        .iter()
        .skip(1)
        .step_by(2)
        .filter_map(|b| b.split_once('\n'))
        .collect();
    let mut told = 0;
    for pair in blocks.windows(2) {
        let [("yaml", document), ("text", story)] = pair else {
            continue;
        };
        let mut world = Story::new(document);
        for line in story.lines() {
            let mut columns = line
                .split("  ")
                .map(str::trim)
                .filter(|part| !part.is_empty());
            let (Some(time), Some(what), Some(expected)) =
                (columns.next(), columns.next(), columns.next())
            else {
                panic!("{line:?} has a time, what happens, and how the runs stand then");
            };
            let minutes: i64 = time.strip_prefix("0:").unwrap().parse().unwrap();
            world.now = Timestamp(1_800_000_000_000 + minutes * 60_000);
            let over = world
                .runs
                .iter()
                .filter(|(_, run)| run.is_over())
                .map(|(name, _)| name.clone());
            let ended: BTreeSet<String> = over.chain(world.refused.iter().cloned()).collect();
            world.happens(what);
            assert_eq!(world.states(&ended), expected, "{line}");
        }
        told += 1;
    }
    assert_eq!(told, 7);
}
