//! `undo` and `undo_on_failure`.

use super::kept::again;
use super::*;
use crate::rehearsal::{Ended, retain};

/// A call that can be undone.
fn doing(id: &str, more: Value) -> Value {
    let with = json!({"path": format!("/undo/{{{{ steps.{id}.output }}}}")});
    let mut step = call(id, json!({"undo": {"action": "http", "with": with}}));
    step.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    step
}

fn undoing(steps: Value) -> Bench {
    Bench::new(json!({"undo_on_failure": true, "steps": steps}))
}

fn input(bench: &Bench, step: &str) -> String {
    bench
        .run
        .step(step)
        .unwrap()
        .input
        .unwrap()
        .text()
        .to_owned()
}

fn key(bench: &Bench, step: &str) -> String {
    let Effect::Attempt {
        idempotency_key, ..
    } = bench.effect(step);
    idempotency_key
}

#[test]
fn what_succeeded_is_undone_one_by_one_the_last_first() {
    let mut bench = Bench::new(json!({
        "undo_on_failure": true,
        "steps": [
            doing("a", json!({})),
            doing("b", json!({})),
            call("c", json!({})),
            doing("last", json!({"needs": ["a", "b", "c"]})),
        ],
        "on_failure": [value("seen", json!("{{ steps.a.status }}"))],
        "finally": [value("end", json!(1))],
    }));
    bench.ok("b").ok("c").ok("a");
    bench.fail("last", FailureClass::Permanent);
    assert_eq!(bench.running(), ["a.undo#1"]);
    assert_eq!(input(&bench, "a.undo"), r#"{"path":"/undo/a"}"#);
    assert_eq!(
        bench.run.waits_for(),
        "attempt 1 of step a.undo runs; `undo` runs"
    );
    bench.ok("a.undo");
    assert_eq!(bench.running(), ["b.undo#1"]);
    assert_eq!(bench.run.step("a").unwrap().undo, Some(Status::Succeeded));
    assert_eq!(bench.run.step("b").unwrap().undo, Some(Status::Running));
    bench.ok("b.undo");
    assert_eq!(
        bench.handlers(),
        ["failed", "undo", "on_failure", "finally"]
    );
    assert_eq!(
        bench.line(),
        "a=succeeded a.undo=succeeded b=succeeded b.undo=succeeded c=succeeded last=failed \
         on_failure.seen=succeeded finally.end=succeeded run=failed"
    );
}

#[test]
fn nothing_is_undone_after_success_or_a_cancel_or_unasked() {
    let steps = json!([doing("a", json!({})), call("b", json!({"needs": ["a"]}))]);
    let mut bench = undoing(steps.clone());
    bench.ok("a").ok("b");
    assert_eq!(bench.line(), "a=succeeded b=succeeded run=succeeded");
    let mut bench = undoing(steps.clone());
    bench.ok("a").cancel();
    assert_eq!(bench.line(), "a=succeeded b=canceled run=canceled");
    let mut bench = Bench::new(json!({"steps": steps}));
    bench.ok("a").fail("b", FailureClass::Permanent);
    assert_eq!(bench.line(), "a=succeeded b=failed run=failed");
}

#[test]
fn a_refusal_and_the_time_of_the_run_undo_too() {
    let gate = json!({"id": "gate", "action": "approval_gate", "needs": ["a"], "with": {}});
    let mut bench = undoing(json!([doing("a", json!({})), gate]));
    bench.ok("a").vote("ben", Verdict::Reject);
    bench.ok("a.undo");
    assert_eq!(bench.run.status(), Status::Rejected);
    let mut bench = Bench::new(json!({
        "undo_on_failure": true, "timeout": "1m",
        "steps": [doing("a", json!({})), doing("b", json!({})), call("c", json!({}))],
    }));
    bench.ok("a").ok("b").pass("1m");
    assert_eq!(bench.running(), ["b.undo#1"]);
    // Undoing has a minute of its own; what is not undone by then stays.
    bench.pass("1m");
    assert_eq!(bench.run.step("b").unwrap().undo, Some(Status::Canceled));
    assert_eq!(bench.run.step("a").unwrap().undo, None);
    assert_eq!(bench.run.status(), Status::Failed);
}

#[test]
fn an_undo_that_fails_is_shown_and_the_others_go_on() {
    let retry = json!({"retry": {"attempts": 2, "backoff": "1s", "jitter": false}});
    let mut bench = undoing(json!([
        doing("a", json!({})),
        doing("b", retry),
        call("c", json!({"needs": ["a", "b"]})),
    ]));
    bench.ok("a").ok("b").fail("c", FailureClass::Permanent);
    // It is tried as often as its step may be.
    bench.fail("b.undo", FailureClass::Retryable).pass("1s");
    assert_eq!(bench.running(), ["b.undo#2"]);
    bench.fail("b.undo", FailureClass::Retryable).ok("a.undo");
    assert_eq!(
        bench.line(),
        "a=succeeded a.undo=succeeded b=succeeded b.undo=failed c=failed run=failed"
    );
    assert_eq!(bench.run.step("b").unwrap().undo, Some(Status::Failed));
    assert_eq!(bench.run.failure().unwrap().code, "broken");
}

#[test]
fn the_steps_of_passes_are_undone_with_their_own_values() {
    let undo = json!({"action": "http", "with": {
        "path": "/{{ item }}/{{ loop.index }}/{{ steps.pay.output }}/{{ steps.first.output }}",
    }});
    let mut bench = Bench::new(json!({"undo_on_failure": true, "steps": [
        value("first", json!("F")),
        {"id": "each", "needs": ["first"], "for_each": {"items": ["x", "y"], "max_parallel": 2}, "steps": [
            call("pay", json!({"undo": undo})),
        ]},
        call("last", json!({"needs": ["each"]})),
    ]}));
    bench.ok("each[1].pay").ok("each[0].pay");
    bench.fail("last", FailureClass::Permanent);
    assert_eq!(
        input(&bench, "each[0].pay.undo"),
        r#"{"path":"/x/0/each[0].pay/F"}"#
    );
    bench.ok("each[0].pay.undo");
    assert_eq!(
        input(&bench, "each[1].pay.undo"),
        r#"{"path":"/y/1/each[1].pay/F"}"#
    );
    bench.ok("each[1].pay.undo");
    assert_eq!(
        bench.line(),
        "first=succeeded each=succeeded each[0].pay=succeeded each[0].pay.undo=succeeded \
         each[1].pay=succeeded each[1].pay.undo=succeeded last=failed run=failed"
    );
}

#[test]
fn a_second_cancel_stops_undoing() {
    let mut bench = undoing(json!([
        doing("a", json!({})),
        doing("b", json!({})),
        call("c", json!({})),
    ]));
    bench.ok("a").ok("b").fail("c", FailureClass::Permanent);
    bench.cancel();
    assert_eq!(bench.running(), ["b.undo#1"]);
    bench.cancel();
    assert_eq!(
        bench.line(),
        "a=succeeded b=succeeded b.undo=canceled c=failed run=failed"
    );
}

#[test]
fn an_undo_that_may_not_be_repeated_waits_for_a_person_after_a_crash() {
    let once = json!({"delivery": "at_most_once"});
    let mut bench = undoing(json!([
        doing("a", once),
        call("b", json!({"needs": ["a"]}))
    ]));
    bench.ok("a").fail("b", FailureClass::Permanent);
    bench.give(Input::Recover { alone: false });
    assert_eq!(bench.status("a.undo"), Status::Uncertain);
    bench.give(Input::ResolveUncertain {
        step: "a.undo".into(),
        resolution: Resolution::Happened {
            output: json!(1).into(),
        },
        by: "ben".into(),
        reason: None,
    });
    assert_eq!(bench.run.status(), Status::Failed);
    assert_eq!(bench.run.step("a").unwrap().undo, Some(Status::Succeeded));
}

#[test]
fn a_retry_does_again_what_was_undone_and_with_another_key() {
    let steps = json!([
        call("plain", json!({})),
        doing("a", json!({})),
        doing("stays", json!({})),
        call("b", json!({"needs": ["a", "stays", "plain"]})),
    ]);
    let mut bench = undoing(steps);
    let (first, other) = (key(&bench, "a"), key(&bench, "stays"));
    bench.ok("plain").ok("a").ok("stays");
    let last = key(&bench, "b");
    bench.fail("b", FailureClass::Permanent);
    let undo = key(&bench, "stays.undo");
    bench
        .fail("stays.undo", FailureClass::Permanent)
        .ok("a.undo");
    let mut second = again(&bench, None);
    // What could not be undone is still done.
    assert_eq!(second.running(), ["a#1"]);
    assert_ne!(key(&second, "a"), first);
    let before = key(&second, "a");
    second.ok("a");
    assert_eq!(key(&second, "b"), last);
    second.fail("b", FailureClass::Permanent).ok("a.undo");
    assert_eq!(key(&second, "stays.undo"), undo);
    second.ok("stays.undo");
    assert_eq!(second.run.status(), Status::Failed);
    let third = again(&second, None);
    assert_eq!(third.running(), ["a#1", "stays#1"]);
    // The key is of the run that undid it last.
    assert_ne!(key(&third, "stays"), other);
    assert_ne!(key(&third, "a"), before);
    assert_ne!(key(&third, "a"), first);
}

#[test]
fn a_retry_makes_the_passes_again_whose_steps_were_undone() {
    let mut bench = Bench::new(json!({"undo_on_failure": true, "steps": [
        {"id": "each", "for_each": {"items": ["x", "y"]}, "steps": [
            doing("pay", json!({})),
            call("note", json!({"needs": ["pay"]})),
        ]},
        call("last", json!({"needs": ["each"]})),
    ]}));
    for pass in 0..2 {
        bench
            .ok(&format!("each[{pass}].pay"))
            .ok(&format!("each[{pass}].note"));
    }
    bench.fail("last", FailureClass::Permanent);
    bench.fail("each[1].pay.undo", FailureClass::Permanent);
    bench.ok("each[0].pay.undo");
    let mut retry = again(&bench, None);
    // Of the pass whose step was undone that step runs again, and what comes after it.
    assert_eq!(retry.running(), ["each[0].pay#1"]);
    retry.ok("each[0].pay").ok("each[0].note");
    assert_eq!(retry.running(), ["last#1"]);
}

/// Of an undo that was cut off nobody knows whether it undid: its step runs again unless a person says otherwise.
#[test]
fn a_step_whose_undo_was_left_open_is_not_kept_silently() {
    let steps = json!([doing("a", json!({})), call("last", json!({"needs": ["a"]})),]);
    let failed = |bench: &mut Bench| {
        bench.ok("a").fail("last", FailureClass::Permanent);
        assert_eq!(bench.running(), ["a.undo#1"]);
    };
    let step = StepPath::from("a");
    // Stopped in the middle; timed out; and one that is known to have failed.
    let mut stopped = undoing(steps.clone());
    failed(&mut stopped);
    stopped.cancel().cancel();
    let mut late = undoing(steps.clone());
    failed(&mut late);
    late.fail("a.undo", FailureClass::Timeout);
    for bench in [&stopped, &late] {
        assert!(bench.run.is_over());
        assert_eq!(bench.run.undone(&step), Some(Undone::Unknown));
        let retried = again(bench, None);
        assert_eq!(retried.running(), ["a#1"]);
        let plan = bench.run.plan().clone();
        let keep = [step.clone()].into();
        let kept = bench.run.kept_with(&plan, None, &keep).unwrap();
        let is_kept = |kept: &Kept| matches!(kept, Kept::Step { step, .. } if &*step.0 == "a");
        assert!(kept.iter().any(is_kept), "{kept:?}");
        let (inputs, id) = (&bench.run.start().inputs, bench.run.id());
        let say = |keep: &std::collections::BTreeSet<StepPath>| {
            let retained = retain(
                &Ended::new(&bench.run, &bench.journal),
                &plan,
                inputs,
                None,
                keep,
                id,
            );
            let again = retained.unwrap().again;
            again
                .iter()
                .map(|again| format!("{}: {}", again.step, again.why))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            say(&Default::default()),
            [
                "a: nobody knows whether it was undone",
                "last: it comes after a"
            ]
        );
        assert_eq!(say(&keep), ["last: it failed before"]);
    }
    let mut known = undoing(steps);
    failed(&mut known);
    known.fail("a.undo", FailureClass::Permanent);
    assert_eq!(known.run.undone(&step), None);
    assert_eq!(again(&known, None).running(), ["last#1"]);
}

/// Why a loop runs again whose passes were undone.
#[test]
fn a_loop_whose_passes_were_undone_says_so() {
    let mut bench = undoing(json!([
        {"id": "each", "for_each": {"items": [1, 2]}, "steps": [doing("pay", json!({}))]},
        call("last", json!({"needs": ["each"]})),
    ]));
    bench.ok("each[0].pay").ok("each[1].pay");
    bench.fail("last", FailureClass::Permanent);
    bench
        .ok("each[1].pay.undo")
        .fail("each[0].pay.undo", FailureClass::Permanent);
    assert!(bench.run.is_over());
    let (inputs, id) = (&bench.run.start().inputs, bench.run.id());
    let plan = bench.run.plan().clone();
    let keep = Default::default();
    let retained = retain(
        &Ended::new(&bench.run, &bench.journal),
        &plan,
        inputs,
        None,
        &keep,
        id,
    );
    let again = retained.unwrap().again;
    assert_eq!(again[0].why, "passes of it were undone");
}
