//! The Vercel AI SDK's messages.

use super::*;

#[test]
fn states_of_calls_are_read() {
    let tool = |id: &str, state: &str, more: Value| {
        let mut part =
            json!({"type":"tool-water","toolCallId":id,"state":state,"input":{"plant":id}});
        part.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        part
    };
    let session = one(&json!({"id":"chat-1","messages":[
        {"id":"m1","role":"user","parts":[{"type":"text","text":"Water the plants"},{"type":"file","mediaType":"image/png","url":"data:x"}]},
        {"id":"m2","role":"assistant","parts":[
            {"type":"step-start"},{"type":"reasoning","text":"hm"},
            tool("fern", "output-available", json!({"output":{"ml":200}})),
            tool("fig", "output-error", json!({"errorText":"no water"})),
            {"type":"step-start"},
            {"type":"dynamic-tool","toolName":"look","toolCallId":"l","state":"output-available","input":{},"output":"dry"},
            tool("moss", "approval-responded", json!({"approval":{"id":"p","approved":false,"reason":"it is wet"}})),
            tool("palm", "output-available", json!({"output":"ok","approval":{"id":"q","approved":true}})),
            tool("rose", "output-denied", json!({"approval":{"id":"r","approved":false}})),
            tool("reed", "input-streaming", json!({})),
            tool("rush", "approval-requested", json!({"approval":{"id":"s"}})),
            {"type":"data-weather","data":{"sun":true}},
            {"type":"text","text":"Some are watered."}]}]}));
    assert_eq!(session.format, "ai-sdk");
    assert_eq!(session.external_id.as_deref(), Some("chat-1"));
    let calls = calls(&session);
    let by: Vec<(&str, u32)> = calls
        .iter()
        .map(|call| (call.id.as_str(), call.batch))
        .collect();
    assert_eq!(
        by,
        [
            ("fern", 0),
            ("fig", 0),
            ("l", 1),
            ("moss", 1),
            ("palm", 1),
            ("rose", 1),
            ("reed", 1),
            ("rush", 1)
        ]
    );
    assert_eq!(
        (calls[0].name.as_str(), calls[2].name.as_str()),
        ("water", "look")
    );
    assert_eq!(result(calls[0]).content, json!({"ml":200}));
    assert_eq!(
        (&result(calls[1]).content, result(calls[1]).is_error),
        (&json!("no water"), true)
    );
    assert!(result(calls[3]).refused && result(calls[5]).refused);
    assert!(calls[6].result.is_none() && calls[7].result.is_none());
    let said: Vec<(bool, Option<&str>)> = approvals(&session)
        .iter()
        .map(|approval| (approval.approved, approval.call.as_deref()))
        .collect();
    assert_eq!(
        said,
        [
            (false, Some("moss")),
            (true, Some("palm")),
            (false, Some("rose"))
        ]
    );
    assert_eq!(
        codes(&session),
        [
            "answer_cut_short",
            "known_noise",
            "media_left_out",
            "unknown_block",
            "unmatched_call"
        ]
    );
}

#[test]
fn messages_for_the_model_are_read() {
    let call = |id: &str| json!({"type":"tool-call","toolCallId":id,"toolName":"water","input":{"plant":id}});
    let result_of = |id: &str, output: Value| json!({"type":"tool-result","toolCallId":id,"toolName":"water","output":output});
    let messages = [
        json!({"role":"user","content":"Water"}),
        json!({"role":"assistant","content":[{"type":"text","text":"Yes."},call("a"),call("b"),call("c"),call("d"),{"type":"tool-approval-request","approvalId":"p","toolCallId":"d"},{"type":"tool-approval-request","approvalId":"q","toolCallId":"c"}]}),
        json!({"role":"tool","content":[{"type":"tool-approval-response","approvalId":"p","approved":false,"reason":"no"},{"type":"tool-approval-response","approvalId":"q","approved":true},
            result_of("b", json!({"type":"error-text","value":"dry"})), result_of("a", json!({"type":"json","value":{"ml":1}})),
            result_of("c", json!({"type":"content","value":[{"type":"text","text":"wet"},{"type":"image-data","data":"x","mediaType":"image/png"}]})),
            result_of("d", json!({"type":"execution-denied","reason":"no"})), result_of("z", json!({"type":"text","value":"?"}))]}),
    ];
    for session in [one(&json!(messages)), sessions(&lines(&messages)).remove(0)] {
        assert_eq!(session.format, "ai-sdk");
        let calls = calls(&session);
        assert!(calls.iter().all(|call| call.batch == calls[0].batch));
        assert_eq!(result(calls[0]).content, json!({"ml":1}));
        assert!(result(calls[1]).is_error);
        assert_eq!(result(calls[2]).content, "wet");
        assert!(result(calls[3]).refused);
        let said: Vec<(bool, Option<&str>)> = approvals(&session)
            .iter()
            .map(|approval| (approval.approved, approval.call.as_deref()))
            .collect();
        assert_eq!(said, [(true, Some("c")), (false, Some("d"))]);
        assert!(codes(&session).contains(&"result_without_call"));
    }
}

#[test]
fn older_calls_beside_the_text_are_read_once() {
    let call = json!({"state":"result","step":0,"toolCallId":"a","toolName":"water","args":{"n":1},"result":"ok"});
    let old = json!([{"role":"user","content":"Water"},{"role":"assistant","content":"Done.","toolInvocations":[call,{"state":"call","step":1,"toolCallId":"b","toolName":"look","args":{}}]}]);
    let both = json!([{"role":"user","content":"Water"},{"role":"assistant","content":"Done.","toolInvocations":[call],"parts":[{"type":"tool-invocation","toolInvocation":call},{"type":"text","text":"Done."}]}]);
    let old = one(&old);
    assert_eq!((old.format.as_str(), calls(&old).len()), ("ai-sdk", 2));
    assert_ne!(calls(&old)[0].batch, calls(&old)[1].batch);
    let both = one(&both);
    assert_eq!((calls(&both).len(), both.counts().succeeded), (1, 1));
    assert_eq!(both.turns.len(), 3);
    assert_eq!(old.turns.len(), 4);
}

#[test]
fn media_in_results_is_told_as_what_it_is() {
    let body = |part: Value| {
        one(&json!({"messages":[
            {"role":"user","content":"Look"},
            {"role":"assistant","content":[{"type":"tool-call","toolCallId":"c","toolName":"look","input":{}}]},
            {"role":"tool","content":[{"type":"tool-result","toolCallId":"c","toolName":"look",
                "output":{"type":"content","value":[{"type":"text","text":"a plant"}, part]}}]}]}))
    };
    for part in [
        json!({"type":"media","data":"AAAA","mediaType":"image/png"}),
        json!({"type":"image-data","data":"AAAA","mediaType":"image/png"}),
        json!({"type":"file-url","url":"https://shop.example/a.pdf"}),
    ] {
        let session = body(part.clone());
        assert_eq!(codes(&session), ["media_left_out"], "{part}");
        assert_eq!(result(calls(&session)[0]).content, "a plant");
        assert!(result(calls(&session)[0]).unread);
    }
}
