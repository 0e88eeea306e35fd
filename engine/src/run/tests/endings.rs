use super::*;

fn cancel() -> Input {
    Input::Cancel {
        by: "ana".into(),
        reason: Some("no longer wanted".into()),
    }
}

#[test]
fn an_unhandled_failure_ends_the_run() {
    let mut bench = Bench::new(json!({"steps": [
        call("a", json!({})),
        call("b", json!({})),
        {"id": "nap", "action": "wait", "with": {"for": "1h"}},
        {"id": "gate", "action": "approval_gate", "with": {}},
        call("c", json!({"needs": ["b"]})),
    ]}));
    let late = bench.finished("b", succeeded(json!(1)));
    bench.fail("a", FailureClass::Permanent);
    assert_eq!(
        bench.line(),
        "a=failed b=canceled nap=canceled gate=canceled c=skipped run=failed"
    );
    assert_eq!(bench.refused(late), Rejected::StaleAttempt);
    assert_eq!(bench.run.approvals()[0].status, GateStatus::Canceled);
    assert_eq!(
        bench.run.step("b").unwrap().attempts[0].status,
        Status::Canceled
    );
    assert_eq!(bench.run.waits_for(), "failed: it broke");
    assert_eq!(bench.run.failure().unwrap().code, "broken");
}

#[test]
fn on_error_continue_does_not_fail_the_run() {
    let mut bench = Bench::new(json!({"steps": [
        call("a", json!({"on_error": "continue"})),
        call("b", json!({})),
        call("c", json!({"needs": ["a"]})),
    ]}));
    bench.fail("a", FailureClass::Permanent).ok("b");
    assert_eq!(bench.line(), "a=failed b=succeeded c=skipped run=succeeded");
}

#[test]
fn while_a_handler_may_run_the_run_goes_on() {
    let mut bench = Bench::new(json!({"steps": [
        call("a", json!({})),
        call("b", json!({})),
        call("c", json!({"needs": ["b"]})),
        call("report", json!({"needs": ["a", "b"], "join": "all_done"})),
    ]}));
    bench.fail("a", FailureClass::Permanent);
    assert_eq!(bench.running(), ["b#1"]);
    bench.ok("b");
    assert_eq!(bench.running(), ["c#1", "report#1"]);
    bench.ok("report").ok("c");
    assert_eq!(
        bench.line(),
        "a=failed b=succeeded c=succeeded report=succeeded run=succeeded"
    );
}

#[test]
fn a_handler_that_does_not_run_handles_nothing() {
    for when in ["1 == 2", "[1, 2] | only"] {
        let mut bench = Bench::new(json!({"steps": [
            call("a", json!({})),
            call("b", json!({})),
            call("c", json!({})),
            call("report", json!({"needs": ["a", "b"], "join": "any_failed", "when": when})),
        ]}));
        bench.fail("a", FailureClass::Permanent);
        assert_eq!(bench.running(), ["b#1", "c#1"]);
        bench.ok("b");
        assert_eq!(bench.status("c"), Status::Canceled);
        assert_eq!(bench.run.status(), Status::Failed);
        if when == "1 == 2" {
            assert_eq!(bench.run.failure().unwrap().message, "it broke");
        }
    }
}

#[test]
fn a_handler_that_fails_fails_the_run() {
    let mut bench = Bench::new(json!({"steps": [
        call("a", json!({})),
        call("report", json!({"needs": ["a"], "join": "any_failed"})),
    ]}));
    bench
        .fail("a", FailureClass::Permanent)
        .fail("report", FailureClass::Permanent);
    assert_eq!(bench.line(), "a=failed report=failed run=failed");
}

#[test]
fn what_cleans_up_still_runs_when_the_run_fails() {
    let mut bench = Bench::new(json!({"steps": [
        call("a", json!({})),
        call("b", json!({"needs": ["a"]})),
        call("other", json!({})),
        call("clean", json!({"needs": ["b", "other"], "join": "all_done"})),
        call("more", json!({"needs": ["clean"]})),
    ]}));
    bench.fail("a", FailureClass::Permanent);
    assert_eq!(
        bench.line(),
        "a=failed b=skipped other=canceled clean=running more=skipped run=running"
    );
    assert_eq!(
        bench.run.waits_for(),
        "attempt 1 of step clean runs; the run is failing"
    );
    bench.ok("clean");
    assert_eq!(bench.run.status(), Status::Failed);
    assert_eq!(bench.run.failure().unwrap().code, "broken");
}

