//! Every example under every fault: each step fails in turn, each runs twice, each answer comes twice, and
//! the process dies, or a person cancels, after every fact. The laws hold all the while, and each run ends in
//! a state that the documentation names.

use super::example::{Example, examples};
use super::witness::Witness;
use crate::definition::{Delivery, FailureClass, Syntax, parse_value};
use crate::event::{
    ApprovalRequest, Decision, Entry, Failure, Outcome, RunEvent, Start, Status, StepPath, Verdict,
};
use crate::flow::{Claim, Standing};
use crate::plan::{ActionKind, Plan};
use crate::rehearsal::{
    Answer, Answers, Ask, Comes, EventAnswer, GateAnswer, Layers, Mocks, Resume, Source, Vote,
    own_tests, read_tests,
};
use crate::run::{Effect, Heard, Input, Rejected, Resolution, ResumeAnswer};
use crate::{EventId, Json, Span, Timestamp};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One way to run an example: what comes in, and what the world answers.
struct Scenario {
    place: String,
    plan: Arc<Plan>,
    start: Start,
    at: Timestamp,
    mocks: Mocks,
    /// Steps that fail in this world, as the page says.
    failing: Vec<String>,
}

/// What is done to a run.
#[derive(Debug, Clone, Default)]
struct Fault {
    /// Every attempt of this step fails like this; a gate is rejected, an event does not come.
    fails: Option<(StepPath, FailureClass)>,
    /// Each answer comes twice.
    twice: bool,
    /// The process dies once so many facts are written.
    dies: Option<usize>,
    /// A person cancels once so many facts are written.
    canceled: Option<usize>,
}

/// What came of a run.
struct Lived {
    life: Witness,
    /// The calls by their idempotency keys: what they asked for.
    calls: BTreeMap<String, Json>,
    /// Whether a person had to cancel it, since nothing else could happen.
    stuck: bool,
}

impl Lived {
    /// How many facts a start writes at once: whoever sees the run sees all of them.
    fn written_at_once(&self) -> usize {
        let queued = self.life.journal.iter().take(2);
        queued
            .filter(|entry| {
                let event = &entry.event;
                matches!(event, RunEvent::Created(_) | RunEvent::Queued { .. })
            })
            .count()
    }
}

/// What a world answers that is told nothing: everything works.
#[derive(Default)]
struct Kind {
    resumed: BTreeSet<StepPath>,
    resolved: BTreeSet<StepPath>,
}

/// A value with what the examples read of answers.
fn plenty() -> Value {
    json!({
        "id": 1, "n": 1, "to": 1, "total": 5, "done": true, "text": "short", "account": "DE1",
        "people": ["ana", "ben"], "rows": [1, 2], "said": "yes", "by": "ana", "order": "o-17",
    })
}

impl Answers for Kind {
    fn attempt(&mut self, ask: &Ask<'_>) -> Answer {
        let mut output = plenty();
        match ask.kind {
            ActionKind::Automation => output["outputs"] = plenty(),
            ActionKind::Emit => output["event_id"] = "event_1".into(),
            _ => {
                output["json"] = plenty();
                output["structured"] = plenty();
                output["stdout"] = "done".into();
            }
        }
        Answer::Ends {
            outcome: Outcome::Succeeded {
                output: output.into(),
            },
            after: Span::from_secs(1),
            source: Source::Assumed,
        }
    }

    fn gate(&mut self, _: &StepPath, request: &ApprovalRequest) -> GateAnswer {
        let form = request.fields.value()["properties"].as_object();
        let fields = form.map(|form| {
            let values = form.keys().map(|key| (key.clone(), json!(1)));
            Json::from(Value::Object(values.collect()))
        });
        let votes = (1..=request.needed.max(1)).map(|number| Vote {
            after: Span::from_secs(60),
            decision: Verdict::Approve,
            by: format!("user:kind-{number}"),
            comment: None,
            fields: fields.clone(),
        });
        GateAnswer::Votes(votes.collect(), Source::Assumed)
    }

