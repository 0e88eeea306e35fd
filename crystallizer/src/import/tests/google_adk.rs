//! ADK's questions to a person, and calls whose first answer is not their last.

use super::*;

fn event(author: &str, parts: &Value) -> Value {
    json!({"author":author,"timestamp":1750000000.0,"content":{"role":"user","parts":parts}})
}

fn call(id: &str, name: &str, args: &Value) -> Value {
    event(
        "root",
        &json!([{"functionCall":{"id":id,"name":name,"args":args}}]),
    )
}

fn answer(author: &str, id: &str, name: &str, response: &Value) -> Value {
    event(
        author,
        &json!([{"functionResponse":{"id":id,"name":name,"response":response}}]),
    )
}

/// A session in which a person is asked about the deletion of an item, and what followed.
fn asked(then: &[Value]) -> Session {
    let mut events = vec![
        event("user", &json!([{"text":"delete 7"}])),
        call("f1", "delete_item", &json!({"id":"7"})),
        call(
            "q1",
            "adk_request_confirmation",
            &json!({"originalFunctionCall":{"id":"f1","name":"delete_item","args":{"id":"7"}},"toolConfirmation":{"confirmed":false}}),
        ),
        answer(
            "root",
            "f1",
            "delete_item",
            &json!({"error":"This tool call requires confirmation, please approve or reject."}),
        ),
    ];
    events.extend_from_slice(then);
    one(&json!({"id":"s","app_name":"a","events":events}))
}

#[test]
fn the_answer_behind_a_yes_is_the_answer() {
    for yes in [
        json!({"confirmed":true}),
        json!({"response":"{\"confirmed\": true}"}),
    ] {
        let session = asked(&[
            answer("user", "q1", "adk_request_confirmation", &yes),
            answer("root", "f1", "delete_item", &json!({"result":"deleted"})),
        ]);
        let calls = calls(&session);
        assert_eq!(calls.len(), 1);
        assert!(!result(calls[0]).is_error);
        assert_eq!(result(calls[0]).content, json!({"result":"deleted"}));
        let approvals = approvals(&session);
        assert_eq!(approvals.len(), 1);
        assert!(approvals[0].approved && approvals[0].call.as_deref() == Some("f1"));
        assert_eq!(codes(&session), ["known_noise"]);
    }
}

#[test]
fn a_call_behind_a_no_is_refused_once() {
    let no = answer(
        "user",
        "q1",
        "adk_request_confirmation",
        &json!({"confirmed":false}),
    );
    let rejected = answer(
        "root",
        "f1",
        "delete_item",
        &json!({"error":"This tool call is rejected."}),
    );
    let session = asked(&[no.clone(), rejected]);
    assert!(result(calls(&session)[0]).refused);
    assert_eq!(approvals(&session).len(), 1);
    assert!(!approvals(&session)[0].approved);
    let cut = asked(&[no]);
    assert_eq!(approvals(&cut).len(), 1);
    assert!(!calls(&cut)[0].waits);
}

#[test]
fn a_question_without_an_answer_waits() {
    let session = asked(&[]);
    assert!(calls(&session)[0].waits);
    assert!(approvals(&session).is_empty());
}

#[test]
fn the_later_answer_of_a_long_running_call_counts() {
    let mut begin = call("f1", "ask_for_approval", &json!({"amount":50}));
    begin["longRunningToolIds"] = json!(["f1"]);
    let session = one(&json!({"id":"s","appName":"a","events":[
        event("user", &json!([{"text":"reimburse 50"}])),
        begin,
        answer("root", "f1", "ask_for_approval", &json!({"status":"pending"})),
        answer("user", "f1", "ask_for_approval", &json!({"status":"approved","approver":"bob"})),
        call("f2", "reimburse", &json!({"approver":"bob"})),
        answer("root", "f2", "reimburse", &json!({"status":"ok"})),
        answer("root", "f2", "reimburse", &json!({"status":"again"}))]}));
    let calls = calls(&session);
    assert_eq!(result(calls[0]).content["approver"], "bob");
    // Of any other call the first answer stays.
    assert_eq!(result(calls[1]).content["status"], "ok");
    assert_eq!(codes(&session), ["known_noise", "repeated_result"]);
}
