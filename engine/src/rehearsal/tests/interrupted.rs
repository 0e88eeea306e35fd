//! Versions tried on runs that a crash, a person's finding or the run's own time limit went through.

use super::super::*;
use super::{call, ok};
use crate::event::{Entry, Status};
use crate::plan::Plan;
use crate::run::{Effect, Input, Resolution, Run};
use crate::testing::{plan, start};
use crate::{Json, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;

const BEGIN: Timestamp = Timestamp(1_800_000_000_000);

/// A run under way, with its journal.
struct Lived {
    plan: Arc<Plan>,
    run: Run,
    journal: Vec<Entry>,
    now: Timestamp,
}

impl Lived {
    fn new(document: &Value) -> Self {
        let plan = plan(document);
        let (run, journal) = Run::begin(Arc::clone(&plan), start(&plan, json!({})), BEGIN);
        Self {
            plan,
            run,
            journal,
            now: BEGIN,
        }
    }

    fn give(&mut self, input: Input) -> &mut Self {
        self.now = Timestamp(self.now.0 + 1_000);
        self.journal
            .extend(self.run.handle(self.now, input).unwrap());
        self
    }

    fn ends(&mut self, id: &str, value: Value) -> &mut Self {
        let effect = self.run.effect(id);
        let Some(Effect::Attempt {
            step,
            number,
            fence,
            ..
        }) = effect
        else {
            panic!("{id} does not run: {effect:?}");
        };
        let outcome = ok(value);
        self.give(Input::Finished {
            step,
            number,
            fence,
            outcome,
        })
    }

    fn found_out(&mut self, id: &str, resolution: Resolution) -> &mut Self {
        self.give(Input::ResolveUncertain {
            step: id.into(),
            resolution,
            by: "user:ana".into(),
            reason: None,
        })
    }

    fn cancel(&mut self) -> &mut Self {
        let (by, reason) = ("user:ana".into(), None);
        self.give(Input::Cancel { by, reason })
    }

    /// Lets everything that is due by itself come.
    fn wait(&mut self) -> &mut Self {
        while let Some((at, _)) = self.run.next_deadline() {
            self.now = self.now.max(at);
            self.journal
                .extend(self.run.handle(self.now, Input::Tick).unwrap());
        }
        self
    }

    fn tried(&self, document: &Value) -> Trial {
        assert!(self.run.is_over(), "{:?}", self.run.waits_for());
        let recorded = Recorded::of(&self.plan, &self.journal);
        let mut answers = recorded.answers();
        let (start, kept) = (self.run.start().clone(), recorded.kept());
        let course = rehearse(&plan(document), start, kept, BEGIN, &mut answers);
        compare(&self.run, &recorded, &course)
    }
}

fn paid(delivery: &str) -> Value {
    let mut pay = call("pay", "/pay");
    pay["delivery"] = delivery.into();
    let mut tell = call("tell", "/tell/{{ steps.pay.output.json }}");
    tell["needs"] = json!(["pay"]);
    json!({ "steps": [pay, tell] })
}

fn same(lived: &Lived, document: &Value) {
    let trial = lived.tried(document);
    assert!(trial.same, "{trial:#?}");
}

#[test]
fn what_was_found_out_of_an_uncertain_step_is_taken_over() {
    let document = paid("at_most_once");
    let happened = || Resolution::Happened {
        output: Json::from(json!({ "json": 7 })),
    };
    for alone in [false, true] {
        let mut lived = Lived::new(&document);
        lived.give(Input::Recover { alone });
        lived.found_out("pay", happened());
        lived.ends("tell", json!({}));
        assert_eq!(lived.run.status(), Status::Succeeded);
        same(&lived, &document);
        // A version that repeats it has what was found out for its answer.
        same(&lived, &paid("at_least_once"));

        // Not once only, and not the same each time.
        let mut lived = Lived::new(&document);
        lived.give(Input::Recover { alone });
        lived.found_out("pay", Resolution::Again);
        lived.give(Input::Recover { alone });
        lived.found_out("pay", happened());
        lived.ends("tell", json!({}));
        same(&lived, &document);

        let mut lived = Lived::new(&document);
        lived.give(Input::Recover { alone });
        let message = "it did not happen".into();
        lived.found_out("pay", Resolution::Failed { message });
        assert_eq!(lived.run.status(), Status::Failed);
        same(&lived, &document);

        let mut lived = Lived::new(&document);
        lived.give(Input::Recover { alone }).cancel();
        assert_eq!(lived.run.status(), Status::Canceled);
        same(&lived, &document);
    }
}

#[test]
fn what_began_again_after_a_crash_is_one_call() {
    let mut document = paid("at_least_once");
    document["steps"][0]["on_error"] = "pause".into();
    let mut lived = Lived::new(&document);
    lived.give(Input::Recover { alone: false });
    lived.give(Input::Recover { alone: false });
    lived.ends("pay", json!({ "json": 7 }));
    lived.give(Input::Recover { alone: false });
    lived.ends("tell", json!({}));
    same(&lived, &document);
    let trial = lived.tried(&document);
    assert_eq!(trial.equal_calls, 2);
}

#[test]
fn a_step_of_which_the_server_died_stays_given_up() {
    let document = json!({ "steps": [call("pay", "/pay")] });
    let mut lived = Lived::new(&document);
    for _ in 0..2 {
        lived.give(Input::Recover { alone: true });
    }
    lived.give(Input::Recover { alone: false });
    for _ in 0..2 {
        lived.give(Input::Recover { alone: true });
    }
    assert_eq!(lived.run.status(), Status::Running);
    lived.give(Input::Recover { alone: true });
    assert_eq!(lived.run.status(), Status::Failed);
    same(&lived, &document);
}

#[test]
fn deaths_that_are_in_no_row_are_not_counted_again() {
    let document = json!({ "steps": [call("pay", "/pay")] });
    let mut lived = Lived::new(&document);
    for _ in 0..3 {
        lived.give(Input::Recover { alone: true });
        lived.give(Input::Recover { alone: true });
        lived.give(Input::Recover { alone: false });
    }
    lived.ends("pay", json!({ "ok": true }));
    assert_eq!(lived.run.status(), Status::Succeeded);
    same(&lived, &document);
}

#[test]
fn a_run_that_timed_out_in_an_escalated_gate_times_out_again() {
    let gate = json!({ "id": "gate", "action": "approval_gate", "with": {
        "title": "Go?", "timeout": "1h", "on_timeout": "escalate", "escalate_to": ["user:eva"], "remind": "20m" } });
    let document = json!({ "timeout": "90m", "steps": [gate.clone()] });
    let mut lived = Lived::new(&document);
    lived.wait();
    assert_eq!(lived.run.status(), Status::Failed);
    same(&lived, &document);
    // Beside a call that had not come back by then.
    let document = json!({ "timeout": "90m", "steps": [gate, call("slow", "/slow")] });
    let mut lived = Lived::new(&document);
    lived.wait();
    assert_eq!(lived.run.status(), Status::Failed);
    same(&lived, &document);
}