    fn uncertain(&mut self, step: &StepPath) -> Option<Resolution> {
        match self.resolved.insert(step.clone()) {
            true => Some(Resolution::Again),
            false => Some(Resolution::Failed {
                message: "nobody knows".into(),
            }),
        }
    }

    fn paused(&mut self, step: &StepPath, _: &Failure) -> Option<Resume> {
        let answer = match self.resumed.insert(step.clone()) {
            true => ResumeAnswer::Again { input: None },
            false => ResumeAnswer::Fail,
        };
        Some(Resume {
            after: Span::from_secs(60),
            by: "user:kind".into(),
            reason: None,
            answer,
        })
    }

    fn event(&mut self, _: &StepPath, _: &str) -> EventAnswer {
        EventAnswer::Come(vec![Comes {
            after: Span::from_secs(60),
            event: None,
            value: json!({ "data": plenty() }).into(),
        }])
    }
}

/// A run that goes through a fault.
struct Course<'a> {
    scenario: &'a Scenario,
    fault: Fault,
    life: Witness,
    answers: Layers<'a>,
    /// What comes, by its moment and then in the order in which it was arranged.
    due: BTreeMap<(Timestamp, u64), Input>,
    order: u64,
    events: u64,
    /// How many facts of the journal were looked at.
    seen: usize,
    calls: BTreeMap<String, Json>,
    stuck: bool,
}

impl Scenario {
    fn lived(&self, fault: Fault) -> Result<Lived, String> {
        let mut start = self.start.clone();
        let none = Json::null();
        let claim = self.plan.concurrency.is_some().then(|| {
            let inputs = &start.inputs;
            Claim::of(&self.plan, start.run, inputs, &none, self.at, None, None)
        });
        let claim = claim.transpose().map_err(|error| error.to_string())?;
        start.root = start.run;
        let life = Witness::begun(self.plan.clone(), start, claim, self.at)?;
        let mut course = Course {
            answers: self.answers(),
            scenario: self,
            fault,
            life,
            due: BTreeMap::new(),
            order: 0,
            events: 0,
            seen: 0,
            calls: BTreeMap::new(),
            stuck: false,
        };
        course.go()?;
        course.life.ended()?;
        Ok(Lived {
            life: course.life,
            calls: course.calls,
            stuck: course.stuck,
        })
    }

    fn answers(&self) -> Layers<'_> {
        Layers::default()
            .with(self.mocks.answers())
            .with(Kind::default())
    }
}

