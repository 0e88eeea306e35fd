//! What the page on concurrency says, minute by minute, held against the engine.

use super::super::{Began, Claim, Flow, Rates, RunLimits};
use super::{automation, run};
use crate::check::{Catalog, check};
use crate::definition::{FailureClass, Overflow, Syntax, parse, parse_value};
use crate::event::{Decision, Entry, Failure, Outcome, RunEvent, Verdict};
use crate::plan::Plan;
use crate::run::{ConnectionRates, Effect, GateStatus, Input, Run};
use crate::testing::start;
use crate::{Json, RunId, Severity, Span, Timestamp};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

struct Story {
    plan: Arc<Plan>,
    flow: Flow,
    rates: Rates,
    rated: Arc<ConnectionRates>,
    runs: BTreeMap<String, Run>,
    names: BTreeMap<RunId, String>,
    refused: BTreeSet<String>,
    now: Timestamp,
}

impl Story {
    fn new(connections: Option<&str>, document: &str) -> Self {
        let (mut rates, mut rated) = (Rates::default(), ConnectionRates::new());
        let read = connections.map(|text| parse_value(text, Syntax::Yaml).unwrap().0);
        let named = read
            .iter()
            .filter_map(|value| value["connections"].as_object());
        for (name, connection) in named.flatten() {
            let rate = connection["rate"].as_str().unwrap().parse().unwrap();
            rates.set(name, Some(rate));
            rated.insert(name.clone(), rate);
        }
        let document = parse(document, Syntax::Yaml).expect(document).document;
        let findings = check(&document, &Catalog::default());
        assert!(
            findings.iter().all(|f| f.severity != Severity::Error),
            "{findings:?}"
        );
        Self {
            plan: Arc::new(Plan::compile(Arc::new(document)).unwrap()),
            flow: Flow::new(RunLimits::default()),
            rates,
            rated: Arc::new(rated),
            runs: BTreeMap::new(),
            names: BTreeMap::new(),
            refused: BTreeSet::new(),
            now: Timestamp::default(),
        }
    }

    fn tell(&mut self, name: &str, input: Input) {
        let run = self.runs.get_mut(name).unwrap();
        run.know_rates(Some(self.rated.clone()));
        let entries = run.handle(self.now, input).unwrap();
        self.note(name, &entries);
    }

    fn note(&mut self, name: &str, entries: &[Entry]) {
        let run = &self.runs[name];
        if let Some(claim) = run.claim() {
            self.flow
                .stand(run.id(), automation(1), claim, run.standing());
        }
        for entry in entries {
            let connection = entry.event.step().and_then(|step| run.plan().find(step));
            let connection = connection.and_then(|step| step.connection.as_deref());
            let connection = connection.unwrap_or_default();
            match &entry.event {
                RunEvent::AttemptStarted { .. } => {
                    let (at, number) = (entry.at, 0);
                    self.rates.began(connection, Began { at, number });
                }
                RunEvent::AttemptFinished {
                    outcome:
                        Outcome::Failed {
                            retry_after_ms: Some(wait),
                            ..
                        },
                    ..
                } => {
                    let until = entry.at.after(Span::from_millis(*wait));
                    self.rates.hold(connection, until);
                }
                _ => {}
            }
        }
        self.rates.stand(run.id(), run.throttled());
    }

    fn ends(&mut self, name: &str, outcome: Outcome) {
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
        let finished = Input::Finished {
            step: step.clone(),
            number: *number,
            fence: *fence,
            outcome,
        };
        self.tell(name, finished);
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
        let limited = plan.concurrency.is_some() || priority.is_some();
        self.names.insert(id, name.into());
        let over = self.flow.passed_over(automation(1), &claim);
        if let Some((Overflow::Reject, _)) = over {
            self.refused.insert(name.into());
            return;
        }
        let claim = limited.then_some(claim);
        let rates = Some(self.rated.clone());
        let (run, entries) = Run::begin_limited(plan, begin, Vec::new(), claim, rates, self.now);
        self.runs.insert(name.into(), run);
        if let Some((_, reason)) = over {
            return self.tell(name, Input::PassOver { reason });
        }
        self.note(name, &entries);
        let concurrency = self.plan.concurrency.as_ref();
        if concurrency.is_some_and(|(_, limit)| limit.overflow == Overflow::Replace) {
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
                let output = json!(1).into();
                self.ends(of(whose), Outcome::Succeeded { output });
            }
            [whose, "step", "is", "told", "to", "wait", span] => {
                let failure = Failure::new(FailureClass::Retryable, "http_status", "not now");
                let wait = span.parse::<Span>().unwrap().as_millis();
                let outcome = Outcome::Failed {
                    failure,
                    retry_after_ms: Some(wait),
                };
                self.ends(of(whose), outcome);
            }
            ["time", "passes"] => {}
            other => panic!("what is {other:?}?"),
        }
        while let [first, ..] = self.flow.admit().as_slice() {
            let name = self.names[first].clone();
            self.tell(&name, Input::Admit);
        }
        for (run, step) in self.rates.grant(self.now) {
            let name = self.names[&run].clone();
            self.tell(&name, Input::Permit { step });
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

/// The run in `a's`.
fn of(whose: &str) -> &str {
    whose.strip_suffix("'s").unwrap()
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
    for (index, pair) in blocks.windows(2).enumerate() {
        let [("yaml", document), ("text", story)] = pair else {
            continue;
        };
        let before = index.checked_sub(1).map(|before| blocks[before].1);
        let connections = before.filter(|text| text.starts_with("connections:"));
        let mut world = Story::new(connections, document);
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
    assert_eq!(told, 8);
}
