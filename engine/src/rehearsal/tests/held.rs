//! What held a run up holds up a version that is tried on it.

use super::super::*;
use super::ok;
use crate::Timestamp;
use crate::definition::FailureClass;
use crate::event::{Entry, Failure, Outcome, Status};
use crate::flow::{Claim, Per, Rate};
use crate::plan::Plan;
use crate::run::{ConnectionRates, Input, Known, ResumeAnswer, Run};
use crate::testing::{plan, start};
use serde_json::{Value, json};
use std::sync::Arc;

/// The second step asks for the first one's answer; where it goes differs from version to version.
fn version(path: &str) -> Arc<Plan> {
    plan(&json!({ "steps": [
        { "id": "ask", "action": "http", "with": { "connection": "slow", "path": "/ask" } },
        { "id": "tell", "action": "http", "needs": ["ask"], "with": { "connection": "slow", "path": path } },
    ] }))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp(1_800_000_000_000 + seconds * 1_000)
}

/// A run that is queued and whose connection has a rate, given these inputs.
fn held(plan: &Arc<Plan>, inputs: &[(i64, Input)]) -> (Run, Vec<Entry>) {
    let rate = Rate::new(1, Per::Minute).unwrap();
    let rates = ConnectionRates::from([("slow".to_owned(), rate)]);
    let known = Known {
        rates: Some(Arc::new(rates)),
        children: None,
    };
    let claim = Claim {
        priority: 0,
        key: None,
    };
    let begin = start(plan, json!({}));
    let (mut run, mut journal) =
        Run::begin_knowing(plan.clone(), begin, Vec::new(), Some(claim), known, at(0));
    for (seconds, input) in inputs {
        let facts = run.handle(at(*seconds), input.clone());
        journal
            .extend(facts.unwrap_or_else(|why| panic!("{input:?}: {why} in {:?}", run.pending())));
    }
    (run, journal)
}

/// The first attempt of a step succeeds.
fn answered(step: &str, fence: u64) -> Input {
    let outcome: Outcome = ok(json!({ "json": 1 }));
    Input::Finished {
        step: step.into(),
        number: 1,
        fence,
        outcome,
    }
}

fn permit(step: &str) -> Input {
    Input::Permit { step: step.into() }
}

fn tried(new: &Arc<Plan>, old: &Arc<Plan>, run: &Run, journal: &[Entry]) -> Trial {
    let recorded = Recorded::of(old, journal);
    let begin = run.start().clone();
    let course = rehearse(new, begin, recorded.kept(), at(0), &mut recorded.answers());
    compare(run, &recorded, &course)
}

fn person() -> (String, Option<String>) {
    ("user:ana".into(), None)
}

#[test]
fn a_call_that_its_turn_or_a_rate_held_back_until_the_end_is_made_by_no_version() {
    let (old, new) = (version("/tell"), version("/told"));
    let (by, reason) = person();
    let cancel = Input::Cancel { by, reason };
    let begun = [
        (60, Input::Admit),
        (90, permit("ask")),
        (91, answered("ask", 1)),
    ];
    for held_until in [(100, None), (200, Some(permit("tell")))] {
        let mut inputs = begun.to_vec();
        let (ends, permitted) = held_until;
        inputs.extend(permitted.clone().map(|permit| (ends - 1, permit)));
        inputs.push((ends, cancel.clone()));
        let (run, journal) = held(&old, &inputs);
        assert_eq!(run.status(), Status::Canceled);
        let trial = tried(&new, &old, &run, &journal);
        // Where the rate let it through, the other version's call is another one.
        let changed: Vec<(ChangeKind, &str)> = trial
            .calls
            .iter()
            .map(|call| (call.kind, &*call.path.0))
            .collect();
        match permitted {
            None => assert!(trial.same, "{trial:#?}"),
            Some(_) => assert_eq!(changed, [(ChangeKind::Changed, "tell")]),
        }
        assert!(trial.stops.is_empty(), "{trial:#?}");
    }
    // Nothing of it had begun.
    let (run, journal) = held(&old, &[(30, cancel)]);
    let trial = tried(&new, &old, &run, &journal);
    assert!(trial.same, "{trial:#?}");
}

#[test]
fn a_pause_holds_up_what_it_held_up() {
    let (old, new) = (version("/tell"), version("/told"));
    let (by, reason) = person();
    let pause = Input::Pause { by, reason };
    let (by, reason) = person();
    let cancel = Input::Cancel { by, reason };
    let inputs = [
        (1, Input::Admit),
        (2, permit("ask")),
        (3, pause),
        (4, answered("ask", 1)),
        (500, cancel),
    ];
    let (run, journal) = held(&old, &inputs);
    assert_eq!(run.status(), Status::Canceled);
    let trial = tried(&new, &old, &run, &journal);
    assert!(trial.same, "{trial:#?}");
}