impl Course<'_> {
    fn later(&mut self, after: Span, input: Input) {
        self.order += 1;
        let at = self.life.now.after(after);
        self.due.insert((at, self.order), input);
    }

    /// Whether this step is the one that fails.
    fn fails(&self, step: &StepPath) -> Option<FailureClass> {
        let (path, class) = self.fault.fails.as_ref()?;
        (path == step).then_some(*class)
    }

    fn go(&mut self) -> Result<(), String> {
        for _ in 0..20_000 {
            if self
                .fault
                .dies
                .is_some_and(|at| self.life.journal.len() >= at)
            {
                self.die()?;
            }
            while let Some(entry) = self.life.journal.get(self.seen).cloned() {
                self.seen += 1;
                self.see(&entry);
            }
            if self.life.run.is_over() {
                return Ok(());
            }
            let written = self.life.journal.len();
            let input = match self.fault.canceled.filter(|at| written >= *at) {
                Some(_) => {
                    self.fault.canceled = None;
                    Input::Cancel {
                        by: "ana".into(),
                        reason: None,
                    }
                }
                None => self.next()?,
            };
            self.give(input)?;
        }
        Err("the run does not end".into())
    }

    /// The next thing that happens, time moved on to it. Where nothing can happen, a person ends the run.
    fn next(&mut self) -> Result<Input, String> {
        let run = &self.life.run;
        if matches!(run.standing(), Standing::Queued { .. }) {
            return Ok(Input::Admit);
        }
        if run.goes_on() {
            return Ok(Input::Tick);
        }
        let deadline = run.next_deadline().map(|(at, _)| (at, Input::Tick));
        let silence = run.next_silence().map(|at| (at, Input::Silence));
        let limit = match (deadline, silence) {
            (Some(deadline), Some(silence)) if silence.0 < deadline.0 => Some(silence),
            (deadline, silence) => deadline.or(silence),
        };
        let first = self.due.keys().next().copied();
        match (limit, first) {
            (Some((at, input)), first) if first.is_none_or(|(due, _)| at <= due) => {
                self.life.now = self.life.now.max(at);
                Ok(input)
            }
            (_, Some(key)) => {
                self.life.now = self.life.now.max(key.0);
                self.due.remove(&key).ok_or_else(|| "gone".into())
            }
            _ => {
                self.stuck = true;
                Ok(Input::Cancel {
                    by: "ana".into(),
                    reason: None,
                })
            }
        }
    }

    fn give(&mut self, input: Input) -> Result<(), String> {
        let again = match &input {
            Input::Finished { .. } if self.fault.twice => Some(input.clone()),
            _ => None,
        };
        match self.life.give(input)? {
            Ok(()) => {}
            // What it was for has ended meanwhile, or it is not the event that is meant.
            Err(
                Rejected::StaleAttempt
                | Rejected::AlreadyOver
                | Rejected::AlreadyDecided { .. }
                | Rejected::AlreadyVoted { .. }
                | Rejected::ApprovalChanged { .. }
                | Rejected::UnknownApproval
                | Rejected::NotUncertain
                | Rejected::NotPaused
                | Rejected::NotAwaited,
            ) => return Ok(()),
            Err(other) => return Err(format!("an answer is refused: {other}")),
        }
        match again.map(|again| self.life.give(again)).transpose()? {
            None | Some(Err(Rejected::StaleAttempt)) => Ok(()),
            Some(other) => Err(format!("an answer that comes twice gave {other:?}")),
        }
    }

    /// The world answers what a fact asks of it.
    fn see(&mut self, entry: &Entry) {
        match &entry.event {
            RunEvent::AttemptStarted { step, fence, .. } => self.asked(step, *fence),
            RunEvent::ApprovalRequested { step, request } => self.gate(step, request),
            RunEvent::StepUncertain { step } => self.uncertain(step),
            RunEvent::StepPaused { step, failure } => self.paused(step, failure),
            RunEvent::EventAwaited {
                step, event_type, ..
            } => self.awaited(step, event_type),
            _ => {}
        }
    }

    fn asked(&mut self, path: &StepPath, begun: u64) {
        let Some(Effect::Attempt {
            step,
            number,
            fence,
            kind,
            input,
            idempotency_key,
            ..
        }) = self.life.run.effect(&path.0)
        else {
            return;
        };
        if fence != begun {
            return;
        }
        let answer = self.answers.attempt(&Ask {
            step: &step,
            number,
            kind,
            input: &input,
        });
        self.calls.insert(idempotency_key, input);
        let failed = |class| Outcome::Failed {
            failure: Failure::new(class, "injected", "it is made to fail"),
            retry_after_ms: None,
        };
        let id = step.0.rsplit('.').next().unwrap_or_default();
        let page = self.scenario.failing.iter().any(|failing| failing == id);
        let (outcome, after) = match (self.fails(&step), answer) {
            (Some(class), _) => (failed(class), Span::from_secs(1)),
            (None, _) if page => (failed(FailureClass::Permanent), Span::from_secs(1)),
            (None, Answer::Ends { outcome, after, .. }) => (outcome, after),
            (None, _) => return,
        };
        let finished = Input::Finished {
            step,
            number,
            fence,
            outcome,
        };
        self.later(after, finished);
    }

    fn gate(&mut self, step: &StepPath, request: &ApprovalRequest) {
        let GateAnswer::Votes(mut votes, _) = self.answers.gate(step, request) else {
            return;
        };
        if self.fails(step).is_some() {
            votes = vec![Vote {
                after: Span::from_secs(1),
                decision: Verdict::Reject,
                by: "user:no".into(),
                comment: Some("no".into()),
                fields: None,
            }];
        }
        for vote in votes {
            let decision = Decision {
                decision: vote.decision,
                by: vote.by,
                comment: vote.comment,
                fields: vote.fields,
                at: self.life.now.after(vote.after),
                own_run: false,
            };
            let approval = request.approval;
            self.later(vote.after, Input::Decide { approval, decision });
        }
    }

    fn uncertain(&mut self, step: &StepPath) {
        if let Some(resolution) = self.answers.uncertain(step) {
            let input = Input::ResolveUncertain {
                step: step.clone(),
                resolution,
                by: "ana".into(),
                reason: None,
            };
            self.later(Span::default(), input);
        }
    }

    fn paused(&mut self, step: &StepPath, failure: &Failure) {
        // Where it is to fail, a person lets it.
        let resume = match self.fails(step) {
            Some(_) => None,
            None => self.answers.paused(step, failure),
        };
        let answer = resume
            .as_ref()
            .map_or(ResumeAnswer::Fail, |resume| resume.answer.clone());
        let input = Input::Resume {
            by: "ana".into(),
            reason: None,
            step: Some(step.clone()),
            answer,
        };
        self.later(resume.map_or(Span::default(), |resume| resume.after), input);
    }

    fn awaited(&mut self, step: &StepPath, event_type: &str) {
        let EventAnswer::Come(events) = self.answers.event(step, event_type) else {
            return;
        };
        if self.fails(step).is_some() {
            return;
        }
        for comes in events {
            self.events += 1;
            let received_at = self.life.now.after(comes.after);
            let mut bytes = [0; 10];
            bytes[2..].copy_from_slice(&self.events.to_be_bytes());
            let mut value = Map::new();
            value.insert("type".into(), event_type.into());
            value.insert("data".into(), Value::Null);
            if let Value::Object(given) = comes.value.value() {
                value.extend(given.clone());
            }
            let heard = Heard {
                event: EventId::from_parts(received_at.0.unsigned_abs(), bytes),
                received_at,
                value: Value::Object(value).into(),
            };
            let step = step.clone();
            self.later(comes.after, Input::Event { step, heard });
        }
    }

    /// The process dies, and the next one goes on with what was written. The world is the same: people answer
    /// and events come when they would have, and what was answered before is not answered anew.
    fn die(&mut self) -> Result<(), String> {
        let written = self.fault.dies.take().unwrap_or_default();
        // What was not written of the last turn never happened, and nobody has seen it.
        while self.seen < written {
            let entry = self.life.journal[self.seen].clone();
            self.seen += 1;
            self.see(&entry);
        }
        self.life.cut(written)?;
        // Attempts end with the process, and their next ones get the answers that were on the way.
        self.due
            .retain(|_, input| !matches!(input, Input::Finished { .. }));
        self.answers = self.scenario.answers();
        for entry in &self.life.journal {
            match &entry.event {
                RunEvent::AttemptFinished { step, number, .. } => {
                    let none = Json::null();
                    self.answers.attempt(&Ask {
                        step,
                        number: *number,
                        kind: ActionKind::Http,
                        input: &none,
                    });
                }
                RunEvent::StepUncertain { step } => drop(self.answers.uncertain(step)),
                RunEvent::StepPaused { step, failure } => drop(self.answers.paused(step, failure)),
                RunEvent::ApprovalRequested { step, request } => {
                    self.answers.gate(step, request);
                }
                _ => {}
            }
        }
        match self.life.give(Input::Recover { alone: false })? {
            Ok(()) => Ok(()),
            Err(rejected) => Err(format!("recovery is refused: {rejected}")),
        }
    }
}

