//! Spans of agents, models and tools: order, whose words, spellings, traces.

use super::*;

fn listed(attributes: &Value) -> Vec<Value> {
    let map = attributes.as_object().unwrap();
    map.iter()
        .map(|(key, value)| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            json!({"key":key,"value":{"stringValue":text}})
        })
        .collect()
}

/// A span of a trace that begins in a second and takes so many.
fn span(id: &str, parent: &str, seconds: (u64, u64), attributes: Value) -> Value {
    let at = |second: u64| format!("{}000000000", 1_900_000_000 + second);
    json!({"traceId":"t","spanId":id,"parentSpanId":parent,"name":id,
        "startTimeUnixNano":at(seconds.0),"endTimeUnixNano":at(seconds.0 + seconds.1),"attributes":listed(&attributes)})
}

fn with_events(mut span: Value, events: &[(&str, Value)]) -> Value {
    let each = events
        .iter()
        .map(|(name, told)| json!({"name":name,"attributes":listed(told)}));
    span["events"] = each.collect();
    span
}

fn trace(spans: &[Value]) -> Value {
    json!({"resourceSpans":[{"scopeSpans":[{"spans":spans}]}]})
}

fn user(text: &str) -> Value {
    json!({"role":"user","parts":[{"type":"text","content":text}]})
}

fn asks(id: &str, name: &str, given: Value) -> Value {
    json!({"role":"assistant","parts":[{"type":"tool_call","id":id,"name":name,"arguments":given}]})
}

fn says(text: &str) -> Value {
    json!({"role":"assistant","parts":[{"type":"text","content":text}]})
}

fn gives(id: &str, answer: &str) -> Value {
    json!({"role":"tool","parts":[{"type":"tool_call_response","id":id,"response":answer}]})
}

fn chat(id: &str, parent: &str, second: u64, before: &[Value], after: &[Value]) -> Value {
    span(
        id,
        parent,
        (second, 1),
        json!({"gen_ai.operation.name":"chat","gen_ai.input.messages":json!(before),"gen_ai.output.messages":json!(after)}),
    )
}

/// The turns of a session in short: words by role, calls by name.
fn turns(session: &Session) -> Vec<String> {
    let each = session.turns.iter().map(|turn| match turn {
        Turn::Message { role, text, .. } => format!("{role:?}: {text}"),
        Turn::Call(call) => format!("{} {}", call.name, call.arguments),
        Turn::Approval(_) => "approval".to_owned(),
    });
    each.collect()
}

#[test]
fn calls_of_messages_stand_between_the_words_around_them() {
    let all = [
        user("Pay what the letter asks for"),
        asks("c1", "read", json!({"n":1})),
        gives("c1", "pay to NO-77"),
        asks("c2", "pay", json!({"to":"NO-77"})),
        gives("c2", "paid"),
        says("Paid."),
        user("Who is NO-77?"),
        says("I do not know."),
    ];
    let spans: Vec<Value> = [1, 3, 5, 7]
        .iter()
        .map(|at| {
            chat(
                &format!("s{at}"),
                "",
                *at as u64,
                &all[..*at],
                &all[*at..=*at],
            )
        })
        .collect();
    let session = one(&trace(&spans));
    assert_eq!(
        turns(&session),
        [
            "User: Pay what the letter asks for",
            "read {\"n\":1}",
            "pay {\"to\":\"NO-77\"}",
            "Assistant: Paid.",
            "User: Who is NO-77?",
            "Assistant: I do not know.",
        ]
    );
    let calls = calls(&session);
    assert_eq!(result(calls[0]).content, "pay to NO-77");
    assert_eq!(result(calls[1]).content, "paid");
    // A span of one of the tools that names its call leaves the other one to the messages.
    let mut shown = spans;
    let tool = json!({"gen_ai.operation.name":"execute_tool","gen_ai.tool.name":"read","gen_ai.tool.call.id":"c1"});
    shown.push(span("x", "", (2, 1), tool));
    let again = one(&trace(&shown));
    assert_eq!(turns(&again), turns(&session));
}

