//! What held a run up holds up a version that is tried on it.

use super::super::*;
use super::ok;
use crate::Timestamp;
use crate::event::{Entry, Outcome, Status};
use crate::flow::{Claim, Per, Rate};
use crate::plan::Plan;
use crate::run::{ConnectionRates, Input, Known, Run};
use crate::testing::{plan, start};
use serde_json::json;
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
        journal.extend(run.handle(at(*seconds), input.clone()).unwrap());
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