#[test]
fn a_turn_that_the_earlier_run_did_not_wait_for_comes_at_once() {
    let old = version("/tell");
    let inputs = [
        (60, Input::Admit),
        (90, permit("ask")),
        (91, answered("ask", 1)),
        (99, permit("tell")),
        (100, answered("tell", 2)),
    ];
    let (run, journal) = held(&old, &inputs);
    assert_eq!(run.status(), Status::Succeeded);
    // It waits in between, gives its turn back, and has to be let go again.
    let new = plan(&json!({ "steps": [
        { "id": "ask", "action": "http", "with": { "connection": "slow", "path": "/ask" } },
        { "id": "rest", "action": "wait", "needs": ["ask"], "with": { "for": "1h" } },
        { "id": "tell", "action": "http", "needs": ["rest"], "with": { "connection": "slow", "path": "/tell" } },
    ] }));
    let trial = tried(&new, &old, &run, &journal);
    assert_eq!(trial.status_after, Status::Succeeded, "{trial:#?}");
    assert!(
        trial.calls.is_empty() && trial.stops.is_empty(),
        "{trial:#?}"
    );
    assert_eq!(trial.equal_calls, 2);
}

/// Two steps beside each other; what fails in the old version is left out of the new one.
fn beside(other: &Value) -> Arc<Plan> {
    plan(&json!({ "timeout": "2h", "steps": [
        { "id": "ask", "action": "http", "with": { "connection": "slow", "path": "/ask" } },
        other,
    ] }))
}

#[test]
fn what_held_the_run_up_for_longer_than_it_lasted_is_where_the_trial_stops() {
    let old = beside(
        &json!({ "id": "other", "action": "http", "with": { "connection": "quick", "path": "/" } }),
    );
    let new = beside(&json!({ "id": "other", "action": "transform", "with": { "value": 1 } }));
    let failed = Input::Finished {
        step: "other".into(),
        number: 1,
        fence: 1,
        outcome: Outcome::Failed {
            failure: Failure::new(FailureClass::Permanent, "broken", "it broke"),
            retry_after_ms: None,
        },
    };
    let (by, reason) = person();
    let pause = Input::Pause { by, reason };
    // The rate never let `ask` begin; and it was paused for good besides.
    for inputs in [
        vec![(1, Input::Admit), (9, failed.clone())],
        vec![(1, Input::Admit), (3, pause), (9, failed)],
    ] {
        let (run, journal) = held(&old, &inputs);
        assert_eq!(run.status(), Status::Failed);
        let trial = tried(&new, &old, &run, &journal);
        let stops: Vec<&str> = trial.stops.iter().map(|stop| &*stop.code).collect();
        assert_eq!(stops, ["held_up"], "{trial:#?}");
        // Its time limit says nothing about it.
        assert_ne!(trial.status_after, Status::Failed);
    }
}

#[test]
fn one_step_that_a_person_let_go_on_with_the_run_is_one_here_too() {
    let step = |id: &str| json!({ "id": id, "action": "http", "with": { "connection": "quick", "path": id }, "on_error": "pause" });
    let last =
        |value: i64| json!({ "id": "last", "action": "transform", "with": { "value": value } });
    let version = |value| plan(&json!({ "steps": [step("a"), step("b"), last(value)] }));
    let (old, new) = (version(1), version(2));
    let fails = |step: &str, fence| Input::Finished {
        step: step.into(),
        number: 1,
        fence,
        outcome: Outcome::Failed {
            failure: Failure::new(FailureClass::Permanent, "broken", "it broke"),
            retry_after_ms: None,
        },
    };
    let resume = |step: &str, answer: ResumeAnswer| {
        let (by, reason) = person();
        Input::Resume {
            by,
            reason,
            step: Some(step.into()),
            answer,
        }
    };
    let (by, reason) = person();
    let again = ResumeAnswer::Again { input: None };
    let inputs = [
        (1, Input::Admit),
        (2, fails("a", 1)),
        (3, fails("b", 2)),
        (4, Input::Pause { by, reason }),
        (5, resume("a", again)),
        // While both steps waited for a person, it had given its turn back.
        (5, Input::Admit),
        (
            6,
            Input::Finished {
                step: "a".into(),
                number: 2,
                fence: 3,
                outcome: ok(json!({})),
            },
        ),
        (7, resume("b", ResumeAnswer::Fail)),
    ];
    let (run, journal) = held(&old, &inputs);
    assert_eq!(run.status(), Status::Failed);
    let trial = tried(&new, &old, &run, &journal);
    assert!(trial.same, "{trial:#?}");
}
