//! How much one turn, one fact and one run may hold.

use super::*;
use crate::plan::Plan;
use std::sync::Arc;

/// A plan whose turns have at most so many facts.
fn short(document: Value, turn: usize) -> Arc<Plan> {
    let plan = plan(&document);
    let mut plan = Plan::compile(plan.document.clone()).unwrap();
    plan.turn = turn;
    Arc::new(plan)
}

/// All passes of a pure loop come in one turn, or in several: the facts are the same.
#[test]
fn a_long_turn_is_cut_and_goes_on_with_the_next_input() {
    let document = json!({"steps": [
        {"id": "each", "for_each": {"items": (0..40).collect::<Vec<_>>()}, "steps": [value("x", json!("{{ item + 1 }}"))]},
    ], "outputs": {"all": "{{ steps.each.output }}"}});
    let whole = Bench::new(document.clone());
    assert!(!whole.run.goes_on());
    let plan = short(document, 7);
    let (run, journal) = Run::begin(plan.clone(), start(&plan, json!({})), BEGIN);
    assert_eq!(journal.len(), 7);
    let mut bench = Bench {
        run,
        journal,
        now: BEGIN,
    };
    let mut turns = 1;
    while bench.run.goes_on() {
        assert_eq!(bench.run.status(), Status::Running);
        assert_eq!(bench.deadline(), "+0s GoesOn");
        assert_eq!(bench.run.waits_for(), "goes on at once");
        let before = bench.journal.len();
        bench.give(Input::Tick);
        assert!(bench.journal.len() - before <= 7);
        turns += 1;
    }
    assert_eq!(turns, 12);
    assert_eq!(bench.journal, whole.journal);
    assert_eq!(bench.run.outputs(), whole.run.outputs());
}

/// What is due at the same moment comes in several turns too.
#[test]
fn many_timers_at_once_come_in_several_turns() {
    let document = json!({"steps": [
        {"id": "each", "for_each": {"items": (0..20).collect::<Vec<_>>(), "max_parallel": 20}, "steps": [
            {"id": "nap", "action": "wait", "with": {"for": "1s"}},
        ]},
    ]});
    let plan = short(document, 6);
    let (run, journal) = Run::begin(plan.clone(), start(&plan, json!({})), BEGIN);
    let mut bench = Bench {
        run,
        journal,
        now: BEGIN,
    };
    while bench.run.goes_on() {
        bench.give(Input::Tick);
    }
    bench.now = BEGIN.after(Span::from_secs(1));
    while !bench.run.is_over() {
        let (at, _) = bench.run.next_deadline().unwrap();
        assert!(at <= bench.now);
        let before = bench.journal.len();
        bench.give(Input::Tick);
        assert!((1..=6).contains(&(bench.journal.len() - before)));
    }
    assert_eq!(bench.output("each").matches("waited_until").count(), 20);
}

/// Turns are cut by size as well: a record holds only so much.
#[test]
fn a_heavy_turn_is_cut() {
    let document = json!({"inputs": {"big": {}}, "steps": [
        {"id": "each", "for_each": {"items": [1, 2, 3, 4, 5, 6]}, "steps": [value("x", json!("{{ inputs.big }}"))]},
    ]});
    let big = "x".repeat(1024 * 1024);
    let bench = Bench::with_inputs(document, json!({"big": big}));
    assert!(bench.run.goes_on());
    let bench = to_rest(bench);
    assert_eq!(bench.run.status(), Status::Succeeded);
    assert_eq!(bench.output("each").len(), 6 * (1024 * 1024 + 3) + 1);
}

/// A run whose turn was cut goes on until nothing more follows.
fn to_rest(mut bench: Bench) -> Bench {
    while bench.run.goes_on() {
        bench.give(Input::Tick);
    }
    bench
}

#[test]
fn what_is_too_large_to_be_written_down_fails_where_it_arises() {
    let big = json!("x".repeat(5 * 1024 * 1024));
    let twice = json!({"a": "{{ inputs.big }}", "b": "{{ inputs.big }}"});
    let inputs = json!({"big": {}});
    for (step, code) in [
        (value("x", twice.clone()), "output_too_large"),
        (
            json!({"id": "x", "action": "http", "with": twice}),
            "output_too_large",
        ),
        (
            json!({"id": "x", "action": "approval_gate", "with": {"show": "y".repeat(4 * 1024 * 1024)}}),
            "input_too_large",
        ),
        (
            json!({"id": "x", "for_each": {"items": ["{{ inputs.big }}", "{{ inputs.big }}"]}, "steps": [value("y", json!(1))]}),
            "output_too_large",
        ),
        (
            json!({"id": "x", "for_each": {"items": [1], "output": twice}, "steps": [value("y", json!(1))]}),
            "output_too_large",
        ),
    ] {
        let document = json!({"inputs": inputs, "steps": [step]});
        let bench = to_rest(Bench::with_inputs(document, json!({"big": big})));
        assert_eq!(
            bench.run.failure().map(|failure| failure.code.as_str()),
            Some(code),
            "{code}"
        );
        assert_eq!(bench.status("x"), Status::Failed);
    }
    let document = json!({"inputs": inputs, "steps": [], "outputs": twice});
    let bench = to_rest(Bench::with_inputs(document, json!({"big": big})));
    assert_eq!(bench.run.failure().unwrap().code, "output_too_large");
    let mut bench = Bench::new(json!({"steps": [call("x", json!({}))]}));
    bench.answer("x", succeeded(json!([big, big])));
    let bench = to_rest(bench);
    assert_eq!(bench.run.failure().unwrap().code, "output_too_large");
    let mut bench = Bench::new(json!({"steps": [call("x", json!({}))]}));
    let mut failure = Failure::new(FailureClass::Permanent, "broken", "it broke");
    failure.details = Some(json!([big, big]).into());
    let outcome = Outcome::Failed {
        failure,
        retry_after_ms: None,
    };
    bench.answer("x", outcome);
    let failure = bench.run.failure().unwrap();
    assert_eq!(
        (failure.code.as_str(), failure.details.is_none()),
        ("broken", true)
    );
}

#[test]
fn a_run_holds_only_so_many_steps() {
    let items: Vec<u32> = (0..10_000).collect();
    let inner: Vec<u32> = (0..30).collect();
    let plan = plan(&json!({"steps": [
        {"id": "each", "for_each": {"items": items}, "steps": [
            {"id": "inner", "for_each": {"items": inner, "as": "n"}, "steps": [value("x", json!(1))]},
        ]},
    ]}));
    let (mut run, _) = Run::begin(plan.clone(), start(&plan, json!({})), BEGIN);
    while run.goes_on() {
        run.handle(BEGIN, Input::Tick).unwrap();
    }
    run.check().unwrap();
    let failure = run.failure().unwrap();
    assert_eq!(failure.code, "too_many_steps");
    assert!(run.steps().len() <= MOST_STEPS);
}
