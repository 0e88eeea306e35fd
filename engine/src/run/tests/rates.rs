//! Attempts that wait for the rate of a connection.

use super::*;
use crate::event::StepPath;
use crate::flow::{Claim, Standing};
use crate::run::ConnectionRates;
use std::sync::Arc;

fn rates() -> Option<Arc<ConnectionRates>> {
    let rate = "30/m".parse().unwrap();
    Some(Arc::new(ConnectionRates::from([("crm".into(), rate)])))
}

fn sends(id: &str, more: Value) -> Value {
    let mut step = call(id, more);
    step["with"] = json!({ "connection": "crm", "path": "/" });
    step
}

fn rated(document: Value, claim: Option<Claim>) -> Bench {
    let plan = plan(&document);
    let begin = start(&plan, json!({}));
    let (run, journal) = Run::begin_limited(plan, begin, Vec::new(), claim, rates(), BEGIN);
    run.check().unwrap();
    Bench {
        run,
        journal,
        now: BEGIN,
    }
}

fn permit(step: &str) -> Input {
    Input::Permit { step: step.into() }
}

impl Bench {
    fn throttled(&self) -> Vec<String> {
        let waits = self.run.throttled().into_iter();
        waits.map(|(step, _)| step.to_string()).collect()
    }
}

#[test]
fn an_attempt_starts_when_the_rate_lets_it_and_steps_without_one_at_once() {
    let mut bench = rated(
        json!({ "priority": 4, "steps": [sends("a", json!({})), call("free", json!({})), sends("b", json!({ "needs": ["a"] }))] }),
        None,
    );
    assert_eq!(bench.line(), "a=waiting free=running b=queued run=running");
    assert_eq!(
        (bench.throttled(), bench.running()),
        (vec!["a".into()], vec!["free#1".into()])
    );
    bench.ok("free");
    assert_eq!(bench.run.status(), Status::Waiting);
    assert_eq!(
        bench.run.waits_for(),
        "step a waits for the rate of connection crm"
    );
    let says = |step: &StepPath| Some(format!("of {step} is known more"));
    assert_eq!(bench.run.waits_for_with(says), "step a of a is known more");
    let wait = bench.run.throttled_at(&"a".into()).unwrap();
    assert_eq!(
        (wait.connection.as_str(), wait.since, wait.priority),
        ("crm", BEGIN, 4)
    );
    assert_eq!(bench.refused(permit("b")), Rejected::NotAwaited);
    assert_eq!(bench.refused(permit("free")), Rejected::NotAwaited);
    bench.pass("10s").give(permit("a"));
    assert_eq!(bench.running(), ["a#1"]);
    assert_eq!(bench.refused(permit("a")), Rejected::NotAwaited);
    let begun = bench.run.step("a").unwrap();
    assert_eq!(
        (begun.started_at, begun.attempts[0].started_at),
        (Some(BEGIN), bench.now)
    );
    bench.run.know_rates(rates());
    bench.ok("a");
    assert_eq!(bench.throttled(), ["b"]);
    bench.give(permit("b")).ok("b");
    assert_eq!(
        bench.line(),
        "a=succeeded free=succeeded b=succeeded run=succeeded"
    );
}

#[test]
fn a_retry_waits_too_and_not_longer_than_all_attempts_may_take() {
    let retry = json!({ "timeout": "10s", "retry": { "attempts": 9, "backoff": "1s", "factor": 1.0, "jitter": false, "total": "1m" } });
    let mut bench = rated(json!({ "steps": [sends("a", retry)] }), None);
    assert_eq!(
        bench.deadline(),
        "none",
        "the time limits begin with the first attempt"
    );
    bench.pass("2h").give(permit("a"));
    bench.fail("a", FailureClass::Retryable).pass("1s");
    assert_eq!(
        (bench.throttled(), bench.running().len()),
        (vec!["a".to_owned()], 0)
    );
    assert_eq!(bench.deadline(), "+121m RateTimeout { step: a }");
    bench.pass("30s").give(permit("a"));
    assert_eq!(bench.running(), ["a#2"]);
    bench
        .fail("a", FailureClass::Retryable)
        .pass("1s")
        .pass("30s");
    assert_eq!(bench.line(), "a=failed run=failed");
    assert_eq!(bench.run.failure().unwrap().code, "broken");
}

