//! Gemini's contents.

use super::*;

#[test]
fn both_spellings_are_read() {
    let wire = json!({"systemInstruction":{"parts":[{"text":"Be brief."}]},
        "tools":[{"functionDeclarations":[{"name":"ring","parametersJsonSchema":{"type":"object"}}]}],
        "contents":[
            {"role":"user","parts":[{"text":"Ring two bells"},{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]},
            {"role":"model","parts":[{"text":"hm","thought":true},{"functionCall":{"name":"ring","args":{"bell":1}},"thoughtSignature":"x"},{"functionCall":{"name":"ring","args":{"bell":2}}}]},
            {"role":"user","parts":[{"functionResponse":{"name":"ring","response":{"output":"ding"}}},{"functionResponse":{"name":"ring","response":{"error":"cracked"}}}]}],
        "candidates":[{"content":{"role":"model","parts":[{"text":"One rang."}]},"finishReason":"MAX_TOKENS"}]});
    let snake = json!({"request":{"config":{"system_instruction":"Be brief.","tools":[{"function_declarations":[{"name":"ring","parameters":{"type":"object"}}]}]},
        "contents":[
            {"role":"user","parts":[{"text":"Ring two bells"},{"inline_data":{"mime_type":"image/png","data":"AAAA"}}]},
            {"role":"model","parts":[{"text":"hm","thought":true},{"function_call":{"id":"x","name":"ring","args":{"bell":1}}},{"function_call":{"id":"y","name":"ring","args":{"bell":2}}}]},
            {"role":"function","parts":[{"function_response":{"id":"y","name":"ring","response":{"error":"cracked"}}},{"function_response":{"id":"x","name":"ring","response":{"result":"ding"}}}]}]},
        "response":{"candidates":[{"content":{"role":"model","parts":[{"text":"One rang."}]},"finish_reason":"MAX_TOKENS"}]}});
    for value in [wire, snake] {
        let session = one(&value);
        assert_eq!(session.format, "gemini-contents", "{value}");
        assert_eq!(session.goal.as_deref(), Some("Ring two bells"));
        assert_eq!(session.tools.len(), 1);
        assert!(session.tools[0].input_schema.is_some());
        let calls = calls(&session);
        assert_eq!(calls[0].batch, calls[1].batch);
        assert_eq!(calls[0].arguments, json!({"bell":1}));
        assert_eq!(
            (&result(calls[0]).content, result(calls[0]).is_error),
            (&json!("ding"), false)
        );
        assert_eq!(
            (&result(calls[1]).content, result(calls[1]).is_error),
            (&json!("cracked"), true)
        );
        assert_eq!(
            codes(&session),
            ["answer_cut_short", "known_noise", "media_left_out"]
        );
        assert_eq!(session.turns.len(), 5);
    }
}

#[test]
fn pieces_of_a_streamed_answer_are_one_batch() {
    let piece = |name: &str, last: bool| {
        let mut candidate =
            json!({"content":{"role":"model","parts":[{"functionCall":{"name":name,"args":{}}}]}});
        if last {
            candidate["finishReason"] = json!("STOP");
        }
        json!({"candidates":[candidate]})
    };
    let session = one(&json!([
        piece("a", false),
        piece("b", true),
        {"role":"user","parts":[{"functionResponse":{"name":"b","response":{"x":1,"y":2}}},{"functionResponse":{"name":"stranger","response":{}}}]},
        piece("c", true)
    ]));
    let calls = calls(&session);
    assert_eq!(calls[0].batch, calls[1].batch);
    assert_ne!(calls[1].batch, calls[2].batch);
    assert_eq!(result(calls[1]).content, json!({"x":1,"y":2}));
    assert_eq!(codes(&session), ["result_without_call", "unmatched_call"]);
}

#[test]
fn code_that_the_model_ran_is_a_call() {
    let contents = [
        json!({"role":"user","parts":[{"text":"Compute"}]}),
        json!({"role":"model","parts":[{"executableCode":{"language":"PYTHON","code":"1/0"}},{"codeExecutionResult":{"outcome":"OUTCOME_FAILED","output":"division by zero"}}]}),
        json!({"role":"narrator","parts":[{"text":"x"}]}),
    ];
    for session in [
        one(&json!({ "history": contents })),
        sessions(&lines(&contents)).remove(0),
    ] {
        assert_eq!(session.format, "gemini-contents");
        let calls = calls(&session);
        assert_eq!(calls[0].arguments["code"], "1/0");
        assert!(result(calls[0]).is_error);
        assert_eq!(codes(&session), ["unknown_role"]);
    }
}