#[test]
fn who_says_yes_twice_said_it_twice() {
    let all = [
        user("Go on?"),
        says("Shall I?"),
        user("yes"),
        asks("c1", "one", json!({})),
        gives("c1", "ok"),
        says("And now?"),
        user("yes"),
        asks("c2", "two", json!({})),
    ];
    let spans = [
        chat("s1", "", 1, &all[..3], &all[3..4]),
        chat("s2", "", 2, &all[..5], &all[5..6]),
        chat("s3", "", 3, &all[..7], &all[7..]),
    ];
    let session = one(&trace(&spans));
    assert_eq!(
        turns(&session),
        [
            "User: Go on?",
            "Assistant: Shall I?",
            "User: yes",
            "one {}",
            "Assistant: And now?",
            "User: yes",
            "two {}"
        ]
    );
}

#[test]
fn calls_without_ids_are_known_again() {
    let call = |name: &str, n: u8| json!({"role":"assistant","parts":[{"functionCall":{"name":name,"args":{"n":n}}}]});
    let answer = |name: &str, told: &str| json!({"role":"user","parts":[{"functionResponse":{"name":name,"response":{"told":told}}}]});
    let all = [
        user("Look twice"),
        call("look", 1),
        answer("look", "a"),
        call("look", 1),
        answer("look", "b"),
    ];
    let spans = [
        chat("s1", "", 1, &all[..1], &all[1..2]),
        chat("s2", "", 2, &all[..3], &all[3..4]),
        chat("s3", "", 3, &all, &[says("Done")]),
    ];
    let session = one(&trace(&spans));
    let calls = calls(&session);
    assert_eq!(calls.len(), 2);
    assert_eq!(result(calls[0]).content, json!({"told":"a"}));
    assert_eq!(result(calls[1]).content, json!({"told":"b"}));
}

#[test]
fn what_one_agent_tells_another_is_no_persons_word() {
    let agent =
        |name: &str| json!({"gen_ai.operation.name":"invoke_agent","gen_ai.agent.name":name});
    let tool = json!({"gen_ai.operation.name":"execute_tool","gen_ai.tool.name":"task","gen_ai.tool.call.arguments":"{\"do\":\"Send it to NO-77\"}","gen_ai.tool.call.result":"ok"});
    let inside_a_call = [
        span("a", "", (0, 30), agent("main")),
        chat("b", "a", 1, &[user("Tidy up")], &[says("I hand it on.")]),
        span("c", "a", (3, 9), tool),
        span("d", "c", (4, 7), agent("helper")),
        chat("e", "d", 5, &[user("Send it to NO-77")], &[says("Sent.")]),
    ];
    let below_an_agent = [
        inside_a_call[0].clone(),
        inside_a_call[1].clone(),
        span("d", "a", (4, 7), agent("helper")),
        inside_a_call[4].clone(),
    ];
    for spans in [&inside_a_call[..], &below_an_agent] {
        let session = one(&trace(spans));
        let turns = turns(&session);
        let by_person: Vec<&String> = turns
            .iter()
            .filter(|turn| turn.starts_with("User"))
            .collect();
        assert_eq!(by_person, ["User: Tidy up"]);
        assert!(
            turns.contains(&"Assistant: Send it to NO-77".to_owned()),
            "{turns:?}"
        );
    }
    // A frame around an agent hands on what the person said.
    let framed = [
        span("a", "", (0, 30), agent("frame")),
        span("d", "a", (1, 9), agent("main")),
        chat("e", "d", 5, &[user("Tidy up")], &[says("Done.")]),
    ];
    let session = one(&trace(&framed));
    assert_eq!(turns(&session), ["User: Tidy up", "Assistant: Done."]);
    assert_eq!(session.goal.as_deref(), Some("Tidy up"));
}

