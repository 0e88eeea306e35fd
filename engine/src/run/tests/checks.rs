//! Whether an uncertain step happened, found out by its check.

use super::*;
use crate::event::Probed;

/// A payment with a check, and what needs it.
fn pay(check: Value, more: Value) -> Bench {
    let mut probe = json!({
        "action": "http", "with": { "path": "/{{ attempt.idempotency_key }}" },
        "done": "check.output.paid", "retry": { "attempts": 1 },
    });
    probe
        .as_object_mut()
        .unwrap()
        .extend(check.as_object().unwrap().clone());
    let mut step = json!({ "delivery": "at_most_once", "check": probe });
    step.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    Bench::new(json!({ "steps": [
        call("pay", step),
        { "id": "tell", "action": "transform", "needs": ["pay"],
          "with": { "value": "{{ steps.pay.output }}" } },
    ] }))
}

fn crash(bench: &mut Bench) -> &mut Bench {
    bench.give(Input::Recover { alone: false })
}

fn answers(bench: &mut Bench, output: Value) -> &mut Bench {
    bench.answer("pay.check", succeeded(output))
}

/// What the checks have said.
fn said(bench: &Bench) -> Vec<Probed> {
    let facts = bench.journal.iter();
    facts
        .filter_map(|entry| match &entry.event {
            RunEvent::StepChecked { answer, .. } => Some(*answer),
            _ => None,
        })
        .collect()
}

fn resolve(resolution: Resolution) -> Input {
    Input::ResolveUncertain {
        step: "pay".into(),
        resolution,
        by: "ana".into(),
        reason: None,
    }
}

