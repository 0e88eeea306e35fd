//! Requests that grow, each with all that was said before, in the formats that hold whole conversations.

use super::*;
use crate::session::Session;

/// The session that these lines are, in which an order was looked up and refunded.
fn refunded(recording: &[Value], format: &str) -> Session {
    let mut read = sessions(&lines(recording));
    assert_eq!(read.len(), 1, "{recording:#?}");
    let session = read.remove(0);
    assert_eq!(session.format, format);
    let names: Vec<&str> = calls(&session)
        .iter()
        .map(|call| call.name.as_str())
        .collect();
    assert_eq!(names, ["get_order", "refund"], "{recording:#?}");
    assert!(calls(&session)[0].result.is_some());
    assert_eq!(session.goal.as_deref(), Some("Refund W4"));
    let codes = codes(&session);
    assert!(codes.contains(&"repeated_record"), "{codes:?}");
    assert!(!codes.contains(&"earlier_part_missing"), "{codes:?}");
    session
}

/// The requests of a conversation: its first element, its first three, and all.
fn requests(said: &[Value], around: impl Fn(&[Value]) -> Value) -> Vec<Value> {
    [1, 3, said.len()].map(|end| around(&said[..end])).to_vec()
}

#[test]
fn contents_of_gemini() {
    let call = |name: &str| json!({"role":"model","parts":[{"functionCall":{"name":name,"args":{"id":"W4"}},"thoughtSignature":"x"}]});
    let told = |name: &str| json!({"role":"user","parts":[{"functionResponse":{"name":name,"response":{"ok":true}}}]});
    let said = [
        json!({"role":"user","parts":[{"text":"Refund W4"}]}),
        call("get_order"),
        told("get_order"),
        call("refund"),
        told("refund"),
    ];
    refunded(
        &requests(&said, |said| json!({"contents":said})),
        "gemini-contents",
    );
    refunded(
        &requests(&said, |said| json!({"history":said})),
        "gemini-contents",
    );
    let answers = [
        call("get_order"),
        call("refund"),
        json!({"role":"model","parts":[{"text":"Done."}]}),
    ];
    let exchange = |(request, answer): (&Value, &Value)| json!({"request":request,"response":{"candidates":[{"content":answer,"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":3}}});
    let asked = requests(&said, |said| json!({"contents":said}));
    let exchanges: Vec<Value> = asked.iter().zip(&answers).map(exchange).collect();
    let session = refunded(&exchanges, "gemini-contents");
    assert_eq!(
        session.usage.as_ref().map(|usage| usage.input_tokens),
        Some(30)
    );
    assert!(!codes(&session).contains(&"unmatched_call"));
    // What was answered otherwise than the next request says is another conversation.
    let other = [
        exchange((&asked[0], &call("get_customer"))),
        exchange((&asked[1], &call("refund"))),
    ];
    assert_eq!(sessions(&lines(&other)).len(), 2);
}

#[test]
fn messages_of_the_ai_sdk() {
    let call = |id: &str, name: &str| json!({"role":"assistant","content":[{"type":"tool-call","toolCallId":id,"toolName":name,"input":{"id":"W4"}}]});
    let told = |id: &str, name: &str| json!({"role":"tool","content":[{"type":"tool-result","toolCallId":id,"toolName":name,"output":{"type":"json","value":{"ok":true}}}]});
    let said = [
        json!({"role":"user","content":"Refund W4"}),
        call("a", "get_order"),
        told("a", "get_order"),
        call("b", "refund"),
        told("b", "refund"),
    ];
    // The first of them could be of any chat.
    refunded(&requests(&said, |said| json!({"messages":said})), "ai-sdk");
    // A message of the interface is written on while its calls are answered.
    let part = |id: &str, name: &str, state: &str| json!({"type":format!("tool-{name}"),"toolCallId":id,"state":state,"input":{"id":"W4"},"output":{"ok":true}});
    let asked = json!({"id":"m1","role":"user","parts":[{"type":"text","text":"Refund W4"}]});
    let shown = |parts: &[Value]| json!({"id":"c","messages":[asked, {"id":"m2","role":"assistant","parts":parts}]});
    refunded(
        &[
            json!({"id":"c","messages":[asked]}),
            shown(&[part("a", "get_order", "input-available")]),
            shown(&[
                part("a", "get_order", "output-available"),
                part("b", "refund", "output-available"),
            ]),
        ],
        "ai-sdk",
    );
}

#[test]
fn requests_for_responses() {
    let call = |id: &str, name: &str| json!({"type":"function_call","call_id":id,"name":name,"arguments":"{\"id\":\"W4\"}"});
    let told = |id: &str| json!({"type":"function_call_output","call_id":id,"output":"ok"});
    let said = [
        json!({"role":"user","content":[{"type":"input_text","text":"Refund W4"}]}),
        call("a", "get_order"),
        told("a"),
        json!({"type":"reasoning","id":"r","summary":[]}),
        call("b", "refund"),
        told("b"),
    ];
    let asked = requests(&said, |said| json!({"model":"m","input":said}));
    refunded(&asked, "openai-responses");
    // How far a call has come may be told otherwise, and reasoning be left out.
    let mut later = asked.clone();
    later[2]["input"][1]["status"] = json!("completed");
    later[2]["input"].as_array_mut().unwrap().remove(3);
    refunded(&later, "openai-responses");
    // What was asked first may be a text by itself.
    let worded = json!({"model":"m","input":"Refund W4","output":[call("a", "get_order")]});
    refunded(
        &[worded, asked[1].clone(), asked[2].clone()],
        "openai-responses",
    );
    let other = json!({"model":"m","input":[{"role":"user","content":"Refund W5"}, call("c", "refund"), told("c")]});
    assert_eq!(sessions(&lines(&[asked[2].clone(), other])).len(), 2);
}

#[test]
fn messages_of_pydantic_ai() {
    let asked =
        json!({"kind":"request","parts":[{"part_kind":"user-prompt","content":"Refund W4"}]});
    let call = |id: &str, name: &str| json!({"kind":"response","parts":[{"part_kind":"tool-call","tool_call_id":id,"tool_name":name,"args":{"id":"W4"}}]});
    let told = |id: &str, name: &str| json!({"kind":"request","parts":[{"part_kind":"tool-return","tool_call_id":id,"tool_name":name,"content":"ok"}]});
    let said = [
        asked,
        call("a", "get_order"),
        told("a", "get_order"),
        call("b", "refund"),
        told("b", "refund"),
    ];
    refunded(
        &requests(&said, |said| json!({"messages":said})),
        "pydantic-ai",
    );
}
