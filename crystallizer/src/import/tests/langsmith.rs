//! LangSmith's runs.

use super::*;

fn run(id: &str, kind: &str, parent: Option<&str>, times: (u32, u32)) -> Value {
    let at = |seconds: u32| format!("2026-03-01T10:00:{seconds:02}.000000");
    json!({"id":id,"name":format!("{kind}-{id}"),"run_type":kind,"trace_id":"t","parent_run_id":parent,
        "start_time":at(times.0),"end_time":at(times.1),"inputs":{},"outputs":{}})
}

fn with(mut run: Value, fields: Value) -> Value {
    let map = run.as_object_mut().unwrap();
    map.extend(fields.as_object().unwrap().clone());
    run
}

fn trace() -> Vec<Value> {
    vec![
        with(
            run("root", "chain", None, (0, 20)),
            json!({"name":"agent","inputs":{"messages":[{"type":"human","content":"Sort the mail"}]},"outputs":{"messages":[[{"type":"ai","content":"Sorted."}]]}}),
        ),
        with(
            run("m", "llm", Some("root"), (1, 2)),
            json!({"inputs":{"messages":[[{"lc":1,"type":"constructor","id":["langchain","schema","HumanMessage"],"kwargs":{"content":"Sort the mail"}}]]},
                "outputs":{"generations":[[{"text":"","message":{"lc":1,"type":"constructor","id":["AIMessage"],"kwargs":{"content":"I will.","tool_calls":[{"id":"c1","name":"open","args":{"n":1}},{"id":"c9","name":"burn","args":{}}]}}}]]}}),
        ),
        with(
            run("a", "tool", Some("root"), (3, 6)),
            json!({"name":"open","inputs":{"input":"{'letter': 1, 'fast': True}"},"outputs":{"output":{"type":"tool","content":"a bill","tool_call_id":"c1","status":"success"}}}),
        ),
        with(
            run("b", "tool", Some("root"), (4, 5)),
            json!({"name":"open","inputs":{"letter":2},"outputs":null,"error":"ValueError('glued')","status":"error"}),
        ),
        with(
            run("d", "tool", Some("a"), (5, 6)),
            json!({"name":"knife","inputs":{"input":"{\"sharp\":1}"},"outputs":{"output":"cut"}}),
        ),
        with(
            run("r", "retriever", Some("root"), (7, 8)),
            json!({"name":"shelf","inputs":{"query":"bills"},"outputs":{"documents":[{"page_content":"old bill"}]}}),
        ),
    ]
}

fn check(session: &Session) {
    assert_eq!(session.format, "langsmith");
    assert_eq!(session.external_id.as_deref(), Some("t"));
    assert_eq!(session.agent.as_deref(), Some("agent"));
    assert_eq!(session.goal.as_deref(), Some("Sort the mail"));
    let calls = calls(session);
    let names: Vec<&str> = calls.iter().map(|call| call.name.as_str()).collect();
    assert_eq!(names, ["open", "open", "knife", "shelf", "burn"]);
    assert_eq!(calls[0].id, "c1");
    assert_eq!(calls[0].arguments, json!({"letter":1,"fast":true}));
    assert_eq!(result(calls[0]).content, "a bill");
    assert_eq!(calls[0].batch, calls[1].batch);
    assert!(result(calls[1]).is_error);
    assert_eq!(result(calls[1]).content, "ValueError('glued')");
    assert_eq!(calls[2].agent.as_deref(), Some("open"));
    assert_ne!(calls[2].batch, calls[0].batch);
    assert_eq!(result(calls[3]).content[0]["page_content"], "old bill");
    assert!(calls[4].result.is_none());
    let said: Vec<&str> = session
        .turns
        .iter()
        .filter_map(|turn| match turn {
            Turn::Message { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(said, ["Sort the mail", "I will.", "Sorted."]);
}

#[test]
fn nested_and_flat_runs_are_read_alike() {
    let flat = trace();
    let mut tree = flat[0].clone();
    let mut opened = flat[2].clone();
    opened["child_runs"] = json!([flat[4]]);
    tree["child_runs"] = json!([flat[5], flat[3], opened, flat[1]]);
    let mut backwards = flat.clone();
    backwards.reverse();
    for body in [
        tree.to_string(),
        json!(flat).to_string(),
        lines(&backwards),
        json!({ "runs": flat }).to_string(),
    ] {
        let read = sessions(&body);
        assert_eq!(read.len(), 1);
        check(&read[0]);
    }
}

#[test]
fn each_trace_is_a_session_and_runs_find_it_by_their_parents() {
    let mut first = trace();
    for run in &mut first[1..] {
        run.as_object_mut().unwrap().remove("trace_id");
    }
    let second = with(
        run("x", "tool", None, (1, 1)),
        json!({"trace_id":"u","name":"alone","outputs":null,"end_time":null}),
    );
    let mut all = first;
    all.reverse();
    all.insert(2, second);
    let read = sessions(&json!(all).to_string());
    assert_eq!(read.len(), 2);
    assert_eq!(read[0].counts().tool_calls, 5);
    assert_eq!(read[1].counts().unmatched, 1);
}

#[test]
fn a_run_written_twice_is_one_call() {
    let whole = trace().remove(2);
    let mut begun = whole.clone();
    begun["outputs"] = Value::Null;
    begun["end_time"] = Value::Null;
    let session = sessions(&lines(&[begun, whole])).remove(0);
    assert_eq!((calls(&session).len(), session.counts().succeeded), (1, 1));
    assert_eq!(codes(&session), ["repeated_record"]);
}

#[test]
fn parents_in_a_circle_end() {
    let around = |id: &str, parent: &str| {
        let mut run = run(id, "tool", Some(parent), (1, 2));
        run.as_object_mut().unwrap().remove("trace_id");
        run
    };
    let session = one(&json!([around("a", "b"), around("b", "a")]));
    assert_eq!(session.counts().tool_calls, 2);
}

#[test]
fn a_failed_root_is_a_failed_session() {
    let root = with(
        run("root", "chain", None, (0, 1)),
        json!({"error":"RecursionError()"}),
    );
    assert_eq!(one(&root).status, Some(SessionStatus::Failed));
}
