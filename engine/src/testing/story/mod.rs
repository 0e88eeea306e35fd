//! Stories, as pages of the documentation tell them: what happens to runs of a document, moment by moment,
//! and how they stand then.
//!
//! A line has three columns, parted by two spaces or more: a time (`0:03`, `0:03:20`), what happens, and how
//! all runs stand that had not ended before (`a running (pay waiting), b queued`; steps only where they
//! matter), or why it was refused (`refused: already_decided`). What is due by then happens first.

mod words;

use super::start;
use crate::definition::{Overflow, Syntax, parse_value};
use crate::event::{Entry, Outcome, RunEvent, StepPath};
use crate::flow::{Began, Claim, Flow, Rates, RunLimits};
use crate::plan::Plan;
use crate::rehearsal::{Ended, retain};
use crate::run::{ConnectionRates, Heard, Input, Rejected, Run};
use crate::{AutomationId, EventId, Json, RunId, Span, Timestamp};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// When stories begin.
const BEGIN: i64 = 1_800_000_000_000;

/// Tells a story and holds it against the engine, with the rates of these connections; gives the run that
/// started last, unless it was refused.
///
/// # Panics
/// Where the engine does otherwise.
pub(super) fn tell(plan: &Arc<Plan>, connections: Option<&str>, story: &str) -> Option<Run> {
    let mut world = Story::new(plan.clone(), connections);
    for line in story.lines() {
        let columns = line.split("  ").map(str::trim);
        let columns: Vec<&str> = columns.filter(|part| !part.is_empty()).collect();
        let [time, what, expected] = columns.as_slice() else {
            panic!("{line:?} has a time, what happens, and how the runs stand then");
        };
        let ended = world.ended();
        world.reach(at(time));
        let why = what.strip_suffix(" asks why").map(|name| world.why(name));
        let refused = match why {
            Some(_) => None,
            None => world.happens(what).err(),
        };
        world.settle();
        let found = match why {
            Some(why) => why,
            None => match (refused, expected.strip_prefix("refused: ")) {
                (Some(code), Some(_)) => format!("refused: {code}"),
                (Some(code), None) => format!("refused: {code}, and not expected to be"),
                (None, _) => world.states(&ended, expected),
            },
        };
        assert_eq!(found, *expected, "{line}\n{story}");
    }
    let last = world.last.clone();
    world.runs.remove(&last).map(|one| one.run)
}

/// The moment of `0:03` or `0:03:20`.
fn at(time: &str) -> Timestamp {
    let parts: Vec<i64> = time
        .split(':')
        .map(|part| part.parse().unwrap_or_else(|_| panic!("{time} is no time")))
        .collect();
    let seconds = match parts.as_slice() {
        [hours, minutes] => hours * 3600 + minutes * 60,
        [hours, minutes, seconds] => hours * 3600 + minutes * 60 + seconds,
        _ => panic!("{time} is no time"),
    };
    Timestamp(BEGIN + seconds * 1000)
}

fn run_id(at: Timestamp, number: usize) -> RunId {
    let mut bytes = [0; 10];
    bytes[2..].copy_from_slice(&(number as u64).to_be_bytes());
    RunId::from_parts(at.0.unsigned_abs(), bytes)
}

fn automation() -> Option<AutomationId> {
    Some(AutomationId::from_parts(BEGIN.unsigned_abs(), [1; 10]))
}

/// A run, its journal, and how far each of its waits was told of events.
struct Told {
    run: Run,
    journal: Vec<Entry>,
    heard: BTreeMap<StepPath, usize>,
}

struct Story {
    plan: Arc<Plan>,
    limits: RunLimits,
    flow: Flow,
    rates: Rates,
    rated: Arc<ConnectionRates>,
    runs: BTreeMap<String, Told>,
    names: BTreeMap<RunId, String>,
    refused: BTreeSet<String>,
    events: Vec<Heard>,
    last: String,
    now: Timestamp,
}

