use super::*;

#[test]
fn a_chain_of_pure_steps_is_one_turn() {
    let steps: Vec<Value> = (0..10)
        .map(|n| {
            let value = match n {
                0 => json!("{{ inputs.n }}"),
                _ => json!(format!("{{{{ steps.s{}.output + 1 }}}}", n - 1)),
            };
            json!({"id": format!("s{n}"), "action": "transform", "with": {"value": value}})
        })
        .collect();
    let bench = Bench::with_inputs(
        json!({"inputs": {"n": {"type": "integer"}}, "steps": steps, "outputs": {"n": "{{ steps.s9.output }}"}}),
        json!({"n": 1}),
    );
    assert_eq!(bench.run.outputs().unwrap().text(), r#"{"n":10}"#);
    assert_eq!(bench.journal.len(), 12);
    assert_eq!(bench.run.last_seq(), 12);
    assert_eq!(bench.run.finished_at(), Some(BEGIN));
    assert_eq!(bench.run.waits_for(), "succeeded");
}

#[test]
fn a_value_that_is_passed_on_is_shared() {
    let bench = Bench::with_inputs(
        json!({"inputs": {"big": {}}, "steps": [
            {"id": "a", "action": "transform", "with": {"value": "{{ inputs.big }}"}},
            {"id": "b", "action": "transform", "with": {"value": "{{ steps.a.output }}"}},
            {"id": "c", "action": "transform", "with": {"value": {"in": "{{ steps.a.output }}"}}},
        ]}),
        json!({"big": [1, 2, 3]}),
    );
    let output = |id: &str| bench.run.step(id).unwrap().output.unwrap();
    assert!(std::ptr::eq(output("a").value(), output("b").value()));
    assert_eq!(output("c").text(), r#"{"in":[1,2,3]}"#);
}

#[test]
fn a_run_without_steps_ends_at_once() {
    let bench = Bench::new(json!({"steps": []}));
    assert_eq!(bench.line(), "run=succeeded");
    assert_eq!(bench.run.outputs().unwrap().text(), "{}");
}

#[test]
fn when_skips_and_its_error_fails_the_step() {
    let bench = Bench::new(json!({"steps": [
        {"id": "a", "action": "transform", "when": "1 == 2", "with": {"value": 1}},
        {"id": "b", "action": "transform", "on_error": "continue", "when": "[1, 2] | only", "with": {"value": 1}},
        {"id": "c", "action": "transform", "on_error": "continue", "with": {"value": "{{ [1, 2] | only }}"}},
        {"id": "d", "action": "switch", "on_error": "continue", "with": {"cases": [{"id": "x", "when": "[1, 2] | only"}]}},
    ]}));
    assert_eq!(
        bench.line(),
        "a=skipped b=failed c=failed d=failed run=succeeded"
    );
    assert_eq!(
        serde_json::to_value(bench.run.step("a").unwrap().skipped).unwrap(),
        json!({"kind": "when"})
    );
    for (step, place) in [("b", "when"), ("c", "with/value"), ("d", "case x")] {
        let failure = bench.run.step(step).unwrap().error.unwrap();
        assert_eq!(failure.class, FailureClass::Permanent);
        assert_eq!(failure.code, "expression_failed");
        assert!(failure.message.starts_with(place), "{}", failure.message);
    }
}

#[test]
fn waits_end_on_time_and_never_early() {
    let mut bench = Bench::new(json!({"steps": [
        {"id": "nap", "action": "wait", "with": {"for": "5m"}},
        {"id": "past", "action": "wait", "with": {"until": "2001-01-01T00:00:00Z"}},
        {"id": "far", "action": "wait", "needs": ["nap"], "with": {"until": "{{ run.started_at | add_days(1) }}"}},
    ]}));
    assert_eq!(
        bench.line(),
        "nap=waiting past=succeeded far=queued run=waiting"
    );
    assert_eq!(bench.deadline(), r#"+5m Wait { step: nap }"#);
    assert_eq!(
        bench.run.waits_for(),
        "step nap waits until 2027-01-15T08:05:00.000Z"
    );
    bench.pass("299999ms");
    assert_eq!(bench.status("nap"), Status::Waiting);
    bench.pass("1ms");
    assert_eq!(
        bench.run.step("nap").unwrap().output.unwrap().text(),
        r#"{"waited_until":"2027-01-15T08:05:00.000Z"}"#
    );
    assert_eq!(bench.deadline(), r#"+1d Wait { step: far }"#);
    bench.pass("2d");
    assert_eq!(
        bench.line(),
        "nap=succeeded past=succeeded far=succeeded run=succeeded"
    );
}

#[test]
fn a_wait_that_says_nothing_useful_fails_and_the_longest_stays_printable() {
    for with in [
        json!({}),
        json!({"for": "soon"}),
        json!({"for": 5}),
        json!({"until": "soon"}),
        json!({"until": {}}),
        json!({"for": "1s", "until": "2027-01-01T00:00:00Z"}),
    ] {
        let bench = Bench::new(json!({"steps": [{"id": "a", "action": "wait", "with": with}]}));
        assert_eq!(bench.line(), "a=failed run=failed");
        assert_eq!(bench.run.failure().unwrap().code, "invalid_wait");
    }
    let bench = Bench::new(
        json!({"steps": [{"id": "a", "action": "wait", "with": {"for": "99999999999d"}}]}),
    );
    let until = bench.run.step("a").unwrap().waits_until.unwrap();
    assert_eq!(until.to_string().parse::<Timestamp>(), Ok(until));
}

#[test]
fn outputs_of_skipped_steps_are_null_and_a_wrong_output_fails_the_run() {
    let bench = Bench::new(json!({
        "steps": [
            {"id": "a", "action": "transform", "when": "1 == 2", "with": {"value": {"x": 1}}},
            {"id": "b", "action": "transform", "with": {"value": {"x": 1}}},
        ],
        "outputs": {"a": "{{ steps.a.output.x }}", "b": "{{ steps.b.output.x }}"},
    }));
    assert_eq!(bench.run.outputs().unwrap().text(), r#"{"a":null,"b":1}"#);
    let bench = Bench::new(json!({
        "steps": [{"id": "b", "action": "transform", "with": {"value": {"x": 1}}}],
        "outputs": {"b": "{{ steps.b.output.y }}"},
    }));
    assert_eq!(bench.line(), "b=succeeded run=failed");
    let failure = bench.run.failure().unwrap();
    assert_eq!(failure.code, "undefined_value");
    assert!(
        failure.message.starts_with("output b: "),
        "{}",
        failure.message
    );
}

#[test]
fn kept_results_are_not_made_again() {
    let plan = plan(&json!({"steps": [
        call("a", json!({})),
        {"id": "s", "action": "switch", "with": {"cases": [{"id": "x"}]}},
        call("b", json!({"needs": ["a", "s.x"]})),
    ]}));
    let earlier = RunId::from_parts(1, [1; 10]);
    let kept = |step: &str, output: Value| Kept::Step {
        step: step.into(),
        output: output.into(),
        from: earlier,
    };
    let kept = vec![
        kept("s", json!({"case": "x"})),
        kept("a", json!("kept")),
        kept("a", json!("twice")),
        kept("gone", json!(1)),
        kept("a[0].b", json!(1)),
    ];
    let begin = start(&plan, json!({}));
    let (run, entries) = Run::begin_with(plan.clone(), begin, kept, BEGIN);
    run.check().unwrap();
    assert_eq!(run.step("a").unwrap().output.unwrap().text(), "\"kept\"");
    assert_eq!(run.step("a").unwrap().kept_from, Some(earlier));
    assert_eq!(run.pending().len(), 1);
    assert_eq!(entries.len(), 4);
    assert_eq!(Run::replay(plan, entries).unwrap().dump(), run.dump());
}

#[test]
fn views_serialise_as_the_contract_says() {
    let mut bench = Bench::new(json!({"steps": [call("a", json!({"retry": {"jitter": false}}))]}));
    bench.fail("a", FailureClass::Retryable);
    insta::assert_snapshot!(serde_json::to_string_pretty(&bench.run.steps()).unwrap(), @r#"
[
  {
    "id": "a",
    "path": "a",
    "action": "http",
    "status": "waiting",
    "attempts": [
      {
        "number": 1,
        "status": "failed",
        "started_at": "2027-01-15T08:00:00.000Z",
        "finished_at": "2027-01-15T08:00:00.000Z",
        "error": {
          "class": "retryable",
          "code": "broken",
          "message": "it broke"
        }
      }
    ],
    "input": {"path":"/"},
    "output": null,
    "error": null,
    "waits_until": "2027-01-15T08:00:01.000Z",
    "started_at": "2027-01-15T08:00:00.000Z",
    "finished_at": null
  }
]
"#);
}