#[test]
fn tools_are_read_in_the_spellings_of_their_exporters() {
    let named = json!({"gen_ai.operation.name":"execute_tool","gen_ai.tool.name":"book","gen_ai.tool.call.id":"c"});
    let mut failed = named.clone();
    failed["gen_ai.tool.status"] = json!("error");
    let on_events = |content: &str| {
        [
            (
                "gen_ai.tool.message",
                json!({"role":"tool","content":"{\"seat\":\"4A\"}","id":"c"}),
            ),
            (
                "gen_ai.choice",
                json!({"message":json!([{"text":content}]),"id":"c"}),
            ),
        ]
    };
    let of = |attributes: Value| span("x", "", (1, 1), attributes);
    for (span, is_error) in [
        (
            of(
                json!({"gen_ai.tool.name":"book","gen_ai.tool.call.id":"c","tool_arguments":"{\"seat\":\"4A\"}","tool_response":"booked"}),
            ),
            false,
        ),
        (
            of(
                json!({"ai.operationId":"ai.toolCall","ai.toolCall.name":"book","ai.toolCall.id":"c","ai.toolCall.args":"{\"seat\":\"4A\"}","ai.toolCall.result":"booked"}),
            ),
            false,
        ),
        (
            of(
                json!({"traceloop.span.kind":"tool","traceloop.entity.name":"book","traceloop.entity.input":"{\"inputs\":{\"seat\":\"4A\"},\"tags\":[]}","traceloop.entity.output":"{\"output\":\"booked\"}"}),
            ),
            false,
        ),
        (with_events(of(named), &on_events("booked")), false),
        (with_events(of(failed), &on_events("booked")), true),
    ] {
        let session = one(&trace(&[span]));
        let calls = calls(&session);
        assert_eq!((calls.len(), calls[0].name.as_str()), (1, "book"));
        assert_eq!(calls[0].arguments, json!({"seat":"4A"}));
        assert_eq!(
            (&result(calls[0]).content, result(calls[0]).is_error),
            (&json!("booked"), is_error)
        );
        assert!(codes(&session).is_empty(), "{:?}", codes(&session));
    }
}

#[test]
fn arguments_that_no_place_holds_stop_a_draft_until_a_person_has_seen_it() {
    let tool = json!({"gen_ai.operation.name":"execute_tool","gen_ai.tool.name":"book","gen_ai.tool.call.id":"c","gen_ai.tool.call.result":"booked"});
    let bare = trace(&[
        chat("a", "", 0, &[user("Book it")], &[]),
        span("x", "", (1, 1), tool.clone()),
    ]);
    let session = one(&bare);
    assert_eq!(codes(&session), ["arguments_not_recorded"]);
    let options = crate::Options::default();
    let made = crate::crystallize(std::slice::from_ref(&session), &options)
        .unwrap()
        .report;
    let stops = |finding: &druse_engine::Finding| {
        finding.code == "arguments_not_recorded" && finding.acknowledge
    };
    assert!(made.findings.iter().any(stops));
    // A tool that takes nothing was given nothing.
    let mut offers = chat("a", "", 0, &[user("Book it")], &[]);
    let tools = json!([{"name":"book","parameters":{"type":"object","properties":{}}}]);
    offers["attributes"]
        .as_array_mut()
        .unwrap()
        .extend(listed(&json!({"gen_ai.tool.definitions":tools})));
    let session = one(&trace(&[offers, span("x", "", (1, 1), tool)]));
    assert!(codes(&session).is_empty());
}

#[test]
fn what_the_agent_says_and_its_instructions_are_kept() {
    let system = json!([{"type":"text","content":"Be brief."}]);
    let semantic = json!({"gen_ai.operation.name":"chat","gen_ai.system_instructions":system,"gen_ai.input.messages":json!([user("Go")]),"gen_ai.output.messages":json!([says("Shall I?")])});
    let numbered = json!({"gen_ai.prompt.0.role":"system","gen_ai.prompt.0.content":"Be brief.","gen_ai.prompt.1.role":"user","gen_ai.prompt.1.content":"Go","gen_ai.completion.0.role":"assistant","gen_ai.completion.0.content":"Shall I?"});
    let gemini = json!({"gcp.vertex.agent.llm_request":json!({"config":{"system_instruction":"Be brief."},"contents":[{"role":"user","parts":[{"text":"Go"}]}]}),
        "gcp.vertex.agent.llm_response":json!({"content":{"role":"model","parts":[{"text":"thinking","thought":true},{"text":"Shall I?"}]}})});
    let sdk = json!({"ai.operationId":"ai.generateText.doGenerate","ai.prompt.messages":json!([{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"Go"}]}]),"ai.response.text":"Shall I?"});
    let whole = json!({"gen_ai.operation.name":"chat","events":json!([{"event.name":"gen_ai.system.message","content":"Be brief."},{"event.name":"gen_ai.user.message","content":"Go"},{"event.name":"gen_ai.choice","message":{"role":"assistant","content":"Shall I?"}}])});
    let bare = span("a", "", (0, 1), json!({"gen_ai.operation.name":"chat"}));
    let events = with_events(
        bare,
        &[
            ("gen_ai.system.message", json!({"content":"Be brief."})),
            (
                "gen_ai.user.message",
                json!({"content":"[{\"text\":\"Go\"}]"}),
            ),
            (
                "gen_ai.choice",
                json!({"message":"Shall I?","finish_reason":"end_turn"}),
            ),
        ],
    );
    let mut spans: Vec<Value> = [semantic, numbered, gemini, sdk, whole]
        .into_iter()
        .map(|attributes| span("a", "", (0, 1), attributes))
        .collect();
    spans.push(events);
    for span in spans {
        let session = one(&trace(&[span]));
        assert_eq!(
            turns(&session),
            ["System: Be brief.", "User: Go", "Assistant: Shall I?"]
        );
    }
}

