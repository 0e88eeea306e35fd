//! Any document at all.

use super::*;
use proptest::prelude::*;
use serde_json::Value;

fn any_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("id"),
        Just("action"),
        Just("with"),
        Just("needs"),
        Just("when"),
        Just("cases"),
        Just("a"),
        Just("b.c"),
        Just("switch"),
        Just("http"),
        Just("shell"),
        Just("argv"),
        Just("url"),
        Just("http://[::"),
        Just("{{ steps.a.output }}"),
        Just("{{ steps.b.output | default(steps.a.output.x) }}"),
        Just("steps.a.status == 'x'"),
        Just("{{"),
        Just("approval_gate"),
        Just("fields"),
        Just("transform"),
        Just("value"),
        Just("wait"),
        Just("for"),
        Just("5s"),
    ]
    .prop_map(str::to_owned);
    let leaf = prop_oneof![
        word.clone().prop_map(Value::from),
        any::<i8>().prop_map(Value::from),
        Just(Value::Null)
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((word.clone(), inner), 0..6)
                .prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    })
}

fn any_step() -> impl Strategy<Value = Value> {
    let items = prop_oneof![
        Just(json!([1, 2])),
        Just(json!("{{ steps.a.output }}")),
        Just(json!("{{ item }}")),
    ];
    let until = prop_oneof![
        Just("steps.b.output"),
        Just("loop.index > 1"),
        Just("item == 1"),
        Just("((")
    ];
    plain_step().prop_recursive(3, 12, 3, move |inner| {
        let body = prop::collection::vec(inner, 0..4);
        (
            plain_step(),
            prop::option::of(items.clone()),
            until.clone(),
            body,
        )
            .prop_map(|(mut step, items, until, body)| {
                let loops = step["id"] != "c";
                if let (Some(step), true) = (step.as_object_mut(), loops) {
                    step.retain(|key, _| matches!(key.as_str(), "id" | "needs" | "when"));
                }
                step["steps"] = body.into();
                match items {
                    Some(items) => {
                        step["for_each"] =
                            json!({"items": items, "output": "{{ steps.c.output }}"});
                    }
                    None => step["repeat"] = json!({"until": until, "every": "1s"}),
                }
                step
            })
    })
}

fn plain_step() -> impl Strategy<Value = Value> + Clone {
    let kinds: Vec<&str> = crate::plan::ActionKind::ALL
        .iter()
        .map(|kind| kind.name())
        .collect();
    (
        prop_oneof![Just("a"), Just("b"), Just("c"), Just("A-b")],
        prop::sample::select(kinds),
        prop::collection::vec(
            prop_oneof![Just("a"), Just("b"), Just("a.x"), Just("zz")],
            0..3,
        ),
        prop::option::of(prop_oneof![
            Just("steps.a.output"),
            Just("steps.b.status == 'failed'"),
            Just("((")
        ]),
        any_json(),
    )
        .prop_map(|(id, action, needs, when, with)| {
            let mut step = json!({"id": id, "action": action, "needs": needs});
            if let Some(when) = when {
                step["when"] = when.into();
            }
            if with.is_object() {
                step["with"] = with;
            }
            step
        })
        .boxed()
}

proptest! {
    #[test]
    fn no_document_makes_the_check_panic(steps in prop::collection::vec(any_step(), 0..5), extra in any_json()) {
        let document = json!({"druse": 1, "name": "x", "steps": steps, "outputs": {"o": extra.clone()}});
        if let Ok(document) = from_value(document) {
            let findings = check(&document, &catalog());
            let wrong = findings.iter().any(|f| f.severity == crate::Severity::Error);
            let plan = crate::plan::Plan::compile(Arc::new(document));
            // What passes the check has a plan.
            prop_assert!(wrong || plan.is_ok(), "{:?}", plan.err());
        }
        let _ = from_value(extra);
    }
}