#[test]
fn what_happened_has_the_output_that_the_check_saw() {
    let mut bench = pay(json!({}), json!({}));
    let Effect::Attempt {
        idempotency_key, ..
    } = bench.effect("pay");
    crash(&mut bench);
    assert_eq!(
        bench.line(),
        "pay=uncertain pay.check=running tell=queued run=running"
    );
    assert_eq!(
        bench.run.waits_for(),
        "its check finds out whether step pay happened, and attempt 1 of step pay.check runs"
    );
    assert!(bench.run.left_to_people().is_empty());
    let Effect::Attempt { input, .. } = bench.effect("pay.check");
    assert_eq!(
        input.value()["path"],
        format!("/{idempotency_key}"),
        "it asks for what the attempt was known by"
    );
    answers(&mut bench, json!({ "paid": true, "id": 7 }));
    assert_eq!(
        bench.line(),
        "pay=succeeded pay.check=succeeded tell=succeeded run=succeeded"
    );
    assert_eq!(bench.output("tell"), r#"{"paid":true,"id":7}"#);
    assert_eq!(said(&bench), [Probed::Happened]);
    let seen = bench.run.step("pay").unwrap();
    assert_eq!(seen.attempts[0].status, Status::Succeeded);
    assert_eq!(seen.check.unwrap().answer, Some(Probed::Happened));

    let output =
        json!({ "output": { "id": "{{ check.output.id }}", "try": "{{ attempt.number }}" } });
    let mut bench = pay(output, json!({}));
    answers(crash(&mut bench), json!({ "paid": true, "id": 7 }));
    assert_eq!(bench.output("tell"), r#"{"id":7,"try":1}"#);
}

#[test]
fn what_did_not_happen_is_begun_again_however_often() {
    let mut bench = pay(json!({}), json!({}));
    for round in 1..4 {
        crash(&mut bench);
        assert_eq!(bench.running(), [format!("pay.check#{round}")]);
        answers(&mut bench, json!({ "paid": false }));
        assert_eq!(bench.running(), [format!("pay#{}", round + 1)]);
    }
    bench.ok("pay");
    assert_eq!(
        bench.line(),
        "pay=succeeded pay.check=succeeded tell=succeeded run=succeeded"
    );
    assert_eq!(said(&bench), [Probed::NotHappened; 3]);
    let attempts = bench.run.step("pay").unwrap().attempts;
    let statuses: Vec<_> = attempts.iter().map(|a| a.status.name()).collect();
    assert_eq!(
        statuses,
        ["uncertain", "uncertain", "uncertain", "succeeded"]
    );
}

#[test]
fn what_the_check_does_not_know_is_left_to_a_person() {
    for (check, answer, why) in [
        (
            json!({}),
            succeeded(json!({ "paid": null })),
            "does not say",
        ),
        (json!({}), succeeded(json!({})), "has no `paid`"),
        (
            json!({}),
            succeeded(json!({ "paid": "yes" })),
            "neither true, false nor null",
        ),
        (
            json!({ "output": "{{ check.output.id }}" }),
            succeeded(json!({ "paid": true })),
            "has no `id`",
        ),
        (json!({}), failed(FailureClass::Retryable), "it broke"),
        // Only one that reads the failure says what it means.
        (
            json!({ "done": "(check.output.paid | default('')) == 'yes'" }),
            failed(FailureClass::Permanent),
            "it broke",
        ),
    ] {
        let mut bench = pay(check, json!({}));
        crash(&mut bench).answer("pay.check", answer);
        assert_eq!(bench.status("pay"), Status::Uncertain);
        assert_eq!(bench.run.status(), Status::Waiting);
        assert_eq!(said(&bench), [Probed::Unknown]);
        let sentence = bench.run.waits_for();
        assert!(
            sentence.starts_with(
                "a person must find out whether step pay happened, for its check does not know: "
            ) && sentence.contains(why),
            "{sentence}"
        );
        assert_eq!(bench.run.left_to_people()[0].1, Status::Uncertain);
        bench.give(resolve(Resolution::Again));
        assert_eq!(bench.running(), ["pay#2"]);
    }
}

#[test]
fn a_failure_is_an_answer_where_done_reads_it() {
    let done = "false if (check.error.code | default('')) == 'broken' else check.output.paid";
    let mut bench = pay(json!({ "done": done }), json!({}));
    crash(&mut bench).fail("pay.check", FailureClass::Permanent);
    assert_eq!(bench.running(), ["pay#2"]);
    answers(crash(&mut bench), json!({ "paid": true }));
    assert_eq!(bench.status("pay"), Status::Succeeded);
}

#[test]
fn a_check_has_retries_and_a_time_limit_of_its_own() {
    let check = json!({ "retry": { "attempts": 2, "jitter": false }, "timeout": "5s" });
    let mut bench = pay(check, json!({ "timeout": "1h" }));
    crash(&mut bench);
    assert_eq!(bench.deadline(), "+5s AttemptTimeout { step: pay.check }");
    bench.pass("5s");
    assert_eq!(bench.status("pay.check"), Status::Waiting);
    // A crash has it look again, and uses up no retry.
    bench.pass("1s");
    crash(&mut bench);
    assert_eq!(bench.running(), ["pay.check#3"]);
    answers(&mut bench, json!({ "paid": true }));
    assert_eq!(bench.run.status(), Status::Succeeded);
    // Without `retry` it is tried five times.
    let mut bench = pay(json!({ "retry": { "jitter": false } }), json!({}));
    crash(&mut bench);
    for _ in 0..4 {
        bench.fail("pay.check", FailureClass::Retryable).pass("1m");
    }
    bench.fail("pay.check", FailureClass::Retryable);
    assert_eq!(said(&bench), [Probed::Unknown]);
}

#[test]
fn a_failure_that_leaves_it_open_is_checked_and_then_counts() {
    let retry = json!({ "retry": { "attempts": 2, "jitter": false } });
    for class in [FailureClass::Timeout, FailureClass::Uncertain] {
        let mut bench = pay(json!({}), retry.clone());
        bench.fail("pay", class);
        assert_eq!(bench.running(), ["pay.check#1"]);
        answers(&mut bench, json!({ "paid": false }));
        assert_eq!(bench.status("pay"), Status::Waiting);
        bench.pass("1s").fail("pay", class);
        answers(&mut bench, json!({ "paid": false }));
        assert_eq!(
            bench.line(),
            "pay=failed pay.check=succeeded tell=skipped run=failed"
        );
        assert_eq!(bench.run.failure().unwrap().class, class);
    }
    // One that says by itself that it did not happen needs no check.
    let mut bench = pay(json!({}), retry);
    bench.fail("pay", FailureClass::Permanent);
    assert_eq!(bench.line(), "pay=failed tell=skipped run=failed");
    // What is known not to have happened may wait for a person like any failure.
    let mut bench = pay(json!({}), json!({ "on_error": "pause" }));
    bench.fail("pay", FailureClass::Timeout);
    answers(&mut bench, json!({ "paid": false }));
    assert_eq!(bench.status("pay"), Status::Paused);
}

#[test]
fn a_person_who_knows_does_not_wait_for_the_check() {
    for (resolution, line) in [
        (
            Resolution::Happened {
                output: json!(1).into(),
            },
            "pay=succeeded pay.check=canceled tell=succeeded run=succeeded",
        ),
        (
            Resolution::Again,
            "pay=running pay.check=canceled tell=queued run=running",
        ),
        (
            Resolution::Failed {
                message: "no".into(),
            },
            "pay=failed pay.check=canceled tell=skipped run=failed",
        ),
    ] {
        let mut bench = pay(json!({}), json!({}));
        crash(&mut bench);
        let late = bench.finished("pay.check", succeeded(json!({ "paid": true })));
        bench.give(resolve(resolution));
        assert_eq!(bench.line(), line);
        assert!(matches!(
            bench.refused(late),
            Rejected::StaleAttempt | Rejected::AlreadyOver
        ));
    }
}

#[test]
fn a_cancel_and_the_time_of_the_run_end_a_check() {
    let mut bench = pay(json!({}), json!({}));
    crash(&mut bench).cancel();
    assert_eq!(
        bench.line(),
        "pay=canceled pay.check=canceled tell=skipped run=canceled"
    );
    assert!(said(&bench).is_empty());
    let mut document = json!({ "timeout": "1m", "steps": [call("pay", json!({
        "delivery": "at_most_once",
        "check": { "action": "http", "with": { "path": "/" }, "done": "true" },
    }))] });
    let mut bench = Bench::new(document.clone());
    crash(&mut bench).pass("1m");
    assert_eq!(bench.line(), "pay=canceled pay.check=canceled run=failed");
    // In a pass of a loop, too.
    let step = document["steps"].take();
    document["steps"] = json!([{ "id": "each", "for_each": { "items": [1, 2] }, "steps": step }]);
    let mut bench = Bench::new(document.clone());
    crash(&mut bench);
    assert_eq!(bench.running(), ["each[0].pay.check#1"]);
    bench.cancel();
    assert_eq!(
        bench.line(),
        "each=canceled each[0].pay=canceled each[0].pay.check=canceled run=canceled"
    );
    let mut bench = Bench::new(document);
    crash(&mut bench).ok("each[0].pay.check").ok("each[1].pay");
    assert_eq!(
        bench.output("each"),
        r#"["each[0].pay.check","each[1].pay"]"#
    );
}

#[test]
fn in_a_pause_nothing_looks_and_nothing_is_begun_again() {
    let pause = || Input::Pause {
        by: "ana".into(),
        reason: None,
    };
    let resume = || Input::Resume {
        by: "ana".into(),
        reason: None,
        step: None,
        answer: ResumeAnswer::Again { input: None },
    };
    let mut bench = pay(json!({}), json!({}));
    crash(bench.give(pause()));
    assert_eq!(bench.status("pay.check"), Status::Queued);
    bench.give(resume());
    assert_eq!(bench.running(), ["pay.check#1"]);
    answers(bench.give(pause()), json!({ "paid": false }));
    assert_eq!(bench.status("pay"), Status::Waiting);
    bench.give(resume());
    assert_eq!(bench.running(), ["pay#2"]);
    // Whoever knows needs not even have it look.
    crash(bench.give(pause()));
    bench.give(resolve(Resolution::Happened {
        output: json!(1).into(),
    }));
    assert_eq!(bench.status("pay.check"), Status::Canceled);
    bench.give(resume());
    assert_eq!(bench.run.status(), Status::Succeeded);
}

#[test]
fn a_check_that_kills_the_process_is_given_up() {
    let mut bench = pay(json!({}), json!({}));
    crash(&mut bench);
    for _ in 0..3 {
        bench.give(Input::Recover { alone: true });
    }
    assert_eq!(bench.status("pay.check"), Status::Failed);
    assert_eq!(bench.status("pay"), Status::Uncertain);
    // And what killed it three times is not begun again, whatever its check says.
    let mut bench = pay(json!({}), json!({}));
    for _ in 0..3 {
        bench.give(Input::Recover { alone: true });
        if bench.status("pay") == Status::Uncertain {
            answers(&mut bench, json!({ "paid": false }));
        }
    }
    assert_eq!(
        bench.run.failure().unwrap().class,
        FailureClass::Quarantined
    );
}

/// What is sent back is other work with another key, and so is the look for it: an answer to the look before
/// says nothing about it.
#[test]
fn a_check_of_what_runs_again_has_another_key() {
    let check = json!({"action": "http", "with": {"path": "/"}, "done": "check.output.paid"});
    let mut bench = Bench::new(json!({"steps": [
        call("pay", json!({"delivery": "at_most_once", "check": check})),
        {"id": "gate", "action": "approval_gate", "needs": ["pay"], "with": {"send_back": {"to": "pay"}}},
    ]}));
    let key = |bench: &Bench| match bench.effect("pay.check") {
        Effect::Attempt {
            idempotency_key, ..
        } => idempotency_key,
    };
    crash(&mut bench);
    let first = key(&bench);
    answers(&mut bench, json!({"paid": true}));
    bench.vote("ana", Verdict::SendBack);
    crash(&mut bench);
    let second = key(&bench);
    assert_ne!(first, second);
    // The same work is looked for with the same key, however often.
    answers(&mut bench, json!({"paid": false}));
    crash(&mut bench);
    assert_eq!(key(&bench), second);
}

/// What a check or a person says that a step gave is looked at like an answer.
#[test]
fn what_is_found_out_has_to_fit_the_output_schema() {
    let schema = json!({ "output_schema": { "type": "object", "required": ["id"], "properties": { "id": { "type": "integer" } } } });
    let mut bench = pay(json!({}), schema);
    answers(crash(&mut bench), json!({ "paid": true, "id": "x" }));
    assert_eq!(said(&bench), [Probed::Unknown]);
    assert_eq!(bench.status("pay"), Status::Uncertain);
    let why = bench.run.step("pay").unwrap().check.unwrap().error.unwrap();
    assert_eq!(why.code, "answer_changed");
    for output in [json!(null), json!({ "id": "x" }), json!({})] {
        let happened = Resolution::Happened {
            output: output.into(),
        };
        let refused = bench.refused(resolve(happened));
        assert!(matches!(refused, Rejected::BadOutput { .. }), "{refused:?}");
    }
    bench.give(resolve(Resolution::Happened {
        output: json!({ "id": 7 }).into(),
    }));
    assert_eq!(bench.output("tell"), r#"{"id":7}"#);
}
