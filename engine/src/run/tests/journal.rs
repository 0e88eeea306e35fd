use super::*;

fn wide(count: usize) -> Value {
    let mut steps: Vec<Value> = (0..count)
        .map(|n| json!({"id": format!("s{n}"), "action": "transform", "with": {"value": n}}))
        .collect();
    let needs: Vec<String> = (0..count).map(|n| format!("s{n}")).collect();
    steps.push(json!({"id": "join", "action": "transform", "needs": needs, "with": {"value": 1}}));
    json!({"steps": steps})
}

#[test]
fn a_thousand_parallel_steps_and_their_join() {
    let bench = Bench::new(wide(1_000));
    assert_eq!(bench.run.status(), Status::Succeeded);
    assert_eq!(bench.journal.len(), 1_003);
}

#[test]
fn a_chain_of_a_thousand_steps() {
    let steps: Vec<Value> = (0..1_000)
        .map(|n| match n {
            0 => json!({"id": "s0", "action": "transform", "with": {"value": 0}}),
            _ => json!({
                "id": format!("s{n}"), "action": "transform",
                "with": {"value": format!("{{{{ steps.s{}.output + 1 }}}}", n - 1)},
            }),
        })
        .collect();
    let bench = Bench::new(json!({"steps": steps, "outputs": {"n": "{{ steps.s999.output }}"}}));
    assert_eq!(bench.run.outputs().unwrap().text(), r#"{"n":999}"#);
}

/// A journal may end anywhere, also in the middle of a turn: the next input goes on from there, and in
/// the end the same is known.
#[test]
fn a_journal_cut_anywhere_goes_on() {
    let document = json!({"steps": [
        {"id": "t", "action": "transform", "with": {"value": 1}},
        call("a", json!({"retry": {"jitter": false}})),
        call("b", json!({"needs": ["a"], "on_error": "continue"})),
        {"id": "nap", "action": "wait", "needs": ["b"], "join": "all_done", "with": {"for": "1s"}},
        {"id": "gate", "action": "approval_gate", "needs": ["nap"], "with": {}},
    ]});
    let mut bench = Bench::new(document);
    bench
        .fail("a", FailureClass::Retryable)
        .pass("1s")
        .ok("a")
        .fail("b", FailureClass::Permanent)
        .pass("1s")
        .vote("ana", Verdict::Approve);
    let full = bench.line();
    let plan = bench.run.plan().clone();
    for cut in 1..=bench.journal.len() {
        let kept = bench.journal[..cut].to_vec();
        let run = Run::replay(plan.clone(), kept.clone()).unwrap();
        let mut half = Bench {
            run,
            journal: kept,
            now: bench.now,
        };
        half.give(Input::Recover { alone: false });
        for _ in 0..9 {
            let running = half.run.pending();
            if let Some(Effect::Attempt { step, .. }) = running.first() {
                match &*step.0 {
                    "b" => half.fail("b", FailureClass::Permanent),
                    other => half.ok(other),
                };
            } else if !half.run.approvals().is_empty() && !half.run.is_over() {
                half.vote("ana", Verdict::Approve);
            } else {
                half.pass("2s");
            }
        }
        assert_eq!(half.line(), full, "cut at {cut}");
    }
}

#[test]
fn journals_that_do_not_fit_are_refused() {
    let mut bench = Bench::new(json!({"steps": [call("a", json!({}))]}));
    bench.ok("a");
    let plan = bench.run.plan().clone();
    let whole = bench.journal.clone();
    let wrong = |entries: Vec<Entry>| Run::replay(plan.clone(), entries).unwrap_err().to_string();
    let mut told = Vec::new();
    told.push(wrong(Vec::new()));
    told.push(wrong(whole[1..].to_vec()));
    told.push(wrong(vec![whole[0].clone(), whole[2].clone()]));
    let mut twice = whole[..2].to_vec();
    twice.push(Entry {
        seq: 3,
        ..whole[1].clone()
    });
    told.push(wrong(twice));
    let mut created = whole[..1].to_vec();
    created.push(Entry {
        seq: 2,
        ..whole[0].clone()
    });
    told.push(wrong(created));
    let mut over = whole.clone();
    over.push(Entry {
        seq: 5,
        at: BEGIN,
        event: RunEvent::RunTimedOut,
    });
    told.push(wrong(over));
    let other = crate::testing::plan(&json!({"steps": [call("b", json!({}))]}));
    told.push(Run::replay(other, whole).unwrap_err().to_string());
    insta::assert_snapshot!(told.join("\n"), @r#"
the journal does not fit at entry 0: it is empty
the journal does not fit at entry 2: a journal begins with the creation of its run
the journal does not fit at entry 3: its number does not follow the one before
the journal does not fit at entry 3: the step is not where this fact leads on from
the journal does not fit at entry 2: the run exists already
the journal does not fit at entry 5: the run is over
the journal does not fit at entry 2: the run has no such step
"#);
}

#[test]
fn entries_survive_their_text() {
    let mut bench = Bench::new(json!({"steps": [
        call("a", json!({"retry": {}})),
        {"id": "gate", "action": "approval_gate", "with": {"timeout": "1h", "show": {"n": 1.5}}},
    ]}));
    bench
        .fail("a", FailureClass::Retryable)
        .pass("10m")
        .ok("a")
        .vote("ana", Verdict::Approve);
    for entry in &bench.journal {
        let text = serde_json::to_string(entry).unwrap();
        assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), *entry);
    }
}

#[test]
fn a_tick_out_of_time_does_nothing() {
    let mut bench =
        Bench::new(json!({"steps": [{"id": "nap", "action": "wait", "with": {"for": "1h"}}]}));
    bench.now = Timestamp(0);
    let before = bench.journal.len();
    bench.give(Input::Tick);
    assert_eq!(bench.journal.len(), before);
}