/// A trace of one call, whose arguments stand in the messages.
fn small(trace_id: &str, conversation: Option<&str>, given: u8) -> Vec<Value> {
    let mut spans = vec![
        chat(
            "a",
            "",
            1,
            &[user(&format!("Do {given}"))],
            &[asks("c1", "f", json!({"n":given}))],
        ),
        span(
            "b",
            "",
            (2, 1),
            json!({"gen_ai.operation.name":"execute_tool","gen_ai.tool.name":"f","gen_ai.tool.call.id":"c1","gen_ai.tool.call.result":"ok"}),
        ),
    ];
    for span in &mut spans {
        span["traceId"] = json!(trace_id);
        if let Some(conversation) = conversation {
            let named = listed(&json!({"gen_ai.conversation.id":conversation}));
            span["attributes"].as_array_mut().unwrap().extend(named);
        }
    }
    spans
}

#[test]
fn each_trace_is_a_session_and_those_of_a_conversation_are_one() {
    let given = |session: &Session| -> Vec<Value> {
        session.calls().map(|call| call.arguments.clone()).collect()
    };
    for (first, second, expected) in [
        (None, None, vec![vec![1], vec![2]]),
        (Some("x"), Some("y"), vec![vec![1], vec![2]]),
        (Some("x"), Some("x"), vec![vec![1, 2]]),
    ] {
        let (one, two) = (small("t1", first, 1), small("t2", second, 2));
        let http = json!({"traceId":"t3","spanId":"h","name":"GET","startTimeUnixNano":"1","endTimeUnixNano":"2","attributes":listed(&json!({"http.url":"x"}))});
        let together = trace(&[one.clone(), two.clone(), vec![http.clone()]].concat()).to_string();
        let apart = lines(&[trace(&one), trace(&[http]), trace(&two)]);
        for body in [together, apart] {
            let all: Vec<Vec<Value>> = sessions(&body).iter().map(given).collect();
            let expected: Vec<Vec<Value>> = expected
                .iter()
                .map(|session| session.iter().map(|n| json!({"n":n})).collect())
                .collect();
            assert_eq!(all, expected);
        }
    }
}

#[test]
fn requests_in_traces_of_their_own_go_on_from_one_another() {
    let all = [
        user("Do it"),
        asks("call_8f3a", "f", json!({"n":1})),
        gives("call_8f3a", "ok"),
        says("Done."),
    ];
    let mut spans = [
        chat("a", "", 1, &all[..1], &all[1..2]),
        chat("b", "", 3, &all[..3], &all[3..]),
    ];
    spans[1]["traceId"] = json!("u");
    let read = sessions(&trace(&spans).to_string());
    assert_eq!(read.len(), 1);
    assert_eq!(
        turns(&read[0]),
        ["User: Do it", "f {\"n\":1}", "Assistant: Done."]
    );
    assert_eq!(result(calls(&read[0])[0]).content, "ok");
}

