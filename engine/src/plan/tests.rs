use super::*;
use proptest::prelude::*;
use serde_json::json;

fn plan(document: Value) -> Result<Plan, Vec<Finding>> {
    let mut full = json!({"druse": 1, "name": "test"});
    full.as_object_mut()
        .unwrap()
        .extend(document.as_object().unwrap().clone());
    Plan::compile(Arc::new(serde_json::from_value(full).unwrap()))
}

fn order(plan: &Plan) -> Vec<&str> {
    plan.steps().iter().map(|step| &*step.id).collect()
}

#[test]
fn references_imply_edges_and_ties_keep_document_order() {
    let plan = plan(json!({
        "steps": [
            {"id": "last", "action": "transform", "with": {"value": "{{ steps.b.output }} {{ steps.a.output | default(1) }}"}},
            {"id": "b", "action": "transform", "with": {"value": 1}},
            {"id": "a", "action": "transform", "needs": ["b"], "when": "steps.b.output > 0", "with": {"value": 1}},
            {"id": "free", "action": "transform", "with": {"value": 1}},
        ],
        "outputs": {"x": "{{ steps.a.output }}"},
    }))
    .unwrap();
    assert_eq!(order(&plan), ["b", "a", "last", "free"]);
    assert_eq!(
        plan.steps()[2].needs,
        [
            Need {
                step: 0,
                case: None,
                order_only: false
            },
            Need {
                step: 1,
                case: None,
                order_only: true
            },
        ]
    );
    assert_eq!(plan.steps()[0].dependants, [1, 2]);
    assert_eq!(plan.steps()[1].retry.attempts, 1);
    assert_eq!(plan.step("free"), Some(3));
}

#[test]
fn cycles_are_named() {
    let findings = plan(json!({
        "steps": [
            {"id": "a", "action": "transform", "with": {"value": "{{ steps.c.output }}"}},
            {"id": "b", "action": "transform", "needs": ["a"], "with": {"value": 1}},
            {"id": "c", "action": "transform", "needs": ["b"], "with": {"value": 1}},
            {"id": "own", "action": "transform", "with": {"value": "{{ steps.own.output }}"}},
        ],
    }))
    .unwrap_err();
    let messages: Vec<_> = findings.iter().map(|f| f.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "steps wait for each other: `a` needs `c`, `c` needs `b`, `b` needs `a`",
            "step `own` needs itself"
        ]
    );
}

#[test]
fn needs_that_lead_nowhere_are_not_dropped() {
    let findings = plan(json!({
        "steps": [{"id": "a", "action": "transform", "needs": ["gone"], "with": {"value": 1}}],
    }))
    .unwrap_err();
    assert_eq!(findings[0].code, "unknown_step");
}

