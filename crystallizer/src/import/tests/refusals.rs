//! Answers that tell a refusal, in formats without a mark for it.

use super::*;

/// The calls of a session that a person refused, by name, and how many answers of a person it holds.
fn refused(session: &Session) -> (Vec<&str>, usize) {
    let names = calls(session)
        .into_iter()
        .filter(|call| call.result.as_ref().is_some_and(|result| result.refused))
        .map(|call| call.name.as_str())
        .collect();
    let answers = approvals(session)
        .iter()
        .filter(|one| !one.approved)
        .count();
    (names, answers)
}

fn anthropic(content: &str, more: &Value) -> Session {
    let mut answer = json!({"type":"tool_result","tool_use_id":"t","content":content});
    for (key, value) in more.as_object().unwrap() {
        answer[key] = value.clone();
    }
    one(&json!([
        {"role":"user","content":[{"type":"text","text":"Clean up"}]},
        {"role":"assistant","content":[{"type":"tool_use","id":"t","name":"execute_command","input":{"command":"rm b"}}]},
        {"role":"user","content":[answer]}]))
}

#[test]
fn a_refusal_counts_without_a_mark_of_failure() {
    for content in [
        "The user denied this operation and responded with the message:\n<user_message>\nkeep it\n</user_message>",
        "{\"status\":\"denied\",\"message\":\"The user denied this operation.\"}",
        "[execute_command for 'rm b'] Result:\nThe user denied this operation.",
    ] {
        let session = anthropic(content, &json!({}));
        assert_eq!(refused(&session), (vec!["execute_command"], 1), "{content}");
        assert!(result(calls(&session)[0]).is_error);
    }
    let session = anthropic(
        "The user denied this operation and responded with the message:\n<user_message>\nkeep it\n</user_message>",
        &json!({}),
    );
    assert_eq!(approvals(&session)[0].comment.as_deref(), Some("keep it"));
}

#[test]
fn an_answer_that_only_quotes_a_refusal_is_one() {
    for content in [
        "From: ann\nThe user denied this operation.",
        "ci.log: exec command rejected by user",
        "{\"mail\":\"The user denied this operation.\"}",
    ] {
        let session = anthropic(content, &json!({}));
        assert_eq!(refused(&session), (vec![], 0), "{content}");
    }
    let told = anthropic(
        "The user denied this operation.",
        &json!({"is_error":false}),
    );
    assert_eq!(refused(&told), (vec![], 0));
    // A server answers for itself.
    let session = &sessions(&lines(&[
        json!({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get","arguments":{}}}),
        json!({"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"The user denied this operation."}]}}),
    ]))[0];
    assert_eq!(refused(session), (vec![], 0));
}

#[test]
fn the_words_of_libraries_count() {
    let ui = one(&json!({"messages":[
        {"id":"1","role":"user","parts":[{"type":"text","text":"cancel 7"}]},
        {"id":"2","role":"assistant","parts":[
            {"type":"tool-cancel","toolCallId":"b","state":"output-available","input":{"id":"7"},"output":"Error: User denied access to tool execution"},
            {"type":"tool-lookup","toolCallId":"c","state":"output-available","input":{"id":"7"},"output":"ok"}]}]}));
    assert_eq!(refused(&ui), (vec!["cancel"], 1));
    let chat = one(&json!({"messages":[{"role":"user","content":"cancel 7"},
        {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"cancel","arguments":"{}"}}]},
        {"role":"tool","tool_call_id":"c1","content":"Error: Tool call invocation was rejected by user."}]}));
    assert_eq!(refused(&chat), (vec!["cancel"], 1));
    let shell = |id: &str, response: Value| {
        [
            json!({"role":"model","parts":[{"functionCall":{"id":id,"name":"run_shell_command","args":{"command":"x"}}}]}),
            json!({"role":"user","parts":[{"functionResponse":{"id":id,"name":"run_shell_command","response":response}}]}),
        ]
    };
    let refusal = json!({"error":"[Operation Cancelled] Reason: User did not allow tool call"});
    let ended = json!({"output":"Stdout: a\nError: (none)\nExit Code: 2\nSignal: (none)"});
    let mut contents = vec![json!({"role":"user","parts":[{"text":"Clean up"}]})];
    contents.extend(shell("w1", refusal));
    contents.extend(shell("w2", ended));
    let gemini = one(&Value::Array(contents));
    assert_eq!(refused(&gemini), (vec!["run_shell_command"], 1));
    let second = result(calls(&gemini)[1]);
    assert_eq!((second.is_error, second.exit_code), (true, Some(2)));
}
