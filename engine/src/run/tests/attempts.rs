use super::*;

#[test]
fn an_attempt_carries_what_the_effect_needs() {
    let bench = Bench::with_inputs(
        json!({"inputs": {"who": {"type": "string"}}, "steps": [{
            "id": "a", "action": "http", "timeout": "30s",
            "with": {"path": "/{{ inputs.who }}", "headers": {"x": "{{ secrets.TOKEN }}"}},
        }]}),
        json!({"who": "ana"}),
    );
    let Effect::Attempt {
        step,
        number,
        fence,
        kind,
        input,
        secrets,
        timeout,
        idempotency_key,
        deadline,
    } = bench.effect("a");
    assert_eq!((&*step.0, number, fence), ("a", 1, 1));
    assert_eq!(kind, crate::plan::ActionKind::Http);
    assert_eq!(
        input.text(),
        r#"{"path":"/ana","headers":{"x":"{{ secrets.TOKEN }}"}}"#
    );
    let places: Vec<_> = secrets
        .iter()
        .map(|secret| (secret.place.as_str(), secret.name.as_str()))
        .collect();
    assert_eq!(places, [("/headers/x", "TOKEN")]);
    assert_eq!(timeout, Some(Span::from_secs(30)));
    assert_eq!(idempotency_key.len(), 52);
    assert_eq!(deadline, Some(BEGIN.after(Span::from_secs(30))));
    assert_eq!(bench.run.waits_for(), "attempt 1 of step a runs");
    assert_eq!(bench.line(), "a=running run=running");
}

#[test]
fn keys_are_of_the_root_run_or_as_the_document_says() {
    let plan = plan(&json!({"steps": [
        call("a", json!({})),
        call("b", json!({"idempotency_key": "{{ run.id }}:b"})),
        call("c", json!({"idempotency_key": "{{ [] | only }}"})),
    ]}));
    let begin = start(&plan, json!({}));
    let mut retried = begin.clone();
    retried.run = RunId::from_parts(9, [9; 10]);
    let keys = |start| {
        let (run, _) = Run::begin(plan.clone(), start, BEGIN);
        run.pending()
            .into_iter()
            .map(
                |Effect::Attempt {
                     idempotency_key, ..
                 }| idempotency_key,
            )
            .collect::<Vec<_>>()
    };
    let (first, second) = (keys(begin.clone()), keys(retried));
    // The last step has no key and fails, which ends the run.
    assert!(first.is_empty());
    assert_eq!(first, second);
    let document = json!({"steps": [
        call("a", json!({})),
        call("b", json!({"idempotency_key": "{{ run.id }}:b"})),
    ]});
    let plan = crate::testing::plan(&document);
    let mut retried = begin.clone();
    retried.run = RunId::from_parts(9, [9; 10]);
    let keys = |start| {
        let (run, _) = Run::begin(plan.clone(), start, BEGIN);
        run.pending()
            .into_iter()
            .map(
                |Effect::Attempt {
                     idempotency_key, ..
                 }| idempotency_key,
            )
            .collect::<Vec<_>>()
    };
    let (first, second) = (keys(begin.clone()), keys(retried.clone()));
    assert_eq!(first[0], second[0]);
    assert_eq!(second[1], format!("{}:b", retried.run));
}

#[test]
fn stale_answers_change_nothing() {
    let mut bench =
        Bench::new(json!({"steps": [call("a", json!({"retry": {}})), call("b", json!({}))]}));
    let first = bench.finished("a", failed(FailureClass::Retryable));
    bench.give(first.clone());
    assert_eq!(bench.refused(first.clone()), Rejected::StaleAttempt);
    bench.pass("10m");
    assert_eq!(bench.running(), ["a#2", "b#1"]);
    assert_eq!(bench.refused(first), Rejected::StaleAttempt);
    let Input::Finished { step, fence, .. } = bench.finished("a", succeeded(json!(1))) else {
        unreachable!()
    };
    for (step, number, fence) in [
        (step.clone(), 1, fence),
        (step.clone(), 2, fence - 1),
        ("b".into(), 1, fence),
        ("none".into(), 1, 1),
    ] {
        let outcome = succeeded(json!(1));
        let input = Input::Finished {
            step,
            number,
            fence,
            outcome,
        };
        assert_eq!(bench.refused(input), Rejected::StaleAttempt);
    }
}