#[test]
fn inputs_are_checked_and_completed() {
    let plan = plan(json!({
        "inputs": {
            "region": {"type": "string", "enum": ["EU", "US"], "default": "EU"},
            "count": {"type": "integer", "minimum": 1},
        },
        "steps": [],
    }))
    .unwrap();
    assert_eq!(
        plan.check_inputs(&json!({"count": 2})).unwrap().text(),
        r#"{"region":"EU","count":2}"#
    );
    let findings = plan
        .check_inputs(&json!({"count": "2", "regoin": "EU", "region": "XX"}))
        .unwrap_err();
    let lines: Vec<_> = findings
        .iter()
        .map(|f| {
            format!(
                "{} {} {} {}",
                f.code,
                f.path.as_deref().unwrap_or(""),
                f.message,
                f.help
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
invalid_input /region input `region`: "XX" is not one of "EU" or "US" `region` has to fit {"type":"string","enum":["EU","US"]}
invalid_input /count input `count`: "2" is not of type "integer" `count` has to fit {"type":"integer","minimum":1}
unknown_input /regoin there is no input `regoin` did you mean `region`?
"#);
    assert_eq!(
        plan.check_inputs(&json!(null)).unwrap_err()[0].code,
        "missing_input"
    );
    assert_eq!(
        plan.check_inputs(&json!([])).unwrap_err()[0].code,
        "invalid_inputs"
    );
}

fn value(id: &str, value: Value) -> Value {
    json!({"id": id, "action": "transform", "with": {"value": value}})
}

/// What a body reads from outside is an edge to the loop; inside, the body has edges of its own.
#[test]
fn bodies_are_lists_of_their_own() {
    let plan = plan(json!({
        "steps": [
            {"id": "each", "for_each": {"items": "{{ steps.list.output }}", "as": "row", "output": "{{ steps.last.output }}"}, "steps": [
                value("b", json!("{{ steps.a.output + row }}")),
                value("a", json!("{{ steps.extra.output | default(0) }}")),
                {"id": "until", "repeat": {"until": "steps.poll.output", "every": "1s"}, "steps": [
                    value("poll", json!("{{ steps.b.output + steps.last.output }}")),
                ]},
            ]},
            value("list", json!([1])),
            value("extra", json!(1)),
            value("last", json!(1)),
        ],
    }))
    .unwrap();
    assert_eq!(order(&plan), ["list", "extra", "last", "each"]);
    let needs = |step: &PlannedStep| -> Vec<(usize, bool)> {
        let needs = step.needs.iter();
        needs.map(|need| (need.step, need.order_only)).collect()
    };
    assert_eq!(needs(&plan.steps()[3]), [(0, false), (2, false), (1, true)]);
    assert_eq!(plan.blocks.len(), 3);
    let body = &plan.blocks[1];
    assert_eq!(body.step("a"), Some(0));
    assert_eq!(body.step("b"), Some(1));
    assert_eq!(body.written, [1, 0, 2]);
    assert_eq!(body.last(), Some(2));
    assert_eq!(needs(&body.steps[2]), [(1, false)]);
    let each = plan.steps()[3].work.looped().unwrap();
    assert_eq!(each.body, 1);
    match &each.times {
        Times::ForEach(each) => {
            assert_eq!(
                (&*each.name, each.max_parallel, each.max_items),
                ("row", 1, 10_000)
            );
            assert!(!each.goes_on && each.until.is_none() && each.output.is_some());
        }
        Times::Repeat(_) => panic!("it goes through a list"),
    }
    match &body.steps[2].work.looped().unwrap().times {
        Times::Repeat(repeat) => {
            assert_eq!((repeat.max, repeat.factor), (100, 1.0));
            assert_eq!(repeat.every, Span::from_secs(1));
        }
        Times::ForEach(_) => panic!("it repeats"),
    }
    for (path, found) in [
        ("each", Some("each")),
        ("each[3]", Some("each")),
        ("each[0].until[12].poll", Some("poll")),
        ("each.b", None),
        ("list[0]", None),
        ("each[x].b", None),
        ("each[01].b", None),
        ("each[0].gone", None),
        ("", None),
    ] {
        let id = plan.find(&path.into()).map(|step| &*step.id);
        assert_eq!(id, found, "{path}");
    }
}

#[test]
fn what_is_no_loop_is_not_compiled() {
    let body = json!([value("x", json!(1))]);
    for (step, code) in [
        (
            json!({"id": "l", "action": "http", "steps": body}),
            "not_a_loop",
        ),
        (json!({"id": "l", "for_each": {"items": []}}), "missing_key"),
        (
            json!({"id": "l", "for_each": {"items": []}, "repeat": {"until": "true"}, "steps": body}),
            "exclusive_keys",
        ),
        (
            json!({"id": "l", "for_each": {"items": []}, "retry": {}, "steps": body}),
            "not_for_loops",
        ),
        (
            json!({"id": "l", "for_each": {"items": [], "max_parallel": 0}, "steps": body}),
            "bad_value",
        ),
        (
            json!({"id": "l", "for_each": {"items": [], "on_item_error": "pause"}, "steps": body}),
            "bad_value",
        ),
        (
            json!({"id": "l", "for_each": {"items": "{{"}, "steps": body}),
            "bad_expression",
        ),
        (
            json!({"id": "l", "repeat": {"until": "true", "max": 0}, "steps": body}),
            "bad_value",
        ),
        (
            json!({"id": "l", "repeat": {"until": "true", "every": "1s", "factor": 0.5}, "steps": body}),
            "bad_value",
        ),
        (
            json!({"id": "l", "repeat": {"until": "("}, "steps": body}),
            "bad_expression",
        ),
        (
            json!({"id": "l", "repeat": {"until": "true"}, "steps": [value("l", json!(1))]}),
            "duplicate_id",
        ),
        (
            json!({"id": "l", "repeat": {"until": "true"}, "steps": [value("x", json!("{{ steps.l.output }}"))]}),
            "self_need",
        ),
    ] {
        let findings = plan(json!({"steps": [step]})).unwrap_err();
        assert_eq!(findings[0].code, code, "{findings:?}");
    }
}

proptest! {
    /// Every need stands before the step, and every step is there once.
    #[test]
    fn order_is_topological(edges in prop::collection::vec((0usize..12, 0usize..12), 0..24)) {
        let steps: Vec<Value> = (0..12)
            .map(|i| {
                // Edges go from a lower to a higher number, whatever the place in the document.
                let needs: Vec<String> = edges
                    .iter()
                    .filter(|(a, b)| a.max(b) == &i && a != b)
                    .map(|(a, b)| format!("s{}", a.min(b)))
                    .collect();
                json!({"id": format!("s{i}"), "action": "transform", "needs": needs, "with": {"value": 1}})
            })
            .rev()
            .collect();
        let plan = plan(json!({"steps": steps})).unwrap();
        prop_assert_eq!(plan.steps().len(), 12);
        for (index, step) in plan.steps().iter().enumerate() {
            for need in &step.needs {
                prop_assert!(need.step < index);
                prop_assert!(plan.steps()[need.step].dependants.contains(&index));
            }
        }
    }
}

#[test]
fn inputs_are_held_to_formats_and_to_what_is_nested() {
    let plan = plan(json!({
        "inputs": {
            "day": {"type": "string", "format": "date"},
            "mail": {"type": "string", "format": "email"},
            "order": {
                "type": "object",
                "required": ["id", "lines"],
                "additionalProperties": false,
                "properties": {
                    "id": {"type": "string", "pattern": "^A[0-9]+$"},
                    "lines": {"type": "array", "minItems": 1, "items": {
                        "type": "object",
                        "properties": {"count": {"type": "integer", "minimum": 1}, "kind": {"enum": ["a", "b"]}},
                    }},
                },
            },
            "pin": {"type": "string", "minLength": 8, "sensitive": true},
        },
        "steps": [],
    }))
    .unwrap();
    let right = json!({
        "day": "2026-11-24", "mail": "ana@example.com", "pin": "12345678",
        "order": {"id": "A1", "lines": [{"count": 2, "kind": "a"}]},
    });
    assert!(plan.check_inputs(&right).is_ok());
    let findings = plan
        .check_inputs(&json!({
            "day": "24.11.2026", "mail": "nobody", "pin": "geheim",
            "order": {"id": "B1", "lines": [{"count": 0, "kind": "c"}, 5], "more": "x".repeat(1_000)},
        }))
        .unwrap_err();
    let lines: Vec<_> = findings
        .iter()
        .map(|f| {
            format!(
                "{} {} {}",
                f.code,
                f.path.as_deref().unwrap_or(""),
                f.message
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
invalid_input /day input `day`: "24.11.2026" is not a "date"
invalid_input /mail input `mail`: "nobody" is not a "email"
invalid_input /order/id input `order` at `/id`: "B1" does not match "^A[0-9]+$"
invalid_input /order/lines/0/count input `order` at `/lines/0/count`: 0 is less than the minimum of 1
invalid_input /order/lines/0/kind input `order` at `/lines/0/kind`: "c" is not one of "a" or "b"
invalid_input /order/lines/1 input `order` at `/lines/1`: 5 is not of type "object"
invalid_input /order input `order`: Additional properties are not allowed ('more' was unexpected)
invalid_input /pin input `pin`: value is shorter than 8 characters
"#);
}

/// A version that was stored before the check refused it names no file by a value.
#[test]
fn paths_of_files_that_a_program_leaves_are_never_computed() {
    let plan = plan(json!({
        "inputs": { "month": { "type": "string" } },
        "steps": [{ "id": "a", "action": "shell", "with": {
            "argv": ["true", "{{ inputs.month }}"],
            "artifacts": { "report": "{{ inputs.month }}.txt", "plain": "a.txt" },
        } }],
    }))
    .unwrap();
    let start = crate::testing::start(&plan, json!({ "month": "../x" }));
    let (run, _) =
        crate::run::Run::begin(Arc::new(plan), start, crate::Timestamp(1_800_000_000_000));
    let input = run.step("a").unwrap().input.unwrap();
    assert_eq!(input.value()["argv"][1], "../x");
    assert_eq!(
        input.value()["artifacts"],
        json!({ "report": "{{ inputs.month }}.txt", "plain": "a.txt" })
    );
}

#[test]
fn a_value_is_held_against_a_schema_that_may_be_wrong_itself() {
    let codes = |schema: Value, value: Value| -> Vec<String> {
        let findings = crate::plan::check_value(&schema, &value);
        findings.into_iter().map(|one| one.code).collect()
    };
    assert_eq!(codes(json!({ "type": "integer" }), json!(1)), [""; 0]);
    assert_eq!(
        codes(json!({ "type": "integer" }), json!("x")),
        ["invalid_value"]
    );
    assert_eq!(
        codes(json!({ "type": "strng" }), json!("x")),
        ["invalid_schema"]
    );
}

#[test]
fn a_schema_that_many_steps_have_is_compiled_once() {
    let step = |id: &str, schema: Value| json!({ "id": id, "action": "tool", "with": { "tool": "x", "arguments": {} }, "output_schema": schema });
    let number = json!({ "type": "object", "properties": { "n": { "type": "number" } } });
    let text = json!({ "type": "object", "properties": { "n": { "type": "string" } } });
    let plan = plan(json!({
        "steps": [step("a", number.clone()), step("b", number), step("c", text)],
    }))
    .unwrap();
    let [a, b, c] = [0, 1, 2].map(|at| plan.steps()[at].output_check.as_ref().unwrap());
    assert!(Arc::ptr_eq(a, b) && !Arc::ptr_eq(a, c));
    assert!(a.failure(&json!({ "n": "x" })).is_some());
    assert_eq!(c.failure(&json!({ "n": "x" })), None);
}

#[test]
fn an_input_of_which_nothing_is_said_takes_any_value() {
    let plan = plan(json!({
        "inputs": { "a": {}, "b": { "default": 5 }, "c": { "type": "number" } },
        "steps": [{ "id": "s", "action": "transform", "with": { "value": 1 } }],
    }))
    .unwrap();
    let given = json!({ "a": [1, "x"], "c": 2 });
    let inputs = plan.check_inputs(&given).unwrap();
    assert_eq!(*inputs.value(), json!({ "a": [1, "x"], "b": 5, "c": 2 }));
    let wrong = plan.check_inputs(&json!({ "a": 1, "c": "x" })).unwrap_err();
    assert_eq!(wrong.len(), 1);
    assert_eq!(wrong[0].code, "invalid_input");
}
