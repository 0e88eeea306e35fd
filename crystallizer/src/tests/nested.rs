//! A call that contains other calls is not done beside them.

use super::build::*;
use crate::{Crystallized, Mode, Options, Session, import};
use serde_json::{Value, json};

fn read(recording: &Value) -> Session {
    import(recording.to_string().as_bytes()).unwrap().remove(0)
}

fn steps(made: &Crystallized) -> Vec<&str> {
    let steps = made.document.steps.iter();
    steps.map(|step| step.id.as_str()).collect()
}

/// The tool of the sub-agent, and what it calls, in LangSmith's form and as spans.
fn recordings(outer: &str, inner: &str) -> [Session; 2] {
    let run = |id: &str,
               parent: Value,
               name: &str,
               kind: &str,
               times: (u32, u32),
               input: Value,
               output: Value| {
        let at = |second: u32| format!("2026-11-20T10:00:{second:02}.000000");
        json!({ "id": id, "trace_id": "1", "parent_run_id": parent, "name": name, "run_type": kind, "status": "success",
            "start_time": at(times.0), "end_time": at(times.1), "inputs": input, "outputs": { "output": output } })
    };
    let task = json!([{ "role": "user", "content": "Book flight FL-771 for kim@x.test." }]);
    let flight = json!({ "flight": "FL-771", "passenger": "kim@x.test" });
    let mail = json!({ "to": "kim@x.test", "booking": "BK-9912" });
    let asked = json!({ "request": "Book flight FL-771 for kim@x.test" });
    let runs = json!([
        run(
            "1",
            Value::Null,
            "agent",
            "chain",
            (0, 20),
            json!({ "messages": task }),
            json!("ok")
        ),
        run(
            "2",
            json!("1"),
            outer,
            "tool",
            (1, 10),
            json!({ "input": asked }),
            json!("booked BK-9912")
        ),
        run(
            "3",
            json!("2"),
            "AgentExecutor",
            "chain",
            (2, 9),
            json!({}),
            json!("y")
        ),
        run(
            "4",
            json!("3"),
            inner,
            "tool",
            (3, 4),
            json!({ "input": flight }),
            json!("{\"booking\": \"BK-9912\"}")
        ),
        run(
            "5",
            json!("1"),
            "send_mail",
            "tool",
            (12, 13),
            json!({ "input": mail }),
            json!("sent")
        ),
    ]);
    let span = |id: &str, parent: &str, times: (u32, u32), attributes: Value| {
        let attributes: Vec<Value> = attributes
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| json!({ "key": format!("gen_ai.{key}"), "value": { "stringValue": value } }))
            .collect();
        let at = |second: u32| format!("17950000{second:02}000000000");
        json!({ "traceId": "5b", "spanId": id, "parentSpanId": parent, "name": "s", "attributes": attributes,
            "startTimeUnixNano": at(times.0), "endTimeUnixNano": at(times.1) })
    };
    let tool = |name: &str, given: &Value, answer: &str| {
        json!({ "operation.name": "execute_tool", "tool.name": name,
            "tool.call.arguments": given.to_string(), "tool.call.result": answer })
    };
    let said = json!([{ "role": "user", "parts": [{ "type": "text", "content": "Book flight FL-771 for kim@x.test." }] }]);
    let spans = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [
        span("01", "", (0, 20), json!({ "operation.name": "invoke_agent", "agent.name": "main" })),
        span("09", "01", (0, 1), json!({ "operation.name": "chat", "input.messages": said.to_string() })),
        span("02", "01", (1, 10), tool(outer, &asked, "booked BK-9912")),
        span("03", "02", (2, 9), json!({ "operation.name": "invoke_agent", "agent.name": "travel" })),
        span("04", "03", (3, 4), tool(inner, &flight, "{\"booking\": \"BK-9912\"}")),
        span("05", "01", (12, 13), tool("send_mail", &mail, "sent")),
    ] }] }] });
    [read(&runs), read(&spans)]
}

#[test]
fn a_call_that_contains_others_is_left_out_and_can_be_put_back() {
    for session in recordings("travel_agent", "book_flight") {
        let outer = session.calls().next().unwrap();
        assert_eq!(outer.name, "travel_agent");
        let batches: Vec<u32> = session.calls().map(|call| call.batch).collect();
        assert!(
            batches.windows(2).all(|two| two[0] != two[1]),
            "{batches:?}"
        );
        let again = read(&crate::to_own_form(&session));
        for session in [&session, &again] {
            for mode in [Mode::Exact, Mode::Bound] {
                let plain = Options { mode, ..options() };
                let draft = made(session, &plain);
                assert_eq!(steps(&draft), ["book_flight", "send_mail"]);
                let mut found = draft.report.findings.iter();
                assert!(found.any(|one| one.id == "handed_on:travel_agent"));
                let left = &draft.document.metadata["crystallized"]["left_out"];
                assert_eq!(left[0]["call"], json!(outer.id));
                let keep = [outer.id.clone()].into();
                let kept = made(session, &Options { keep, ..plain });
                let all = ["travel_agent", "book_flight", "send_mail"];
                assert_eq!(steps(&kept), all);
            }
        }
    }
}

/// What it may have changed by itself would be lost.
#[test]
fn a_call_that_changes_more_than_what_it_contains_stays() {
    for session in recordings("book_trip", "get_flight") {
        for mode in [Mode::Exact, Mode::Bound] {
            let draft = made(&session, &Options { mode, ..options() });
            assert_eq!(steps(&draft), ["book_trip", "get_flight", "send_mail"]);
        }
    }
}
