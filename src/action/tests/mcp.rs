use super::*;

/// A server of one tool in a few lines of shell: it answers each request with the request's own parameters.
const SERVER: &str = r#"
while IFS= read -r line; do
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
  case "$line" in
    *'"method":"initialize"'*)
      printf '{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"sh","version":"1"}}}\n' "$id" ;;
    *'"method":"tools/list"'*)
      printf '{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"query","inputSchema":{"type":"object"}}]}}\n' "$id" ;;
    *'"name":"query"'*)
      echo "asked with $KEY" >&2
      printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":"{\\"key\\":\\"%s\\"}"}],"structuredContent":%s}}\n' "$id" "$KEY" "$line" ;;
    *'"name":"fails"'*)
      printf '{"jsonrpc":"2.0","id":%s,"result":{"isError":true,"content":[{"type":"text","text":"No table named %s"}]}}\n' "$id" "$KEY" ;;
    *'"name":"dies"'*) exit 1 ;;
    *'"name":"hangs"'*) ;;
    *'"id":'*)
      printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32602,"message":"Unknown tool"}}\n' "$id" ;;
  esac
done
"#;

fn connected() -> Actions {
    let server = json!({
        "kind": "mcp",
        "command": ["/bin/sh", "-c", SERVER],
        "env": { "KEY": "{{ secrets.TOKEN }}" },
    });
    let http = json!({ "kind": "http", "base_url": "http://127.0.0.1:1" });
    let connections = json!({ "dw": server, "bi": http });
    actions(connections, &[("TOKEN", "s3cret-token")])
}

fn call(tool: &str) -> Value {
    json!({ "connection": "dw", "tool": tool, "arguments": { "q": "x" } })
}

#[tokio::test]
async fn a_call_gives_every_form_of_its_result() {
    let actions = connected();
    let output = output(&actions, "mcp", call("query")).await;
    assert_eq!(output["text"], r#"{"key":"[redacted]"}"#);
    assert_eq!(output["json"], json!({ "key": "[redacted]" }));
    assert_eq!(output["content"][0]["type"], "text");
    let params = &output["structured"]["params"];
    assert_eq!(params["arguments"], json!({ "q": "x" }));
    assert_eq!(params["_meta"]["idempotencyKey"], "key-1");
    assert_eq!(params["_meta"]["druse/step"], "a_step");
    let tested = actions.connections().test("dw").await.unwrap();
    assert_eq!(tested["tools"][0]["name"], "query");
    actions.close().await;
}

#[tokio::test]
async fn arguments_hold_secrets_where_the_template_names_them() {
    let mut one = attempt("mcp", call("query"));
    one.input = json!({ "connection": "dw", "tool": "query", "arguments": {
        "auth": "Bearer {{ secrets.TOKEN }}", "note": "{{ secrets.TOKEN }} said somebody",
    } })
    .into();
    one.secrets[0].place = "/arguments/auth".into();
    let actions = connected();
    let outcome = actions.perform(one, never()).await;
    let Outcome::Succeeded { output } = outcome else {
        panic!("{outcome:?}");
    };
    // What came back has the secret taken out again; what only looks like a name was sent as it was.
    assert_eq!(
        output.value()["structured"]["params"]["arguments"],
        json!({ "auth": "Bearer [redacted]", "note": "{{ secrets.TOKEN }} said somebody" })
    );
    actions.close().await;
}

#[tokio::test]
async fn failures_have_classes_and_codes() {
    let actions = connected();
    for (input, class, code) in [
        (call("fails"), FailureClass::Permanent, "tool_error"),
        (call("nope"), FailureClass::Permanent, "unknown_tool"),
        (call("dies"), FailureClass::Retryable, "connection_lost"),
        (
            json!({ "connection": "bi", "tool": "x" }),
            FailureClass::Permanent,
            "wrong_connection",
        ),
        (
            json!({ "connection": "xx", "tool": "x" }),
            FailureClass::Permanent,
            "missing_connection",
        ),
        (
            json!({ "connection": "dw" }),
            FailureClass::Permanent,
            "invalid_input",
        ),
        (
            json!({ "connection": "dw", "tool": "query", "arguments": [] }),
            FailureClass::Permanent,
            "invalid_input",
        ),
    ] {
        let failure = failure(&actions, "mcp", input.clone()).await;
        assert_eq!(
            (failure.class, failure.code.as_str()),
            (class, code),
            "{input}"
        );
        if code == "tool_error" {
            assert_eq!(
                failure.message,
                "The tool \"fails\" failed: No table named [redacted]"
            );
        }
        if code == "unknown_tool" {
            assert_eq!(details(&failure), &json!({ "tools": ["query"] }));
        }
    }
    // Started again after it died.
    output(&actions, "mcp", call("query")).await;
    actions.close().await;
}

#[tokio::test]
async fn time_and_cancellation_end_a_call() {
    let actions = connected();
    output(&actions, "mcp", call("query")).await;
    let mut slow = attempt("mcp", call("hangs"));
    slow.timeout = Some(Duration::from_millis(30));
    let (slow, _) = failed(actions.perform(slow, never()).await);
    assert_eq!(
        (slow.class, slow.code.as_str()),
        (FailureClass::Timeout, "timeout")
    );
    let cancel = never();
    let hanging = actions.perform(attempt("mcp", call("hangs")), cancel.clone());
    let (outcome, ()) = tokio::join!(hanging, async {
        tokio::task::yield_now().await;
        cancel.cancel();
    });
    assert_eq!(failed(outcome).0.class, FailureClass::Canceled);
    actions.close().await;
}

#[tokio::test]
async fn what_a_program_says_during_a_call_is_in_the_log_of_its_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let actions = connected();
    let secrets = actions.secrets().clone();
    let limits = crate::step_log::LogLimits::default();
    let logs = crate::step_log::StepLogs::below(folder.path(), secrets, limits, || true).unwrap();
    let actions = actions.with_logs(logs.clone());
    let mut asks = attempt("mcp", call("query"));
    asks.log = logs.of(asks.run, "ask", 2);
    let run = asks.run;
    let outcome = actions.perform(asks, never()).await;
    assert!(matches!(outcome, Outcome::Succeeded { .. }), "{outcome:?}");
    // The next call has no log, and its words are nobody's.
    output(&actions, "mcp", call("query")).await;
    logs.flush().await;
    let query = crate::step_log::LogQuery {
        limit: 10,
        bytes: 1 << 20,
        ..Default::default()
    };
    let page = logs.read(run, &query).unwrap();
    let said: Vec<_> = page
        .pieces
        .iter()
        .map(|(_, piece)| (piece.step.as_str(), piece.attempt, piece.text.as_str()))
        .collect();
    assert_eq!(said, [("ask", 2, "asked with [redacted]\n")]);
    actions.close().await;
}