#[test]
fn retries_wait_longer_each_time_and_end() {
    let retry = json!({"retry": {"attempts": 3, "backoff": "1s", "jitter": false}});
    let mut bench = Bench::new(json!({"steps": [call("a", retry)]}));
    bench.fail("a", FailureClass::Retryable);
    assert_eq!(bench.line(), "a=waiting run=waiting");
    assert_eq!(bench.deadline(), "+1s Retry { step: a }");
    assert_eq!(
        bench.run.waits_for(),
        "step a is tried again at 2027-01-15T08:00:01.000Z"
    );
    bench.pass("999ms");
    assert!(bench.running().is_empty());
    bench.pass("1ms");
    assert_eq!(bench.running(), ["a#2"]);
    bench.fail("a", FailureClass::Timeout);
    assert_eq!(bench.deadline(), "+3s Retry { step: a }");
    bench.pass("2s").fail("a", FailureClass::Retryable);
    assert_eq!(bench.line(), "a=failed run=failed");
    assert_eq!(bench.run.step("a").unwrap().attempts.len(), 3);
    assert_eq!(bench.run.failure().unwrap().message, "it broke");
}

#[test]
fn only_listed_classes_are_tried_again() {
    for (class, again) in [
        (FailureClass::Retryable, true),
        (FailureClass::Timeout, true),
        (FailureClass::Permanent, false),
        (FailureClass::Canceled, false),
        (FailureClass::Uncertain, false),
        (FailureClass::Interrupted, false),
    ] {
        let mut bench = Bench::new(json!({"steps": [call("a", json!({"retry": {}}))]}));
        bench.fail("a", class);
        assert_eq!(!bench.run.is_over(), again, "{class:?}");
    }
    let mut bench = Bench::new(json!({"steps": [call("a", json!({}))]}));
    bench.fail("a", FailureClass::Retryable);
    assert!(bench.run.is_over(), "without `retry` a step is tried once");
}

#[test]
fn the_other_side_may_ask_to_wait_longer_but_not_for_ever() {
    for (asked, waits) in [(500, "+1s"), (60_000, "+1m"), (u64::MAX, "+1d")] {
        let mut bench =
            Bench::new(json!({"steps": [call("a", json!({"retry": {"jitter": false}}))]}));
        bench.answer(
            "a",
            Outcome::Failed {
                failure: Failure::new(FailureClass::Retryable, "busy", "busy"),
                retry_after_ms: Some(asked),
            },
        );
        assert_eq!(bench.deadline(), format!("{waits} Retry {{ step: a }}"));
    }
}

#[test]
fn the_total_limit_bounds_attempts_and_waits() {
    let retry = json!({"timeout": "1m", "retry": {"attempts": 9, "backoff": "10s", "factor": 1.0, "jitter": false, "total": "25s"}});
    let mut bench = Bench::new(json!({"steps": [call("a", retry)]}));
    assert_eq!(bench.deadline(), "+25s AttemptTimeout { step: a }");
    bench.fail("a", FailureClass::Retryable).pass("10s");
    bench.fail("a", FailureClass::Retryable).pass("10s");
    assert_eq!(bench.running(), ["a#3"]);
    bench.fail("a", FailureClass::Retryable);
    assert_eq!(bench.line(), "a=failed run=failed");
}

#[test]
fn an_attempt_without_an_answer_times_out() {
    let mut bench = Bench::new(json!({"steps": [
        call("a", json!({"timeout": "10s", "retry": {"attempts": 2, "jitter": false}})),
    ]}));
    let late = bench.finished("a", succeeded(json!(1)));
    bench.pass("9999ms");
    assert_eq!(bench.running(), ["a#1"]);
    bench.pass("1ms");
    assert!(bench.running().is_empty());
    assert_eq!(bench.refused(late), Rejected::StaleAttempt);
    bench.pass("1s").pass("10s");
    assert_eq!(bench.line(), "a=failed run=failed");
    let failure = bench.run.failure().unwrap();
    assert_eq!(
        (failure.class, failure.code.as_str()),
        (FailureClass::Timeout, "timeout")
    );
}

