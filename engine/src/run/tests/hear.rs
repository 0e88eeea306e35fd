//! `wait` for an event.

use super::*;
use crate::EventId;

/// A run of these steps, and the events that come while it goes on.
fn steps(steps: Value) -> Bench {
    Bench::with_inputs(
        json!({"inputs": {"order": {}}, "steps": steps}),
        json!({"order": "o-17"}),
    )
}

fn wait(more: Value) -> Value {
    let mut with = json!({"event": {"type": "order.paid"}});
    with.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json!({"id": "paid", "action": "wait", "with": with})
}

/// An event, so many milliseconds after the begin of the run.
fn heard(number: u8, after: i64, event_type: &str, data: Value) -> Heard {
    let value = json!({"id": number.to_string(), "type": event_type, "source": "/s", "data": data});
    Heard {
        event: EventId::from_parts(1, [number; 10]),
        received_at: Timestamp(BEGIN.0 + after),
        value: value.into(),
    }
}

fn told(step: &str, heard: Heard) -> Input {
    let step = step.into();
    Input::Event { step, heard }
}

fn refused(bench: &mut Bench, step: &str, heard: Heard) {
    assert_eq!(bench.refused(told(step, heard)), Rejected::NotAwaited);
}

#[test]
fn the_event_is_the_output() {
    let mut bench = steps(json!([
        wait(json!({})),
        value("after", json!("{{ steps.paid.output.event.data.total }}")),
    ]));
    assert_eq!(bench.line(), "paid=waiting after=queued run=waiting");
    assert_eq!(
        bench.run.waits_for(),
        "step paid waits for an event of the type `order.paid`"
    );
    assert_eq!(bench.deadline(), "none");
    refused(&mut bench, "paid", heard(1, 0, "order.sent", json!(null)));
    refused(&mut bench, "after", heard(1, 0, "order.paid", json!(null)));
    refused(
        &mut bench,
        "nowhere",
        heard(1, 0, "order.paid", json!(null)),
    );
    bench.now = bench.now.after("90s".parse().unwrap());
    bench.give(told("paid", heard(1, 0, "order.paid", json!({"total": 8}))));
    assert_eq!(bench.line(), "paid=succeeded after=succeeded run=succeeded");
    assert_eq!(bench.output("after"), "8");
    assert_eq!(
        bench.output("paid"),
        r#"{"event":{"id":"1","type":"order.paid","source":"/s","data":{"total":8}},"waited_until":"2027-01-15T08:01:30.000Z"}"#
    );
}

#[test]
fn what_came_since_the_run_began_counts() {
    let mut bench = steps(json!([wait(json!({}))]));
    refused(&mut bench, "paid", heard(1, -1, "order.paid", json!(null)));
    bench.give(told("paid", heard(2, 0, "order.paid", json!(null))));
    let mut bench = steps(json!([wait(json!({"lookback": "2s"}))]));
    refused(
        &mut bench,
        "paid",
        heard(1, -2_001, "order.paid", json!(null)),
    );
    bench.give(told("paid", heard(2, -2_000, "order.paid", json!(null))));
}

/// The event that began the run is its trigger, also where the wait looks back.
#[test]
fn the_event_that_began_the_run_is_none_that_comes() {
    let plan = plan(&json!({"steps": [wait(json!({"lookback": "1h"}))]}));
    let mut begin = start(&plan, json!({}));
    let first = heard(3, 0, "order.paid", json!(null));
    begin.cause = json!({"kind": "event", "event_id": first.event}).into();
    let (mut run, _) = Run::begin(plan, begin, BEGIN);
    let refused = run.handle(BEGIN, told("paid", first)).unwrap_err();
    assert_eq!(refused, Rejected::NotAwaited);
    run.handle(BEGIN, told("paid", heard(4, 0, "order.paid", json!(null))))
        .unwrap();
}

#[test]
fn when_sees_the_event_and_the_run() {
    let when = "event.data.order == inputs.order and event.data.total > steps.least.output";
    let mut bench = steps(json!([
        value("least", json!(5)),
        wait(json!({"event": {"type": "order.*", "when": when}})),
    ]));
    assert_eq!(
        bench.run.waits_for(),
        "step paid waits for an event of the type `order.*` with data.order \"o-17\""
    );
    let listening: Vec<Listening> = bench.run.listening().collect();
    let key = (vec!["data".to_owned(), "order".into()], "o-17".to_owned());
    assert_eq!(listening[0].key, Some(key));
    for (number, data) in [
        (1, json!({"order": "o-18", "total": 9})),
        (2, json!({"order": "o-17", "total": 5})),
        // No such parts: another event.
        (3, json!({"order": "o-17"})),
        (4, json!(null)),
    ] {
        refused(&mut bench, "paid", heard(number, 1, "order.paid", data));
    }
    let right = json!({"order": "o-17", "total": 6});
    bench.give(told("paid", heard(5, 1, "order.cash", right)));
    assert_eq!(bench.line(), "least=succeeded paid=succeeded run=succeeded");
}

