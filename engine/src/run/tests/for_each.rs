use super::*;

#[test]
fn results_stand_in_the_order_of_the_items() {
    let mut bench = over(
        json!(["a", "b", "c"]),
        json!([
            each(
                json!({"max_parallel": 2}),
                json!([call(
                    "send",
                    json!({"with": {"to": "{{ item }}", "n": "{{ loop.index }}"}})
                )])
            ),
            value("all", json!("{{ steps.each.output }}")),
        ]),
    );
    assert_eq!(bench.running(), ["each[0].send#1", "each[1].send#1"]);
    bench.answer("each[1].send", succeeded(json!("second")));
    assert_eq!(bench.running(), ["each[0].send#1", "each[2].send#1"]);
    bench.answer("each[2].send", succeeded(json!("third")));
    assert_eq!(bench.status("each"), Status::Running);
    bench.answer("each[0].send", succeeded(json!("first")));
    assert_eq!(
        bench.line(),
        "each=succeeded each[0].send=succeeded each[1].send=succeeded each[2].send=succeeded all=succeeded run=succeeded"
    );
    assert_eq!(bench.output("all"), r#"["first","second","third"]"#);
    let input = |step: &str| {
        bench
            .run
            .step(step)
            .unwrap()
            .input
            .unwrap()
            .text()
            .to_owned()
    };
    assert_eq!(input("each[2].send"), r#"{"to":"c","n":2}"#);
}

#[test]
fn one_item_at_a_time_is_the_default() {
    let mut bench = over(
        json!([1, 2]),
        json!([each(json!({}), json!([call("x", json!({}))]))]),
    );
    assert_eq!(bench.running(), ["each[0].x#1"]);
    bench.ok("each[0].x");
    assert_eq!(bench.running(), ["each[1].x#1"]);
}

#[test]
fn the_items_of_a_map_are_its_entries() {
    let bench = over(
        json!({"z": 1, "a": {"n": 2}}),
        json!([each(
            json!({"as": "entry"}),
            json!([value("x", json!("{{ entry.key }}={{ entry.value }}"))])
        )]),
    );
    assert_eq!(bench.output("each"), r#"["z=1","a={\"n\":2}"]"#);
}

#[test]
fn no_items_are_no_passes() {
    for items in [json!([]), json!({})] {
        let bench = over(
            items,
            json!([each(json!({}), json!([call("x", json!({}))]))]),
        );
        assert_eq!(bench.line(), "each=succeeded run=succeeded");
        assert_eq!(bench.output("each"), "[]");
        let passes = bench.run.step("each").unwrap().passes.unwrap();
        assert_eq!((passes.items, passes.begun), (Some(0), 0));
    }
}

#[test]
fn what_cannot_be_gone_through_fails_the_loop() {
    for (items, more, code, message) in [
        (
            json!(null),
            json!({}),
            "invalid_items",
            "`items` is a list or a map, not null",
        ),
        (
            json!("abc"),
            json!({}),
            "invalid_items",
            "`items` is a list or a map, not \"abc\"",
        ),
        (
            json!([1, 2, 3]),
            json!({"max_items": 2}),
            "too_many_items",
            "there are 3 items, and `max_items` is 2",
        ),
        (
            json!({"a": 1, "b": 2}),
            json!({"max_items": 1}),
            "too_many_items",
            "there are 2 items, and `max_items` is 1",
        ),
        (
            json!(1),
            json!({"items": "{{ inputs.items | only }}"}),
            "expression_failed",
            "items: ",
        ),
    ] {
        let bench = over(items, json!([each(more, json!([call("x", json!({}))]))]));
        assert_eq!(bench.line(), "each=failed run=failed");
        let failure = bench.run.failure().unwrap();
        assert_eq!(failure.code, code);
        assert_eq!(failure.class, FailureClass::Permanent);
        assert!(failure.message.starts_with(message), "{}", failure.message);
    }
}

#[test]
fn output_is_that_of_the_last_step_as_written_or_what_the_loop_says() {
    // `last` is written last and runs first.
    let body = json!([
        value("first", json!("{{ steps.last.output + item }}")),
        value("last", json!("{{ item * 10 }}")),
    ]);
    let bench = over(json!([1, 2]), json!([each(json!({}), body.clone())]));
    assert_eq!(bench.output("each"), "[10,20]");
    let output = json!({"output": {"n": "{{ steps.first.output }}", "i": "{{ loop.index }}"}});
    let bench = over(json!([1, 2]), json!([each(output, body)]));
    assert_eq!(bench.output("each"), r#"[{"n":11,"i":0},{"n":22,"i":1}]"#);
    // Of a step that was skipped there is nothing.
    let body = json!([{"id": "x", "action": "transform", "when": "item == 2", "with": {"value": "{{ item }}"}}]);
    let bench = over(json!([1, 2]), json!([each(json!({}), body.clone())]));
    assert_eq!(bench.output("each"), "[null,2]");
    let output = json!({"output": "{{ steps.x.output }}"});
    let bench = over(json!([1, 2]), json!([each(output, body)]));
    assert_eq!(bench.output("each"), "[null,2]");
}

#[test]
fn a_body_sees_what_is_around_it_and_its_own_pass() {
    let bench = over(
        json!([[1, 2], [3]]),
        json!([
            value("base", json!(100)),
            each(
                json!({"as": "row"}),
                json!([
                    value("size", json!("{{ row | length }}")),
                    {"id": "cells", "for_each": {"items": "{{ row }}", "as": "cell"}, "steps": [
                        value("sum", json!("{{ steps.base.output + steps.size.output * 10 + cell + loop.index }}")),
                    ]},
                ])
            ),
        ]),
    );
    assert_eq!(bench.output("each"), "[[121,123],[113]]");
    assert_eq!(bench.output("each[0].cells[1].sum"), "123");
    assert_eq!(
        bench.run.step("each[1].cells").unwrap().path.to_string(),
        "each[1].cells"
    );
    assert!(bench.run.step("each[1].cells[1].sum").is_none());
    assert!(bench.run.step("each[1]").is_none());
    assert!(bench.run.step("sum").is_none());
}

#[test]
fn a_pass_that_fails_fails_the_loop_and_closes_the_others() {
    let mut bench = over(
        json!([1, 2, 3]),
        json!([
            each(
                json!({"max_parallel": 2}),
                json!([
                    call("pay", json!({})),
                    call("note", json!({"needs": ["pay"]})),
                    call("clean", json!({"needs": ["note"], "join": "all_done"})),
                ])
            ),
            call("after", json!({"needs": ["each"]})),
        ]),
    );
    bench.fail("each[1].pay", FailureClass::Permanent);
    // What cleans up still runs, in the pass that failed and beside it; nothing else begins.
    assert_eq!(bench.running(), ["each[0].clean#1", "each[1].clean#1"]);
    assert_eq!(bench.status("each[0].pay"), Status::Canceled);
    assert_eq!(bench.status("each"), Status::Running);
    bench.ok("each[0].clean").ok("each[1].clean");
    assert_eq!(
        bench.line(),
        "each=failed each[0].pay=canceled each[0].note=skipped each[0].clean=succeeded \
         each[1].pay=failed each[1].note=skipped each[1].clean=succeeded after=skipped run=failed"
    );
    let failure = bench.run.failure().unwrap();
    assert_eq!(
        (failure.class, failure.code.as_str()),
        (FailureClass::Permanent, "broken")
    );
    assert_eq!(failure.message, "each[1].pay: it broke");
    assert_eq!(
        failure.details.as_ref().unwrap().text(),
        r#"{"step":"each[1].pay"}"#
    );
}

#[test]
fn a_loop_that_goes_on_gives_null_for_what_failed() {
    let mut bench = over(
        json!([1, 2, 3]),
        json!([
            each(
                json!({"on_item_error": "continue", "output": "{{ 6 // (item - 1) }}"}),
                json!([call("x", json!({}))])
            ),
            value("all", json!("{{ steps.each.output }}")),
        ]),
    );
    // The output of the first item has no value.
    bench.ok("each[0].x");
    bench
        .fail("each[1].x", FailureClass::Permanent)
        .ok("each[2].x");
    assert_eq!(bench.output("all"), "[null,null,3]");
    assert_eq!(bench.run.status(), Status::Succeeded);
    let passes = bench.run.step("each").unwrap().passes.unwrap();
    assert_eq!(
        (passes.begun, passes.succeeded, passes.failed, passes.open),
        (3, 1, 2, 0)
    );
    let error = passes.error.unwrap();
    assert_eq!(error.code, "expression_failed");
    assert!(
        error.message.starts_with("each[0]: output: "),
        "{}",
        error.message
    );
}

#[test]
fn steps_of_a_body_have_their_own_policies() {
    let mut bench = over(
        json!([1]),
        json!([each(
            json!({}),
            json!([
                call(
                    "x",
                    json!({"retry": {"attempts": 2, "jitter": false}, "timeout": "30s"})
                ),
                call("y", json!({"needs": ["x"], "on_error": "continue"})),
                call("z", json!({"needs": ["y"], "join": "all_done"})),
            ])
        )]),
    );
    assert_eq!(bench.deadline(), "+30s AttemptTimeout { step: each[0].x }");
    bench.pass("30s");
    assert_eq!(bench.deadline(), "+31s Retry { step: each[0].x }");
    assert_eq!(
        bench.run.waits_for(),
        "step each[0].x is tried again at 2027-01-15T08:00:31.000Z"
    );
    bench.pass("1s").ok("each[0].x");
    bench
        .fail("each[0].y", FailureClass::Permanent)
        .ok("each[0].z");
    assert_eq!(
        bench.line(),
        "each=succeeded each[0].x=succeeded each[0].y=failed each[0].z=succeeded run=succeeded"
    );
}

#[test]
fn a_failure_handled_in_the_pass_is_no_failure_of_it() {
    let mut rescue = value("rescue", json!("{{ steps.x.error.code }}"));
    rescue["needs"] = json!(["x"]);
    rescue["join"] = json!("any_failed");
    let body = json!([call("x", json!({})), rescue]);
    let mut bench = over(json!([1]), json!([each(json!({}), body)]));
    bench.fail("each[0].x", FailureClass::Permanent);
    assert_eq!(bench.output("each"), r#"["broken"]"#);
    assert_eq!(bench.run.status(), Status::Succeeded);
}

#[test]
fn until_ends_the_search() {
    let search = |parallel: u32| {
        over(
            json!(["a", "b", "c", "d"]),
            json!([each(
                json!({"max_parallel": parallel, "until": "steps.look.output.found"}),
                json!([call("look", json!({}))]),
            )]),
        )
    };
    let mut bench = search(1);
    bench.answer("each[0].look", succeeded(json!({"found": false})));
    bench.answer("each[1].look", succeeded(json!({"found": true})));
    assert_eq!(bench.run.status(), Status::Succeeded);
    assert_eq!(bench.output("each"), r#"[{"found":false},{"found":true}]"#);
    // Passes that are open come to their end; the results are as many as passes began.
    let mut bench = search(3);
    bench.answer("each[1].look", succeeded(json!({"found": true})));
    assert_eq!(bench.running(), ["each[0].look#1", "each[2].look#1"]);
    bench.answer("each[0].look", succeeded(json!({"found": false})));
    bench.answer("each[2].look", succeeded(json!({"found": false})));
    assert_eq!(
        bench.output("each"),
        r#"[{"found":false},{"found":true},{"found":false}]"#
    );
    // It is not looked at after a pass that failed.
    let mut bench = over(
        json!([1, 2]),
        json!([each(
            json!({"until": "steps.look.status == 'failed'", "on_item_error": "continue"}),
            json!([call("look", json!({}))]),
        )]),
    );
    bench.fail("each[0].look", FailureClass::Permanent);
    assert_eq!(bench.running(), ["each[1].look#1"]);
}

#[test]
fn gates_and_waits_hold_their_passes_only() {
    let mut bench = over(
        json!(["a", "b", "c"]),
        json!([each(
            json!({"max_parallel": 2, "on_item_error": "continue"}),
            json!([
                {"id": "nap", "action": "wait", "with": {"for": "1m"}},
                {"id": "gate", "action": "approval_gate", "needs": ["nap"], "with": {"title": "{{ item }}?"}},
                call("go", json!({"needs": ["gate"], "with": {"item": "{{ item }}"}})),
            ])
        )]),
    );
    bench.pass("1m");
    assert_eq!(bench.run.approvals().len(), 2);
    let gate = |step: &str| bench.run.approval_of(&step.into()).unwrap();
    let gates = [gate("each[0].gate"), gate("each[1].gate")];
    assert_eq!(
        (
            gates[0].request.title.as_str(),
            gates[1].request.title.as_str()
        ),
        ("a?", "b?")
    );
    assert_ne!(gates[0].request.approval, gates[1].request.approval);
    assert_eq!(
        gates[1].request.details.value()["next"],
        json!([{"step": "each[1].go", "action": "http", "rendered": true, "with": {"item": "b"}}])
    );
    assert_eq!(
        bench.run.waits_for(),
        "waits for an approval of step each[0].gate, and waits for an approval of step each[1].gate"
    );
    let vote = |id, decision| Input::Decide {
        approval: id,
        decision: Decision {
            decision,
            by: "ana".into(),
            comment: Some("seen".into()),
            fields: None,
            at: BEGIN,
            own_run: false,
        },
    };
    let (first, second) = (gates[0].request.approval, gates[1].request.approval);
    bench.give(vote(first, Verdict::Reject));
    assert_eq!(bench.status("each[0].go"), Status::Skipped);
    assert_eq!(bench.status("each[2].nap"), Status::Waiting);
    bench.give(vote(second, Verdict::Approve)).ok("each[1].go");
    assert_eq!(
        bench.refused(vote(first, Verdict::Approve)).code(),
        "already_decided"
    );
    bench.pass("1m");
    let third = bench.run.approval_of(&"each[2].gate".into()).unwrap();
    bench
        .give(vote(third.request.approval, Verdict::Approve))
        .ok("each[2].go");
    assert_eq!(bench.output("each"), r#"[null,"each[1].go","each[2].go"]"#);
}

#[test]
fn a_refusal_in_a_pass_is_one_of_the_loop_and_of_the_run() {
    let mut bench = over(
        json!(["a"]),
        json!([each(
            json!({}),
            json!([{"id": "gate", "action": "approval_gate", "with": {}}])
        )]),
    );
    bench.vote("ana", Verdict::Reject);
    assert_eq!(
        bench.line(),
        "each=rejected each[0].gate=rejected run=rejected"
    );
    let failure = bench.run.failure().unwrap();
    assert_eq!(failure.code, "rejected");
    assert_eq!(failure.message, "ana rejected step each[0].gate: seen");
}

#[test]
fn switches_and_skips_are_those_of_the_pass() {
    let mut bench = over(
        json!([1, 7]),
        json!([each(
            json!({"output": "{{ steps.big.output }}"}),
            json!([
                {"id": "size", "action": "switch", "with": {"cases": [{"id": "big", "when": "item > 5"}, {"id": "small"}]}},
                call("big", json!({"needs": ["size.big"]})),
                call("small", json!({"needs": ["size.small"]})),
            ])
        )]),
    );
    bench.ok("each[0].small").ok("each[1].big");
    assert_eq!(bench.output("each"), r#"[null,"each[1].big"]"#);
    assert_eq!(
        serde_json::to_value(bench.run.step("each[0].big").unwrap().skipped).unwrap(),
        json!({"kind": "case", "step": "each[0].size", "taken": "small"})
    );
}

#[test]
fn keys_differ_from_pass_to_pass_and_stay_over_attempts() {
    let mut bench = over(
        json!([{"id": 7}, {"id": 8}]),
        json!([each(
            json!({"max_parallel": 2}),
            json!([
                call(
                    "own",
                    json!({"idempotency_key": "{{ run.id }}:{{ item.id }}"})
                ),
                call("made", json!({"retry": {}})),
            ])
        )]),
    );
    let key = |bench: &Bench, step: &str| match bench.effect(step) {
        Effect::Attempt {
            idempotency_key, ..
        } => idempotency_key,
    };
    assert!(key(&bench, "each[1].own").ends_with(":8"));
    let first = key(&bench, "each[0].made");
    assert_ne!(first, key(&bench, "each[1].made"));
    assert_eq!(
        first,
        super::super::attempt::key(bench.run.id(), "each[0].made")
    );
    bench
        .fail("each[0].made", FailureClass::Retryable)
        .pass("5s");
    assert_eq!(first, key(&bench, "each[0].made"));
}

#[test]
fn a_cancel_ends_every_pass_and_then_the_loop() {
    let mut bench = over(
        json!([1, 2, 3]),
        json!([each(
            json!({"max_parallel": 2}),
            json!([
                call("x", json!({})),
                {"id": "inner", "needs": ["x"], "repeat": {"until": "false", "every": "1m"}, "steps": [call("poll", json!({}))]},
            ])
        )]),
    );
    bench.ok("each[1].x").ok("each[1].inner[0].poll");
    bench.give(Input::Cancel {
        by: "ana".into(),
        reason: None,
    });
    assert_eq!(
        bench.line(),
        "each=canceled each[0].x=canceled each[0].inner=skipped \
         each[1].x=succeeded each[1].inner=canceled each[1].inner[0].poll=succeeded run=canceled"
    );
    assert_eq!(bench.deadline(), "none");
}

#[test]
fn a_failure_beside_the_loop_ends_it() {
    let mut bench = over(
        json!([1, 2]),
        json!([
            call("other", json!({})),
            each(
                json!({}),
                json!([
                    call("x", json!({})),
                    call("clean", json!({"needs": ["x"], "join": "all_done"})),
                ])
            ),
        ]),
    );
    bench.fail("other", FailureClass::Permanent);
    assert_eq!(bench.running(), ["each[0].clean#1"]);
    bench.ok("each[0].clean");
    assert_eq!(
        bench.line(),
        "other=failed each=canceled each[0].x=canceled each[0].clean=succeeded run=failed"
    );
}

#[test]
fn a_loop_that_handles_failures_runs_in_full() {
    let mut bench = over(
        json!([1, 2]),
        json!([
            call("other", json!({})),
            {"id": "each", "needs": ["other"], "join": "any_failed", "for_each": {"items": "{{ inputs.items }}"}, "steps": [call("undo", json!({}))]},
        ]),
    );
    bench
        .fail("other", FailureClass::Permanent)
        .ok("each[0].undo")
        .ok("each[1].undo");
    assert_eq!(
        bench.line(),
        "other=failed each=succeeded each[0].undo=succeeded each[1].undo=succeeded run=succeeded"
    );
}

#[test]
fn the_time_of_a_loop_runs_out() {
    let mut looped = each(json!({"max_parallel": 2}), json!([call("x", json!({}))]));
    looped["timeout"] = json!("10s");
    let mut bench = over(json!([1, 2, 3]), json!([looped]));
    assert_eq!(bench.deadline(), "+10s LoopTimeout { step: each }");
    bench.ok("each[1].x").pass("10s");
    assert_eq!(
        bench.line(),
        "each=failed each[0].x=canceled each[1].x=succeeded each[2].x=canceled run=failed"
    );
    let failure = bench.run.failure().unwrap();
    assert_eq!(
        (failure.class, failure.code.as_str()),
        (FailureClass::Timeout, "timeout")
    );
}

#[test]
fn an_uncertain_step_of_a_pass_is_resolved_by_its_path() {
    let mut bench = over(
        json!([1]),
        json!([each(
            json!({}),
            json!([call("pay", json!({"delivery": "at_most_once"}))])
        )]),
    );
    bench.give(Input::Recover { alone: false });
    assert_eq!(bench.status("each[0].pay"), Status::Uncertain);
    assert_eq!(
        bench.run.waits_for(),
        "a person must find out whether step each[0].pay happened"
    );
    let resolve = |step: &str| Input::ResolveUncertain {
        step: step.into(),
        resolution: Resolution::Happened {
            output: json!("paid").into(),
        },
        by: "ana".into(),
        reason: None,
    };
    for wrong in ["pay", "each[0]", "each[1].pay", "each[00].pay", "each.pay"] {
        assert_eq!(bench.refused(resolve(wrong)), Rejected::NotUncertain);
    }
    bench.give(resolve("each[0].pay"));
    assert_eq!(bench.output("each"), r#"["paid"]"#);
}

#[test]
fn three_deaths_alone_quarantine_a_step_of_a_pass() {
    let mut bench = over(
        json!([1, 2]),
        json!([each(json!({}), json!([call("x", json!({}))]))]),
    );
    for _ in 0..3 {
        bench.give(Input::Recover { alone: true });
    }
    assert_eq!(bench.line(), "each=failed each[0].x=failed run=failed");
    assert_eq!(
        bench.run.failure().unwrap().class,
        FailureClass::Quarantined
    );
}

#[test]
fn a_gate_before_a_loop_shows_what_the_loop_would_do() {
    let bench = over(
        json!([1, 2]),
        json!([
            {"id": "gate", "action": "approval_gate", "with": {}},
            {"id": "each", "needs": ["gate"], "for_each": {"items": "{{ inputs.items }}", "max_parallel": 2}, "steps": [
                call("pay", json!({"with": {"n": "{{ item }}"}})),
                {"id": "ready", "repeat": {"until": "true"}, "steps": [call("poll", json!({}))]},
            ]},
        ]),
    );
    let next = bench.run.approvals()[0].request.details.value()["next"].clone();
    assert_eq!(
        next,
        json!([{"step": "each", "action": "for_each", "rendered": true, "with": {
            "for_each": {"items": [1, 2], "max_parallel": 2},
            "steps": [
                {"id": "pay", "action": "http", "with": {"n": "{{ item }}"}},
                {"id": "ready", "repeat": {"until": "true"}, "steps": [{"id": "poll", "action": "http", "with": {"path": "/"}}]},
            ],
        }}])
    );
}

#[test]
fn a_gate_before_very_many_items_shows_their_number_and_digest() {
    let gated = |items: Vec<u32>| {
        let bench = over(
            json!(items),
            json!([
                {"id": "gate", "action": "approval_gate", "with": {}},
                {"id": "each", "needs": ["gate"], "for_each": {"items": "{{ inputs.items }}"}, "steps": [call("pay", json!({}))]},
            ]),
        );
        bench.run.approvals()[0].request.clone()
    };
    let (one, other) = (gated((0..10_000).collect()), gated((1..10_001).collect()));
    let shown = &one.details.value()["next"][0]["with"]["for_each"]["items"];
    assert_eq!(shown["count"], 10_000);
    assert!(shown["digest"].as_str().unwrap().starts_with("sha256:"));
    assert_ne!(one.digest, other.digest);
}

#[test]
fn the_loop_as_it_is_shown() {
    let bench = over(
        json!([5, 6]),
        json!([each(json!({}), json!([call("x", json!({}))]))]),
    );
    let views = serde_json::to_value(bench.run.steps()).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&views[0]).unwrap(), @r#"
    {
      "id": "each",
      "path": "each",
      "action": "for_each",
      "status": "running",
      "attempts": [],
      "input": null,
      "output": null,
      "error": null,
      "passes": {
        "items": 2,
        "first": 0,
        "begun": 1,
        "open": 1,
        "succeeded": 0,
        "failed": 0,
        "kept": 0,
        "error": null
      },
      "started_at": "2027-01-15T08:00:00.000Z",
      "finished_at": null
    }
    "#);
    assert_eq!(views[1]["id"], "x");
    assert_eq!(views[1]["path"], "each[0].x");
}