#[test]
fn recovery_starts_again_with_the_same_key_and_uses_up_no_retry() {
    let mut bench = Bench::new(json!({"steps": [
        call("a", json!({"retry": {"attempts": 2, "jitter": false}})),
        call("b", json!({"needs": ["a"]})),
    ]}));
    let before = bench.effect("a");
    let late = bench.finished("a", succeeded(json!(1)));
    for _ in 0..5 {
        bench.give(Input::Recover { alone: false });
    }
    assert_eq!(bench.running(), ["a#6"]);
    assert_eq!(bench.refused(late), Rejected::StaleAttempt);
    let (
        Effect::Attempt {
            idempotency_key: k1,
            input: i1,
            fence: f1,
            ..
        },
        Effect::Attempt {
            idempotency_key: k2,
            input: i2,
            fence: f2,
            ..
        },
    ) = (before, bench.effect("a"));
    assert_eq!((k1, i1), (k2, i2));
    assert!(f2 > f1);
    bench.fail("a", FailureClass::Retryable);
    assert_eq!(bench.deadline(), "+1s Retry { step: a }");
    // A wait for a retry is not touched by a restart.
    bench.give(Input::Recover { alone: true });
    assert_eq!(bench.deadline(), "+1s Retry { step: a }");
    bench.pass("1s").ok("a").ok("b");
    assert_eq!(bench.run.status(), Status::Succeeded);
    let first = &bench.run.step("a").unwrap().attempts[0];
    assert_eq!(
        first.error.as_ref().unwrap().class,
        FailureClass::Interrupted
    );
}

#[test]
fn a_request_whose_connection_broke_may_have_come() {
    let lost = || Outcome::Failed {
        failure: Failure::new(FailureClass::Retryable, "connection_lost", "it broke"),
        retry_after_ms: None,
    };
    let with = |more: Value| Bench::new(json!({ "steps": [call("a", more)] }));
    let mut bench = with(json!({ "delivery": "at_most_once", "retry": {} }));
    bench.answer("a", lost());
    assert_eq!(bench.line(), "a=uncertain run=waiting");
    // One that did not come to be is tried again, and so is one that may be repeated.
    let mut bench = with(json!({ "delivery": "at_most_once", "retry": {} }));
    bench.fail("a", FailureClass::Retryable);
    assert_eq!(bench.line(), "a=waiting run=waiting");
    let mut bench = with(json!({ "retry": {} }));
    bench.answer("a", lost());
    assert_eq!(bench.line(), "a=waiting run=waiting");
    // A database has undone what was not committed.
    let statement = json!({ "connection": "db", "statement": "select 1" });
    let once = json!({
        "action": "sql", "with": statement, "delivery": "at_most_once", "retry": {},
    });
    let mut bench = with(once);
    bench.answer("a", lost());
    assert_eq!(bench.line(), "a=waiting run=waiting");
}

