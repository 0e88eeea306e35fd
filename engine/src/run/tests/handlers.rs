//! `on_failure` and `finally`.

use super::*;

/// A run with one step of its own, and a call in each list.
fn both(more: Value) -> Bench {
    let mut document = json!({
        "steps": [call("work", json!({}))],
        "on_failure": [call("tell", json!({}))],
        "finally": [call("unlock", json!({}))],
        "outputs": {"out": "{{ steps.work.output }}"},
    });
    document
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    Bench::new(document)
}

#[test]
fn finally_follows_on_success() {
    let mut bench = both(json!({}));
    bench.ok("work");
    assert_eq!(bench.running(), ["finally.unlock#1"]);
    assert_eq!(bench.run.status(), Status::Running);
    assert_eq!(
        bench.run.waits_for(),
        "attempt 1 of step finally.unlock runs; `finally` runs"
    );
    bench.ok("finally.unlock");
    assert_eq!(
        bench.line(),
        "work=succeeded finally.unlock=succeeded run=succeeded"
    );
    assert_eq!(bench.handlers(), ["succeeded", "finally"]);
    assert_eq!(bench.run.outputs().unwrap().text(), r#"{"out":"work"}"#);
}

#[test]
fn on_failure_comes_before_finally_and_changes_nothing() {
    let mut bench = both(json!({}));
    bench.fail("work", FailureClass::Permanent);
    assert_eq!(bench.running(), ["on_failure.tell#1"]);
    bench.ok("on_failure.tell").ok("finally.unlock");
    assert_eq!(
        bench.line(),
        "work=failed on_failure.tell=succeeded finally.unlock=succeeded run=failed"
    );
    assert_eq!(bench.run.failure().unwrap().code, "broken");
}

#[test]
fn a_refusal_is_handled_like_a_failure_and_stays_one() {
    let mut bench = both(json!({"steps": [
        {"id": "gate", "action": "approval_gate", "with": {}},
        call("work", json!({"needs": ["gate"]})),
    ]}));
    bench.vote("ben", Verdict::Reject);
    assert_eq!(bench.running(), ["on_failure.tell#1"]);
    bench.ok("on_failure.tell").ok("finally.unlock");
    assert_eq!(bench.run.status(), Status::Rejected);
}

#[test]
fn outputs_without_a_value_are_a_failure_before_the_handlers() {
    let mut bench = both(json!({"outputs": {"out": "{{ [1, 2] | only }}"}}));
    bench.ok("work");
    assert_eq!(bench.handlers(), ["failed", "on_failure"]);
    bench.ok("on_failure.tell").ok("finally.unlock");
    assert_eq!(bench.run.failure().unwrap().code, "expression_failed");
}

#[test]
fn a_failure_that_was_handled_is_none_for_on_failure() {
    let mut bench = both(json!({"steps": [
        call("work", json!({"on_error": "continue"})),
        call("other", json!({})),
    ]}));
    bench.fail("work", FailureClass::Permanent).ok("other");
    assert_eq!(bench.handlers(), ["succeeded", "finally"]);
}

#[test]
fn handlers_read_what_became_of_the_work() {
    let mut bench = Bench::new(json!({
        "steps": [
            call("work", json!({})),
            call("next", json!({"needs": ["work"]})),
        ],
        "on_failure": [value("seen", json!({
            "status": "{{ steps.work.status }}",
            "class": "{{ steps.work.error.class }}",
            "code": "{{ steps.work.error.code }}",
            "message": "{{ steps.work.error.message }}",
            "next": "{{ steps.next.output | default('none') }}",
        }))],
        "finally": [value("last", json!("{{ steps.next.status }}"))],
    }));
    bench.fail("work", FailureClass::Timeout);
    assert_eq!(
        bench.output("on_failure.seen"),
        r#"{"status":"failed","class":"timeout","code":"broken","message":"it broke","next":"none"}"#
    );
    assert_eq!(bench.output("finally.last"), r#""skipped""#);
    assert_eq!(bench.run.status(), Status::Failed);
}

#[test]
fn a_handler_that_fails_stops_neither_its_list_nor_the_next() {
    let mut bench = both(json!({"on_failure": [
        call("tell", json!({})),
        call("then", json!({"needs": ["tell"]})),
        call("also", json!({})),
    ]}));
    bench.fail("work", FailureClass::Permanent);
    bench.answer(
        "on_failure.tell",
        Outcome::Failed {
            failure: Failure::new(FailureClass::Permanent, "other", "nobody listens"),
            retry_after_ms: None,
        },
    );
    assert_eq!(bench.running(), ["on_failure.also#1"]);
    bench.ok("on_failure.also").ok("finally.unlock");
    assert_eq!(
        bench.line(),
        "work=failed on_failure.tell=failed on_failure.then=skipped on_failure.also=succeeded \
         finally.unlock=succeeded run=failed"
    );
    assert_eq!(bench.run.failure().unwrap().code, "broken");
}

#[test]
fn a_failure_of_finally_is_that_of_a_run_that_had_succeeded() {
    let mut bench = both(json!({}));
    bench
        .ok("work")
        .fail("finally.unlock", FailureClass::Permanent);
    assert_eq!(bench.run.status(), Status::Failed);
    assert_eq!(bench.run.failure().unwrap().code, "broken");
    assert_eq!(bench.run.outputs(), None);
    let mut goes_on = both(json!({"finally": [call("unlock", json!({"on_error": "continue"}))]}));
    goes_on
        .ok("work")
        .fail("finally.unlock", FailureClass::Permanent);
    assert_eq!(goes_on.run.status(), Status::Succeeded);
}

#[test]
fn each_list_has_the_time_of_the_run_anew() {
    let mut bench = both(json!({"timeout": "1m"}));
    bench.pass("60s");
    assert_eq!(bench.status("work"), Status::Canceled);
    assert_eq!(bench.running(), ["on_failure.tell#1"]);
    bench.pass("59s");
    assert_eq!(bench.deadline(), "+2m RunTimeout");
    bench.pass("1s");
    assert_eq!(bench.status("on_failure.tell"), Status::Canceled);
    assert_eq!(bench.running(), ["finally.unlock#1"]);
    bench.pass("60s");
    assert_eq!(bench.run.status(), Status::Failed);
    assert_eq!(bench.run.failure().unwrap().code, "run_timeout");
    // Of a run that had succeeded, the time of `finally` is a failure.
    let mut late = both(json!({"timeout": "1m"}));
    late.pass("50s").ok("work").pass("60s");
    assert_eq!(
        late.line(),
        "work=succeeded finally.unlock=canceled run=failed"
    );
    assert_eq!(
        late.run.failure().unwrap().message,
        "`finally` did not end within the time limit of the run"
    );
}

#[test]
fn a_cancel_ends_the_work_and_finally_runs_once() {
    let mut bench = both(json!({}));
    bench.cancel();
    assert_eq!(bench.handlers(), ["canceled", "finally"]);
    assert_eq!(bench.running(), ["finally.unlock#1"]);
    bench.ok("finally.unlock");
    assert_eq!(
        bench.line(),
        "work=canceled finally.unlock=succeeded run=canceled"
    );
    assert_eq!(
        bench.run.failure().unwrap().message,
        "canceled by ana: no longer wanted"
    );
}

#[test]
fn a_second_cancel_ends_the_handlers_too() {
    let mut bench = both(json!({}));
    bench.cancel().cancel();
    assert_eq!(
        bench.line(),
        "work=canceled finally.unlock=canceled run=canceled"
    );
}

#[test]
fn a_first_cancel_while_handlers_run_lets_them_run() {
    for (work, status) in [(true, Status::Canceled), (false, Status::Failed)] {
        let mut bench = both(json!({}));
        if work {
            bench.ok("work");
        } else {
            bench.fail("work", FailureClass::Permanent);
            bench.ok("on_failure.tell");
        }
        bench.cancel();
        assert_eq!(bench.running(), ["finally.unlock#1"]);
        bench.cancel();
        assert_eq!(bench.run.status(), status);
    }
    let mut bench = both(json!({}));
    bench.fail("work", FailureClass::Permanent).cancel();
    assert_eq!(bench.running(), ["on_failure.tell#1"]);
    bench.ok("on_failure.tell");
    assert_eq!(bench.running(), ["finally.unlock#1"]);
    let mut forced = both(json!({}));
    forced
        .fail("work", FailureClass::Permanent)
        .cancel()
        .cancel();
    assert_eq!(
        forced.line(),
        "work=failed on_failure.tell=canceled run=failed"
    );
}

#[test]
fn handlers_retry_wait_ask_and_loop_like_other_steps() {
    let mut bench = both(json!({"finally": [
        call("tell", json!({"retry": {"attempts": 2, "backoff": "1s", "jitter": false}})),
        {"id": "nap", "action": "wait", "needs": ["tell"], "with": {"for": "1h"}},
        {"id": "gate", "action": "approval_gate", "needs": ["nap"], "with": {}},
        {"id": "each", "needs": ["gate"], "for_each": {"items": [1, 2]}, "steps": [
            value("seen", json!("{{ item }} {{ steps.work.output | default(0) }}")),
        ]},
    ]}));
    bench
        .ok("work")
        .fail("finally.tell", FailureClass::Retryable);
    bench.pass("1s").ok("finally.tell").pass("1h");
    bench.vote("ben", Verdict::Approve);
    assert_eq!(bench.output("finally.each"), r#"["1 work","2 work"]"#);
    assert_eq!(bench.output("finally.each[1].seen"), r#""2 work""#);
    assert_eq!(bench.run.status(), Status::Succeeded);
}

#[test]
fn an_attempt_of_a_handler_begins_again_after_a_crash() {
    let mut bench = both(json!({}));
    bench.ok("work").give(Input::Recover { alone: false });
    assert_eq!(bench.running(), ["finally.unlock#2"]);
    bench.ok("finally.unlock");
    assert_eq!(bench.run.status(), Status::Succeeded);
}

/// A crash between any two facts goes on to the same end.
#[test]
fn a_journal_that_was_cut_anywhere_goes_on() {
    let mut bench = both(json!({"undo_on_failure": true, "steps": [
        call("a", json!({"undo": {"action": "http", "with": {"path": "{{ steps.a.output }}"}}})),
        call("work", json!({"needs": ["a"]})),
    ]}));
    bench.ok("a").fail("work", FailureClass::Permanent);
    bench
        .ok("a.undo")
        .ok("on_failure.tell")
        .ok("finally.unlock");
    for cut in 1..=bench.journal.len() {
        let journal = bench.journal[..cut].to_vec();
        let run = Run::replay(bench.run.plan().clone(), journal.clone()).unwrap();
        let mut again = Bench {
            run,
            journal,
            now: bench.now,
        };
        again.give(Input::Recover { alone: false });
        loop {
            let running = again.run.running().next();
            let Some((step, _, _)) = running else { break };
            let outcome = match &*step.0 {
                "work" => failed(FailureClass::Permanent),
                step => succeeded(json!(step)),
            };
            again.answer(&step.0, outcome);
        }
        assert_eq!(again.line(), bench.line(), "cut after {cut}");
    }
}
