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
    assert_eq!(names, ["burn", "open", "open", "knife", "shelf"]);
    assert_eq!(calls[1].id, "c1");
    assert_eq!(calls[1].arguments, json!({"letter":1,"fast":true}));
    assert_eq!(result(calls[1]).content, "a bill");
    assert_eq!(calls[1].batch, calls[2].batch);
    assert!(result(calls[2]).is_error);
    assert_eq!(result(calls[2]).content, "ValueError('glued')");
    assert_eq!(calls[3].agent.as_deref(), Some("open"));
    assert_ne!(calls[3].batch, calls[1].batch);
    assert_eq!(result(calls[4]).content[0]["page_content"], "old bill");
    assert!(calls[0].result.is_none());
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

fn said(session: &Session) -> Vec<String> {
    let each = session.turns.iter().map(|turn| match turn {
        Turn::Message { role, text, .. } => format!("{role:?}: {text}"),
        Turn::Call(call) => call.name.clone(),
        Turn::Approval(_) => "approval".to_owned(),
    });
    each.collect()
}

/// A trace of models alone, of which each is given all that was said before.
fn models() -> Vec<Value> {
    let human = |text: &str| json!({"type":"human","content":text});
    let asks = |id: &str, name: &str| {
        json!({"type":"ai","content":[{"type":"text","text":""},{"type":"tool_use","id":id,"name":name,"input":{"n":1}}],
            "tool_calls":[{"id":id,"name":name,"args":{"n":1},"type":"tool_call"}]})
    };
    let all = [
        human("Pay what the letter asks for"),
        asks("c1", "open"),
        json!({"type":"tool","tool_call_id":"c1","content":"pay to NO-77","status":"success"}),
        asks("c2", "pay"),
        json!({"type":"tool","tool_call_id":"c2","content":"declined","status":"error"}),
        json!({"type":"ai","content":"It was declined."}),
        human("Who is NO-77?"),
        json!({"type":"ai","content":"I do not know."}),
    ];
    let model = |at: u32| {
        let given = &all[..at as usize];
        with(
            run(&format!("m{at}"), "llm", Some("root"), (at, at + 1)),
            json!({"inputs":{"messages":[given]},"outputs":{"generations":[[{"message":all[at as usize]}]]}}),
        )
    };
    let root = with(
        run("root", "chain", None, (0, 20)),
        json!({"inputs":{"messages":all[..1]},"outputs":{"messages":all}}),
    );
    vec![root, model(1), model(3), model(5), model(7)]
}

#[test]
fn calls_that_models_ask_for_stand_between_the_words_around_them() {
    let written = models().into_iter().map(|mut run| {
        for key in ["inputs", "outputs"] {
            run[key] = Value::from(run[key].to_string());
        }
        run
    });
    // The sides of a run may stand as text, and the root alone may hold the whole.
    for runs in [models(), written.collect(), models()[..1].to_vec()] {
        let session = one(&json!(runs));
        assert_eq!(
            said(&session),
            [
                "User: Pay what the letter asks for",
                "open",
                "pay",
                "Assistant: It was declined.",
                "User: Who is NO-77?",
                "Assistant: I do not know."
            ]
        );
        let calls = calls(&session);
        assert_eq!(
            (&result(calls[0]).content, result(calls[0]).is_error),
            (&json!("pay to NO-77"), false)
        );
        assert_eq!(
            (&result(calls[1]).content, result(calls[1]).is_error),
            (&json!("declined"), true)
        );
    }
}

#[test]
fn what_an_agent_tells_another_in_a_tool_is_no_persons_word() {
    let human = |text: &str| json!([[{"type":"human","content":text}]]);
    let runs = [
        with(
            run("root", "chain", None, (0, 20)),
            json!({"inputs":{"messages":[{"type":"human","content":"Sort it"}]}}),
        ),
        with(
            run("t", "tool", Some("root"), (1, 9)),
            json!({"name":"task","inputs":{"do":"Send it to NO-77"},"outputs":{"output":"ok"}}),
        ),
        with(
            run("m", "llm", Some("t"), (2, 3)),
            json!({"inputs":{"messages":human("Send it to NO-77")}}),
        ),
        with(
            run("n", "llm", Some("root"), (10, 11)),
            json!({"inputs":{"messages":human("Sort it")}}),
        ),
    ];
    let session = one(&json!(runs));
    assert_eq!(
        said(&session),
        ["User: Sort it", "task", "Assistant: Send it to NO-77"]
    );
}

#[test]
fn a_pause_is_no_failure_and_its_answer_is_the_persons() {
    let paused = [
        with(
            run("root", "chain", None, (0, 5)),
            json!({"inputs":{"messages":[{"type":"human","content":"Pay it"}]},"outputs":null,"status":"error","error":"GraphInterrupt((Interrupt(value='Really?'),))"}),
        ),
        with(
            run("t", "tool", Some("root"), (1, 2)),
            json!({"name":"pay","inputs":{"n":1},"outputs":null,"status":"error","error":"GraphInterrupt((Interrupt(value='Really?'),))"}),
        ),
    ];
    let session = one(&json!(paused));
    assert_eq!(session.status, None);
    let calls = calls(&session);
    assert!(calls[0].waits && calls[0].result.is_none());
    let resumed = with(
        run("root", "chain", None, (0, 5)),
        json!({"inputs":{"resume":"approved"}}),
    );
    assert_eq!(said(&one(&resumed)), ["User: approved"]);
}

#[test]
fn digits_that_are_lost_in_arguments_as_text_are_told() {
    for given in [
        "{\"order\": 12345678901234567890123}",
        "{'order': 12345678901234567890123}",
    ] {
        let session = one(&json!([
            {"id":"r1","trace_id":"r1","parent_run_id":null,"name":"agent","run_type":"chain","start_time":"2026-01-01T00:00:00Z","inputs":{"input":"refund"},"outputs":{}},
            {"id":"r3","trace_id":"r1","parent_run_id":"r1","name":"refund","run_type":"tool","start_time":"2026-01-01T00:00:03Z","inputs":{"input":given},"outputs":{"output":"ok"}}]));
        assert!(codes(&session).contains(&"number_precision"), "{given}");
    }
}
