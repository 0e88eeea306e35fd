//! Requests and answers that belong together, or do not.

use super::*;

fn makes(id: &str, name: &str) -> Value {
    json!({"role":"assistant","content":null,"tool_calls":[{"id":id,"type":"function","function":{"name":name,"arguments":"{}"}}]})
}

fn names(session: &Session) -> Vec<&str> {
    calls(session)
        .iter()
        .map(|call| call.name.as_str())
        .collect()
}

#[test]
fn the_messages_that_a_run_gave_are_read() {
    let asked = json!([{"role":"user","content":"Count the crates"}]);
    let made = json!([makes("a", "count"), {"role":"tool","tool_call_id":"a","content":"3"}]);
    let mut whole = asked.as_array().unwrap().clone();
    whole.extend(made.as_array().unwrap().clone());
    for document in [
        json!({"input":{"messages":asked},"output":{"messages":whole}}),
        json!({"input":{"messages":asked},"output":{"messages":made}}),
        json!({"request":{"messages":asked},"response":made}),
        json!({"request":{"messages":asked},"response":{"output":{"message":makes("a", "count")}}}),
    ] {
        let session = one(&document);
        assert_eq!(names(&session), ["count"], "{document}");
        let asked = session.turns.iter();
        let asked = asked.filter(|turn| {
            matches!(
                turn,
                Turn::Message {
                    role: Role::User,
                    ..
                }
            )
        });
        assert_eq!(asked.count(), 1, "{document}");
    }
}

#[test]
fn an_answer_that_nothing_reads_is_told() {
    let messages = json!([{"role":"user","content":"Count"}, makes("a", "count"), {"role":"tool","tool_call_id":"a","content":"3"}]);
    let known = one(
        &json!({"request":{"messages":messages},"response":{"choices":[{"message":{"role":"assistant","content":"3"}}]}}),
    );
    let strange = one(&json!({"request":{"messages":messages},"response":{"strange":[1, 2]}}));
    assert_eq!(known.findings.len() + 1, strange.findings.len());
}

#[test]
fn a_session_may_be_named_on_one_side_only() {
    let asked = json!({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"count","arguments":{}}});
    let answer = json!({"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"3"}]}});
    let named = |message: &Value| json!({"message":message,"sessionId":"s"});
    let bare = |message: &Value| json!({"message":message});
    for log in [
        [named(&asked), bare(&answer)],
        [bare(&asked), named(&answer)],
        [bare(&answer), named(&asked)],
    ] {
        let session = one(&json!(log));
        assert_eq!(result(calls(&session)[0]).content, json!("3"));
    }
    let other = json!({"message":asked,"sessionId":"t"});
    let session = one(&json!([named(&asked), other, bare(&answer)]));
    assert!(calls(&session).iter().all(|call| call.result.is_none()));
}

#[test]
fn an_answer_that_the_next_request_does_not_repeat_is_kept() {
    let user = json!({"role":"user","content":"Count"});
    let first = json!({"messages":[user],"response":{"choices":[{"message":makes("a", "send")}]}});
    let other = json!({"messages":[user, {"role":"assistant","content":"No."}, {"role":"user","content":"Then list"}],
        "response":{"choices":[{"message":makes("b", "list")}]}});
    let all = sessions(&lines(&[first.clone(), other]));
    let all: Vec<&str> = all.iter().flat_map(names).collect();
    assert_eq!(all, ["send", "list"]);
    let next = json!({"messages":[user, makes("a", "send"), {"role":"tool","tool_call_id":"a","content":"ok"}],
        "response":{"choices":[{"message":makes("b", "list")}]}});
    assert_eq!(sessions(&lines(&[first, next])).len(), 1);
}

#[test]
fn streams_may_count_from_one_and_repeat_names() {
    let chunk = |piece: Value| json!({"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"tool_calls":[piece]}}]});
    let session = sessions(&lines(&[
        json!({"messages":[{"role":"user","content":"Count"}]}),
        chunk(json!({"index":1,"id":"a","type":"function","function":{"name":"count","arguments":"{\"n\":"}})),
        chunk(json!({"index":1,"id":"a","function":{"name":"count","arguments":"1}"}})),
    ]))
    .remove(0);
    assert_eq!(names(&session), ["count"]);
    assert_eq!(calls(&session)[0].arguments, json!({"n":1}));
}

#[test]
fn runs_that_ask_the_same_with_the_same_ids_stay_apart() {
    let span = |trace: &str, at: u32, input: Value, output: Value| {
        let attribute = |key: &str, value: String| json!({"key":key,"value":{"stringValue":value}});
        json!({"traceId":trace,"spanId":trace,"name":"chat m","startTimeUnixNano":format!("{at}000000000"),
            "endTimeUnixNano":format!("{at}000000001"),"attributes":[
            attribute("gen_ai.operation.name", "chat".to_owned()),
            attribute("gen_ai.input.messages", input.to_string()),
            attribute("gen_ai.output.messages", output.to_string())]})
    };
    let user = json!({"role":"user","parts":[{"type":"text","content":"Count"}]});
    let call = json!({"role":"assistant","parts":[{"type":"tool_call","id":"0","name":"count","arguments":{}}]});
    let gave = |value: &str| json!({"role":"tool","parts":[{"type":"tool_call_response","id":"0","response":value}]});
    let done = json!([{"role":"assistant","parts":[{"type":"text","content":"Done."}]}]);
    let spans = json!([
        span("a1", 1, json!([user]), json!([call])),
        span("a2", 2, json!([user, call, gave("3")]), done.clone()),
        span("b1", 3, json!([user]), json!([call])),
        span("b2", 4, json!([user, call, gave("4")]), done),
    ]);
    let all = sessions(&json!({"resourceSpans":[{"scopeSpans":[{"spans":spans}]}]}).to_string());
    let all: Vec<&Value> = all
        .iter()
        .map(|session| &result(calls(session)[0]).content)
        .collect();
    assert_eq!(all, [&json!("3"), &json!("4")]);
}