/// Inputs of an example that says none: what has no default gets the simplest value of its type.
fn inputs(plan: &Plan) -> Json {
    let mut given = Map::new();
    for (name, schema) in &plan.document.inputs {
        if schema.get("default").is_none() {
            let value = match schema["type"].as_str() {
                Some("integer" | "number") => json!(1),
                Some("array") => json!([1, 2]),
                Some("object") => json!({}),
                Some("boolean") => json!(true),
                _ => json!("text"),
            };
            given.insert(name.clone(), value);
        }
    }
    let checked = plan.check_inputs(&Value::Object(given));
    checked.unwrap_or_else(|findings| panic!("{}: {findings:?}", plan.document.name))
}

fn scenarios(example: &Example) -> Vec<Scenario> {
    let plan = example.plan();
    let mut tests = own_tests(&plan).expect("they were checked");
    if let Some(text) = example.tests() {
        let (value, _) = parse_value(text, Syntax::Yaml).expect(text);
        tests.extend(read_tests(value, &plan).expect(text));
    }
    let failing = example.failing().into_iter().map(str::to_owned);
    let failing: Vec<String> = failing.collect();
    let one = |place: String, inputs: Json, at: Timestamp, mocks: Mocks| {
        let mut start = super::start(&plan, inputs.value().clone());
        start.root = start.run;
        Scenario {
            place,
            plan: plan.clone(),
            start,
            at,
            mocks,
            failing: failing.clone(),
        }
    };
    if tests.is_empty() {
        let at = Timestamp(1_800_000_000_000);
        return vec![one(example.place(), inputs(&plan), at, Mocks::default())];
    }
    let tests = tests.into_iter().map(|test| {
        let place = format!("{}, {}", example.place(), test.name);
        let mut scenario = one(place, test.inputs, test.at, test.mocks);
        scenario.start.trigger = test.trigger.into();
        scenario.start.scheduled_at = test.scheduled_at;
        scenario
    });
    tests.collect()
}

