//! Pauses of runs and of steps.

use super::*;

fn pause() -> Input {
    Input::Pause {
        by: "ana".into(),
        reason: Some("a look at it".into()),
    }
}

fn resume() -> Input {
    resuming(None, None)
}

fn resuming(step: Option<&str>, input: Option<Value>) -> Input {
    Input::Resume {
        by: "ben".into(),
        reason: None,
        step: step.map(StepPath::from),
        answer: ResumeAnswer::Again {
            input: input.map(Json::from),
        },
    }
}

fn failing(step: Option<&str>) -> Input {
    Input::Resume {
        by: "ben".into(),
        reason: None,
        step: step.map(StepPath::from),
        answer: ResumeAnswer::Fail,
    }
}

#[test]
fn what_runs_ends_and_nothing_new_starts() {
    let mut bench = Bench::new(json!({"steps": [
        call("a", json!({"retry": {"attempts": 2, "backoff": "1s", "jitter": false}})),
        call("b", json!({})),
        value("c", json!("{{ steps.b.output }}")),
    ], "finally": [value("end", json!(1))]}));
    bench.give(pause());
    assert_eq!(bench.run.status(), Status::Paused);
    assert_eq!(bench.run.waits_for(), "paused by ana: a look at it");
    bench.ok("b").fail("a", FailureClass::Retryable).pass("1h");
    assert_eq!(bench.line(), "a=waiting b=succeeded c=queued run=paused");
    assert_eq!(bench.deadline(), "none");
    // A second pause is the first one.
    let facts = bench.journal.len();
    bench.give(pause());
    assert_eq!(bench.journal.len(), facts);
    bench.give(resume());
    assert_eq!(
        bench.line(),
        "a=running b=succeeded c=succeeded run=running"
    );
    bench.give(resume()).ok("a");
    assert_eq!(bench.run.status(), Status::Succeeded);
    assert_eq!(bench.refused(pause()), Rejected::AlreadyOver);
    assert_eq!(bench.refused(resume()), Rejected::AlreadyOver);
}

#[test]
fn the_clock_goes_on_in_a_pause() {
    let mut bench = Bench::new(json!({"timeout": "2h", "steps": [
        {"id": "nap", "action": "wait", "with": {"for": "1h"}},
        {"id": "gate", "action": "approval_gate", "with": {"timeout": "30m"}, "on_error": "continue"},
        value("after", json!("{{ steps.nap.output.waited_until }}")),
    ], "finally": [value("end", json!(1))]}));
    bench.give(pause()).pass("1h");
    assert_eq!(
        bench.line(),
        "nap=succeeded gate=rejected after=queued run=paused"
    );
    assert_eq!(bench.deadline(), "+2h RunTimeout");
    bench.pass("1h");
    // The work has ended; what follows on that starts when the run goes on.
    assert_eq!(bench.status("after"), Status::Skipped);
    assert_eq!(bench.run.status(), Status::Paused);
    bench.give(resume());
    assert_eq!(bench.status("finally.end"), Status::Succeeded);
    assert_eq!(bench.run.failure().unwrap().code, "run_timeout");
}

#[test]
fn what_is_found_in_a_pause_starts_again_after_it() {
    let mut bench = Bench::new(json!({"steps": [call("a", json!({"delivery": "at_most_once"}))]}));
    bench.give(Input::Recover { alone: false }).give(pause());
    bench.give(Input::ResolveUncertain {
        step: "a".into(),
        resolution: Resolution::Again,
        by: "ben".into(),
        reason: None,
    });
    assert_eq!(bench.line(), "a=waiting run=paused");
    bench.give(resume());
    assert_eq!(bench.running(), ["a#2"]);
}

#[test]
fn gates_take_answers_in_a_pause() {
    let mut bench = Bench::new(json!({"steps": [
        {"id": "gate", "action": "approval_gate", "with": {}},
        call("a", json!({"needs": ["gate"]})),
    ]}));
    bench.give(pause()).vote("ben", Verdict::Approve);
    assert_eq!(bench.line(), "gate=succeeded a=queued run=paused");
    bench.give(resume());
    assert_eq!(bench.running(), ["a#1"]);
}