#[test]
fn a_pause_keeps_a_step_from_beginning_and_its_place() {
    let mut bench = rated(json!({ "steps": [sends("a", json!({}))] }), None);
    let pause = Input::Pause {
        by: "ana".into(),
        reason: None,
    };
    bench.give(pause);
    assert_eq!(bench.throttled(), Vec::<String>::new());
    assert_eq!(bench.refused(permit("a")), Rejected::NotItsTurn);
    let resume = Input::Resume {
        by: "ana".into(),
        reason: None,
        step: None,
        answer: ResumeAnswer::Again { input: None },
    };
    bench.pass("1h").give(resume);
    let wait = bench.run.throttled_at(&"a".into()).unwrap();
    assert_eq!(wait.since, BEGIN);
    bench.give(permit("a")).ok("a");
    assert_eq!(bench.line(), "a=succeeded run=succeeded");
}

#[test]
fn a_run_that_waits_for_a_rate_keeps_its_slots_and_a_cancel_ends_it() {
    let claim = Claim {
        priority: 2,
        key: None,
    };
    let mut bench = rated(
        json!({ "steps": [sends("a", json!({}))], "finally": [sends("clean", json!({}))] }),
        Some(claim),
    );
    bench.run.know_rates(rates());
    assert_eq!(bench.throttled(), Vec::<String>::new());
    bench.give(Input::Admit);
    assert_eq!(
        (bench.throttled(), bench.run.standing()),
        (vec!["a".into()], Standing::Working)
    );
    assert_eq!(bench.run.priority(), 2);
    bench.cancel();
    assert_eq!(bench.status("a"), Status::Canceled);
    // What cleans up takes its turn, too.
    assert_eq!(bench.throttled(), ["finally.clean"]);
    bench.give(permit("finally.clean")).ok("finally.clean");
    assert_eq!(bench.run.status(), Status::Canceled);
    assert_eq!(bench.run.step("a").unwrap().attempts, []);
}

#[test]
fn an_attempt_that_a_crash_interrupted_waits_again_and_one_that_happens_once_does_not() {
    let mut bench = rated(
        json!({ "steps": [sends("a", json!({})), sends("once", json!({ "delivery": "at_most_once" }))] }),
        None,
    );
    bench.give(permit("a")).give(permit("once"));
    let mut run = Run::replay(bench.run.plan().clone(), bench.journal.clone()).unwrap();
    run.know_rates(rates());
    bench.run = run;
    bench.give(Input::Recover { alone: false });
    assert_eq!(bench.line(), "a=waiting once=uncertain run=waiting");
    bench.give(permit("a"));
    assert_eq!(bench.running(), ["a#2"]);
    let again = Input::ResolveUncertain {
        step: "once".into(),
        resolution: Resolution::Again,
        by: "ana".into(),
        reason: None,
    };
    bench.give(again);
    assert_eq!(bench.throttled(), ["once"]);
    bench.give(permit("once")).ok("once").ok("a");
    assert_eq!(bench.run.status(), Status::Succeeded);
}

#[test]
fn a_journal_with_a_wait_of_another_kind_of_step_is_not_that_of_a_run() {
    let plan =
        plan(&json!({ "steps": [{ "id": "a", "action": "transform", "with": { "value": 1 } }] }));
    let (_, mut journal) = Run::begin(plan.clone(), start(&plan, json!({})), BEGIN);
    journal.truncate(2);
    journal[1].event = RunEvent::RateAwaited {
        step: "a".into(),
        connection: "crm".into(),
    };
    assert_eq!(
        Run::replay(plan, journal).unwrap_err().message,
        "the step is of another kind"
    );
}