/// What a run has come to, but for how often it tried.
fn came_to(lived: &Lived) -> Value {
    let run = &lived.life.run;
    let steps = run.steps();
    let steps = steps
        .iter()
        .map(|step| json!([step.path, step.status, step.output, step.input]));
    json!({
        "status": run.status(),
        "outputs": run.outputs(),
        "steps": steps.collect::<Vec<_>>(),
        "calls": lived.calls.keys().collect::<Vec<_>>(),
    })
}

/// The steps that a fault can hit.
fn steps_of(lived: &Lived) -> BTreeSet<StepPath> {
    let journal = lived.life.journal.iter();
    let steps = journal.filter_map(|entry| match &entry.event {
        RunEvent::AttemptStarted { step, .. }
        | RunEvent::ApprovalRequested { step, .. }
        | RunEvent::EventAwaited { step, .. } => Some(step.clone()),
        _ => None,
    });
    steps.collect()
}

/// What was counted.
#[derive(Debug, Default)]
struct Count {
    examples: usize,
    scenarios: usize,
    failed_in_turn: usize,
    run_twice: usize,
    answered_twice: usize,
    crashes: usize,
    cancels: usize,
    /// Ends, over all of these.
    ends: BTreeMap<&'static str, usize>,
    /// Runs that only a person could end, since nothing came that they waited for.
    canceled_by_hand: usize,
}

impl Count {
    fn end(&mut self, lived: &Lived) -> Result<(), String> {
        let status = lived.life.run.status();
        *self.ends.entry(status.name()).or_default() += 1;
        self.canceled_by_hand += usize::from(lived.stuck);
        match status {
            Status::Succeeded | Status::Failed | Status::Rejected | Status::Canceled => Ok(()),
            other => Err(format!("it ended as {}", other.name())),
        }
    }

    fn fails_in_turn(&mut self, scenario: &Scenario, base: &Lived) -> Result<(), String> {
        for step in steps_of(base) {
            for class in [
                FailureClass::Retryable,
                FailureClass::Permanent,
                FailureClass::Timeout,
                FailureClass::Uncertain,
            ] {
                let fails = Some((step.clone(), class));
                let told = |error| format!("{step} fails as {class:?}: {error}");
                let fault = Fault {
                    fails,
                    ..Fault::default()
                };
                let lived = scenario.lived(fault.clone()).map_err(told)?;
                self.end(&lived).map_err(told)?;
                self.failed_in_turn += 1;
                // What handles failures is hit by crashes too.
                if class == FailureClass::Permanent {
                    self.dies(scenario, &lived, &fault).map_err(told)?;
                }
            }
        }
        Ok(())
    }

