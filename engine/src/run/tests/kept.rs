//! What a retry keeps.

use super::*;

/// The run that keeps what this one has.
pub(super) fn again(bench: &Bench, from: Option<&str>) -> Bench {
    with_inputs(bench, from, bench.run.start().inputs.value().clone())
}

fn with_inputs(bench: &Bench, from: Option<&str>, inputs: Value) -> Bench {
    let plan = bench.run.plan().clone();
    let kept = bench.run.kept(&plan, from).unwrap();
    let mut begin = start(&plan, inputs);
    begin.run = RunId::from_parts(1_800_000_000_001, [8; 10]);
    begin.root = bench.run.start().root;
    let (run, journal) = Run::begin_with(plan, begin, kept, bench.now);
    run.check().unwrap();
    let replayed = Run::replay(run.plan().clone(), journal.clone()).unwrap();
    assert_eq!(replayed.dump(), run.dump());
    Bench {
        run,
        journal,
        now: bench.now,
    }
}

#[test]
fn only_the_failed_items_run_again() {
    let mut bench = over(
        json!(["a", "b", "c", "d"]),
        json!([
            call("before", json!({})),
            each(
                json!({"max_parallel": 3, "output": "{{ steps.send.output }}"}),
                json!([
                    call(
                        "charge",
                        json!({"with": {"to": "{{ item }} {{ steps.before.output }}"}})
                    ),
                    call("send", json!({"needs": ["charge"]})),
                ])
            ),
            value("all", json!("{{ steps.each.output }}")),
        ]),
    );
    bench.ok("before");
    bench.ok("each[0].charge").ok("each[0].send");
    bench
        .ok("each[1].charge")
        .ok("each[2].charge")
        .ok("each[2].send");
    let key = |bench: &Bench, step: &str| match bench.effect(step) {
        Effect::Attempt {
            idempotency_key, ..
        } => idempotency_key,
    };
    let first = key(&bench, "each[1].send");
    bench.fail("each[1].send", FailureClass::Permanent);
    assert_eq!(bench.run.status(), Status::Failed);
    let mut bench = again(&bench, None);
    // Of the failed item only what failed, and the item that never began.
    assert_eq!(bench.running(), ["each[1].send#1", "each[3].charge#1"]);
    assert_eq!(key(&bench, "each[1].send"), first);
    let view = bench.run.step("each[1].charge").unwrap();
    assert!(view.kept_from.is_some() && view.attempts.is_empty());
    assert!(bench.run.step("each[0].charge").is_none());
    bench
        .ok("each[1].send")
        .ok("each[3].charge")
        .ok("each[3].send");
    assert_eq!(
        bench.output("all"),
        r#"["each[0].send","each[1].send","each[2].send","each[3].send"]"#
    );
    let passes = bench.run.step("each").unwrap().passes.unwrap();
    assert_eq!((passes.kept, passes.succeeded), (2, 4));
}

/// A result counts for the item that it was made from, wherever that stands now.
#[test]
fn a_pass_counts_only_for_an_equal_item() {
    let mut bench = over(
        json!(["a", "b", {"n": 1, "m": 2}]),
        json!([each(
            json!({"max_parallel": 9}),
            json!([call("x", json!({})), call("y", json!({"needs": ["x"]}))])
        )]),
    );
    bench
        .ok("each[0].x")
        .ok("each[0].y")
        .ok("each[2].x")
        .ok("each[2].y")
        .ok("each[1].x");
    bench.fail("each[1].y", FailureClass::Permanent);
    let bench = with_inputs(
        &bench,
        None,
        json!({"items": ["other", "other", {"m": 2, "n": 1}]}),
    );
    assert_eq!(bench.running(), ["each[0].x#1", "each[1].x#1"]);
}

