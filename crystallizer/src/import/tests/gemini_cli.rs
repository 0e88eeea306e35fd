//! What Gemini CLI tells of commands, and the output of its print mode.

use super::*;

#[test]
fn a_command_tells_its_exit_code_in_its_answer() {
    let call = |id: &str, name: &str, output: &str| {
        json!({"id":id,"name":name,"args":{"command":"x"},"status":"success",
        "result":[{"functionResponse":{"id":id,"name":name,"response":{"output":output}}}]})
    };
    let session = one(
        &json!({"sessionId":"s","projectHash":"h","messages":[{"type":"user","content":"go"},{"type":"gemini","content":"","toolCalls":[
        call("1", "run_shell_command", "Output: 3 failing\nExit Code: 1\nProcess Group PGID: 12"),
        call("2", "run_shell_command", "Stderr: no\nError: (none)\nExit Code: 2\nSignal: (none)\nBackground PIDs: (none)"),
        call("3", "run_shell_command", "<untrusted_context>\nOutput: no\nExit Code: 3\n</untrusted_context>"),
        call("4", "run_shell_command", "Output: Exit Code: 9\nok\nProcess Group PGID: 12"),
        call("5", "run_shell_command", "Output: ok\nExit Code: 0\nSignal: (none)"),
        call("6", "read_file", "Exit Code: 1")]}]}),
    );
    let told: Vec<(Option<i64>, bool)> = calls(&session)
        .iter()
        .map(|call| (result(call).exit_code, result(call).is_error))
        .collect();
    assert_eq!(
        told,
        [
            (Some(1), true),
            (Some(2), true),
            (Some(3), true),
            (None, false),
            (Some(0), false),
            (None, false),
        ]
    );
}

#[test]
fn the_output_of_print_mode_is_read() {
    let run = [
        json!({"type":"init","timestamp":"2027-01-01T00:00:00Z","session_id":"b35e","model":"auto"}),
        json!({"type":"message","role":"user","content":"Delete old.txt\n"}),
        json!({"type":"tool_use","tool_name":"run_shell_command","tool_id":"r1","parameters":{"command":"rm old.txt"}}),
        json!({"type":"tool_use","tool_name":"run_shell_command","tool_id":"r2","parameters":{"command":"ls"}}),
        json!({"type":"tool_result","tool_id":"r1","status":"error","error":{"type":"TOOL","message":"no such file"}}),
        json!({"type":"tool_result","tool_id":"r2","status":"success","output":"Output: no\nExit Code: 2"}),
        json!({"type":"message","role":"assistant","content":"It is ","delta":true}),
        json!({"type":"message","role":"assistant","content":"gone","delta":true}),
        json!({"type":"result","status":"success","stats":{"input_tokens":9,"output_tokens":4}}),
    ];
    let session = &sessions(&lines(&run))[0];
    assert_eq!(
        (
            session.format.as_str(),
            session.goal.as_deref(),
            session.status
        ),
        (
            "gemini-cli",
            Some("Delete old.txt"),
            Some(SessionStatus::Succeeded)
        )
    );
    let calls = calls(session);
    assert_eq!(calls[0].arguments, json!({"command":"rm old.txt"}));
    assert_eq!(calls[0].batch, calls[1].batch);
    assert_eq!(result(calls[0]).content, "no such file");
    assert_eq!(
        (
            result(calls[1]).exit_code,
            result(calls[0]).is_error,
            result(calls[1]).is_error
        ),
        (Some(2), true, true)
    );
    assert!(
        matches!(session.turns.last(), Some(Turn::Message { role: Role::Assistant, text, .. }) if text == "It is gone")
    );
    assert_eq!(session.usage.unwrap().output_tokens, 4);
    let twice: Vec<Value> = run.iter().chain(&run).cloned().collect();
    assert_eq!(sessions(&lines(&twice)).len(), 2);
}