#[test]
fn only_a_text_is_a_key() {
    let when = "event.data.order == steps.number.output";
    let bench = steps(json!([
        value("number", json!(17)),
        wait(json!({"event": {"type": "order.paid", "when": when}})),
    ]));
    let listening: Vec<Listening> = bench.run.listening().collect();
    assert_eq!(listening[0].key, None);
}

#[test]
fn a_wait_that_can_never_end_fails_at_once() {
    let when = "event.data.order == steps.a.output.nothing";
    let bench = steps(json!([
        value("a", json!({})),
        wait(json!({"event": {"type": "order.paid", "when": when}})),
    ]));
    let error = bench.run.step("paid").unwrap().error.unwrap();
    assert_eq!(error.code, "undefined_value");
    for with in [
        json!({"event": {"type": ""}}),
        json!({"event": {"type": "x"}, "timeout": "{{ inputs.order }}"}),
    ] {
        let bench = steps(json!([wait(with)]));
        let error = bench.run.step("paid").unwrap().error.unwrap();
        assert_eq!(error.code, "invalid_wait");
    }
}

/// Time alone ends no wait: only that all that came before its end was told.
#[test]
fn an_event_that_came_in_time_counts_whenever_it_is_told() {
    let limited = json!([wait(json!({"timeout": "1m"}))]);
    let mut bench = steps(limited.clone());
    assert_eq!(bench.run.next_silence(), Some(Timestamp(BEGIN.0 + 60_000)));
    bench.pass("2m");
    bench.give(Input::Recover { alone: false });
    assert_eq!(bench.line(), "paid=waiting run=waiting");
    refused(
        &mut bench,
        "paid",
        heard(1, 60_000, "order.paid", json!(null)),
    );
    bench.give(told("paid", heard(2, 59_999, "order.paid", json!(null))));
    assert_eq!(bench.line(), "paid=succeeded run=succeeded");

    let mut bench = steps(limited);
    bench.pass("59s");
    bench.give(Input::Silence);
    assert_eq!(bench.line(), "paid=waiting run=waiting");
    bench.pass("1s");
    bench.give(Input::Silence);
    assert_eq!(bench.line(), "paid=failed run=failed");
    let error = bench.run.step("paid").unwrap().error.unwrap();
    assert_eq!(
        (error.class, error.code.as_str(), error.message.as_str()),
        (
            FailureClass::Timeout,
            "event_timeout",
            "no event of the type `order.paid` that it waits for came until 2027-01-15T08:01:00.000Z"
        )
    );
}

#[test]
fn silence_may_be_an_answer() {
    let mut bench = steps(json!([
        wait(json!({"timeout": "1m", "on_timeout": "continue"})),
        value("after", json!("{{ steps.paid.output.event is none }}")),
    ]));
    bench.pass("5m");
    bench.give(Input::Silence);
    assert_eq!(bench.line(), "paid=succeeded after=succeeded run=succeeded");
    assert_eq!(
        bench.output("paid"),
        r#"{"event":null,"waited_until":"2027-01-15T08:01:00.000Z"}"#
    );
    assert_eq!(bench.output("after"), "true");
}

#[test]
fn a_failure_of_a_wait_is_handled_as_any() {
    let mut limited = wait(json!({"timeout": "1m"}));
    limited["on_error"] = "continue".into();
    let mut bench = steps(json!([
        limited,
        value("class", json!("{{ steps.paid.error.class }}")),
    ]));
    bench.pass("1m");
    bench.give(Input::Silence);
    assert_eq!(bench.line(), "paid=failed class=succeeded run=succeeded");
    assert_eq!(bench.output("class"), "\"timeout\"");
}

/// A run takes an event once; each pass of a loop takes the next one.
#[test]
fn passes_take_one_event_after_the_other() {
    let mut bench = over(
        json!(["a", "b"]),
        json!([each(
            json!({"output": "{{ steps.paid.output.event.data }}"}),
            json!([wait(json!({}))])
        )]),
    );
    let first = heard(1, 1, "order.paid", json!(1));
    bench.give(told("each[0].paid", first.clone()));
    refused(&mut bench, "each[1].paid", first);
    bench.give(told("each[1].paid", heard(2, 0, "order.paid", json!(2))));
    assert_eq!(bench.output("each"), "[1,2]");
}

#[test]
fn a_run_that_ends_waits_no_more() {
    let mut bench = steps(json!([wait(json!({"timeout": "1m"}))]));
    bench.give(Input::Cancel {
        by: "ana".into(),
        reason: None,
    });
    assert_eq!(bench.line(), "paid=canceled run=canceled");
    assert_eq!(bench.run.next_silence(), None);
    assert_eq!(bench.run.listening().count(), 0);
    refused(&mut bench, "paid", heard(1, 1, "order.paid", json!(null)));
    bench.give(Input::Silence);
}