#[test]
fn at_most_once_never_runs_again_by_itself() {
    let document = json!({"steps": [
        call("a", json!({"delivery": "at_most_once", "retry": {}})),
        call("b", json!({"needs": ["a"]})),
    ]});
    let uncertain = || {
        let mut bench = Bench::new(document.clone());
        bench.give(Input::Recover { alone: false }).pass("9d");
        assert_eq!(bench.line(), "a=uncertain b=queued run=waiting");
        assert_eq!(
            bench.run.waits_for(),
            "a person must find out whether step a happened"
        );
        assert_eq!(bench.deadline(), "none");
        bench
    };
    let resolve = |resolution| Input::ResolveUncertain {
        step: "a".into(),
        resolution,
        by: "ana".into(),
        reason: Some("the bank says so".into()),
    };
    let mut bench = uncertain();
    bench.give(resolve(Resolution::Happened {
        output: json!(1).into(),
    }));
    assert_eq!(bench.line(), "a=succeeded b=running run=running");
    assert_eq!(
        bench.refused(resolve(Resolution::Again)),
        Rejected::NotUncertain
    );
    let mut bench = uncertain();
    bench.give(resolve(Resolution::Again));
    assert_eq!(bench.running(), ["a#2"]);
    let mut bench = uncertain();
    bench.give(resolve(Resolution::Failed {
        message: "it did not happen".into(),
    }));
    assert_eq!(bench.line(), "a=failed b=skipped run=failed");
    let mut bench = uncertain();
    bench.give(Input::Cancel {
        by: "ana".into(),
        reason: None,
    });
    assert_eq!(bench.line(), "a=canceled b=skipped run=canceled");
    assert_eq!(
        bench.run.step("a").unwrap().attempts[0].status,
        Status::Uncertain
    );
    // An action that does not know either makes it uncertain; a time limit fails it without a retry.
    let mut bench = Bench::new(document.clone());
    bench.fail("a", FailureClass::Uncertain);
    assert_eq!(bench.status("a"), Status::Uncertain);
    let mut bench = Bench::new(document.clone());
    bench.fail("a", FailureClass::Timeout);
    assert_eq!(bench.status("a"), Status::Failed);
    let mut bench = Bench::new(document.clone());
    bench.fail("a", FailureClass::Retryable);
    assert_eq!(bench.status("a"), Status::Waiting);
}

#[test]
fn three_deaths_alone_quarantine() {
    let document = json!({"steps": [call("a", json!({}))]});
    let mut bench = Bench::new(document.clone());
    for _ in 0..2 {
        bench.give(Input::Recover { alone: true });
    }
    // One that nobody blames it for ends the row.
    bench.give(Input::Recover { alone: false });
    for _ in 0..2 {
        bench.give(Input::Recover { alone: true });
    }
    assert_eq!(bench.running(), ["a#6"]);
    bench.give(Input::Recover { alone: true });
    assert_eq!(bench.line(), "a=failed run=failed");
    assert_eq!(
        bench.run.failure().unwrap().class,
        FailureClass::Quarantined
    );
    // Two attempts of one run are not alone, whatever the caller says.
    let mut bench = Bench::new(json!({"steps": [call("a", json!({})), call("b", json!({}))]}));
    for _ in 0..9 {
        bench.give(Input::Recover { alone: true });
    }
    assert_eq!(bench.running(), ["a#10", "b#10"]);
    assert!(bench.run.was_interrupted(&"a".into()));
    let fresh = Bench::new(json!({"steps": [call("a", json!({}))]}));
    assert!(!fresh.run.was_interrupted(&"a".into()));
    // One of them is, where the caller kept the other back.
    for _ in 0..3 {
        bench.give(Input::Died { step: "b".into() });
    }
    assert_eq!(bench.line(), "a=canceled b=failed run=failed");
}

#[test]
fn absurd_limits_do_no_harm() {
    let mut bench = Bench::new(json!({"steps": [
        call("a", json!({"timeout": "0s", "retry": {"attempts": 4294967295u32, "backoff": "0s", "max": "0s"}})),
        call("b", json!({"timeout": "99999999999d", "retry": {"backoff": "99999999999d", "max": "99999999999d", "factor": 1e308}})),
    ]}));
    for _ in 0..50 {
        bench.pass("1ms");
    }
    bench.fail("b", FailureClass::Retryable);
    assert_eq!(bench.status("a"), Status::Waiting);
    // One try a turn.
    assert_eq!(bench.run.step("a").unwrap().attempts.len(), 51);
}

