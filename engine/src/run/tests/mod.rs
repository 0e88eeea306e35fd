//! The semantics of a run, one by one.

mod artifacts;
mod attempts;
mod bytes;
mod cancels;
mod checks;
mod children;
mod endings;
mod for_each;
mod gates;
mod handlers;
mod hear;
mod joins;
mod journal;
mod kept;
mod pauses;
mod rates;
mod repeat;
mod reviews;
mod scale;
mod steps;
mod turns;
mod undo;

use super::*;
use crate::definition::FailureClass;
use crate::event::{Decision, Outcome, Verdict};
use crate::testing::{plan, start};
use crate::{ApprovalId, Span};
use serde_json::{Value, json};

/// A run of a document, with short ways to drive it.
pub(super) struct Bench {
    pub(super) run: Run,
    pub(super) journal: Vec<Entry>,
    pub(super) now: Timestamp,
}

pub(super) const BEGIN: Timestamp = Timestamp(1_800_000_000_000);

impl Bench {
    pub(super) fn new(document: Value) -> Self {
        Self::with_inputs(document, json!({}))
    }

    pub(super) fn with_inputs(document: Value, inputs: Value) -> Self {
        let plan = plan(&document);
        let (run, journal) = Run::begin(plan.clone(), start(&plan, inputs), BEGIN);
        run.check().unwrap();
        Self {
            run,
            journal,
            now: BEGIN,
        }
    }

    /// Gives an input that is in place; a fresh replay must agree afterwards.
    pub(super) fn give(&mut self, input: Input) -> &mut Self {
        self.journal
            .extend(self.run.handle(self.now, input).unwrap());
        self.run.check().unwrap();
        let replayed = Run::replay(self.run.plan().clone(), self.journal.clone()).unwrap();
        assert_eq!(replayed.dump(), self.run.dump());
        self
    }

    pub(super) fn refused(&mut self, input: Input) -> Rejected {
        let before = self.run.dump();
        let rejected = self.run.handle(self.now, input).unwrap_err();
        assert_eq!(before, self.run.dump());
        rejected
    }

    pub(super) fn answer(&mut self, step: &str, outcome: Outcome) -> &mut Self {
        let input = self.finished(step, outcome);
        self.give(input)
    }

    /// The answer that the running attempt of a step would give.
    pub(super) fn finished(&self, step: &str, outcome: Outcome) -> Input {
        let effect = self.effect(step);
        let Effect::Attempt {
            step,
            number,
            fence,
            ..
        } = effect;
        Input::Finished {
            step,
            number,
            fence,
            outcome,
        }
    }

    pub(super) fn effect(&self, id: &str) -> Effect {
        let effect = self.run.effect(id);
        let effect = effect.unwrap_or_else(|| panic!("{id} does not run"));
        assert!(self.run.pending().contains(&effect));
        effect
    }

    pub(super) fn ok(&mut self, step: &str) -> &mut Self {
        self.answer(step, succeeded(json!(step)))
    }

    pub(super) fn fail(&mut self, step: &str, class: FailureClass) -> &mut Self {
        self.answer(step, failed(class))
    }

    /// Time passes, and a tick comes.
    pub(super) fn pass(&mut self, span: &str) -> &mut Self {
        self.now = self.now.after(span.parse::<Span>().unwrap());
        self.give(Input::Tick)
    }

    pub(super) fn approval(&self) -> ApprovalId {
        self.run.approvals()[0].request.approval
    }

    pub(super) fn vote(&mut self, by: &str, verdict: Verdict) -> &mut Self {
        let input = self.voting(by, verdict);
        self.give(input)
    }

    pub(super) fn voting(&self, by: &str, decision: Verdict) -> Input {
        Input::Decide {
            approval: self.approval(),
            decision: Decision {
                decision,
                by: by.into(),
                comment: Some("seen".into()),
                fields: None,
                at: self.now,
                own_run: false,
            },
        }
    }

    pub(super) fn cancel(&mut self) -> &mut Self {
        self.give(Input::Cancel {
            by: "ana".into(),
            reason: Some("no longer wanted".into()),
        })
    }

    /// The lists of handlers that have begun, and the end of the run's own work before them.
    pub(super) fn handlers(&self) -> Vec<String> {
        let facts = self.journal.iter().filter_map(|entry| match &entry.event {
            RunEvent::WorkFinished { status, .. } => Some(status.name()),
            RunEvent::HandlersStarted { list } => Some(list.name()),
            _ => None,
        });
        facts.map(ToOwned::to_owned).collect()
    }

    /// What a step gave, as text.
    pub(super) fn output(&self, step: &str) -> String {
        let output = self.run.step(step).unwrap().output;
        output.map_or_else(|| "none".into(), |output| output.text().to_owned())
    }

    pub(super) fn status(&self, step: &str) -> Status {
        self.run.step(step).unwrap().status
    }

    /// All steps and the run, as `a=succeeded b=failed run=failed`.
    pub(super) fn line(&self) -> String {
        let mut line = String::new();
        for step in self.run.steps() {
            line.push_str(&format!("{}={} ", step.path, step.status.name()));
        }
        line.push_str(&format!("run={}", self.run.status().name()));
        line
    }

    pub(super) fn running(&self) -> Vec<String> {
        let running = self.run.running();
        running
            .map(|(step, number, _)| format!("{step}#{number}"))
            .collect()
    }

    pub(super) fn deadline(&self) -> String {
        match self.run.next_deadline() {
            Some((at, reason)) => format!("+{} {reason:?}", at.since(BEGIN)),
            None => "none".into(),
        }
    }
}

pub(super) fn succeeded(output: Value) -> Outcome {
    Outcome::Succeeded {
        output: output.into(),
    }
}

pub(super) fn failed(class: FailureClass) -> Outcome {
    Outcome::Failed {
        failure: Failure::new(class, "broken", "it broke"),
        retry_after_ms: None,
    }
}

/// A step of kind http without needs; `more` adds to it.
pub(super) fn call(id: &str, more: Value) -> Value {
    let mut step = json!({"id": id, "action": "http", "with": {"path": "/"}});
    step.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    step
}

/// A transform.
pub(super) fn value(id: &str, value: Value) -> Value {
    json!({"id": id, "action": "transform", "with": {"value": value}})
}

/// A `for_each` named `each` over inputs.items, or what `more` says; then the body.
pub(super) fn each(more: Value, body: Value) -> Value {
    let mut looped = json!({"items": "{{ inputs.items }}"});
    looped
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json!({"id": "each", "for_each": looped, "steps": body})
}

/// A run of these steps over these items.
pub(super) fn over(items: Value, steps: Value) -> Bench {
    Bench::with_inputs(
        json!({"inputs": {"items": {}}, "steps": steps}),
        json!({"items": items}),
    )
}

#[test]
fn runs_can_be_handed_from_thread_to_thread() {
    fn holds<T: Send + Sync + 'static>() {}
    holds::<Run>();
    holds::<Effect>();
    holds::<Rejected>();
}
