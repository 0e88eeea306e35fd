use super::*;

/// How each need ends: two calls, a gate or a skipped step.
const OUTCOMES: [&str; 4] = ["succeeded", "failed", "rejected", "skipped"];
const JOINS: [&str; 5] = [
    "all_succeeded",
    "none_failed",
    "all_done",
    "any_succeeded",
    "any_failed",
];

fn need(id: &str, outcome: &str) -> Value {
    match outcome {
        "rejected" => {
            json!({"id": id, "action": "approval_gate", "on_error": "continue", "with": {"title": "?"}})
        }
        "skipped" => call(id, json!({"when": "1 == 2"})),
        _ => call(id, json!({"on_error": "continue"})),
    }
}

fn drive(bench: &mut Bench, id: &str, outcome: &str) {
    match outcome {
        "succeeded" => {
            bench.ok(id);
        }
        "failed" => {
            bench.fail(id, FailureClass::Permanent);
        }
        "rejected" => {
            let gate = bench
                .run
                .approvals()
                .into_iter()
                .find(|gate| *gate.step.0 == *id)
                .unwrap();
            let Input::Decide { decision, .. } = bench.voting("ana", Verdict::Reject) else {
                unreachable!()
            };
            let approval = gate.request.approval;
            bench.give(Input::Decide { approval, decision });
        }
        _ => {}
    }
}

/// What a step becomes under each join, for each pair of outcomes of its needs.
fn truth_table() -> String {
    let mut table = head();
    for (position, a) in OUTCOMES.iter().enumerate() {
        for b in &OUTCOMES[position..] {
            table.push_str(&format!("{:22}", format!("{a}, {b}")));
            for join in JOINS {
                let mut bench = Bench::new(json!({"steps": [
                    need("a", a),
                    need("b", b),
                    {"id": "z", "action": "transform", "needs": ["a", "b"], "join": join, "with": {"value": 1}},
                ]}));
                drive(&mut bench, "a", a);
                // Only when all needs have ended is a step decided.
                if *b != "skipped" {
                    assert_eq!(bench.status("z"), Status::Queued);
                }
                drive(&mut bench, "b", b);
                let cell = cell(&bench);
                assert_eq!(bench.run.status(), Status::Succeeded);
                table.push_str(&format!(" {cell:13}"));
            }
            end_line(&mut table);
        }
    }
    table
}

/// The same where the run is failing: a step beside them has failed, and what ran of the needs was
/// canceled.
fn table_of_a_failing_run() -> String {
    let mut table = head();
    for a in ["succeeded", "failed", "rejected", "skipped", "canceled"] {
        table.push_str(&format!("{:22}", format!("{a}, canceled")));
        for join in JOINS {
            let other = if a == "canceled" { "succeeded" } else { a };
            let mut bench = Bench::new(json!({"steps": [
                need("a", other),
                call("b", json!({})),
                call("c", json!({})),
                {"id": "z", "action": "transform", "needs": ["a", "b"], "join": join, "with": {"value": 1}},
            ]}));
            if a != "canceled" {
                drive(&mut bench, "a", a);
            }
            bench.fail("c", FailureClass::Permanent);
            assert_eq!(bench.status("a").name(), a);
            assert_eq!(bench.status("b"), Status::Canceled);
            assert_eq!(bench.run.status(), Status::Failed);
            table.push_str(&format!(" {:13}", cell(&bench)));
        }
        end_line(&mut table);
    }
    table
}

fn head() -> String {
    let mut table = String::from("needs                 ");
    for join in JOINS {
        table.push_str(&format!(" {join:13}"));
    }
    end_line(&mut table);
    table
}

fn end_line(table: &mut String) {
    table.truncate(table.trim_end().len());
    table.push('\n');
}

fn cell(bench: &Bench) -> &'static str {
    match bench.status("z") {
        Status::Succeeded => "runs",
        Status::Skipped => "-",
        other => panic!("{other:?}"),
    }
}

/// Made anew with `UPDATE_DOCS=1 cargo test -p druse-engine joins`.
#[test]
fn the_tables_of_the_page_on_joins_are_these() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/joins.md");
    let page = std::fs::read_to_string(file).unwrap();
    let mut parts: Vec<String> = page.split("```").map(str::to_owned).collect();
    let mut tables = [truth_table(), table_of_a_failing_run()].into_iter();
    for block in parts.iter_mut().skip(1).step_by(2) {
        if block.starts_with("text\n")
            && let Some(table) = tables.next()
        {
            *block = format!("text\n{table}");
        }
    }
    assert!(tables.next().is_none());
    let made = parts.join("```");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(file, &made).unwrap();
    } else {
        assert_eq!(
            page, made,
            "docs/joins.md is stale: UPDATE_DOCS=1 makes its tables anew"
        );
    }
}