#[test]
fn a_cancel_ends_a_pause_and_finally_runs() {
    let mut bench = Bench::new(json!({
        "steps": [call("a", json!({}))],
        "finally": [call("end", json!({}))],
    }));
    bench.give(pause()).cancel();
    assert_eq!(bench.running(), ["finally.end#1"]);
    bench.give(pause()).give(Input::Recover { alone: false });
    // An attempt under way is one still when a crash was in between.
    assert_eq!(bench.running(), ["finally.end#2"]);
    bench.ok("finally.end");
    assert_eq!(bench.run.status(), Status::Canceled);
}

#[test]
fn a_loop_and_its_timers_are_held_too() {
    let mut bench = over(
        json!(["x", "y"]),
        json!([each(json!({}), json!([call("send", json!({}))]))]),
    );
    bench.give(pause()).ok("each[0].send");
    assert_eq!(
        bench.line(),
        "each=running each[0].send=succeeded each[1].send=queued run=paused"
    );
    bench.give(resume());
    assert_eq!(bench.running(), ["each[1].send#1"]);
}

/// A call whose failure a person decides about, and one beside it.
fn held() -> Bench {
    let mut bench = Bench::new(json!({"steps": [
        call("a", json!({"on_error": "pause", "retry": {"attempts": 2, "backoff": "1s", "jitter": false, "total": "1m"}})),
        call("beside", json!({})),
        call("b", json!({"needs": ["a"]})),
    ]}));
    bench.fail("a", FailureClass::Retryable).pass("1s");
    bench.fail("a", FailureClass::Retryable);
    bench
}

#[test]
fn a_step_that_failed_waits_and_the_others_go_on() {
    let mut bench = held();
    assert_eq!(bench.line(), "a=paused beside=running b=queued run=running");
    bench.ok("beside");
    assert_eq!(bench.run.status(), Status::Paused);
    assert_eq!(
        bench.run.waits_for(),
        "step a failed and waits for a person: it broke"
    );
    assert_eq!(bench.run.step("a").unwrap().error.unwrap().code, "broken");
    bench.pass("7d");
    let before = bench.journal.iter().find_map(|entry| match &entry.event {
        RunEvent::AttemptStarted {
            idempotency_key, ..
        } => Some(idempotency_key.clone()),
        _ => None,
    });
    bench.give(resume());
    // Again with all its retries, and the time over all attempts anew; the key stays.
    let Effect::Attempt {
        number,
        idempotency_key,
        deadline,
        ..
    } = bench.effect("a");
    assert_eq!((number, Some(idempotency_key)), (3, before));
    assert_eq!(deadline, Some(bench.now.after("1m".parse().unwrap())));
    bench.fail("a", FailureClass::Retryable).pass("1s");
    assert_eq!(bench.running(), ["a#4"]);
    bench.ok("a").ok("b");
    assert_eq!(
        bench.line(),
        "a=succeeded beside=succeeded b=succeeded run=succeeded"
    );
}

#[test]
fn a_person_lets_it_fail_or_cancels() {
    let mut bench = held();
    bench.ok("beside").give(failing(Some("a")));
    assert_eq!(
        bench.line(),
        "a=failed beside=succeeded b=skipped run=failed"
    );
    assert_eq!(bench.run.failure().unwrap().code, "broken");
    let mut bench = held();
    bench.cancel();
    assert_eq!(
        bench.line(),
        "a=canceled beside=canceled b=skipped run=canceled"
    );
}

#[test]
fn another_failure_ends_a_step_that_waits() {
    let mut bench = held();
    bench.fail("beside", FailureClass::Permanent);
    assert_eq!(
        bench.line(),
        "a=canceled beside=failed b=skipped run=failed"
    );
}

