use super::*;

fn ready(repeat: Value) -> Value {
    json!({"steps": [
        {"id": "ready", "repeat": repeat, "steps": [call("poll", json!({}))]},
        value("got", json!("{{ steps.ready.output.n }}")),
    ]})
}

fn polled(n: i64, done: bool) -> Outcome {
    succeeded(json!({"n": n, "done": done}))
}

#[test]
fn it_repeats_until_something_holds() {
    let mut bench = Bench::new(ready(
        json!({"until": "steps.poll.output.done", "every": "2s"}),
    ));
    bench.answer("ready[0].poll", polled(1, false));
    assert_eq!(
        bench.line(),
        "ready=waiting ready[0].poll=succeeded got=queued run=waiting"
    );
    assert_eq!(bench.deadline(), "+2s NextPass { step: ready }");
    assert_eq!(
        bench.run.waits_for(),
        "the next pass of step ready begins at 2027-01-15T08:00:02.000Z"
    );
    assert_eq!(
        bench.run.step("ready").unwrap().waits_until,
        Some(BEGIN.after(Span::from_secs(2)))
    );
    bench.pass("1999ms");
    assert!(bench.running().is_empty());
    bench.pass("1ms");
    assert_eq!(bench.running(), ["ready[1].poll#1"]);
    assert_eq!(bench.status("ready"), Status::Running);
    bench.answer("ready[1].poll", polled(2, true));
    assert_eq!(bench.output("ready"), r#"{"n":2,"done":true}"#);
    assert_eq!(bench.output("got"), "2");
    assert_eq!(bench.run.status(), Status::Succeeded);
}

#[test]
fn without_a_wait_the_next_pass_begins_at_once() {
    let bench = Bench::new(json!({"steps": [
        {"id": "count", "repeat": {"until": "loop.index == 4"}, "steps": [value("n", json!("{{ loop.index * 10 }}"))]},
    ]}));
    assert_eq!(bench.output("count"), "40");
    assert_eq!(bench.run.finished_at(), Some(BEGIN));
    assert_eq!(bench.run.step("count").unwrap().passes.unwrap().begun, 5);
}

#[test]
fn the_wait_grows_up_to_an_hour() {
    let mut bench = Bench::new(ready(
        json!({"until": "false", "every": "20m", "factor": 2, "max": 5}),
    ));
    let mut waits = Vec::new();
    for pass in 0..4 {
        bench.answer(&format!("ready[{pass}].poll"), polled(0, false));
        let (at, _) = bench.run.next_deadline().unwrap();
        waits.push(at.since(bench.now).to_string());
        bench.now = at;
        bench.give(Input::Tick);
    }
    assert_eq!(waits, ["20m", "40m", "1h", "1h"]);
    let mut bench = Bench::new(ready(json!({"until": "false", "every": "3h", "factor": 2})));
    bench.answer("ready[0].poll", polled(0, false));
    assert_eq!(bench.deadline(), "+3h NextPass { step: ready }");
    bench.pass("3h").answer("ready[1].poll", polled(0, false));
    assert_eq!(bench.deadline(), "+6h NextPass { step: ready }");
}

#[test]
fn the_last_pass_that_may_be_is_the_end() {
    let mut bench = Bench::new(ready(json!({"until": "steps.poll.output.done", "max": 2})));
    bench.answer("ready[0].poll", polled(0, false));
    bench.answer("ready[1].poll", polled(1, false));
    assert_eq!(
        bench.line(),
        "ready=failed ready[0].poll=succeeded ready[1].poll=succeeded got=skipped run=failed"
    );
    let failure = bench.run.failure().unwrap();
    assert_eq!(
        (failure.class, failure.code.as_str()),
        (FailureClass::Permanent, "repeat_limit")
    );
    assert_eq!(failure.message, "`until` did not hold within 2 passes");
    // One that holds after the last pass has held.
    let mut bench = Bench::new(ready(json!({"until": "steps.poll.output.done", "max": 1})));
    bench.answer("ready[0].poll", polled(7, true));
    assert_eq!(bench.output("got"), "7");
}

#[test]
fn a_pass_that_fails_fails_the_loop() {
    let mut bench = Bench::new(ready(
        json!({"until": "steps.poll.output.done", "every": "2s"}),
    ));
    bench.fail("ready[0].poll", FailureClass::Permanent);
    assert_eq!(
        bench.run.failure().unwrap().message,
        "ready[0].poll: it broke"
    );
    // One whose `until` has no value too.
    let mut bench = Bench::new(ready(json!({"until": "steps.poll.output.done"})));
    bench.answer("ready[0].poll", succeeded(json!({})));
    let failure = bench.run.failure().unwrap();
    assert_eq!(failure.code, "undefined_value");
    assert!(
        failure.message.starts_with("ready[0]: until: "),
        "{}",
        failure.message
    );
    // A failure that the pass goes on after can be waited out.
    let mut bench = Bench::new(json!({"steps": [
        {"id": "up", "repeat": {"until": "steps.ping.status == 'succeeded'", "every": "1s"}, "steps": [
            call("ping", json!({"on_error": "continue"})),
        ]},
    ]}));
    bench
        .fail("up[0].ping", FailureClass::Permanent)
        .pass("1s")
        .ok("up[1].ping");
    assert_eq!(
        bench.line(),
        "up=succeeded up[0].ping=failed up[1].ping=succeeded run=succeeded"
    );
}

#[test]
fn its_time_counts_the_waits() {
    let mut document = ready(json!({"until": "false", "every": "1m"}));
    document["steps"][0]["timeout"] = json!("90s");
    let mut bench = Bench::new(document);
    bench.answer("ready[0].poll", polled(0, false)).pass("1m");
    bench.answer("ready[1].poll", polled(0, false));
    assert_eq!(bench.deadline(), "+90s LoopTimeout { step: ready }");
    bench.pass("30s");
    assert_eq!(bench.status("ready"), Status::Failed);
    assert_eq!(bench.run.failure().unwrap().class, FailureClass::Timeout);
    assert_eq!(bench.deadline(), "none");
}

#[test]
fn keys_are_of_the_pass() {
    let mut bench = Bench::new(ready(json!({"until": "false", "every": "1s"})));
    let mut keys = Vec::new();
    for pass in 0..3 {
        let step = format!("ready[{pass}].poll");
        let Effect::Attempt {
            idempotency_key, ..
        } = bench.effect(&step);
        keys.push(idempotency_key);
        bench.answer(&step, polled(0, false)).pass("1s");
    }
    keys.dedup();
    assert_eq!(keys.len(), 3);
}

/// What early passes did is in the journal; the state stays small however long it polls.
#[test]
fn early_passes_are_forgotten_but_for_those_with_gates() {
    let body = |gate: bool| {
        let mut body = vec![value("n", json!("{{ loop.index }}"))];
        if gate {
            body.push(json!({"id": "gate", "action": "approval_gate", "when": "loop.index == 1", "with": {"timeout": "1s", "on_timeout": "approve"}}));
        }
        json!({"steps": [{"id": "r", "repeat": {"until": "loop.index == 250", "max": 1000}, "steps": body}]})
    };
    let bench = Bench::new(body(false));
    assert_eq!(bench.run.status(), Status::Succeeded);
    let steps = bench.run.steps();
    assert_eq!(steps.len(), 1 + KNOWN_PASSES);
    assert_eq!(steps[1].path.to_string(), "r[151].n");
    assert_eq!(steps[0].passes.as_ref().unwrap().begun, 251);
    assert!(bench.run.step("r[150].n").is_none());
    let mut bench = Bench::new(body(true));
    bench.pass("1s");
    assert_eq!(bench.run.status(), Status::Succeeded);
    // Pass 0 went; pass 1 has a gate, and so those behind it stay.
    assert_eq!(bench.run.steps()[1].path.to_string(), "r[1].n");
}

#[test]
fn a_pass_hands_on_what_it_gave() {
    let pages = json!({"steps": [
        {"id": "pages", "repeat": {
            "until": "steps.page.output.next == none",
            "output": "{{ {'rows': (loop.previous.rows if loop.previous else []) + steps.page.output.rows, 'next': steps.page.output.next} }}",
        }, "steps": [call("page", json!({"with": {"connection": "shop", "path": "/rows", "query": {"cursor": "{{ loop.previous.next if loop.previous else 'first' }}"}}}))]},
        value("all", json!("{{ steps.pages.output.rows }}")),
    ]});
    let mut bench = Bench::new(pages.clone());
    let page = |rows: Value, next: Value| succeeded(json!({"rows": rows, "next": next}));
    let asked = |bench: &Bench, step: &str| {
        let step = bench.run.step(step).unwrap();
        step.input.as_ref().unwrap().value()["query"]["cursor"].clone()
    };
    assert_eq!(asked(&bench, "pages[0].page"), "first");
    bench.answer("pages[0].page", page(json!([1, 2]), json!("b")));
    assert_eq!(asked(&bench, "pages[1].page"), "b");
    bench.answer("pages[1].page", page(json!([3]), json!("c")));
    bench.answer("pages[2].page", failed(FailureClass::Permanent));
    assert_eq!(bench.run.status(), Status::Failed);

    // A retry goes on with what the last good pass gave.
    let mut again = super::kept::again(&bench, None);
    assert_eq!(asked(&again, "pages[2].page"), "c");
    again.answer("pages[2].page", failed(FailureClass::Permanent));
    let mut again = super::kept::again(&again, None);
    assert_eq!(asked(&again, "pages[2].page"), "c");
    again.answer("pages[2].page", page(json!([4]), Value::Null));
    assert_eq!(again.output("all"), "[1,2,3,4]");
    assert_eq!(again.run.status(), Status::Succeeded);
}