    fn answers_come_twice(&mut self, scenario: &Scenario, base: &Lived) -> Result<(), String> {
        let twice = Fault {
            twice: true,
            ..Fault::default()
        };
        let lived = scenario.lived(twice)?;
        if lived.life.journal != base.life.journal {
            return Err("answers that come twice change what happens".into());
        }
        self.answered_twice += 1;
        Ok(())
    }

    /// After every fact; where that is the start of an attempt, its step runs twice.
    fn dies(&mut self, scenario: &Scenario, base: &Lived, fault: &Fault) -> Result<(), String> {
        let expected = came_to(base);
        for written in base.written_at_once()..=base.life.journal.len() {
            let last = &base.life.journal[written - 1].event;
            let told = |error| format!("it dies after fact {written}, {last:?}: {error}");
            let fault = Fault {
                dies: Some(written),
                ..fault.clone()
            };
            let lived = scenario.lived(fault).map_err(told)?;
            self.end(&lived).map_err(told)?;
            let found = came_to(&lived);
            if found != expected {
                return Err(told(format!(
                    "it comes to\n{found}\nand not to\n{expected}"
                )));
            }
            self.crashes += 1;
            if let RunEvent::AttemptStarted { step, .. } = last {
                self.run_twice += usize::from(ran_twice(scenario, &lived, step)?);
            }
        }
        Ok(())
    }

    fn canceled(&mut self, scenario: &Scenario, base: &Lived) -> Result<(), String> {
        for written in base.written_at_once()..=base.life.journal.len() {
            let told = |error| format!("it is canceled after fact {written}: {error}");
            let fault = Fault {
                canceled: Some(written),
                ..Fault::default()
            };
            let lived = scenario.lived(fault).map_err(told)?;
            self.end(&lived).map_err(told)?;
            self.cancels += 1;
        }
        Ok(())
    }
}

/// Whether the step that was under way when the process died has been run again, as its `delivery` says.
fn ran_twice(scenario: &Scenario, lived: &Lived, step: &StepPath) -> Result<bool, String> {
    let journal = || lived.life.journal.iter();
    let starts = journal().filter(
        |entry| matches!(&entry.event, RunEvent::AttemptStarted { step: path, .. } if path == step),
    );
    let keys: BTreeSet<&str> = starts
        .clone()
        .filter_map(|entry| match &entry.event {
            RunEvent::AttemptStarted {
                idempotency_key, ..
            } => Some(idempotency_key.as_str()),
            _ => None,
        })
        .collect();
    let uncertain = journal().any(
        |entry| matches!(&entry.event, RunEvent::StepUncertain { step: path } if path == step),
    );
    let once = scenario
        .plan
        .find(step)
        .is_some_and(|planned| planned.delivery == Delivery::AtMostOnce);
    if once && !uncertain {
        return Err(format!("{step} ran again, and nobody was asked"));
    }
    Ok(starts.count() > keys.len())
}

#[test]
fn every_example_ends_as_documented_whatever_happens() {
    let mut count = Count::default();
    let mut wrong = Vec::new();
    for example in examples().iter().filter(|example| !example.is_wrong()) {
        count.examples += 1;
        for scenario in scenarios(example) {
            count.scenarios += 1;
            let outcome = scenario.lived(Fault::default()).and_then(|base| {
                count.end(&base)?;
                count.fails_in_turn(&scenario, &base)?;
                count.answers_come_twice(&scenario, &base)?;
                count.dies(&scenario, &base, &Fault::default())?;
                count.canceled(&scenario, &base)
            });
            if let Err(error) = outcome {
                wrong.push(format!("{}: {error}", scenario.place));
            }
        }
    }
    println!("{count:#?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(count.run_twice > 100 && count.crashes > 1_000, "{count:?}");
}
