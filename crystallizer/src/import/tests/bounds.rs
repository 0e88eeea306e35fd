//! What a hostile body costs, and what the page for users says.

use super::*;

/// Many calls with one id, and answers that fit none or all of them: with a search per answer this would not end.
#[test]
fn pairing_is_linear_in_the_further_formats() {
    let many = 10_000u64;
    let of = |make: &dyn Fn(u64) -> Value| -> Vec<Value> { (0..many).map(make).collect() };
    let tools: Vec<Value> =
        of(&|n| json!({"name":format!("t{n}"),"inputSchema":{},"parameters":{}}));
    let mut items = of(&|_| json!({"type":"function_call","call_id":"x","name":"f"}));
    items.extend(of(
        &|_| json!({"type":"function_call_output","call_id":"x","output":""}),
    ));
    let mut contents =
        of(&|_| json!({"role":"model","parts":[{"functionCall":{"name":"f","args":{}}}]}));
    contents.extend(of(
        &|_| json!({"role":"user","parts":[{"functionResponse":{"name":"f","response":{}}}]}),
    ));
    let mut parts = of(&|_| json!({"type":"tool-call","toolCallId":"x","toolName":"f","input":{}}));
    parts.extend(of(
        &|_| json!({"type":"tool-result","toolCallId":"x","output":{"type":"text","value":""}}),
    ));
    let runs = of(
        &|n| json!({"id":format!("r{n}"),"parent_run_id":format!("r{}", n + 1),"run_type":"tool","name":"f","start_time":1,"end_time":2}),
    );
    let mut log =
        of(&|_| json!({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"f"}}));
    log.extend(of(
        &|_| json!({"jsonrpc":"2.0","id":1,"result":{"action":"accept"}}),
    ));
    log.push(json!({"jsonrpc":"2.0","id":2,"method":"tools/list"}));
    log.push(json!({"jsonrpc":"2.0","id":2,"result":{ "tools": tools }}));
    for (value, unmatched) in [
        (
            json!({ "object": "response", "input": items, "tools": tools }),
            0,
        ),
        (
            json!({ "contents": contents, "tools": [{ "functionDeclarations": tools }] }),
            0,
        ),
        (json!([{ "role": "assistant", "content": parts }]), 0),
        (json!(runs), 0),
        (json!(log), 0),
    ] {
        let counts = one(&value).counts();
        assert_eq!((counts.tool_calls, counts.unmatched), (many, unmatched));
    }
}

/// Far more calls than an agent makes are left out with a finding, and no draft is made of the rest; far more parts
/// than a recording has are refused before they are read.
#[test]
fn more_calls_than_anybody_makes_are_told() {
    let calls = |count: usize| {
        let calls = vec![r#"{"name":"f"}"#; count].join(",");
        format!(r#"{{"messages":[{{"role":"assistant","tool_calls":[{calls}]}}]}}"#)
    };
    let session = import(calls(50_010).as_bytes()).unwrap().remove(0);
    assert_eq!(session.counts().tool_calls, 50_000);
    assert!(session.bytes_left_out > 0);
    let told = session
        .findings
        .iter()
        .find(|finding| finding.code == "calls_left_out");
    assert!(
        told.unwrap().message.starts_with("10 calls were left out"),
        "{told:?}"
    );
    let error = crate::crystallize(&[session], &crate::Options::default()).unwrap_err();
    assert_eq!(error.code, "too_many_calls");
    let said = "The session holds more than 50000 calls;";
    assert!(error.message.starts_with(said), "{}", error.message);

    let error = import(calls(2_000_010).as_bytes()).unwrap_err();
    assert_eq!(error.code, "too_large");
}

/// What is nested as deep as a body may be is read, or refused as a whole.
#[test]
fn deep_values_of_the_further_formats_are_read_or_refused() {
    let deep = |levels: usize| {
        let run =
            r#"{"id":"L","run_type":"tool","name":"f","start_time":1,"end_time":2,"child_runs":["#;
        let open: String = (0..levels)
            .map(|n| run.replace('L', &n.to_string()))
            .collect();
        format!("{open}{}", "]}".repeat(levels))
    };
    assert_eq!(sessions(&deep(60))[0].counts().tool_calls, 60);
    assert_eq!(import(deep(100).as_bytes()).unwrap_err().code, "too_deep");
    let arguments = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let session =
        one(&json!([{"type":"mcp_call","id":"a","name":"f","arguments":arguments,"output":"x"}]));
    assert_eq!(calls(&session)[0].arguments, json!({ "_raw": arguments }));
    assert_eq!(codes(&session), ["arguments_not_json"]);
}

/// The page for users lists every format, in the words of the code.
#[test]
fn the_page_lists_the_formats() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/crystallizer.md");
    let page = std::fs::read_to_string(page).unwrap();
    for info in formats() {
        let row = format!("| `{}` | {} |\n", info.name, info.description);
        assert!(page.contains(&row), "docs/crystallizer.md lacks: {row}");
    }
    let rows = page
        .lines()
        .skip_while(|line| !line.starts_with("| format | what it is |"));
    let rows = rows
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .count();
    assert_eq!(rows, formats().len());
}
