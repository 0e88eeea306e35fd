//! Logs of the Model Context Protocol.

use super::*;

fn ask(id: u32, name: &str, arguments: Value) -> Value {
    json!({"jsonrpc":"2.0","id":id,"method":"tools/call","params":{"name":name,"arguments":arguments}})
}

fn reply(id: u32, result: Value) -> Value {
    json!({"jsonrpc":"2.0","id":id,"result":result})
}

fn log() -> Vec<Value> {
    vec![
        json!({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","clientInfo":{"name":"desk","version":"1"}}}),
        reply(
            0,
            json!({"protocolVersion":"2025-06-18","serverInfo":{"name":"shop"}}),
        ),
        json!({"jsonrpc":"2.0","method":"notifications/initialized"}),
        json!({"jsonrpc":"2.0","id":1,"method":"tools/list"}),
        reply(
            1,
            json!({"tools":[{"name":"find","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":true}}]}),
        ),
        ask(2, "find", json!({"q":"cup"})),
        ask(3, "find", json!({"q":"pot"})),
        reply(
            3,
            json!({"content":[{"type":"text","text":"no pot"}],"isError":true}),
        ),
        reply(
            2,
            json!({"content":[{"type":"text","text":"{\"n\":2}"},{"type":"image","data":"x","mimeType":"image/png"}],"structuredContent":{"n":2}}),
        ),
        ask(4, "buy", json!({"n":2})),
        json!({"jsonrpc":"2.0","id":4,"method":"elicitation/create","params":{"message":"Really?"}}),
        reply(4, json!({"action":"accept","content":{"sure":true}})),
        json!({"jsonrpc":"2.0","id":4,"error":{"code":-32602,"message":"no such cup"}}),
        ask(5, "buy", json!({"n":1})),
        json!({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":5,"reason":"too slow"}}),
        json!({"jsonrpc":"2.0","id":6,"method":"resources/read","params":{"uri":"file:///a"}}),
        reply(6, json!({"contents":[{"uri":"file:///a","text":"hello"}]})),
        ask(7, "buy", json!({"n":3})),
        reply(99, json!({"content":[]})),
    ]
}

#[test]
fn requests_and_results_meet_by_id() {
    let wrapped: Vec<Value> = log()
        .into_iter()
        .map(|message| json!({"timestamp":"2026-03-01T10:00:00Z","direction":"out","message":message}))
        .collect();
    for body in [
        lines(&log()),
        json!(log()).to_string(),
        lines(&wrapped),
        json!([log()]).to_string(),
        json!({"messages":log()}).to_string(),
    ] {
        let read = sessions(&body);
        assert_eq!(read.len(), 1, "{body}");
        let session = &read[0];
        assert_eq!(session.format, "mcp-log");
        assert_eq!(session.agent.as_deref(), Some("desk"));
        assert_eq!(session.tools[0].annotations["readOnlyHint"], true);
        let calls = calls(session);
        let names: Vec<&str> = calls.iter().map(|call| call.name.as_str()).collect();
        assert_eq!(
            names,
            ["find", "find", "buy", "buy", "resources/read", "buy"]
        );
        assert_eq!(calls[0].batch, calls[1].batch);
        assert_ne!(calls[1].batch, calls[2].batch);
        assert_eq!(result(calls[0]).content, "{\"n\":2}");
        assert_eq!(result(calls[0]).structured, Some(Box::new(json!({"n":2}))));
        assert!(result(calls[1]).is_error);
        assert_eq!(
            (&result(calls[2]).content, result(calls[2]).is_error),
            (&json!("no such cup"), true)
        );
        assert_eq!(result(calls[3]).content, "too slow");
        assert_eq!(result(calls[4]).content, "hello");
        assert!(calls[5].result.is_none());
        assert_eq!(
            codes(session),
            [
                "known_noise",
                "media_left_out",
                "result_without_call",
                "unmatched_call"
            ]
        );
    }
}

#[test]
fn servers_are_kept_apart() {
    let on = |server: &str, message: Value| json!({"server":server,"message":message});
    let session = sessions(&lines(&[
        on("a", ask(1, "find", json!({}))),
        on("b", ask(1, "find", json!({}))),
        on("b", reply(1, json!({"structuredContent":{"from":"b"}}))),
        on("a", reply(1, json!({"structuredContent":{"from":"a"}}))),
    ]))
    .remove(0);
    let calls = calls(&session);
    assert_eq!(
        (calls[0].name.as_str(), calls[1].name.as_str()),
        ("mcp__a__find", "mcp__b__find")
    );
    assert_eq!(result(calls[0]).content, json!({"from":"a"}));
    assert_eq!(result(calls[1]).content, json!({"from":"b"}));
}

#[test]
fn a_result_before_its_request_waits_and_other_protocols_are_refused() {
    let session = sessions(&lines(&[
        reply(1, json!({"content":[{"type":"text","text":"x"}]})),
        ask(1, "find", json!({})),
    ]))
    .remove(0);
    assert_eq!(session.counts().succeeded, 1);
    let other = json!({"jsonrpc":"2.0","id":1,"method":"textDocument/hover","params":{}});
    assert_eq!(
        import(lines(&[other.clone(), other]).as_bytes())
            .unwrap_err()
            .code,
        "unknown_format"
    );
}

#[test]
fn a_text_log_is_read_by_its_messages() {
    let line = |message: &Value| {
        format!(
            "2026-03-01T10:00:00.000Z [shop] [info] Message from client: {message} {{ metadata: undefined }}\n"
        )
    };
    let text = format!(
        "2026-03-01T10:00:00.000Z [shop] [info] Starting\n{}{}2026-03-01T10:00:01Z [error] {{ not: json }}\n",
        line(&ask(1, "find", json!({"q":"cup"}))),
        line(&reply(1, json!({"content":[{"type":"text","text":"x"}]})))
    );
    let session = sessions(&text).remove(0);
    assert_eq!(session.format, "mcp-log");
    let calls = calls(&session);
    assert_eq!(calls[0].arguments, json!({"q":"cup"}));
    assert_eq!(result(calls[0]).content, "x");
    assert_eq!(
        session.started_at.map(|at| at.to_string()),
        Some("2026-03-01T10:00:00.000Z".to_owned())
    );
    assert_eq!(codes(&session), ["broken_line"]);
    assert_eq!(
        import(b"just words { of a log }").unwrap_err().code,
        "unreadable"
    );
}

/// Two calls with one number, answered the other way round.
fn crossed() -> [(&'static str, Value); 4] {
    let gives = |text: &str| json!({"content":[{"type":"text","text":text}]});
    [
        ("shop", ask(5, "order", json!({}))),
        ("bank", ask(5, "bill", json!({}))),
        ("bank", reply(5, gives("bill-8"))),
        ("shop", reply(5, gives("order-7"))),
    ]
}

#[test]
fn servers_of_one_log_are_kept_apart_by_what_names_them() {
    let envelopes = |key: &str| -> String {
        let each = crossed().map(|(server, message)| json!({key:server,"message":message}));
        lines(&each)
    };
    let log = |words: &dyn Fn(&str) -> String| -> String {
        let each = crossed().map(|(server, message)| format!("{}{message}\n", words(server)));
        each.concat()
    };
    let printed = crossed().map(|(server, message)| {
        format!("2026-03-01T10:00:00Z [{server}] [info] Message: {message:#}\n")
    });
    let as_text =
        crossed().map(|(server, message)| json!({"server":server,"message":message.to_string()}));
    for (body, is_named) in [
        (envelopes("server_id"), true),
        (envelopes("serverId"), true),
        (envelopes("sessionId"), false),
        (envelopes("session_id"), false),
        (
            log(&|server| format!("2026-03-01T10:00:00Z [info] [{server}] Message: ")),
            true,
        ),
        (
            log(&|server| format!("2026-03-01 10:00:00.000 [{server}] [client -> server] ")),
            true,
        ),
        (printed.concat(), true),
        (lines(&as_text), true),
    ] {
        let session = sessions(&body).remove(0);
        let calls = calls(&session);
        let names: Vec<&str> = calls.iter().map(|call| call.name.as_str()).collect();
        let expected = match is_named {
            true => ["mcp__shop__order", "mcp__bank__bill"],
            false => ["order", "bill"],
        };
        assert_eq!(names, expected, "{body}");
        assert_eq!(result(calls[0]).content, "order-7", "{body}");
        assert_eq!(result(calls[1]).content, "bill-8", "{body}");
        assert!(codes(&session).is_empty(), "{body} {:?}", codes(&session));
    }
}

#[test]
fn an_answer_that_may_be_anothers_is_no_answer() {
    let messages = crossed().map(|(_, message)| message);
    let session = sessions(&lines(&messages)).remove(0);
    assert!(codes(&session).contains(&"ambiguous_result"));
    for call in calls(&session) {
        assert_eq!(
            (&result(call).content, result(call).unread),
            (&json!(""), true)
        );
    }
    assert!(session.bytes_left_out > 0);
}

#[test]
fn a_server_that_begins_anew_numbers_anew() {
    let on = |message: Value| json!({"server":"shop","message":message});
    let begin = json!({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18"}});
    let session = sessions(&lines(&[
        on(begin.clone()),
        on(ask(1, "find", json!({"n":1}))),
        on(begin),
        on(ask(1, "find", json!({"n":2}))),
        on(reply(1, json!({"content":[{"type":"text","text":"two"}]}))),
    ]))
    .remove(0);
    let calls = calls(&session);
    assert!(calls[0].result.is_none());
    assert_eq!(result(calls[1]).content, "two");
}

#[test]
fn the_time_of_day_may_be_a_word_of_its_own() {
    let text = format!(
        "2026-03-01 10:00:01.500 [trace] [editor -> server] {}\n",
        ask(1, "find", json!({}))
    );
    let session = sessions(&(text.clone() + &text)).remove(0);
    assert_eq!(
        session.started_at.map(|at| at.to_string()).as_deref(),
        Some("2026-03-01T10:00:01.500Z")
    );
    assert_eq!(calls(&session)[0].name, "find");
}