#[test]
fn the_truth_table() {
    let table = truth_table();
    insta::assert_snapshot!(table, @r#"
needs                  all_succeeded none_failed   all_done      any_succeeded any_failed
succeeded, succeeded   runs          runs          runs          runs          -
succeeded, failed      -             -             runs          runs          runs
succeeded, rejected    -             -             runs          runs          runs
succeeded, skipped     -             runs          runs          runs          -
failed, failed         -             -             runs          -             runs
failed, rejected       -             -             runs          -             runs
failed, skipped        -             -             runs          -             runs
rejected, rejected     -             -             runs          -             runs
rejected, skipped      -             -             runs          -             runs
skipped, skipped       -             -             runs          -             -
"#);
}

fn switch(more: Vec<Value>) -> Bench {
    let mut steps = vec![json!({"id": "size", "action": "switch", "with": {"cases": [
        {"id": "none", "when": "inputs.n == 0"},
        {"id": "many", "when": "inputs.n > 50"},
        {"id": "some"},
    ]}})];
    steps.extend(more);
    Bench::with_inputs(
        json!({"inputs": {"n": {"type": "integer"}}, "steps": steps}),
        json!({"n": 70}),
    )
}

#[test]
fn a_case_counts_as_succeeded_when_taken_and_as_skipped_otherwise() {
    let bench = switch(vec![
        json!({"id": "a", "action": "transform", "needs": ["size.none"], "with": {"value": 1}}),
        json!({"id": "b", "action": "transform", "needs": ["size.many"], "with": {"value": 1}}),
        json!({"id": "c", "action": "transform", "needs": ["a", "b"], "join": "none_failed", "with": {"value": 1}}),
        json!({"id": "d", "action": "transform", "needs": ["size.none", "size.many"], "join": "any_succeeded", "with": {"value": 1}}),
        json!({"id": "e", "action": "transform", "needs": ["size.some"], "join": "any_failed", "with": {"value": 1}}),
    ]);
    assert_eq!(
        bench.line(),
        "size=succeeded a=skipped b=succeeded c=succeeded d=succeeded e=skipped run=succeeded"
    );
    assert_eq!(
        bench.run.step("size").unwrap().output.unwrap().text(),
        r#"{"case":"many"}"#
    );
    let skipped = bench.run.step("a").unwrap().skipped;
    assert_eq!(
        serde_json::to_value(skipped).unwrap(),
        json!({"kind": "case", "step": "size", "taken": "many"})
    );
}

#[test]
fn a_switch_without_a_case_that_holds_takes_none() {
    let bench = Bench::new(json!({"steps": [
        {"id": "s", "action": "switch", "with": {"cases": [{"id": "a", "when": "1 == 2"}]}},
        {"id": "t", "action": "transform", "needs": ["s.a"], "with": {"value": 1}},
    ]}));
    assert_eq!(bench.line(), "s=succeeded t=skipped run=succeeded");
    assert_eq!(
        bench.run.step("s").unwrap().output.unwrap().text(),
        r#"{"case":null}"#
    );
}

#[test]
fn a_skip_does_not_spread_past_a_step_that_ran() {
    let bench = Bench::new(json!({"steps": [
        {"id": "a", "action": "transform", "when": "1 == 2", "with": {"value": 1}},
        {"id": "b", "action": "transform", "needs": ["a"], "join": "all_done", "with": {"value": 1}},
        {"id": "next", "action": "transform", "needs": ["b"], "with": {"value": 1}},
        {"id": "c", "action": "transform", "needs": ["a"], "with": {"value": 1}},
    ]}));
    assert_eq!(
        bench.line(),
        "a=skipped b=succeeded next=succeeded c=skipped run=succeeded"
    );
    assert_eq!(
        serde_json::to_value(bench.run.step("c").unwrap().skipped).unwrap(),
        json!({"kind": "need", "step": "a", "status": "skipped"})
    );
}

#[test]
fn a_join_without_needs_runs_and_one_of_readers_alone_counts_them() {
    for join in JOINS {
        let bench = Bench::new(json!({"steps": [
            {"id": "a", "action": "transform", "join": join, "with": {"value": 1}},
        ]}));
        assert_eq!(bench.line(), "a=succeeded run=succeeded", "{join}");
    }
    let document = json!({"steps": [
        call("a", json!({})),
        {"id": "tell", "action": "transform", "join": "any_failed", "with": {"value": "{{ steps.a.error }}"}},
    ]});
    let mut bench = Bench::new(document.clone());
    bench.ok("a");
    assert_eq!(bench.line(), "a=succeeded tell=skipped run=succeeded");
    let mut bench = Bench::new(document);
    bench.fail("a", FailureClass::Permanent);
    assert_eq!(bench.line(), "a=failed tell=succeeded run=succeeded");
    let told = bench.run.step("tell").unwrap().output.unwrap();
    assert_eq!(told.value()["message"], "it broke");
}

/// The words of the page on joins, for each three outcomes of needs.
#[test]
fn the_words_of_the_page_hold_for_three_needs() {
    for a in OUTCOMES {
        for b in OUTCOMES {
            for c in OUTCOMES {
                for join in JOINS {
                    let outcomes = [a, b, c];
                    let mut bench = Bench::new(json!({"steps": [
                        need("a", a),
                        need("b", b),
                        need("c", c),
                        {"id": "z", "action": "transform", "needs": ["a", "b", "c"], "join": join, "with": {"value": 1}},
                    ]}));
                    for (id, outcome) in ["a", "b", "c"].into_iter().zip(outcomes) {
                        drive(&mut bench, id, outcome);
                    }
                    let some = |wanted: &str| outcomes.contains(&wanted);
                    let bad = some("failed") || some("rejected");
                    let runs = match join {
                        "all_succeeded" => !bad && !some("skipped"),
                        "none_failed" => !bad && some("succeeded"),
                        "all_done" => true,
                        "any_succeeded" => some("succeeded"),
                        _ => bad,
                    };
                    let expected = if runs { "runs" } else { "-" };
                    assert_eq!(cell(&bench), expected, "{outcomes:?} {join}");
                }
            }
        }
    }
}