impl Story {
    fn new(plan: Arc<Plan>, connections: Option<&str>) -> Self {
        let (mut rates, mut rated) = (Rates::default(), ConnectionRates::new());
        let read = connections.map(|text| parse_value(text, Syntax::Yaml).expect(text).0);
        let named = read
            .iter()
            .filter_map(|value| value["connections"].as_object());
        for (name, connection) in named.flatten() {
            let Some(rate) = connection["rate"].as_str() else {
                continue;
            };
            let rate = rate.parse().expect("a rate");
            rates.set(name, Some(rate));
            rated.insert(name.clone(), rate);
        }
        Self {
            plan,
            limits: RunLimits::default(),
            flow: Flow::new(RunLimits::default()),
            rates,
            rated: Arc::new(rated),
            runs: BTreeMap::new(),
            names: BTreeMap::new(),
            refused: BTreeSet::new(),
            events: Vec::new(),
            last: String::new(),
            now: Timestamp(BEGIN),
        }
    }

    fn one(&self, name: &str) -> &Told {
        self.runs
            .get(name)
            .unwrap_or_else(|| panic!("no run {name} has started"))
    }

    fn tell(&mut self, name: &str, input: Input) -> Result<(), Rejected> {
        let now = self.now;
        let Some(one) = self.runs.get_mut(name) else {
            panic!("no run {name} has started");
        };
        one.run.know_rates(Some(self.rated.clone()));
        let mut entries = one.run.handle(now, input)?;
        while one.run.goes_on() {
            entries.extend(one.run.handle(now, Input::Tick)?);
        }
        one.journal.extend(entries.iter().cloned());
        self.note(name, &entries);
        Ok(())
    }

