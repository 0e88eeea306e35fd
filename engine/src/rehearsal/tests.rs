use super::*;
use crate::definition::{FailureClass, Syntax, parse, parse_value};
use crate::event::{Outcome, StepPath};
use crate::plan::{ActionKind, Plan};
use crate::run::{Effect, Input, Kept, Run};
use crate::testing::{plan, start};
use crate::{Finding, Json, RunId, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;

mod held;
mod hidden;
mod interrupted;
mod lineage;
mod waits;

const ORDER: &str = r#"druse: 1
name: order
inputs:
  n: { type: integer, default: 3 }
steps:
  - { id: ask, action: http, with: { connection: crm, path: "/n/{{ inputs.n }}" }, timeout: 30s, retry: { attempts: 3, backoff: 10s, jitter: false } }
  - { id: gate, action: approval_gate, needs: [ask], with: { title: "Go?", needed: 2, timeout: 1h } }
  - { id: done, action: transform, needs: [gate], with: { value: "{{ steps.ask.output.json }}" } }
  - id: each
    needs: [done]
    for_each: { items: [1, 2] }
    steps:
      - { id: pay, action: http, with: { connection: crm, method: POST, path: "/pay/{{ item }}" } }
outputs:
  got: "{{ steps.done.output }}"
"#;

fn order() -> Arc<Plan> {
    let document = parse(ORDER, Syntax::Yaml).unwrap().document;
    Arc::new(Plan::compile(Arc::new(document)).unwrap())
}

/// The differences of one test, a line each.
fn told(test: &str) -> Vec<String> {
    let plan = order();
    let (value, _) = parse_value(&format!("tests:\n  - name: one\n{test}"), Syntax::Yaml).unwrap();
    let tests = read_tests(value, &plan).unwrap();
    let result = run_test(&plan, &tests[0]);
    assert_eq!(result.passed, result.differences.is_empty());
    result
        .differences
        .iter()
        .map(|difference| format!("{}: {}", difference.what, difference.message))
        .collect()
}

/// What is wrong with a file of tests, a line each with its place.
fn wrong(text: &str) -> Vec<String> {
    let (value, source) = parse_value(text, Syntax::Yaml).unwrap();
    let mut findings: Vec<Finding> = read_tests(value, &order()).unwrap_err();
    source.locate_keys(&mut findings, &KEYS_OF_TESTS);
    findings.sort_by_key(|finding| (finding.line, finding.column));
    findings
        .iter()
        .map(|finding| {
            format!(
                "{}:{} {} {} ({})",
                finding.line.unwrap(),
                finding.column.unwrap(),
                finding.code,
                finding.message,
                finding.help
            )
        })
        .collect()
}

const MOCKED: &str = r#"    mocks:
      ask: { output: { json: 7 } }
      gate: [ { decision: approve }, { decision: approve, takes: 10m } ]
      "each[*].pay": { output: {} }
"#;

#[test]
fn a_test_that_holds_has_no_difference() {
    let test = format!(
        "{MOCKED}    expect: {{ status: succeeded, outputs: {{ got: 7 }}, within: 10m, called: [\"each[1].pay\"], steps: {{ \"each[*].pay\": succeeded }} }}\n"
    );
    assert_eq!(told(&test), Vec::<String>::new());
}

#[test]
fn every_expectation_can_fail() {
    let test = format!(
        r#"{MOCKED}    expect:
      status: failed
      outputs: {{ got: 8 }}
      error: {{ class: permanent }}
      within: 5m
      called: [ask]
      never: ["each[*].pay"]
      steps:
        ask: {{ status: failed, attempts: 2, input: {{ path: /n/4 }}, output: {{ json: 7, status: 200 }}, skipped: when, error: {{}} }}
        "each[9].pay": succeeded
"#
    );
    insta::assert_snapshot!(told(&test).join("\n"), @r#"
status: expected failed, found succeeded
outputs.got: expected 8, found 7
error: expected an error, found none
within: expected within 5m, took 10m
steps.ask: expected failed, found succeeded
steps.ask.input.path: expected "/n/4", found "/n/3"
steps.ask.output.status: expected 200, found nothing
steps.ask.error: expected an error, found none
steps.ask.skipped: expected "when", found null
steps.ask.attempts: expected 2, found 1
steps.each[9].pay: each[9].pay does not come about
steps.each[0].pay: each[0].pay is called, with {"connection":"crm","method":"POST","path":"/pay/1"}
"#);
}

#[test]
fn what_has_no_mock_fails_the_test_by_name() {
    assert_eq!(
        told("    expect: { status: running }\n"),
        [
            "steps.ask: no mock for step ask (http), which asks for {\"connection\":\"crm\",\"path\":\"/n/3\"}"
        ]
    );
    let gate = "    mocks: { ask: { output: {} } }\n";
    assert_eq!(
        told(&format!("{gate}    expect: {{}}\n")),
        ["steps.gate: no mock for the gate gate"]
    );
    // To wait for people is what may be expected.
    let waits: [&str; 0] = [];
    assert_eq!(
        told(&format!("{gate}    expect: {{ status: waiting }}\n")),
        waits
    );
}

#[test]
fn time_jumps_over_retries_time_limits_and_silence() {
    let nothing: [&str; 0] = [];
    // 30 s until the time limit, 10 s and 20 s of waits, 30 s again, and then an answer.
    let hangs = "    mocks:
      ask: [ { hangs: true }, { fail: retryable }, { output: { json: 1 }, takes: 5s } ]
      gate: { hangs: true }
    expect: { status: rejected, within: 3665s, steps: { ask: { attempts: 3 }, gate: rejected } }
";
    assert_eq!(told(hangs), nothing);
    let one_second_less = hangs.replace("3665s", "3664s");
    assert_eq!(
        told(&one_second_less),
        ["within: expected within 3664s, took 3665s"]
    );
}

#[test]
fn people_who_answer_twice_are_told() {
    let twice = "    mocks:
      ask: { output: {} }
      gate: [ { decision: approve, by: \"user:ana\" }, { decision: approve, by: \"user:ana\" } ]
    expect: {}
";
    let differences = told(twice);
    assert!(
        differences[0].contains("has already answered"),
        "{differences:?}"
    );
}

#[test]
fn all_that_is_wrong_is_said_at_once_with_its_place() {
    let text = r#"tests:
  - name: one
    inputs: { n: many, m: 1 }
    mocks:
      aks: { output: 1 }
      ask: { outptu: 1 }
      done: { output: 1 }
      gate: { output: 1 }
      each: { output: [] }
      each.pay: { output: 1 }
      "each[0].pay": { output: 1, fail: permanent }
    expect:
      status: done
  - name: one
    expect:
      outputs: { gto: 1 }
      never: [payy]
      steps:
        ask: { skipped: because }
        gate: sucseeded
"#;
    insta::assert_snapshot!(wrong(text).join("\n"), @r#"
3:18 invalid_input input `n`: "many" is not of type "integer" (`n` has to fit {"type":"integer"})
3:24 unknown_input there is no input `m` (known here: n)
5:7 unknown_step there is no step `aks` (did you mean `ask`?)
6:14 unknown_key there is no key `outptu` here (did you mean `output`?)
7:13 bad_mock a transform is done by the engine itself (leave it out: it really happens in a test)
8:13 bad_mock a gate is answered by people (write `decision: approve`, `reject` or `send_back`, or `hangs: true`)
9:13 bad_mock a loop has no answer of its own (mock the steps of its body: `loop[*].step`)
10:7 unknown_step there is no step `each.pay` (did you mean `each[*].pay`?)
11:22 bad_mock a mock says one thing: `output`, `fail`, `hangs`, `decision`, `event` or `resume` (write exactly one of them)
13:15 bad_value `status` cannot be `done` (one of: queued, running, waiting, succeeded, failed, rejected, canceled, skipped, uncertain, paused)
14:11 duplicate_id two tests have the name `one` (give each a name of its own)
16:18 unknown_output there is no output `gto` (did you mean `got`?)
17:15 unknown_step there is no step `payy` (steps here: ask, gate, done, each, each[*].pay)
19:25 bad_value no step is skipped for `because` (one of: when, need, case, run_ending)
20:15 bad_value `status` cannot be `sucseeded` (did you mean `succeeded`?)
"#);
    assert_eq!(wrong("tests:\n  - nmae: one\n").len(), 3);
}

/// A run with answers, and its journal.
fn lived(
    plan: &Arc<Plan>,
    inputs: Value,
    answer: impl Fn(&str) -> Outcome,
) -> (Run, Vec<crate::event::Entry>) {
    let now = Timestamp(1_800_000_000_000);
    let (mut run, mut journal) = Run::begin(Arc::clone(plan), start(plan, inputs), now);
    while let Some(Effect::Attempt {
        step,
        number,
        fence,
        ..
    }) = run.pending().into_iter().next()
    {
        let outcome = answer(&step.0);
        let input = Input::Finished {
            step,
            number,
            fence,
            outcome,
        };
        journal.extend(run.handle(Timestamp(now.0 + 500), input).unwrap());
    }
    (run, journal)
}

fn ok(value: Value) -> Outcome {
    Outcome::Succeeded {
        output: value.into(),
    }
}

fn call(id: &str, path: &str) -> Value {
    json!({ "id": id, "action": "http", "with": { "connection": "c", "path": path } })
}

fn tried(old: &Value, new: &Value, inputs: Value) -> Trial {
    let (old, new) = (plan(old), plan(new));
    let (run, journal) = lived(&old, inputs, |step| ok(json!({ "json": step })));
    assert!(run.is_over(), "{run:?}");
    let recorded = Recorded::of(&old, &journal);
    let mut answers = recorded.answers();
    let course = rehearse(
        &new,
        run.start().clone(),
        recorded.kept(),
        run.created_at(),
        &mut answers,
    );
    compare(&run, &recorded, &course)
}

/// What a run keeps of an output is not all of it: another version's schema, too, is held against what came.
#[test]
fn an_output_of_which_not_all_is_kept_is_judged_as_it_came() {
    let version = |schema: Value| {
        let mut ask = call("ask", "/{{ inputs.n }}");
        ask["output_schema"] = json!({ "properties": { "json": schema } });
        let then = json!({ "id": "then", "action": "transform", "needs": ["ask"], "with": { "value": "{{ inputs.n }}" } });
        json!({ "inputs": { "n": {} }, "steps": [ask, then] })
    };
    let old = plan(&version(json!({})));
    let (run, journal) = lived(&old, json!({ "n": 1 }), |_| ok(json!({ "json": "kept" })));
    let clear = Clear::of(&journal, |output| {
        (output.value()["json"] == "kept").then(|| json!({ "json": 8_314_275 }).into())
    });
    assert!(!format!("{clear:?}").contains("8314275"));
    let recorded = Recorded::of(&old, &journal).knowing(clear.clone());
    for (schema, same) in [
        (json!({ "type": "integer" }), true),
        (json!({ "type": "integer", "maximum": 9 }), false),
    ] {
        let new = plan(&version(schema));
        let mut answers = recorded.answers();
        let begun = run.created_at();
        let course = rehearse(&new, run.start().clone(), Vec::new(), begun, &mut answers);
        let trial = compare(&run, &recorded, &course);
        assert_eq!(trial.same, same, "{trial:#?}");
        assert!(!format!("{course:?}").contains("8314275"));
        // What a retry keeps is told by the same.
        let ended = Ended {
            run: &run,
            journal: &journal,
            clear: clear.clone(),
        };
        let (inputs, none) = (json!({ "n": 1 }).into(), std::collections::BTreeSet::new());
        let id = RunId::from_parts(9, [9; 10]);
        let retained = retain(&ended, &new, &inputs, None, &none, id).unwrap();
        let again: Vec<&str> = retained.again.iter().map(|one| &*one.step).collect();
        assert_eq!(again.contains(&"ask"), !same, "{again:?}");
    }
}

#[test]
fn with_other_inputs_the_passes_are_kept_that_ask_for_the_same() {
    let document = json!({ "inputs": { "n": {}, "to": {} }, "steps": [
        { "id": "each", "for_each": { "items": [1, 2], "on_item_error": "continue" }, "steps": [call("b", "/{{ item }}")] },
        { "id": "other", "for_each": { "items": [1, 2] }, "steps": [call("c", "/{{ item }}/{{ inputs.to if item == 2 else 'x' }}")] },
        { "id": "last", "action": "http", "needs": ["each", "other"], "with": { "connection": "c", "path": "/{{ inputs.n }}" } },
    ]});
    let plan = plan(&document);
    let failed = || Outcome::Failed {
        failure: crate::event::Failure::new(FailureClass::Permanent, "x", "y"),
        retry_after_ms: None,
    };
    let inputs = json!({ "n": 1, "to": "a" });
    let (old, journal) = lived(&plan, inputs, |step| match step {
        "each[1].b" | "last" => failed(),
        step => ok(json!({ "json": step })),
    });
    let inputs = Json::from(json!({ "n": 2, "to": "b" }));
    let id = RunId::from_parts(9, [9; 10]);
    let retained = retain(
        &Ended::new(&old, &journal),
        &plan,
        &inputs,
        None,
        &std::collections::BTreeSet::new(),
        id,
    )
    .unwrap();
    let kept: Vec<&str> = retained
        .kept
        .iter()
        .filter_map(|kept| match kept {
            Kept::Step { step, .. } => Some(&*step.0),
            Kept::Pass { step, output, .. } => output.as_ref().map(|_| &*step.0),
            _ => None,
        })
        .collect();
    assert_eq!(kept, ["each[0]", "other[0]"]);
}

#[test]
fn a_version_tried_on_its_own_run_is_the_same() {
    let document = json!({ "inputs": { "n": {} }, "steps": [
        call("a", "/{{ inputs.n }}"),
        { "id": "each", "for_each": { "items": [1, 2, 3], "max_parallel": 2 }, "steps": [call("b", "/{{ item }}")] },
        { "id": "c", "action": "transform", "with": { "value": "{{ steps.a.output.json }}" } },
    ], "outputs": { "c": "{{ steps.c.output }}" } });
    let trial = tried(&document, &document, json!({ "n": 1 }));
    assert!(trial.same, "{trial:#?}");
    assert_eq!(trial.equal_calls, 4);
}

#[test]
fn changed_calls_and_decisions_are_side_by_side() {
    let old = json!({ "inputs": { "n": {} }, "steps": [
        call("a", "/a"),
        { "id": "size", "action": "switch", "with": { "cases": [
            { "id": "big", "when": "inputs.n > 5" }, { "id": "small" }] } },
        { "id": "b", "action": "http", "needs": ["size.small"], "with": { "connection": "c", "path": "/b" } },
        call("gone", "/gone"),
        call("before", "/same"),
    ]});
    let new = json!({ "inputs": { "n": {} }, "steps": [
        call("a", "/a2"),
        { "id": "size", "action": "switch", "with": { "cases": [
            { "id": "big", "when": "inputs.n > 1" }, { "id": "small" }] } },
        { "id": "b", "action": "http", "needs": ["size.small"], "with": { "connection": "c", "path": "/b" } },
        call("after", "/same"),
        { "id": "more", "action": "http", "needs": ["a"], "with": { "connection": "c", "path": "/more/{{ steps.a.output.json }}" } },
        { "id": "behind", "action": "http", "needs": ["more"], "with": { "connection": "c", "path": "/x" } },
    ]});
    let trial = tried(&old, &new, json!({ "n": 3 }));
    assert!(!trial.same);
    let calls: Vec<Value> = trial
        .calls
        .iter()
        .map(|call| json!([call.path, call.kind, call.answer]))
        .collect();
    assert_eq!(
        json!(calls),
        json!([
            ["a", "changed", "assumed"],
            ["after", "moved", "recorded"],
            ["more", "added", "none"],
            ["b", "removed", "none"],
            ["gone", "removed", "none"],
        ])
    );
    let more = trial.calls[2].after.as_ref().map(Json::value);
    assert_eq!(more, Some(&json!({ "connection": "c", "path": "/more/a" })));
    let decisions = json!(trial.decisions);
    let of = |path: &str| {
        let all = decisions.as_array().unwrap();
        all.iter().find(|one| one["path"] == path).cloned().unwrap()
    };
    assert_eq!(of("size")["before"]["case"], "small");
    assert_eq!(of("size")["after"]["case"], "big");
    assert_eq!(
        of("b")["after"]["skipped"],
        json!({ "kind": "case", "step": "size", "taken": "big" })
    );
    assert_eq!(trial.stops.len(), 1);
    assert_eq!(trial.stops[0].path, StepPath::from("more"));
    // Nothing is said about what stands behind the place where it stopped.
    assert!(!decisions.to_string().contains("behind"), "{decisions:#}");
}

#[test]
fn failures_retries_and_cancels_are_taken_over() {
    let document = json!({ "steps": [
        { "id": "a", "action": "http", "with": { "connection": "c", "path": "/" }, "retry": { "attempts": 2, "backoff": "1s" } },
        { "id": "b", "action": "http", "needs": ["a"], "with": { "connection": "c", "path": "/" } },
    ]});
    let plan = plan(&document);
    let now = Timestamp(1_800_000_000_000);
    let (mut run, mut journal) = Run::begin(plan.clone(), start(&plan, json!({})), now);
    let failure = crate::event::Failure::new(crate::definition::FailureClass::Retryable, "x", "y");
    for (at, outcome) in [
        (
            100,
            Outcome::Failed {
                failure,
                retry_after_ms: None,
            },
        ),
        (2_000, ok(json!(1))),
    ] {
        let at = Timestamp(now.0 + at);
        if run.pending().is_empty() {
            journal.extend(run.handle(at, Input::Tick).unwrap());
        }
        let Effect::Attempt {
            step,
            number,
            fence,
            ..
        } = run.pending().remove(0);
        let input = Input::Finished {
            step,
            number,
            fence,
            outcome,
        };
        journal.extend(run.handle(at, input).unwrap());
    }
    let cancel = Input::Cancel {
        by: "ana".into(),
        reason: None,
    };
    journal.extend(run.handle(Timestamp(now.0 + 9_000), cancel).unwrap());
    assert!(run.is_over());
    let recorded = Recorded::of(&plan, &journal);
    let mut answers = recorded.answers();
    let course = rehearse(&plan, run.start().clone(), Vec::new(), now, &mut answers);
    let trial = compare(&run, &recorded, &course);
    // The attempt that was running when the run was canceled has no answer, and needs none.
    assert_eq!(trial.status_after, crate::event::Status::Canceled);
    assert!(
        trial.calls.is_empty() && trial.decisions.is_empty(),
        "{trial:#?}"
    );
    assert_eq!(
        course
            .calls
            .iter()
            .filter(|call| call.path.0.as_ref() == "a")
            .count(),
        2
    );
    // In a run of its own, nobody cancels.
    let mut answers = recorded.answers_alone();
    let course = rehearse(&plan, run.start().clone(), Vec::new(), now, &mut answers);
    assert!(!course.run.is_over());
    assert_eq!(course.stops[0].code, "no_answer");
}

#[test]
fn a_rehearsal_is_an_ordinary_run() {
    // What a rehearsal made can be read as the journal of a run: nothing in it is a shortcut.
    let plan = order();
    let mut mocks = Mocks::default();
    let mock = |value: Value| -> Mock { serde_json::from_value(value).unwrap() };
    mocks.by_path = vec![
        (
            PathPattern::new("ask"),
            vec![mock(json!({ "output": { "json": 1 } }))],
        ),
        (
            PathPattern::new("each[*].pay"),
            vec![mock(json!({ "output": null }))],
        ),
    ];
    let mut answers = Layers::default().with(mocks.answers()).approving(true);
    let now = Timestamp(1_800_000_000_000);
    let inputs = plan.check_inputs(&Value::Null).unwrap();
    let course = rehearse(
        &plan,
        start(&plan, inputs.value().clone()),
        Vec::new(),
        now,
        &mut answers,
    );
    assert_eq!(
        course.run.status(),
        crate::event::Status::Succeeded,
        "{:?}",
        course.stops
    );
    let kinds: Vec<ActionKind> = course.calls.iter().map(|call| call.action).collect();
    assert_eq!(kinds, [ActionKind::Http; 3]);
    course.run.check().unwrap();
    assert_eq!(course.took().as_millis(), 0);
}