#[test]
fn an_answer_about_another_thing_fails_its_step_before_anything_follows() {
    let document = |more: Value| {
        let mut first = json!({
            "answers_to": { "/json/order_id": "/path" }, "with": { "path": "/orders/{{ 'W1' }}" },
        });
        first
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!({ "steps": [
            call("a", first),
            call("b", json!({ "needs": ["a"], "with": { "path": "/{{ steps.a.output.json.pay }}" } })),
        ] })
    };
    for (came, ends) in [
        (
            json!({ "order_id": "W1", "pay": 1 }),
            "a=succeeded b=running run=running",
        ),
        (
            json!({ "order_id": "w1 ", "pay": 1 }),
            "a=succeeded b=running run=running",
        ),
        // It does not say what it is about.
        (
            json!({ "order_id": null, "pay": 1 }),
            "a=succeeded b=running run=running",
        ),
        (json!({ "pay": 1 }), "a=succeeded b=running run=running"),
        (
            json!({ "order_id": "W2", "pay": 1 }),
            "a=failed b=skipped run=failed",
        ),
    ] {
        let mut bench = Bench::new(document(json!({})));
        bench.answer("a", succeeded(json!({ "json": came })));
        assert_eq!(bench.line(), ends, "{came}");
        if let Some(error) = &bench.run.steps()[0].error {
            assert_eq!(error.code, "answer_changed");
            assert!(
                error.message.contains("`/json/order_id` is \"W2\""),
                "{}",
                error.message
            );
            let details = error.details.as_ref().unwrap();
            assert_eq!(details.value()["needs_review"], true);
        }
    }
    // The shape is looked at first, and what is not shown is told by its place alone.
    let mut bench = Bench::new(document(
        json!({ "output_schema": { "required": ["pay"] } }),
    ));
    bench.answer("a", succeeded(json!({ "json": { "order_id": "W2" } })));
    let error = bench.run.steps()[0].error.clone().unwrap();
    assert!(error.message.contains("required property"), "{error:?}");
}

#[test]
fn an_answer_of_another_shape_fails_its_step_before_anything_follows() {
    let schema = json!({ "required": ["id"], "properties": { "id": { "type": "string" } } });
    let document = |more: Value| {
        let mut first = json!({ "output_schema": schema, "retry": { "attempts": 3 } });
        first
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!({ "steps": [
            call("a", first),
            call("b", json!({ "needs": ["a"], "with": { "path": "/{{ steps.a.output.id }}" } })),
        ] })
    };
    let mut bench = Bench::new(document(json!({})));
    bench.answer("a", succeeded(json!({ "id": "x", "more": 1 })));
    assert_eq!(bench.line(), "a=succeeded b=running run=running");

    let mut bench = Bench::new(document(json!({})));
    bench.answer("a", succeeded(json!({ "id": 7 })));
    assert_eq!(bench.line(), "a=failed b=skipped run=failed");
    let error = bench.run.steps()[0].error.clone().unwrap();
    assert_eq!(error.code, "answer_changed");
    assert!(
        error.message.contains("at `/id`: 7 is not of type"),
        "{}",
        error.message
    );
    assert_eq!(
        error.details.as_ref().unwrap().value()["needs_review"],
        true
    );

    // Where not all of it is kept, it is judged as it came.
    for (came, ends) in [
        ("x", "a=succeeded b=running run=running"),
        ("7", "a=failed b=skipped run=failed"),
    ] {
        let mut bench = Bench::new(document(json!({})));
        let Effect::Attempt {
            step,
            number,
            fence,
            ..
        } = bench.effect("a");
        let came = json!({ "id": serde_json::from_str(came).unwrap_or_else(|_| json!(came)) });
        let answered = Input::Answered {
            step,
            number,
            fence,
            output: json!({ "id": "kept" }).into(),
            clear: came.into(),
        };
        bench.give(answered.clone());
        assert_eq!(bench.line(), ends);
        let told = format!("{:?}", bench.journal);
        assert!(
            !told.contains("7 is not") && told.contains("kept") == ends.contains("succeeded"),
            "{told}"
        );
        assert!(matches!(
            bench.refused(answered),
            Rejected::StaleAttempt | Rejected::AlreadyOver
        ));
    }

    // A person can have it tried again once the other side is what it was.
    let mut bench = Bench::new(document(json!({ "on_error": "pause" })));
    bench.answer("a", succeeded(json!({})));
    assert_eq!(bench.line(), "a=paused b=queued run=paused");
    bench.give(Input::Resume {
        by: "user:ana".into(),
        reason: None,
        step: None,
        answer: ResumeAnswer::Again { input: None },
    });
    bench.answer("a", succeeded(json!({ "id": "x" })));
    assert_eq!(bench.line(), "a=succeeded b=running run=running");
}