#[test]
fn the_input_can_be_corrected() {
    let mut bench = held();
    bench.give(resuming(
        Some("a"),
        Some(json!({"path": "/v2", "method": "POST"})),
    ));
    let Effect::Attempt { input, .. } = bench.effect("a");
    assert_eq!(input.text(), r#"{"path":"/v2","method":"POST"}"#);
    bench.ok("a").ok("beside").ok("b");
    assert_eq!(bench.run.status(), Status::Succeeded);
}

#[test]
fn a_correction_is_judged_by_the_action_and_takes_the_place_of_one_before() {
    let mut bench = Bench::new(json!({"steps": [
        call("a", json!({"on_error": "pause", "with": {"path": "/v1", "method": "POST"}})),
    ]}));
    bench.fail("a", FailureClass::Permanent);
    let mut wrong = |input: Value| match bench.refused(resuming(None, Some(input))) {
        Rejected::BadCorrection { findings } => findings
            .iter()
            .map(|f| {
                format!(
                    "{} {} ({})",
                    f.path.as_deref().unwrap_or_default(),
                    f.message,
                    f.help
                )
            })
            .collect::<Vec<_>>()
            .join("\n"),
        other => panic!("{other:?}"),
    };
    let told = wrong(json!({"paht": "/v2", "query": 7}));
    let begins =
        "/input/paht there is no key `paht` here (did you mean `path`? Known here: connection, ";
    assert!(told.starts_with(begins), "{told}");
    assert!(
        told.ends_with("/input/query `query` is a map, not a number ()"),
        "{told}"
    );
    assert!(wrong(json!({"quite_else": 1})).contains("known here: connection, "));
    let asks = |bench: &Bench| {
        let Effect::Attempt { input, .. } = bench.effect("a");
        input.text().to_owned()
    };
    bench.give(resuming(None, Some(json!({"path": "/v2", "body": "x"}))));
    assert_eq!(asks(&bench), r#"{"path":"/v2","method":"POST","body":"x"}"#);
    bench.fail("a", FailureClass::Permanent);
    // As it is, it is what was corrected.
    bench.give(resume());
    assert_eq!(asks(&bench), r#"{"path":"/v2","method":"POST","body":"x"}"#);
    bench.fail("a", FailureClass::Permanent);
    bench.give(resuming(None, Some(json!({"method": "PUT"}))));
    assert_eq!(asks(&bench), r#"{"path":"/v1","method":"PUT"}"#);
    bench.fail("a", FailureClass::Permanent);
    bench.give(resuming(None, Some(json!({}))));
    assert_eq!(asks(&bench), r#"{"path":"/v1","method":"POST"}"#);
}

fn by_version(step: Option<&str>, document: &Value) -> Input {
    Input::Resume {
        by: "ben".into(),
        reason: None,
        step: step.map(StepPath::from),
        answer: ResumeAnswer::Version {
            plan: plan(document),
        },
    }
}

#[test]
fn another_version_gives_its_configuration_with_what_is_known_here() {
    let steps = |path: &str, more: Value| {
        let mut pay = call(
            "pay",
            json!({"on_error": "pause", "with": {"path": path, "method": "POST"}}),
        );
        pay.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!({"steps": [
            value("where", json!("v2")),
            {"id": "each", "for_each": {"items": [7, 8], "as": "bill", "max_parallel": 2}, "steps": [pay]},
            call("ship", json!({"on_error": "pause", "needs": ["where"]})),
        ]})
    };
    let mut bench = Bench::new(steps("/{{ bill }}", json!({})));
    let key = |bench: &Bench| {
        let Effect::Attempt {
            idempotency_key, ..
        } = bench.effect("each[1].pay");
        idempotency_key.clone()
    };
    let first = key(&bench);
    bench
        .fail("each[1].pay", FailureClass::Permanent)
        .fail("ship", FailureClass::Permanent);
    let asks = |bench: &Bench, step: &str| {
        let Effect::Attempt { input, .. } = bench.effect(step);
        input.text().to_owned()
    };
    let wrong = [
        (
            json!({"steps": [value("where", json!(1))]}),
            "not_in_version",
        ),
        (
            steps("/{{ bill }}", json!({"id": "pays"})),
            "not_in_version",
        ),
        (
            steps(
                "/{{ bill }}",
                json!({"action": "shell", "with": {"argv": ["true"]}}),
            ),
            "not_in_version",
        ),
        (
            steps(
                "/",
                json!({"with": {"headers": {"x": "{{ secrets.key }}"}}}),
            ),
            "not_in_version",
        ),
        (
            steps("/{{ steps.where.output.none }}", json!({})),
            "bad_correction",
        ),
    ];
    for (document, code) in wrong {
        let given = by_version(Some("each[1].pay"), &document);
        assert_eq!(bench.refused(given).code(), code, "{document}");
    }
    let gated = json!({"steps": [
        {"id": "gate", "action": "approval_gate", "with": {}},
        call("ship", json!({"needs": ["gate"]})),
    ]});
    let unseen = by_version(Some("ship"), &gated);
    assert_eq!(bench.refused(unseen).code(), "approved_input");
    // All that wait, each as that version has it.
    let better = steps(
        "/{{ steps.where.output }}/{{ bill }}",
        json!({"timeout": "1s"}),
    );
    bench.give(by_version(None, &better));
    assert_eq!(
        asks(&bench, "each[1].pay"),
        r#"{"path":"/v2/8","method":"POST"}"#
    );
    assert_eq!(key(&bench), first, "it is the same work");
    assert_eq!(
        bench.running(),
        ["ship#2", "each[0].pay#1", "each[1].pay#2"]
    );
    bench.ok("each[1].pay").ok("each[0].pay").ok("ship");
    assert_eq!(bench.run.status(), Status::Succeeded);
    let late = by_version(None, &better);
    assert_eq!(bench.refused(late), Rejected::AlreadyOver);
}

#[test]
fn an_expression_without_a_value_can_be_made_good() {
    let document = json!({"steps": [
        value("list", json!([])),
        call("a", json!({"on_error": "pause", "with": {"path": "{{ steps.list.output[0] }}"}})),
    ]});
    let mut bench = Bench::new(document.clone());
    assert_eq!(bench.line(), "list=succeeded a=paused run=paused");
    // As it is, it fails again.
    bench.give(resume());
    assert_eq!(bench.status("a"), Status::Paused);
    let other = resuming(None, Some(json!({"method": "PUT"})));
    assert_eq!(bench.refused(other).code(), "bad_correction");
    bench.give(resuming(None, Some(json!({"path": "/x"}))));
    let Effect::Attempt {
        input,
        idempotency_key,
        ..
    } = bench.effect("a");
    assert_eq!(input.text(), r#"{"path":"/x"}"#);
    assert_eq!(
        idempotency_key,
        crate::run::attempt::key(bench.run.id(), "a")
    );
    bench.ok("a");
    assert_eq!(bench.run.status(), Status::Succeeded);
    let mut bench = Bench::new(document);
    bench.give(failing(None));
    assert_eq!(bench.run.status(), Status::Failed);
}

#[test]
fn what_was_approved_is_not_changed() {
    let mut bench = Bench::new(json!({"steps": [
        {"id": "gate", "action": "approval_gate", "with": {}},
        call("a", json!({"needs": ["gate"], "on_error": "pause"})),
    ]}));
    bench.vote("ben", Verdict::Approve);
    bench.fail("a", FailureClass::Permanent);
    let corrected = resuming(Some("a"), Some(json!({"path": "/v2"})));
    assert_eq!(bench.refused(corrected).code(), "approved_input");
    bench.give(resume());
    assert_eq!(bench.running(), ["a#2"]);
}

/// An approval is for all that comes behind its gate, however it stands there.
#[test]
fn what_was_approved_is_not_changed_wherever_it_stands_behind_the_gate() {
    let gate = || json!({"id": "gate", "action": "approval_gate", "with": {}});
    let pay = |path: &str, needs: Value| {
        let mut pay = call(
            "pay",
            json!({"on_error": "pause", "with": {"path": path, "method": "POST"}}),
        );
        if !needs.is_null() {
            pay["needs"] = needs;
        }
        pay
    };
    type Document = Box<dyn Fn(&str) -> Value>;
    let documents: [(&str, Document); 5] = [
        (
            "each[0].pay",
            Box::new(move |path| {
                json!({"steps": [gate(),
                    {"id": "each", "needs": ["gate"], "for_each": {"items": [1]},
                        "steps": [pay(path, Value::Null)]}]})
            }),
        ),
        (
            "again[1].each[0].pay",
            Box::new(move |path| {
                json!({"steps": [gate(),
                    {"id": "again", "needs": ["gate"], "repeat": {"max": 1, "until": "true"}, "steps": [
                        {"id": "each", "for_each": {"items": [1]}, "steps": [pay(path, Value::Null)]}]}]})
            }),
        ),
        (
            "pay",
            Box::new(move |path| {
                json!({"steps": [gate(),
                    {"id": "which", "needs": ["gate"], "action": "switch",
                        "with": {"cases": [{"id": "yes", "when": "true"}, {"id": "no"}]}},
                    pay(path, json!(["which.yes"]))]})
            }),
        ),
        (
            "pay",
            Box::new(move |path| {
                let mut text = value("text", json!("x"));
                text["needs"] = json!(["gate"]);
                json!({"steps": [gate(), text, pay(path, json!(["text"]))]})
            }),
        ),
        (
            "pay",
            Box::new(move |path| {
                json!({"steps": [
                    {"id": "each", "for_each": {"items": [1]}, "steps": [gate()]},
                    pay(path, json!(["each"]))]})
            }),
        ),
    ];
    for (step, document) in documents {
        let mut bench = Bench::new(document("/ada"));
        bench.vote("ben", Verdict::Approve);
        let step = bench
            .running()
            .first()
            .and_then(|running| running.split_once('#'))
            .map_or_else(
                || panic!("{step} does not run"),
                |(step, _)| step.to_owned(),
            );
        bench.fail(&step, FailureClass::Permanent);
        let corrected = resuming(Some(&step), Some(json!({"path": "/mallory"})));
        assert_eq!(bench.refused(corrected).code(), "approved_input", "{step}");
        for place in [None, Some(&*step)] {
            let other = by_version(place, &document("/mallory"));
            assert_eq!(bench.refused(other).code(), "approved_input", "{step}");
        }
        // What asks for the same is what was approved.
        let same = resuming(Some(&step), Some(json!({"path": "/ada"})));
        bench.give(same);
        assert_eq!(bench.running(), [format!("{step}#2")]);
    }
}

/// Nobody was asked by a gate that was skipped, and one beside the step is not before it.
#[test]
fn what_nobody_approved_can_be_corrected() {
    let mut bench = Bench::new(json!({"steps": [
        {"id": "gate", "action": "approval_gate", "when": "false", "with": {}},
        {"id": "beside", "action": "approval_gate", "with": {}},
        {"id": "each", "needs": ["gate"], "join": "all_done", "for_each": {"items": [1]}, "steps": [
            call("pay", json!({"on_error": "pause"}))]},
    ]}));
    let step = bench.running()[0].split('#').next().unwrap().to_owned();
    bench.fail(&step, FailureClass::Permanent);
    bench.give(resuming(Some(&step), Some(json!({"path": "/v2"}))));
    assert_eq!(bench.running(), [format!("{step}#2")]);
}

/// The version that asks before a loop asks before what stands in it.
#[test]
fn a_version_that_asks_before_a_loop_gives_nothing_to_what_stands_in_it() {
    let pay = |path: &str| call("pay", json!({"on_error": "pause", "with": {"path": path}}));
    let each = |path: &str| json!({"id": "each", "for_each": {"items": [1]}, "steps": [pay(path)]});
    let mut bench = Bench::new(json!({"steps": [each("/a")]}));
    let step = bench.running()[0].split('#').next().unwrap().to_owned();
    bench.fail(&step, FailureClass::Permanent);
    let mut asked = each("/b");
    asked["needs"] = json!(["gate"]);
    let gated = json!({"steps": [{"id": "gate", "action": "approval_gate", "with": {}}, asked]});
    let refused = bench.refused(by_version(None, &gated));
    assert_eq!(refused.code(), "approved_input");
    bench.give(by_version(None, &json!({"steps": [each("/b")]})));
    assert_eq!(bench.running(), [format!("{step}#2")]);
}

/// Another version does not say what is sensitive in this run.
#[test]
fn another_version_takes_a_sensitive_input_nowhere_else() {
    let document = |sensitive: bool, with: Value| {
        json!({
            "inputs": {"pin": {"type": "string", "sensitive": sensitive, }, "to": {"type": "string", "default": "x"}},
            "steps": [call("a", json!({"on_error": "pause", "with": with}))],
        })
    };
    let own = document(
        true,
        json!({"path": "/a", "json": {"pin": "{{ inputs.pin }}"}}),
    );
    let mut bench = Bench::with_inputs(own, json!({"pin": "SEALED", "to": "x"}));
    bench.fail("a", FailureClass::Permanent);
    let wrong = [
        json!({"url": "https://example.org/{{ inputs.pin }}"}),
        json!({"path": "/a", "json": "{{ inputs.pin | upper }}"}),
        json!({"path": "/a", "json": "{{ inputs }}"}),
        json!({"path": "/a", "method": "{{ inputs.pin }}"}),
    ];
    for with in wrong {
        let refused = bench.refused(by_version(None, &document(false, with.clone())));
        assert_eq!(refused.code(), "not_in_version", "{with}");
        assert!(refused.to_string().contains("sensitive"), "{refused}");
    }
    let right = json!({"path": "/{{ inputs.to }}", "json": {"code": "{{ inputs.pin }}"}});
    bench.give(by_version(None, &document(false, right)));
    let Effect::Attempt { input, .. } = bench.effect("a");
    assert_eq!(input.text(), r#"{"path":"/x","json":{"code":"SEALED"}}"#);
}

#[test]
fn one_of_several_or_all() {
    let mut bench = Bench::new(json!({"steps": [
        call("a", json!({"on_error": "pause"})),
        call("b", json!({"on_error": "pause"})),
    ]}));
    bench
        .fail("a", FailureClass::Permanent)
        .fail("b", FailureClass::Permanent);
    let both = resuming(None, Some(json!({"path": "/v2"})));
    assert_eq!(bench.refused(both).code(), "which_step");
    assert_eq!(
        bench.refused(resuming(Some("c"), None)).code(),
        "not_paused"
    );
    bench.give(resuming(Some("b"), None));
    assert_eq!(bench.running(), ["b#1"].map(|b| b.replace('1', "2")));
    assert_eq!(
        bench.refused(resuming(Some("b"), None)).code(),
        "not_paused"
    );
    bench.ok("b").give(resume()).ok("a");
    assert_eq!(bench.run.status(), Status::Succeeded);
    let mut plain = Bench::new(json!({"steps": [call("a", json!({}))]}));
    assert_eq!(plain.refused(failing(None)).code(), "not_paused");
}

/// A step of a pass, and a handler, wait like any other.
#[test]
fn steps_of_passes_and_handlers_wait_too() {
    let mut bench = Bench::new(json!({
        "steps": [{"id": "each", "for_each": {"items": [1, 2]}, "steps": [
            call("pay", json!({"on_error": "pause"})),
        ]}],
        "finally": [call("end", json!({"on_error": "pause"}))],
    }));
    bench.fail("each[0].pay", FailureClass::Permanent);
    bench.give(resuming(Some("each[0].pay"), None));
    bench.ok("each[0].pay").ok("each[1].pay");
    bench.fail("finally.end", FailureClass::Permanent);
    assert_eq!(bench.run.status(), Status::Paused);
    bench.give(resume()).ok("finally.end");
    assert_eq!(bench.run.status(), Status::Succeeded);
}

#[test]
fn what_kept_killing_the_server_waits_for_a_person() {
    let mut bench = Bench::new(json!({"steps": [call("a", json!({"on_error": "pause"}))]}));
    for _ in 0..3 {
        bench.give(Input::Recover { alone: true });
    }
    assert_eq!(bench.status("a"), Status::Paused);
    bench.give(resume());
    assert_eq!(bench.running(), ["a#4"]);
}