#[test]
fn loops_in_loops_keep_what_succeeded() {
    let mut bench = over(
        json!([[1, 2], [3]]),
        json!([each(
            json!({"as": "row", "max_parallel": 2}),
            json!([
                {"id": "inner", "for_each": {"items": "{{ row }}", "max_parallel": 2}, "steps": [call("x", json!({}))]},
                call("sum", json!({"needs": ["inner"]})),
            ])
        )]),
    );
    bench
        .ok("each[0].inner[0].x")
        .ok("each[1].inner[0].x")
        .ok("each[1].sum");
    bench.fail("each[0].inner[1].x", FailureClass::Permanent);
    let failure = bench.run.failure().unwrap();
    assert_eq!(failure.message, "each[0].inner[1].x: it broke");
    assert_eq!(
        failure.details.as_ref().unwrap().text(),
        r#"{"step":"each[0].inner[1].x"}"#
    );
    let mut bench = again(&bench, None);
    assert_eq!(bench.running(), ["each[0].inner[1].x#1"]);
    bench.ok("each[0].inner[1].x").ok("each[0].sum");
    assert_eq!(bench.output("each"), r#"["each[0].sum","each[1].sum"]"#);
    assert_eq!(
        bench.output("each[0].inner"),
        r#"["each[0].inner[0].x","each[0].inner[1].x"]"#
    );
}

#[test]
fn a_chosen_loop_runs_its_failed_items_again_or_all_of_them() {
    let mut bench = over(
        json!([1, 2]),
        json!([
            each(
                json!({"on_item_error": "continue"}),
                json!([call("x", json!({}))])
            ),
            call("after", json!({"needs": ["each"]})),
        ]),
    );
    bench
        .ok("each[0].x")
        .fail("each[1].x", FailureClass::Permanent)
        .ok("after");
    assert_eq!(bench.run.status(), Status::Succeeded);
    // Nothing failed for the run, so nothing would run again by itself.
    assert_eq!(again(&bench, None).run.status(), Status::Succeeded);
    let mut retried = again(&bench, Some("each"));
    assert_eq!(retried.running(), ["each[1].x#1"]);
    retried.ok("each[1].x");
    assert_eq!(retried.running(), ["after#1"]);
    retried.ok("after");
    let mut retried = again(&retried, Some("each"));
    assert_eq!(retried.running(), ["each[0].x#1"]);
    retried.ok("each[0].x");
    assert_eq!(retried.running(), ["each[1].x#1"]);
    assert!(bench.run.kept(bench.run.plan(), Some("x")).is_none());
}

#[test]
fn a_repeat_goes_on_where_it_was() {
    let mut bench = Bench::new(json!({"steps": [
        {"id": "ready", "repeat": {"until": "steps.poll.output == 'done'", "max": 2}, "steps": [
            call("poll", json!({})), call("log", json!({"needs": ["poll"]})),
        ]},
    ]}));
    bench
        .ok("ready[0].poll")
        .ok("ready[0].log")
        .ok("ready[1].poll");
    bench.fail("ready[1].log", FailureClass::Permanent);
    // The pass that failed, without what succeeded of it; and as many passes as the first time.
    let mut bench = again(&bench, None);
    assert_eq!(bench.running(), ["ready[1].log#1"]);
    bench.ok("ready[1].log");
    bench.ok("ready[2].poll").ok("ready[2].log");
    assert_eq!(bench.run.failure().unwrap().code, "repeat_limit");
    let mut bench = again(&bench, None);
    assert_eq!(bench.running(), ["ready[3].poll#1"]);
    bench
        .answer("ready[3].poll", succeeded(json!("done")))
        .ok("ready[3].log");
    assert_eq!(bench.run.status(), Status::Succeeded);
    assert_eq!(bench.run.step("ready").unwrap().passes.unwrap().first, 3);
}

#[test]
fn a_search_that_had_found_does_not_go_on() {
    let mut bench = over(
        json!([1, 2, 3, 4]),
        json!([each(
            json!({"max_parallel": 2, "until": "steps.look.output == 'found'"}),
            json!([call("look", json!({}))]),
        )]),
    );
    bench.answer("each[1].look", succeeded(json!("found")));
    bench.fail("each[0].look", FailureClass::Permanent);
    let mut bench = again(&bench, None);
    assert_eq!(bench.running(), ["each[0].look#1"]);
    bench.ok("each[0].look");
    assert_eq!(bench.output("each"), r#"["each[0].look","found"]"#);
}

/// What was skipped by its condition is skipped again: what came after it is kept.
#[test]
fn what_came_after_a_skip_is_kept() {
    let mut bench = Bench::new(json!({"steps": [
        {"id": "no", "action": "transform", "when": "1 == 2", "with": {"value": 1}},
        call("sent", json!({"needs": ["no"], "join": "all_done"})),
        call("last", json!({"needs": ["sent"]})),
        call("never", json!({"needs": ["last"]})),
        call("clean", json!({"needs": ["never"], "join": "all_done"})),
    ]}));
    bench
        .ok("sent")
        .fail("last", FailureClass::Permanent)
        .ok("clean");
    let mut bench = again(&bench, None);
    assert_eq!(bench.running(), ["last#1"]);
    assert_eq!(bench.status("no"), Status::Skipped);
    bench.ok("last").ok("never");
    assert_eq!(bench.running(), ["clean#1"]);
}

/// Results that do not fit into one record are complete, or the run does not begin.
#[test]
fn a_run_that_keeps_much_begins_with_all_of_it_or_not_at_all() {
    let document = json!({"inputs": {"items": {}}, "steps": [
        each(json!({"max_parallel": 9}), json!([call("x", json!({}))])),
        call("after", json!({"needs": ["each"]})),
    ]});
    let mut bench = Bench::with_inputs(document.clone(), json!({"items": [1, 2, 3, 4]}));
    for item in 0..3 {
        let large = "x".repeat(2 * 1024 * 1024);
        bench.answer(&format!("each[{item}].x"), succeeded(json!(large)));
    }
    bench.fail("each[3].x", FailureClass::Permanent);
    let full = again(&bench, None);
    assert!(matches!(
        full.journal[1].event,
        RunEvent::KeepingStarted { results: 4 }
    ));
    assert!(full.run.goes_on());
    for cut in 2..6 {
        let journal = full.journal[..cut].to_vec();
        let run = Run::replay(full.run.plan().clone(), journal.clone()).unwrap();
        assert_eq!(run.next_deadline(), None);
        let mut half = Bench {
            run,
            journal,
            now: full.now,
        };
        half.give(Input::Recover { alone: false });
        assert_eq!(half.line(), "each=skipped after=skipped run=canceled");
    }
    let journal = full.journal[..6].to_vec();
    let run = Run::replay(full.run.plan().clone(), journal.clone()).unwrap();
    let mut whole = Bench {
        run,
        journal,
        now: full.now,
    };
    whole.give(Input::Recover { alone: false });
    assert_eq!(whole.running(), ["each[3].x#1"]);
}