    /// How a run stands for those who wait for slots and rates, and what its new facts mean for these.
    fn note(&mut self, name: &str, entries: &[Entry]) {
        let run = &self.runs[name].run;
        if let Some(claim) = run.claim() {
            self.flow
                .stand(run.id(), automation(), claim, run.standing());
        }
        for entry in entries {
            let step = entry.event.step().and_then(|step| run.plan().find(step));
            let Some(connection) = step.and_then(|step| step.connection.as_deref()) else {
                continue;
            };
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

    /// All that is due until then happens, each at its moment.
    fn reach(&mut self, to: Timestamp) {
        for _ in 0..10_000 {
            let due = self.runs.iter().flat_map(|(name, one)| {
                let tick = one.run.next_deadline().map(|(at, _)| (at, name, false));
                let silence = one.run.next_silence().map(|at| (at, name, true));
                tick.into_iter().chain(silence)
            });
            let due = due.filter(|(at, ..)| *at <= to).min();
            let Some((at, name, silence)) = due else {
                self.now = to;
                return;
            };
            let name = name.clone();
            self.now = self.now.max(at);
            let input = if silence { Input::Silence } else { Input::Tick };
            self.tell(&name, input).expect("time is never refused");
            self.settle();
        }
        panic!("time does not go on");
    }

    /// Whoever has a turn now gets it, and whoever waits for events is told of them.
    fn settle(&mut self) {
        loop {
            let admitted = self.flow.admit();
            for run in &admitted {
                let name = self.names[run].clone();
                self.tell(&name, Input::Admit)
                    .expect("its turn is not refused");
            }
            let permitted = self.rates.grant(self.now);
            let none = admitted.is_empty() && permitted.is_empty();
            for (run, step) in permitted {
                let name = self.names[&run].clone();
                self.tell(&name, Input::Permit { step })
                    .expect("what waits for a rate may begin");
            }
            if none && !self.hear() {
                return;
            }
        }
    }

    /// Whether a wait took an event.
    fn hear(&mut self) -> bool {
        let names: Vec<String> = self.runs.keys().cloned().collect();
        for name in names {
            let waits = self.runs[&name].run.listening().map(|wait| wait.step);
            for step in waits.collect::<Vec<_>>() {
                loop {
                    let heard = self
                        .runs
                        .get_mut(&name)
                        .map(|one| one.heard.entry(step.clone()).or_default());
                    let Some(next) = heard else { break };
                    let Some(event) = self.events.get(*next).cloned() else {
                        break;
                    };
                    *next += 1;
                    let step = step.clone();
                    match self.tell(&name, Input::Event { step, heard: event }) {
                        Ok(()) => return true,
                        Err(Rejected::NotAwaited) => {}
                        Err(other) => panic!("an event is refused: {other}"),
                    }
                }
            }
        }
        false
    }

    /// Runs that have ended, or never began.
    fn ended(&self) -> BTreeSet<String> {
        let over = self.runs.iter().filter(|(_, one)| one.run.is_over());
        let over = over.map(|(name, _)| name.clone());
        over.chain(self.refused.iter().cloned()).collect()
    }

    /// All runs that had not ended before, with how they and the steps that are asked for stand now.
    fn states(&self, ended: &BTreeSet<String>, expected: &str) -> String {
        let mut states: BTreeMap<&str, String> = BTreeMap::new();
        for (name, one) in self.runs.iter().filter(|(name, _)| !ended.contains(*name)) {
            let steps = asked_for(expected, name).map(|steps| {
                let shown = steps.into_iter().map(|step| stands(&one.run, step));
                format!(" ({})", shown.collect::<Vec<_>>().join(", "))
            });
            let status = one.run.status().name();
            states.insert(name, format!("{status}{}", steps.unwrap_or_default()));
        }
        for name in self.refused.iter().filter(|name| !ended.contains(*name)) {
            states.insert(name, "refused".into());
        }
        if states.is_empty() {
            return "no run".into();
        }
        let parts = states.iter().map(|(name, state)| format!("{name} {state}"));
        parts.collect::<Vec<_>>().join(", ")
    }

    /// What a run waits for in the queue, with the names of this story.
    fn why(&self, name: &str) -> String {
        let wait = self.flow.why(self.one(name).run.id());
        let mut sentence = wait.expect("it is queued").sentence();
        for (id, name) in &self.names {
            sentence = sentence.replace(&id.to_string(), name);
        }
        sentence
    }

    fn limit(&mut self, limits: RunLimits) {
        self.limits = limits;
        self.flow = Flow::new(limits);
        for name in self.runs.keys().cloned().collect::<Vec<_>>() {
            self.note(&name, &[]);
        }
    }

    fn starts(&mut self, name: &str, words: &[&str]) {
        let id = run_id(self.now, 1 + self.names.len());
        let (mut inputs, mut priority) = (Map::new(), None);
        for word in words {
            match word.split_once('=').expect(word) {
                ("priority", value) => priority = Some(value.parse().expect(value)),
                (key, value) => drop(inputs.insert(key.into(), typed(value))),
            }
        }
        let inputs = self
            .plan
            .check_inputs(&Value::Object(inputs))
            .expect("inputs fit");
        let mut begin = start(&self.plan, inputs.value().clone());
        (begin.run, begin.root) = (id, id);
        let plan = self.plan.clone();
        let limited = plan.concurrency.is_some() || self.limits.any() || priority.is_some();
        let claim = limited.then(|| {
            let none = Json::null();
            Claim::of(&plan, id, &inputs, &none, self.now, None, priority).expect("a key")
        });
        self.names.insert(id, name.into());
        self.last = name.into();
        let over = claim
            .as_ref()
            .and_then(|claim| self.flow.passed_over(automation(), claim));
        if let Some((Overflow::Reject, _)) = over {
            self.refused.insert(name.into());
            return;
        }
        let rates = Some(self.rated.clone());
        let (run, journal) =
            Run::begin_limited(plan.clone(), begin, Vec::new(), claim, rates, self.now);
        self.add(name, run, journal);
        if let Some((_, reason)) = over {
            return self
                .tell(name, Input::PassOver { reason })
                .expect("it has not begun");
        }
        let replaces = plan
            .concurrency
            .as_ref()
            .is_some_and(|(_, limit)| limit.overflow == Overflow::Replace);
        if replaces {
            for other in self.flow.replaced_by(id) {
                let other = self.names[&other].clone();
                // Only people force.
                if self.one(&other).run.is_canceled() {
                    continue;
                }
                let cancel = Input::Cancel {
                    by: name.into(),
                    reason: None,
                };
                self.tell(&other, cancel).expect("it has not ended");
            }
        }
    }

    fn add(&mut self, name: &str, run: Run, journal: Vec<Entry>) {
        let began = journal.clone();
        let told = Told {
            run,
            journal,
            heard: BTreeMap::new(),
        };
        self.runs.insert(name.into(), told);
        self.note(name, &began);
    }

    /// A new run keeps what it may of an ended one.
    fn retries(&mut self, name: &str, old: &str, from: Option<&str>, words: &[&str]) {
        let id = run_id(self.now, 1 + self.names.len());
        let before = self.one(old);
        let mut inputs = before.run.start().inputs.value().clone();
        for word in words {
            let (key, value) = word.split_once('=').expect(word);
            inputs[key] = typed(value);
        }
        let inputs = Json::from(inputs);
        let keep = std::collections::BTreeSet::new();
        let retained = retain(
            &Ended::new(&before.run, &before.journal),
            &self.plan,
            &inputs,
            from,
            &keep,
            id,
        )
        .unwrap_or_else(|| panic!("there is no step {from:?}"));
        let mut begin = before.run.start().clone();
        (begin.run, begin.root, begin.inputs) = (id, id, inputs);
        let (run, journal) = Run::begin_with(self.plan.clone(), begin, retained.kept, self.now);
        self.names.insert(id, name.into());
        self.last = name.into();
        self.add(name, run, journal);
    }

    fn comes(&mut self, event_type: &str, data: Value) {
        let number = self.events.len() as u64 + 1;
        let mut bytes = [0; 10];
        bytes[2..].copy_from_slice(&number.to_be_bytes());
        self.events.push(Heard {
            event: EventId::from_parts(self.now.0.unsigned_abs(), bytes),
            received_at: self.now,
            value: json!({ "type": event_type, "data": data }).into(),
        });
    }

    /// What is in memory is gone, and the journals are read again.
    fn killed(&mut self) {
        self.flow = Flow::new(self.limits);
        let names: Vec<String> = self.runs.keys().cloned().collect();
        for name in &names {
            if let Some(one) = self.runs.get_mut(name) {
                one.heard.clear();
                one.run = Run::replay(self.plan.clone(), one.journal.clone())
                    .expect("a journal can be read");
            }
            self.note(name, &[]);
        }
        for name in &names {
            let recover = Input::Recover { alone: false };
            self.tell(name, recover).expect("recovery is not refused");
        }
    }
}

/// The value of an input as a story writes it: `5` is a number, `EU` a text.
fn typed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// The steps that a line wants to know of a run, each with what it says of it.
fn asked_for<'a>(expected: &'a str, name: &str) -> Option<Vec<&'a str>> {
    let mut rest = expected;
    loop {
        let (head, tail) = rest.split_once(' ')?;
        let end = tail.find([',', '(']).unwrap_or(tail.len());
        let inside = tail[end..].strip_prefix('(');
        let (steps, after) = match inside.and_then(|inside| inside.split_once(')')) {
            Some((steps, after)) => (Some(steps), after),
            None => (None, &tail[end..]),
        };
        if head == name {
            return Some(steps?.split(", ").collect());
        }
        rest = after.strip_prefix(", ")?;
    }
}

/// A step and how it stands, in the words of a line that says how it should.
fn stands(run: &Run, expected: &str) -> String {
    let (path, said) = expected.split_once(' ').unwrap_or((expected, ""));
    let Some(step) = run.step(path) else {
        return format!("{path} not there");
    };
    match (&step.kept_from, step.skipped) {
        (Some(_), _) => format!("{path} kept"),
        (None, Some(reason)) if said.contains(" by ") => {
            let reason = serde_json::to_value(reason).unwrap_or_default();
            let kind = reason["kind"].as_str().unwrap_or_default();
            format!("{path} skipped by {kind}")
        }
        (None, _) => format!("{path} {}", step.status.name()),
    }
}
