//! A run of an example through one fault.

use super::super::witness::Witness;
use super::world::Scenario;
use crate::definition::{Delivery, FailureClass};
use crate::event::{
    ApprovalRequest, Decision, Entry, Failure, Outcome, RunEvent, StepPath, Verdict,
};
use crate::flow::{Claim, Standing};
use crate::plan::ActionKind;
use crate::rehearsal::{Answer, Answers, Ask, EventAnswer, GateAnswer, Layers, Vote};
use crate::run::{Effect, Heard, Input, Rejected, ResumeAnswer};
use crate::{EventId, Json, Span, Timestamp};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What is done to a run.
#[derive(Debug, Clone, Default)]
pub(super) struct Fault {
    /// Every attempt of this step fails like this; a gate is rejected, an event does not come.
    pub(super) fails: Option<(StepPath, FailureClass)>,
    /// Each answer comes twice.
    pub(super) twice: bool,
    /// The process dies once so many facts are written.
    pub(super) dies: Option<usize>,
    /// A person cancels once so many facts are written.
    pub(super) canceled: Option<usize>,
}

/// What came of a run.
pub(super) struct Lived {
    pub(super) life: Witness,
    /// The calls by their idempotency keys: what they asked for.
    pub(super) calls: BTreeMap<String, Json>,
    /// Whether a person had to cancel it, since nothing else could happen.
    pub(super) stuck: bool,
}

impl Lived {
    /// How many facts a start writes at once: whoever sees the run sees all of them.
    pub(super) fn written_at_once(&self) -> usize {
        let queued = self.life.journal.iter().take(2);
        queued
            .filter(|entry| {
                let event = &entry.event;
                matches!(event, RunEvent::Created(_) | RunEvent::Queued { .. })
            })
            .count()
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
    pub(super) fn lived(&self, fault: Fault) -> Result<Lived, String> {
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
            delivery: Delivery::default(),
        });
        if self.life.run.plan().checked(&step).is_none() {
            self.calls.insert(idempotency_key, input);
        }
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
        if let Some(resolved) = self.answers.uncertain(step) {
            let input = Input::ResolveUncertain {
                step: step.clone(),
                resolution: resolved.resolution,
                by: "ana".into(),
                reason: None,
            };
            self.later(resolved.after, input);
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
                        delivery: Delivery::default(),
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
