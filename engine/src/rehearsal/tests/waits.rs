//! Events, gates that send back, pauses and handlers, in tests and in trials.

use super::super::*;
use super::{lived, ok};
use crate::definition::{FailureClass, Syntax, parse, parse_value};
use crate::event::{Decision, Entry, Failure, Outcome, RunEvent, Status, Verdict};
use crate::plan::Plan;
use crate::run::{Effect, GateStatus, Heard, Input, ResumeAnswer, Run};
use crate::testing::{plan, start};
use crate::{EventId, Json, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;

const BEGIN: Timestamp = Timestamp(1_800_000_000_000);

const DELIVER: &str = r#"druse: 1
name: deliver
undo_on_failure: true
steps:
  - { id: pay, action: http, with: { connection: bank, path: /pay }, undo: { action: http, with: { connection: bank, path: /back } } }
  - { id: paid, action: wait, needs: [pay], with: { event: { type: "paid.*", when: "event.data.id == 1" }, timeout: 3d } }
  - { id: text, action: http, needs: [paid], with: { connection: w, path: "/{{ review.round }}" } }
  - { id: check, action: approval_gate, needs: [text], with: { title: Go?, send_back: { to: text } } }
  - { id: look, action: transform, needs: [check], with: { value: 1 } }
  - { id: ship, action: http, needs: [look], with: { connection: shop, path: /ship }, on_error: pause }
on_failure:
  - { id: tell, action: http, with: { connection: c, path: /tell } }
finally:
  - { id: unlock, action: http, with: { connection: c, path: /unlock } }
"#;

fn deliver() -> Arc<Plan> {
    let document = parse(DELIVER, Syntax::Yaml).unwrap().document;
    Arc::new(Plan::compile(Arc::new(document)).unwrap())
}

/// The result of one test with these mocks and expectations.
fn tested(mocks: &Value, expect: &Value) -> TestResult {
    let plan = deliver();
    let file = json!({ "tests": [{ "name": "one", "mocks": mocks, "expect": expect }] });
    let tests = read_tests(file, &plan).unwrap();
    run_test(&plan, &tests[0])
}

fn told(result: &TestResult) -> Vec<String> {
    let differences = result.differences.iter();
    differences
        .map(|difference| format!("{}: {}", difference.what, difference.message))
        .collect()
}

fn all_well() -> Value {
    json!({
        "pay": { "output": {} },
        "paid": { "event": { "data": { "id": 1 } } },
        "text": { "output": {} },
        "check": { "decision": "approve" },
        "ship": { "output": {} },
        "finally.unlock": { "output": {} },
    })
}

fn with(path: &str, mock: Value) -> Value {
    let mut mocks = all_well();
    mocks[path] = mock;
    mocks
}

#[test]
fn the_first_event_that_fits_is_taken_at_its_moment() {
    let paid = json!([
        { "event": { "type": "other", "data": { "id": 1 } } },
        { "event": { "data": { "id": 2 } }, "takes": "1h" },
        { "event": { "type": "paid.late", "subject": "s", "data": { "id": 1 } }, "takes": "2h" },
        { "event": { "data": { "id": 1 } }, "takes": "3h" },
    ]);
    let expect = json!({ "status": "succeeded", "within": "2h", "steps": {
        "paid": { "output": { "event": { "type": "paid.late", "subject": "s", "source": "rehearsal", "time": "2027-01-15T10:00:00.000Z" },
            "waited_until": "2027-01-15T10:00:00.000Z" } },
        "finally.unlock": "succeeded",
    }, "never": ["pay.undo", "on_failure.tell"] });
    let result = tested(&with("paid", paid), &expect);
    assert!(result.passed, "{:?}", told(&result));
    // Another moment would be seen.
    let result = tested(&all_well(), &expect);
    assert!(!result.passed);
}

#[test]
fn no_event_in_time_undoes_and_handles_what_was_done() {
    for paid in [
        json!({ "hangs": true }),
        json!({ "event": { "data": { "id": 2 } } }),
        // At its very end it comes too late.
        json!({ "event": { "data": { "id": 1 } }, "takes": "3d" }),
    ] {
        let mut mocks = with("paid", paid);
        mocks["pay.undo"] = json!({ "output": {} });
        mocks["on_failure.tell"] = json!({ "fail": "permanent" });
        let expect = json!({
            "status": "failed", "error": { "class": "timeout", "code": "event_timeout" }, "within": "3d",
            "called": ["pay.undo", "on_failure.tell", "finally.unlock"], "never": ["text"],
            "steps": { "pay.undo": { "status": "succeeded", "attempts": 1 }, "on_failure.tell": "failed", "text": "skipped" },
        });
        let result = tested(&mocks, &expect);
        assert!(result.passed, "{:?}", told(&result));
        let calls: Vec<&str> = result.run.calls.iter().map(|call| &*call.path.0).collect();
        let order = ["pay", "pay.undo", "on_failure.tell", "finally.unlock"];
        assert_eq!(calls, order);
    }
}

#[test]
fn what_has_no_mock_is_said_of_each_kind() {
    let without = |path: &str| {
        let mut mocks = all_well();
        mocks.as_object_mut().unwrap().remove(path);
        told(&tested(&mocks, &json!({})))
    };
    assert_eq!(
        without("paid"),
        [
            "steps.paid: no mock for a wait: step paid waits for an event of the type `paid.*`, until 2027-01-18T08:00:00.000Z"
        ]
    );
    assert_eq!(
        without("finally.unlock"),
        [
            "steps.finally.unlock: no mock for step finally.unlock (http), which asks for {\"connection\":\"c\",\"path\":\"/unlock\"}"
        ]
    );
    // To wait for an event is what may be expected.
    let mut mocks = all_well();
    mocks.as_object_mut().unwrap().remove("paid");
    let result = tested(&mocks, &json!({ "status": "waiting" }));
    assert!(result.passed, "{:?}", told(&result));
    assert_eq!(result.run.stops[0].code, "no_event");
}

#[test]
fn behind_an_answer_that_sends_back_stand_those_to_the_next_request() {
    let check = json!([
        { "decision": "send_back", "comment": "shorter", "takes": "1h" },
        { "decision": "send_back", "comment": "shorter still", "by": "user:eva", "takes": "1h" },
        { "decision": "approve", "takes": "1h" },
    ]);
    let expect = json!({ "status": "succeeded", "within": "3h", "steps": {
        "text": { "input": { "path": "/2" } }, "check": { "output": { "decision": "approve" } } } });
    let result = tested(&with("check", check), &expect);
    assert!(result.passed, "{:?}", told(&result));
    let texts = result.run.calls.iter();
    assert_eq!(texts.filter(|call| &*call.path.0 == "text").count(), 3);
    // One that stands alone is the answer each time, until it may not be given any more.
    let check = json!({ "decision": "send_back", "comment": "no" });
    let differences = told(&tested(&with("check", check), &json!({})));
    assert!(
        differences[0].contains("sent back as often as it may be"),
        "{differences:?}"
    );
}

#[test]
fn a_step_that_pauses_stops_the_run_until_a_mock_answers() {
    let fails = json!({ "fail": "permanent", "message": "no stock" });
    let differences = told(&tested(&with("ship", fails.clone()), &json!({})));
    assert_eq!(
        differences,
        ["steps.ship: step ship has failed and waits for a person: no stock (mocked)"]
    );
    let expect = json!({ "status": "paused", "steps": { "ship": { "status": "paused", "attempts": 1 } }, "never": ["finally.unlock"] });
    let result = tested(&with("ship", fails.clone()), &expect);
    assert!(result.passed, "{:?}", told(&result));
    assert_eq!(result.run.stops[0].code, "paused");

    // It was approved as it stands: it is tried again, and asks for the same.
    let again = json!([fails, { "resume": "again", "takes": "2h" }, { "output": {} }]);
    let expect = json!({ "status": "succeeded", "within": "2h", "steps": { "ship": { "attempts": 2, "input": { "path": "/ship" } } } });
    let result = tested(&with("ship", again), &expect);
    assert!(result.passed, "{:?}", told(&result));

    let mut mocks = with("ship", json!([fails, { "resume": "fail" }]));
    mocks["pay.undo"] = json!({ "output": {} });
    mocks["on_failure.tell"] = json!({ "output": {} });
    let expect =
        json!({ "status": "failed", "error": { "message": "no stock" }, "called": ["pay.undo"] });
    let result = tested(&mocks, &expect);
    assert!(result.passed, "{:?}", told(&result));
}

#[test]
fn mocks_that_are_none_for_their_step_are_said() {
    let text = r#"tests:
  - name: one
    mocks:
      pay: [ { output: {} }, { resume: again } ]
      pay.undo: { event: {} }
      paid: { output: {} }
      text: { output: {}, input: {} }
      check: [ { decision: reject }, { event: {} } ]
      ship: { resume: later }
      look.undo: { output: {} }
      finally.unlokc: { output: {} }
      unlock: { output: {} }
    expect: {}
"#;
    let (value, source) = parse_value(text, Syntax::Yaml).unwrap();
    let mut findings = read_tests(value, &deliver()).unwrap_err();
    source.locate(&mut findings);
    findings.sort_by_key(|finding| (finding.line, finding.column));
    let lines: Vec<String> = findings
        .iter()
        .map(|one| {
            format!(
                "{} {} {} ({})",
                one.line.unwrap(),
                one.code,
                one.message,
                one.help
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
4 bad_mock only a step with `on_error: pause` is resumed (write the answers of its attempts alone)
5 bad_mock only a gate has a decision, and only a wait an event (write `output`, or `fail` with a class of failure)
6 bad_mock to a wait an event comes, or none (write `event: { data: … }`, or `hangs: true`)
7 bad_mock `input` corrects what a person has tried again (write `resume: again` beside it)
8 bad_mock whoever rejects or sends back says why (add a `comment`)
8 bad_mock a gate is answered by people (write `decision: approve`, `reject` or `send_back`, or `hangs: true`)
9 bad_value `resume` cannot be `later` (one of: again, fail)
10 unknown_step there is no step `look.undo` (steps here: pay, pay.undo, paid, text, check, look, ship, on_failure.tell, finally.unlock)
11 unknown_step there is no step `finally.unlokc` (did you mean `finally.unlock`?)
12 unknown_step there is no step `unlock` (did you mean `finally.unlock`?)
"#);
}

fn decide(run: &Run, verdict: Verdict, at: Timestamp) -> Input {
    let gates = run.approvals();
    let gate = gates
        .iter()
        .rfind(|gate| gate.status == GateStatus::Pending)
        .unwrap();
    Input::Decide {
        approval: gate.request.approval,
        decision: Decision {
            decision: verdict,
            by: "user:ana".into(),
            comment: Some("shorter".into()),
            fields: None,
            at,
            own_run: false,
        },
    }
}

/// Answers every attempt that runs: all succeed but those of these steps.
fn answered(run: &mut Run, journal: &mut Vec<Entry>, at: Timestamp, fails: &[&str]) {
    while let Some(Effect::Attempt {
        step,
        number,
        fence,
        ..
    }) = run.pending().into_iter().next()
    {
        let outcome = match fails.contains(&&*step.0) {
            true => Outcome::Failed {
                failure: Failure::new(FailureClass::Permanent, "no", "no"),
                retry_after_ms: None,
            },
            false => ok(json!({ "json": &*step.0 })),
        };
        let input = Input::Finished {
            step,
            number,
            fence,
            outcome,
        };
        journal.extend(run.handle(at, input).unwrap());
    }
}

fn trial(plan: &Arc<Plan>, run: &Run, journal: &[Entry]) -> Trial {
    let recorded = Recorded::of(plan, journal);
    let mut answers = recorded.answers();
    let begun = run.created_at();
    let course = rehearse(
        plan,
        run.start().clone(),
        recorded.kept(),
        begun,
        &mut answers,
    );
    compare(run, &recorded, &course)
}

#[test]
fn a_run_that_waited_turned_back_and_paused_is_the_same_when_it_is_tried() {
    let plan = deliver();
    let hour = 3_600_000;
    let at = |hours: i64| Timestamp(BEGIN.0 + hours * hour);
    for resumed in [ResumeAnswer::Fail, ResumeAnswer::Again { input: None }] {
        let (mut run, mut journal) = Run::begin(plan.clone(), start(&plan, json!({})), BEGIN);
        answered(&mut run, &mut journal, at(0), &[]);
        let value = json!({ "type": "paid.x", "data": { "id": 1 } });
        let heard = Heard {
            event: EventId::from_parts(u64::try_from(at(1).0).unwrap(), [7; 10]),
            received_at: at(1),
            value: Json::from(value),
        };
        let input = Input::Event {
            step: "paid".into(),
            heard,
        };
        journal.extend(run.handle(at(1), input).unwrap());
        answered(&mut run, &mut journal, at(1), &[]);
        let back = decide(&run, Verdict::SendBack, at(2));
        journal.extend(run.handle(at(2), back).unwrap());
        answered(&mut run, &mut journal, at(2), &[]);
        let approve = decide(&run, Verdict::Approve, at(3));
        journal.extend(run.handle(at(3), approve).unwrap());
        answered(&mut run, &mut journal, at(3), &["ship"]);
        assert_eq!(run.status(), Status::Paused);
        let resume = Input::Resume {
            by: "user:eva".into(),
            reason: None,
            step: None,
            answer: resumed.clone(),
        };
        journal.extend(run.handle(at(4), resume).unwrap());
        answered(&mut run, &mut journal, at(4), &[]);
        assert!(run.is_over(), "{run:?}");
        let undone = matches!(resumed, ResumeAnswer::Fail);
        let known = |event: &RunEvent| matches!(event, RunEvent::HandlersStarted { .. });
        let lists = journal.iter().filter(|entry| known(&entry.event)).count();
        assert_eq!(lists, if undone { 3 } else { 1 });
        let trial = trial(&plan, &run, &journal);
        assert!(trial.same, "{trial:#?}");
    }
}

#[test]
fn where_a_run_ended_while_it_waited_the_trial_ends_as_well() {
    let document = json!({ "timeout": "1h", "steps": [
        { "id": "hear", "action": "wait", "with": { "event": { "type": "x" } } },
        { "id": "ask", "action": "approval_gate", "with": { "title": "Go?" } },
    ], "finally": [ { "id": "clean", "action": "http", "with": { "connection": "c", "path": "/" } } ] });
    let plan = plan(&document);
    let (mut run, mut journal) = lived(&plan, json!({}), |_| ok(json!(1)));
    let late = Timestamp(BEGIN.0 + 3_600_000);
    journal.extend(run.handle(late, Input::Tick).unwrap());
    answered(&mut run, &mut journal, late, &[]);
    assert_eq!(run.status(), Status::Failed);
    let result = trial(&plan, &run, &journal);
    assert!(result.same, "{result:#?}");
    // In a run of its own, nobody knows what would come.
    let recorded = Recorded::of(&plan, &journal);
    let mut answers = recorded.answers_alone();
    let course = rehearse(&plan, run.start().clone(), Vec::new(), BEGIN, &mut answers);
    let stops: Vec<&str> = course.stops.iter().map(|stop| &*stop.code).collect();
    assert_eq!(stops, ["no_event", "no_decision"]);

    // Two cancels are two: the second one ends what cleans up.
    let (mut run, mut journal) = lived(&plan, json!({}), |_| ok(json!(1)));
    for _ in 0..2 {
        let cancel = Input::Cancel {
            by: "user:ana".into(),
            reason: None,
        };
        journal.extend(run.handle(Timestamp(BEGIN.0 + 1_000), cancel).unwrap());
    }
    assert!(run.is_over());
    let result = trial(&plan, &run, &journal);
    assert_eq!(result.status_after, Status::Canceled);
    assert!(result.same, "{result:#?}");
}

#[test]
fn what_a_further_attempt_asks_for_is_compared_too() {
    let back = |path: &str| {
        json!({ "steps": [
            { "id": "text", "action": "http", "with": { "connection": "c", "path": path } },
            { "id": "check", "action": "approval_gate", "needs": ["text"], "with": { "title": "Go?", "send_back": { "to": "text" } } },
        ] })
    };
    let old = plan(&back("/{{ review.round }}"));
    let (mut run, mut journal) = lived(&old, json!({}), |_| ok(json!(1)));
    for verdict in [Verdict::SendBack, Verdict::Approve] {
        let input = decide(&run, verdict, BEGIN);
        journal.extend(run.handle(Timestamp(BEGIN.0 + 1_000), input).unwrap());
        answered(&mut run, &mut journal, Timestamp(BEGIN.0 + 1_000), &[]);
    }
    assert_eq!(run.status(), Status::Succeeded);
    // The first call is the same, the second is not.
    let new = plan(&back("/{{ review.round * 2 }}"));
    let recorded = Recorded::of(&old, &journal);
    let mut answers = recorded.answers();
    let course = rehearse(&new, run.start().clone(), Vec::new(), BEGIN, &mut answers);
    let trial = compare(&run, &recorded, &course);
    assert_eq!(trial.equal_calls, 1);
    assert_eq!(trial.calls.len(), 1);
    assert_eq!(trial.calls[0].kind, ChangeKind::Changed);
    assert_eq!(
        trial.calls[0].before,
        Some(json!({ "connection": "c", "path": "/1" }).into())
    );
    assert_eq!(
        trial.calls[0].after,
        Some(json!({ "connection": "c", "path": "/2" }).into())
    );
}

#[test]
fn what_was_ended_while_it_ran_has_an_end_only_where_it_is_ended_again() {
    let call = |on_error: &str| {
        json!({ "timeout": "1d", "steps": [
            { "id": "a", "action": "http", "with": { "connection": "c", "path": "/a" }, "on_error": on_error },
            { "id": "b", "action": "http", "with": { "connection": "c", "path": "/b" }, "timeout": "1h" },
        ]})
    };
    let old = plan(&call("fail"));
    let (mut run, mut journal) = Run::begin(old.clone(), start(&old, json!({})), BEGIN);
    let Effect::Attempt { number, fence, .. } = run.effect("a").unwrap();
    let input = Input::Finished {
        step: "a".into(),
        number,
        fence,
        outcome: Outcome::Failed {
            failure: Failure::new(FailureClass::Permanent, "no", "no"),
            retry_after_ms: None,
        },
    };
    journal.extend(run.handle(BEGIN, input).unwrap());
    assert_eq!(run.step("b").unwrap().status, Status::Canceled);
    let again = trial(&old, &run, &journal);
    assert!(again.same, "{again:#?}");

    // Where the failure ends nothing, how long the other one takes is not known.
    let new = plan(&call("continue"));
    let recorded = Recorded::of(&old, &journal);
    let mut answers = recorded.answers();
    let course = rehearse(&new, run.start().clone(), Vec::new(), BEGIN, &mut answers);
    assert!(!course.run.is_over());
    assert_eq!(course.stops.len(), 1);
    assert_eq!(course.stops[0].code, "no_answer");
    assert_eq!(course.stops[0].path, "b".into());
}

#[test]
fn a_cancel_comes_as_long_after_the_beginning_as_it_did() {
    let document = json!({ "steps": [
        { "id": "a", "action": "wait", "with": { "for": "1h" } },
        { "id": "b", "action": "wait", "needs": ["a"], "with": { "for": "1h" } },
    ]});
    let plan = plan(&document);
    let claim = crate::flow::Claim {
        priority: 0,
        key: None,
    };
    let begin = start(&plan, json!({}));
    let (mut run, mut journal) =
        Run::begin_claiming(plan.clone(), begin, Vec::new(), Some(claim), BEGIN);
    let minute = 60_000;
    let cancel = Input::Cancel {
        by: "user:ana".into(),
        reason: None,
    };
    // It is its turn after two hours, and it is canceled in the second half of its work, after it
    // had given back its slot and got one again.
    for (at, input) in [
        (120, Input::Admit),
        (180, Input::Tick),
        (180, Input::Admit),
        (210, cancel),
    ] {
        journal.extend(run.handle(Timestamp(BEGIN.0 + at * minute), input).unwrap());
    }
    assert_eq!(run.status(), Status::Canceled);
    assert_eq!(run.step("a").unwrap().status, Status::Succeeded);
    let result = trial(&plan, &run, &journal);
    assert!(result.same, "{result:#?}");
}
