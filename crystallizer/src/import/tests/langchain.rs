//! Messages and states as LangChain and LangGraph write them down.

use super::*;

fn messages() -> Vec<Value> {
    vec![
        json!({"type":"human","content":"Water the fern"}),
        json!({"type":"ai","content":"","tool_calls":[{"id":"c1","name":"water","args":{"plant":"fern"},"type":"tool_call"}]}),
        json!({"type":"tool","content":"watered","tool_call_id":"c1","name":"water"}),
        json!({"type":"ai","content":"Done"}),
    ]
}

fn serialized(message: &Value) -> Value {
    let class = match message["type"].as_str().unwrap() {
        "human" => "HumanMessage",
        "ai" => "AIMessage",
        _ => "ToolMessage",
    };
    json!({"lc":1,"type":"constructor","id":["langchain","schema","messages",class],"kwargs":message})
}

#[test]
fn messages_are_read_however_they_are_wrapped() {
    let lc: Vec<Value> = messages().iter().map(serialized).collect();
    let dict: Vec<Value> = messages()
        .iter()
        .map(|message| json!({"type":message["type"],"data":message}))
        .collect();
    let state = |upto: usize, at: u8| json!({"values":{"messages":messages()[..upto]},"next":[],"checkpoint":{"thread_id":"t","checkpoint_id":format!("c{upto}")},"created_at":format!("2026-03-01T10:00:0{at}Z")});
    let updates = [
        json!({"agent":{"messages":[messages()[0],messages()[1]]}}),
        json!({"tools":{"messages":[serialized(&messages()[2])]},"other":null}),
        json!({"agent":{"messages":[messages()[3]]}}),
    ];
    for body in [
        json!(lc).to_string(),
        json!({"messages":lc}).to_string(),
        lines(&lc),
        json!(dict).to_string(),
        json!({"messages":dict}).to_string(),
        state(4, 4).to_string(),
        json!([state(4, 4), state(3, 3), state(1, 1)]).to_string(),
        lines(&[state(1, 1), state(3, 3), state(4, 4)]),
        lines(&updates),
    ] {
        let read = sessions(&body);
        assert_eq!(read.len(), 1, "{body}");
        let session = &read[0];
        assert_eq!(session.goal.as_deref(), Some("Water the fern"), "{body}");
        let calls = calls(session);
        assert_eq!(
            (calls.len(), calls[0].name.as_str()),
            (1, "water"),
            "{body}"
        );
        assert_eq!(calls[0].arguments, json!({"plant":"fern"}));
        assert_eq!(result(calls[0]).content, "watered");
        let last = session.turns.last();
        assert!(
            matches!(last, Some(Turn::Message { text, .. }) if text == "Done"),
            "{body}"
        );
    }
}