#[test]
fn a_failure_outweighs_a_refusal() {
    let mut bench = Bench::new(json!({"steps": [
        {"id": "gate", "action": "approval_gate", "with": {}},
        call("b", json!({"needs": ["gate"]})),
        call("clean", json!({"needs": ["b"], "join": "all_done"})),
    ]}));
    bench.vote("ana", Verdict::Reject);
    assert_eq!(bench.running(), ["clean#1"]);
    bench.fail("clean", FailureClass::Permanent);
    assert_eq!(bench.run.status(), Status::Failed);
}

#[test]
fn cancel_ends_everything_at_once() {
    let mut bench = Bench::new(json!({"steps": [
        call("a", json!({})),
        {"id": "nap", "action": "wait", "with": {"for": "1h"}},
        {"id": "gate", "action": "approval_gate", "with": {}},
        call("again", json!({"retry": {}})),
        call("clean", json!({"needs": ["a"], "join": "all_done"})),
    ]}));
    bench.fail("again", FailureClass::Retryable);
    let late = bench.finished("a", succeeded(json!(1)));
    bench.give(cancel());
    assert_eq!(
        bench.line(),
        "a=canceled nap=canceled gate=canceled again=canceled clean=skipped run=canceled"
    );
    let kinds: Vec<Value> = bench.journal[bench.journal.len() - 7..]
        .iter()
        .map(|entry| serde_json::to_value(entry).unwrap()["type"].clone())
        .collect();
    assert_eq!(kinds[0], "cancel_requested");
    assert_eq!(kinds[6], "finished");
    assert!(bench.run.pending().is_empty());
    assert_eq!(bench.run.next_deadline(), None);
    assert_eq!(
        bench.run.waits_for(),
        "canceled: canceled by ana: no longer wanted"
    );
    assert_eq!(bench.refused(cancel()), Rejected::AlreadyOver);
    assert_eq!(bench.refused(late), Rejected::StaleAttempt);
    let vote = bench.voting("ana", Verdict::Approve);
    assert_eq!(
        bench.refused(vote),
        Rejected::AlreadyDecided {
            status: GateStatus::Canceled
        }
    );
    bench.give(Input::Recover { alone: true }).pass("9d");
    assert_eq!(bench.run.status(), Status::Canceled);
}

#[test]
fn the_time_of_the_run_runs_out() {
    let mut bench = Bench::new(json!({"timeout": "1h", "steps": [
        call("a", json!({})),
        call("clean", json!({"needs": ["a"], "join": "all_done"})),
    ]}));
    assert_eq!(bench.deadline(), "+1h RunTimeout");
    bench.pass("59m").pass("1m");
    assert_eq!(bench.line(), "a=canceled clean=skipped run=failed");
    let failure = bench.run.failure().unwrap();
    assert_eq!(
        (failure.class, failure.code.as_str()),
        (FailureClass::Timeout, "run_timeout")
    );
}

#[test]
fn an_answer_that_comes_with_the_end_of_time_counts_first() {
    let mut bench =
        Bench::new(json!({"timeout": "1h", "steps": [call("a", json!({"timeout": "1h"}))]}));
    bench.now = BEGIN.after(Span::from_secs(9_999));
    bench.ok("a");
    assert_eq!(bench.run.status(), Status::Succeeded);
}

#[test]
fn reasons_lead_back_to_what_went_wrong() {
    let mut bench = Bench::new(json!({"steps": [
        call("a", json!({})),
        call("slow", json!({})),
        call("b", json!({"needs": ["a"]})),
        call("c", json!({"needs": ["b"]})),
        call("d", json!({"needs": ["slow"]})),
        call("e", json!({"needs": ["d"]})),
    ]}));
    bench.fail("a", FailureClass::Permanent);
    let reasons: Vec<Value> = ["b", "c", "d", "e"]
        .iter()
        .map(|step| serde_json::to_value(bench.run.step(step).unwrap().skipped).unwrap())
        .collect();
    assert_eq!(
        reasons,
        [
            json!({"kind": "need", "step": "a", "status": "failed"}),
            json!({"kind": "need", "step": "b", "status": "skipped"}),
            json!({"kind": "run_ending"}),
            json!({"kind": "run_ending"}),
        ]
    );
}