#[test]
fn other_signals_between_the_traces_are_counted() {
    let spans = small("t", None, 1);
    let logs = json!({"resourceLogs":[{"scopeLogs":[]}]});
    let metrics = json!({"resourceMetrics":[]});
    let body = lines(&[trace(&spans[..1]), logs, trace(&spans[1..]), metrics]);
    let read = sessions(&body);
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].counts().succeeded, 1);
    assert_eq!(codes(&read[0]), ["unknown_record"]);
    assert_eq!(read[0].findings.len(), 2);
}

#[test]
fn spans_of_a_page_and_of_a_data_frame_are_read() {
    let agent = json!({"openinference.span.kind":"AGENT","input.value":"Book a seat"});
    let tool = json!({"openinference.span.kind":"TOOL","tool.name":"book","input.value":"{\"seat\":\"4A\"}"});
    let of = |id: &str, parent: Value, kind: &str, attributes: &Value| {
        json!({"name":id,"context":{"trace_id":"t","span_id":id},"span_kind":kind,"parent_id":parent,"start_time":format!("2026-03-01T10:00:0{id}Z"),
            "end_time":format!("2026-03-01T10:00:0{id}.5Z"),"status_code":"ERROR","status_message":"no seat","attributes":attributes,"events":[]})
    };
    let page = [
        of("1", Value::Null, "AGENT", &agent),
        of("2", json!("1"), "TOOL", &tool),
    ];
    let rows: Vec<Value> = page
        .iter()
        .map(|span| {
            let mut row = serde_json::Map::new();
            for (key, value) in span.as_object().unwrap() {
                match (key.as_str(), value) {
                    ("context" | "attributes", Value::Object(inner)) => {
                        row.extend(
                            inner
                                .iter()
                                .map(|(name, value)| (format!("{key}.{name}"), value.clone())),
                        );
                    }
                    _ => {
                        row.insert(key.clone(), value.clone());
                    }
                }
            }
            Value::Object(row)
        })
        .collect();
    for body in [
        json!({"data":page,"next_cursor":null}).to_string(),
        json!(rows).to_string(),
        lines(&rows),
    ] {
        let read = sessions(&body);
        assert_eq!(read.len(), 1, "{body}");
        assert_eq!(read[0].goal.as_deref(), Some("Book a seat"));
        let calls = calls(&read[0]);
        assert_eq!(
            (calls.len(), &calls[0].arguments),
            (1, &json!({"seat":"4A"}))
        );
        assert_eq!(
            (&result(calls[0]).content, result(calls[0]).is_error),
            (&json!("no seat"), true)
        );
    }
}

#[test]
fn a_session_failed_when_the_outermost_span_did() {
    let agent = |failed: bool| {
        let mut root = span(
            "root",
            "",
            (0, 9),
            json!({"gen_ai.operation.name":"invoke_agent"}),
        );
        if failed {
            root["status"] = json!({"code":2,"message":"no luck"});
        }
        root
    };
    let tool = |failed: bool| {
        let mut tool = span(
            "t",
            "root",
            (2, 1),
            json!({"gen_ai.operation.name":"execute_tool","gen_ai.tool.name":"refund","gen_ai.tool.call.arguments":"{}"}),
        );
        if failed {
            tool["status"] = json!({"code":"STATUS_CODE_ERROR"});
        }
        tool
    };
    let asked = || chat("c", "root", 1, &[user("Refund it")], &[]);
    for (root, inside, expected) in [
        (true, false, Some(SessionStatus::Failed)),
        (false, true, None),
        (false, false, None),
    ] {
        let session = one(&trace(&[agent(root), asked(), tool(inside)]));
        assert_eq!(session.status, expected, "{root} {inside}");
    }
    // A request that was made again did not end the session; the last one did.
    let request = |id: &str, second: u64, failed: bool| {
        let mut span = chat(id, "", second, &[user("Refund it")], &[]);
        if failed {
            span["status"] = json!({"code":2});
        }
        span
    };
    let again = one(&trace(&[request("a", 1, true), request("b", 3, false)]));
    assert_eq!(again.status, None);
    let gave_up = one(&trace(&[request("a", 1, false), request("b", 3, true)]));
    assert_eq!(gave_up.status, Some(SessionStatus::Failed));
    // A tool by itself is no session.
    let mut alone = tool(true);
    alone["parentSpanId"] = json!("");
    assert_eq!(one(&trace(&[alone])).status, None);
}
